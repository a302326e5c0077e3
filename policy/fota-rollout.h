/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-manifest.h"

G_BEGIN_DECLS

#define FOTA_ROLLOUT_BUCKETS 10000
/** What fota_rollout_start() returns when the roll-out does not reach this module. */
#define FOTA_ROLLOUT_NEVER G_MAXINT64

/** Returns: 0 .. 9999; even over any series of IMEIs, independent between roll-out ids. */
guint fota_rollout_bucket(const char *id, const char *imei);

/**
 * fota_rollout_start:
 * @groups: (nullable): groups the configuration puts this gateway in, %NULL-terminated
 *
 * Returns: µs from which on the module is part of the roll-out, 0 = always was,
 * %FOTA_ROLLOUT_NEVER = not reached or paused.
 */
gint64 fota_rollout_start(const FotaRollout *rollout, const char *imei, const char *const *groups);

G_END_DECLS
