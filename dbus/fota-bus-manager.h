/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-manager.h"
#include "dbus/fota-bus-polkit.h"

G_BEGIN_DECLS

/**
 * /org/fotad/Fota1 on one connection (org.fotad.Fota1.Manager.xml), with its ObjectManager and an
 * object for each module.
 */
typedef struct _FotaBusManager FotaBusManager;

/** Exports everything; NULL and a negative errno in @ret_errno on failure. References all
 * arguments. */
FotaBusManager *fota_bus_manager_new(sd_bus *connection, FotaBusPolkit *polkit,
                                     FotaManager *manager, int *ret_errno);
void fota_bus_manager_free(FotaBusManager *self);

G_END_DECLS
