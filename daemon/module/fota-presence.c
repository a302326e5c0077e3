/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-presence.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/at/fota-at-reply.h"
#include "daemon/fota-error.h"

/* ModemManager needs some seconds to find a module again after it was released. */
#define GRACE_SECONDS 90

struct _FotaPresence {
    FotaPartOwner owner;
    FotaPluginSet *plugins;
    FotaKeeper *keeper;
    FotaRecord *record;
    FotaModemFacts *facts; /* as ModemManager last said; NULL = lost */
    gint64 left;           /* boot time */
    gboolean here;         /* ModemManager exports it now; it does not while inhibited */
    gboolean met;          /* it has been seen, or has answered, since fotad started */
    const FotaVendor *vendor;
    gboolean untaught; /* it told a new version itself since ModemManager last saw it */
    guint grace;       /* timer: ModemManager must have found the module again */
    GPtrArray *askers; /* GTask, which wait for the module's own version */
};

FotaPresence *
fota_presence_new(FotaPluginSet *plugins, FotaKeeper *keeper, const FotaPartOwner *owner)
{
    FotaPresence *presence = g_new0(FotaPresence, 1);

    presence->owner = *owner;
    presence->plugins = plugins;
    presence->keeper = keeper;
    presence->record = fota_keeper_get_record(keeper);
    presence->left = fota_boot_time();
    presence->askers = g_ptr_array_new_with_free_func(g_object_unref);
    presence->vendor = fota_plugin_set_find(plugins, presence->record->manufacturer,
                                            presence->record->model, presence->record->device);
    return presence;
}

void
fota_presence_free(FotaPresence *presence)
{
    g_clear_handle_id(&presence->grace, g_source_remove);
    g_clear_pointer(&presence->facts, fota_modem_facts_free);
    g_ptr_array_unref(presence->askers);
    g_free(presence);
}

/* A ModemManager whose probing was disturbed may have read no name, or may have taken a URC
 * (`^FOTASTATE: 40`) for one. */
static gboolean
is_name(const char *text)
{
    g_autofree char *unsolicited = fota_at_line_name(text);

    return text[0] != '\0' && unsolicited == NULL;
}

/* An update belongs to the plugin that began it, whatever the module is called meanwhile. */
static void
presence_take_identity(FotaPresence *presence)
{
    FotaRecord *record = presence->record;
    const FotaModemFacts *facts = presence->facts;
    gboolean known = is_name(facts->manufacturer) && is_name(facts->model);
    gboolean other = strcmp(record->manufacturer, facts->manufacturer) != 0 ||
                     strcmp(record->model, facts->model) != 0;

    fota_record_set(&record->device, facts->device);
    if (!known || !other || fota_keeper_get_mark(presence->keeper) != FOTA_MARK_NONE)
        return;
    fota_record_set(&record->manufacturer, facts->manufacturer);
    fota_record_set(&record->model, facts->model);
    presence->vendor =
        fota_plugin_set_find(presence->plugins, facts->manufacturer, facts->model, facts->device);
    fota_keeper_save(presence->keeper, NULL);
}

/* What mm_revision says of a firmware for which ModemManager has no name: not "", which is said of
 * a module that was never asked. */
static const char *
presence_get_mm_revision(FotaPresence *presence)
{
    const char *name = presence->facts->revision;

    return name[0] != '\0' ? name : "-";
}

/*
 * ModemManager may use another name for a revision than the module's own version command, and
 * deltas use the latter. Once the module itself was asked, its answer holds for as long as
 * ModemManager's name stays the same.
 */
static void
presence_take_revision(FotaPresence *presence)
{
    FotaRecord *record = presence->record;
    const char *name = presence->facts->revision;
    gboolean untaught = presence->untaught;

    presence->untaught = FALSE;
    if (!is_name(name))
        return;
    if (untaught)
        fota_record_set(&record->mm_revision, name);
    if (strcmp(record->mm_revision, name) == 0)
        return;
    /* Another firmware: what the module has told is of the one before. */
    fota_record_set(&record->mm_revision, NULL);
    fota_record_set(&record->revision, name);
}

/*
 * A delta in the module may install itself when the module restarts. fotad asks the module whether
 * that has happened, as after an order to install, but orders nothing. A delta that the host has
 * fetched, or is about to, is not in the module.
 */
static void
presence_note_change(FotaPresence *presence, const char *before)
{
    FotaMark mark = fota_keeper_get_mark(presence->keeper);

    if (mark == FOTA_MARK_NONE || mark == FOTA_MARK_FETCHING || mark == FOTA_MARK_INSTALLING ||
        strcmp(before, presence->record->revision) == 0)
        return;
    fota_record_log(
        presence->record, LOG_NOTICE, FOTA_EVENT_NONE,
        "it runs %s now, with the delta from %s in it: it may have installed it by itself",
        presence->record->revision, before);
    fota_keeper_suspect(presence->keeper);
}

static void
presence_take_facts(FotaPresence *presence)
{
    g_autofree char *before = g_strdup(presence->record->revision);

    presence_take_identity(presence);
    presence_take_revision(presence);
    presence_note_change(presence, before);
}

