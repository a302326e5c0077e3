/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-push.h"

#include <string.h>

#include "policy/fota-schedule.h"

#define COST ((gint64)FOTA_SCHEDULE_MIN_INTERVAL * G_TIME_SPAN_SECOND)

gboolean
fota_push_is_sender(const char *text)
{
    const char *digits = text + (text[0] == '+');
    gsize length = strlen(digits);
    gboolean is_number = strspn(digits, G_CSET_DIGITS) == length && length <= 20;
    gboolean is_name = g_regex_match_simple("^[A-Za-z0-9]{1,11}$", text, G_REGEX_DOLLAR_ENDONLY, 0);

    return length > 0 && (is_number || is_name);
}

gboolean
fota_push_is_request(const char *const *senders, const char *keyword, const char *sender,
                     const char *text)
{
    g_autofree char *word = g_strstrip(g_strdup(text));

    return senders != NULL && keyword != NULL && g_strv_contains(senders, sender) &&
           strcmp(word, keyword) == 0;
}

gint64
fota_push_find_time(const FotaPushes *pushes, gint64 earliest, gint64 now)
{
    gint64 share = pushes->paid_until - (FOTA_PUSH_AT_ONCE - 1) * COST;
    gint64 pause = pushes->last != 0 ? pushes->last + FOTA_PUSH_PAUSE : now;

    return MAX(MAX(now, earliest), MAX(share, pause));
}

void
fota_push_note(FotaPushes *pushes, gint64 now)
{
    pushes->last = now;
    pushes->paid_until = MAX(pushes->paid_until, now) + COST;
}
