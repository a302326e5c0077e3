/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module.h"

#include <syslog.h>

#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-draft.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-start.h"
#include "daemon/module/fota-terms.h"
#include "daemon/module/fota-view.h"

struct _FotaModule {
    GObject parent;

    FotaParts parts;
    guint checks;      /* of the reader, whose results are shown */
    gboolean lost;     /* as the signal has told */
    gboolean unproven; /* counted as such */
    guint timer;       /* the next moment at which something may change by itself */
};

G_DEFINE_FINAL_TYPE(FotaModule, fota_module, G_TYPE_OBJECT)

static void
fota_module_finalize(GObject *object)
{
    FotaModule *module = FOTA_MODULE(object);

    module->parts.context->unproven -= module->unproven ? 1 : 0;
    g_clear_handle_id(&module->timer, g_source_remove);
    fota_parts_clear(&module->parts);
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
    g_signal_new("lost", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    g_signal_new("job-ended", FOTA_TYPE_MODULE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                 0);
}

static void
fota_module_init(FotaModule *module)
{
}

static void
module_draft_plan(FotaModule *module)
{
    g_clear_pointer(&module->parts.plan, fota_plan_free);
    module->parts.plan = fota_draft_plan(&module->parts);
}

/* Asks the application for its approval, once for each token. */
static void
module_ask(FotaModule *module, gboolean guest)
{
    const FotaParts *parts = &module->parts;
    const FotaPlan *plan = parts->plan;
    const char *gate = fota_approval_gate_get_name(fota_asking_get_gate(parts));
    g_autofree char *token = fota_offers_make_token(parts->offers, plan, guest);
    gboolean asked = plan->source >= FOTA_SOURCE_MODULE;

    if (fota_plan_has_blocker(plan, "deferred") ||
        !fota_offers_ask(parts->offers, token, guest || asked))
        return;
    if (asked)
        fota_questions_note_asked(parts->questions);
    if (guest)
        fota_offers_await_guest(parts->offers);
    fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_APPROVAL_WANTED,
                    "update %s from %s to %s wants approval to %s", plan->manifest->update.id,
                    plan->from, plan->to != NULL ? plan->to : "what the server has", gate);
    fota_shown_request_approval(parts->shown, token, gate);
    /* The new plan knows when the time for an answer ends. */
    module_draft_plan(module);
}

/* Shows the result of a check once. After each check the vendor is asked again. */
static void
module_take_check(FotaModule *module)
{
    const FotaParts *parts = &module->parts;
    const GError *error = fota_reader_get_error(parts->reader);

    if (module->checks == fota_reader_get_checks(parts->reader))
        return;
    module->checks = fota_reader_get_checks(parts->reader);
    fota_shown_set_error(parts->shown, error);
    if (error == NULL)
        fota_offers_forget_vendor(parts->offers);
}

static void
module_take_pin(FotaModule *module)
{
    const FotaParts *parts = &module->parts;
    gboolean here = fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE;
    g_autofree char *credential =
        fota_parts_find_credential(parts, fota_parts_get_config(parts)->pin_credential);
    int attempts;

    fota_sim_pin_look(parts->pin, parts->context->mm,
                      here ? fota_presence_get_facts(parts->presence) : NULL, credential);
    if (!fota_shown_has_own_error(parts->shown))
        fota_shown_set_error(parts->shown, fota_sim_pin_get_error(parts->pin));
    if (fota_sim_pin_take_news(parts->pin, &attempts))
        g_signal_emit_by_name(module, "pin-required", attempts);
}

/* A job that has the module takes its service away. */
static void
module_look_at_service(FotaModule *module)
{
    const FotaParts *parts = &module->parts;
    gboolean here = fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE;
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);

    if (fota_run_get_action(parts->run) == FOTA_ACTION_NONE)
        fota_proof_look(parts->proof, here ? fota_presence_get_facts(parts->presence) : NULL,
                        &terms);
}

static void
module_tell_lost(FotaModule *module)
{
    gboolean before = module->lost;

    module->lost = fota_presence_get(module->parts.presence) == FOTA_PRESENCE_LOST;
    if (module->lost && !before)
        g_signal_emit_by_name(module, "lost");
}

