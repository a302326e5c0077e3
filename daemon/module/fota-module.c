/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-clock.h"
#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-order.h"
#include "daemon/module/fota-shown.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-loop.h"
#include "policy/fota-policy-error.h"

/* For whatever causes no event; the kernel reports a clock that is set. */
#define LOOK_AGAIN_SECONDS 3600
/* Pause between two looks at supply, space and routes while they block something. */
#define LOOK_SOON_SECONDS 60

struct _FotaModule {
    GObject parent;

    FotaParts parts;
    FotaShown *shown;
    guint checks;      /* of the reader, whose results are shown */
    guint timer;       /* the next moment at which something may change by itself */
    gboolean stopping; /* fotad exits: leave the record as it is */
};

G_DEFINE_FINAL_TYPE(FotaModule, fota_module, G_TYPE_OBJECT)

static void module_decide(FotaModule *module);

static void
fota_module_finalize(GObject *object)
{
    FotaModule *module = FOTA_MODULE(object);
    FotaParts *parts = &module->parts;

    g_clear_handle_id(&module->timer, g_source_remove);
    g_clear_pointer(&parts->plan, fota_plan_free);
    g_clear_pointer(&parts->pin, fota_sim_pin_free);
    g_clear_pointer(&parts->run, fota_run_free);
    g_clear_pointer(&parts->offers, fota_offers_free);
    g_clear_pointer(&parts->reader, fota_reader_free);
    g_clear_pointer(&parts->poller, fota_poller_free);
    g_clear_pointer(&parts->presence, fota_presence_free);
    g_clear_pointer(&parts->keeper, fota_keeper_free);
    g_clear_pointer(&module->shown, fota_shown_free);
    G_OBJECT_CLASS(fota_module_parent_class)->finalize(object);
}

