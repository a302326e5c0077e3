/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-fetcher.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "base/fota-frame.h"
#include "daemon/fota-error.h"
#include "policy/fota-policy-error.h"

#define MAX_STATUS 999
#define CHUNK 16384

/* One session with one request. */
typedef struct {
    GSocketConnection *connection;
    GCancellable *cancellable; /* follows the caller's, and ends at the limit */
    gulong caller_cancelled;
    guint limit;
    gboolean timed_out;
    GString *request; /* the frames that are sent */
    GByteArray *received;
    guint8 chunk[CHUNK];
    gsize max_bytes;
    GByteArray *body;
    guint64 from;          /* as it was asked for */
    GOutputStream *output; /* NULL = the body is kept */
    void (*progress)(guint64 bytes, gpointer user_data);
    gpointer progress_data;
    gsize taken; /* bytes of the body so far */
    gboolean whole;
    FotaResponse *response; /* NULL until the answer has begun */
} Session;

void
fota_response_free(FotaResponse *response)
{
    g_free(response->etag);
    g_clear_pointer(&response->body, g_bytes_unref);
    g_free(response);
}

static void
session_free(gpointer data)
{
    Session *session = data;

    g_clear_object(&session->connection);
    g_clear_object(&session->cancellable);
    g_clear_object(&session->output);
    g_string_free(session->request, TRUE);
    g_byte_array_unref(session->received);
    g_clear_pointer(&session->body, g_byte_array_unref);
    g_clear_pointer(&session->response, fota_response_free);
    g_free(session);
}

/* Always from here the caller hears of the end, and only once. */
static void
session_end(GTask *task, GError *error)
{
    Session *session = g_task_get_task_data(task);

    g_clear_handle_id(&session->limit, g_source_remove);
    g_cancellable_disconnect(g_task_get_cancellable(task), session->caller_cancelled);
    if (error == NULL) {
        session->response->body = g_byte_array_free_to_bytes(g_steal_pointer(&session->body));
        g_task_return_pointer(task, g_steal_pointer(&session->response),
                              (GDestroyNotify)fota_response_free);
    } else if (session->timed_out) {
        g_error_free(error);
        g_task_return_new_error(task, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE,
                                "fotad-fetch did not come to an end in time");
    } else {
        g_task_return_error(task, error);
    }
    g_object_unref(task);
}

/* The caller knows that he has cancelled the request. */
static GError *
broken_off(GError *error)
{
    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_prefix_error(&error, "the session with fotad-fetch broke off: ");
        error->domain = FOTA_ERROR;
        error->code = FOTA_ERROR_MANIFEST_UNREACHABLE;
    }
    return error;
}

static GError *
broken_protocol(void)
{
    return g_error_new(FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE,
                       "fotad-fetch sent an unknown message; is it of the same version as fotad?");
}

/* A failure that the next attempt would meet again has an error of its own. */
static GError *
explain_failure(const Session *session, const FotaFrame *frame)
{
    static const struct {
        const char *name;
        GQuark (*domain)(void);
        int code;
    } lasting[] = {
        {"BadUri", fota_policy_error_quark, FOTA_POLICY_ERROR_BAD_CONFIGURATION},
        {"BadCredential", fota_error_quark, FOTA_ERROR_BAD_CREDENTIAL},
        {"TooLarge", fota_policy_error_quark, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE},
        {"BadRedirect", fota_error_quark, FOTA_ERROR_MANIFEST_UNAVAILABLE},
    };
    const char *said = fota_frame_get(frame, "text");
    g_autofree char *text = said != NULL ? g_utf8_make_valid(said, -1) : NULL;

    if (text == NULL)
        return broken_protocol();
    for (guint i = 0; i < G_N_ELEMENTS(lasting); i++) {
        if (strcmp(lasting[i].name, fota_frame_get(frame, "error")) == 0)
            return g_error_new_literal(lasting[i].domain(), lasting[i].code, text);
    }
    /* Once bytes come, what goes wrong is not that it cannot begin there. */
    if (session->from > 0 && session->response == NULL &&
        strcmp(fota_frame_get(frame, "error"), "BadAnswer") == 0)
        return g_error_new_literal(G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, text);
    return g_error_new_literal(FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE, text);
}

