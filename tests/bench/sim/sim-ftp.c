/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-ftp.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#define PACE_STEP_MS 20
#define POLL_MS 20
#define FTP_PORT 21

struct _SimFtp {
    guint ref_count; /* main thread only */
    CURL *curl;
    CURLM *multi; /* holds the control connection; NULL once logged out */
    int control;  /* the control connection's socket, -1: none; under the lock */
    char *server;
    guint16 port;
    gboolean logged_in;
    guint silence_ms;
    GCancellable *cancellable;
    GMutex lock;
    char *message;
    guint64 received;
};

/* One operation, from its start to its callback. */
typedef struct {
    SimFtp *ftp;
    char *path; /* NULL: log in or out */
    gboolean size_only;
    gboolean log_out;
    SimFtpGet get;
    SimFtpFunc func;
    gpointer user_data;
    GByteArray *bytes;
    gint64 size;
    gint64 started;
    gint64 last_byte;
    SimFtpStatus stopped; /* why we ended it ourselves */
} Transfer;

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

/* Once logged in, libcurl would log in again behind our back when the server has hung up; the
 * module does not. */
static curl_socket_t
on_open_socket(void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
    SimFtp *ftp = user_data;
    const struct sockaddr_in *in = (const void *)&address->addr;
    gboolean control = address->family == AF_INET && g_ntohs(in->sin_port) == ftp->port;
    int fd;

    if (ftp->logged_in && control)
        return CURL_SOCKET_BAD;
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (control) {
        g_mutex_lock(&ftp->lock);
        ftp->control = fd;
        g_mutex_unlock(&ftp->lock);
    }
    return fd;
}

static int
on_close_socket(void *user_data, curl_socket_t fd)
{
    SimFtp *ftp = user_data;

    g_mutex_lock(&ftp->lock);
    if (ftp->control == fd)
        ftp->control = -1;
    g_mutex_unlock(&ftp->lock);
    return close(fd);
}

static size_t
on_server_line(char *data, size_t size, size_t n, void *user_data)
{
    SimFtp *ftp = user_data;

    if (!g_ascii_isdigit(data[0])) /* libcurl's own, made from the answer to SIZE */
        return size * n;
    g_mutex_lock(&ftp->lock);
    g_free(ftp->message);
    ftp->message = g_strchomp(g_strndup(data, size * n));
    g_mutex_unlock(&ftp->lock);
    return size * n;
}

static gboolean
transfer_wait(Transfer *t, gint64 ms)
{
    GPollFD fd;
    gboolean cancelled;

    if (!g_cancellable_make_pollfd(t->ftp->cancellable, &fd))
        return FALSE;
    g_poll(&fd, 1, (gint)MAX(ms, 0));
    g_cancellable_release_fd(t->ftp->cancellable);
    cancelled = g_cancellable_is_cancelled(t->ftp->cancellable);
    if (cancelled)
        t->stopped = SIM_FTP_CANCELLED;
    return !cancelled;
}

/* Spreads the file over the wanted time. */
static gboolean
transfer_pace(Transfer *t, gint64 total)
{
    double share = total > 0 ? (double)t->bytes->len / (double)total : 1;
    gint64 due = t->started + (gint64)(share * t->get.seconds * G_USEC_PER_SEC);

    for (gint64 left; (left = due - g_get_monotonic_time()) > 0;) {
        if (!transfer_wait(t, MIN(left / 1000 + 1, PACE_STEP_MS)))
            return FALSE;
    }
    return TRUE;
}

/* Where in the file a fault strikes: small files, which come in one piece, included. */
static gint64
transfer_limit(int percent, gint64 total)
{
    return percent < 0 || total < 0 ? G_MAXINT64 : total * percent / 100;
}

