/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dbus/fota-bus-polkit.h"

G_BEGIN_DECLS

/**
 * org.freedesktop.LogControl1 at its usual path, as org.freedesktop.LogControl1(5) describes:
 * `systemctl log-level fotad.service debug`. Setting requires org.fotad.Fota1.configure.
 */
typedef struct _FotaBusLog FotaBusLog;

/** NULL and a negative errno in @ret_errno on failure. References all arguments. */
FotaBusLog *fota_bus_log_new(sd_bus *connection, FotaBusPolkit *polkit, int *ret_errno);
void fota_bus_log_free(FotaBusLog *self);

G_END_DECLS
