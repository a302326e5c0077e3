/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-bus.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A person may have to enter a password for polkit first, for which fotad waits two minutes, and a
 * module may have to be taken from ModemManager to be asked. */
#define CALL_TIMEOUT_US (300 * G_USEC_PER_SEC)

void
ctl_error(GError **error, CtlExit exit_status, const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(g_quark_from_string(name), (int)exit_status, format, arguments);
    va_end(arguments);
}

/* The exit status for an error's name. */
static CtlExit
classify_error(const char *name)
{
    static const struct {
        const char *name;
        CtlExit exit_status;
    } classes[] = {
        {SD_BUS_ERROR_ACCESS_DENIED, CTL_DENIED},
        {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, CTL_DENIED},
        {SD_BUS_ERROR_SERVICE_UNKNOWN, CTL_NO_DAEMON},
        {SD_BUS_ERROR_NAME_HAS_NO_OWNER, CTL_NO_DAEMON},
        {SD_BUS_ERROR_NO_REPLY, CTL_NO_DAEMON},
        {SD_BUS_ERROR_TIMEOUT, CTL_NO_DAEMON},
        {SD_BUS_ERROR_DISCONNECTED, CTL_NO_DAEMON},
        {"org.fotad.Fota1.Error.NothingOffered", CTL_NOT_OFFERED},
        {"org.fotad.Fota1.Error.StaleToken", CTL_NOT_OFFERED},
        {"org.fotad.Fota1.Error.ModuleAbsent", CTL_NO_MODULE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (g_str_equal(classes[i].name, name))
            return classes[i].exit_status;
    }
    /* e.g. ...systemd1.UnitMasked, ...DBus.Error.Spawn.ChildExited: it could not be started */
    return g_str_has_prefix(name, "org.freedesktop.systemd1.") ||
                   g_str_has_prefix(name, "org.freedesktop.DBus.Error.Spawn.")
               ? CTL_NO_DAEMON
               : CTL_FAILED;
}

static void
set_bus_error(GError **error, const sd_bus_error *bus_error)
{
    CtlExit exit_status = classify_error(bus_error->name);

    if (exit_status == CTL_NO_DAEMON)
        ctl_error(error, exit_status, bus_error->name,
                  "fotad does not answer (%s). Is it running? See: systemctl status fotad",
                  bus_error->message);
    else
        ctl_error(error, exit_status, bus_error->name, "%s", bus_error->message);
}

gboolean
ctl_bus_open(Ctl *ctl, GError **error)
{
    int r = sd_bus_open_system(&ctl->bus);

    if (r >= 0)
        r = sd_bus_set_method_call_timeout(ctl->bus, CALL_TIMEOUT_US);
    if (r >= 0)
        r = sd_bus_set_allow_interactive_authorization(ctl->bus, isatty(STDIN_FILENO));
    if (r < 0)
        ctl_error(error, CTL_NO_DAEMON, SD_BUS_ERROR_NO_SERVER, "there is no system bus: %s",
                  g_strerror(-r));
    return r >= 0;
}

gboolean
ctl_bus_call(Ctl *ctl, const char *path, const char *interface, const char *member,
             sd_bus_message **reply, GError **error, const char *types, ...)
{
    g_autoptr(sd_bus_message) call = NULL;
    sd_bus_error bus_error = SD_BUS_ERROR_NULL;
    va_list arguments;
    int r;

    r = sd_bus_message_new_method_call(ctl->bus, &call, CTL_BUS_NAME, path, interface, member);
    va_start(arguments, types);
    if (r >= 0)
        r = sd_bus_message_appendv(call, types, arguments);
    va_end(arguments);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(call, !ctl->no_start);
    if (r >= 0)
        r = sd_bus_call(ctl->bus, call, 0, &bus_error, reply);
    if (r < 0) {
        sd_bus_error_set_errno(&bus_error, r); /* unless it is set */
        set_bus_error(error, &bus_error);
        sd_bus_error_free(&bus_error);
    }
    return r >= 0;
}

GVariant *
ctl_bus_ask(Ctl *ctl, const CtlModule *module, const char *method, const char *type, GError **error)
{
    g_autoptr(sd_bus_message) reply = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GVariant) value = NULL;

    if (!ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, method, &reply, error, ""))
        return NULL;
    answer = ctl_bus_read(reply);
    if (g_variant_n_children(answer) > 0)
        value = g_variant_get_child_value(answer, 0);
    if (value != NULL && g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
        return g_steal_pointer(&value);
    ctl_error(error, CTL_FAILED, "fotactl.BadReply", "fotad's reply to %s() cannot be read",
              method);
    return NULL;
}

