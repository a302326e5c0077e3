/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fota-wait.h"
#include "daemon/fota-cache.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-error.h"
#include "daemon/fota-supply.h"
#include "daemon/job/fota-report.h"
#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-start.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-loop.h"
#include "policy/fota-policy-error.h"

/* What the end of a job leaves behind: in the record, of the module, and for the next decision. */

#define IMEI "353081090012345"
#define OLD "30.00.001-B026"

typedef struct {
    char *directory;
    FotaContext context;
    FotaParts parts;
    GObject *owner;
} Fixture;

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

static void
start(Fixture *fixture)
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

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static void
write_all(FotaKeeper *keeper)
{
    g_autoptr(GAsyncResult) result = NULL;

    fota_keeper_save(keeper, NULL);
    fota_keeper_wait_async(keeper, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_keeper_wait_finish(keeper, result, NULL));
}

static void
stop(Fixture *fixture)
{
    FotaParts *parts = &fixture->parts;

    write_all(parts->keeper);
    while (G_OBJECT(fixture->owner)->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
    g_clear_pointer(&parts->shown, fota_shown_free);
    g_clear_pointer(&parts->proof, fota_proof_free);
    g_clear_pointer(&parts->run, fota_run_free);
    g_clear_pointer(&parts->questions, fota_questions_free);
    g_clear_pointer(&parts->offers, fota_offers_free);
    g_clear_pointer(&parts->reader, fota_reader_free);
    g_clear_pointer(&parts->accepted, fota_accepted_free);
    g_clear_pointer(&parts->poller, fota_poller_free);
    g_clear_pointer(&parts->presence, fota_presence_free);
    g_clear_pointer(&parts->keeper, fota_keeper_free);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;

    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->owner = g_object_new(G_TYPE_OBJECT, NULL);
    file = g_build_filename(fixture->directory, "fotad.conf", NULL);
    fixture->context.config = fota_config_load(file, &error);
    g_assert_no_error(error);
    fixture->context.keyring = fota_keyring_new();
    fixture->context.plugins = fota_plugin_set_load(fixture->directory, &error);
    g_assert_no_error(error);
    fixture->context.store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
    start(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    stop(fixture);
    fota_store_free(fixture->context.store);
    fota_plugin_set_free(fixture->context.plugins);
    fota_keyring_free(fixture->context.keyring);
    fota_config_unref(fixture->context.config);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_object_unref(fixture->owner);
    g_free(fixture->directory);
}

static FotaModemFacts
make_facts(const char *revision)
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

/* ModemManager shows the module, under its own name for the firmware. */
static void
see(Fixture *fixture, const char *revision)
{
    const FotaModemFacts facts = make_facts(revision);

    fota_presence_see(fixture->parts.presence, &facts, FALSE);
}

/* An inspection: @version is what the module said, @error why it did not, NULL = it did. */
static void
inspect(Fixture *fixture, FotaResult result, const char *version, const GError *error)
{
    FotaJobEnd end = fota_closing_make_end(result, error);

    end.version = version;
    fota_presence_end_job(fixture->parts.presence, version);
    fota_closing_end(&fixture->parts, FOTA_ACTION_INSPECT, &end);
}

/* An inspection that failed has told nothing: the module is asked again, also after a restart. */
static void
test_inspection(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaResult result;
        int code;
    } failures[] = {
        {FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_REFUSED},
        {FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_MODULE_REFUSED},
        {FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT},
        {FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE},
        {FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_MODULE_REFUSED},
        {FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_NOT_SUPPORTED},
    };

    see(fixture, "package");
    for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
        g_autoptr(GError) error =
            g_error_new_literal(FOTA_MODULE_ERROR, failures[i].code, "it did not say");

        g_test_message("case %u", i);
        inspect(fixture, failures[i].result, "", error);
        g_assert_cmpstr(fota_shown_get_error_name(fixture->parts.shown), ==,
                        fota_error_get_name(error));
        g_assert_false(fota_presence_was_told(fixture->parts.presence));
        g_assert_cmpint(fota_run_get_hold(fixture->parts.run), >, fota_boot_time());
        g_assert_false(fota_situation_look(&fixture->parts, NULL).told_version);
        stop(fixture);
        start(fixture);
        see(fixture, "package");
        g_assert_false(fota_presence_was_told(fixture->parts.presence));
    }
    inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
    g_assert_true(fota_presence_was_told(fixture->parts.presence));
    g_assert_cmpstr(fixture->parts.record->revision, ==, OLD);
    stop(fixture);
    start(fixture);
    see(fixture, "package");
    g_assert_true(fota_presence_was_told(fixture->parts.presence));
    g_assert_cmpstr(fixture->parts.record->revision, ==, OLD);
    /* Another name for it: what was told is of another firmware, perhaps. */
    see(fixture, "package 2");
    g_assert_false(fota_presence_was_told(fixture->parts.presence));
}

