/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-poller.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "base/fota-text.h"
#include "base/fota-wait.h"
#include "daemon/fota-route.h"
#include "policy/fota-csv.h"
#include "policy/fota-push.h"
#include "policy/fota-trust.h"

/* A check that begins later than this was missed, probably by other gateways nearby too. */
#define LATE (60 * G_TIME_SPAN_SECOND)
/* After this many tries in a row without an answer, every other try asks the configured server. */
#define LOST_TRIES 6

struct _FotaPoller {
    FotaPartOwner owner;
    const FotaContext *context;
    FotaKeeper *keeper;
    FotaRecord *record;
    guint64 last_check;
    guint64 next_check;
    FotaPollRequests requests; /* so far, in boot time */
    FotaPushes pushes;         /* so far */
    gint64 push_due;           /* boot time of the check that messages ask for, 0 = none */
    gboolean runs;             /* a check */
    gboolean checked;          /* since the start */
    gboolean missed;           /* the next check makes up for a missed one */
    guint route_watch;         /* from a check on until one succeeds, 0 = none */
    gboolean changed;          /* the network, since the check began */
    gint64 changes_paid;       /* see fota_poll_follow_change() */
    guint failed_checks;       /* in a row */
    guint tries;               /* of these, since the network changed */
    gint64 max_age;            /* seconds, of the signed manifest accepted last, 0 = not said */
    gint64 retry_after;        /* seconds, of the last answer, 0 = not said */
    gint64 retry_from;         /* boot time that follows from it, 0 = now */
};

FotaPoller *
fota_poller_new(const FotaContext *context, FotaKeeper *keeper, const FotaPartOwner *owner)
{
    FotaPoller *poller = g_new0(FotaPoller, 1);

    poller->owner = *owner;
    poller->context = context;
    poller->keeper = keeper;
    poller->record = fota_keeper_get_record(keeper);
    poller->last_check = (guint64)fota_store_load_check_time(context->store, poller->record->imei);
    return poller;
}

void
fota_poller_free(FotaPoller *poller)
{
    g_clear_handle_id(&poller->route_watch, g_source_remove);
    g_free(poller);
}

static const FotaModuleConfig *
poller_config(FotaPoller *poller)
{
    return fota_config_for_module(poller->context->config, poller->record->imei);
}

/* Where */

FotaCredentialUse
fota_poller_find_use(const char *name, gpointer user_data)
{
    FotaPoller *poller = user_data;
    const FotaModuleConfig *config = poller_config(poller);

    return (FotaCredentialUse){
        .servers = fota_config_get_credential_servers(poller->context->config, name),
        .named = {config->manifest_uri, config->manifest_credential},
        .report = {config->report_uri, config->report_credential},
        .network = {config->apn, config->network_credential, NULL},
    };
}

static gboolean
may_send(FotaPoller *poller, const FotaServer *to, GError **error)
{
    const FotaCredentialUse use = to->credential != NULL
                                      ? fota_poller_find_use(to->credential, poller)
                                      : (FotaCredentialUse){.servers = NULL};

    return fota_credential_allow_use(to, &use, error);
}

static gboolean
has_moved(FotaPoller *poller)
{
    const FotaModuleConfig *config = poller_config(poller);
    const FotaRecord *record = poller->record;
    const FotaServer to = {record->server,
                           record->server_credential[0] != '\0' ? record->server_credential : NULL};

    return record->server[0] != '\0' && g_strcmp0(record->moved_from, config->manifest_uri) == 0 &&
           fota_poll_allows_server((const char *const *)config->allowed_servers, record->server) &&
           may_send(poller, &to, NULL);
}

FotaServer
fota_poller_get_server(FotaPoller *poller)
{
    const FotaModuleConfig *config = poller_config(poller);
    const FotaRecord *record = poller->record;

    if (!has_moved(poller) ||
        (poller->failed_checks > LOST_TRIES && poller->failed_checks % 2 == 0))
        return (FotaServer){config->manifest_uri, config->manifest_credential};
    return (FotaServer){record->server,
                        record->server_credential[0] != '\0' ? record->server_credential : NULL};
}

char *
fota_poller_get_uri(FotaPoller *poller)
{
    const FotaRecord *record = poller->record;

    return fota_text_expand_uri(fota_poller_get_server(poller).uri, record->imei, record->model,
                                poller_config(poller)->salt);
}

gboolean
fota_poller_reads_file(FotaPoller *poller)
{
    const char *uri = poller_config(poller)->manifest_uri;

    return uri == NULL || uri[0] != '\0';
}

gboolean
fota_poller_reads_csv(FotaPoller *poller)
{
    const char *uri = fota_poller_get_server(poller).uri;

    return uri != NULL && g_str_has_suffix(uri, ".csv");
}

gboolean
fota_poller_wants_signature(FotaPoller *poller)
{
    return fota_poller_reads_csv(poller) && poller_config(poller)->legacy_csv == FOTA_CSV_SIGNED;
}

