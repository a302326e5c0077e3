/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-plan.h"
#include "base/fota-text.h"

#include <json-glib/json-glib.h>

static void
add_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void
add_time(JsonBuilder *builder, const char *name, gint64 time)
{
    g_autofree char *text = fota_text_format_time(time);

    if (time > 0)
        add_text(builder, name, text);
}

static void
add_number(JsonBuilder *builder, const char *name, guint64 number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)number);
}

static void
add_list(JsonBuilder *builder, const char *name, const GPtrArray *texts)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; texts->pdata[i]; i++)
        json_builder_add_string_value(builder, texts->pdata[i]);
    json_builder_end_array(builder);
}

static void
add_steps(JsonBuilder *builder, const FotaPlan *plan)
{
    json_builder_set_member_name(builder, "steps");
    json_builder_begin_array(builder);
    for (guint i = 0; i < plan->n_steps; i++) {
        const FotaStep *step = &plan->steps[i];

        json_builder_begin_object(builder);
        add_text(builder, "fromVersion", step->from_version);
        if (step->to_version)
            add_text(builder, "toVersion", step->to_version);
        if (step->delta.size > 0)
            add_number(builder, "size", step->delta.size);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
add_gates(JsonBuilder *builder, const FotaPlan *plan)
{
    json_builder_set_member_name(builder, "approval");
    json_builder_begin_object(builder);
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++) {
        const FotaPlanGate *gate = &plan->gates[i];

        add_text(builder, fota_approval_gate_get_name(i),
                 gate->approved ? "given" : fota_approval_get_name(gate->wanted));
    }
    json_builder_end_object(builder);
}

char *
fota_plan_to_json(const FotaPlan *plan)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    add_text(builder, "kind", fota_plan_kind_get_name(plan->kind));
    if (plan->manifest->has_update)
        add_text(builder, "id", plan->manifest->update.id);
    add_text(builder, "source", fota_source_get_name(plan->source));
    add_text(builder, "from", plan->from);
    if (plan->to)
        add_text(builder, "to", plan->to);
    add_steps(builder, plan);
    if (plan->size > 0)
        add_number(builder, "size", plan->size);
    if (plan->delivery != FOTA_DELIVERY_NONE)
        add_text(builder, "delivery", fota_delivery_get_name(plan->delivery));
    if (plan->gates[0].token)
        add_gates(builder, plan);
    add_list(builder, "blockers", plan->blockers);
    add_list(builder, "reasons", plan->reasons);
    if (plan->not_before != G_MAXINT64)
        add_time(builder, "notBefore", plan->not_before);
    add_time(builder, "deadline", plan->deadline);
    add_time(builder, "deferUntilAtMost", plan->defer_limit);
    add_time(builder, "answerBy", plan->answer_by);
    if (plan->kind == FOTA_PLAN_UPDATE) {
        json_builder_set_member_name(builder, "wayBack");
        json_builder_add_boolean_value(builder, plan->way_back);
    }
    add_number(builder, "dataUsed", plan->data_used);
    if (plan->monthly_data > 0)
        add_number(builder, "monthlyData", plan->monthly_data);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

/* The result in one sentence. */
static const char *
conclude(const FotaPlan *plan)
{
    if (plan->kind != FOTA_PLAN_UPDATE)
        return "nothing will be done";
    if (plan->blockers->len > 1)
        return "it waits";
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        if (plan->gates[i].wanted == FOTA_APPROVAL_REQUIRED && !plan->gates[i].approved)
            return i == FOTA_APPROVAL_GATE_DOWNLOAD ? "it waits for approval"
                                                    : "it can be downloaded now";
    return "it can start now";
}

char *
fota_plan_to_text(const FotaPlan *plan)
{
    GString *text = g_string_new(fota_plan_kind_get_name(plan->kind));

    if (plan->manifest->has_update)
        g_string_append_printf(text, " (%s)", plan->manifest->update.id);
    g_string_append_printf(text, ": %s\n", conclude(plan));
    for (guint i = 0; plan->reasons->pdata[i]; i++)
        g_string_append_printf(text, "  - %s\n", (const char *)plan->reasons->pdata[i]);
    if (plan->blockers->len > 1) {
        g_autofree char *blockers = g_strjoinv(", ", (char **)plan->blockers->pdata);

        g_string_append_printf(text, "  blocked by: %s\n", blockers);
    }
    return g_string_free(text, FALSE);
}
