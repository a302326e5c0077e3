/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fota-clock.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-context.h"
#include "daemon/fota-error.h"
#include "daemon/fota-manager.h"
#include "daemon/fota-record.h"
#include "daemon/mm/fota-mm.h"
#include "policy/fota-policy-error.h"

/* A manager without modules, and what applications may ask of it. */

#define SOMEBODY 65534

/* Made anew with everything in it that fotad obeys. */
static char *
make_directory(void)
{
    static const char *const directories[] = {"fotad.conf.d", "keys.d", "plugins", "state"};
    static const char *const texts[][2] = {
        {"fotad.conf.d/a.conf", "[Log]\nLevel=info\n"},
        {"ca.pem", ""},
        {"cycle", ""},
        {"keys.d/a.pub", "untrusted comment: minisign public key E7620F1842B4E81F\n"
                         "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n"},
    };
    char *directory = g_dir_make_tmp("fota-manager-XXXXXX", NULL);
    g_autofree char *conf = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *path = g_build_filename(directory, directories[i], NULL);

        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    }
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = g_build_filename(directory, texts[i][0], NULL);

        g_assert_true(g_file_set_contents(path, texts[i][1], -1, NULL));
    }
    conf = g_build_filename(directory, "fotad.conf", NULL);
    text = g_strdup_printf("[Manifest]\nCertificateAuthority=%s/ca.pem\n"
                           "[FirstAid]\nPowerCycle=%s/cycle now\n",
                           directory, directory);
    g_assert_true(g_file_set_contents(conf, text, -1, NULL));
    return directory;
}

static FotaManager *
load(const char *directory, GError **error)
{
    g_autofree char *file = g_build_filename(directory, "fotad.conf", NULL);
    g_autofree char *plugins = g_build_filename(directory, "plugins", NULL);
    g_autofree char *state = g_build_filename(directory, "state", NULL);
    const FotaPaths paths = {.plugins = plugins, .state = state, .fetch = "/bin/false"};
    FotaConfig *config = fota_config_load(file, error);

    return config != NULL ? fota_manager_new(config, &paths, error) : NULL;
}

static void
remove_directory(const char *directory)
{
    const char *const command[] = {"rm", "-r", directory, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
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

/* ModemManager's place: what it says, the test says. */
static struct {
    const FotaMmCallbacks *callbacks;
    gpointer user_data;
    gboolean accepted; /* the modem object that was shown last */
    guint again;       /* how often those that were not are wanted again */
} modem_manager;

FotaMm *
__wrap_fota_mm_new(const char *directory, const FotaMmCallbacks *callbacks, gpointer user_data);
void __wrap_fota_mm_free(FotaMm *mm);
void __wrap_fota_mm_show_again(FotaMm *mm, const char *imei);

FotaMm *
__wrap_fota_mm_new(const char *directory, const FotaMmCallbacks *callbacks, gpointer user_data)
{
    modem_manager.callbacks = callbacks;
    modem_manager.user_data = user_data;
    return (FotaMm *)&modem_manager;
}

void
__wrap_fota_mm_free(FotaMm *mm)
{
}

void
__wrap_fota_mm_show_again(FotaMm *mm, const char *imei)
{
    modem_manager.again++;
}

static const char *imsi = "";

static void
show(const char *path, const char *imei, const char *revision)
{
    FotaModemFacts facts = {.path = (char *)path,
                            .imei = (char *)imei,
                            .manufacturer = (char *)"Telit",
                            .model = (char *)"ME910C1-NA",
                            .revision = (char *)revision,
                            .uid = (char *)path,
                            .device = (char *)path,
                            .own_numbers = (char *[]){NULL},
                            .imsi = (char *)imsi,
                            .sim_operator = (char *)"",
                            .operator_name = (char *)"",
                            .operator_code = (char *)"",
                            .technology = (char *)"",
                            .interface = (char *)"",
                            .start = (char *)"1",
                            .pin_attempts = -1};

    modem_manager.accepted = modem_manager.callbacks->seen(&facts, modem_manager.user_data);
}

static void
hide(const char *path)
{
    modem_manager.callbacks->gone(path, modem_manager.user_data);
}

static guint refusals;

static GLogWriterOutput
count_refusals(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0 &&
            strstr(fields[i].value, "reports this IMEI, too") != NULL)
            refusals++;
    }
    return G_LOG_WRITER_HANDLED;
}

