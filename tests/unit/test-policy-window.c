/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"
#include "base/fota-text.h"
#include "policy/fota-window.h"

static gint64
moment(const char *text)
{
    gint64 time;

    if (!text)
        return FOTA_WINDOW_NEVER;
    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

static void
test_parse(void)
{
    static const struct {
        const char *text;
        FotaWindow window;
    } cases[] = {
        {"02:00-04:00", {0x7f, 7200, 7200, "local"}},
        {" 02:00-04:00 ", {0x7f, 7200, 7200, "local"}},
        {"Mon 02:00-04:00", {0x01, 7200, 7200, "local"}},
        {"Sun 02:00-04:00", {0x40, 7200, 7200, "local"}},
        {"mon,WED,Fri 00:00-00:01 UTC", {0x15, 0, 60, "UTC"}},
        {"Mon..Fri 23:59-00:00 Europe/Berlin", {0x1f, 86340, 60, "Europe/Berlin"}},
        {"Fri..Mon,Wed 22:00-04:00", {0x75, 79200, 21600, "local"}},
        {"Sun..Sun 00:00-24:00", {0x40, 0, 86400, "local"}},
        {"Tue..Mon 05:00-05:00", {0x7f, 18000, 86400, "local"}},
    };
    static const char *const bad[] = {
        "",
        "Sun",
        "02:00",
        "02:00-",
        "02:00-04:00-06:00",
        "2:00-04:00",
        "02:00-04:60",
        "24:00-04:00",
        "ab:00-04:00",
        "02:ab-04:00",
        "02:00-24:01",
        "02.00-04.00",
        "-1:00-02:00",
        "Sunday 02:00-04:00",
        "Sun, 02:00-04:00",
        "Sun..  02:00-04:00",
        "Sun Mon 02:00-04:00",
        "02:00-04:00 Mars/Olympus",
        "02:00-04:00 /etc/localtime",
        "aa:00-04:00",
        "02:bb-04:00",
        "02:00-04:00 UTC UTC",
        "Sun 02:00-04:00 UTC x",
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaWindow *expected = &cases[i].window;
        g_autoptr(GError) error = NULL;
        FotaWindow window;

        fota_window_parse(cases[i].text, &window, &error);
        g_assert_no_error(error);
        g_assert_cmphex(window.days, ==, expected->days);
        g_assert_cmpuint(window.start, ==, expected->start);
        g_assert_cmpuint(window.duration, ==, expected->duration);
        g_assert_cmpstr(window.timezone, ==, expected->timezone);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        FotaWindow window;

        if (fota_window_parse(bad[i], &window, &error))
            g_error("%s was accepted", bad[i]);
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_WINDOW);
        g_assert_true(g_str_has_prefix(error->message, bad[i]));
    }
}

typedef struct {
    const char *windows[3];
    const char *now;
    guint32 needed;
    const char *next; /* NULL = never */
} Case;

static void
check_cases(const Case *cases, gsize n_cases)
{
    g_autoptr(GTimeZone) local = g_time_zone_new_identifier("America/New_York");

    for (gsize i = 0; i < n_cases; i++) {
        FotaWindow windows[3];
        guint n = 0;
        gint64 next;

        for (; n < 3 && cases[i].windows[n]; n++)
            g_assert_true(fota_window_parse(cases[i].windows[n], &windows[n], NULL));
        next = fota_window_next(windows, n, local, moment(cases[i].now), cases[i].needed, 0);
        if (next != moment(cases[i].next)) {
            g_autofree char *text = fota_text_format_time(next);

            g_error("%s at %s: expected %s, got %s", cases[i].windows[0], cases[i].now,
                    cases[i].next, text);
        }
    }
}

