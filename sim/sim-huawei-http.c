/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei-http.h"

#include <curl/curl.h>

#define POLL_MS 20
#define CONNECT_MS 5000
#define HTTP_BAD_REQUEST 400
#define HTTP_SERVER_ERROR 500

struct _SimHttp {
    char *url;
    CURL *curl; /* the thread's */
    SimHttpGet get;
    SimHttpFunc func;
    gpointer user_data;
    GThread *thread;
    gint stop; /* atomic */
    GMutex lock;
    GByteArray *bytes;    /* under the lock */
    guint64 received;     /* of this GET; the thread's */
    gint64 started;       /* the thread's */
    SimHttpStatus status; /* the thread's, until it has ended */
    gboolean broken;      /* the thread's */
    guint done_source;    /* the thread's, until it has ended */
};

static gboolean
is_stopped(SimHttp *http)
{
    return g_atomic_int_get(&http->stop) != 0;
}

/* Waits so that the file takes the wanted time. */
static void
wait_for_pace(SimHttp *http)
{
    double share = http->get.size > 0 ? (double)http->received / (double)http->get.size : 0;
    gint64 due = http->started + (gint64)(share * http->get.seconds * G_USEC_PER_SEC);
    gint64 left;

    while ((left = due - g_get_monotonic_time()) > 0 && !is_stopped(http))
        g_usleep((gulong)MIN(left, POLL_MS * 1000));
}

/* The first bytes are there, and with them what the server tells of the file. */
static void
take_size(SimHttp *http)
{
    curl_off_t size = 0;

    curl_easy_getinfo(http->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    g_mutex_lock(&http->lock);
    http->get.size = (guint64)MAX(size, 1);
    g_mutex_unlock(&http->lock);
    if (http->get.break_share > 0)
        http->get.break_at = (guint64)((double)http->get.size * http->get.break_share);
}

static size_t
on_bytes(char *data, size_t size, size_t n, void *user_data)
{
    SimHttp *http = user_data;
    guint64 left;
    gsize take;

    if (http->get.size == 0)
        take_size(http);
    left = http->get.break_at - MIN(http->get.break_at, http->get.offset + http->received);
    take = (gsize)MIN((guint64)(size * n), left);
    g_mutex_lock(&http->lock);
    g_byte_array_append(http->bytes, (const guint8 *)data, (guint)take);
    g_mutex_unlock(&http->lock);
    http->received += take;
    wait_for_pace(http);
    http->broken = take < size * n;
    return is_stopped(http) ? 0 : take;
}

/* Not curl_easy_perform(), which cannot be told to stop. */
static CURLcode
perform(SimHttp *http, CURL *curl)
{
    CURLM *multi = curl_multi_init();
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    int running = 1, left;

    curl_multi_add_handle(multi, curl);
    while (running > 0 && !is_stopped(http)) {
        curl_multi_perform(multi, &running);
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
    }
    for (CURLMsg *msg; (msg = curl_multi_info_read(multi, &left)) != NULL;) {
        if (msg->msg == CURLMSG_DONE)
            code = msg->data.result;
    }
    curl_multi_remove_handle(multi, curl);
    curl_multi_cleanup(multi);
    return code;
}

static SimHttpStatus
status_from_curl(CURL *curl, CURLcode code)
{
    long answer = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    switch (code) {
    case CURLE_OK:
        return SIM_HTTP_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
        return SIM_HTTP_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return SIM_HTTP_CONNECT;
    case CURLE_HTTP_RETURNED_ERROR:
        return answer >= HTTP_BAD_REQUEST && answer < HTTP_SERVER_ERROR ? SIM_HTTP_MISSING
                                                                        : SIM_HTTP_SERVER;
    case CURLE_LOGIN_DENIED:
        return SIM_HTTP_LOGIN;
    case CURLE_REMOTE_FILE_NOT_FOUND:
    case CURLE_FTP_COULDNT_RETR_FILE:
        return SIM_HTTP_MISSING;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_RANGE_ERROR:
        return SIM_HTTP_SERVER;
    default:
        return SIM_HTTP_LOST;
    }
}

static gboolean
on_done(gpointer user_data)
{
    SimHttp *http = user_data;

    g_thread_join(http->thread);
    http->thread = NULL;
    http->done_source = 0;
    http->func(http, http->status, http->user_data);
    return G_SOURCE_REMOVE;
}

static gpointer
http_thread(gpointer data)
{
    SimHttp *http = data;
    CURL *curl = curl_easy_init();

    curl_easy_setopt(curl, CURLOPT_URL, http->url);
    http->curl = curl;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,ftp");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)http->get.offset);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
    http->started = g_get_monotonic_time();
    http->status = status_from_curl(curl, perform(http, curl));
    if (http->broken)
        http->status = SIM_HTTP_LOST;
    curl_easy_cleanup(curl);
    if (!is_stopped(http))
        http->done_source = g_idle_add(on_done, http);
    return NULL;
}

SimHttp *
sim_http_get(const char *url, const SimHttpGet *get, SimHttpFunc func, gpointer user_data)
{
    SimHttp *http = g_new0(SimHttp, 1);

    http->url = g_strdup(url);
    http->get = *get;
    http->func = func;
    http->user_data = user_data;
    http->bytes = g_byte_array_new();
    g_mutex_init(&http->lock);
    http->thread = g_thread_new("http", http_thread, http);
    return http;
}

guint64
sim_http_get_size(SimHttp *http)
{
    guint64 size;

    g_mutex_lock(&http->lock);
    size = http->get.size;
    g_mutex_unlock(&http->lock);
    return size;
}

GBytes *
sim_http_take(SimHttp *http)
{
    GByteArray *bytes;

    g_mutex_lock(&http->lock);
    bytes = http->bytes;
    http->bytes = g_byte_array_new();
    g_mutex_unlock(&http->lock);
    return g_byte_array_free_to_bytes(bytes);
}

void
sim_http_free(SimHttp *http)
{
    g_atomic_int_set(&http->stop, 1);
    if (http->thread != NULL)
        g_thread_join(http->thread);
    g_clear_handle_id(&http->done_source, g_source_remove);
    g_byte_array_unref(http->bytes);
    g_mutex_clear(&http->lock);
    g_free(http->url);
    g_free(http);
}
