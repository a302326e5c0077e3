/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <stdlib.h>
#include <syslog.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-manager.h"
#include "dbus/fota-bus.h"

/* The one file that knows all rooms: reads the options, puts the parts together, runs the loop. */

typedef struct {
    char *config;
    char *plugins;
    char *fetch;
    gboolean version;
} Options;

typedef struct {
    GMainLoop *loop;
    FotaManager *manager;
} Daemon;

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
         "Configuration file; drop-ins in FILE.d/", "FILE"},
        {"plugins", 'p', 0, G_OPTION_ARG_FILENAME, &options->plugins, "Directory of the plugins",
         "DIR"},
        {"fetch", 0, 0, G_OPTION_ARG_FILENAME, &options->fetch, "Socket of fotad-fetch", "SOCKET"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and exit", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("- updates the firmware of cellular modules over the air");

    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static gboolean
quit(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static gboolean
terminate(gpointer data)
{
    Daemon *self = data;

    sd_notify(FALSE, "STOPPING=1");
    fota_manager_stop(self->manager, quit, self->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
reload(gpointer data)
{
    Daemon *self = data;
    g_autoptr(GError) error = NULL;

    if (!fota_manager_reload(self->manager, &error))
        g_warning("the old configuration stays in force: %s", error->message);
    return G_SOURCE_CONTINUE;
}

static gboolean
pet_watchdog(gpointer data)
{
    sd_notify(FALSE, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static FotaManager *
make_manager(const Options *options, GError **error)
{
    const char *file = options->config != NULL ? options->config : FOTAD_CONFIG;
    const char *state = g_getenv("STATE_DIRECTORY");
    const FotaPaths paths = {
        .plugins = options->plugins != NULL ? options->plugins : FOTAD_PLUGINS,
        .state = state != NULL ? state : FOTAD_STATE,
        .fetch = options->fetch != NULL ? options->fetch : FOTAD_FETCH,
    };
    FotaConfig *config = fota_config_load(file, error);

    return config != NULL ? fota_manager_new(config, &paths, error) : NULL;
}

/*
 * The name is on the bus before any hardware is asked anything: an activation must not wait for a
 * module.
 */
static gboolean
run(const Options *options, GError **error)
{
    g_autoptr(FotaManager) manager = make_manager(options, error);
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(FotaBus) bus = NULL;
    Daemon self = {loop, manager};
    guint64 watchdog = 0;

    if (manager == NULL)
        return FALSE;
    bus = fota_bus_new(manager, error);
    if (bus == NULL)
        return FALSE;
    g_unix_signal_add(SIGTERM, terminate, &self);
    g_unix_signal_add(SIGINT, terminate, &self);
    g_unix_signal_add(SIGHUP, reload, &self);
    if (sd_watchdog_enabled(FALSE, &watchdog) > 0)
        g_timeout_add((guint)(watchdog / 2000), pet_watchdog, NULL);
    fota_manager_start(manager);
    sd_notify(FALSE, "READY=1");
    g_main_loop_run(loop);
    return TRUE;
}

int
main(int argc, char **argv)
{
    Options options = {NULL, NULL, NULL, FALSE};
    g_autoptr(GError) error = NULL;
    int status = EXIT_SUCCESS;

    setlocale(LC_CTYPE, ""); /* of the terminal, for --help */
    fota_log_init();
    if (!parse_options(&argc, &argv, &options, &error) || (!options.version && argc > 1)) {
        g_printerr("fotad: %s; see fotad --help\n",
                   error != NULL ? error->message : "too many arguments");
        status = 2;
    } else if (options.version) {
        g_print("fotad " FOTAD_VERSION "\n");
    } else if (!run(&options, &error)) {
        fota_log(LOG_ERR, FOTA_EVENT_CANNOT_START, NULL, "fotad cannot start: %s", error->message);
        /* With EX_CONFIG the unit does not start it again. */
        status = fota_error_needs_person(error) ? EX_CONFIG : EXIT_FAILURE;
    }
    g_free(options.config);
    g_free(options.plugins);
    g_free(options.fetch);
    return status;
}
