/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-keeper.h"
#include "plugins/fota-plugin.h"
#include "policy/fota-next.h"

G_BEGIN_DECLS

/**
 * What is offered to the application and what it has answered: the vendor's offer, the tokens, and
 * the guest, which is a rehearsal: it leaves the record alone, goes with its manifest, and waits
 * for an answer only for a while.
 */
typedef struct _FotaOffers FotaOffers;

/** @keeper outlives it. */
FotaOffers *fota_offers_new(FotaKeeper *keeper);
void fota_offers_free(FotaOffers *offers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaOffers, fota_offers_free)

/** What the vendor's server has for the revision that the module runs now; copied. */
void fota_offers_set_vendor(FotaOffers *offers, const FotaVendorOffer *offer);
/** The server is to be asked anew. */
void fota_offers_forget_vendor(FotaOffers *offers);
/** NULL = it was not asked about the revision that the module runs now. */
const FotaVendorOffer *fota_offers_get_vendor(FotaOffers *offers);

/** Where the update of @plan stands: FOTA_APPROVAL_GATE_INSTALL when its delta is in the module. */
FotaApprovalGate fota_offers_get_gate(FotaOffers *offers);
/** Token of the offer of @plan, whose kind is FOTA_PLAN_UPDATE, or of a rehearsal of it. */
char *fota_offers_make_token(FotaOffers *offers, const FotaPlan *plan, gboolean guest);

/**
 * Whether the application is to be asked about @token now: once for each. For a real offer the time
 * for an answer begins, which is on record, and @plan should be made anew.
 */
gboolean fota_offers_ask(FotaOffers *offers, const char *token, gboolean guest);
/** It is asked once more, about whatever is offered. */
void fota_offers_ask_again(FotaOffers *offers);

void fota_offers_approve(FotaOffers *offers, const char *token);
/** "rejected" holds until another manifest comes, "cancelled" until the next Check(). */
void fota_offers_refuse(FotaOffers *offers, const char *token, gboolean rejected);
/** Until @until, µs of the wall clock. */
void fota_offers_defer(FotaOffers *offers, gint64 until);
/**
 * An operator asks for a check: what was cancelled, never answered, or has failed as often as it
 * may is offered again. @plan may be NULL.
 */
void fota_offers_reopen(FotaOffers *offers, const FotaPlan *plan);

/** A rehearsal is offered, for the manifest with @digest. */
void fota_offers_invite(FotaOffers *offers, const char *digest);
/** Whether one is, still; @digest of the manifest at hand, NULL = none. */
gboolean fota_offers_has_guest(FotaOffers *offers, const char *digest);
/** Boot time at which it goes by itself, 0 = there is none. */
gint64 fota_offers_get_guest_end(FotaOffers *offers);
void fota_offers_approve_guest(FotaOffers *offers, const char *token);
gboolean fota_offers_guest_is_approved(FotaOffers *offers, const char *token);
void fota_offers_dismiss_guest(FotaOffers *offers);

G_END_DECLS
