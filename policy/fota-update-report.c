/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-update-report.h"

#include <string.h>

#include "base/fota-text.h"
#include "policy/fota-mask.h"
#include "policy/fota-result-code.h"
#include "policy/fota-service.h"

#define KEY_LENGTH 32

/* One that lasts has failed if nothing later was reached. */
static const struct {
    const char *name;
    gboolean lasts;
} stages[FOTA_N_STAGES] = {
    [FOTA_STAGE_OFFERED] = {"offered", FALSE},
    [FOTA_STAGE_APPROVED] = {"approved", FALSE},
    [FOTA_STAGE_DOWNLOAD] = {"download", TRUE},
    [FOTA_STAGE_DOWNLOADED] = {"downloaded", FALSE},
    [FOTA_STAGE_INSTALL_APPROVED] = {"install-approved", FALSE},
    [FOTA_STAGE_INSTALL] = {"install", TRUE},
    [FOTA_STAGE_VERIFY] = {"verify", TRUE},
};

char *
fota_update_report_clean(const char *text)
{
    char *clean = g_utf8_make_valid(text, -1);

    for (char *p = clean; *p != '\0'; p++) {
        if (g_ascii_iscntrl(*p))
            *p = ' ';
    }
    return clean;
}

char *
fota_update_report_make_key(const FotaUpdateReport *report)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *const texts[] = {report->imei, report->id, report->result, report->from,
                                 report->to};
    g_autofree char *started = g_strdup_printf("%" G_GUINT64_FORMAT, report->started);

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_checksum_update(checksum, (const guchar *)texts[i], (gssize)strlen(texts[i]) + 1);
    g_checksum_update(checksum, (const guchar *)started, -1);
    return g_strndup(g_checksum_get_string(checksum), KEY_LENGTH);
}

static void
add_text(JsonBuilder *builder, const char *name, const char *text)
{
    g_autofree char *clean = fota_update_report_clean(text);

    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, clean);
}

static void
add_number(JsonBuilder *builder, const char *name, guint64 number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)MIN(number, (guint64)G_MAXINT64));
}

static void
add_time(JsonBuilder *builder, const char *name, guint64 time)
{
    g_autofree char *text = fota_text_format_time((gint64)time);

    add_text(builder, name, text);
}

static void
add_step(JsonBuilder *builder, const char *name, guint64 time, const char *result)
{
    json_builder_begin_object(builder);
    add_text(builder, "step", name);
    add_time(builder, "time", time);
    add_text(builder, "result", result);
    json_builder_end_object(builder);
}

static gboolean
stage_was_left(const FotaUpdateReport *report, guint stage)
{
    for (guint later = stage + 1; later < FOTA_N_STAGES; later++) {
        if (report->stages[later] != 0)
            return TRUE;
    }
    return FALSE;
}

static void
add_steps(JsonBuilder *builder, const FotaUpdateReport *report)
{
    gboolean good =
        strcmp(report->result, "success") == 0 || strcmp(report->result, "rehearsed") == 0;

    json_builder_set_member_name(builder, "steps");
    json_builder_begin_array(builder);
    for (guint i = 0; i < FOTA_N_STAGES; i++) {
        gboolean done = good || !stages[i].lasts || stage_was_left(report, i);

        if (report->stages[i] != 0)
            add_step(builder, stages[i].name, report->stages[i], done ? "done" : report->result);
    }
    add_step(builder, "end", report->finished, report->result);
    json_builder_end_array(builder);
}

static void
add_code(JsonBuilder *builder, const FotaUpdateReport *report)
{
    FotaResultCode code = fota_result_code_find(report->result, report->error);

    json_builder_set_member_name(builder, "code");
    json_builder_begin_object(builder);
    add_number(builder, "lwm2m", code.lwm2m);
    add_number(builder, "fumo", code.fumo);
    json_builder_end_object(builder);
}

static void
add_differing(JsonBuilder *builder, const char *names)
{
    g_auto(GStrv) words = g_strsplit(names, " ", -1);

    json_builder_set_member_name(builder, "differingSettings");
    json_builder_begin_array(builder);
    for (guint i = 0; words[i] != NULL; i++) {
        g_autofree char *clean = fota_update_report_clean(words[i]);

        if (clean[0] != '\0')
            json_builder_add_string_value(builder, clean);
    }
    json_builder_end_array(builder);
}

static void
add_flag(JsonBuilder *builder, const char *name, gboolean flag)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, flag);
}

static void
add_service(JsonBuilder *builder, const char *name, const char *words)
{
    const FotaService service = fota_service_parse(words);

    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
    add_flag(builder, "registered", service.registered);
    add_flag(builder, "roaming", service.roaming);
    add_text(builder, "operator", service.operator_code);
    add_text(builder, "technology", service.technology);
    add_flag(builder, "connected", service.connected);
    add_flag(builder, "ipv4", (service.families & FOTA_SERVICE_IPV4) != 0);
    add_flag(builder, "ipv6", (service.families & FOTA_SERVICE_IPV6) != 0);
    add_text(builder, "probe", fota_probe_get_name(service.probe));
    json_builder_end_object(builder);
}

JsonNode *
fota_update_report_to_json(const FotaUpdateReport *report)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *key = fota_update_report_make_key(report);
    g_autofree char *valid = fota_update_report_clean(report->text);
    g_autofree char *text = fota_mask_text(valid, NULL, FOTA_MASK_NUMBER);

    json_builder_begin_object(builder);
    add_number(builder, "reportVersion", 1);
    add_text(builder, "key", key);
    add_text(builder, "imei", report->imei);
    add_text(builder, "manufacturer", report->manufacturer);
    add_text(builder, "model", report->model);
    add_text(builder, "update", report->id);
    add_text(builder, "result", report->result);
    add_code(builder, report);
    add_text(builder, "error", report->error);
    add_text(builder, "text", text);
    add_text(builder, "from", report->from);
    add_text(builder, "to", report->to);
    add_text(builder, "version", report->version);
    add_time(builder, "started", report->started);
    add_time(builder, "finished", report->finished);
    add_number(builder, "outage", report->outage);
    add_number(builder, "bytes", report->bytes);
    add_differing(builder, report->differing);
    if (report->service_before[0] != '\0') {
        add_service(builder, "serviceBefore", report->service_before);
        add_service(builder, "serviceAfter", report->service_after);
    }
    add_steps(builder, report);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}
