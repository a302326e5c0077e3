/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/fota-manager.h"

G_BEGIN_DECLS

/**
 * Holds an inhibitor lock of logind's, shutdown:block, while a module installs and until its new
 * version is seen: a machine that is switched off then takes the module's power away. Who wants to
 * shut down learns by whom it is held back and why (systemd-inhibit --list), and may insist.
 */
typedef struct _FotaBusShutdown FotaBusShutdown;

/** @connection and @manager are kept. */
FotaBusShutdown *fota_bus_shutdown_new(sd_bus *connection, FotaManager *manager);

/** Gives the lock back. NULL is allowed. */
void fota_bus_shutdown_free(FotaBusShutdown *shutdown);

G_END_DECLS
