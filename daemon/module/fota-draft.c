/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-draft.h"

#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-delta.h"
#include "daemon/fota-metered.h"
#include "daemon/fota-route.h"
#include "daemon/fota-supply.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-terms.h"
#include "policy/fota-question.h"

/*
 * ModemManager knows the radio state only of an enabled module. For any other the plugin queries
 * signal and registration itself; whether it roams is unknown, which must count as roaming.
 */
static void
fill_radio(const FotaModemFacts *modem, FotaFacts *facts)
{
    facts->sim_operator = modem->sim_operator[0] != '\0' ? modem->sim_operator : NULL;
    facts->imsi = modem->imsi[0] != '\0' ? modem->imsi : NULL;
    facts->pin_wanted = modem->pin_wanted;
    facts->registered = modem->registered || !modem->enabled;
    facts->roaming = modem->roaming || !modem->enabled;
    facts->signal = modem->enabled ? (int)modem->signal : -1;
}

static void
fill_gateway(const FotaParts *parts, FotaFacts *facts)
{
    FotaContext *context = parts->context;
    const FotaSupply supply = fota_supply_read(NULL);

    facts->other_route = fota_route_leads_out(NULL, parts->record->device);
    facts->inhibited = context->inhibitions > 0;
    facts->busy = fota_situation_is_crowded(parts, facts->other_route);
    facts->on_mains = supply.on_mains;
    facts->battery = supply.battery;
    facts->uptime = (guint64)(fota_boot_time() - context->started) / G_USEC_PER_SEC;
    facts->free_space = fota_store_get_free_space(context->store);
    facts->data_used =
        fota_keeper_get_data_used(parts->keeper, fota_poller_get_budget_time(parts->poller));
}

static void
fill_past(const FotaRecord *record, const FotaManifestUpdate *update, FotaFacts *facts)
{
    facts->attempts = (guint32)MIN(record->attempts, G_MAXUINT32);
    facts->last_attempt = (gint64)record->last_attempt;
    facts->first_offered = (gint64)record->first_offered;
    facts->asked = (gint64)record->asked;
    facts->asked_token = record->asked_token;
    facts->deferred_until = (gint64)record->deferred_until;
    facts->rejected = record->rejected[0] != '\0'    ? record->rejected
                      : record->cancelled[0] != '\0' ? record->cancelled
                                                     : NULL;
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        facts->approved[i] = record->approved[i][0] != '\0' ? record->approved[i] : NULL;
    facts->dummy_done = update != NULL && fota_record_has_dummy(record, update->id);
    facts->unserved = record->unserved;
    facts->unserved_to = record->unserved_to;
    facts->chain_from = record->chain_from[0] != '\0' ? record->chain_from : NULL;
    facts->downloaded = record->mark == FOTA_MARK_DOWNLOADED;
    facts->delta_paid = record->mark == FOTA_MARK_DOWNLOADING ? record->delta_data.counted : 0;
}

static gboolean
is_metered(const FotaParts *parts)
{
    return fota_parts_get_config(parts)->defer_metered && fota_metered_get(parts->context->metered);
}

/* What the host has still to fetch of a delta, and whether it could now. */
typedef struct {
    guint64 room, cost; /* bytes, and those of them that cost something */
    gboolean cut_off, metered;
} Fetch;

static Fetch
look_at_fetch(const FotaParts *parts, const FotaDelta *delta, FotaFacts *facts)
{
    /* One at a time: another module may be about to get the same delta. */
    guint own = fota_run_get_action(parts->run) == FOTA_ACTION_FETCH ? 1 : 0;
    guint64 lacking = delta->size - MIN(delta->size, fota_delta_get_held(parts->context, delta));

    facts->busy = facts->busy || parts->context->fetches > own;
    if (fota_delivery_is_local(delta))
        return (Fetch){.room = lacking};
    return (Fetch){
        .room = lacking,
        .cost = lacking,
        .cut_off = fota_route_leads_out(NULL, NULL) == 0,
        .metered = is_metered(parts),
    };
}

