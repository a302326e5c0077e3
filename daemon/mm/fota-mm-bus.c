/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-bus.h"

#include "base/fota-timer.h"

/* Pause between two attempts; a bus that restarts is back after a second or two. */
#define RETRY_SECONDS 2

struct FotaMmBus {
    FotaMmBusChanged changed;
    gpointer user_data;
    GDBusConnection *connection;
    GCancellable *cancellable;
    guint retry;
};

static gboolean connect_bus(gpointer data);

static void
retry_later(FotaMmBus *bus)
{
    bus->retry = fota_timer_add(RETRY_SECONDS, connect_bus, bus);
}

static void
closed(GDBusConnection *connection, gboolean by_remote, GError *error, gpointer user_data)
{
    FotaMmBus *bus = user_data;

    g_warning("the connection to the system bus is lost; fotad reconnects");
    g_signal_handlers_disconnect_by_data(connection, bus);
    g_clear_object(&bus->connection);
    bus->changed(NULL, bus->user_data);
    retry_later(bus);
}

static void
connected(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaMmBus *bus = user_data;
    g_autoptr(GError) error = NULL;
    GDBusConnection *connection = g_dbus_connection_new_for_address_finish(result, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (connection == NULL) {
        g_debug("no system bus yet: %s", error->message);
        retry_later(bus);
        return;
    }
    bus->connection = connection;
    g_signal_connect(connection, "closed", G_CALLBACK(closed), bus);
    bus->changed(connection, bus->user_data);
}

/* Not g_bus_get, which shares one connection for the life of the process, even if it is lost. */
static gboolean
connect_bus(gpointer data)
{
    FotaMmBus *bus = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *address =
        g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, bus->cancellable, &error);

    bus->retry = 0;
    if (address == NULL) {
        g_warning("no address of the system bus: %s", error->message);
        retry_later(bus);
        return G_SOURCE_REMOVE;
    }
    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, bus->cancellable, connected, bus);
    return G_SOURCE_REMOVE;
}

FotaMmBus *
fota_mm_bus_new(FotaMmBusChanged changed, gpointer user_data)
{
    FotaMmBus *bus = g_new0(FotaMmBus, 1);

    bus->changed = changed;
    bus->user_data = user_data;
    bus->cancellable = g_cancellable_new();
    bus->retry = g_idle_add(connect_bus, bus);
    return bus;
}

void
fota_mm_bus_free(FotaMmBus *bus)
{
    g_clear_handle_id(&bus->retry, g_source_remove);
    g_cancellable_cancel(bus->cancellable);
    g_object_unref(bus->cancellable);
    if (bus->connection != NULL)
        g_signal_handlers_disconnect_by_data(bus->connection, bus);
    g_clear_object(&bus->connection);
    g_free(bus);
}
