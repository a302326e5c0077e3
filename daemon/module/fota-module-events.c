/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module.h"

#include <string.h>
#include <syslog.h>

#include "daemon/module/fota-parts.h"
#include "daemon/module/fota-registrar.h"

/* What the manager tells a module of the world. */

static void
log_found(const FotaParts *parts, const FotaModemFacts *facts)
{
    g_autofree char *why =
        fota_parts_get_plugin(parts) == NULL ? fota_presence_explain(parts->presence) : NULL;

    fota_record_log(parts->record, LOG_INFO, FOTA_EVENT_MODULE_FOUND, "%s %s is there, running %s",
                    facts->manufacturer, facts->model, facts->revision);
    if (why != NULL)
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE, "%s", why);
}

void
fota_module_seen(FotaModule *module, const FotaModemFacts *facts)
{
    FotaParts *parts = fota_module_get_parts(module);
    FotaMark before = fota_keeper_get_mark(parts->keeper);
    gboolean busy = fota_run_has_module(parts->run);
    gboolean met = fota_presence_was_met(parts->presence);

    if (fota_presence_see(parts->presence, facts, busy))
        log_found(parts, facts);
    /* Unless an order may switch it off yet, it has its power. */
    if (!busy && before != FOTA_MARK_INSTALLING)
        fota_record_note_power(parts->record);
    if (!busy || fota_run_get_action(parts->run) == FOTA_ACTION_ROUSE)
        fota_record_end_transfer(parts->record);
    fota_registrar_look(parts);
    if (fota_run_get_action(parts->run) == FOTA_ACTION_ROUSE)
        fota_run_cancel(parts->run, FALSE);
    /* The hold was for finding it, or for discarding a delta that has installed itself. */
    if (!met || fota_keeper_get_mark(parts->keeper) != before)
        fota_run_hold(parts->run, 0, 0);
    fota_module_decide(module);
}

void
fota_module_gone(FotaModule *module)
{
    FotaParts *parts = fota_module_get_parts(module);

    if (fota_presence_get(parts->presence) != FOTA_PRESENCE_HERE)
        return;
    fota_presence_lose(parts->presence, fota_run_has_module(parts->run));
    fota_module_decide(module);
}

void
fota_module_push(FotaModule *module)
{
    fota_poller_push(fota_module_get_parts(module)->poller);
    fota_module_decide(module);
}

void
fota_module_guarded(FotaModule *module, const char *uid, gboolean guarded)
{
    FotaParts *parts = fota_module_get_parts(module);
    const FotaModemFacts *facts = fota_presence_get_facts(parts->presence);

    if (!fota_run_has_module(parts->run) || facts == NULL || strcmp(facts->uid, uid) != 0)
        return;
    if (!guarded)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "ModemManager has restarted; waiting until it leaves the module to us");
    fota_run_set_guarded(parts->run, guarded);
}

void
fota_module_clock_set(FotaModule *module)
{
    FotaParts *parts = fota_module_get_parts(module);

    if (strcmp(fota_shown_get_error_name(parts->shown), "ManifestExpired") == 0)
        fota_shown_set_error(parts->shown, NULL);
    fota_parts_take_clock(parts);
    fota_poller_set_clock(parts->poller, fota_accepted_get(parts->accepted));
}

void
fota_module_reload(FotaModule *module)
{
    FotaParts *parts = fota_module_get_parts(module);

    fota_accepted_trust_anew(parts->accepted);
    fota_registrar_look(parts);
    fota_poller_schedule(parts->poller, fota_accepted_get(parts->accepted));
    fota_sim_pin_forget(parts->pin);
}

gboolean
fota_module_keeps_power(FotaModule *module)
{
    const FotaParts *parts = fota_module_get_parts(module);

    /* While its service is proven, nothing is written. */
    return fota_keeper_get_mark(parts->keeper) != FOTA_MARK_PROVING &&
           fota_next_keeps_power(fota_shown_get_state(parts->shown));
}