/* Which modem object is the module after each step, and how often a second one was refused. */
static void
test_doubles(void)
{
    static const struct {
        const char *path;     /* that ModemManager shows, or takes away */
        const char *revision; /* NULL = takes away */
        const char *modem;
        const char *running;
        guint refusals;
        guint again;
    } steps[] = {
        {"/Modem/1", "A", "/Modem/1", "A", 0, 0}, {"/Modem/2", "B", "/Modem/1", "A", 1, 0},
        {"/Modem/1", "D", "/Modem/1", "D", 1, 0}, {"/Modem/3", "E", "/Modem/1", "D", 2, 0},
        {"/Modem/1", NULL, "/", "D", 2, 1},       {"/Modem/2", "B", "/Modem/2", "B", 2, 1},
        {"/Modem/3", "E", "/Modem/2", "B", 3, 1}, {"/Modem/2", NULL, "/", "B", 3, 2},
        {"/Modem/3", "E", "/Modem/3", "E", 3, 2},
    };
    g_autofree char *directory = make_directory();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = load(directory, &error);

    g_assert_no_error(error);
    fota_manager_start(manager);
    refusals = 0;
    modem_manager.again = 0;
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        guint before = refusals;
        FotaModule *module;

        g_test_message("%u: %s %s", i, steps[i].path, steps[i].revision);
        if (steps[i].revision != NULL)
            show(steps[i].path, "353081090012345", steps[i].revision);
        else
            hide(steps[i].path);
        g_assert_cmpuint(fota_manager_get_modules(manager)->len, ==, 1);
        module = fota_manager_get_modules(manager)->pdata[0];
        g_assert_cmpstr(fota_module_get_modem(module), ==, steps[i].modem);
        g_assert_cmpstr(g_variant_get_string(fota_module_get_property(module, "Revision"), NULL),
                        ==, steps[i].running);
        g_assert_cmpuint(refusals, ==, steps[i].refusals);
        g_assert_cmpuint(modem_manager.again, ==, steps[i].again);
        if (steps[i].revision != NULL)
            g_assert_cmpint(modem_manager.accepted, ==, refusals == before);
    }
    show("/Modem/5", "353081090012352", "B");
    g_assert_cmpuint(fota_manager_get_modules(manager)->len, ==, 2);
    show("/Modem/6", "3530810900123452", "B");
    g_assert_false(modem_manager.accepted);
    g_assert_cmpuint(fota_manager_get_modules(manager)->len, ==, 2);
    g_assert_cmpuint(refusals, ==, 3);
    g_clear_object(&manager);
    remove_directory(directory);
}

/* The manager's time; boot time stays the machine's. */
static gint64 now = FOTA_RELEASE_TIME + (gint64)1000 * G_TIME_SPAN_DAY;

gint64 __wrap_fota_clock_now(void);

gint64
__wrap_fota_clock_now(void)
{
    return now;
}

/* A check was made an hour ago. */
static void
write_check(const char *directory, const char *imei)
{
    g_autofree char *path = g_strdup_printf("%s/state/%s.checked", directory, imei);
    struct utimbuf times = {0};

    times.actime = times.modtime = now / G_USEC_PER_SEC - 3600;
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(g_utime(path, &times), ==, 0);
}

static gint64
get_next_check(FotaManager *manager, guint index)
{
    FotaModule *module = fota_manager_get_modules(manager)->pdata[index];

    return (gint64)g_variant_get_uint64(fota_module_get_property(module, "NextCheck"));
}

