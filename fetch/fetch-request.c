/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-frame.h"
#include "fetch/fetch.h"

#define MAX_LIMIT_SECONDS (24 * 3600)

/* Messages do not repeat the URI: it may contain a secret. */
static GUri *
parse_uri(const char *text, GError **error)
{
    static const char *const schemes[] = {"http", "https", "ftp", "ftps", "file", NULL};
    g_autoptr(GUri) uri =
        g_uri_parse(text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
    const char *fault = NULL;

    if (!uri || !g_strv_contains(schemes, g_uri_get_scheme(uri)))
        fault = "expected http, https, ftp, ftps or file";
    else if (g_uri_get_userinfo(uri))
        fault = "a login in the URI is refused; use a credential";
    else if (!g_str_equal(g_uri_get_scheme(uri), "file") &&
             (!g_uri_get_host(uri) || !*g_uri_get_host(uri)))
        fault = "there is no host";
    if (fault) {
        fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_URI, fault);
        return NULL;
    }
    return g_steal_pointer(&uri);
}

static gboolean
request_set_uri(FotaFetchRequest *request, const FotaFrame *frame, GError **error)
{
    FotaFetchSession *session = request->session;
    const char *text = fota_frame_get(frame, "uri");

    request->uri = parse_uri(text ? text : "", error);
    if (!request->uri)
        return FALSE;
    if (!session->origin)
        session->origin = g_uri_ref(request->uri);
    return fota_fetch_same_origin(session->origin, request->uri) ||
           fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_URI, "a session is for one server");
}

static gboolean
request_set_method(FotaFetchRequest *request, const FotaFrame *frame, GError **error)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "POST", NULL};

    request->method = fota_frame_get(frame, "method");
    if (!request->method || !g_strv_contains(methods, request->method))
        return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                                 "expected GET, HEAD, PUT or POST");
    return g_str_equal(request->method, "GET") ||
           g_str_has_prefix(g_uri_get_scheme(request->uri), "http") ||
           fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_URI,
                             "only GET goes without http or https");
}

static gboolean
request_set_numbers(FotaFetchRequest *request, FotaFetchLimitValues *limits, const FotaFrame *frame,
                    GError **error)
{
    guint64 total = 180, first_byte = 60, min_rate = 50, rate_period = 60;
    guint64 from = 0;

    request->max_size = 65536;
    if (!fota_frame_get_number(frame, "max-size", G_MAXINT64, &request->max_size) ||
        !fota_frame_get_number(frame, "range", G_MAXINT64, &from) ||
        !fota_frame_get_number(frame, "timeout", MAX_LIMIT_SECONDS, &total) ||
        !fota_frame_get_number(frame, "first-byte", MAX_LIMIT_SECONDS, &first_byte) ||
        !fota_frame_get_number(frame, "min-rate", G_MAXUINT32, &min_rate) ||
        !fota_frame_get_number(frame, "rate-period", MAX_LIMIT_SECONDS, &rate_period) ||
        total == 0 || first_byte == 0 || rate_period == 0)
        return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                                 "a number is none, or too large");
    request->from = fota_frame_get(frame, "range") ? (gint64)from : -1;
    *limits = (FotaFetchLimitValues){.total = (guint)total,
                                     .first_byte = (guint)first_byte,
                                     .min_rate = (guint)min_rate,
                                     .rate_period = (guint)rate_period};
    return TRUE;
}

static gboolean
request_set(FotaFetchRequest *request, FotaFetchLimitValues *limits, const FotaFrame *frame,
            GError **error)
{
    const char *type = fota_frame_get(frame, "type");

    request->body = frame->payload;
    request->type = type ? type : "application/json";
    request->beneath = fota_frame_get(frame, "beneath");
    request->key = fota_frame_get(frame, "idempotency-key");
    request->etag = fota_frame_get(frame, "etag");
    request->modified = fota_frame_get(frame, "last-modified");
    if (request->modified && fota_fetch_parse_date(request->modified) < 0)
        return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                                 "last-modified: expected an HTTP date");
    return request_set_uri(request, frame, error) && request_set_method(request, frame, error) &&
           request_set_numbers(request, limits, frame, error);
}

static gboolean
request_run(const FotaFetchRequest *request, GError **error)
{
    const char *scheme = g_uri_get_scheme(request->uri);

    if (g_str_has_prefix(scheme, "http"))
        return fota_fetch_http(request, error);
    if (g_str_has_prefix(scheme, "ftp"))
        return fota_fetch_ftp(request, error);
    return fota_fetch_file(request, error);
}

gboolean
fota_fetch_answer(FotaFetchSession *session, const FotaFrame *frame, GError **error)
{
    FotaFetchRequest request = {.session = session};
    FotaFetchLimitValues values;
    gboolean good = request_set(&request, &values, frame, error);
    G_GNUC_UNUSED g_autoptr(GUri) uri = request.uri;
    g_autoptr(FotaFetchLimits) limits = NULL;
    g_autoptr(GString) end = g_string_new(NULL);

    if (!good)
        return FALSE;
    session->sent = 0;
    limits = fota_fetch_limits_new(&values);
    request.limits = limits;
    if (!request_run(&request, error))
        return FALSE;
    fota_frame_number(end, "end", session->sent);
    fota_frame_end(end);
    fota_fetch_session_send(session, end);
    return TRUE;
}
