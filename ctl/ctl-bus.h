/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

G_BEGIN_DECLS

#define CTL_BUS_NAME "org.fotad.Fota1"
#define CTL_BUS_PATH "/org/fotad/Fota1"
#define CTL_BUS_MANAGER "org.fotad.Fota1.Manager"
#define CTL_BUS_MODULE "org.fotad.Fota1.Module"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/** One module as fotad shows it. */
typedef struct {
    char *path;
    const char *imei;     /**< points into path */
    GVariant *properties; /**< a{sv}, as on D-Bus */
    gint64 running_since; /**< for the monitor: g_get_monotonic_time(), 0 = idle */
} CtlModule;

CtlModule *ctl_module_new(const char *path, GVariant *properties);
void ctl_module_free(CtlModule *module);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlModule, ctl_module_free)

/** Updates the properties with @changed, an a{sv}. */
void ctl_module_merge(CtlModule *module, GVariant *changed);

/** The Update property, an a{sv}, never NULL. Transfer full. */
GVariant *ctl_module_get_offer(const CtlModule *module);

/** A text in an a{sv}, such as properties; "" when missing. */
const char *ctl_dict_get_text(GVariant *dict, const char *key);
/** The same for a number of any width, or a boolean; 0 when missing. */
guint64 ctl_dict_get_number(GVariant *dict, const char *key);

/** Connects to the system bus. */
gboolean ctl_bus_open(Ctl *ctl, GError **error);

/** All modules, CtlModule, in order of IMEI. */
GPtrArray *ctl_bus_get_modules(Ctl *ctl, GError **error);

/**
 * The module that the command line selects: the one named, else the one that is offered @token if
 * that is given, else the only one.
 */
CtlModule *ctl_bus_choose_module(Ctl *ctl, const char *token, GError **error);

/**
 * Calls a method with arguments as for sd_bus_message_append(). @reply may be NULL if there is no
 * result.
 */
gboolean ctl_bus_call(Ctl *ctl, const char *path, const char *interface, const char *member,
                      sd_bus_message **reply, GError **error, const char *types, ...);

/** What the @method of @module without arguments returns, the one value. Transfer full. */
GVariant *ctl_bus_ask(Ctl *ctl, const CtlModule *module, const char *method, const char *type,
                      GError **error);

/** The unread contents of @message, as a tuple. */
GVariant *ctl_bus_read(sd_bus_message *message);

G_END_DECLS