static FotaResponse *
read_response(const FotaFrame *frame)
{
    g_autoptr(FotaResponse) response = g_new0(FotaResponse, 1);
    guint64 status = 0;

    if (!fota_frame_get_number(frame, "status", MAX_STATUS, &status) ||
        !fota_frame_get_number(frame, "max-age", G_MAXINT64, &response->max_age) ||
        !fota_frame_get_number(frame, "retry-after", G_MAXINT64, &response->retry_after) ||
        !fota_frame_get_number(frame, "range", G_MAXINT64, &response->from) || status == 0)
        return NULL;
    response->status = (guint)status;
    response->etag = g_strdup(fota_frame_get(frame, "etag"));
    return g_steal_pointer(&response);
}

/* What is there already is not continued where another part comes, or all. */
static gboolean
session_take_head(Session *session, const FotaFrame *frame, GError **error)
{
    session->response = read_response(frame);
    if (session->response == NULL ||
        (session->response->from != 0 && session->response->from != session->from)) {
        g_propagate_error(error, broken_protocol());
        return FALSE;
    }
    session->max_bytes -= MIN(session->max_bytes, session->response->from);
    if (session->output == NULL || session->from == 0 || session->response->from != 0 ||
        session->response->status / 100 != 2)
        return TRUE;
    return g_seekable_truncate(G_SEEKABLE(session->output), 0, session->cancellable, error);
}

static gboolean
session_take_data(Session *session, GBytes *data, GError **error)
{
    gsize size = g_bytes_get_size(data);

    if (session->response != NULL && session->response->from > 0 &&
        size > session->max_bytes - session->taken) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "with what was there before the answer has more bytes than were asked for");
        return FALSE;
    }
    /* fotad-fetch has been told so; what it was made to say by a server is not believed. */
    if (session->response == NULL || size == 0 || size > session->max_bytes - session->taken) {
        g_propagate_error(error, broken_protocol());
        return FALSE;
    }
    g_byte_array_append(session->body, g_bytes_get_data(data, NULL), (guint)size);
    session->taken += size;
    return TRUE;
}

/* TRUE when the answer is whole. */
static gboolean
session_take_frame(Session *session, const FotaFrame *frame, GError **error)
{
    guint64 end = G_MAXUINT64;

    if (fota_frame_get(frame, "error") != NULL) {
        g_propagate_error(error, explain_failure(session, frame));
    } else if (fota_frame_get(frame, "status") != NULL && session->response == NULL) {
        session_take_head(session, frame, error);
    } else if (frame->payload != NULL) {
        session_take_data(session, frame->payload, error);
    } else if (session->response != NULL && fota_frame_get(frame, "end") != NULL &&
               fota_frame_get_number(frame, "end", session->max_bytes, &end) &&
               end == session->taken) {
        return TRUE;
    } else {
        g_propagate_error(error, broken_protocol());
    }
    return FALSE;
}

/* Takes all frames that are there. TRUE when the answer is whole. */
static gboolean
session_take(Session *session, GError **error)
{
    g_autoptr(GError) fault = NULL;
    gboolean malformed = FALSE;
    gboolean whole = FALSE;

    while (!whole && fault == NULL) {
        g_autoptr(FotaFrame) frame =
            fota_frame_take(session->received, FOTA_FRAME_MAX_DATA, &malformed);

        if (frame == NULL && malformed)
            fault = broken_protocol();
        else if (frame == NULL)
            return FALSE;
        else
            whole = session_take_frame(session, frame, &fault);
    }
    if (fault != NULL)
        g_propagate_error(error, g_steal_pointer(&fault));
    return whole;
}

static void session_read(GTask *task);

static void
session_go_on(GTask *task)
{
    Session *session = g_task_get_task_data(task);

    if (session->whole)
        session_end(task, NULL);
    else
        session_read(task);
}

