/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define DIRECTORY_FLAGS (O_PATH | O_CLOEXEC | O_DIRECTORY)

/* A missing or unreadable file becomes the answer that a server would give. */
static guint
open_status(int error_number)
{
    switch (error_number) {
    case EACCES:
    case EPERM:
    case ELOOP:
        return 403;
    default:
        return 404;
    }
}

static gboolean
send_body(const FotaFetchRequest *request, int fd, GError **error)
{
    char chunk[16384];
    gssize length;

    while ((length = read(fd, chunk, sizeof chunk)) > 0)
        if (!fota_fetch_add(request, chunk, (gsize)length, error))
            return FALSE;
    if (length < 0) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_INTERRUPTED, "%s", g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static gboolean
send_status(const FotaFetchRequest *request, guint status, GError **error)
{
    const FotaFetchAnswer answer = FOTA_FETCH_ANSWER_INIT(status);

    return fota_fetch_begin(request, &answer, error);
}

static gboolean
send_file(const FotaFetchRequest *request, int fd, const struct stat *status, GError **error)
{
    g_autofree char *etag = g_strdup_printf(
        "\"%" G_GINT64_MODIFIER "x-%lx-%" G_GINT64_MODIFIER "x\"", (guint64)status->st_mtim.tv_sec,
        (gulong)status->st_mtim.tv_nsec, (guint64)status->st_size);
    g_autofree char *modified = fota_fetch_format_date(status->st_mtim.tv_sec);
    gboolean same = g_strcmp0(request->etag, etag) == 0;
    FotaFetchAnswer answer = FOTA_FETCH_ANSWER_INIT(200);

    answer.etag = etag;
    answer.modified = modified;
    if (request->from >= 0 && (same || !request->etag) && request->from <= status->st_size &&
        lseek(fd, request->from, SEEK_SET) == request->from) {
        answer.status = 206;
        answer.from = request->from;
    } else if (request->from < 0 && same) {
        answer.status = 304;
    }
    if (answer.status != 304)
        answer.size = status->st_size - MAX(answer.from, 0);
    return fota_fetch_begin(request, &answer, error) &&
           (answer.status == 304 || send_body(request, fd, error));
}

static int
refuse_name(int parent)
{
    close(parent);
    errno = EACCES;
    return -1;
}

/*
 * The file @names of the directory @fd, which is closed: each name is a directory's own, and the
 * last one a file's. A symbolic link is followed nowhere, since it may lead out of the directory.
 */
static int
open_names(int fd, char **names)
{
    for (; fd >= 0 && *names; names++) {
        int flags = names[1] ? DIRECTORY_FLAGS : FILE_FLAGS;
        int parent = fd, number;

        if (**names == '\0')
            continue;
        if (g_str_equal(*names, ".."))
            return refuse_name(parent);
        fd = openat(parent, *names, flags | O_NOFOLLOW);
        number = errno;
        close(parent);
        errno = number;
    }
    return fd;
}

static int
open_beneath(const char *directory, const char *path)
{
    g_autofree char *root = g_strdup(directory);
    g_auto(GStrv) names = NULL;
    gsize length;

    while ((length = strlen(root)) > 0 && root[length - 1] == '/')
        root[length - 1] = '\0';
    if (!g_str_has_prefix(path, root) || path[length] != '/') {
        errno = EACCES;
        return -1;
    }
    names = g_strsplit(path + length + 1, "/", -1);
    return open_names(open(directory, DIRECTORY_FLAGS), names);
}

gboolean
fota_fetch_file(const FotaFetchRequest *request, GError **error)
{
    const char *host = g_uri_get_host(request->uri);
    g_autofree char *path = g_uri_unescape_string(g_uri_get_path(request->uri), NULL);
    g_autoptr(GInputStream) stream = NULL;
    struct stat status;
    int fd;

    if (!path || (host && *host && !g_str_equal(host, "localhost"))) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_URI,
                            "expected a local file: file:///path");
        return FALSE;
    }
    /* Does not wait for a writer if it is a pipe. */
    fd = request->beneath ? open_beneath(request->beneath, path) : open(path, FILE_FLAGS);
    if (fd < 0)
        return send_status(request, open_status(errno), error);
    stream = g_unix_input_stream_new(fd, TRUE);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return send_status(request, 404, error);
    return send_file(request, fd, &status, error);
}
