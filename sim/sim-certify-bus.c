/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-certify-bus.h"

#include <unistd.h>

#include <gio/gunixfdlist.h>

#define NAME "org.fotad.Fota1"
#define PATH "/org/fotad/Fota1"
#define MODULE NAME ".Module"
#define ERROR_PREFIX NAME ".Error."
/* For conditions that no signal announces. */
#define LOOK_AGAIN_MS 200

struct _CertifyBus {
    GDBusConnection *connection;
    GDBusConnection *monitor;
    char *path; /* of the module */
    guint signals;
    int inhibition; /* descriptor, -1: none */
    GPtrArray *answers;
    char *last_id;
    GHashTable *ids;     /* token -> id */
    GHashTable *tokens;  /* id -> token */
    GHashTable *results; /* id -> result */
};

/* A message on its way from the monitor's thread to the main loop. */
typedef struct {
    CertifyBus *bus;
    GDBusMessage *message;
} Heard;

static void
answer_free(gpointer data)
{
    CertifyAnswer *answer = data;

    g_free(answer->sender);
    g_free(answer->method);
    g_free(answer->token);
    g_free(answer->error);
    g_free(answer);
}

static void
heard_call(CertifyBus *bus, GDBusMessage *message)
{
    const char *const methods[] = {"Approve", "Reject", "Defer", NULL};
    GVariant *body = g_dbus_message_get_body(message);
    CertifyAnswer *answer;

    if (g_strcmp0(g_dbus_message_get_path(message), bus->path) != 0 || body == NULL ||
        !g_strv_contains(methods, g_dbus_message_get_member(message)) ||
        g_variant_n_children(body) == 0)
        return;
    answer = g_new0(CertifyAnswer, 1);
    answer->sender = g_strdup(g_dbus_message_get_sender(message));
    answer->serial = g_dbus_message_get_serial(message);
    answer->method = g_strdup(g_dbus_message_get_member(message));
    g_variant_get_child(body, 0, "s", &answer->token);
    g_ptr_array_add(bus->answers, answer);
}

static void
heard_reply(CertifyBus *bus, GDBusMessage *message)
{
    for (guint i = 0; i < bus->answers->len; i++) {
        CertifyAnswer *answer = g_ptr_array_index(bus->answers, i);
        const char *error = g_dbus_message_get_error_name(message);

        if (answer->serial != g_dbus_message_get_reply_serial(message) ||
            g_strcmp0(answer->sender, g_dbus_message_get_destination(message)) != 0)
            continue;
        answer->replied = TRUE;
        if (error != NULL && g_str_has_prefix(error, ERROR_PREFIX))
            error += strlen(ERROR_PREFIX);
        answer->error = g_strdup(error);
    }
}

static gboolean
on_heard(gpointer user_data)
{
    Heard *heard = user_data;

    if (g_dbus_message_get_message_type(heard->message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
        heard_call(heard->bus, heard->message);
    else
        heard_reply(heard->bus, heard->message);
    return G_SOURCE_REMOVE;
}

static void
heard_free(gpointer data)
{
    Heard *heard = data;

    g_object_unref(heard->message);
    g_free(heard);
}

/* In the connection's thread. A monitor must not answer what it hears. */
static GDBusMessage *
on_message(GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
           gpointer user_data)
{
    CertifyBus *bus = user_data;
    const char *own = g_dbus_connection_get_unique_name(bus->connection);
    Heard *heard;

    if (!incoming)
        return message;
    if (g_strcmp0(g_dbus_message_get_sender(message), own) == 0 ||
        g_strcmp0(g_dbus_message_get_destination(message), own) == 0) {
        g_object_unref(message);
        return NULL;
    }
    heard = g_new0(Heard, 1);
    heard->bus = bus;
    heard->message = message;
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, on_heard, heard, heard_free);
    return NULL;
}

static void
note_offer(CertifyBus *bus, GVariant *update)
{
    const char *id, *token;

    if (!g_variant_lookup(update, "id", "&s", &id) ||
        !g_variant_lookup(update, "token", "&s", &token))
        return;
    g_hash_table_insert(bus->ids, g_strdup(token), g_strdup(id));
    g_hash_table_insert(bus->tokens, g_strdup(id), g_strdup(token));
    g_free(bus->last_id);
    bus->last_id = g_strdup(id);
}

static void
on_signal(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
          const char *name, GVariant *arguments, gpointer user_data)
{
    CertifyBus *bus = user_data;

    if (g_str_equal(name, "ApprovalRequested")) {
        g_autoptr(GVariant) update = g_variant_get_child_value(arguments, 2);

        note_offer(bus, update);
    } else if (g_str_equal(name, "UpdateFinished")) {
        const char *id, *result;

        g_variant_get_child(arguments, 0, "&s", &id);
        g_variant_get_child(arguments, 1, "&s", &result);
        g_hash_table_insert(bus->results, g_strdup(id), g_strdup(result));
    }
}

static gboolean
become_monitor(CertifyBus *bus, GError **error)
{
    const char *const rules[] = {"type='method_call',interface='" MODULE "'",
                                 "type='method_return',sender='" NAME "'",
                                 "type='error',sender='" NAME "'", NULL};
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus->monitor, "org.freedesktop.DBus", "/org/freedesktop/DBus",
        "org.freedesktop.DBus.Monitoring", "BecomeMonitor", g_variant_new("(^asu)", rules, 0), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);

    if (reply == NULL) {
        g_prefix_error(error, "only root may hear what an application says to fotad: ");
        return FALSE;
    }
    g_dbus_connection_add_filter(bus->monitor, on_message, bus, NULL);
    return TRUE;
}