static void
poller_move(FotaPoller *poller, const FotaServer *to)
{
    FotaRecord *record = poller->record;
    g_autoptr(GUri) uri = g_uri_parse(to->uri, G_URI_FLAGS_ENCODED, NULL);

    if (has_moved(poller) && strcmp(record->server, to->uri) == 0 &&
        g_strcmp0(record->server_credential, to->credential != NULL ? to->credential : "") == 0)
        return;
    fota_record_set(&record->server, to->uri);
    fota_record_set(&record->server_credential, to->credential);
    fota_record_set(&record->moved_from, poller_config(poller)->manifest_uri);
    poller->failed_checks = poller->tries = 0;
    fota_record_log(poller->record, LOG_NOTICE, FOTA_EVENT_NONE,
                    "from now on the manifest is read from %s", g_uri_get_host(uri));
}

void
fota_poller_follow_server(FotaPoller *poller, const FotaServer *next)
{
    const FotaModuleConfig *config = poller_config(poller);
    g_autoptr(GError) error = NULL;

    if (next->uri == NULL)
        return;
    if (g_strcmp0(next->uri, config->manifest_uri) == 0)
        fota_record_set(&poller->record->server, NULL);
    else if (!may_send(poller, next, &error))
        fota_record_log(poller->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the next server is not asked: %s", error->message);
    else if (fota_poll_allows_server((const char *const *)config->allowed_servers, next->uri))
        poller_move(poller, next);
    else
        fota_record_log(poller->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the manifest names a next server that is not among [Manifest] "
                        "AllowedServers=; nothing changes");
}

/* When */

static gboolean
is_over_budget(FotaPoller *poller)
{
    guint64 limit = poller_config(poller)->rules.monthly_data;

    return limit > 0 &&
           fota_keeper_get_data_used(poller->keeper, fota_poller_get_budget_time(poller)) >= limit;
}

/* The check that a message asks for makes the next one unnecessary. */
static void
advance_to_push(FotaPoller *poller)
{
    gint64 wait = MAX(poller->push_due - fota_boot_time(), 0);

    if (poller->push_due != 0 && poller->next_check != 0 && !is_over_budget(poller))
        poller->next_check = MIN(poller->next_check, (guint64)(fota_clock_now() + wait));
}

void
fota_poller_schedule(FotaPoller *poller, const FotaManifest *manifest)
{
    const FotaModuleConfig *config = poller_config(poller);
    FotaPollFacts facts = {
        .imei = poller->record->imei,
        .salt = config->salt,
        .interval = config->interval,
        .last_check =
            (gint64)(poller->last_check != 0 ? poller->last_check : poller->record->issued),
        .catch_up = !poller->checked || poller->missed,
        .by_module = config->fetch_by_module,
        .failed_tries = poller->tries,
        .max_age = poller->max_age,
        .retry_after = poller->retry_after,
        .now = fota_clock_now(),
        .random = g_random_double(),
    };

    poller->next_check = 0;
    if (config->manifest_uri == NULL)
        return;
    if (manifest != NULL && manifest->sleep != 0)
        facts.interval = manifest->sleep;
    if (manifest != NULL)
        facts.not_before = manifest->not_before;
    if (is_over_budget(poller))
        facts.not_before = MAX(facts.not_before, fota_budget_next_month(facts.now));
    poller->next_check = (guint64)fota_poll_next(&facts);
    advance_to_push(poller);
}

gboolean
fota_poller_is_due(FotaPoller *poller, const FotaManifest *manifest)
{
    gint64 now = fota_clock_now();

    if (poller->next_check == 0 || (gint64)poller->next_check > now)
        return FALSE;
    if (now - (gint64)poller->next_check > LATE) {
        poller->missed = TRUE;
        fota_poller_schedule(poller, manifest);
    }
    return (gint64)poller->next_check <= now;
}

void
fota_poller_put_off(FotaPoller *poller)
{
    poller->next_check = (guint64)fota_clock_now();
}

gboolean
fota_poller_is_cut_off(FotaPoller *poller)
{
    return !poller_config(poller)->fetch_by_module && fota_route_leads_out(NULL, NULL) == 0;
}

void
fota_poller_follow_change(FotaPoller *poller)
{
    gint64 now = fota_clock_now(), wait;

    if (!poller->changed || poller->failed_checks == 0)
        return;
    poller->changed = FALSE;
    poller->tries = 0;
    wait = fota_poll_follow_change(&poller->changes_paid, fota_boot_time(),
                                   (gint64)poller->next_check - now);
    poller->next_check = (guint64)(now + wait);
}

static void
network_changed(gpointer user_data)
{
    FotaPoller *poller = user_data;

    poller->changed = TRUE;
    if (poller->runs)
        return; /* the check may have begun too early: followed when it ends */
    fota_poller_follow_change(poller);
    fota_part_tell(&poller->owner);
}

void
fota_poller_push(FotaPoller *poller)
{
    gint64 now = fota_boot_time();

    if (poller->push_due != 0 || poller_config(poller)->manifest_uri == NULL ||
        is_over_budget(poller))
        return;
    poller->push_due = fota_push_find_time(&poller->pushes, poller->retry_from, now);
    advance_to_push(poller);
    fota_record_log(poller->record, LOG_NOTICE, FOTA_EVENT_NONE,
                    "a text message asks for a check; the manifest is read in %" G_GINT64_FORMAT
                    " seconds, or with the next check",
                    (poller->push_due - now) / G_TIME_SPAN_SECOND);
}

void
fota_poller_set_clock(FotaPoller *poller, const FotaManifest *manifest)
{
    fota_poller_schedule(poller, manifest);
    if (poller->route_watch != 0)
        network_changed(poller);
}

void
fota_poller_begin(FotaPoller *poller)
{
    g_autoptr(GError) error = NULL;

    poller->runs = TRUE;
    poller->changed = FALSE;
    if (poller->push_due != 0)
        fota_push_note(&poller->pushes, fota_boot_time());
    poller->push_due = 0;
    if (poller->route_watch != 0 || poller_config(poller)->fetch_by_module)
        return;
    poller->route_watch = fota_route_watch(network_changed, poller, &error);
    if (error != NULL)
        fota_record_log(poller->record, LOG_WARNING, FOTA_EVENT_NONE, "%s", error->message);
}

gint64
fota_poller_get_budget_time(FotaPoller *poller)
{
    gint64 now = fota_clock_now();
    gboolean is_set =
        now >= FOTA_RELEASE_TIME &&
        now >= fota_trust_get_issued(poller->record->numbers, poller->context->keyring);

    return is_set ? now : 0;
}

/* An answer without a file costs data too, as does one that never came; a signature beside the file
 * needs a request of its own. */
static void
count_check(FotaPoller *poller, const FotaResponse *response)
{
    const char *uri = fota_poller_get_server(poller).uri;
    gsize body = response != NULL && response->body != NULL ? g_bytes_get_size(response->body) : 0;
    guint64 cost = fota_budget_poll_bytes(uri, body);

    if (body > 0 && fota_poller_wants_signature(poller))
        cost += fota_budget_poll_bytes(uri, 0);
    if (response == NULL && fota_poller_is_cut_off(poller))
        cost = 0;
    fota_keeper_count_data(poller->keeper, fota_poller_get_budget_time(poller), (gint64)cost);
    fota_keeper_save_data(poller->keeper);
    if (is_over_budget(poller))
        fota_record_log(poller->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "this month's data is used up ([Limits] MonthlyData=): until the next one "
                        "there are only checks on request");
}

static void
time_saved(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaPoller *poller = user_data;
    G_GNUC_UNUSED g_autoptr(GObject) owner = poller->owner.object;
    g_autoptr(GError) error = NULL;

    if (!fota_store_save_finish(poller->context->store, result, &error))
        fota_record_log(poller->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the time of the last check could not be kept: %s", error->message);
}

/* A message that came during the check waits, too. */
static void
note_retry_after(FotaPoller *poller)
{
    gint64 now = fota_boot_time();

    poller->retry_from = 0;
    if (poller->retry_after <= 0)
        return;
    poller->retry_from = now + fota_poll_wait_as_asked(poller->retry_after, g_random_double());
    if (poller->push_due != 0)
        poller->push_due = fota_push_find_time(&poller->pushes, poller->retry_from, now);
}

void
fota_poller_end(FotaPoller *poller, FotaPollOutcome outcome, const FotaResponse *response,
                gint64 max_age, gboolean asked)
{
    gint64 now = fota_clock_now();
    gboolean failed = outcome == FOTA_POLL_FAILED;

    poller->runs = FALSE;
    poller->failed_checks = failed ? poller->failed_checks + 1 : 0;
    poller->tries = failed ? poller->tries + 1 : 0;
    poller->retry_after =
        failed && response != NULL ? (gint64)MIN(response->retry_after, G_MAXINT64) : 0;
    note_retry_after(poller);
    if (max_age >= 0)
        poller->max_age = max_age;
    if (!failed)
        g_clear_handle_id(&poller->route_watch, g_source_remove);
    poller->checked = TRUE;
    poller->missed = FALSE;
    poller->last_check = (guint64)now;
    if (asked)
        count_check(poller, response);
    if (failed || now < FOTA_RELEASE_TIME)
        return;
    g_object_ref(poller->owner.object);
    fota_store_save_check_time_async(poller->context->store, poller->record->imei, now, time_saved,
                                     poller);
}

gboolean
fota_poller_take_request(FotaPoller *poller, GError **error)
{
    return fota_poll_take_request(&poller->requests, fota_boot_time(), error);
}

guint64
fota_poller_get_last_check(FotaPoller *poller)
{
    return poller->last_check;
}

guint64
fota_poller_get_next_check(FotaPoller *poller)
{
    return poller->next_check;
}
