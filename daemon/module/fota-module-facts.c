/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-route.h"
#include "daemon/fota-supply.h"
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"

/* Everything a plan depends on, gathered anew for each plan; and what the module has cost. */

/*
 * ModemManager knows the radio only of a module that somebody has enabled. Of another one the
 * plugin asks signal and registration itself; whether it roams is not known, which must count as if
 * it did.
 */
static void
fill_radio(const FotaModemFacts *modem, FotaFacts *facts)
{
    facts->pin_wanted = modem->pin_wanted;
    facts->registered = modem->registered || !modem->enabled;
    facts->roaming = modem->roaming || !modem->enabled;
    facts->signal = modem->enabled ? (int)modem->signal : -1;
}

gboolean
fota_module_is_crowded(FotaModule *module)
{
    return module->context->jobs > (module->job != NULL ? 1 : 0);
}

static void
fill_gateway(FotaModule *module, FotaFacts *facts)
{
    FotaContext *context = module->context;
    const FotaSupply supply = fota_supply_read(NULL);

    facts->inhibited = context->inhibitions > 0;
    facts->busy = fota_module_is_crowded(module);
    facts->on_mains = supply.on_mains;
    facts->battery = supply.battery;
    facts->free_space = fota_store_get_free_space(context->store);
    facts->other_route = fota_route_leads_out(NULL, module->record->device);
    facts->data_used = fota_module_get_data_used(module);
}

static void
fill_past(const FotaRecord *record, FotaFacts *facts)
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
    facts->chain_from = record->chain_from[0] != '\0' ? record->chain_from : NULL;
    facts->downloaded = record->mark == FOTA_MARK_DOWNLOADED;
}

static gboolean
clock_is_set(FotaModule *module, gint64 now)
{
    return now >= FOTA_RELEASE_TIME &&
           now >= fota_trust_get_issued(module->record->numbers, module->context->keyring);
}

void
fota_module_fill_facts(FotaModule *module, FotaFacts *facts)
{
    const FotaRecord *record = module->record;
    gint64 now = fota_clock_now();

    *facts = (FotaFacts)FOTA_FACTS_INIT;
    facts->imei = record->imei;
    facts->manufacturer = record->manufacturer;
    facts->model = record->model;
    facts->revision = record->revision;
    facts->now = now;
    facts->clock_is_set = clock_is_set(module, now);
    facts->local_zone = module->zone;
    facts->run_seconds = fota_module_expect_outage(module);
    facts->vendor_version = module->offer != NULL ? module->offer->version : NULL;
    facts->vendor_size = module->offer != NULL ? module->offer->size : 0;
    facts->rules = &fota_module_get_config(module)->rules;
    fill_radio(module->facts, facts);
    fill_gateway(module, facts);
    fill_past(record, facts);
}

/* 0 = nobody knows which month it is. */
static gint64
budget_time(FotaModule *module)
{
    gint64 now = fota_clock_now();

    return clock_is_set(module, now) ? now : 0;
}

guint64
fota_module_get_data_used(FotaModule *module)
{
    return fota_budget_get_used(&module->record->data, budget_time(module));
}

gboolean
fota_module_is_over_budget(FotaModule *module)
{
    guint64 limit = fota_module_get_config(module)->rules.monthly_data;

    return limit > 0 && fota_module_get_data_used(module) >= limit;
}

void
fota_module_count_data(FotaModule *module, gint64 bytes)
{
    fota_budget_add(&module->record->data, budget_time(module), bytes);
}

/*
 * The delta is counted before it is fetched, with the record that is written then: a power cut must
 * not make it free. What did not come is given back.
 */
void
fota_module_charge_delta(FotaModule *module)
{
    module->job_charged = MIN(module->plan->steps[0].delta.size, (guint64)G_MAXINT64);
    fota_module_count_data(module, (gint64)module->job_charged);
}

void
fota_module_settle_charge(FotaModule *module, FotaAction job, const FotaJobEnd *end)
{
    gboolean uncounted =
        module->bytes_received == 0 && end->error == NULL && job == FOTA_ACTION_DOWNLOAD;

    if ((job == FOTA_ACTION_DOWNLOAD || job == FOTA_ACTION_REHEARSE) && !uncounted)
        fota_module_count_data(module, (gint64)MIN(module->bytes_received, (guint64)G_MAXINT64) -
                                           (gint64)module->job_charged);
}
