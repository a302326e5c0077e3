/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-next.h"

G_BEGIN_DECLS

/**
 * Decides what the end of a job means for the update. A pure table; the first row that fits wins
 * (fota-outcome.c).
 */

typedef enum {
    FOTA_ENDED_WELL,
    FOTA_ENDED_LATER,    /**< it had to wait: no signal, no network, module not released */
    FOTA_ENDED_BADLY,    /**< another attempt may succeed */
    FOTA_ENDED_FOR_GOOD, /**< another attempt would end the same way */
} FotaEnding;

/** The version that the module reported last. */
typedef enum {
    FOTA_VERSION_UNREAD,
    FOTA_VERSION_OLD,
    FOTA_VERSION_WANTED,
    FOTA_VERSION_OTHER,
    FOTA_VERSION_SAME, /**< of a dummy: the one before it and after it */
} FotaVersionRead;

typedef struct {
    FotaAction job;
    FotaMark mark; /**< on disk when it ended */
    FotaEnding ending;
    FotaVersionRead version;
    gboolean cancelled;   /**< Cancel() was accepted, whatever the job was doing */
    gboolean unwritten;   /**< it ended because the record could not be written */
    gboolean downloaded;  /**< the delta is in the module, and nothing is ordered */
    gboolean restarted;   /**< the job has seen the module restart by itself */
    gboolean can_discard; /**< the plugin can discard a delta */
    gboolean one_gate;    /**< what brings the delta in is the order to install */
    gboolean asked;       /**< the update is what the module asked by itself */
    gboolean expired;     /**< and the answer came too late */
    gboolean asks_again;  /**< and now the next question of the same update, or, at RESUME, again */
    gboolean provable;    /**< its service is to be proven */
    FotaProofVerdict proof; /**< FOTA_ACTION_CONCLUDE: what came of that */
    gboolean way_back;      /**< at hand, verified */
    gboolean restoring;     /**< the update is the way back of another */
    gboolean last_try;      /**< no further attempt at the way back follows */
} FotaEnd;

typedef enum {
    FOTA_ATTEMPTS_KEEP,
    FOTA_ATTEMPTS_COUNT,  /**< one more has failed; the manifest's pause begins */
    FOTA_ATTEMPTS_REPEAT, /**< one more has failed; the next may begin at once */
    FOTA_ATTEMPTS_END,    /**< no further attempt follows */
    FOTA_ATTEMPTS_RESET,
} FotaAttempts;

/** The entry in the history, which UpdateFinished announces. */
typedef enum {
    FOTA_FINISH_NOTHING,
    FOTA_FINISH_SUCCESS,
    FOTA_FINISH_FAILED,
    FOTA_FINISH_CANCELLED,
    FOTA_FINISH_REHEARSED,
    FOTA_FINISH_EXPIRED,
    FOTA_FINISH_NO_SERVICE, /**< new version, service not back */
    FOTA_FINISH_RESTORED,   /**< the way back was taken */
} FotaFinish;

/** "success", "failed", ...; NULL for FOTA_FINISH_NOTHING. */
const char *fota_finish_get_name(FotaFinish finish);

typedef enum {
    FOTA_HOLD_NONE,
    FOTA_HOLD_WAIT,  /**< for the manifest's pause, or some minutes, longer each time */
    FOTA_HOLD_ORDER, /**< a minute, longer each time: what was ordered must be asked */
} FotaHold;

typedef struct {
    const char *row; /**< its name, for logs and tests */
    FotaMark mark;
    FotaAttempts attempts;
    FotaFinish finish;
    FotaHold hold;
    gboolean ends_offer; /**< its approval ends with it; else it holds for what is left to do */
} FotaOutcome;

FotaOutcome fota_outcome_decide(const FotaEnd *end);

/** Seconds to wait after @waits tries in a row have ended in @hold. */
guint fota_hold_get_seconds(FotaHold hold, guint pause, guint waits);

G_END_DECLS
