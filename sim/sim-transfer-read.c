/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-transfer.h"

#define PACE_STEP_MS 20
#define CHUNK 4096

static gboolean
transfer_wait(SimTransfer *t, gint64 ms)
{
    GPollFD fd;

    if (!g_cancellable_make_pollfd(t->ftp->cancellable, &fd))
        return FALSE;
    g_poll(&fd, 1, (gint)MAX(ms, 0));
    g_cancellable_release_fd(t->ftp->cancellable);
    return !g_cancellable_is_cancelled(t->ftp->cancellable);
}

/* Waits so that the file takes the wanted time. */
static gboolean
transfer_pace(SimTransfer *t)
{
    double share = t->size > 0 ? (double)t->taken / (double)t->size : 1;
    gint64 due = t->started + (gint64)(share * t->get.seconds * G_USEC_PER_SEC);

    for (gint64 left; (left = due - g_get_monotonic_time()) > 0;) {
        if (!transfer_wait(t, MIN(left / 1000 + 1, PACE_STEP_MS)))
            return FALSE;
    }
    return TRUE;
}

/* In ASCII mode the module ends lines with CR LF, whatever the file contains. */
static void
transfer_append(SimTransfer *t, const guint8 *data, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        gboolean after_cr = t->bytes->len > 0 && t->bytes->data[t->bytes->len - 1] == '\r';

        if (t->ftp->ascii && data[i] == '\n' && !after_cr)
            g_byte_array_append(t->bytes, (const guint8 *)"\r", 1);
        g_byte_array_append(t->bytes, &data[i], 1);
    }
    t->taken += (gint64)length;
    g_mutex_lock(&t->ftp->lock);
    t->ftp->received = (guint64)t->taken;
    t->ftp->size = (guint64)MAX(t->size, 0);
    g_mutex_unlock(&t->ftp->lock);
}

/* The byte at which a fault strikes, also within a small file that comes in one piece. */
static gint64
transfer_limit(SimTransfer *t, int percent)
{
    return percent < 0 ? G_MAXINT64 : t->size * percent / 100;
}

/* Takes bytes of a file whose size is known. Any status but OK ends the transfer. */
static SimFtpStatus
transfer_take(SimTransfer *t, const guint8 *data, gsize length)
{
    gint64 cut = transfer_limit(t, t->get.cut_percent);
    gint64 stall = transfer_limit(t, t->get.stall_percent);
    gsize take = (gsize)CLAMP(MIN(cut, stall) - t->taken, 0, (gint64)length);

    if (t->get.room > 0 && t->bytes->len + take > t->get.room)
        return SIM_FTP_FULL;
    transfer_append(t, data, take);
    if (!transfer_pace(t))
        return SIM_FTP_CANCELLED;
    if (t->taken == cut)
        return SIM_FTP_CUT;
    if (t->taken == stall)
        return transfer_wait(t, t->get.stall_ms) ? SIM_FTP_STALLED : SIM_FTP_CANCELLED;
    return SIM_FTP_OK;
}

/* A file of unknown size is taken as a whole, since only then is it known where a fault strikes. */
static SimFtpStatus
transfer_take_all(SimTransfer *t, const GByteArray *held)
{
    SimFtpStatus status = SIM_FTP_OK;

    t->size = held->len;
    t->started = g_get_monotonic_time();
    for (guint at = 0; at < held->len && status == SIM_FTP_OK; at += CHUNK)
        status = transfer_take(t, held->data + at, MIN(CHUNK, held->len - at));
    return status;
}

SimFtpStatus
sim_transfer_read(SimTransfer *t, GSocketConnection *data)
{
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(data));
    g_autoptr(GByteArray) held = g_byte_array_new();
    SimFtpStatus status = SIM_FTP_OK;

    while (status == SIM_FTP_OK) {
        g_autoptr(GError) error = NULL;
        guint8 bytes[CHUNK];
        gssize n = g_input_stream_read(in, bytes, sizeof bytes, t->ftp->cancellable, &error);

        if (n < 0)
            return sim_transfer_failed(error) == SIM_FTP_LOST ? SIM_FTP_CUT
                                                              : sim_transfer_failed(error);
        if (n == 0)
            return t->size < 0 ? transfer_take_all(t, held) : SIM_FTP_OK;
        if (t->size < 0)
            g_byte_array_append(held, bytes, (guint)n);
        else
            status = transfer_take(t, bytes, (gsize)n);
    }
    return status;
}
