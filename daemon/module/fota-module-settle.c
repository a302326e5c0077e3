/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-clock.h"
#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-module-private.h"
#include "policy/fota-policy-error.h"

#include <string.h>

/*
 * What this module does next: the situation is gathered, policy/fota-next decides, and what it has
 * decided is shown and begun.
 */

/* That the clock was set is told by the kernel; in case it is not, and for what else has no event.
 */
#define LOOK_AGAIN_SECONDS 3600
/* How often supply, space and routes are read while they block something: some small files. */
#define LOOK_SOON_SECONDS 60

FotaPlan *
fota_module_draft_plan(FotaModule *module)
{
    g_autofree const char **left = fota_record_list_left(module->record);
    FotaFacts facts;

    if (module->manifest == NULL || module->facts == NULL || module->vendor == NULL ||
        !fota_module_check_trust(module, NULL))
        return NULL;
    fota_module_fill_facts(module, &facts);
    facts.left = left;
    return fota_plan_make(module->manifest, &facts);
}

void
fota_module_make_plan(FotaModule *module)
{
    g_clear_pointer(&module->plan, fota_plan_free);
    module->plan = fota_module_draft_plan(module);
}

/* Whether the module can be asked something only by taking it from the host. */
static gboolean
question_takes(FotaModule *module)
{
    return fota_module_get_config(module)->access != FOTA_ACCESS_MODEM_MANAGER &&
           (module->facts == NULL || !fota_at_has_reserved_port(module->facts->device));
}

static gboolean
gate_is_open(const FotaPlanGate *gate)
{
    return gate->wanted == FOTA_APPROVAL_AUTO || gate->approved;
}

static void
look_at_plan(FotaModule *module, const FotaPlan *plan, FotaSituation *s)
{
    s->planned = plan != NULL;
    if (plan == NULL)
        return;
    s->plan = plan->kind;
    s->blocked = plan->blockers->pdata[0] != NULL;
    if (plan->kind != FOTA_PLAN_UPDATE)
        return;
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        s->open[i] = gate_is_open(&plan->gates[i]);
    if (module->rehearsal) {
        g_autofree char *token = fota_module_make_guest_token(module, plan);

        s->rehearsal_open = g_strcmp0(module->rehearsal_approved, token) == 0;
    }
}

static gboolean
holds_delta_of(FotaModule *module, const FotaPlan *plan)
{
    g_autofree char *wanted = plan != NULL && plan->kind == FOTA_PLAN_UPDATE
                                  ? fota_manifest_name_delta(&plan->steps[0])
                                  : NULL;

    return g_strcmp0(module->record->delta, wanted) == 0;
}

FotaSituation
fota_module_look(FotaModule *module, const FotaPlan *plan)
{
    const FotaRecord *record = module->record;
    const FotaPlugin *table = module->vendor != NULL ? module->vendor->table : NULL;
    FotaSituation s = {
        .presence = module->here            ? FOTA_PRESENCE_HERE
                    : module->facts != NULL ? FOTA_PRESENCE_AWAY
                                            : FOTA_PRESENCE_LOST,
        .supported = table != NULL,
        .runs = module->runs,
        .verifying = module->verifying,
        .mark = (FotaMark)record->mark,
        .cancelled = record->cancelled[0] != '\0',
        .held = module->hold_until > fota_boot_time(),
        .inhibited = module->context->inhibitions > 0,
        .crowded = fota_module_is_crowded(module),
        .failed = fota_module_has_own_error(module),
        .check_takes = fota_module_get_config(module)->fetch_by_module,
        .ask_takes = question_takes(module),
        .told_version =
            module->facts != NULL && g_strcmp0(record->mm_revision, module->facts->revision) == 0,
        .can_ask = table != NULL && table->ask != NULL,
        .can_discard = table != NULL && table->discard != NULL,
        .kept_delta = module->discards >= FOTA_DISCARDS_MAX,
        .same_delta = holds_delta_of(module, plan),
        .manifest = module->manifest == NULL                ? FOTA_MANIFEST_NONE
                    : fota_module_check_trust(module, NULL) ? FOTA_MANIFEST_HOLDS
                                                            : FOTA_MANIFEST_DISTRUSTED,
        .rehearsal = module->rehearsal,
    };

    look_at_plan(module, plan, &s);
    return s;
}

