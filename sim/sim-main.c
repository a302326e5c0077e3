/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <glib-unix.h>
#include <systemd/sd-daemon.h>
#include <umockdev.h>

#include "sim-certify.h"
#include "sim-control.h"
#include "sim-ftp.h"
#include "sim-module.h"
#include "sim-replay.h"

#define PRELOAD "libumockdev-preload.so.0"
/* FD_MAP_MAX of umockdev 0.17: its preload library aborts a program that opens one more. */
#define TTYS_MAX 50
#define EXIT_USAGE 2

static char *root_file;
static char *control_path;
static char *log_dir;
static double scale = 1;
static char **modules;
static char **replays;
static char **faults;
static gboolean list_faults;
static gboolean list_modules;

static const GOptionEntry entries[] = {
    {"root-file", 0, 0, G_OPTION_ARG_FILENAME, &root_file,
     "Write the testbed's directory here: the UMOCKDEV_DIR of their programs", "FILE"},
    {"control", 0, 0, G_OPTION_ARG_FILENAME, &control_path, "Listen here for commands", "SOCKET"},
    {"log", 0, 0, G_OPTION_ARG_FILENAME, &log_dir, "Write DIR/<imei>.log for each module", "DIR"},
    {"scale", 0, 0, G_OPTION_ARG_DOUBLE, &scale, "Divide the modules' times by N", "N"},
    {"module", 0, 0, G_OPTION_ARG_STRING_ARRAY, &modules,
     "Add a module: NAME[,imei=..][,apn=..][,pin=..][,signal=..][,registered=0|1|5][,version=..]"
     "[,package=..][,reserved-port=1][,uid=..][,net=..][,raw=1]",
     "MODULE"},
    {"replay", 0, 0, G_OPTION_ARG_STRING_ARRAY, &replays,
     "Add a module that plays the log of a real one: FILE[,imei=..][,reserved-port=1][,uid=..]",
     "FILE"},
    {"fault", 0, 0, G_OPTION_ARG_STRING_ARRAY, &faults,
     "Arm a fault: IMEI:NAME[=VALUE][,always][,on=PREFIX][,skip=N]", "FAULT"},
    {"list-faults", 0, 0, G_OPTION_ARG_NONE, &list_faults, "List the faults", NULL},
    {"list-modules", 0, 0, G_OPTION_ARG_NONE, &list_modules, "List the modules", NULL},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* umockdev sends uevents only from a process that runs under its own preload library. */
static void
reexec_under_preload(char **argv)
{
    const char *asan = g_getenv("ASAN_OPTIONS");
    const char *preload = g_getenv("LD_PRELOAD");
    g_autofree char *options =
        g_strdup_printf("%s%sverify_asan_link_order=0", asan ? asan : "", asan ? ":" : "");
    g_autofree char *libraries =
        g_strdup_printf("%s%s" PRELOAD, preload ? preload : "", preload ? ":" : "");

    if (preload != NULL && strstr(preload, "libumockdev-preload") != NULL)
        return;
    g_setenv("LD_PRELOAD", libraries, TRUE);
    g_setenv("ASAN_OPTIONS", options, TRUE);
    execv("/proc/self/exe", argv);
    g_printerr("fota-sim: cannot start again with %s: %s\n", PRELOAD, g_strerror(errno));
    exit(EXIT_FAILURE);
}

static gboolean
on_signal(gpointer user_data)
{
    Sim *sim = user_data;

    g_main_loop_quit(sim->loop);
    return G_SOURCE_CONTINUE;
}

static void
on_tty_opened(const char *tty, gboolean open, gpointer user_data)
{
    Sim *sim = user_data;

    for (guint i = 0; i < sim->modules->len; i++)
        sim_module_tty_opened(g_ptr_array_index(sim->modules, i), tty, open);
}

static gboolean
add_each(Sim *sim, char **texts, SimModule *(*make)(Sim *sim, const char *text, GError **error),
         GError **error)
{
    for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
        SimModule *module = make(sim, texts[i], error);

        if (module == NULL) {
            g_prefix_error(error, "%s: ", texts[i]);
            return FALSE;
        }
        g_ptr_array_add(sim->modules, module);
    }
    return TRUE;
}

static gboolean
add_modules(Sim *sim, GError **error)
{
    if (!add_each(sim, modules, sim_module_new, error) ||
        !add_each(sim, replays, sim_replay_new, error))
        return FALSE;
    for (guint i = 0; faults != NULL && faults[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(faults[i], ":", 2);
        SimModule *module = pair[0] != NULL ? sim_module_lookup(sim, pair[0]) : NULL;

        if (module == NULL || pair[1] == NULL) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "--fault=%s: not IMEI:NAME of a module", faults[i]);
            return FALSE;
        }
        if (!sim_faults_arm(module->faults, pair[1], error))
            return FALSE;
    }
    return TRUE;
}

