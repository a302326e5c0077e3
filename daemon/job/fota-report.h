/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Under this name an update remembers the method that it was begun with. */
#define FOTA_JOB_METHOD "fotad.method"

/** And under this one, of a dummy, how often the module has restarted since the order. */
#define FOTA_JOB_RESTARTS "fotad.restarts"

/** And of a dummy, too, as what the module was there before the order: fota_at_name_return(). */
#define FOTA_JOB_RETURN "fotad.return"

/** "1": the module's power may be off, by an order or by first aid, and is to be switched on. It
 * outlives the update. */
#define FOTA_JOB_POWER "fotad.power"

/** "1": the module may be in the transfer of a delta, in data mode or in a command, in which it does
 * not answer ModemManager's probes. It outlives the update, and a rehearsal. */
#define FOTA_JOB_TRANSFER "fotad.transfer"

/** What a job does. */
typedef enum {
    FOTA_JOB_UPDATE,  /**< bring the delta in and, unless that must wait, install it */
    FOTA_JOB_INSTALL, /**< the delta is in the module: install it */
    FOTA_JOB_RESUME,  /**< an order to install may have been given: find out, never give it again */
    FOTA_JOB_ASK,     /**< ask the vendor's server what it offers */
    FOTA_JOB_FETCH,   /**< read the manifest's file through the module */
    FOTA_JOB_INSPECT, /**< ask the module what it runs */
    FOTA_JOB_ROUSE,   /**< the same, of one that ModemManager has lost, and have it restart */
    FOTA_JOB_DISCARD, /**< throw the delta away */
    FOTA_JOB_POWER_ON, /**< switch on a module that was left without power */
    FOTA_JOB_UNDO,     /**< have what an earlier job has set in the module set back */
    FOTA_JOB_FOLLOW,   /**< what the module asks was approved: answer it, follow, order nothing */
    FOTA_JOB_LISTEN,   /**< have the module ask, and find out what it asks */
    FOTA_JOB_ANSWER,   /**< tell it no, or not yet */
} FotaJobKind;

/** What a running job tells. */
typedef enum {
    FOTA_REPORT_PROGRESS,  /**< percent of the whole job, 0 to 100 */
    FOTA_REPORT_BYTES,     /**< of the delta; total 0 = unknown */
    FOTA_REPORT_VERIFYING, /**< the module is back, its version is being compared */
    FOTA_REPORT_SETTING,   /**< to be written with the next record, for a later job */
} FotaReportKind;

typedef struct {
    FotaReportKind kind;
    union {
        guint percent;
        struct {
            guint64 received, total;
        } bytes;
        struct {
            const char *name, *value;
        } setting;
    };
} FotaJobReport;

/** What follows a commit. */
typedef enum {
    FOTA_COMMIT_GO,
    /**
     * For FOTA_MARK_DOWNLOADED, and for FOTA_MARK_INSTALLING of a job that has not ordered
     * anything yet: the job ends well here, with the delta downloaded and nothing installed.
     */
    FOTA_COMMIT_STOP,
} FotaCommit;

G_END_DECLS
