/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include <string.h>

#include "daemon/mm/fota-mm-error.h"

static void
clear_pin(gpointer data)
{
    explicit_bzero(data, strlen(data));
    g_free(data);
}

static void
pin_sent(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    int cme;

    if (mm_sim_send_pin_finish(MM_SIM(object), result, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, fota_mm_translate_error(error, "the PIN", &cme));
}

static void
sim_found(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(MMSim) sim = mm_modem_get_sim_finish(MM_MODEM(object), result, &error);

    if (sim == NULL) {
        g_dbus_error_strip_remote_error(error);
        g_task_return_error(task, g_steal_pointer(&error));
    } else {
        mm_sim_send_pin(sim, g_task_get_task_data(task), g_task_get_cancellable(task), pin_sent,
                        g_object_ref(task));
    }
}

void
fota_mm_send_pin_async(FotaMm *mm, const char *path, const char *pin, GAsyncReadyCallback callback,
                       gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, mm->closing, callback, user_data);
    FotaMmModem *modem = g_hash_table_lookup(mm->modems, path);

    g_task_set_task_data(task, g_strdup(pin), clear_pin);
    if (modem == NULL)
        g_task_return_new_error(task, MM_CORE_ERROR, MM_CORE_ERROR_NOT_FOUND,
                                "ModemManager does not see the module");
    else
        mm_modem_get_sim(mm_object_peek_modem(modem->object), mm->closing, sim_found,
                         g_object_ref(task));
}

gboolean
fota_mm_send_pin_finish(FotaMm *mm, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
