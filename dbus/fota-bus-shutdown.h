/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/fota-manager.h"

G_BEGIN_DECLS

/**
 * Holds a logind inhibitor lock, shutdown:block, while a module installs and until its new version
 * is seen: switching the machine off would cut the module's power. systemd-inhibit --list shows who
 * inhibits a shutdown and why; a person may still force it.
 */
typedef struct _FotaBusShutdown FotaBusShutdown;

/** References @connection and @manager. */
FotaBusShutdown *fota_bus_shutdown_new(sd_bus *connection, FotaManager *manager);

/** Releases the lock. NULL is allowed. */
void fota_bus_shutdown_free(FotaBusShutdown *shutdown);

G_END_DECLS
