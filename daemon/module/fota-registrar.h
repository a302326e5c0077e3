/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * The fields of policy/fota-registration.h for this module, a{sv}; it holds the login at the APN.
 * Transfer full. Errors: ModuleAbsent, since the number is the SIM's; BadCredential.
 */
GVariant *fota_registrar_describe(const FotaParts *parts, GError **error);

G_END_DECLS
