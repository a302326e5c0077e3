/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"
#include "policy/fota-poll.h"

#include <string.h>

#define DAY 86400
#define IMEI "353081090012345"

static gint64
seconds(gint64 n)
{
    return n * G_USEC_PER_SEC;
}

static void
test_judge(void)
{
    static const struct {
        guint status;
        gboolean had;
        FotaPollOutcome outcome;
    } cases[] = {
        {200, FALSE, FOTA_POLL_MANIFEST}, {304, TRUE, FOTA_POLL_UNCHANGED},
        {404, FALSE, FOTA_POLL_NOTHING},  {410, FALSE, FOTA_POLL_NOTHING},
        {404, TRUE, FOTA_POLL_WITHHELD},  {410, TRUE, FOTA_POLL_WITHHELD},
        {401, TRUE, FOTA_POLL_REFUSED},   {403, FALSE, FOTA_POLL_REFUSED},
        {429, FALSE, FOTA_POLL_FAILED},   {500, TRUE, FOTA_POLL_FAILED},
        {503, FALSE, FOTA_POLL_FAILED},   {0, FALSE, FOTA_POLL_FAILED},
        {201, FALSE, FOTA_POLL_FAILED},   {206, FALSE, FOTA_POLL_FAILED},
        {301, FALSE, FOTA_POLL_FAILED},   {400, FALSE, FOTA_POLL_FAILED},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(fota_poll_judge(cases[i].status, cases[i].had), ==, cases[i].outcome);
}

static void
test_is_manifest(void)
{
    static const struct {
        const char *text;
        gboolean json;
        gboolean csv;
    } cases[] = {
        {"", FALSE, FALSE},
        {"<!DOCTYPE html><title>Log in, please</title>", FALSE, FALSE},
        {" \n<html>", FALSE, FALSE},
        {" \n ", FALSE, FALSE},
        {"{\"error\": \"login required\"}", FALSE, FALSE},
        {"Please log in", FALSE, FALSE},
        {"{\"manifestVersion\": 1}", TRUE, FALSE},
        {"{\"manifestVersion\": 1, \"sequ", TRUE, FALSE},
        {"{\"login\": 1, \"portal\": 2, \"x\": 3}", FALSE, FALSE},
        {"[1, 2, 3]", FALSE, FALSE},
        {"Please log in, then try again", FALSE, FALSE},
        {"\n\"V2\",delta.bin,", FALSE, TRUE},
        {"untrusted comment: signature", TRUE, FALSE},
        {"V2,delta.bin,2017-01-31,,,", FALSE, TRUE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) body = g_bytes_new_static(cases[i].text, strlen(cases[i].text));

        g_test_message("%s", cases[i].text);
        g_assert_cmpint(fota_poll_is_manifest(body, FALSE), ==, cases[i].json);
        g_assert_cmpint(fota_poll_is_manifest(body, TRUE), ==, cases[i].csv);
    }
    g_assert_false(fota_poll_is_manifest(NULL, FALSE));
    g_assert_false(fota_poll_is_manifest(NULL, TRUE));
}

static void
test_next(void)
{
    /* All in seconds after a slot of this module, in which it has just checked. */
    static const struct {
        guint tries;
        gint64 max_age;
        gint64 retry_after;
        gint64 not_before;
        double random;
        gint64 next;
    } cases[] = {
        {0, -1, -1, 0, 0.5, DAY},
        {0, 0, 0, 0, 0.5, DAY},
        /* Fresh for longer: slots are skipped; for as long or less: none is. */
        {0, 60, -1, 0, 0.5, DAY},
        {0, DAY, -1, 0, 0.5, DAY},
        {0, DAY + 1, -1, 0, 0.5, DAY},
        {0, 2 * DAY, -1, 0, 0.5, DAY},
        {0, 2 * DAY + 1, -1, 0, 0.5, 2 * DAY},
        {0, 1000 * DAY, -1, 0, 0.5, 29 * DAY},
        {0, G_MAXINT64, -1, 0, 0.5, 29 * DAY},
        /* notBefore: the first slot from then on, not the moment itself. */
        {0, -1, -1, -5, 0.5, DAY},
        {0, -1, -1, DAY, 0.5, DAY},
        {0, -1, -1, DAY + 1, 0.5, 2 * DAY},
        {0, -1, -1, 5 * DAY - 1, 0.5, 5 * DAY},
        {0, -1, -1, 1000 * DAY, 0.5, 30 * DAY},
        /* Failures: soon, for ever, whatever was fresh before. */
        {1, -1, -1, 0, 0.999, 299},
        {3, -1, -1, 0, 0.5, 900},
        {100, -1, -1, 0, 0.999, 1799},
        {1, 29 * DAY, -1, 0, 0.5, 225},
        {1, -1, -1, 2 * DAY, 0.5, 2 * DAY},
        /* The server says when, within the same limit. */
        {1, -1, 600, 0, 0.5, 630},
        {1, -1, 600, 0, 0, 600},
        {1, -1, 10, 0, 0.5, 225},
        {1, -1, 1600, 0, 0, 1600},
        {1, -1, 1800, 0, 0.999, 1799},
        {1, -1, 8 * DAY, 0, 0.999, 1799},
        {1, -1, G_MAXINT64, 0, 0.999, 1799},
    };
    gint64 slot = seconds(20000 * (gint64)DAY) + fota_schedule_slot(IMEI, "s", DAY);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaPollFacts facts = {.imei = IMEI,
                               .salt = "s",
                               .interval = DAY,
                               .last_check = slot,
                               .not_before =
                                   cases[i].not_before ? slot + seconds(cases[i].not_before) : 0,
                               .failed_tries = cases[i].tries,
                               .max_age = cases[i].max_age,
                               .retry_after = cases[i].retry_after,
                               .now = slot,
                               .random = cases[i].random};

        g_test_message("case %u", i);
        g_assert_cmpint((fota_poll_next(&facts) - slot) / G_USEC_PER_SEC, ==, cases[i].next);
    }
}

