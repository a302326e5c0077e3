/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * What the module runs, in as many answers as tell its firmwares apart (Version= of the model
 * data), joined by `+`. As fota_session_read_version().
 */
FotaResult telit_version_read(FotaSession *session, char **version, GError **error);
