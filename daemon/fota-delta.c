/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-delta.h"

#include "base/fota-text.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-error.h"
#include "daemon/fota-fetcher.h"
#include "policy/fota-credential-rule.h"
#include "policy/fota-policy-error.h"

/* As long as fotad-fetch allows; a server that is too slow is given up long before. */
#define LIMIT_SECONDS (24 * 3600)

#define HTTP_OK 200
#define HTTP_PARTIAL 206
#define HTTP_UNAUTHORIZED 401
#define HTTP_FORBIDDEN 403
#define HTTP_NOT_FOUND 404
#define HTTP_GONE 410
#define HTTP_RANGE 416

typedef struct {
    const FotaContext *context;
    FotaConfig *configuration;
    const FotaModuleConfig *config; /* in @configuration */
    void (*progress)(guint64 received, guint64 total, gpointer user_data);
    gpointer progress_data;
    GStrv uris;
    guint next; /* of them */
    char *credential;
    guint64 size;
    char *sha256;
    char *key;
    gboolean took; /* its part, which is ours alone then */
    guint64 from;  /* bytes that were there before this request */
    guint64 taken; /* by this request */
    guint64 spent;
    GError *error; /* of the address before, or of one that has brought what stays: */
    gboolean kept; /* that goes on later, whatever the others say */
} Delivery;

static void
delivery_free(gpointer data)
{
    Delivery *delivery = data;

    fota_config_unref(delivery->configuration);
    g_strfreev(delivery->uris);
    g_free(delivery->credential);
    g_free(delivery->sha256);
    g_free(delivery->key);
    g_clear_error(&delivery->error);
    g_free(delivery);
}

static const char *
delivery_uri(const Delivery *delivery)
{
    return delivery->uris[delivery->next];
}

static gboolean
is_local(const char *uri)
{
    return g_str_has_prefix(uri, "file:");
}

static void
delivery_report(Delivery *delivery, guint64 received)
{
    if (delivery->progress != NULL)
        delivery->progress(received, delivery->size, delivery->progress_data);
}

/* Ends @task, which is the caller's from then on. Of what an address has brought nothing may have
 * stayed when the last one has failed. */
static void
delivery_end(GTask *task, GError *error)
{
    Delivery *delivery = g_task_get_task_data(task);

    if (delivery->took && error != NULL)
        delivery_report(delivery, fota_cache_get_bytes(delivery->context->cache, delivery->key));
    if (delivery->took)
        fota_cache_give_part_back(delivery->context->cache, delivery->key);
    if (error != NULL)
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
    g_object_unref(task);
}

static void delivery_try(GTask *task);

/* What another address may do better. */
static void
delivery_try_next(GTask *task, GError *error)
{
    Delivery *delivery = g_task_get_task_data(task);

    if (delivery->uris[delivery->next + 1] != NULL)
        g_message("%s; trying the next address", error->message);
    if (delivery->kept) {
        g_error_free(error);
    } else {
        g_clear_error(&delivery->error);
        delivery->error = error;
        delivery->kept =
            delivery->taken > 0 && delivery->sha256 != NULL &&
            g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED);
    }
    delivery->next++;
    delivery_try(task);
}

static void
completed(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Delivery *delivery = g_task_get_task_data(task);
    GError *error = NULL;

    if (fota_cache_complete_finish(delivery->context->cache, result, &error)) {
        delivery_end(task, NULL);
    } else if (!g_error_matches(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA)) {
        delivery_end(task, error);
    } else if (delivery->from > 0) {
        /* What was there before may be to blame: it was not synchronised. */
        g_message("%s; fetching it anew", error->message);
        g_error_free(error);
        delivery_try(task);
    } else {
        delivery_try_next(task, error);
    }
}

static void
delivery_complete(GTask *task)
{
    Delivery *delivery = g_task_get_task_data(task);

    fota_cache_complete_async(delivery->context->cache, delivery->key, delivery->size,
                              delivery->sha256, g_task_get_cancellable(task), completed, task);
}

