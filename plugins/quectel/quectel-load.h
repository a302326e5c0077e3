/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** Writes the package into the module's file store, and compares size and checksum. */
FotaResult quectel_load(FotaSession *session, const FotaUpdate *update, int fd, GError **error);

/** Deletes the package there, if any. */
FotaResult quectel_discard(FotaSession *session, const FotaUpdate *update, GError **error);

/**
 * +QFOTADL with the package's path, once for each place in which it may be. From then on the
 * package is owed: it is deleted when it has done its work.
 */
FotaResult quectel_install(FotaSession *session, const FotaUpdate *update, GError **error);

/** Deletes the package if it is still owed. */
void quectel_close_store(FotaSession *session);
