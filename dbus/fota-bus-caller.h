/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

G_BEGIN_DECLS

/**
 * Who calls, and what each user's calls have cost: processor time of the main loop, measured call
 * by call, whatever the call is (a method, a property, Introspect). A user other than root who has
 * used up his share is refused with org.freedesktop.DBus.Error.LimitsExceeded until it has grown
 * back, so that nobody's storm holds back root or an update under way.
 */
typedef struct _FotaBusCallers FotaBusCallers;

/** NULL and a negative errno in @ret_errno on failure. @connection is kept. */
FotaBusCallers *fota_bus_callers_new(sd_bus *connection, int *ret_errno);
void fota_bus_callers_free(FotaBusCallers *callers);

/** What is told as soon as the user of a unique name is known; @known is FALSE when it has gone. */
typedef void (*FotaBusCallerFunc)(const char *name, gboolean known, uid_t uid, gpointer user_data);
void fota_bus_callers_set_func(FotaBusCallers *callers, FotaBusCallerFunc func, gpointer user_data);

/** Whether the user of @name is known, and who it is. The bus is being asked else. */
gboolean fota_bus_callers_find(FotaBusCallers *callers, const char *name, uid_t *uid);

/** Whether @uid, never root, has used up his share. */
gboolean fota_bus_callers_is_spent(FotaBusCallers *callers, uid_t uid);

/** Refuses @call of a user whose share is used up. Returns as sd_bus_reply_method_error(). */
int fota_bus_callers_refuse(sd_bus_message *call);

/** What is done from here on is for a call of @uid, other than the one that has just come. */
void fota_bus_callers_begin(FotaBusCallers *callers, uid_t uid);

/** What was done for a call is done, as it is after each turn of the bus's event loop: its user
 * pays. */
void fota_bus_callers_charge(FotaBusCallers *callers);

G_END_DECLS
