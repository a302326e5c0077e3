/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-wait.h"
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/job/fota-first-aid.h"
#include "daemon/job/fota-job-private.h"
#include "daemon/mm/fota-mm-channel.h"

/* A restarted ModemManager probes the module for some seconds before it can be kept away. */
#define GUARD_SECONDS 120
/* For a record to be written, or for ModemManager's Reset(), which has a limit of its own. */
#define ANSWER_SECONDS 60
/* For which nobody may have used the ports of a module that is lost, and between two looks. */
#define UNUSED_SECONDS 20
#define LOOK_SECONDS 2

/* Something the thread tells the main loop. */
typedef struct Message {
    FotaJob *job;
    void (*deliver)(FotaJob *job, const struct Message *message);
    FotaMark mark;
    FotaJobReport report;
} Message;

static gboolean
message_deliver(gpointer data)
{
    Message *message = data;

    message->deliver(message->job, message);
    return G_SOURCE_REMOVE;
}

static void
message_free(gpointer data)
{
    Message *message = data;

    if (message->report.kind == FOTA_REPORT_SETTING) {
        g_free((char *)message->report.setting.name);
        g_free((char *)message->report.setting.value);
    }
    g_free(message);
}

/* Not g_main_context_invoke(), which may run it here while the main loop is not running. */
static void
tell(const Message *what)
{
    Message *message = g_memdup2(what, sizeof(*what));

    if (message->report.kind == FOTA_REPORT_SETTING) {
        message->report.setting.name = g_strdup(what->report.setting.name);
        message->report.setting.value = g_strdup(what->report.setting.value);
    }
    g_idle_add_full(G_PRIORITY_DEFAULT, message_deliver, message, message_free);
}

static void
deliver_report(FotaJob *job, const Message *message)
{
    job->listener->report(&message->report, job->user_data);
}

static void
deliver_commit(FotaJob *job, const Message *message)
{
    job->listener->commit(message->mark, job->user_data);
}

/* What session and steps call, in the thread */

static void
on_report(const FotaJobReport *report, gpointer user_data)
{
    tell(&(Message){.job = user_data, .deliver = deliver_report, .report = *report});
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
    if (!job->unguarded && !g_cancellable_is_cancelled(cancellable)) {
        *disturbed = job->disturbed;
        job->disturbed = FALSE;
        if (!g_cancellable_is_cancelled(job->cancellable))
            g_cancellable_reset(job->disturbance);
    }
    g_mutex_unlock(&job->lock);
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    if (!in_time)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT,
                    "ModemManager has restarted and does not leave the module to us again");
    return in_time;
}

/*
 * With the lock: tells the main loop and waits for its answer. One that comes too late is waited
 * for by the end of the job.
 */
static gboolean
ask_main_loop(FotaJob *job, const Message *question, FotaError code, const char *what,
              GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)ANSWER_SECONDS * G_USEC_PER_SEC;
    gboolean in_time = !job->asking;

    if (in_time) {
        job->asking = TRUE;
        tell(question);
    }
    while (job->asking && in_time && !g_cancellable_is_cancelled(job->ending))
        in_time = g_cond_wait_until(&job->answered, &job->lock, end);
    if (job->asking && g_cancellable_set_error_if_cancelled(job->ending, error))
        return FALSE;
    if (job->asking) {
        g_set_error(error, FOTA_ERROR, code, "%s has not ended within %d s", what, ANSWER_SECONDS);
        return FALSE;
    }
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
on_commit(FotaMark mark, FotaCommit *answer, gpointer user_data, GError **error)
{
    FotaJob *job = user_data;
    gboolean was_installing, written;

    g_mutex_lock(&job->lock);
    if (g_cancellable_set_error_if_cancelled(job->cancellable, error)) {
        g_mutex_unlock(&job->lock);
        return FALSE;
    }
    was_installing = job->installing;
    job->installing = was_installing || mark == FOTA_MARK_INSTALLING;
    written = ask_main_loop(job, &(Message){.job = job, .deliver = deliver_commit, .mark = mark},
                            FOTA_ERROR_RECORD_NOT_WRITABLE, "the write of the record", error);
    *answer = job->answer;
    if (!written || *answer == FOTA_COMMIT_STOP)
        job->installing = was_installing;
    g_mutex_unlock(&job->lock);
    return written;
}

static gboolean
on_save(gpointer user_data, GError **error)
{
    FotaCommit answer;

    return on_commit(FOTA_MARK_NONE, &answer, user_data, error);
}

static void
reset_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    g_autoptr(GError) error = NULL;

    fota_mm_reset_finish(job->order->mm, result, &error);
    fota_job_commit_done(job, FOTA_COMMIT_GO, error);
}

