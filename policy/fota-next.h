/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-plan.h"
#include "policy/fota-service.h"
#include "policy/fota-state.h"

G_BEGIN_DECLS

/**
 * Decides what happens next to a module: its state and the action to begin. A pure table, whose
 * first row that fits wins (fota-next.c). It may be used at any time and any number of times, and
 * is used again before an update takes a step that cannot be undone.
 */

typedef enum {
    FOTA_PRESENCE_HERE, /**< ModemManager shows the module now */
    FOTA_PRESENCE_AWAY, /**< it does not, but is expected to soon */
    FOTA_PRESENCE_LOST, /**< it does not */
} FotaPresenceKind;

/** What begins, and what runs. */
typedef enum {
    FOTA_ACTION_NONE,
    FOTA_ACTION_CHECK,    /**< read the manifest */
    FOTA_ACTION_ASK,      /**< ask the vendor's server what it offers */
    FOTA_ACTION_INSPECT,  /**< ask the module for its version */
    FOTA_ACTION_REHEARSE, /**< all of an update except the delta and the installation */
    FOTA_ACTION_FETCH,    /**< have the host fetch the delta into its cache */
    FOTA_ACTION_DOWNLOAD, /**< bring the delta in and, unless that must wait, install it */
    FOTA_ACTION_INSTALL,  /**< install the delta that is in the module */
    FOTA_ACTION_RESUME,   /**< find out how an order to install has ended */
    FOTA_ACTION_DISCARD,  /**< make the module discard its delta */
    FOTA_ACTION_POWER_ON, /**< switch on a module that was left without power */
    FOTA_ACTION_ROUSE,    /**< have a module answer that was left in the middle of a command */
    FOTA_ACTION_UNDO,     /**< set back what a job that was cut off has set in the module */
    FOTA_ACTION_FORGET,   /**< forget a delta that does nothing by itself */
    FOTA_ACTION_CLOSE,    /**< end an update that was cancelled before fotad was killed */
    FOTA_ACTION_LISTEN,   /**< find out what the module asks by itself */
    FOTA_ACTION_ANSWER,   /**< tell it no, or not yet */
    FOTA_ACTION_FOLLOW,   /**< tell it yes, and follow what it does */
    FOTA_ACTION_PROBE,    /**< probe the network through the module, before it is updated */
    FOTA_ACTION_CONCLUDE, /**< end an update whose service is judged */
    FOTA_ACTION_RESTORE,  /**< put a module without service back to its old version */
} FotaAction;
#define FOTA_ACTION_LAST FOTA_ACTION_RESTORE

typedef enum {
    FOTA_MANIFEST_NONE,
    FOTA_MANIFEST_HOLDS,
    FOTA_MANIFEST_DISTRUSTED, /**< it has expired, or lost its key */
} FotaManifestStanding;

