/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: what the owner of a module tells an update service about it, in the form of Telit's
 * Premium FOTA Management (4.1.1): fourteen fields.
 */

/** What is known; %NULL or "" = unknown. */
typedef struct {
    const char *imei;
    const char *number; /* telephone number of the SIM */
    const char *product;
    const char *firmware;
    const char *distributor;
    const char *subdistributor;
    const char *apn;
    const char *user; /* of the login at the APN */
    const char *password;
} FotaRegistration;

#define FOTA_REGISTRATION_FIELDS 14

/** The name of the field @field, from 0, as D-Bus and JSON have it. */
const char *fota_registration_get_name(guint field);

/**
 * Its value, "" = none. Two fields are always the same text, as the form wants it; the table of
 * APNs that one field is for is the service's own, so ours goes into the field for another; and a
 * data call is over packets, never circuit-switched.
 */
const char *fota_registration_get_value(const FotaRegistration *registration, guint field);

/** All fields but the login, as a JSON text for a server. Transfer full. */
char *fota_registration_to_json(const FotaRegistration *registration);

/**
 * 32 hex digits, others for another module, another SIM in it, or another @number: a SIM that comes
 * back later is no repetition. Transfer full.
 */
char *fota_registration_make_key(const char *imei, const char *imsi, guint64 number);

/**
 * fota_registration_format_csv:
 * @values: of all fields, in their order
 *
 * Returns: (transfer full): the line of the form, without its end. The form has no quotes: %NULL
 * with BadConfiguration if a value holds a semicolon or a control character.
 */
char *fota_registration_format_csv(const char *const *values, GError **error);

G_END_DECLS
