/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-job.h"

#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/fota-steps.h"
#include "daemon/mm/fota-mm-channel.h"

typedef enum {
    CHANNEL_MODEM_MANAGER,
    CHANNEL_PORT,
    CHANNEL_RESERVED_PORT,
} ChannelKind;

struct _FotaJob {
    const FotaJobCallbacks *callbacks;
    gpointer user_data;

    /* The order, copied */
    FotaJobKind kind;
    gboolean stop_after_download;
    FotaMm *mm;
    const FotaVendor *vendor;
    FotaAccess access;
    FotaNetwork network;
    char *network_credential;
    char *imei, *model, *device, *modem;
    char *delta_credential;
    FotaUpdate update; /* its strings are owned */
    GHashTable *settings;

    ChannelKind channel;
    gboolean inhibited;
    GCancellable *cancellable;
    GThread *thread;

    /* Shared with the thread */
    GMutex lock;
    GCond answered;
    gboolean committing;
    GError *commit_error;
    gboolean installing; /* no way back from here */

    /* Written by the thread, read by the main loop after the thread has ended */
    FotaSession *session;
    FotaSteps steps;
    FotaResult result;
    GError *error;
};

/* Something the thread tells the main loop. */
typedef struct {
    FotaJob *job;
    void (*deliver)(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more);
    guint64 a, b;
    char *text, *more;
} Message;

static gboolean
message_deliver(gpointer data)
{
    Message *message = data;

    message->deliver(message->job, message->a, message->b, message->text, message->more);
    return G_SOURCE_REMOVE;
}

static void
message_free(gpointer data)
{
    Message *message = data;

    g_free(message->text);
    g_free(message->more);
    g_free(message);
}

static void
tell(FotaJob *job, void (*deliver)(FotaJob *, guint64, guint64, const char *, const char *),
     guint64 a, guint64 b, const char *text, const char *more)
{
    Message *message = g_new0(Message, 1);

    message->job = job;
    message->deliver = deliver;
    message->a = a;
    message->b = b;
    message->text = g_strdup(text);
    message->more = g_strdup(more);
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, message_deliver, message, message_free);
}

static void
deliver_state(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    job->callbacks->state((FotaState)a, job->user_data);
}

static void
deliver_progress(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    job->callbacks->progress((guint)a, job->user_data);
}

static void
deliver_bytes(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    job->callbacks->bytes(a, b, job->user_data);
}

static void
deliver_remember(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    job->callbacks->remember(text, more, job->user_data);
}

static void
deliver_commit(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    job->callbacks->commit((FotaMark)a, job->user_data);
}

/* Hooks of session and steps, in the thread */

static void
on_progress(guint percent, gpointer user_data)
{
    tell(user_data, deliver_progress, percent, 0, NULL, NULL);
}

static void
on_part_progress(guint percent, gpointer user_data)
{
    FotaJob *job = user_data;

    on_progress(fota_steps_scale(&job->steps, percent), job);
}

static void
on_bytes(guint64 received, guint64 total, gpointer user_data)
{
    tell(user_data, deliver_bytes, received, total, NULL, NULL);
}

static void
on_note(const char *text, gpointer user_data)
{
    FotaJob *job = user_data;
    FotaLogContext context = {.imei = job->imei, .from = job->update.from, .to = job->update.to};

    fota_log(6, FOTA_EVENT_NONE, &context, "%s", text);
}

static void
on_remember(const char *name, const char *value, gpointer user_data)
{
    tell(user_data, deliver_remember, 0, 0, name, value);
}

static void
on_state(FotaState state, gpointer user_data)
{
    tell(user_data, deliver_state, state, 0, NULL, NULL);
}

/*
 * The last moment for Cancel() is the commit of FOTA_MARK_INSTALLING: the lock decides which of the
 * two comes first, so that a cancelled update is never installed and an installing one never said
 * to be cancelled.
 */
static gboolean
on_commit(FotaMark mark, gpointer user_data, GError **error)
{
    FotaJob *job = user_data;

    g_mutex_lock(&job->lock);
    if (g_cancellable_set_error_if_cancelled(job->cancellable, error)) {
        g_mutex_unlock(&job->lock);
        return FALSE;
    }
    job->installing = job->installing || mark == FOTA_MARK_INSTALLING;
    job->committing = TRUE;
    tell(job, deliver_commit, mark, 0, NULL, NULL);
    while (job->committing)
        g_cond_wait(&job->answered, &job->lock);
    if (job->commit_error != NULL)
        g_propagate_error(error, g_steal_pointer(&job->commit_error));
    g_mutex_unlock(&job->lock);
    return error == NULL || *error == NULL;
}

void
fota_job_commit_done(FotaJob *job, const GError *error)
{
    g_mutex_lock(&job->lock);
    job->committing = FALSE;
    g_clear_error(&job->commit_error);
    job->commit_error = error != NULL ? g_error_copy(error) : NULL;
    g_cond_signal(&job->answered);
    g_mutex_unlock(&job->lock);
}

