/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "daemon/module/fota-keeper.h"

/* Who waits for what is saved of one module, while the flash takes its time. */

#define IMEI "353081090012345"

static struct {
    GAsyncReadyCallback done;
    gpointer user_data;
} writes[4];
static guint n_writes;

void __wrap_fota_store_save_async(FotaStore *store, const FotaRecord *record, GBytes *manifest,
                                  GAsyncReadyCallback callback, gpointer user_data);

void
__wrap_fota_store_save_async(FotaStore *store, const FotaRecord *record, GBytes *manifest,
                             GAsyncReadyCallback callback, gpointer user_data)
{
    g_assert_cmpuint(n_writes, <, G_N_ELEMENTS(writes));
    writes[n_writes].done = callback;
    writes[n_writes++].user_data = user_data;
}

/* The write of this number ends. */
static void
end_write(guint number, gboolean well)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);

    if (well)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_FAILED, "full");
    writes[number].done(NULL, G_ASYNC_RESULT(task), writes[number].user_data);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
nothing(gpointer object)
{
}

static void
waited(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_assert_null(*(GAsyncResult **)user_data);
    *(GAsyncResult **)user_data = g_object_ref(result);
}

/* Each waits for what was to be saved before, not for what follows, and is told of that alone. */
static void
test_wait(void)
{
    g_autoptr(GObject) object = g_object_new(G_TYPE_OBJECT, NULL);
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaStore) store = fota_store_new(directory, &error);
    const FotaPartOwner owner = {object, nothing};
    g_autoptr(FotaKeeper) keeper = fota_keeper_new(store, fota_record_new(IMEI), &owner);
    g_autoptr(GAsyncResult) first = NULL;
    g_autoptr(GAsyncResult) second = NULL;
    g_autoptr(GAsyncResult) third = NULL;

    fota_keeper_save(keeper, NULL);
    fota_keeper_wait_async(keeper, waited, &first);
    fota_keeper_save(keeper, NULL);
    fota_keeper_save(keeper, NULL);
    fota_keeper_wait_async(keeper, waited, &second);
    fota_keeper_save(keeper, NULL);
    end_write(0, TRUE);
    g_assert_true(fota_keeper_wait_finish(keeper, first, &error));
    end_write(1, TRUE);
    g_assert_null(second);
    end_write(2, FALSE);
    g_assert_false(fota_keeper_wait_finish(keeper, second, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_FAILED);
    g_clear_error(&error);
    end_write(3, TRUE);
    fota_keeper_wait_async(keeper, waited, &third);
    while (third == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_keeper_wait_finish(keeper, third, &error));
    g_rmdir(directory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keeper/wait", test_wait);
    return g_test_run();
}