/* What nobody has answered must not pass for what the module asks next. */
static void
module_end_late_question(FotaModule *module)
{
    const FotaParts *parts = &module->parts;

    if (fota_run_get_action(parts->run) == FOTA_ACTION_NONE && fota_draft_is_unanswered(parts))
        fota_questions_end(parts->questions, "nobody has answered within Timeout= of [Approval]");
}

/* As the others wait for it. They are told when they no longer have to. */
static void
module_count_unproven(FotaModule *module)
{
    gboolean before = module->unproven;

    module->unproven = fota_situation_is_unproven(&module->parts);
    if (module->unproven == before)
        return;
    module->parts.context->unproven += module->unproven ? 1 : -1;
    if (before)
        g_signal_emit_by_name(module, "job-ended");
}

static gboolean
something_runs(FotaModule *module)
{
    return fota_run_get_action(module->parts.run) != FOTA_ACTION_NONE ||
           fota_reader_is_busy(module->parts.reader);
}

static gboolean
timer_over(gpointer data)
{
    FotaModule *module = data;

    module->timer = 0;
    fota_module_decide(module);
    return G_SOURCE_REMOVE;
}

/* While a job runs, the plan stays the one with which the job began. */
void
fota_module_decide(FotaModule *module)
{
    const FotaParts *parts = &module->parts;
    FotaManifest *manifest = fota_accepted_get(parts->accepted);
    FotaSituation situation;
    FotaNext next;

    if (module->parts.stopping)
        return;
    module_tell_lost(module);
    module_count_unproven(module);
    module_take_check(module);
    module_end_late_question(module);
    fota_asking_look(parts);
    module_look_at_service(module);
    if (fota_run_get_action(parts->run) == FOTA_ACTION_NONE) {
        fota_answers_end_guest(parts);
        module_draft_plan(module);
        fota_draft_claim_delta(parts, parts->plan);
        fota_back_claim(parts, parts->plan);
    }
    if (!something_runs(module) && fota_poller_get_next_check(parts->poller) == 0)
        fota_poller_schedule(parts->poller, manifest);
    if (!something_runs(module) && fota_keeper_get_mark(parts->keeper) != FOTA_MARK_INSTALLING)
        module_take_pin(module);
    situation = fota_situation_look(parts, parts->plan);
    situation.failed = fota_shown_has_own_error(parts->shown);
    situation.check_due = !something_runs(module) &&
                          fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE &&
                          fota_poller_is_due(parts->poller, manifest);
    situation.version_asked = fota_presence_is_asked(parts->presence);
    next = fota_next_decide(&situation);
    fota_view_follow(parts, &next);
    if (next.state == FOTA_STATE_AWAITING_APPROVAL ||
        next.state == FOTA_STATE_AWAITING_INSTALL_APPROVAL)
        module_ask(module, next.guest);
    if (!something_runs(module)) {
        g_clear_handle_id(&module->timer, g_source_remove);
        module->timer = fota_timer_add(fota_situation_get_wait(parts), timer_over, module);
    }
    if (next.action != FOTA_ACTION_NONE) {
        fota_start_action(parts, next.action);
        fota_module_decide(module);
    } else if (!something_runs(module)) {
        fota_presence_answer_version(module->parts.presence, NULL);
    }
}

/* Events */

static void
part_changed(gpointer object)
{
    FotaModule *module = object;
    const FotaParts *parts = &module->parts;
    const GError *error = fota_keeper_take_error(parts->keeper);

    if (error != NULL) {
        fota_shown_set_error(parts->shown, error);
        fota_record_log(parts->record, LOG_ERR, FOTA_EVENT_NONE, "%s", error->message);
    }
    fota_module_decide(module);
    if (module->parts.stopping && !fota_reader_is_busy(parts->reader))
        g_signal_emit_by_name(module, "job-ended");
}

