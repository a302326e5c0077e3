/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-plugins.h"
#include "daemon/mm/fota-mm.h"
#include "daemon/module/fota-keeper.h"
#include "policy/fota-next.h"

G_BEGIN_DECLS

/** Whether a module is there, what it is, and what it runs: from ModemManager, and from itself. */
typedef struct _FotaPresence FotaPresence;

/** @plugins and @keeper outlive it. */
FotaPresence *
fota_presence_new(FotaPluginSet *plugins, FotaKeeper *keeper, const FotaPartOwner *owner);
void fota_presence_free(FotaPresence *presence);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaPresence, fota_presence_free)

/**
 * ModemManager shows the module. While a job runs (@busy), only the job says what it is and runs.
 * TRUE if it was absent before, or is another object now.
 */
gboolean fota_presence_see(FotaPresence *presence, const FotaModemFacts *facts, gboolean busy);
/** ModemManager no longer shows it; while a job runs, it counts as away and not as lost. */
void fota_presence_lose(FotaPresence *presence, gboolean busy);
/**
 * A job has ended; the module last reported @version, "" = none. ModemManager now has some time to
 * show it again.
 */
void fota_presence_end_job(FotaPresence *presence, const char *version);
/** The module itself was asked for its version, and has reported it. */
void fota_presence_note_told(FotaPresence *presence);

/**
 * Waits for the version that the module itself reports: at once when it was told, else until
 * fota_presence_answer_version(). @refusal: why it is not asked, NULL = it is. The owner's object
 * is the source of the result. The finish function's result is transfer full.
 */
void fota_presence_ask_version_async(FotaPresence *presence, const GError *refusal,
                                     GAsyncReadyCallback callback, gpointer user_data);
char *
fota_presence_ask_version_finish(FotaPresence *presence, GAsyncResult *result, GError **error);
/** Whether somebody waits for it. */
gboolean fota_presence_is_asked(FotaPresence *presence);
/** It was told, or will not be: @error says why, NULL = the module cannot be asked. */
void fota_presence_answer_version(FotaPresence *presence, const GError *error);

/** Boot time since when it is not here: this start of fotad, if it was not seen since. */
gint64 fota_presence_get_left(FotaPresence *presence);

/** Whether ModemManager has shown it, or it has told a version, since fotad started. */
gboolean fota_presence_was_met(FotaPresence *presence);

FotaPresenceKind fota_presence_get(FotaPresence *presence);
/** As ModemManager last reported; NULL while the module is lost. */
const FotaModemFacts *fota_presence_get_facts(FotaPresence *presence);
/** ModemManager's object; "/" while ModemManager does not show it. */
const char *fota_presence_get_path(FotaPresence *presence);
/** NULL = no plugin claims it. */
const FotaVendor *fota_presence_get_vendor(FotaPresence *presence);
/** Then why that is, with the module's name; the caller frees it. */
char *fota_presence_explain(FotaPresence *presence);
/** Whether the module itself has reported the version in the record. */
gboolean fota_presence_was_told(FotaPresence *presence);

G_END_DECLS