/* ModemManager may have no name for the firmware: that is not what the module has told. */
static void
test_no_name(Fixture *fixture, gconstpointer data)
{
    FotaPresence *presence = fixture->parts.presence;

    see(fixture, "");
    g_assert_false(fota_presence_was_told(presence));
    inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
    g_assert_true(fota_presence_was_told(presence));
    see(fixture, "package");
    g_assert_false(fota_presence_was_told(presence));
    g_assert_cmpstr(fixture->parts.record->revision, ==, "package");
    see(fixture, "");
    g_assert_false(fota_presence_was_told(presence));
    see(fixture, "package");
    inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
    /* There and back: the name is the old one again, but nobody has asked what it runs now. */
    see(fixture, "package 2");
    see(fixture, "package");
    g_assert_cmpstr(fixture->parts.record->revision, ==, "package");
    g_assert_false(fota_presence_was_told(presence));
}

/* A caller's question about the version is no part of an update: its pause and LastError stay. */
static void
test_asked(Fixture *fixture, gconstpointer data)
{
    const FotaParts *parts = &fixture->parts;
    g_autoptr(GError) last =
        g_error_new_literal(FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_UPDATE_LOOP, "too often");
    g_autoptr(GError) silent =
        g_error_new_literal(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "it did not say");

    see(fixture, "package");
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GAsyncResult) result = NULL;
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;
        gint64 hold;

        fota_shown_set_error(parts->shown, last);
        fota_run_hold(parts->run, 3600, 3);
        hold = fota_run_get_hold(parts->run);
        fota_presence_ask_version_async(parts->presence, NULL, take_result, &result);
        if (i == 0)
            inspect(fixture, FOTA_RESULT_FAILED_FOR_NOW, "", silent);
        else
            inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
        fota_presence_answer_version(parts->presence, i == 0 ? silent : NULL);
        while (result == NULL)
            g_main_context_iteration(NULL, TRUE);
        version = fota_presence_ask_version_finish(parts->presence, result, &error);
        g_assert_cmpstr(version, ==, i == 0 ? NULL : OLD);
        g_assert_cmpstr(fota_shown_get_error_name(parts->shown), ==, "UpdateLoop");
        g_assert_cmpint(fota_run_get_hold(parts->run), ==, hold);
        g_assert_cmpuint(fota_run_get_waits(parts->run), ==, 3);
    }
}

static FotaAction running;

FotaAction __wrap_fota_run_get_action(FotaRun *run);

FotaAction
__wrap_fota_run_get_action(FotaRun *run)
{
    return running;
}

/* A question that runs as a job leaves the offer as it is, with the token that answers it. */
static void
test_question_shows_offer(Fixture *fixture, gconstpointer data)
{
    static const FotaAction questions[] = {FOTA_ACTION_NONE, FOTA_ACTION_CHECK,
                                           FOTA_ACTION_INSPECT};
    FotaParts *parts = &fixture->parts;
    FotaManifest *manifest = fota_manifest_make_for_vendor(IMEI);
    const FotaFacts facts = {.imei = IMEI, .revision = OLD, .vendor_version = "30.00.002"};
    const FotaNext next = {.state = FOTA_STATE_CHECKING, .offers = TRUE};

    parts->plan = fota_plan_make(manifest, &facts);
    fota_manifest_unref(manifest);
    g_assert_cmpint(parts->plan->kind, ==, FOTA_PLAN_UPDATE);
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        const char *token = NULL, *to = NULL;

        g_test_message("%u", i);
        running = questions[i];
        fota_shown_set(parts->shown, "Update", g_variant_new("a{sv}", NULL));
        fota_view_follow(parts, &next);
        running = FOTA_ACTION_NONE;
        g_variant_lookup(fota_shown_get(parts->shown, "Update"), "to", "&s", &to);
        g_assert_cmpstr(to, ==, "30.00.002");
        g_assert_true(
            g_variant_lookup(fota_shown_get(parts->shown, "Update"), "token", "&s", &token));
    }
    g_clear_pointer(&parts->plan, fota_plan_free);
}

