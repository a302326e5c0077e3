/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-keeper.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-manifest.h"
#include "policy/fota-next.h"

G_BEGIN_DECLS

/**
 * What is offered to the application and what it has answered: what the vendor's server has, the
 * tokens, and the guest. The guest is a rehearsal, which is not in the record, ends with its
 * manifest, and waits for its answer for a limited time; with it, as long as something blocks it.
 */
typedef struct _FotaOffers FotaOffers;

/** @keeper outlives it. */
FotaOffers *fota_offers_new(FotaKeeper *keeper);
void fota_offers_free(FotaOffers *offers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaOffers, fota_offers_free)

/** What the vendor's server has for the revision that the module runs now; copied. */
void fota_offers_set_vendor(FotaOffers *offers, const FotaVendorOffer *offer);
/** Makes the next check ask the vendor's server again. */
void fota_offers_forget_vendor(FotaOffers *offers);
/** NULL = it was not asked about the revision that the module runs now. */
const FotaVendorOffer *fota_offers_get_vendor(FotaOffers *offers);

/** The gate of the update: FOTA_APPROVAL_GATE_INSTALL if its delta is in the module. */
FotaApprovalGate fota_offers_get_gate(FotaOffers *offers);
/** Token of the offer of @plan, whose kind is FOTA_PLAN_UPDATE, or of a rehearsal of it. */
char *fota_offers_make_token(FotaOffers *offers, const FotaPlan *plan, gboolean guest);

/**
 * Whether the application is to be asked about @token now: TRUE once per token. For a real offer
 * the time for an answer begins and is recorded, so the plan must be made again.
 */
gboolean fota_offers_ask(FotaOffers *offers, const char *token, gboolean guest);
/** When the question that @token answers was first asked, µs, as the record has it; 0 = never. */
guint64 fota_offers_get_question_time(FotaOffers *offers, const char *token);

/** Asks the application again about what is offered. */
void fota_offers_ask_again(FotaOffers *offers);

void fota_offers_approve(FotaOffers *offers, const char *token);
/** "rejected" holds until another manifest comes, "cancelled" until the next Check(). */
void fota_offers_refuse(FotaOffers *offers, const char *token, gboolean rejected);
/** Until @until, µs of the wall clock. */
void fota_offers_defer(FotaOffers *offers, gint64 until);
/** The wall clock is right, and tells @now; 0 = it is not. */
void fota_offers_set_clock(FotaOffers *offers, gint64 now);
/**
 * An operator asks for a check: an update that was cancelled, never answered, or has used up its
 * attempts is offered again. @plan may be NULL.
 */
void fota_offers_reopen(FotaOffers *offers, const FotaPlan *plan);

/** Offers a rehearsal of @manifest. */
void fota_offers_invite(FotaOffers *offers, FotaManifest *manifest);
/** Whether one is offered of @manifest, the one at hand; NULL = none. */
gboolean fota_offers_has_guest(FotaOffers *offers, const FotaManifest *manifest);
/** The manifest that is rehearsed, whether it is still at hand or not; NULL = none. */
const FotaManifest *fota_offers_get_guest(FotaOffers *offers);
/** The application is asked, perhaps anew: from now on the rehearsal waits for its answer. */
void fota_offers_await_guest(FotaOffers *offers);
/** Boot time at which it ends without an answer, 0 = it has one, or there is no rehearsal. */
gint64 fota_offers_get_guest_end(FotaOffers *offers);
void fota_offers_approve_guest(FotaOffers *offers, const char *token);
gboolean fota_offers_guest_is_approved(FotaOffers *offers, const char *token);
void fota_offers_dismiss_guest(FotaOffers *offers);

G_END_DECLS
