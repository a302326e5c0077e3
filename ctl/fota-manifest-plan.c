/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/fota-manifest-tool.h"
#include "base/fota-clock.h"
#include "base/fota-units.h"
#include "policy/fota-config.h"
#include "policy/fota-rollout.h"
#include "policy/fota-trust.h"

/* The group of --gateway=FILE that fotad.conf does not have. */
#define FACTS "Gateway"

/* A gateway at one moment. */
typedef struct {
    GStrv keys;
    char *imei, *version, *at, *file;
    gboolean approved;
    FotaConfig *config; /* of the file, except for its facts */
    guint64 sequence;
    FotaFacts facts;
} Gateway;

static void
gateway_clear(Gateway *gateway)
{
    g_strfreev(gateway->keys);
    g_free(gateway->imei);
    g_free(gateway->version);
    g_free(gateway->at);
    g_free(gateway->file);
    g_clear_pointer(&gateway->config, fota_config_unref);
    g_clear_pointer(&gateway->facts.local_zone, g_time_zone_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Gateway, gateway_clear)

static gboolean
parse_options(Tool *tool, Gateway *gateway, GError **error)
{
    const GOptionEntry options[] = {
        {"imei", 0, 0, G_OPTION_ARG_STRING, &gateway->imei, "The module", "IMEI"},
        {"version", 0, 0, G_OPTION_ARG_STRING, &gateway->version, "The firmware it runs",
         "VERSION"},
        {"gateway", 0, 0, G_OPTION_ARG_FILENAME, &gateway->file,
         "The gateway's fotad.conf, with facts in a group [Gateway]", "FILE"},
        {"at", 0, 0, G_OPTION_ARG_STRING, &gateway->at, "The time, in UTC; default: now", "TIME"},
        {"key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &gateway->keys,
         "Verify the signature first, with this key; may be repeated", "PUB"},
        {"approved", 0, 0, G_OPTION_ARG_NONE, &gateway->approved, "The application has approved it",
         NULL},
        {0}};

    if (!tool_parse(tool, options, 1, 1, error))
        return FALSE;
    if (gateway->imei == NULL || gateway->version == NULL) {
        tool_refuse(error,
                    "the module and its firmware are missing: --imei=IMEI --version=VERSION");
        return FALSE;
    }
    return tool_validate("imei", gateway->imei, fota_text_validate_imei, error) &&
           tool_validate("version", gateway->version, fota_text_validate_version, error);
}

/* Facts: each sets a member of FotaFacts. */

static gboolean
set_flag(const char *value, gpointer member)
{
    return fota_parse_boolean(value, member);
}

static gboolean
set_percent(const char *value, gpointer member)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 0, 100, &number, NULL))
        return FALSE;
    *(int *)member = (int)number;
    return TRUE;
}

static gboolean
set_count(const char *value, gpointer member)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &number, NULL))
        return FALSE;
    *(guint32 *)member = (guint32)number;
    return TRUE;
}

static gboolean
set_sequence(const char *value, gpointer member)
{
    return g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, member, NULL);
}

static gboolean
set_size(const char *value, gpointer member)
{
    return fota_parse_size(value, member);
}

static gboolean
set_duration(const char *value, gpointer member)
{
    guint64 seconds;

    if (!fota_parse_duration(value, &seconds))
        return FALSE;
    *(guint32 *)member = (guint32)MIN(seconds, G_MAXUINT32);
    return TRUE;
}

static gboolean
set_version(const char *value, gpointer member)
{
    *(const char **)member = g_intern_string(value);
    return fota_text_validate_version(value) == NULL;
}

static gboolean
set_model(const char *value, gpointer member)
{
    *(const char **)member = g_intern_string(value);
    return fota_text_validate_model(value) == NULL;
}

static gboolean
set_operator(const char *value, gpointer member)
{
    *(const char **)member = g_intern_string(value);
    return fota_text_validate_operator(value) == NULL;
}

static gboolean
set_zone(const char *value, gpointer member)
{
    GTimeZone **zone = member;

    g_clear_pointer(zone, g_time_zone_unref);
    *zone = g_time_zone_new_identifier(value);
    return *zone != NULL;
}

#define FACT(member) G_STRUCT_OFFSET(Gateway, facts.member)