static void
expect_text(GVariant *identity, const char *name, const char *expected)
{
    const char *text = NULL;

    g_assert_true(g_variant_lookup(identity, name, "&s", &text));
    g_assert_cmpstr(text, ==, expected);
}

/* Query() has what Premium FOTA Management asks a module for (4.2): IMEI, number, model, IMSI, and
 * the network. */
static void
test_query(Fixture *fixture, gconstpointer data)
{
    const FotaModemFacts facts = {.imsi = (char *)"222015602260340",
                                  .own_numbers = (char *[]){(char *)"+15551234567", NULL},
                                  .operator_name = (char *)"Bench",
                                  .operator_code = (char *)"311480",
                                  .registered = TRUE};
    g_autoptr(GVariant) identity = NULL;
    g_autofree const char **numbers = NULL;

    see(fixture, "package");
    identity = fota_view_identify(fixture->parts.record, &facts);
    expect_text(identity, "imei", IMEI);
    expect_text(identity, "model", "ME910C1-NA");
    expect_text(identity, "imsi", "222015602260340");
    expect_text(identity, "operator", "Bench");
    expect_text(identity, "plmn", "311480");
    g_assert_true(g_variant_lookup(identity, "own-numbers", "^a&s", &numbers));
    g_assert_cmpstr(numbers[0], ==, "+15551234567");
}

/* The time of a question survives a kill, so that its rejection makes one report, whenever it is
 * given; the next question has a time of its own. */
static void
test_question_time(Fixture *fixture, gconstpointer data)
{
    guint64 first;

    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "a"), ==, 0);
    g_assert_true(fota_offers_ask(fixture->parts.offers, "a", FALSE));
    first = fota_offers_get_question_time(fixture->parts.offers, "a");
    g_assert_cmpuint(first, >, 0);
    stop(fixture);
    start(fixture);
    g_assert_true(fota_offers_ask(fixture->parts.offers, "a", FALSE));
    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "a"), ==, first);
    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "b"), ==, 0);
    fota_offers_defer(fixture->parts.offers, 0);
    g_assert_true(fota_offers_ask(fixture->parts.offers, "a", FALSE));
    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "a"), >, first);
}

/* Reading changes nothing, and an answer that comes after the offer has gone is refused. */
static void
test_offer_has_gone(Fixture *fixture, gconstpointer data)
{
    const FotaParts *parts = &fixture->parts;
    g_autoptr(GBytes) before = NULL;
    g_autoptr(GBytes) after = NULL;

    see(fixture, "package");
    before = fota_record_serialize(parts->record);
    for (guint i = 0; i < 5; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *plan = fota_view_explain(parts);
        gboolean accepted = i == 0   ? fota_answers_approve(parts, "token", &error)
                            : i == 1 ? fota_answers_defer(parts, "token", 60, &error)
                            : i == 2 ? fota_answers_reject(parts, "token", "no", &error)
                            : i == 3 ? fota_answers_cancel(parts, "token", &error)
                                     : fota_answers_rehearse(parts, &error);

        g_test_message("request %u", i);
        g_assert_nonnull(plan);
        g_assert_false(accepted);
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NOTHING_OFFERED);
        g_assert_null(parts->plan);
    }
    after = fota_record_serialize(parts->record);
    g_assert_true(g_bytes_equal(before, after));
}

#define ASKS "#OTAEV: Do you want to upgrade the firmware?"
#define BEGINS "#OTAEV: Start Fw Download"

/* The module asks; a job has told it @answer while the application refuses. */
static void
answer_crossed(Fixture *fixture, FotaAnswer answer, const FotaQuestion *found)
{
    FotaQuestions *questions = fixture->parts.questions;
    const FotaQuestion asked = {.kind = FOTA_QUESTION_DOWNLOAD, .may_reject = TRUE};
    FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_DONE, NULL);

    fota_questions_take(questions, &asked, ASKS);
    write_all(fixture->parts.keeper);
    fota_questions_refuse(questions, "token");
    end.answer = answer;
    end.question = found;
    end.question_line = found->text != NULL ? BEGINS : ASKS;
    fota_closing_end(&fixture->parts, FOTA_ACTION_ANSWER, &end);
}

