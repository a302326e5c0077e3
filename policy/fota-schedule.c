/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-schedule.h"

#include "base/fota-text.h"

#define FIRST_RETRY 300
/* From this one on the limit is FOTA_SCHEDULE_MAX_RETRY. */
#define LAST_DOUBLING 4
#define MIN_CATCH_UP 900

static guint32
clamp(guint32 interval)
{
    return CLAMP(interval, FOTA_SCHEDULE_MIN_INTERVAL, FOTA_SCHEDULE_MAX_INTERVAL);
}

gint64
fota_schedule_slot(const char *imei, const char *salt, guint32 interval)
{
    guint64 period = (guint64)clamp(interval) * G_USEC_PER_SEC;

    return (gint64)(fota_text_hash(salt ? salt : "", imei, NULL) % period);
}

gint64
fota_schedule_next(const char *imei, const char *salt, guint32 interval, gint64 last_check,
                   gint64 now)
{
    gint64 period = (gint64)clamp(interval) * G_USEC_PER_SEC;
    gint64 slot = fota_schedule_slot(imei, salt, interval);
    gint64 next;

    if (last_check == 0)
        return now;
    next = now - now % period + slot;
    return next > now ? next : next + period;
}

gint64
fota_schedule_catch_up(const char *imei, const char *salt, guint32 interval, gint64 last_check,
                       gint64 now, double random)
{
    gint64 missed = fota_schedule_next(imei, salt, interval, last_check, last_check);
    gint64 outage = (now - missed) / G_USEC_PER_SEC;
    gint64 span = MAX(MIN_CATCH_UP, MIN(clamp(interval) / 4, outage));

    if (missed > now)
        return fota_schedule_next(imei, salt, interval, last_check, now);
    return now + (gint64)(random * (double)span * G_USEC_PER_SEC);
}

gint64
fota_schedule_retry(guint tries, double random)
{
    guint doublings = CLAMP(tries, 1, LAST_DOUBLING) - 1;
    int limit = MIN(FOTA_SCHEDULE_MAX_RETRY, FIRST_RETRY << doublings);

    return (gint64)((1 + random) / 2 * limit);
}