static GError *
explain_status(const Delivery *delivery, guint status)
{
    g_autofree char *origin = is_local(delivery_uri(delivery))
                                  ? g_strdup("the gateway")
                                  : fota_text_get_origin(delivery_uri(delivery));

    switch (status) {
    case HTTP_UNAUTHORIZED:
    case HTTP_FORBIDDEN:
        return g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED,
                           is_local(delivery_uri(delivery))
                               ? "%s does not let fotad-fetch read the delta: look at the file's "
                                 "mode; below Directory= no symbolic link is followed"
                               : "%s refuses the delta: look at its credential",
                           origin);
    case HTTP_NOT_FOUND:
    case HTTP_GONE:
        return g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING,
                           "%s has no such delta", origin);
    default:
        return g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                           "%s answered %u when asked for the delta", origin, status);
    }
}

/* An error about a manifest's server, as one about a delta's. */
static GError *
explain_error(const Delivery *delivery, const GError *error)
{
    if (g_error_matches(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE))
        return g_error_new_literal(FOTA_MODULE_ERROR,
                                   delivery->taken > 0 ? FOTA_MODULE_ERROR_TRANSFER_FAILED
                                                       : FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
                                   error->message);
    if (g_error_matches(error, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNAVAILABLE))
        return g_error_new_literal(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                                   error->message);
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE) &&
        delivery->size > 0)
        return g_error_new(FOTA_ERROR, FOTA_ERROR_BAD_DELTA,
                           "the server's file is larger than the %" G_GUINT64_FORMAT
                           " bytes that the manifest says",
                           delivery->size);
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE))
        return g_error_new(FOTA_ERROR, FOTA_ERROR_NO_SPACE,
                           "the delta is larger than [Delivery] CacheSize= leaves room for");
    return g_error_copy(error);
}

static gboolean
ends_all(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
           g_error_matches(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE);
}

/* What was there cannot be continued here: once more, from the beginning. */
static void
delivery_begin_anew(GTask *task)
{
    Delivery *delivery = g_task_get_task_data(task);
    GError *error = NULL;

    if (fota_cache_delete_part(delivery->context->cache, delivery->key, &error))
        delivery_try(task);
    else
        delivery_end(task, error);
}

static void
fetched(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Delivery *delivery = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);
    guint status = response != NULL ? response->status : 0;
    gboolean resumed = delivery->from > 0;
    g_autoptr(GError) stays = NULL;
    GError *reason;

    delivery->spent += is_local(delivery_uri(delivery)) ? 0 : delivery->taken;
    if (status == HTTP_OK || status == HTTP_PARTIAL) {
        delivery->from = response->from;
        delivery_complete(task);
    } else if (resumed && status == HTTP_RANGE) {
        /* Nothing is missing, or it is another file: its digest tells. */
        delivery_complete(task);
    } else if (resumed && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT)) {
        delivery_begin_anew(task);
    } else {
        reason = error != NULL ? explain_error(delivery, error) : explain_status(delivery, status);
        if (g_error_matches(reason, FOTA_ERROR, FOTA_ERROR_BAD_DELTA) &&
            !fota_cache_delete_part(delivery->context->cache, delivery->key, &stays)) {
            g_error_free(reason);
            reason = g_steal_pointer(&stays);
        }
        if (ends_all(reason))
            delivery_end(task, reason);
        else
            delivery_try_next(task, reason);
    }
}

static void
fetch_progress(guint64 bytes, gpointer user_data)
{
    Delivery *delivery = g_task_get_task_data(user_data);

    delivery->taken = bytes;
    delivery_report(delivery, fota_cache_get_bytes(delivery->context->cache, delivery->key));
}

/* The certificate is for the manifest's server: another one does not learn who we are. */
static void
delivery_request(GTask *task, GFileOutputStream *part, guint64 room)
{
    Delivery *delivery = g_task_get_task_data(task);
    const char *uri = delivery_uri(delivery);
    const char *own = delivery->config->manifest_uri;
    gboolean known = own != NULL && !is_local(uri) && fota_credential_is_same_server(uri, own);
    g_auto(FotaRequest) request = fota_request_make(
        delivery->context, delivery->config, is_local(uri) ? NULL : delivery->credential, known);

    request.uri = uri;
    request.beneath = is_local(uri) ? delivery->config->delta_directory : NULL;
    request.from = delivery->from;
    request.output = G_OUTPUT_STREAM(part);
    request.progress = fetch_progress;
    request.max_bytes = delivery->size > 0 ? delivery->size : room;
    request.limit = LIMIT_SECONDS;
    delivery->taken = 0;
    fota_fetch_async(&request, g_task_get_cancellable(task), fetched, task);
}

