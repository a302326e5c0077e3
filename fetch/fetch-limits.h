/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** The limits of a transfer. Durations in seconds. */
typedef struct {
    guint total;      /* from start to end */
    guint first_byte; /* from start to the answer's header */
    guint min_rate;   /* bytes a second of body, as an average over each @rate_period */
    guint rate_period;
} FotaFetchLimitValues;

/**
 * FotaFetchLimits: a thread that cancels a transfer which takes too long.
 *
 * The time begins when it is created.
 */
typedef struct FotaFetchLimits FotaFetchLimits;

FotaFetchLimits *fota_fetch_limits_new(const FotaFetchLimitValues *values);
void fota_fetch_limits_free(FotaFetchLimits *limits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaFetchLimits, fota_fetch_limits_free)

/** Cancelled when a limit is broken; pass it to everything that blocks. */
GCancellable *fota_fetch_limits_get_cancellable(FotaFetchLimits *limits);

/** The answer has begun: from now on the rate counts. */
void fota_fetch_limits_answered(FotaFetchLimits *limits);

/** @size bytes of body have arrived. */
void fota_fetch_limits_received(FotaFetchLimits *limits, gsize size);

/** Whether a limit is broken; then @error says which (TimedOut, TooSlow). */
gboolean fota_fetch_limits_broken(FotaFetchLimits *limits, GError **error);

G_END_DECLS
