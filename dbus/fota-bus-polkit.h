/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "dbus/fota-bus-caller.h"

G_BEGIN_DECLS

/**
 * Who may call what. Root may everything; for anybody else polkit is asked by the caller's unique
 * bus name, without blocking. Without polkit on the bus only root may. Whoever may not gets
 * org.freedesktop.DBus.Error.AccessDenied. A caller that leaves the bus meanwhile has not called.
 */
typedef struct _FotaBusPolkit FotaBusPolkit;

/** @connection is kept; @callers must outlive the result. */
FotaBusPolkit *fota_bus_polkit_new(sd_bus *connection, FotaBusCallers *callers);
/** Drops what is still being asked, without an answer to the callers. */
void fota_bus_polkit_free(FotaBusPolkit *polkit);

/** Does what @call asks of @object and replies. Returns a negative errno to have it replied. */
typedef int (*FotaBusRun)(sd_bus_message *call, gpointer object);

/** A D-Bus method, the polkit action that it takes, and what it does. */
typedef struct {
    const char *member;
    const char *action; /**< NULL: open to everybody */
    FotaBusRun run;
} FotaBusMethod;

/**
 * Runs @method for @call now, or as soon as its caller is known to be allowed to. @method and
 * @object must outlive @polkit. Returns as an sd-bus message handler.
 */
int fota_bus_polkit_run(FotaBusPolkit *polkit, sd_bus_message *call, const FotaBusMethod *method,
                        gpointer object);

/** fota_bus_polkit_run() with the one of @methods, ended by an empty one, that @call names. */
int fota_bus_polkit_dispatch(FotaBusPolkit *polkit, sd_bus_message *call,
                             const FotaBusMethod *methods, gpointer object);

#define FOTA_BUS_NOBODY_KNOWN ((uid_t)-1)

/** Who has made @call, which is being run; FOTA_BUS_NOBODY_KNOWN when that has been forgotten. */
uid_t fota_bus_polkit_get_user(FotaBusPolkit *polkit, sd_bus_message *call);

G_END_DECLS
