/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/job/fota-first-aid.h"
#include "daemon/job/fota-job-private.h"
#include "daemon/mm/fota-mm-channel.h"

/* A restarted ModemManager probes the module for some seconds before it can be kept away. */
#define GUARD_SECONDS 120

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

static gboolean
on_guard(GCancellable *cancellable, gboolean *disturbed, gpointer user_data, GError **error)
{
    FotaJob *job = user_data;
    /* ModemManager does not get on with its probing while the gateway sleeps. */
    gint64 end = g_get_monotonic_time() + (gint64)GUARD_SECONDS * G_USEC_PER_SEC;
    gboolean in_time = TRUE;

    g_mutex_lock(&job->lock);
    while (job->unguarded && in_time && !g_cancellable_is_cancelled(cancellable))
        in_time = g_cond_wait_until(&job->answered, &job->lock, end);
    *disturbed = job->disturbed;
    job->disturbed = FALSE;
    g_mutex_unlock(&job->lock);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    if (!in_time)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_CHANNEL,
                    "ModemManager has restarted and does not leave the module to us again");
    return in_time;
}

static void
on_state(FotaState state, gpointer user_data)
{
    tell(user_data, deliver_state, state, 0, NULL, NULL);
}

/* With the lock: waits for the main loop's answer to what it was told. */
static gboolean
wait_for_answer(FotaJob *job, GError **error)
{
    while (job->asking)
        g_cond_wait(&job->answered, &job->lock);
    if (job->refusal == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&job->refusal));
    return FALSE;
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
    gboolean written;

    g_mutex_lock(&job->lock);
    if (g_cancellable_set_error_if_cancelled(job->cancellable, error)) {
        g_mutex_unlock(&job->lock);
        return FALSE;
    }
    job->installing = job->installing || mark == FOTA_MARK_INSTALLING;
    job->asking = TRUE;
    tell(job, deliver_commit, mark, 0, NULL, NULL);
    written = wait_for_answer(job, error);
    g_mutex_unlock(&job->lock);
    return written;
}

static void
reset_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    g_autoptr(GError) error = NULL;

    fota_mm_reset_finish(job->mm, result, &error);
    fota_job_commit_done(job, error);
}

static void
deliver_reset(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    fota_mm_reset_async(job->mm, job->imei, reset_done, job);
}

/* ModemManager's answer has a limit of its own. */
static gboolean
on_reset(gpointer user_data, GError **error)
{
    FotaJob *job = user_data;
    gboolean done;

    g_mutex_lock(&job->lock);
    job->asking = TRUE;
    tell(job, deliver_reset, 0, 0, NULL, NULL);
    done = wait_for_answer(job, error);
    g_mutex_unlock(&job->lock);
    return done;
}

static const FotaSessionHooks session_hooks = {on_part_progress, on_bytes, on_note, on_remember,
                                               on_guard};
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
make_session(FotaJob *job)
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
    FotaSession *session = fota_session_new(&setup);

    fota_session_set_channel(
        session,
        job->channel == CHANNEL_MODEM_MANAGER
            ? fota_mm_channel_new(job->mm, job->imei, fota_session_trace, session)
            : fota_at_channel_new(job->imei, job->device, job->channel == CHANNEL_RESERVED_PORT,
                                  fota_session_trace, session));
    return session;
}

static guint
allowed_rungs(FotaJob *job)
{
    g_autofree char *text = fota_vendor_get_text(job->vendor, job->model, "SafeRungs");
    guint safe = 0, allowed = 0;

    /* Both have been looked at when they were loaded. */
    fota_first_aid_parse(text, 0, &safe);
    fota_first_aid_parse(job->rungs != NULL ? job->rungs : "safe", safe, &allowed);
    return allowed;
}

/* The one place where first aid is given: in the middle of an update, which was approved and takes
 * the module out of service anyway. TRUE: the module is there again. */
static gboolean
give_first_aid(FotaJob *job, FotaSession *session)
{
    gboolean installing = job->installing || job->unsettled;
    FotaFirstAid aid = {
        .session = session,
        .imei = job->imei,
        .device = job->device,
        .port = job->port,
        .cancellable = job->cancellable,
        .command = (const char *const *)job->power_cycle,
        .command_seconds = job->power_cycle_seconds,
        .seconds = fota_session_get_number(session, "AidTime"),
        .facts = {.allowed = allowed_rungs(job),
                  .may_be_installing = installing,
                  /* Only who has followed the restarts has waited for as long as they may take. */
                  .limits_over = job->installing && g_error_matches(job->error, FOTA_MODULE_ERROR,
                                                                    FOTA_MODULE_ERROR_NOT_RETURNED),
                  .reset_after_install = job->reset_after_install},
        .reset = on_reset,
        .user_data = job,
    };

    if (job->kind != FOTA_JOB_UPDATE && job->kind != FOTA_JOB_INSTALL &&
        job->kind != FOTA_JOB_RESUME)
        return FALSE;
    if (job->update.rehearsal || !fota_first_aid_is_needed(job->error))
        return FALSE;
    return fota_first_aid_give(&aid, &job->error);
}

/* A module that may be installing need not be there: the steps wait for it. */
static gboolean
open_session(FotaJob *job, FotaSession *session)
{
    if (fota_session_open(session, &job->error))
        return TRUE;
    if (job->kind != FOTA_JOB_RESUME || job->error->domain != FOTA_MODULE_ERROR)
        return FALSE;
    on_note(job->error->message, job);
    g_clear_error(&job->error);
    return TRUE;
}

static void
run_steps(FotaJob *job, FotaSession *session)
{
    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    if (open_session(job, session))
        job->result = fota_steps_run(&job->steps, &job->error);
}

static void
deliver_end(FotaJob *job, guint64 a, guint64 b, const char *text, const char *more)
{
    fota_job_end(job);
}

gpointer
fota_job_thread(gpointer data)
{
    FotaJob *job = data;
    g_autoptr(FotaSession) session = NULL;

    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    if (read_logins(job, &job->error)) {
        session = make_session(job);
        job->steps = (FotaSteps){
            .kind = job->kind,
            .with_signature = job->with_signature,
            .plugin = job->vendor->table,
            .update = &job->update,
            .imei = job->imei,
            .session = session,
            .hooks = &steps_hooks,
            .user_data = job,
        };
        run_steps(job, session);
        /* What was installing may have gone well: its version tells. Anything else is tried again
         * as any failed attempt is. */
        if (give_first_aid(job, session) && job->installing) {
            g_clear_error(&job->error);
            job->steps.kind = FOTA_JOB_RESUME;
            job->result = fota_steps_run(&job->steps, &job->error);
        }
    }
    g_clear_pointer(&session, fota_session_free);
    tell(job, deliver_end, 0, 0, NULL, NULL);
    return NULL;
}
