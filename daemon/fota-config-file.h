/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-config.h"

G_BEGIN_DECLS

/**
 * Reads @file, then `@file.d/` in alphabetical order. A missing @file counts as empty. Errors are
 * those of fota-authority.h and of fota_config_take(). Transfer full.
 */
FotaConfig *fota_config_load(const char *file, GError **error);

G_END_DECLS
