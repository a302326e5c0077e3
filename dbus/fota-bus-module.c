/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-module.h"

#include "dbus/fota-bus-module-table.h"
#include "dbus/fota-variant.h"

struct _FotaBusModule {
    sd_bus *connection;
    FotaBusModuleTarget target;
    char *path;
    sd_bus_slot *slot;
    GPtrArray
        *changed; /* names of properties in the vtable, announced once per iteration of the loop */
    guint announce_id;
};

static gboolean
announce_changes(gpointer user_data)
{
    FotaBusModule *self = user_data;
    int r;

    g_clear_handle_id(&self->announce_id, g_source_remove);
    if (self->changed->len == 0)
        return G_SOURCE_REMOVE;
    g_ptr_array_add(self->changed, NULL);
    r = sd_bus_emit_properties_changed_strv(self->connection, self->path, FOTA_BUS_MODULE_INTERFACE,
                                            (char **)self->changed->pdata);
    g_ptr_array_set_size(self->changed, 0);
    if (r < 0)
        g_warning("could not announce a module's change on D-Bus: %s", g_strerror(-r));
    return G_SOURCE_REMOVE;
}

static void
on_changed(FotaModule *module, const char *property, FotaBusModule *self)
{
    const char *name = g_intern_string(property);

    if (g_ptr_array_find(self->changed, name, NULL))
        return;
    g_ptr_array_add(self->changed, (gpointer)name);
    if (self->announce_id == 0)
        self->announce_id = g_idle_add_full(G_PRIORITY_DEFAULT, announce_changes, self, NULL);
}

static void
emit_signal(FotaBusModule *self, const char *member, const char *first, const char *second,
            GVariant *details)
{
    g_autoptr(sd_bus_message) signal = NULL;
    int r;

    /* Announces the state before the end of an update, so that receivers can rely on it. */
    announce_changes(self);
    r = sd_bus_message_new_signal(self->connection, &signal, self->path, FOTA_BUS_MODULE_INTERFACE,
                                  member);
    if (r >= 0)
        r = sd_bus_message_append(signal, "ss", first, second);
    if (r >= 0)
        r = fota_variant_append(signal, details);
    if (r >= 0)
        r = sd_bus_send(self->connection, signal, NULL);
    if (r < 0)
        g_warning("could not send a module's %s on D-Bus: %s", member, g_strerror(-r));
}

static void
on_approval_requested(FotaModule *module, const char *token, const char *gate, GVariant *update,
                      FotaBusModule *self)
{
    emit_signal(self, "ApprovalRequested", token, gate, update);
}

static void
on_update_finished(FotaModule *module, const char *id, const char *result, GVariant *details,
                   FotaBusModule *self)
{
    emit_signal(self, "UpdateFinished", id, result, details);
}

static void
on_pin_required(FotaModule *module, int attempts, FotaBusModule *self)
{
    int r;

    announce_changes(self);
    r = sd_bus_emit_signal(self->connection, self->path, FOTA_BUS_MODULE_INTERFACE, "PinRequired",
                           "i", attempts);
    if (r < 0)
        g_warning("could not send PinRequired of %s on D-Bus: %s", self->path, g_strerror(-r));
}

FotaBusModule *
fota_bus_module_new(sd_bus *connection, FotaBusPolkit *polkit, FotaModule *module, int *ret_errno)
{
    FotaBusModule *self = g_new0(FotaBusModule, 1);

    self->connection = sd_bus_ref(connection);
    self->target.polkit = polkit;
    self->target.module = g_object_ref(module);
    self->path = g_strconcat(FOTA_BUS_MODULE_PREFIX, fota_module_get_imei(module), NULL);
    self->changed = g_ptr_array_new();
    g_signal_connect(module, "changed", G_CALLBACK(on_changed), self);
    g_signal_connect(module, "approval-requested", G_CALLBACK(on_approval_requested), self);
    g_signal_connect(module, "update-finished", G_CALLBACK(on_update_finished), self);
    g_signal_connect(module, "pin-required", G_CALLBACK(on_pin_required), self);

    *ret_errno =
        sd_bus_add_object_vtable(connection, &self->slot, self->path, FOTA_BUS_MODULE_INTERFACE,
                                 fota_bus_module_vtable, &self->target);
    if (*ret_errno < 0)
        g_clear_pointer(&self, fota_bus_module_free);
    return self;
}

void
fota_bus_module_free(FotaBusModule *self)
{
    g_signal_handlers_disconnect_by_data(self->target.module, self);
    g_clear_handle_id(&self->announce_id, g_source_remove);
    sd_bus_slot_unref(self->slot);
    g_ptr_array_unref(self->changed);
    g_free(self->path);
    g_object_unref(self->target.module);
    sd_bus_unref(self->connection);
    g_free(self);
}

const char *
fota_bus_module_get_path(FotaBusModule *self)
{
    return self->path;
}