gboolean
fota_presence_see(FotaPresence *presence, const FotaModemFacts *facts, gboolean busy)
{
    gboolean moved = !presence->here || strcmp(presence->facts->path, facts->path) != 0;

    g_clear_handle_id(&presence->grace, g_source_remove);
    g_clear_pointer(&presence->facts, fota_modem_facts_free);
    presence->facts = fota_modem_facts_copy(facts);
    presence->here = presence->met = TRUE;
    if (!busy)
        presence_take_facts(presence);
    return moved;
}

void
fota_presence_lose(FotaPresence *presence, gboolean busy)
{
    if (presence->here)
        presence->left = fota_boot_time();
    presence->here = FALSE;
    /* Restarts are part of an update, and an inhibited module is not exported. */
    if (busy)
        g_clear_handle_id(&presence->grace, g_source_remove);
    else
        g_clear_pointer(&presence->facts, fota_modem_facts_free);
}

static gboolean
grace_over(gpointer data)
{
    FotaPresence *presence = data;

    presence->grace = 0;
    g_clear_pointer(&presence->facts, fota_modem_facts_free);
    fota_part_tell(&presence->owner);
    return G_SOURCE_REMOVE;
}

/*
 * The version that the module itself reported counts. fotad learns ModemManager's name for it when
 * ModemManager shows the module, and knows it already if the version has not changed.
 */
static void
presence_take_version(FotaPresence *presence, const char *version)
{
    if (strcmp(version, presence->record->revision) == 0)
        return;
    fota_record_set(&presence->record->revision, version);
    if (presence->here)
        fota_record_set(&presence->record->mm_revision, presence_get_mm_revision(presence));
    else
        presence->untaught = TRUE;
}

void
fota_presence_end_job(FotaPresence *presence, const char *version)
{
    presence->met = presence->met || version[0] != '\0';
    if (version[0] != '\0')
        presence_take_version(presence, version);
    else if (presence->here)
        presence_take_facts(presence);
    g_clear_handle_id(&presence->grace, g_source_remove);
    if (!presence->here && presence->facts != NULL)
        presence->grace = fota_timer_add(GRACE_SECONDS, grace_over, presence);
}

void
fota_presence_note_told(FotaPresence *presence)
{
    if (presence->facts != NULL)
        fota_record_set(&presence->record->mm_revision, presence_get_mm_revision(presence));
}

void
fota_presence_ask_version_async(FotaPresence *presence, const GError *refusal,
                                GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(presence->owner.object, NULL, callback, user_data);

    if (fota_presence_was_told(presence))
        g_task_return_pointer(task, g_strdup(presence->record->revision), g_free);
    else if (refusal != NULL)
        g_task_return_error(task, g_error_copy(refusal));
    else
        g_ptr_array_add(presence->askers, g_steal_pointer(&task));
}

char *
fota_presence_ask_version_finish(FotaPresence *presence, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

gboolean
fota_presence_is_asked(FotaPresence *presence)
{
    return presence->askers->len > 0;
}

void
fota_presence_answer_version(FotaPresence *presence, const GError *error)
{
    g_autoptr(GPtrArray) askers = g_steal_pointer(&presence->askers);

    presence->askers = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < askers->len; i++) {
        if (fota_presence_was_told(presence))
            g_task_return_pointer(askers->pdata[i], g_strdup(presence->record->revision), g_free);
        else if (error != NULL)
            g_task_return_error(askers->pdata[i], g_error_copy(error));
        else
            g_task_return_new_error(askers->pdata[i], FOTA_ERROR, FOTA_ERROR_BUSY,
                                    "the module cannot be asked now; try again");
    }
}

gint64
fota_presence_get_left(FotaPresence *presence)
{
    return presence->left;
}

gboolean
fota_presence_was_met(FotaPresence *presence)
{
    return presence->met;
}

FotaPresenceKind
fota_presence_get(FotaPresence *presence)
{
    return presence->here            ? FOTA_PRESENCE_HERE
           : presence->facts != NULL ? FOTA_PRESENCE_AWAY
                                     : FOTA_PRESENCE_LOST;
}

const FotaModemFacts *
fota_presence_get_facts(FotaPresence *presence)
{
    return presence->facts;
}

const char *
fota_presence_get_path(FotaPresence *presence)
{
    return presence->here ? presence->facts->path : "/";
}

const FotaVendor *
fota_presence_get_vendor(FotaPresence *presence)
{
    return presence->vendor;
}

char *
fota_presence_explain(FotaPresence *presence)
{
    const FotaRecord *record = presence->record;
    g_autofree char *reason =
        fota_plugin_set_explain(presence->plugins, record->manufacturer, record->model);

    return g_strdup_printf("%s %s: %s", record->manufacturer, record->model, reason);
}

gboolean
fota_presence_was_told(FotaPresence *presence)
{
    return presence->facts != NULL &&
           strcmp(presence->record->mm_revision, presence_get_mm_revision(presence)) == 0;
}
