/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** Shows what the parts know and what was decided, as properties, dictionaries and JSON. */

/** Shows what @next has decided, and all that the parts themselves know. */
void fota_view_follow(const FotaParts *parts, const FotaNext *next);
/** Shows all that the parts themselves know. */
void fota_view_refresh(const FotaParts *parts);

/** Newest first, at most @max, 0 = all; aa{sv}. Transfer full. */
GVariant *fota_view_list_history(const FotaRecord *record, guint max);
/** What would be done, why, and what blocks it, as a JSON text. Transfer full. */
char *fota_view_explain(const FotaParts *parts);
/** Identity of module, SIM and network, a{sv}. Transfer full. */
GVariant *fota_view_identify(const FotaRecord *record, const FotaModemFacts *facts);

/** Adds "service-before" and "service-after", each as the property Service, where @entry has them.
 */
void fota_view_tell_service(GVariantDict *dict, const FotaHistoryEntry *entry);

G_END_DECLS
