/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FOTA_ERROR (fota_error_quark())
GQuark fota_error_quark(void);

/**
 * The daemon's own errors, by their names on D-Bus. policy/ and plugins/ have domains of their own.
 */
typedef enum {
    FOTA_ERROR_BUSY, /**< an update or a check is under way */
    FOTA_ERROR_MODULE_ABSENT,
    FOTA_ERROR_MODULE_UNSUPPORTED, /**< no plugin claims this module */
    FOTA_ERROR_NOT_CANCELLABLE,    /**< installing has begun */
    FOTA_ERROR_CANCELLED,
    FOTA_ERROR_BAD_CREDENTIAL,       /**< missing, too open, or malformed */
    FOTA_ERROR_MANIFEST_UNREACHABLE, /**< no answer; the text says why */
    FOTA_ERROR_MANIFEST_UNAVAILABLE, /**< the server answered, but not 200 */
    FOTA_ERROR_RECORD_NOT_WRITABLE,  /**< nothing starts without a record */
    FOTA_ERROR_BAD_RECORD,           /**< the record cannot be read */
    FOTA_ERROR_NO_AT_PORT,           /**< no AT channel to the module could be opened */
    FOTA_ERROR_BAD_PLUGIN,
    FOTA_ERROR_UNANSWERED,       /**< no approval within [Approval] Timeout */
    FOTA_ERROR_FIRST_AID_FAILED, /**< a rung of first aid could not be taken */
    FOTA_ERROR_NO_SERVICE,       /**< the module does not serve after an update as before */
    FOTA_ERROR_PIN_REQUIRED,     /**< the SIM is locked, and fotad does not enter the PIN
                                  */
    FOTA_ERROR_NO_SPACE,         /**< no room for a delta on the gateway */
    FOTA_ERROR_BAD_DELTA,        /**< not the delta that the manifest means: size or digest */
} FotaError;

/**
 * The last part of the D-Bus name of an error in any of fotad's domains, e.g. "StaleToken";
 * "Failed" for other domains. It is also the first half of LastError.
 */
const char *fota_error_get_name(const GError *error);

/** Whether another start would end with the same @error, until a person has put a file right. */
gboolean fota_error_needs_person(const GError *error);

G_END_DECLS
