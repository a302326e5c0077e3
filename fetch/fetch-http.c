/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

#include <libsoup/soup.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fota-clock.h"
#include "fetch/fetch-tls.h"

#define MAX_REDIRECTS 3
#define CHUNK 16384
#define HEADER_MAX 512

/* One connection for all requests if the server allows it. No decoder: the limits count the bytes
 * on the wire, so a small body must stay small. */
static SoupSession *
get_session(FotaFetchSession *session, GError **error)
{
    g_autoptr(SoupSession) http = NULL;

    if (session->http)
        return SOUP_SESSION(session->http);
    http = soup_session_new_with_options("user-agent", "fotad/" FOTA_VERSION, NULL);
    soup_session_remove_feature_by_type(http, SOUP_TYPE_CONTENT_DECODER);
    if (!fota_fetch_tls_set_http(session, http, error))
        return NULL;
    session->http = G_OBJECT(g_steal_pointer(&http));
    return SOUP_SESSION(session->http);
}

static void
add_authorization(SoupMessageHeaders *headers, const char *credential)
{
    g_autofree char *value = NULL;

    if (strchr(credential, ':')) {
        g_autofree char *encoded = g_base64_encode((const guchar *)credential, strlen(credential));

        value = g_strconcat("Basic ", encoded, NULL);
    } else {
        value = g_strconcat("Bearer ", credential, NULL);
    }
    soup_message_headers_replace(headers, "Authorization", value);
}

/* With a range the copy's tag says whether the rest would fit to it, else whether it is the same.
 */
static void
add_conditions(SoupMessageHeaders *headers, const FotaFetchRequest *request)
{
    if (request->from >= 0) {
        const char *copy = request->etag ? request->etag : request->modified;

        soup_message_headers_set_range(headers, request->from, -1);
        if (copy)
            soup_message_headers_replace(headers, "If-Range", copy);
        return;
    }
    if (request->etag)
        soup_message_headers_replace(headers, "If-None-Match", request->etag);
    if (request->modified)
        soup_message_headers_replace(headers, "If-Modified-Since", request->modified);
}

/*
 * A new connection has a socket, which is not connected yet. Since Linux 5.7 nobody needs a right
 * to bind one that is not bound; an older kernel, or an interface that is gone, makes it fail.
 */
static void
bind_connection(SoupMessage *message, GSocketClientEvent event, GIOStream *connection,
                FotaFetchSession *session)
{
    GSocket *socket;

    if (event != G_SOCKET_CLIENT_CONNECTING)
        return;
    socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(connection));
    session->unbound = setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_BINDTODEVICE,
                                  session->interface, (socklen_t)strlen(session->interface)) < 0;
    /* Nothing may leave by another way. */
    if (session->unbound)
        g_socket_close(socket, NULL);
}

static SoupMessage *
make_message(const FotaFetchRequest *request, GUri *uri)
{
    SoupMessage *message = soup_message_new_from_uri(request->method, uri);
    SoupMessageHeaders *headers = soup_message_get_request_headers(message);

    soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
    if (request->body)
        soup_message_set_request_body_from_bytes(message, request->type, request->body);
    if (request->key)
        soup_message_headers_replace(headers, "Idempotency-Key", request->key);
    add_conditions(headers, request);
    /* A secret is only for the server that was asked, not for one that it redirects to. */
    if (request->session->secret && fota_fetch_same_origin(uri, request->session->origin))
        add_authorization(headers, request->session->secret);
    if (request->session->interface)
        g_signal_connect(message, "network-event", G_CALLBACK(bind_connection), request->session);
    fota_fetch_tls_set_message(request->session, message,
                               fota_fetch_limits_get_cancellable(request->limits));
    return message;
}

static const char *
certificate_fault(SoupMessage *message)
{
    GTlsCertificateFlags flags = soup_message_get_tls_peer_certificate_errors(message);

    if (flags & G_TLS_CERTIFICATE_UNKNOWN_CA)
        return "the certificate is not from a trusted authority";
    if (flags & G_TLS_CERTIFICATE_BAD_IDENTITY)
        return "the certificate is for another host";
    if (flags & G_TLS_CERTIFICATE_NOT_ACTIVATED)
        return "the certificate is not valid yet; is the clock right?";
    if (flags & G_TLS_CERTIFICATE_EXPIRED)
        return "the certificate has expired; is the clock right?";
    return flags ? "the certificate is not acceptable" : NULL;
}