static size_t
on_bytes(char *data, size_t size, size_t n, void *user_data)
{
    Transfer *t = user_data;
    curl_off_t total = -1;
    gsize take = size * n;
    gint64 cut, stall;

    if (t->path == NULL || t->size_only)
        return take;
    curl_easy_getinfo(t->ftp->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
    cut = transfer_limit(t->get.cut_percent, total);
    stall = transfer_limit(t->get.stall_percent, total);
    take = (gsize)MIN((gint64)take, MIN(cut, stall) - (gint64)t->bytes->len);
    if (t->get.room > 0 && t->bytes->len + take > t->get.room) {
        t->stopped = SIM_FTP_FULL;
        return 0;
    }
    g_byte_array_append(t->bytes, (const guint8 *)data, (guint)take);
    g_mutex_lock(&t->ftp->lock);
    t->ftp->received = t->bytes->len;
    g_mutex_unlock(&t->ftp->lock);
    if (!transfer_pace(t, total))
        return 0;
    t->last_byte = g_get_monotonic_time();
    if ((gint64)t->bytes->len == cut) {
        t->stopped = SIM_FTP_CUT;
        return 0;
    }
    if ((gint64)t->bytes->len == stall) {
        t->stopped = SIM_FTP_STALLED;
        transfer_wait(t, t->get.stall_ms);
        return 0;
    }
    return size * n;
}

static int
on_progress(void *user_data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
    Transfer *t = user_data;
    gint64 silence = (g_get_monotonic_time() - t->last_byte) / 1000;

    if (g_cancellable_is_cancelled(t->ftp->cancellable))
        t->stopped = SIM_FTP_CANCELLED;
    else if (silence > t->ftp->silence_ms)
        t->stopped = SIM_FTP_STALLED;
    return t->stopped != SIM_FTP_OK;
}

static SimFtpStatus
status_from_curl(Transfer *t, CURLcode code)
{
    if (t->stopped != SIM_FTP_OK)
        return t->stopped;
    switch (code) {
    case CURLE_OK:
        return SIM_FTP_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
        return SIM_FTP_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return t->ftp->logged_in ? SIM_FTP_LOST : SIM_FTP_CONNECT;
    case CURLE_LOGIN_DENIED:
        return SIM_FTP_LOGIN;
    case CURLE_REMOTE_FILE_NOT_FOUND:
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_FTP_COULDNT_RETR_FILE:
        return SIM_FTP_FILE;
    case CURLE_OPERATION_TIMEDOUT:
        return SIM_FTP_STALLED;
    case CURLE_PARTIAL_FILE:
        return SIM_FTP_CUT;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        return SIM_FTP_LOST;
    default:
        return SIM_FTP_ERROR;
    }
}

/* Not curl_easy_perform(): it may sit for a second on an answer it has read already. */
static CURLcode
perform(SimFtp *ftp)
{
    CURLMcode ret = curl_multi_add_handle(ftp->multi, ftp->curl);
    CURLcode code = CURLE_FAILED_INIT;
    int running = 1, left;

    while (ret == CURLM_OK && running > 0) {
        ret = curl_multi_perform(ftp->multi, &running);
        if (ret == CURLM_OK && running > 0)
            ret = curl_multi_poll(ftp->multi, NULL, 0, POLL_MS, NULL);
    }
    for (CURLMsg *msg; (msg = curl_multi_info_read(ftp->multi, &left)) != NULL;) {
        if (msg->msg == CURLMSG_DONE)
            code = msg->data.result;
    }
    curl_multi_remove_handle(ftp->multi, ftp->curl);
    return code;
}

static char *
transfer_url(Transfer *t)
{
    CURLU *url = curl_url();
    g_autofree char *path = g_strdup_printf("/%s", t->path != NULL ? t->path : "");
    g_autofree char *base = g_strdup_printf("ftp://%s", t->ftp->server);
    char *text = NULL, *copy;

    curl_url_set(url, CURLUPART_URL, base, 0);
    curl_url_set(url, CURLUPART_PATH, path, CURLU_URLENCODE);
    curl_url_get(url, CURLUPART_URL, &text, 0);
    copy = g_strdup(text);
    curl_free(text);
    curl_url_cleanup(url);
    return copy;
}

static void
transfer_run(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    Transfer *t = task_data;
    CURL *curl = t->ftp->curl;
    g_autofree char *url = t->log_out ? NULL : transfer_url(t);
    curl_off_t size = -1;
    CURLcode code;
    SimFtpStatus status = SIM_FTP_ERROR;

    if (t->log_out) {
        g_clear_pointer(&t->ftp->multi, curl_multi_cleanup);
        status = SIM_FTP_OK;
    }
    if (url != NULL) {
        t->started = t->last_byte = g_get_monotonic_time();
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOBODY, t->path == NULL || t->size_only ? 1L : 0L);
        curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->get.offset);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
        code = perform(t->ftp);
        status = status_from_curl(t, code);
        curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
        t->size = size;
    }
    if (status == SIM_FTP_OK && t->path == NULL && !t->log_out)
        t->ftp->logged_in = TRUE;
    g_task_return_int(task, status);
}

static void
transfer_free(gpointer data)
{
    Transfer *t = data;

    g_byte_array_unref(t->bytes);
    g_free(t->path);
    g_free(t);
}

static void
on_transfer_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Transfer *t = g_task_get_task_data(G_TASK(result));
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
transfer_start(SimFtp *ftp, Transfer *t)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_transfer_done, NULL);

    ftp->ref_count++;
    t->ftp = ftp;
    t->bytes = g_byte_array_new();
    ftp->received = 0;
    under_way++;
    g_task_set_task_data(task, t, transfer_free);
    g_task_run_in_thread(task, transfer_run);
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
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_server_line);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, ftp);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, ftp);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, ftp);
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
    Transfer *t = g_new0(Transfer, 1);

    t->func = func;
    t->user_data = user_data;
    transfer_start(ftp, t);
}

void
sim_ftp_logout(SimFtp *ftp, SimFtpFunc func, gpointer user_data)
{
    Transfer *t = g_new0(Transfer, 1);

    t->log_out = TRUE;
    t->func = func;
    t->user_data = user_data;
    transfer_start(ftp, t);
    ftp_unref(ftp);
}

void
sim_ftp_size(SimFtp *ftp, const char *path, SimFtpFunc func, gpointer user_data)
{
    Transfer *t = g_new0(Transfer, 1);

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
    Transfer *t = g_new0(Transfer, 1);

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
