/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The life of an update, as a module's State property shows it:
 *
 *   idle -> checking -> awaiting-approval -> scheduled -> downloading
 *        -> awaiting-install-approval -> installing -> verifying -> idle
 *
 * fota-state.c holds the table of what may follow what; every change goes through it.
 */
typedef enum {
    FOTA_STATE_ABSENT,      /**< known, but not there */
    FOTA_STATE_UNSUPPORTED, /**< no plugin claims it */
    FOTA_STATE_IDLE,
    FOTA_STATE_CHECKING,
    FOTA_STATE_AWAITING_APPROVAL,
    FOTA_STATE_SCHEDULED,
    FOTA_STATE_DOWNLOADING,
    FOTA_STATE_AWAITING_INSTALL_APPROVAL,
    FOTA_STATE_INSTALLING,
    FOTA_STATE_VERIFYING,
    FOTA_STATE_FAILED, /**< ended without success, until a new manifest or Check */
} FotaState;

/** The name on D-Bus, e.g. "awaiting-approval". */
const char *fota_state_to_string(FotaState state);

/** The state called @name; FALSE when there is none. */
gboolean fota_state_from_string(const char *name, FotaState *state);

/** Whether the table allows going from @from to @to. */
gboolean fota_state_may_follow(FotaState from, FotaState to);

/** TRUE while an update has the module in its hands. */
gboolean fota_state_is_busy(FotaState state);

G_END_DECLS