/* A no that is given while "not yet" is told goes out next, and what the module has begun in the
 * meantime is followed. */
static void
test_answer_crosses(Fixture *fixture, gconstpointer data)
{
    static const FotaQuestion nothing = {.kind = FOTA_QUESTION_NONE};
    const FotaQuestion begun = {.kind = FOTA_QUESTION_NONE, .text = (char *)BEGINS};
    const FotaRecord *record = fixture->parts.record;
    FotaAnswer answer;

    see(fixture, OLD);
    answer_crossed(fixture, FOTA_ANSWER_LATER, &nothing);
    g_assert_cmpstr(record->question, ==, ASKS);
    g_assert_true(fota_questions_find_answer(fixture->parts.questions, FALSE, &answer));
    g_assert_cmpint(answer, ==, FOTA_ANSWER_REJECT);
    answer_crossed(fixture, FOTA_ANSWER_REJECT, &nothing);
    g_assert_cmpstr(record->question, ==, "");
    answer_crossed(fixture, FOTA_ANSWER_REJECT, &begun);
    g_assert_cmpstr(record->question, ==, BEGINS);
    g_assert_false(fota_questions_find_answer(fixture->parts.questions, FALSE, &answer));
}

/* What a module without a plugin is, and why it has none, is said wherever it is asked for. */
static void
test_unsupported(Fixture *fixture, gconstpointer data)
{
    const char *why = "Telit ME910C1-NA: no plugin claims it";
    const FotaParts *parts = &fixture->parts;
    g_autofree char *plan = NULL;
    g_autoptr(GError) error = NULL;

    see(fixture, "package");
    plan = fota_view_explain(parts);
    g_assert_nonnull(strstr(plan, "\"unsupported\""));
    g_assert_nonnull(strstr(plan, why));
    g_assert_false(fota_answers_accept(parts, FOTA_REQUEST_CHECK, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==, why);
}

/* A question to the module takes it from the host, unless ModemManager passes it on. */
static void
test_question_takes(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text;
        gboolean takes;
    } cases[] = {
        {"", TRUE},
        {"[Access]\nAt=auto\n", TRUE},
        {"[Access]\nAt=port\n", TRUE},
        {"[Access]\nAt=modemmanager\n", FALSE},
    };

    see(fixture, "package");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *file = g_build_filename(fixture->directory, "fotad.conf", NULL);

        g_assert_true(g_file_set_contents(file, cases[i].text, -1, NULL));
        g_clear_pointer(&fixture->context.config, fota_config_unref);
        fixture->context.config = fota_config_load(file, NULL);
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(fota_situation_look(&fixture->parts, NULL).ask_takes, ==, cases[i].takes);
    }
}

static const FotaMethod asked_method = {.name = "asked", .route = FOTA_ROUTE_ASKED};

static FotaResult
on_discard(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return FOTA_RESULT_DONE;
}

static const FotaMethod fed_method = {
    .name = "fed", .route = FOTA_ROUTE_FEED, .discard = on_discard};
static const FotaMethod *const methods[] = {&fed_method, &asked_method, NULL};
static const FotaVendor vendor = {.methods = methods};
static gboolean claimed;

const FotaVendor *__wrap_fota_presence_get_vendor(FotaPresence *presence);

const FotaVendor *
__wrap_fota_presence_get_vendor(FotaPresence *presence)
{
    return claimed ? &vendor : NULL;
}

/* An update by @method that has brought @revision, whose service was proven, or lost. */
static void
set_proving(FotaRecord *record, const char *method, const char *revision)
{
    record->mark = FOTA_MARK_PROVING;
    fota_record_set(&record->update_id, "u1");
    fota_record_set(&record->from, OLD);
    fota_record_set(&record->to, revision);
    fota_record_set(&record->revision, revision);
    fota_record_set(&record->service_before, "home connected");
    fota_record_set(&record->began_with, "digest");
    g_hash_table_insert(record->settings, g_strdup(FOTA_JOB_METHOD), g_strdup(method));
}

