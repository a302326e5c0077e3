/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch-tls.h"

#include <gnutls/x509.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fetch/fetch.h"

/* What libsoup's TLS library, GnuTLS, speaks with a server. */
#define PRIORITY "NORMAL:%COMPAT:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

void
fota_fetch_tls_init(void)
{
    g_setenv("G_TLS_GNUTLS_PRIORITY", PRIORITY, TRUE);
}

/* Without a subjectAltName both libraries would accept the common name, which proves nothing. */
static gboolean
has_name(gnutls_x509_crt_t certificate, gnutls_x509_subject_alt_name_t kind)
{
    char name[256];
    int found;

    for (unsigned i = 0;; i++) {
        size_t size = sizeof name;

        found = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);
        if (found == (int)kind)
            return TRUE;
        if (found < 0 && found != GNUTLS_E_SHORT_MEMORY_BUFFER)
            return FALSE;
    }
}

/*
 * Judges what neither library judges in a certificate that it has verified. GIO does not say what a
 * certificate is for, hence GnuTLS.
 */
static const char *
check_certificate(const gnutls_datum_t *data, gnutls_x509_crt_fmt_t format, const char *host)
{
    gnutls_x509_crt_t certificate;
    const char *fault = NULL;

    if (gnutls_x509_crt_init(&certificate) < 0)
        return "the certificate cannot be read";
    if (gnutls_x509_crt_import(certificate, data, format) < 0)
        fault = "the certificate cannot be read";
    else if (!has_name(certificate,
                       g_hostname_is_ip_address(host) ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME))
        fault = "the certificate names no host in its subjectAltName";
    else if (!gnutls_x509_crt_check_key_purpose(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0))
        fault = "the certificate is not for servers";
    gnutls_x509_crt_deinit(certificate);
    return fault;
}

/* GIO reads certificates from a file only, and again for each connection: it stays open. */
static GTlsDatabase *
make_database(GBytes *pem, GError **error)
{
    int fd = memfd_create("authority", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    gsize size;
    const void *data = g_bytes_get_data(pem, &size);

    if (write(fd, data, size) == (gssize)size)
        return g_tls_file_database_new(path, error);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, g_strerror(errno));
    return NULL;
}

static gboolean
set_authority(FotaFetchSession *session, SoupSession *http, GError **error)
{
    g_autoptr(GTlsDatabase) database = NULL;
    g_autoptr(GError) fault = NULL;

    if (!session->authority)
        return TRUE;
    database = make_database(session->authority, &fault);
    if (!database) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TLS_FAILED,
                    "the certificates of the authority: %s", fault->message);
        return FALSE;
    }
    soup_session_set_tls_database(http, database);
    return TRUE;
}

/* Uses both libraries, so that a bad certificate is reported before it is needed. */
static gboolean
read_client(FotaFetchSession *session, GError **error)
{
    GBytes *key = session->key ? session->key : session->certificate;
    g_autoptr(GString) pem = g_string_new(NULL);
    g_autoptr(GByteArray) private_key = NULL;
    g_autoptr(GError) fault = NULL;

    if (!session->certificate || session->client)
        return TRUE;
    g_string_append_len(pem, g_bytes_get_data(session->certificate, NULL),
                        (gssize)g_bytes_get_size(session->certificate));
    if (key != session->certificate) {
        g_string_append_c(pem, '\n');
        g_string_append_len(pem, g_bytes_get_data(key, NULL), (gssize)g_bytes_get_size(key));
    }
    session->client = g_tls_certificate_new_from_pem(pem->str, (gssize)pem->len, &fault);
    explicit_bzero(pem->str, pem->len);
    if (session->client)
        g_object_get(session->client, "private-key", &private_key, NULL);
    if (!session->client || !private_key) {
        g_set_error(error, FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_BAD_CREDENTIAL,
                    "the client certificate or its key: %s", fault ? fault->message : "no key");
        return FALSE;
    }
    return TRUE;
}

gboolean
fota_fetch_tls_set_http(FotaFetchSession *session, SoupSession *http, GError **error)
{
    g_autoptr(GProxyResolver) resolver =
        session->proxy ? g_simple_proxy_resolver_new(session->proxy, NULL) : NULL;

    soup_session_set_proxy_resolver(http, resolver);
    return set_authority(session, http, error) && read_client(session, error);
}

/* Before the first byte of a request is sent on a new connection. */
static void
connection_event(SoupMessage *message, GSocketClientEvent event, GIOStream *connection,
                 gpointer user_data)
{
    FotaFetchSession *session = user_data;
    GTlsCertificate *certificate;
    g_autoptr(GByteArray) der = NULL;

    if (event != G_SOCKET_CLIENT_TLS_HANDSHAKED)
        return;
    certificate = g_tls_connection_get_peer_certificate(G_TLS_CONNECTION(connection));
    g_object_get(certificate, "certificate", &der, NULL);
    session->tls_fault =
        check_certificate(&(gnutls_datum_t){.data = der->data, .size = der->len},
                          GNUTLS_X509_FMT_DER, g_uri_get_host(soup_message_get_uri(message)));
    if (session->tls_fault)
        g_cancellable_cancel(g_object_get_data(G_OBJECT(message), "cancellable"));
}

void
fota_fetch_tls_set_message(FotaFetchSession *session, SoupMessage *message,
                           GCancellable *cancellable)
{
    session->tls_fault = NULL;
    g_object_set_data(G_OBJECT(message), "cancellable", cancellable);
    g_signal_connect(message, "network-event", G_CALLBACK(connection_event), session);
    if (session->client && fota_fetch_same_origin(soup_message_get_uri(message), session->origin))
        soup_message_set_tls_client_certificate(message, session->client);
}

static void
set_blob(CURL *curl, CURLoption option, GBytes *bytes)
{
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    struct curl_blob blob = {.data = (void *)data, .len = size, .flags = CURL_BLOB_NOCOPY};

    curl_easy_setopt(curl, option, &blob);
}

gboolean
fota_fetch_tls_set_ftp(FotaFetchSession *session, CURL *curl, gboolean secure, GError **error)
{
    if (session->proxy) {
        curl_easy_setopt(curl, CURLOPT_PROXY, session->proxy);
        curl_easy_setopt(curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
        curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
    } else {
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
    if (!secure)
        return TRUE;
    if (!read_client(session, error))
        return FALSE;
    /* Login and file are sent encrypted, or not at all. */
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    if (session->authority) {
        set_blob(curl, CURLOPT_CAINFO_BLOB, session->authority);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (session->certificate) {
        set_blob(curl, CURLOPT_SSLCERT_BLOB, session->certificate);
        set_blob(curl, CURLOPT_SSLKEY_BLOB, session->key ? session->key : session->certificate);
    }
    return TRUE;
}

const char *
fota_fetch_tls_check_ftp(FotaFetchSession *session, CURL *curl)
{
    static const char mark[] = "Cert:";
    struct curl_certinfo *info = NULL;

    curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info);
    for (struct curl_slist *line = info && info->num_of_certs > 0 ? info->certinfo[0] : NULL; line;
         line = line->next) {
        char *pem = line->data + strlen(mark);

        if (g_str_has_prefix(line->data, mark))
            return check_certificate(
                &(gnutls_datum_t){.data = (unsigned char *)pem, .size = (unsigned)strlen(pem)},
                GNUTLS_X509_FMT_PEM, g_uri_get_host(session->origin));
    }
    return "the server has shown no certificate that can be read";
}
