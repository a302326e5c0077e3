/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-report.h"
#include "daemon/job/fota-session.h"
#include "policy/fota-state.h"

G_BEGIN_DECLS

/**
 * The steps of an update in order, straight-line and blocking, in the job's thread: inspect,
 * download, install, follow the restarts, compare.
 */

typedef struct {
    FotaJobKind kind;
    gboolean with_signature;
    gboolean rehearsal; /**< nothing is ordered; update->rehearsal: nor is the delta loaded */
    const FotaMethod *method;
    const FotaSetting *settings; /**< of the plugin, NULL = none */
    const FotaUpdate *update;
    FotaSession *session;
    /** Blocks until the mark is on disk. FALSE: it is not, or the job was cancelled. */
    gboolean (*commit)(FotaMark mark, FotaCommit *answer, gpointer user_data, GError **error);
    /** Switches the module off and on; NULL = nothing here can. */
    gboolean (*power)(gpointer user_data, GError **error);
    /** A text that is another one after each return of the module; NULL, as is the function where
     * nothing tells that. */
    char *(*name_return)(gpointer user_data);
    gpointer user_data;
    int delta; /**< for a method that is fed; -1 = none */
    /** Compares @delta once more with what was fetched; NULL = there is no need. */
    gboolean (*verify)(gpointer user_data, GError **error);
    FotaQuestionKind approved; /**< FOTA_JOB_FOLLOW: NONE = the module has begun by itself */
    gboolean starts;           /**< FOTA_JOB_LISTEN: the module is to ask its server */
    FotaAnswer answer;         /**< FOTA_JOB_ANSWER */
    const FotaMethod *asked;   /**< another method, which knows whether the module asks meanwhile;
                                  NULL = it does not */

    /* Results; fota_steps_clear() frees them */
    char *version; /**< last read, NULL = none; from the order on, only what ends it */
    FotaVendorOffer offer;
    FotaQuestion question; /**< FOTA_JOB_LISTEN; FOTA_JOB_FOLLOW: the next one; FOTA_JOB_RESUME: the
                              same one again */
    GBytes *contents;      /**< of a file that was read */
    gboolean downloaded;
    gboolean stopped; /**< the answer to a commit was FOTA_COMMIT_STOP */
    gboolean ordered;
    guint restarts;  /**< of the module by itself, as far as they were seen */
    guint outage;    /**< seconds */
    GStrv differing; /**< settings that are not as before the install; NULL = it did not come so
                        far */
} FotaSteps;

FotaResult fota_steps_run(FotaSteps *steps, GError **error);

void fota_steps_clear(FotaSteps *steps);

G_END_DECLS
