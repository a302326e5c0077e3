/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-error.h"
#include "daemon/job/fota-session.h"
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"
#include "policy/fota-policy-error.h"

#include <string.h>

/* That the clock was set is told by the kernel; in case it is not, and for what else has no event.
 */
#define LOOK_AGAIN_SECONDS 3600
/* So often what takes no more than reading some small files: supply, space, routes. */
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

static void
rest(FotaModule *module, FotaState state)
{
    static const char *const none[] = {NULL};
    GVariantDict empty;

    g_variant_dict_init(&empty, NULL);
    fota_module_set_update(module, g_variant_dict_end(&empty));
    fota_module_set_blockers(module, none);
    fota_module_set_state(module, state);
}

/* As it ended last; a missing PIN is no end of anything. */
static void
rest_as_ended(FotaModule *module)
{
    rest(module, fota_module_has_own_error(module) ? FOTA_STATE_FAILED : FOTA_STATE_IDLE);
}

static void
rest_failed(FotaModule *module, GQuark domain, int code)
{
    const char *reason = module->plan->reasons->pdata[module->plan->decided_by];
    g_autoptr(GError) error = g_error_new_literal(domain, code, reason);

    fota_module_set_error(module, error);
    rest(module, FOTA_STATE_FAILED);
}

/* A manifest may come to its end while an update waits: then nothing new is begun with it. */
static void
rest_distrusted(FotaModule *module, const GError *error)
{
    if (strcmp(module->error_name, fota_error_get_name(error)) != 0)
        fota_module_log(module, 4, FOTA_EVENT_MANIFEST_REFUSED,
                        "the manifest at hand does not hold any more (%s): %s",
                        fota_error_get_name(error), error->message);
    fota_module_set_error(module, error);
    rest(module, FOTA_STATE_FAILED);
}

FotaApprovalGate
fota_module_get_gate(FotaModule *module)
{
    return module->record->mark == FOTA_MARK_DOWNLOADED ? FOTA_APPROVAL_GATE_INSTALL
                                                        : FOTA_APPROVAL_GATE_DOWNLOAD;
}

