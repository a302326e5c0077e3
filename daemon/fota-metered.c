/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-metered.h"

#include "base/fota-timer.h"
#include "daemon/mm/fota-mm-error.h"

#define SERVICE "org.freedesktop.NetworkManager"
#define PATH "/org/freedesktop/NetworkManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
/* NMMetered: yes, and a guess that says yes. */
#define METERED_YES 1
#define METERED_GUESS_YES 3
#define AGAIN_SECONDS 30

struct _FotaMetered {
    void (*changed)(gpointer user_data);
    gpointer user_data;
    GDBusConnection *bus;      /* NULL = none now */
    gboolean wanted;           /* somebody has asked */
    GCancellable *cancellable; /* of what is asked of NetworkManager; NULL = it is not followed */
    guint watch, subscription;
    guint again;    /* timer: it is asked again */
    gboolean known; /* what it says, or that it is not there */
    gboolean metered;
};

FotaMetered *
fota_metered_new(void (*changed)(gpointer user_data), gpointer user_data)
{
    FotaMetered *metered = g_new0(FotaMetered, 1);

    metered->changed = changed;
    metered->user_data = user_data;
    return metered;
}

static void
metered_take(FotaMetered *metered, gboolean is_metered)
{
    gboolean news = !metered->known || metered->metered != is_metered;

    metered->known = TRUE;
    metered->metered = is_metered;
    if (news)
        metered->changed(metered->user_data);
}

static void
metered_take_number(FotaMetered *metered, GVariant *value)
{
    guint number = g_variant_get_uint32(value);

    metered_take(metered, number == METERED_YES || number == METERED_GUESS_YES);
}

static gboolean metered_ask(gpointer data);

static void
metered_told(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaMetered *metered = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    g_autoptr(GVariant) value = NULL;

    if (fota_mm_is_cancelled(error))
        return;
    if (reply != NULL)
        g_variant_get(reply, "(v)", &value);
    if (value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32)) {
        metered_take_number(metered, value);
        return;
    }
    g_message("NetworkManager does not say whether the connection is metered: %s; asking it again "
              "in %d s",
              error != NULL ? error->message : "its answer is no number", AGAIN_SECONDS);
    g_clear_handle_id(&metered->again, g_source_remove);
    metered->again = fota_timer_add(AGAIN_SECONDS, metered_ask, metered);
}

static gboolean
metered_ask(gpointer data)
{
    FotaMetered *metered = data;

    metered->again = 0;
    g_dbus_connection_call(metered->bus, SERVICE, PATH, PROPERTIES, "Get",
                           g_variant_new("(ss)", SERVICE, "Metered"), G_VARIANT_TYPE("(v)"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, metered->cancellable, metered_told,
                           metered);
    return G_SOURCE_REMOVE;
}

static void
on_appeared(GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
    metered_ask(user_data);
}

static void
on_vanished(GDBusConnection *connection, const char *name, gpointer user_data)
{
    FotaMetered *metered = user_data;

    g_clear_handle_id(&metered->again, g_source_remove);
    metered_take(metered, FALSE);
}

static void
on_properties(GDBusConnection *connection, const char *sender, const char *path,
              const char *interface, const char *signal, GVariant *arguments, gpointer user_data)
{
    g_autoptr(GVariant) properties = NULL;
    g_autoptr(GVariant) value = NULL;

    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
        return;
    properties = g_variant_get_child_value(arguments, 1);
    value = g_variant_lookup_value(properties, "Metered", G_VARIANT_TYPE_UINT32);
    if (value != NULL)
        metered_take_number(user_data, value);
}

static void
metered_follow(FotaMetered *metered)
{
    metered->cancellable = g_cancellable_new();
    metered->subscription = g_dbus_connection_signal_subscribe(
        metered->bus, SERVICE, PROPERTIES, "PropertiesChanged", PATH, SERVICE,
        G_DBUS_SIGNAL_FLAGS_NONE, on_properties, metered, NULL);
    metered->watch =
        g_bus_watch_name_on_connection(metered->bus, SERVICE, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                       on_appeared, on_vanished, metered, NULL);
}

static void
metered_leave(FotaMetered *metered)
{
    if (metered->cancellable == NULL)
        return;
    g_cancellable_cancel(metered->cancellable);
    g_clear_object(&metered->cancellable);
    g_clear_handle_id(&metered->again, g_source_remove);
    g_clear_handle_id(&metered->watch, g_bus_unwatch_name);
    g_dbus_connection_signal_unsubscribe(metered->bus, metered->subscription);
}

void
fota_metered_set_bus(FotaMetered *metered, GDBusConnection *bus)
{
    metered_leave(metered);
    metered->known = FALSE;
    g_set_object(&metered->bus, bus);
    if (metered->wanted && bus != NULL)
        metered_follow(metered);
}

void
fota_metered_free(FotaMetered *metered)
{
    metered_leave(metered);
    g_clear_object(&metered->bus);
    g_free(metered);
}

gboolean
fota_metered_get(FotaMetered *metered)
{
    if (!metered->wanted && metered->bus != NULL)
        metered_follow(metered);
    metered->wanted = TRUE;
    return !metered->known || metered->metered;
}
