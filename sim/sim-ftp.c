/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-transfer.h"

/* Operations whose callback is still to come. */
static guint under_way;

static void
ftp_unref(SimFtp *ftp)
{
    if (--ftp->ref_count > 0)
        return;
    g_clear_object(&ftp->replies);
    g_clear_object(&ftp->control);
    g_object_unref(ftp->cancellable);
    g_mutex_clear(&ftp->lock);
    g_free(ftp->sized_path);
    g_free(ftp->message);
    g_free(ftp->password);
    g_free(ftp->user);
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

static void
on_transfer_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    SimTransfer *t = g_task_get_task_data(G_TASK(result));
    SimFtpReply reply = {.size = t->size};

    reply.status = (SimFtpStatus)g_task_propagate_int(G_TASK(result), NULL);
    if (g_cancellable_is_cancelled(t->ftp->cancellable))
        reply.status = SIM_FTP_CANCELLED;
    reply.bytes = g_bytes_new(t->bytes->data, t->bytes->len);
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

/* Takes @t. */
static void
transfer_start(SimFtp *ftp, SimTransfer *t, SimFtpFunc func, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_transfer_done, NULL);

    ftp->ref_count++;
    t->ftp = ftp;
    t->func = func;
    t->user_data = user_data;
    t->bytes = g_byte_array_new();
    ftp->received = ftp->size = 0;
    under_way++;
    g_task_set_task_data(task, t, transfer_free);
    g_task_run_in_thread(task, transfer_thread);
}

static SimTransfer *
transfer_new(SimTransferKind kind, const char *path)
{
    SimTransfer *t = g_new0(SimTransfer, 1);

    t->kind = kind;
    t->path = g_strdup(path);
    return t;
}

SimFtp *
sim_ftp_new(const char *server, const char *user, const char *password, gboolean passive,
            guint silence_ms)
{
    SimFtp *ftp = g_new0(SimFtp, 1);

    ftp->ref_count = 1;
    g_mutex_init(&ftp->lock);
    ftp->cancellable = g_cancellable_new();
    ftp->server = g_strdup(server);
    ftp->user = g_strdup(user);
    ftp->password = g_strdup(password);
    ftp->passive = passive;
    ftp->silence_ms = silence_ms;
    ftp->ascii = TRUE;
    return ftp;
}

void
sim_ftp_abandon(SimFtp *ftp)
{
    g_cancellable_cancel(ftp->cancellable);
    ftp_unref(ftp);
}

void
sim_ftp_login(SimFtp *ftp, SimFtpFunc func, gpointer user_data)
{
    transfer_start(ftp, transfer_new(SIM_TRANSFER_LOGIN, NULL), func, user_data);
}

void
sim_ftp_logout(SimFtp *ftp, SimFtpFunc func, gpointer user_data)
{
    transfer_start(ftp, transfer_new(SIM_TRANSFER_LOGOUT, NULL), func, user_data);
    ftp_unref(ftp);
}

void
sim_ftp_type(SimFtp *ftp, gboolean ascii, SimFtpFunc func, gpointer user_data)
{
    SimTransfer *t = transfer_new(SIM_TRANSFER_TYPE, NULL);

    t->ascii = ascii;
    transfer_start(ftp, t, func, user_data);
}

void
sim_ftp_size(SimFtp *ftp, const char *path, SimFtpFunc func, gpointer user_data)
{
    transfer_start(ftp, transfer_new(SIM_TRANSFER_SIZE, path), func, user_data);
}

void
sim_ftp_get(SimFtp *ftp, const char *path, const SimFtpGet *get, SimFtpFunc func,
            gpointer user_data)
{
    SimTransfer *t = transfer_new(SIM_TRANSFER_GET, path);

    t->get = *get;
    transfer_start(ftp, t, func, user_data);
}

gboolean
sim_ftp_is_ascii(SimFtp *ftp)
{
    return ftp->ascii;
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
