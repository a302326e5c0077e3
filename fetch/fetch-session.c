/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch-session.h"

#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/fota-frame.h"
#include "fetch/fetch.h"
#include "policy/fota-credential-rule.h"

#define MAX_REQUESTS 64
#define IDLE_LIMIT_MS (60 * 1000)

/* fotad is gone, and nothing here outlives the session. */
static gpointer
watch_fotad(gpointer data)
{
    struct pollfd out = {.fd = GPOINTER_TO_INT(data)};

    while (poll(&out, 1, -1) < 0 && errno == EINTR)
        ;
    _exit(EXIT_SUCCESS);
}

void
fota_fetch_session_send(FotaFetchSession *session, const GString *frame)
{
    gsize sent = 0;

    while (sent < frame->len) {
        gssize length = write(session->out, frame->str + sent, frame->len - sent);

        if (length < 0 && errno != EINTR)
            _exit(EXIT_FAILURE);
        sent += (gsize)MAX(length, 0);
    }
}

/* FALSE at the end of the input. */
static gboolean
session_receive(FotaFetchSession *session)
{
    char data[FOTA_FRAME_MAX_DATA];
    struct pollfd in = {.fd = session->in, .events = POLLIN};
    gssize length;

    if (poll(&in, 1, IDLE_LIMIT_MS) <= 0)
        return FALSE;
    length = read(session->in, data, sizeof data);
    if (length <= 0)
        return FALSE;
    g_byte_array_append(session->received, (guint8 *)data, (guint)length);
    return TRUE;
}

/* The next frame; NULL without an error at the end. */
static FotaFrame *
session_read(FotaFetchSession *session, GError **error)
{
    gboolean malformed;
    FotaFrame *frame;

    while (!(frame = fota_frame_take(session->received, FOTA_FRAME_MAX_PAYLOAD, &malformed))) {
        if (malformed) {
            fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                              "expected frames as fotad sends them");
            return NULL;
        }
        if (!session_receive(session))
            return NULL;
    }
    return frame;
}

static gboolean
session_set_secret(FotaFetchSession *session, GBytes *value, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(value, &size);
    const char *fault;

    g_free(session->secret);
    session->secret = fota_credential_read_text(data, size, &fault);
    return session->secret || fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_CREDENTIAL, fault);
}

static gboolean
session_set_proxy(FotaFetchSession *session, GBytes *value, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(value, &size);

    g_free(session->proxy);
    session->proxy = g_strndup(data, size);
    if (fota_frame_is_proxy(session->proxy))
        return TRUE;
    return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                             "expected a proxy such as http://proxy.example:3128");
}

static gboolean
session_set_interface(FotaFetchSession *session, GBytes *value, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(value, &size);

    g_free(session->interface);
    session->interface = g_strndup(data, size);
    if (fota_frame_is_interface(session->interface))
        return TRUE;
    return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                             "expected the name of a network interface such as wwan0");
}

static gboolean
session_set_pem(GBytes **member, GBytes *value)
{
    g_clear_pointer(member, g_bytes_unref);
    *member = g_bytes_ref(value);
    return TRUE;
}

static gboolean
session_set(FotaFetchSession *session, const FotaFrame *frame, GError **error)
{
    const char *name = fota_frame_get(frame, "set");

    if (session->origin || !frame->payload)
        return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST,
                                 "expected settings before the first request, each with a payload");
    if (g_str_equal(name, "secret"))
        return session_set_secret(session, frame->payload, error);
    if (g_str_equal(name, "proxy"))
        return session_set_proxy(session, frame->payload, error);
    if (g_str_equal(name, "interface"))
        return session_set_interface(session, frame->payload, error);
    if (g_str_equal(name, "authority"))
        return session_set_pem(&session->authority, frame->payload);
    if (g_str_equal(name, "certificate"))
        return session_set_pem(&session->certificate, frame->payload);
    if (g_str_equal(name, "key"))
        return session_set_pem(&session->key, frame->payload);
    return fota_fetch_refuse(error, FOTA_FETCH_ERROR_BAD_REQUEST, "an unknown setting");
}

static void
session_send_error(FotaFetchSession *session, const GError *error)
{
    g_autoptr(GString) frame = g_string_new(NULL);

    fota_frame_line(frame, "error", fota_fetch_error_get_name((FotaFetchError)error->code));
    fota_frame_line(frame, "text", error->message);
    fota_frame_end(frame);
    fota_fetch_session_send(session, frame);
}

/* FALSE if the session ends with it. */
static gboolean
session_step(FotaFetchSession *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaFrame) frame = session_read(session, &error);

    if (!frame && !error)
        return FALSE;
    if (frame && fota_frame_get(frame, "set"))
        session_set(session, frame, &error);
    else if (frame)
        fota_fetch_answer(session, frame, &error);
    if (error)
        session_send_error(session, error);
    /* A request without a setting that failed is not made. */
    return !error || (error->code != FOTA_FETCH_ERROR_BAD_REQUEST && !fota_frame_get(frame, "set"));
}

void
fota_fetch_session_serve(int in, int out)
{
    FotaFetchSession session = {.in = in, .out = out, .received = g_byte_array_new()};
    guint frames = 0;

    g_unix_set_fd_nonblocking(in, FALSE, NULL);
    g_unix_set_fd_nonblocking(out, FALSE, NULL);
    g_thread_unref(g_thread_new("fotad", watch_fotad, GINT_TO_POINTER(out)));
    while (frames++ < MAX_REQUESTS && session_step(&session))
        ;
    g_byte_array_unref(session.received);
    g_free(session.secret);
    g_free(session.proxy);
    g_free(session.interface);
    g_clear_pointer(&session.authority, g_bytes_unref);
    g_clear_pointer(&session.certificate, g_bytes_unref);
    g_clear_pointer(&session.key, g_bytes_unref);
    g_clear_object(&session.client);
    g_clear_pointer(&session.origin, g_uri_unref);
    g_clear_object(&session.http);
}
