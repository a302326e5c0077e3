/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/fota-fetcher.h"
#include "daemon/fota-module-private.h"
#include "policy/fota-schedule.h"
#include "policy/fota-trust.h"

/* Reading the manifest: fetch, trust, keep. What follows from it is fota_module_settle()'s. */

#define HTTP_OK 200
#define HTTP_NOT_MODIFIED 304

static FotaTrustFacts
trust_facts(FotaModule *module)
{
    const FotaRecord *record = module->record;

    return (FotaTrustFacts){
        .imei = record->imei,
        .model = record->model,
        .sequence = (gint64)record->sequence,
        .digest = record->digest[0] != '\0' ? record->digest : NULL,
        .now = g_get_real_time(),
        .floor = MAX(FOTA_RELEASE_TIME, (gint64)record->issued),
    };
}

static FotaManifest *
open_manifest(FotaModule *module, GBytes *file, GError **error)
{
    const FotaTrustFacts facts = trust_facts(module);

    return fota_trust_open(file, module->context->keyring,
                           fota_module_get_config(module)->require_signature, &facts, error);
}

/* With `Uri=` empty: whatever the vendor's server offers, if it is approved. */
static FotaManifest *
make_vendor_manifest(FotaModule *module)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":1,\"issued\":\"2026-11-01T00:00:00Z\","
        "\"useBefore\":\"2106-01-01T00:00:00Z\",\"target\":{\"imei\":[\"%s\"]},"
        "\"update\":{\"id\":\"vendor-server\"}}",
        module->record->imei);
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));

    return fota_manifest_parse(payload, NULL);
}

static gboolean
vendor_decides(FotaModule *module)
{
    const char *uri = fota_module_get_config(module)->manifest_uri;

    return uri != NULL && uri[0] == '\0';
}

void
fota_module_restore_manifest(FotaModule *module)
{
    g_autoptr(GBytes) file = fota_store_load_manifest(module->context->store, module->record->imei);
    g_autoptr(GError) error = NULL;

    /* What waits in the module goes on; otherwise the server is asked at its time, not now. */
    if (vendor_decides(module) && module->record->mark != FOTA_MARK_NONE)
        module->manifest = make_vendor_manifest(module);
    if (vendor_decides(module) || file == NULL || module->record->sequence == 0)
        return;
    module->manifest = open_manifest(module, file, &error);
    if (module->manifest == NULL)
        fota_module_log(module, 5, FOTA_EVENT_NONE, "the manifest kept from before is not used: %s",
                        error->message);
}

static void
accept(FotaModule *module, FotaManifest *manifest, GBytes *file)
{
    FotaRecord *record = module->record;
    gboolean same = g_strcmp0(manifest->digest, record->digest) == 0;

    g_clear_pointer(&module->manifest, fota_manifest_unref);
    module->manifest = manifest;
    fota_module_set_offer(module, NULL);
    if (same)
        return;
    record->sequence = (guint64)manifest->sequence_number;
    record->issued = (guint64)manifest->issued;
    fota_record_set(&record->digest, manifest->digest);
    fota_record_forget_offer(record);
    fota_module_log(module, 6, FOTA_EVENT_NONE, "manifest %" G_GUINT64_FORMAT " accepted: %s",
                    record->sequence,
                    manifest->has_update ? manifest->update.id : "nothing for this module");
    fota_module_save(module, file);
}

/* Takes what the server answered. FALSE: nothing has changed but @error. */
static gboolean
take_response(FotaModule *module, const FotaResponse *response, GError **error)
{
    FotaManifest *manifest;

    if (response->status == HTTP_NOT_MODIFIED)
        return TRUE;
    if (response->status != HTTP_OK) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_STATUS,
                    "the manifest's server answered %u%s", response->status,
                    response->status == 404   ? "; it has no manifest for this module"
                    : response->status == 401 ? "; look at [Manifest] Credential="
                                              : "");
        return FALSE;
    }
    manifest = open_manifest(module, response->body, error);
    if (manifest == NULL)
        return FALSE;
    accept(module, manifest, response->body);
    g_free(module->etag);
    module->etag = g_strdup(response->etag);
    return TRUE;
}

