/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-metered.h"

#define SERVICE "org.freedesktop.NetworkManager"
#define PATH "/org/freedesktop/NetworkManager"

/* A bus with NetworkManager on it, as far as fotad looks at it. */
typedef struct {
    GTestDBus *bus;
    GDBusConnection *connection; /* of NetworkManager */
    GDBusConnection *own;        /* of fotad */
    FotaMetered *metered;
    guint number;
    guint questions;
    guint changes;
} Fixture;

static const char xml[] = "<node><interface name='" SERVICE "'>"
                          "<property name='Metered' type='u' access='read'/></interface></node>";

static GVariant *
on_question(GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *property, GError **error, gpointer user_data)
{
    Fixture *f = user_data;

    f->questions++;
    return g_variant_new_uint32(f->number);
}

static const GDBusInterfaceVTable vtable = {.get_property = on_question};

static GDBusConnection *
connect_to(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *connection =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(f->bus),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);

    g_assert_no_error(error);
    return connection;
}

static void
start_network_manager(Fixture *f, guint number)
{
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, NULL);
    g_autoptr(GVariant) reply = NULL;

    f->number = number;
    f->connection = connect_to(f);
    g_dbus_connection_register_object(f->connection, PATH, node->interfaces[0], &vtable, f, NULL,
                                      NULL);
    reply = g_dbus_connection_call_sync(
        f->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "RequestName", g_variant_new("(su)", SERVICE, 0), NULL, 0, -1, NULL, NULL);
    g_assert_nonnull(reply);
}

static void
stop_network_manager(Fixture *f)
{
    g_assert_true(g_dbus_connection_close_sync(f->connection, NULL, NULL));
    g_clear_object(&f->connection);
}

static void
change(Fixture *f, guint number)
{
    g_autoptr(GVariant) changed = g_variant_ref_sink(
        g_variant_new_parsed("(%s, {'Metered': <%u>}, @as [])", SERVICE, number));

    f->number = number;
    g_assert_true(g_dbus_connection_emit_signal(f->connection, NULL, PATH,
                                                "org.freedesktop.DBus.Properties",
                                                "PropertiesChanged", changed, NULL));
}

static void
count(gpointer user_data)
{
    ++*(guint *)user_data;
}

static void
wait_changes(Fixture *f, guint changes)
{
    while (f->changes < changes)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(f->changes, ==, changes);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(f->bus);
    f->own = connect_to(f);
    f->metered = fota_metered_new(count, &f->changes);
    fota_metered_set_bus(f->metered, f->own);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    fota_metered_free(f->metered);
    g_dbus_connection_close_sync(f->own, NULL, NULL);
    g_clear_object(&f->own);
    if (f->connection != NULL)
        stop_network_manager(f);
    g_test_dbus_stop(f->bus);
    g_object_unref(f->bus);
}

/* Nobody is asked before it matters; until NetworkManager has answered the worse holds. */
static void
test_changes(Fixture *f, gconstpointer data)
{
    static const struct {
        guint number;
        gboolean metered;
    } rows[] = {{1, TRUE}, {4, FALSE}, {3, TRUE}, {2, FALSE}, {1, TRUE}, {0, FALSE}};
    guint changes = 1;

    start_network_manager(f, 2);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpuint(f->questions, ==, 0);
    g_assert_true(fota_metered_get(f->metered));
    wait_changes(f, changes++);
    g_assert_false(fota_metered_get(f->metered));
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        change(f, rows[i].number);
        wait_changes(f, changes++);
        g_assert_cmpint(fota_metered_get(f->metered), ==, rows[i].metered);
    }
    g_assert_cmpuint(f->questions, ==, 1);
}

/* One that is started later is noticed, and one that goes. */
static void
test_absent(Fixture *f, gconstpointer data)
{
    g_assert_true(fota_metered_get(f->metered));
    wait_changes(f, 1);
    g_assert_false(fota_metered_get(f->metered));
    start_network_manager(f, 1);
    wait_changes(f, 2);
    g_assert_true(fota_metered_get(f->metered));
    stop_network_manager(f);
    wait_changes(f, 3);
    g_assert_false(fota_metered_get(f->metered));
}

/* fotad goes on when it has lost the bus, and asks anew when it has another connection. */
static void
test_bus_lost(Fixture *f, gconstpointer data)
{
    start_network_manager(f, 2);
    g_assert_true(fota_metered_get(f->metered));
    wait_changes(f, 1);
    fota_metered_set_bus(f->metered, NULL);
    g_assert_true(fota_metered_get(f->metered));
    f->number = 1;
    fota_metered_set_bus(f->metered, f->own);
    wait_changes(f, 2);
    g_assert_true(fota_metered_get(f->metered));
    g_assert_cmpuint(f->questions, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/metered/changes", Fixture, NULL, set_up, test_changes, tear_down);
    g_test_add("/metered/absent", Fixture, NULL, set_up, test_absent, tear_down);
    g_test_add("/metered/bus-lost", Fixture, NULL, set_up, test_bus_lost, tear_down);
    return g_test_run();
}