/* A job may take the step that @mark names only if it could begin now. */
static gboolean
job_may_commit(FotaMark mark, gpointer object)
{
    FotaModule *module = object;
    g_autoptr(FotaPlan) plan = fota_draft_plan(&module->parts);
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

/* What the module said while the job had its port. A job that was an update knows its end, whatever
 * is still to be heard of it. */
static void
module_take_heard(FotaModule *module, FotaAction action, const FotaJobEnd *end)
{
    FotaQuestions *questions = module->parts.questions;
    gboolean updates = action == FOTA_ACTION_FOLLOW || action == FOTA_ACTION_RESUME ||
                       action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_INSTALL ||
                       action == FOTA_ACTION_REHEARSE;

    for (guint i = 0; end->heard != NULL && end->heard[i] != NULL; i++) {
        if (updates)
            fota_questions_note(questions, end->heard[i]);
        else
            fota_questions_hear(questions, end->heard[i]);
    }
}

static void
job_ended(FotaAction action, const FotaJobEnd *end, gpointer object)
{
    FotaModule *module = object;
    FotaParts *parts = &module->parts;
    gboolean unwritten = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE);

    parts->context->jobs--;
    parts->context->fetches -= action == FOTA_ACTION_FETCH ? 1 : 0;
    fota_presence_end_job(parts->presence, end->version);
    if (module->parts.stopping) {
        stop_update(module);
        g_signal_emit_by_name(module, "job-ended");
        return;
    }
    fota_closing_end(parts, action, end);
    module_take_heard(module, action, end);
    if (action == FOTA_ACTION_INSPECT)
        fota_presence_answer_version(parts->presence, end->error);
    if (action == FOTA_ACTION_REHEARSE)
        fota_offers_dismiss_guest(parts->offers);
    /* A check costs no write: a new manifest has been saved already. Nor does a look at a module
     * that is lost. */
    if (action != FOTA_ACTION_CHECK && action != FOTA_ACTION_ROUSE && !unwritten)
        fota_keeper_save(parts->keeper, NULL);
    fota_module_decide(module);
    g_signal_emit_by_name(module, "job-ended");
}

FotaModule *
fota_module_new(FotaContext *context, FotaRecord *record)
{
    FotaModule *module = g_object_new(FOTA_TYPE_MODULE, NULL);
    const FotaPartOwner owner = {module, part_changed};
    const FotaRunOwner run_owner = {owner, job_may_commit, job_ended};
    FotaParts *parts = &module->parts;

    parts->context = context;
    parts->record = record;
    parts->shown = fota_shown_new(G_OBJECT(module), record->imei);
    parts->keeper = fota_keeper_new(context->store, record, &owner);
    parts->presence = fota_presence_new(context->plugins, parts->keeper, &owner);
    parts->poller = fota_poller_new(context, parts->keeper, &owner);
    parts->accepted = fota_accepted_new(context, parts->keeper, parts->poller);
    parts->reader = fota_reader_new(context, record, parts->poller, parts->accepted, &owner);
    parts->offers = fota_offers_new(parts->keeper);
    parts->questions = fota_questions_new(parts->keeper, &owner);
    parts->run = fota_run_new(parts->keeper, &run_owner);
    parts->proof = fota_proof_new(context, parts->keeper, &owner);
    parts->pin = fota_sim_pin_new(context->store, record, &owner);
    /* The version wanted by an update under way is what the vendor's server had. */
    if (record->mark != FOTA_MARK_NONE && record->to[0] != '\0')
        fota_offers_set_vendor(parts->offers, &(FotaVendorOffer){.version = record->to});
    if (record->cached[0] != '\0')
        fota_cache_claim(context->cache, record->imei, record->cached);
    fota_back_claim(parts, NULL);
    fota_parts_take_clock(parts);
    fota_view_refresh(parts);
    module_count_unproven(module);
    return module;
}

gboolean
fota_module_stop(FotaModule *module)
{
    module->parts.stopping = TRUE;
    fota_presence_answer_version(module->parts.presence, NULL);
    g_clear_handle_id(&module->timer, g_source_remove);
    fota_questions_give_up(module->parts.questions);
    fota_reader_stop(module->parts.reader);
    fota_run_cancel(module->parts.run, TRUE);
    return !something_runs(module);
}

FotaParts *
fota_module_get_parts(FotaModule *module)
{
    return &module->parts;
}
