/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-module.h"
#include "dbus/fota-bus-polkit.h"

G_BEGIN_DECLS

#define FOTA_BUS_MODULE_INTERFACE "org.fotad.Fota1.Module"

/** The userdata of the table's functions. */
typedef struct {
    FotaBusPolkit *polkit;
    FotaModule *module;
} FotaBusModuleTarget;

/** The interface of org.fotad.Fota1.Module.xml: properties, methods and signals. */
extern const sd_bus_vtable fota_bus_module_vtable[];

G_END_DECLS
