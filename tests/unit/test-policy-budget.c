/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-budget.h"
#include "base/fota-text.h"

static gint64
at(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

static void
test_counts_a_month(void)
{
    FotaBudget budget = {0};
    gint64 last = at("2028-02-29T23:59:59Z"), next = at("2028-03-01T00:00:00Z");

    g_assert_cmpuint(fota_budget_get_used(&budget, last), ==, 0);
    fota_budget_add(&budget, at("2028-02-01T00:00:00Z"), 1000);
    fota_budget_add(&budget, last, 500);
    g_assert_cmpuint(fota_budget_get_used(&budget, last), ==, 1500);
    g_assert_cmpuint(fota_budget_get_used(&budget, next), ==, 0);
    fota_budget_add(&budget, next, 7);
    g_assert_cmpuint(fota_budget_get_used(&budget, next), ==, 7);
    /* The same month of another year is another month. */
    g_assert_cmpuint(fota_budget_get_used(&budget, at("2029-03-05T00:00:00Z")), ==, 0);
    /* A clock that ran ahead does not stop the counting for years. */
    fota_budget_add(&budget, at("2099-01-01T00:00:00Z"), 9);
    fota_budget_add(&budget, next, 3);
    g_assert_cmpuint(fota_budget_get_used(&budget, next), ==, 3);
}

static void
test_clock_not_set(void)
{
    FotaBudget budget = {0};
    FotaDeltaCount delta = {0};
    gint64 now = at("2026-11-21T00:00:00Z");

    fota_budget_add(&budget, now, 1000);
    fota_budget_add(&budget, 0, 10);
    g_assert_cmpuint(fota_budget_get_used(&budget, 0), ==, 1010);
    g_assert_cmpuint(fota_budget_get_used(&budget, now), ==, 1010);
    /* No other month has begun, as far as is known: the charge goes on. */
    fota_budget_charge(&budget, &delta, now, 100);
    fota_budget_charge(&budget, &delta, 0, 100);
    g_assert_cmpuint(delta.charge, ==, 200);
}

static void
test_gives_back(void)
{
    FotaBudget budget = {0};
    gint64 now = at("2026-11-21T00:00:00Z");

    fota_budget_add(&budget, now, 1000);
    fota_budget_add(&budget, now, -400);
    g_assert_cmpuint(fota_budget_get_used(&budget, now), ==, 600);
    /* Counted before midnight, given back after: no month is less than empty. */
    fota_budget_add(&budget, at("2026-12-01T00:00:00Z"), -400);
    g_assert_cmpuint(fota_budget_get_used(&budget, at("2026-12-01T00:00:00Z")), ==, 0);
    fota_budget_add(&budget, now, G_MAXINT64);
    fota_budget_add(&budget, now, G_MAXINT64);
    g_assert_cmpuint(fota_budget_get_used(&budget, now), ==, G_MAXINT64);
}

typedef struct {
    gboolean cut; /* fotad ends in the middle: nothing is settled */
    guint64 first;
    guint64 received;
    guint64 used; /* afterwards */
} Attempt;

/* Attempts to fetch one delta of 1000 bytes, and what they have cost together after each. */
static void
test_delta_is_counted_once(void)
{
    static const struct {
        const char *name;
        Attempt attempts[4];
    } cases[] = {
        {"at once", {{FALSE, 50, 1000, 1000}}},
        {"by a module that reports no course", {{FALSE, 0, 1000, 1000}}},
        {"nothing came", {{FALSE, 0, 0, 0}, {FALSE, 0, 0, 0}}},
        {"resumed", {{FALSE, 50, 600, 600}, {FALSE, 600, 1000, 1000}}},
        {"resumed, and in vain in between",
         {{FALSE, 50, 600, 600}, {FALSE, 0, 0, 600}, {FALSE, 620, 1000, 1000}}},
        {"resumed in the end",
         {{FALSE, 50, 600, 600},
          {FALSE, 600, 700, 700},
          {FALSE, 700, 900, 900},
          {FALSE, 900, 1000, 1000}}},
        {"begun anew by the module", {{FALSE, 50, 600, 600}, {FALSE, 50, 1000, 1600}}},
        {"begun anew, twice whole", {{FALSE, 0, 1000, 1000}, {FALSE, 0, 1000, 2000}}},
        {"fotad was killed, the module resumes", {{TRUE, 0, 0, 1000}, {FALSE, 600, 1000, 1000}}},
        {"killed more than once",
         {{TRUE, 0, 0, 1000}, {TRUE, 0, 0, 2000}, {FALSE, 600, 1000, 1000}}},
        {"killed after a part had come",
         {{FALSE, 50, 300, 300}, {TRUE, 0, 0, 1300}, {FALSE, 700, 1000, 1000}}},
        {"killed, and then nothing came",
         {{TRUE, 0, 0, 1000}, {FALSE, 0, 0, 1000}, {FALSE, 600, 1000, 1000}}},
        {"killed, the module begins anew", {{TRUE, 0, 0, 1000}, {FALSE, 0, 1000, 2000}}},
    };
    gint64 now = at("2026-11-21T00:00:00Z");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaBudget budget = {0};
        FotaDeltaCount delta = {0};

        fota_budget_add(&budget, now, 7);
        for (guint j = 0; j < 4 && (j == 0 || cases[i].attempts[j].used != 0); j++) {
            const Attempt *attempt = &cases[i].attempts[j];

            g_test_message("%s: %u", cases[i].name, j);
            fota_budget_charge(&budget, &delta, now, 1000);
            if (!attempt->cut)
                fota_budget_correct(&budget, &delta, now, 1000, attempt->first, attempt->received);
            g_assert_cmpuint(fota_budget_get_used(&budget, now), ==, 7 + attempt->used);
        }
    }
}