static void
conclude(Fixture *fixture, const GError *error)
{
    FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_DONE, error);

    end.version = fixture->parts.record->revision;
    fota_closing_end(&fixture->parts, FOTA_ACTION_CONCLUDE, &end);
}

/* What the module asked ends with the proof of its service: it is not answered again, and a
 * manifest's attempts and its hold are as they were. */
static void
test_proven_question(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;

    claimed = TRUE;
    for (guint i = 0; i < 2; i++) {
        const gboolean asked = i == 0;

        set_proving(record, asked ? "asked" : "fed", "30.00.002");
        fota_record_set(&record->question, "#OTAEV: 1");
        fota_record_set(&record->question_approved, "token");
        record->question_heard = 7;
        record->question_answered = 8;
        record->attempts = 2;
        conclude(fixture, NULL);
        g_assert_cmpint(record->mark, ==, FOTA_MARK_NONE);
        g_assert_cmpstr(record->question, ==, asked ? "" : "#OTAEV: 1");
        g_assert_cmpstr(record->question_approved, ==, asked ? "" : "token");
        g_assert_cmpuint(record->attempts, ==, asked ? 2 : 0);
    }
    claimed = FALSE;
}

/* An update at @mark that is put back. */
static void
set_restoring(FotaRecord *record, FotaMark mark)
{
    set_proving(record, "fed", "30.00.002");
    fota_record_set(&record->from, "30.00.002");
    fota_record_set(&record->to, OLD);
    fota_record_set(&record->loss, "it is not registered");
    record->restoring = 1;
    record->mark = mark;
}

static void
end_restore(Fixture *fixture, FotaAction action, FotaResult result, const char *version)
{
    g_autoptr(GError) error =
        g_error_new_literal(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "it refused");
    FotaJobEnd end = fota_closing_make_end(result, error);

    end.version = version;
    fota_closing_end(&fixture->parts, action, &end);
}

/* Only what failed counts as a try of the way back; what had to wait is no try. */
static void
test_back_tries(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;

    claimed = TRUE;
    set_restoring(record, FOTA_MARK_RESTORING);
    for (guint i = 0; i < 5; i++) {
        end_restore(fixture, FOTA_ACTION_RESTORE, FOTA_RESULT_TRY_LATER, "");
        g_assert_cmpint(record->mark, ==, FOTA_MARK_RESTORING);
    }
    for (guint i = 0; i < 2; i++) {
        end_restore(fixture, FOTA_ACTION_RESTORE, FOTA_RESULT_FAILED_FOR_NOW, "");
        g_assert_cmpint(record->mark, ==, FOTA_MARK_RESTORING);
    }
    end_restore(fixture, FOTA_ACTION_RESTORE, FOTA_RESULT_FAILED_FOR_NOW, "");
    g_assert_cmpint(record->mark, !=, FOTA_MARK_RESTORING);
    g_assert_cmpstr(record->unserved_to, ==, "30.00.002");
    claimed = FALSE;
}

/* After a way back that failed, a delta may be left in the module, and no more of it: the next
 * update is an update, and ends as such. */
static void
test_back_failed(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;

    claimed = TRUE;
    set_restoring(record, FOTA_MARK_INSTALLING);
    end_restore(fixture, FOTA_ACTION_RESUME, FOTA_RESULT_FAILED_FOR_GOOD, "30.00.003");
    g_assert_cmpint(record->mark, ==, FOTA_MARK_DISCARDING);
    g_assert_false(record->restoring);
    g_assert_cmpstr(record->loss, ==, "");
    claimed = FALSE;
}

static FotaSupply supply = {.on_mains = -1, .battery = -1};

FotaSupply __wrap_fota_supply_read(const char *directory);

FotaSupply
__wrap_fota_supply_read(const char *directory)
{
    return supply;
}