/* ModemManager opens every tty that is not reserved. */
static gboolean
check_ttys(Sim *sim, GError **error)
{
    guint n = 0;

    for (guint i = 0; i < sim->modules->len; i++)
        n += ((SimModule *)g_ptr_array_index(sim->modules, i))->personality->n_ttys - 1;
    if (n <= TTYS_MAX)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "%u modules have %u ttys for ModemManager, which umockdev aborts when it opens "
                "more than %d; leave out some modules",
                sim->modules->len, n, TTYS_MAX);
    return FALSE;
}

/* The modules are found running, as after a boot of the gateway. */
static void
switch_on(Sim *sim)
{
    for (guint i = 0; i < sim->modules->len; i++) {
        SimModule *module = g_ptr_array_index(sim->modules, i);

        module->powered = TRUE;
        sim_module_start(module);
        module->sim_ready = 0;
    }
}

/* Transfers under way end before their modules do, and the modules before the testbed. */
static void
switch_off(Sim *sim)
{
    for (guint i = 0; i < sim->modules->len; i++)
        sim_module_stop(g_ptr_array_index(sim->modules, i));
    sim_ftp_drain();
    sim_testbed_wait_closed(sim->testbed);
}

static gboolean
main_run(Sim *sim, GError **error)
{
    const char *root = sim_testbed_get_root(sim->testbed);
    SimControl *control = NULL;
    gboolean good;

    if (!umockdev_in_mock_environment()) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s is not loaded; is the package umockdev there?", PRELOAD);
        return FALSE;
    }
    good = add_modules(sim, error) && check_ttys(sim, error);
    if (good)
        switch_on(sim);
    if (good && root_file != NULL)
        good = g_file_set_contents(root_file, root, -1, error);
    if (good && control_path != NULL)
        good = (control = sim_control_new(sim, control_path, error)) != NULL;
    if (good) {
        g_print("ready\n");
        fflush(stdout);
        sd_notify(FALSE, "READY=1");
        g_main_loop_run(sim->loop);
    }
    g_clear_pointer(&control, sim_control_free);
    return good;
}

static gboolean
simulate(GError **error)
{
    Sim sim = {.scale = scale, .log_dir = log_dir};
    guint term = g_unix_signal_add(SIGTERM, on_signal, &sim);
    guint interrupt = g_unix_signal_add(SIGINT, on_signal, &sim);
    gboolean good;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    sim.loop = g_main_loop_new(NULL, FALSE);
    sim.modules = g_ptr_array_new_with_free_func((GDestroyNotify)sim_module_free);
    sim.testbed = sim_testbed_new(on_tty_opened, &sim);
    good = main_run(&sim, error);
    switch_off(&sim);
    g_ptr_array_unref(sim.modules);
    sim_testbed_free(sim.testbed);
    g_main_loop_unref(sim.loop);
    g_source_remove(term);
    g_source_remove(interrupt);
    curl_global_cleanup();
    return good;
}

/* What the options lack or have too much of; NULL = nothing. */
static const char *
find_fault(void)
{
    if (scale <= 0)
        return "--scale must be above 0";
    if (modules == NULL && replays == NULL)
        return "no module; add --module=NAME, which --list-modules names, or --replay=FILE";
    return NULL;
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- simulated cellular modules");
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) original = g_strdupv(argv);
    const char *fault;

    setlocale(LC_CTYPE, "");
    /* Before there is a second thread: see text_make_locale() in base/fota-text.c. */
    g_ascii_strtoull("0", NULL, 10);
    if (argc > 1 && g_str_equal(argv[1], "certify"))
        return certify_main(argc - 1, argv + 1);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, "fota-sim certify --help: certify an application");
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("fota-sim: %s; see fota-sim --help\n", error->message);
        return EXIT_USAGE;
    }
    if (argc > 1) {
        g_printerr("fota-sim: '%s' is no option, and no command but certify; see --help\n",
                   argv[1]);
        return EXIT_USAGE;
    }
    if (list_faults)
        sim_faults_print_list();
    if (list_modules)
        sim_module_print_list();
    if (list_faults || list_modules)
        return EXIT_SUCCESS;
    fault = find_fault();
    if (fault != NULL) {
        g_printerr("fota-sim: %s; see fota-sim --help\n", fault);
        return EXIT_USAGE;
    }
    reexec_under_preload(original);
    if (simulate(&error))
        return EXIT_SUCCESS;
    g_printerr("fota-sim: %s\n", error->message);
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT) ? EXIT_USAGE
                                                                           : EXIT_FAILURE;
}
