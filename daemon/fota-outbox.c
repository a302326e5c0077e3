/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-outbox.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-text.h"
#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/fota-fetcher.h"
#include "daemon/fota-outbox-post.h"
#include "daemon/fota-route.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-poll.h"
#include "policy/fota-report-rule.h"

#define MAX_ANSWER 65536
/* Until a registration that was refused is posted again. */
#define REFUSED_SECONDS (24 * 3600)

struct _FotaOutbox {
    const FotaContext *context;
    GPtrArray *posts; /* FotaOutboxPost, oldest first */
    guint64 serial;   /* of the last one */
    gboolean runs;
    GCancellable *request; /* while a post is under way, */
    FotaOutboxPost *sent;  /* this one */
    char *origin;          /* of its server */
    GHashTable *away;      /* origins of servers that have not answered since the timer was over */
    guint tries;           /* in a row that have failed */
    guint timer;           /* to the next try, 0 = none */
    gint64 due;            /* boot time of that */
    guint refused_timer;   /* to the next try of those that were refused, 0 = none */
    guint route_watch;     /* from a failure until a success, 0 = none */
    gint64 changes_paid;   /* see fota_poll_follow_change() */
    GHashTable *failures;  /* origin -> the last one, as the log has it, until it answers */
};

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

FotaOutbox *
fota_outbox_new(const FotaContext *context)
{
    FotaOutbox *outbox = g_rc_box_new0(FotaOutbox);
    g_autofree char *directory =
        g_build_filename(fota_store_get_directory(context->store), FOTA_OUTBOX_DIRECTORY, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    outbox->context = context;
    outbox->posts = g_ptr_array_new_with_free_func(fota_outbox_post_free);
    outbox->away = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    outbox->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    dir = g_dir_open(directory, 0, &error);
    if (dir == NULL && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_warning("the reports that wait cannot be read: %s", error->message);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        guint64 serial;
        FotaOutboxPost *post = fota_outbox_post_load(directory, names->pdata[i], &serial);

        outbox->serial = MAX(outbox->serial, serial);
        if (post != NULL)
            g_ptr_array_add(outbox->posts, post);
    }
    return outbox;
}

static void
outbox_clear(gpointer data)
{
    FotaOutbox *outbox = data;

    g_clear_object(&outbox->request);
    g_ptr_array_unref(outbox->posts);
    g_hash_table_unref(outbox->away);
    g_free(outbox->origin);
    g_hash_table_unref(outbox->failures);
}

/* Each write and the request hold the outbox, too: their ends come when they come. */
static void
outbox_unref(FotaOutbox *outbox)
{
    g_rc_box_release_full(outbox, outbox_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaOutbox, outbox_unref)

void
fota_outbox_free(FotaOutbox *outbox)
{
    fota_outbox_stop(outbox);
    outbox_unref(outbox);
}

/* Deleting */

static void
delete_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    if (!fota_store_save_finish(NULL, result, &error))
        g_warning("a report that needs no posting any more could not be deleted: %s",
                  error->message);
}

static void
outbox_forget(FotaOutbox *outbox, FotaOutboxPost *post)
{
    fota_store_write_async(outbox->context->store, post->file, NULL, delete_done, NULL);
    g_ptr_array_remove(outbox->posts, post);
}

static void
outbox_drop(FotaOutbox *outbox, FotaOutboxPost *post, const char *why)
{
    fota_outbox_post_log(post, LOG_WARNING, FOTA_EVENT_REPORT_LOST, "%s is dropped: %s",
                         fota_outbox_post_get_name(post), why);
    outbox_forget(outbox, post);
}

/* Posting */

static void outbox_post(FotaOutbox *outbox);

static gboolean
timer_over(gpointer user_data)
{
    FotaOutbox *outbox = user_data;

    outbox->timer = 0;
    g_hash_table_remove_all(outbox->away);
    outbox_post(outbox);
    return G_SOURCE_REMOVE;
}

static void
outbox_wait(FotaOutbox *outbox, gint64 wait)
{
    g_clear_handle_id(&outbox->timer, g_source_remove);
    outbox->due = fota_boot_time() + wait;
    outbox->timer = fota_timer_add((guint)((wait + G_TIME_SPAN_SECOND - 1) / G_TIME_SPAN_SECOND),
                                   timer_over, outbox);
}

static void
network_changed(gpointer user_data)
{
    FotaOutbox *outbox = user_data;
    gint64 now = fota_boot_time();

    outbox->tries = 0;
    if (outbox->timer != 0)
        outbox_wait(outbox,
                    fota_poll_follow_change(&outbox->changes_paid, now, MAX(outbox->due - now, 0)));
}

/* A failure that lasts is told once. All servers that are away are asked again together. */
static void
outbox_retry(FotaOutbox *outbox, const FotaOutboxPost *post, const char *failure,
             gint64 retry_after)
{
    const char *last = g_hash_table_lookup(outbox->failures, outbox->origin);
    gboolean known = g_strcmp0(last, failure) == 0;
    g_autoptr(GError) error = NULL;
    gint64 wait;

    outbox->tries++;
    wait = fota_poll_retry(outbox->tries, retry_after, g_random_double());
    if (outbox->timer != 0)
        wait = MAX(wait, outbox->due - fota_boot_time());
    g_hash_table_add(outbox->away, g_strdup(outbox->origin));
    fota_outbox_post_log(post, known ? LOG_INFO : LOG_WARNING, FOTA_EVENT_NONE,
                         "%s waits, %u in all; the next try is in %" G_GINT64_FORMAT " s: %s",
                         fota_outbox_post_get_name(post), outbox->posts->len,
                         wait / G_TIME_SPAN_SECOND, failure);
    g_hash_table_insert(outbox->failures, g_strdup(outbox->origin), g_strdup(failure));
    if (outbox->route_watch == 0)
        outbox->route_watch = fota_route_watch(network_changed, outbox, &error);
    if (error != NULL)
        g_warning("%s", error->message);
    outbox_wait(outbox, wait);
}

/* The server of the post that was sent answers. Where nothing else waits, no other one matters. */
static void
outbox_end_failures(FotaOutbox *outbox)
{
    g_hash_table_remove(outbox->failures, outbox->origin);
    if (outbox->posts->len == 1)
        g_hash_table_remove_all(outbox->failures);
    if (g_hash_table_size(outbox->failures) > 0)
        return;
    outbox->tries = 0;
    g_clear_handle_id(&outbox->route_watch, g_source_remove);
}

static void
outbox_forgive(FotaOutbox *outbox)
{
    g_clear_handle_id(&outbox->refused_timer, g_source_remove);
    for (guint i = 0; i < outbox->posts->len; i++)
        ((FotaOutboxPost *)outbox->posts->pdata[i])->refused = FALSE;
}

static gboolean
refused_timer_over(gpointer user_data)
{
    FotaOutbox *outbox = user_data;

    outbox->refused_timer = 0;
    outbox_forgive(outbox);
    outbox_post(outbox);
    return G_SOURCE_REMOVE;
}

/* What it says is still true, and whoever reads the log can put the rest right. */
static void
outbox_keep_refused(FotaOutbox *outbox, FotaOutboxPost *post, const char *why)
{
    post->refused = TRUE;
    fota_outbox_post_log(
        post, LOG_WARNING, FOTA_EVENT_NONE,
        "%s; the registration is kept, and posted again in a day, or when the configuration "
        "is read again: look at Uri= and Credential= in [Registration]",
        why);
    if (outbox->refused_timer == 0)
        outbox->refused_timer = fota_timer_add(REFUSED_SECONDS, refused_timer_over, outbox);
}

static void
outbox_take_answer(FotaOutbox *outbox, FotaOutboxPost *post, const FotaResponse *response)
{
    g_autofree char *text = g_strdup_printf("its server answered %u", response->status);

    switch (fota_report_judge(response->status)) {
    case FOTA_REPORT_DELIVERED:
        fota_outbox_post_log(post, LOG_INFO, FOTA_EVENT_NONE, "%s was delivered",
                             fota_outbox_post_get_name(post));
        outbox_end_failures(outbox);
        outbox_forget(outbox, post);
        break;
    case FOTA_REPORT_REFUSED:
        outbox_end_failures(outbox);
        if (fota_outbox_post_is_registration(post))
            outbox_keep_refused(outbox, post, text);
        else
            outbox_drop(outbox, post, text);
        break;
    case FOTA_REPORT_LATER:
        outbox_retry(outbox, post, text, (gint64)MIN(response->retry_after, G_MAXINT64));
        break;
    }
}

static void
post_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaOutbox) outbox = user_data;
    FotaOutboxPost *post = g_steal_pointer(&outbox->sent);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);

    g_clear_object(&outbox->request);
    if (!outbox->runs)
        return;
    /* A long answer follows on a good status only. */
    if (g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE)) {
        const FotaResponse taken = {.status = 200};

        outbox_take_answer(outbox, post, &taken);
    } else if (response != NULL) {
        outbox_take_answer(outbox, post, response);
    } else {
        outbox_retry(outbox, post, error->message, 0);
    }
    outbox_post(outbox);
}

