/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-poll.h"

#include "policy/fota-policy-error.h"

#include <string.h>

/* With a tenth more it is FOTA_SCHEDULE_MAX_RETRY. */
#define MAX_RETRY_AFTER (FOTA_SCHEDULE_MAX_RETRY * 10 / 11)
#define MAX_TRIES_BY_MODULE 6
#define SIGNATURE_BEGIN "untrusted comment:"
#define MANIFEST_MEMBER "\"manifestVersion\""
#define CHANGE_WAIT (2 * G_TIME_SPAN_SECOND)
#define MAX_CHANGES 12
#define CHANGE_COST (300 * G_TIME_SPAN_SECOND)

FotaPollOutcome
fota_poll_judge(guint status, gboolean had_manifest)
{
    switch (status) {
    case 200:
        return FOTA_POLL_MANIFEST;
    case 304:
        return FOTA_POLL_UNCHANGED;
    case 404:
    case 410:
        return had_manifest ? FOTA_POLL_WITHHELD : FOTA_POLL_NOTHING;
    case 401:
    case 403:
        return FOTA_POLL_REFUSED;
    default:
        return FOTA_POLL_FAILED;
    }
}

/* It begins with a version, perhaps quoted or behind a signature; two columns more must follow. A
 * page or an object of JSON begins otherwise. */
static gboolean
is_csv(const char *text, gsize size)
{
    const char *end = text + size, *comma;

    while (text < end && g_ascii_isspace(*text))
        text++;
    if (text == end || (!g_ascii_isalnum(*text) && *text != '"'))
        return FALSE;
    comma = memchr(text, ',', (gsize)(end - text));
    return comma != NULL && memchr(comma + 1, ',', (gsize)(end - comma - 1)) != NULL;
}

gboolean
fota_poll_is_manifest(GBytes *body, gboolean csv)
{
    gsize size = 0;
    const char *text = body != NULL ? g_bytes_get_data(body, &size) : NULL;

    if (text == NULL || size == 0)
        return FALSE;
    if (csv)
        return is_csv(text, size);
    return memmem(text, size, SIGNATURE_BEGIN, strlen(SIGNATURE_BEGIN)) != NULL ||
           memmem(text, size, MANIFEST_MEMBER, strlen(MANIFEST_MEMBER)) != NULL;
}

/* The first slot from @from on. */
static gint64
slot_from(const FotaPollFacts *facts, gint64 from)
{
    return fota_schedule_next(facts->imei, facts->salt, facts->interval, facts->now, from - 1);
}

/* How long a manifest is fresh beyond the interval; a failed answer does not say. */
static gint64
skip_fresh(const FotaPollFacts *facts, gint64 next)
{
    gint64 interval =
        CLAMP(facts->interval, FOTA_SCHEDULE_MIN_INTERVAL, FOTA_SCHEDULE_MAX_INTERVAL);
    gint64 skipped = MIN(facts->max_age, FOTA_SCHEDULE_MAX_INTERVAL) - interval;

    if (facts->failed_tries > 0 || skipped <= 0)
        return next;
    return MAX(next, slot_from(facts, facts->now + skipped * G_TIME_SPAN_SECOND));
}

gint64
fota_poll_wait_as_asked(gint64 retry_after, double random)
{
    gint64 wait = CLAMP(retry_after, 0, MAX_RETRY_AFTER) * G_TIME_SPAN_SECOND;

    return wait + (gint64)(random * (double)(wait / 10));
}

gint64
fota_poll_next(const FotaPollFacts *facts)
{
    gint64 latest = facts->now + FOTA_SCHEDULE_MAX_INTERVAL * G_TIME_SPAN_SECOND;
    gint64 next = facts->catch_up && facts->last_check > 0
                      ? fota_schedule_catch_up(facts->imei, facts->salt, facts->interval,
                                               facts->last_check, facts->now, facts->random)
                      : fota_schedule_next(facts->imei, facts->salt, facts->interval,
                                           facts->last_check, facts->now);

    if (facts->failed_tries > 0 && !(facts->by_module && facts->failed_tries > MAX_TRIES_BY_MODULE))
        next = MIN(next, facts->now + fota_poll_retry(facts->failed_tries, 0, facts->random));
    next = skip_fresh(facts, next);
    if (facts->not_before > next)
        next = MIN(slot_from(facts, MIN(facts->not_before, latest)), latest);
    return MAX(next, facts->now + fota_poll_wait_as_asked(facts->retry_after, facts->random));
}