CertifyBus *
certify_bus_new(const char *imei, GError **error)
{
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    const GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
    CertifyBus *bus;

    if (address == NULL)
        return NULL;
    bus = g_new0(CertifyBus, 1);
    bus->path = g_strdup_printf(PATH "/Module/%s", imei);
    bus->inhibition = -1;
    bus->answers = g_ptr_array_new_with_free_func(answer_free);
    bus->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bus->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bus->results = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bus->connection = g_dbus_connection_new_for_address_sync(address, flags, NULL, NULL, error);
    if (bus->connection != NULL)
        bus->monitor = g_dbus_connection_new_for_address_sync(address, flags, NULL, NULL, error);
    if (bus->monitor == NULL)
        g_prefix_error(error, "there is no system bus at %s: ", address);
    if (bus->monitor == NULL || !become_monitor(bus, error)) {
        certify_bus_free(bus);
        return NULL;
    }
    bus->signals =
        g_dbus_connection_signal_subscribe(bus->connection, NAME, NULL, NULL, bus->path, NULL,
                                           G_DBUS_SIGNAL_FLAGS_NONE, on_signal, bus, NULL);
    return bus;
}

void
certify_bus_free(CertifyBus *bus)
{
    if (bus->inhibition >= 0)
        close(bus->inhibition);
    if (bus->monitor != NULL)
        g_dbus_connection_close_sync(bus->monitor, NULL, NULL);
    g_clear_object(&bus->monitor);
    if (bus->connection != NULL && bus->signals != 0)
        g_dbus_connection_signal_unsubscribe(bus->connection, bus->signals);
    if (bus->connection != NULL)
        g_dbus_connection_close_sync(bus->connection, NULL, NULL);
    g_clear_object(&bus->connection);
    while (g_main_context_iteration(NULL, FALSE)) /* what was heard at last */
        ;
    g_ptr_array_unref(bus->answers);
    g_hash_table_unref(bus->ids);
    g_hash_table_unref(bus->tokens);
    g_hash_table_unref(bus->results);
    g_free(bus->last_id);
    g_free(bus->path);
    g_free(bus);
}

GPtrArray *
certify_bus_get_answers(CertifyBus *bus)
{
    return bus->answers;
}

const char *
certify_bus_get_id(CertifyBus *bus, const char *token)
{
    return g_hash_table_lookup(bus->ids, token);
}

const char *
certify_bus_get_last_id(CertifyBus *bus)
{
    return bus->last_id;
}

const char *
certify_bus_get_token(CertifyBus *bus, const char *id)
{
    return g_hash_table_lookup(bus->tokens, id);
}

const char *
certify_bus_get_result(CertifyBus *bus, const char *id)
{
    return g_hash_table_lookup(bus->results, id);
}

static GVariant *
read_properties(CertifyBus *bus)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus->connection, NAME, bus->path, "org.freedesktop.DBus.Properties", "GetAll",
        g_variant_new("(s)", MODULE), G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
        -1, NULL, NULL);

    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

char *
certify_bus_read_offer(CertifyBus *bus)
{
    g_autoptr(GVariant) properties = read_properties(bus);
    g_autoptr(GVariant) update = NULL;
    char *id = NULL;

    if (properties == NULL)
        return NULL;
    update = g_variant_lookup_value(properties, "Update", G_VARIANT_TYPE_VARDICT);
    if (update != NULL)
        note_offer(bus, update);
    if (update == NULL || !g_variant_lookup(update, "id", "s", &id))
        return NULL;
    return id;
}

char *
certify_bus_read_revision(CertifyBus *bus)
{
    g_autoptr(GVariant) properties = read_properties(bus);
    char *revision = NULL;

    if (properties == NULL || !g_variant_lookup(properties, "Revision", "s", &revision))
        return NULL;
    return revision;
}

gboolean
certify_bus_call(CertifyBus *bus, const char *method, GVariant *arguments, GError **error)
{
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_sync(bus->connection, NAME, bus->path, MODULE, method, arguments,
                                    NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, error);

    return reply != NULL;
}

gboolean
certify_bus_is_busy(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);

    return g_strcmp0(name, ERROR_PREFIX "Busy") == 0;
}

gboolean
certify_bus_set_inhibited(CertifyBus *bus, gboolean on, GError **error)
{
    g_autoptr(GUnixFDList) list = NULL;
    g_autoptr(GVariant) reply = NULL;
    gint32 index;

    if (bus->inhibition >= 0)
        close(bus->inhibition);
    bus->inhibition = -1;
    if (!on)
        return TRUE;
    reply = g_dbus_connection_call_with_unix_fd_list_sync(
        bus->connection, NAME, PATH, NAME ".Manager", "Inhibit",
        g_variant_new("(ss)", "fota-sim certify", "an application is being certified"),
        G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, &list, NULL, error);
    if (reply == NULL)
        return FALSE;
    g_variant_get(reply, "(h)", &index);
    bus->inhibition = g_unix_fd_list_get(list, index, error);
    return bus->inhibition >= 0;
}

static gboolean
on_limit(gpointer user_data)
{
    gboolean *over = user_data;

    *over = TRUE;
    return G_SOURCE_CONTINUE;
}

static gboolean
on_look_again(gpointer user_data)
{
    return G_SOURCE_CONTINUE;
}

gboolean
certify_bus_wait(CertifyCondition condition, gpointer user_data, double seconds)
{
    gboolean over = FALSE;
    guint limit = g_timeout_add((guint)(seconds * 1000), on_limit, &over);
    guint again = g_timeout_add(LOOK_AGAIN_MS, on_look_again, NULL);
    gboolean met;

    while (!(met = condition(user_data)) && !over)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(again);
    g_source_remove(limit);
    return met;
}