/* Each try takes the module from its host: six, then at the slot. */
static void
test_next_by_module(void)
{
    FotaPollFacts facts = {.imei = IMEI, .interval = DAY, .by_module = TRUE, .random = 0.999};

    facts.last_check = facts.now =
        seconds(20000 * (gint64)DAY) + fota_schedule_slot(IMEI, NULL, DAY);
    facts.failed_tries = 6;
    g_assert_cmpint(fota_poll_next(&facts), <=, facts.now + seconds(1800));
    facts.failed_tries = 7;
    g_assert_cmpint(fota_poll_next(&facts), ==, facts.now + seconds(DAY));
}

/* Fresh for longer than the interval: than the shortest and the longest one that there is. */
static void
test_next_clamped(void)
{
    static const struct {
        gint64 interval;
        gint64 max_age;
        gint64 least;
        gint64 most;
    } cases[] = {
        {60, 3600, 1, 3600},
        {60, 3 * 3600, 2 * 3600, 3 * 3600},
        {100 * DAY, 40 * DAY, 1, 30 * DAY},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaPollFacts facts = {.imei = IMEI,
                               .interval = cases[i].interval,
                               .max_age = cases[i].max_age,
                               .last_check = seconds(20000 * (gint64)DAY),
                               .now = seconds(20000 * (gint64)DAY)};
        gint64 next = (fota_poll_next(&facts) - facts.now) / G_USEC_PER_SEC;

        g_test_message("case %u", i);
        g_assert_cmpint(next, >=, cases[i].least);
        g_assert_cmpint(next, <=, cases[i].most);
    }
}

/* A network that comes and goes every minute, for a day. */
static void
test_follow_change(void)
{
    gint64 begin = seconds(1000), now = begin, paid_until = 0, next = begin;
    guint tries = 0;

    g_assert_cmpint(fota_poll_follow_change(&paid_until, now, seconds(300)), ==, seconds(2));
    /* More of the same change, and a check that comes sooner anyway. */
    g_assert_cmpint(fota_poll_follow_change(&paid_until, now + 1, seconds(1)), ==, seconds(1));
    g_assert_cmpint(paid_until, ==, now + seconds(300));
    /* Twelve at once, then one for every five minutes. */
    paid_until = 0;
    for (guint i = 0; i < 12; i++)
        g_assert_cmpint(fota_poll_follow_change(&paid_until, now, DAY * seconds(1)), ==,
                        seconds(2));
    g_assert_cmpint(fota_poll_follow_change(&paid_until, now, DAY * seconds(1)), ==, seconds(300));
    g_assert_cmpint(fota_poll_follow_change(&paid_until, now, DAY * seconds(1)), ==, seconds(600));
    for (paid_until = 0; now < begin + seconds(DAY); now += seconds(60)) {
        if (next <= now) {
            tries++;
            next = now + seconds(1800);
        }
        next = now + fota_poll_follow_change(&paid_until, now, next - now);
    }
    g_assert_cmpuint(tries, >=, 12);
    g_assert_cmpuint(tries, <=, 12 + DAY / 300 + 1);
}

static void
test_first_check(void)
{
    FotaPollFacts facts = {.imei = IMEI, .interval = DAY, .now = seconds(1000000)};

    g_assert_cmpint(fota_poll_next(&facts), ==, facts.now);
}

static void
test_fleet_keeps_apart_after_not_before(void)
{
    FotaPollFacts facts = {.interval = DAY, .last_check = 1, .now = seconds(100 * DAY)};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    facts.not_before = seconds(105 * DAY);
    for (guint i = 0; i < 100; i++) {
        g_autofree char *imei = g_strdup_printf("35308109%07u", i);
        gint64 *next = g_new(gint64, 1);

        facts.imei = imei;
        *next = fota_poll_next(&facts);
        g_assert_cmpint(*next, >=, facts.not_before);
        g_assert_cmpint(*next, <, facts.not_before + seconds(DAY));
        g_hash_table_add(seen, next);
    }
    g_assert_cmpuint(g_hash_table_size(seen), >, 95);
}

