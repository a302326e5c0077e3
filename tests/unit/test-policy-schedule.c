/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-rollout.h"
#include "policy/fota-schedule.h"

#define DAY 86400
#define IMEI "353081090012345"

static gint64
seconds(gint64 n)
{
    return n * G_USEC_PER_SEC;
}

static void
test_next(void)
{
    gint64 slot = fota_schedule_slot(IMEI, "s", DAY);
    gint64 midnight = seconds(20000 * (gint64)DAY);

    g_assert_cmpint(slot, <, seconds(DAY));
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 0, midnight), ==, midnight);
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, midnight), ==, midnight + slot);
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, midnight + slot - 1), ==,
                    midnight + slot);
    /* Exactly in the slot: that one is being used now. */
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, midnight + slot), ==,
                    midnight + slot + seconds(DAY));
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, midnight + seconds(DAY) - 1), ==,
                    midnight + slot + seconds(DAY));
    /* 1970, and the moment at which 32 bits of seconds are over, in 2106. */
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, 0), ==, slot);
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, seconds(4294967296)), >,
                    seconds(4294967296));
    g_assert_cmpint(fota_schedule_next(IMEI, "s", DAY, 1, seconds(4294967296)), <=,
                    seconds(4294967296 + DAY));
}

static void
test_slot(void)
{
    g_assert_cmpint(fota_schedule_slot(IMEI, "s", DAY), ==, fota_schedule_slot(IMEI, "s", DAY));
    g_assert_cmpint(fota_schedule_slot(IMEI, "s", DAY), !=, fota_schedule_slot(IMEI, "t", DAY));
    g_assert_cmpint(fota_schedule_slot(IMEI, NULL, DAY), ==, fota_schedule_slot(IMEI, "", DAY));
    /* Intervals outside the limits are taken as the limit. */
    g_assert_cmpint(fota_schedule_slot(IMEI, "s", 1), ==, fota_schedule_slot(IMEI, "s", 3600));
    g_assert_cmpint(fota_schedule_slot(IMEI, "s", G_MAXUINT32), ==,
                    fota_schedule_slot(IMEI, "s", 30 * DAY));
    g_assert_cmpint(fota_schedule_next(IMEI, "s", 1, 1, 0), <, seconds(3600));
}

enum {
    BINS = 3600,
    MODULES = 36000
};

/* Evenly filled: the statistic of 3600 bins stays near 3600. */
static void
assert_even(const guint counts[BINS])
{
    double chi_square = 0, expected = (double)MODULES / BINS;

    for (guint i = 0; i < BINS; i++)
        chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    g_assert_cmpfloat(chi_square, >, BINS * 0.9);
    g_assert_cmpfloat(chi_square, <, BINS * 1.1);
}

/* IMEIs that follow each other fill an hour evenly, and the second, too: clocks are set alike. */
static void
test_spread(void)
{
    guint of_hour[BINS] = {0}, of_second[BINS] = {0};

    for (guint i = 0; i < MODULES; i++) {
        char imei[16];
        gint64 slot;

        g_snprintf(imei, sizeof imei, "35308109%07u", i);
        slot = fota_schedule_slot(imei, "", 3600);
        of_hour[slot / G_USEC_PER_SEC]++;
        of_second[slot % G_USEC_PER_SEC * BINS / G_USEC_PER_SEC]++;
    }
    assert_even(of_hour);
    assert_even(of_second);
}

static void
test_catch_up(void)
{
    gint64 slot = seconds(20000 * (gint64)DAY) + fota_schedule_slot(IMEI, "s", DAY);
    static const struct {
        gint64 last; /* all in seconds from a slot */
        gint64 now;
        double random;
        gint64 next;
    } cases[] = {
        {0, 1, 0.5, DAY},                        /* nothing missed */
        {0, DAY - 1, 0.5, DAY},                  /* nothing missed yet */
        {-1, -1, 0.5, 0},                        /* just checked, before the slot */
        {0, DAY, 0, DAY},                        /* missed this very moment */
        {0, DAY, 0.5, DAY + 450},                /* short outage: a quarter of an hour */
        {0, DAY + 7200, 0.5, DAY + 7200 + 3600}, /* two hours */
        {0, 3 * DAY, 0.5, 3 * DAY + DAY / 8},    /* long: a quarter of the interval */
        {0, 3 * DAY, 0.999, 3 * DAY + 21578},
        {-10, 20, 0.5, 20 + 450},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 next = fota_schedule_catch_up(IMEI, "s", DAY, slot + seconds(cases[i].last),
                                             slot + seconds(cases[i].now), cases[i].random);

        g_test_message("case %u", i);
        g_assert_cmpint((next - slot) / G_USEC_PER_SEC, ==, cases[i].next);
    }
}