static void
fota_module_class_init(FotaModuleClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = fota_module_finalize;
    g_signal_new("changed", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                 1, G_TYPE_STRING);
    g_signal_new("approval-requested", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
    g_signal_new("update-finished", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
    g_signal_new("pin-required", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, G_TYPE_INT);
    g_signal_new("job-ended", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                 0);
}

static void
fota_module_init(FotaModule *module)
{
}

static void
module_announce(const char *property, gpointer user_data)
{
    FotaModule *module = user_data;

    if (strcmp(property, "State") == 0)
        fota_module_log(module, LOG_DEBUG, FOTA_EVENT_NONE, "%s",
                        fota_state_to_string(fota_shown_get_state(module->shown)));
    g_signal_emit_by_name(module, "changed", property);
}

void
fota_module_log(FotaModule *module, int level, FotaEvent event, const char *format, ...)
{
    const FotaRecord *record = module->parts.record;
    FotaLogContext context = {
        .imei = record->imei,
        .update_id = record->update_id,
        .from = record->from,
        .to = record->to,
        .state = fota_state_to_string(fota_shown_get_state(module->shown)),
    };
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fota_log(level, event, &context, "%s", text);
}

/* What is shown */

static void
ask_application(FotaModule *module, gboolean guest)
{
    FotaParts *parts = &module->parts;
    const FotaPlan *plan = parts->plan;
    const char *gate = fota_approval_gate_get_name(fota_offers_get_gate(parts->offers));
    g_autofree char *token = fota_offers_make_token(parts->offers, plan, guest);

    if (fota_plan_has_blocker(plan, "deferred") || !fota_offers_ask(parts->offers, token, guest))
        return;
    fota_module_log(module, LOG_NOTICE, FOTA_EVENT_APPROVAL_WANTED,
                    "update %s from %s to %s wants approval to %s", plan->manifest->update.id,
                    plan->from, plan->to != NULL ? plan->to : "what the vendor offers", gate);
    g_signal_emit_by_name(module, "approval-requested", token, gate,
                          fota_shown_get_update(module->shown));
    /* The new plan knows when the time for an answer ends. */
    g_clear_pointer(&parts->plan, fota_plan_free);
    parts->plan = fota_situation_draft_plan(parts);
}

static void
module_show(FotaModule *module, const FotaNext *next)
{
    fota_shown_follow(module->shown, &module->parts, next);
    if (next->state == FOTA_STATE_AWAITING_APPROVAL ||
        next->state == FOTA_STATE_AWAITING_INSTALL_APPROVAL)
        ask_application(module, next->guest);
}

/* Shows the result of a check once. After each check the vendor is asked again. */
static void
take_check(FotaModule *module)
{
    FotaParts *parts = &module->parts;
    const GError *error = fota_reader_get_error(parts->reader);

    if (module->checks == fota_reader_get_checks(parts->reader))
        return;
    module->checks = fota_reader_get_checks(parts->reader);
    fota_shown_set_error(module->shown, error);
    if (error == NULL)
        fota_offers_forget_vendor(parts->offers);
}

static void
take_pin(FotaModule *module)
{
    FotaParts *parts = &module->parts;
    gboolean here = fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE;
    const char *name = fota_parts_get_config(parts)->pin_credential;
    g_autofree char *credential =
        name != NULL ? fota_credential_get_path(fota_config_get_file(parts->context->config), name)
                     : NULL;
    int attempts;

    fota_sim_pin_look(parts->pin, parts->context->mm,
                      here ? fota_presence_get_facts(parts->presence) : NULL, credential);
    if (!fota_shown_has_own_error(module->shown))
        fota_shown_set_error(module->shown, fota_sim_pin_get_error(parts->pin));
    if (fota_sim_pin_take_news(parts->pin, &attempts))
        g_signal_emit_by_name(module, "pin-required", attempts);
}

/* What is begun */

static void
start_check(FotaModule *module)
{
    FotaParts *parts = &module->parts;
    const FotaPlugin *plugin = fota_parts_get_plugin(parts);

    if (!fota_parts_get_config(parts)->fetch_by_module || !fota_reader_reads_file(parts->reader)) {
        fota_reader_start(parts->reader);
    } else if (fota_presence_get(parts->presence) != FOTA_PRESENCE_HERE) {
        fota_poller_put_off(parts->poller); /* until ModemManager has found it again */
    } else if (plugin->fetch == NULL) {
        fota_poller_begin(parts->poller);
        fota_reader_fail(parts->reader,
                         g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                                     "the plugin %s cannot read a file through the module; set "
                                     "Fetch=host in [Manifest]",
                                     plugin->name));
    } else {
        fota_poller_begin(parts->poller);
        parts->context->jobs++;
        fota_run_start(parts->run, FOTA_ACTION_CHECK, fota_order_make(parts, FOTA_ACTION_CHECK));
    }
}

/* Shows the end of a job and announces it. */
static void
take_closing(FotaModule *module, const FotaClosing *closing)
{
    if (closing->shows)
        fota_shown_set_error(module->shown, closing->error);
    if (closing->finish == FOTA_FINISH_SUCCESS)
        fota_run_set_progress(module->parts.run, 100);
    if (closing->entry == NULL)
        return;
    fota_shown_look(module->shown, &module->parts);
    g_signal_emit_by_name(module, "update-finished", closing->entry->id, closing->entry->result,
                          closing->details);
}

static void
close_without_job(FotaModule *module, FotaAction action, const FotaJobEnd *end)
{
    FotaClosing closing = fota_closing_end(&module->parts, action, end);

    take_closing(module, &closing);
    fota_keeper_save(module->parts.keeper, NULL);
}

/* Ends an update during which fotad has ended too often. */
static void
end_loop(FotaModule *module, FotaAction action, const GError *error)
{
    FotaParts *parts = &module->parts;
    FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_FAILED_FOR_GOOD, error);

    /* Only a version ends an order that may be out: fotad asks again later. */
    if (action == FOTA_ACTION_RESUME) {
        fota_module_log(module, LOG_ERR, FOTA_EVENT_UPDATE_LOOP, "%s", error->message);
        fota_shown_set_error(module->shown, error);
        fota_run_hold(parts->run, FOTA_LOOP_HOLD_SECONDS, 0);
        parts->record->starts = 0;
        return;
    }
    close_without_job(module, FOTA_ACTION_DOWNLOAD, &end);
    fota_keeper_close(parts->keeper, FOTA_MARK_NONE);
    fota_keeper_save(parts->keeper, NULL);
}