/* Each month pays what came in it. */
static void
test_delta_of_two_months(void)
{
    FotaBudget budget = {0};
    FotaDeltaCount delta = {0};
    gint64 before = at("2026-11-30T23:00:00Z"), after = at("2026-12-01T01:00:00Z");

    fota_budget_charge(&budget, &delta, before, 1000);
    fota_budget_correct(&budget, &delta, before, 1000, 50, 600);
    g_assert_cmpuint(fota_budget_get_used(&budget, before), ==, 600);
    fota_budget_charge(&budget, &delta, after, 1000);
    fota_budget_correct(&budget, &delta, after, 1000, 600, 1000);
    g_assert_cmpuint(fota_budget_get_used(&budget, after), ==, 400);
}

/* An attempt that was cut short in the month before is not taken off this one. */
static void
test_killed_before_the_month(void)
{
    FotaBudget budget = {0};
    FotaDeltaCount delta = {0};
    gint64 before = at("2026-11-30T23:00:00Z"), after = at("2026-12-01T01:00:00Z");

    fota_budget_charge(&budget, &delta, before, 1000);
    fota_budget_charge(&budget, &delta, after, 1000);
    fota_budget_correct(&budget, &delta, after, 1000, 600, 1000);
    g_assert_cmpuint(fota_budget_get_used(&budget, after), ==, 1000);
}

static void
test_next_month(void)
{
    static const struct {
        const char *now;
        const char *next;
    } cases[] = {
        {"1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"},
        {"2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"},
        {"2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"},
        {"2028-01-31T12:00:00Z", "2028-02-01T00:00:00Z"},
        {"2106-02-07T06:28:16Z", "2106-03-01T00:00:00Z"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(fota_budget_next_month(at(cases[i].now)), ==, at(cases[i].next));
}

static void
test_poll_bytes(void)
{
    g_assert_cmpuint(fota_budget_poll_bytes("https://a/x", 0), ==, 4096);
    g_assert_cmpuint(fota_budget_poll_bytes("ftps://a/x", 10), ==, 4106);
    g_assert_cmpuint(fota_budget_poll_bytes("http://a/x", 10), ==, 1034);
    g_assert_cmpuint(fota_budget_poll_bytes("ftp://a/x", 0), ==, 1024);
    g_assert_cmpuint(fota_budget_poll_bytes("file:///x", 10), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/budget/counts-a-month", test_counts_a_month);
    g_test_add_func("/budget/clock-not-set", test_clock_not_set);
    g_test_add_func("/budget/gives-back", test_gives_back);
    g_test_add_func("/budget/delta-is-counted-once", test_delta_is_counted_once);
    g_test_add_func("/budget/delta-of-two-months", test_delta_of_two_months);
    g_test_add_func("/budget/killed-before-the-month", test_killed_before_the_month);
    g_test_add_func("/budget/next-month", test_next_month);
    g_test_add_func("/budget/poll-bytes", test_poll_bytes);
    return g_test_run();
}
