/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Ends an update that never comes to its end: one in the course of which fotad is started over and
 * over, because it crashes, or the gateway does, or loses its power; and one after which the module
 * restarts over and over.
 */

/** So often fotad begins to work on one update that has not ended. */
#define FOTA_LOOP_MAX_STARTS 8
/** Until an order to install is asked about again, in the course of which fotad ended so often. */
#define FOTA_LOOP_HOLD_SECONDS 3600
/** So many restarts of the module more than its model makes for an update. */
#define FOTA_LOOP_MAX_MORE_RESTARTS 10

/**
 * Whether an update may be gone on with that has been begun @starts times without an end. Error:
 * UpdateLoop.
 */
gboolean fota_loop_check_starts(guint64 starts, GError **error);

/**
 * Whether to wait on for a module that has restarted @restarts times where @expected were to come.
 * Error: UpdateLoop.
 */
gboolean fota_loop_check_restarts(guint restarts, guint expected, GError **error);

G_END_DECLS
