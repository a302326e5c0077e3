/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus.h"

#include <errno.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "dbus/fota-bus-caller.h"
#include "dbus/fota-bus-log.h"
#include "dbus/fota-bus-manager.h"
#include "dbus/fota-bus-polkit.h"
#include "dbus/fota-bus-shutdown.h"
#include "dbus/fota-event-source.h"

#define BUS_NAME "org.fotad.Fota1"

/* RequestName's answer, D-Bus specification. */
#define NAME_IN_QUEUE 2

/* Pause between two attempts to reach a lost bus, doubled each time. */
#define RETRY_MIN_MS 250
#define RETRY_MAX_MS 8000

struct _FotaBus {
    FotaManager *manager;
    sd_event *event;
    GSource *source;

    /* New for each connection; all NULL while there is none. */
    sd_bus *connection;
    sd_bus_slot *lost_slot;
    sd_bus_slot *name_slot;
    FotaBusCallers *callers;
    FotaBusPolkit *polkit;
    FotaBusManager *objects;
    FotaBusLog *log;
    FotaBusShutdown *shutdown;

    guint retry_id;
    guint retry_ms;
};

static gboolean reconnect_bus(gpointer user_data);

static void
disconnect(FotaBus *self)
{
    g_clear_pointer(&self->shutdown, fota_bus_shutdown_free);
    g_clear_pointer(&self->log, fota_bus_log_free);
    g_clear_pointer(&self->objects, fota_bus_manager_free);
    g_clear_pointer(&self->polkit, fota_bus_polkit_free);
    g_clear_pointer(&self->callers, fota_bus_callers_free);
    self->name_slot = sd_bus_slot_unref(self->name_slot);
    self->lost_slot = sd_bus_slot_unref(self->lost_slot);
    self->connection = sd_bus_close_unref(self->connection);
}

static void
retry_later(FotaBus *self)
{
    self->retry_id = g_timeout_add(self->retry_ms, reconnect_bus, self);
    self->retry_ms = MIN(self->retry_ms * 2, RETRY_MAX_MS);
}

static int
on_connection_lost(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
    FotaBus *self = userdata;

    g_warning("the connection to the system bus is lost; fotad reconnects when the bus is back");
    disconnect(self);
    retry_later(self);
    return 0;
}

/* Exports everything on a new connection. The name is requested last, so that no call is lost. */
static int
connect_bus(FotaBus *self)
{
    int r = sd_bus_open_system(&self->connection);

    if (r >= 0)
        r = sd_bus_attach_event(self->connection, self->event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_bus_match_signal_async(self->connection, &self->lost_slot,
                                      "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected",
                                      on_connection_lost, NULL, self);
    if (r >= 0)
        self->callers = fota_bus_callers_new(self->connection, &r);
    if (r >= 0) {
        self->polkit = fota_bus_polkit_new(self->connection, self->callers);
        self->objects = fota_bus_manager_new(self->connection, self->polkit, self->manager, &r);
    }
    if (r >= 0)
        self->log = fota_bus_log_new(self->connection, self->polkit, &r);
    if (r >= 0)
        self->shutdown = fota_bus_shutdown_new(self->connection, self->manager);
    return r;
}

static int
on_name(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    FotaBus *self = userdata;
    const sd_bus_error *error = sd_bus_message_get_error(answer);
    guint32 result = 0;

    if (error != NULL) {
        g_warning("the system bus does not give fotad its name " BUS_NAME ": %s", error->message);
        return 0;
    }
    self->retry_ms = RETRY_MIN_MS;
    if (sd_bus_message_read(answer, "u", &result) >= 0 && result == NAME_IN_QUEUE)
        g_warning("another program owns the name " BUS_NAME
                  "; fotad gets it when that program exits");
    else
        g_message("fotad is on the system bus again");
    return 0;
}

static gboolean
reconnect_bus(gpointer user_data)
{
    FotaBus *self = user_data;
    int r;

    self->retry_id = 0;
    r = connect_bus(self);
    if (r >= 0)
        r = sd_bus_request_name_async(self->connection, &self->name_slot, BUS_NAME,
                                      SD_BUS_NAME_QUEUE, on_name, self);
    if (r < 0) {
        g_debug("no system bus yet: %s", g_strerror(-r));
        disconnect(self);
        retry_later(self);
    }
    return G_SOURCE_REMOVE;
}

static void
turn_over(gpointer user_data)
{
    FotaBus *self = user_data;

    if (self->callers != NULL)
        fota_bus_callers_charge(self->callers);
}

static void
set_start_error(GError **error, int r)
{
    const char *why = g_strerror(-r);

    if (r == -EEXIST)
        why = "another fotad owns it";
    else if (r == -EACCES || r == -EPERM)
        why = "the bus policy does not allow it (is " BUS_NAME ".conf installed?)";
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-r),
                "fotad cannot own the name " BUS_NAME " on the system bus: %s", why);
}

FotaBus *
fota_bus_new(FotaManager *manager, GError **error)
{
    g_autoptr(FotaBus) self = g_new0(FotaBus, 1);
    int r;

    self->manager = g_object_ref(manager);
    self->retry_ms = RETRY_MIN_MS;
    r = sd_event_new(&self->event);
    if (r >= 0)
        r = connect_bus(self);
    if (r >= 0)
        r = sd_bus_request_name(self->connection, BUS_NAME, 0); /* blocks: nothing runs yet */
    if (r < 0) {
        set_start_error(error, r);
        return NULL;
    }
    self->source = fota_event_source_new(self->event, turn_over, self);
    g_source_attach(self->source, NULL);
    return g_steal_pointer(&self);
}

void
fota_bus_free(FotaBus *self)
{
    g_clear_handle_id(&self->retry_id, g_source_remove);
    if (self->source != NULL) {
        g_source_destroy(self->source);
        g_source_unref(self->source);
    }
    if (self->connection != NULL && sd_bus_is_ready(self->connection) > 0)
        sd_bus_flush(self->connection); /* the result of the last update must still be sent */
    disconnect(self);
    sd_event_unref(self->event);
    g_object_unref(self->manager);
    g_free(self);
}