void
fota_module_schedule_check(FotaModule *module)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    guint32 interval = (guint32)config->interval;
    gint64 now = g_get_real_time();
    gint64 next, retry;

    if (config->manifest_uri == NULL) {
        fota_module_set_next_check(module, 0);
        return;
    }
    if (module->manifest != NULL && module->manifest->sleep != 0)
        interval = module->manifest->sleep;
    /* A gateway that has read a manifest before keeps to its slot, however often it starts. */
    next = fota_schedule_next(
        module->record->imei, NULL, interval,
        module->last_check != 0 ? (gint64)module->last_check : (gint64)module->record->issued, now);
    if (module->failed_checks > 0) {
        retry = fota_schedule_retry(module->failed_checks, interval, g_random_double());
        if (retry >= 0)
            next = MIN(next, now + retry * G_USEC_PER_SEC);
    }
    if (module->manifest != NULL)
        next = MAX(next, module->manifest->not_before);
    fota_module_set_next_check(module, (guint64)next);
}

static void
check_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);

    g_clear_object(&module->check);
    if (module->stopping)
        return;
    fota_module_set_last_check(module, (guint64)g_get_real_time());
    if (response != NULL && take_response(module, response, &error)) {
        module->failed_checks = 0;
        fota_module_set_error(module, NULL);
    } else {
        module->failed_checks++;
        fota_module_set_error(module, error);
        fota_module_log(module, 4, FOTA_EVENT_MANIFEST_REFUSED, "no manifest (%s): %s",
                        fota_error_get_name(error), error->message);
    }
    fota_module_schedule_check(module);
    fota_module_settle(module);
}

static void
replace(GString *text, const char *what, const char *with)
{
    g_autofree char *escaped = g_uri_escape_string(with, NULL, FALSE);

    g_string_replace(text, what, escaped, 0);
}

static char *
expand_uri(FotaModule *module, const char *template)
{
    GString *uri = g_string_new(template);
    g_autofree char *hash =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, module->record->imei, -1);

    replace(uri, "{imei}", module->record->imei);
    replace(uri, "{imei-sha256}", hash);
    replace(uri, "{model}", module->record->model);
    return g_string_free(uri, FALSE);
}

static void
check_without_manifest(FotaModule *module)
{
    fota_module_set_state(module, FOTA_STATE_CHECKING);
    fota_module_set_last_check(module, (guint64)g_get_real_time());
    fota_module_set_error(module, NULL);
    accept(module, make_vendor_manifest(module), NULL);
    fota_module_schedule_check(module);
    fota_module_settle(module);
}

static void
fetch_manifest(FotaModule *module)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    const char *config_file = fota_config_get_file(module->context->config);
    g_autofree char *uri = expand_uri(module, config->manifest_uri);
    g_autofree char *credential =
        config->manifest_credential != NULL
            ? fota_credential_get_path(config_file, config->manifest_credential)
            : NULL;
    const FotaRequest request = {
        .helper = module->context->fetch_helper,
        .uri = uri,
        .credential = credential,
        .ca_file = config->certificate_authority,
        /* Without the manifest at hand, "not modified" would leave us with nothing. */
        .etag = module->manifest != NULL ? module->etag : NULL,
        .max_bytes = FOTA_MANIFEST_MAX_BYTES,
    };

    fota_module_set_state(module, FOTA_STATE_CHECKING);
    module->check = g_cancellable_new();
    fota_fetch_async(&request, module->check, check_done, g_object_ref(module));
}

void
fota_module_start_check(FotaModule *module)
{
    if (vendor_decides(module))
        check_without_manifest(module);
    else
        fetch_manifest(module);
}

/* What was cancelled, not rejected, is offered again when an operator asks, and asked about anew. */
static void
forget_cancellation(FotaModule *module)
{
    const FotaRecord *record = module->record;
    const FotaHistoryEntry *newest = record->history->len > 0 ? record->history->pdata[0] : NULL;

    if (newest == NULL || strcmp(newest->result, "cancelled") != 0)
        return;
    fota_record_set(&module->record->rejected, NULL);
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        fota_record_set(&module->record->approved[i], NULL);
    g_clear_pointer(&module->announced, g_free);
}

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    if (module->check != NULL || module->job != NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY, "%s is under way; wait until it has ended",
                    module->job != NULL ? "an update" : "a check");
        return FALSE;
    }
    if (module->facts == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_ABSENT,
                    "ModemManager does not see the module; look at it with mmcli -L");
        return FALSE;
    }
    if (module->vendor == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_UNSUPPORTED, "no plugin claims %s %s",
                    module->record->manufacturer, module->record->model);
        return FALSE;
    }
    if (fota_module_get_config(module)->manifest_uri == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CONFIGURATION,
                    "no manifest is configured; set Uri= in [Manifest] of %s",
                    fota_config_get_file(module->context->config));
        return FALSE;
    }
    forget_cancellation(module);
    fota_module_start_check(module);
    return TRUE;
}