static const FotaSessionHooks session_hooks = {on_part_progress, on_bytes, on_note, on_remember};
static const FotaStepsHooks steps_hooks = {on_state, on_progress, on_commit};

static gboolean
read_logins(FotaJob *job, GError **error)
{
    char *user = NULL;
    char *password = NULL;

    if (job->network_credential != NULL &&
        !fota_credential_read_login(job->network_credential, &job->network.user,
                                    &job->network.password, error))
        return FALSE;
    if (job->delta_credential == NULL)
        return TRUE;
    if (!fota_credential_read_login(job->delta_credential, &user, &password, error))
        return FALSE;
    g_free((char *)job->update.user);
    g_free((char *)job->update.password);
    job->update.user = user;
    job->update.password = password;
    return TRUE;
}

static FotaSession *
open_session(FotaJob *job, GError **error)
{
    const FotaSessionSetup setup = {
        .vendor = job->vendor,
        .imei = job->imei,
        .model = job->model,
        .network = &job->network,
        .settings = job->settings,
        .secrets = {job->update.password, job->network.password},
        .cancellable = job->cancellable,
        .hooks = &session_hooks,
        .user_data = job,
    };
    g_autoptr(FotaSession) session = fota_session_new(&setup);
    FotaChannel *channel;

    if (job->channel == CHANNEL_MODEM_MANAGER)
        channel = fota_mm_channel_new(job->mm, job->imei, fota_session_trace, session);
    else
        channel =
            fota_at_channel_open(job->imei, job->device, job->channel == CHANNEL_RESERVED_PORT,
                                 fota_session_trace, session, job->cancellable, error);
    if (channel == NULL)
        return NULL;
    fota_session_set_channel(session, channel);
    return g_steal_pointer(&session);
}

static void deliver_end(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more);

static gpointer
job_thread(gpointer data)
{
    FotaJob *job = data;
    g_autoptr(FotaSession) session = NULL;

    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    if (read_logins(job, &job->error))
        session = open_session(job, &job->error);
    if (session != NULL) {
        job->steps = (FotaSteps){
            .kind = job->kind,
            .stop_after_download = job->stop_after_download,
            .plugin = job->vendor->table,
            .update = &job->update,
            .imei = job->imei,
            .session = session,
            .hooks = &steps_hooks,
            .user_data = job,
        };
        job->result = fota_steps_run(&job->steps, &job->error);
    }
    g_clear_pointer(&session, fota_session_free);
    tell(job, deliver_end, 0, 0, NULL, NULL);
    return NULL;
}

static void
job_free(FotaJob *job)
{
    g_free(job->network.apn);
    g_free(job->network.pdp_type);
    g_free(job->network.user);
    g_free(job->network.password);
    g_free(job->network.authentication);
    g_free(job->network_credential);
    g_free(job->imei);
    g_free(job->model);
    g_free(job->device);
    g_free(job->modem);
    g_free(job->delta_credential);
    g_free((char *)job->update.from);
    g_free((char *)job->update.to);
    g_free((char *)job->update.scheme);
    g_free((char *)job->update.host);
    g_free((char *)job->update.path);
    g_free((char *)job->update.user);
    g_free((char *)job->update.password);
    g_hash_table_unref(job->settings);
    g_object_unref(job->cancellable);
    g_mutex_clear(&job->lock);
    g_cond_clear(&job->answered);
    g_clear_error(&job->commit_error);
    g_clear_error(&job->error);
    g_free(job->steps.version);
    g_free(job->steps.offer.version);
    g_free(job->steps.offer.text);
    g_free(job);
}

/* Asking a version disturbs nobody. */
static gboolean
needs_no_call(FotaJob *job)
{
    return (job->vendor->table->flags & FOTA_PLUGIN_NEEDS_NO_BEARER) != 0 &&
           job->kind != FOTA_JOB_INSPECT;
}

static void
deliver_end(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    FotaJobEnd end = {
        .result = job->result,
        .error = job->error,
        .version = job->steps.version != NULL ? job->steps.version : "",
        .downloaded = job->steps.downloaded,
        .offer = &job->steps.offer,
        .outage = job->steps.outage,
    };

    if (job->thread != NULL)
        g_thread_join(job->thread);
    if (job->inhibited)
        fota_mm_uninhibit(job->mm, job->device);
    if (needs_no_call(job))
        fota_mm_restore_call(job->mm, job->imei);
    job->callbacks->finished(&end, job->user_data);
    job_free(job);
}

static void
fail_early(FotaJob *job, GError *error)
{
    job->error = error;
    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    deliver_end(job, 0, 0, NULL, NULL);
}

