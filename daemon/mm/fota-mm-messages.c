/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include <syslog.h>

#include "daemon/fota-log.h"

#define SMS_INTERFACE "org.freedesktop.ModemManager1.Sms"

/* Text messages to the modules whose owner is interested in them. Each is read once it is whole;
 * one that is taken is deleted, all others are left as they are. */

/* A message that is read or deleted. The modem object may be gone when the answer comes. */
typedef struct {
    FotaMm *mm;
    char *modem; /* object path */
    guint64 serial;
    char *path;
} Message;

static void
message_free(Message *message)
{
    g_free(message->modem);
    g_free(message->path);
    g_free(message);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)

static FotaMmModem *
message_find_modem(const Message *message)
{
    FotaMmModem *modem = g_hash_table_lookup(message->mm->modems, message->modem);

    return modem != NULL && modem->serial == message->serial ? modem : NULL;
}

static void
message_deleted(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Message) message = user_data;
    g_autoptr(GError) error = NULL;
    const FotaMmModem *modem;
    FotaLogContext context = {0};

    if (mm_modem_messaging_delete_finish(MM_MODEM_MESSAGING(object), result, &error) ||
        fota_mm_is_cancelled(error))
        return;
    g_dbus_error_strip_remote_error(error);
    modem = message_find_modem(message);
    context.imei = modem != NULL && modem->facts != NULL ? modem->facts->imei : NULL;
    fota_log(LOG_WARNING, FOTA_EVENT_NONE, &context,
             "ModemManager does not delete the text message that asked for a check: %s",
             error->message);
}

/* Takes @message. */
static void
delete_message(FotaMmModem *modem, Message *message)
{
    mm_modem_messaging_delete(mm_object_peek_modem_messaging(modem->object), message->path,
                              message->mm->closing, message_deleted, message);
}

/* One in several parts is shown before it has arrived whole. */
static MMSmsState
get_state(GVariant *properties)
{
    guint32 state = MM_SMS_STATE_UNKNOWN;

    g_variant_lookup(properties, "State", "u", &state);
    return (MMSmsState)state;
}

static gboolean
is_received(GVariant *properties)
{
    guint32 type = MM_SMS_PDU_TYPE_UNKNOWN;

    g_variant_lookup(properties, "PduType", "u", &type);
    return get_state(properties) == MM_SMS_STATE_RECEIVED && type == MM_SMS_PDU_TYPE_DELIVER;
}

static void
message_read(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Message) message = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    g_autoptr(GVariant) properties = NULL;
    const char *sender = "", *text = "";
    FotaMm *mm = message->mm;
    FotaMmModem *modem;

    if (fota_mm_is_cancelled(error))
        return;
    modem = message_find_modem(message);
    if (modem == NULL || modem->facts == NULL ||
        mm_object_peek_modem_messaging(modem->object) == NULL)
        return;
    /* It is asked for again with the next change of the modem, if it is still there. */
    if (reply == NULL) {
        g_hash_table_remove(modem->messages, message->path);
        return;
    }
    properties = g_variant_get_child_value(reply, 0);
    if (get_state(properties) == MM_SMS_STATE_RECEIVING &&
        g_hash_table_contains(modem->messages, message->path))
        g_hash_table_insert(modem->messages, g_strdup(message->path), GINT_TO_POINTER(TRUE));
    g_variant_lookup(properties, "Number", "&s", &sender);
    g_variant_lookup(properties, "Text", "&s", &text);
    if (is_received(properties) &&
        mm->callbacks->message(modem->facts->imei, sender, text, mm->user_data))
        delete_message(modem, g_steal_pointer(&message));
}

static void
read_message(FotaMmModem *modem, const char *path)
{
    FotaMm *mm = modem->mm;
    Message *message = g_new0(Message, 1);

    message->mm = mm;
    message->modem = g_strdup(mm_object_get_path(modem->object));
    message->serial = modem->serial;
    message->path = g_strdup(path);
    g_dbus_connection_call(mm->bus, MM_DBUS_SERVICE, path, "org.freedesktop.DBus.Properties",
                           "GetAll", g_variant_new("(s)", SMS_INTERFACE), G_VARIANT_TYPE("(a{sv})"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, mm->closing, message_read, message);
}

void
fota_mm_messages_look(FotaMmModem *modem)
{
    const FotaMmCallbacks *callbacks = modem->mm->callbacks;
    MMModemMessaging *messaging = mm_object_peek_modem_messaging(modem->object);
    const char *const *paths = NULL;
    g_autoptr(GHashTable) known = modem->messages;

    modem->messages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (messaging != NULL && modem->facts != NULL && !modem->refused &&
        callbacks->message != NULL && callbacks->listens(modem->facts->imei, modem->mm->user_data))
        paths = mm_gdbus_modem_messaging_get_messages(MM_GDBUS_MODEM_MESSAGING(messaging));
    for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
        g_hash_table_insert(modem->messages, g_strdup(paths[i]),
                            g_hash_table_lookup(known, paths[i]));
        if (!g_hash_table_contains(known, paths[i]))
            read_message(modem, paths[i]);
    }
}

/* Perhaps its last part has come. */
static void
message_changed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                const char *name, GVariant *parameters, gpointer user_data)
{
    FotaMm *mm = user_data;
    FotaMmModem *modem;
    GHashTableIter iter;

    g_hash_table_iter_init(&iter, mm->modems);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&modem)) {
        if (g_hash_table_lookup(modem->messages, path) == NULL)
            continue;
        g_hash_table_insert(modem->messages, g_strdup(path), NULL);
        read_message(modem, path);
    }
}

void
fota_mm_messages_watch(FotaMm *mm)
{
    mm->message_watch = g_dbus_connection_signal_subscribe(
        mm->bus, MM_DBUS_SERVICE, "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL,
        SMS_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE, message_changed, mm, NULL);
}

void
fota_mm_messages_unwatch(FotaMm *mm)
{
    if (mm->message_watch != 0)
        g_dbus_connection_signal_unsubscribe(mm->bus, mm->message_watch);
    mm->message_watch = 0;
}