/* A way back waits for the supply that an update needs, and looks for it as soon. */
static void
test_back_supply(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaSupply supply;
        gboolean restoring, lacks;
    } cases[] = {
        {{.on_mains = 0, .battery = -1}, TRUE, TRUE},
        {{.on_mains = 0, .battery = -1}, FALSE, FALSE},
        {{.on_mains = 1, .battery = -1}, TRUE, FALSE},
        {{.on_mains = -1, .battery = 100}, TRUE, FALSE},
    };
    const FotaParts *parts = &fixture->parts;
    g_autofree char *file = g_build_filename(fixture->directory, "fotad.conf", NULL);

    g_assert_true(g_file_set_contents(file, "[Conditions]\nMainsPower=yes\n", -1, NULL));
    g_clear_pointer(&fixture->context.config, fota_config_unref);
    fixture->context.config = fota_config_load(file, NULL);
    g_assert_nonnull(fixture->context.config);
    set_restoring(parts->record, FOTA_MARK_RESTORING);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%u", i);
        supply = cases[i].supply;
        parts->record->restoring = cases[i].restoring ? 1 : 0;
        g_assert_cmpint(fota_situation_look(parts, NULL).supply_low, ==, cases[i].lacks);
        g_assert_true((fota_situation_get_wait(parts) <= 61) == cases[i].lacks);
    }
    supply = (FotaSupply){.on_mains = -1, .battery = -1};
}

/* A fotad that crashes over the way back gives it up, as any other update. */
static void
test_back_loop(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;
    const FotaHistoryEntry *entry;

    claimed = TRUE;
    set_restoring(record, FOTA_MARK_RESTORING);
    record->starts = FOTA_LOOP_MAX_STARTS;
    fota_start_action(&fixture->parts, FOTA_ACTION_RESTORE);
    g_assert_cmpint(record->mark, ==, FOTA_MARK_NONE);
    g_assert_cmpuint(record->history->len, ==, 1);
    entry = record->history->pdata[0];
    g_assert_cmpstr(entry->result, ==, "no-service");
    g_assert_cmpstr(entry->to, ==, "30.00.002");
    g_assert_nonnull(strstr(entry->text, "fotad was started"));
    claimed = FALSE;
}

/* An update does not begin while the service from which a job, or a restart, took the module has
 * yet to return: else it would be held to less than the module had. */
