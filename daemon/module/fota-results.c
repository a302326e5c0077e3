/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-results.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-text.h"
#include "daemon/fota-error.h"
#include "daemon/fota-outbox.h"
#include "policy/fota-report-rule.h"
#include "policy/fota-update-report.h"

static gboolean
choose_server(const FotaParts *parts, FotaServer *server, GError **error)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaManifest *manifest = fota_accepted_get(parts->accepted);
    FotaReportServers servers = {
        .configured = {config->report_uri, config->report_credential},
        .has_salt = config->salt != NULL,
        .own = {config->manifest_uri, fota_poller_get_server(parts->poller).uri},
        .allowed = (const char *const *)config->allowed_servers,
    };

    if (manifest != NULL)
        servers.named = manifest->report;
    if (servers.named.credential != NULL)
        servers.credential_use = fota_poller_find_use(servers.named.credential, parts->poller);
    return fota_report_choose_server(&servers, server, error);
}

static FotaUpdateReport
make_report(const FotaRecord *record, const FotaHistoryEntry *entry)
{
    FotaUpdateReport report = {
        .imei = record->imei,
        .manufacturer = record->manufacturer,
        .model = record->model,
        .id = entry->id,
        .result = entry->result,
        .error = entry->error,
        .text = entry->text,
        .from = entry->from,
        .to = entry->to,
        .version = entry->version,
        .differing = entry->differing,
        .service_before = entry->service_before,
        .service_after = entry->service_after,
        .started = entry->started,
        .finished = entry->finished,
        .outage = entry->outage,
        .bytes = entry->bytes,
    };

    memcpy(report.stages, entry->stages, sizeof report.stages);
    return report;
}

/* A server that must not know the IMEI from its requests does not learn it from the report. */
static char *
make_name(const FotaParts *parts, const char *uri)
{
    const FotaRecord *record = parts->record;

    if (strstr(uri, "{imei-hmac}") == NULL)
        return g_strdup(record->imei);
    return fota_text_expand_uri("{imei-hmac}", record->imei, record->model,
                                fota_parts_get_config(parts)->salt);
}

static void
post_result(const FotaParts *parts, const FotaHistoryEntry *entry, const FotaServer *server)
{
    const FotaRecord *record = parts->record;
    gboolean configured = fota_parts_get_config(parts)->report_uri != NULL;
    g_autofree char *name = make_name(parts, server->uri);
    g_autofree char *uri = configured
                               ? NULL
                               : fota_text_expand_uri(server->uri, record->imei, record->model,
                                                      fota_parts_get_config(parts)->salt);
    FotaUpdateReport report = make_report(record, entry);
    g_autoptr(JsonNode) json = NULL;
    g_autofree char *key = NULL, *body = NULL;

    report.imei = name;
    key = fota_update_report_make_key(&report);
    json = fota_update_report_to_json(&report);
    body = json_to_string(json, FALSE);
    fota_outbox_add(parts->context->outbox,
                    &(FotaPost){
                        .key = key,
                        .imei = record->imei,
                        .model = record->model,
                        .uri = uri,
                        .credential = configured ? NULL : server->credential,
                        .body = body,
                    });
}

void
fota_results_note_stages(const FotaParts *parts, FotaHistoryEntry *entry)
{
    const FotaRecord *record = parts->record;

    memcpy(entry->stages, record->stages, sizeof entry->stages);
    entry->stages[FOTA_STAGE_OFFERED] = record->first_offered;
    entry->bytes = record->received;
}

void
fota_results_add(const FotaParts *parts, FotaHistoryEntry *entry)
{
    g_autoptr(GError) error = NULL;
    FotaServer server;

    fota_record_set(&entry->version, parts->record->revision);
    fota_record_add_history(parts->record, entry);
    if (parts->context->outbox == NULL)
        return;
    if (!choose_server(parts, &server, &error))
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_REPORT_LOST,
                        "the result is not reported (%s): %s", fota_error_get_name(error),
                        error->message);
    else if (server.uri != NULL)
        post_result(parts, entry, &server);
}

static void
add_text(JsonBuilder *builder, const char *name, const char *text)
{
    g_autofree char *clean = fota_update_report_clean(text);

    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, clean);
}

char *
fota_results_to_json(const FotaRecord *record)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    add_text(builder, "imei", record->imei);
    add_text(builder, "manufacturer", record->manufacturer);
    add_text(builder, "model", record->model);
    add_text(builder, "version", record->revision);
    json_builder_set_member_name(builder, "reports");
    json_builder_begin_array(builder);
    for (guint i = 0; i < record->history->len; i++) {
        const FotaUpdateReport report = make_report(record, record->history->pdata[i]);

        json_builder_add_value(builder, fota_update_report_to_json(&report));
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}