static void
outbox_send(FotaOutbox *outbox, FotaOutboxPost *post, const FotaServer *server)
{
    const FotaModuleConfig *config = fota_config_for_module(outbox->context->config, post->imei);
    g_autofree char *uri =
        post->uri != NULL && !fota_outbox_post_is_registration(post)
            ? g_strdup(post->uri)
            : fota_text_expand_uri(server->uri, post->imei, post->model, config->salt);
    g_autoptr(GBytes) body = g_bytes_new(post->body, strlen(post->body));
    g_auto(FotaRequest) request =
        fota_request_make(outbox->context, config, server->credential, TRUE);

    request.uri = uri;
    request.body = body;
    request.idempotency_key = post->key;
    request.max_bytes = MAX_ANSWER;
    outbox->sent = post;
    outbox->request = g_cancellable_new();
    fota_fetch_async(&request, outbox->request, post_done, g_rc_box_acquire(outbox));
}

/* Sends @post if its server is not away. A template's placeholders are not in the host. */
static gboolean
outbox_try(FotaOutbox *outbox, FotaOutboxPost *post, const FotaServer *server)
{
    g_autofree char *fixed = g_strndup(server->uri, strcspn(server->uri, "{"));
    g_autofree char *origin = fota_text_get_origin(fixed);

    if (origin == NULL)
        origin = g_strdup(fixed);
    if (g_hash_table_contains(outbox->away, origin))
        return FALSE;
    g_free(outbox->origin);
    outbox->origin = g_steal_pointer(&origin);
    outbox_send(outbox, post, server);
    return TRUE;
}