static void
start_job(FotaModule *module, FotaAction action)
{
    FotaParts *parts = &module->parts;
    g_autoptr(GError) error = NULL;
    FotaJobOrder *order = fota_order_begin(parts, action, &error);

    if (order == NULL) {
        end_loop(module, action, error);
        return;
    }
    parts->context->jobs++;
    fota_run_start(parts->run, action, order);
}

static void
module_act(FotaModule *module, FotaAction action)
{
    const FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_DONE, NULL);

    switch (action) {
    case FOTA_ACTION_NONE:
        return;
    case FOTA_ACTION_CHECK:
        start_check(module);
        break;
    case FOTA_ACTION_FORGET:
        fota_keeper_close(module->parts.keeper, FOTA_MARK_NONE);
        fota_keeper_save(module->parts.keeper, NULL);
        break;
    case FOTA_ACTION_CLOSE:
        close_without_job(module, FOTA_ACTION_NONE, &end);
        break;
    default:
        start_job(module, action);
        break;
    }
    module_decide(module);
}

/* When */

static gboolean
timer_over(gpointer data)
{
    FotaModule *module = data;

    module->timer = 0;
    module_decide(module);
    return G_SOURCE_REMOVE;
}

static gboolean
waits_for_gateway(const FotaPlan *plan)
{
    return plan != NULL &&
           (fota_plan_has_blocker(plan, "supply") || fota_plan_has_blocker(plan, "free-space") ||
            fota_plan_has_blocker(plan, "route"));
}

static gint64
sooner(gint64 wait, gint64 then, gint64 now)
{
    return then > now ? MIN(wait, then - now) : wait;
}

/* Arms the one timer for the next time at which something may change by itself. */
static void
arm_timer(FotaModule *module)
{
    const FotaParts *parts = &module->parts;
    const FotaManifest *manifest = fota_reader_get_manifest(parts->reader);
    gint64 check = (gint64)fota_poller_get_next_check(parts->poller);
    gint64 now = fota_clock_now(), boot = fota_boot_time();
    gint64 wait = (waits_for_gateway(parts->plan) ? LOOK_SOON_SECONDS : LOOK_AGAIN_SECONDS) *
                  (gint64)G_USEC_PER_SEC;

    /* A check that is due but has not begun waits for the module. */
    wait = sooner(wait, check, now);
    if (manifest != NULL)
        wait = sooner(wait, manifest->use_before, now);
    if (parts->plan != NULL)
        wait = sooner(sooner(wait, parts->plan->not_before, now), parts->plan->answer_by, now);
    wait = sooner(wait, fota_run_get_hold(parts->run), boot);
    wait = sooner(wait, fota_offers_get_guest_end(parts->offers), boot);
    g_clear_handle_id(&module->timer, g_source_remove);
    module->timer = fota_timer_add((guint)(wait / G_USEC_PER_SEC) + 1, timer_over, module);
}

static void
end_late_guest(FotaModule *module)
{
    gint64 end = fota_offers_get_guest_end(module->parts.offers);

    if (end == 0 || end > fota_boot_time())
        return;
    fota_module_log(module, LOG_NOTICE, FOTA_EVENT_NONE,
                    "the rehearsal is dropped: nobody has answered");
    fota_offers_dismiss_guest(module->parts.offers);
}

static gboolean
check_is_due(FotaModule *module)
{
    FotaParts *parts = &module->parts;

    return fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE &&
           fota_poller_is_due(parts->poller, fota_reader_get_manifest(parts->reader));
}

static gboolean
something_runs(FotaModule *module)
{
    return fota_run_get_action(module->parts.run) != FOTA_ACTION_NONE ||
           fota_reader_is_busy(module->parts.reader);
}

/*
 * Decides what this module does, after every event; calling it again changes nothing. While a job
 * runs, the plan stays the one with which the job began.
 */
