/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** What the fleet and an operator learn of the updates that have ended (policy/fota-update-report).
 */

/**
 * Puts @entry, made of an update that has ended, into the history, and into the outbox if results
 * are to be reported. The record is not written yet. Takes @entry.
 */
void fota_results_add(const FotaParts *parts, FotaHistoryEntry *entry);

/** Notes in @entry which steps the update under way has passed, and when. */
void fota_results_note_stages(const FotaParts *parts, FotaHistoryEntry *entry);

/** The module and its history, newest first, as a JSON text. Transfer full. */
char *fota_results_to_json(const FotaRecord *record);

G_END_DECLS
