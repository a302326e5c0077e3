/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-plan.h"

#include "policy/fota-rollout.h"
#include "base/fota-text.h"
#include "base/fota-units.h"

static const FotaRules no_rules = FOTA_RULES_INIT;

const char *
fota_plan_kind_get_name(FotaPlanKind kind)
{
    static const char *const names[] = {
        [FOTA_PLAN_NOTHING_FOR_YOU] = "nothing-for-you",
        [FOTA_PLAN_UP_TO_DATE] = "up-to-date",
        [FOTA_PLAN_ASK_VENDOR] = "ask-vendor",
        [FOTA_PLAN_UPDATE] = "update",
        [FOTA_PLAN_NO_PATH] = "no-path",
        [FOTA_PLAN_DOWNGRADE_REFUSED] = "downgrade-refused",
        [FOTA_PLAN_REJECTED] = "rejected",
        [FOTA_PLAN_UNANSWERED] = "unanswered",
        [FOTA_PLAN_FAILED_FOR_GOOD] = "failed-for-good",
    };

    return names[kind];
}

static void add_reason(FotaPlan *plan, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

static void
add_reason(FotaPlan *plan, const char *format, va_list arguments)
{
    g_ptr_array_insert(plan->reasons, (gint)plan->reasons->len - 1,
                       g_strdup_vprintf(format, arguments));
}

static void explain(FotaPlan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
explain(FotaPlan *plan, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_reason(plan, format, arguments);
    va_end(arguments);
}

static void block(FotaPlan *plan, const char *blocker, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
block(FotaPlan *plan, const char *blocker, const char *format, ...)
{
    va_list arguments;

    g_ptr_array_insert(plan->blockers, (gint)plan->blockers->len - 1, g_strdup(blocker));
    va_start(arguments, format);
    add_reason(plan, format, arguments);
    va_end(arguments);
}

/* A blocker that ends with time alone. */
static void
block_until(FotaPlan *plan, const char *blocker, gint64 until, const char *what)
{
    g_autofree char *text = fota_text_format_time(until);

    plan->not_before = MAX(plan->not_before, until);
    if (until == G_MAXINT64)
        block(plan, blocker, "%s: never, as things stand", what);
    else
        block(plan, blocker, "%s: not before %s", what, text);
}

/* The steps from where the module stands. The manifest has no circles. */
static void
find_chain(FotaPlan *plan, const FotaManifestUpdate *update, const char *revision)
{
    const FotaStep *step = fota_manifest_find_step(update, revision);

    for (; step; step = fota_manifest_find_step(update, step->to_version))
        plan->steps[plan->n_steps++] = *step;
    if (plan->n_steps > 0)
        plan->to = g_strdup(plan->steps[plan->n_steps - 1].to_version);
}

static gboolean
is_end(const FotaManifestUpdate *update, const char *revision)
{
    for (guint i = 0; i < update->n_steps; i++)
        if (g_str_equal(update->steps[i].to_version, revision))
            return TRUE;
    return FALSE;
}

static FotaPlanKind
decide_by_steps(FotaPlan *plan, const FotaManifestUpdate *update, const char *revision)
{
    find_chain(plan, update, revision);
    if (plan->n_steps > 0) {
        explain(plan, "the module runs %s; %u step%s to %s", revision, plan->n_steps,
                plan->n_steps == 1 ? "" : "s", plan->to);
        return FOTA_PLAN_UPDATE;
    }
    if (is_end(update, revision)) {
        explain(plan, "the module already runs %s, where the steps end", revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    explain(plan, "no path from %s: no step has exactly this fromVersion", revision);
    return FOTA_PLAN_NO_PATH;
}

/* Without steps the vendor's server knows what comes next; toVersion is what is accepted of it. */
static FotaPlanKind
decide_by_vendor(FotaPlan *plan, const FotaManifestUpdate *update, const FotaFacts *facts)
{
    const char *offered = facts->vendor_version;

    if (g_strcmp0(update->to_version, facts->revision) == 0) {
        explain(plan, "the module already runs %s, as wanted", facts->revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    if (!offered) {
        explain(plan, "the vendor's server decides and has not been asked yet");
        return FOTA_PLAN_ASK_VENDOR;
    }
    if (offered[0] == '\0') {
        explain(plan, "the vendor's server has nothing newer than %s", facts->revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    if (update->to_version && !g_str_equal(offered, update->to_version)) {
        explain(plan, "no path from %s: the vendor's server offers %s, only %s is accepted",
                facts->revision, offered, update->to_version);
        return FOTA_PLAN_NO_PATH;
    }
    plan->to = g_strdup(offered);
    plan->steps[plan->n_steps++] = (FotaStep){
        .from_version = plan->from, .to_version = plan->to, .delta = {.size = facts->vendor_size}};
    explain(plan, "the module runs %s; the vendor's server offers %s", facts->revision, offered);
    return FOTA_PLAN_UPDATE;
}

static void
sum_size(FotaPlan *plan)
{
    for (guint i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i].delta.size == 0) {
            plan->size = 0;
            return;
        }
        plan->size += plan->steps[i].delta.size;
    }
}

/* One approval is valid for the whole chain, from its first to its last version. */
static void
make_gates(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    const char *from = facts->chain_from ? facts->chain_from : facts->revision;
    FotaApproval wanted[FOTA_APPROVAL_N_GATES] = {
        [FOTA_APPROVAL_GATE_DOWNLOAD] = MAX(update->approve_download, rules->approve_download),
        [FOTA_APPROVAL_GATE_INSTALL] = MAX(update->approve_install, rules->approve_install)};

    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++) {
        FotaPlanGate *gate = &plan->gates[i];

        gate->wanted = wanted[i];
        gate->token = fota_approval_token(plan->manifest->digest, facts->imei, from, plan->to, i);
        gate->approved = g_strcmp0(gate->token, facts->approved[i]) == 0;
        explain(plan, "%s: %s", fota_approval_gate_get_name(i),
                gate->wanted == FOTA_APPROVAL_AUTO ? "needs no approval"
                : gate->approved                   ? "approved"
                                                   : "needs approval");
    }
}

/* Versions have no order, but those that the module has left are older. */
static const char *
find_way_back(const FotaPlan *plan, const FotaFacts *facts)
{
    for (guint i = 0; facts->left && i < plan->n_steps; i++)
        if (g_strv_contains(facts->left, plan->steps[i].to_version))
            return plan->steps[i].to_version;
    return NULL;
}

static gboolean
may_go_where_it_leads(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const char *back = find_way_back(plan, facts);

    if (back && !plan->manifest->update.downgrade)
        explain(plan,
                "the module comes from %s: this is a downgrade, and the manifest does not say so",
                back);
    else if (plan->manifest->update.downgrade && !rules->allow_downgrade)
        explain(plan, "this is a downgrade, which the configuration does not allow");
    else
        return TRUE;
    return FALSE;
}

/* Decides by the history of this offer: rejected, given up, or still open. */
static FotaPlanKind
decide_by_past(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    guint32 most =
        MIN(update->max_attempts, rules->max_attempts ? rules->max_attempts : G_MAXUINT32);

    if (!may_go_where_it_leads(plan, facts, rules))
        return FOTA_PLAN_DOWNGRADE_REFUSED;
    if (facts->attempts >= most) {
        explain(plan, "%u of %u attempts have failed; Check() or a new manifest starts anew",
                facts->attempts, most);
        return FOTA_PLAN_FAILED_FOR_GOOD;
    }
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++) {
        const FotaPlanGate *gate = &plan->gates[i];

        if (g_strcmp0(gate->token, facts->rejected) == 0) {
            explain(plan, "the application has rejected this update");
            return FOTA_PLAN_REJECTED;
        }
        if (gate->wanted == FOTA_APPROVAL_AUTO || gate->approved || rules->approval_timeout == 0 ||
            facts->asked == 0 ||
            (facts->asked_token && !g_str_equal(facts->asked_token, gate->token)))
            continue;
        plan->answer_by = fota_time_add(facts->asked, rules->approval_timeout);
        if (plan->answer_by <= facts->now) {
            explain(plan, "nobody answered within %u seconds", rules->approval_timeout);
            return FOTA_PLAN_UNANSWERED;
        }
    }
    return FOTA_PLAN_UPDATE;
}

/* Windows come again each week; what only a clock change would let meet is found when it is near.
 */
#define WINDOW_HORIZON (35 * G_TIME_SPAN_DAY)

/* The hours of an update: the manifest's and the configuration's, both of which must suit. */
typedef struct {
    GTimeZone *local;
    FotaHours *theirs;
    FotaHours *ours;
} Hours;

static void
hours_clear(Hours *hours)
{
    g_clear_pointer(&hours->theirs, fota_hours_free);
    g_clear_pointer(&hours->ours, fota_hours_free);
    g_clear_pointer(&hours->local, g_time_zone_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Hours, hours_clear)

static gint64
hours_meet(const Hours *hours, gint64 now, gint64 last, guint32 needed, guint share)
{
    while (now <= last) {
        gint64 theirs = fota_hours_next(hours->theirs, now, needed, share);

        now = theirs == FOTA_WINDOW_NEVER ? theirs
                                          : fota_hours_next(hours->ours, theirs, needed, share);
        if (now == theirs)
            return now;
    }
    return FOTA_WINDOW_NEVER;
}

/* The next moment that suits every window and blackout. */
static gint64
next_window(const Hours *hours, const FotaFacts *facts, const FotaRules *rules, guint share)
{
    gint64 next = facts->now, open;

    do {
        open = hours_meet(hours, next, next + WINDOW_HORIZON, facts->run_seconds, share);
        if (open == FOTA_WINDOW_NEVER)
            return open;
        next = fota_blackout_next(rules->blackouts, rules->n_blackouts, hours->local, open,
                                  facts->run_seconds);
    } while (next != open);
    return next;
}

static void
explain_zones(FotaPlan *plan, const FotaManifestUpdate *update)
{
    for (guint i = 0; i < update->n_windows; i++) {
        if (!fota_window_knows_zone(&update->windows[i]))
            explain(plan, "update.window[%u] never opens: there is no time zone %s here", i,
                    update->windows[i].timezone);
    }
}

static gboolean
explain_hours(FotaPlan *plan, const char *what, FotaHours *hours, const FotaFacts *facts)
{
    gboolean opens = fota_hours_next(hours, facts->now, facts->run_seconds, 0) != FOTA_WINDOW_NEVER;

    if (!opens)
        explain(plan, "%s never opens for the %u seconds that an attempt may take", what,
                facts->run_seconds);
    return opens;
}

static void
explain_never(FotaPlan *plan, const Hours *hours, const FotaFacts *facts)
{
    gboolean theirs = explain_hours(plan, "update.window", hours->theirs, facts);
    gboolean ours = explain_hours(plan, "[Window] Allow=", hours->ours, facts);

    if (theirs && ours)
        explain(plan,
                "update.window and [Window] Allow= do not meet within %d days for the %u seconds "
                "that an attempt may take",
                (int)(WINDOW_HORIZON / G_TIME_SPAN_DAY), facts->run_seconds);
}

static void
check_window(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules, gboolean overdue)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    guint share =
        (guint)(fota_text_hash("window", update->id, facts->imei, NULL) % FOTA_WINDOW_SHARES);
    GTimeZone *local =
        facts->local_zone ? g_time_zone_ref(facts->local_zone) : g_time_zone_new_utc();
    g_auto(Hours) hours = {
        local,
        fota_hours_new(update->windows, overdue ? 0 : update->n_windows, local),
        fota_hours_new(rules->windows, rules->n_windows, local),
    };
    gint64 open = next_window(&hours, facts, rules, 0), ours = open;

    if (open != FOTA_WINDOW_NEVER)
        ours = next_window(&hours, facts, rules, share);
    /* Leaving the beginning to others must not cost a night, where two windows hardly meet. */
    if (ours - open > FOTA_WINDOW_MAX_SPREAD * G_TIME_SPAN_SECOND)
        ours = open;
    plan->window_work = fota_hours_get_work(hours.theirs) + fota_hours_get_work(hours.ours);
    if (ours <= facts->now)
        return;
    block_until(plan, "window", ours,
                open > facts->now
                    ? "no window is open and long enough"
                    : "the fleet's updates are spread over the beginning of the window");
    if (open == FOTA_WINDOW_NEVER)
        explain_never(plan, &hours, facts);
    if (!overdue)
        explain_zones(plan, update);
}

static void
check_time(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    gboolean overdue = update->severity >= FOTA_SEVERITY_MANDATORY && update->deadline &&
                       update->deadline <= facts->now;
    gint64 start = fota_rollout_start(&update->rollout, facts->imei, rules->groups);
    gint64 again = fota_time_add(facts->last_attempt, update->backoff);

    if (!facts->clock_is_set)
        block(plan, "clock", "the clock has not been set since the start");
    if (overdue)
        explain(plan,
                "the deadline has passed: deferral and the manifest's windows no longer count");
    if (!overdue && facts->deferred_until > facts->now)
        block_until(plan, "deferred", facts->deferred_until, "the application has deferred it");
    if (start > facts->now)
        block_until(plan, "rollout", start,
                    update->rollout.paused ? "the roll-out is paused"
                                           : "the roll-out has not reached this module");
    if (facts->attempts > 0 && again > facts->now)
        block_until(plan, "backoff", again, "after a failed attempt");
    check_window(plan, facts, rules, overdue);
}

static void
check_radio(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaConditions *theirs = &plan->manifest->update.conditions, *ours = &rules->conditions;
    int signal = (int)MAX(theirs->minimum_signal, ours->minimum_signal);

    if (facts->pin_wanted)
        block(plan, "pin", "the SIM wants its PIN");
    if (!facts->registered)
        block(plan, "registration", "the module is not registered on a network");
    if (facts->roaming && !(theirs->allow_roaming && ours->allow_roaming))
        block(plan, "roaming", "the module is roaming, which is not allowed for updates");
    if (signal > 0 && facts->signal < 0)
        block(plan, "signal", "the signal is unknown; %d %% is needed", signal);
    else if (signal > 0 && facts->signal < signal)
        block(plan, "signal", "the signal is %d %%; %d %% is needed", facts->signal, signal);
}

static void
check_gateway(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaConditions *theirs = &plan->manifest->update.conditions, *ours = &rules->conditions;
    int battery = (int)MAX(theirs->minimum_battery, ours->minimum_battery);
    guint64 space = MAX(theirs->minimum_free_space, ours->minimum_free_space);

    if (facts->inhibited)
        block(plan, "inhibited", "an application holds an inhibition");
    if (facts->busy)
        block(plan, "busy", "another module of this gateway is being updated");
    if (facts->on_mains == 0 && (theirs->mains_power || ours->mains_power))
        block(plan, "supply", "the gateway is not on mains power");
    else if (facts->on_mains != 1 && facts->battery >= 0 && facts->battery < battery)
        block(plan, "supply", "the battery is at %d %%; %d %% is needed", facts->battery, battery);
    if (facts->free_space < space)
        block(plan, "free-space",
              "%" G_GUINT64_FORMAT " bytes are free; %" G_GUINT64_FORMAT " are needed",
              facts->free_space, space);
    if (facts->other_route == 0 && (theirs->other_route || ours->other_route))
        block(plan, "route", "the module is the only way to the network");
}

static void
check_data(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    guint64 left = rules->monthly_data - MIN(rules->monthly_data, facts->data_used);
    guint64 needed = plan->size - MIN(plan->size, facts->delta_paid);

    if (rules->monthly_data == 0 || facts->downloaded)
        return;
    if (needed > left || (left == 0 && facts->delta_paid == 0))
        block(plan, "data-budget",
              "%" G_GUINT64_FORMAT " of this month's %" G_GUINT64_FORMAT
              " bytes are used; the update needs %" G_GUINT64_FORMAT,
              facts->data_used, rules->monthly_data, needed);
}

static void
check_all(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    check_time(plan, facts, rules);
    check_radio(plan, facts, rules);
    check_gateway(plan, facts, rules);
    check_data(plan, facts, rules);
}

FotaPlan *
fota_plan_make(FotaManifest *manifest, const FotaFacts *facts)
{
    const FotaManifestUpdate *update = &manifest->update;
    const FotaRules *rules = facts->rules ? facts->rules : &no_rules;
    FotaPlan *plan = g_new0(FotaPlan, 1);

    plan->manifest = fota_manifest_ref(manifest);
    plan->from = g_strdup(facts->revision);
    plan->data_used = facts->data_used;
    plan->monthly_data = rules->monthly_data;
    plan->blockers = g_ptr_array_new_with_free_func(g_free);
    plan->reasons = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(plan->blockers, NULL);
    g_ptr_array_add(plan->reasons, NULL);
    if (!manifest->has_update) {
        explain(plan, "the manifest offers this module nothing");
        plan->kind = FOTA_PLAN_NOTHING_FOR_YOU;
        return plan;
    }
    /* Asking the vendor's server, or the module its version, may take the module from the host. */
    plan->kind = update->n_steps > 0 ? decide_by_steps(plan, update, facts->revision)
                                     : decide_by_vendor(plan, update, facts);
    plan->decided_by = plan->reasons->len - 2;
    if (plan->kind == FOTA_PLAN_ASK_VENDOR || plan->kind == FOTA_PLAN_NO_PATH)
        check_all(plan, facts, rules);
    if (plan->kind != FOTA_PLAN_UPDATE)
        return plan;
    plan->deadline = update->deadline;
    plan->defer_limit =
        fota_approval_defer_limit(update, facts->first_offered ? facts->first_offered : facts->now);
    sum_size(plan);
    make_gates(plan, facts, rules);
    plan->kind = decide_by_past(plan, facts, rules);
    plan->decided_by = plan->reasons->len - 2;
    if (plan->kind == FOTA_PLAN_UPDATE)
        check_all(plan, facts, rules);
    return plan;
}

void
fota_plan_free(FotaPlan *plan)
{
    fota_manifest_unref(plan->manifest);
    g_free(plan->from);
    g_free(plan->to);
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        g_free(plan->gates[i].token);
    g_ptr_array_unref(plan->blockers);
    g_ptr_array_unref(plan->reasons);
    g_free(plan);
}

gboolean
fota_plan_has_blocker(const FotaPlan *plan, const char *name)
{
    return g_strv_contains((const char *const *)plan->blockers->pdata, name);
}
