/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-manager.h"
#include "tests/unit/test-daemon-parts.h"

/* The modules of a manager, from the first look until it stops. */

static const char *imsi = "";

static void
show(const char *path, const char *imei, const char *revision)
{
    FotaModemFacts facts = fixture_make_facts(revision);

    facts.path = facts.uid = facts.device = (char *)path;
    facts.imei = (char *)imei;
    facts.imsi = (char *)imsi;
    modem_manager.accepted = modem_manager.callbacks->seen(&facts, modem_manager.user_data);
}

static void
hide(const char *path)
{
    modem_manager.callbacks->gone(path, modem_manager.user_data);
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

/* What an earlier fotad has left of it. */
static void
write_record(const char *directory, const FotaRecord *record)
{
    g_autofree char *path = g_strdup_printf("%s/state/%s.json", directory, record->imei);
    g_autoptr(GBytes) bytes = fota_record_serialize(record);

    g_assert_true(g_file_set_contents(path, g_bytes_get_data(bytes, NULL),
                                      (gssize)g_bytes_get_size(bytes), NULL));
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
    g_autoptr(FotaRecord) record = fota_record_new("353081090012345");
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = NULL;

    fota_budget_add(&record->data, now, 1 << 20);
    write_record(directory, record);
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

/* A module that ModemManager shows has left the transfer in which fotad was killed. */
static void
test_left_in_transfer(void)
{
    g_autofree char *directory = make_directory();
    g_autoptr(FotaRecord) record = fota_record_new("353081090012345");
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManager) manager = NULL;
    FotaModule *module;

    g_hash_table_insert(record->settings, g_strdup(FOTA_JOB_TRANSFER), g_strdup("1"));
    write_record(directory, record);
    manager = load(directory, &error);
    g_assert_no_error(error);
    fota_manager_start(manager);
    module = fota_manager_get_modules(manager)->pdata[0];
    show("/Modem/5", "353081090012352", "A");
    g_assert_true(fota_record_is_in_transfer(fota_module_get_parts(module)->record));
    show("/Modem/1", "353081090012345", "A");
    g_assert_false(fota_record_is_in_transfer(fota_module_get_parts(module)->record));
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
    while (g_str_equal(g_variant_get_string(fota_module_get_property(module, "State"), NULL),
                       "checking"))
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
    g_test_add_func("/manager/doubles", test_doubles);
    g_test_add_func("/manager/push", test_push);
    g_test_add_func("/manager/push-over-budget", test_push_over_budget);
    g_test_add_func("/manager/left-in-transfer", test_left_in_transfer);
    g_test_add_func("/manager/stop", test_stop);
    g_test_add_func("/manager/registration", test_registration);
    g_test_add_func("/manager/registration-at-reload", test_registration_at_reload);
    g_log_set_writer_func(count_refusals, NULL, NULL);
    return g_test_run();
}
