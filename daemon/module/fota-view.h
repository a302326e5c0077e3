/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** What is shown of a module as dictionaries and JSON. */

/** The Update property for the plan, or for a rehearsal of it; floating. */
GVariant *fota_view_describe_update(const FotaParts *parts, gboolean guest);
/** The same for what the record says is under way, of which there may be no plan; floating. */
GVariant *fota_view_describe_record(const FotaRecord *record);
/** Newest first, at most @max, 0 = all; aa{sv}. Transfer full. */
GVariant *fota_view_list_history(const FotaRecord *record, guint max);
/** What would be done, why, and what blocks it, as a JSON text. Transfer full. */
char *fota_view_explain(const FotaParts *parts);
/** Identity of module, SIM and network, a{sv}. Transfer full. */
GVariant *fota_view_identify(const FotaRecord *record, const FotaModemFacts *facts);

G_END_DECLS
