/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib/gstdio.h>
#include <libmm-glib.h>
#include <string.h>

#include "daemon/fota-error.h"
#include "daemon/mm/fota-lease.h"

/*
 * Leases on modems that the simulator has not: with several bearers, or with a ModemManager that
 * refuses, is slow, or fails; and a registration that Debian's ModemManager cannot read. It is
 * played here, on a bus of the test's own.
 */

#define IMEI "353081090012345"
#define DEVICE "/sys/devices/test"
#define LIMIT_SECONDS 20

typedef struct {
    GTestDBus *bus;
    char *directory;
    char *file;

    /* ModemManager */
    GDBusConnection *connection;
    GDBusObjectManagerServer *objects;
    MmGdbusOrgFreedesktopModemManager1 *manager;
    MmGdbusObjectSkeleton *object; /* NULL while it does not show the module */
    MmGdbusModem *modem;
    MmGdbusModemSimple *simple;
    MmGdbusModem3gpp *network;
    GPtrArray *bearers; /* MmGdbusBearer */
    guint starts;       /* of the module */
    GString *calls;     /* all that it was asked to change */
    gboolean refuses;   /* InhibitDevice() */
    gboolean fails;     /* Connect() */
    gboolean cancels;   /* the same, once: somebody has disconnected meanwhile */
    gboolean probing;   /* InhibitDevice(): it has the device, and shows no modem there */
    gboolean slow;      /* InhibitDevice(TRUE): its answer is ... */
    gboolean keeps;     /* InhibitDevice(FALSE): the same */
    GDBusMethodInvocation *held;
    gboolean unwritten; /* something was taken that was not written down */

    /* fotad */
    FotaMm *mm;
    gboolean here;
    char *path;    /* of the modem object that is the module, or was last */
    guint refused; /* other modem objects, how often one was */
    guint signal;  /* as fotad has seen it */
    gboolean registered;
    gboolean roaming;
    gboolean taken;
    GError *error;
} Fixture;

static gboolean warned; /* fotad has said that it asks again */

static GLogWriterOutput
on_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            warned = warned || strstr(fields[i].value, "asking it again") != NULL;
    }
    return g_log_writer_default(level, fields, n_fields, user_data);
}

/* Thirty times as fast. */
guint __wrap_fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data);

guint
__wrap_fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data)
{
    return g_timeout_add(seconds * 1000 / 30, func, user_data);
}

static gboolean
tick(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

#define UNTIL(condition)                                                                           \
    G_STMT_START                                                                                   \
    {                                                                                              \
        gint64 until_end = g_get_monotonic_time() + LIMIT_SECONDS * G_USEC_PER_SEC;                \
        guint until_tick = g_timeout_add(10, tick, NULL);                                          \
        while (!(condition)) {                                                                     \
            g_assert_cmpint(g_get_monotonic_time(), <, until_end);                                 \
            g_main_context_iteration(NULL, TRUE);                                                  \
        }                                                                                          \
        g_source_remove(until_tick);                                                               \
    }                                                                                              \
    G_STMT_END

/* ModemManager */

static void
update_modem(Fixture *f)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    MMModemState state = mm_gdbus_modem_get_state(f->modem);
    gboolean connected = FALSE;

    for (guint i = 0; i < f->bearers->len; i++) {
        GDBusInterfaceSkeleton *bearer = f->bearers->pdata[i];

        g_ptr_array_add(paths, (char *)g_dbus_interface_skeleton_get_object_path(bearer));
        connected = connected || mm_gdbus_bearer_get_connected(f->bearers->pdata[i]);
    }
    g_ptr_array_add(paths, NULL);
    mm_gdbus_modem_set_bearers(f->modem, (const char *const *)paths->pdata);
    if (connected)
        state = MM_MODEM_STATE_CONNECTED;
    else if (state == MM_MODEM_STATE_CONNECTED)
        state = MM_MODEM_STATE_REGISTERED;
    mm_gdbus_modem_set_state(f->modem, state);
}