static void
output_written(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Session *session = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;

    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(object), result, NULL, &error)) {
        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            session_end(task, g_steal_pointer(&error));
        else
            session_end(task,
                        g_error_new(FOTA_ERROR, FOTA_ERROR_NO_SPACE,
                                    "what was fetched cannot be written: %s", error->message));
        return;
    }
    g_byte_array_set_size(session->body, 0);
    if (session->progress != NULL)
        session->progress(session->taken, session->progress_data);
    session_go_on(task);
}

/* To a disk that may be slow, so not by the main loop. */
static void
session_write_output(GTask *task)
{
    Session *session = g_task_get_task_data(task);

    g_output_stream_write_all_async(session->output, session->body->data, session->body->len,
                                    G_PRIORITY_DEFAULT, session->cancellable, output_written, task);
}

static void
read_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Session *session = g_task_get_task_data(task);
    GError *error = NULL;
    gssize length = g_input_stream_read_finish(G_INPUT_STREAM(object), result, &error);

    if (length == 0)
        error = g_error_new(FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE,
                            "fotad-fetch ended without an answer; see its journal");
    else if (length < 0)
        error = broken_off(error);
    if (length > 0) {
        g_byte_array_append(session->received, session->chunk, (guint)length);
        session->whole = session_take(session, &error);
    }
    if (session->output != NULL && session->body->len > 0 && error == NULL)
        session_write_output(task);
    else if (error == NULL)
        session_go_on(task);
    else
        session_end(task, error);
}

static void
session_read(GTask *task)
{
    Session *session = g_task_get_task_data(task);
    GInputStream *stream = g_io_stream_get_input_stream(G_IO_STREAM(session->connection));

    g_input_stream_read_async(stream, session->chunk, sizeof session->chunk, G_PRIORITY_DEFAULT,
                              session->cancellable, read_done, task);
}

/* One that does not take all of it has said why, or is gone. */
static void
write_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    GError *error = NULL;

    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(object), result, NULL, &error) &&
        !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE)) {
        session_end(task, broken_off(error));
        return;
    }
    g_clear_error(&error);
    session_read(task);
}

static gboolean
limit_reached(gpointer user_data)
{
    Session *session = user_data;

    session->limit = 0;
    session->timed_out = TRUE;
    g_cancellable_cancel(session->cancellable);
    return G_SOURCE_REMOVE;
}

static void
caller_cancelled(GCancellable *cancellable, gpointer user_data)
{
    g_cancellable_cancel(user_data);
}

static gboolean
session_connect(Session *session, const char *path, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GError) fault = NULL;
    g_autoptr(GSocket) socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &fault);

    if (socket != NULL)
        g_socket_set_blocking(socket, FALSE);
    if (socket == NULL || !g_socket_connect(socket, address, NULL, &fault)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE,
                    "fotad-fetch cannot be reached at %s: %s; is fotad-fetch.socket active?", path,
                    fault->message);
        return FALSE;
    }
    session->connection = g_socket_connection_factory_create_connection(socket);
    return TRUE;
}

void
fota_fetch_async(const FotaRequest *request, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);
    Session *session = g_new0(Session, 1);
    GError *error = NULL;

    session->cancellable = g_cancellable_new();
    session->request = g_string_new(NULL);
    session->received = g_byte_array_new();
    session->body = g_byte_array_new();
    session->max_bytes = request->max_bytes;
    session->from = request->from;
    session->output = request->output != NULL ? g_object_ref(request->output) : NULL;
    session->progress = request->progress;
    session->progress_data = user_data;
    g_task_set_task_data(task, session, session_free);
    if (!fota_request_write(request, session->request, &error) ||
        !session_connect(session, request->socket, &error)) {
        session_end(task, error);
        return;
    }
    if (cancellable != NULL)
        session->caller_cancelled = g_cancellable_connect(cancellable, G_CALLBACK(caller_cancelled),
                                                          session->cancellable, NULL);
    session->limit = g_timeout_add_seconds(request->limit != 0 ? request->limit : FOTA_FETCH_LIMIT,
                                           limit_reached, session);
    g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(session->connection)),
                                    session->request->str, session->request->len,
                                    G_PRIORITY_DEFAULT, session->cancellable, write_done, task);
}

FotaResponse *
fota_fetch_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