static void
test_servers(void)
{
    static const char *const allowed[] = {"a.example", "*.b.example", "ftp://old.example",
                                          "http://*.plain.example", NULL};
    static const struct {
        const char *uri;
        gboolean good;
    } cases[] = {
        {"https://a.example/{imei}.signed", TRUE},
        {"https://A.EXAMPLE:8443/x", TRUE},
        {"HTTPS://a.example/x", TRUE},
        {"http://a.example/x", FALSE},
        {"https://aa.example/x", FALSE},
        {"https://a.example.evil/x", FALSE},
        {"https://evil/a.example", FALSE},
        {"https://x.b.example/", TRUE},
        {"https://x.y.b.example/", TRUE},
        {"https://b.example/", FALSE},
        {"https://.b.example/", FALSE},
        {"https://xb.example/", FALSE},
        {"ftp://old.example/x", TRUE},
        {"https://old.example/x", FALSE},
        {"http://x.plain.example/x", TRUE},
        {"https://x.plain.example/x", FALSE},
        {"a.example", FALSE},
        {"", FALSE},
        {"https:///x", FALSE},
        {"mailto:a.example", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (fota_poll_allows_server(allowed, cases[i].uri) != cases[i].good)
            g_error("%s", cases[i].uri);
    g_assert_false(fota_poll_allows_server(NULL, "https://a.example/"));
}

static void
test_server_names(void)
{
    static const struct {
        const char *text;
        gboolean good;
    } cases[] = {
        {"a.example", TRUE},
        {"a", TRUE},
        {"*.a", TRUE},
        {"ftp://a", TRUE},
        {"http://*.a", TRUE},
        {"*.a.example", TRUE},
        {"ftp://old-1.example", TRUE},
        {"http://*.a.example", TRUE},
        {"10.0.0.1", TRUE},
        {"https://fd00::1", TRUE},
        {"", FALSE},
        {"https://", FALSE},
        {"*", FALSE},
        {"*.", FALSE},
        {"a.*", FALSE},
        {"a.example:8443", FALSE},
        {"a.example/x", FALSE},
        {"u@a", FALSE},
        {"file://a", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (fota_poll_is_server(cases[i].text) != cases[i].good)
            g_error("%s", cases[i].text);
}

static void
test_catch_up(void)
{
    gint64 slot = seconds(20000 * (gint64)DAY) + fota_schedule_slot(IMEI, NULL, DAY);
    FotaPollFacts facts = {.imei = IMEI, .interval = DAY, .catch_up = TRUE, .random = 0.5};

    /* No slot went by: nothing was missed, however often fotad starts. */
    facts.last_check = slot;
    facts.now = slot + seconds(DAY) - 1;
    g_assert_cmpint(fota_poll_next(&facts), ==, slot + seconds(DAY));
    /* One did: within a span, and not before notBefore. */
    facts.now = slot + seconds(DAY + 2 * 3600);
    g_assert_cmpint(fota_poll_next(&facts), ==, facts.now + seconds(3600));
    facts.not_before = facts.now + seconds(3600) + 1;
    g_assert_cmpint(fota_poll_next(&facts), ==, slot + seconds(2 * DAY));
    /* Never checked: at once. */
    facts.last_check = facts.not_before = 0;
    g_assert_cmpint(fota_poll_next(&facts), ==, facts.now);
}

static void
test_requests(void)
{
    FotaPollRequests requests = {0};
    gint64 now = seconds(1000000);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < FOTA_POLL_MAX_REQUESTS; i++)
        g_assert_true(fota_poll_take_request(&requests, now, NULL));
    now += seconds(3600) - 1;
    g_assert_false(fota_poll_take_request(&requests, now, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_TOO_MANY_CHECKS);
    g_assert_true(g_str_has_suffix(error->message, " wait 1 seconds"));
    now += 1;
    g_assert_true(fota_poll_take_request(&requests, now, NULL));
    g_assert_false(fota_poll_take_request(&requests, now, NULL));
    /* What was not used for long is there again, but not more. */
    now += seconds(1000 * 3600);
    for (guint i = 0; i < FOTA_POLL_MAX_REQUESTS; i++)
        g_assert_true(fota_poll_take_request(&requests, now, NULL));
    g_assert_false(fota_poll_take_request(&requests, now, NULL));
    /* The clock is set back. */
    g_assert_true(fota_poll_take_request(&requests, seconds(5), NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/poll/judge", test_judge);
    g_test_add_func("/poll/is-manifest", test_is_manifest);
    g_test_add_func("/poll/next", test_next);
    g_test_add_func("/poll/next-by-module", test_next_by_module);
    g_test_add_func("/poll/next-clamped", test_next_clamped);
    g_test_add_func("/poll/follow-change", test_follow_change);
    g_test_add_func("/poll/first-check", test_first_check);
    g_test_add_func("/poll/fleet-keeps-apart", test_fleet_keeps_apart_after_not_before);
    g_test_add_func("/poll/servers", test_servers);
    g_test_add_func("/poll/server-names", test_server_names);
    g_test_add_func("/poll/catch-up", test_catch_up);
    g_test_add_func("/poll/requests", test_requests);
    return g_test_run();
}
