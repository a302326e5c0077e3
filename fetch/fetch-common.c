/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

#include "policy/fota-credential-rule.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(fota_fetch_error_quark, fota_fetch_error)

const char *
fota_fetch_error_get_name(FotaFetchError code)
{
    static const char *const names[] = {
        [FOTA_FETCH_ERROR_FAILED] = "Failed",
        [FOTA_FETCH_ERROR_BAD_URI] = "BadUri",
        [FOTA_FETCH_ERROR_BAD_CREDENTIAL] = "BadCredential",
        [FOTA_FETCH_ERROR_UNREACHABLE] = "Unreachable",
        [FOTA_FETCH_ERROR_TLS] = "TlsFailed",
        [FOTA_FETCH_ERROR_TIMED_OUT] = "TimedOut",
        [FOTA_FETCH_ERROR_TOO_SLOW] = "TooSlow",
        [FOTA_FETCH_ERROR_TOO_LARGE] = "TooLarge",
        [FOTA_FETCH_ERROR_INTERRUPTED] = "Interrupted",
        [FOTA_FETCH_ERROR_BAD_REDIRECT] = "BadRedirect",
        [FOTA_FETCH_ERROR_BAD_ANSWER] = "BadAnswer",
    };

    return names[code];
}

gboolean
fota_fetch_answer_append(FotaFetchAnswer *answer, const FotaFetchRequest *request, const void *data,
                         gsize size, GError **error)
{
    if (size > request->max_size - answer->body->len) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TOO_LARGE,
                    "the answer has more than %" G_GSIZE_FORMAT " bytes", request->max_size);
        return FALSE;
    }
    g_byte_array_append(answer->body, data, (guint)size);
    fota_fetch_limits_received(request->limits, size);
    return TRUE;
}

char *
fota_fetch_format_date(gint64 seconds)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);

    return date ? g_date_time_format(date, "%a, %d %b %Y %H:%M:%S GMT") : NULL;
}

gint64
fota_fetch_parse_date(const char *text)
{
    g_autoptr(GDateTime) date = soup_date_time_new_from_http_string(text);

    return date ? g_date_time_to_unix(date) : -1;
}

static void
refuse_credential(GError **error, const char *path, const char *reason)
{
    g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_CREDENTIAL, "%s: %s", path, reason);
}

char *
fota_fetch_read_credential(const char *path, GError **error)
{
    char data[FOTA_CREDENTIAL_MAX_BYTES + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    gssize size;
    const char *fault = NULL;
    g_autoptr(GInputStream) stream = NULL;
    char *text = NULL;

    if (fd < 0) {
        refuse_credential(error, path, g_strerror(errno));
        return NULL;
    }
    stream = g_unix_input_stream_new(fd, TRUE);
    if (fstat(fd, &status) != 0)
        fault = g_strerror(errno);
    else
        fault = fota_credential_check_file(status.st_mode, status.st_uid, geteuid());
    if (!fault) {
        size = read(fd, data, sizeof data);
        text = fota_credential_read_text(data, (gsize)MAX(size, 0), &fault);
    }
    if (!text)
        refuse_credential(error, path, fault);
    return text;
}
