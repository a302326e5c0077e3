/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fota-json.h"
#include "policy/fota-plan.h"

#define HEAD                                                                                       \
    "{\"manifestVersion\":1,\"sequenceNumber\":1,\"issued\":\"2026-11-21T04:00:00Z\","             \
    "\"useBefore\":\"2027-01-01T00:00:00Z\",\"target\":{\"model\":[\"M\"]},\"update\":"
#define STEPS "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\"}]"
#define BY_STEPS "{\"id\":\"u\"," STEPS "}"
#define ASKED_FIRST "{\"id\":\"u\",\"approval\":{\"download\":\"required\"}," STEPS "}"
#define ASKED_LATER "{\"id\":\"u\",\"approval\":{\"install\":\"required\"}," STEPS "}"

/* How a plan begins in plain words, and which members its JSON has and lacks. */
static const struct {
    const char *update;
    const char *revision;
    const char *vendor_version;
    gboolean registered;
    const char *begins;
    const char *has;
    const char *lacks;
} cases[] = {
    {"{}", "A", NULL, TRUE, "nothing-for-you: nothing will be done\n", "from", "id"},
    {BY_STEPS, "B", NULL, TRUE, "up-to-date (u): nothing will be done\n", "id", "approval"},
    {BY_STEPS, "X", NULL, TRUE, "no-path (u): nothing will be done\n", "id", "to"},
    {"{\"id\":\"u\"}", "A", NULL, TRUE, "ask-vendor (u): ", "id", "to"},
    {"{\"id\":\"u\"}", "A", "B", TRUE, "update (u): it can start now\n", "to", "notBefore"},
    {BY_STEPS, "A", NULL, TRUE, "update (u): it can start now\n", "approval", "deadline"},
    {BY_STEPS, "A", NULL, FALSE, "update (u): it waits\n", "blockers", "deadline"},
    {ASKED_FIRST, "A", NULL, TRUE, "update (u): it waits for approval\n", "to", "deadline"},
    {ASKED_LATER, "A", NULL, TRUE, "update (u): it can be downloaded now\n", "to", "deadline"},
};

static void
test_words(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *source = g_strconcat(HEAD, cases[i].update, "}", NULL);
        g_autoptr(GBytes) payload = g_bytes_new(source, strlen(source));
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManifest) manifest = fota_manifest_parse(payload, &error);
        g_autoptr(FotaPlan) plan = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *text = NULL;
        FotaFacts facts = FOTA_FACTS_INIT;
        char *json;

        g_assert_no_error(error);
        facts.imei = "353081090012345";
        facts.revision = cases[i].revision;
        facts.vendor_version = cases[i].vendor_version;
        facts.registered = cases[i].registered;
        facts.now = manifest->issued;
        plan = fota_plan_make(manifest, &facts);
        text = fota_plan_to_text(plan);
        if (!g_str_has_prefix(text, cases[i].begins))
            g_error("\"%s\" does not begin with \"%s\"", text, cases[i].begins);
        json = fota_plan_to_json(plan);
        bytes = g_bytes_new_take(json, strlen(json));
        node = fota_json_parse(bytes, &error);
        g_assert_no_error(error);
        g_assert_true(json_object_has_member(json_node_get_object(node), cases[i].has));
        g_assert_false(json_object_has_member(json_node_get_object(node), cases[i].lacks));
    }
}

/* What the daemon adds to a plan: answers, who brings the delta, and the budget. */
static void
test_members(void)
{
    g_autoptr(GBytes) payload =
        g_bytes_new_static(HEAD ASKED_FIRST "}", strlen(HEAD ASKED_FIRST "}"));
    g_autoptr(FotaManifest) manifest = fota_manifest_parse(payload, NULL);
    FotaFacts facts = FOTA_FACTS_INIT;
    g_autoptr(FotaPlan) plan = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *text = NULL;
    JsonObject *object;
    char *json;

    facts.imei = "353081090012345";
    facts.revision = "A";
    facts.registered = TRUE;
    facts.now = manifest->issued;
    plan = fota_plan_make(manifest, &facts);
    plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved = TRUE;
    g_ptr_array_set_size(plan->blockers, 0);
    plan->delivery = FOTA_DELIVERY_HOST;
    plan->monthly_data = 5000;
    text = fota_plan_to_text(plan);
    g_assert_true(g_str_has_prefix(text, "update (u): it can start now\n"));
    json = fota_plan_to_json(plan);
    bytes = g_bytes_new_take(json, strlen(json));
    node = fota_json_parse(bytes, NULL);
    object = json_node_get_object(node);
    g_assert_cmpstr(json_object_get_string_member(object, "delivery"), ==, "host");
    g_assert_cmpint(json_object_get_int_member(object, "monthlyData"), ==, 5000);
    object = json_object_get_object_member(object, "approval");
    g_assert_cmpstr(json_object_get_string_member(object, "download"), ==, "given");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/words", test_words);
    g_test_add_func("/plan/members", test_members);
    return g_test_run();
}
