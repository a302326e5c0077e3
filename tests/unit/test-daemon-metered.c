/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "daemon/fota-metered.h"

/* In place of NetworkManager. */

typedef struct {
    GObject parent;
    gboolean metered;
} Monitor;

typedef struct {
    GObjectClass parent;
} MonitorClass;

enum {
    PROP_0,
    PROP_AVAILABLE,
    PROP_METERED,
    PROP_CONNECTIVITY
};

static guint monitors; /* that were made */

static gboolean
monitor_init_now(GInitable *initable, GCancellable *cancellable, GError **error)
{
    return TRUE;
}

static void
initable_init(GInitableIface *iface)
{
    iface->init = monitor_init_now;
}

GType monitor_get_type(void);
G_DEFINE_TYPE_WITH_CODE(Monitor, monitor, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(G_TYPE_INITABLE, initable_init)
                            G_IMPLEMENT_INTERFACE(G_TYPE_NETWORK_MONITOR, NULL))

static void
monitor_init(Monitor *monitor)
{
    monitors++;
    monitor->metered = TRUE;
}

static void
monitor_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_METERED)
        g_value_set_boolean(value, ((Monitor *)object)->metered);
}

static void
monitor_class_init(MonitorClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);

    object_class->get_property = monitor_get_property;
    g_object_class_override_property(object_class, PROP_AVAILABLE, "network-available");
    g_object_class_override_property(object_class, PROP_METERED, "network-metered");
    g_object_class_override_property(object_class, PROP_CONNECTIVITY, "connectivity");
}

static void
set_metered(gboolean is_metered)
{
    GNetworkMonitor *monitor = g_network_monitor_get_default();

    ((Monitor *)monitor)->metered = is_metered;
    g_object_notify(G_OBJECT(monitor), "network-metered");
}

static void
count(gpointer user_data)
{
    ++*(guint *)user_data;
}

static void
test_changes(void)
{
    guint changes = 0;
    FotaMetered *metered = fota_metered_new(count, &changes);

    g_assert_cmpuint(monitors, ==, 0);
    g_assert_true(fota_metered_get(metered));
    g_assert_true(fota_metered_get(metered));
    g_assert_cmpuint(monitors, ==, 1);
    set_metered(FALSE);
    g_assert_cmpuint(changes, ==, 1);
    g_assert_false(fota_metered_get(metered));
    fota_metered_free(metered);
    set_metered(TRUE);
    g_assert_cmpuint(changes, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_setenv("GIO_USE_NETWORK_MONITOR", "test", TRUE);
    g_io_extension_point_register(G_NETWORK_MONITOR_EXTENSION_POINT_NAME);
    g_io_extension_point_implement(G_NETWORK_MONITOR_EXTENSION_POINT_NAME, monitor_get_type(),
                                   "test", 100);
    g_test_add_func("/metered/changes", test_changes);
    return g_test_run();
}