/* What is shown */

static void
show_plan_error(FotaModule *module, GQuark domain, int code)
{
    g_autoptr(GError) error =
        g_error_new_literal(domain, code, module->plan->reasons->pdata[module->plan->decided_by]);

    fota_module_set_error(module, error);
}

/* A manifest may come to its end while an update waits: then nothing new is begun with it. */
static void
show_distrust(FotaModule *module)
{
    g_autoptr(GError) error = NULL;

    fota_module_check_trust(module, &error);
    fota_module_note_expired(module, error);
    if (error == NULL)
        return;
    if (strcmp(module->error_name, fota_error_get_name(error)) != 0)
        fota_module_log(module, 4, FOTA_EVENT_MANIFEST_REFUSED,
                        "the manifest at hand does not hold any more (%s): %s",
                        fota_error_get_name(error), error->message);
    fota_module_set_error(module, error);
}

static void
show_error(FotaModule *module, FotaShowError error)
{
    switch (error) {
    case FOTA_SHOW_ERROR_AS_IS:
        break;
    case FOTA_SHOW_ERROR_TRUST:
        show_distrust(module);
        break;
    case FOTA_SHOW_ERROR_NOT_SUPPORTED:
        show_plan_error(module, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
        break;
    case FOTA_SHOW_ERROR_NO_PATH:
        show_plan_error(module, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NO_PATH);
        break;
    case FOTA_SHOW_ERROR_DOWNGRADE:
        show_plan_error(module, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DOWNGRADE_REFUSED);
        break;
    case FOTA_SHOW_ERROR_UNANSWERED:
        show_plan_error(module, FOTA_ERROR, FOTA_ERROR_UNANSWERED);
        break;
    case FOTA_SHOW_ERROR_LAST_ATTEMPT:
        fota_module_recall_error(module);
        break;
    }
}

static void
show_update(FotaModule *module, const FotaNext *next)
{
    gboolean runs = module->record->mark == FOTA_MARK_INSTALLING || module->job != NULL;
    GVariantDict empty;

    if (!next->offers) {
        g_variant_dict_init(&empty, NULL);
        fota_module_set_update(module, g_variant_dict_end(&empty));
    } else if (!runs) {
        fota_module_set_update(module, fota_module_describe_update(module, next->guest));
    } else if (g_variant_n_children(module->update) == 0) {
        /* It began before fotad was started; what runs is described as it was offered, else. */
        fota_module_set_update(module, fota_module_describe_record(module));
    }
}

static void
show_blockers(FotaModule *module, FotaShowBlockers blockers)
{
    static const char *const nothing[] = {NULL};
    static const char *const backoff[] = {"backoff", NULL};

    if (blockers == FOTA_SHOW_BLOCKERS && module->plan != NULL)
        fota_module_set_blockers(module, (const char *const *)module->plan->blockers->pdata);
    else
        fota_module_set_blockers(module, blockers == FOTA_SHOW_BACKOFF ? backoff : nothing);
}

/* The time for an answer runs from the first time that this question was asked. */
static void
record_question(FotaModule *module, const char *token)
{
    FotaRecord *record = module->record;
    guint64 now = (guint64)fota_clock_now();

    if (record->asked != 0 && strcmp(record->asked_token, token) == 0)
        return;
    if (record->first_offered == 0)
        record->first_offered = now;
    record->asked = now;
    fota_record_set(&record->asked_token, token);
    fota_module_save(module, NULL);
    fota_module_make_plan(module); /* which now knows when the time for an answer is over */
}

static void
ask_application(FotaModule *module, gboolean guest)
{
    FotaApprovalGate gate = fota_module_get_gate(module);
    g_autofree char *token = guest ? fota_module_make_guest_token(module, module->plan)
                                   : g_strdup(module->plan->gates[gate].token);

    if (g_strcmp0(module->announced, token) == 0 || fota_plan_has_blocker(module->plan, "deferred"))
        return;
    if (!guest)
        record_question(module, token);
    fota_record_set(&module->announced, token);
    fota_module_log(module, 5, FOTA_EVENT_APPROVAL_WANTED,
                    "update %s from %s to %s wants approval to %s", module->manifest->update.id,
                    module->plan->from,
                    module->plan->to != NULL ? module->plan->to : "what the vendor offers",
                    fota_approval_gate_get_name(gate));
    g_signal_emit_by_name(module, "approval-requested", token, fota_approval_gate_get_name(gate),
                          module->update);
}

static void
show(FotaModule *module, const FotaNext *next)
{
    show_error(module, next->error);
    show_update(module, next);
    show_blockers(module, next->blockers);
    fota_module_set_state(module, next->state);
    if (next->state == FOTA_STATE_AWAITING_APPROVAL ||
        next->state == FOTA_STATE_AWAITING_INSTALL_APPROVAL)
        ask_application(module, next->guest);
}

/* What is begun */

static void
forget_delta(FotaModule *module)
{
    fota_record_forget_update(module->record);
    fota_module_save(module, NULL);
    fota_module_settle(module);
}

static void
act(FotaModule *module, FotaAction action)
{
    switch (action) {
    case FOTA_ACTION_NONE:
        break;
    case FOTA_ACTION_CHECK:
        fota_module_start_check(module);
        break;
    case FOTA_ACTION_FORGET:
        forget_delta(module);
        break;
    case FOTA_ACTION_CLOSE:
        fota_module_close_cancelled(module);
        break;
    default:
        fota_module_start_job(module, action);
        break;
    }
}

/* When */

static gboolean
timer_over(gpointer data)
{
    FotaModule *module = data;

    module->timer = 0;
    fota_module_settle(module);
    return G_SOURCE_REMOVE;
}

static gboolean
waits_for_gateway(FotaModule *module)
{
    static const char *const blockers[] = {"supply", "free-space", "route"};

    for (guint i = 0; module->plan != NULL && i < G_N_ELEMENTS(blockers); i++) {
        if (fota_plan_has_blocker(module->plan, blockers[i]))
            return TRUE;
    }
    return FALSE;
}

/* One timer for the next moment at which something may change by itself. */
static void
arm_timer(FotaModule *module)
{
    gint64 now = fota_clock_now(), boot = fota_boot_time();
    gint64 wait = (waits_for_gateway(module) ? LOOK_SOON_SECONDS : LOOK_AGAIN_SECONDS) *
                  (gint64)G_USEC_PER_SEC;

    g_clear_handle_id(&module->timer, g_source_remove);
    /* One that is due already, and not begun, waits for the module. */
    if (module->next_check != 0 && module->here && module->vendor != NULL)
        wait = MIN(wait, (gint64)module->next_check - now);
    if (module->manifest != NULL && module->manifest->use_before > now)
        wait = MIN(wait, module->manifest->use_before - now);
    if (module->plan != NULL && module->plan->not_before > now)
        wait = MIN(wait, module->plan->not_before - now);
    if (module->plan != NULL && module->plan->answer_by > now)
        wait = MIN(wait, module->plan->answer_by - now);
    if (module->hold_until > boot)
        wait = MIN(wait, module->hold_until - boot);
    if (module->rehearsal && module->rehearsal_until > boot)
        wait = MIN(wait, module->rehearsal_until - boot);
    module->timer = fota_timer_add((guint)(MAX(wait, 0) / G_USEC_PER_SEC) + 1, timer_over, module);
}

void
fota_module_settle(FotaModule *module)
{
    FotaSituation situation;
    FotaNext next;

    if (module->stopping)
        return;
    if (module->job == NULL) {
        fota_module_make_plan(module);
        fota_module_end_late_rehearsal(module);
    }
    if (module->runs == FOTA_ACTION_NONE && module->next_check == 0)
        fota_module_schedule_check(module);
    if (module->runs == FOTA_ACTION_NONE && module->record->mark != FOTA_MARK_INSTALLING)
        fota_module_settle_pin(module);
    situation = fota_module_look(module, module->plan);
    situation.check_due = module->runs == FOTA_ACTION_NONE && fota_module_check_is_due(module);
    next = fota_next_decide(&situation);
    show(module, &next);
    act(module, next.action);
    if (module->runs == FOTA_ACTION_NONE)
        arm_timer(module);
}
