/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

#include <curl/curl.h>

#include "fetch/fetch-tls.h"

typedef struct {
    CURL *curl;
    const FotaFetchRequest *request;
    gboolean secure;
    gboolean begun;
    GError *fault; /* why a callback stopped the transfer */
} Transfer;

/* The server of the control connection, or that of the data connection. */
static gboolean
transfer_trusts(Transfer *transfer)
{
    const char *fault = transfer->secure && !transfer->fault
                            ? fota_fetch_tls_check_ftp(transfer->request->session, transfer->curl)
                            : NULL;

    if (fault)
        g_set_error(&transfer->fault, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TLS_FAILED, "%s: %s",
                    g_uri_get_host(transfer->request->uri), fault);
    return !transfer->fault;
}

/* The date is known by then: curl asks for it before the file. */
static gboolean
transfer_begin(Transfer *transfer)
{
    curl_off_t modified = -1;
    long unmet = 0;
    g_autofree char *date = NULL;
    FotaFetchAnswer answer = FOTA_FETCH_ANSWER_INIT(200);

    if (transfer->begun)
        return TRUE;
    transfer->begun = TRUE;
    curl_easy_getinfo(transfer->curl, CURLINFO_CONDITION_UNMET, &unmet);
    curl_easy_getinfo(transfer->curl, CURLINFO_FILETIME_T, &modified);
    if (unmet)
        answer.status = 304;
    else if (transfer->request->from >= 0)
        answer.status = 206;
    answer.from = transfer->request->from;
    /* What a libcurl with a 32-bit time reports for any later time. */
    if (modified >= 0 && modified != G_MAXINT32)
        date = fota_fetch_format_date(modified);
    answer.modified = date;
    return fota_fetch_begin(transfer->request, &answer, &transfer->fault);
}

static size_t
on_body(char *data, size_t size, size_t count, void *user_data)
{
    Transfer *transfer = user_data;

    return transfer_trusts(transfer) && transfer_begin(transfer) &&
                   fota_fetch_add(transfer->request, data, size * count, &transfer->fault)
               ? size * count
               : 0;
}

static size_t
on_reply(char *data, size_t size, size_t count, void *user_data)
{
    Transfer *transfer = user_data;

    fota_fetch_limits_answered(transfer->request->limits);
    return transfer_trusts(transfer) ? size * count : 0;
}

static int
on_progress(void *user_data, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
            curl_off_t up)
{
    Transfer *transfer = user_data;

    return fota_fetch_limits_broken(transfer->request->limits, &transfer->fault);
}

/* Maps RFC 959 replies to HTTP; 0 if the reply is not about the file or the login. */
static guint
status_of_reply(long reply)
{
    switch (reply) {
    case 550:
        return 404;
    case 530:
        return 401;
    case 532:
    case 553:
        return 403;
    case 421:
    case 450:
    case 451:
        return 503;
    default:
        return 0;
    }
}

static FotaFetchError
error_of_code(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return FOTA_FETCH_ERROR_TIMED_OUT;
    case CURLE_FILESIZE_EXCEEDED:
        return FOTA_FETCH_ERROR_TOO_LARGE;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        return FOTA_FETCH_ERROR_INTERRUPTED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
        return FOTA_FETCH_ERROR_TLS_FAILED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return FOTA_FETCH_ERROR_UNREACHABLE;
    case CURLE_URL_MALFORMAT:
        return FOTA_FETCH_ERROR_BAD_URI;
    default:
        return FOTA_FETCH_ERROR_BAD_ANSWER;
    }
}

static gboolean
set_login(CURL *curl, const FotaFetchRequest *request, GError **error)
{
    const char *secret = request->session->secret;
    g_auto(GStrv) login = secret ? g_strsplit(secret, ":", 2) : NULL;

    if (!login)
        return TRUE;
    if (g_strv_length(login) != 2) {
        g_set_error_literal(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_CREDENTIAL,
                            "FTP needs user:password");
        return FALSE;
    }
    curl_easy_setopt(curl, CURLOPT_USERNAME, login[0]);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, login[1]);
    return TRUE;
}

static void
set_options(CURL *curl, const FotaFetchRequest *request, Transfer *transfer, char *message)
{
    g_autofree char *uri = g_uri_to_string(request->uri);
    g_autofree char *interface = g_strconcat("if!", request->session->interface, NULL);

    curl_easy_setopt(curl, CURLOPT_URL, uri);
    if (request->session->interface)
        curl_easy_setopt(curl, CURLOPT_INTERFACE, interface);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "ftp,ftps");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
    if (request->from >= 0)
        curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)request->from);
    else
        curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (request->modified && request->from < 0) {
        curl_easy_setopt(curl, CURLOPT_TIMECONDITION, (long)CURL_TIMECOND_IFMODSINCE);
        curl_easy_setopt(curl, CURLOPT_TIMEVALUE_LARGE,
                         (curl_off_t)fota_fetch_parse_date(request->modified));
    }
}

gboolean
fota_fetch_ftp(const FotaFetchRequest *request, GError **error)
{
    Transfer transfer = {.request = request,
                         .curl = curl_easy_init(),
                         .secure = g_str_equal(g_uri_get_scheme(request->uri), "ftps")};
    CURL *curl = transfer.curl;
    char message[CURL_ERROR_SIZE] = "";
    CURLcode code;
    long reply = 0;

    if (!set_login(curl, request, error) ||
        !fota_fetch_tls_set_ftp(request->session, curl, transfer.secure, error)) {
        curl_easy_cleanup(curl);
        return FALSE;
    }
    set_options(curl, request, &transfer, message);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
    if (code == CURLE_OK)
        transfer_begin(&transfer);
    curl_easy_cleanup(curl);
    if (transfer.fault) {
        g_propagate_error(error, transfer.fault);
        return FALSE;
    }
    if (code == CURLE_OK)
        return TRUE;
    /* A transfer that broke off had its good reply before; curl reports a 421 as a timeout. */
    if (!transfer.begun && status_of_reply(reply) &&
        (error_of_code(code) == FOTA_FETCH_ERROR_BAD_ANSWER || code == CURLE_OPERATION_TIMEDOUT)) {
        const FotaFetchAnswer answer = FOTA_FETCH_ANSWER_INIT(status_of_reply(reply));

        return fota_fetch_begin(request, &answer, error);
    }
    g_set_error(error, FOTA_FETCH_ERROR, (int)error_of_code(code), "%s: %s",
                g_uri_get_host(request->uri), *message ? message : curl_easy_strerror(code));
    return FALSE;
}
