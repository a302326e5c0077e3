/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>

#include "daemon/fota-log.h"
#include "tests/unit/test-daemon-manager.h"

#define SOMEBODY 65534

/* What the directories of files are read with, and a file that is taken away right after that. */
GStrv __real_fota_authority_list(const char *directory, const char *suffix, GError **error);
GStrv __wrap_fota_authority_list(const char *directory, const char *suffix, GError **error);

static const char *going;

GStrv
__wrap_fota_authority_list(const char *directory, const char *suffix, GError **error)
{
    GStrv files = __real_fota_authority_list(directory, suffix, error);

    if (going != NULL && files != NULL && g_strv_contains((const char *const *)files, going))
        g_assert_cmpint(g_unlink(going), ==, 0);
    return files;
}

/* What is changed of a directory's or a file's rights, and whether fotad starts then. */
static void
test_authority(void)
{
    static const struct {
        const char *path;
        guint mode;
        gboolean good;
    } cases[] = {
        {"", 0755, TRUE},
        {"", 0777, FALSE},
        {"", 01777, TRUE},
        {"fotad.conf", 0644, TRUE},
        {"fotad.conf", 0664, FALSE},
        {"fotad.conf", 0666, FALSE},
        {"fotad.conf.d", 0777, FALSE},
        {"fotad.conf.d/a.conf", 0666, FALSE},
        {"keys.d", 0777, FALSE},
        {"keys.d/a.pub", 0640, TRUE},
        {"keys.d/a.pub", 0666, FALSE},
        {"plugins", 0777, FALSE},
        {"ca.pem", 0644, TRUE},
        {"ca.pem", 0646, FALSE},
        {"cycle", 0777, FALSE},
        {"state", 0755, TRUE},
        {"state", 0770, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *directory = make_directory();
        g_autofree char *path = g_build_filename(directory, cases[i].path, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManager) manager = NULL;

        g_test_message("%s %o", cases[i].path, cases[i].mode);
        g_assert_cmpint(g_chmod(path, (int)cases[i].mode), ==, 0);
        manager = load(directory, &error);
        if (cases[i].good) {
            g_assert_no_error(error);
        } else {
            g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
            g_assert_nonnull(strstr(error->message, cases[i].path));
            g_assert_nonnull(strstr(error->message, "chmod go-w"));
        }
        g_clear_object(&manager);
        remove_directory(directory);
    }
}

/* @user can read everything and write the state. */
static void
open_to(const char *directory, uid_t user)
{
    static const char *const names[] = {"", "fotad.conf.d", "keys.d", "plugins", "state"};
    g_autofree char *state = g_build_filename(directory, "state", NULL);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);

        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    }
    g_assert_cmpint(chown(state, user, 0), ==, 0);
}

/* Of another user, and what fotad's own user cannot read. */
static void
test_others(void)
{
    static const char *const paths[] = {"fotad.conf", "fotad.conf.d", "fotad.conf.d/a.conf",
                                        "keys.d",     "keys.d/a.pub", "plugins",
                                        "state"};

    if (geteuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *directory = make_directory();
        g_autofree char *path = g_build_filename(directory, paths[i], NULL);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", paths[i]);
        g_assert_cmpint(chown(path, SOMEBODY, 0), ==, 0);
        g_assert_null(load(directory, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
        g_assert_nonnull(strstr(error->message, path));
        g_clear_error(&error);

        if (strcmp(paths[i], "state") == 0) {
            remove_directory(directory); /* updates wait until it can be written */
            continue;
        }
        g_assert_cmpint(chown(path, 0, 0), ==, 0);
        open_to(directory, SOMEBODY);
        g_assert_cmpint(g_chmod(path, 0), ==, 0);
        g_assert_cmpint(seteuid(SOMEBODY), ==, 0);
        g_assert_null(load(directory, &error));
        g_assert_cmpint(seteuid(0), ==, 0);
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, path));
        g_assert_cmpint(g_chmod(path, 0700), ==, 0);
        remove_directory(directory);
    }
}

