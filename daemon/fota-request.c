/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-request.h"

#include <string.h>

#include "base/fota-frame.h"
#include "daemon/fota-credential.h"
#include "policy/fota-policy-error.h"

#define GRACE_SECONDS 20 /* in which fotad-fetch reports that its time is over */

FotaRequest
fota_request_make(const FotaContext *context, const FotaModuleConfig *config,
                  const char *credential, gboolean identifies)
{
    const char *file = fota_config_get_file(context->config);

    return (FotaRequest){
        .socket = context->fetch_socket,
        .credential = fota_credential_get_path(file, credential),
        .ca_file = config->certificate_authority,
        .client_certificate =
            fota_credential_get_path(file, identifies ? config->client_certificate : NULL),
        .client_key = fota_credential_get_path(file, identifies ? config->client_key : NULL),
        .proxy = config->proxy,
    };
}

void
fota_request_clear(FotaRequest *request)
{
    g_free((char *)request->credential);
    g_free((char *)request->client_certificate);
    g_free((char *)request->client_key);
}

static void
add_setting(GString *frames, const char *name, const char *value, gsize size)
{
    fota_frame_line(frames, "set", name);
    fota_frame_payload(frames, value, size);
}

static gboolean
add_authority(GString *frames, const char *file, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *pem = NULL;
    gsize size;

    if (!g_file_get_contents(file, &pem, &size, &fault) || size > FOTA_FRAME_MAX_PAYLOAD) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "CertificateAuthority= cannot be used: %s",
                    fault != NULL ? fault->message : "the file has more than 1 MiB");
        return FALSE;
    }
    add_setting(frames, "authority", pem, size);
    return TRUE;
}

static gboolean
add_credential(GString *frames, const char *file, GError **error)
{
    g_autofree char *secret = fota_credential_read(file, error);

    if (secret == NULL)
        return FALSE;
    add_setting(frames, "secret", secret, strlen(secret));
    return TRUE;
}

static gboolean
add_pem(GString *frames, const char *name, const char *file, GError **error)
{
    g_autoptr(GBytes) pem = fota_credential_read_file(file, error);

    if (pem == NULL)
        return FALSE;
    add_setting(frames, name, g_bytes_get_data(pem, NULL), g_bytes_get_size(pem));
    return TRUE;
}

/* The owner of the server decides whether that is acceptable, so he must be told. */
static void
warn_of_plain_login(const FotaRequest *request)
{
    g_autoptr(GUri) uri = g_uri_parse(request->uri, G_URI_FLAGS_ENCODED, NULL);
    const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";

    if (strcmp(scheme, "http") == 0 || strcmp(scheme, "ftp") == 0)
        g_warning("the login for %s goes over %s, where everybody on the way can read it",
                  g_uri_get_host(uri), scheme);
}

static gboolean
add_settings(GString *frames, const FotaRequest *request, GError **error)
{
    if (request->credential != NULL) {
        warn_of_plain_login(request);
        if (!add_credential(frames, request->credential, error))
            return FALSE;
    }
    if (request->ca_file != NULL && !add_authority(frames, request->ca_file, error))
        return FALSE;
    if (request->client_certificate != NULL &&
        !add_pem(frames, "certificate", request->client_certificate, error))
        return FALSE;
    if (request->client_key != NULL && !add_pem(frames, "key", request->client_key, error))
        return FALSE;
    if (request->proxy != NULL)
        add_setting(frames, "proxy", request->proxy, strlen(request->proxy));
    if (request->interface != NULL)
        add_setting(frames, "interface", request->interface, strlen(request->interface));
    return TRUE;
}

gboolean
fota_request_write(const FotaRequest *request, GString *frames, GError **error)
{
    if (!add_settings(frames, request, error))
        return FALSE;
    fota_frame_line(frames, "method", request->body != NULL ? "POST" : "GET");
    fota_frame_line(frames, "uri", request->uri);
    fota_frame_line(frames, "etag", request->etag);
    fota_frame_line(frames, "idempotency-key", request->idempotency_key);
    fota_frame_number(frames, "max-size", request->max_bytes);
    fota_frame_line(frames, "beneath", request->beneath);
    if (request->from > 0)
        fota_frame_number(frames, "range", request->from);
    if (request->limit > FOTA_FETCH_LIMIT)
        fota_frame_number(frames, "timeout", request->limit - GRACE_SECONDS);
    if (request->body != NULL)
        fota_frame_payload(frames, g_bytes_get_data(request->body, NULL),
                           g_bytes_get_size(request->body));
    else
        fota_frame_end(frames);
    return TRUE;
}