static void
test_settling(Fixture *fixture, gconstpointer data)
{
    const FotaProofTerms terms = {.wanted = TRUE}, unwanted = {0};
    FotaModemFacts facts = make_facts("package");
    FotaProof *proof = fixture->parts.proof;

    /* It never had one, as far as anybody knows. */
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    facts.enabled = facts.registered = facts.connected = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    /* A job has ended, and ModemManager finds the module again, step by step. */
    fota_proof_look(proof, NULL, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    g_assert_cmpint(fota_proof_get_settled(proof, &unwanted), ==, 0);
    facts.registered = facts.connected = FALSE;
    fota_proof_look(proof, &facts, &terms);
    facts.registered = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    fota_proof_look(proof, NULL, &terms);
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    facts.connected = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    /* A restart while the delta waits in the module. */
    fota_proof_note_before(proof, &terms);
    stop(fixture);
    start(fixture);
    g_assert_cmpint(fota_proof_get_settled(fixture->parts.proof, &terms), >, fota_boot_time());
}

/* One that has just come, or was just enabled, has yet to find its network: what it has is not
 * read yet. What it had before fotad was started is on record. */
static void
test_unread(Fixture *fixture, gconstpointer data)
{
    const FotaProofTerms terms = {.wanted = TRUE};
    FotaModemFacts facts = make_facts("package");
    FotaProof *proof = fixture->parts.proof;

    facts.enabled = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    facts.registered = facts.connected = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    for (guint i = 0; i < 2; i++) {
        stop(fixture);
        start(fixture);
        proof = fixture->parts.proof;
        fota_proof_look(proof, NULL, &terms);
        facts.enabled = facts.registered = facts.connected = i == 1;
        fota_proof_look(proof, &facts, &terms);
        g_assert_cmpint(fota_proof_get_settled(proof, &terms) > fota_boot_time(), ==, i == 0);
    }
    /* An update that has begun without: that is what it has. */
    facts.connected = FALSE;
    fota_proof_look(proof, &facts, &terms);
    fota_proof_note_before(proof, &terms);
    fota_record_set(&fixture->parts.record->service_before, NULL);
    stop(fixture);
    start(fixture);
    fota_proof_look(fixture->parts.proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(fixture->parts.proof, &terms), ==, 0);
}

/* A ModemManager that crashes over the new firmware again and again does not begin the time anew.
 */
static void
test_proof_interrupted(Fixture *fixture, gconstpointer data)
{
    const FotaProofTerms terms = {.wanted = TRUE, .time = 600};
    FotaProof *proof = fixture->parts.proof;
    gint64 began = fota_boot_time(), spent;

    set_proving(fixture->parts.record, "fed", "30.00.002");
    fixture->context.sees_modems = TRUE;
    fota_proof_look(proof, NULL, &terms);
    while (fota_boot_time() < began + 2000)
        ;
    spent = 600 * G_USEC_PER_SEC - fota_proof_judge(proof, &terms).wait;
    g_assert_cmpint(spent, >, 0);
    for (guint i = 0; i < 2; i++) {
        fixture->context.sees_modems = i == 1;
        fota_proof_look(proof, NULL, &terms);
    }
    g_assert_cmpint(600 * G_USEC_PER_SEC - fota_proof_judge(proof, &terms).wait, >=, spent);
    fixture->context.sees_modems = FALSE;
}

/* What is in the module stays known while the host fetches the way back for it; the delta of
 * another step is not taken for it. */
static void
test_open_with_delta(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;
    FotaStep step = {.from_version = OLD, .to_version = "30.00.002"};

    step.delta.uri[0] = "https://x/a";
    fota_keeper_open(fixture->parts.keeper, "u1", &step, OLD);
    record->mark = FOTA_MARK_DOWNLOADED;
    record->started = 7;
    record->stages[FOTA_STAGE_DOWNLOADED] = 8;
    fota_keeper_open(fixture->parts.keeper, "u1", &step, OLD);
    g_assert_cmpint(record->mark, ==, FOTA_MARK_DOWNLOADED);
    g_assert_cmpuint(record->started, ==, 7);
    g_assert_cmpuint(record->stages[FOTA_STAGE_DOWNLOADED], ==, 8);
    step.delta.uri[0] = "https://x/b";
    fota_keeper_open(fixture->parts.keeper, "u1", &step, OLD);
    g_assert_cmpint(record->mark, ==, FOTA_MARK_NONE);
    g_assert_cmpuint(record->stages[FOTA_STAGE_DOWNLOADED], ==, 0);
}

#define BACK "b"
#define DELTA "d"

/* A file of the cache, whole or in part. */
static void
put(Fixture *fixture, const char *key, gboolean whole)
{
    g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "delta", -1);
    g_autofree char *name = g_strconcat(key, ".", whole ? sha256 : "part", NULL);
    g_autofree char *directory = g_build_filename(fixture->directory, "deltas", NULL);
    g_autofree char *file = g_build_filename(directory, name, NULL);

    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, "delta", -1, NULL));
}

/* An update with a way back, which the host has to fetch first. */
static FotaPlan *
make_plan_with_back(void)
{
    FotaManifest *manifest = fota_manifest_make_for_vendor(IMEI);
    const FotaFacts facts = {.imei = IMEI, .revision = OLD, .vendor_version = "30.00.002"};
    FotaPlan *plan = fota_plan_make(manifest, &facts);

    fota_manifest_unref(manifest);
    plan->way_back = TRUE;
    plan->steps[0].delta = (FotaDelta){.uri = {"https://h/d"}, .size = 1000, .sha256 = DELTA};
    plan->steps[0].back = (FotaDelta){.uri = {"https://h/b"}, .size = 100, .sha256 = BACK};
    return plan;
}

