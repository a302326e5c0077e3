/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-loop.h"

#include "policy/fota-policy-error.h"

gboolean
fota_loop_allow_starts(guint64 starts, GError **error)
{
    if (starts < FOTA_LOOP_MAX_STARTS)
        return TRUE;
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP,
                "fotad was started %" G_GUINT64_FORMAT
                " times during this update, which has not ended; fotad gives it up and leaves the "
                "module as it is. Look for crashes (journalctl -u fotad, coredumpctl) and at "
                "the gateway's power supply, then publish a new manifest",
                starts);
    return FALSE;
}

gboolean
fota_loop_allow_restarts(guint restarts, guint expected, GError **error)
{
    if (restarts <= expected + FOTA_LOOP_MAX_MORE_RESTARTS)
        return TRUE;
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP,
                "the module has restarted %u times after the order to install; %u are usual; "
                "look at its power supply, and ask its vendor for a way to recover it",
                restarts, expected);
    return FALSE;
}
