/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-state.h"

#define S(name) (1u << FOTA_STATE_##name)

/*
 * What may follow what. A resting module can vanish at any time and comes back to where it rested.
 * A busy one does not become absent: restarting is part of an update, and the update itself ends
 * when its module stays away too long. A delta that a module has installed by itself is verified
 * from wherever its update rested.
 */
/* clang-format off */
static const struct {
    const char *name;
    guint32 next;
} states[] = {
    [FOTA_STATE_ABSENT] = {"absent",
        S(UNSUPPORTED) | S(IDLE) | S(AWAITING_APPROVAL) | S(SCHEDULED)
        | S(AWAITING_INSTALL_APPROVAL) | S(VERIFYING) | S(FAILED)},
    [FOTA_STATE_UNSUPPORTED] = {"unsupported",
        S(ABSENT) | S(IDLE)},
    [FOTA_STATE_IDLE] = {"idle",
        S(ABSENT) | S(UNSUPPORTED) | S(CHECKING) | S(AWAITING_APPROVAL) | S(SCHEDULED) | S(VERIFYING)
        | S(FAILED)},
    [FOTA_STATE_CHECKING] = {"checking",
        S(ABSENT) | S(UNSUPPORTED) | S(IDLE) | S(AWAITING_APPROVAL) | S(SCHEDULED)
        | S(AWAITING_INSTALL_APPROVAL) | S(FAILED)},
    [FOTA_STATE_AWAITING_APPROVAL] = {"awaiting-approval",
        S(ABSENT) | S(UNSUPPORTED) | S(IDLE) | S(CHECKING) | S(SCHEDULED) | S(VERIFYING)
        | S(FAILED)},
    [FOTA_STATE_SCHEDULED] = {"scheduled",
        S(ABSENT) | S(UNSUPPORTED) | S(IDLE) | S(CHECKING) | S(AWAITING_APPROVAL) | S(DOWNLOADING)
        | S(AWAITING_INSTALL_APPROVAL) | S(INSTALLING) | S(VERIFYING) | S(FAILED)},
    [FOTA_STATE_DOWNLOADING] = {"downloading",
        S(IDLE) | S(AWAITING_APPROVAL) | S(SCHEDULED) | S(AWAITING_INSTALL_APPROVAL)
        | S(INSTALLING) | S(FAILED)},
    [FOTA_STATE_AWAITING_INSTALL_APPROVAL] = {"awaiting-install-approval",
        S(ABSENT) | S(UNSUPPORTED) | S(IDLE) | S(CHECKING) | S(SCHEDULED) | S(VERIFYING)
        | S(FAILED)},
    [FOTA_STATE_INSTALLING] = {"installing",
        S(VERIFYING) | S(SCHEDULED) | S(FAILED)},
    [FOTA_STATE_VERIFYING] = {"verifying",
        S(IDLE) | S(AWAITING_APPROVAL) | S(SCHEDULED) | S(FAILED)},
    [FOTA_STATE_FAILED] = {"failed",
        S(ABSENT) | S(UNSUPPORTED) | S(IDLE) | S(CHECKING) | S(AWAITING_APPROVAL) | S(SCHEDULED)
        | S(VERIFYING)},
};
/* clang-format on */

const char *
fota_state_to_string(FotaState state)
{
    g_return_val_if_fail((guint)state < G_N_ELEMENTS(states), "failed");

    return states[state].name;
}

gboolean
fota_state_from_string(const char *name, FotaState *state)
{
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        if (g_strcmp0(states[i].name, name) == 0) {
            *state = (FotaState)i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
fota_state_may_follow(FotaState from, FotaState to)
{
    g_return_val_if_fail((guint)from < G_N_ELEMENTS(states), FALSE);

    return (states[from].next & (1u << to)) != 0;
}

gboolean
fota_state_is_busy(FotaState state)
{
    return state == FOTA_STATE_DOWNLOADING || state == FOTA_STATE_INSTALLING ||
           state == FOTA_STATE_VERIFYING;
}
