/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-transfer.h"

#include <netinet/in.h>
#include <unistd.h>

#define PACE_STEP_MS 20
#define POLL_MS 20

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
transfer_wait(SimTransfer *t, gint64 ms)
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
transfer_pace(SimTransfer *t, gint64 total)
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
    SimTransfer *t = user_data;
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
    t->ftp->size = (guint64)MAX(total, 0);
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
    SimTransfer *t = user_data;
    gint64 silence = (g_get_monotonic_time() - t->last_byte) / 1000;

    if (g_cancellable_is_cancelled(t->ftp->cancellable))
        t->stopped = SIM_FTP_CANCELLED;
    else if (silence > t->ftp->silence_ms)
        t->stopped = SIM_FTP_STALLED;
    return t->stopped != SIM_FTP_OK;
}

static SimFtpStatus
status_from_curl(SimTransfer *t, CURLcode code)
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
transfer_url(SimTransfer *t)
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

SimFtpStatus
sim_transfer_run(SimTransfer *t)
{
    CURL *curl = t->ftp->curl;
    g_autofree char *url = NULL;
    curl_off_t size = -1;
    SimFtpStatus status;

    if (t->log_out) {
        g_clear_pointer(&t->ftp->multi, curl_multi_cleanup);
        return SIM_FTP_OK;
    }
    url = transfer_url(t);
    if (url == NULL)
        return SIM_FTP_ERROR;
    t->started = t->last_byte = g_get_monotonic_time();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOBODY, t->path == NULL || t->size_only ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_TRANSFERTEXT, t->get.ascii ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->get.offset);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    status = status_from_curl(t, perform(t->ftp));
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    t->size = size;
    if (status == SIM_FTP_OK && t->path == NULL)
        t->ftp->logged_in = TRUE;
    return status;
}

void
sim_transfer_attach(SimFtp *ftp)
{
    CURL *curl = ftp->curl;

    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_server_line);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, ftp);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, ftp);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, ftp);
}
