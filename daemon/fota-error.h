/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FOTA_ERROR (fota_error_quark())
GQuark fota_error_quark(void);

/** The daemon's own errors. policy/ and plugins/ have their own domains. */
typedef enum {
    FOTA_ERROR_BUSY,            /**< Busy: an update or a check is under way */
    FOTA_ERROR_ABSENT,          /**< ModuleAbsent */
    FOTA_ERROR_UNSUPPORTED,     /**< ModuleUnsupported: no plugin claims this module */
    FOTA_ERROR_NOT_CANCELLABLE, /**< NotCancellable: installing has begun */
    FOTA_ERROR_CANCELLED,       /**< Cancelled */
    FOTA_ERROR_CONFIGURATION,   /**< BadConfiguration */
    FOTA_ERROR_CREDENTIAL,      /**< BadCredential: missing, too open, or malformed */
    FOTA_ERROR_FETCH,           /**< ManifestUnreachable: no answer; the text says why */
    FOTA_ERROR_MANIFEST_STATUS, /**< ManifestUnavailable: the server answered, but not 200 */
    FOTA_ERROR_RECORD,          /**< RecordNotWritable: nothing starts without a record */
    FOTA_ERROR_BAD_RECORD,      /**< BadRecord: the record cannot be read */
    FOTA_ERROR_CHANNEL,         /**< NoAtPort: no AT channel to the module could be opened */
    FOTA_ERROR_PLUGIN,          /**< BadPlugin */
    FOTA_ERROR_UNANSWERED,      /**< Unanswered: no approval within [Approval] Timeout */
    FOTA_ERROR_COMMAND,         /**< FirstAidFailed: a rung of first aid could not be taken */
    FOTA_ERROR_PIN, /**< PinRequired: the SIM is locked, and fotad does not enter the PIN */
} FotaError;

/**
 * The last part of the D-Bus name of an error in any of fotad's domains, e.g. "StaleToken";
 * "Failed" for other domains. It is also the first half of LastError.
 */
const char *fota_error_get_name(const GError *error);

G_END_DECLS
