/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-plan-private.h"

#include "base/fota-text.h"
#include "base/fota-units.h"
#include "policy/fota-rollout.h"

/* In which an uplink may be expected after the start of the gateway. */
#define UPLINK_SECONDS 3600

static void block(FotaPlan *plan, const char *blocker, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
block(FotaPlan *plan, const char *blocker, const char *format, ...)
{
    g_autofree char *reason = NULL;
    va_list arguments;

    va_start(arguments, format);
    reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_insert(plan->blockers, (gint)plan->blockers->len - 1, g_strdup(blocker));
    fota_plan_explain(plan, "%s", reason);
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
explain_unknown_zones(FotaPlan *plan, const FotaManifestUpdate *update)
{
    for (guint i = 0; i < update->n_windows; i++) {
        if (!fota_window_knows_zone(&update->windows[i]))
            fota_plan_explain(plan, "update.window[%u] never opens: there is no time zone %s here",
                              i, update->windows[i].timezone);
    }
}

static gboolean
explain_hours(FotaPlan *plan, const char *what, FotaHours *hours, const FotaFacts *facts)
{
    gboolean opens = fota_hours_next(hours, facts->now, facts->run_seconds, 0) != FOTA_WINDOW_NEVER;

    if (!opens)
        fota_plan_explain(plan, "%s never opens for the %u seconds that an attempt may take", what,
                          facts->run_seconds);
    return opens;
}

static void
explain_never(FotaPlan *plan, const Hours *hours, const FotaFacts *facts)
{
    gboolean theirs = explain_hours(plan, "update.window", hours->theirs, facts);
    gboolean ours = explain_hours(plan, "[Window] Allow=", hours->ours, facts);

    if (theirs && ours)
        fota_plan_explain(
            plan,
            "update.window and [Window] Allow= do not meet within %d days for the %u seconds "
            "that an attempt may take",
            (int)(WINDOW_HORIZON / G_TIME_SPAN_DAY), facts->run_seconds);
}

static void
block_by_window(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules, gboolean overdue)
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
        explain_unknown_zones(plan, update);
}

static void
block_by_time(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    gboolean overdue = update->severity >= FOTA_SEVERITY_MANDATORY && update->deadline &&
                       update->deadline <= facts->now;
    gint64 start = fota_rollout_start(&update->rollout, facts->imei, rules->groups);
    gint64 again = fota_time_add(facts->last_attempt, update->backoff);

    if (!facts->clock_is_set)
        block(plan, "clock", "the clock has not been set since the start");
    if (overdue)
        fota_plan_explain(
            plan, "the deadline has passed: deferral and the manifest's windows no longer count");
    if (!overdue && facts->deferred_until > facts->now)
        block_until(plan, "deferred", facts->deferred_until, "the application has deferred it");
    if (start > facts->now)
        block_until(plan, "rollout", start,
                    update->rollout.paused ? "the roll-out is paused"
                                           : "the roll-out has not reached this module");
    if (facts->attempts > 0 && again > facts->now)
        block_until(plan, "backoff", again, "after a failed attempt");
    block_by_window(plan, facts, rules, overdue);
}

static void
block_by_radio(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaConditions *theirs = &plan->manifest->update.conditions, *ours = &rules->conditions;
    int signal = (int)MAX(theirs->minimum_signal, ours->minimum_signal);

    if (plan->manifest->operators && !facts->sim_operator && !facts->imsi)
        block(plan, "operator",
              "the SIM is not known yet; target.operator names its home operator");
    if (facts->pin_wanted)
        block(plan, "pin", "the SIM wants its PIN");
    /* What the host brings needs no network of the module's. */
    if (!facts->registered && facts->delivery != FOTA_DELIVERY_HOST)
        block(plan, "registration", "the module is not registered on a network");
    if (facts->roaming && !(theirs->allow_roaming && ours->allow_roaming))
        block(plan, "roaming", "the module is roaming, which is not allowed for updates");
    /* Unknown is not weak: the module itself is asked when the update begins. */
    if (facts->signal >= 0 && facts->signal < signal)
        block(plan, "signal", "the signal is %d %%; %d %% is needed", facts->signal, signal);
}

char *
fota_plan_find_supply_lack(const FotaConditions *theirs, const FotaRules *rules, int on_mains,
                           int battery)
{
    const FotaConditions *ours = &rules->conditions;
    int least = (int)MAX(theirs ? theirs->minimum_battery : 0, ours->minimum_battery);

    if (on_mains == 0 && ((theirs && theirs->mains_power) || ours->mains_power))
        return g_strdup("the gateway is not on mains power");
    if (on_mains != 1 && battery >= 0 && battery < least)
        return g_strdup_printf("the battery is at %d %%; %d %% is needed", battery, least);
    return NULL;
}

static guint64
count_room(const FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    return MAX(plan->manifest->update.conditions.minimum_free_space,
               rules->conditions.minimum_free_space) +
           facts->to_fetch;
}

static void
block_by_gateway(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaConditions *theirs = &plan->manifest->update.conditions, *ours = &rules->conditions;
    g_autofree char *lack =
        fota_plan_find_supply_lack(theirs, rules, facts->on_mains, facts->battery);
    guint64 space = count_room(plan, facts, rules);

    if (facts->inhibited)
        block(plan, "inhibited", "an application holds an inhibition");
    if (facts->busy)
        block(plan, "busy", "another module of this gateway is being updated");
    if (lack)
        block(plan, "supply", "%s", lack);
    if (facts->free_space < space)
        block(plan, "free-space",
              "%" G_GUINT64_FORMAT " bytes are free; %" G_GUINT64_FORMAT " are needed",
              facts->free_space, space);
    if (facts->other_route == 0 && (theirs->other_route || ours->other_route))
        block(plan, "route", "the module is the only way to the network");
}

/* @needed: what the update still costs. */
static gboolean
budget_suffices(const FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules,
                guint64 *needed)
{
    guint64 left = rules->monthly_data - MIN(rules->monthly_data, facts->data_used);
    guint64 delta = facts->downloaded ? 0 : plan->size - MIN(plan->size, facts->delta_paid);

    *needed = delta + facts->back_to_fetch;
    if (rules->monthly_data == 0 || (facts->downloaded && *needed == 0))
        return TRUE;
    return *needed <= left && (left > 0 || facts->delta_paid > 0);
}

static void
block_by_data(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    guint64 needed;

    if (!budget_suffices(plan, facts, rules, &needed))
        block(plan, "data-budget",
              "%" G_GUINT64_FORMAT " of this month's %" G_GUINT64_FORMAT
              " bytes are used; the update needs %" G_GUINT64_FORMAT,
              facts->data_used, rules->monthly_data, needed);
}

/* What the host fetches costs what the host's way out costs. */
static void
block_by_way_out(FotaPlan *plan, const FotaFacts *facts)
{
    if (facts->cut_off)
        block(plan, "uplink", "the gateway has no way to the delta's server now");
    if (facts->metered)
        block(plan, "metered", "the gateway's connection is metered, and [Delivery] Metered=defer");
}

/* Why a module without service could not be put back after the next step; NULL = it could. */
static const char *
find_no_way_back(const FotaPlan *plan, const FotaFacts *facts)
{
    if (plan->steps[0].back.uri[0] == NULL)
        return "the manifest names no delta that leads back";
    if (!facts->feeds)
        return "the host cannot hand a delta over to this module";
    return facts->keeps ? NULL
                        : "the state directory is in memory; a delta there is lost with the power";
}

/* What the update takes of the gateway with the way back, or without. */
static FotaFacts
add_way_back(const FotaFacts *facts, gboolean way_back)
{
    FotaFacts all = *facts;

    all.to_fetch += way_back ? facts->back_room : 0;
    all.back_to_fetch = way_back ? facts->back_to_fetch : 0;
    all.cut_off = facts->cut_off || (way_back && facts->back_cut_off);
    all.metered = facts->metered || (way_back && facts->back_metered);
    return all;
}

/* Where it is used, and not required, the update does not wait for it for long: for an uplink that
 * comes up with the gateway, and while there are attempts left in which it can be fetched. */
static const char *
find_no_way_back_now(const FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaFacts with = add_way_back(facts, TRUE), without = add_way_back(facts, FALSE);
    guint32 most = fota_plan_count_attempts(&plan->manifest->update, rules);
    guint64 needed;

    if (facts->back_missing && facts->attempts > 0 && facts->attempts + 1 >= most)
        return "no attempt before this last one has brought it";
    if (facts->back_cut_off && facts->uptime >= UPLINK_SECONDS)
        return "the gateway has no way to its server now";
    if (facts->back_metered)
        return "the gateway's connection is metered, and [Delivery] Metered=defer";
    if (facts->free_space < count_room(plan, &with, rules) &&
        facts->free_space >= count_room(plan, &without, rules))
        return "there is no room for it";
    return !budget_suffices(plan, &with, rules, &needed) &&
                   budget_suffices(plan, &without, rules, &needed)
               ? "this month's bytes do not suffice for it"
               : NULL;
}

/* Why there is no way back, which is wanted; NULL = there is, or none is wanted. */
static const char *
choose_way_back(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules, FotaBack wanted)
{
    const char *why;

    if (wanted == FOTA_BACK_NO)
        return NULL;
    why = find_no_way_back(plan, facts);
    if (why == NULL && wanted == FOTA_BACK_USE)
        why = find_no_way_back_now(plan, facts, rules);
    plan->way_back = why == NULL;
    return why;
}

static void
explain_way_back(FotaPlan *plan, FotaBack wanted, const char *why)
{
    if (wanted == FOTA_BACK_REQUIRED && why != NULL)
        block(plan, "way-back", "no way back, and one is required: %s", why);
    else if (wanted == FOTA_BACK_USE && why != NULL)
        fota_plan_explain(plan, "no way back: %s; a module without service stays without", why);
}

static void
look_at_probe(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    if (facts->probe_refused && rules->prove_service)
        fota_plan_explain(plan, "the service is proven without update.service.probe: its server is "
                                "neither the manifest's own nor among [Manifest] AllowedServers=");
}

void
fota_plan_find_blockers(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    FotaBack wanted = plan->kind == FOTA_PLAN_UPDATE
                          ? fota_plan_get_back(&plan->manifest->update, rules)
                          : FOTA_BACK_NO;
    const char *why = choose_way_back(plan, facts, rules, wanted);
    const FotaFacts all = add_way_back(facts, plan->way_back);

    block_by_time(plan, &all, rules);
    block_by_radio(plan, &all, rules);
    block_by_gateway(plan, &all, rules);
    block_by_data(plan, &all, rules);
    block_by_way_out(plan, &all);
    if (plan->kind == FOTA_PLAN_UPDATE)
        look_at_probe(plan, &all, rules);
    explain_way_back(plan, wanted, why);
}
