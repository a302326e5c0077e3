/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/fota-error.h"

#define PART ".part"
#define DIGEST_LENGTH 64

struct _FotaCache {
    char *directory;
    GHashTable *claims; /* holder -> key */
    GHashTable *taken;  /* keys that are being fetched */
};

FotaCache *
fota_cache_new(const char *state)
{
    FotaCache *cache = g_new0(FotaCache, 1);

    cache->directory = g_build_filename(state, "deltas", NULL);
    cache->claims = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    cache->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return cache;
}

void
fota_cache_free(FotaCache *cache)
{
    g_free(cache->directory);
    g_hash_table_unref(cache->claims);
    g_hash_table_unref(cache->taken);
    g_free(cache);
}

static char *
cache_file(FotaCache *cache, const char *key, const char *suffix)
{
    g_autofree char *name = g_strconcat(key, suffix, NULL);

    return g_build_filename(cache->directory, name, NULL);
}

static gboolean
is_whole(const char *suffix)
{
    return suffix[0] == '.' && strlen(suffix) == 1 + DIGEST_LENGTH;
}

static gboolean
name_has_key(const char *name, const char *key)
{
    const char *suffix = name + strlen(key);

    return g_str_has_prefix(name, key) && (strcmp(suffix, PART) == 0 || is_whole(suffix));
}

/* Calls @visit for each file of the cache, until it returns TRUE. */
static gboolean
cache_visit(FotaCache *cache, gboolean (*visit)(const char *file, const char *name, gpointer data),
            gpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(cache->directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(cache->directory, name, NULL);

        if (visit(file, name, data))
            return TRUE;
    }
    return FALSE;
}

/* Claims */

static gboolean
is_claimed(FotaCache *cache, const char *name)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, cache->claims);
    while (g_hash_table_iter_next(&iter, NULL, &key)) {
        if (name_has_key(name, key))
            return TRUE;
    }
    return FALSE;
}

static gboolean
delete_unclaimed(const char *file, const char *name, gpointer data)
{
    if (!is_claimed(data, name) && g_unlink(file) < 0)
        g_message("%s: %s", file, g_strerror(errno));
    return FALSE;
}

void
fota_cache_sweep(FotaCache *cache)
{
    cache_visit(cache, delete_unclaimed, cache);
}

void
fota_cache_claim(FotaCache *cache, const char *holder, const char *key)
{
    const char *before = g_hash_table_lookup(cache->claims, holder);
    gboolean released = before != NULL && g_strcmp0(before, key) != 0;

    if (g_strcmp0(before, key) == 0)
        return;
    if (key != NULL)
        g_hash_table_insert(cache->claims, g_strdup(holder), g_strdup(key));
    else
        g_hash_table_remove(cache->claims, holder);
    if (released)
        fota_cache_sweep(cache);
}

/* What is there */

typedef struct {
    const char *key;
    gboolean whole; /* only that */
    char *file;
    const char *digest; /* within @file */
} Search;

static gboolean
search_visit(const char *file, const char *name, gpointer data)
{
    Search *search = data;

    if (!name_has_key(name, search->key) || (search->whole && g_str_has_suffix(name, PART)))
        return FALSE;
    g_free(search->file);
    search->file = g_strdup(file);
    search->digest = search->file + strlen(file) - DIGEST_LENGTH;
    return search->whole;
}

static guint64
file_size(const char *file)
{
    struct stat status;

    return stat(file, &status) == 0 ? (guint64)status.st_size : 0;
}

gboolean
fota_cache_has(FotaCache *cache, const char *key)
{
    Search search = {.key = key, .whole = TRUE};

    cache_visit(cache, search_visit, &search);
    g_free(search.file);
    return search.file != NULL;
}

guint64
fota_cache_get_bytes(FotaCache *cache, const char *key)
{
    Search search = {.key = key};
    guint64 bytes = 0;

    cache_visit(cache, search_visit, &search);
    if (search.file != NULL)
        bytes = file_size(search.file);
    g_free(search.file);
    return bytes;
}

typedef struct {
    const char *key;
    guint64 bytes;
} Sum;

static gboolean
sum_visit(const char *file, const char *name, gpointer data)
{
    Sum *sum = data;

    if (!name_has_key(name, sum->key))
        sum->bytes += file_size(file);
    return FALSE;
}

guint64
fota_cache_get_used(FotaCache *cache, const char *key)
{
    Sum sum = {.key = key};

    cache_visit(cache, sum_visit, &sum);
    return sum.bytes;
}

/* Writing */

gboolean
fota_cache_take_part(FotaCache *cache, const char *key)
{
    return g_hash_table_add(cache->taken, g_strdup(key));
}

void
fota_cache_give_part_back(FotaCache *cache, const char *key)
{
    g_hash_table_remove(cache->taken, key);
}

GFileOutputStream *
fota_cache_open_part(FotaCache *cache, const char *key, GError **error)
{
    g_autofree char *path = cache_file(cache, key, PART);
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GError) fault = NULL;
    GFileOutputStream *stream;

    if (g_mkdir(cache->directory, 0700) < 0 && errno != EEXIST) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE, "%s: %s", cache->directory,
                    g_strerror(errno));
        return NULL;
    }
    stream = g_file_append_to(file, G_FILE_CREATE_PRIVATE, NULL, &fault);
    if (stream == NULL)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE, "the delta cannot be kept: %s",
                    fault->message);
    return stream;
}

