/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the data used by manifests and deltas in this calendar month (UTC).
 *
 * Times are µs since the epoch; 0 stands for a clock that is not set, which starts no month.
 */
typedef struct {
    guint64 month; /* 202611, 0 = nothing was counted yet */
    guint64 used;  /* bytes in that month */
} FotaBudget;

guint64 fota_budget_get_used(const FotaBudget *budget, gint64 now);

/** @bytes may be negative, to subtract what was counted in advance. */
void fota_budget_add(FotaBudget *budget, gint64 now, gint64 bytes);

/**
 * What of one delta is in the count. Some modules keep the part of a delta that came in an attempt
 * and go on from there in the next one.
 */
typedef struct {
    guint64 counted; /* bytes that the module had at the end of the last attempt that brought any */
    guint64 charge;  /* counted in advance, for attempts that have not been seen to end */
} FotaDeltaCount;

/** Counts a delta of @size bytes before an attempt to fetch it. */
void fota_budget_charge(FotaBudget *budget, FotaDeltaCount *delta, gint64 now, guint64 size);

/**
 * fota_budget_correct:
 * @size: as charged before this attempt
 * @first: bytes that the module had when it was first seen to receive
 * @received: bytes that it had at the end
 *
 * Replaces what was counted in advance by what has come in.
 */
void fota_budget_correct(FotaBudget *budget, FotaDeltaCount *delta, gint64 now, guint64 size,
                         guint64 first, guint64 received);

/** Returns: when the next month begins. */
gint64 fota_budget_next_month(gint64 now);

/**
 * fota_budget_poll_bytes:
 * @uri: of the manifest
 * @body: bytes of it that came
 *
 * Returns: the data that one check uses over the air. The overhead around the body cannot be
 * counted here, so measured values are used: 4 KiB with a new TLS connection, 1 KiB without TLS.
 */
guint64 fota_budget_poll_bytes(const char *uri, gsize body);

G_END_DECLS
