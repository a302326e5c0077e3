/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>

#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/job/fota-job-private.h"
#include "daemon/job/fota-way.h"
#include "daemon/mm/fota-lease.h"

FotaJobOrder *
fota_job_order_new(FotaJobKind kind)
{
    FotaJobOrder *order = g_new0(FotaJobOrder, 1);

    order->kind = kind;
    order->delta.fd = -1;
    order->update.struct_size = sizeof(FotaUpdate);
    order->update.user = g_strdup("");
    order->update.password = g_strdup("");
    order->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return order;
}

void
fota_job_order_free(FotaJobOrder *order)
{
    g_clear_pointer(&order->configuration, fota_config_unref);
    g_free(order->imei);
    g_free(order->model);
    g_free(order->uid);
    g_free(order->device);
    g_free(order->modem);
    g_free((char *)order->update.from);
    g_free((char *)order->update.to);
    g_free((char *)order->update.scheme);
    g_free((char *)order->update.host);
    g_free((char *)order->update.path);
    g_free((char *)order->update.user);
    g_free((char *)order->update.password);
    g_free(order->delta_credential);
    g_free(order->apn);
    g_free(order->authentication);
    g_free(order->network_credential);
    fota_cache_file_clear(&order->delta);
    g_free(order->heard);
    g_hash_table_unref(order->settings);
    g_free(order);
}

static void
job_free(FotaJob *job)
{
    fota_job_order_free(job->order);
    g_free(job->network.user);
    g_free(job->network.password);
    g_object_unref(job->cancellable);
    g_object_unref(job->ending);
    g_object_unref(job->disturbance);
    g_mutex_clear(&job->lock);
    g_cond_clear(&job->answered);
    g_clear_error(&job->refusal);
    g_clear_error(&job->error);
    fota_steps_clear(&job->steps);
    g_free(job->question_line);
    g_strfreev(job->heard);
    g_free(job);
}

void
fota_job_end(FotaJob *job)
{
    static const char *const nothing[] = {NULL};
    FotaJobEnd end = {
        .result = job->result,
        .error = job->error,
        .version = job->steps.version != NULL ? job->steps.version : "",
        .downloaded = job->steps.downloaded,
        .restarts = job->steps.restarts,
        .offer = &job->steps.offer,
        .question = &job->steps.question,
        .question_line = job->question_line,
        .answer = job->order->answer,
        .heard = job->heard != NULL ? (const char *const *)job->heard : nothing,
        .contents = job->steps.contents,
        .outage = job->steps.outage,
        .differing =
            job->steps.differing != NULL ? (const char *const *)job->steps.differing : nothing,
    };

    if (job->thread != NULL)
        g_thread_join(job->thread);
    fota_lease_give_back(job->order->mm, job->order->imei);
    job->listener->finished(&end, job->user_data);
    job_free(job);
}

static void
fail_early(FotaJob *job, GError *error)
{
    job->error = error;
    job->result = FOTA_RESULT_FAILED_FOR_NOW;
    fota_job_end(job);
}

static void
start_thread(FotaJob *job, ChannelKind channel)
{
    static const char *const names[] = {"ModemManager's Command", "the module's port",
                                        "the port reserved for fotad"};
    FotaLogContext context = {.imei = job->order->imei};

    job->channel = channel;
    fota_log(LOG_INFO, FOTA_EVENT_NONE, &context, "speaking AT over %s", names[channel]);
    job->thread = g_thread_new("fotad-update", fota_job_thread, job);
}

static gboolean
job_has_reserved_port(FotaJob *job)
{
    return job->order->config->access != FOTA_ACCESS_MODEM_MANAGER &&
           fota_at_has_reserved_port(job->order->device);
}

static void
module_taken(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    GError *error = NULL;

    if (fota_lease_take_finish(job->order->mm, result, &error))
        start_thread(job, job_has_reserved_port(job) ? CHANNEL_RESERVED_PORT : CHANNEL_PORT);
    else
        fail_early(job, error);
}

static void
take_module(FotaJob *job)
{
    fota_lease_take_async(job->order->mm, job->order->imei, job->order->uid, FOTA_LEASE_MODULE,
                          module_taken, job);
}

static void
may_command_done(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    g_autoptr(GError) error = NULL;
    gboolean allowed = fota_mm_may_command_finish(job->order->mm, result, &error);

    if (g_cancellable_is_cancelled(job->cancellable))
        fail_early(job, g_steal_pointer(&error));
    else if (allowed)
        start_thread(job, CHANNEL_MODEM_MANAGER);
    else if (job->order->config->access == FOTA_ACCESS_AUTO)
        take_module(job);
    else
        fail_early(job,
                   g_error_new(FOTA_ERROR, FOTA_ERROR_NO_AT_PORT,
                               "[Access] At=modemmanager, but ModemManager allows no Command%s%s"
                               "; set At=auto or port",
                               error != NULL ? ": " : "", error != NULL ? error->message : ""));
}

