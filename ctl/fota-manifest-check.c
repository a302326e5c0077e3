/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl-format.h"
#include "ctl/fota-manifest-tool.h"
#include "base/fota-clock.h"
#include "base/fota-json.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-manifest.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-report-rule.h"
#include "policy/fota-signature.h"

/* Clocks of people's machines differ. */
#define CLOCK_DIFFERENCE G_TIME_SPAN_HOUR

/*
 * What fotad reads, object by object. It ignores any other member, and a mistyped one is just that:
 * nothing else would tell the owner of the fleet.
 */
static const struct {
    const char *place; /* [] = of each element */
    const char *members;
} known[] = {
    {"", "manifestVersion sequenceNumber issued useBefore critical target poll update report "
         "provision"},
    {"target", "imei model operator"},
    {"poll", "sleep notBefore server"},
    {"poll.server", "uri credential"},
    {"report", "uri credential"},
    {"provision", "apn credential authentication"},
    {"update", "id severity title infoUri approval maximumDeferPeriod deadline downgrade window "
               "conditions rollout retry service toVersion steps"},
    {"update.approval", "download install"},
    {"update.window[]", "days start duration timezone"},
    {"update.conditions",
     "roaming minimumSignal mainsPower minimumBattery minimumFreeSpace otherRoute"},
    {"update.rollout", "id paused percentage waves"},
    {"update.rollout.waves[]", "name group percentage start ramp"},
    {"update.retry", "maxAttempts backoff"},
    {"update.service", "time probe back"},
    {"update.steps[]", "fromVersion toVersion dummy delta back"},
    {"update.steps[].delta", "uri credential size sha256"},
    {"update.steps[].back", "uri credential size sha256 fromVersion toVersion"},
};

static gboolean
is_known(const char *place, const char *member)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i].place, place) == 0) {
            g_auto(GStrv) members = g_strsplit(known[i].members, " ", -1);

            return g_strv_contains((const char *const *)members, member);
        }
    }
    return TRUE; /* within a member that is itself unknown, or no object at all: a fault */
}

/* Adds every unknown member of @node to @warnings; @place has [] where @shown has an index. */
static void
find_unknown(JsonNode *node, const char *place, const char *shown, GPtrArray *warnings)
{
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);

        for (guint i = 0; i < json_array_get_length(array); i++) {
            g_autofree char *element = g_strconcat(place, "[]", NULL);
            g_autofree char *numbered = g_strdup_printf("%s[%u]", shown, i);

            find_unknown(json_array_get_element(array, i), element, numbered, warnings);
        }
    } else if (JSON_NODE_HOLDS_OBJECT(node)) {
        g_autoptr(GList) members = json_object_get_members(json_node_get_object(node));

        for (GList *item = members; item != NULL; item = item->next) {
            const char *member = item->data, *dot = place[0] != '\0' ? "." : "";
            g_autofree char *below = g_strconcat(place, dot, member, NULL);
            g_autofree char *named = g_strconcat(shown, dot, member, NULL);

            if (is_known(place, member))
                find_unknown(json_object_get_member(json_node_get_object(node), member), below,
                             named, warnings);
            else
                g_ptr_array_add(
                    warnings, g_strdup_printf("%s: fotad does not know it and ignores it", named));
        }
    }
}

