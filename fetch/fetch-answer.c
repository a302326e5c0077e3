/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

/* The head of an answer, and its body as it comes in. */

gboolean
fota_fetch_begin(const FotaFetchRequest *request, const FotaFetchAnswer *answer, GError **error)
{
    g_autoptr(GString) frame = g_string_new(NULL);

    if (answer->size > 0 && (guint64)answer->size > request->max_size) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TOO_LARGE,
                    "the answer has more than %" G_GUINT64_FORMAT " bytes", request->max_size);
        return FALSE;
    }
    fota_frame_number(frame, "status", answer->status);
    fota_frame_line(frame, "etag", answer->etag);
    fota_frame_line(frame, "last-modified", answer->modified);
    if (answer->max_age >= 0)
        fota_frame_number(frame, "max-age", (guint64)answer->max_age);
    if (answer->retry_after >= 0)
        fota_frame_number(frame, "retry-after", (guint64)answer->retry_after);
    if (answer->from >= 0)
        fota_frame_number(frame, "range", (guint64)answer->from);
    if (answer->size >= 0)
        fota_frame_number(frame, "size", (guint64)answer->size);
    fota_frame_end(frame);
    fota_fetch_session_send(request->session, frame);
    return TRUE;
}

static void
send_data(FotaFetchSession *session, const char *data, gsize size)
{
    for (gsize start = 0; start < size; start += FOTA_FRAME_MAX_DATA) {
        g_autoptr(GString) frame = g_string_new(NULL);

        fota_frame_payload(frame, data + start, MIN(size - start, FOTA_FRAME_MAX_DATA));
        fota_fetch_session_send(session, frame);
    }
}

gboolean
fota_fetch_add(const FotaFetchRequest *request, const void *data, gsize size, GError **error)
{
    FotaFetchSession *session = request->session;

    if (size > request->max_size - session->sent) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TOO_LARGE,
                    "the answer has more than %" G_GUINT64_FORMAT " bytes", request->max_size);
        return FALSE;
    }
    session->sent += size;
    fota_fetch_limits_received(request->limits, size);
    send_data(session, data, size);
    return TRUE;
}