static void
module_decide(FotaModule *module)
{
    FotaParts *parts = &module->parts;
    FotaSituation situation;
    FotaNext next;

    if (module->stopping)
        return;
    take_check(module);
    if (fota_run_get_action(parts->run) == FOTA_ACTION_NONE) {
        end_late_guest(module);
        g_clear_pointer(&parts->plan, fota_plan_free);
        parts->plan = fota_situation_draft_plan(parts);
    }
    if (!something_runs(module) && fota_poller_get_next_check(parts->poller) == 0)
        fota_poller_schedule(parts->poller, fota_reader_get_manifest(parts->reader));
    if (!something_runs(module) && fota_keeper_get_mark(parts->keeper) != FOTA_MARK_INSTALLING)
        take_pin(module);
    situation = fota_situation_look(parts, parts->plan);
    situation.failed = fota_shown_has_own_error(module->shown);
    situation.check_due = !something_runs(module) && check_is_due(module);
    next = fota_next_decide(&situation);
    module_show(module, &next);
    if (!something_runs(module))
        arm_timer(module);
    module_act(module, next.action);
}

/* Events */

static void
part_changed(gpointer object)
{
    FotaModule *module = object;
    const GError *error = fota_keeper_take_error(module->parts.keeper);

    if (error != NULL) {
        fota_shown_set_error(module->shown, error);
        fota_module_log(module, LOG_ERR, FOTA_EVENT_NONE, "%s", error->message);
    }
    module_decide(module);
    if (module->stopping && !fota_reader_is_busy(module->parts.reader))
        g_signal_emit_by_name(module, "job-ended");
}

/* A job may take the step that @mark names only if it could begin now. */
static gboolean
job_may_commit(FotaMark mark, gpointer object)
{
    FotaModule *module = object;
    g_autoptr(FotaPlan) plan = fota_situation_draft_plan(&module->parts);
    const FotaSituation situation = fota_situation_look(&module->parts, plan);

    return fota_next_may_commit(&situation, mark);
}

/* fotad exits: the record stays, but this start does not count as a crash. */
static void
stop_update(FotaModule *module)
{
    FotaRecord *record = module->parts.record;

    if (record->starts == 0)
        return;
    record->starts--;
    fota_keeper_save(module->parts.keeper, NULL);
}

static void
job_ended(FotaAction action, const FotaJobEnd *end, gpointer object)
{
    FotaModule *module = object;
    FotaParts *parts = &module->parts;
    gboolean unwritten = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE);
    FotaClosing closing;

    parts->context->jobs--;
    fota_presence_end_job(parts->presence, end->version);
    if (module->stopping) {
        stop_update(module);
        g_signal_emit_by_name(module, "job-ended");
        return;
    }
    closing = fota_closing_end(parts, action, end);
    take_closing(module, &closing);
    if (action == FOTA_ACTION_REHEARSE)
        fota_offers_dismiss_guest(parts->offers);
    /* A check costs no write: a new manifest has been saved already. */
    if (action != FOTA_ACTION_CHECK && !unwritten)
        fota_keeper_save(parts->keeper, NULL);
    module_decide(module);
    g_signal_emit_by_name(module, "job-ended");
}

FotaModule *
fota_module_new(FotaContext *context, FotaRecord *record)
{
    FotaModule *module = g_object_new(FOTA_TYPE_MODULE, NULL);
    const FotaPartOwner owner = {module, part_changed};
    const FotaRunOwner run_owner = {owner, job_may_commit, job_ended};
    FotaParts *parts = &module->parts;

    module->shown = fota_shown_new(module_announce, module);
    parts->context = context;
    parts->record = record;
    parts->keeper = fota_keeper_new(context->store, record, &owner);
    parts->presence = fota_presence_new(context->plugins, parts->keeper, &owner);
    parts->poller = fota_poller_new(context, parts->keeper, &owner);
    parts->reader = fota_reader_new(context, parts->keeper, parts->poller, &owner);
    parts->offers = fota_offers_new(parts->keeper);
    parts->run = fota_run_new(parts->keeper, &run_owner);
    parts->pin = fota_sim_pin_new(context->store, record, &owner);
    /* The version wanted by an update under way is what the vendor's server offered. */
    if (record->mark != FOTA_MARK_NONE && record->to[0] != '\0')
        fota_offers_set_vendor(parts->offers, &(FotaVendorOffer){.version = record->to});
    return module;
}

