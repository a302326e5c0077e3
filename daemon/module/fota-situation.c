/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-situation.h"

#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-route.h"
#include "daemon/fota-supply.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-terms.h"
#include "policy/fota-crowd.h"

/* Everything that a decision depends on, gathered anew each time. */

/* For changes without an event; the kernel reports a clock that is set. */
#define LOOK_AGAIN_SECONDS 3600
/* Pause between two looks at supply, space and routes while they block something. */
#define LOOK_SOON_SECONDS 60

/* Proven, or about to be put back, or with an order out. One that is lost keeps nobody waiting. */
static gboolean
may_go_back(const FotaParts *parts)
{
    FotaMark mark = fota_keeper_get_mark(parts->keeper);

    if (mark == FOTA_MARK_PROVING)
        return TRUE;
    return fota_presence_get(parts->presence) != FOTA_PRESENCE_LOST &&
           (mark == FOTA_MARK_RESTORING || mark == FOTA_MARK_INSTALLING ||
            parts->record->restoring != 0);
}

gboolean
fota_situation_is_unproven(const FotaParts *parts)
{
    return may_go_back(parts) && !fota_run_has_module(parts->run);
}

gboolean
fota_situation_is_crowded(const FotaParts *parts, int other_route)
{
    const FotaContext *context = parts->context;
    const gboolean counted = context->unproven > 0 && fota_situation_is_unproven(parts);
    const FotaCrowd crowd = {
        .working = context->jobs - context->fetches - (fota_run_has_module(parts->run) ? 1 : 0),
        .unproven = context->unproven - (counted ? 1 : 0),
        .at_once = fota_config_get_at_once(context->config),
        .only_way = other_route == 0 && fota_route_leads_out(NULL, NULL) != 0,
        .goes_back = may_go_back(parts),
    };

    return fota_crowd_is_full(&crowd);
}

/* Whether a query of the module requires taking it from the host. */
static gboolean
question_takes(const FotaParts *parts)
{
    const FotaModemFacts *modem = fota_presence_get_facts(parts->presence);

    return fota_parts_get_config(parts)->access != FOTA_ACCESS_MODEM_MANAGER &&
           (modem == NULL || !fota_at_has_reserved_port(modem->device));
}

static gboolean
holds_delta_of(const FotaParts *parts, const FotaPlan *plan)
{
    g_autofree char *wanted = plan != NULL && plan->kind == FOTA_PLAN_UPDATE
                                  ? fota_manifest_name_delta(&plan->steps[0])
                                  : NULL;

    return g_strcmp0(parts->record->delta, wanted) == 0;
}

static gboolean
must_fetch(const FotaParts *parts, const FotaPlan *plan)
{
    g_autofree char *key = fota_delivery_make_key(&plan->steps[0].delta);

    return plan->delivery == FOTA_DELIVERY_HOST && !fota_cache_has(parts->context->cache, key);
}

/* Of a way back, which has no plan. */
static gboolean
way_back_lacks_supply(const FotaParts *parts)
{
    const FotaManifest *manifest = fota_accepted_get(parts->accepted);
    const FotaSupply supply = fota_supply_read(NULL);
    g_autofree char *lack = NULL;

    if (parts->record->restoring == 0)
        return FALSE;
    lack = fota_plan_find_supply_lack(manifest != NULL ? &manifest->update.conditions : NULL,
                                      &fota_parts_get_config(parts)->rules, supply.on_mains,
                                      supply.battery);
    return lack != NULL;
}

/* When a module that was left without power may be switched on, boot time; 0 = it has power, or
 * nothing here can. Until then it may be away to install, and returns by itself. */
static gint64
find_power_time(const FotaParts *parts)
{
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);

    if (vendor == NULL || !fota_record_lacks_power(parts->record) ||
        fota_parts_get_config(parts)->power_cycle == NULL)
        return 0;
    return fota_presence_get_left(parts->presence) +
           (gint64)fota_vendor_get_number(vendor, parts->record->model, "ReturnLimit") *
               G_USEC_PER_SEC;
}

static gboolean
time_is_due(gint64 time)
{
    return time != 0 && time <= fota_boot_time();
}

/* When a module that a killed fotad had counts as lost by ModemManager, boot time; 0 = never. A
 * healthy one is shown before. */
static gint64
find_rouse_time(const FotaParts *parts)
{
    const FotaRecord *record = parts->record;
    gint64 since = MAX(fota_presence_get_left(parts->presence), parts->context->modems_since);

    if (fota_presence_was_met(parts->presence) || !parts->context->sees_modems ||
        fota_presence_get_vendor(parts->presence) == NULL || record->device[0] == '\0' ||
        fota_parts_get_config(parts)->access == FOTA_ACCESS_MODEM_MANAGER ||
        (!fota_record_is_in_transfer(record) && !fota_record_owes(record)))
        return 0;
    return since + FOTA_ROUSE_SECONDS * G_USEC_PER_SEC;
}

static void
look_at_plan(const FotaParts *parts, const FotaPlan *plan, FotaSituation *s)
{
    const FotaQuestion *question = fota_questions_get(parts->questions);
    g_autofree char *guest = NULL;

    s->planned = plan != NULL;
    if (plan == NULL)
        return;
    s->plan = plan->kind;
    s->asked = plan->source >= FOTA_SOURCE_MODULE;
    if (s->asked) {
        s->manifest = FOTA_MANIFEST_HOLDS;
        s->begun = question != NULL && question->kind == FOTA_QUESTION_NONE;
        s->asks_again = question != NULL && question->kind == FOTA_QUESTION_DOWNLOAD_FIRST;
        s->asks_install = question != NULL && question->kind == FOTA_QUESTION_INSTALL;
        s->rehearsal = FALSE;
    }
    s->blocked = plan->blockers->pdata[0] != NULL;
    if (plan->kind != FOTA_PLAN_UPDATE)
        return;
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        s->open[i] = plan->gates[i].wanted == FOTA_APPROVAL_AUTO || plan->gates[i].approved;
    s->fetches = must_fetch(parts, plan);
    s->back_is_away = fota_back_is_missing(parts, plan);
    guest = fota_offers_make_token(parts->offers, plan, TRUE);
    s->rehearsal_open = s->rehearsal && fota_offers_guest_is_approved(parts->offers, guest);
}