static void
deliver_reset(FotaJob *job, const Message *message)
{
    fota_mm_reset_async(job->order->mm, job->order->imei, job->ending, reset_done, job);
}

static gboolean
on_reset(gpointer user_data, GError **error)
{
    FotaJob *job = user_data;
    gboolean done;

    g_mutex_lock(&job->lock);
    done = ask_main_loop(job, &(Message){.job = job, .deliver = deliver_reset},
                         FOTA_ERROR_NO_AT_PORT, "ModemManager's Reset()", error);
    g_mutex_unlock(&job->lock);
    return done;
}

static FotaFirstAid
make_aid(FotaJob *job)
{
    return (FotaFirstAid){
        .session = job->steps.session,
        .imei = job->order->imei,
        .device = job->order->device,
        .cancellable = job->ending,
        .command = (const char *const *)job->order->config->power_cycle,
        .command_seconds = job->order->config->power_cycle_seconds,
    };
}

static gboolean
on_power(gpointer user_data, GError **error)
{
    const FotaFirstAid aid = make_aid(user_data);

    return fota_first_aid_cycle_power(&aid, error);
}

static char *
on_name_return(gpointer user_data)
{
    FotaJob *job = user_data;

    return fota_at_name_return(job->order->device);
}

static gboolean
on_verify(gpointer user_data, GError **error)
{
    FotaJob *job = user_data;

    return fota_cache_file_verify(&job->order->delta, job->cancellable, error);
}

static gboolean
read_logins(FotaJob *job, GError **error)
{
    char *user = NULL;
    char *password = NULL;

    if (job->order->network_credential != NULL &&
        !fota_credential_read_login(job->order->network_credential, &job->network.user,
                                    &job->network.password, error))
        return FALSE;
    if (job->order->delta_credential == NULL)
        return TRUE;
    if (!fota_credential_read_login(job->order->delta_credential, &user, &password, error))
        return FALSE;
    g_free((char *)job->order->update.user);
    g_free((char *)job->order->update.password);
    job->order->update.user = user;
    job->order->update.password = password;
    return TRUE;
}

static FotaSession *
make_session(FotaJob *job)
{
    const FotaSessionSetup setup = {
        .vendor = job->order->vendor,
        .imei = job->order->imei,
        .model = job->order->model,
        .network = &job->network,
        .settings = job->order->settings,
        .secrets = {job->order->update.password, job->network.password},
        .update = &job->order->update,
        .cancellable = job->cancellable,
        .ending = job->ending,
        .disturbance = job->channel == CHANNEL_PORT ? job->disturbance : NULL,
        .report = on_report,
        .save = on_save,
        .guard = on_guard,
        .user_data = job,
    };
    const FotaPlugin *plugin = job->order->vendor->table;
    FotaSession *session = fota_session_new(&setup);

    if (job->order->heard != NULL)
        fota_session_put_heard(session, job->order->heard);
    fota_session_set_channel(session,
                             job->channel == CHANNEL_MODEM_MANAGER
                                 ? fota_mm_channel_new(job->order->mm, job->order->imei, plugin,
                                                       fota_session_trace, session)
                                 : fota_at_channel_new(job->order->imei, job->order->device,
                                                       job->channel == CHANNEL_RESERVED_PORT,
                                                       plugin, fota_session_trace, session));
    return session;
}

static guint
allowed_rungs(FotaJob *job)
{
    g_autofree char *text =
        fota_vendor_get_text(job->order->vendor, job->order->model, "SafeRungs");
    guint safe = 0, allowed = 0;

    /* Both have been looked at when they were loaded. */
    fota_first_aid_parse(text, 0, &safe);
    fota_first_aid_parse(job->order->config->rungs != NULL ? job->order->config->rungs : "safe",
                         safe, &allowed);
    return allowed;
}

/* The one place where first aid is given: in the middle of an update, which was approved and takes
 * the module out of service anyway. TRUE: the module is there again. */
static gboolean
give_first_aid(FotaJob *job, FotaSession *session)
{
    gboolean installing = job->installing || job->order->unsettled;
    FotaFirstAid aid = {
        .session = session,
        .imei = job->order->imei,
        .device = job->order->device,
        .cancellable = job->cancellable,
        .command = (const char *const *)job->order->config->power_cycle,
        .command_seconds = job->order->config->power_cycle_seconds,
        .seconds = fota_session_get_number(session, "AidTime"),
        .facts = {.allowed = allowed_rungs(job),
                  .may_be_installing = installing,
                  /* Only who has followed the restarts has waited for as long as they may take. */
                  .limits_over =
                      job->installing && g_error_matches(job->error, FOTA_MODULE_ERROR,
                                                         FOTA_MODULE_ERROR_MODULE_NOT_RETURNED),
                  .reset_after_install = job->order->config->reset_after_install},
        .reset = on_reset,
        .user_data = job,
    };

    if (job->order->kind != FOTA_JOB_UPDATE && job->order->kind != FOTA_JOB_INSTALL &&
        job->order->kind != FOTA_JOB_RESUME && job->order->kind != FOTA_JOB_FOLLOW)
        return FALSE;
    if (job->order->rehearsal || !fota_first_aid_is_needed(job->error))
        return FALSE;
    return fota_first_aid_give(&aid, &job->error);
}

