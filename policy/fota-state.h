/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The life of an update, as a module's State property shows it:
 *
 *   idle -> checking -> awaiting-approval -> scheduled -> fetching -> downloading
 *        -> awaiting-install-approval -> installing -> verifying -> idle
 *
 * Nothing sets a state: fota-next.h derives it from what is known.
 */
typedef enum {
    FOTA_STATE_ABSENT,      /**< known, but not there */
    FOTA_STATE_UNSUPPORTED, /**< no plugin claims it */
    FOTA_STATE_IDLE,
    FOTA_STATE_CHECKING,
    FOTA_STATE_AWAITING_APPROVAL,
    FOTA_STATE_SCHEDULED,
    FOTA_STATE_FETCHING, /**< the host fetches the delta; the module is not touched */
    FOTA_STATE_DOWNLOADING,
    FOTA_STATE_AWAITING_INSTALL_APPROVAL,
    FOTA_STATE_INSTALLING, /**< an order to install may be out */
    FOTA_STATE_VERIFYING,  /**< the module is back: version and service are compared */
    FOTA_STATE_FAILED,     /**< ended without success, until a new manifest or Check */
} FotaState;
#define FOTA_STATE_LAST FOTA_STATE_FAILED

/** The name on D-Bus, e.g. "awaiting-approval". */
const char *fota_state_to_string(FotaState state);

/** How far an update has come. Each is written before the step that it names is begun. */
typedef enum {
    FOTA_MARK_NONE,        /**< no update is under way */
    FOTA_MARK_DOWNLOADING, /**< the module may hold a part of the delta */
    FOTA_MARK_DOWNLOADED,  /**< the delta is in the module, nothing is installed */
    FOTA_MARK_INSTALLING,  /**< the order to install may be out: only a version ends this */
    FOTA_MARK_DISCARDING,  /**< the update is over; what the module holds of it must go */
    FOTA_MARK_FETCHING,    /**< the host fetches the delta; the module holds nothing of it */
    FOTA_MARK_PROVING,     /**< the new version runs; whether it serves is not known yet */
    FOTA_MARK_RESTORING,   /**< it does not serve: the module is to be put back */
} FotaMark;
#define FOTA_MARK_LAST FOTA_MARK_RESTORING

G_END_DECLS
