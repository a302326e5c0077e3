/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-accepted.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "base/fota-text.h"
#include "daemon/fota-error.h"
#include "policy/fota-csv.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-trust.h"

struct _FotaAccepted {
    const FotaContext *context;
    FotaKeeper *keeper;
    FotaRecord *record;
    FotaPoller *poller;
    FotaManifest *manifest; /* NULL = none */
    /* That was read at the start or accepted since, also while its manifest is not valid: the store
     * may not have written it yet. NULL = none. */
    GBytes *file;
};

static const FotaModuleConfig *
accepted_config(FotaAccepted *accepted)
{
    return fota_config_for_module(accepted->context->config, accepted->record->imei);
}

static FotaTrustFacts
trust_facts(FotaAccepted *accepted)
{
    const FotaRecord *record = accepted->record;

    return (FotaTrustFacts){
        .imei = record->imei,
        .model = record->model[0] != '\0' ? record->model : NULL,
        .now = fota_clock_now(),
        .floor = FOTA_RELEASE_TIME,
        .keyring = accepted->context->keyring,
        .numbers = record->numbers,
        .expired = record->expired,
    };
}

static FotaManifest *
open_manifest(FotaAccepted *accepted, GBytes *file, const FotaTrustFacts *facts, GError **error)
{
    const FotaModuleConfig *config = accepted_config(accepted);
    const FotaServer server = fota_poller_get_server(accepted->poller);
    const FotaCsvSource csv = {
        .trust = config->legacy_csv,
        .uri = server.uri,
        .credential = server.credential,
        .from = config->csv_from,
        .salt = config->salt,
    };

    if (fota_poller_reads_csv(accepted->poller))
        return fota_csv_open(file, &csv, facts, error);
    return fota_trust_open(file, config->require_signature, facts, error);
}

gboolean
fota_accepted_is_trusted(FotaAccepted *accepted, GError **error)
{
    const FotaTrustFacts facts = trust_facts(accepted);

    return fota_trust_judge(accepted->manifest, &facts, error) &&
           fota_credential_allow_manifest(accepted->manifest, fota_poller_find_use,
                                          accepted->poller, error);
}

static void
warn_of_server(FotaAccepted *accepted, const FotaServer *to)
{
    g_autofree char *origin = fota_text_get_origin(to->uri);

    if (fota_credential_is_exposed(to))
        fota_record_log(accepted->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the login %s will go to %s without encryption; use one that opens "
                        "nothing else",
                        to->credential, origin);
}

static void
warn_of_exposed(FotaAccepted *accepted)
{
    const FotaManifestUpdate *update = &accepted->manifest->update;

    for (guint i = 0; i < update->n_steps; i++) {
        const FotaDelta *delta = &update->steps[i].delta;

        for (guint j = 0; delta->uri[j] != NULL; j++)
            warn_of_server(accepted, &(FotaServer){delta->uri[j], delta->credential});
    }
}

/* It stays expired when the clock is set back. */
static void
note_expired(FotaAccepted *accepted, const FotaManifest *manifest)
{
    g_autofree char *expired =
        fota_trust_note_expired(accepted->record->expired, manifest, fota_clock_now());

    if (expired == NULL)
        return;
    fota_record_set(&accepted->record->expired, expired);
    fota_keeper_save(accepted->keeper, NULL);
}

