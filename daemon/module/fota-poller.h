/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-context.h"
#include "daemon/fota-fetcher.h"
#include "daemon/module/fota-keeper.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-poll.h"

G_BEGIN_DECLS

/** When the manifest of a module is read, from which server, and the data used for that. */
typedef struct _FotaPoller FotaPoller;

/** @context and @keeper outlive it. */
FotaPoller *
fota_poller_new(const FotaContext *context, FotaKeeper *keeper, const FotaPartOwner *owner);
void fota_poller_free(FotaPoller *poller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaPoller, fota_poller_free)

/** The address of the manifest, with its placeholders; valid until the next change. */
FotaServer fota_poller_get_server(FotaPoller *poller);
/** The address for this module, without placeholders. Transfer full. */
char *fota_poller_get_uri(FotaPoller *poller);
/** FALSE: Uri= is empty, so no file is read and the vendor's server decides. */
gboolean fota_poller_reads_file(FotaPoller *poller);
/** Whether the file is a firmwarecheck.csv, and whether its signature is a file beside it. */
gboolean fota_poller_reads_csv(FotaPoller *poller);
gboolean fota_poller_wants_signature(FotaPoller *poller);
/** Changes to the server that a new manifest names, if allowed. Changes the record only. */
void fota_poller_follow_server(FotaPoller *poller, const FotaServer *next);

/** What the configuration says about the credential @name; a FotaCredentialLookup. @user_data: the
 * poller. */
FotaCredentialUse fota_poller_find_use(const char *name, gpointer user_data);

/** Sets NextCheck. @manifest: the one at hand, NULL = none. */
void fota_poller_schedule(FotaPoller *poller, const FotaManifest *manifest);
/** Whether a check is due. One that is too late is delayed to a random moment. */
gboolean fota_poller_is_due(FotaPoller *poller, const FotaManifest *manifest);
/** Makes the check wait for its module, not for a time. */
void fota_poller_put_off(FotaPoller *poller);
/** The wall clock was set: schedules again. */
void fota_poller_set_clock(FotaPoller *poller, const FotaManifest *manifest);

/**
 * A text message asks for a check: NextCheck is now, or as soon as the messages' share allows. Does
 * nothing once the month's data is used up.
 */
void fota_poller_push(FotaPoller *poller);

/** A check begins; from now on changes that the kernel reports of the network count. */
void fota_poller_begin(FotaPoller *poller);
/**
 * A check has ended. @response NULL = no answer; @asked: whether the server was asked.
 * @max_age of a signed manifest, seconds, 0 = not said, negative = as before.
 */
void fota_poller_end(FotaPoller *poller, FotaPollOutcome outcome, const FotaResponse *response,
                     gint64 max_age, gboolean asked);
/** After fota_poller_schedule(): asks again soon if the network has changed meanwhile. */
void fota_poller_follow_change(FotaPoller *poller);
/** Whether the gateway has no route to any network now. */
gboolean fota_poller_is_cut_off(FotaPoller *poller);

/** Whether an operator may ask for a check now: TooManyChecks. */
gboolean fota_poller_take_request(FotaPoller *poller, GError **error);
/** µs of the wall clock, 0 = the month is unknown. */
gint64 fota_poller_get_budget_time(FotaPoller *poller);

guint64 fota_poller_get_last_check(FotaPoller *poller); /**< µs, 0 = never */
guint64 fota_poller_get_next_check(FotaPoller *poller); /**< µs, 0 = not at all */

G_END_DECLS
