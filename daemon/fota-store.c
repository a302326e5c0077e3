/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/fota-authority.h"
#include "daemon/fota-error.h"
#include "daemon/fota-mount.h"

#define TEMPORARY_LENGTH strlen("XXXXXX")

struct _FotaStore {
    char *directory;
    gboolean is_volatile;
    GThreadPool *writer;
};

typedef enum {
    SAVE_RECORD,
    SAVE_TIME, /* of the file, nothing else */
    SAVE_FILE,
    SAVE_NOTHING, /* deletes the file */
} SaveKind;

typedef struct {
    SaveKind kind;
    char *file;
    char *previous;
    char *manifest_file;
    GBytes *record;
    GBytes *manifest; /* may be NULL */
    gint64 time;      /* µs */
} Save;

static void
save_free(gpointer data)
{
    Save *save = data;

    g_free(save->file);
    g_free(save->previous);
    g_free(save->manifest_file);
    g_clear_pointer(&save->record, g_bytes_unref);
    g_clear_pointer(&save->manifest, g_bytes_unref);
    g_free(save);
}

static char *
store_file(FotaStore *store, const char *imei, const char *suffix)
{
    g_autofree char *name = g_strconcat(imei, suffix, NULL);

    return g_build_filename(store->directory, name, NULL);
}

static gboolean
write_durably(const char *file, GBytes *bytes, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    return g_file_set_contents_full(file, data, (gssize)size,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    0600, error);
}

static void
set_time(const Save *save, GError **error)
{
    const struct timespec moment = {.tv_sec = save->time / G_USEC_PER_SEC,
                                    .tv_nsec = save->time % G_USEC_PER_SEC * 1000};
    const struct timespec times[] = {moment, moment};
    int fd = open(save->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || futimens(fd, times) < 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", save->file,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

/*
 * The old generation is moved aside first. A power cut in between leaves only that one, and
 * fota_store_load() takes it: nobody had been promised the new one yet.
 */
static void
write_generation(const Save *save, GError **error)
{
    if (save->manifest != NULL && !write_durably(save->manifest_file, save->manifest, error))
        return;
    if (g_rename(save->file, save->previous) < 0 && errno != ENOENT)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", save->previous,
                    g_strerror(errno));
    else
        write_durably(save->file, save->record, error);
}

/* The directory is there from the first file on: a gateway that keeps none has none. */
static void
write_file(const Save *save, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(save->file);

    if (g_mkdir(directory, 0700) < 0 && errno != EEXIST)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", directory,
                    g_strerror(errno));
    else
        write_durably(save->file, save->record, error);
}

/* A file that comes back after a power cut is posted once more under its key, which does no harm.
 */
static void
delete_file(const char *file, GError **error)
{
    if (g_unlink(file) < 0 && errno != ENOENT)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", file,
                    g_strerror(errno));
}

static void
write_save(gpointer data, gpointer user_data)
{
    g_autoptr(GTask) task = data;
    const Save *save = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;

    switch (save->kind) {
    case SAVE_RECORD:
        write_generation(save, &error);
        break;
    case SAVE_TIME:
        set_time(save, &error);
        break;
    case SAVE_FILE:
        write_file(save, &error);
        break;
    case SAVE_NOTHING:
        delete_file(save->file, &error);
        break;
    }
    if (error != NULL)
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE,
                                "the state could not be written%s: %s",
                                save->kind == SAVE_RECORD ? ", so nothing is started" : "",
                                error->message);
    else
        g_task_return_boolean(task, TRUE);
}

/* The remains of a write that was cut off: GLib's temporary file, <imei>.json.XXXXXX. */
static gboolean
is_leftover(const char *name)
{
    static const char *const written[] = {".json.", ".manifest.", ".lease."};
    const char *end = strchr(name, '.');

    for (guint i = 0; end != NULL && i < G_N_ELEMENTS(written); i++) {
        if (g_str_has_prefix(end, written[i]) &&
            strlen(end) == strlen(written[i]) + TEMPORARY_LENGTH)
            return TRUE;
    }
    return FALSE;
}

static void
sweep(FotaStore *store)
{
    g_autoptr(GDir) dir = g_dir_open(store->directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(store->directory, name, NULL);

        if (is_leftover(name) && g_unlink(file) < 0)
            g_message("%s: %s", file, g_strerror(errno));
    }
}

FotaStore *
fota_store_new(const char *directory, GError **error)
{
    FotaStore *store;

    if (g_mkdir_with_parents(directory, 0700) < 0) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE, "%s: %s", directory,
                    g_strerror(errno));
        return NULL;
    }
    if (!fota_authority_validate(directory, error))
        return NULL;
    store = g_new0(FotaStore, 1);
    store->directory = g_strdup(directory);
    store->is_volatile = fota_mount_is_volatile(directory);
    sweep(store);
    store->writer = g_thread_pool_new(write_save, NULL, 1, FALSE, NULL);
    return store;
}

void
fota_store_free(FotaStore *store)
{
    g_thread_pool_free(store->writer, FALSE, TRUE);
    g_free(store->directory);
    g_free(store);
}

