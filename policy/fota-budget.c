/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-budget.h"

#define TLS_OVERHEAD 4096
#define PLAIN_OVERHEAD 1024

static guint64
month_of(gint64 now)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(now / G_USEC_PER_SEC);

    return (guint64)(g_date_time_get_year(moment) * 100 + g_date_time_get_month(moment));
}

guint64
fota_budget_get_used(const FotaBudget *budget, gint64 now)
{
    return now == 0 || month_of(now) == budget->month ? budget->used : 0;
}

void
fota_budget_add(FotaBudget *budget, gint64 now, gint64 bytes)
{
    guint64 used = fota_budget_get_used(budget, now);

    if (now != 0)
        budget->month = month_of(now);
    if (bytes < 0)
        budget->used = used - MIN(used, -(guint64)bytes);
    else
        budget->used = MIN(used, (guint64)G_MAXINT64 - (guint64)bytes) + (guint64)bytes;
}

void
fota_budget_charge(FotaBudget *budget, FotaDeltaCount *delta, gint64 now, guint64 size)
{
    /* What an earlier month was charged stays there, and is not taken off this one. */
    if (now != 0 && month_of(now) != budget->month)
        delta->charge = 0;
    fota_budget_add(budget, now, (gint64)size);
    delta->charge += size;
}

/*
 * A module that has at least what it had before has resumed: then its own count says what all
 * attempts have cost, also those that were cut short. Any other has begun anew, and what they were
 * charged stays spent.
 */
void
fota_budget_correct(FotaBudget *budget, FotaDeltaCount *delta, gint64 now, guint64 size,
                    guint64 first, guint64 received)
{
    gboolean resumed = first > 0 && first >= delta->counted;
    guint64 before = resumed ? MIN(delta->counted, received) : 0;
    guint64 charge = resumed ? delta->charge : MIN(size, delta->charge);

    fota_budget_add(budget, now, (gint64)(received - before) - (gint64)charge);
    delta->charge -= charge;
    if (received == 0)
        return;
    delta->counted = received;
    delta->charge = 0;
}

gint64
fota_budget_next_month(gint64 now)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(now / G_USEC_PER_SEC);
    g_autoptr(GDateTime) first = g_date_time_new_utc(g_date_time_get_year(moment),
                                                     g_date_time_get_month(moment), 1, 0, 0, 0);
    g_autoptr(GDateTime) next = g_date_time_add_months(first, 1);

    return g_date_time_to_unix(next) * G_USEC_PER_SEC;
}

guint64
fota_budget_poll_bytes(const char *uri, gsize body)
{
    if (g_str_has_prefix(uri, "file:"))
        return 0;
    return body + (g_str_has_prefix(uri, "https:") || g_str_has_prefix(uri, "ftps:")
                       ? TLS_OVERHEAD
                       : PLAIN_OVERHEAD);
}
