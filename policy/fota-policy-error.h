/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: Everything policy/ can refuse.
 *
 * Each code has one name, the last part of the D-Bus error `org.fotad.Fota1.Error.<Name>`.
 * The message says what is wrong, where, and what to do; it never holds a secret.
 */
#define FOTA_POLICY_ERROR (fota_policy_error_quark())

typedef enum {
    FOTA_POLICY_ERROR_BAD_KEY,            /* a key file that is not a minisign public key */
    FOTA_POLICY_ERROR_BAD_SIGNATURE,      /* signed, but not by a trusted key over these bytes */
    FOTA_POLICY_ERROR_MANIFEST_UNSIGNED,  /* no signature where one is required */
    FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, /* more than FOTA_MANIFEST_MAX_BYTES */
    FOTA_POLICY_ERROR_BAD_MANIFEST,       /* not strict JSON, or a member is missing or wrong */
    FOTA_POLICY_ERROR_UNKNOWN_MANIFEST_VERSION, /* `manifestVersion` or a `critical` name is unknown
                                                 */
    FOTA_POLICY_ERROR_WRONG_TARGET,             /* another IMEI or model */
    FOTA_POLICY_ERROR_ROLLBACK,             /* older `sequenceNumber` than one already accepted */
    FOTA_POLICY_ERROR_EQUIVOCATION,         /* same `sequenceNumber`, other bytes: an attack */
    FOTA_POLICY_ERROR_MANIFEST_EXPIRED,     /* `useBefore` has passed */
    FOTA_POLICY_ERROR_NO_PATH,              /* no step leads from the module's version */
    FOTA_POLICY_ERROR_DOWNGRADE_REFUSED,    /* manifest or configuration does not allow it */
    FOTA_POLICY_ERROR_NOTHING_OFFERED,      /* nothing to approve, reject, defer or cancel */
    FOTA_POLICY_ERROR_STALE_TOKEN,          /* the offer changed since the token was given out */
    FOTA_POLICY_ERROR_DEFER_TOO_LONG,       /* beyond `maximumDeferPeriod` or the deadline */
    FOTA_POLICY_ERROR_BAD_WINDOW,           /* window or blackout text of the configuration */
    FOTA_POLICY_ERROR_TOO_MANY_CHECKS,      /* checks on request are limited */
    FOTA_POLICY_ERROR_UPDATE_LOOP,          /* fotad or the module restarts over and over */
    FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND, /* the configuration does not send it there */
    FOTA_POLICY_ERROR_BAD_CONFIGURATION,    /* a file that only a person can put right */
    FOTA_POLICY_ERROR_LAST = FOTA_POLICY_ERROR_BAD_CONFIGURATION,
} FotaPolicyError;

GQuark fota_policy_error_quark(void);

/** Returns: the code's name, for example "StaleToken". */
const char *fota_policy_error_get_name(FotaPolicyError code);

G_END_DECLS