gint64
fota_poll_retry(guint tries, gint64 retry_after, double random)
{
    return MAX(fota_schedule_retry(tries, random) * G_TIME_SPAN_SECOND,
               fota_poll_wait_as_asked(retry_after, random));
}

gint64
fota_poll_follow_change(gint64 *paid_until, gint64 now, gint64 wait)
{
    gint64 paid = MAX(*paid_until, now) + CHANGE_COST;
    gint64 sooner = MAX(paid - MAX_CHANGES * CHANGE_COST - now, CHANGE_WAIT);

    if (sooner >= wait)
        return wait;
    *paid_until = paid;
    return sooner;
}

gboolean
fota_poll_is_server(const char *text)
{
    static const char *const schemes[] = {"https", "http", "ftp", "ftps", NULL};
    const char *separator = strstr(text, "://");
    const char *host = separator ? separator + 3 : text;
    g_autofree char *scheme = separator ? g_strndup(text, (gsize)(separator - text)) : NULL;

    if (scheme && !g_strv_contains(schemes, scheme))
        return FALSE;
    if (g_str_has_prefix(host, "*."))
        host += 2;
    /* Ports are not compared, so a pattern with one would promise too much. */
    return g_hostname_is_ip_address(host) ||
           (host[0] != '\0' &&
            host[strspn(host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-")] == '\0');
}

static gboolean
host_matches(const char *pattern, const char *host)
{
    gsize length = strlen(host), tail;

    if (!g_str_has_prefix(pattern, "*."))
        return g_ascii_strcasecmp(pattern, host) == 0;
    pattern++; /* the dot stays: `*.a.example` is neither `a.example` nor `xa.example` */
    tail = strlen(pattern);
    return length > tail && g_ascii_strcasecmp(host + length - tail, pattern) == 0;
}

gboolean
fota_poll_allows_server(const char *const *allowed, const char *uri)
{
    g_autoptr(GUri) parsed =
        g_uri_parse(uri, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);

    for (guint i = 0; parsed && g_uri_get_host(parsed) && allowed && allowed[i]; i++) {
        const char *separator = strstr(allowed[i], "://");
        g_autofree char *scheme =
            separator ? g_strndup(allowed[i], (gsize)(separator - allowed[i])) : g_strdup("https");

        if (g_str_equal(scheme, g_uri_get_scheme(parsed)) &&
            host_matches(separator ? separator + 3 : allowed[i], g_uri_get_host(parsed)))
            return TRUE;
    }
    return FALSE;
}

gboolean
fota_poll_take_request(FotaPollRequests *requests, gint64 now, GError **error)
{
    gint64 cost = FOTA_SCHEDULE_MIN_INTERVAL * G_TIME_SPAN_SECOND;
    gint64 ahead = FOTA_POLL_MAX_REQUESTS * cost, paid = MAX(requests->paid_until, now);

    /* Only a clock that was set back leads further ahead: it must not block requests. */
    if (paid > now + ahead)
        paid = now;
    if (paid + cost > now + ahead) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_TOO_MANY_CHECKS,
                    "checks on request cost data; after %d at once there is one an hour: wait "
                    "%" G_GINT64_FORMAT " seconds",
                    FOTA_POLL_MAX_REQUESTS,
                    (paid + cost - now - ahead + G_TIME_SPAN_SECOND - 1) / G_TIME_SPAN_SECOND);
        return FALSE;
    }
    requests->paid_until = paid + cost;
    return TRUE;
}
