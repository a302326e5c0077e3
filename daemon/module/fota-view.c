/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-view.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <syslog.h>

#include "base/fota-text.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-draft.h"
#include "daemon/module/fota-method.h"
#include "policy/fota-policy-error.h"

static void
insert_text(GVariantDict *dict, const char *name, const char *text)
{
    if (text != NULL)
        g_variant_dict_insert(dict, name, "s", text);
}

/* A module that asks twice, before it downloads and before it installs; NULL = nobody asks. */
static gboolean
is_one_of_two(const FotaQuestion *asked)
{
    return asked != NULL &&
           (asked->kind == FOTA_QUESTION_DOWNLOAD_FIRST || asked->kind == FOTA_QUESTION_INSTALL);
}

static GVariant *
describe_update(const FotaParts *parts, gboolean guest)
{
    const FotaPlan *plan = parts->plan;
    const FotaManifestUpdate *update = &plan->manifest->update;
    const FotaDelta *delta = &plan->steps[0].delta;
    g_autofree char *server = delta->uri[0] != NULL ? fota_text_get_origin(delta->uri[0]) : NULL;
    const FotaVendorOffer *offer = fota_offers_get_vendor(parts->offers);
    const FotaQuestion *asked =
        plan->source >= FOTA_SOURCE_MODULE ? fota_questions_get(parts->questions) : NULL;
    FotaApprovalGate gate = guest ? FOTA_APPROVAL_GATE_DOWNLOAD : fota_asking_get_gate(parts);
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
                asked != NULL                            ? asked->text
                : update->title == NULL && offer != NULL ? offer->text
                                                         : update->title);
    insert_text(&dict, "source", fota_source_get_name(plan->source));
    insert_text(&dict, "info-uri", update->info_uri);
    insert_text(&dict, "server", server);
    insert_text(&dict, "credential", delta->credential);
    if (plan->delivery != FOTA_DELIVERY_NONE)
        insert_text(&dict, "delivery", fota_delivery_get_name(plan->delivery));
    g_variant_dict_insert(&dict, "steps", "u", plan->n_steps);
    g_variant_dict_insert(&dict, "size", "t", plan->size);
    g_variant_dict_insert(&dict, "deadline", "t", (guint64)plan->deadline);
    g_variant_dict_insert(&dict, "defer-until-at-most", "t", (guint64)plan->defer_limit);
    g_variant_dict_insert(&dict, "expected-outage", "u",
                          fota_draft_expect_outage(parts) * plan->n_steps);
    g_variant_dict_insert(&dict, "answer-by", "t", (guint64)plan->answer_by);
    g_variant_dict_insert(&dict, "may-reject", "b",
                          asked == NULL ||
                              (asked->kind != FOTA_QUESTION_NONE && asked->may_reject));
    g_variant_dict_insert(&dict, "rehearsal", "b", guest);
    g_variant_dict_insert(&dict, "way-back", "b", plan->way_back);
    g_variant_dict_insert(&dict, "one-gate", "b",
                          fota_method_has_one_gate(parts, plan) && !is_one_of_two(asked));
    return g_variant_dict_end(&dict);
}

static GVariant *
describe_record(const FotaRecord *record)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    insert_text(&dict, "id", record->update_id);
    /* A way back leads from the update's end to its beginning. */
    insert_text(&dict, "from", record->restoring != 0 ? record->to : record->from);
    insert_text(&dict, "to", record->restoring != 0 ? record->from : record->to);
    return g_variant_dict_end(&dict);
}

static void
show_plan_error(const FotaParts *parts, GQuark domain, int code)
{
    const FotaPlan *plan = parts->plan;
    g_autoptr(GError) error =
        g_error_new_literal(domain, code, plan->reasons->pdata[plan->decided_by]);

    fota_shown_set_error(parts->shown, error);
}

