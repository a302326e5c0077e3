/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-reader.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "base/fota-text.h"
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-csv.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-trust.h"

#define HTTP_OK 200
#define HTTP_UNAUTHORIZED 401
#define HTTP_NOT_FOUND 404

struct _FotaReader {
    FotaPartOwner owner;
    const FotaContext *context;
    FotaKeeper *keeper;
    FotaRecord *record;
    FotaPoller *poller;
    FotaManifest *manifest; /* accepted last; NULL = none */
    GCancellable *fetch;    /* while its file is being fetched */
    GBytes *csv;            /* while its signature is being fetched */
    gint64 max_age;         /* of what the check has accepted, negative = nothing */
    guint checks;
    GError *error;
};

static void reader_log(FotaReader *reader, int level, FotaEvent event, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void
reader_log(FotaReader *reader, int level, FotaEvent event, const char *format, ...)
{
    FotaLogContext context = {.imei = reader->record->imei};
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fota_log(level, event, &context, "%s", text);
}

static const FotaModuleConfig *
reader_config(FotaReader *reader)
{
    return fota_config_for_module(reader->context->config, reader->record->imei);
}

static gboolean
reads_csv(FotaReader *reader)
{
    const char *uri = fota_poller_get_server(reader->poller).uri;

    return uri != NULL && g_str_has_suffix(uri, ".csv");
}

gboolean
fota_reader_wants_signature(FotaReader *reader)
{
    return reads_csv(reader) && reader_config(reader)->legacy_csv == FOTA_CSV_SIGNED;
}

char *
fota_reader_get_uri(FotaReader *reader)
{
    const FotaRecord *record = reader->record;

    return fota_text_expand_uri(fota_poller_get_server(reader->poller).uri, record->imei,
                                record->model, reader_config(reader)->salt);
}

gboolean
fota_reader_reads_file(FotaReader *reader)
{
    const char *uri = reader_config(reader)->manifest_uri;

    return uri == NULL || uri[0] != '\0';
}

static FotaTrustFacts
trust_facts(FotaReader *reader)
{
    const FotaRecord *record = reader->record;

    return (FotaTrustFacts){
        .imei = record->imei,
        .model = record->model[0] != '\0' ? record->model : NULL,
        .now = fota_clock_now(),
        .floor = FOTA_RELEASE_TIME,
        .keyring = reader->context->keyring,
        .numbers = record->numbers,
        .expired = record->expired,
    };
}

static FotaManifest *
open_manifest(FotaReader *reader, GBytes *file, const FotaTrustFacts *facts, GError **error)
{
    const FotaModuleConfig *config = reader_config(reader);
    const FotaServer server = fota_poller_get_server(reader->poller);
    const FotaCsvSource csv = {
        .trust = config->legacy_csv,
        .uri = server.uri,
        .credential = server.credential,
        .from = config->csv_from,
        .salt = config->salt,
    };

    if (reads_csv(reader))
        return fota_csv_open(file, &csv, facts, error);
    return fota_trust_open(file, config->require_signature, facts, error);
}

gboolean
fota_reader_check_trust(FotaReader *reader, GError **error)
{
    const FotaTrustFacts facts = trust_facts(reader);

    return fota_trust_check(reader->manifest, &facts, error) &&
           fota_credential_check_manifest(reader->manifest, fota_poller_find_use, reader->poller,
                                          error);
}

static void
warn_of_exposed(FotaReader *reader)
{
    const FotaManifestUpdate *update = &reader->manifest->update;

    for (guint i = 0; i < update->n_steps; i++) {
        const FotaDelta *delta = &update->steps[i].delta;
        const FotaServer to = {delta->uri, delta->credential};
        g_autofree char *origin = delta->uri != NULL ? fota_text_get_origin(delta->uri) : NULL;

        if (fota_credential_is_exposed(&to))
            reader_log(reader, LOG_WARNING, FOTA_EVENT_NONE,
                       "the login %s will go to %s without encryption; use one that opens "
                       "nothing else",
                       to.credential, origin);
    }
}

/* It stays expired when the clock is set back. */
static void
note_expired(FotaReader *reader, const FotaManifest *manifest)
{
    g_autofree char *expired =
        fota_trust_note_expired(reader->record->expired, manifest, fota_clock_now());

    if (expired == NULL)
        return;
    fota_record_set(&reader->record->expired, expired);
    fota_keeper_save(reader->keeper, NULL);
}

void
fota_reader_note_expired(FotaReader *reader)
{
    if (reader->manifest != NULL)
        note_expired(reader, reader->manifest);
}

static void
set_accepted(FotaRecord *record, const FotaManifest *manifest)
{
    g_autofree char *signers =
        manifest->signers != NULL ? g_strjoinv(" ", (GStrv)manifest->signers) : NULL;

    if (manifest->sequence_number != 0)
        record->sequence = (guint64)manifest->sequence_number;
    record->issued = (guint64)manifest->issued;
    fota_record_set(&record->digest, manifest->digest);
    fota_record_set(&record->signers, signers);
}

/* Learns from the signed manifest at hand what a record that was lost had said. */
static void
learn_from_manifest(FotaReader *reader, GBytes *file)
{
    FotaRecord *record = reader->record;
    const FotaTrustFacts no_past = {.imei = record->imei, .keyring = reader->context->keyring};
    g_autoptr(FotaManifest) manifest = open_manifest(reader, file, &no_past, NULL);

    if (manifest == NULL || manifest->signers == NULL)
        return;
    fota_trust_note(record->numbers, manifest);
    if (record->digest[0] != '\0')
        return;
    set_accepted(record, manifest);
    reader_log(reader, LOG_NOTICE, FOTA_EVENT_NONE,
               "the manifest at hand says that number %" G_GUINT64_FORMAT " was accepted",
               record->sequence);
}

static void
restore_manifest(FotaReader *reader)
{
    const FotaTrustFacts facts = trust_facts(reader);
    g_autoptr(GBytes) file = fota_store_load_manifest(reader->context->store, reader->record->imei);
    g_autoptr(GError) error = NULL;

    /* An update in the module continues; otherwise the next check asks the server. */
    if (!fota_reader_reads_file(reader) && fota_keeper_get_mark(reader->keeper) != FOTA_MARK_NONE)
        reader->manifest = fota_manifest_make_for_vendor(reader->record->imei);
    if (!fota_reader_reads_file(reader) || file == NULL)
        return;
    learn_from_manifest(reader, file);
    if (reader->record->digest[0] == '\0')
        return;
    reader->manifest = open_manifest(reader, file, &facts, &error);
    /* What the record tells of attempts and answers would be taken for this one's. */
    if (reader->manifest != NULL && strcmp(reader->manifest->digest, reader->record->digest) != 0) {
        g_clear_pointer(&reader->manifest, fota_manifest_unref);
        g_set_error(&error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD,
                    "the record tells of another one; the server is asked again");
    }
    if (reader->manifest == NULL)
        reader_log(reader, LOG_NOTICE, FOTA_EVENT_NONE,
                   "the manifest kept from before is not used: %s", error->message);
}

void
fota_reader_trust_anew(FotaReader *reader)
{
    if (reader->manifest == NULL || !fota_reader_reads_file(reader))
        return;
    g_clear_pointer(&reader->manifest, fota_manifest_unref);
    restore_manifest(reader);
}

/* @file NULL: the manifest was made here. */
static void
accept(FotaReader *reader, FotaManifest *manifest, GBytes *file)
{
    FotaRecord *record = reader->record;
    gboolean same = g_strcmp0(manifest->digest, record->digest) == 0;
    gboolean noted = fota_trust_note(record->numbers, manifest);

    g_clear_pointer(&reader->manifest, fota_manifest_unref);
    reader->manifest = manifest;
    set_accepted(record, manifest);
    if (same) {
        if (noted)
            fota_keeper_save(reader->keeper, file);
        return;
    }
    fota_record_forget_offer(record);
    fota_poller_follow_server(reader->poller, &manifest->next_server);
    reader_log(reader, LOG_INFO, FOTA_EVENT_NONE, "manifest %" G_GUINT64_FORMAT " accepted: %s",
               record->sequence,
               manifest->has_update ? manifest->update.id : "nothing for this module");
    warn_of_exposed(reader);
    fota_keeper_save(reader->keeper, file);
}

/* Remembers a manifest that was refused for no other reason than its expiry. */
static void
remember_refused(FotaReader *reader, GBytes *file, const GError *error)
{
    FotaTrustFacts facts = trust_facts(reader);
    g_autoptr(FotaManifest) manifest = NULL;

    if (!g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED))
        return;
    facts.now = facts.floor = 0;
    manifest = open_manifest(reader, file, &facts, NULL);
    if (manifest != NULL)
        note_expired(reader, manifest);
}

