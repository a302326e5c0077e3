/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-text.h"

#include <string.h>

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define VERSION_ALPHABET ALNUM "._/,:+[]- "
#define NAME_ALPHABET ALNUM "._-"
#define URI_ALPHABET ALNUM "-._~:/?[]%+=,"
/* The parts of a query are joined by it; a path needs none. */
#define QUERY_ALPHABET URI_ALPHABET "&"
/* What a percent escape may stand for, besides the above. */
#define ESCAPED_ALPHABET QUERY_ALPHABET " @"
#define URI_MAX 512

/* GLib reads numbers with a locale that it makes at the first one, under a lock that it shares with
 * every g_once of every thread. Where that lock has to be waited for, it leaves EAGAIN in errno, and
 * g_ascii_string_to_unsigned() takes that for a number that cannot be read. So fotad has the
 * locale made before there is a second thread.
 */
static void __attribute__((constructor))
text_make_locale(void)
{
    g_ascii_strtoull("0", NULL, 10);
}

static gboolean
consists_of(const char *text, const char *alphabet, gsize max)
{
    gsize length = strspn(text, alphabet);

    return length >= 1 && length <= max && text[length] == '\0';
}

const char *
fota_text_validate_imei(const char *text)
{
    return strlen(text) == 15 && consists_of(text, "0123456789", 15) ? NULL : "15 digits";
}

const char *
fota_text_validate_operator(const char *text)
{
    gsize length = strlen(text);

    return (length == 5 || length == 6) && consists_of(text, "0123456789", 6)
               ? NULL
               : "an operator's MCC and MNC, 5 or 6 digits";
}

const char *
fota_text_validate_version(const char *text)
{
    return consists_of(text, VERSION_ALPHABET, 64) ? NULL
                                                   : "1 to 64 of A-Z a-z 0-9 . _ / , : + [ ] - and "
                                                     "space";
}

const char *
fota_text_validate_model(const char *text)
{
    return fota_text_validate_version(text);
}

const char *
fota_text_validate_name(const char *text)
{
    return consists_of(text, NAME_ALPHABET, 64) && text[0] != '.'
               ? NULL
               : "1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot";
}

const char *
fota_text_validate_apn(const char *text)
{
    return consists_of(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-_", 100)
               ? NULL
               : "1 to 100 of A-Z a-z 0-9 . - _";
}

const char *
fota_text_validate_sha256(const char *text)
{
    return strlen(text) == 64 && consists_of(text, "0123456789abcdef", 64)
               ? NULL
               : "64 lower-case hex digits";
}

static gboolean
has_ampersand_in_path(const char *uri)
{
    return uri[strcspn(uri, "?&")] == '&';
}

static const char *
validate_scheme(const char *text, const char *const *schemes, const char *expected)
{
    g_autofree char *unescaped = g_uri_unescape_string(text, NULL);

    if (!consists_of(text, QUERY_ALPHABET, URI_MAX) || !unescaped ||
        !consists_of(unescaped, ESCAPED_ALPHABET, URI_MAX) || has_ampersand_in_path(unescaped))
        return expected;

    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_ENCODED, NULL);

    if (!uri || !g_strv_contains(schemes, g_uri_get_scheme(uri)) || !g_uri_get_host(uri) ||
        g_uri_get_host(uri)[0] == '\0')
        return expected;
    return NULL;
}

const char *
fota_text_validate_uri(const char *text)
{
    static const char *const schemes[] = {"http", "https", "ftp", "ftps", NULL};

    return validate_scheme(text, schemes,
                           "http, https, ftp or ftps, a host, no user, no fragment, at most 512 "
                           "bytes of A-Z a-z 0-9 - . _ ~ : / ? [ ] % + = , and, in a query, &");
}

const char *
fota_text_validate_delta_uri(const char *text)
{
    const char *path = g_str_has_prefix(text, "file:///") ? text + strlen("file://") : NULL;

    if (path == NULL)
        return fota_text_validate_uri(text);
    return consists_of(path, NAME_ALPHABET "/", URI_MAX) && strstr(path, "//") == NULL &&
                   strstr(path, "/.") == NULL && path[1] != '\0'
               ? NULL
               : "file:/// and a path of A-Z a-z 0-9 . _ - /, where no name begins with a dot";
}

const char *
fota_text_validate_uri_template(const char *text)
{
    const char *brace = strchr(text, '{');
    const char *authority = strstr(text, "://");
    const char *path = authority ? strchr(authority + 3, '/') : NULL;

    if (brace && (!path || brace < path))
        return "placeholders in the path only";

    g_autofree char *uri = fota_text_expand_uri(text, "000000000000000", "m", "s");

    return fota_text_validate_uri(uri);
}