/* Reload() refuses the same, and what holds is what was read before. */
static void
test_reload(void)
{
    static const char *const paths[] = {"fotad.conf", "fotad.conf.d", "keys.d", "keys.d/a.pub"};
    g_autofree char *directory = make_directory();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = load(directory, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *path = g_build_filename(directory, paths[i], NULL);
        int good = g_file_test(path, G_FILE_TEST_IS_DIR) ? 0755 : 0644;

        g_test_message("%s", paths[i]);
        g_assert_cmpint(g_chmod(path, good | 0022), ==, 0);
        g_assert_false(fota_manager_reload(manager, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
        g_assert_nonnull(strstr(error->message, path));
        g_clear_error(&error);
        g_assert_cmpint(g_chmod(path, good), ==, 0);
        g_assert_true(fota_manager_reload(manager, &error));
        g_assert_no_error(error);
    }
    g_clear_object(&manager);
    remove_directory(directory);
}

/* What is configured, what the administrator then sets, and what holds after Reload(). */
static void
test_reload_level(void)
{
    static const struct {
        const char *before, *after;
        int set, expected;
    } cases[] = {
        {"Level=debug", "", -1, LOG_INFO},
        {"", "Level=debug", -1, LOG_DEBUG},
        {"Level=debug", "Level=notice", LOG_ERR, LOG_NOTICE},
        {"Level=notice", "Level=notice", LOG_DEBUG, LOG_DEBUG},
        {"", "", LOG_DEBUG, LOG_DEBUG},
        {"", "Level=info", LOG_DEBUG, LOG_DEBUG},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *directory = make_directory();
        g_autofree char *file = g_build_filename(directory, "fotad.conf.d/a.conf", NULL);
        g_autofree char *before = g_strdup_printf("[Log]\n%s\n", cases[i].before);
        g_autofree char *after = g_strdup_printf("[Log]\n%s\n", cases[i].after);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManager) manager = NULL;

        g_test_message("%s, then %s", cases[i].before, cases[i].after);
        g_assert_true(g_file_set_contents(file, before, -1, NULL));
        manager = load(directory, &error);
        g_assert_no_error(error);
        if (cases[i].set >= 0)
            fota_log_set_level(cases[i].set);
        g_assert_true(g_file_set_contents(file, after, -1, NULL));
        g_assert_true(fota_manager_reload(manager, &error));
        g_assert_cmpint(fota_log_get_level(), ==, cases[i].expected);
        g_clear_object(&manager);
        remove_directory(directory);
    }
    fota_log_set_level(LOG_INFO);
}

/* A link that leads nowhere is there: what it was to say is not known. */
static void
test_dangling(void)
{
    static const char *const paths[] = {"fotad.conf", "fotad.conf.d", "fotad.conf.d/a.conf",
                                        "keys.d", "keys.d/a.pub"};

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *directory = make_directory();
        g_autofree char *path = g_build_filename(directory, paths[i], NULL);
        g_autofree char *away = g_strconcat(path, ".away", NULL);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", paths[i]);
        g_assert_cmpint(g_rename(path, away), ==, 0);
        g_assert_cmpint(symlink("/nowhere", path), ==, 0);
        g_assert_null(load(directory, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
        g_assert_nonnull(strstr(error->message, path));
        remove_directory(directory);
    }
}

/* An administrator takes a file away while fotad reads the others: without it, not in vain. */
static void
test_gone_meanwhile(void)
{
    static const char *const paths[] = {"keys.d/a.pub", "fotad.conf.d/a.conf"};

    for (guint i = 0; i < 2 * G_N_ELEMENTS(paths); i++) {
        gboolean at_start = i % 2 == 0;
        g_autofree char *directory = make_directory();
        g_autofree char *path = g_build_filename(directory, paths[i / 2], NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManager) manager = NULL;

        g_test_message("%s, at the %s", paths[i / 2], at_start ? "start" : "reload");
        going = at_start ? path : NULL;
        keyless = 0;
        manager = load(directory, &error);
        g_assert_no_error(error);
        going = path;
        g_assert_true(at_start || fota_manager_reload(manager, &error));
        g_assert_no_error(error);
        going = NULL;
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
        g_assert_cmpuint(keyless, ==, i / 2 == 0 ? 1 : 0);
        g_clear_object(&manager);
        remove_directory(directory);
    }
}

/* What is no text of a sensible size; a pipe would never be read to its end. */
static void
test_no_text(void)
{
    for (guint i = 0; i < 3; i++) {
        g_autofree char *directory = make_directory();
        g_autofree char *file = g_build_filename(directory, "fotad.conf", NULL);
        g_autofree char *big = g_strnfill(2 * 1024 * 1024, '#');
        g_autoptr(GError) error = NULL;

        if (i == 0)
            g_assert_true(g_file_set_contents(file, "[Log]\n\0Level=debug\n", 20, NULL));
        else if (i == 1)
            g_assert_true(g_file_set_contents(file, big, -1, NULL));
        else
            g_assert_true(g_unlink(file) == 0 && mkfifo(file, 0600) == 0);
        g_assert_null(load(directory, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
        g_assert_nonnull(strstr(error->message, file));
        remove_directory(directory);
    }
}

static void
test_inhibitions_of_one_user(void)
{
    g_autofree char *directory = make_directory();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = load(directory, &error);
    int fds[32], other;

    g_assert_no_error(error);
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
    g_test_add_func("/manager/authority", test_authority);
    g_test_add_func("/manager/others", test_others);
    g_test_add_func("/manager/reload", test_reload);
    g_test_add_func("/manager/reload-level", test_reload_level);
    g_test_add_func("/manager/dangling", test_dangling);
    g_test_add_func("/manager/gone-meanwhile", test_gone_meanwhile);
    g_test_add_func("/manager/no-text", test_no_text);
    g_test_add_func("/manager/inhibitions-of-one-user", test_inhibitions_of_one_user);
    g_log_set_writer_func(count_refusals, NULL, NULL);
    return g_test_run();
}