static gboolean
take_manifest(FotaReader *reader, const FotaResponse *response, GError **error)
{
    const FotaTrustFacts facts = trust_facts(reader);
    g_autoptr(GError) local_error = NULL;
    FotaManifest *manifest = open_manifest(reader, response->body, &facts, &local_error);

    if (manifest == NULL) {
        remember_refused(reader, response->body, local_error);
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    fota_record_set(&reader->record->etag, response->etag);
    fota_record_set(&reader->record->etag_of, fota_poller_get_server(reader->poller).uri);
    accept(reader, manifest, response->body);
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

/* Each check asks the vendor's server again, as after an answer of 200. */
static gboolean
keep_manifest(FotaReader *reader, guint status, GError **error)
{
    if (reader->manifest == NULL)
        return refuse_status(status, ", which it was not asked", error);
    return fota_reader_check_trust(reader, error);
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
        return keep_manifest(reader, response->status, error);
    case FOTA_POLL_NOTHING:
        reader_log(reader, LOG_NOTICE, FOTA_EVENT_NONE,
                   "the server has no manifest for this module");
        return TRUE;
    case FOTA_POLL_WITHHELD:
        return refuse_status(response->status,
                             ": it has no manifest for this module, although it had one before; "
                             "that one stays in force. To offer nothing, publish an empty update",
                             error);
    case FOTA_POLL_REFUSED:
        return refuse_status(response->status, "; look at [Manifest] Credential=", error);
    case FOTA_POLL_FAILED:
        break;
    }
    if (response->status == HTTP_OK)
        return refuse_status(response->status,
                             ", but with something that is no manifest, as a network does that "
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
 * A fault of the gateway, such as a bad credential, does not disappear by itself. A redirection, or
 * a page instead of a manifest, may come from the network in between.
 */
static FotaPollOutcome
judge(FotaReader *reader, const FotaResponse *response, const GError *error)
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
    if (outcome == FOTA_POLL_MANIFEST && !fota_poll_is_manifest(response->body, reads_csv(reader)))
        return FOTA_POLL_FAILED;
    return outcome;
}

/* A gateway without a network is no alarm, nor is the same failure repeated. */
static void
report(FotaReader *reader, GError *error)
{
    gboolean known = error != NULL && reader->error != NULL &&
                     strcmp(reader->error->message, error->message) == 0;
    gboolean alarm = !known && !(is_no_answer(error) && fota_poller_is_cut_off(reader->poller));

    if (error != NULL)
        reader_log(reader, alarm ? LOG_WARNING : LOG_INFO,
                   alarm ? FOTA_EVENT_MANIFEST_REFUSED : FOTA_EVENT_NONE, "no manifest (%s): %s",
                   fota_error_get_name(error), error->message);
    g_clear_error(&reader->error);
    reader->error = error;
    reader->checks++;
}

static void
take_answer(FotaReader *reader, const FotaResponse *response, GError *failure)
{
    GError *error = failure;
    FotaPollOutcome outcome = judge(reader, response, error);

    if (is_no_answer(error) && fota_poller_is_cut_off(reader->poller))
        g_prefix_error(&error, "the gateway has no way to a network now, and asks again as soon as "
                               "it has one: ");
    reader->max_age = -1;
    if (response != NULL)
        take_response(reader, outcome, response, &error);
    fota_poller_end(reader->poller, outcome, response, reader->max_age,
                    response != NULL || outcome == FOTA_POLL_FAILED);
    report(reader, error);
    fota_poller_schedule(reader->poller, reader->manifest);
    fota_poller_follow_change(reader->poller);
}

static void
finish(FotaReader *reader, const FotaResponse *response, GError *error)
{
    g_clear_pointer(&reader->csv, g_bytes_unref);
    take_answer(reader, response, error);
    fota_part_tell(&reader->owner);
}

static void request(FotaReader *reader, const char *suffix, GAsyncReadyCallback done);

/* fota_csv_open() decides whether a csv without a signature is accepted. */
static void
signature_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaReader *reader = user_data;
    g_autoptr(GObject) owner = reader->owner.object;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);

    gboolean stopped = g_cancellable_is_cancelled(reader->fetch);

    g_clear_object(&reader->fetch);
    if (stopped) {
        g_clear_pointer(&reader->csv, g_bytes_unref);
        fota_part_tell(&reader->owner);
        return;
    }
    if (response != NULL && (response->status == HTTP_OK || response->status == HTTP_NOT_FOUND)) {
        GBytes *minisig = response->status == HTTP_OK ? response->body : NULL;
        GBytes *file = fota_csv_join(reader->csv, minisig);

        g_bytes_unref(response->body);
        response->body = file;
        response->status = HTTP_OK;
    }
    finish(reader, response, g_steal_pointer(&error));
}

