/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include <string.h>

#include "base/fota-timer.h"

/* Pause before a question that ModemManager has refused is asked again. */
#define AGAIN_SECONDS 5

static void
tell_watches(FotaMm *mm, const char *imei)
{
    for (guint i = 0; i < mm->watches->len; i++) {
        FotaMmWatch *watch = g_ptr_array_index(mm->watches, i);

        if (strcmp(watch->imei, imei) == 0)
            watch->changed(watch->user_data);
    }
}

static void
modem_free(gpointer data)
{
    FotaMmModem *modem = data;

    g_cancellable_cancel(modem->cancellable);
    g_object_unref(modem->cancellable);
    g_clear_handle_id(&modem->idle, g_source_remove);
    g_clear_handle_id(&modem->again, g_source_remove);
    if (modem->sim != NULL)
        g_signal_handlers_disconnect_by_data(modem->sim, modem);
    g_clear_object(&modem->sim);
    fota_mm_bearers_free(modem);
    g_object_unref(modem->object);
    g_hash_table_unref(modem->messages);
    fota_modem_facts_free(modem->facts);
    g_free(modem->sim_path);
    g_free(modem);
}

/* A modem object that fotad refuses is not reported to anybody else. */
static void
modem_show(FotaMmModem *modem, gboolean first)
{
    modem->refused = !modem->mm->callbacks->seen(modem->facts, modem->mm->user_data);
    if (first && !modem->refused)
        tell_watches(modem->mm, modem->facts->imei);
}

static void
modem_read_facts(FotaMmModem *modem)
{
    g_autoptr(FotaModemFacts) facts = fota_modem_facts_collect(modem);
    gboolean first = modem->facts == NULL || modem->refused;
    gboolean other = modem->facts == NULL || strcmp(facts->imei, modem->facts->imei) != 0;

    if (facts->imei[0] == '\0' || (!other && fota_modem_facts_equal(facts, modem->facts)))
        return;
    fota_modem_facts_free(modem->facts);
    modem->facts = g_steal_pointer(&facts);
    if (other || !modem->refused)
        modem_show(modem, first);
}

static gboolean
modem_report(gpointer data)
{
    FotaMmModem *modem = data;

    modem->idle = 0;
    modem_read_facts(modem);
    fota_mm_messages_look(modem);
    return G_SOURCE_REMOVE;
}

/* Several properties change in a row; the facts are read once after all of them. */
void
fota_mm_modem_changed(FotaMmModem *modem)
{
    if (modem->idle == 0)
        modem->idle = g_idle_add(modem_report, modem);
}

static void modem_ask_sim(FotaMmModem *modem);

static gboolean
modem_ask_sim_again(gpointer data)
{
    FotaMmModem *modem = data;

    modem->again = 0;
    modem_ask_sim(modem);
    return G_SOURCE_REMOVE;
}

static void
sim_found(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    MMSim *sim = mm_modem_get_sim_finish(MM_MODEM(object), result, &error);
    FotaMmModem *modem = user_data;

    if (fota_mm_is_cancelled(error))
        return;
    if (sim == NULL) {
        g_debug("ModemManager does not show the SIM %s: %s", modem->sim_path, error->message);
        modem->again = fota_timer_add(AGAIN_SECONDS, modem_ask_sim_again, modem);
        return;
    }
    modem->sim = sim;
    g_signal_connect_swapped(sim, "g-properties-changed", G_CALLBACK(fota_mm_modem_changed), modem);
    fota_mm_modem_changed(modem);
}

static void
modem_ask_sim(FotaMmModem *modem)
{
    mm_modem_get_sim(mm_object_peek_modem(modem->object), modem->cancellable, sim_found, modem);
}

/* The IMSI is a property of the SIM object, which the object manager does not show. */
static void
modem_follow_sim(FotaMmModem *modem)
{
    MMModem *proxy = mm_object_peek_modem(modem->object);
    const char *path = mm_modem_get_sim_path(proxy);

    if (g_strcmp0(path, modem->sim_path) == 0)
        return;
    g_free(modem->sim_path);
    modem->sim_path = g_strdup(path);
    if (modem->sim != NULL)
        g_signal_handlers_disconnect_by_data(modem->sim, modem);
    g_clear_object(&modem->sim);
    g_clear_handle_id(&modem->again, g_source_remove);
    g_cancellable_cancel(modem->cancellable);
    g_object_unref(modem->cancellable);
    modem->cancellable = g_cancellable_new();
    if (path != NULL && strcmp(path, "/") != 0)
        modem_ask_sim(modem);
}

