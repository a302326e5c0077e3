/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-manifest-update.h"

#define YEAR (365 * 86400)
#define MAX_DELTA (G_GINT64_CONSTANT(1) << 30)

static const char *const approvals[] = {"auto", "required", NULL};
static const char *const backs[] = {"no", "use", "required", NULL};
static const char *const severities[] = {"optional", "mandatory", "critical", NULL};
const char *
fota_approval_get_name(FotaApproval approval)
{
    return approvals[approval];
}

const char *
fota_severity_get_name(FotaSeverity severity)
{
    return severities[severity];
}

static const char *
validate_clock(const char *text)
{
    return fota_window_parse_clock(text) >= 0 ? NULL : "a time of day such as 02:00";
}

static const char *
validate_day(const char *text)
{
    return fota_window_parse_day(text) ? NULL : "mon, tue, wed, thu, fri, sat or sun";
}

static FotaWindow
read_window(const FotaJsonPlace *place)
{
    g_autofree const char **days =
        fota_json_get_strings(place, "days", FOTA_JSON_OPTIONAL, 7, validate_day);
    const char *start = fota_json_get_string(place, "start", FOTA_JSON_REQUIRED, validate_clock);
    const char *zone =
        fota_json_get_string(place, "timezone", FOTA_JSON_OPTIONAL, fota_text_validate_timezone);
    FotaWindow window = {.days = days ? 0 : FOTA_WINDOW_EVERY_DAY,
                         .start = start ? (guint32)fota_window_parse_clock(start) : 0,
                         .timezone = zone ? zone : "local"};

    for (guint i = 0; days && days[i]; i++)
        window.days |= fota_window_parse_day(days[i]);
    window.duration =
        (guint32)fota_json_get_integer(place, "duration", FOTA_JSON_REQUIRED, 60, 7 * 86400, 60);
    return window;
}

static void
read_windows(const FotaJsonPlace *place, FotaManifestUpdate *update)
{
    JsonArray *array =
        fota_json_get_array(place, "window", FOTA_JSON_OPTIONAL, FOTA_MANIFEST_MAX_WINDOWS);

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        FotaJsonPlace element;

        if (fota_json_get_element(place, "window", array, i, &element))
            update->windows[update->n_windows++] = read_window(&element);
    }
}

static void
read_conditions(const FotaJsonPlace *place, FotaConditions *conditions)
{
    FotaJsonPlace child;

    if (!fota_json_get_object(place, "conditions", FOTA_JSON_OPTIONAL, &child))
        return;
    conditions->allow_roaming = fota_json_get_boolean(&child, "roaming", FOTA_JSON_OPTIONAL, TRUE);
    conditions->minimum_signal =
        (guint32)fota_json_get_integer(&child, "minimumSignal", FOTA_JSON_OPTIONAL, 0, 100, 0);
    conditions->mains_power =
        fota_json_get_boolean(&child, "mainsPower", FOTA_JSON_OPTIONAL, FALSE);
    conditions->minimum_battery =
        (guint32)fota_json_get_integer(&child, "minimumBattery", FOTA_JSON_OPTIONAL, 0, 100, 0);
    conditions->minimum_free_space = (guint64)fota_json_get_integer(
        &child, "minimumFreeSpace", FOTA_JSON_OPTIONAL, 0, FOTA_JSON_MAX_INTEGER, 0);
    conditions->other_route =
        fota_json_get_boolean(&child, "otherRoute", FOTA_JSON_OPTIONAL, FALSE);
}

static FotaWave
read_wave(const FotaJsonPlace *place)
{
    FotaWave wave = {
        .name = fota_json_get_string(place, "name", FOTA_JSON_OPTIONAL, fota_text_validate_title),
        .groups =
            fota_json_get_strings(place, "group", FOTA_JSON_OPTIONAL, 32, fota_text_validate_name),
        .percentage =
            (guint32)fota_json_get_hundredths(place, "percentage", FOTA_JSON_OPTIONAL, 10000, 0),
        .start = fota_json_get_time(place, "start", FOTA_JSON_OPTIONAL),
        .ramp = (guint32)fota_json_get_integer(place, "ramp", FOTA_JSON_OPTIONAL, 0, YEAR, 0)};

    if (!fota_json_has(place, "group") && !fota_json_has(place, "percentage"))
        fota_json_fault(place, NULL, "expected group, percentage or both");
    return wave;
}