static void
file_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaReader *reader = user_data;
    g_autoptr(GObject) owner = reader->owner.object;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);

    gboolean stopped = g_cancellable_is_cancelled(reader->fetch);

    g_clear_object(&reader->fetch);
    if (stopped) {
        g_clear_pointer(&reader->csv, g_bytes_unref);
        fota_part_tell(&reader->owner);
        return;
    }
    if (response != NULL && response->status == HTTP_OK && fota_reader_wants_signature(reader)) {
        reader->csv = g_bytes_ref(response->body);
        request(reader, FOTA_CSV_SIGNATURE, signature_done);
        return;
    }
    finish(reader, response, g_steal_pointer(&error));
}

static char *
find_credential(const char *config_file, const char *name)
{
    return name != NULL ? fota_credential_get_path(config_file, name) : NULL;
}

static void
request(FotaReader *reader, const char *suffix, GAsyncReadyCallback done)
{
    const FotaRecord *record = reader->record;
    const FotaServer server = fota_poller_get_server(reader->poller);
    const char *config_file = fota_config_get_file(reader->context->config);
    g_autofree char *file_uri = fota_reader_get_uri(reader);
    g_autofree char *uri = g_strconcat(file_uri, suffix, NULL);
    const FotaModuleConfig *config = reader_config(reader);
    g_autofree char *credential = find_credential(config_file, server.credential);
    g_autofree char *certificate = find_credential(config_file, config->client_certificate);
    g_autofree char *key = find_credential(config_file, config->client_key);
    /*
     * Without the manifest at hand, "not modified" would leave nothing to use; and a csv may get a
     * new signature without having changed.
     */
    gboolean known = reader->manifest != NULL && record->etag[0] != '\0' &&
                     strcmp(record->etag_of, server.uri) == 0 && !reads_csv(reader);
    const FotaRequest request = {
        .socket = reader->context->fetch_socket,
        .uri = uri,
        .credential = credential,
        .ca_file = config->certificate_authority,
        .client_certificate = certificate,
        .client_key = key,
        .proxy = config->proxy,
        .etag = known ? record->etag : NULL,
        .max_bytes = FOTA_MANIFEST_MAX_BYTES,
    };

    reader->fetch = g_cancellable_new();
    g_object_ref(reader->owner.object);
    fota_fetch_async(&request, reader->fetch, done, reader);
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

static void
check_without_file(FotaReader *reader)
{
    fota_poller_end(reader->poller, FOTA_POLL_MANIFEST, NULL, -1, FALSE);
    report(reader, NULL);
    accept(reader, fota_manifest_make_for_vendor(reader->record->imei), NULL);
    fota_poller_schedule(reader->poller, reader->manifest);
    fota_part_tell(&reader->owner);
}

void
fota_reader_start(FotaReader *reader)
{
    fota_poller_begin(reader->poller);
    if (fota_reader_reads_file(reader))
        request(reader, "", file_done);
    else
        check_without_file(reader);
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

FotaManifest *
fota_reader_get_manifest(FotaReader *reader)
{
    return reader->manifest;
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
fota_reader_new(const FotaContext *context, FotaKeeper *keeper, FotaPoller *poller,
                const FotaPartOwner *owner)
{
    FotaReader *reader = g_new0(FotaReader, 1);

    reader->owner = *owner;
    reader->context = context;
    reader->keeper = keeper;
    reader->record = fota_keeper_get_record(keeper);
    reader->poller = poller;
    restore_manifest(reader);
    return reader;
}

void
fota_reader_free(FotaReader *reader)
{
    g_clear_pointer(&reader->manifest, fota_manifest_unref);
    g_clear_pointer(&reader->csv, g_bytes_unref);
    g_clear_error(&reader->error);
    g_free(reader);
}