/* Which messages bring the check forward. One that comes before that begins asks for the same. */
static void
test_push(void)
{
    static const struct {
        const char *imei;
        const char *sender;
        const char *text;
        gboolean taken;
    } steps[] = {
        {"353081090012345", "+15557654321", "look", FALSE},
        {"353081090012345", "+15551234567", "look here", FALSE},
        {"353081090012352", "+15551234567", "look", FALSE},
        {"353081090012360", "+15551234567", "look", FALSE},
        {"353081090012345", "+15551234567", "look", TRUE},
        {"353081090012345", "Fleet", "look", TRUE},
    };
    static const char conf[] = "[Manifest]\nUri=https://fota.example/m.signed\n"
                               "[Push]\nSmsSenders=+15551234567 Fleet\nSmsKeyword=look\n"
                               "[Module 353081090012352]\nSmsSenders=\nSmsKeyword=\n";
    g_autofree char *directory = make_directory();
    g_autofree char *file = g_build_filename(directory, "fotad.conf.d", "push.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = NULL;
    gint64 planned, other;

    g_assert_true(g_file_set_contents(file, conf, -1, NULL));
    write_check(directory, "353081090012345");
    write_check(directory, "353081090012352");
    manager = load(directory, &error);
    g_assert_no_error(error);
    fota_manager_start(manager);
    show("/Modem/1", "353081090012345", "A");
    show("/Modem/2", "353081090012352", "A");
    g_assert_true(modem_manager.callbacks->listens("353081090012345", modem_manager.user_data));
    g_assert_false(modem_manager.callbacks->listens("353081090012352", modem_manager.user_data));
    planned = get_next_check(manager, 0);
    other = get_next_check(manager, 1);
    g_assert_cmpint(planned, >, now);
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_test_message("%u: %s", i, steps[i].text);
        g_assert_cmpint(modem_manager.callbacks->message(steps[i].imei, steps[i].sender,
                                                         steps[i].text, modem_manager.user_data),
                        ==, steps[i].taken);
        g_assert_cmpint(get_next_check(manager, 0), ==, steps[i].taken ? now : planned);
    }
    g_assert_cmpint(get_next_check(manager, 1), ==, other);
    g_clear_object(&manager);
    remove_directory(directory);
}

/* A message that still waits for its turn when the month's data is used up brings nothing forward.
 */
static void
test_push_over_budget(void)
{
    static const char conf[] = "[Manifest]\nUri=https://fota.example/m.signed\n"
                               "[Push]\nSmsSenders=Fleet\nSmsKeyword=look\n";
    g_autofree char *directory = make_directory();
    g_autofree char *file = g_build_filename(directory, "fotad.conf.d", "push.conf", NULL);
    g_autofree char *limited = g_strconcat(conf, "[Limits]\nMonthlyData=1M\n", NULL);
    g_autofree char *path = g_build_filename(directory, "state", "353081090012345.json", NULL);
    g_autoptr(FotaRecord) record = fota_record_new("353081090012345");
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = NULL;

    fota_budget_add(&record->data, now, 1 << 20);
    bytes = fota_record_serialize(record);
    g_assert_true(g_file_set_contents(path, g_bytes_get_data(bytes, NULL),
                                      (gssize)g_bytes_get_size(bytes), NULL));
    g_assert_true(g_file_set_contents(file, conf, -1, NULL));
    write_check(directory, "353081090012345");
    manager = load(directory, &error);
    g_assert_no_error(error);
    fota_manager_start(manager);
    show("/Modem/1", "353081090012345", "A");
    g_assert_true(modem_manager.callbacks->message("353081090012345", "Fleet", "look",
                                                   modem_manager.user_data));
    g_assert_cmpint(get_next_check(manager, 0), ==, now);
    g_assert_true(g_file_set_contents(file, limited, -1, NULL));
    g_assert_true(fota_manager_reload(manager, &error));
    g_assert_no_error(error);
    g_assert_cmpint(get_next_check(manager, 0), >=, fota_budget_next_month(now));
    g_clear_object(&manager);
    remove_directory(directory);
}

static void
install_plugin(const char *directory)
{
    g_autofree char *to = g_build_filename(directory, "plugins", "exact.so", NULL);
    g_autofree char *models = g_build_filename(directory, "plugins", "exact.models", NULL);
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(BUILT "/exact.so", &bytes, &length, NULL));
    g_assert_true(g_file_set_contents(to, bytes, (gssize)length, NULL));
    g_assert_true(g_file_set_contents(
        models,
        "[*]\nRestarts=1\nApplyTime=1\nReturnLimit=1\nSettleTime=1\nVersionTime=1\n"
        "VersionPause=0\nAidTime=1\nSafeRungs=at-again\n",
        -1, NULL));
    g_assert_cmpint(g_chmod(to, 0644) | g_chmod(models, 0644), ==, 0);
}

