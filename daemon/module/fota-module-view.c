/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-error.h"
#include "daemon/module/fota-module-private.h"

#include <json-glib/json-glib.h>

guint
fota_module_expect_outage(FotaModule *module)
{
    const GPtrArray *history = module->record->history;

    for (guint i = 0; i < history->len; i++) {
        const FotaHistoryEntry *entry = history->pdata[i];

        if (entry->outage != 0 && g_strcmp0(entry->result, "success") == 0)
            return (guint)entry->outage;
    }
    return module->vendor != NULL
               ? fota_vendor_get_number(module->vendor, module->record->model, "ApplyTime")
               : 0;
}

char *
fota_module_make_guest_token(FotaModule *module, const FotaPlan *plan)
{
    const FotaApprovalGate gate = FOTA_APPROVAL_GATE_DOWNLOAD;
    g_autofree char *rehearsed = g_strconcat("rehearsal of ", plan->gates[gate].token, NULL);

    return fota_approval_token(plan->manifest->digest, module->record->imei, plan->from, rehearsed,
                               gate);
}

static void
insert_text(GVariantDict *dict, const char *name, const char *text)
{
    if (text != NULL)
        g_variant_dict_insert(dict, name, "s", text);
}

GVariant *
fota_module_describe_update(FotaModule *module, gboolean guest)
{
    const FotaManifestUpdate *update = &module->manifest->update;
    FotaApprovalGate gate = guest ? FOTA_APPROVAL_GATE_DOWNLOAD : fota_module_get_gate(module);
    g_autofree char *token = guest ? fota_module_make_guest_token(module, module->plan)
                                   : g_strdup(module->plan->gates[gate].token);
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "id", update->id);
    insert_text(&dict, "token", token);
    insert_text(&dict, "gate", fota_approval_gate_get_name(gate));
    insert_text(&dict, "from", module->plan->from);
    insert_text(&dict, "to", module->plan->to);
    insert_text(&dict, "severity", fota_severity_get_name(update->severity));
    insert_text(&dict, "title",
                update->title == NULL && module->offer != NULL ? module->offer->text
                                                               : update->title);
    insert_text(&dict, "info-uri", update->info_uri);
    g_variant_dict_insert(&dict, "steps", "u", module->plan->n_steps);
    g_variant_dict_insert(&dict, "size", "t", module->plan->size);
    g_variant_dict_insert(&dict, "deadline", "t", (guint64)module->plan->deadline);
    g_variant_dict_insert(&dict, "defer-until-at-most", "t", (guint64)module->plan->defer_limit);
    g_variant_dict_insert(&dict, "expected-outage", "u",
                          fota_module_expect_outage(module) * module->plan->n_steps);
    g_variant_dict_insert(&dict, "rehearsal", "b", guest);
    return g_variant_dict_end(&dict);
}

GVariant *
fota_module_describe_record(FotaModule *module)
{
    const FotaRecord *record = module->record;
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "id", record->update_id);
    insert_text(&dict, "from", record->from);
    insert_text(&dict, "to", record->to);
    return g_variant_dict_end(&dict);
}

FotaApprovalGate
fota_module_get_gate(FotaModule *module)
{
    return module->record->mark == FOTA_MARK_DOWNLOADED ? FOTA_APPROVAL_GATE_INSTALL
                                                        : FOTA_APPROVAL_GATE_DOWNLOAD;
}

GVariant *
fota_module_get_history(FotaModule *module, guint max)
{
    const GPtrArray *history = module->record->history;
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
explain_no_plan(FotaModule *module)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) error = NULL;
    const char *kind = "no-manifest", *reason = "no manifest has been accepted yet";

    if (module->facts == NULL) {
        kind = "absent";
        reason = "ModemManager does not see the module";
    } else if (module->vendor == NULL) {
        kind = "unsupported";
        reason = "no plugin claims this module";
    } else if (module->manifest != NULL && !fota_module_check_trust(module, &error)) {
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
    json_builder_add_int_value(builder, (gint64)fota_module_get_data_used(module));
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

char *
fota_module_plan(FotaModule *module)
{
    g_autoptr(FotaPlan) plan = fota_module_draft_plan(module);

    return plan != NULL ? fota_plan_to_json(plan) : explain_no_plan(module);
}

GVariant *
fota_module_query(FotaModule *module, GError **error)
{
    const FotaModemFacts *facts = module->facts;
    GVariantDict dict;

    if (facts == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_ABSENT,
                    "ModemManager does not see the module; look at it with mmcli -L");
        return NULL;
    }
    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "imei", module->record->imei);
    insert_text(&dict, "manufacturer", module->record->manufacturer);
    insert_text(&dict, "model", module->record->model);
    insert_text(&dict, "revision", module->record->revision);
    insert_text(&dict, "imsi", facts->imsi);
    insert_text(&dict, "operator", facts->operator_name);
    g_variant_dict_insert(&dict, "own-numbers", "^as", facts->own_numbers);
    g_variant_dict_insert(&dict, "signal", "u", facts->signal);
    g_variant_dict_insert(&dict, "registered", "b", facts->registered);
    g_variant_dict_insert(&dict, "roaming", "b", facts->roaming);
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}
