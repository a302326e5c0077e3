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
 *   pin IMEI ATTEMPTS           emits pin-required
 *   finish IMEI RESULT DETAILS  emits update-finished for it
 */
#include <stdio.h>
#include <unistd.h>

#include "daemon/fota-log.h"
#include "dbus/fota-bus.h"
#include "tests/component/bus/fake-module.h"

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

/* The test's commands */

static FotaModule *
find_module(FotaManager *manager, const char *imei)
{
    GPtrArray *modules = fota_manager_get_modules(manager);

    for (guint i = 0; i < modules->len; i++) {
        FotaModule *module = g_ptr_array_index(modules, i);

        if (g_str_equal(fota_module_get_imei(module), imei))
            return module;
    }
    g_error("There is no module %s", imei);
}

static void
run_command(FotaManager *manager, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);
    guint n_words = g_strv_length(words);

    if (n_words == 2 && g_str_equal(words[0], "add")) {
        fake_manager_add(manager, words[1]);
    } else if (n_words == 4 && g_str_equal(words[0], "set")) {
        fake_module_set(find_module(manager, words[1]), words[2], words[3]);
    } else if (n_words == 3 && g_str_equal(words[0], "offer")) {
        FotaModule *module = find_module(manager, words[1]);
        const char *token = "";

        g_variant_lookup(fota_module_get_property(module, "Update"), "token", "&s", &token);
        g_signal_emit_by_name(module, "approval-requested", token, words[2],
                              fota_module_get_property(module, "Update"));
    } else if (n_words == 3 && g_str_equal(words[0], "pin")) {
        g_signal_emit_by_name(find_module(manager, words[1]), "pin-required", atoi(words[2]));
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
        fake_manager_add(manager, argv[i]);
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