static void
read_rollout(const FotaJsonPlace *place, FotaRollout *rollout)
{
    FotaJsonPlace child;
    JsonArray *array;

    if (!fota_json_get_object(place, "rollout", FOTA_JSON_OPTIONAL, &child))
        return;
    rollout->id = fota_json_get_string(&child, "id", FOTA_JSON_REQUIRED, fota_text_validate_name);
    rollout->paused = fota_json_get_boolean(&child, "paused", FOTA_JSON_OPTIONAL, FALSE);
    array = fota_json_get_array(&child, "waves", FOTA_JSON_OPTIONAL, FOTA_MANIFEST_MAX_WAVES);
    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        FotaJsonPlace element;

        if (fota_json_get_element(&child, "waves", array, i, &element))
            rollout->waves[rollout->n_waves++] = read_wave(&element);
    }
    if (fota_json_has(&child, "waves")) {
        if (fota_json_has(&child, "percentage"))
            fota_json_fault(&child, "percentage", "not beside waves");
        return;
    }
    rollout->waves[rollout->n_waves++].percentage =
        (guint32)fota_json_get_hundredths(&child, "percentage", FOTA_JSON_OPTIONAL, 10000, 10000);
}

/* A text, or several. */
static void
read_addresses(const FotaJsonPlace *place, FotaDelta *delta)
{
    JsonNode *node = json_object_get_member(place->object, "uri");
    g_autofree const char **uris = NULL;

    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        delta->uri[0] =
            fota_json_get_string(place, "uri", FOTA_JSON_REQUIRED, fota_text_validate_delta_uri);
        return;
    }
    uris = fota_json_get_strings(place, "uri", FOTA_JSON_REQUIRED, FOTA_MANIFEST_MAX_ADDRESSES,
                                 fota_text_validate_delta_uri);
    for (guint i = 0; uris != NULL && uris[i] != NULL; i++)
        delta->uri[i] = uris[i];
}

static void
read_service(const FotaJsonPlace *place, FotaManifestUpdate *update)
{
    FotaJsonPlace child;

    if (!fota_json_get_object(place, "service", FOTA_JSON_OPTIONAL, &child))
        return;
    update->service_time =
        (guint32)fota_json_get_integer(&child, "time", FOTA_JSON_OPTIONAL, 60, 86400, 0);
    update->service_probe =
        fota_json_get_string(&child, "probe", FOTA_JSON_OPTIONAL, fota_text_validate_web_uri);
    update->back =
        (FotaBack)fota_json_get_choice(&child, "back", FOTA_JSON_OPTIONAL, backs, FOTA_BACK_NO);
}

static FotaDelta
read_delta(const FotaJsonPlace *place)
{
    FotaDelta delta = {
        .credential =
            fota_json_get_string(place, "credential", FOTA_JSON_OPTIONAL, fota_text_validate_name),
        .size = (guint64)fota_json_get_integer(place, "size", FOTA_JSON_OPTIONAL, 1, MAX_DELTA, 0),
        .sha256 =
            fota_json_get_string(place, "sha256", FOTA_JSON_OPTIONAL, fota_text_validate_sha256),
    };

    read_addresses(place, &delta);
    return delta;
}

/* The bytes of a way back are compared before the module needs them, or they are none. It may say
 * what it leads from and to; then that must be the step's way, backwards. */
static void
read_back(const FotaJsonPlace *place, FotaStep *step)
{
    const char *from, *to;

    step->back = read_delta(place);
    if (step->back.size == 0)
        fota_json_fault(place, "size", "missing");
    if (step->back.sha256 == NULL)
        fota_json_fault(place, "sha256", "missing");
    from =
        fota_json_get_string(place, "fromVersion", FOTA_JSON_OPTIONAL, fota_text_validate_version);
    to = fota_json_get_string(place, "toVersion", FOTA_JSON_OPTIONAL, fota_text_validate_version);
    if (from != NULL && g_strcmp0(from, step->to_version) != 0)
        fota_json_fault(place, "fromVersion", "expected the toVersion of the step");
    if (to != NULL && g_strcmp0(to, step->from_version) != 0)
        fota_json_fault(place, "toVersion", "expected the fromVersion of the step");
}

static FotaStep
read_step(const FotaJsonPlace *place)
{
    FotaJsonPlace delta, back;
    FotaStep step = {.from_version = fota_json_get_string(place, "fromVersion", FOTA_JSON_REQUIRED,
                                                          fota_text_validate_version),
                     .to_version = fota_json_get_string(place, "toVersion", FOTA_JSON_REQUIRED,
                                                        fota_text_validate_version),
                     .dummy = fota_json_get_boolean(place, "dummy", FOTA_JSON_OPTIONAL, FALSE)};

    if (fota_json_get_object(place, "delta", FOTA_JSON_OPTIONAL, &delta))
        step.delta = read_delta(&delta);
    if (fota_json_get_object(place, "back", FOTA_JSON_OPTIONAL, &back))
        read_back(&back, &step);
    step.delta.from = step.back.to = step.from_version;
    step.delta.to = step.back.from = step.to_version;
    return step;
}

const FotaStep *
fota_manifest_find_step(const FotaManifestUpdate *update, const char *version)
{
    for (guint i = 0; i < update->n_steps; i++)
        if (g_str_equal(update->steps[i].from_version, version))
            return &update->steps[i];
    return NULL;
}

