/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-clock.h"
#include "daemon/fota-cache.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-start.h"
#include "policy/fota-policy-error.h"
#include "tests/unit/test-daemon-parts.h"

/* What a job and its end leave behind: in the record, in the cache, and for the next decision. */

static const FotaVendor *vendor; /* of the module, NULL = none claims it */

const FotaVendor *__wrap_fota_presence_get_vendor(FotaPresence *presence);

const FotaVendor *
__wrap_fota_presence_get_vendor(FotaPresence *presence)
{
    return vendor;
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

    fixture_see(fixture, "package");
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
        fixture_stop(fixture);
        fixture_start(fixture);
        fixture_see(fixture, "package");
        g_assert_false(fota_presence_was_told(fixture->parts.presence));
    }
    inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
    g_assert_true(fota_presence_was_told(fixture->parts.presence));
    g_assert_cmpstr(fixture->parts.record->revision, ==, OLD);
    fixture_stop(fixture);
    fixture_start(fixture);
    fixture_see(fixture, "package");
    g_assert_true(fota_presence_was_told(fixture->parts.presence));
    g_assert_cmpstr(fixture->parts.record->revision, ==, OLD);
    /* Another name for it: what was told is of another firmware, perhaps. */
    fixture_see(fixture, "package 2");
    g_assert_false(fota_presence_was_told(fixture->parts.presence));
}

/* ModemManager may have no name for the firmware: that is not what the module has told. */
static void
test_no_name(Fixture *fixture, gconstpointer data)
{
    FotaPresence *presence = fixture->parts.presence;

    fixture_see(fixture, "");
    g_assert_false(fota_presence_was_told(presence));
    inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
    g_assert_true(fota_presence_was_told(presence));
    fixture_see(fixture, "package");
    g_assert_false(fota_presence_was_told(presence));
    g_assert_cmpstr(fixture->parts.record->revision, ==, "package");
    fixture_see(fixture, "");
    g_assert_false(fota_presence_was_told(presence));
    fixture_see(fixture, "package");
    inspect(fixture, FOTA_RESULT_DONE, OLD, NULL);
    /* There and back: the name is the old one again, but nobody has asked what it runs now. */
    fixture_see(fixture, "package 2");
    fixture_see(fixture, "package");
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

    fixture_see(fixture, "package");
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GAsyncResult) result = NULL;
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;
        gint64 hold;

        fota_shown_set_error(parts->shown, last);
        fota_run_hold(parts->run, 3600, 3);
        hold = fota_run_get_hold(parts->run);
        fota_presence_ask_version_async(parts->presence, NULL, fixture_take_result, &result);
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

/* Another version in the middle of an update is the module's own doing, if it had the delta. */
static void
test_other_version(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaMark before, after;
    } cases[] = {
        {FOTA_MARK_NONE, FOTA_MARK_NONE},
        {FOTA_MARK_FETCHING, FOTA_MARK_FETCHING},
        {FOTA_MARK_DOWNLOADING, FOTA_MARK_INSTALLING},
        {FOTA_MARK_DOWNLOADED, FOTA_MARK_INSTALLING},
        {FOTA_MARK_DISCARDING, FOTA_MARK_INSTALLING},
        {FOTA_MARK_PROVING, FOTA_MARK_INSTALLING},
        {FOTA_MARK_RESTORING, FOTA_MARK_INSTALLING},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        fixture->parts.record->mark = FOTA_MARK_NONE;
        fixture_see(fixture, OLD);
        fixture->parts.record->mark = cases[i].before;
        fixture_see(fixture, OLD);
        g_assert_cmpint(fixture->parts.record->mark, ==, cases[i].before);
        fixture_see(fixture, "30.00.003");
        g_assert_cmpint(fixture->parts.record->mark, ==, cases[i].after);
    }
    fixture->parts.record->mark = FOTA_MARK_NONE;
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

/* A stage is passed once, whatever else writes its mark; another order passes its stages anew, and
 * the way back none. */
static void
test_stages(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaMark before, mark;
        gboolean restoring;
        guint64 downloaded, install, verify; /* 0, 1 = as it was, 2 = now */
    } cases[] = {
        {FOTA_MARK_DOWNLOADING, FOTA_MARK_DOWNLOADED, FALSE, 2, 1, 1},
        {FOTA_MARK_DOWNLOADED, FOTA_MARK_DOWNLOADED, FALSE, 1, 1, 1},
        {FOTA_MARK_DOWNLOADED, FOTA_MARK_INSTALLING, FALSE, 1, 2, 0},
        {FOTA_MARK_INSTALLING, FOTA_MARK_INSTALLING, FALSE, 1, 1, 1},
        {FOTA_MARK_DOWNLOADING, FOTA_MARK_DOWNLOADED, TRUE, 1, 1, 1},
        {FOTA_MARK_DOWNLOADED, FOTA_MARK_INSTALLING, TRUE, 1, 1, 1},
    };
    FotaRecord *record = fixture->parts.record;
    guint64 *stages = record->stages;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GAsyncResult) result = NULL;

        record->mark = cases[i].before;
        record->restoring = cases[i].restoring;
        for (FotaStage stage = 0; stage < FOTA_N_STAGES; stage++)
            stages[stage] = 1;
        fota_keeper_advance_async(fixture->parts.keeper, cases[i].mark, fixture_take_result,
                                  &result);
        while (result == NULL)
            g_main_context_iteration(NULL, TRUE);
        g_assert_true(fota_keeper_advance_finish(fixture->parts.keeper, result, NULL));
        g_assert_cmpuint(MIN(stages[FOTA_STAGE_DOWNLOADED], 2), ==, cases[i].downloaded);
        g_assert_cmpuint(MIN(stages[FOTA_STAGE_INSTALL], 2), ==, cases[i].install);
        g_assert_cmpuint(stages[FOTA_STAGE_VERIFY], ==, cases[i].verify);
    }
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
    fixture_stop(fixture);
    fota_cache_free(context->cache);
    context->cache = fota_cache_new(fixture->directory);
    fixture_start(fixture);
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

