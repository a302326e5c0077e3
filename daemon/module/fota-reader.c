/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-reader.h"

#include <string.h>
#include <syslog.h>

#include "daemon/fota-error.h"
#include "policy/fota-csv.h"
#include "policy/fota-policy-error.h"

#define HTTP_OK 200
#define HTTP_UNAUTHORIZED 401
#define HTTP_NOT_FOUND 404

struct _FotaReader {
    FotaPartOwner owner;
    const FotaContext *context;
    FotaRecord *record;
    FotaPoller *poller;
    FotaAccepted *accepted;
    GCancellable *fetch; /* while a file is being fetched */
    GBytes *csv;         /* while its signature is being fetched */
    gint64 max_age;      /* of what the check has accepted, negative = nothing */
    guint checks;
    GError *error;
};

static gboolean
take_manifest(FotaReader *reader, const FotaResponse *response, GError **error)
{
    if (!fota_accepted_take_file(reader->accepted, response->body, response->etag, error))
        return FALSE;
    /* An unsigned max-age delays no check. */
    reader->max_age =
        reader->record->signers[0] != '\0' ? (gint64)MIN(response->max_age, G_MAXINT64) : 0;
    return TRUE;
}

static gboolean
refuse_status(guint status, const char *meaning, GError **error)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNAVAILABLE,
                "the manifest's server answered %u%s", status, meaning);
    return FALSE;
}

/* If FALSE, nothing but @error has changed. */
static gboolean
take_response(FotaReader *reader, FotaPollOutcome outcome, const FotaResponse *response,
              GError **error)
{
    switch (outcome) {
    case FOTA_POLL_MANIFEST:
        return take_manifest(reader, response, error);
    case FOTA_POLL_UNCHANGED:
        return fota_accepted_is_trusted(reader->accepted, error);
    case FOTA_POLL_NOTHING:
        fota_record_log(reader->record, LOG_NOTICE, FOTA_EVENT_NONE,
                        "the server has no manifest for this module");
        return TRUE;
    case FOTA_POLL_WITHHELD:
        return refuse_status(response->status,
                             ": it has no manifest for this module, although it had one before; "
                             "that one stays in force. For no update, publish an empty one",
                             error);
    case FOTA_POLL_REFUSED:
        return refuse_status(response->status, "; look at [Manifest] Credential=", error);
    case FOTA_POLL_FAILED:
        break;
    }
    if (response->status == HTTP_OK)
        return refuse_status(response->status,
                             ", but what it sent is no manifest, perhaps because the network "
                             "wants a login first; it will be asked again",
                             error);
    return refuse_status(response->status, "; it will be asked again", error);
}

static gboolean
is_no_answer(const GError *error)
{
    return g_error_matches(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE);
}

/*
 * A fault of the gateway, such as a bad credential, does not disappear by itself. A redirection, a
 * page instead of a manifest, or a "not modified" without one at hand, may come from the network in
 * between.
 */
static FotaPollOutcome
judge_response(FotaReader *reader, const FotaResponse *response, const GError *error)
{
    FotaPollOutcome outcome;

    if (response == NULL)
        return is_no_answer(error) ||
                       g_error_matches(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNAVAILABLE) ||
                       g_error_matches(error, FOTA_POLICY_ERROR,
                                       FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE)
                   ? FOTA_POLL_FAILED
                   : FOTA_POLL_REFUSED;
    outcome = fota_poll_judge(response->status, reader->record->digest[0] != '\0');
    if (outcome == FOTA_POLL_MANIFEST &&
        !fota_poll_is_manifest(response->body, fota_poller_reads_csv(reader->poller)))
        return FOTA_POLL_FAILED;
    return outcome == FOTA_POLL_UNCHANGED && fota_accepted_get(reader->accepted) == NULL
               ? FOTA_POLL_FAILED
               : outcome;
}

/* A gateway without a network is no alarm, nor is the same failure repeated. */
static void
report_check(FotaReader *reader, GError *error)
{
    gboolean known = error != NULL && reader->error != NULL &&
                     strcmp(reader->error->message, error->message) == 0;
    gboolean alarm = !known && !(is_no_answer(error) && fota_poller_is_cut_off(reader->poller));

    if (error != NULL)
        fota_record_log(reader->record, alarm ? LOG_WARNING : LOG_INFO,
                        alarm ? FOTA_EVENT_MANIFEST_REFUSED : FOTA_EVENT_NONE,
                        "no manifest (%s): %s", fota_error_get_name(error), error->message);
    g_clear_error(&reader->error);
    reader->error = error;
    reader->checks++;
}

static void
take_answer(FotaReader *reader, const FotaResponse *response, GError *failure)
{
    GError *error = failure;
    FotaPollOutcome outcome = judge_response(reader, response, error);

    if (is_no_answer(error) && fota_poller_is_cut_off(reader->poller))
        g_prefix_error(&error, "the gateway has no way to a network now, and asks again as soon as "
                               "it has one: ");
    reader->max_age = -1;
    if (response != NULL)
        take_response(reader, outcome, response, &error);
    fota_poller_end(reader->poller, outcome, response, reader->max_age,
                    response != NULL || outcome == FOTA_POLL_FAILED);
    report_check(reader, error);
    fota_poller_schedule(reader->poller, fota_accepted_get(reader->accepted));
    fota_poller_follow_change(reader->poller);
}