/* Bytes that this delta may have. */
static guint64
delivery_get_room(const Delivery *delivery)
{
    guint64 size = fota_config_get_cache_size(delivery->configuration);

    return size - MIN(size, fota_cache_get_used(delivery->context->cache, delivery->key));
}

static GError *
fail_room(const Delivery *delivery, guint64 room)
{
    return g_error_new(FOTA_ERROR, FOTA_ERROR_NO_SPACE,
                       "the delta has %" G_GUINT64_FORMAT
                       " bytes, and [Delivery] CacheSize= leaves room for %" G_GUINT64_FORMAT,
                       delivery->size, room);
}

/* From the next address that the host can fetch from. */
static void
delivery_try(GTask *task)
{
    Delivery *delivery = g_task_get_task_data(task);
    g_autoptr(GFileOutputStream) part = NULL;
    guint64 room = delivery_get_room(delivery);
    GError *error = NULL;

    while (delivery_uri(delivery) != NULL &&
           !fota_delivery_host_can(delivery_uri(delivery), delivery->config->delta_directory))
        delivery->next++;
    if (delivery_uri(delivery) == NULL) {
        error = delivery->error != NULL
                    ? g_steal_pointer(&delivery->error)
                    : g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                                  "the delta lies where the host may not read it; set Directory= "
                                  "in [Delivery]");
        delivery_end(task, error);
        return;
    }
    delivery->from = fota_cache_get_bytes(delivery->context->cache, delivery->key);
    if (delivery->sha256 == NULL || (delivery->size > 0 && delivery->from > delivery->size)) {
        if (!fota_cache_delete_part(delivery->context->cache, delivery->key, &error)) {
            delivery_end(task, error);
            return;
        }
        delivery->from = 0;
    }
    delivery_report(delivery, delivery->from);
    if (delivery->from > 0 && delivery->from == delivery->size) {
        delivery_complete(task);
        return;
    }
    part = fota_cache_open_part(delivery->context->cache, delivery->key, &error);
    if (part == NULL)
        delivery_end(task, error);
    else
        delivery_request(task, part, room);
}

guint64
fota_delta_get_held(const FotaContext *context, const FotaDelta *delta)
{
    g_autofree char *key = fota_delivery_make_key(delta);

    return delta->sha256 != NULL || fota_cache_has(context->cache, key)
               ? fota_cache_get_bytes(context->cache, key)
               : 0;
}

void
fota_delta_fetch_async(const FotaDeltaRequest *request, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(NULL, cancellable, callback, user_data);
    Delivery *delivery = g_new0(Delivery, 1);
    guint64 room;

    delivery->context = request->context;
    delivery->configuration = fota_config_ref(request->context->config);
    delivery->config = fota_config_for_module(delivery->configuration, request->imei);
    delivery->progress = request->progress;
    delivery->progress_data = user_data;
    delivery->uris = g_strdupv((GStrv)request->delta->uri);
    delivery->credential = g_strdup(request->delta->credential);
    delivery->size = request->delta->size;
    delivery->sha256 = g_strdup(request->delta->sha256);
    delivery->key = fota_delivery_make_key(request->delta);
    g_task_set_task_data(task, delivery, delivery_free);
    room = delivery_get_room(delivery);
    if (fota_cache_has(request->context->cache, delivery->key)) {
        delivery_end(task, NULL);
    } else if (delivery->size > room || room == 0) {
        delivery_end(task, fail_room(delivery, room));
    } else if (!fota_cache_take_part(request->context->cache, delivery->key)) {
        delivery_end(task, g_error_new(FOTA_ERROR, FOTA_ERROR_BUSY,
                                       "the same delta is being fetched for another module"));
    } else {
        delivery->took = TRUE;
        delivery_try(task);
    }
}

gboolean
fota_delta_fetch_finish(GAsyncResult *result, guint64 *spent, GError **error)
{
    const Delivery *delivery = g_task_get_task_data(G_TASK(result));

    *spent = delivery->spent;
    return g_task_propagate_boolean(G_TASK(result), error);
}