/* A manifest may expire or lose its key while an update waits: then nothing new begins. */
static void
show_distrust(const FotaParts *parts)
{
    g_autoptr(GError) error = NULL;

    if (fota_accepted_is_trusted(parts->accepted, &error))
        return;
    if (strcmp(fota_shown_get_error_name(parts->shown), fota_error_get_name(error)) != 0)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_MANIFEST_REFUSED,
                        "the manifest at hand is no longer valid (%s): %s",
                        fota_error_get_name(error), error->message);
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED))
        fota_accepted_note_expired(parts->accepted);
    fota_shown_set_error(parts->shown, error);
}

/* After a restart: the error of the newest update. */
static void
show_last_attempt(const FotaParts *parts)
{
    const GPtrArray *history = parts->record->history;
    const FotaHistoryEntry *newest = history->len > 0 ? history->pdata[0] : NULL;

    if (!fota_shown_has_own_error(parts->shown) && newest != NULL && newest->error[0] != '\0')
        fota_shown_set_error_text(parts->shown, newest->error, newest->text);
}

static void
show_error(const FotaParts *parts, FotaShowError error)
{
    switch (error) {
    case FOTA_SHOW_ERROR_AS_IS:
        break;
    case FOTA_SHOW_ERROR_TRUST:
        show_distrust(parts);
        break;
    case FOTA_SHOW_ERROR_NOT_SUPPORTED:
        show_plan_error(parts, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
        break;
    case FOTA_SHOW_ERROR_NO_PATH:
        show_plan_error(parts, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NO_PATH);
        break;
    case FOTA_SHOW_ERROR_DOWNGRADE:
        show_plan_error(parts, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DOWNGRADE_REFUSED);
        break;
    case FOTA_SHOW_ERROR_UNANSWERED:
        show_plan_error(parts, FOTA_ERROR, FOTA_ERROR_UNANSWERED);
        break;
    case FOTA_SHOW_ERROR_LAST_ATTEMPT:
        show_last_attempt(parts);
        break;
    }
}

/* A question to the module is a job, too, but none of the update. */
static gboolean
update_runs(const FotaParts *parts)
{
    FotaAction job = fota_run_get_action(parts->run);
    FotaMark mark = fota_keeper_get_mark(parts->keeper);

    return (job != FOTA_ACTION_NONE && job != FOTA_ACTION_CHECK && job != FOTA_ACTION_INSPECT &&
            job != FOTA_ACTION_LISTEN && job != FOTA_ACTION_ANSWER) ||
           mark == FOTA_MARK_INSTALLING || mark == FOTA_MARK_PROVING ||
           mark == FOTA_MARK_RESTORING || parts->record->restoring != 0;
}

static void
show_update(const FotaParts *parts, const FotaNext *next)
{
    gboolean empty = g_variant_n_children(fota_shown_get(parts->shown, "Update")) == 0;

    if (!next->offers)
        fota_shown_set(parts->shown, "Update", g_variant_new("a{sv}", NULL));
    else if (!update_runs(parts))
        fota_shown_set(parts->shown, "Update", describe_update(parts, next->guest));
    /* A running update is shown as it was offered, or from the record after a restart. */
    else if (empty)
        fota_shown_set(parts->shown, "Update", describe_record(parts->record));
}

static void
show_blockers(const FotaParts *parts, FotaShowBlockers blockers)
{
    static const char *const single[] = {
        [FOTA_SHOW_BACKOFF] = "backoff", [FOTA_SHOW_INHIBITED] = "inhibited",
        [FOTA_SHOW_BUSY] = "busy",       [FOTA_SHOW_SUPPLY] = "supply",
        [FOTA_SHOW_SERVICE] = "service",
    };
    const char *const one[] = {blockers < G_N_ELEMENTS(single) ? single[blockers] : NULL, NULL};
    const char *const *names = one;

    if (blockers == FOTA_SHOW_BLOCKERS && parts->plan != NULL)
        names = (const char *const *)parts->plan->blockers->pdata;
    fota_shown_set(parts->shown, "Blockers", g_variant_new_strv(names, -1));
}

static GVariant *
describe_service(const FotaService *service)
{
    const char *families[3] = {NULL};
    guint n = 0;
    GVariantDict dict;

    if ((service->families & FOTA_SERVICE_IPV4) != 0)
        families[n++] = "ipv4";
    if ((service->families & FOTA_SERVICE_IPV6) != 0)
        families[n++] = "ipv6";
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "registered", "b", service->registered);
    g_variant_dict_insert(&dict, "roaming", "b", service->roaming);
    insert_text(&dict, "operator", service->operator_code);
    insert_text(&dict, "technology", service->technology);
    g_variant_dict_insert(&dict, "connected", "b", service->connected);
    g_variant_dict_insert(&dict, "ip-families", "^as", families);
    insert_text(&dict, "probe", fota_probe_get_name(service->probe));
    return g_variant_dict_end(&dict);
}

