/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-module.h"
#include "dbus/fota-bus-polkit.h"

G_BEGIN_DECLS

#define FOTA_BUS_MODULE_PREFIX "/org/fotad/Fota1/Module/"

/** One module as an object on one connection (org.fotad.Fota1.Module.xml). */
typedef struct _FotaBusModule FotaBusModule;

/** Exports @module; NULL and a negative errno in @ret_errno on failure. References all arguments.
 */
FotaBusModule *
fota_bus_module_new(sd_bus *connection, FotaBusPolkit *polkit, FotaModule *module, int *ret_errno);
void fota_bus_module_free(FotaBusModule *self);

const char *fota_bus_module_get_path(FotaBusModule *self);

G_END_DECLS