static void
test_borders(void)
{
    /* 2026-11-21 is a Saturday; New York is five hours behind. */
    static const Case cases[] = {
        {{NULL}, "2026-11-21T12:00:00Z", 99999, "2026-11-21T12:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T01:59:59Z", 0, "2026-11-21T02:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T02:00:00Z", 0, "2026-11-21T02:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T04:00:00Z", 0, "2026-11-21T04:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T04:00:01Z", 0, "2026-11-22T02:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T03:00:00Z", 3600, "2026-11-21T03:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T03:00:01Z", 3600, "2026-11-22T02:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T01:00:00Z", 7200, "2026-11-21T02:00:00Z"},
        {{"02:00-04:00 UTC"}, "2026-11-21T01:00:00Z", 7201, NULL},
        {{"Sun 02:00-04:00 UTC"}, "2026-11-21T03:00:00Z", 0, "2026-11-22T02:00:00Z"},
        {{"Sat 02:00-04:00 UTC"}, "2026-11-21T05:00:00Z", 0, "2026-11-28T02:00:00Z"},
        {{"Fri 22:00-04:00 UTC"}, "2026-11-21T03:00:00Z", 3600, "2026-11-21T03:00:00Z"},
        {{"Sat 22:00-04:00 UTC"}, "2026-11-21T03:00:00Z", 3600, "2026-11-21T22:00:00Z"},
        {{"02:00-04:00"}, "2026-11-21T06:59:59Z", 0, "2026-11-21T07:00:00Z"},
        {{"Fri 22:00-23:00"}, "2026-11-21T03:30:00Z", 0, "2026-11-21T03:30:00Z"},
        {{"02:00-04:00 UTC", "03:00-06:00 UTC"},
         "2026-11-21T03:30:00Z",
         3600,
         "2026-11-21T03:30:00Z"},
        {{"23:00-23:30 UTC", "12:00-13:00 UTC"}, "2026-11-21T11:00:00Z", 0, "2026-11-21T12:00:00Z"},
        {{"23:00-23:30 UTC", "12:00-13:00 UTC"}, "2026-11-21T11:00:00Z", 3601, NULL},
        {{"Tue 02:00-04:00 UTC"}, "2028-02-29T01:00:00Z", 0, "2028-02-29T02:00:00Z"},
        {{"Thu 00:00-01:00 UTC"}, "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {{"Sun 07:00-08:00 UTC"}, "2106-02-07T06:28:16Z", 0, "2106-02-07T07:00:00Z"},
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_clock_changes(void)
{
    static const Case cases[] = {
        /* Spring: from 02:00 straight to 03:00. 02:30 never comes: open when the clock jumps. */
        {{"02:30-03:30 Europe/Berlin"}, "2026-03-29T00:00:00Z", 3600, "2026-03-29T01:00:00Z"},
        {{"02:30-03:30 Europe/Berlin"}, "2026-03-29T01:59:00Z", 60, "2026-03-29T01:59:00Z"},
        {{"02:30-03:30 Europe/Berlin"}, "2026-03-29T01:59:01Z", 60, "2026-03-30T00:30:00Z"},
        /* The day before and the day of the change, around a window that does exist. */
        {{"01:00-05:00 Europe/Berlin"}, "2026-03-28T20:00:00Z", 0, "2026-03-29T00:00:00Z"},
        {{"01:00-05:00 Europe/Berlin"}, "2026-03-29T04:00:00Z", 0, "2026-03-29T04:00:00Z"},
        {{"01:00-05:00 Europe/Berlin"}, "2026-03-29T20:00:00Z", 0, "2026-03-29T23:00:00Z"},
        /* Autumn: 02:30 comes twice; the first one opens, for one real hour. */
        {{"02:30-03:30 Europe/Berlin"}, "2026-10-25T00:00:00Z", 3600, "2026-10-25T00:30:00Z"},
        {{"02:30-03:30 Europe/Berlin"}, "2026-10-25T01:30:00Z", 0, "2026-10-25T01:30:00Z"},
        {{"02:30-03:30 Europe/Berlin"}, "2026-10-25T01:30:01Z", 0, "2026-10-26T01:30:00Z"},
        /* South of the equator, and a change of half an hour. */
        {{"02:15-03:15 Australia/Lord_Howe"}, "2026-10-03T12:00:00Z", 3600, "2026-10-03T15:30:00Z"},
        {{"01:45-02:45 Australia/Lord_Howe"}, "2026-04-04T12:00:00Z", 0, "2026-04-04T14:45:00Z"},
    };

    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_long_windows(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    FotaWindow week = {0x40, 7200, 7 * 86400, "UTC"};
    gint64 now = moment("2026-11-21T01:00:00Z");

    /* Opened on Sunday the 15th at two, open until Sunday at two. */
    g_assert_cmpint(fota_window_next(&week, 1, utc, now, 25 * 3600, 0), ==, now);
    g_assert_cmpint(fota_window_next(&week, 1, utc, now, 25 * 3600 + 1, 0), ==,
                    moment("2026-11-22T02:00:00Z"));
}

static void
test_shares(void)
{
    /* Two hours from 02:00 on; what they begin with is shared out: a quarter, an hour at most. */
    static const struct {
        guint32 duration, needed;
        guint share;
        gint64 now, next; /* seconds after 02:00 */
    } cases[] = {
        {7200, 0, 0, -1, 0},
        {7200, 0, 5000, -1, 900},
        {7200, 0, 9999, -1, 1799},
        {7200, 3600, 5000, -1, 450},
        {7200, 7200, 9999, -1, 0},
        {7200, 0, 5000, 0, 900},
        {7200, 0, 5000, 899, 900},
        {7200, 0, 5000, 900, 900},
        {7200, 0, 5000, 901, 901},
        {7200, 0, 9999, 7200, 7200},
        {7200, 0, 9999, 7201, 86400 + 1799},
        {43200, 0, 5000, -1, 1800},
        {43200, 0, 9999, -1, 3599},
    };
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    gint64 opens = moment("2026-11-21T02:00:00Z");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaWindow window = {0x7f, 7200, cases[i].duration, "UTC"};
        gint64 next = fota_window_next(&window, 1, utc, opens + cases[i].now * G_USEC_PER_SEC,
                                       cases[i].needed, cases[i].share);

        g_test_message("case %u", i);
        g_assert_cmpint((next - opens) / G_USEC_PER_SEC, ==, cases[i].next);
    }
}

/* Asked of a manifest, which may name any. */
static void
test_knows_zone(void)
{
    static const struct {
        const char *name;
        gboolean known;
    } cases[] = {
        {"local", TRUE},    {"UTC", TRUE},     {"Europe/Berlin", TRUE}, {"Europe/Belin", FALSE},
        {"Europe/", FALSE}, {"europe", FALSE}, {"Mars/Olympus", FALSE}, {"Europe/Berlin/x", FALSE},
        {"CEST", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaWindow window = {0x7f, 0, 3600, cases[i].name};

        g_test_message("%s", cases[i].name);
        g_assert_cmpint(fota_window_knows_zone(&window), ==, cases[i].known);
    }
}

static void
test_unknown_zone(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    FotaWindow windows[] = {{0x7f, 0, 3600, "Mars/Olympus"}, {0x7f, 7200, 3600, "UTC"}};
    gint64 now = moment("2026-11-21T00:00:00Z");

    g_assert_cmpint(fota_window_next(windows, 1, utc, now, 0, 0), ==, FOTA_WINDOW_NEVER);
    g_assert_cmpint(fota_window_next(windows, 2, utc, now, 0, 0), ==,
                    moment("2026-11-21T02:00:00Z"));
}

static void
test_blackout_parse(void)
{
    static const char *const bad[] = {"",
                                      "2026-12-20..",
                                      "..2026-12-20",
                                      "2026-02-29",
                                      "2026-12-20..2026-12-19",
                                      "20261220",
                                      "2026-12-20..2027-01-06..2027-02-01"};
    FotaBlackout blackout;

    g_assert_true(fota_blackout_parse("2026-12-20..2027-01-06", &blackout, NULL));
    g_assert_cmpuint(blackout.first, ==, 20261220);
    g_assert_cmpuint(blackout.last, ==, 20270106);
    g_assert_true(fota_blackout_parse("2028-02-29", &blackout, NULL));
    g_assert_cmpuint(blackout.last, ==, 20280229);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(fota_blackout_parse(bad[i], &blackout, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_WINDOW);
    }
}

static void
test_blackout(void)
{
    static const struct {
        const char *now;
        guint32 needed;
        const char *next;
    } cases[] = {
        {"2026-12-19T22:59:59Z", 0, "2026-12-19T22:59:59Z"},
        {"2026-12-19T22:00:00Z", 3600, "2026-12-19T22:00:00Z"},
        {"2026-12-19T22:00:00Z", 3601, "2027-01-07T23:00:00Z"},
        {"2026-12-19T23:00:00Z", 1, "2027-01-07T23:00:00Z"},
        {"2027-01-06T22:59:59Z", 0, "2027-01-07T23:00:00Z"},
        {"2027-01-07T23:00:00Z", 3600, "2027-01-07T23:00:00Z"},
    };
    g_autoptr(GTimeZone) local = g_time_zone_new_identifier("Europe/Berlin");
    /* The second one joins the first. */
    FotaBlackout blackouts[] = {{20270107, 20270107}, {20261220, 20270106}};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(
            fota_blackout_next(blackouts, 2, local, moment(cases[i].now), cases[i].needed), ==,
            moment(cases[i].next));
    g_assert_cmpint(fota_blackout_next(NULL, 0, local, 5, 9), ==, 5);
}

/* A day on the calendar is 23 hours long in spring and 25 in autumn. */
static void
test_blackout_days(void)
{
    static const struct {
        const char *day;
        const char *begins, *ends;
    } cases[] = {
        {"2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
        {"2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
        {"2028-02-29", "2028-02-28T23:00:00Z", "2028-02-29T23:00:00Z"},
        {"1970-01-02", "1970-01-01T23:00:00Z", "1970-01-02T23:00:00Z"},
        {"2106-02-07", "2106-02-06T23:00:00Z", "2106-02-07T23:00:00Z"},
        {"9999-12-30", "9999-12-29T23:00:00Z", "9999-12-30T23:00:00Z"},
    };
    g_autoptr(GTimeZone) local = g_time_zone_new_identifier("Europe/Berlin");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 begins = moment(cases[i].begins), ends = moment(cases[i].ends);
        FotaBlackout blackout;

        g_assert_true(fota_blackout_parse(cases[i].day, &blackout, NULL));
        g_assert_cmpint(fota_blackout_next(&blackout, 1, local, begins - 1, 0), ==, begins - 1);
        g_assert_cmpint(fota_blackout_next(&blackout, 1, local, begins, 0), ==, ends);
        g_assert_cmpint(fota_blackout_next(&blackout, 1, local, ends - 1, 0), ==, ends);
        g_assert_cmpint(fota_blackout_next(&blackout, 1, local, ends, 0), ==, ends);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/window/parse", test_parse);
    g_test_add_func("/window/borders", test_borders);
    g_test_add_func("/window/clock-changes", test_clock_changes);
    g_test_add_func("/window/long", test_long_windows);
    g_test_add_func("/window/shares", test_shares);
    g_test_add_func("/window/knows-zone", test_knows_zone);
    g_test_add_func("/window/unknown-zone", test_unknown_zone);
    g_test_add_func("/blackout/parse", test_blackout_parse);
    g_test_add_func("/blackout/next", test_blackout);
    g_test_add_func("/blackout/days", test_blackout_days);
    return g_test_run();
}