/* A module that may be installing need not be there: the steps wait for it. */
static gboolean
open_session(FotaJob *job, FotaSession *session)
{
    if (fota_session_open(session, &job->error))
        return TRUE;
    if ((job->order->kind != FOTA_JOB_RESUME &&
         (job->order->kind != FOTA_JOB_FOLLOW || job->order->approved != FOTA_QUESTION_NONE)) ||
        job->error->domain != FOTA_MODULE_ERROR)
        return FALSE;
    fota_session_note(session, "%s", job->error->message);
    g_clear_error(&job->error);
    return TRUE;
}

static void
run_steps(FotaJob *job, FotaSession *session)
{
    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    if (open_session(job, session))
        job->result = fota_steps_run(&job->steps, &job->error);
    else if (g_error_matches(job->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED))
        job->result = FOTA_RESULT_FAILED_FOR_GOOD;
}

/* ModemManager opens the ports of a module that has just come within some seconds. */
static gboolean
wait_unused(FotaJob *job, GError **error)
{
    gint64 end = fota_deadline_in(UNUSED_SECONDS);
    struct pollfd nothing;

    while (!fota_at_is_used(job->order->device)) {
        if (fota_deadline_passed(end))
            return TRUE;
        if (fota_wait(&nothing, 0, fota_deadline_in(LOOK_SECONDS), job->cancellable, error) ==
            FOTA_WAIT_FAILED)
            return FALSE;
    }
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY, "another program uses its ports");
    return FALSE;
}

/* A killed fotad has left it in data mode, so that ModemManager has given it up. As long as that
 * still tries, it has a port open. */
static void
rouse(FotaJob *job, FotaSession *session)
{
    FotaFirstAid aid = make_aid(job);

    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    aid.facts.allowed = job->order->unsettled ? 0 : allowed_rungs(job);
    if (!wait_unused(job, &job->error))
        return;
    run_steps(job, session);
    if (job->result == FOTA_RESULT_DONE && !fota_first_aid_restart(&aid, &job->error))
        job->result = FOTA_RESULT_FAILED_FOR_NOW;
}

static void
deliver_end(FotaJob *job, const Message *message)
{
    job->over = job->asking;
    if (!job->over)
        fota_job_end(job);
}

gpointer
fota_job_thread(gpointer data)
{
    FotaJob *job = data;
    g_autoptr(FotaSession) session = NULL;

    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    if (job->order->kind == FOTA_JOB_POWER_ON) {
        if (on_power(job, &job->error))
            job->result = FOTA_RESULT_DONE;
    } else if (read_logins(job, &job->error)) {
        session = make_session(job);
        job->steps = (FotaSteps){
            .kind = job->order->kind,
            .with_signature = job->order->with_signature,
            .rehearsal = job->order->rehearsal,
            .method = job->order->method,
            .settings = job->order->vendor->table->settings,
            .update = &job->order->update,
            .session = session,
            .commit = on_commit,
            .power = job->order->config->power_cycle != NULL ? on_power : NULL,
            .name_return = on_name_return,
            .delta = job->order->delta.fd,
            .verify = on_verify,
            .asked = job->order->asked,
            .approved = job->order->approved,
            .starts = job->order->starts,
            .answer = job->order->answer,
            .user_data = job,
        };
        if (job->order->kind == FOTA_JOB_ROUSE)
            rouse(job, session);
        else
            run_steps(job, session);
        /* What was installing may have gone well: its version tells. Anything else is tried again
         * as any failed attempt is. */
        if (give_first_aid(job, session) && job->installing) {
            g_clear_error(&job->error);
            job->steps.kind = FOTA_JOB_RESUME;
            job->result = fota_steps_run(&job->steps, &job->error);
        }
        job->question_line = g_strdup(fota_session_get_question(session));
        job->heard = fota_session_take_heard(session);
    }
    g_clear_pointer(&session, fota_session_free);
    tell(&(Message){.job = job, .deliver = deliver_end});
    return NULL;
}
