/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <string.h>

#include "policy/fota-question.h"
#include "tests/unit/test-policy-plan.h"

/* How a plan says what it does, and why. */

/* The reason that decided, by which people and LastError are told. */
static void
test_reasons(void)
{
    static const struct {
        const char *update; /* NULL = none */
        const char *revision;
        const char *vendor_version;
        gboolean rejected;
        guint attempts;
        FotaPlanKind kind;
        const char *reason;
    } cases[] = {
        {NULL, "A", NULL, FALSE, 0, FOTA_PLAN_NOTHING_FOR_YOU, "has nothing for this module"},
        {PLAN_CHAIN, "C", NULL, FALSE, 0, FOTA_PLAN_UP_TO_DATE, "already runs C"},
        {PLAN_CHAIN, "X", NULL, FALSE, 0, FOTA_PLAN_NO_PATH, "no path from X"},
        {PLAN_CHAIN, "A", NULL, TRUE, 0, FOTA_PLAN_REJECTED, "has rejected"},
        {PLAN_CHAIN, "A", NULL, FALSE, 3, FOTA_PLAN_FAILED_FOR_GOOD, "attempts"},
        {"\"downgrade\":true," PLAN_CHAIN, "A", NULL, FALSE, 0, FOTA_PLAN_DOWNGRADE_REFUSED,
         "a downgrade"},
        {"\"toVersion\":\"B\"", "A", NULL, FALSE, 0, FOTA_PLAN_ASK_VENDOR, "not been asked yet"},
        {"\"toVersion\":\"B\"", "A", "", FALSE, 0, FOTA_PLAN_UP_TO_DATE, "nothing newer than A"},
        {"\"toVersion\":\"B\"", "A", "C", FALSE, 0, FOTA_PLAN_NO_PATH, "only B is accepted"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaRules rules = FOTA_RULES_INIT;
        FotaFacts facts = test_plan_make_facts("A");
        g_autoptr(FotaPlan) offer = test_plan_make(PLAN_CHAIN, &facts);
        g_autoptr(FotaPlan) plan = NULL;

        rules.monthly_data = 5000;
        facts.rules = &rules;
        facts.revision = cases[i].revision;
        facts.vendor_version = cases[i].vendor_version;
        facts.rejected = cases[i].rejected ? offer->gates[0].token : NULL;
        facts.attempts = cases[i].attempts;
        facts.data_used = 700;
        plan = test_plan_make(cases[i].update, &facts);
        g_test_message("case %u", i);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
        g_assert_cmpuint(plan->decided_by, <, plan->reasons->len - 1);
        g_assert_nonnull(strstr(plan->reasons->pdata[plan->decided_by], cases[i].reason));
        g_assert_cmpuint(plan->monthly_data, ==, 5000);
        g_assert_cmpuint(plan->data_used, ==, 700);
    }
}

static void
test_json(void)
{
    FotaFacts facts = test_plan_make_facts("A");
    g_autoptr(FotaPlan) plan = NULL;
    g_autofree char *text = NULL, *again = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object;

    facts.registered = FALSE;
    facts.first_offered = facts.now;
    plan = test_plan_make(
        "\"approval\":{\"download\":\"required\"},\"maximumDeferPeriod\":60," PLAN_CHAIN, &facts);
    text = fota_plan_to_json(plan);
    again = fota_plan_to_json(plan);
    g_assert_cmpstr(text, ==, again);
    node = json_from_string(text, NULL);
    object = json_node_get_object(node);
    g_assert_cmpstr(json_object_get_string_member(object, "kind"), ==, "update");
    g_assert_cmpstr(json_object_get_string_member(object, "id"), ==, "u");
    g_assert_cmpstr(json_object_get_string_member(object, "from"), ==, "A");
    g_assert_cmpstr(json_object_get_string_member(object, "to"), ==, "C");
    g_assert_cmpint(json_object_get_int_member(object, "size"), ==, 1500);
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object, "steps")), ==, 2);
    g_assert_cmpstr(
        json_array_get_string_element(json_object_get_array_member(object, "blockers"), 0), ==,
        "registration");
    g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(object, "approval"),
                                                  "download"),
                    ==, "required");
    g_assert_cmpstr(json_object_get_string_member(object, "deferUntilAtMost"), ==,
                    "2026-11-21T12:01:00Z");
    /* The token is for those who may approve. */
    g_assert_null(strstr(text, plan->gates[0].token));
}

static void
test_json_of_little(void)
{
    static const char update[] = "\"rollout\":{\"id\":\"r\",\"paused\":true}";
    static const char *const absent[] = {"size", "notBefore", "deadline", "deferUntilAtMost"};
    FotaFacts facts = test_plan_make_facts("A");
    g_autoptr(FotaPlan) offer = NULL;
    g_autoptr(FotaPlan) plan = NULL;
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object, *approval;

    facts.vendor_version = "B";
    offer = test_plan_make(update, &facts);
    /* The vendor's server decides, one approval is given, and the roll-out never comes. */
    facts.approved[FOTA_APPROVAL_GATE_INSTALL] = offer->gates[FOTA_APPROVAL_GATE_INSTALL].token;
    plan = test_plan_make(update, &facts);
    g_assert_cmpint(plan->not_before, ==, G_MAXINT64);
    text = fota_plan_to_json(plan);
    node = json_from_string(text, NULL);
    object = json_node_get_object(node);
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++)
        g_assert_false(json_object_has_member(object, absent[i]));
    approval = json_object_get_object_member(object, "approval");
    g_assert_cmpstr(json_object_get_string_member(approval, "download"), ==, "auto");
    g_assert_cmpstr(json_object_get_string_member(approval, "install"), ==, "given");
}

static void
test_text(void)
{
    static const struct {
        const char *update;
        const char *revision;
        gboolean registered;
        const char *start;
    } cases[] = {
        {PLAN_CHAIN, "A", TRUE,
         "update (u): it can start now\n  - the module runs A; 2 steps to C\n"},
        {PLAN_CHAIN, "B", TRUE,
         "update (u): it can start now\n  - the module runs B; 1 step to C\n"},
        {PLAN_CHAIN, "A", FALSE, "update (u): it waits\n"},
        {"\"approval\":{\"download\":\"required\"}," PLAN_CHAIN, "A", TRUE,
         "update (u): it waits for approval\n"},
        {"\"approval\":{\"install\":\"required\"}," PLAN_CHAIN, "A", TRUE,
         "update (u): it can be downloaded now\n"},
        {PLAN_CHAIN, "C", TRUE, "up-to-date (u): nothing will be done\n"},
        {PLAN_CHAIN, "X", TRUE,
         "no-path (u): nothing will be done\n  - no path from X: no step has exactly this "
         "fromVersion\n"},
        {NULL, "A", TRUE, "nothing-for-you: nothing will be done\n"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaFacts facts = test_plan_make_facts(cases[i].revision);
        g_autoptr(FotaPlan) plan = NULL;
        g_autofree char *text = NULL;

        facts.registered = cases[i].registered;
        plan = test_plan_make(cases[i].update, &facts);
        text = fota_plan_to_text(plan);
        if (!g_str_has_prefix(text, cases[i].start))
            g_error("expected \"%s\", got \"%s\"", cases[i].start, text);
        g_assert_cmpint(strstr(text, "  blocked by: registration\n") != NULL, ==,
                        !cases[i].registered);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/reasons", test_reasons);
    g_test_add_func("/plan/json", test_json);
    g_test_add_func("/plan/json-of-little", test_json_of_little);
    g_test_add_func("/plan/text", test_text);
    return g_test_run();
}