static void warn(GPtrArray *warnings, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
warn(GPtrArray *warnings, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(warnings, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void
find_never_in_wave(const FotaManifest *manifest, guint number, GPtrArray *warnings)
{
    const FotaWave *wave = &manifest->update.rollout.waves[number - 1];

    if (wave->start >= manifest->use_before)
        warn(
            warnings,
            "update.rollout: wave %u does not start before useBefore, so nobody's turn comes in it",
            number);
    else if (wave->percentage == 0 && wave->groups == NULL)
        warn(warnings,
             "update.rollout: wave %u has neither a percentage nor groups, so nobody's "
             "turn comes in it",
             number);
}

/* Finds what is valid but never takes effect. */
static void
find_never(const FotaManifest *manifest, GPtrArray *warnings)
{
    const FotaManifestUpdate *update = &manifest->update;

    for (guint i = 0; i < update->n_windows; i++)
        if (!fota_window_knows_zone(&update->windows[i]))
            warn(warnings,
                 "update.window[%u].timezone: there is no time zone %s here; where there is none, "
                 "the window never opens",
                 i, update->windows[i].timezone);
    for (guint i = 0; i < update->rollout.n_waves; i++)
        find_never_in_wave(manifest, i + 1, warnings);
    if (manifest->report.uri != NULL && !fota_report_is_address(manifest->report.uri))
        warn(warnings,
             "report.uri: fotad posts results by http or https, and none to this address");
    if (manifest->not_before >= manifest->use_before)
        warn(warnings, "poll.notBefore: not before useBefore; this manifest expires before a newer "
                       "one is read");
}

static GPtrArray *
find_warnings(GBytes *payload)
{
    GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(JsonNode) root = fota_json_parse(payload, NULL);
    g_autoptr(FotaManifest) manifest = fota_manifest_parse(payload, NULL);

    if (root != NULL)
        find_unknown(root, "", "", warnings);
    if (manifest != NULL && manifest->use_before <= fota_clock_now())
        g_ptr_array_add(warnings, g_strdup("useBefore: has passed; no module accepts it"));
    if (manifest != NULL && manifest->issued > fota_clock_now() + CLOCK_DIFFERENCE)
        g_ptr_array_add(warnings, g_strdup("issued: is in the future; until then gateways consider "
                                           "their own clocks wrong and install nothing"));
    if (manifest != NULL)
        find_never(manifest, warnings);
    for (guint i = 0; manifest != NULL && i < manifest->update.n_steps; i++)
        if (manifest->update.steps[i].delta.uri[0] != NULL &&
            manifest->update.steps[i].delta.size == 0)
            g_ptr_array_add(warnings,
                            g_strdup_printf("update.steps[%u].delta: without size a delta that "
                                            "was cut off is noticed late",
                                            i));
    return warnings;
}

static void
add_exposed(GPtrArray *warnings, const char *place, const char *const *uris, const char *credential)
{
    for (; *uris != NULL; uris++) {
        const FotaServer to = {*uris, credential};

        if (!fota_credential_is_exposed(&to))
            continue;
        warn(warnings, "%s: the login %s goes over the network without encryption", place,
             credential);
        return;
    }
}

/* Logins that go over the network in the clear. A module may have no other way, so --strict passes
 * them. */
static void
find_exposed(GBytes *payload, GPtrArray *warnings)
{
    g_autoptr(FotaManifest) manifest = fota_manifest_parse(payload, NULL);

    if (manifest == NULL)
        return;
    for (guint i = 0; i < manifest->update.n_steps; i++) {
        const FotaStep *step = &manifest->update.steps[i];
        g_autofree char *delta = g_strdup_printf("update.steps[%u].delta", i);
        g_autofree char *back = g_strdup_printf("update.steps[%u].back", i);

        add_exposed(warnings, delta, step->delta.uri, step->delta.credential);
        add_exposed(warnings, back, step->back.uri, step->back.credential);
    }
    add_exposed(warnings, "poll.server", (const char *const[]){manifest->next_server.uri, NULL},
                manifest->next_server.credential);
    add_exposed(warnings, "report", (const char *const[]){manifest->report.uri, NULL},
                manifest->report.credential);
}

static void
print_findings(const char *file, const char *kind, const GPtrArray *findings)
{
    for (guint i = 0; i < findings->len; i++) {
        g_autofree char *valid = g_utf8_make_valid(findings->pdata[i], -1);
        g_autofree char *clean = ctl_format_clean(valid);

        printf("%s: %s%s\n", file, kind, clean);
    }
}

static void
add_findings(JsonBuilder *builder, const char *name, const GPtrArray *findings)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; i < findings->len; i++) {
        g_autofree char *valid = g_utf8_make_valid(findings->pdata[i], -1);

        json_builder_add_string_value(builder, valid);
    }
    json_builder_end_array(builder);
}

ToolExit
tool_lint(Tool *tool, GError **error)
{
    gboolean strict = FALSE;
    const GOptionEntry options[] = {
        {"strict", 0, 0, G_OPTION_ARG_NONE, &strict, "Treat a warning as a fault", NULL}, {0}};
    g_autoptr(GBytes) file = NULL;
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(GPtrArray) faults = NULL;
    g_autoptr(GPtrArray) warnings = NULL;
    guint avoidable;

    if (!tool_parse(tool, options, 1, 1, error) ||
        (file = tool_read(tool->arguments[1], error)) == NULL)
        return TOOL_BAD;
    payload = tool_strip_signature(file);
    faults = fota_manifest_lint(payload);
    warnings = find_warnings(payload);
    avoidable = warnings->len;
    find_exposed(payload, warnings);
    if (g_bytes_get_size(file) > FOTA_MANIFEST_MAX_BYTES &&
        g_bytes_get_size(payload) <= FOTA_MANIFEST_MAX_BYTES)
        g_ptr_array_add(faults, g_strdup_printf("with its signatures larger than %d bytes",
                                                FOTA_MANIFEST_MAX_BYTES));
    if (tool->json) {
        g_autoptr(JsonBuilder) builder = json_builder_new();

        json_builder_begin_object(builder);
        add_findings(builder, "faults", faults);
        add_findings(builder, "warnings", warnings);
        json_builder_end_object(builder);
        tool_print_json(builder);
    } else {
        print_findings(tool->arguments[1], "", faults);
        print_findings(tool->arguments[1], "warning: ", warnings);
        if (faults->len == 0)
            printf("%s: no faults\n", tool->arguments[1]);
    }
    return faults->len > 0 || (strict && avoidable > 0) ? TOOL_BAD : TOOL_GOOD;
}

/* @file with what lies beside it in front, where it does not carry its signature itself. */
static GBytes *
join_signature(Tool *tool, GBytes *file, GError **error)
{
    g_autofree char *beside = g_strconcat(tool->arguments[1], ".minisig", NULL);
    const char *given = tool->arguments[2];
    g_autoptr(GBytes) minisig = NULL;
    GByteArray *joined;

    if (given == NULL &&
        (fota_signature_measure(file) > 0 || !g_file_test(beside, G_FILE_TEST_EXISTS)))
        return g_bytes_ref(file);
    minisig = tool_read(given != NULL ? given : beside, error);
    if (minisig == NULL)
        return NULL;
    joined = g_byte_array_new();
    g_byte_array_append(joined, g_bytes_get_data(minisig, NULL), (guint)g_bytes_get_size(minisig));
    g_byte_array_append(joined, g_bytes_get_data(file, NULL), (guint)g_bytes_get_size(file));
    return g_byte_array_free_to_bytes(joined);
}

ToolExit
tool_verify(Tool *tool, GError **error)
{
    g_auto(GStrv) keys = NULL;
    const GOptionEntry options[] = {
        {"key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &keys, "A trusted key; may be repeated", "PUB"},
        {0}};
    g_autoptr(FotaKeyring) keyring = NULL;
    g_autoptr(GBytes) file = NULL;
    g_autoptr(GBytes) joined = NULL;
    g_autoptr(GBytes) payload = NULL;
    g_auto(GStrv) signers = NULL;
    g_auto(GStrv) comments = NULL;

    if (!tool_parse(tool, options, 1, 2, error))
        return TOOL_USAGE;
    if (keys == NULL) {
        tool_refuse(error, "a key is missing: --key=PUB");
        return TOOL_USAGE;
    }
    if ((keyring = tool_read_keys(keys, error)) == NULL ||
        (file = tool_read(tool->arguments[1], error)) == NULL ||
        (joined = join_signature(tool, file, error)) == NULL ||
        (payload = fota_signature_open_any(joined, keyring, TRUE, &signers, &comments, error)) ==
            NULL)
        return TOOL_BAD;
    if (tool->json) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autofree char *valid = g_utf8_make_valid(comments[0], -1);

        json_builder_begin_object(builder);
        tool_add_texts(builder, "signers", (const char *const *)signers);
        tool_add(builder, "trustedComment", valid);
        tool_add_number(builder, "size", (gint64)g_bytes_get_size(payload));
        json_builder_end_object(builder);
        tool_print_json(builder);
    } else {
        for (guint i = 0; signers[i] != NULL; i++)
            printf("good signature by %s\n", signers[i]);
        for (guint i = 0; comments[i] != NULL; i++) {
            g_autofree char *valid = g_utf8_make_valid(comments[i], -1);
            g_autofree char *clean = ctl_format_clean(valid);

            printf("trusted comment: %s\n", clean);
        }
    }
    return TOOL_GOOD;
}

static gboolean
refuse_pack(const char *file, const char *why, GError **error)
{
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE, "%s: %s", file, why);
    return FALSE;
}

