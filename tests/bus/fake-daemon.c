/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A double of daemon/ for the tests of dbus/ and ctl/: FotaModule and FotaManager of the same
 * headers, holding what the test says. Commands come on standard input, one a line, and each is
 * answered by "ok"; what applications ask for is told on standard output, e.g. "approve 353... t1".
 * Arguments are IMEIs of modules that are known from the beginning.
 *
 *   add IMEI                    a module, idle
 *   set IMEI PROPERTY VALUE     VALUE in GVariant's text format
 *   offer IMEI GATE             emits approval-requested for the property update
 *   finish IMEI RESULT DETAILS  emits update-finished for it
 */
#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "dbus/fota-bus.h"
#include "tests/bus/fake-module.h"

struct _FotaManager {
    GObject parent_instance;
    GPtrArray *modules;
    guint inhibitions;
};

G_DEFINE_FINAL_TYPE(FotaManager, fota_manager, G_TYPE_OBJECT)

void
fake_tell(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

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
fota_manager_inhibit(FotaManager *manager, const char *who, const char *why, GError **error)
{
    int fds[2];

    if (!g_unix_open_pipe(fds, FD_CLOEXEC, error))
        return -1;
    g_unix_fd_add(fds[0], G_IO_HUP, on_inhibition_end, manager);
    manager->inhibitions++;
    g_object_notify(G_OBJECT(manager), "inhibited");
    fake_tell("inhibit %s: %s", who, why);
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
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_CONFIGURATION,
                "fotad.conf:3: 'Aproval' is no group: [Approval]?");
    return FALSE;
}

/* The test's commands */

static FotaModule *
find_module(FotaManager *manager, const char *imei)
{
    for (guint i = 0; i < manager->modules->len; i++) {
        FotaModule *module = g_ptr_array_index(manager->modules, i);

        if (g_str_equal(fota_module_get_imei(module), imei))
            return module;
    }
    g_error("There is no module %s", imei);
}

static void
add_module(FotaManager *manager, const char *imei)
{
    FotaModule *module = g_object_new(FOTA_TYPE_MODULE, NULL);
    g_autofree char *quoted = g_strdup_printf("'%s'", imei);

    fake_module_set(module, "imei", quoted);
    g_ptr_array_add(manager->modules, module);
    g_signal_emit_by_name(manager, "module-added", module);
}

static void
run_command(FotaManager *manager, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);
    guint n_words = g_strv_length(words);

    if (n_words == 2 && g_str_equal(words[0], "add")) {
        add_module(manager, words[1]);
    } else if (n_words == 4 && g_str_equal(words[0], "set")) {
        fake_module_set(find_module(manager, words[1]), words[2], words[3]);
    } else if (n_words == 3 && g_str_equal(words[0], "offer")) {
        FotaModule *module = find_module(manager, words[1]);
        const char *token = "";

        g_variant_lookup(fota_module_get_update(module), "token", "&s", &token);
        g_signal_emit_by_name(module, "approval-requested", token, words[2],
                              fota_module_get_update(module));
    } else if (n_words == 4 && g_str_equal(words[0], "finish")) {
        fake_module_finish(find_module(manager, words[1]), words[2], words[3]);
    } else {
        g_error("Not understood: %s", line);
    }
    fake_tell("ok");
}

typedef struct {
    GMainLoop *loop;
    FotaManager *manager;
} Fake;

static gboolean
on_input(GIOChannel *input, GIOCondition condition, gpointer user_data)
{
    Fake *fake = user_data;
    g_autofree char *line = NULL;

    if (g_io_channel_read_line(input, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(fake->loop); /* the test has ended */
        return G_SOURCE_REMOVE;
    }
    run_command(fake->manager, g_strchomp(line));
    return G_SOURCE_CONTINUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GIOChannel) input = g_io_channel_unix_new(STDIN_FILENO);
    g_autoptr(FotaManager) manager = g_object_new(FOTA_TYPE_MANAGER, NULL);
    g_autoptr(FotaBus) bus = NULL;
    g_autoptr(GError) error = NULL;
    Fake fake = {loop, manager};

    fota_log_init();
    for (int i = 1; i < argc; i++)
        add_module(manager, argv[i]);
    bus = fota_bus_new(manager, &error);
    if (bus == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, &fake);
    fake_tell("ready");
    g_main_loop_run(loop);
    return 0;
}