/* Posts the oldest whose server is not away, so that each server has its own in their order. */
static void
outbox_post(FotaOutbox *outbox)
{
    guint i = 0;

    while (outbox->runs && outbox->request == NULL && i < outbox->posts->len &&
           ((FotaOutboxPost *)outbox->posts->pdata[i])->written) {
        FotaOutboxPost *post = outbox->posts->pdata[i];
        g_autoptr(GError) error = NULL;
        FotaServer server;

        if (post->refused) {
            i++;
        } else if (!fota_outbox_post_find_server(post, outbox->context->config, &server, &error)) {
            g_autofree char *why =
                g_strdup_printf("%s (%s)", error->message, fota_error_get_name(error));

            if (fota_outbox_post_is_registration(post) && server.uri == NULL)
                outbox_keep_refused(outbox, post, why);
            else
                outbox_drop(outbox, post, why);
        } else if (!outbox_try(outbox, post, &server)) {
            i++;
        }
    }
}

void
fota_outbox_start(FotaOutbox *outbox)
{
    outbox->runs = TRUE;
    outbox_post(outbox);
}

void
fota_outbox_stop(FotaOutbox *outbox)
{
    outbox->runs = FALSE;
    g_clear_handle_id(&outbox->timer, g_source_remove);
    g_clear_handle_id(&outbox->refused_timer, g_source_remove);
    g_clear_handle_id(&outbox->route_watch, g_source_remove);
    if (outbox->request != NULL)
        g_cancellable_cancel(outbox->request);
}

