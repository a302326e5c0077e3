/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <sys/stat.h>
#include <unistd.h>

/* A missing or unreadable file becomes the answer that a server would give. */
static guint
open_status(int error_number)
{
    switch (error_number) {
    case EACCES:
    case EPERM:
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
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return send_status(request, open_status(errno), error);
    stream = g_unix_input_stream_new(fd, TRUE);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return send_status(request, 404, error);
    return send_file(request, fd, &status, error);
}
