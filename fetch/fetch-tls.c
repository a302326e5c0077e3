/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch-tls.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fetch/fetch.h"

/* GIO reads certificates from a file only, and again for each connection: it stays open. */
static GTlsDatabase *
make_database(GBytes *pem, GError **error)
{
    int fd = memfd_create("authority", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    gsize size;
    const void *data = g_bytes_get_data(pem, &size);
    GTlsDatabase *database = NULL;

    if (write(fd, data, size) == (gssize)size)
        database = g_tls_file_database_new(path, error);
    else
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, g_strerror(errno));
    return database;
}

gboolean
fota_fetch_tls_set_http(FotaFetchSession *session, SoupSession *http, GError **error)
{
    g_autoptr(GTlsDatabase) database = NULL;
    g_autoptr(GError) fault = NULL;

    if (!session->authority)
        return TRUE;
    database = make_database(session->authority, &fault);
    if (!database) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TLS_FAILED,
                    "the certificates of the authority: %s", fault->message);
        return FALSE;
    }
    soup_session_set_tls_database(http, database);
    return TRUE;
}
