/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"
#include "policy/fota-csv.h"
#include "base/fota-text.h"

#include <string.h>

/*
 * Getting the manifest's file, by the host or through the module. Of a csv that must be signed the
 * signature lies beside it, and is put in front: from there on it is one file like any other.
 */

#define HTTP_OK 200
#define HTTP_UNAUTHORIZED 401
#define HTTP_NOT_FOUND 404

gboolean
fota_module_reads_csv(FotaModule *module)
{
    const char *uri = fota_module_get_server(module).uri;

    return uri != NULL && g_str_has_suffix(uri, ".csv");
}

gboolean
fota_module_wants_signature(FotaModule *module)
{
    return fota_module_reads_csv(module) &&
           fota_module_get_config(module)->legacy_csv == FOTA_CSV_SIGNED;
}

char *
fota_module_get_file_uri(FotaModule *module)
{
    const FotaRecord *record = module->record;

    return fota_text_expand_uri(fota_module_get_server(module).uri, record->imei, record->model);
}

static void
finish(FotaModule *module, const FotaResponse *response, GError *error)
{
    g_clear_pointer(&module->csv, g_bytes_unref);
    module->runs = FOTA_ACTION_NONE;
    fota_module_take_answer(module, response, error);
    fota_module_settle(module);
}

static void request(FotaModule *module, const char *suffix, GAsyncReadyCallback done);

/* A csv without one is as good as its judge finds it. */
static void
signature_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);

    g_clear_object(&module->check);
    if (module->stopping)
        return;
    if (response != NULL && (response->status == HTTP_OK || response->status == HTTP_NOT_FOUND)) {
        GBytes *minisig = response->status == HTTP_OK ? response->body : NULL;
        GBytes *file = fota_csv_join(module->csv, minisig);

        g_bytes_unref(response->body);
        response->body = file;
        response->status = HTTP_OK;
    }
    finish(module, response, g_steal_pointer(&error));
}

static void
file_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);

    g_clear_object(&module->check);
    if (module->stopping)
        return;
    if (response != NULL && response->status == HTTP_OK && fota_module_wants_signature(module)) {
        module->csv = g_bytes_ref(response->body);
        request(module, FOTA_CSV_SIGNATURE, signature_done);
        return;
    }
    finish(module, response, g_steal_pointer(&error));
}

static void
request(FotaModule *module, const char *suffix, GAsyncReadyCallback done)
{
    const FotaRecord *record = module->record;
    const FotaServer server = fota_module_get_server(module);
    const char *config_file = fota_config_get_file(module->context->config);
    g_autofree char *file_uri = fota_module_get_file_uri(module);
    g_autofree char *uri = g_strconcat(file_uri, suffix, NULL);
    g_autofree char *credential =
        server.credential != NULL ? fota_credential_get_path(config_file, server.credential) : NULL;
    /*
     * Without the manifest at hand, "not modified" would leave us with nothing; and a csv may be
     * signed anew without having changed.
     */
    gboolean known = module->manifest != NULL && record->etag[0] != '\0' &&
                     strcmp(record->etag_of, server.uri) == 0 && !fota_module_reads_csv(module);
    const FotaRequest request = {
        .socket = module->context->fetch_socket,
        .uri = uri,
        .credential = credential,
        .ca_file = fota_module_get_config(module)->certificate_authority,
        .etag = known ? record->etag : NULL,
        .max_bytes = FOTA_MANIFEST_MAX_BYTES,
    };

    module->check = g_cancellable_new();
    fota_fetch_async(&request, module->check, done, g_object_ref(module));
}

void
fota_module_fetch(FotaModule *module)
{
    gboolean by_module = fota_module_get_config(module)->fetch_by_module;

    /* ModemManager has yet to find it again: as soon as it has. */
    if (by_module && !module->here) {
        fota_module_set_next_check(module, (guint64)fota_clock_now());
        return;
    }
    if (!by_module) {
        module->runs = FOTA_ACTION_CHECK;
        request(module, "", file_done);
        fota_module_settle(module);
    } else if (module->vendor->table->fetch != NULL)
        fota_module_start_job(module, FOTA_ACTION_CHECK);
    else
        finish(module, NULL,
               g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                           "the plugin %s cannot read a file through the module; set Fetch=host in "
                           "[Manifest]",
                           module->vendor->table->name));
}

/* What a plugin says of a server, as HTTP would. What was not to be had may be next time. */
void
fota_module_end_fetch(FotaModule *module, const FotaJobEnd *end)
{
    FotaResponse response = {.body = end->contents};
    GError *error = NULL;

    if (end->error == NULL)
        response.status = HTTP_OK;
    else if (g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING))
        response.status = HTTP_NOT_FOUND;
    else if (g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_LOGIN))
        response.status = HTTP_UNAUTHORIZED;
    else if (end->result == FOTA_RESULT_FAILED_FOR_GOOD)
        error = g_error_copy(end->error);
    else
        error = g_error_new_literal(FOTA_ERROR, FOTA_ERROR_FETCH, end->error->message);
    fota_module_take_answer(module, response.status != 0 ? &response : NULL, error);
}