FotaSituation
fota_situation_look(const FotaParts *parts, const FotaPlan *plan)
{
    const FotaRecord *record = parts->record;
    const FotaPlugin *plugin = fota_parts_get_plugin(parts);
    const FotaMethod *asks = fota_method_choose(parts, FOTA_ACTION_ASK);
    const FotaMethod *discards = fota_method_choose(parts, FOTA_ACTION_DISCARD);
    FotaManifest *manifest = fota_accepted_get(parts->accepted);
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);
    FotaAction job = fota_run_get_action(parts->run);
    const gboolean heard = fota_asking_find_method(parts) != NULL;
    FotaAnswer answer;
    FotaSituation s = {
        .presence = fota_presence_get(parts->presence),
        .supported = plugin != NULL,
        .runs = job != FOTA_ACTION_NONE              ? job
                : fota_reader_is_busy(parts->reader) ? FOTA_ACTION_CHECK
                                                     : FOTA_ACTION_NONE,
        .verifying = fota_run_is_verifying(parts->run),
        .mark = fota_keeper_get_mark(parts->keeper),
        .cancelled = record->cancelled[0] != '\0',
        .held = fota_run_get_hold(parts->run) > fota_boot_time(),
        .inhibited = parts->context->inhibitions > 0,
        .crowded = fota_situation_is_crowded(parts, 1),
        .check_takes = fota_parts_get_config(parts)->fetch_by_module,
        .ask_takes = question_takes(parts),
        .told_version = fota_presence_was_told(parts->presence),
        .can_ask = asks != NULL && asks->ask != NULL,
        .can_discard = discards != NULL && discards->discard != NULL,
        .kept_delta = fota_run_get_discards(parts->run) >= FOTA_DISCARDS_MAX,
        .power_due = time_is_due(find_power_time(parts)),
        .rouse_due = time_is_due(find_rouse_time(parts)),
        .owes = fota_record_owes(record),
        .one_gate = fota_method_has_one_gate(parts, plan),
        .same_delta = holds_delta_of(parts, plan),
        .listen_due = heard && fota_questions_are_due(parts->questions),
        .answer_due =
            heard && !fota_run_has_module(parts->run) && fota_asking_find_answer(parts, &answer),
        .proof = fota_proof_judge(parts->proof, &terms).verdict,
        .restoring = record->restoring != 0,
        .supply_low = way_back_lacks_supply(parts),
        .probe_wanted = fota_proof_wants_probe(parts->proof, &terms),
        .probing = fota_proof_is_probing(parts->proof),
        .settling = fota_proof_get_settled(parts->proof, &terms) > fota_boot_time(),
        .manifest = manifest == NULL                                  ? FOTA_MANIFEST_NONE
                    : fota_accepted_is_trusted(parts->accepted, NULL) ? FOTA_MANIFEST_HOLDS
                                                                      : FOTA_MANIFEST_DISTRUSTED,
        .rehearsal = fota_offers_has_guest(parts->offers, manifest),
    };

    look_at_plan(parts, plan, &s);
    return s;
}

static gboolean
waits_for_gateway(const FotaParts *parts)
{
    const FotaPlan *plan = parts->plan;

    if (way_back_lacks_supply(parts))
        return TRUE;
    return plan != NULL &&
           (fota_plan_has_blocker(plan, "supply") || fota_plan_has_blocker(plan, "free-space") ||
            fota_plan_has_blocker(plan, "route") || fota_plan_has_blocker(plan, "uplink"));
}

static gint64
sooner(gint64 wait, gint64 then, gint64 now)
{
    return then > now ? MIN(wait, then - now) : wait;
}

guint
fota_situation_get_wait(const FotaParts *parts)
{
    const FotaManifest *manifest = fota_accepted_get(parts->accepted);
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);
    gint64 check = (gint64)fota_poller_get_next_check(parts->poller);
    gint64 now = fota_clock_now(), boot = fota_boot_time();
    gint64 wait = (waits_for_gateway(parts) ? LOOK_SOON_SECONDS : LOOK_AGAIN_SECONDS) *
                  (gint64)G_USEC_PER_SEC;

    /* A check that is due but has not begun waits for the module. */
    wait = sooner(wait, check, now);
    if (manifest != NULL)
        wait = sooner(wait, manifest->use_before, now);
    if (parts->plan != NULL)
        wait = sooner(sooner(wait, parts->plan->not_before, now), parts->plan->answer_by, now);
    wait = sooner(wait, (gint64)parts->record->question_deferred_until, now);
    wait = sooner(wait, fota_questions_get_hold(parts->questions), boot);
    wait = sooner(wait, fota_proof_judge(parts->proof, &terms).wait + now, now);
    wait = sooner(wait, fota_proof_get_settled(parts->proof, &terms), boot);
    wait = sooner(wait, fota_run_get_hold(parts->run), boot);
    wait = sooner(wait, find_power_time(parts), boot);
    wait = sooner(wait, find_rouse_time(parts), boot);
    wait = sooner(wait, fota_offers_get_guest_end(parts->offers), boot);
    return (guint)(wait / G_USEC_PER_SEC) + 1;
}
