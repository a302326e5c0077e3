/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-transfer.h"

#include <string.h>
#include <sys/socket.h>

#define FTP_PORT 21

/* Operations whose callback is still to come. */
static guint under_way;

static void
ftp_unref(SimFtp *ftp)
{
    if (--ftp->ref_count > 0)
        return;
    curl_easy_cleanup(ftp->curl);
    g_clear_pointer(&ftp->multi, curl_multi_cleanup);
    g_object_unref(ftp->cancellable);
    g_mutex_clear(&ftp->lock);
    g_free(ftp->message);
    g_free(ftp->server);
    g_free(ftp);
}

static void
transfer_free(gpointer data)
{
    SimTransfer *t = data;

    g_byte_array_unref(t->bytes);
    g_free(t->path);
    g_free(t);
}

/* libcurl turns the line ends of an ASCII transfer into Unix ones; the module does not. */
static GBytes *
transfer_take_bytes(const SimTransfer *t)
{
    GByteArray *wire;

    if (!t->get.ascii)
        return g_bytes_new(t->bytes->data, t->bytes->len);
    wire = g_byte_array_new();
    for (guint i = 0; i < t->bytes->len; i++) {
        if (t->bytes->data[i] == '\n')
            g_byte_array_append(wire, (const guint8 *)"\r", 1);
        g_byte_array_append(wire, &t->bytes->data[i], 1);
    }
    return g_byte_array_free_to_bytes(wire);
}

static void
on_transfer_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    SimTransfer *t = g_task_get_task_data(G_TASK(result));
    SimFtpReply reply = {.size = t->size};

    reply.status = (SimFtpStatus)g_task_propagate_int(G_TASK(result), NULL);
    if (g_cancellable_is_cancelled(t->ftp->cancellable))
        reply.status = SIM_FTP_CANCELLED;
    reply.bytes = transfer_take_bytes(t);
    t->func(t->ftp, &reply, t->user_data);
    g_bytes_unref(reply.bytes);
    ftp_unref(t->ftp);
    under_way--;
}

static void
transfer_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    g_task_return_int(task, sim_transfer_run(task_data));
}

static void
transfer_start(SimFtp *ftp, SimTransfer *t)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_transfer_done, NULL);

    ftp->ref_count++;
    t->ftp = ftp;
    t->bytes = g_byte_array_new();
    ftp->received = ftp->size = 0;
    under_way++;
    g_task_set_task_data(task, t, transfer_free);
    g_task_run_in_thread(task, transfer_thread);
}

SimFtp *
sim_ftp_new(const char *server, const char *user, const char *password, gboolean passive,
            guint silence_ms)
{
    SimFtp *ftp = g_new0(SimFtp, 1);
    const char *colon = strrchr(server, ':');
    CURL *curl = curl_easy_init();

    ftp->ref_count = 1;
    ftp->control = -1;
    g_mutex_init(&ftp->lock);
    ftp->cancellable = g_cancellable_new();
    ftp->server = g_strdup(server);
    ftp->port = colon != NULL ? (guint16)g_ascii_strtoull(colon + 1, NULL, 10) : FTP_PORT;
    ftp->silence_ms = silence_ms;
    ftp->curl = curl;
    ftp->multi = curl_multi_init();
    curl_easy_setopt(curl, CURLOPT_USERNAME, user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "ftp");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_FTP_FILEMETHOD, CURLFTPMETHOD_NOCWD);
    curl_easy_setopt(curl, CURLOPT_FTP_USE_EPSV, 0L);
    curl_easy_setopt(curl, CURLOPT_FTPPORT, passive ? NULL : "-");
    curl_easy_setopt(curl, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)silence_ms);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(silence_ms + 999) / 1000);
    sim_transfer_attach(ftp);
    return ftp;
}

void
sim_ftp_abandon(SimFtp *ftp)
{
    g_cancellable_cancel(ftp->cancellable);
    g_mutex_lock(&ftp->lock);
    if (ftp->control >= 0)
        shutdown(ftp->control, SHUT_RDWR); /* no good-bye to a server that may not answer it */
    g_mutex_unlock(&ftp->lock);
    ftp_unref(ftp);
}

void
sim_ftp_login(SimFtp *ftp, SimFtpFunc func, gpointer user_data)
{
    SimTransfer *t = g_new0(SimTransfer, 1);

    t->func = func;
    t->user_data = user_data;
    transfer_start(ftp, t);
}

void
sim_ftp_logout(SimFtp *ftp, SimFtpFunc func, gpointer user_data)
{
    SimTransfer *t = g_new0(SimTransfer, 1);

    t->log_out = TRUE;
    t->func = func;
    t->user_data = user_data;
    transfer_start(ftp, t);
    ftp_unref(ftp);
}

void
sim_ftp_size(SimFtp *ftp, const char *path, SimFtpFunc func, gpointer user_data)
{
    SimTransfer *t = g_new0(SimTransfer, 1);

    t->path = g_strdup(path);
    t->size_only = TRUE;
    t->func = func;
    t->user_data = user_data;
    transfer_start(ftp, t);
}

void
sim_ftp_get(SimFtp *ftp, const char *path, const SimFtpGet *get, SimFtpFunc func,
            gpointer user_data)
{
    SimTransfer *t = g_new0(SimTransfer, 1);

    t->path = g_strdup(path);
    t->get = *get;
    t->func = func;
    t->user_data = user_data;
    transfer_start(ftp, t);
}

guint64
sim_ftp_get_received(SimFtp *ftp)
{
    guint64 received;

    g_mutex_lock(&ftp->lock);
    received = ftp->received;
    g_mutex_unlock(&ftp->lock);
    return received;
}

guint64
sim_ftp_get_size(SimFtp *ftp)
{
    guint64 size;

    g_mutex_lock(&ftp->lock);
    size = ftp->size;
    g_mutex_unlock(&ftp->lock);
    return size;
}

char *
sim_ftp_get_message(SimFtp *ftp)
{
    char *message;

    g_mutex_lock(&ftp->lock);
    message = g_strdup(ftp->message);
    g_mutex_unlock(&ftp->lock);
    return message;
}

void
sim_ftp_drain(void)
{
    while (under_way > 0)
        g_main_context_iteration(NULL, TRUE);
}
