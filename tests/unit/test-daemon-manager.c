/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/fota-manager.h"

/* A manager without modules, and what applications may ask of it. */

static FotaManager *
make_manager(const char *directory)
{
    g_autofree char *file = g_build_filename(directory, "fotad.conf", NULL);
    g_autofree char *plugins = g_build_filename(directory, "plugins", NULL);
    g_autofree char *state = g_build_filename(directory, "state", NULL);
    const FotaPaths paths = {.plugins = plugins, .state = state, .fetch = "/bin/false"};
    g_autoptr(GError) error = NULL;
    FotaConfig *config = fota_config_load(file, &error);
    FotaManager *manager;

    g_assert_no_error(error);
    g_assert_cmpint(g_mkdir(plugins, 0700), ==, 0);
    manager = fota_manager_new(config, &paths, &error);
    g_assert_no_error(error);
    return manager;
}

static void
remove_directory(const char *directory)
{
    g_autofree char *plugins = g_build_filename(directory, "plugins", NULL);
    g_autofree char *state = g_build_filename(directory, "state", NULL);

    g_rmdir(plugins);
    g_rmdir(state);
    g_rmdir(directory);
}

static void
test_inhibitions_of_one_user(void)
{
    g_autofree char *directory = g_dir_make_tmp("fota-manager-XXXXXX", NULL);
    g_autoptr(FotaManager) manager = make_manager(directory);
    g_autoptr(GError) error = NULL;
    int fds[32], other;

    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = fota_manager_inhibit(manager, 1000, "app", "leaks them", &error);
        g_assert_no_error(error);
    }
    g_assert_cmpint(fota_manager_inhibit(manager, 1000, "app", "one more", &error), ==, -1);
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BUSY);
    g_clear_error(&error);

    other = fota_manager_inhibit(manager, 0, "root", "has room of his own", &error);
    g_assert_no_error(error);

    close(fds[0]);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    fds[0] = fota_manager_inhibit(manager, 1000, "app", "again", &error);
    g_assert_no_error(error);
    close(other);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    while (fota_manager_get_inhibited(manager))
        g_main_context_iteration(NULL, TRUE);
    g_clear_object(&manager);
    remove_directory(directory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/inhibitions-of-one-user", test_inhibitions_of_one_user);
    return g_test_run();
}