static void
on_object_added(GDBusObjectManager *manager, GDBusObject *object, FotaMm *mm)
{
    const char *path = g_dbus_object_get_object_path(object);
    MMModem *proxy = mm_object_peek_modem(MM_OBJECT(object));
    FotaMmModem *modem;

    if (proxy == NULL || g_hash_table_contains(mm->modems, path))
        return;
    modem = g_new0(FotaMmModem, 1);
    modem->mm = mm;
    modem->serial = ++mm->last_serial;
    modem->object = MM_OBJECT(g_object_ref(object));
    modem->cancellable = g_cancellable_new();
    modem->bearers = g_ptr_array_new_with_free_func(g_object_unref);
    modem->messages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(mm->modems, g_strdup(path), modem);
    modem_follow_sim(modem);
    fota_mm_bearers_follow(modem);
    fota_mm_modem_changed(modem);
    if (mm_modem_get_device(proxy) != NULL)
        fota_mm_inhibitions_renew(mm, mm_modem_get_device(proxy));
}

static void
remove_modem(FotaMm *mm, const char *path)
{
    g_autofree char *key = NULL;
    FotaMmModem *modem;

    if (!g_hash_table_steal_extended(mm->modems, path, (gpointer *)&key, (gpointer *)&modem))
        return;
    if (modem->facts != NULL && !modem->refused) {
        mm->callbacks->gone(key, mm->user_data);
        tell_watches(mm, modem->facts->imei);
    }
    modem_free(modem);
}

static void
on_object_removed(GDBusObjectManager *manager, GDBusObject *object, FotaMm *mm)
{
    remove_modem(mm, g_dbus_object_get_object_path(object));
}

static void
object_changed(FotaMm *mm, GDBusObject *object)
{
    FotaMmModem *modem = g_hash_table_lookup(mm->modems, g_dbus_object_get_object_path(object));

    if (modem == NULL || mm_object_peek_modem(modem->object) == NULL)
        return;
    modem_follow_sim(modem);
    fota_mm_bearers_follow(modem);
    fota_mm_modem_changed(modem);
}

/* A locked modem has most of its interfaces only after the PIN. */
static void
on_interface_changed(GDBusObjectManager *manager, GDBusObject *object, GDBusInterface *interface,
                     FotaMm *mm)
{
    object_changed(mm, object);
}

static void
on_properties_changed(GDBusObjectManagerClient *manager, GDBusObjectProxy *object,
                      GDBusProxy *interface, GVariant *changed, const char *const *invalidated,
                      FotaMm *mm)
{
    object_changed(mm, G_DBUS_OBJECT(object));
}

static void ask_for_modems(FotaMm *mm);

static gboolean
ask_for_modems_again(gpointer data)
{
    FotaMm *mm = data;

    mm->again = 0;
    ask_for_modems(mm);
    return G_SOURCE_REMOVE;
}

static void
manager_ready(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    MMManager *manager = mm_manager_new_finish(result, &error);
    FotaMm *mm = user_data;
    g_autolist(GDBusObject) objects = NULL;

    if (fota_mm_is_cancelled(error))
        return;
    if (manager == NULL) {
        g_dbus_error_strip_remote_error(error);
        g_warning("ModemManager does not show its modems: %s; asking it again in %d s",
                  error->message, AGAIN_SECONDS);
        mm->again = fota_timer_add(AGAIN_SECONDS, ask_for_modems_again, mm);
        return;
    }
    mm->manager = manager;
    g_object_connect(manager, "signal::object-added", on_object_added, mm, "signal::object-removed",
                     on_object_removed, mm, "signal::interface-added", on_interface_changed, mm,
                     "signal::interface-removed", on_interface_changed, mm,
                     "signal::interface-proxy-properties-changed", on_properties_changed, mm, NULL);
    mm->available = TRUE;
    mm->callbacks->available(TRUE, mm->user_data);
    objects = g_dbus_object_manager_get_objects(G_DBUS_OBJECT_MANAGER(manager));
    for (GList *l = objects; l != NULL; l = l->next)
        on_object_added(G_DBUS_OBJECT_MANAGER(manager), l->data, mm);
}

/*
 * Each start of ModemManager gets its own MMManager, because one whose service returns reads the
 * objects synchronously.
 */
static void
ask_for_modems(FotaMm *mm)
{
    mm_manager_new(mm->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, mm->cancellable,
                   manager_ready, mm);
}

static void
forget_manager(FotaMm *mm)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer path;

    g_clear_handle_id(&mm->again, g_source_remove);
    g_cancellable_cancel(mm->cancellable);
    g_clear_object(&mm->cancellable);
    if (mm->manager != NULL)
        g_signal_handlers_disconnect_by_data(mm->manager, mm);
    g_clear_object(&mm->manager);
    fota_mm_inhibitions_lost(mm);
    g_hash_table_iter_init(&iter, mm->modems);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        g_ptr_array_add(paths, g_strdup(path));
    for (guint i = 0; i < paths->len; i++)
        remove_modem(mm, g_ptr_array_index(paths, i));
}

