/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/fota-plan.h"
#include "policy/fota-poll.h"
#include "policy/fota-rollout.h"

/*
 * A million gateways with fotad's own code for when to check and when to begin, second by second:
 * what the owner's servers get to see. Beside each number stands what the formula says; nothing
 * here depends on how fast this machine is.
 */

#define FLEET 1000000
#define REGION 100000
#define DAY 86400
#define OUTAGE 7200
/* The region goes at 09:00 and comes back at 11:00: a gateway takes 60 s to start, give or take 8.
 */
#define BEGIN (9 * 3600)
#define END (BEGIN + OUTAGE)
#define BOOT_MEAN 60
#define BOOT_DEVIATION 8
/* fota_schedule_catch_up() spreads over a quarter of an hour at least. */
#define LEAST_SPAN 900
/* The upper half of FOTA_SCHEDULE_MAX_RETRY. */
#define MEAN_RETRY 1350
/* The day begins at a multiple of the interval, far from 1970. */
#define MIDNIGHT (G_GINT64_CONSTANT(20000) * DAY)

/* A peak of so many events, Poisson as they are, is not predicted better than this. */
#define TOLERANCE 1.35

/* A roll-out to all over a week, of deltas as small as they come. */
#define WEEK (7 * DAY)
#define DELTA_BYTES 300000
/* The windows of a region open at the same moment. */
#define WINDOW_SECONDS 7200
#define OUTAGE_EXPECTED 600

static guint requests[WEEK];
static gboolean failed;

static gint64
at(double second)
{
    return MIDNIGHT * G_USEC_PER_SEC + (gint64)(second * G_USEC_PER_SEC);
}

static void
count(gint64 time)
{
    gint64 second = time / G_USEC_PER_SEC - MIDNIGHT;

    if (second >= 0 && second < (gint64)G_N_ELEMENTS(requests))
        requests[second]++;
}

static guint
find_peak(guint from, guint to)
{
    guint peak = 0;

    for (guint second = from; second < to; second++)
        peak = MAX(peak, requests[second]);
    return peak;
}

static guint
count_all(guint from, guint to)
{
    guint sum = 0;

    for (guint second = from; second < to; second++)
        sum += requests[second];
    return sum;
}

/* One series of one type, as they leave the factory: the hardest case for a spread. */
static void
make_imei(guint number, char imei[16])
{
    g_snprintf(imei, 16, "35308109%07u", number);
}

/* The highest of @seconds independent seconds with @mean requests each. */
static double
predict_peak(double mean, double seconds)
{
    return mean + sqrt(2 * mean * log(seconds));
}

static void
show(const char *what, double simulated, double predicted)
{
    double ratio = simulated / predicted;
    gboolean good = ratio < TOLERANCE && ratio > 1 / TOLERANCE;

    printf("  %-52s %8.1f   formula %8.1f   ratio %.2f%s\n", what, simulated, predicted, ratio,
           good ? "" : "  TOO FAR OFF");
    failed = failed || !good;
}

static gint64
slot_of(const char *imei)
{
    return fota_schedule_next(imei, NULL, DAY, at(-1), at(-1));
}

static void
simulate_day(void)
{
    char imei[16];

    for (guint i = 0; i < FLEET; i++) {
        make_imei(i, imei);
        count(slot_of(imei));
    }
    printf("A normal day, %d gateways, one check a day each:\n", FLEET);
    show("requests a second, mean N/T", count_all(0, DAY) / (double)DAY, (double)FLEET / DAY);
    show("the day's highest second, L + sqrt(2 L ln T)", find_peak(0, DAY),
         predict_peak((double)FLEET / DAY, DAY));
    printf("  %-52s %8.1f\n\n", "if all had a cron job at 03:00 and up to 1 h by chance",
           FLEET / 3600.0);
}

static double
random_boot(GRand *rand)
{
    double u = g_rand_double_range(rand, 1e-12, 1), v = g_rand_double(rand);

    return END + BOOT_MEAN + BOOT_DEVIATION * sqrt(-2 * log(u)) * cos(2 * G_PI * v);
}

/* The region's gateways were without power; who missed its slot makes up for it after the start. */
static void
simulate_power_cut(GRand *rand)
{
    double missed = (double)REGION * OUTAGE / DAY, mean;
    guint made_up = 0;
    char imei[16];

    for (guint i = 0; i < FLEET; i++) {
        FotaPollFacts facts = {.imei = imei, .interval = DAY, .catch_up = TRUE};
        gint64 slot, next;

        make_imei(i, imei);
        slot = slot_of(imei);
        if (i >= REGION || slot < at(BEGIN))
            count(slot);
        if (i >= REGION)
            continue;
        facts.last_check = slot < at(BEGIN) ? slot : slot - G_TIME_SPAN_DAY;
        facts.now = at(random_boot(rand));
        facts.random = g_rand_double(rand);
        next = fota_poll_next(&facts);
        made_up += (next - slot) % G_TIME_SPAN_DAY != 0 ? 1 : 0;
        count(next);
    }
    /* Of each span's uniform density what overlaps the first quarter of an hour, all spans. */
    mean = (double)FLEET / DAY + (double)REGION / DAY * (1 + log((double)OUTAGE / LEAST_SPAN));
    printf("Power returns to %d of them after two hours:\n", REGION);
    show("checks to be made up for, N_r D/T", made_up, missed);
    show("highest second, L + sqrt(2 L ln 900)", find_peak(END, DAY),
         predict_peak(mean, LEAST_SPAN));
    printf("  %-52s %8.1f\n\n", "if each checked because it has started",
           REGION / (BOOT_DEVIATION * sqrt(2 * G_PI)));
}

