/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * Writes down what close() has to set back, a text under a name that begins with FOTA_OWED, before
 * the change. Where it cannot be written the change must not be made, and what was owed before
 * still is. Reading a file (@update has no version to go to) happens every day, and costs the flash
 * nothing: a fotad that is killed meanwhile has forgotten it.
 */
FotaResult telit_debt_write(FotaSession *session, const FotaUpdate *update, const char *name,
                            const char *text, GError **error);