static gboolean
has_stopped(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

/* While fotad stops it begins nothing more, and says so to whoever asks. */
static void
test_stop(void)
{
    g_autofree char *directory = make_directory();
    g_autofree char *conf = g_build_filename(directory, "fotad.conf.d", "b.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GAsyncResult) asked = NULL;
    g_autoptr(FotaManager) manager = NULL;
    gboolean stopped = FALSE;
    FotaModule *module;

    install_plugin(directory);
    g_assert_true(g_file_set_contents(conf, "[Manifest]\nUri=file:///nowhere/m\n", -1, NULL));
    manager = load(directory, &error);
    g_assert_no_error(error);
    fota_manager_start(manager);
    show("/Modem/1", "353081090012345", "A");
    module = fota_manager_get_modules(manager)->pdata[0];
    g_assert_cmpstr(g_variant_get_string(fota_module_get_property(module, "Plugin"), NULL), ==,
                    "exact");
    while (fota_module_get_state(module) == FOTA_STATE_CHECKING)
        g_main_context_iteration(NULL, TRUE);
    fota_manager_stop(manager, has_stopped, &stopped);
    while (!stopped)
        g_main_context_iteration(NULL, TRUE);

    g_assert_false(fota_module_check(module, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BUSY);
    g_clear_error(&error);
    fota_module_ask_version_async(module, take_result, &asked);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_nonnull(asked);
    g_assert_null(fota_module_ask_version_finish(module, asked, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BUSY);
    g_clear_object(&asked);
    g_clear_object(&manager);
    remove_directory(directory);
}

static guint
count_posts(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "state", "outbox", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    guint n = 0;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        n += g_str_has_suffix(name, ".json");
    return n;
}

/* The module is shown by turns with these SIMs; each new one is posted, also after a restart. */
static void
test_registration(void)
{
    static const struct {
        const char *imsi;
        guint posts;
    } steps[] = {{"", 0},
                 {"222015602260340", 1},
                 {"222015602260340", 1},
                 {"222015602260341", 2},
                 {"222015602260340", 3}};
    g_autofree char *directory = make_directory();
    g_autofree char *file = g_build_filename(directory, "fotad.conf.d", "r.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(
        file, "[Registration]\nUri=https://fota.example/register\nDistributor=TTSC\n", -1, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(FotaManager) manager = load(directory, &error);

        g_assert_no_error(error);
        fota_manager_start(manager);
        imsi = steps[i].imsi;
        show("/Modem/1", "353081090012345", "A");
        show("/Modem/1", "353081090012345", "A");
        /* The end waits for what is being written. */
        g_clear_object(&manager);
        g_assert_cmpuint(count_posts(directory), ==, steps[i].posts);
    }
    imsi = "";
    remove_directory(directory);
}

/* A module that is there when its owner sets the address is registered then, once with each server.
 */
static void
test_registration_at_reload(void)
{
    static const char *const uris[] = {"https://fota.example/register",
                                       "https://fota.example/register", "https://other.example/"};
    g_autofree char *directory = make_directory();
    g_autofree char *file = g_build_filename(directory, "fotad.conf.d", "r.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = load(directory, &error);

    g_assert_no_error(error);
    fota_manager_start(manager);
    imsi = "222015602260340";
    show("/Modem/1", "353081090012345", "A");
    for (guint i = 0; i < G_N_ELEMENTS(uris); i++) {
        g_autofree char *text = g_strdup_printf("[Registration]\nUri=%s\n", uris[i]);

        g_assert_true(g_file_set_contents(file, text, -1, NULL));
        g_assert_true(fota_manager_reload(manager, &error));
        g_assert_no_error(error);
    }
    g_clear_object(&manager);
    g_assert_cmpuint(count_posts(directory), ==, 2);
    imsi = "";
    remove_directory(directory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/authority", test_authority);
    g_test_add_func("/manager/others", test_others);
    g_test_add_func("/manager/reload", test_reload);
    g_test_add_func("/manager/dangling", test_dangling);
    g_test_add_func("/manager/no-text", test_no_text);
    g_test_add_func("/manager/inhibitions-of-one-user", test_inhibitions_of_one_user);
    g_test_add_func("/manager/doubles", test_doubles);
    g_test_add_func("/manager/push", test_push);
    g_test_add_func("/manager/push-over-budget", test_push_over_budget);
    g_test_add_func("/manager/stop", test_stop);
    g_test_add_func("/manager/registration", test_registration);
    g_test_add_func("/manager/registration-at-reload", test_registration_at_reload);
    g_log_set_writer_func(count_refusals, NULL, NULL);
    return g_test_run();
}
