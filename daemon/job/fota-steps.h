/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-job.h"
#include "daemon/job/fota-session.h"

G_BEGIN_DECLS

/**
 * The steps of an update in order, straight-line and blocking, in the job's thread: inspect,
 * download, install, follow the restarts, compare.
 */

/** How the steps reach the main loop. Called in the thread. */
typedef struct {
    void (*state)(FotaState state, gpointer user_data);
    void (*progress)(guint percent, gpointer user_data);
    /** Blocks until the record is written. FALSE: it is not, or the job was cancelled. */
    gboolean (*commit)(FotaMark mark, gpointer user_data, GError **error);
} FotaStepsHooks;

typedef struct {
    FotaJobKind kind;
    gboolean stop_after_download; /**< may be set by the commit of FOTA_MARK_DOWNLOADED */
    gboolean with_signature;
    const FotaPlugin *plugin;
    const FotaUpdate *update;
    const char *imei;
    FotaSession *session;
    const FotaStepsHooks *hooks;
    gpointer user_data;

    /* Results */
    char *version;         /**< last read, NULL = none; the caller frees it */
    FotaVendorOffer offer; /**< its strings are freed by the caller */
    GBytes *contents;      /**< of a file that was read; the caller frees them */
    gboolean downloaded;
    guint outage;    /**< seconds */
    GStrv differing; /**< settings that are not as before the install; NULL = it did not come so
                        far, the caller frees them */

    guint base;  /**< percent of the whole at which the running step begins ... */
    guint share; /**< ... and how much of the whole it is; for fota_steps_scale() */
} FotaSteps;

FotaResult fota_steps_run(FotaSteps *steps, GError **error);

/** Percent of the whole update when the running step is at @percent. */
guint fota_steps_scale(const FotaSteps *steps, guint percent);

G_END_DECLS
