/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/job/fota-session.h"
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"
#include "policy/fota-csv.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-trust.h"

#define HTTP_OK 200

/* Reading the manifest: fetch, trust, keep. What follows from it is fota_module_settle()'s. */

static FotaTrustFacts
trust_facts(FotaModule *module)
{
    const FotaRecord *record = module->record;

    return (FotaTrustFacts){
        .imei = record->imei,
        .model = record->model[0] != '\0' ? record->model : NULL,
        .now = fota_clock_now(),
        .floor = FOTA_RELEASE_TIME,
        .keyring = module->context->keyring,
        .numbers = record->numbers,
        .expired = record->expired,
    };
}

static FotaManifest *
open_manifest(FotaModule *module, GBytes *file, const FotaTrustFacts *facts, GError **error)
{
    const FotaModuleConfig *config = fota_module_get_config(module);
    const FotaServer server = fota_module_get_server(module);
    const FotaCsvSource csv = {
        .trust = config->legacy_csv,
        .uri = server.uri,
        .credential = server.credential,
        .from = config->csv_from,
    };

    if (fota_module_reads_csv(module))
        return fota_csv_open(file, &csv, facts, error);
    return fota_trust_open(file, config->require_signature, facts, error);
}

gboolean
fota_module_check_trust(FotaModule *module, GError **error)
{
    const FotaTrustFacts facts = trust_facts(module);

    return fota_trust_check(module->manifest, &facts, error);
}

/* It stays expired when the clock is set back. */
static void
note_expired(FotaModule *module, const FotaManifest *manifest)
{
    g_autofree char *expired =
        fota_trust_note_expired(module->record->expired, manifest, fota_clock_now());

    if (expired == NULL)
        return;
    fota_record_set(&module->record->expired, expired);
    fota_module_save(module, NULL);
}

void
fota_module_note_expired(FotaModule *module, const GError *error)
{
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED))
        note_expired(module, module->manifest);
}

static gboolean
vendor_decides(FotaModule *module)
{
    const char *uri = fota_module_get_config(module)->manifest_uri;

    return uri != NULL && uri[0] == '\0';
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

/* What the manifest at hand proves by its signature: the record that said so may be lost. */
static void
learn_from_manifest(FotaModule *module, GBytes *file)
{
    FotaRecord *record = module->record;
    const FotaTrustFacts no_past = {.imei = record->imei, .keyring = module->context->keyring};
    g_autoptr(FotaManifest) manifest = open_manifest(module, file, &no_past, NULL);

    if (manifest == NULL || manifest->signers == NULL)
        return;
    fota_trust_note(record->numbers, manifest);
    if (record->digest[0] != '\0')
        return;
    set_accepted(record, manifest);
    fota_module_log(module, 5, FOTA_EVENT_NONE,
                    "the manifest at hand says that number %" G_GUINT64_FORMAT " was accepted",
                    record->sequence);
}

void
fota_module_restore_manifest(FotaModule *module)
{
    const FotaTrustFacts facts = trust_facts(module);
    g_autoptr(GBytes) file = fota_store_load_manifest(module->context->store, module->record->imei);
    g_autoptr(GError) error = NULL;

    /* What waits in the module goes on; otherwise the server is asked at its time, not now. */
    if (vendor_decides(module) && module->record->mark != FOTA_MARK_NONE)
        module->manifest = fota_manifest_make_for_vendor(module->record->imei);
    if (vendor_decides(module) || file == NULL)
        return;
    learn_from_manifest(module, file);
    if (module->record->digest[0] == '\0')
        return;
    module->manifest = open_manifest(module, file, &facts, &error);
    if (module->manifest == NULL)
        fota_module_log(module, 5, FOTA_EVENT_NONE, "the manifest kept from before is not used: %s",
                        error->message);
}

void
fota_module_trust_anew(FotaModule *module)
{
    if (module->manifest == NULL || vendor_decides(module))
        return;
    g_clear_pointer(&module->manifest, fota_manifest_unref);
    fota_module_restore_manifest(module);
}

/* @file NULL: made here. */
static void
accept(FotaModule *module, FotaManifest *manifest, GBytes *file)
{
    FotaRecord *record = module->record;
    gboolean same = g_strcmp0(manifest->digest, record->digest) == 0;
    gboolean noted = fota_trust_note(record->numbers, manifest);

    g_clear_pointer(&module->manifest, fota_manifest_unref);
    module->manifest = manifest;
    fota_module_set_offer(module, NULL);
    set_accepted(record, manifest);
    if (same) {
        if (noted)
            fota_module_save(module, file);
        return;
    }
    fota_module_drop_rehearsal(module, "there is another manifest");
    fota_record_forget_offer(record);
    fota_module_follow_server(module);
    fota_module_log(module, 6, FOTA_EVENT_NONE, "manifest %" G_GUINT64_FORMAT " accepted: %s",
                    record->sequence,
                    manifest->has_update ? manifest->update.id : "nothing for this module");
    fota_module_save(module, file);
}

/* One that was refused as expired, and nothing else is wrong with it. */
static void
remember_refused(FotaModule *module, GBytes *file, const GError *error)
{
    FotaTrustFacts facts = trust_facts(module);
    g_autoptr(FotaManifest) manifest = NULL;

    if (!g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED))
        return;
    facts.now = facts.floor = 0;
    manifest = open_manifest(module, file, &facts, NULL);
    if (manifest != NULL)
        note_expired(module, manifest);
}