/* fota_csv_open() decides whether a csv without a signature is accepted. */
static void
join_signature(FotaReader *reader, FotaResponse *response)
{
    GBytes *file;

    if (response->status != HTTP_OK && response->status != HTTP_NOT_FOUND)
        return;
    file = fota_csv_join(reader->csv, response->status == HTTP_OK ? response->body : NULL);
    g_bytes_unref(response->body);
    response->body = file;
    response->status = HTTP_OK;
}

static void request_file(FotaReader *reader, const char *suffix);

/* A file has arrived, or has failed to: the manifest, or, if there is a csv, its signature. */
static void
fetch_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaReader *reader = user_data;
    G_GNUC_UNUSED g_autoptr(GObject) owner = reader->owner.object;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);
    gboolean stopped = g_cancellable_is_cancelled(reader->fetch);

    g_clear_object(&reader->fetch);
    if (!stopped && reader->csv == NULL && response != NULL && response->status == HTTP_OK &&
        fota_poller_wants_signature(reader->poller)) {
        reader->csv = g_bytes_ref(response->body);
        request_file(reader, FOTA_CSV_SIGNATURE);
        return;
    }
    if (!stopped && reader->csv != NULL && response != NULL)
        join_signature(reader, response);
    g_clear_pointer(&reader->csv, g_bytes_unref);
    if (!stopped)
        take_answer(reader, response, g_steal_pointer(&error));
    fota_part_tell(&reader->owner);
}

static void
request_file(FotaReader *reader, const char *suffix)
{
    const FotaModuleConfig *config =
        fota_config_for_module(reader->context->config, reader->record->imei);
    g_autofree char *file_uri = fota_poller_get_uri(reader->poller);
    g_autofree char *uri = g_strconcat(file_uri, suffix, NULL);
    g_auto(FotaRequest) request = fota_request_make(
        reader->context, config, fota_poller_get_server(reader->poller).credential, TRUE);

    request.uri = uri;
    request.etag = fota_accepted_get_etag(reader->accepted);
    request.max_bytes = FOTA_MANIFEST_MAX_BYTES;
    reader->fetch = g_cancellable_new();
    g_object_ref(reader->owner.object);
    fota_fetch_async(&request, reader->fetch, fetch_done, reader);
}

/* A plugin's error about a server as an HTTP status. What is missing now may be there next time. */
void
fota_reader_take_job(FotaReader *reader, const FotaJobEnd *end)
{
    FotaResponse response = {.body = end->contents};
    GError *error = NULL;

    if (end->error == NULL)
        response.status = HTTP_OK;
    else if (g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING))
        response.status = HTTP_NOT_FOUND;
    else if (g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED))
        response.status = HTTP_UNAUTHORIZED;
    else if (end->result == FOTA_RESULT_FAILED_FOR_GOOD)
        error = g_error_copy(end->error);
    else
        error =
            g_error_new_literal(FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE, end->error->message);
    take_answer(reader, response.status != 0 ? &response : NULL, error);
}

void
fota_reader_start(FotaReader *reader)
{
    fota_poller_begin(reader->poller);
    if (fota_poller_reads_file(reader->poller)) {
        request_file(reader, "");
        return;
    }
    fota_poller_end(reader->poller, FOTA_POLL_MANIFEST, NULL, -1, FALSE);
    report_check(reader, NULL);
    fota_accepted_take_vendor(reader->accepted);
    fota_poller_schedule(reader->poller, fota_accepted_get(reader->accepted));
    fota_part_tell(&reader->owner);
}

void
fota_reader_fail(FotaReader *reader, GError *error)
{
    take_answer(reader, NULL, error);
}

gboolean
fota_reader_is_busy(FotaReader *reader)
{
    return reader->fetch != NULL;
}

void
fota_reader_stop(FotaReader *reader)
{
    if (reader->fetch != NULL)
        g_cancellable_cancel(reader->fetch);
}

guint
fota_reader_get_checks(FotaReader *reader)
{
    return reader->checks;
}

const GError *
fota_reader_get_error(FotaReader *reader)
{
    return reader->error;
}

FotaReader *
fota_reader_new(const FotaContext *context, FotaRecord *record, FotaPoller *poller,
                FotaAccepted *accepted, const FotaPartOwner *owner)
{
    FotaReader *reader = g_new0(FotaReader, 1);

    reader->owner = *owner;
    reader->context = context;
    reader->record = record;
    reader->poller = poller;
    reader->accepted = accepted;
    return reader;
}

void
fota_reader_free(FotaReader *reader)
{
    g_clear_pointer(&reader->csv, g_bytes_unref);
    g_clear_error(&reader->error);
    g_free(reader);
}
