/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * The fields of policy/fota-registration.h for this module, a{sv}; it holds the login at the APN.
 * Transfer full. Errors: ModuleAbsent, since the number is the SIM's; BadCredential.
 */
GVariant *fota_registrar_describe(const FotaParts *parts, GError **error);

/**
 * Posts the identity of a module that is seen for the first time, or with another SIM, to
 * [Registration] Uri=, without the login. The record is changed; it is written then.
 */
void fota_registrar_look(const FotaParts *parts);

G_END_DECLS
