/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/fota-route.h"
#include "daemon/job/fota-session.h"
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"
#include "base/fota-timer.h"

/* When the manifest is read, and from which server. */

/* A check that begins later than this was missed, and those of the neighbourhood with it. */
#define LATE (60 * G_TIME_SPAN_SECOND)
/* So many tries in a row without an answer, and the configured server is asked every other time. */
#define LOST_TRIES 6

static gboolean
has_moved(FotaModule *module)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    const FotaRecord *record = module->record;

    return record->server[0] != '\0' && g_strcmp0(record->moved_from, config->manifest_uri) == 0 &&
           fota_poll_allows_server((const char *const *)config->allowed_servers, record->server);
}

FotaServer
fota_module_get_server(FotaModule *module)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    const FotaRecord *record = module->record;

    if (!has_moved(module) ||
        (module->failed_checks > LOST_TRIES && module->failed_checks % 2 == 0))
        return (FotaServer){config->manifest_uri, config->manifest_credential};
    return (FotaServer){record->server,
                        record->server_credential[0] != '\0' ? record->server_credential : NULL};
}

static void
move(FotaModule *module, const FotaServer *to)
{
    FotaRecord *record = module->record;
    g_autoptr(GUri) uri = g_uri_parse(to->uri, G_URI_FLAGS_ENCODED, NULL);

    if (has_moved(module) && strcmp(record->server, to->uri) == 0 &&
        g_strcmp0(record->server_credential, to->credential != NULL ? to->credential : "") == 0)
        return;
    fota_record_set(&record->server, to->uri);
    fota_record_set(&record->server_credential, to->credential);
    fota_record_set(&record->moved_from, fota_module_get_config(module)->manifest_uri);
    module->failed_checks = module->tries = 0;
    fota_module_log(module, 5, FOTA_EVENT_NONE, "from now on the manifest is read from %s",
                    g_uri_get_host(uri));
}

void
fota_module_follow_server(FotaModule *module)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    const FotaServer *next = &module->manifest->next_server;

    if (next->uri == NULL)
        return;
    if (g_strcmp0(next->uri, config->manifest_uri) == 0)
        fota_record_set(&module->record->server, NULL);
    else if (fota_poll_allows_server((const char *const *)config->allowed_servers, next->uri))
        move(module, next);
    else
        fota_module_log(module, 4, FOTA_EVENT_NONE,
                        "the manifest names a next server that is not among [Manifest] "
                        "AllowedServers=; nothing changes");
}

void
fota_module_schedule_check(FotaModule *module)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    const FotaManifest *manifest = module->manifest;
    FotaPollFacts facts = {
        .imei = module->record->imei,
        .salt = config->salt,
        .interval = (guint32)config->interval,
        .last_check =
            (gint64)(module->last_check != 0 ? module->last_check : module->record->issued),
        .catch_up = !module->checked || module->missed,
        .by_module = config->fetch_by_module,
        .failed_tries = module->tries,
        .max_age = module->max_age,
        .retry_after = module->retry_after,
        .now = fota_clock_now(),
        .random = g_random_double(),
    };

    if (config->manifest_uri == NULL) {
        fota_module_set_next_check(module, 0);
        return;
    }
    if (manifest != NULL && manifest->sleep != 0)
        facts.interval = manifest->sleep;
    if (manifest != NULL)
        facts.not_before = manifest->not_before;
    if (fota_module_is_over_budget(module))
        facts.not_before = MAX(facts.not_before, fota_budget_next_month(facts.now));
    fota_module_set_next_check(module, (guint64)fota_poll_next(&facts));
}

gboolean
fota_module_is_cut_off(FotaModule *module)
{
    return !fota_module_get_config(module)->fetch_by_module &&
           fota_route_leads_out(NULL, NULL) == 0;
}