static const FotaMethod feed = {.size = sizeof(FotaMethod), .name = "feed"};
static const FotaMethod *const methods[] = {&feed, NULL};
static const FotaPlugin plugin = {.name = "test"};

/* A fotad that was killed may have left it in a transfer: it is looked after although ModemManager
 * does not show it, whatever has become of the update. */
static void
test_left_in_transfer(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaMark mark;
        gboolean cancelled;
    } cases[] = {
        {FOTA_MARK_DOWNLOADING, FALSE},
        {FOTA_MARK_DOWNLOADING, TRUE},
        {FOTA_MARK_NONE, FALSE}, /* a rehearsal */
    };
    const FotaVendor known = {.table = &plugin, .methods = methods};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaRecord *record = fixture->parts.record;

        g_test_message("case %u", i);
        fixture_see(fixture, OLD);
        record->mark = cases[i].mark;
        fota_record_set(&record->cancelled, cases[i].cancelled ? "token" : NULL);
        g_hash_table_insert(record->settings, g_strdup(FOTA_JOB_TRANSFER), g_strdup("1"));
        fixture_stop(fixture);
        fixture_start(fixture);
        vendor = &known;
        fixture->context.sees_modems = TRUE;
        if (cases[i].cancelled)
            fota_start_action(&fixture->parts, FOTA_ACTION_CLOSE);
        g_assert_cmpuint(fota_situation_get_wait(&fixture->parts), <=, FOTA_ROUSE_SECONDS + 1);
        /* It was shown once more, and is away for another reason. */
        fota_record_end_transfer(fixture->parts.record);
        g_assert_cmpuint(fota_situation_get_wait(&fixture->parts), >, FOTA_ROUSE_SECONDS + 1);
        vendor = NULL;
    }
    fixture->parts.record->mark = FOTA_MARK_NONE;
}

/* What was said of a module that was not there holds no longer than that. */
static void
test_back_again(Fixture *fixture, gconstpointer data)
{
    static const FotaAction actions[] = {FOTA_ACTION_POWER_ON, FOTA_ACTION_ROUSE};

    for (guint i = 0; i < G_N_ELEMENTS(actions); i++) {
        g_autoptr(GError) error =
            g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "silent");
        FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_FAILED_FOR_NOW, error);

        fota_closing_end(&fixture->parts, actions[i], &end);
        g_assert_cmpstr(fota_shown_get_error_name(fixture->parts.shown), ==, "ModuleSilent");
        end = fota_closing_make_end(FOTA_RESULT_DONE, NULL);
        fota_closing_end(&fixture->parts, actions[i], &end);
        g_assert_cmpstr(fota_shown_get_error_name(fixture->parts.shown), ==, "");
    }
}

/* A check through the module that an application asks for waits for the others of its gateway, as
 * one that is due does. */
static void
test_check_waits(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *limits;
        guint working;
        gboolean waits;
    } cases[] = {{"", 1, TRUE}, {"[Limits]\nAtOnce=2\n", 1, FALSE}, {"", 0, FALSE}};
    const FotaVendor known = {.table = &plugin, .methods = methods};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat("[Manifest]\nUri=https://fota.example/m.signed\n"
                                            "Fetch=module\n",
                                            cases[i].limits, NULL);
        gint64 next;

        g_test_message("case %u", i);
        fixture_configure(fixture, text);
        fixture_see(fixture, OLD);
        vendor = &known;
        fixture->context.jobs = cases[i].working;
        fota_start_action(&fixture->parts, FOTA_ACTION_CHECK);
        next = (gint64)fota_poller_get_next_check(fixture->parts.poller);
        /* One that begins fails, since the method that was chosen cannot read a file. */
        g_assert_cmpint(next != 0 && next <= fota_clock_now(), ==, cases[i].waits);
        vendor = NULL;
    }
    fixture->context.jobs = 0;
}

int
main(int argc, char **argv)
{
    fixture_init(&argc, &argv);
    FIXTURE_ADD("/closing/inspection", test_inspection);
    FIXTURE_ADD("/closing/no-name", test_no_name);
    FIXTURE_ADD("/closing/asked", test_asked);
    FIXTURE_ADD("/closing/other-version", test_other_version);
    FIXTURE_ADD("/closing/open-with-delta", test_open_with_delta);
    FIXTURE_ADD("/closing/stages", test_stages);
    FIXTURE_ADD("/closing/way-back-stays", test_way_back_stays);
    FIXTURE_ADD("/closing/counted", test_counted);
    FIXTURE_ADD("/closing/damaged", test_damaged);
    FIXTURE_ADD("/closing/left-in-transfer", test_left_in_transfer);
    FIXTURE_ADD("/closing/back-again", test_back_again);
    FIXTURE_ADD("/closing/check-waits", test_check_waits);
    return g_test_run();
}
