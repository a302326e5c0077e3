/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
    gboolean slow;      /* InhibitDevice(): its answer is ... */
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

static gboolean
on_inhibit(MmGdbusOrgFreedesktopModemManager1 *manager, GDBusMethodInvocation *invocation,
           const char *uid, gboolean inhibit, Fixture *f)
{
    g_assert_cmpstr(uid, ==, DEVICE);
    g_string_append_printf(f->calls, "inhibit %d\n", inhibit);
    if (inhibit && f->refuses) {
        g_dbus_method_invocation_return_error(invocation, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED,
                                              "no");
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
    static const FotaMmCallbacks callbacks = {on_seen, on_gone, on_available, NULL, NULL, NULL};

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

/* Every bearer, not the first one; with what it was connected by, and without its old profile. */
static void
test_two_bearers(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_MODULE);
    g_assert_cmpstr(f->calls->str, ==, "inhibit 1\n");
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\nconnect two Secr3t -1\n");
}

/* The same where ModemManager keeps the module. */
static void
test_bearers_alone(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_BEARERS);
    g_assert_cmpstr(f->calls->str, ==, "disconnect\ndisconnect\n");
    g_assert_true(f->here);
    take_well(f, FOTA_LEASE_MODULE);
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpuint(f->bearers->len, ==, 2);
}

static void
test_killed(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_MODULE);
    stop_fotad(f);
    g_assert_true(is_owed(f));
    start_fotad(f);
    UNTIL(!is_owed(f));
    g_assert_cmpuint(f->bearers->len, ==, 2);
}

/* The next update takes the module before all is given back: it is after that one. */
static void
test_killed_and_taken_again(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    stop_fotad(f);
    f->fails = TRUE;
    start_fotad(f);
    UNTIL(f->here);
    take_well(f, FOTA_LEASE_MODULE);
    f->fails = FALSE;
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");
}

static void
test_not_writable(Fixture *f, gconstpointer data)
{
    g_autofree char *inside = g_build_filename(f->file, "inside", NULL);

    add_call(f, "one");
    g_assert_cmpint(g_mkdir(f->file, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(inside, 0700), ==, 0);
    wait_shown(f);
    for (guint wants = 0; wants < 4; wants++) {
        take(f, (FotaLeaseWants)wants);
        UNTIL(f->taken);
        g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE);
    }
    g_assert_cmpstr(f->calls->str, ==, "");
    g_rmdir(inside);
}