void
fota_module_follow_change(FotaModule *module)
{
    gint64 now = fota_clock_now(), wait;

    if (!module->changed || module->failed_checks == 0)
        return;
    module->changed = FALSE;
    module->tries = 0;
    wait = fota_poll_follow_change(&module->changes_paid, fota_boot_time(),
                                   (gint64)module->next_check - now);
    fota_module_set_next_check(module, (guint64)(now + wait));
}

static void
network_changed(gpointer user_data)
{
    FotaModule *module = user_data;

    module->changed = TRUE;
    if (module->check != NULL)
        return; /* it may have begun too early: fota_module_take_answer() */
    fota_module_follow_change(module);
    fota_module_settle(module);
}

void
fota_module_watch_network(FotaModule *module)
{
    g_autoptr(GError) error = NULL;

    module->changed = FALSE;
    if (module->route_watch != 0 || fota_module_get_config(module)->fetch_by_module)
        return;
    module->route_watch = fota_route_watch(network_changed, module, &error);
    if (error != NULL)
        fota_module_log(module, 4, FOTA_EVENT_NONE, "%s", error->message);
}

void
fota_module_clock_set(FotaModule *module)
{
    if (strcmp(module->error_name, "ManifestExpired") == 0)
        fota_module_set_error(module, NULL);
    fota_module_schedule_check(module);
    if (module->route_watch != 0)
        network_changed(module);
}

/* An answer that is no file still has a price, as has one that never came; a signature that lies
 * beside the file is asked for by itself. */
static void
count_check(FotaModule *module, const FotaResponse *response)
{
    const char *uri = fota_module_get_server(module).uri;
    gsize body = response != NULL && response->body != NULL ? g_bytes_get_size(response->body) : 0;
    guint64 cost = fota_budget_poll_bytes(uri, body);

    if (body > 0 && fota_module_wants_signature(module))
        cost += fota_budget_poll_bytes(uri, 0);
    if (response == NULL && fota_module_is_cut_off(module))
        cost = 0;
    fota_module_count_data(module, (gint64)cost);
    fota_module_save_data(module);
    if (fota_module_is_over_budget(module))
        fota_module_log(module, 4, FOTA_EVENT_NONE,
                        "this month's data is used up ([Limits] MonthlyData=): until the next one "
                        "there are only checks on request");
}

static void
time_saved(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;

    if (!fota_store_save_finish(module->context->store, result, &error))
        fota_module_log(module, 4, FOTA_EVENT_NONE,
                        "the time of the last check could not be kept: %s", error->message);
}

void
fota_module_note_check(FotaModule *module, FotaPollOutcome outcome, const FotaResponse *response)
{
    gint64 now = fota_clock_now();
    gboolean failed = outcome == FOTA_POLL_FAILED;

    module->failed_checks = failed ? module->failed_checks + 1 : 0;
    module->tries = failed ? module->tries + 1 : 0;
    module->retry_after =
        failed && response != NULL ? (gint64)MIN(response->retry_after, G_MAXINT64) : 0;
    if (!failed)
        g_clear_handle_id(&module->route_watch, g_source_remove);
    module->checked = TRUE;
    module->missed = FALSE;
    fota_module_set_last_check(module, (guint64)now);
    if (response != NULL || failed)
        count_check(module, response);
    if (!failed && now >= FOTA_RELEASE_TIME)
        fota_store_save_check_time_async(module->context->store, module->record->imei, now,
                                         time_saved, g_object_ref(module));
}

gboolean
fota_module_check_is_due(FotaModule *module)
{
    gint64 now = fota_clock_now();

    if (!module->here || module->vendor == NULL || module->next_check == 0 ||
        (gint64)module->next_check > now)
        return FALSE;
    if (fota_module_get_config(module)->fetch_by_module &&
        (module->context->inhibitions > 0 || module->context->jobs > 0))
        return FALSE;
    if (now - (gint64)module->next_check > LATE) {
        module->missed = TRUE;
        fota_module_schedule_check(module);
    }
    return (gint64)module->next_check <= now;
}
