/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-window.h"

#include "policy/fota-policy-error.h"
#include "base/fota-text.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define DAYS_PER_WEEK 7

guint8
fota_window_parse_day(const char *text)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    for (guint i = 0; i < G_N_ELEMENTS(days); i++)
        if (g_ascii_strcasecmp(text, days[i]) == 0)
            return (guint8)(1 << i);
    return 0;
}

gint32
fota_window_parse_clock(const char *text)
{
    int hour, minute;

    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
        strspn(text + 3, "0123456789") != 2)
        return -1;
    hour = atoi(text);
    minute = atoi(text + 3);
    return hour <= 23 && minute <= 59 ? hour * 3600 + minute * 60 : -1;
}

/* `Mon`, or `Fri..Mon`, which goes over the end of the week. */
static gboolean
parse_day_range(const char *text, guint8 *days)
{
    g_auto(GStrv) ends = g_strsplit(text, "..", 2);
    guint8 first = ends[0] ? fota_window_parse_day(ends[0]) : 0;
    guint8 last = ends[0] && ends[1] ? fota_window_parse_day(ends[1]) : first;

    if (!first || !last)
        return FALSE;
    for (guint8 day = first; *days |= day, day != last;)
        day = day == 1 << (DAYS_PER_WEEK - 1) ? 1 : (guint8)(day << 1);
    return TRUE;
}

static gboolean
parse_days(const char *text, guint8 *days)
{
    g_auto(GStrv) ranges = g_strsplit(text, ",", -1);

    *days = 0;
    for (guint i = 0; ranges[i]; i++)
        if (!parse_day_range(ranges[i], days))
            return FALSE;
    return *days != 0;
}

/* `22:00-04:00`; 24:00 may be the end. */
static gboolean
parse_hours(const char *text, FotaWindow *window)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    gint32 start, end;

    if (g_strv_length(ends) != 2)
        return FALSE;
    start = fota_window_parse_clock(ends[0]);
    end = g_str_equal(ends[1], "24:00") ? DAY : fota_window_parse_clock(ends[1]);
    if (start < 0 || end < 0)
        return FALSE;
    window->start = (guint32)start;
    window->duration = (guint32)(end > start ? end - start : end - start + DAY);
    return TRUE;
}

/* NULL when this machine knows no such zone; GLib's other constructor would silently take UTC. */
static GTimeZone *
find_zone(const char *name, GTimeZone *local)
{
    if (g_str_equal(name, "local"))
        return g_time_zone_ref(local);
    if (g_str_equal(name, "UTC"))
        return g_time_zone_new_utc();
    return g_time_zone_new_identifier(name);
}

gboolean
fota_window_knows_zone(const FotaWindow *window)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GTimeZone) zone = find_zone(window->timezone, utc);

    return zone != NULL;
}

static gboolean
parse_zone(const char *text, FotaWindow *window)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GTimeZone) zone = fota_text_validate_timezone(text) ? NULL : find_zone(text, utc);

    if (zone)
        window->timezone = g_intern_string(text);
    return zone != NULL;
}

gboolean
fota_window_parse(const char *text, FotaWindow *window, GError **error)
{
    g_autofree char *copy = g_strstrip(g_strdup(text));
    g_auto(GStrv) words = g_strsplit_set(copy, " \t", -1);
    guint next = 0;

    *window = (FotaWindow){.days = FOTA_WINDOW_EVERY_DAY, .timezone = "local"};
    if (words[next] && !g_ascii_isdigit(words[next][0]) && parse_days(words[next], &window->days))
        next++;
    if (words[next] && parse_hours(words[next], window) &&
        (!words[++next] || (parse_zone(words[next], window) && !words[++next])))
        return TRUE;
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_WINDOW,
                "%s: expected [DAYS] HH:MM-HH:MM [ZONE], such as Mon..Fri,Sun 22:00-04:00 "
                "Europe/Berlin",
                text);
    return FALSE;
}

/* yyyy-mm-dd to the number yyyymmdd, 0 when there is no such day. */
static guint32
parse_date(const char *text)
{
    g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);
    gint64 time;

    if (!fota_text_parse_time(midnight, &time))
        return 0;
    return (guint32)(atoi(text) * 10000 + atoi(text + 5) * 100 + atoi(text + 8));
}

gboolean
fota_blackout_parse(const char *text, FotaBlackout *blackout, GError **error)
{
    g_auto(GStrv) ends = g_strsplit(text, "..", 2);

    blackout->first = ends[0] ? parse_date(ends[0]) : 0;
    blackout->last = ends[0] && ends[1] ? parse_date(ends[1]) : blackout->first;
    if (blackout->first && blackout->first <= blackout->last)
        return TRUE;
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_WINDOW,
                "%s: expected a day or two, such as 2026-12-20..2027-01-06", text);
    return FALSE;
}

/* Seconds east of UTC at the moment @utc (seconds since the epoch). */
static gint64
offset_at(GTimeZone *zone, gint64 utc)
{
    return g_time_zone_get_offset(zone,
                                  g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, utc));
}

/* The moment at which clocks in @zone show @local (seconds, counted as if it were UTC): the first
 * of two in autumn; in spring, when they never show it, the moment they jump over it. */
