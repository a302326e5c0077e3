/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-state.h"

const char *
fota_state_to_string(FotaState state)
{
    static const char *const names[] = {
        [FOTA_STATE_ABSENT] = "absent",
        [FOTA_STATE_UNSUPPORTED] = "unsupported",
        [FOTA_STATE_IDLE] = "idle",
        [FOTA_STATE_CHECKING] = "checking",
        [FOTA_STATE_AWAITING_APPROVAL] = "awaiting-approval",
        [FOTA_STATE_SCHEDULED] = "scheduled",
        [FOTA_STATE_FETCHING] = "fetching",
        [FOTA_STATE_DOWNLOADING] = "downloading",
        [FOTA_STATE_AWAITING_INSTALL_APPROVAL] = "awaiting-install-approval",
        [FOTA_STATE_INSTALLING] = "installing",
        [FOTA_STATE_VERIFYING] = "verifying",
        [FOTA_STATE_FAILED] = "failed",
    };

    return names[state];
}