/** Everything that the tables here and in fota-refusal.c depend on. */
typedef struct {
    FotaPresenceKind presence;
    gboolean supported; /**< a plugin claims the module */
    FotaAction runs;    /**< a job of this module, or FOTA_ACTION_CHECK; NONE = nothing */
    gboolean verifying; /**< the job that runs compares versions */
    FotaMark mark;
    gboolean cancelled;     /**< Cancel() was accepted for the update at @mark */
    gboolean held;          /**< pauses after a failure, until some boot time */
    gboolean inhibited;     /**< an application holds an inhibition */
    gboolean crowded;       /**< the limit of concurrent updates is reached */
    gboolean failed;        /**< the last end was a failure, and LastError shows it */
    gboolean check_due;     /**< it is time to read the manifest */
    gboolean check_takes;   /**< the manifest is read through the module */
    gboolean ask_takes;     /**< its version can be asked only on its own port */
    gboolean told_version;  /**< the module itself has reported its version */
    gboolean version_asked; /**< and somebody waits for that: AskVersion() */
    gboolean can_ask;       /**< the plugin can ask its vendor's server */
    gboolean can_discard;   /**< the plugin can discard a delta */
    gboolean kept_delta;    /**< all attempts to discard the delta have failed */
    gboolean power_due;     /**< its power was left off, and it is away for longer than it may be */
    gboolean rouse_due;     /**< a killed fotad had it, and ModemManager has not shown it since */
    gboolean owes;          /**< what a job has set in the module is not set back */
    gboolean one_gate;      /**< download and installation are one */
    gboolean fetches;       /**< the host must fetch the delta before it can feed the module */
    gboolean back_is_away;  /**< and the way back, which is fetched before the order */
    gboolean same_delta;    /**< the delta at @mark is the one that the plan wants */
    gboolean listen_due;    /**< what the module asks by itself is to be found out */
    gboolean answer_due;    /**< it is to be told no, or not yet */

    FotaProofVerdict proof; /**< of the service, at FOTA_MARK_PROVING */
    gboolean restoring;     /**< the update at @mark is the way back of another */
    gboolean supply_low;    /**< the gateway is not supplied as an update must be */
    gboolean probe_wanted; /**< the probe tells what an update must not lose, and is not made yet */
    gboolean probing;      /**< it is under way */
    gboolean settling;     /**< the module was taken from its service, which has yet to return */

    FotaManifestStanding manifest;
    gboolean planned; /**< there is a plan, which the next members describe */
    FotaPlanKind plan;
    gboolean asked;        /**< what is planned is what the module asks by itself */
    gboolean asks_again;   /**< before it installs, it asks once more */
    gboolean asks_install; /**< which it does now */
    gboolean begun;        /**< it has begun without asking */
    gboolean blocked;      /**< there is a blocker */
    gboolean open[FOTA_APPROVAL_N_GATES];
    gboolean rehearsal;      /**< a rehearsal is offered */
    gboolean rehearsal_open; /**< and approved */
} FotaSituation;

typedef enum {
    FOTA_SHOW_NOTHING,
    FOTA_SHOW_BLOCKERS,  /**< the plan's */
    FOTA_SHOW_BACKOFF,   /**< the one blocker "backoff", */
    FOTA_SHOW_INHIBITED, /**< "inhibited", */
    FOTA_SHOW_BUSY,      /**< "busy", */
    FOTA_SHOW_SUPPLY,    /**< "supply", */
    FOTA_SHOW_SERVICE,   /**< or "service" */
} FotaShowBlockers;

typedef enum {
    FOTA_SHOW_ERROR_AS_IS,
    FOTA_SHOW_ERROR_TRUST,         /**< why the manifest does not hold */
    FOTA_SHOW_ERROR_NOT_SUPPORTED, /**< the plugin cannot ask a vendor's server */
    FOTA_SHOW_ERROR_NO_PATH,
    FOTA_SHOW_ERROR_DOWNGRADE,
    FOTA_SHOW_ERROR_UNANSWERED,
    FOTA_SHOW_ERROR_LAST_ATTEMPT, /**< of the newest entry in the history */
} FotaShowError;

typedef struct {
    const char *row; /**< its name, for logs and tests */
    FotaState state;
    FotaAction action;
    gboolean offers; /**< Update holds the plan's update; else it is empty */
    gboolean guest;  /**< and that is to be rehearsed only */
    FotaShowBlockers blockers;
    FotaShowError error;
} FotaNext;

FotaNext fota_next_decide(const FotaSituation *situation);

/** As if nothing more were to be asked of server or module, which takes no offer back. */
void fota_next_end_questions(FotaSituation *situation);

/**
 * Whether the job that runs may take the step that @mark names: FOTA_MARK_DOWNLOADED asks whether
 * it may go on to install, FOTA_MARK_INSTALLING whether it may give the order. With one gate the
 * order is the download.
 */
gboolean fota_next_may_commit(const FotaSituation *situation, FotaMark mark);

/** Whether @state is shown because an order may be out: then the gateway must keep its power. */
gboolean fota_next_keeps_power(FotaState state);

/**
 * Whether the update cannot be stopped: from the order on until its service is judged, or the way
 * back was taken.
 */
gboolean fota_next_is_committed(const FotaSituation *situation);

/** Of a plan that is an update: whether that itself, not a rehearsal, could begin at once. */
gboolean fota_next_update_is_ready(const FotaSituation *situation);

/** Whether something is offered, once the questions that are due or under way are answered. */
gboolean fota_next_offers(const FotaSituation *situation);

G_END_DECLS