static void
on_name_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
    FotaMm *mm = user_data;

    forget_manager(mm);
    mm->cancellable = g_cancellable_new();
    fota_mm_inhibitions_unguarded(mm);
    ask_for_modems(mm);
}

static void
on_name_vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
    FotaMm *mm = user_data;

    forget_manager(mm);
    mm->available = FALSE;
    mm->callbacks->available(FALSE, mm->user_data);
}

/* Registers the domains, so that GDBus maps ModemManager's errors to them. */
static void
register_error_domains(void)
{
    mm_core_error_quark();
    mm_mobile_equipment_error_quark();
    mm_connection_error_quark();
    mm_serial_error_quark();
    mm_message_error_quark();
}

static void
bus_changed(GDBusConnection *connection, gpointer user_data)
{
    FotaMm *mm = user_data;

    if (mm->callbacks->bus != NULL)
        mm->callbacks->bus(connection, mm->user_data);
    if (connection != NULL) {
        mm->bus = g_object_ref(connection);
        mm->name_watch =
            g_bus_watch_name_on_connection(mm->bus, MM_DBUS_SERVICE, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                           on_name_appeared, on_name_vanished, mm, NULL);
        fota_mm_messages_watch(mm);
        return;
    }
    g_clear_handle_id(&mm->name_watch, g_bus_unwatch_name);
    fota_mm_messages_unwatch(mm);
    g_clear_object(&mm->bus);
    on_name_vanished(NULL, NULL, mm);
    /* Our inhibitions ended with the connection; ModemManager itself may still run. */
    fota_mm_inhibitions_unguarded(mm);
}

FotaMm *
fota_mm_new(const char *directory, const FotaMmCallbacks *callbacks, gpointer user_data)
{
    FotaMm *mm = g_new0(FotaMm, 1);

    register_error_domains();
    mm->callbacks = callbacks;
    mm->user_data = user_data;
    mm->modems = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, modem_free);
    mm->inhibitions = fota_mm_inhibitions_new();
    mm->leases = fota_mm_leases_new();
    mm->closing = g_cancellable_new();
    mm->watches = g_ptr_array_new();
    mm->directory = g_strdup(directory);
    fota_mm_leases_load(mm);
    mm->connection = fota_mm_bus_new(bus_changed, mm);
    return mm;
}

void
fota_mm_free(FotaMm *mm)
{
    g_clear_handle_id(&mm->name_watch, g_bus_unwatch_name);
    fota_mm_messages_unwatch(mm);
    g_hash_table_unref(mm->leases);
    g_ptr_array_set_size(mm->watches, 0);
    fota_mm_inhibitions_end(mm);
    g_cancellable_cancel(mm->closing);
    g_object_unref(mm->closing);
    g_clear_handle_id(&mm->again, g_source_remove);
    g_cancellable_cancel(mm->cancellable);
    g_clear_object(&mm->cancellable);
    if (mm->manager != NULL)
        g_signal_handlers_disconnect_by_data(mm->manager, mm);
    g_clear_object(&mm->manager);
    g_hash_table_unref(mm->modems);
    g_hash_table_unref(mm->inhibitions);
    g_ptr_array_unref(mm->watches);
    g_clear_object(&mm->bus);
    fota_mm_bus_free(mm->connection);
    g_free(mm->directory);
    g_free(mm);
}

static gboolean
modem_has_imei(const FotaMmModem *modem, const char *imei)
{
    return modem->facts != NULL && strcmp(modem->facts->imei, imei) == 0;
}

void
fota_mm_show_again(FotaMm *mm, const char *imei)
{
    GHashTableIter iter;
    gpointer data;

    g_hash_table_iter_init(&iter, mm->modems);
    while (g_hash_table_iter_next(&iter, NULL, &data)) {
        FotaMmModem *modem = data;

        if (!modem->refused || !modem_has_imei(modem, imei))
            continue;
        modem->refused = FALSE;
        g_clear_pointer(&modem->facts, fota_modem_facts_free);
        fota_mm_modem_changed(modem);
    }
}

FotaMmModem *
fota_mm_find_modem(FotaMm *mm, const char *imei)
{
    GHashTableIter iter;
    gpointer modem;

    g_hash_table_iter_init(&iter, mm->modems);
    while (g_hash_table_iter_next(&iter, NULL, &modem)) {
        if (!((FotaMmModem *)modem)->refused && modem_has_imei(modem, imei))
            return modem;
    }
    return NULL;
}

void
fota_mm_add_watch(FotaMm *mm, FotaMmWatch *watch)
{
    g_ptr_array_add(mm->watches, watch);
}

void
fota_mm_remove_watch(FotaMm *mm, FotaMmWatch *watch)
{
    g_ptr_array_remove(mm->watches, watch);
}
