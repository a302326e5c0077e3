/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Ends an update that would never end: one during which fotad is started again and again, because
 * it or the gateway crashes or loses power; and one after which the module restarts again and
 * again.
 */

/** The limit of starts and resumptions of one update. */
#define FOTA_LOOP_MAX_STARTS 8
/** Pause before an order to install, during which fotad ended too often, is asked about again. */
#define FOTA_LOOP_HOLD_SECONDS 3600
/** The limit of restarts beyond those that the model needs for an update. */
#define FOTA_LOOP_MAX_MORE_RESTARTS 10

/**
 * Whether an update may be resumed that was begun @starts times without an end. Error: UpdateLoop.
 */
gboolean fota_loop_allow_starts(guint64 starts, GError **error);

/**
 * Whether to go on waiting for a module that has restarted @restarts times instead of @expected.
 * Error: UpdateLoop.
 */
gboolean fota_loop_allow_restarts(guint restarts, guint expected, GError **error);

G_END_DECLS
