/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <string.h>

#include "policy/fota-question.h"
#include "tests/unit/test-policy-plan.h"

/* What a plan does. */

#define PLAN_DUMMY "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"A\",\"dummy\":true}]"

static void
test_position(void)
{
    static const struct {
        const char *update;
        const char *revision;
        FotaPlanKind kind;
        guint n_steps;
        guint64 size;
        const char *to;
    } cases[] = {
        {NULL, "A", FOTA_PLAN_NOTHING_FOR_YOU, 0, 0, NULL},
        {PLAN_CHAIN, "A", FOTA_PLAN_UPDATE, 2, 1500, "C"},
        {PLAN_CHAIN, "B", FOTA_PLAN_UPDATE, 1, 500, "C"},
        {PLAN_CHAIN, "C", FOTA_PLAN_UP_TO_DATE, 0, 0, NULL},
        {PLAN_CHAIN, "X", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {PLAN_CHAIN, "a", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {PLAN_CHAIN, "A ", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {PLAN_CHAIN, "", FOTA_PLAN_NO_PATH, 0, 0, NULL},
        {"\"toVersion\":\"B\"", "B", FOTA_PLAN_UP_TO_DATE, 0, 0, NULL},
        {"\"steps\":[{\"fromVersion\":\"B\",\"toVersion\":\"C\"},"
         "{\"fromVersion\":\"A\",\"toVersion\":\"C\"}]",
         "A", FOTA_PLAN_UPDATE, 1, 0, "C"},
        {"\"steps\":[{\"fromVersion\":\"B\",\"toVersion\":\"C\"},{\"fromVersion\":\"A\","
         "\"toVersion\":\"B\",\"delta\":{\"uri\":\"ftp://fw/a\",\"size\":9}}]",
         "A", FOTA_PLAN_UPDATE, 2, 0, "C"},
        {PLAN_DUMMY, "A", FOTA_PLAN_UPDATE, 1, 0, "A"},
        {PLAN_DUMMY, "B", FOTA_PLAN_NO_PATH, 0, 0, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = test_plan_make_facts(cases[i].revision);
        g_autoptr(FotaPlan) plan = test_plan_make(cases[i].update, &facts);

        g_test_message("case %u", i);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        g_assert_cmpuint(plan->n_steps, ==, cases[i].n_steps);
        g_assert_cmpuint(plan->size, ==, cases[i].size);
        g_assert_cmpstr(plan->to, ==, cases[i].to);
        g_assert_cmpstr(plan->from, ==, cases[i].revision);
        if (plan->n_steps > 0)
            g_assert_cmpstr(plan->steps[0].from_version, ==, cases[i].revision);
        g_assert_cmpuint(plan->blockers->len, ==, 1);
        g_assert_cmpuint(plan->reasons->len, >, 1);
        g_assert_cmpint(plan->not_before, ==, 0);
        g_assert_true((plan->gates[0].token != NULL) == (plan->kind == FOTA_PLAN_UPDATE));
    }
}

/* It is over when the history has it, since the version never shows it. */
static void
test_dummy(void)
{
    FotaFacts facts = test_plan_make_facts("A");
    g_autoptr(FotaPlan) plan = NULL;

    facts.dummy_done = TRUE;
    plan = test_plan_make(PLAN_DUMMY, &facts);
    g_assert_cmpint(plan->kind, ==, FOTA_PLAN_UP_TO_DATE);
    g_clear_pointer(&plan, fota_plan_free);
    plan = test_plan_make(PLAN_CHAIN, &facts);
    g_assert_cmpint(plan->kind, ==, FOTA_PLAN_UPDATE);
}

static void
test_vendor(void)
{
    static const struct {
        const char *update;
        const char *vendor_version;
        FotaPlanKind kind;
        const char *to;
    } cases[] = {
        {"\"severity\":\"optional\"", NULL, FOTA_PLAN_ASK_VENDOR, NULL},
        {"\"severity\":\"optional\"", "", FOTA_PLAN_UP_TO_DATE, NULL},
        {"\"severity\":\"optional\"", "B", FOTA_PLAN_UPDATE, "B"},
        {"\"toVersion\":\"B\"", NULL, FOTA_PLAN_ASK_VENDOR, NULL},
        {"\"toVersion\":\"B\"", "B", FOTA_PLAN_UPDATE, "B"},
        {"\"toVersion\":\"B\"", "C", FOTA_PLAN_NO_PATH, NULL},
        {"\"toVersion\":\"A\"", NULL, FOTA_PLAN_UP_TO_DATE, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        g_test_message("case %u", i);
        facts.vendor_version = cases[i].vendor_version;
        facts.vendor_size = 700;
        facts.inhibited = TRUE;
        plan = test_plan_make(cases[i].update, &facts);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        g_assert_cmpstr(plan->to, ==, cases[i].to);
        g_assert_cmpuint(plan->size, ==, plan->kind == FOTA_PLAN_UPDATE ? 700 : 0);
        /* To ask it means an outage too: what blocks an update blocks this. */
        g_assert_cmpint(fota_plan_has_blocker(plan, "inhibited"), ==,
                        plan->kind == FOTA_PLAN_UPDATE || plan->kind == FOTA_PLAN_ASK_VENDOR ||
                            plan->kind == FOTA_PLAN_NO_PATH);
    }
}

/* What the module asks, for whoever it asks, always wants an approval. */
static void
test_question(void)
{
    static const struct {
        FotaSource source;
        const char *to; /* NULL = it does not tell */
        const char *reason;
    } cases[] = {
        {FOTA_SOURCE_MODULE, "B", "it asks for an update to B"},
        {FOTA_SOURCE_MODULE, NULL, "it asks for an update to a version that is not told"},
        {FOTA_SOURCE_CARRIER, "B", "its carrier asks for an update to B"},
        {FOTA_SOURCE_CARRIER, NULL, "its carrier asks for an update to a version that is not told"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaManifest) manifest =
            fota_question_make_manifest(facts.imei, cases[i].source, "#OTAEV: ?", facts.now);
        g_autoptr(FotaPlan) plan = NULL;

        facts.vendor_version = cases[i].to;
        plan = fota_plan_make(manifest, &facts);
        g_assert_cmpint(plan->kind, ==, FOTA_PLAN_UPDATE);
        g_assert_cmpint(plan->source, ==, cases[i].source);
        g_assert_cmpstr(plan->to, ==, cases[i].to);
        g_assert_nonnull(strstr(plan->reasons->pdata[0], cases[i].reason));
        g_assert_cmpint(plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].wanted, ==,
                        FOTA_APPROVAL_REQUIRED);
    }
}

/* Only another manifest offers again what has ended without service; of the vendor's updates, one
 * manifest is for all, so that another version is another update. */
static void
test_unserved(void)
{
    static const struct {
        const char *update, *unserved_to;
        gboolean held;
    } cases[] = {
        {PLAN_CHAIN, "C", TRUE},
        {PLAN_CHAIN, "elsewhere", TRUE},
        {"\"severity\":\"optional\"", "B", TRUE},
        {"\"severity\":\"optional\"", "elsewhere", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) before = NULL, after = NULL;

        facts.vendor_version = "B";
        before = test_plan_make(cases[i].update, &facts);
        g_assert_cmpint(before->kind, ==, FOTA_PLAN_UPDATE);
        facts.unserved = before->manifest->digest;
        facts.unserved_to = cases[i].unserved_to;
        after = test_plan_make(cases[i].update, &facts);
        g_assert_cmpint(after->kind != FOTA_PLAN_UPDATE, ==, cases[i].held);
    }
}

static void
test_gates(void)
{
    static const char *const words[] = {"auto", "required"};

    for (guint i = 0; i < 16; i++) {
        guint manifest_download = i & 1, manifest_install = i >> 1 & 1;
        guint rules_download = i >> 2 & 1, rules_install = i >> 3 & 1;
        g_autofree char *update =
            g_strdup_printf("\"approval\":{\"download\":\"%s\",\"install\":\"%s\"}," PLAN_CHAIN,
                            words[manifest_download], words[manifest_install]);
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL, one = NULL;

        rules.approve_download = rules_download;
        rules.approve_install = rules_install;
        facts.rules = &rules;
        plan = test_plan_make(update, &facts);
        g_assert_cmpuint(plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].wanted, ==,
                         manifest_download | rules_download);
        g_assert_cmpuint(plan->gates[FOTA_APPROVAL_GATE_INSTALL].wanted, ==,
                         manifest_install | rules_install);
        /* Where the two are one, one answer counts as both, and the stricter one asks for it. */
        facts.one_gate = TRUE;
        one = test_plan_make(update, &facts);
        g_assert_cmpuint(one->gates[FOTA_APPROVAL_GATE_DOWNLOAD].wanted, ==,
                         manifest_download | rules_download | manifest_install | rules_install);
        g_assert_cmpuint(one->gates[FOTA_APPROVAL_GATE_INSTALL].wanted, ==, FOTA_APPROVAL_AUTO);
        /* An answer to the download alone is none to both. */
        g_assert_cmpstr(one->gates[FOTA_APPROVAL_GATE_DOWNLOAD].token, !=,
                        plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].token);
    }
}

static void
test_approved(void)
{
    FotaFacts facts = test_plan_make_facts("A");
    g_autoptr(FotaPlan) offer = test_plan_make(PLAN_CHAIN, &facts);
    g_autoptr(FotaPlan) approved = NULL, under_way = NULL, other = NULL, other_gate = NULL;
    const char *download = offer->gates[FOTA_APPROVAL_GATE_DOWNLOAD].token;

    g_assert_false(offer->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    g_assert_cmpstr(download, !=, offer->gates[FOTA_APPROVAL_GATE_INSTALL].token);
    facts.approved[FOTA_APPROVAL_GATE_DOWNLOAD] = download;
    approved = test_plan_make(PLAN_CHAIN, &facts);
    g_assert_true(approved->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    g_assert_false(approved->gates[FOTA_APPROVAL_GATE_INSTALL].approved);
    /* Half way along the chain the approval for all of it still holds ... */
    facts.revision = "B";
    facts.chain_from = "A";
    under_way = test_plan_make(PLAN_CHAIN, &facts);
    g_assert_true(under_way->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    /* ... but not for another chain that meets it there, nor at the other gate. */
    facts.chain_from = NULL;
    other = test_plan_make(PLAN_CHAIN, &facts);
    g_assert_false(other->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved);
    facts = test_plan_make_facts("A");
    facts.approved[FOTA_APPROVAL_GATE_INSTALL] = download;
    other_gate = test_plan_make(PLAN_CHAIN, &facts);
    g_assert_false(other_gate->gates[FOTA_APPROVAL_GATE_INSTALL].approved);
}

static void
test_past(void)
{
    FotaRules rules = FOTA_RULES_INIT;
    FotaFacts facts = test_plan_make_facts("A");
    g_autoptr(FotaPlan) offer = test_plan_make(PLAN_CHAIN, &facts);

    facts.rules = &rules;
    for (guint attempts = 2; attempts <= 3; attempts++) {
        g_autoptr(FotaPlan) plan = NULL;

        facts.attempts = attempts;
        plan = test_plan_make(PLAN_CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==,
                        attempts < 3 ? FOTA_PLAN_UPDATE : FOTA_PLAN_FAILED_FOR_GOOD);
    }
    for (guint most = 2; most <= 3; most++) {
        g_autoptr(FotaPlan) plan = NULL;

        facts.attempts = 2;
        rules.max_attempts = most;
        plan = test_plan_make(PLAN_CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==, most == 3 ? FOTA_PLAN_UPDATE : FOTA_PLAN_FAILED_FOR_GOOD);
    }
    facts.attempts = 0;
    for (guint gate = 0; gate < FOTA_APPROVAL_N_GATES; gate++) {
        g_autoptr(FotaPlan) plan = NULL;
        g_autoptr(FotaPlan) other = NULL;

        facts.rejected = offer->gates[gate].token;
        plan = test_plan_make(PLAN_CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==, FOTA_PLAN_REJECTED);
        /* Another manifest is another offer. */
        other = test_plan_make("\"title\":\"x\"," PLAN_CHAIN, &facts);
        g_assert_cmpint(other->kind, ==, FOTA_PLAN_UPDATE);
    }
}

static void
test_downgrade(void)
{
    /* Somebody's word for it, or what the module itself comes from. */
    static const char *const lefts[][3] = {{NULL}, {"X", NULL}, {"X", "B", NULL}, {"C", NULL}};

    for (guint i = 0; i < 16; i++) {
        gboolean said = i & 1, allowed = i >> 1 & 1, back = i >= 8;
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        rules.allow_downgrade = allowed;
        facts.rules = &rules;
        facts.left = i < 4 ? NULL : lefts[i / 4];
        plan = test_plan_make(said ? "\"downgrade\":true," PLAN_CHAIN : PLAN_CHAIN, &facts);
        g_test_message("case %u", i);
        g_assert_cmpint(plan->kind, ==,
                        said   ? (allowed ? FOTA_PLAN_UPDATE : FOTA_PLAN_DOWNGRADE_REFUSED)
                        : back ? FOTA_PLAN_DOWNGRADE_REFUSED
                               : FOTA_PLAN_UPDATE);
    }
}

static void
test_unanswered(void)
{
    static const struct {
        FotaApproval wanted;
        gint64 waited;
        gboolean asked;
        gboolean asked_otherwise; /* with another token: about another offer, or another gate */
        FotaPlanKind kind;
        gint64 left; /* seconds for the answer, G_MAXINT64 = for ever */
    } cases[] = {
        {FOTA_APPROVAL_REQUIRED, 99, TRUE, FALSE, FOTA_PLAN_UPDATE, 1},
        {FOTA_APPROVAL_REQUIRED, 100, TRUE, FALSE, FOTA_PLAN_UNANSWERED, 0},
        {FOTA_APPROVAL_REQUIRED, 100, TRUE, TRUE, FOTA_PLAN_UPDATE, G_MAXINT64},
        {FOTA_APPROVAL_REQUIRED, 100, FALSE, FALSE, FOTA_PLAN_UPDATE, G_MAXINT64},
        {FOTA_APPROVAL_AUTO, 100, TRUE, FALSE, FOTA_PLAN_UPDATE, G_MAXINT64},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;

        rules.approval_timeout = 100;
        rules.approve_download = cases[i].wanted;
        facts.rules = &rules;
        facts.asked = cases[i].asked ? facts.now - cases[i].waited * G_USEC_PER_SEC : 0;
        facts.asked_token = cases[i].asked_otherwise ? "another token" : NULL;
        plan = test_plan_make(PLAN_CHAIN, &facts);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        if (cases[i].left == G_MAXINT64)
            g_assert_cmpint(plan->answer_by, ==, 0);
        else
            g_assert_cmpint(plan->answer_by, ==, facts.now + cases[i].left * G_USEC_PER_SEC);
    }
}

static FotaManifest *
make_for_operators(const char *operators)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":7,\"issued\":\"2026-11-21T04:00:00Z\","
        "\"useBefore\":\"2026-12-21T00:00:00Z\",\"target\":{\"model\":[\"M\"]%s},"
        "\"update\":{\"id\":\"u\"," PLAN_CHAIN "}}",
        operators);
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));
    FotaManifest *manifest = fota_manifest_parse(payload, NULL);

    g_assert_nonnull(manifest);
    return manifest;
}

/* Another operator's SIM gets nothing; one that is not known yet is waited for. */
static void
test_operator(void)
{
    static const struct {
        const char *operators; /* the member, or nothing */
        const char *sim_operator;
        const char *imsi;
        FotaPlanKind kind;
        gboolean blocked;
    } cases[] = {
        {"", NULL, NULL, FOTA_PLAN_UPDATE, FALSE},
        {"", "26201", "262011234567890", FOTA_PLAN_UPDATE, FALSE},
        {",\"operator\":[\"311480\"]", "311480", NULL, FOTA_PLAN_UPDATE, FALSE},
        {",\"operator\":[\"26201\",\"311480\"]", "311480", NULL, FOTA_PLAN_UPDATE, FALSE},
        {",\"operator\":[\"311480\"]", "31148", "311480123456789", FOTA_PLAN_NOTHING_FOR_YOU,
         FALSE},
        {",\"operator\":[\"311480\"]", NULL, "311480123456789", FOTA_PLAN_UPDATE, FALSE},
        {",\"operator\":[\"311480\"]", NULL, "311481123456789", FOTA_PLAN_NOTHING_FOR_YOU, FALSE},
        {",\"operator\":[\"311480\"]", NULL, NULL, FOTA_PLAN_UPDATE, TRUE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaManifest) manifest = make_for_operators(cases[i].operators);
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) plan = NULL;
        const char *reason;

        g_test_message("case %u", i);
        facts.sim_operator = cases[i].sim_operator;
        facts.imsi = cases[i].imsi;
        plan = fota_plan_make(manifest, &facts);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        g_assert_cmpint(fota_plan_has_blocker(plan, "operator"), ==, cases[i].blocked);
        reason = plan->reasons->pdata[plan->decided_by];
        if (plan->kind == FOTA_PLAN_NOTHING_FOR_YOU)
            g_assert_true(g_str_has_prefix(reason, "target.operator names 311480; the SIM's home "
                                                   "operator is "));
        if (cases[i].imsi != NULL)
            g_assert_null(strstr(reason, cases[i].imsi));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/position", test_position);
    g_test_add_func("/plan/operator", test_operator);
    g_test_add_func("/plan/vendor", test_vendor);
    g_test_add_func("/plan/question", test_question);
    g_test_add_func("/plan/unserved", test_unserved);
    g_test_add_func("/plan/dummy", test_dummy);
    g_test_add_func("/plan/gates", test_gates);
    g_test_add_func("/plan/approved", test_approved);
    g_test_add_func("/plan/past", test_past);
    g_test_add_func("/plan/downgrade", test_downgrade);
    g_test_add_func("/plan/unanswered", test_unanswered);
    return g_test_run();
}
