/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/job/fota-job-private.h"
#include "daemon/job/fota-usb.h"

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
    g_free(job->port);
    g_free(job->rungs);
    g_strfreev(job->power_cycle);
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
    g_clear_error(&job->refusal);
    g_clear_error(&job->error);
    g_free(job->steps.version);
    g_strfreev(job->steps.differing);
    fota_vendor_offer_clear(&job->steps.offer);
    g_clear_pointer(&job->steps.contents, g_bytes_unref);
    g_free(job);
}

/* Asking a version disturbs nobody. */
static gboolean
needs_no_call(FotaJob *job)
{
    return (job->vendor->table->flags & FOTA_PLUGIN_NEEDS_NO_BEARER) != 0 &&
           job->kind != FOTA_JOB_INSPECT;
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
        .offer = &job->steps.offer,
        .contents = job->steps.contents,
        .outage = job->steps.outage,
        .differing =
            job->steps.differing != NULL ? (const char *const *)job->steps.differing : nothing,
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
    fota_job_end(job);
}

static void
start_thread(FotaJob *job, ChannelKind channel)
{
    static const char *const names[] = {"ModemManager's Command", "the module's port",
                                        "the port reserved for fotad"};
    FotaLogContext context = {.imei = job->imei};

    job->channel = channel;
    fota_log(6, FOTA_EVENT_NONE, &context, "speaking AT over %s", names[channel]);
    job->thread = g_thread_new("fotad-update", fota_job_thread, job);
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
    job->with_signature = order->with_signature;
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
    job->port = fota_usb_find_port(order->device);
    job->rungs = g_strdup(order->config->rungs);
    job->power_cycle = g_strdupv(order->config->power_cycle);
    job->power_cycle_seconds = order->config->power_cycle_seconds;
    job->reset_after_install = order->config->reset_after_install;
    job->unsettled = order->unsettled;
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

void
fota_job_commit_done(FotaJob *job, const GError *error)
{
    g_mutex_lock(&job->lock);
    job->asking = FALSE;
    g_clear_error(&job->refusal);
    job->refusal = error != NULL ? g_error_copy(error) : NULL;
    g_cond_broadcast(&job->answered);
    g_mutex_unlock(&job->lock);
}

/* The thread stands in its commit() and looks only after that. */
void
fota_job_stop_after_download(FotaJob *job)
{
    g_mutex_lock(&job->lock);
    job->steps.stop_after_download = TRUE;
    g_mutex_unlock(&job->lock);
}

void
fota_job_set_guarded(FotaJob *job, gboolean guarded)
{
    g_mutex_lock(&job->lock);
    job->unguarded = !guarded;
    job->disturbed = job->disturbed || !guarded;
    g_cond_broadcast(&job->answered);
    g_mutex_unlock(&job->lock);
}

gboolean
fota_job_cancel(FotaJob *job, gboolean force)
{
    gboolean cancelled;

    g_mutex_lock(&job->lock);
    cancelled = force || !job->installing;
    if (cancelled)
        g_cancellable_cancel(job->cancellable);
    g_cond_broadcast(&job->answered);
    g_mutex_unlock(&job->lock);
    return cancelled;
}