void
fota_module_settle(FotaModule *module)
{
    module_decide(module);
}

void
fota_module_seen(FotaModule *module, const FotaModemFacts *facts)
{
    FotaParts *parts = &module->parts;
    FotaMark before = fota_keeper_get_mark(parts->keeper);
    gboolean busy = fota_run_get_action(parts->run) != FOTA_ACTION_NONE;

    if (fota_presence_see(parts->presence, facts, busy))
        fota_module_log(module, LOG_INFO, FOTA_EVENT_MODULE_FOUND, "%s %s is there, running %s%s",
                        facts->manufacturer, facts->model, facts->revision,
                        fota_parts_get_plugin(parts) == NULL ? "; no plugin claims it" : "");
    /* The hold was for discarding a delta that has installed itself. */
    if (fota_keeper_get_mark(parts->keeper) != before)
        fota_run_hold(parts->run, 0, 0);
    module_decide(module);
}

void
fota_module_gone(FotaModule *module)
{
    FotaParts *parts = &module->parts;

    if (fota_presence_get(parts->presence) != FOTA_PRESENCE_HERE)
        return;
    fota_presence_lose(parts->presence, fota_run_get_action(parts->run) != FOTA_ACTION_NONE);
    module_decide(module);
}

void
fota_module_guarded(FotaModule *module, const char *uid, gboolean guarded)
{
    FotaParts *parts = &module->parts;
    const FotaModemFacts *facts = fota_presence_get_facts(parts->presence);

    if (fota_run_get_action(parts->run) == FOTA_ACTION_NONE || facts == NULL ||
        strcmp(facts->uid, uid) != 0)
        return;
    if (!guarded)
        fota_module_log(module, LOG_WARNING, FOTA_EVENT_NONE,
                        "ModemManager has restarted; waiting until it leaves the module to us");
    fota_run_set_guarded(parts->run, guarded);
}

void
fota_module_clock_set(FotaModule *module)
{
    FotaParts *parts = &module->parts;

    if (strcmp(fota_shown_get_error_name(module->shown), "ManifestExpired") == 0)
        fota_shown_set_error(module->shown, NULL);
    fota_poller_set_clock(parts->poller, fota_reader_get_manifest(parts->reader));
}

void
fota_module_reload(FotaModule *module)
{
    FotaParts *parts = &module->parts;

    fota_reader_trust_anew(parts->reader);
    fota_poller_schedule(parts->poller, fota_reader_get_manifest(parts->reader));
    fota_sim_pin_forget(parts->pin);
}

gboolean
fota_module_stop(FotaModule *module)
{
    module->stopping = TRUE;
    g_clear_handle_id(&module->timer, g_source_remove);
    fota_reader_stop(module->parts.reader);
    fota_run_cancel(module->parts.run, TRUE);
    return !something_runs(module);
}

/* Requests */

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    FotaParts *parts = &module->parts;

    if (!fota_answers_accept(parts, FOTA_REQUEST_CHECK, error))
        return FALSE;
    if (fota_parts_get_config(parts)->manifest_uri == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION,
                    "no manifest is configured; set Uri= in [Manifest] of %s",
                    fota_config_get_file(parts->context->config));
        return FALSE;
    }
    if (!fota_poller_take_request(parts->poller, error))
        return FALSE;
    fota_run_hold(parts->run, 0, 0);
    fota_offers_reopen(parts->offers, parts->plan);
    start_check(module);
    module_decide(module);
    return TRUE;
}