static gint64
local_to_utc(GTimeZone *zone, gint64 local)
{
    gint64 before = offset_at(zone, local - DAY), after = offset_at(zone, local + DAY);
    gint64 early = local - MAX(before, after), late = local - MIN(before, after);

    if (offset_at(zone, early) == local - early)
        return early;
    if (offset_at(zone, late) == local - late)
        return late;
    while (late - early > 1) {
        gint64 middle = early + (late - early) / 2;

        if (offset_at(zone, middle) == before)
            early = middle;
        else
            late = middle;
    }
    return late;
}

/* Days since the epoch on the calendar of @zone. */
static gint64
local_day(GTimeZone *zone, gint64 now)
{
    gint64 utc = now / G_USEC_PER_SEC;

    return (utc + offset_at(zone, utc)) / DAY;
}

static gboolean
opens_on(const FotaWindow *window, gint64 day)
{
    /* The epoch was a Thursday. */
    return window->days & 1 << (day + 3) % DAYS_PER_WEEK;
}

typedef struct {
    const FotaWindow *window;
    GTimeZone *zone; /* NULL = not known here */
    gint64 day;      /* the opening that was worked out last: by the zone's calendar */
    gint64 opens;    /* and when that is, µs */
} Opening;

struct _FotaHours {
    GArray *openings;
    gint64 now; /* of the last search */
    guint work;
};

static void
opening_clear(gpointer data)
{
    Opening *opening = data;

    g_clear_pointer(&opening->zone, g_time_zone_unref);
}

FotaHours *
fota_hours_new(const FotaWindow *windows, guint n_windows, GTimeZone *local)
{
    FotaHours *hours = g_new0(FotaHours, 1);

    hours->now = G_MAXINT64;
    hours->openings = g_array_new(FALSE, FALSE, sizeof(Opening));
    g_array_set_clear_func(hours->openings, opening_clear);
    for (guint i = 0; i < n_windows; i++) {
        Opening opening = {&windows[i], find_zone(windows[i].timezone, local), 0, 0};

        g_array_append_val(hours->openings, opening);
    }
    return hours;
}

void
fota_hours_free(FotaHours *hours)
{
    g_array_unref(hours->openings);
    g_free(hours);
}

guint
fota_hours_get_work(const FotaHours *hours)
{
    return hours->work;
}

static void
opening_advance(Opening *opening)
{
    do
        opening->day++;
    while (!opens_on(opening->window, opening->day));
    opening->opens =
        local_to_utc(opening->zone, opening->day * DAY + opening->window->start) * G_USEC_PER_SEC;
}

/* Before the first opening that may still be open: the clock may have been set back meanwhile. */
static void
opening_rewind(Opening *opening, gint64 now)
{
    gint64 length = opening->window->duration / DAY + 2;

    opening->day = MAX(local_day(opening->zone, now) - length, 0) - 1;
    opening->opens = G_MININT64;
}

static gint64
opening_find(FotaHours *hours, Opening *opening, gint64 now, guint32 needed, guint share)
{
    gint64 slack = (gint64)opening->window->duration - needed;
    gint64 spread = MIN(slack / 4, FOTA_WINDOW_MAX_SPREAD);

    if (!opening->zone || !opening->window->days || slack < 0)
        return FOTA_WINDOW_NEVER;
    if (now < hours->now)
        opening_rewind(opening, now);
    while (opening->opens == G_MININT64 || now > opening->opens + slack * G_USEC_PER_SEC) {
        opening_advance(opening);
        hours->work++;
    }
    return MAX(now, opening->opens + spread * (G_USEC_PER_SEC / FOTA_WINDOW_SHARES) * share);
}

gint64
fota_hours_next(FotaHours *hours, gint64 now, guint32 needed, guint share)
{
    gint64 next = hours->openings->len == 0 ? now : FOTA_WINDOW_NEVER;

    for (guint i = 0; i < hours->openings->len; i++) {
        Opening *opening = &g_array_index(hours->openings, Opening, i);

        next = MIN(next, opening_find(hours, opening, now, needed, share));
    }
    hours->now = now;
    return next;
}

gint64
fota_window_next(const FotaWindow *windows, guint n_windows, GTimeZone *local, gint64 now,
                 guint32 needed, guint share)
{
    g_autoptr(FotaHours) hours = fota_hours_new(windows, n_windows, local);

    return fota_hours_next(hours, now, needed, share);
}

/* Midnight with which the day yyyymmdd begins, µs; @add days later. */
static gint64
midnight(GTimeZone *local, guint32 date, guint add)
{
    g_autoptr(GDateTime) day = g_date_time_new_utc((gint)(date / 10000), (gint)(date / 100 % 100),
                                                   (gint)(date % 100), 0, 0, 0);

    return local_to_utc(local, g_date_time_to_unix(day) + add * DAY) * G_USEC_PER_SEC;
}

gint64
fota_blackout_next(const FotaBlackout *blackouts, guint n_blackouts, GTimeZone *local, gint64 now,
                   guint32 needed)
{
    for (guint i = 0; i < n_blackouts; i++) {
        gint64 begins = midnight(local, blackouts[i].first, 0);
        gint64 ends = midnight(local, blackouts[i].last, 1);

        /* Another one may cover the moment after this one: look at all of them again from there. */
        if (now < ends && now + MAX((gint64)needed * G_USEC_PER_SEC, 1) > begins)
            return fota_blackout_next(blackouts, n_blackouts, local, ends, needed);
    }
    return now;
}
