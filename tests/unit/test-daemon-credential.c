/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"

#define SECRET "Secr3t-of-the-fleet"

typedef struct {
    char *file;
} Fixture;

static void
fixture_set_up(Fixture *fixture, gconstpointer data)
{
    int fd = g_file_open_tmp("fotad-test-XXXXXX", &fixture->file, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
}

static void
fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    g_unlink(fixture->file);
    g_free(fixture->file);
}

static void
write_credential(Fixture *fixture, const char *text, int mode)
{
    g_assert_true(g_file_set_contents(fixture->file, text, -1, NULL));
    g_assert_cmpint(g_chmod(fixture->file, mode), ==, 0);
}

static void
test_login(Fixture *fixture, gconstpointer data)
{
    static const int modes[] = {0600, 0400, 0440};

    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *user = NULL, *password = NULL;

        write_credential(fixture, "fleet:" SECRET "\n", modes[i]);
        g_assert_true(fota_credential_read_login(fixture->file, &user, &password, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(user, ==, "fleet");
        g_assert_cmpstr(password, ==, SECRET);
    }
}

/* Named, with the file and without anything of what it holds. */
static void
assert_refused(const char *file)
{
    g_autoptr(GError) error = NULL;
    char *user = NULL, *password = NULL;

    g_assert_false(fota_credential_read_login(file, &user, &password, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CREDENTIAL);
    g_assert_nonnull(strstr(error->message, file));
    g_assert_null(strstr(error->message, SECRET));
    g_assert_null(user);
    g_assert_null(password);
}

static void
test_refused(Fixture *fixture, gconstpointer data)
{
    static const int modes[] = {0640, 0460, 0444, 0604, 0450};

    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        write_credential(fixture, "fleet:" SECRET, modes[i]);
        assert_refused(fixture->file);
    }
    write_credential(fixture, SECRET, 0600);
    assert_refused(fixture->file);
    write_credential(fixture, "fleet:" SECRET "\nsecond line\n", 0600);
    assert_refused(fixture->file);
    write_credential(fixture, "", 0600);
    assert_refused(fixture->file);
    assert_refused("/nonexistent/credential");
    assert_refused("/");
}

static void
test_path(void)
{
    g_autofree char *given = NULL, *beside = NULL;

    g_setenv("CREDENTIALS_DIRECTORY", "/run/credentials/fotad", TRUE);
    given = fota_credential_get_path("/etc/fotad/fotad.conf", "fw");
    g_unsetenv("CREDENTIALS_DIRECTORY");
    beside = fota_credential_get_path("/etc/fotad/fotad.conf", "fw");
    g_assert_cmpstr(given, ==, "/run/credentials/fotad/fw");
    g_assert_cmpstr(beside, ==, "/etc/fotad/credentials/fw");
}

/* systemd names what it finds in a directory after both. */
static void
test_loaded_directory(void)
{
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    g_autofree char *loaded = g_build_filename(directory, "fotad_fw", NULL);
    g_autofree char *plain = g_build_filename(directory, "fw", NULL);
    g_autofree char *before = NULL, *after = NULL;

    g_setenv("CREDENTIALS_DIRECTORY", directory, TRUE);
    before = fota_credential_get_path("/etc/fotad/fotad.conf", "fw");
    g_assert_true(g_file_set_contents(loaded, "fleet:" SECRET, -1, NULL));
    after = fota_credential_get_path("/etc/fotad/fotad.conf", "fw");
    g_unsetenv("CREDENTIALS_DIRECTORY");
    g_assert_cmpstr(before, ==, plain);
    g_assert_cmpstr(after, ==, loaded);
    g_unlink(loaded);
    g_rmdir(directory);
}

/* systemd's copy is closed to others, but what it was made of is not. */
static void
test_open_source(void)
{
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    g_autofree char *conf = g_build_filename(directory, "fotad.conf", NULL);
    g_autofree char *credentials = g_build_filename(directory, "credentials", NULL);
    g_autofree char *source = g_build_filename(credentials, "fw", NULL);

    g_assert_cmpint(g_mkdir(credentials, 0755), ==, 0);
    g_assert_true(g_file_set_contents(source, "fleet:" SECRET, -1, NULL));
    for (int mode = 0644; mode >= 0600; mode -= 044) {
        g_autofree char *path = NULL;

        g_assert_cmpint(g_chmod(source, mode), ==, 0);
        g_setenv("CREDENTIALS_DIRECTORY", "/run/credentials/fotad", TRUE);
        path = fota_credential_get_path(conf, "fw");
        g_unsetenv("CREDENTIALS_DIRECTORY");
        if (mode == 0600)
            g_assert_cmpstr(path, ==, "/run/credentials/fotad/fw");
        else
            assert_refused(path);
    }
    g_unlink(source);
    g_rmdir(credentials);
    g_rmdir(directory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/credential/login", Fixture, NULL, fixture_set_up, test_login, fixture_tear_down);
    g_test_add("/credential/refused", Fixture, NULL, fixture_set_up, test_refused,
               fixture_tear_down);
    g_test_add_func("/credential/path", test_path);
    g_test_add_func("/credential/loaded-directory", test_loaded_directory);
    g_test_add_func("/credential/open-source", test_open_source);
    return g_test_run();
}