/* Tries of one gateway whose network is away; from its slot on. */
static guint
try_until_there(const char *imei, gint64 slot, GRand *rand)
{
    FotaPollFacts facts = {.imei = imei, .interval = DAY, .last_check = slot, .now = slot};
    guint tries = 0;

    while (facts.now < at(END) && tries < 100) {
        facts.failed_tries = ++tries;
        facts.random = g_rand_double(rand);
        facts.last_check = facts.now;
        facts.now = fota_poll_next(&facts);
    }
    count(facts.now);
    return tries;
}

/*
 * The region's gateways run, but reach nobody, and try again until they do. Which of them the
 * kernel tells of its network, and when, is up to the network.
 */
static void
simulate_network_cut(GRand *rand)
{
    guint tries = 0, affected = 0;
    char imei[16];

    for (guint i = 0; i < FLEET; i++) {
        gint64 slot;

        make_imei(i, imei);
        slot = slot_of(imei);
        if (i < REGION && slot >= at(BEGIN) && slot < at(END)) {
            affected++;
            tries += try_until_there(imei, slot, rand);
        } else {
            count(slot);
        }
    }
    printf("The network returns to %d of them after two hours:\n", REGION);
    show("gateways that have tried in vain, N_r D/T", affected, (double)REGION * OUTAGE / DAY);
    printf("  %-52s %8.1f\n", "tries in vain of each of these", (double)tries / affected);
    show(
        "highest second, L + sqrt(2 L ln 1350)", find_peak(END, DAY),
        predict_peak((double)FLEET / DAY + (double)REGION * OUTAGE / DAY / MEAN_RETRY, MEAN_RETRY));
    printf("\n");
}

/* Each gateway begins when its bucket's turn has come: one bucket a minute, all of it at once. */
static void
simulate_rollout(void)
{
    const FotaRollout rollout = {
        .id = "r",
        .n_waves = 1,
        .waves = {{.percentage = FOTA_ROLLOUT_BUCKETS, .start = at(0), .ramp = WEEK}}};
    double of_one = (double)FLEET / FOTA_ROLLOUT_BUCKETS;
    char imei[16];

    for (guint i = 0; i < FLEET; i++) {
        make_imei(i, imei);
        count(fota_rollout_start(&rollout, imei, NULL));
    }
    printf("A delta of %d kB to all over seven days:\n", DELTA_BYTES / 1000);
    show("Mbit/s on the delta's server, N p size / ramp",
         count_all(0, WEEK) * 8.0 * DELTA_BYTES / WEEK / 1e6,
         (double)FLEET * DELTA_BYTES * 8 / WEEK / 1e6);
    show("most that begin at once, L + sqrt(2 L ln buckets)", find_peak(0, WEEK),
         predict_peak(of_one, FOTA_ROLLOUT_BUCKETS));
    printf("  %-52s %8.1f\n\n", "Mbit/s if it were an hour",
           (double)FLEET * DELTA_BYTES * 8 / 3600 / 1e6);
}

static FotaManifest *
make_manifest(void)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":1,\"issued\":\"2024-10-01T00:00:00Z\","
        "\"useBefore\":\"2025-10-01T00:00:00Z\",\"target\":{\"model\":[\"M\"]},\"update\":{"
        "\"id\":\"u\",\"window\":[{\"start\":\"02:00\",\"duration\":%d,\"timezone\":\"UTC\"}],"
        "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\"}]}}",
        WINDOW_SECONDS);
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));

    return fota_manifest_parse(payload, NULL);
}

/* A region's gateways have had their approval and wait for 02:00. */
static void
simulate_window(void)
{
    g_autoptr(FotaManifest) manifest = make_manifest();
    double spread = (WINDOW_SECONDS - OUTAGE_EXPECTED) / 4.0;
    char imei[16];

    for (guint i = 0; i < REGION; i++) {
        FotaFacts facts = FOTA_FACTS_INIT;
        g_autoptr(FotaPlan) plan = NULL;

        make_imei(i, imei);
        facts.imei = imei;
        facts.revision = "A";
        facts.now = at(0);
        facts.registered = TRUE;
        facts.run_seconds = OUTAGE_EXPECTED;
        plan = fota_plan_make(manifest, &facts);
        count(plan->not_before);
    }
    printf("A window of two hours opens to %d of them at once:\n", REGION);
    show("most that begin in one second, L + sqrt(2 L ln S)", find_peak(0, DAY),
         predict_peak(REGION / spread, spread));
    printf("  %-52s %8.1f\n", "if all began when it opens", (double)REGION);
}

int
main(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    simulate_day();
    memset(requests, 0, sizeof requests);
    simulate_power_cut(rand);
    memset(requests, 0, sizeof requests);
    simulate_network_cut(rand);
    memset(requests, 0, sizeof requests);
    simulate_rollout();
    memset(requests, 0, sizeof requests);
    simulate_window();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
