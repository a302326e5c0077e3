/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-service.h"

#define SECONDS(n) ((gint64)(n)*G_USEC_PER_SEC)
#define REGISTERED .registered = TRUE
#define LTE REGISTERED, .operator_code = "26201", .technology = "lte"
#define ONLINE LTE, .connected = TRUE, .families = FOTA_SERVICE_IPV4
#define BOTH LTE, .connected = TRUE, .families = FOTA_SERVICE_IPV4 | FOTA_SERVICE_IPV6
#define PASSED .probe = FOTA_PROBE_PASSED
#define FAILED .probe = FOTA_PROBE_FAILED
#define HAD .wanted = TRUE, .visible = TRUE, .time = 600, .before

/* Every row of the table, and what it waits for. */
static void
test_judge(void)
{
    static const struct {
        const char *row;
        FotaProofVerdict verdict;
        int wait; /* seconds */
        FotaProofFacts facts;
    } table[] = {
        {"not judged", FOTA_PROOF_NOT_JUDGED, 0, {HAD = {0}, .now = {ONLINE}}},
        {"not judged", FOTA_PROOF_NOT_JUDGED, 0, {HAD = {ONLINE}, .wanted = FALSE}},
        {"not judged", FOTA_PROOF_NOT_JUDGED, 0, {HAD = {0}, .elapsed = SECONDS(9999)}},
        {"waiting", FOTA_PROOF_WAITING, 600, {HAD = {ONLINE}}},
        {"waiting", FOTA_PROOF_WAITING, 1, {HAD = {ONLINE}, .now = {LTE}, .elapsed = SECONDS(599)}},
        {"back", FOTA_PROOF_WAITING, 30, {HAD = {ONLINE}, .now = {ONLINE}}},
        {"back", FOTA_PROOF_WAITING, 1, {HAD = {LTE}, .now = {LTE}, .steady = SECONDS(29)}},
        {"steady", FOTA_PROOF_PROVEN, 0, {HAD = {LTE}, .now = {BOTH}, .steady = SECONDS(30)}},
        {"time is over", FOTA_PROOF_NOT_PROVEN, 0, {HAD = {LTE}, .elapsed = SECONDS(600)}},
        {"time is over",
         FOTA_PROOF_NOT_PROVEN,
         0,
         {HAD = {BOTH}, .now = {ONLINE}, .elapsed = SECONDS(600)}},
        /* It came back at the last moment: it gets the time to be steady, once. */
        {"back",
         FOTA_PROOF_WAITING,
         20,
         {HAD = {LTE}, .now = {LTE}, .elapsed = SECONDS(700), .steady = SECONDS(10)}},
        /* ModemManager does not run: nothing is known of the service, however long that takes. */
        {"not visible",
         FOTA_PROOF_WAITING,
         0,
         {HAD = {LTE}, .visible = FALSE, .elapsed = SECONDS(9999)}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FotaProofAnswer answer = fota_service_judge(&table[i].facts);

        g_test_message("%u: %s", i, table[i].row);
        g_assert_cmpstr(answer.row, ==, table[i].row);
        g_assert_cmpint(answer.verdict, ==, table[i].verdict);
        g_assert_cmpint(answer.wait, ==, SECONDS(table[i].wait));
        g_assert_false(answer.wants_probe);
    }
}

/* One second of a life after the update at a time: whether the module serves then. */
static FotaProofVerdict
live(const char *serves, guint32 time)
{
    const FotaService none = {0}, some = {ONLINE};
    FotaProofFacts facts = {HAD = some, .time = time};
    FotaProofAnswer answer = {0};

    for (gint64 second = 0, since = -1; second < 10000; second++) {
        gboolean up = serves[second % (gint64)strlen(serves)] == '+';

        since = !up ? -1 : since < 0 ? second : since;
        facts.now = up ? some : none;
        facts.elapsed = SECONDS(second);
        facts.steady = up ? SECONDS(second - since) : 0;
        answer = fota_service_judge(&facts);
        if (answer.verdict != FOTA_PROOF_WAITING)
            break;
    }
    return answer.verdict;
}

/* A service that comes and goes is none; one that comes late, or stays after a flap, is. */
static void
test_flapping(void)
{
    g_autofree char *late = g_strnfill(650, '-');

    g_assert_cmpint(live("+", 600), ==, FOTA_PROOF_PROVEN);
    g_assert_cmpint(live("-", 600), ==, FOTA_PROOF_NOT_PROVEN);
    g_assert_cmpint(live("+-", 600), ==, FOTA_PROOF_NOT_PROVEN);
    g_assert_cmpint(live("++++++++++++++++++++-----", 600), ==, FOTA_PROOF_NOT_PROVEN);
    g_assert_cmpint(live("+++++---++++++++++++++++++++++++++++++++++", 600), ==, FOTA_PROOF_PROVEN);
    for (gsize i = 590; i < strlen(late); i++)
        late[i] = '+';
    g_assert_cmpint(live(late, 600), ==, FOTA_PROOF_PROVEN);
}

/* What is lacking, in the order in which it returns. */
static void
test_losses(void)
{
    static const struct {
        FotaService before, now;
        gboolean may_roam;
        const char *loss; /* a part of it; NULL = none */
    } table[] = {
        {{0}, {0}, FALSE, NULL},
        {{LTE}, {LTE}, FALSE, NULL},
        {{LTE}, {REGISTERED, .operator_code = "26202", .technology = "gsm"}, FALSE, NULL},
        {{LTE}, {0}, TRUE, "not registered"},
        {{LTE}, {LTE, .roaming = TRUE}, TRUE, NULL},
        {{LTE}, {LTE, .roaming = TRUE}, FALSE, "roams"},
        {{LTE, .roaming = TRUE}, {LTE, .roaming = TRUE}, FALSE, NULL},
        {{ONLINE}, {LTE}, FALSE, "data call is not up"},
        {{BOTH}, {ONLINE}, FALSE, "without IPv6"},
        {{BOTH}, {LTE, .connected = TRUE, .families = FOTA_SERVICE_IPV6}, FALSE, "without IPv4"},
        {{ONLINE}, {BOTH}, FALSE, NULL},
        {{ONLINE, PASSED}, {ONLINE}, FALSE, "probe"},
        {{ONLINE, PASSED}, {ONLINE, FAILED}, FALSE, "probe"},
        {{ONLINE, PASSED}, {ONLINE, PASSED}, FALSE, NULL},
        {{ONLINE, FAILED}, {ONLINE, FAILED}, FALSE, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *loss =
            fota_service_find_loss(&table[i].before, &table[i].now, table[i].may_roam);

        g_test_message("%u", i);
        if (table[i].loss == NULL)
            g_assert_null(loss);
        else
            g_assert_nonnull(strstr(loss, table[i].loss));
    }
}

/* The probe is made last, once it alone decides, and only if it passed before. */
static void
test_wants_probe(void)
{
    static const struct {
        gboolean wanted;
        FotaService before, now;
    } table[] = {
        {TRUE, {ONLINE, PASSED}, {ONLINE}}, {FALSE, {ONLINE, PASSED}, {ONLINE, FAILED}},
        {FALSE, {ONLINE, PASSED}, {LTE}},   {FALSE, {ONLINE, FAILED}, {ONLINE}},
        {FALSE, {ONLINE}, {ONLINE}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaProofFacts facts = {HAD = table[i].before, .now = table[i].now};

        g_assert_cmpint(fota_service_judge(&facts).wants_probe, ==, table[i].wanted);
        facts.visible = FALSE;
        g_assert_false(fota_service_judge(&facts).wants_probe);
    }
}

/* A probe that is under way when the time ends is waited for, where it alone decides. */
static void
test_probe_under_way(void)
{
    static const struct {
        FotaProofVerdict verdict;
        gboolean probing;
        FotaService now;
    } table[] = {
        {FOTA_PROOF_WAITING, TRUE, {ONLINE}},
        {FOTA_PROOF_NOT_PROVEN, TRUE, {LTE}},
        {FOTA_PROOF_NOT_PROVEN, FALSE, {ONLINE}},
        {FOTA_PROOF_NOT_PROVEN, FALSE, {ONLINE, FAILED}},
        /* It has passed: the service still has to last. */
        {FOTA_PROOF_WAITING, FALSE, {ONLINE, PASSED}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaProofFacts facts = {HAD = {ONLINE, PASSED}, .now = table[i].now};

        facts.probing = table[i].probing;
        facts.elapsed = SECONDS(600);
        g_test_message("%u", i);
        g_assert_cmpint(fota_service_judge(&facts).verdict, ==, table[i].verdict);
    }
}

/* A watchdog that restarts the gateway for want of service does not keep it from an end. */
static void
test_restarts(void)
{
    static const guint limits[] = {600, 300, 150, 75, 60, 60, 60};
    FotaProofFacts facts = {HAD = {LTE}};

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        facts.restarts = i;
        facts.elapsed = SECONDS(limits[i]) - 1;
        g_assert_cmpint(fota_service_judge(&facts).verdict, ==, FOTA_PROOF_WAITING);
        facts.elapsed++;
        g_assert_cmpint(fota_service_judge(&facts).verdict, ==, FOTA_PROOF_NOT_PROVEN);
    }
    facts.restarts = G_MAXUINT64;
    facts.time = 20; /* shorter than the shortest: it stays as it is */
    facts.elapsed = SECONDS(20);
    g_assert_cmpint(fota_service_judge(&facts).verdict, ==, FOTA_PROOF_NOT_PROVEN);
}

static void
test_text(void)
{
    static const struct {
        const char *text;
        FotaService service;
    } table[] = {
        {"none", {0}},
        {"home 26201 lte", {LTE}},
        {"roaming 310260 lte connected ipv4 ipv6 probe-passed",
         {.registered = TRUE,
          .roaming = TRUE,
          .operator_code = "310260",
          .technology = "lte",
          .connected = TRUE,
          .families = FOTA_SERVICE_IPV4 | FOTA_SERVICE_IPV6,
          PASSED}},
        {"home connected ipv6 probe-failed",
         {REGISTERED, .connected = TRUE, .families = FOTA_SERVICE_IPV6, FAILED}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FotaService service = fota_service_parse(table[i].text);
        g_autofree char *text = fota_service_to_text(&table[i].service);
        g_autofree char *again = fota_service_to_text(&service);

        g_assert_cmpstr(text, ==, table[i].text);
        g_assert_cmpstr(again, ==, table[i].text);
    }
    /* A record without one: nothing was known, so nothing is judged. */
    g_assert_false(fota_service_parse("").registered);
}

/* A portal answers everything over http, with a page or by a redirection, but has no certificate.
 */
static void
test_probe(void)
{
    static const struct {
        const char *uri;
        guint status;
        gboolean passes;
    } table[] = {
        {"https://fota.example/alive", 200, TRUE},  {"https://fota.example/alive", 204, TRUE},
        {"https://fota.example/alive", 302, FALSE}, {"https://fota.example/alive", 511, FALSE},
        {"https://fota.example/alive", 0, FALSE},   {"http://fota.example/alive", 204, TRUE},
        {"http://fota.example/alive", 200, FALSE},  {"http://fota.example/alive", 302, FALSE},
        {"http://fota.example/alive", 0, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++)
        g_assert_cmpint(fota_service_passes_probe(table[i].uri, table[i].status), ==,
                        table[i].passes);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/service/judge", test_judge);
    g_test_add_func("/policy/service/flapping", test_flapping);
    g_test_add_func("/policy/service/losses", test_losses);
    g_test_add_func("/policy/service/wants-probe", test_wants_probe);
    g_test_add_func("/policy/service/probe-under-way", test_probe_under_way);
    g_test_add_func("/policy/service/restarts", test_restarts);
    g_test_add_func("/policy/service/text", test_text);
    g_test_add_func("/policy/service/probe", test_probe);
    return g_test_run();
}