/* Whatever is taken is in the file before. */
static void
check_written(Fixture *f)
{
    g_autofree char *text = NULL;

    g_file_get_contents(f->file, &text, NULL, NULL);
    for (guint i = 0; i < f->bearers->len; i++) {
        const char *apn = "";
        g_autofree char *quoted = NULL;

        g_variant_lookup(mm_gdbus_bearer_get_properties(f->bearers->pdata[i]), "apn", "&s", &apn);
        quoted = g_strdup_printf("'%s'", apn);
        f->unwritten = f->unwritten || (mm_gdbus_bearer_get_connected(f->bearers->pdata[i]) &&
                                        (text == NULL || strstr(text, quoted) == NULL));
    }
}

static gboolean
on_disconnect(MmGdbusBearer *bearer, GDBusMethodInvocation *invocation, Fixture *f)
{
    check_written(f);
    g_string_append(f->calls, "disconnect\n");
    mm_gdbus_bearer_set_connected(bearer, FALSE);
    update_modem(f);
    mm_gdbus_bearer_complete_disconnect(bearer, invocation);
    return TRUE;
}

static void
add_bearer(Fixture *f, GVariant *properties)
{
    g_autofree char *path =
        g_strdup_printf("/org/freedesktop/ModemManager1/Bearer/%u_%u", f->starts, f->bearers->len);
    MmGdbusBearer *bearer = mm_gdbus_bearer_skeleton_new();

    mm_gdbus_bearer_set_properties(bearer, properties);
    mm_gdbus_bearer_set_connected(bearer, TRUE);
    g_signal_connect(bearer, "handle-disconnect", G_CALLBACK(on_disconnect), f);
    g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(bearer), f->connection, path, NULL);
    g_ptr_array_add(f->bearers, bearer);
    update_modem(f);
}

static void
add_call(Fixture *f, const char *apn)
{
    add_bearer(
        f, g_variant_new_parsed("{'apn': <%s>, 'password': <'Secr3t'>, 'profile-id': <7>}", apn));
}

static gboolean
on_enable(MmGdbusModem *modem, GDBusMethodInvocation *invocation, gboolean enable, Fixture *f)
{
    g_string_append_printf(f->calls, "enable %d\n", enable);
    mm_gdbus_modem_set_state(modem, MM_MODEM_STATE_REGISTERED);
    mm_gdbus_modem_complete_enable(modem, invocation);
    return TRUE;
}

static gboolean
on_connect(MmGdbusModemSimple *simple, GDBusMethodInvocation *invocation, GVariant *properties,
           Fixture *f)
{
    const char *apn = "", *password = "";
    gint32 profile = -1;

    g_variant_lookup(properties, "apn", "&s", &apn);
    g_variant_lookup(properties, "password", "&s", &password);
    g_variant_lookup(properties, "profile-id", "i", &profile);
    g_string_append_printf(f->calls, "connect %s %s %d\n", apn, password, profile);
    if (f->cancels) {
        f->cancels = FALSE;
        g_dbus_method_invocation_return_error(invocation, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                              "operation was cancelled");
        return TRUE;
    }
    if (f->fails) {
        g_dbus_method_invocation_return_error(invocation, MM_CORE_ERROR, MM_CORE_ERROR_FAILED,
                                              "no network");
        return TRUE;
    }
    add_bearer(f, properties);
    mm_gdbus_modem_simple_complete_connect(simple, invocation, "/");
    return TRUE;
}

