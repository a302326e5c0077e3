/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-reply.h"
#include "base/fota-timer.h"
#include "daemon/module/fota-module-private.h"

#include <string.h>

/* A module comes and goes: what ModemManager reports of it. */

/* ModemManager needs some seconds to find a module again after it got it back. */
#define GRACE_SECONDS 90

/* A ModemManager whose probing was disturbed may not have read a name, or have taken a line for it
 * that the module sent by itself (`^FOTASTATE: 40`). */
static gboolean
is_name(const char *text)
{
    g_autofree char *unsolicited = fota_at_line_name(text);

    return text[0] != '\0' && unsolicited == NULL;
}

static void
take_identity(FotaModule *module, const FotaModemFacts *facts)
{
    FotaRecord *record = module->record;
    gboolean known = is_name(facts->manufacturer) && is_name(facts->model);
    gboolean other = strcmp(record->manufacturer, facts->manufacturer) != 0 ||
                     strcmp(record->model, facts->model) != 0;

    fota_record_set(&record->device, facts->device);
    /* An update belongs to the plugin that has begun it, whatever the module is called meanwhile.
     */
    if (known && other && record->mark == FOTA_MARK_NONE) {
        fota_record_set(&record->manufacturer, facts->manufacturer);
        fota_record_set(&record->model, facts->model);
        module->vendor =
            fota_plugin_set_find(module->context->plugins, facts->manufacturer, facts->model);
        g_object_notify(G_OBJECT(module), "manufacturer");
        g_object_notify(G_OBJECT(module), "model");
        g_object_notify(G_OBJECT(module), "plugin");
        fota_module_save(module, NULL);
    }
}

/*
 * ModemManager may call a revision by another name than the module's own version command does, and
 * deltas go by the latter. Once the module itself has been asked, its answer stays in force for as
 * long as ModemManager's name is the same.
 */
static void
take_revision(FotaModule *module, const char *mm_revision)
{
    gboolean asked = module->asked;

    module->asked = FALSE;
    if (!is_name(mm_revision))
        return;
    if (asked)
        fota_record_set(&module->record->mm_revision, mm_revision);
    else if (strcmp(module->record->mm_revision, mm_revision) != 0)
        fota_module_set_revision(module, mm_revision);
}

/*
 * A delta that is in the module may install itself when the module restarts. Whether that is what
 * has happened, the module is asked: as after an order to install, but nothing is ordered.
 */
static void
note_change(FotaModule *module, const char *before)
{
    FotaRecord *record = module->record;

    if (record->mark == FOTA_MARK_NONE || record->mark == FOTA_MARK_INSTALLING ||
        strcmp(before, record->revision) == 0)
        return;
    fota_module_log(
        module, 5, FOTA_EVENT_NONE,
        "it runs %s now, with the delta from %s in it: it may have installed it by itself",
        record->revision, before);
    record->mark = FOTA_MARK_INSTALLING;
    module->hold_until = 0; /* that was for what was to be thrown away */
    fota_module_save(module, NULL);
}

void
fota_module_take_facts(FotaModule *module)
{
    g_autofree char *before = g_strdup(module->record->revision);

    take_identity(module, module->facts);
    take_revision(module, module->facts->revision);
    note_change(module, before);
}

void
fota_module_seen(FotaModule *module, const FotaModemFacts *facts)
{
    gboolean moved = !module->here || strcmp(module->facts->path, facts->path) != 0;

    g_clear_handle_id(&module->grace_timer, g_source_remove);
    g_clear_pointer(&module->facts, fota_modem_facts_free);
    module->facts = fota_modem_facts_copy(facts);
    module->here = TRUE;
    /* In the middle of an update it is for the update to say what the module is and runs. */
    if (module->job == NULL)
        fota_module_take_facts(module);
    if (moved) {
        g_object_notify(G_OBJECT(module), "modem");
        fota_module_log(module, 6, FOTA_EVENT_MODULE_FOUND, "%s %s is there, running %s%s",
                        facts->manufacturer, facts->model, facts->revision,
                        module->vendor == NULL ? "; no plugin claims it" : "");
    }
    fota_module_settle(module);
}

static gboolean
grace_over(gpointer data)
{
    FotaModule *module = data;

    module->grace_timer = 0;
    g_clear_pointer(&module->facts, fota_modem_facts_free);
    fota_module_settle(module);
    return G_SOURCE_REMOVE;
}

void
fota_module_gone(FotaModule *module)
{
    if (!module->here)
        return;
    module->here = FALSE;
    g_object_notify(G_OBJECT(module), "modem");
    if (module->job != NULL) {
        /* Restarts are part of an update, and an inhibited module is not exported. */
        g_clear_handle_id(&module->grace_timer, g_source_remove);
        return;
    }
    g_clear_pointer(&module->facts, fota_modem_facts_free);
    fota_module_settle(module);
}

void
fota_module_start_grace(FotaModule *module)
{
    if (module->here || module->facts == NULL)
        return;
    g_clear_handle_id(&module->grace_timer, g_source_remove);
    module->grace_timer = fota_timer_add(GRACE_SECONDS, grace_over, module);
}

void
fota_module_guarded(FotaModule *module, const char *uid, gboolean guarded)
{
    if (module->job == NULL || strcmp(module->facts->uid, uid) != 0)
        return;
    if (!guarded)
        fota_module_log(module, 4, FOTA_EVENT_NONE,
                        "ModemManager has restarted; waiting until it leaves the module to us");
    fota_job_set_guarded(module->job, guarded);
}
