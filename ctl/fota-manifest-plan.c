/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/fota-manifest-tool.h"
#include "base/fota-clock.h"
#include "policy/fota-plan.h"
#include "policy/fota-rollout.h"
#include "policy/fota-trust.h"

/* The gateway and its moment, as the command line describes them. */
typedef struct {
    /* As given */
    GStrv keys, groups, windows, blackouts;
    char *imei, *version, *model, *at, *zone, *vendor_version, *outage;
    char *approve_download, *approve_install, *data_used, *monthly_data, *free_space;
    gboolean approved, not_registered, roaming, only_route, inhibited, allow_downgrade, no_clock;
    gint signal, battery, attempts, max_attempts;
    gint64 sequence;

    /* What that amounts to */
    GArray *window_array, *blackout_array;
    GTimeZone *local;
    FotaRules rules;
    FotaFacts facts;
} Gateway;

static void
gateway_clear(Gateway *gateway)
{
    g_strfreev(gateway->keys);
    g_strfreev(gateway->groups);
    g_strfreev(gateway->windows);
    g_strfreev(gateway->blackouts);
    g_free(gateway->imei);
    g_free(gateway->version);
    g_free(gateway->model);
    g_free(gateway->at);
    g_free(gateway->zone);
    g_free(gateway->vendor_version);
    g_free(gateway->outage);
    g_free(gateway->approve_download);
    g_free(gateway->approve_install);
    g_free(gateway->data_used);
    g_free(gateway->monthly_data);
    g_free(gateway->free_space);
    g_clear_pointer(&gateway->window_array, g_array_unref);
    g_clear_pointer(&gateway->blackout_array, g_array_unref);
    g_clear_pointer(&gateway->local, g_time_zone_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Gateway, gateway_clear)

static gboolean
parse_options(Tool *tool, Gateway *gateway, GError **error)
{
    const GOptionEntry options[] = {
        {"imei", 0, 0, G_OPTION_ARG_STRING, &gateway->imei, "The module", "IMEI"},
        {"version", 0, 0, G_OPTION_ARG_STRING, &gateway->version, "The firmware it runs",
         "VERSION"},
        {"model", 0, 0, G_OPTION_ARG_STRING, &gateway->model,
         "Its model; default: the first in the manifest", "MODEL"},
        {"at", 0, 0, G_OPTION_ARG_STRING, &gateway->at, "The time, in UTC; default: now", "TIME"},
        {"zone", 0, 0, G_OPTION_ARG_STRING, &gateway->zone, "The gateway's time zone; default: UTC",
         "ZONE"},
        {"key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &gateway->keys,
         "Verify the signature first, with this key; may be repeated", "PUB"},
        {"sequence", 0, 0, G_OPTION_ARG_INT64, &gateway->sequence, "Last accepted sequenceNumber",
         "N"},
        {"approved", 0, 0, G_OPTION_ARG_NONE, &gateway->approved, "The application has approved it",
         NULL},
        {"attempts", 0, 0, G_OPTION_ARG_INT, &gateway->attempts, "Number of failed attempts", "N"},
        {"vendor-version", 0, 0, G_OPTION_ARG_STRING, &gateway->vendor_version,
         "Version on the vendor's server, if the manifest has no steps", "VERSION"},
        {"outage", 0, 0, G_OPTION_ARG_STRING, &gateway->outage,
         "Duration of the update, which must fit into a window", "DURATION"},
        {"not-registered", 0, 0, G_OPTION_ARG_NONE, &gateway->not_registered,
         "The module is not registered", NULL},
        {"roaming", 0, 0, G_OPTION_ARG_NONE, &gateway->roaming, "The module is roaming", NULL},
        {"signal", 0, 0, G_OPTION_ARG_INT, &gateway->signal, "Signal quality", "PERCENT"},
        {"battery", 0, 0, G_OPTION_ARG_INT, &gateway->battery, "The gateway runs on its battery",
         "PERCENT"},
        {"free-space", 0, 0, G_OPTION_ARG_STRING, &gateway->free_space, "Free space of the gateway",
         "SIZE"},
        {"only-route", 0, 0, G_OPTION_ARG_NONE, &gateway->only_route,
         "The module is the gateway's only route to the network", NULL},
        {"data-used", 0, 0, G_OPTION_ARG_STRING, &gateway->data_used, "Data used this month",
         "SIZE"},
        {"inhibited", 0, 0, G_OPTION_ARG_NONE, &gateway->inhibited,
         "An application holds an inhibition", NULL},
        {"no-clock", 0, 0, G_OPTION_ARG_NONE, &gateway->no_clock,
         "The clock has not been set since the start", NULL},
        {"group", 0, 0, G_OPTION_ARG_STRING_ARRAY, &gateway->groups,
         "[Manifest] Groups=; may be repeated", "NAME"},
        {"download", 0, 0, G_OPTION_ARG_STRING, &gateway->approve_download,
         "[Approval] Download=; default: required", "required|auto"},
        {"install", 0, 0, G_OPTION_ARG_STRING, &gateway->approve_install,
         "[Approval] Install=; default: auto", "required|auto"},
        {"window", 0, 0, G_OPTION_ARG_STRING_ARRAY, &gateway->windows,
         "[Window] Allow=; may be repeated", "TEXT"},
        {"blackout", 0, 0, G_OPTION_ARG_STRING_ARRAY, &gateway->blackouts,
         "[Window] Blackout=; may be repeated", "DAYS"},
        {"max-attempts", 0, 0, G_OPTION_ARG_INT, &gateway->max_attempts, "[Limits] Attempts=", "N"},
        {"monthly-data", 0, 0, G_OPTION_ARG_STRING, &gateway->monthly_data,
         "[Limits] MonthlyData=", "SIZE"},
        {"allow-downgrade", 0, 0, G_OPTION_ARG_NONE, &gateway->allow_downgrade,
         "[Limits] AllowDowngrade=yes", NULL},
        {0}};

    if (!tool_parse(tool, options, 1, 1, error))
        return FALSE;
    if (gateway->imei == NULL || gateway->version == NULL) {
        tool_refuse(error, "Which gateway? --imei=IMEI --version=VERSION");
        return FALSE;
    }
    return tool_check("imei", gateway->imei, fota_text_check_imei, error) &&
           tool_check("version", gateway->version, fota_text_check_version, error) &&
           tool_check("model", gateway->model, fota_text_check_model, error) &&
           tool_check("vendor-version", gateway->vendor_version, fota_text_check_version, error);
}

static gboolean
check_number(const char *option, gint value, gint min, gint max, GError **error)
{
    if (value >= min && value <= max)
        return TRUE;
    tool_refuse(error, "--%s=%d: expected %d to %d", option, value, min, max);
    return FALSE;
}

static gboolean
take_approval(const char *option, const char *value, FotaApproval *approval, GError **error)
{
    if (value == NULL)
        return TRUE;
    *approval = strcmp(value, "auto") == 0 ? FOTA_APPROVAL_AUTO : FOTA_APPROVAL_REQUIRED;
    if (strcmp(value, fota_approval_get_name(*approval)) == 0)
        return TRUE;
    tool_refuse(error, "--%s=%s: expected required or auto", option, value);
    return FALSE;
}

/* The windows and blackouts as the configuration writes them. */
static gboolean
take_windows(Gateway *gateway, GError **error)
{
    gateway->window_array = g_array_new(FALSE, TRUE, sizeof(FotaWindow));
    gateway->blackout_array = g_array_new(FALSE, TRUE, sizeof(FotaBlackout));
    for (guint i = 0; gateway->windows != NULL && gateway->windows[i] != NULL; i++) {
        FotaWindow window;

        if (!fota_window_parse(gateway->windows[i], &window, NULL)) {
            tool_refuse(error, "--window=%s: expected a window such as Sun 02:00-04:00",
                        gateway->windows[i]);
            return FALSE;
        }
        g_array_append_val(gateway->window_array, window);
    }
    for (guint i = 0; gateway->blackouts != NULL && gateway->blackouts[i] != NULL; i++) {
        FotaBlackout blackout;

        if (!fota_blackout_parse(gateway->blackouts[i], &blackout, NULL)) {
            tool_refuse(error, "--blackout=%s: expected days such as 2026-12-20..2027-01-06",
                        gateway->blackouts[i]);
            return FALSE;
        }
        g_array_append_val(gateway->blackout_array, blackout);
    }
    return TRUE;
}

static gboolean
fill_rules(Gateway *gateway, GError **error)
{
    FotaRules *rules = &gateway->rules;

    *rules = (FotaRules)FOTA_RULES_INIT;
    rules->approve_download = FOTA_APPROVAL_REQUIRED;
    if (!take_approval("download", gateway->approve_download, &rules->approve_download, error) ||
        !take_approval("install", gateway->approve_install, &rules->approve_install, error) ||
        !take_windows(gateway, error) ||
        !tool_take_size("monthly-data", gateway->monthly_data, &rules->monthly_data, error) ||
        !check_number("max-attempts", gateway->max_attempts, 0, 10, error))
        return FALSE;
    rules->windows = (const FotaWindow *)(const void *)gateway->window_array->data;
    rules->n_windows = gateway->window_array->len;
    rules->blackouts = (const FotaBlackout *)(const void *)gateway->blackout_array->data;
    rules->n_blackouts = gateway->blackout_array->len;
    rules->max_attempts = (guint32)gateway->max_attempts;
    rules->allow_downgrade = gateway->allow_downgrade;
    rules->groups = (const char *const *)gateway->groups;
    return TRUE;
}

static gboolean
take_zone(Gateway *gateway, GError **error)
{
    if (gateway->zone != NULL) {
        gateway->local = g_time_zone_new_identifier(gateway->zone);
        if (gateway->local == NULL)
            tool_refuse(error, "--zone=%s: expected a zone such as Europe/Berlin", gateway->zone);
    } else {
        gateway->local = g_time_zone_new_utc();
    }
    return gateway->local != NULL;
}

/* What is not said is as good as it can be. */
static gboolean
fill_facts(Gateway *gateway, GError **error)
{
    FotaFacts *facts = &gateway->facts;
    guint64 outage = 0;

    *facts = (FotaFacts)FOTA_FACTS_INIT;
    facts->now = fota_clock_now();
    if (!tool_take_time("at", gateway->at, &facts->now, error) || !take_zone(gateway, error) ||
        !tool_take_duration("outage", gateway->outage, &outage, error) ||
        !tool_take_size("free-space", gateway->free_space, &facts->free_space, error) ||
        !tool_take_size("data-used", gateway->data_used, &facts->data_used, error) ||
        !check_number("signal", gateway->signal, 0, 100, error) ||
        !check_number("battery", gateway->battery, -1, 100, error) ||
        !check_number("attempts", gateway->attempts, 0, 1000, error) || !fill_rules(gateway, error))
        return FALSE;
    facts->imei = gateway->imei;
    facts->revision = gateway->version;
    facts->vendor_version = gateway->vendor_version;
    facts->clock_is_set = !gateway->no_clock;
    facts->local_zone = gateway->local;
    facts->registered = !gateway->not_registered;
    facts->roaming = gateway->roaming;
    facts->signal = gateway->signal;
    facts->inhibited = gateway->inhibited;
    facts->on_mains = gateway->battery < 0;
    facts->battery = gateway->battery;
    facts->other_route = !gateway->only_route;
    facts->run_seconds = (guint32)MIN(outage, G_MAXUINT32);
    facts->attempts = (guint32)gateway->attempts;
    facts->rules = &gateway->rules;
    return TRUE;
}

/* The number that the gateway has accepted before, as one of whoever has signed @manifest. */
static GPtrArray *
make_numbers(const FotaManifest *manifest, gint64 sequence)
{
    GPtrArray *numbers = g_ptr_array_new_with_free_func((GDestroyNotify)fota_trust_number_free);
    FotaTrustNumber *number = fota_trust_number_new();

    g_free(number->signer);
    g_free(number->digest);
    number->signer = g_strdup(manifest->signers != NULL ? manifest->signers[0] : "");
    /* The same number again is no second manifest as long as it is this one. */
    number->digest = g_strdup(manifest->digest);
    number->sequence = (guint64)MAX(sequence, 0);
    g_ptr_array_add(numbers, number);
    return numbers;
}

/* As fotad would: signature (where a key is given), strict reading, target, sequence, expiry. */
static FotaManifest *
open_manifest(Tool *tool, Gateway *gateway, GError **error)
{
    g_autoptr(GBytes) file = tool_read(tool->arguments[1], error);
    g_autoptr(FotaKeyring) keyring = file != NULL ? tool_read_keys(gateway->keys, error) : NULL;
    g_autoptr(GBytes) unsigned_file = NULL;
    g_autoptr(FotaManifest) manifest = NULL;
    g_autoptr(GPtrArray) numbers = NULL;
    FotaTrustFacts facts = {.imei = gateway->imei,
                            .model = gateway->model,
                            .now = gateway->facts.now,
                            .keyring = keyring};

    if (keyring == NULL)
        return NULL;
    if (gateway->keys == NULL)
        unsigned_file = tool_strip_signature(file);
    manifest = fota_trust_open(unsigned_file != NULL ? unsigned_file : file, gateway->keys != NULL,
                               &facts, error);
    if (manifest == NULL)
        return NULL;
    if (gateway->model == NULL)
        gateway->model = g_strdup(manifest->model != NULL ? manifest->model[0] : "");
    gateway->facts.model = gateway->model;
    facts.numbers = numbers = make_numbers(manifest, gateway->sequence);
    return fota_trust_check(manifest, &facts, error) ? g_steal_pointer(&manifest) : NULL;
}

/* The plan after the application has said yes to everything that it was asked. */
static FotaPlan *
approve(FotaManifest *manifest, FotaFacts *facts, FotaPlan *asked)
{
    FotaPlan *plan;

    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        facts->approved[i] = asked->gates[i].token;
    plan = fota_plan_make(manifest, facts);
    fota_plan_free(asked);
    return plan;
}

ToolExit
tool_plan(Tool *tool, GError **error)
{
    g_auto(Gateway) gateway = {.signal = 100, .battery = -1};
    g_autoptr(FotaManifest) manifest = NULL;
    g_autoptr(FotaPlan) plan = NULL;
    g_autofree char *text = NULL;

    if (!parse_options(tool, &gateway, error) || !fill_facts(&gateway, error) ||
        (manifest = open_manifest(tool, &gateway, error)) == NULL)
        return TOOL_BAD;
    plan = fota_plan_make(manifest, &gateway.facts);
    if (gateway.approved)
        plan = approve(manifest, &gateway.facts, g_steal_pointer(&plan));
    text = tool->json ? fota_plan_to_json(plan) : fota_plan_to_text(plan);
    fputs(text, stdout);
    if (tool->json)
        putchar('\n');
    else if (gateway.keys == NULL)
        puts("  the signature was not looked at; --key=PUB does");
    return TOOL_GOOD;
}

static void
add_bucket(JsonBuilder *builder, const char *imei, guint bucket)
{
    json_builder_begin_object(builder);
    tool_add(builder, "imei", imei);
    tool_add_number(builder, "bucket", bucket);
    json_builder_end_object(builder);
}

ToolExit
tool_bucket(Tool *tool, GError **error)
{
    g_autofree char *rollout = NULL;
    g_auto(GStrv) imeis = NULL;
    const GOptionEntry options[] = {
        {"rollout", 0, 0, G_OPTION_ARG_STRING, &rollout, "update.rollout.id", "ID"},
        {"imei", 0, 0, G_OPTION_ARG_STRING_ARRAY, &imeis, "A module; may be repeated", "IMEI"},
        {0}};
    g_autoptr(JsonBuilder) builder = json_builder_new();

    if (!tool_parse(tool, options, 0, 0, error))
        return TOOL_USAGE;
    if (rollout == NULL || imeis == NULL) {
        tool_refuse(error, "Which roll-out, which module? --rollout=ID --imei=IMEI");
        return TOOL_USAGE;
    }
    if (!tool_check("rollout", rollout, fota_text_check_name, error))
        return TOOL_USAGE;
    for (guint i = 0; imeis[i] != NULL; i++)
        if (!tool_check("imei", imeis[i], fota_text_check_imei, error))
            return TOOL_USAGE;
    json_builder_begin_array(builder);
    for (guint i = 0; imeis[i] != NULL; i++) {
        guint bucket = fota_rollout_bucket(rollout, imeis[i]);

        if (tool->json)
            add_bucket(builder, imeis[i], bucket);
        else
            printf("%s: bucket %u of %d; in from %u.%02u %% on\n", imeis[i], bucket,
                   FOTA_ROLLOUT_BUCKETS, (bucket + 1) / 100, (bucket + 1) % 100);
    }
    json_builder_end_array(builder);
    if (tool->json)
        tool_print_json(builder);
    return TOOL_GOOD;
}