static void
fill_fetch(const FotaParts *parts, const FotaDelta *delta, FotaFacts *facts)
{
    const Fetch fetch = look_at_fetch(parts, delta, facts);

    facts->to_fetch = fetch.room;
    facts->cut_off = fetch.cut_off;
    facts->metered = fetch.metered;
}

static void
fill_way_back(const FotaParts *parts, const FotaDelta *back, FotaFacts *facts)
{
    const Fetch fetch = look_at_fetch(parts, back, facts);

    facts->back_missing = TRUE;
    facts->back_room = fetch.room;
    facts->back_to_fetch = fetch.cost;
    facts->back_cut_off = fetch.cut_off;
    facts->back_metered = fetch.metered;
}

/* What only the plan tells: whose the next delta is, and what that takes of the gateway. */
static void
fill_delivery(const FotaParts *parts, FotaPlan *plan, FotaFacts *facts)
{
    const FotaStep *step = &plan->steps[0];
    const FotaDelta *delta = &step->delta;
    g_autofree char *key = NULL;
    gboolean cached;

    if (plan->n_steps == 0 || delta->uri[0] == NULL)
        return;
    key = fota_delivery_make_key(delta);
    cached = fota_cache_has(parts->context->cache, key);
    plan->delivery = facts->delivery = fota_method_choose_delivery(parts, plan, cached);
    if (facts->delivery == FOTA_DELIVERY_HOST && cached) {
        facts->delta_paid = delta->size;
    } else if (facts->delivery == FOTA_DELIVERY_HOST) {
        facts->delta_paid =
            MIN(parts->record->delta_data.counted, fota_delta_get_held(parts->context, delta));
        fill_fetch(parts, delta, facts);
    }
    if (fota_back_is_missing(parts, plan))
        fill_way_back(parts, &step->back, facts);
}

guint
fota_draft_expect_outage(const FotaParts *parts)
{
    const GPtrArray *history = parts->record->history;
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);

    for (guint i = 0; i < history->len; i++) {
        const FotaHistoryEntry *entry = history->pdata[i];

        if (entry->outage != 0 && g_strcmp0(entry->result, "success") == 0)
            return (guint)entry->outage;
    }
    return vendor != NULL ? fota_vendor_get_number(vendor, parts->record->model, "ApplyTime") : 0;
}

/* All but what has come of the offer so far, and what its server has. */
static FotaFacts
gather_facts(const FotaParts *parts, const char **left, GTimeZone *zone)
{
    const FotaRecord *record = parts->record;
    FotaFacts facts = FOTA_FACTS_INIT;

    facts.imei = record->imei;
    facts.manufacturer = record->manufacturer;
    facts.model = record->model;
    facts.revision = record->revision;
    facts.left = left;
    facts.now = fota_clock_now();
    facts.clock_is_set = fota_poller_get_budget_time(parts->poller) != 0;
    facts.local_zone = zone;
    facts.run_seconds = fota_draft_expect_outage(parts);
    facts.rules = &fota_parts_get_config(parts)->rules;
    fill_radio(fota_presence_get_facts(parts->presence), &facts);
    fill_gateway(parts, &facts);
    return facts;
}

/* What the manifest wants. NULL = there is none that holds. */
static FotaPlan *
draft_manifest(const FotaParts *parts, FotaFacts facts)
{
    const FotaVendorOffer *offer = fota_offers_get_vendor(parts->offers);
    FotaManifest *manifest = fota_accepted_get(parts->accepted);
    FotaPlan *plan;

    if (manifest == NULL || !fota_accepted_is_trusted(parts->accepted, NULL))
        return NULL;
    facts.vendor_version = offer != NULL ? offer->version : NULL;
    facts.vendor_size = offer != NULL ? offer->size : 0;
    fill_past(parts->record, manifest->has_update ? &manifest->update : NULL, &facts);
    facts.feeds = fota_method_feeds(parts);
    facts.keeps = !fota_store_is_volatile(parts->context->store);
    facts.probe_refused = fota_terms_refuse_probe(parts);
    plan = fota_plan_make(manifest, &facts);
    /* Only the plan tells which method it needs. */
    fill_delivery(parts, plan, &facts);
    facts.one_gate = fota_method_has_one_gate(parts, plan);
    if (!facts.one_gate && facts.delivery != FOTA_DELIVERY_HOST &&
        !fota_back_is_missing(parts, plan))
        return plan;
    fota_plan_free(plan);
    return fota_plan_make(manifest, &facts);
}