static FotaFetchError
classify(const GError *fault)
{
    if (fault->domain == G_TLS_ERROR)
        return FOTA_FETCH_ERROR_TLS_FAILED;
    if (g_error_matches(fault, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) ||
        g_error_matches(fault, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
        g_error_matches(fault, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
        return FOTA_FETCH_ERROR_INTERRUPTED;
    if (g_error_matches(fault, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return FOTA_FETCH_ERROR_TIMED_OUT;
    if (fault->domain == SOUP_SESSION_ERROR ||
        g_error_matches(fault, G_IO_ERROR, G_IO_ERROR_FAILED))
        return FOTA_FETCH_ERROR_BAD_ANSWER;
    return FOTA_FETCH_ERROR_UNREACHABLE;
}

static gboolean
fail(const FotaFetchRequest *request, SoupMessage *message, const GError *fault, GError **error)
{
    const char *text =
        request->session->tls_fault ? request->session->tls_fault : certificate_fault(message);

    if (request->session->unbound) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_UNREACHABLE,
                    "no connection can be bound to the interface %s; is it there, and the kernel "
                    "5.7 or later?",
                    request->session->interface);
        return FALSE;
    }
    if (!fota_fetch_limits_broken(request->limits, error))
        g_set_error(error, FOTA_FETCH_ERROR,
                    (int)(text ? FOTA_FETCH_ERROR_TLS_FAILED : classify(fault)), "%s: %s",
                    g_uri_get_host(soup_message_get_uri(message)), text ? text : fault->message);
    return FALSE;
}

/* A header's value if it fits on one line of the output. */
static char *
copy_header(SoupMessageHeaders *headers, const char *name)
{
    const char *value = soup_message_headers_get_one(headers, name);

    for (const char *p = value; p && *p; p++)
        if (!g_ascii_isprint(*p) || p - value > HEADER_MAX)
            return NULL;
    return g_strdup(value);
}

static gint64
parse_seconds(const char *text)
{
    guint64 seconds;

    return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &seconds, NULL)
               ? (gint64)seconds
               : -1;
}

static gint64
get_max_age(SoupMessageHeaders *headers)
{
    const char *value = soup_message_headers_get_list(headers, "Cache-Control");
    g_autoptr(GHashTable) parameters = value ? soup_header_parse_param_list(value) : NULL;

    return parameters ? parse_seconds(g_hash_table_lookup(parameters, "max-age")) : -1;
}

/* Seconds, or a date. */
static gint64
get_retry_after(SoupMessageHeaders *headers)
{
    const char *value = soup_message_headers_get_one(headers, "Retry-After");
    gint64 seconds = parse_seconds(value), date;

    if (!value || seconds >= 0)
        return seconds;
    date = fota_fetch_parse_date(value);
    return date < 0 ? -1 : MAX(date - fota_clock_now() / G_USEC_PER_SEC, 0);
}

static gboolean
send_body(const FotaFetchRequest *request, SoupMessage *message, GInputStream *stream,
          GError **error)
{
    g_autoptr(GError) fault = NULL;
    char chunk[CHUNK];
    gssize length;

    while ((length = g_input_stream_read(stream, chunk, sizeof chunk,
                                         fota_fetch_limits_get_cancellable(request->limits),
                                         &fault)) > 0)
        if (!fota_fetch_add(request, chunk, (gsize)length, error))
            return FALSE;
    return length == 0 || fail(request, message, fault, error);
}

/* Accepts a part of a file only from the offset that was asked for. */
static gboolean
get_range(const FotaFetchRequest *request, SoupMessageHeaders *headers, FotaFetchAnswer *answer,
          GError **error)
{
    goffset start, end, total;

    if (answer->status != SOUP_STATUS_PARTIAL_CONTENT)
        return TRUE;
    if (request->from < 0 ||
        !soup_message_headers_get_content_range(headers, &start, &end, &total) ||
        start != request->from) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_ANSWER,
                            "the server sends another part of the file than was asked for");
        return FALSE;
    }
    answer->from = start;
    return TRUE;
}