void
fota_outbox_reload(FotaOutbox *outbox)
{
    g_clear_handle_id(&outbox->timer, g_source_remove);
    g_hash_table_remove_all(outbox->away);
    outbox_forgive(outbox);
    outbox_post(outbox);
}

/* Adding */

/* The oldest report; without one the oldest of all, since the registration of a module is never
 * made again. Not the newest post, nor the one that is under way, which has reached its server
 * perhaps. NULL = none. */
static FotaOutboxPost *
outbox_find_oldest(FotaOutbox *outbox)
{
    FotaOutboxPost *oldest = NULL;

    for (guint i = 0; i + 1 < outbox->posts->len; i++) {
        FotaOutboxPost *post = outbox->posts->pdata[i];

        if (post == outbox->sent)
            continue;
        if (!fota_outbox_post_is_registration(post))
            return post;
        if (oldest == NULL)
            oldest = post;
    }
    return oldest;
}

static void
outbox_bound(FotaOutbox *outbox)
{
    gsize bytes = 0;

    for (guint i = 0; i < outbox->posts->len; i++)
        bytes += ((FotaOutboxPost *)outbox->posts->pdata[i])->size;
    while (outbox->posts->len > FOTA_REPORT_MAX_COUNT || bytes > FOTA_REPORT_MAX_BYTES) {
        FotaOutboxPost *post = outbox_find_oldest(outbox);

        if (post == NULL)
            return;
        bytes -= post->size;
        outbox_drop(outbox, post, "too many wait for their server, and this one is the oldest");
    }
}

typedef struct {
    FotaOutbox *outbox;
    char *file;
} Write;

static FotaOutboxPost *
outbox_find(FotaOutbox *outbox, gsize member, const char *text)
{
    for (guint i = 0; i < outbox->posts->len; i++) {
        FotaOutboxPost *post = outbox->posts->pdata[i];

        if (strcmp(G_STRUCT_MEMBER(char *, post, member), text) == 0)
            return post;
    }
    return NULL;
}

static void
write_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    Write *write = user_data;
    g_autoptr(FotaOutbox) outbox = write->outbox;
    /* NULL when it was the oldest of too many meanwhile. */
    FotaOutboxPost *post = outbox_find(outbox, G_STRUCT_OFFSET(FotaOutboxPost, file), write->file);
    g_autoptr(GError) error = NULL;

    fota_store_save_finish(NULL, result, &error);
    g_free(write->file);
    g_free(write);
    if (post != NULL)
        post->written = TRUE;
    if (post != NULL && error != NULL)
        fota_outbox_post_log(post, LOG_WARNING, FOTA_EVENT_NONE,
                             "a report is lost if fotad ends before its server has taken it: %s",
                             error->message);
    outbox_post(outbox);
}

void
fota_outbox_add(FotaOutbox *outbox, const FotaPost *post)
{
    g_autoptr(GBytes) bytes = NULL;
    Write *write;
    FotaOutboxPost *copy;

    if (outbox_find(outbox, G_STRUCT_OFFSET(FotaOutboxPost, key), post->key) != NULL)
        return;
    copy = fota_outbox_post_new(post, ++outbox->serial);
    bytes = fota_outbox_post_serialize(copy);
    copy->size = g_bytes_get_size(bytes);
    g_ptr_array_add(outbox->posts, copy);
    write = g_new0(Write, 1);
    write->outbox = g_rc_box_acquire(outbox);
    write->file = g_strdup(copy->file);
    fota_store_write_async(outbox->context->store, copy->file, bytes, write_done, write);
    outbox_bound(outbox);
}

guint
fota_outbox_get_length(FotaOutbox *outbox)
{
    return outbox->posts->len;
}
