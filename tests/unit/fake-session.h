/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * A FotaSession that answers from a script, so that a plugin's flow is tested line by line and with
 * every fault. It implements what a plugin may call, in memory and without time.
 */

/** One exchange. A command that is not the next one in the script fails the test. */
typedef struct {
    const char *command;
    const char
        *answer; /**< lines parted by \n; "!421" = +CME ERROR: 421; "?" = silence; "-" = gone */
} FakeExchange;

/** @models: the plugin's data file. @script ends with a NULL command. */
FotaSession *fake_session_new(const char *models, const FakeExchange *script);
void fake_session_set_network(FotaSession *session, const char *apn);
/** Fails when exchanges of the script are left over. */
void fake_session_finish(FotaSession *session);
/** What fota_session_remember() stored, or NULL. */
const char *fake_session_remembered(FotaSession *session, const char *name);

G_END_DECLS