static gboolean
send_answer(const FotaFetchRequest *request, SoupMessage *message, GInputStream *stream,
            GError **error)
{
    SoupMessageHeaders *headers = soup_message_get_response_headers(message);
    FotaFetchAnswer answer = FOTA_FETCH_ANSWER_INIT(soup_message_get_status(message));
    g_autofree char *etag = copy_header(headers, "ETag");
    g_autofree char *modified = copy_header(headers, "Last-Modified");
    /* The body of an error page costs data and helps nobody. */
    gboolean has_body =
        SOUP_STATUS_IS_SUCCESSFUL(answer.status) && !g_str_equal(request->method, "HEAD");

    answer.etag = etag;
    answer.modified = modified;
    answer.max_age = get_max_age(headers);
    answer.retry_after = get_retry_after(headers);
    if (has_body && soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CONTENT_LENGTH)
        answer.size = soup_message_headers_get_content_length(headers);
    return get_range(request, headers, &answer, error) &&
           fota_fetch_begin(request, &answer, error) &&
           (!has_body || send_body(request, message, stream, error));
}

static gboolean
refuse_redirect(GError **error, const char *text)
{
    return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REDIRECT, text);
}

/* The target of a redirection, if it may be followed. */
static gboolean
follow(const FotaFetchRequest *request, SoupMessage *message, GUri **uri, GError **error)
{
    const char *location =
        soup_message_headers_get_one(soup_message_get_response_headers(message), "Location");
    guint status = soup_message_get_status(message);
    g_autoptr(GUri) next =
        location ? g_uri_parse_relative(*uri, location, SOUP_HTTP_URI_FLAGS, NULL) : NULL;

    if (!next || !g_uri_get_host(next))
        return refuse_redirect(error, "the server redirects to nowhere");
    if (request->body && status != SOUP_STATUS_TEMPORARY_REDIRECT &&
        status != SOUP_STATUS_PERMANENT_REDIRECT)
        return refuse_redirect(error, "the server redirects a report to a page");
    /* It says who the module is, to the server that was chosen for that. */
    if (request->body && !fota_fetch_same_origin(next, request->session->origin))
        return refuse_redirect(error, "the server redirects a report to another server");
    if (!g_str_equal(g_uri_get_scheme(next), "https") &&
        !g_str_equal(g_uri_get_scheme(next), g_uri_get_scheme(*uri)))
        return refuse_redirect(error, "the server redirects from https to something weaker");
    if (g_uri_get_userinfo(next))
        return refuse_redirect(error, "the server redirects to a URI with a login");
    g_uri_unref(*uri);
    *uri = g_steal_pointer(&next);
    return TRUE;
}

static gboolean
is_redirect(guint status)
{
    return status == SOUP_STATUS_MOVED_PERMANENTLY || status == SOUP_STATUS_FOUND ||
           status == SOUP_STATUS_SEE_OTHER || status == SOUP_STATUS_TEMPORARY_REDIRECT ||
           status == SOUP_STATUS_PERMANENT_REDIRECT;
}

gboolean
fota_fetch_http(const FotaFetchRequest *request, GError **error)
{
    SoupSession *session = get_session(request->session, error);
    g_autoptr(GUri) uri = g_uri_ref(request->uri);

    if (!session)
        return FALSE;
    for (guint hops = 0; hops <= MAX_REDIRECTS; hops++) {
        g_autoptr(SoupMessage) message = make_message(request, uri);
        g_autoptr(GError) fault = NULL;
        g_autoptr(GInputStream) stream = soup_session_send(
            session, message, fota_fetch_limits_get_cancellable(request->limits), &fault);

        if (!stream)
            return fail(request, message, fault, error);
        if (!is_redirect(soup_message_get_status(message))) {
            fota_fetch_limits_answered(request->limits);
            return send_answer(request, message, stream, error);
        }
        if (!follow(request, message, &uri, error))
            return FALSE;
    }
    return refuse_redirect(error, "more than 3 redirections");
}