static gboolean
remove_part(const char *file, GError **error)
{
    if (g_unlink(file) == 0 || errno == ENOENT)
        return TRUE;
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE,
                "what has come of the delta cannot be removed: %s: %s", file, g_strerror(errno));
    return FALSE;
}

gboolean
fota_cache_delete_part(FotaCache *cache, const char *key, GError **error)
{
    g_autofree char *file = cache_file(cache, key, PART);

    return remove_part(file, error);
}

void
fota_cache_delete(FotaCache *cache, const char *key)
{
    Search search = {.key = key, .whole = TRUE};

    if (cache_visit(cache, search_visit, &search) && g_unlink(search.file) < 0)
        g_message("%s: %s", search.file, g_strerror(errno));
    g_free(search.file);
}

/* Reads @fd, whose place stays, from its beginning to its end. NULL = it cannot be read. */
static char *
digest_file(int fd, guint64 *size, GCancellable *cancellable, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 chunk[65536];
    gssize length;

    *size = 0;
    while ((length = pread(fd, chunk, sizeof chunk, (off_t)*size)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA, "the delta cannot be read: %s",
                        g_strerror(errno));
            return NULL;
        }
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return NULL;
        g_checksum_update(sum, chunk, length);
        *size += (guint64)length;
    }
    return g_strdup(g_checksum_get_string(sum));
}

typedef struct {
    char *directory;
    char *key;
    char *part;
    guint64 size;
    char *sha256;
} Completion;

static void
completion_free(gpointer data)
{
    Completion *completion = data;

    g_free(completion->directory);
    g_free(completion->key);
    g_free(completion->part);
    g_free(completion->sha256);
    g_free(completion);
}

static gboolean
fail_to_keep(GError **error)
{
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE, "the delta cannot be kept: %s",
                g_strerror(errno));
    return FALSE;
}

static gboolean
completion_compare(const Completion *completion, guint64 size, const char *sha256, GError **error)
{
    if (completion->size > 0 && size != completion->size)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA,
                    "the delta that was fetched has %" G_GUINT64_FORMAT
                    " bytes, the manifest says %" G_GUINT64_FORMAT,
                    size, completion->size);
    else if (size == 0)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA, "the delta that was fetched is empty");
    else if (completion->sha256 != NULL && strcmp(sha256, completion->sha256) != 0)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA,
                    "the delta that was fetched does not have the digest that the manifest names");
    else
        return TRUE;
    return FALSE;
}

/* The name that says whole is on disk only after what it names. */
static gboolean
completion_publish(const Completion *completion, int fd, const char *sha256, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%s", completion->key, sha256);
    g_autofree char *file = g_build_filename(completion->directory, name, NULL);
    gboolean synchronised;
    int directory;

    if (fsync(fd) < 0 || g_rename(completion->part, file) < 0)
        return fail_to_keep(error);
    directory = open(completion->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    synchronised = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0)
        close(directory);
    return synchronised || fail_to_keep(error);
}

static void
completion_run(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Completion *completion = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) stays = NULL;
    g_autofree char *sha256 = NULL;
    guint64 size;
    int fd = open(completion->part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        fail_to_keep(&error);
    } else {
        sha256 = digest_file(fd, &size, cancellable, &error);
        if (sha256 != NULL && completion_compare(completion, size, sha256, &error))
            completion_publish(completion, fd, sha256, &error);
        close(fd);
    }
    /* Fetched anew, it would be the same again. */
    if (g_error_matches(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA) &&
        !remove_part(completion->part, &stays))
        g_task_return_error(task, g_steal_pointer(&stays));
    else if (error != NULL)
        g_task_return_error(task, g_steal_pointer(&error));
    else
        g_task_return_boolean(task, TRUE);
}

void
fota_cache_complete_async(FotaCache *cache, const char *key, guint64 size, const char *sha256,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Completion *completion = g_new0(Completion, 1);

    completion->directory = g_strdup(cache->directory);
    completion->key = g_strdup(key);
    completion->part = cache_file(cache, key, PART);
    completion->size = size;
    completion->sha256 = g_strdup(sha256);
    g_task_set_task_data(task, completion, completion_free);
    g_task_run_in_thread(task, completion_run);
}

gboolean
fota_cache_complete_finish(FotaCache *cache, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* Reading */

gboolean
fota_cache_open(FotaCache *cache, const char *key, FotaCacheFile *file)
{
    Search search = {.key = key, .whole = TRUE};
    struct stat status;

    *file = (FotaCacheFile){.fd = -1};
    if (!cache_visit(cache, search_visit, &search))
        return FALSE;
    file->fd = open(search.file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file->fd >= 0 && fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode)) {
        file->size = (guint64)status.st_size;
        file->sha256 = g_strdup(search.digest);
    } else {
        fota_cache_file_clear(file);
    }
    g_free(search.file);
    return file->fd >= 0;
}

void
fota_cache_file_clear(FotaCacheFile *file)
{
    if (file->fd >= 0)
        close(file->fd);
    g_free(file->sha256);
    *file = (FotaCacheFile){.fd = -1};
}

gboolean
fota_cache_file_verify(const FotaCacheFile *file, GCancellable *cancellable, GError **error)
{
    guint64 size;
    g_autofree char *sha256 = digest_file(file->fd, &size, cancellable, error);

    if (sha256 == NULL)
        return FALSE;
    if (size == file->size && strcmp(sha256, file->sha256) == 0 &&
        lseek(file->fd, 0, SEEK_SET) == 0)
        return TRUE;
    g_set_error(
        error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA,
        "the delta in the cache is no longer what was fetched; the module was not given it");
    return FALSE;
}