void
fota_view_tell_service(GVariantDict *dict, const FotaHistoryEntry *entry)
{
    const FotaService before = fota_service_parse(entry->service_before);
    const FotaService after = fota_service_parse(entry->service_after);

    if (entry->service_before[0] == '\0')
        return;
    g_variant_dict_insert_value(dict, "service-before", describe_service(&before));
    g_variant_dict_insert_value(dict, "service-after", describe_service(&after));
}

void
fota_view_refresh(const FotaParts *parts)
{
    FotaShown *shown = parts->shown;
    const FotaRecord *record = parts->record;
    const FotaPlugin *plugin = fota_parts_get_plugin(parts);

    fota_shown_set_text(shown, "Manufacturer", record->manufacturer);
    fota_shown_set_text(shown, "Model", record->model);
    fota_shown_set_text(shown, "Revision", record->revision);
    fota_shown_set_text(shown, "Plugin", plugin != NULL ? plugin->name : "");
    fota_shown_set_text(shown, "Listening", fota_asking_describe(parts));
    fota_shown_set(shown, "Modem",
                   g_variant_new_object_path(fota_presence_get_path(parts->presence)));
    fota_shown_set(shown, "Progress", g_variant_new_uint32(fota_run_get_progress(parts->run)));
    fota_shown_set(shown, "BytesReceived",
                   g_variant_new_uint64(fota_run_get_bytes_received(parts->run)));
    fota_shown_set(shown, "BytesTotal", g_variant_new_uint64(fota_run_get_bytes_total(parts->run)));
    fota_shown_set(shown, "Service", describe_service(fota_proof_get_service(parts->proof)));
    fota_shown_set(shown, "LastCheck",
                   g_variant_new_uint64(fota_poller_get_last_check(parts->poller)));
    fota_shown_set(shown, "NextCheck",
                   g_variant_new_uint64(fota_poller_get_next_check(parts->poller)));
}

void
fota_view_follow(const FotaParts *parts, const FotaNext *next)
{
    gboolean changes = fota_shown_get_state(parts->shown) != next->state;

    show_error(parts, next->error);
    show_update(parts, next);
    show_blockers(parts, next->blockers);
    fota_view_refresh(parts);
    parts->record->state = fota_state_to_string(next->state);
    if (changes)
        fota_record_log(parts->record, LOG_DEBUG, FOTA_EVENT_NONE, "%s", parts->record->state);
    fota_shown_set_state(parts->shown, next->state);
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
        fota_view_tell_service(&dict, entry);
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
    g_autofree char *why = NULL;

    if (fota_presence_get_facts(parts->presence) == NULL) {
        kind = "absent";
        reason = "ModemManager does not see the module";
    } else if (fota_parts_get_plugin(parts) == NULL) {
        kind = "unsupported";
        reason = why = fota_presence_explain(parts->presence);
    } else if (fota_accepted_get(parts->accepted) != NULL &&
               !fota_accepted_is_trusted(parts->accepted, &error)) {
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
    g_autoptr(FotaPlan) plan = fota_draft_plan(parts);

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
    insert_text(&dict, "plmn", facts->operator_code);
    g_variant_dict_insert(&dict, "own-numbers", "^as", facts->own_numbers);
    g_variant_dict_insert(&dict, "signal", "u", facts->signal);
    g_variant_dict_insert(&dict, "registered", "b", facts->registered);
    g_variant_dict_insert(&dict, "roaming", "b", facts->roaming);
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}