static gboolean
take_answer(FotaModule *module, gboolean accepted, const FotaHistoryEntry *entry)
{
    GVariantDict details;

    if (entry != NULL) {
        g_variant_dict_init(&details, NULL);
        g_variant_dict_insert(&details, "reason", "s", entry->text);
        g_signal_emit_by_name(module, "update-finished", entry->id, entry->result,
                              g_variant_dict_end(&details));
    }
    if (accepted)
        module_decide(module);
    return accepted;
}

gboolean
fota_module_approve(FotaModule *module, const char *token, GError **error)
{
    GVariant *update = fota_shown_get_update(module->shown);

    return take_answer(module, fota_answers_approve(&module->parts, update, token, error), NULL);
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    GVariant *update = fota_shown_get_update(module->shown);
    const FotaHistoryEntry *entry = NULL;
    gboolean accepted = fota_answers_reject(&module->parts, update, token, reason, &entry, error);

    return take_answer(module, accepted, entry);
}

gboolean
fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error)
{
    GVariant *update = fota_shown_get_update(module->shown);

    return take_answer(module, fota_answers_defer(&module->parts, update, token, seconds, error),
                       NULL);
}

gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    GVariant *update = fota_shown_get_update(module->shown);
    const FotaHistoryEntry *entry = NULL;
    gboolean accepted = fota_answers_cancel(&module->parts, update, token, &entry, error);

    return take_answer(module, accepted, entry);
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    return take_answer(module, fota_answers_rehearse(&module->parts, error), NULL);
}

void
fota_module_wait_saved_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    fota_keeper_wait_async(module->parts.keeper, callback, user_data);
}

gboolean
fota_module_wait_saved_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return fota_keeper_wait_finish(module->parts.keeper, result, error);
}

char *
fota_module_plan(FotaModule *module)
{
    return fota_view_explain(&module->parts);
}

GVariant *
fota_module_query(FotaModule *module, GError **error)
{
    const FotaModemFacts *facts = fota_presence_get_facts(module->parts.presence);

    if (facts != NULL)
        return fota_view_identify(module->parts.record, facts);
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT,
                "ModemManager does not see the module; look at it with mmcli -L");
    return NULL;
}

GVariant *
fota_module_get_history(FotaModule *module, guint max)
{
    return fota_view_list_history(module->parts.record, max);
}

/* Properties */

const char *
fota_module_get_imei(FotaModule *module)
{
    return module->parts.record->imei;
}

const char *
fota_module_get_manufacturer(FotaModule *module)
{
    return module->parts.record->manufacturer;
}

const char *
fota_module_get_model(FotaModule *module)
{
    return module->parts.record->model;
}

const char *
fota_module_get_revision(FotaModule *module)
{
    return module->parts.record->revision;
}

const char *
fota_module_get_plugin(FotaModule *module)
{
    return fota_shown_get_plugin(&module->parts);
}

const char *
fota_module_get_modem(FotaModule *module)
{
    return fota_shown_get_modem(&module->parts);
}

FotaState
fota_module_get_state(FotaModule *module)
{
    return fota_shown_get_state(module->shown);
}

guint
fota_module_get_progress(FotaModule *module)
{
    return fota_run_get_progress(module->parts.run);
}

guint64
fota_module_get_bytes_received(FotaModule *module)
{
    return fota_run_get_bytes_received(module->parts.run);
}

guint64
fota_module_get_bytes_total(FotaModule *module)
{
    return fota_run_get_bytes_total(module->parts.run);
}

const char *const *
fota_module_get_blockers(FotaModule *module)
{
    return fota_shown_get_blockers(module->shown);
}

const char *
fota_module_get_last_error_name(FotaModule *module)
{
    return fota_shown_get_error_name(module->shown);
}

const char *
fota_module_get_last_error_text(FotaModule *module)
{
    return fota_shown_get_error_text(module->shown);
}

guint64
fota_module_get_last_check(FotaModule *module)
{
    return fota_poller_get_last_check(module->parts.poller);
}

guint64
fota_module_get_next_check(FotaModule *module)
{
    return fota_poller_get_next_check(module->parts.poller);
}

GVariant *
fota_module_get_update(FotaModule *module)
{
    return fota_shown_get_update(module->shown);
}
