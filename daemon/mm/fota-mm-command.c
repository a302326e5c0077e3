/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-error.h"
#include "daemon/mm/fota-mm-private.h"
#include "plugins/fota-plugin.h"

/* ModemManager's time starts when it sends the command; its own commands may come first. */
#define MARGIN_SECONDS 15
#define MAY_COMMAND_SECONDS 10

static void
command_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(object), result, &error);
    g_autofree char *text = NULL;

    if (reply == NULL) {
        g_dbus_error_strip_remote_error(error);
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    g_variant_get(reply, "(s)", &text);
    g_task_return_pointer(task, g_steal_pointer(&text), g_free);
}

void
fota_mm_command_async(FotaMm *mm, const char *path, const char *command, guint seconds,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);
    FotaMmModem *modem = g_hash_table_lookup(mm->modems, path);
    MMModem *proxy = modem != NULL ? mm_object_peek_modem(modem->object) : NULL;
    gint64 limit = ((gint64)seconds + MARGIN_SECONDS) * 1000;

    if (proxy == NULL) {
        g_task_return_new_error(task, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT,
                                "ModemManager has no modem %s", path);
        g_object_unref(task);
        return;
    }
    /* Not mm_modem_command(), whose limit is the proxy's and the same for every call. */
    g_dbus_proxy_call(G_DBUS_PROXY(proxy), "Command", g_variant_new("(su)", command, seconds),
                      G_DBUS_CALL_FLAGS_NO_AUTO_START, (int)MIN(limit, G_MAXINT), cancellable,
                      command_done, task);
}

static gboolean
is_forbidden(const GError *error)
{
    return g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED) ||
           g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNSUPPORTED) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
}

/* The module's answer does not matter, only that Command is allowed. */
static gboolean
is_answer_of_module(const GError *error)
{
    return error->domain == MM_MOBILE_EQUIPMENT_ERROR || error->domain == MM_SERIAL_ERROR ||
           error->domain == MM_CONNECTION_ERROR;
}

static void
may_command_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_task_propagate_pointer(G_TASK(result), &error);

    if (text != NULL || is_answer_of_module(error))
        g_task_return_boolean(task, TRUE);
    else if (is_forbidden(error))
        g_task_return_boolean(task, FALSE);
    else
        g_task_return_error(task, g_steal_pointer(&error));
}

void
fota_mm_may_command_async(FotaMm *mm, const char *path, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);

    fota_mm_command_async(mm, path, "AT", MAY_COMMAND_SECONDS, cancellable, may_command_done, task);
}

gboolean
fota_mm_may_command_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
reset_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    int cme;

    if (mm_modem_reset_finish(MM_MODEM(object), result, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, fota_mm_translate_error(error, "Reset()", &cme));
}

void
fota_mm_reset_async(FotaMm *mm, const char *imei, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    FotaMmModem *modem = fota_mm_find_modem(mm, imei);

    if (modem == NULL)
        g_task_return_new_error(task, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                                "ModemManager does not show the module now");
    else
        mm_modem_reset(mm_object_peek_modem(modem->object), cancellable, reset_done,
                       g_object_ref(task));
}

gboolean
fota_mm_reset_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
