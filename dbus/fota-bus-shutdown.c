/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-shutdown.h"

#include <fcntl.h>
#include <unistd.h>

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"
#define REASON "A cellular module is installing its firmware and must not lose power"

struct _FotaBusShutdown {
    sd_bus *connection;
    FotaManager *manager;
    sd_bus_slot *question; /* to logind, until it has answered */
    sd_bus_slot *watch;    /* of logind's coming and going */
    int lock;              /* -1 = none */
};

static gboolean
is_wanted(FotaBusShutdown *self)
{
    GPtrArray *modules = fota_manager_get_modules(self->manager);

    for (guint i = 0; i < modules->len; i++) {
        if (fota_module_keeps_power(modules->pdata[i]))
            return TRUE;
    }
    return FALSE;
}

static int
on_lock(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error)
{
    FotaBusShutdown *self = userdata;
    const sd_bus_error *error = sd_bus_message_get_error(answer);
    int lock = -1;

    self->question = sd_bus_slot_unref(self->question);
    if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN))
        g_debug("there is no logind to inhibit a shutdown");
    else if (error != NULL)
        g_message("a shutdown is not inhibited while the module installs: %s", error->message);
    else if (is_wanted(self) && sd_bus_message_read(answer, "h", &lock) >= 0)
        self->lock = fcntl(lock, F_DUPFD_CLOEXEC, 3); /* the message keeps its own copy */
    return 0;
}

static void
update_lock(FotaBusShutdown *self)
{
    gboolean wanted = is_wanted(self);
    int r = 0;

    if (wanted && self->lock < 0 && self->question == NULL)
        r = sd_bus_call_method_async(self->connection, &self->question, LOGIND_NAME, LOGIND_PATH,
                                     LOGIND_INTERFACE, "Inhibit", on_lock, self, "ssss", "shutdown",
                                     "fotad", REASON, "block");
    if (r < 0)
        g_message("could not ask logind to inhibit a shutdown: %s", g_strerror(-r));
    if (!wanted && self->lock >= 0) {
        close(self->lock);
        self->lock = -1;
    }
}

/* One that has just started has not had the question, or not answered it. */
static int
on_logind(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error)
{
    FotaBusShutdown *self = userdata;
    const char *name, *old_owner, *new_owner = "";

    if (g_strcmp0(sd_bus_message_get_sender(signal), "org.freedesktop.DBus") == 0 &&
        sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) >= 0 &&
        new_owner[0] != '\0')
        update_lock(self);
    return 0;
}

static void
on_changed(FotaModule *module, const char *property, FotaBusShutdown *self)
{
    update_lock(self);
}

static void
watch_module(FotaBusShutdown *self, FotaModule *module)
{
    g_signal_connect(module, "changed", G_CALLBACK(on_changed), self);
}

static void
on_module_added(FotaManager *manager, FotaModule *module, FotaBusShutdown *self)
{
    watch_module(self, module);
}

FotaBusShutdown *
fota_bus_shutdown_new(sd_bus *connection, FotaManager *manager)
{
    GPtrArray *modules = fota_manager_get_modules(manager);
    FotaBusShutdown *self = g_new0(FotaBusShutdown, 1);
    int r;

    self->connection = sd_bus_ref(connection);
    self->manager = g_object_ref(manager);
    self->lock = -1;
    for (guint i = 0; i < modules->len; i++)
        watch_module(self, modules->pdata[i]);
    g_signal_connect(manager, "module-added", G_CALLBACK(on_module_added), self);
    r = sd_bus_add_match_async(connection, &self->watch,
                               "type='signal',sender='org.freedesktop.DBus',"
                               "member='NameOwnerChanged',arg0='" LOGIND_NAME "'",
                               on_logind, NULL, self);
    if (r < 0)
        g_message("could not watch for logind: %s", g_strerror(-r));
    update_lock(self);
    return self;
}

void
fota_bus_shutdown_free(FotaBusShutdown *self)
{
    GPtrArray *modules;

    if (self == NULL)
        return;
    modules = fota_manager_get_modules(self->manager);
    for (guint i = 0; i < modules->len; i++)
        g_signal_handlers_disconnect_by_data(modules->pdata[i], self);
    g_signal_handlers_disconnect_by_data(self->manager, self);
    sd_bus_slot_unref(self->question);
    sd_bus_slot_unref(self->watch);
    if (self->lock >= 0)
        close(self->lock);
    g_object_unref(self->manager);
    sd_bus_unref(self->connection);
    g_free(self);
}
