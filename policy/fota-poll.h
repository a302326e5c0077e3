/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-schedule.h"

G_BEGIN_DECLS

/**
 * SECTION: what the answer to a check means, and when the next check follows.
 *
 * Times are µs since the epoch, durations seconds.
 */

typedef enum {
    FOTA_POLL_MANIFEST,  /* 200: the body is to be judged */
    FOTA_POLL_UNCHANGED, /* 304: the manifest at hand is the newest */
    FOTA_POLL_NOTHING,   /* 404, 410: none for this module */
    FOTA_POLL_WITHHELD,  /* the same, although one was accepted before: an attacker may be
                          * hiding it; the manifest at hand stays */
    FOTA_POLL_REFUSED,   /* 401, 403: the credential is wrong; trying soon again will not help */
    FOTA_POLL_FAILED,    /* 429, 5xx, anything else, no manifest at all, or no answer: to be tried
                          * again soon */
} FotaPollOutcome;

/**
 * fota_poll_judge:
 * @status: as in HTTP, 0 = no answer
 * @had_manifest: whether one was accepted from this server before
 */
FotaPollOutcome fota_poll_judge(guint status, gboolean had_manifest);

/**
 * fota_poll_is_manifest:
 * @body: (nullable): of a 200
 * @csv: whether a firmwarecheck.csv was asked for
 *
 * Whether @body looks like a manifest, signed or not: the login page of a network, for example,
 * does not.
 */
gboolean fota_poll_is_manifest(GBytes *body, gboolean csv);

/** Everything the next check depends on. */
typedef struct {
    const char *imei;
    const char *salt;   /* NULL = none */
    guint32 interval;   /* the manifest's `poll.sleep`, else the configuration's */
    gint64 last_check;  /* µs, 0 = never checked */
    gboolean catch_up;  /* after a start, or when a check could not be made at its time: what was
                         * missed since @last_check is made up for, see fota_schedule_catch_up() */
    gint64 not_before;  /* the manifest's `poll.notBefore`, µs, 0 = none */
    gboolean by_module; /* each try takes the module from its host */
    guint failed_tries; /* checks in a row that ended as FOTA_POLL_FAILED */
    gint64 max_age;     /* of the signed manifest accepted last, 0 or less = not said */
    gint64 retry_after; /* of the last answer, 0 or less = not said */
    gint64 now;
    double random; /* 0 <= random < 1 */
} FotaPollFacts;

/**
 * fota_poll_next:
 *
 * The module's next slot. A longer `max-age` skips slots; `notBefore` moves to the first slot from
 * then on, not to that moment, at which the whole fleet would come; neither can silence a module
 * for more than 30 days. After a failure sooner, see fota_schedule_retry(), until one succeeds
 * (with
 * @by_module six times); not sooner than the server's Retry-After and up to a tenth of it more by
 * chance, which nobody has signed and which therefore moves nothing beyond
 * %FOTA_SCHEDULE_MAX_RETRY.
 *
 * Returns: µs. Ask once per check: each call may use another random number.
 */
gint64 fota_poll_next(const FotaPollFacts *facts);

/**
 * fota_poll_wait_as_asked:
 * @retry_after: of a server's answer, seconds; 0 or less = not said
 *
 * Returns: µs to wait, with some chance, so that not all come at the same moment.
 */
gint64 fota_poll_wait_as_asked(gint64 retry_after, double random);

/**
 * fota_poll_retry:
 * @tries: in a row that have failed
 * @retry_after: of the last answer, seconds; 0 or less = not said
 *
 * How long to wait before whatever has failed is tried again: fota_schedule_retry(), and what the
 * server's Retry-After asks for.
 *
 * Returns: µs.
 */
gint64 fota_poll_retry(guint tries, gint64 retry_after, double random);

/**
 * fota_poll_follow_change:
 * @paid_until: boot time, µs; 0 at the start
 * @now: boot time, µs
 * @wait: until the next check as things stand, µs
 *
 * The kernel tells of another network, or another time, while the server does not answer: it is
 * asked after two seconds, in which the rest of the change arrives. A network that comes
 * and goes all the time costs at most a dozen tries at once, and then one in five minutes.
 *
 * Returns: µs to wait, at most @wait.
 */
gint64 fota_poll_follow_change(gint64 *paid_until, gint64 now, gint64 wait);

/** Whether @text may stand in AllowedServers. */
gboolean fota_poll_is_server(const char *text);

/**
 * fota_poll_allows_server:
 * @allowed: (nullable): the configuration's AllowedServers, %NULL-terminated: `host`, `*.domain`
 *   (any host below it), each with an optional `scheme://` in front; without one https is meant
 *
 * Whether a manifest may send the module to @uri from now on.
 */
gboolean fota_poll_allows_server(const char *const *allowed, const char *uri);

/** The number of checks on request allowed at once, for putting a gateway into service. */
#define FOTA_POLL_MAX_REQUESTS 60

/** The checks on request so far; all zero at the start. */
typedef struct {
    gint64 paid_until; /* µs; each check moves it on by an hour */
} FotaPollRequests;

/**
 * fota_poll_take_request:
 *
 * A check on request costs data. Sixty may come at once; in the long run one an hour, so that they
 * never cost more than the shortest interval would. Notes @now when it may run.
 *
 * Error: TooManyChecks, with the wait.
 */
gboolean fota_poll_take_request(FotaPollRequests *requests, gint64 now, GError **error);

G_END_DECLS
