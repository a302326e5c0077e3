/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

G_BEGIN_DECLS

/**
 * The callers, and the processor time of the main loop that each user's calls have used, measured
 * for each call of any kind (a method, a property, Introspect). A user other than root who has used
 * up the share gets org.freedesktop.DBus.Error.LimitsExceeded until some of it has accumulated
 * again, so that a flood of calls does not delay root or an update under way.
 */
typedef struct _FotaBusCallers FotaBusCallers;

/** NULL and a negative errno in @ret_errno on failure. References @connection. */
FotaBusCallers *fota_bus_callers_new(sd_bus *connection, int *ret_errno);
void fota_bus_callers_free(FotaBusCallers *callers);

/** Called when the user of a unique name is known; @known is FALSE if it has left the bus. */
typedef void (*FotaBusCallerFunc)(const char *name, gboolean known, uid_t uid, gpointer user_data);
void fota_bus_callers_set_func(FotaBusCallers *callers, FotaBusCallerFunc func, gpointer user_data);

/** Whether the user of @name is known, and who it is. Otherwise the bus is being asked. */
gboolean fota_bus_callers_find(FotaBusCallers *callers, const char *name, uid_t *uid);

/** Whether @uid, never root, has used up the share. */
gboolean fota_bus_callers_is_spent(FotaBusCallers *callers, uid_t uid);

/** Refuses @call of a user whose share is used up. Returns like sd_bus_reply_method_error(). */
int fota_bus_callers_refuse(sd_bus_message *call);

/** From here on, work is for a call of @uid, not for the call that has just arrived. */
void fota_bus_callers_begin(FotaBusCallers *callers, uid_t uid);

/** The work for a call is done, as after each iteration of the bus's event loop: its user is
 * charged. */
void fota_bus_callers_charge(FotaBusCallers *callers);

G_END_DECLS