static void
start_thread(FotaJob *job, ChannelKind channel)
{
    static const char *const names[] = {"ModemManager's Command", "the module's port",
                                        "the port reserved for fotad"};
    FotaLogContext context = {.imei = job->imei};

    job->channel = channel;
    fota_log(6, FOTA_EVENT_NONE, &context, "speaking AT over %s", names[channel]);
    job->thread = g_thread_new("fotad-update", job_thread, job);
}

static void
inhibit_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    g_autoptr(GError) error = NULL;

    if (!fota_mm_inhibit_finish(job->mm, result, &error)) {
        fail_early(job,
                   g_error_new(FOTA_ERROR, FOTA_ERROR_CHANNEL,
                               "ModemManager does not leave the module to us: %s", error->message));
        return;
    }
    job->inhibited = TRUE;
    start_thread(job, CHANNEL_PORT);
}

static void
may_command_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    g_autoptr(GError) error = NULL;
    gboolean allowed = fota_mm_may_command_finish(job->mm, result, &error);

    if (allowed)
        start_thread(job, CHANNEL_MODEM_MANAGER);
    else if (job->access == FOTA_ACCESS_AUTO)
        fota_mm_inhibit_async(job->mm, job->device, inhibit_done, job);
    else
        fail_early(job,
                   g_error_new(FOTA_ERROR, FOTA_ERROR_CHANNEL,
                               "[Access] At=modemmanager, but ModemManager allows no Command%s%s"
                               "; set At=auto or port",
                               error != NULL ? ": " : "", error != NULL ? error->message : ""));
}

/* A port reserved for us, else ModemManager's Command where allowed, else its port. */
static void
choose_channel(FotaJob *job)
{
    if (job->access != FOTA_ACCESS_MODEM_MANAGER && fota_at_has_reserved_port(job->device))
        start_thread(job, CHANNEL_RESERVED_PORT);
    else if (job->access == FOTA_ACCESS_PORT)
        fota_mm_inhibit_async(job->mm, job->device, inhibit_done, job);
    else
        fota_mm_may_command_async(job->mm, job->modem, job->cancellable, may_command_done, job);
}

static void
copy_update(FotaUpdate *update, const FotaUpdate *from)
{
    *update = *from;
    update->from = g_strdup(from->from);
    update->to = g_strdup(from->to);
    update->scheme = g_strdup(from->scheme);
    update->host = g_strdup(from->host);
    update->path = g_strdup(from->path);
    update->user = g_strdup(from->user != NULL ? from->user : "");
    update->password = g_strdup(from->password != NULL ? from->password : "");
}

static void
call_taken_down(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    g_autoptr(GError) error = NULL;

    if (fota_mm_take_down_call_finish(job->mm, result, &error))
        choose_channel(job);
    else
        fail_early(job, g_error_new(FOTA_ERROR, FOTA_ERROR_CHANNEL,
                                    "the module's data call, which stands in the way of the "
                                    "update, cannot be taken down: %s",
                                    error->message));
}

static gboolean
begin(gpointer data)
{
    FotaJob *job = data;

    if (needs_no_call(job))
        fota_mm_take_down_call_async(job->mm, job->imei, call_taken_down, job);
    else
        choose_channel(job);
    return G_SOURCE_REMOVE;
}

FotaJob *
fota_job_start(const FotaJobOrder *order, const FotaJobCallbacks *callbacks, gpointer user_data)
{
    FotaJob *job = g_new0(FotaJob, 1);
    GHashTableIter iter;
    gpointer name, value;

    job->callbacks = callbacks;
    job->user_data = user_data;
    job->kind = order->kind;
    job->stop_after_download = order->stop_after_download;
    job->mm = order->mm;
    job->vendor = order->vendor;
    job->access = order->config->access;
    job->network.apn = g_strdup(order->config->apn);
    job->network.pdp_type = g_strdup(order->config->pdp_type);
    job->network.authentication = g_strdup(order->config->authentication);
    job->network_credential = g_strdup(order->network_credential);
    job->imei = g_strdup(order->imei);
    job->model = g_strdup(order->model);
    job->device = g_strdup(order->device);
    job->modem = g_strdup(order->modem);
    job->delta_credential = g_strdup(order->delta_credential);
    copy_update(&job->update, &order->update);
    job->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_iter_init(&iter, order->settings);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(job->settings, g_strdup(name), g_strdup(value));
    job->cancellable = g_cancellable_new();
    job->installing = order->kind == FOTA_JOB_RESUME;
    g_mutex_init(&job->lock);
    g_cond_init(&job->answered);

    /* From the loop, so that finished() is never called before the caller has the job. */
    g_idle_add(begin, job);
    return job;
}

gboolean
fota_job_cancel(FotaJob *job, gboolean force)
{
    gboolean cancelled;

    g_mutex_lock(&job->lock);
    cancelled = force || !job->installing;
    if (cancelled)
        g_cancellable_cancel(job->cancellable);
    g_mutex_unlock(&job->lock);
    return cancelled;
}