const char *
fota_text_validate_web_uri(const char *text)
{
    static const char *const schemes[] = {"http", "https", NULL};

    return validate_scheme(text, schemes, "http or https, a host, no user, no fragment");
}

const char *
fota_text_validate_title(const char *text)
{
    static const char expected[] = "1 to 120 printable characters";
    guint n = 0;

    if (!g_utf8_validate(text, -1, NULL))
        return expected;
    for (const char *p = text; *p; p = g_utf8_next_char(p), n++)
        if (!g_unichar_isprint(g_utf8_get_char(p)))
            return expected;
    return n >= 1 && n <= 120 ? NULL : expected;
}

const char *
fota_text_validate_timezone(const char *text)
{
    /* With a leading slash GLib would read any file as a zone. */
    return consists_of(text, ALNUM "_+/-", 64) && text[0] != '/'
               ? NULL
               : "local, UTC or a zone name such as Europe/Berlin";
}

gboolean
fota_text_parse_time(const char *text, gint64 *time)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:ddZ";

    if (strlen(text) != sizeof pattern - 1)
        return FALSE;
    for (gsize i = 0; i < sizeof pattern - 1; i++)
        if (pattern[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != pattern[i])
            return FALSE;

    g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(text, NULL);

    /* GLib takes second 60 for the next minute; other readers may not. */
    if (!moment || g_date_time_get_year(moment) < 1970 || strncmp(text + 17, "60", 2) == 0)
        return FALSE;
    *time = g_date_time_to_unix(moment) * G_USEC_PER_SEC;
    return TRUE;
}

char *
fota_text_format_time(gint64 time)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(time / G_USEC_PER_SEC);

    return moment ? g_date_time_format(moment, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("never");
}

guint64
fota_text_hash(const char *first, ...)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize length = sizeof digest;
    guint64 hash = 0;
    va_list rest;

    g_checksum_update(checksum, (const guchar *)first, strlen(first));
    va_start(rest, first);
    for (const char *text; (text = va_arg(rest, const char *));) {
        g_checksum_update(checksum, (const guchar *)"", 1);
        g_checksum_update(checksum, (const guchar *)text, strlen(text));
    }
    va_end(rest);
    g_checksum_get_digest(checksum, digest, &length);
    for (guint i = 0; i < 8; i++)
        hash = hash << 8 | digest[i];
    return hash;
}

char *
fota_text_expand_uri(const char *uri_template, const char *imei, const char *model,
                     const char *salt)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, imei, -1);
    g_autofree char *escaped_model = g_uri_escape_string(model, NULL, FALSE);
    GString *uri = g_string_new(uri_template);

    if (salt) {
        g_autofree char *keyed = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)salt,
                                                           strlen(salt), imei, -1);

        g_string_replace(uri, "{imei-hmac}", keyed, 0);
    }
    g_string_replace(uri, "{imei-sha256}", hash, 0);
    g_string_replace(uri, "{imei}", imei, 0);
    g_string_replace(uri, "{model}", escaped_model, 0);
    return g_string_free(uri, FALSE);
}

char *
fota_text_get_origin(const char *uri)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_ENCODED, NULL);

    if (!parsed || !g_uri_get_host(parsed))
        return NULL;
    return g_uri_join(G_URI_FLAGS_ENCODED, g_uri_get_scheme(parsed), NULL, g_uri_get_host(parsed),
                      g_uri_get_port(parsed), "", NULL, NULL);
}

static guint
default_port(const char *scheme)
{
    return g_str_equal(scheme, "https") ? 443 : g_str_equal(scheme, "http") ? 80 : 21;
}

gboolean
fota_address_parse(const char *uri, FotaAddress *address)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_ENCODED_QUERY, NULL);
    const char *host = parsed ? g_uri_get_host(parsed) : NULL;
    const char *path, *query;

    if (!host || host[0] == '\0')
        return FALSE;
    path = g_uri_get_path(parsed);
    query = g_uri_get_query(parsed);
    address->scheme = g_strdup(g_uri_get_scheme(parsed));
    address->host = strchr(host, ':') ? g_strdup_printf("[%s]", host) : g_strdup(host);
    address->port =
        g_uri_get_port(parsed) > 0 ? (guint)g_uri_get_port(parsed) : default_port(address->scheme);
    address->path = g_strconcat(path[0] == '/' ? path + 1 : path, query ? "?" : "", query, NULL);
    return TRUE;
}

void
fota_address_clear(FotaAddress *address)
{
    g_clear_pointer(&address->scheme, g_free);
    g_clear_pointer(&address->host, g_free);
    g_clear_pointer(&address->path, g_free);
}
