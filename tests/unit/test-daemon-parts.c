/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-parts.h"

static void
nothing(gpointer object)
{
}

static gboolean
may(FotaMark mark, gpointer object)
{
    return TRUE;
}

static void
ended(FotaAction action, const FotaJobEnd *end, gpointer object)
{
}

void
fixture_start(Fixture *fixture)
{
    const FotaPartOwner owner = {fixture->owner, nothing};
    const FotaRunOwner run_owner = {owner, may, ended};
    FotaParts *parts = &fixture->parts;
    g_autoptr(GError) error = NULL;
    FotaRecord *record = fota_store_load(fixture->context.store, IMEI, &error);

    g_assert_no_error(error);
    *parts = (FotaParts){.context = &fixture->context, .record = record};
    parts->keeper = fota_keeper_new(fixture->context.store, record, &owner);
    parts->presence = fota_presence_new(fixture->context.plugins, parts->keeper, &owner);
    parts->poller = fota_poller_new(&fixture->context, parts->keeper, &owner);
    parts->accepted = fota_accepted_new(&fixture->context, parts->keeper, parts->poller);
    parts->reader =
        fota_reader_new(&fixture->context, record, parts->poller, parts->accepted, &owner);
    parts->offers = fota_offers_new(parts->keeper);
    parts->questions = fota_questions_new(parts->keeper, &owner);
    parts->run = fota_run_new(parts->keeper, &run_owner);
    parts->proof = fota_proof_new(&fixture->context, parts->keeper, &owner);
    parts->shown = fota_shown_new(fixture->owner, IMEI);
}

void
fixture_take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

void
fixture_write(Fixture *fixture)
{
    FotaKeeper *keeper = fixture->parts.keeper;
    g_autoptr(GAsyncResult) result = NULL;

    fota_keeper_save(keeper, NULL);
    fota_keeper_wait_async(keeper, fixture_take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_keeper_wait_finish(keeper, result, NULL));
}

void
fixture_stop(Fixture *fixture)
{
    fixture_write(fixture);
    while (G_OBJECT(fixture->owner)->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
    fota_parts_clear(&fixture->parts);
}

void
fixture_configure(Fixture *fixture, const char *text)
{
    g_autofree char *file = g_build_filename(fixture->directory, "fotad.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    g_clear_pointer(&fixture->context.config, fota_config_unref);
    fixture->context.config = fota_config_load(file, &error);
    g_assert_no_error(error);
}

void
fixture_set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->owner = g_object_new(G_TYPE_OBJECT, NULL);
    fixture_configure(fixture, "");
    fixture->context.keyring = fota_keyring_new();
    fixture->context.plugins = fota_plugin_set_load(fixture->directory, &error);
    g_assert_no_error(error);
    fixture->context.store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
    fixture_start(fixture);
}

void
fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    fixture_stop(fixture);
    fota_store_free(fixture->context.store);
    fota_plugin_set_free(fixture->context.plugins);
    fota_keyring_free(fixture->context.keyring);
    fota_config_unref(fixture->context.config);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_object_unref(fixture->owner);
    g_free(fixture->directory);
}

FotaModemFacts
fixture_make_facts(const char *revision)
{
    static char *none[] = {NULL};

    return (FotaModemFacts){.path = (char *)"/Modem/1",
                            .imei = (char *)IMEI,
                            .manufacturer = (char *)"Telit",
                            .model = (char *)"ME910C1-NA",
                            .revision = (char *)revision,
                            .uid = (char *)"uid",
                            .device = (char *)"/sys/devices/x",
                            .own_numbers = none,
                            .imsi = (char *)"",
                            .sim_operator = (char *)"",
                            .operator_name = (char *)"",
                            .operator_code = (char *)"",
                            .technology = (char *)"",
                            .interface = (char *)"",
                            .start = (char *)"1",
                            .pin_attempts = -1};
}

void
fixture_see(Fixture *fixture, const char *revision)
{
    const FotaModemFacts facts = fixture_make_facts(revision);

    fota_presence_see(fixture->parts.presence, &facts, FALSE);
}

static GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}

void
fixture_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    /* The owner of the parts has the signals of a FotaModule. */
    g_signal_new("changed", G_TYPE_OBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                 G_TYPE_STRING);
    g_signal_new("update-finished", G_TYPE_OBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
    g_log_set_writer_func(be_quiet, NULL, NULL);
}
