/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libsoup/soup.h>

#include "fetch/fetch.h"

G_DEFINE_QUARK(fota_fetch_error_quark, fota_fetch_error)

const char *
fota_fetch_error_get_name(FotaFetchError code)
{
    static const char *const names[] = {
        [FOTA_FETCH_ERROR_BAD_REQUEST] = "BadRequest",
        [FOTA_FETCH_ERROR_BAD_URI] = "BadUri",
        [FOTA_FETCH_ERROR_BAD_CREDENTIAL] = "BadCredential",
        [FOTA_FETCH_ERROR_UNREACHABLE] = "Unreachable",
        [FOTA_FETCH_ERROR_TLS_FAILED] = "TlsFailed",
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
fota_fetch_refuse(GError **error, FotaFetchError code, const char *text)
{
    g_set_error_literal(error, FOTA_FETCH_ERROR, (int)code, text);
    return FALSE;
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

gboolean
fota_fetch_same_origin(GUri *a, GUri *b)
{
    const char *host = g_uri_get_host(a);
    const char *other = g_uri_get_host(b);

    return g_str_equal(g_uri_get_scheme(a), g_uri_get_scheme(b)) &&
           g_ascii_strcasecmp(host ? host : "", other ? other : "") == 0 &&
           g_uri_get_port(a) == g_uri_get_port(b);
}