static void
test_retry(void)
{
    static const struct {
        guint tries;
        double random;
        gint64 wait;
    } cases[] = {
        {0, 0, 150},      {1, 0, 150},  {1, 0.5, 225},     {1, 0.999, 299},
        {2, 0, 300},      {2, 1, 600},  {3, 0.5, 900},     {4, 0, 900},
        {4, 0.999, 1799}, {5, 1, 1800}, {1000000, 0, 900}, {G_MAXUINT, 1, 1800},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(fota_schedule_retry(cases[i].tries, cases[i].random), ==, cases[i].wait);
}

static void
test_bucket(void)
{
    guint below = 0, both = 0;

    for (guint i = 0; i < MODULES; i++) {
        char imei[16];
        guint bucket;

        g_snprintf(imei, sizeof imei, "35308109%07u", i);
        bucket = fota_rollout_bucket("r7", imei);
        g_assert_cmpuint(bucket, <, FOTA_ROLLOUT_BUCKETS);
        below += bucket < 1000;
        both += bucket < 1000 && fota_rollout_bucket("r8", imei) < 1000;
    }
    /* A tenth, and a tenth of that tenth: not always the same guinea pigs. */
    g_assert_cmpuint(below, >, MODULES / 10 * 0.9);
    g_assert_cmpuint(below, <, MODULES / 10 * 1.1);
    g_assert_cmpuint(both, >, MODULES / 100 * 0.7);
    g_assert_cmpuint(both, <, MODULES / 100 * 1.3);
}

static void
test_rollout(void)
{
    static const char *const lab[] = {"lab", NULL}, *const field[] = {"field", "lab", NULL};
    guint bucket = fota_rollout_bucket("r7", IMEI);
    FotaRollout rollout = {.id = "r7", .n_waves = 1};
    FotaWave *wave = &rollout.waves[0];

    /* Strictly below: of ten thousand buckets n hundredths of a percent are exactly n. */
    wave->percentage = bucket;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, NULL), ==, FOTA_ROLLOUT_NEVER);
    wave->percentage = bucket + 1;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, NULL), ==, 0);
    wave->start = 5;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, NULL), ==, 5);
    wave->ramp = 10000;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, NULL), ==, 5 + seconds(bucket));

    wave->groups = field;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, lab), ==, 5);
    wave->percentage = 0;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, NULL), ==, FOTA_ROLLOUT_NEVER);
    wave->groups = lab;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, field), ==, 5);

    wave->groups = (const char *const[]){"other", NULL};
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, field), ==, FOTA_ROLLOUT_NEVER);
    wave->groups = lab;

    /* A later wave may open the door earlier. */
    rollout.n_waves = 2;
    rollout.waves[1] = (FotaWave){.percentage = FOTA_ROLLOUT_BUCKETS, .start = 3};
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, field), ==, 3);
    rollout.paused = TRUE;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, field), ==, FOTA_ROLLOUT_NEVER);
    rollout.paused = FALSE;
    rollout.n_waves = 0;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, field), ==, FOTA_ROLLOUT_NEVER);
    rollout.id = NULL;
    g_assert_cmpint(fota_rollout_start(&rollout, IMEI, NULL), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/next", test_next);
    g_test_add_func("/schedule/slot", test_slot);
    g_test_add_func("/schedule/spread", test_spread);
    g_test_add_func("/schedule/catch-up", test_catch_up);
    g_test_add_func("/schedule/retry", test_retry);
    g_test_add_func("/rollout/bucket", test_bucket);
    g_test_add_func("/rollout/start", test_rollout);
    return g_test_run();
}