/* One that was begun is fetched until it fails: nobody listens. */
static void
fetch(Fixture *fixture)
{
    fixture->context.fetch_socket = (char *)"/nowhere";
    fota_start_action(&fixture->parts, FOTA_ACTION_FETCH);
    while (fixture->owner->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
}

/* What has come of a way back is there after a restart, when there is no plan yet. */
static void
test_way_back_stays(Fixture *fixture, gconstpointer data)
{
    FotaContext *context = &fixture->context;

    context->cache = fota_cache_new(fixture->directory);
    fixture->parts.plan = make_plan_with_back();
    fetch(fixture);
    put(fixture, BACK, FALSE);
    g_clear_pointer(&fixture->parts.plan, fota_plan_free);
    stop(fixture);
    fota_cache_free(context->cache);
    context->cache = fota_cache_new(fixture->directory);
    start(fixture);
    fota_back_claim(&fixture->parts, NULL);
    fota_cache_sweep(context->cache);
    g_assert_cmpuint(fota_cache_get_bytes(context->cache, BACK), ==, 5);
    g_clear_pointer(&context->cache, fota_cache_free);
}

/* What was counted for the way back is not taken for a part of the delta, whoever brings that. */
static void
test_counted(Fixture *fixture, gconstpointer data)
{
    FotaContext *context = &fixture->context;
    FotaRecord *record = fixture->parts.record;

    context->cache = fota_cache_new(fixture->directory);
    fixture->parts.plan = make_plan_with_back();
    fota_cache_claim(context->cache, "a", BACK);
    put(fixture, BACK, TRUE);
    fetch(fixture);
    record->delta_data.counted = 100;
    fetch(fixture);
    g_assert_cmpuint(record->delta_data.counted, ==, 0);
    /* What is there of it stays counted. */
    put(fixture, DELTA, FALSE);
    record->delta_data.counted = 3;
    fetch(fixture);
    g_assert_cmpuint(record->delta_data.counted, ==, 3);
    record->delta_data.counted = 100;
    fetch(fixture);
    g_assert_cmpuint(record->delta_data.counted, ==, 5);
    g_clear_pointer(&fixture->parts.plan, fota_plan_free);
    g_clear_pointer(&context->cache, fota_cache_free);
}

/* A damaged delta is thrown away: the one that was to be handed over, not the other one. */
static void
test_damaged(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaAction action;
        FotaMark mark;
        gboolean delta, back; /* stays */
    } cases[] = {
        {FOTA_ACTION_DOWNLOAD, FOTA_MARK_DOWNLOADING, FALSE, TRUE},
        {FOTA_ACTION_RESTORE, FOTA_MARK_RESTORING, TRUE, FALSE},
        /* What was fetched and is another file is gone already. */
        {FOTA_ACTION_FETCH, FOTA_MARK_FETCHING, TRUE, TRUE},
    };
    FotaContext *context = &fixture->context;
    FotaRecord *record = fixture->parts.record;
    g_autoptr(GError) error = g_error_new_literal(FOTA_ERROR, FOTA_ERROR_BAD_DELTA, "damaged");
    const FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_FAILED_FOR_NOW, error);

    context->cache = fota_cache_new(fixture->directory);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %u", i);
        put(fixture, DELTA, TRUE);
        put(fixture, BACK, TRUE);
        fota_record_set(&record->cached, DELTA);
        fota_record_set(&record->back, BACK);
        record->mark = cases[i].mark;
        record->restoring = cases[i].action == FOTA_ACTION_RESTORE;
        fota_closing_end(&fixture->parts, cases[i].action, &end);
        g_assert_cmpint(fota_cache_has(context->cache, DELTA), ==, cases[i].delta);
        g_assert_cmpint(fota_cache_has(context->cache, BACK), ==, cases[i].back);
    }
    g_clear_pointer(&context->cache, fota_cache_free);
}

static GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Of a module. */
    g_signal_new("changed", G_TYPE_OBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                 G_TYPE_STRING);
    g_signal_new("update-finished", G_TYPE_OBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_VARIANT);
#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    ADD("/closing/inspection", test_inspection);
    ADD("/closing/no-name", test_no_name);
    ADD("/closing/asked", test_asked);
    ADD("/closing/question-shows-offer", test_question_shows_offer);
    ADD("/closing/query", test_query);
    ADD("/closing/question-time", test_question_time);
    ADD("/closing/answer-crosses", test_answer_crosses);
    ADD("/closing/offer-has-gone", test_offer_has_gone);
    ADD("/closing/unsupported", test_unsupported);
    ADD("/closing/question-takes", test_question_takes);
    ADD("/closing/proven-question", test_proven_question);
    ADD("/closing/open-with-delta", test_open_with_delta);
    ADD("/closing/settling", test_settling);
    ADD("/closing/unread", test_unread);
    ADD("/closing/proof-interrupted", test_proof_interrupted);
    ADD("/closing/back-tries", test_back_tries);
    ADD("/closing/back-failed", test_back_failed);
    ADD("/closing/back-loop", test_back_loop);
    ADD("/closing/way-back-stays", test_way_back_stays);
    ADD("/closing/counted", test_counted);
    ADD("/closing/damaged", test_damaged);
    ADD("/closing/back-supply", test_back_supply);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    return g_test_run();
}