static gboolean
take_manifest(FotaModule *module, const FotaResponse *response, GError **error)
{
    const FotaTrustFacts facts = trust_facts(module);
    g_autoptr(GError) local_error = NULL;
    FotaManifest *manifest = open_manifest(module, response->body, &facts, &local_error);

    if (manifest == NULL) {
        remember_refused(module, response->body, local_error);
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    fota_record_set(&module->record->etag, response->etag);
    fota_record_set(&module->record->etag_of, fota_module_get_server(module).uri);
    accept(module, manifest, response->body);
    /* What nobody has signed moves no clock. */
    module->max_age =
        module->record->signers[0] != '\0' ? (gint64)MIN(response->max_age, G_MAXINT64) : 0;
    return TRUE;
}

static gboolean
refuse_status(guint status, const char *meaning, GError **error)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_STATUS,
                "the manifest's server answered %u%s", status, meaning);
    return FALSE;
}

/* What the vendor's server has is asked for anew at each check, as it is with an answer of 200. */
static gboolean
keep_manifest(FotaModule *module, guint status, GError **error)
{
    if (module->manifest == NULL)
        return refuse_status(status, ", which it was not asked", error);
    fota_module_set_offer(module, NULL);
    return fota_module_check_trust(module, error);
}

/* FALSE: nothing has changed but @error. */
static gboolean
take_response(FotaModule *module, FotaPollOutcome outcome, const FotaResponse *response,
              GError **error)
{
    switch (outcome) {
    case FOTA_POLL_MANIFEST:
        return take_manifest(module, response, error);
    case FOTA_POLL_UNCHANGED:
        return keep_manifest(module, response->status, error);
    case FOTA_POLL_NOTHING:
        fota_module_log(module, 5, FOTA_EVENT_NONE, "the server has no manifest for this module");
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
    return g_error_matches(error, FOTA_ERROR, FOTA_ERROR_FETCH);
}

/*
 * What is wrong here, with a credential for instance, does not change by itself. Where the network
 * sends us, or what it sends instead of a manifest, may be another one's doing.
 */
static FotaPollOutcome
judge(FotaModule *module, const FotaResponse *response, const GError *error)
{
    FotaPollOutcome outcome;

    if (response == NULL)
        return is_no_answer(error) ||
                       g_error_matches(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_STATUS) ||
                       g_error_matches(error, FOTA_POLICY_ERROR,
                                       FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE)
                   ? FOTA_POLL_FAILED
                   : FOTA_POLL_REFUSED;
    outcome = fota_poll_judge(response->status, module->record->digest[0] != '\0');
    if (outcome == FOTA_POLL_MANIFEST &&
        !fota_poll_is_manifest(response->body, fota_module_reads_csv(module)))
        return FOTA_POLL_FAILED;
    return outcome;
}

/* A gateway without a network is no alarm, nor is the same failure time and again. */
static void
report(FotaModule *module, const GError *error)
{
    gboolean known = error != NULL && strcmp(module->error_text, error->message) == 0;
    gboolean alarm = !known && !(is_no_answer(error) && fota_module_is_cut_off(module));

    fota_module_set_error(module, error);
    if (error != NULL)
        fota_module_log(module, alarm ? 4 : 6,
                        alarm ? FOTA_EVENT_MANIFEST_REFUSED : FOTA_EVENT_NONE,
                        "no manifest (%s): %s", fota_error_get_name(error), error->message);
}

void
fota_module_take_answer(FotaModule *module, const FotaResponse *response, GError *failure)
{
    g_autoptr(GError) error = failure;
    FotaPollOutcome outcome = judge(module, response, error);

    if (is_no_answer(error) && fota_module_is_cut_off(module))
        g_prefix_error(&error, "the gateway has no way to a network now, and asks again as soon as "
                               "it has one: ");
    if (response != NULL)
        take_response(module, outcome, response, &error);
    fota_module_note_check(module, outcome, response);
    report(module, error);
    fota_module_schedule_check(module);
    fota_module_follow_change(module);
}

static void
check_without_manifest(FotaModule *module)
{
    fota_module_note_check(module, FOTA_POLL_MANIFEST, NULL);
    fota_module_set_error(module, NULL);
    accept(module, fota_manifest_make_for_vendor(module->record->imei), NULL);
    fota_module_schedule_check(module);
    fota_module_settle(module);
}

void
fota_module_start_check(FotaModule *module)
{
    fota_module_watch_network(module);
    if (vendor_decides(module))
        check_without_manifest(module);
    else
        fota_module_fetch(module);
}

/*
 * What was cancelled, not rejected, was never answered, or has failed as often as it may is offered
 * again when an operator asks, and asked about anew.
 */
static void
offer_again(FotaModule *module)
{
    FotaRecord *record = module->record;
    g_autoptr(FotaPlan) plan = fota_module_draft_plan(module);
    FotaPlanKind kind = plan != NULL ? plan->kind : FOTA_PLAN_NOTHING_FOR_YOU;
    gboolean cancelled = kind == FOTA_PLAN_REJECTED && record->cancelled[0] != '\0';

    if (kind == FOTA_PLAN_UNANSWERED)
        record->asked = 0;
    if (kind == FOTA_PLAN_FAILED_FOR_GOOD)
        record->attempts = 0;
    if (kind == FOTA_PLAN_FAILED_FOR_GOOD || cancelled) {
        fota_record_set(&record->cancelled, NULL);
        for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
            fota_record_set(&record->approved[i], NULL);
    } else if (kind != FOTA_PLAN_UNANSWERED) {
        return;
    }
    g_clear_pointer(&module->announced, g_free);
}

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    if (!fota_module_accepts(module, FOTA_REQUEST_CHECK, error))
        return FALSE;
    if (fota_module_get_config(module)->manifest_uri == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CONFIGURATION,
                    "no manifest is configured; set Uri= in [Manifest] of %s",
                    fota_config_get_file(module->context->config));
        return FALSE;
    }
    if (!fota_poll_take_request(&module->requests, fota_boot_time(), error))
        return FALSE;
    module->hold_until = 0;
    module->waits = 0;
    offer_again(module);
    fota_module_start_check(module);
    return TRUE;
}
