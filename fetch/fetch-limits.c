/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch/fetch.h"

struct FotaFetchLimits {
    FotaFetchLimitValues values;
    GCancellable *cancellable;
    GThread *thread;
    GMutex mutex;
    GCond changed;

    /* Below: under the mutex. Times are those of g_get_monotonic_time(). */
    gboolean ended;
    gint64 total_end;
    gint64 first_byte_end; /* 0 = the answer has begun */
    gint64 rate_end;       /* of the period in which bytes are being counted */
    guint64 received;      /* in that period */
    GError *broken;
};

/* Returns the next time at which a limit can be broken. */
static gint64
judge(FotaFetchLimits *limits, gint64 now)
{
    const FotaFetchLimitValues *values = &limits->values;

    if (now >= limits->total_end)
        limits->broken = g_error_new(FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TIMED_OUT,
                                     "not complete after %u s", values->total);
    else if (limits->first_byte_end && now >= limits->first_byte_end)
        limits->broken = g_error_new(FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TIMED_OUT,
                                     "no answer within %u s", values->first_byte);
    if (limits->first_byte_end)
        return MIN(limits->first_byte_end, limits->total_end);
    if (now >= limits->rate_end) {
        if (!limits->broken && limits->received < (guint64)values->min_rate * values->rate_period)
            limits->broken = g_error_new(FOTA_FETCH_ERROR, FOTA_FETCH_ERROR_TOO_SLOW,
                                         "less than %u bytes a second", values->min_rate);
        limits->received = 0;
        limits->rate_end = now + values->rate_period * G_TIME_SPAN_SECOND;
    }
    return MIN(limits->rate_end, limits->total_end);
}

static gpointer
watch(gpointer data)
{
    FotaFetchLimits *limits = data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limits->mutex);

    while (!limits->ended && !limits->broken) {
        gint64 next = judge(limits, g_get_monotonic_time());

        if (!limits->broken)
            g_cond_wait_until(&limits->changed, &limits->mutex, next);
    }
    if (limits->broken) {
        g_clear_pointer(&locker, g_mutex_locker_free);
        g_cancellable_cancel(limits->cancellable);
    }
    return NULL;
}

FotaFetchLimits *
fota_fetch_limits_new(const FotaFetchLimitValues *values)
{
    FotaFetchLimits *limits = g_new0(FotaFetchLimits, 1);
    gint64 now = g_get_monotonic_time();

    limits->values = *values;
    limits->cancellable = g_cancellable_new();
    g_mutex_init(&limits->mutex);
    g_cond_init(&limits->changed);
    limits->total_end = now + values->total * G_TIME_SPAN_SECOND;
    limits->first_byte_end = now + values->first_byte * G_TIME_SPAN_SECOND;
    limits->thread = g_thread_new("limits", watch, limits);
    return limits;
}

void
fota_fetch_limits_free(FotaFetchLimits *limits)
{
    g_mutex_lock(&limits->mutex);
    limits->ended = TRUE;
    g_cond_signal(&limits->changed);
    g_mutex_unlock(&limits->mutex);
    g_thread_join(limits->thread);
    g_clear_error(&limits->broken);
    g_cond_clear(&limits->changed);
    g_mutex_clear(&limits->mutex);
    g_object_unref(limits->cancellable);
    g_free(limits);
}

GCancellable *
fota_fetch_limits_get_cancellable(FotaFetchLimits *limits)
{
    return limits->cancellable;
}

void
fota_fetch_limits_answered(FotaFetchLimits *limits)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limits->mutex);

    if (!limits->first_byte_end)
        return;
    limits->first_byte_end = 0;
    limits->rate_end = g_get_monotonic_time() + limits->values.rate_period * G_TIME_SPAN_SECOND;
    g_cond_signal(&limits->changed);
}

void
fota_fetch_limits_received(FotaFetchLimits *limits, gsize size)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limits->mutex);

    limits->received += size;
}

gboolean
fota_fetch_limits_broken(FotaFetchLimits *limits, GError **error)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limits->mutex);

    if (!limits->broken)
        return FALSE;
    g_propagate_error(error, g_error_copy(limits->broken));
    return TRUE;
}
