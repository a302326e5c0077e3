/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-session.h"
#include "policy/fota-first-aid.h"

G_BEGIN_DECLS

/**
 * First aid for a module that does not answer in the middle of an update: rung after rung of the
 * ladder in policy/fota-first-aid.h, until it answers or nothing is left. In the update's thread.
 */
typedef struct {
    FotaSession *session; /**< NULL only to cycle the power of a module that is away */
    const char *imei;
    const char *device; /**< sysfs path */
    GCancellable *cancellable;
    const char *const *command; /**< of the operator's, for its power; NULL = none */
    guint command_seconds;
    guint seconds; /**< that it has after each rung to answer */
    FotaFirstAidFacts facts;
    /** ModemManager's Reset(); returns when it has ended. */
    gboolean (*reset)(gpointer user_data, GError **error);
    gpointer user_data;
} FotaFirstAid;

/** Whether an update that ended with @error has a module that needs it. */
gboolean fota_first_aid_is_needed(const GError *error);

/**
 * Gives it. TRUE when the module answers AT again. Adds to the text of *@error what was done, and
 * where nothing helped, which entry of docs/first-aid.md goes on from here.
 */
gboolean fota_first_aid_give(FotaFirstAid *aid, GError **error);

/**
 * Has a module restart that answers, but that ModemManager has lost: it finds the module when that
 * comes back. FALSE if the rung "cfun" is not allowed.
 */
gboolean fota_first_aid_restart(const FotaFirstAid *aid, GError **error);

/**
 * Runs @aid's command, which switches the module off and on. That it is off is written down before,
 * so that another start of fotad switches on what this one may not live to.
 */
gboolean fota_first_aid_cycle_power(const FotaFirstAid *aid, GError **error);

G_END_DECLS
