/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: when the manifest is read again.
 *
 * Each IMEI owns one moment of the interval, taken from a hash: a fleet spreads evenly, also within
 * the second, and a restart changes nothing. Randomness comes in as an argument, a number in 0 <=
 * random < 1. Times are µs since the epoch, durations seconds.
 */

/** An interval is taken as at least an hour and at most thirty days. */
#define FOTA_SCHEDULE_MIN_INTERVAL 3600
#define FOTA_SCHEDULE_MAX_INTERVAL (30 * 86400)

/** Returns: the moment within each @interval that belongs to this module, µs. */
gint64 fota_schedule_slot(const char *imei, const char *salt, guint32 interval);

/**
 * fota_schedule_next:
 * @salt: (nullable): the fleet's own, keeps slots of different fleets apart
 * @last_check: µs of the last check of this module, 0 = never: checked at once
 *
 * Returns: @now, or the module's next slot strictly after @now.
 */
gint64 fota_schedule_next(const char *imei, const char *salt, guint32 interval, gint64 last_check,
                          gint64 now);

/**
 * fota_schedule_catch_up:
 * @last_check: µs of the last check, as it was really kept; not 0
 *
 * For a start after an outage: when a slot of this module went by since @last_check, the missed
 * check is made up for within a span that grows with the outage (15 minutes to a quarter of the
 * interval), so that a region whose power returns does not knock at once. Otherwise, and that is
 * the case at nearly every start, fota_schedule_next().
 */
gint64 fota_schedule_catch_up(const char *imei, const char *salt, guint32 interval,
                              gint64 last_check, gint64 now, double random);

/** Seconds between two tries, at most, for as long as none gets an answer. */
#define FOTA_SCHEDULE_MAX_RETRY 1800

/**
 * fota_schedule_retry:
 * @tries: failed tries in a row, 1 = the first has failed
 *
 * The first retry comes within five minutes; the limit doubles with each try, up to
 * %FOTA_SCHEDULE_MAX_RETRY. Uniform in the limit's upper half.
 *
 * Returns: seconds to wait.
 */
gint64 fota_schedule_retry(guint tries, double random);

G_END_DECLS
