/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-log.h"

#include <unistd.h>

#include "daemon/fota-log.h"
#include "dbus/fota-variant.h"

#define LOG_PATH "/org/freedesktop/LogControl1"
#define LOG_INTERFACE "org.freedesktop.LogControl1"

struct _FotaBusLog {
    FotaBusPolkit *polkit;
    sd_bus_slot *set_slot;
    sd_bus_slot *slot;
};

static const char *const levels[] = {"emerg",   "alert",  "crit", "err",
                                     "warning", "notice", "info", "debug"};

static const char *
log_target(void)
{
    return g_log_writer_is_journald(STDERR_FILENO) ? "journal" : "console";
}

static int
get_property(sd_bus *connection, const char *path, const char *interface, const char *property,
             sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    const char *value = "fotad";

    if (g_str_equal(property, "LogLevel"))
        value = levels[fota_log_get_level()];
    else if (g_str_equal(property, "LogTarget"))
        value = log_target();
    return sd_bus_message_append(reply, "s", value);
}

static int
set_level(sd_bus_message *call, const char *value)
{
    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (g_str_equal(levels[i], value)) {
            fota_log_set_level((int)i);
            return sd_bus_reply_method_return(call, NULL);
        }
    }
    return sd_bus_reply_method_errorf(
        call, SD_BUS_ERROR_INVALID_ARGS,
        "'%s' is not a log level: expected emerg, alert, crit, err, warning, "
        "notice, info or debug",
        value);
}

/* org.freedesktop.DBus.Properties.Set, from an authorized caller. */
static int
run_set(sd_bus_message *call, gpointer object)
{
    const char *interface, *property, *value;
    int r = sd_bus_message_read(call, "ss", &interface, &property);

    if (r >= 0)
        r = sd_bus_message_read(call, "v", "s", &value);
    if (r < 0)
        return r;
    if (!g_str_equal(interface, LOG_INTERFACE))
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                          "there is no interface %s here", interface);
    if (g_str_equal(property, "LogLevel"))
        return set_level(call, value);
    if (g_str_equal(property, "LogTarget") && g_str_equal(value, log_target()))
        return sd_bus_reply_method_return(call, NULL);
    if (g_str_equal(property, "LogTarget"))
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_NOT_SUPPORTED,
                                          "fotad logs where its standard error goes (%s)",
                                          log_target());
    return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_PROPERTY_READ_ONLY, "%s cannot be set",
                                      property);
}

/*
 * The setters of a vtable must reply at once, but authorizing the caller takes a while. This
 * function therefore handles Set before the vtable sees it.
 */
static int
on_call(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    static const FotaBusMethod set = {"Set", "org.fotad.Fota1.configure", run_set};
    FotaBusLog *self = userdata;

    if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "Set") <= 0)
        return 0; /* on to the vtable */
    return fota_bus_polkit_run(self->polkit, call, &set, self);
}

static int
set_never(sd_bus *connection, const char *path, const char *interface, const char *property,
          sd_bus_message *value, void *userdata, sd_bus_error *error)
{
    return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "the caller was not authorized");
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_property, set_never, 0,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_property, set_never, 0,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("SyslogIdentifier", "s", get_property, 0, 0),
    SD_BUS_VTABLE_END,
};

FotaBusLog *
fota_bus_log_new(sd_bus *connection, FotaBusPolkit *polkit, int *ret_errno)
{
    FotaBusLog *self = g_new0(FotaBusLog, 1);
    int r;

    self->polkit = polkit;
    r = sd_bus_add_object(connection, &self->set_slot, LOG_PATH, on_call, self);
    if (r >= 0)
        r = sd_bus_add_object_vtable(connection, &self->slot, LOG_PATH, LOG_INTERFACE, vtable,
                                     self);
    *ret_errno = r;
    if (r < 0)
        g_clear_pointer(&self, fota_bus_log_free);
    return self;
}

void
fota_bus_log_free(FotaBusLog *self)
{
    if (self == NULL)
        return;
    sd_bus_slot_unref(self->slot);
    sd_bus_slot_unref(self->set_slot);
    g_free(self);
}
