/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-unix.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "policy/fota-policy-error.h"
#include "tests/component/bus/fake-module.h"

struct _FotaManager {
    GObject parent_instance;
    GPtrArray *modules;
    guint inhibitions;
};

G_DEFINE_FINAL_TYPE(FotaManager, fota_manager, G_TYPE_OBJECT)

static void
manager_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    g_value_set_boolean(value, fota_manager_get_inhibited(FOTA_MANAGER(object)));
}

static void
manager_finalize(GObject *object)
{
    g_ptr_array_unref(FOTA_MANAGER(object)->modules);
    G_OBJECT_CLASS(fota_manager_parent_class)->finalize(object);
}

static void
fota_manager_class_init(FotaManagerClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);

    object_class->get_property = manager_get_property;
    object_class->finalize = manager_finalize;
    g_object_class_install_property(
        object_class, 1, g_param_spec_boolean("inhibited", NULL, NULL, FALSE, G_PARAM_READABLE));
    g_signal_new("module-added", FOTA_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, FOTA_TYPE_MODULE);
}

static void
fota_manager_init(FotaManager *manager)
{
    manager->modules = g_ptr_array_new_with_free_func(g_object_unref);
}

GPtrArray *
fota_manager_get_modules(FotaManager *manager)
{
    return manager->modules;
}

gboolean
fota_manager_get_inhibited(FotaManager *manager)
{
    return manager->inhibitions > 0;
}

static gboolean
on_inhibition_end(int fd, GIOCondition condition, gpointer user_data)
{
    FotaManager *manager = user_data;

    close(fd);
    manager->inhibitions--;
    g_object_notify(G_OBJECT(manager), "inhibited");
    fake_tell("uninhibit");
    return G_SOURCE_REMOVE;
}

int
fota_manager_inhibit(FotaManager *manager, uid_t uid, const char *who, const char *why,
                     GError **error)
{
    int fds[2];

    if (!g_unix_open_pipe(fds, FD_CLOEXEC, error))
        return -1;
    g_unix_fd_add(fds[0], G_IO_HUP, on_inhibition_end, manager);
    manager->inhibitions++;
    g_object_notify(G_OBJECT(manager), "inhibited");
    fake_tell("inhibit %s: %s", who, why);
    if (uid != 0)
        fake_tell("inhibited by user %u", uid);
    return fds[1];
}

void
fota_manager_check_all(FotaManager *manager)
{
    fake_tell("check all");
}

gboolean
fota_manager_reload(FotaManager *manager, GError **error)
{
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                "fotad.conf:3: 'Aproval' is no group: [Approval]?");
    return FALSE;
}

void
fake_manager_add(FotaManager *manager, const char *imei)
{
    FotaModule *module = g_object_new(FOTA_TYPE_MODULE, NULL);
    g_autofree char *quoted = g_strdup_printf("'%s'", imei);

    fake_module_set(module, "imei", quoted);
    g_ptr_array_add(manager->modules, module);
    g_signal_emit_by_name(manager, "module-added", module);
}