static void
show_module(Fixture *f)
{
    g_autofree char *path = g_strdup_printf("/org/freedesktop/ModemManager1/Modem/%u", ++f->starts);

    f->object = mm_gdbus_object_skeleton_new(path);
    f->modem = mm_gdbus_modem_skeleton_new();
    f->simple = mm_gdbus_modem_simple_skeleton_new();
    f->network = mm_gdbus_modem3gpp_skeleton_new();
    mm_gdbus_modem_set_equipment_identifier(f->modem, IMEI);
    mm_gdbus_modem_set_device(f->modem, DEVICE);
    mm_gdbus_modem_set_sim(f->modem, "/");
    mm_gdbus_modem_set_state(f->modem, MM_MODEM_STATE_DISABLED);
    g_signal_connect(f->modem, "handle-enable", G_CALLBACK(on_enable), f);
    g_signal_connect(f->simple, "handle-connect", G_CALLBACK(on_connect), f);
    mm_gdbus_object_skeleton_set_modem(f->object, f->modem);
    mm_gdbus_object_skeleton_set_modem_simple(f->object, f->simple);
    mm_gdbus_object_skeleton_set_modem3gpp(f->object, f->network);
    update_modem(f);
    g_dbus_object_manager_server_export(f->objects, G_DBUS_OBJECT_SKELETON(f->object));
}

static void
hide_module(Fixture *f)
{
    for (guint i = 0; i < f->bearers->len; i++)
        g_dbus_interface_skeleton_unexport(f->bearers->pdata[i]);
    g_ptr_array_set_size(f->bearers, 0);
    if (f->object != NULL)
        g_dbus_object_manager_server_unexport(
            f->objects, g_dbus_object_get_object_path(G_DBUS_OBJECT(f->object)));
    g_clear_object(&f->object);
    g_clear_object(&f->modem);
    g_clear_object(&f->simple);
    g_clear_object(&f->network);
}

static void
refuse_call(GDBusMethodInvocation *invocation, MMCoreError code)
{
    g_dbus_method_invocation_return_error(invocation, MM_CORE_ERROR, (int)code, "no");
}

/* An inhibition is known once it has been answered, not before. */
static gboolean
on_inhibit(MmGdbusOrgFreedesktopModemManager1 *manager, GDBusMethodInvocation *invocation,
           const char *uid, gboolean inhibit, Fixture *f)
{
    g_assert_cmpstr(uid, ==, DEVICE);
    g_string_append_printf(f->calls, "inhibit %d\n", inhibit);
    if (inhibit && (f->refuses || f->probing)) {
        refuse_call(invocation,
                    f->refuses ? MM_CORE_ERROR_UNAUTHORIZED : MM_CORE_ERROR_WRONG_STATE);
        return TRUE;
    }
    if (f->held != NULL) {
        refuse_call(invocation, inhibit ? MM_CORE_ERROR_IN_PROGRESS : MM_CORE_ERROR_NOT_FOUND);
        return TRUE;
    }
    if (!inhibit && f->keeps) {
        f->held = invocation;
        return TRUE;
    }
    if (inhibit)
        check_written(f);
    if (inhibit)
        hide_module(f);
    else if (f->object == NULL)
        show_module(f);
    if (inhibit && f->slow)
        f->held = invocation;
    else
        mm_gdbus_org_freedesktop_modem_manager1_complete_inhibit_device(manager, invocation);
    return TRUE;
}

static void
answer_held(Fixture *f)
{
    mm_gdbus_org_freedesktop_modem_manager1_complete_inhibit_device(f->manager,
                                                                    g_steal_pointer(&f->held));
}

static void
show_objects(Fixture *f)
{
    g_dbus_object_manager_server_set_connection(f->objects, f->connection);
    g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(f->manager), f->connection,
                                     MM_DBUS_PATH, NULL);
}

static void
call_bus(Fixture *f, const char *method, GVariant *parameters)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        f->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

    g_assert_no_error(error);
}

static void
take_name(Fixture *f)
{
    call_bus(f, "RequestName", g_variant_new("(su)", MM_DBUS_SERVICE, 0));
}

static void
start_modemmanager(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    f->connection =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(f->bus),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    f->objects = g_dbus_object_manager_server_new(MM_DBUS_PATH);
    f->manager = mm_gdbus_org_freedesktop_modem_manager1_skeleton_new();
    g_signal_connect(f->manager, "handle-inhibit-device", G_CALLBACK(on_inhibit), f);
    f->bearers = g_ptr_array_new_with_free_func(g_object_unref);
    f->calls = g_string_new(NULL);
    show_module(f);
    take_name(f);
}