static int
compare_modules(gconstpointer a, gconstpointer b)
{
    return strcmp((*(CtlModule *const *)a)->imei, (*(CtlModule *const *)b)->imei);
}

GPtrArray *
ctl_bus_get_modules(Ctl *ctl, GError **error)
{
    g_autoptr(sd_bus_message) reply = NULL;
    g_autoptr(GPtrArray) modules = g_ptr_array_new_with_free_func((GDestroyNotify)ctl_module_free);
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GVariantIter) objects = NULL;
    GVariant *interfaces;
    const char *path;

    if (!ctl_bus_call(ctl, CTL_BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                      &reply, error, ""))
        return NULL;
    answer = ctl_bus_read(reply);
    g_variant_get(answer, "(a{oa{sa{sv}}})", &objects);
    while (g_variant_iter_loop(objects, "{&o@a{sa{sv}}}", &path, &interfaces)) {
        g_autoptr(GVariant) properties = NULL;

        if (g_variant_lookup(interfaces, CTL_BUS_MODULE, "@a{sv}", &properties))
            g_ptr_array_add(modules, ctl_module_new(path, properties));
    }
    g_ptr_array_sort(modules, compare_modules);
    return g_steal_pointer(&modules);
}

static gboolean
is_meant(const CtlModule *module, const char *imei, const char *token)
{
    g_autoptr(GVariant) offer = ctl_module_get_offer(module);

    if (imei != NULL)
        return g_str_equal(module->imei, imei);
    return token == NULL || g_str_equal(ctl_dict_get_text(offer, "token"), token);
}

/* Why none of @modules, or more than one, matches. */
static void
set_choice_error(Ctl *ctl, GPtrArray *modules, const char *token, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (guint i = 0; i < modules->len; i++)
        g_string_append_printf(known, "%s%s", i == 0 ? "" : ", ",
                               ((CtlModule *)modules->pdata[i])->imei);
    if (modules->len == 0)
        ctl_error(error, CTL_NO_MODULE, CTL_ERROR_NO_MODULE,
                  "fotad knows no module yet. Does ModemManager? See: mmcli -L");
    else if (ctl->module != NULL)
        ctl_error(error, CTL_NO_MODULE, CTL_ERROR_NO_MODULE,
                  "fotad knows no module %s; it knows %s", ctl->module, known->str);
    else if (token != NULL)
        ctl_error(error, CTL_NOT_OFFERED, "org.fotad.Fota1.Error.StaleToken",
                  "no module is offered an update with this token. See: fotactl list");
    else
        ctl_error(error, CTL_USAGE, CTL_ERROR_USAGE,
                  "there are several modules; give the IMEI of one: %s", known->str);
}

CtlModule *
ctl_bus_choose_module(Ctl *ctl, const char *token, GError **error)
{
    g_autoptr(GPtrArray) modules = ctl_bus_get_modules(ctl, error);
    CtlModule *chosen = NULL;
    guint n_meant = 0;

    if (modules == NULL)
        return NULL;
    for (guint i = 0; i < modules->len; i++) {
        if (is_meant(modules->pdata[i], ctl->module, token)) {
            chosen = modules->pdata[i];
            n_meant++;
        }
    }
    if (n_meant != 1) {
        set_choice_error(ctl, modules, token, error);
        return NULL;
    }
    return ctl_module_new(chosen->path, chosen->properties);
}
