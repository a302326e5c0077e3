/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"

/* What is on disk of a module, and who waits for that. */

static void
end_wait(gpointer data, gpointer user_data)
{
    g_autoptr(GTask) task = data;
    FotaModule *module = user_data;

    if (module->save_error != NULL)
        g_task_return_error(task, g_error_copy(module->save_error));
    else
        g_task_return_boolean(task, TRUE);
}

static void
save_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;

    g_clear_error(&module->save_error);
    if (!fota_store_save_finish(module->context->store, result, &module->save_error)) {
        fota_module_set_error(module, module->save_error);
        fota_module_log(module, 3, FOTA_EVENT_NONE, "%s", module->save_error->message);
    }
    module->saves--;
    if (module->saves > 0)
        return;
    g_ptr_array_foreach(module->waiting, end_wait, module);
    g_ptr_array_set_size(module->waiting, 0);
}

void
fota_module_save(FotaModule *module, GBytes *manifest)
{
    module->saves++;
    fota_store_save_async(module->context->store, module->record, manifest, save_done,
                          g_object_ref(module));
}

void
fota_module_save_data(FotaModule *module)
{
    FotaRecord *record = module->record;
    guint64 today = (guint64)(fota_clock_now() / G_TIME_SPAN_DAY);

    if (record->data_saved == today)
        return;
    record->data_saved = today;
    fota_module_save(module, NULL);
}

void
fota_module_wait_saved_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(module, NULL, callback, user_data);

    if (module->saves > 0)
        g_ptr_array_add(module->waiting, task);
    else
        end_wait(task, module);
}

gboolean
fota_module_wait_saved_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