/* Whether fotad would take @signed_file: in form, and by the keys where some are given. */
static gboolean
validate_packed(GBytes *signed_file, GBytes *payload, char **keys, GError **error)
{
    g_autoptr(FotaManifest) manifest = NULL;
    g_autoptr(FotaKeyring) keyring = NULL;
    g_autoptr(GBytes) opened = NULL;

    if (g_bytes_get_size(signed_file) > FOTA_MANIFEST_MAX_BYTES) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "with its signatures larger than %d bytes", FOTA_MANIFEST_MAX_BYTES);
        return FALSE;
    }
    manifest = fota_manifest_parse(payload, error);
    if (manifest == NULL)
        return FALSE;
    if (keys == NULL)
        return TRUE;
    keyring = tool_read_keys(keys, error);
    opened = keyring != NULL ? fota_signature_open(signed_file, keyring, TRUE, NULL, error) : NULL;
    return opened != NULL;
}

ToolExit
tool_pack(Tool *tool, GError **error)
{
    g_auto(GStrv) keys = NULL;
    const GOptionEntry options[] = {{"key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &keys,
                                     "Verify the signatures first, with this key; may be repeated",
                                     "PUB"},
                                    {0}};
    g_autoptr(GByteArray) joined = g_byte_array_new();
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(GBytes) whole = NULL;

    if (!tool_parse(tool, options, 2, 1 + FOTA_SIGNATURE_MAX_BLOCKS, error) ||
        (payload = tool_read(tool->arguments[1], error)) == NULL)
        return TOOL_BAD;
    for (guint i = 2; tool->arguments[i] != NULL; i++) {
        g_autoptr(GBytes) minisig = tool_read(tool->arguments[i], error);

        if (minisig == NULL)
            return TOOL_BAD;
        if (fota_signature_measure(minisig) != g_bytes_get_size(minisig) ||
            g_bytes_get_size(minisig) == 0) {
            refuse_pack(tool->arguments[i], "not the four lines that minisign writes", error);
            return TOOL_BAD;
        }
        g_byte_array_append(joined, g_bytes_get_data(minisig, NULL),
                            (guint)g_bytes_get_size(minisig));
    }
    g_byte_array_append(joined, g_bytes_get_data(payload, NULL), (guint)g_bytes_get_size(payload));
    whole = g_byte_array_free_to_bytes(g_steal_pointer(&joined));
    if (!validate_packed(whole, payload, keys, error))
        return TOOL_BAD;
    fwrite(g_bytes_get_data(whole, NULL), 1, g_bytes_get_size(whole), stdout);
    return TOOL_GOOD;
}