GStrv
fota_store_list(FotaStore *store)
{
    g_autoptr(GStrvBuilder) imeis = g_strv_builder_new();
    g_autoptr(GDir) dir = g_dir_open(store->directory, 0, NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        const char *dot = strchr(name, '.');

        if (dot == NULL || (strcmp(dot, ".json") != 0 && strcmp(dot, ".json.prev") != 0))
            continue;
        if (g_hash_table_add(seen, g_strndup(name, (gsize)(dot - name)))) {
            g_autofree char *imei = g_strndup(name, (gsize)(dot - name));

            g_strv_builder_add(imeis, imei);
        }
    }
    return g_strv_builder_end(imeis);
}

/* NULL without an error when there is no such file. */
static GBytes *
read_file(const char *file, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    char *data;
    gsize size;

    if (g_file_get_contents(file, &data, &size, &local_error))
        return g_bytes_new_take(data, size);
    if (!g_error_matches(local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_set_error_literal(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD, local_error->message);
    return NULL;
}

/* The record in one file. NULL without an error when there is none. */
static FotaRecord *
load_generation(const char *file, const char *imei, GError **error)
{
    g_autoptr(GBytes) bytes = read_file(file, error);
    FotaRecord *record = bytes != NULL ? fota_record_parse(bytes, imei, error) : NULL;

    if (bytes != NULL && record == NULL)
        g_prefix_error(error, "%s: ", file);
    return record;
}

/*
 * The generation that is lost may have said that the order was given: where download and install
 * are one it follows the mark of the download. It may also have said that the module was told yes,
 * of which this one has no version to compare with: what the module asks counts when it asks again.
 */
static void
doubt(FotaRecord *record)
{
    if (record->mark == FOTA_MARK_DOWNLOADING || record->mark == FOTA_MARK_DOWNLOADED)
        record->mark = FOTA_MARK_INSTALLING;
    if (record->question_approved[0] != '\0')
        fota_record_forget_question(record);
}

FotaRecord *
fota_store_load(FotaStore *store, const char *imei, GError **error)
{
    g_autofree char *file = store_file(store, imei, ".json");
    g_autofree char *previous = store_file(store, imei, ".json.prev");
    g_autoptr(GError) local_error = NULL;
    FotaRecord *record = load_generation(file, imei, &local_error);
    gboolean damaged = local_error != NULL;

    if (record != NULL)
        return record;
    record = load_generation(previous, imei, damaged ? NULL : &local_error);
    if (record == NULL && local_error != NULL)
        g_propagate_prefixed_error(error, g_steal_pointer(&local_error),
                                   "nothing is known about earlier updates: ");
    else if (damaged)
        g_propagate_prefixed_error(error, g_steal_pointer(&local_error),
                                   "the state of the generation before is used: ");
    if (record != NULL && damaged)
        doubt(record);
    return record != NULL ? record : fota_record_new(imei);
}

GBytes *
fota_store_load_manifest(FotaStore *store, const char *imei)
{
    g_autofree char *file = store_file(store, imei, ".manifest");

    return read_file(file, NULL);
}

void
fota_store_save_async(FotaStore *store, const FotaRecord *record, GBytes *manifest,
                      GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, NULL, callback, user_data);
    Save *save = g_new0(Save, 1);

    save->file = store_file(store, record->imei, ".json");
    save->previous = store_file(store, record->imei, ".json.prev");
    save->manifest_file = store_file(store, record->imei, ".manifest");
    save->record = fota_record_serialize(record);
    save->manifest = manifest != NULL ? g_bytes_ref(manifest) : NULL;
    g_task_set_task_data(task, save, save_free);
    g_thread_pool_push(store->writer, task, NULL);
}

const char *
fota_store_get_directory(FotaStore *store)
{
    return store->directory;
}

gboolean
fota_store_is_volatile(FotaStore *store)
{
    return store->is_volatile;
}

guint64
fota_store_get_free_space(FotaStore *store)
{
    struct statvfs status;

    if (statvfs(store->directory, &status) < 0)
        return G_MAXUINT64;
    return (guint64)status.f_bavail * status.f_frsize;
}

gint64
fota_store_load_check_time(FotaStore *store, const char *imei)
{
    g_autofree char *file = store_file(store, imei, ".checked");
    struct stat status;

    if (stat(file, &status) < 0)
        return 0;
    return (gint64)status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
}

void
fota_store_save_check_time_async(FotaStore *store, const char *imei, gint64 time,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, NULL, callback, user_data);
    Save *save = g_new0(Save, 1);

    save->kind = SAVE_TIME;
    save->file = store_file(store, imei, ".checked");
    save->time = time;
    g_task_set_task_data(task, save, save_free);
    g_thread_pool_push(store->writer, task, NULL);
}

void
fota_store_write_async(FotaStore *store, const char *file, GBytes *bytes,
                       GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, NULL, callback, user_data);
    Save *save = g_new0(Save, 1);

    save->kind = bytes != NULL ? SAVE_FILE : SAVE_NOTHING;
    save->file = g_build_filename(store->directory, file, NULL);
    save->record = bytes != NULL ? g_bytes_ref(bytes) : NULL;
    g_task_set_task_data(task, save, save_free);
    g_thread_pool_push(store->writer, task, NULL);
}

gboolean
fota_store_save_finish(FotaStore *store, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