char *
fota_manifest_name_delta(const FotaStep *step)
{
    const FotaDelta *delta = &step->delta;

    return g_strdup_printf("%016" G_GINT64_MODIFIER "x",
                           fota_text_hash(step->from_version, step->to_version,
                                          delta->uri[0] ? delta->uri[0] : "",
                                          delta->sha256 ? delta->sha256 : "", NULL));
}

/* It leads nowhere: nothing could follow it, and nothing tells whether it comes before or after. */
static void
validate_dummy(const FotaJsonPlace *place, const FotaManifestUpdate *update, guint i)
{
    const FotaStep *step = &update->steps[i];

    if (!g_str_equal(step->from_version, step->to_version))
        fota_json_fault(place, "steps", "[%u] is a dummy, and its versions are not the same", i);
    else if (update->n_steps > 1)
        fota_json_fault(place, "steps", "[%u] is a dummy, which stands alone", i);
}

/* From each version at most one step leads on, and none leads back to where it came from. */
static void
validate_steps(const FotaJsonPlace *place, const FotaManifestUpdate *update)
{
    for (guint i = 0; i < update->n_steps; i++) {
        const FotaStep *step = &update->steps[i];
        guint walked = 0;

        if (fota_manifest_find_step(update, step->from_version) != step)
            fota_json_fault(place, "steps", "[%u] has the fromVersion of a step before it", i);
        if (step->dummy) {
            validate_dummy(place, update, i);
            continue;
        }
        while (step && !step->dummy && ++walked <= update->n_steps)
            step = fota_manifest_find_step(update, step->to_version);
        if (step && !step->dummy)
            fota_json_fault(place, "steps", "[%u] leads in a circle", i);
    }
}

static void
read_steps(const FotaJsonPlace *place, FotaManifestUpdate *update)
{
    JsonArray *array =
        fota_json_get_array(place, "steps", FOTA_JSON_OPTIONAL, FOTA_MANIFEST_MAX_STEPS);

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        FotaJsonPlace element;

        if (fota_json_get_element(place, "steps", array, i, &element))
            update->steps[update->n_steps++] = read_step(&element);
    }
    update->to_version =
        fota_json_get_string(place, "toVersion", FOTA_JSON_OPTIONAL, fota_text_validate_version);
    if (array && update->to_version)
        fota_json_fault(place, "toVersion", "only without steps");
    if (place->errors->len == 0)
        validate_steps(place, update);
}

void
fota_manifest_read_update(const FotaJsonPlace *place, FotaManifestUpdate *update)
{
    FotaJsonPlace child;

    update->conditions = (FotaConditions)FOTA_CONDITIONS_INIT;
    update->max_attempts = 3;
    update->backoff = 3600;
    update->id = fota_json_get_string(place, "id", FOTA_JSON_REQUIRED, fota_text_validate_name);
    update->severity = (FotaSeverity)fota_json_get_choice(place, "severity", FOTA_JSON_OPTIONAL,
                                                          severities, FOTA_SEVERITY_OPTIONAL);
    update->title =
        fota_json_get_string(place, "title", FOTA_JSON_OPTIONAL, fota_text_validate_title);
    update->info_uri =
        fota_json_get_string(place, "infoUri", FOTA_JSON_OPTIONAL, fota_text_validate_web_uri);
    if (fota_json_get_object(place, "approval", FOTA_JSON_OPTIONAL, &child)) {
        update->approve_download = (FotaApproval)fota_json_get_choice(
            &child, "download", FOTA_JSON_OPTIONAL, approvals, FOTA_APPROVAL_AUTO);
        update->approve_install = (FotaApproval)fota_json_get_choice(
            &child, "install", FOTA_JSON_OPTIONAL, approvals, FOTA_APPROVAL_AUTO);
    }
    update->maximum_defer_period =
        (guint32)fota_json_get_integer(place, "maximumDeferPeriod", FOTA_JSON_OPTIONAL, 0, YEAR, 0);
    update->deadline = fota_json_get_time(place, "deadline", FOTA_JSON_OPTIONAL);
    update->downgrade = fota_json_get_boolean(place, "downgrade", FOTA_JSON_OPTIONAL, FALSE);
    read_windows(place, update);
    read_conditions(place, &update->conditions);
    read_rollout(place, &update->rollout);
    if (fota_json_get_object(place, "retry", FOTA_JSON_OPTIONAL, &child)) {
        update->max_attempts = (guint32)fota_json_get_integer(
            &child, "maxAttempts", FOTA_JSON_OPTIONAL, 1, 10, update->max_attempts);
        update->backoff = (guint32)fota_json_get_integer(&child, "backoff", FOTA_JSON_OPTIONAL, 60,
                                                         7 * 86400, update->backoff);
    }
    read_service(place, update);
    read_steps(place, update);
}
