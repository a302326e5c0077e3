/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-question.h"
#include "tests/unit/test-policy-plan.h"

#include <string.h>

#define LINE "#OTAEV: Do you want to upgrade the firmware?"
#define HEARD "2026-11-21T11:59:00Z"

static FotaManifest *
make(void)
{
    return fota_question_make_manifest(PLAN_IMEI, FOTA_SOURCE_MODULE, LINE,
                                       test_plan_moment(HEARD));
}

/* A question is told from others by its words, its moment, its module and who asks. */
static void
test_manifest(void)
{
    static const struct {
        const char *imei;
        FotaSource source;
        const char *line, *heard, *id;
    } others[] = {
        {PLAN_IMEI, FOTA_SOURCE_MODULE, LINE " ", HEARD, "module-20261121T115900.000000Z"},
        {PLAN_IMEI, FOTA_SOURCE_CARRIER, LINE, HEARD, "carrier-20261121T115900.000000Z"},
        {PLAN_IMEI, FOTA_SOURCE_MODULE, LINE, "2026-11-21T12:00:00Z",
         "module-20261121T120000.000000Z"},
        {"353081090012346", FOTA_SOURCE_MODULE, LINE, HEARD, "module-20261121T115900.000000Z"},
        /* Whatever a module says makes a manifest. */
        {PLAN_IMEI, FOTA_SOURCE_MODULE, "\"\\\xff{", HEARD, "module-20261121T115900.000000Z"},
    };
    g_autoptr(FotaManifest) manifest = make(), same = make();

    g_assert_cmpstr(manifest->digest, ==, same->digest);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(FotaManifest) other = fota_question_make_manifest(
            others[i].imei, others[i].source, others[i].line, test_plan_moment(others[i].heard));

        g_assert_cmpstr(other->digest, !=, manifest->digest);
        g_assert_cmpstr(other->update.id, ==, others[i].id);
        g_assert_cmpint(other->source, ==, others[i].source);
        g_assert_cmpint(other->sequence_number, ==, 0);
    }
}

/* Two within one second, such as one that has ended at once and the next, are not one update. */
static void
test_moments(void)
{
    static const struct {
        gint64 later; /* µs */
        const char *id;
    } cases[] = {
        {1, "module-20261121T115900.000001Z"},
        {20000, "module-20261121T115900.020000Z"},
        {999999, "module-20261121T115900.999999Z"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaManifest) manifest = fota_question_make_manifest(
            PLAN_IMEI, FOTA_SOURCE_MODULE, LINE, test_plan_moment(HEARD) + cases[i].later);

        g_assert_cmpstr(manifest->update.id, ==, cases[i].id);
    }
}

typedef struct {
    const char *version;
    FotaPlanKind kind;
    const char *blockers, *approved, *to;
    gboolean inhibited, only_route, mains;
    gboolean refused, deferred, unanswered;
} Case;

/* It is planned like any other offer, and always wants an approval. */
static void
test_plan(void)
{
    static const Case cases[] = {
        {.kind = FOTA_PLAN_UPDATE, .blockers = ""},
        {.kind = FOTA_PLAN_UPDATE, .blockers = "", .version = "B", .to = "B"},
        /* A dummy: the same version again. */
        {.kind = FOTA_PLAN_UPDATE, .blockers = "", .version = "A", .to = "A"},
        {.kind = FOTA_PLAN_UPDATE, .blockers = "inhibited", .inhibited = TRUE},
        {.kind = FOTA_PLAN_UPDATE, .blockers = "route", .only_route = TRUE},
        {.kind = FOTA_PLAN_UPDATE, .blockers = "supply", .mains = TRUE},
        {.kind = FOTA_PLAN_UPDATE, .blockers = "deferred", .deferred = TRUE},
        {.kind = FOTA_PLAN_REJECTED, .blockers = "", .refused = TRUE},
        {.kind = FOTA_PLAN_UNANSWERED, .blockers = "", .unanswered = TRUE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_autoptr(FotaManifest) manifest = make();
        FotaFacts facts = test_plan_make_facts("A");
        FotaRules rules = FOTA_RULES_INIT;
        g_autofree char *token = fota_approval_token(manifest->digest, PLAN_IMEI, "A", c->version,
                                                     FOTA_APPROVAL_GATE_INSTALL);
        g_autofree char *blockers = NULL;
        g_autoptr(FotaPlan) plan = NULL;

        facts.rules = &rules;
        facts.one_gate = TRUE;
        facts.vendor_version = c->version;
        facts.inhibited = c->inhibited;
        facts.other_route = c->only_route ? 0 : 1;
        facts.on_mains = 0;
        rules.conditions.other_route = c->only_route;
        rules.conditions.mains_power = c->mains;
        facts.deferred_until = c->deferred ? facts.now + G_TIME_SPAN_HOUR : 0;
        facts.rejected = c->refused ? token : NULL;
        rules.approval_timeout = 60;
        facts.asked = c->unanswered ? facts.now - 60 * G_TIME_SPAN_SECOND : 0;
        g_test_message("case %u", i);
        plan = fota_plan_make(manifest, &facts);
        blockers = g_strjoinv(" ", (char **)plan->blockers->pdata);
        g_assert_cmpint(plan->kind, ==, c->kind);
        g_assert_cmpint(plan->source, ==, FOTA_SOURCE_MODULE);
        g_assert_cmpstr(plan->to, ==, c->to);
        g_assert_cmpuint(plan->n_steps, ==, 1);
        g_assert_cmpstr(blockers, ==, c->blockers);
        g_assert_cmpint(plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].wanted, ==,
                        FOTA_APPROVAL_REQUIRED);
        g_assert_cmpint(plan->gates[FOTA_APPROVAL_GATE_INSTALL].wanted, ==, FOTA_APPROVAL_AUTO);
        g_assert_cmpstr(plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].token, ==, token);
    }
}

/* Of two offers for one module, the one that ends first. */
static void
test_goes_first(void)
{
    static const struct {
        gboolean first;
        FotaQuestionRival rival;
    } cases[] = {
        {TRUE, {0}},
        {TRUE, {.deferred = TRUE}},
        {TRUE, {.offered = TRUE}},
        {TRUE, {.offered = TRUE, .end = 100}},
        {TRUE, {.offered = TRUE, .end = 100, .answer_by = 99}},
        {FALSE, {.offered = TRUE, .end = 100, .answer_by = 101}},
        {TRUE, {.offered = TRUE, .answer_by = 101}},
        {FALSE, {.offered = TRUE, .end = 100, .deferred = TRUE}},
        /* A delta of the manifest's may be in the module already. */
        {FALSE, {.begun = TRUE}},
        {FALSE, {.begun = TRUE, .offered = TRUE, .end = 100, .answer_by = 99}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(fota_question_goes_first(&cases[i].rival), ==, cases[i].first);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/question/manifest", test_manifest);
    g_test_add_func("/policy/question/moments", test_moments);
    g_test_add_func("/policy/question/plan", test_plan);
    g_test_add_func("/policy/question/goes-first", test_goes_first);
    return g_test_run();
}
