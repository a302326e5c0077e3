/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "dbus/fota-bus-caller.h"

G_BEGIN_DECLS

/**
 * Authorizes callers. Root may call everything; for all others polkit is asked about the caller's
 * unique bus name, without blocking. Without polkit on the bus only root may call. A caller without
 * permission gets org.freedesktop.DBus.Error.AccessDenied. If a caller leaves the bus meanwhile,
 * its call is dropped.
 */
typedef struct _FotaBusPolkit FotaBusPolkit;

/** References @connection; @callers must outlive the result. */
FotaBusPolkit *fota_bus_polkit_new(sd_bus *connection, FotaBusCallers *callers);
/** Drops all open queries, without a reply to the callers. */
void fota_bus_polkit_free(FotaBusPolkit *polkit);

/** Runs @call on @object and replies. A negative errno is sent as the reply. */
typedef int (*FotaBusRun)(sd_bus_message *call, gpointer object);

/** A D-Bus method, its polkit action, and its function. */
typedef struct {
    const char *member;
    const char *action; /**< NULL: open to everybody */
    FotaBusRun run;
} FotaBusMethod;

/**
 * Runs @method for @call now, or as soon as its caller is known to be authorized. @method and
 * @object must outlive @polkit. Returns like an sd-bus message handler.
 */
int fota_bus_polkit_run(FotaBusPolkit *polkit, sd_bus_message *call, const FotaBusMethod *method,
                        gpointer object);

/** fota_bus_polkit_run() with the method in @methods (ended by an empty one) that @call names. */
int fota_bus_polkit_dispatch(FotaBusPolkit *polkit, sd_bus_message *call,
                             const FotaBusMethod *methods, gpointer object);

#define FOTA_BUS_NOBODY_KNOWN ((uid_t)-1)

/** The user who made @call, which is running; FOTA_BUS_NOBODY_KNOWN if no longer known. */
uid_t fota_bus_polkit_get_user(FotaBusPolkit *polkit, sd_bus_message *call);

G_END_DECLS
