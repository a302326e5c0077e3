/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-manager.h"

#include <unistd.h>

#include "dbus/fota-bus-error.h"
#include "dbus/fota-bus-module.h"
#include "dbus/fota-variant.h"

#define MANAGER_PATH "/org/fotad/Fota1"
#define MANAGER_INTERFACE "org.fotad.Fota1.Manager"

struct _FotaBusManager {
    sd_bus *connection;
    FotaBusPolkit *polkit;
    FotaManager *manager;
    sd_bus_slot *slot;
    sd_bus_slot *object_manager;
    GPtrArray *modules; /* FotaBusModule */
};

static int
get_version(sd_bus *connection, const char *path, const char *interface, const char *property,
            sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    return sd_bus_message_append(reply, "s", FOTA_VERSION);
}

static int
get_modules(sd_bus *connection, const char *path, const char *interface, const char *property,
            sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    FotaBusManager *self = userdata;
    int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "o");

    for (guint i = 0; r >= 0 && i < self->modules->len; i++)
        r = sd_bus_message_append(reply, "o",
                                  fota_bus_module_get_path(g_ptr_array_index(self->modules, i)));
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int
get_inhibited(sd_bus *connection, const char *path, const char *interface, const char *property,
              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    FotaBusManager *self = userdata;

    return sd_bus_message_append(reply, "b", (int)fota_manager_get_inhibited(self->manager));
}

static int
run_check_all(sd_bus_message *call, gpointer object)
{
    FotaBusManager *self = object;

    fota_manager_check_all(self->manager);
    return fota_bus_reply(call, NULL);
}

static int
run_inhibit(sd_bus_message *call, gpointer object)
{
    FotaBusManager *self = object;
    g_autoptr(GError) error = NULL;
    const char *who, *why;
    int fd, r = sd_bus_message_read(call, "ss", &who, &why);

    if (r < 0)
        return r;
    fd = fota_manager_inhibit(self->manager, fota_bus_polkit_get_user(self->polkit, call), who, why,
                              &error);
    if (fd < 0)
        return fota_bus_reply(call, error);
    r = sd_bus_reply_method_return(call, "h", fd);
    close(fd); /* the message has a duplicate */
    return r;
}

static int
run_reload(sd_bus_message *call, gpointer object)
{
    FotaBusManager *self = object;
    g_autoptr(GError) error = NULL;

    fota_manager_reload(self->manager, &error);
    return fota_bus_reply(call, error);
}

static const FotaBusMethod methods[] = {
    {"CheckAll", "org.fotad.Fota1.check", run_check_all},
    {"Inhibit", "org.fotad.Fota1.configure", run_inhibit},
    {"Reload", "org.fotad.Fota1.configure", run_reload},
    {NULL, NULL, NULL},
};

static int
on_call(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    FotaBusManager *self = userdata;

    return fota_bus_polkit_dispatch(self->polkit, call, methods, self);
}

/* SD_BUS_VTABLE_UNPRIVILEGED, because polkit decides. */
static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Modules", "ao", get_modules, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Inhibited", "b", get_inhibited, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_METHOD_WITH_ARGS("CheckAll", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Inhibit", SD_BUS_ARGS("s", who, "s", why), SD_BUS_RESULT("h", lock),
                            on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_call,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static int
export_module(FotaBusManager *self, FotaModule *module)
{
    int r;
    FotaBusModule *object = fota_bus_module_new(self->connection, self->polkit, module, &r);

    if (object != NULL)
        g_ptr_array_add(self->modules, object);
    return r;
}

static void
on_module_added(FotaManager *manager, FotaModule *module, FotaBusManager *self)
{
    int r = export_module(self, module);

    if (r >= 0) {
        FotaBusModule *object = g_ptr_array_index(self->modules, self->modules->len - 1);

        r = sd_bus_emit_object_added(self->connection, fota_bus_module_get_path(object));
    }
    if (r >= 0)
        r = sd_bus_emit_properties_changed(self->connection, MANAGER_PATH, MANAGER_INTERFACE,
                                           "Modules", NULL);
    if (r < 0)
        g_warning("could not show a module on D-Bus: %s", g_strerror(-r));
}

static void
on_inhibited(FotaManager *manager, GParamSpec *pspec, FotaBusManager *self)
{
    int r = sd_bus_emit_properties_changed(self->connection, MANAGER_PATH, MANAGER_INTERFACE,
                                           "Inhibited", NULL);

    if (r < 0)
        g_warning("could not announce Inhibited on D-Bus: %s", g_strerror(-r));
}

FotaBusManager *
fota_bus_manager_new(sd_bus *connection, FotaBusPolkit *polkit, FotaManager *manager,
                     int *ret_errno)
{
    GPtrArray *modules = fota_manager_get_modules(manager);
    FotaBusManager *self = g_new0(FotaBusManager, 1);
    int r;

    self->connection = sd_bus_ref(connection);
    self->polkit = polkit;
    self->manager = g_object_ref(manager);
    self->modules = g_ptr_array_new_with_free_func((GDestroyNotify)fota_bus_module_free);
    r = sd_bus_add_object_manager(connection, &self->object_manager, MANAGER_PATH);
    if (r >= 0)
        r = sd_bus_add_object_vtable(connection, &self->slot, MANAGER_PATH, MANAGER_INTERFACE,
                                     vtable, self);
    for (guint i = 0; r >= 0 && i < modules->len; i++)
        r = export_module(self, g_ptr_array_index(modules, i));
    g_signal_connect(manager, "module-added", G_CALLBACK(on_module_added), self);
    g_signal_connect(manager, "notify::inhibited", G_CALLBACK(on_inhibited), self);

    *ret_errno = r;
    if (r < 0)
        g_clear_pointer(&self, fota_bus_manager_free);
    return self;
}

void
fota_bus_manager_free(FotaBusManager *self)
{
    if (self == NULL)
        return;
    g_signal_handlers_disconnect_by_data(self->manager, self);
    g_ptr_array_unref(self->modules);
    sd_bus_slot_unref(self->slot);
    sd_bus_slot_unref(self->object_manager);
    g_object_unref(self->manager);
    sd_bus_unref(self->connection);
    g_free(self);
}