static const struct {
    const char *name;
    gboolean (*set)(const char *value, gpointer member);
    gsize offset;
    const char *expected;
} known_facts[] = {
    {"Model", set_model, FACT(model), "a model such as ME910C1-NA"},
    {"Operator", set_operator, FACT(sim_operator), "an operator's MCC and MNC such as 26201"},
    {"TimeZone", set_zone, FACT(local_zone), "a zone such as Europe/Berlin"},
    {"ClockSet", set_flag, FACT(clock_is_set), "yes or no"},
    {"SequenceNumber", set_sequence, G_STRUCT_OFFSET(Gateway, sequence), "a number"},
    {"Attempts", set_count, FACT(attempts), "a number"},
    {"VendorVersion", set_version, FACT(vendor_version), "a firmware version"},
    {"Outage", set_duration, FACT(run_seconds), "a duration such as 20min"},
    {"Registered", set_flag, FACT(registered), "yes or no"},
    {"Roaming", set_flag, FACT(roaming), "yes or no"},
    {"Signal", set_percent, FACT(signal), "a percentage from 0 to 100"},
    {"MainsPower", set_flag, FACT(on_mains), "yes or no"},
    {"Battery", set_percent, FACT(battery), "a percentage from 0 to 100"},
    {"FreeSpace", set_size, FACT(free_space), "a size such as 20M"},
    {"OtherRoute", set_flag, FACT(other_route), "yes or no"},
    {"DataUsed", set_size, FACT(data_used), "a size such as 5M"},
    {"Inhibited", set_flag, FACT(inhibited), "yes or no"},
};

static gboolean
take_fact(Gateway *gateway, const char *name, const char *value, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(known_facts); i++) {
        if (strcmp(known_facts[i].name, name) != 0)
            continue;
        if (known_facts[i].set(value, G_STRUCT_MEMBER_P(gateway, known_facts[i].offset)))
            return TRUE;
        tool_refuse(error, "%s: %s=%s in [" FACTS "] is not %s", gateway->file, name, value,
                    known_facts[i].expected);
        return FALSE;
    }
    tool_refuse(error, "%s: unknown key %s= in [" FACTS "]", gateway->file, name);
    return FALSE;
}

static gboolean
take_file(Gateway *gateway, GError **error)
{
    g_autoptr(GBytes) file = tool_read(gateway->file, error);
    g_autoptr(GKeyFile) key_file = g_key_file_new();
    g_autofree char *text = NULL;
    g_auto(GStrv) names = NULL;

    if (file == NULL)
        return FALSE;
    text = g_strndup(g_bytes_get_data(file, NULL), g_bytes_get_size(file));
    if (!fota_config_take(gateway->config, gateway->file, text, FACTS, error) ||
        !fota_config_validate(gateway->config, error))
        return FALSE;
    g_key_file_load_from_data(key_file, text, strlen(text), G_KEY_FILE_NONE, NULL);
    names = g_key_file_get_keys(key_file, FACTS, NULL, NULL);
    for (guint i = 0; names != NULL && names[i] != NULL; i++) {
        g_autofree char *value = g_key_file_get_value(key_file, FACTS, names[i], NULL);

        if (!take_fact(gateway, names[i], g_strstrip(value), error))
            return FALSE;
    }
    return TRUE;
}

/* Facts that the file does not give are as good as they can be. */
static gboolean
fill_facts(Gateway *gateway, GError **error)
{
    FotaFacts *known = &gateway->facts;

    *known = (FotaFacts)FOTA_FACTS_INIT;
    known->now = fota_clock_now();
    known->imei = gateway->imei;
    known->revision = gateway->version;
    known->registered = TRUE;
    known->signal = 100;
    known->on_mains = 1;
    known->other_route = 1;
    gateway->config = fota_config_new(gateway->file != NULL ? gateway->file : "", NULL);
    if (!tool_take_time("at", gateway->at, &known->now, error) ||
        (gateway->file != NULL && !take_file(gateway, error)))
        return FALSE;
    known->rules = &fota_config_for_module(gateway->config, gateway->imei)->rules;
    return TRUE;
}

/* The number that the gateway has accepted before, as a number of the signer of @manifest. */
static GPtrArray *
make_numbers(const FotaManifest *manifest, guint64 sequence)
{
    GPtrArray *numbers = g_ptr_array_new_with_free_func((GDestroyNotify)fota_trust_number_free);
    FotaTrustNumber *number = fota_trust_number_new();

    g_free(number->signer);
    g_free(number->digest);
    number->signer = g_strdup(manifest->signers != NULL ? manifest->signers[0] : "");
    /* The same number again is no second manifest as long as it is this one. */
    number->digest = g_strdup(manifest->digest);
    number->sequence = sequence;
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
                            .model = gateway->facts.model,
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
    if (gateway->facts.model == NULL)
        gateway->facts.model = manifest->model != NULL ? manifest->model[0] : "";
    if (gateway->facts.sim_operator == NULL && manifest->operators != NULL)
        gateway->facts.sim_operator = manifest->operators[0];
    facts.numbers = numbers = make_numbers(manifest, gateway->sequence);
    return fota_trust_judge(manifest, &facts, error) ? g_steal_pointer(&manifest) : NULL;
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
    g_autoptr(FotaManifest) manifest = NULL;
    g_auto(Gateway) gateway = {0};
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
        tool_refuse(error, "the roll-out and its modules are missing: --rollout=ID --imei=IMEI");
        return TOOL_USAGE;
    }
    if (!tool_validate("rollout", rollout, fota_text_validate_name, error))
        return TOOL_USAGE;
    for (guint i = 0; imeis[i] != NULL; i++)
        if (!tool_validate("imei", imeis[i], fota_text_validate_imei, error))
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
