/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-debt-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define SUFFIX ".lease"

struct FotaDebtFile {
    char *path;
    GBytes *written; /* what the file says, NULL = there is none */
};

FotaDebtFile *
fota_debt_file_new(const char *directory, const char *imei)
{
    FotaDebtFile *file = g_new0(FotaDebtFile, 1);
    g_autofree char *name = g_strconcat(imei, SUFFIX, NULL);

    file->path = g_build_filename(directory, name, NULL);
    return file;
}

void
fota_debt_file_free(FotaDebtFile *file)
{
    g_clear_pointer(&file->written, g_bytes_unref);
    g_free(file->path);
    g_free(file);
}

GStrv
fota_debt_file_list(const char *directory, GError **error)
{
    g_autoptr(GDir) entries = g_dir_open(directory, 0, error);
    g_autoptr(GStrvBuilder) imeis = g_strv_builder_new();
    const char *name;

    if (entries == NULL)
        return NULL;
    while ((name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *imei = g_strdup(name);

        if (!g_str_has_suffix(name, SUFFIX))
            continue;
        imei[strlen(imei) - strlen(SUFFIX)] = '\0';
        g_strv_builder_add(imeis, imei);
    }
    return g_strv_builder_end(imeis);
}

FotaDebt *
fota_debt_file_read(FotaDebtFile *file, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    FotaDebt *debt;
    gsize length;
    char *text;

    if (!g_file_get_contents(file->path, &text, &length, error))
        return NULL;
    bytes = g_bytes_new_take(text, length);
    debt = fota_debt_parse(bytes, error);
    if (debt != NULL)
        file->written = g_steal_pointer(&bytes);
    return debt;
}

gboolean
fota_debt_file_holds(const FotaDebtFile *file, const FotaDebt *debt)
{
    g_autoptr(GBytes) bytes = fota_debt_serialize(debt);

    if (file->written == NULL)
        return fota_debt_is_empty(debt);
    return g_bytes_equal(bytes, file->written);
}

typedef struct {
    FotaDebtFile *file; /* main loop only */
    char *path;
    GBytes *bytes;
} Write;

static void
write_free(gpointer data)
{
    Write *write = data;

    g_free(write->path);
    g_bytes_unref(write->bytes);
    g_free(write);
}

static void
write_run(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Write *write = data;
    gsize size;
    const char *text = g_bytes_get_data(write->bytes, &size);
    GError *error = NULL;

    if (g_file_set_contents_full(write->path, text, (gssize)size,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

void
fota_debt_file_write_async(FotaDebtFile *file, const FotaDebt *debt, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Write *write = g_new0(Write, 1);

    write->file = file;
    write->path = g_strdup(file->path);
    write->bytes = fota_debt_serialize(debt);
    g_task_set_task_data(task, write, write_free);
    g_task_run_in_thread(task, write_run);
}

gboolean
fota_debt_file_write_finish(GAsyncResult *result, GError **error)
{
    const Write *write = g_task_get_task_data(G_TASK(result));

    if (!g_task_propagate_boolean(G_TASK(result), error))
        return FALSE;
    g_clear_pointer(&write->file->written, g_bytes_unref);
    write->file->written = g_bytes_ref(write->bytes);
    return TRUE;
}

gboolean
fota_debt_file_remove(FotaDebtFile *file, GError **error)
{
    if (file->written == NULL || g_unlink(file->path) == 0 || errno == ENOENT)
        return TRUE;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "its %s cannot be removed: %s",
                SUFFIX, g_strerror(errno));
    return FALSE;
}
