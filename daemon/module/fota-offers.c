/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-offers.h"

#include <string.h>

#include "base/fota-clock.h"
#include "base/fota-wait.h"

/* How long a rehearsal waits for an answer. */
#define GUEST_SECONDS 900

struct _FotaOffers {
    FotaKeeper *keeper;
    FotaRecord *record;

    gboolean vendor_asked;
    char *vendor_of; /* the revision for which it was asked */
    FotaVendorOffer vendor;

    char *announced; /* token that ApprovalRequested was sent for */

    FotaManifest *guest;  /* the manifest that is rehearsed, NULL = there is no guest */
    gint64 guest_end;     /* boot time, for its answer */
    char *guest_approved; /* token */
};

FotaOffers *
fota_offers_new(FotaKeeper *keeper)
{
    FotaOffers *offers = g_new0(FotaOffers, 1);

    offers->keeper = keeper;
    offers->record = fota_keeper_get_record(keeper);
    return offers;
}

void
fota_offers_free(FotaOffers *offers)
{
    fota_vendor_offer_clear(&offers->vendor);
    g_free(offers->vendor_of);
    g_free(offers->announced);
    fota_offers_dismiss_guest(offers);
    g_free(offers);
}

void
fota_offers_set_vendor(FotaOffers *offers, const FotaVendorOffer *offer)
{
    fota_vendor_offer_clear(&offers->vendor);
    offers->vendor.version = g_strdup(offer->version != NULL ? offer->version : "");
    offers->vendor.text = g_strdup(offer->text);
    offers->vendor.size = offer->size;
    fota_record_set(&offers->vendor_of, offers->record->revision);
    offers->vendor_asked = TRUE;
}

void
fota_offers_forget_vendor(FotaOffers *offers)
{
    offers->vendor_asked = FALSE;
}

const FotaVendorOffer *
fota_offers_get_vendor(FotaOffers *offers)
{
    return offers->vendor_asked && strcmp(offers->vendor_of, offers->record->revision) == 0
               ? &offers->vendor
               : NULL;
}

FotaApprovalGate
fota_offers_get_gate(FotaOffers *offers)
{
    return fota_keeper_get_mark(offers->keeper) == FOTA_MARK_DOWNLOADED
               ? FOTA_APPROVAL_GATE_INSTALL
               : FOTA_APPROVAL_GATE_DOWNLOAD;
}

char *
fota_offers_make_token(FotaOffers *offers, const FotaPlan *plan, gboolean guest)
{
    FotaApprovalGate gate = guest ? FOTA_APPROVAL_GATE_DOWNLOAD : fota_offers_get_gate(offers);
    g_autofree char *rehearsed = NULL;

    if (!guest)
        return g_strdup(plan->gates[gate].token);
    rehearsed = g_strconcat("rehearsal of ", plan->gates[gate].token, NULL);
    return fota_approval_token(plan->manifest->digest, offers->record->imei, plan->from, rehearsed,
                               gate);
}

/* The time for an answer begins when this question is first asked. */
static void
offers_record_question(FotaOffers *offers, const char *token)
{
    FotaRecord *record = offers->record;
    guint64 now = (guint64)fota_clock_now();

    if (record->asked != 0 && strcmp(record->asked_token, token) == 0)
        return;
    if (record->first_offered == 0)
        record->first_offered = now;
    record->asked = now;
    fota_record_set(&record->asked_token, token);
    fota_keeper_save(offers->keeper, NULL);
}

gboolean
fota_offers_ask(FotaOffers *offers, const char *token, gboolean guest)
{
    if (g_strcmp0(offers->announced, token) == 0)
        return FALSE;
    if (!guest)
        offers_record_question(offers, token);
    fota_record_set(&offers->announced, token);
    return TRUE;
}

guint64
fota_offers_get_question_time(FotaOffers *offers, const char *token)
{
    return strcmp(offers->record->asked_token, token) == 0 ? offers->record->asked : 0;
}

void
fota_offers_ask_again(FotaOffers *offers)
{
    g_clear_pointer(&offers->announced, g_free);
}

void
fota_offers_approve(FotaOffers *offers, const char *token)
{
    fota_record_set(&offers->record->approved[fota_offers_get_gate(offers)], token);
    offers->record->deferred_until = 0;
    fota_keeper_note_stage(offers->keeper,
                           fota_offers_get_gate(offers) == FOTA_APPROVAL_GATE_INSTALL
                               ? FOTA_STAGE_INSTALL_APPROVED
                               : FOTA_STAGE_APPROVED);
}

void
fota_offers_refuse(FotaOffers *offers, const char *token, gboolean rejected)
{
    fota_record_set(&offers->record->rejected, rejected ? token : NULL);
    fota_record_set(&offers->record->cancelled, rejected ? NULL : token);
}

void
fota_offers_defer(FotaOffers *offers, gint64 until)
{
    offers->record->deferred_until = (guint64)until;
    offers->record->deferred_for = (guint64)MAX(until - fota_clock_now(), 0);
    offers->record->asked = 0;
    fota_offers_ask_again(offers);
}

void
fota_offers_set_clock(FotaOffers *offers, gint64 now)
{
    FotaRecord *record = offers->record;

    fota_keeper_correct_time(offers->keeper, &record->asked, now);
    fota_keeper_correct_time(offers->keeper, &record->first_offered, now);
    fota_keeper_correct_time(offers->keeper, &record->last_attempt, now);
    fota_keeper_correct_deferral(offers->keeper, &record->deferred_until, record->deferred_for,
                                 now);
}

void
fota_offers_reopen(FotaOffers *offers, const FotaPlan *plan)
{
    FotaRecord *record = offers->record;
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
    fota_offers_ask_again(offers);
}

void
fota_offers_invite(FotaOffers *offers, FotaManifest *manifest)
{
    fota_offers_dismiss_guest(offers);
    offers->guest = fota_manifest_ref(manifest);
    fota_offers_await_guest(offers);
    fota_offers_ask_again(offers);
}

gboolean
fota_offers_has_guest(FotaOffers *offers, const FotaManifest *manifest)
{
    return offers->guest != NULL && manifest != NULL &&
           strcmp(offers->guest->digest, manifest->digest) == 0;
}

const FotaManifest *
fota_offers_get_guest(FotaOffers *offers)
{
    return offers->guest;
}

void
fota_offers_await_guest(FotaOffers *offers)
{
    g_clear_pointer(&offers->guest_approved, g_free);
    offers->guest_end = fota_boot_time() + GUEST_SECONDS * (gint64)G_USEC_PER_SEC;
}

gint64
fota_offers_get_guest_end(FotaOffers *offers)
{
    return offers->guest != NULL && offers->guest_approved == NULL ? offers->guest_end : 0;
}

void
fota_offers_approve_guest(FotaOffers *offers, const char *token)
{
    fota_record_set(&offers->guest_approved, token);
}

gboolean
fota_offers_guest_is_approved(FotaOffers *offers, const char *token)
{
    return g_strcmp0(offers->guest_approved, token) == 0;
}

void
fota_offers_dismiss_guest(FotaOffers *offers)
{
    g_clear_pointer(&offers->guest, fota_manifest_unref);
    g_clear_pointer(&offers->guest_approved, g_free);
}
