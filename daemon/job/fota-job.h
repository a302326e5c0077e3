/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-config.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-plugins.h"
#include "daemon/fota-record.h"
#include "policy/fota-state.h"
#include "daemon/job/fota-report.h"
#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/**
 * One running update: chooses the AT channel, keeps ModemManager away where that is needed, runs
 * the steps (fota-steps.c) in a thread, and tells the main loop how it goes. The inhibition is held
 * exactly from the job's start to its end, on every way out.
 */
typedef struct _FotaJob FotaJob;

/** What to do. It owns its strings, those of @update too, and its table. */
typedef struct {
    FotaJobKind kind;
    gboolean with_signature; /**< FOTA_JOB_FETCH: what lies in <path>.minisig goes in front */
    FotaMm *mm;              /**< borrowed, like @vendor; both outlive the job */
    const FotaVendor *vendor;
    const FotaMethod *method;       /**< of @vendor, borrowed */
    FotaConfig *configuration;      /**< a reference, which keeps @config */
    const FotaModuleConfig *config; /**< of @configuration, for this module */
    char *imei;
    char *model;
    char *uid;          /**< ModemManager's name of the device, for the inhibition */
    char *device;       /**< sysfs path of it */
    char *modem;        /**< ModemManager's object */
    gboolean unsettled; /**< an earlier order to install may still be under way */
    gboolean rehearsal; /**< stop before the order to install, and before @update says so */
    FotaUpdate update;
    char *delta_credential;   /**< file of the login for the delta's server, NULL = none */
    char *apn;                /**< of the module's own data connection, NULL = none */
    gboolean provisioned;     /**< by a manifest */
    char *authentication;     /**< there; NULL = as the plugin has it */
    char *network_credential; /**< file of the login at the APN, NULL = none */
    FotaCacheFile delta;      /**< for a method that is fed; without a descriptor = none */
    const FotaMethod *asked;  /**< of @vendor: of FotaSteps, like the next three */
    FotaQuestionKind approved;
    gboolean starts;
    FotaAnswer answer;
    char *heard;          /**< line that the module said before, NULL = none */
    GHashTable *settings; /**< what an earlier job of this update remembered, name -> value */
} FotaJobOrder;

/** An order without anything but its kind and empty settings. */
FotaJobOrder *fota_job_order_new(FotaJobKind kind);
void fota_job_order_free(FotaJobOrder *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaJobOrder, fota_job_order_free)

/** How it ended. */
typedef struct {
    FotaResult result;
    const GError *error;          /**< NULL exactly when @result is FOTA_RESULT_DONE */
    const char *version;          /**< what the module last said, "" = it could not be asked */
    gboolean downloaded;          /**< the delta is in the module, not installed; of a rehearsal,
                                     too */
    guint restarts;               /**< of the module by itself, as far as this job has seen them */
    const FotaVendorOffer *offer; /**< FOTA_JOB_ASK: what the vendor's server has */
    const FotaQuestion *question; /**< FOTA_JOB_LISTEN: what the module asks; FOTA_JOB_ANSWER: what
                                     it has begun meanwhile; FOTA_JOB_FOLLOW: what it asks next;
                                     FOTA_JOB_RESUME: again */
    FotaAnswer answer;            /**< FOTA_JOB_ANSWER: what the module was told */
    const char *question_line;    /**< as it came, NULL = the module was asked for it */
    const char *const *heard;     /**< lines that the job has not looked at */
    GBytes *contents;             /**< FOTA_JOB_FETCH: what was read, NULL = nothing */
    guint outage;                 /**< seconds from the order to install to the verified version */
    const char *const *differing; /**< names of settings that are not as before the install */
} FotaJobEnd;

/** All called on the main loop, never from within a function of this header. */
typedef struct {
    void (*report)(const FotaJobReport *report, gpointer user_data);
    /**
     * Must lead to fota_job_commit_done(); the job waits for that. FOTA_MARK_NONE: the record as it
     * is, with its mark.
     */
    void (*commit)(FotaMark mark, gpointer user_data);
    /** The last call; the job is freed after it returns. */
    void (*finished)(const FotaJobEnd *end, gpointer user_data);
} FotaJobListener;

/** Starts it. Takes @order. @listener must live until finished() has been called. */
FotaJob *fota_job_start(FotaJobOrder *order, const FotaJobListener *listener, gpointer user_data);

/** The mark is on disk, or need not be (FOTA_COMMIT_STOP), or could not be written: @error. */
void fota_job_commit_done(FotaJob *job, FotaCommit answer, const GError *error);

/** Whether ModemManager keeps away from the module's ports; while it does not, nothing is sent. */
void fota_job_set_guarded(FotaJob *job, gboolean guarded);

/**
 * Asks it to end. FALSE when installing has begun: then only @force ends the thread, which leaves
 * the module to itself and the record for the next start.
 */
gboolean fota_job_cancel(FotaJob *job, gboolean force);

G_END_DECLS
