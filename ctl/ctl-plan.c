/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-plan.h"

#include <stdio.h>

#include "ctl/ctl-format.h"

typedef struct {
    const char *name;
    const char *words;
} Words;

static const Words kinds[] = {
    {"nothing-for-you", "nothing: the manifest has nothing for this module"},
    {"up-to-date", "nothing: the module runs the wanted version"},
    {"ask-vendor", "fotad asks the vendor's server what it has"},
    {"update", "an update"},
    {"no-path", "nothing: no step leads from the module's version"},
    {"downgrade-refused", "nothing: a downgrade is not allowed"},
    {"rejected", "nothing: the application has rejected this update"},
    {"unanswered", "nothing: nobody has answered in time"},
    {"failed-for-good", "nothing: all attempts have failed"},
    {"absent", "nothing: the module is absent"},
    {"unsupported", "nothing: fotad cannot update this module"},
    {"no-manifest", "nothing: there is no manifest"},
};

static const Words blockers[] = {
    {"deferred", "until the deferral ends"},
    {"inhibited", "until no application inhibits updates"},
    {"busy", "for the update of another module"},
    {"clock", "for the clock to be set"},
    {"rollout", "for its turn in the roll-out"},
    {"backoff", "for the pause after the failed attempt to end"},
    {"window", "for a time at which updates may run"},
    {"operator", "for ModemManager to read the SIM"},
    {"pin", "for the SIM's PIN"},
    {"registration", "for the network"},
    {"roaming", "for the home network"},
    {"signal", "for a better signal"},
    {"supply", "for mains power, or a fuller battery"},
    {"free-space", "for free space on the gateway"},
    {"route", "for another route to the network than the module"},
    {"uplink", "for a way to the delta's server"},
    {"metered", "for a connection that is not metered"},
    {"service", "for the service that the module had before"},
    {"way-back", "for a manifest with a way back, or [Service] Back=use"},
    {"data-budget", "for the next month, or a higher [Limits] MonthlyData="},
};

static const char *
find_words(const Words *table, gsize n, const char *name)
{
    for (gsize i = 0; i < n; i++) {
        if (g_str_equal(table[i].name, name))
            return table[i].words;
    }
    return name;
}

JsonObject *
ctl_plan_get(Ctl *ctl, const CtlModule *module, GError **error)
{
    g_autoptr(GVariant) text = ctl_bus_ask(ctl, module, "Plan", "s", error);
    g_autoptr(JsonNode) plan = NULL;

    if (text == NULL)
        return NULL;
    plan = json_from_string(g_variant_get_string(text, NULL), NULL);
    if (plan == NULL || !JSON_NODE_HOLDS_OBJECT(plan)) {
        ctl_error(error, CTL_FAILED, "fotactl.BadPlan", "fotad's plan is not JSON: %s",
                  g_variant_get_string(text, NULL));
        return NULL;
    }
    return json_node_dup_object(plan);
}

static const char *
get_text(JsonObject *plan, const char *member)
{
    return json_object_get_string_member_with_default(plan, member, "");
}

static guint64
get_number(JsonObject *plan, const char *member)
{
    return (guint64)json_object_get_int_member_with_default(plan, member, 0);
}

char *
ctl_plan_format_data(JsonObject *plan)
{
    g_autofree char *used = ctl_format_bytes(get_number(plan, "dataUsed"));
    g_autofree char *limit = ctl_format_bytes(get_number(plan, "monthlyData"));

    if (!json_object_has_member(plan, "dataUsed"))
        return g_strdup("");
    if (get_number(plan, "monthlyData") == 0)
        return g_steal_pointer(&used);
    return g_strdup_printf("%s of %s", used, limit);
}

static void
print_what(JsonObject *plan)
{
    const char *kind = get_text(plan, "kind");
    const char *words = find_words(kinds, G_N_ELEMENTS(kinds), kind);
    g_autofree char *size = ctl_format_bytes(get_number(plan, "size"));
    g_autofree char *update = NULL;

    if (g_str_equal(kind, "update"))
        update =
            g_strdup_printf("%s from %s to %s", words, get_text(plan, "from"),
                            json_object_has_member(plan, "to") ? get_text(plan, "to")
                                                               : "what the vendor's server has");
    ctl_print_field("Plan", update != NULL ? update : words);
    ctl_print_field("Update", get_text(plan, "id"));
    ctl_print_field("Size", get_number(plan, "size") > 0 ? size : "");
}

static void
print_list(JsonObject *plan, const char *member, const char *label)
{
    JsonNode *node = json_object_get_member(plan, member);
    JsonArray *list =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; list != NULL && i < json_array_get_length(list); i++) {
        const char *text = json_array_get_string_element(list, i);
        const char *words = find_words(blockers, G_N_ELEMENTS(blockers), text);
        g_autofree char *both =
            words != text ? g_strdup_printf("%s: it waits %s", text, words) : g_strdup(text);

        ctl_print_field(i == 0 ? label : "", both);
    }
}

static void
print_time(JsonObject *plan, const char *member, const char *label)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(get_text(plan, member), NULL);
    g_autofree char *text =
        moment != NULL ? ctl_format_time((guint64)(g_date_time_to_unix(moment) * G_USEC_PER_SEC))
                       : g_strdup("");

    ctl_print_field(label, text);
}

static void
print_plan(const CtlModule *module, JsonObject *plan)
{
    g_autofree char *next = ctl_format_time(ctl_dict_get_number(module->properties, "NextCheck"));
    g_autofree char *data = ctl_plan_format_data(plan);

    ctl_print_field("Module", module->imei);
    print_what(plan);
    print_list(plan, "reasons", "Because");
    print_list(plan, "blockers", "Blocked by");
    print_time(plan, "notBefore", "Not before");
    print_time(plan, "answerBy", "Answer by");
    print_time(plan, "deferUntilAtMost", "Deferrable to");
    print_time(plan, "deadline", "Deadline");
    ctl_print_field("Data this month", data);
    ctl_print_field("Next check", next);
}

int
ctl_plan(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(JsonObject) plan = module != NULL ? ctl_plan_get(ctl, module, error) : NULL;
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *line = NULL;

    if (plan == NULL)
        return CTL_FAILED;
    if (!ctl->json) {
        print_plan(module, plan);
        return CTL_OK;
    }
    node = json_node_init_object(json_node_alloc(), plan);
    line = json_to_string(node, FALSE);
    puts(line);
    return CTL_OK;
}