/* fotad */

/* As fotad does: of several modem objects with one IMEI the first is the module. */
static gboolean
on_seen(const FotaModemFacts *facts, gpointer user_data)
{
    Fixture *f = user_data;

    g_assert_cmpstr(facts->imei, ==, IMEI);
    if (f->here && strcmp(f->path, facts->path) != 0) {
        f->refused++;
        return FALSE;
    }
    g_free(f->path);
    f->path = g_strdup(facts->path);
    f->here = TRUE;
    f->signal = facts->signal;
    f->registered = facts->registered;
    f->roaming = facts->roaming;
    return TRUE;
}

static void
on_gone(const char *path, gpointer user_data)
{
    Fixture *f = user_data;

    g_assert_cmpstr(path, ==, f->path);
    f->here = FALSE;
}

static void
on_available(gboolean available, gpointer user_data)
{
}

static void
start_fotad(Fixture *f)
{
    static const FotaMmCallbacks callbacks = {on_seen, on_gone, on_available, NULL, NULL, NULL, NULL};

    f->mm = fota_mm_new(f->directory, &callbacks, f);
}

/* ModemManager takes back what a lost connection has held. */
static void
stop_fotad(Fixture *f)
{
    g_clear_pointer(&f->mm, fota_mm_free);
    f->here = FALSE;
    if (f->object == NULL)
        show_module(f);
}

static void
on_taken(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Fixture *f = user_data;

    f->taken = TRUE;
    g_clear_error(&f->error);
    fota_lease_take_finish(f->mm, result, &f->error);
}

/* Until fotad has seen what ModemManager shows. */
static void
wait_shown(Fixture *f)
{
    guint signal = f->signal % 100 + 1;

    mm_gdbus_modem_set_signal_quality(f->modem, g_variant_new("(ub)", signal, TRUE));
    UNTIL(f->signal == signal);
}

static void
take(Fixture *f, FotaLeaseWants wants)
{
    f->taken = FALSE;
    fota_lease_take_async(f->mm, IMEI, DEVICE, wants, on_taken, f);
}

static void
take_well(Fixture *f, FotaLeaseWants wants)
{
    wait_shown(f);
    take(f, wants);
    UNTIL(f->taken);
    g_assert_no_error(f->error);
}

static void
on_lost_told(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Fixture *f = user_data;

    f->taken = TRUE;
    g_clear_error(&f->error);
    fota_mm_ask_lost_finish(f->mm, result, &f->error);
}

static void
ask_lost(Fixture *f, GCancellable *cancellable)
{
    f->taken = FALSE;
    fota_mm_ask_lost_async(f->mm, DEVICE, cancellable, on_lost_told, f);
}

static void
give_back(Fixture *f)
{
    g_string_truncate(f->calls, 0);
    fota_lease_give_back(f->mm, IMEI);
}

static gboolean
is_owed(Fixture *f)
{
    return g_file_test(f->file, G_FILE_TEST_EXISTS);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->directory = g_dir_make_tmp("fota-lease-XXXXXX", NULL);
    f->file = g_build_filename(f->directory, IMEI ".lease", NULL);
    f->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(f->bus);
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address(f->bus), TRUE);
    start_modemmanager(f);
    if (data == NULL)
        show_objects(f);
    start_fotad(f);
    if (data == NULL)
        UNTIL(f->here);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_assert_false(f->unwritten);
    stop_fotad(f);
    hide_module(f);
    g_clear_error(&f->error);
    g_object_unref(f->objects);
    g_object_unref(f->manager);
    g_ptr_array_unref(f->bearers);
    g_string_free(f->calls, TRUE);
    g_dbus_connection_close_sync(f->connection, NULL, NULL);
    g_object_unref(f->connection);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_test_dbus_stop(f->bus);
    g_object_unref(f->bus);
    g_unlink(f->file);
    g_rmdir(f->file);
    g_assert_cmpint(g_rmdir(f->directory), ==, 0);
    g_free(f->path);
    g_free(f->file);
    g_free(f->directory);
}
