/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"
#include "policy/fota-outcome.h"

G_BEGIN_DECLS

/**
 * The way back of a module without service: a delta that lies in the cache, verified, before the
 * order to install is given. The record says which (FotaRecord.back) while an update is under way.
 */

/** Keeps in the cache the way back of the update under way, or of what @plan wants. */
void fota_back_claim(const FotaParts *parts, const FotaPlan *plan);

/** Whether the host must still fetch the way back of what @plan wants. */
gboolean fota_back_is_missing(const FotaParts *parts, const FotaPlan *plan);

/** Notes in the record the way back of the update that begins, with its fetch, and keeps it in the
 * cache. The next save writes it: a later start of fotad keeps it, too. */
void fota_back_note(const FotaParts *parts);

/** Whether the way back of the update under way is at hand. */
gboolean fota_back_is_ready(const FotaParts *parts);

/**
 * The update under way is to be put back for @loss: from now on the record is that of the way back,
 * which leads from the version that it led to.
 */
void fota_back_begin(const FotaParts *parts, const GError *loss);

/** An attempt at it has ended: it failed, or had to wait, or nothing of it is left to do. */
void fota_back_end(const FotaParts *parts, const FotaOutcome *outcome, FotaEnding ending);

/** Whether no further attempt follows the one that ends now. */
gboolean fota_back_was_last_try(const FotaParts *parts);

/** What the end of the way back tells: what was lacking, and @error, NULL = it was taken. */
GError *fota_back_explain(const FotaParts *parts, const GError *error);

G_END_DECLS
