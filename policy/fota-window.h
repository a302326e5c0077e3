/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * FotaWindow: the hours in which an update may run.
 *
 * A window opens on each of its days at its local start time and stays open for @duration real
 * seconds. Clock changes: a start that does not exist (spring) opens when the clock jumps; one
 * that exists twice (autumn) opens at the first.
 */
typedef struct {
    guint8 days;          /* bit 0 = Monday ... bit 6 = Sunday */
    guint32 start;        /* seconds after local midnight, 0 .. 86399 */
    guint32 duration;     /* seconds, 60 .. 604800 */
    const char *timezone; /* "local", "UTC" or a name of the zone database; never NULL */
} FotaWindow;

/** Days on which nothing is started, in the gateway's own zone. */
typedef struct {
    guint32 first; /* the first day, as the number yyyymmdd */
    guint32 last;  /* the last day, included */
} FotaBlackout;

#define FOTA_WINDOW_EVERY_DAY 0x7f
/** The beginning of a window, a quarter of what may be waited in it but so many seconds at most, is
 * shared out over a fleet: not all are to come at its first second. */
#define FOTA_WINDOW_MAX_SPREAD 3600
/** Shares are 0 .. 9999 ten-thousandths of that. */
#define FOTA_WINDOW_SHARES 10000
/** What fota_window_next() returns when no window will do. */
#define FOTA_WINDOW_NEVER G_MAXINT64

/**
 * fota_window_parse:
 * @text: `[DAYS] HH:MM-HH:MM [ZONE]`, for example `Mon..Fri,Sun 22:00-04:00 Europe/Berlin`;
 *   no days is every day, no zone is local; an end at or before the start is on the next day
 *
 * Error: BadWindow.
 */
gboolean fota_window_parse(const char *text, FotaWindow *window, GError **error);

/**
 * fota_blackout_parse:
 * @text: `2026-12-20..2027-01-06`, or one day
 *
 * Error: BadWindow.
 */
gboolean fota_blackout_parse(const char *text, FotaBlackout *blackout, GError **error);

/** Returns: bit for "mon" .. "sun" in any case, 0 when it is no day. */
guint8 fota_window_parse_day(const char *text);

/** Returns: seconds after midnight for "00:00" .. "23:59", -1 when it is no time of day. */
gint32 fota_window_parse_clock(const char *text);

/** Whether the zone of @window is one that this machine knows; in another one it never opens. */
gboolean fota_window_knows_zone(const FotaWindow *window);

/**
 * fota_window_next:
 * @windows: @n_windows of them; none means always
 * @local: the gateway's own zone
 * @now: µs since the epoch
 * @needed: seconds that must be left before the window closes
 * @share: how much of the beginning of each window this module leaves to others
 *
 * Returns: @now when a window is open for this module and long enough; else when one next is (µs);
 * %FOTA_WINDOW_NEVER when none is long enough or has a zone that is known here.
 */
gint64 fota_window_next(const FotaWindow *windows, guint n_windows, GTimeZone *local, gint64 now,
                        guint32 needed, guint share);

/**
 * FotaHours: windows of which any will do, for a search that goes forward.
 *
 * Each zone is loaded once, and each opening is worked out once. @windows and @local as for
 * fota_window_next(); the windows outlive it.
 */
typedef struct _FotaHours FotaHours;

FotaHours *fota_hours_new(const FotaWindow *windows, guint n_windows, GTimeZone *local);
void fota_hours_free(FotaHours *hours);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaHours, fota_hours_free)

/** fota_window_next(). @needed is the same each time; a @now that lies back costs a new search. */
gint64 fota_hours_next(FotaHours *hours, gint64 now, guint32 needed, guint share);
/** How many openings have been worked out so far. */
guint fota_hours_get_work(const FotaHours *hours);

/** Returns: @now when @now .. @now + @needed meets no blackout day, else the first µs after it. */
gint64 fota_blackout_next(const FotaBlackout *blackouts, guint n_blackouts, GTimeZone *local,
                          gint64 now, guint32 needed);

G_END_DECLS