/* What the module asks. NULL = nothing. */
static FotaPlan *
draft_question(const FotaParts *parts, FotaFacts facts)
{
    const FotaRecord *record = parts->record;
    const FotaQuestion *question = fota_questions_get(parts->questions);
    FotaPlan *plan;

    if (question == NULL || record->question_refused[0] != '\0')
        return NULL;
    /* What the module has begun, it may have ended meanwhile. */
    if (question->kind == FOTA_QUESTION_NONE)
        facts.revision = record->question_from;
    facts.vendor_version = question->version;
    facts.vendor_size = question->size;
    facts.one_gate = TRUE;
    facts.first_offered = (gint64)record->question_heard;
    facts.asked = (gint64)record->question_asked;
    facts.deferred_until = (gint64)record->question_deferred_until;
    facts.approved[FOTA_APPROVAL_GATE_DOWNLOAD] = record->question_approved;
    plan = fota_plan_make(fota_questions_get_manifest(parts->questions), &facts);
    if (fota_questions_get_answer_by(parts->questions) != 0)
        plan->answer_by = fota_questions_get_answer_by(parts->questions);
    return plan;
}

gboolean
fota_draft_is_unanswered(const FotaParts *parts)
{
    g_autofree const char **left = fota_record_list_left(parts->record);
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    g_autoptr(FotaPlan) plan = NULL;

    if (parts->record->question_asked == 0 || fota_presence_get_facts(parts->presence) == NULL ||
        fota_parts_get_plugin(parts) == NULL)
        return FALSE;
    plan = draft_question(parts, gather_facts(parts, left, zone));
    return plan != NULL && plan->kind == FOTA_PLAN_UNANSWERED;
}

/* When the offer of @plan ends by itself, 0 = not known. */
static gint64
find_end(const FotaPlan *plan)
{
    return plan->answer_by != 0 ? MIN(plan->answer_by, plan->manifest->use_before)
                                : plan->manifest->use_before;
}

FotaPlan *
fota_draft_plan(const FotaParts *parts)
{
    const FotaRecord *record = parts->record;
    g_autofree const char **left = fota_record_list_left(record);
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    FotaQuestionRival rival = {.begun = record->mark != FOTA_MARK_NONE};
    FotaFacts facts;
    FotaPlan *plan, *asked;

    if (fota_presence_get_facts(parts->presence) == NULL || fota_parts_get_plugin(parts) == NULL)
        return NULL;
    facts = gather_facts(parts, left, zone);
    plan = draft_manifest(parts, facts);
    asked = draft_question(parts, facts);
    if (asked == NULL)
        return plan;
    rival.offered = plan != NULL && plan->kind == FOTA_PLAN_UPDATE;
    rival.end = plan != NULL ? find_end(plan) : 0;
    rival.deferred = fota_plan_has_blocker(asked, "deferred");
    rival.answer_by = asked->answer_by;
    if (asked->kind != FOTA_PLAN_UPDATE || !fota_question_goes_first(&rival)) {
        fota_plan_free(asked);
        return plan;
    }
    if (plan != NULL)
        fota_plan_free(plan);
    return asked;
}

/* Keeps in the cache what the manifest's update needs, until it is over. Without a plan, and while
 * a question of the module goes first, nobody knows. */
void
fota_draft_claim_delta(const FotaParts *parts, const FotaPlan *plan)
{
    FotaRecord *record = parts->record;
    gboolean wanted =
        plan != NULL && plan->kind == FOTA_PLAN_UPDATE && plan->steps[0].delta.uri[0] != NULL;
    g_autofree char *key = wanted ? fota_delivery_make_key(&plan->steps[0].delta) : NULL;

    if (plan == NULL || plan->source >= FOTA_SOURCE_MODULE)
        return;
    fota_cache_claim(parts->context->cache, record->imei, key);
    fota_record_set(&record->cached, key);
}
