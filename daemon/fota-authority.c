/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-authority.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "policy/fota-policy-error.h"

#define MAX_SIZE (1024 * 1024)
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

static gboolean
refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION, "%s: %s", path, why);
    return FALSE;
}

static gboolean
validate_status(const char *path, const struct stat *status, GError **error)
{
    gboolean sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;

    if (!S_ISDIR(status->st_mode) && !S_ISREG(status->st_mode))
        return refuse(error, path, "expected a file or a directory");
    if (status->st_uid != 0 && status->st_uid != geteuid()) {
        g_set_error(
            error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
            "%s: belongs to user %u, whom fotad does not obey; expected root: chown root %s", path,
            status->st_uid, path);
        return FALSE;
    }
    if ((status->st_mode & WRITABLE_BY_OTHERS) != 0 && !sticky) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "%s: others may write it (mode %04o); expected that its owner alone may: chmod "
                    "go-w %s",
                    path, status->st_mode & 07777, path);
        return FALSE;
    }
    return TRUE;
}

gboolean
fota_authority_validate(const char *path, GError **error)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return refuse(error, path, g_strerror(errno));
    return validate_status(path, &status, error);
}

static gboolean
read_all(int fd, GString *text)
{
    char data[4096];
    gssize size;

    while ((size = read(fd, data, sizeof data)) > 0 && text->len <= MAX_SIZE)
        g_string_append_len(text, data, size);
    return size >= 0;
}

/* A link that leads nowhere is there, and cannot be read. */
static gboolean
is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* @fd is opened without waiting: @file may be a pipe without a writer. */
static char *
read_text(int fd, const char *file, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct stat status;
    gboolean good = fstat(fd, &status) == 0;

    if (!good)
        refuse(error, file, g_strerror(errno));
    else if (!S_ISREG(status.st_mode))
        good = refuse(error, file, "expected a file");
    else
        good = validate_status(file, &status, error);
    if (good && !read_all(fd, text))
        good = refuse(error, file, g_strerror(errno));
    if (good && text->len > MAX_SIZE)
        good = refuse(error, file, "expected at most 1 MiB");
    if (good && strlen(text->str) != text->len)
        good = refuse(error, file, "expected a text, which has no NUL");
    return good ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

char *
fota_authority_read(const char *file, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(file);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *text = NULL;

    if (fd < 0 && errno == ENOENT && !is_there(file))
        return NULL;
    if (fd < 0)
        refuse(error, file, g_strerror(errno));
    else if (fota_authority_validate(directory, error))
        text = read_text(fd, file, error);
    if (fd >= 0)
        close(fd);
    return text;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GStrv
fota_authority_list(const char *directory, const char *suffix, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) local_error = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &local_error);
    const char *name;

    if (dir == NULL &&
        (!g_error_matches(local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT) || is_there(directory))) {
        g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                            local_error->message);
        return NULL;
    }
    if (dir != NULL && !fota_authority_validate(directory, error))
        return NULL;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, suffix))
            g_ptr_array_add(files, g_build_filename(directory, name, NULL));
    }
    g_ptr_array_sort(files, compare_names);
    g_ptr_array_add(files, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&files), FALSE);
}