static void
test_refused(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    f->refuses = TRUE;
    wait_shown(f);
    take(f, FOTA_LEASE_MODULE);
    UNTIL(f->taken);
    g_assert_error(f->error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 1\n");
}

/* Whoever waits is told at once; ModemManager's answer comes later, and is given back. */
static void
test_given_back_while_taken(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    f->slow = TRUE;
    wait_shown(f);
    take(f, FOTA_LEASE_MODULE);
    UNTIL(f->held != NULL);
    give_back(f);
    g_assert_false(f->taken);
    UNTIL(f->taken);
    g_assert_error(f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    mm_gdbus_org_freedesktop_modem_manager1_complete_inhibit_device(f->manager, f->held);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");
}

static void
test_somebody_was_quicker(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    add_call(f, "two");
    take_well(f, FOTA_LEASE_BEARERS);
    add_call(f, "ONE");
    wait_shown(f);
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "connect two Secr3t -1\n");
}

static void
test_enabled(Fixture *f, gconstpointer data)
{
    mm_gdbus_modem_set_state(f->modem, MM_MODEM_STATE_REGISTERED);
    take_well(f, FOTA_LEASE_MODULE);
    g_assert_true(is_owed(f));
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nenable 1\n");
}

static void
test_disabled(Fixture *f, gconstpointer data)
{
    take_well(f, FOTA_LEASE_MODULE);
    g_assert_false(is_owed(f));
    f->here = FALSE;
    give_back(f);
    UNTIL(f->here);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\n");
}

/* It is owed until it is given back, and tried again as soon as the module returns. */
static void
test_tried_again(Fixture *f, gconstpointer data)
{
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    f->fails = TRUE;
    give_back(f);
    UNTIL(strstr(f->calls->str, "connect") != NULL);
    f->fails = FALSE;
    hide_module(f);
    UNTIL(!f->here);
    g_assert_true(is_owed(f));
    show_module(f);
    UNTIL(!is_owed(f));
    g_assert_cmpuint(f->bearers->len, ==, 1);
}

/* A file that is none is left for somebody to look at, and hinders nothing. */
static void
test_damaged(Fixture *f, gconstpointer data)
{
    static const char *const texts[] = {"", "{", "{}", "{\"enabled\": 1}",
                                        "{\"enabled\": true, \"bearers\": [\"no\"]}"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        stop_fotad(f);
        g_assert_true(g_file_set_contents(f->file, texts[i], -1, NULL));
        start_fotad(f);
        UNTIL(f->here);
    }
    take_well(f, FOTA_LEASE_NOTHING);
}

/* ModemManager is there and does not answer the first time: it is asked again. */
static void
test_asked_again(Fixture *f, gconstpointer data)
{
    UNTIL(warned);
    g_assert_false(f->here);
    show_objects(f);
    UNTIL(f->here);
}

/* So it is when it has restarted in the middle of an update, and refuses at first. */
static void
test_inhibited_again(Fixture *f, gconstpointer data)
{
    take_well(f, FOTA_LEASE_MODULE);
    f->refuses = TRUE;
    call_bus(f, "ReleaseName", g_variant_new("(s)", MM_DBUS_SERVICE));
    show_module(f);
    g_string_truncate(f->calls, 0);
    take_name(f);
    UNTIL(f->calls->len > 0);
    f->refuses = FALSE;
    UNTIL(f->object == NULL);
}

static void
test_registration(Fixture *f, gconstpointer data)
{
    static const struct {
        MMModem3gppRegistrationState state;
        gboolean registered;
        gboolean roaming;
    } rows[] = {
        {MM_MODEM_3GPP_REGISTRATION_STATE_HOME, TRUE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_SEARCHING, FALSE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_CSFB_NOT_PREFERRED, TRUE, TRUE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_EMERGENCY_ONLY, FALSE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_HOME_CSFB_NOT_PREFERRED, TRUE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_DENIED, FALSE, FALSE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING, TRUE, TRUE},
        {MM_MODEM_3GPP_REGISTRATION_STATE_IDLE, FALSE, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        mm_gdbus_modem3gpp_set_registration_state(f->network, rows[i].state);
        UNTIL(f->registered == rows[i].registered && f->roaming == rows[i].roaming);
    }
}

static gboolean
on_double_enabled(MmGdbusModem *modem, GDBusMethodInvocation *invocation, gboolean enable,
                  Fixture *f)
{
    g_string_append(f->calls, "enable a double\n");
    mm_gdbus_modem_complete_enable(modem, invocation);
    return TRUE;
}

/* Another module with the same IMEI. */
static void
show_double(Fixture *f, guint number)
{
    g_autofree char *path =
        g_strdup_printf("/org/freedesktop/ModemManager1/Modem/%u", 100 + number);
    MmGdbusObjectSkeleton *object = mm_gdbus_object_skeleton_new(path);
    MmGdbusModem *modem = mm_gdbus_modem_skeleton_new();

    mm_gdbus_modem_set_equipment_identifier(modem, IMEI);
    mm_gdbus_modem_set_device(modem, DEVICE "/double");
    mm_gdbus_modem_set_sim(modem, "/");
    mm_gdbus_modem_set_state(modem, MM_MODEM_STATE_DISABLED);
    g_signal_connect(modem, "handle-enable", G_CALLBACK(on_double_enabled), f);
    mm_gdbus_object_skeleton_set_modem(object, modem);
    g_dbus_object_manager_server_export(f->objects, G_DBUS_OBJECT_SKELETON(object));
    g_object_unref(modem);
    g_object_unref(object);
}

static void
hide_double(Fixture *f, guint number)
{
    g_autofree char *path =
        g_strdup_printf("/org/freedesktop/ModemManager1/Modem/%u", 100 + number);

    g_assert_true(g_dbus_object_manager_server_unexport(f->objects, path));
}

#define N_DOUBLES 16

/* Whatever is asked about an IMEI is asked of the one modem object that is the module. */
static void
test_doubles(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < N_DOUBLES; i++)
        show_double(f, i);
    UNTIL(f->refused == N_DOUBLES);
    mm_gdbus_modem_set_state(f->modem, MM_MODEM_STATE_REGISTERED);
    add_call(f, "one");
    take_well(f, FOTA_LEASE_MODULE);
    UNTIL(!f->here);
    g_assert_cmpstr(f->calls->str, ==, "inhibit 1\n");
    give_back(f);
    UNTIL(!is_owed(f));
    g_assert_cmpstr(f->calls->str, ==, "inhibit 0\nconnect one Secr3t -1\n");

    /* One that goes is not the module; the others are shown again only when fotad wants them. */
    hide_double(f, 0);
    wait_shown(f);
    g_assert_true(f->here);
    hide_module(f);
    UNTIL(!f->here);
    g_assert_cmpuint(f->refused, ==, N_DOUBLES);
    fota_mm_show_again(f->mm, IMEI);
    UNTIL(f->here && f->refused == 2 * N_DOUBLES - 2);
    g_assert_nonnull(strstr(f->path, "Modem/1"));
    for (guint i = 1; i < N_DOUBLES; i++)
        hide_double(f, i);
    UNTIL(!f->here);
    show_module(f);
    UNTIL(f->here);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*func)(Fixture *f, gconstpointer data);
    } cases[] = {
        {"two-bearers", test_two_bearers},
        {"bearers-alone", test_bearers_alone},
        {"killed", test_killed},
        {"killed-and-taken-again", test_killed_and_taken_again},
        {"not-writable", test_not_writable},
        {"refused", test_refused},
        {"given-back-while-taken", test_given_back_while_taken},
        {"somebody-was-quicker", test_somebody_was_quicker},
        {"enabled", test_enabled},
        {"disabled", test_disabled},
        {"tried-again", test_tried_again},
        {"damaged", test_damaged},
        {"inhibited-again", test_inhibited_again},
        {"registration", test_registration},
        {"doubles", test_doubles},
    };

    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(on_log, NULL, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/lease/", cases[i].name, NULL);

        g_test_add(path, Fixture, NULL, set_up, cases[i].func, tear_down);
    }
    g_test_add("/lease/asked-again", Fixture, "hidden", set_up, test_asked_again, tear_down);
    return g_test_run();
}
