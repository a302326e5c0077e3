/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/ctl-bus.h"
#include "ctl/ctl-format.h"

/* "reasons" is better read as "Reasons", "deferUntilAtMost" as "Defer until at most". */
static char *
format_label(const char *member)
{
    GString *label = g_string_new(NULL);

    for (const char *c = member; *c != '\0'; c++) {
        if (g_ascii_isupper(*c))
            g_string_append_c(label, ' ');
        g_string_append_c(label, c == member ? g_ascii_toupper(*c) : g_ascii_tolower(*c));
    }
    return g_string_free(label, FALSE);
}

static char *
format_node(JsonNode *node)
{
    if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
        return json_node_dup_string(node);
    return json_to_string(node, FALSE);
}

static void
print_member(JsonObject *plan, const char *member, JsonNode *node, gpointer user_data)
{
    g_autofree char *label = format_label(member);

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        g_autofree char *text = format_node(node);

        ctl_print_field(label, text);
        return;
    }
    for (guint i = 0; i < json_array_get_length(json_node_get_array(node)); i++) {
        g_autofree char *text = format_node(json_array_get_element(json_node_get_array(node), i));

        ctl_print_field(i == 0 ? label : "", text);
    }
}

int
ctl_plan(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(sd_bus_message) reply = NULL;
    g_autoptr(JsonNode) plan = NULL;
    const char *text = NULL;

    if (module == NULL ||
        !ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, "Plan", &reply, error, ""))
        return CTL_FAILED;
    sd_bus_message_read(reply, "s", &text);
    plan = json_from_string(text, NULL);
    if (plan == NULL) {
        ctl_error(error, CTL_FAILED, "fotactl.BadPlan", "fotad's plan is no JSON: %s", text);
        return CTL_FAILED;
    }
    if (ctl->json) {
        g_autofree char *line = json_to_string(plan, FALSE);

        puts(line);
    } else if (JSON_NODE_HOLDS_OBJECT(plan)) {
        json_object_foreach_member(json_node_get_object(plan), print_member, NULL);
    }
    return CTL_OK;
}
