/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-view.h"

#include <json-glib/json-glib.h>

#include "base/fota-text.h"
#include "daemon/module/fota-situation.h"

static void
insert_text(GVariantDict *dict, const char *name, const char *text)
{
    if (text != NULL)
        g_variant_dict_insert(dict, name, "s", text);
}

GVariant *
fota_view_describe_update(const FotaParts *parts, gboolean guest)
{
    const FotaPlan *plan = parts->plan;
    const FotaManifestUpdate *update = &plan->manifest->update;
    const FotaDelta *delta = &plan->steps[0].delta;
    g_autofree char *server = delta->uri != NULL ? fota_text_get_origin(delta->uri) : NULL;
    const FotaVendorOffer *offer = fota_offers_get_vendor(parts->offers);
    FotaApprovalGate gate =
        guest ? FOTA_APPROVAL_GATE_DOWNLOAD : fota_offers_get_gate(parts->offers);
    g_autofree char *token = fota_offers_make_token(parts->offers, plan, guest);
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "id", update->id);
    insert_text(&dict, "token", token);
    insert_text(&dict, "gate", fota_approval_gate_get_name(gate));
    insert_text(&dict, "from", plan->from);
    insert_text(&dict, "to", plan->to);
    insert_text(&dict, "severity", fota_severity_get_name(update->severity));
    insert_text(&dict, "title",
                update->title == NULL && offer != NULL ? offer->text : update->title);
    insert_text(&dict, "info-uri", update->info_uri);
    insert_text(&dict, "server", server);
    insert_text(&dict, "credential", delta->credential);
    g_variant_dict_insert(&dict, "steps", "u", plan->n_steps);
    g_variant_dict_insert(&dict, "size", "t", plan->size);
    g_variant_dict_insert(&dict, "deadline", "t", (guint64)plan->deadline);
    g_variant_dict_insert(&dict, "defer-until-at-most", "t", (guint64)plan->defer_limit);
    g_variant_dict_insert(&dict, "expected-outage", "u",
                          fota_situation_expect_outage(parts) * plan->n_steps);
    g_variant_dict_insert(&dict, "rehearsal", "b", guest);
    return g_variant_dict_end(&dict);
}

GVariant *
fota_view_describe_record(const FotaRecord *record)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "id", record->update_id);
    insert_text(&dict, "from", record->from);
    insert_text(&dict, "to", record->to);
    return g_variant_dict_end(&dict);
}

GVariant *
fota_view_list_history(const FotaRecord *record, guint max)
{
    const GPtrArray *history = record->history;
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < history->len && (max == 0 || i < max); i++) {
        const FotaHistoryEntry *entry = history->pdata[i];
        GVariantDict dict;

        g_variant_dict_init(&dict, NULL);
        insert_text(&dict, "id", entry->id);
        insert_text(&dict, "result", entry->result);
        insert_text(&dict, "from", entry->from);
        insert_text(&dict, "to", entry->to);
        insert_text(&dict, "error", entry->error);
        insert_text(&dict, "text", entry->text);
        insert_text(&dict, "differing-settings", entry->differing);
        g_variant_dict_insert(&dict, "started", "t", entry->started);
        g_variant_dict_insert(&dict, "finished", "t", entry->finished);
        g_variant_dict_insert(&dict, "outage", "u", (guint)entry->outage);
        g_variant_builder_add_value(&list, g_variant_dict_end(&dict));
    }
    return g_variant_ref_sink(g_variant_builder_end(&list));
}

static char *
explain_no_plan(const FotaParts *parts)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) error = NULL;
    const char *kind = "no-manifest", *reason = "no manifest has been accepted yet";

    if (fota_presence_get_facts(parts->presence) == NULL) {
        kind = "absent";
        reason = "ModemManager does not see the module";
    } else if (fota_parts_get_plugin(parts) == NULL) {
        kind = "unsupported";
        reason = "no plugin claims this module";
    } else if (fota_reader_get_manifest(parts->reader) != NULL &&
               !fota_reader_check_trust(parts->reader, &error)) {
        reason = error->message;
    }
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "kind");
    json_builder_add_string_value(builder, kind);
    json_builder_set_member_name(builder, "reasons");
    json_builder_begin_array(builder);
    json_builder_add_string_value(builder, reason);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "dataUsed");
    json_builder_add_int_value(
        builder, (gint64)fota_keeper_get_data_used(parts->keeper,
                                                   fota_poller_get_budget_time(parts->poller)));
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

char *
fota_view_explain(const FotaParts *parts)
{
    g_autoptr(FotaPlan) plan = fota_situation_draft_plan(parts);

    return plan != NULL ? fota_plan_to_json(plan) : explain_no_plan(parts);
}

GVariant *
fota_view_identify(const FotaRecord *record, const FotaModemFacts *facts)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "imei", record->imei);
    insert_text(&dict, "manufacturer", record->manufacturer);
    insert_text(&dict, "model", record->model);
    insert_text(&dict, "revision", record->revision);
    insert_text(&dict, "imsi", facts->imsi);
    insert_text(&dict, "operator", facts->operator_name);
    g_variant_dict_insert(&dict, "own-numbers", "^as", facts->own_numbers);
    g_variant_dict_insert(&dict, "signal", "u", facts->signal);
    g_variant_dict_insert(&dict, "registered", "b", facts->registered);
    g_variant_dict_insert(&dict, "roaming", "b", facts->roaming);
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}