void
fota_accepted_note_expired(FotaAccepted *accepted)
{
    if (accepted->manifest != NULL)
        note_expired(accepted, accepted->manifest);
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

/* Fills a record that was lost from the signed manifest at hand. */
static void
learn_from_manifest(FotaAccepted *accepted)
{
    FotaRecord *record = accepted->record;
    const FotaTrustFacts no_past = {.imei = record->imei, .keyring = accepted->context->keyring};
    g_autoptr(FotaManifest) manifest = open_manifest(accepted, accepted->file, &no_past, NULL);

    if (manifest == NULL || manifest->signers == NULL)
        return;
    fota_trust_note(record->numbers, manifest);
    if (record->digest[0] != '\0')
        return;
    set_accepted(record, manifest);
    fota_record_log(accepted->record, LOG_NOTICE, FOTA_EVENT_NONE,
                    "the manifest at hand says that number %" G_GUINT64_FORMAT " was accepted",
                    record->sequence);
}

static void
restore_manifest(FotaAccepted *accepted)
{
    const FotaTrustFacts facts = trust_facts(accepted);
    g_autoptr(GError) error = NULL;

    /* An update in the module continues; otherwise the next check asks the server. */
    if (!fota_poller_reads_file(accepted->poller) &&
        fota_keeper_get_mark(accepted->keeper) != FOTA_MARK_NONE)
        accepted->manifest = fota_manifest_make_for_vendor(accepted->record->imei);
    if (!fota_poller_reads_file(accepted->poller) || accepted->file == NULL)
        return;
    learn_from_manifest(accepted);
    if (accepted->record->digest[0] == '\0')
        return;
    accepted->manifest = open_manifest(accepted, accepted->file, &facts, &error);
    /* The attempts and answers in the record belong to another manifest. */
    if (accepted->manifest != NULL &&
        strcmp(accepted->manifest->digest, accepted->record->digest) != 0) {
        g_clear_pointer(&accepted->manifest, fota_manifest_unref);
        g_set_error(&error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD,
                    "the record tells of another one; the server is asked again");
    }
    if (accepted->manifest == NULL)
        fota_record_log(accepted->record, LOG_NOTICE, FOTA_EVENT_NONE,
                        "the manifest kept from before is not used: %s", error->message);
}

void
fota_accepted_trust_anew(FotaAccepted *accepted)
{
    if (!fota_poller_reads_file(accepted->poller))
        return;
    g_clear_pointer(&accepted->manifest, fota_manifest_unref);
    restore_manifest(accepted);
}

/* @file NULL: the manifest was made here. */
static void
accept_manifest(FotaAccepted *accepted, FotaManifest *manifest, GBytes *file)
{
    FotaRecord *record = accepted->record;
    gboolean same = g_strcmp0(manifest->digest, record->digest) == 0;
    gboolean noted = fota_trust_note(record->numbers, manifest);

    g_clear_pointer(&accepted->manifest, fota_manifest_unref);
    g_clear_pointer(&accepted->file, g_bytes_unref);
    accepted->manifest = manifest;
    accepted->file = file != NULL ? g_bytes_ref(file) : NULL;
    set_accepted(record, manifest);
    if (same) {
        if (noted)
            fota_keeper_save(accepted->keeper, file);
        return;
    }
    fota_record_forget_offer(record);
    fota_poller_follow_server(accepted->poller, &manifest->next_server);
    fota_record_log(accepted->record, LOG_INFO, FOTA_EVENT_NONE,
                    "manifest %" G_GUINT64_FORMAT " accepted: %s", record->sequence,
                    manifest->has_update ? manifest->update.id : "nothing for this module");
    warn_of_exposed(accepted);
    fota_keeper_save(accepted->keeper, file);
}

/* Remembers a manifest that was refused for no other reason than its expiry. */
static void
remember_refused(FotaAccepted *accepted, GBytes *file, const GError *error)
{
    FotaTrustFacts facts = trust_facts(accepted);
    g_autoptr(FotaManifest) manifest = NULL;

    if (!g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED))
        return;
    facts.now = facts.floor = 0;
    manifest = open_manifest(accepted, file, &facts, NULL);
    if (manifest != NULL)
        note_expired(accepted, manifest);
}

gboolean
fota_accepted_take_file(FotaAccepted *accepted, GBytes *file, const char *etag, GError **error)
{
    const FotaTrustFacts facts = trust_facts(accepted);
    g_autoptr(GError) local_error = NULL;
    FotaManifest *manifest = open_manifest(accepted, file, &facts, &local_error);

    if (manifest != NULL) {
        fota_record_set(&accepted->record->etag, etag);
        fota_record_set(&accepted->record->etag_of, fota_poller_get_server(accepted->poller).uri);
        accept_manifest(accepted, manifest, file);
        return TRUE;
    }
    remember_refused(accepted, file, local_error);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

void
fota_accepted_take_vendor(FotaAccepted *accepted)
{
    accept_manifest(accepted, fota_manifest_make_for_vendor(accepted->record->imei), NULL);
}

/*
 * Without the manifest at hand, "not modified" would leave nothing to use; and a csv may get a new
 * signature without having changed.
 */
const char *
fota_accepted_get_etag(FotaAccepted *accepted)
{
    const FotaRecord *record = accepted->record;
    gboolean known = accepted->manifest != NULL && record->etag[0] != '\0' &&
                     strcmp(record->etag_of, fota_poller_get_server(accepted->poller).uri) == 0 &&
                     !fota_poller_reads_csv(accepted->poller);

    return known ? record->etag : NULL;
}

FotaManifest *
fota_accepted_get(FotaAccepted *accepted)
{
    return accepted->manifest;
}

FotaAccepted *
fota_accepted_new(const FotaContext *context, FotaKeeper *keeper, FotaPoller *poller)
{
    FotaAccepted *accepted = g_new0(FotaAccepted, 1);

    accepted->context = context;
    accepted->keeper = keeper;
    accepted->record = fota_keeper_get_record(keeper);
    accepted->poller = poller;
    accepted->file = fota_store_load_manifest(context->store, accepted->record->imei);
    restore_manifest(accepted);
    return accepted;
}

void
fota_accepted_free(FotaAccepted *accepted)
{
    g_clear_pointer(&accepted->manifest, fota_manifest_unref);
    g_clear_pointer(&accepted->file, g_bytes_unref);
    g_free(accepted);
}