/* A version can be asked in any way. */
static void
choose_channel(FotaJob *job)
{
    guint needs = job->order->kind != FOTA_JOB_INSPECT ? job->order->method->needs : 0;

    switch (fota_way_choose(job->order->config->access, job_has_reserved_port(job), needs)) {
    case FOTA_WAY_RESERVED_PORT:
        start_thread(job, CHANNEL_RESERVED_PORT);
        break;
    case FOTA_WAY_TAKE_MODULE:
        take_module(job);
        break;
    case FOTA_WAY_ASK_COMMAND:
        fota_mm_may_command_async(job->order->mm, job->order->modem, job->cancellable,
                                  may_command_done, job);
        break;
    case FOTA_WAY_NONE:
        fail_early(job, g_error_new(FOTA_ERROR, FOTA_ERROR_NO_AT_PORT,
                                    "[Access] At=modemmanager, but the method %s of this module "
                                    "needs its port; set At=auto or port",
                                    job->order->method->name));
        break;
    }
}

static void
host_asked(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    GError *error = NULL;

    if (fota_lease_take_finish(job->order->mm, result, &error))
        choose_channel(job);
    else
        fail_early(job, error);
}

static void
lost_told(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaJob *job = user_data;
    GError *error = NULL;

    if (fota_mm_ask_lost_finish(job->order->mm, result, &error))
        start_thread(job, CHANNEL_PORT);
    else
        fail_early(job, error);
}

/*
 * What is taken from the host on whatever channel: the data call where the vendor wants it down,
 * though not to ask for a version; and where the module may restart, which ends what the host has,
 * that is noted.
 */
static gboolean
begin(gpointer data)
{
    FotaJob *job = data;
    FotaJobKind kind = job->order->kind;
    gboolean restarts = kind == FOTA_JOB_UPDATE || kind == FOTA_JOB_INSTALL ||
                        kind == FOTA_JOB_RESUME || kind == FOTA_JOB_FOLLOW;
    gboolean no_bearer =
        (job->order->method->needs & FOTA_NEEDS_NO_BEARER) != 0 && kind != FOTA_JOB_INSPECT;
    GError *error = NULL;

    if (g_cancellable_set_error_if_cancelled(job->cancellable, &error))
        fail_early(job, error);
    else if (kind == FOTA_JOB_POWER_ON) /* there is nothing to take */
        job->thread = g_thread_new("fotad-power", fota_job_thread, job);
    else if (kind == FOTA_JOB_ROUSE) /* nor here: nobody has it */
        fota_mm_ask_lost_async(job->order->mm, job->order->device, job->cancellable, lost_told,
                               job);
    else if (restarts || no_bearer)
        fota_lease_take_async(job->order->mm, job->order->imei, job->order->uid,
                              no_bearer ? FOTA_LEASE_BEARERS : FOTA_LEASE_NOTHING, host_asked, job);
    else
        choose_channel(job);
    return G_SOURCE_REMOVE;
}

FotaJob *
fota_job_start(FotaJobOrder *order, const FotaJobListener *listener, gpointer user_data)
{
    FotaJob *job = g_new0(FotaJob, 1);

    job->order = order;
    job->listener = listener;
    job->user_data = user_data;
    job->network.apn = order->apn;
    job->network.provisioned_apn = order->provisioned ? order->apn : NULL;
    job->network.pdp_type = order->config->pdp_type;
    job->network.authentication = order->authentication;
    job->cancellable = g_cancellable_new();
    job->ending = g_cancellable_new();
    job->disturbance = g_cancellable_new();
    job->installing = order->kind == FOTA_JOB_RESUME;
    g_mutex_init(&job->lock);
    g_cond_init(&job->answered);

    /* From the loop, so that finished() is never called before the caller has the job. */
    g_idle_add(begin, job);
    return job;
}

void
fota_job_commit_done(FotaJob *job, FotaCommit answer, const GError *error)
{
    g_mutex_lock(&job->lock);
    job->asking = FALSE;
    job->answer = answer;
    g_clear_error(&job->refusal);
    job->refusal = error != NULL ? g_error_copy(error) : NULL;
    g_cond_broadcast(&job->answered);
    g_mutex_unlock(&job->lock);
    if (job->over)
        fota_job_end(job);
}

void
fota_job_set_guarded(FotaJob *job, gboolean guarded)
{
    g_mutex_lock(&job->lock);
    job->unguarded = !guarded;
    job->disturbed = job->disturbed || !guarded;
    if (!guarded)
        g_cancellable_cancel(job->disturbance);
    g_cond_broadcast(&job->answered);
    g_mutex_unlock(&job->lock);
}

gboolean
fota_job_cancel(FotaJob *job, gboolean force)
{
    gboolean cancelled;

    g_mutex_lock(&job->lock);
    cancelled = force || !job->installing;
    if (cancelled) {
        g_cancellable_cancel(job->cancellable);
        g_cancellable_cancel(job->disturbance);
    }
    if (force)
        g_cancellable_cancel(job->ending);
    g_cond_broadcast(&job->answered);
    g_mutex_unlock(&job->lock);
    /* Whoever waits for the module no longer wants it. */
    if (cancelled && job->thread == NULL)
        fota_lease_give_back(job->order->mm, job->order->imei);
    return cancelled;
}