static gboolean
gate_is_open(FotaModule *module, FotaApprovalGate gate)
{
    g_autofree char *token = NULL;

    if (!module->rehearsal)
        return module->plan->gates[gate].wanted == FOTA_APPROVAL_AUTO ||
               module->plan->gates[gate].approved;
    token = fota_module_make_token(module, gate);
    return g_strcmp0(module->record->approved[gate], token) == 0;
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
ask(FotaModule *module, FotaApprovalGate gate)
{
    g_autofree char *token = fota_module_make_token(module, gate);

    if (g_strcmp0(module->announced, token) == 0 || fota_plan_has_blocker(module->plan, "deferred"))
        return;
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
settle_update(FotaModule *module)
{
    const char *const *blockers = (const char *const *)module->plan->blockers->pdata;
    static const char *const not_now[] = {"backoff", NULL};
    FotaApprovalGate gate = fota_module_get_gate(module);
    gboolean downloaded = gate == FOTA_APPROVAL_GATE_INSTALL;

    fota_module_set_update(module, fota_module_describe_update(module, gate));
    fota_module_set_blockers(module, blockers);
    if (!gate_is_open(module, gate)) {
        fota_module_set_state(module, downloaded ? FOTA_STATE_AWAITING_INSTALL_APPROVAL
                                                 : FOTA_STATE_AWAITING_APPROVAL);
        ask(module, gate);
        return;
    }
    fota_module_set_state(module, FOTA_STATE_SCHEDULED);
    if (blockers[0] != NULL || !module->here)
        return;
    if (module->hold_until > fota_boot_time()) {
        fota_module_set_blockers(module, not_now);
        return;
    }
    fota_module_start_job(module, downloaded ? FOTA_JOB_INSTALL : FOTA_JOB_UPDATE);
}

/* Where the manifest leaves it to the vendor's server, that is asked before anything is offered. */
static void
settle_question(FotaModule *module)
{
    const char *const *blockers = (const char *const *)module->plan->blockers->pdata;

    if (module->vendor->table->ask == NULL) {
        rest_failed(module, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
        return;
    }
    rest_as_ended(module);
    fota_module_set_blockers(module, blockers);
    if (blockers[0] == NULL && module->here && module->hold_until <= fota_boot_time()) {
        fota_module_set_state(module, FOTA_STATE_CHECKING);
        fota_module_start_job(module, FOTA_JOB_ASK);
    }
}

/* Whether the module can be asked something without being taken from the host. */
static gboolean
is_asked_freely(FotaModule *module)
{
    FotaAccess access = fota_module_get_config(module)->access;

    return access == FOTA_ACCESS_MODEM_MANAGER || fota_at_has_reserved_port(module->facts->device);
}

/*
 * The name that ModemManager has for the firmware leads nowhere: the module itself is asked. That
 * wants no approval, since nothing is offered yet; but where it takes the module from the host, it
 * waits for all that an update waits for.
 */
static void
settle_inspection(FotaModule *module)
{
    const char *const *blockers = (const char *const *)module->plan->blockers->pdata;

    rest_as_ended(module);
    if (!module->here || module->hold_until > fota_boot_time())
        return;
    if (blockers[0] != NULL && !is_asked_freely(module)) {
        fota_module_set_blockers(module, blockers);
        return;
    }
    fota_module_set_state(module, FOTA_STATE_CHECKING);
    fota_module_start_job(module, FOTA_JOB_INSPECT);
}

static void
settle_plan(FotaModule *module)
{
    switch (module->plan->kind) {
    case FOTA_PLAN_NOTHING_FOR_YOU:
    case FOTA_PLAN_UP_TO_DATE:
    case FOTA_PLAN_REJECTED:
        rest_as_ended(module);
        break;
    case FOTA_PLAN_ASK_VENDOR:
        settle_question(module);
        break;
    case FOTA_PLAN_NO_PATH:
        if (g_strcmp0(module->record->mm_revision, module->facts->revision) != 0) {
            settle_inspection(module);
            break;
        }
        rest_failed(module, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NO_PATH);
        break;
    case FOTA_PLAN_DOWNGRADE_REFUSED:
        rest_failed(module, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DOWNGRADE_REFUSED);
        break;
    case FOTA_PLAN_UNANSWERED:
        rest_failed(module, FOTA_ERROR, FOTA_ERROR_UNANSWERED);
        break;
    case FOTA_PLAN_FAILED_FOR_GOOD:
        fota_module_recall_error(module);
        rest(module, FOTA_STATE_FAILED);
        break;
    case FOTA_PLAN_UPDATE:
        settle_update(module);
        break;
    }
}

/* Whether what the module holds of a delta is what the plan would bring it. */
static gboolean
delta_is_wanted(FotaModule *module)
{
    const FotaRecord *record = module->record;
    g_autofree char *wanted = NULL;

    if (record->mark == FOTA_MARK_DISCARDING || module->plan == NULL)
        return FALSE;
    if (module->plan->kind != FOTA_PLAN_UPDATE)
        return module->plan->kind == FOTA_PLAN_ASK_VENDOR;
    /* The next download sees to what is there. */
    if (record->mark == FOTA_MARK_DOWNLOADING)
        return TRUE;
    wanted = fota_manifest_name_delta(&module->plan->steps[0]);
    return strcmp(record->delta, wanted) == 0;
}

/*
 * An update is over, or is another one now, and the module may hold a delta of it, which may
 * install itself. TRUE when a job throws it away.
 */
static gboolean
settle_delta(FotaModule *module)
{
    if (module->record->mark == FOTA_MARK_NONE || delta_is_wanted(module))
        return FALSE;
    if (module->vendor->table->discard == NULL) {
        fota_record_forget_update(module->record);
        fota_module_save(module, NULL);
        fota_module_make_plan(module);
        return FALSE;
    }
    if (!module->here || module->discards >= FOTA_DISCARDS_MAX ||
        module->hold_until > fota_boot_time())
        return FALSE;
    rest(module, module->error_name[0] != '\0' ? FOTA_STATE_FAILED : FOTA_STATE_IDLE);
    fota_module_log(module, 6, FOTA_EVENT_NONE, "what it holds of the delta to %s is thrown away",
                    module->record->to);
    fota_module_start_job(module, FOTA_JOB_DISCARD);
    return TRUE;
}

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
    gint64 now = fota_clock_now();
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
    if (module->hold_until > fota_boot_time())
        wait = MIN(wait, module->hold_until - fota_boot_time());
    module->timer = fota_timer_add((guint)(MAX(wait, 0) / G_USEC_PER_SEC) + 1, timer_over, module);
}

void
fota_module_settle(FotaModule *module)
{
    g_autoptr(GError) error = NULL;

    if (module->job != NULL || module->check != NULL || module->stopping)
        return;
    fota_module_make_plan(module);
    if (module->next_check == 0)
        fota_module_schedule_check(module);
    if (module->record->mark != FOTA_MARK_INSTALLING)
        fota_module_settle_pin(module);
    if (module->facts == NULL) {
        rest(module, FOTA_STATE_ABSENT);
    } else if (module->vendor == NULL) {
        rest(module, FOTA_STATE_UNSUPPORTED);
    } else if (module->record->mark == FOTA_MARK_INSTALLING && module->here) {
        if (module->hold_until <= fota_boot_time())
            fota_module_start_job(module, FOTA_JOB_RESUME);
    } else if (fota_module_check_is_due(module)) {
        fota_module_start_check(module);
    } else if (settle_delta(module)) {
        return;
    } else if (module->manifest != NULL && !fota_module_check_trust(module, &error)) {
        rest_distrusted(module, error);
    } else if (module->plan != NULL) {
        settle_plan(module);
    } else {
        rest_as_ended(module);
    }
    arm_timer(module);
}
