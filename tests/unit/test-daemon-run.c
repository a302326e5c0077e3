/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "daemon/fota-store.h"
#include "daemon/module/fota-run.h"

/* What runs of a module, and what it reports. */

#define IMEI "353081090012345"

static struct {
    const FotaJobListener *listener;
    gpointer user_data;
    guint started;
    FotaAction ended; /* the last one; NONE = none has */
} jobs;

FotaJob *
__wrap_fota_job_start(FotaJobOrder *order, const FotaJobListener *listener, gpointer user_data);
gboolean __wrap_fota_job_cancel(FotaJob *job, gboolean force);
gboolean __wrap_fota_delta_fetch_finish(GAsyncResult *result, guint64 *spent, GError **error);
void __wrap_fota_delta_fetch_async(const FotaDeltaRequest *request, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);

FotaJob *
__wrap_fota_job_start(FotaJobOrder *order, const FotaJobListener *listener, gpointer user_data)
{
    jobs.listener = listener;
    jobs.user_data = user_data;
    jobs.started++;
    fota_job_order_free(order);
    return (FotaJob *)&jobs;
}

static guint cancels;

gboolean
__wrap_fota_job_cancel(FotaJob *job, gboolean force)
{
    cancels++;
    return TRUE;
}

/* It ends when the test has it end. */
static GTask *fetch;

void
__wrap_fota_delta_fetch_async(const FotaDeltaRequest *request, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
    fetch = g_task_new(NULL, NULL, callback, user_data);
}

gboolean
__wrap_fota_delta_fetch_finish(GAsyncResult *result, guint64 *spent, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
on_changed(gpointer object)
{
}

static gboolean
may(FotaMark mark, gpointer object)
{
    return TRUE;
}

static void
on_ended(FotaAction action, const FotaJobEnd *end, gpointer object)
{
    jobs.ended = action;
}

static void
end_job(FotaAction action)
{
    static const char *const nothing[] = {NULL};
    const FotaJobEnd end = {.result = FOTA_RESULT_DONE, .version = "", .differing = nothing};

    jobs.listener->finished(&end, jobs.user_data);
    g_assert_cmpint(jobs.ended, ==, action);
    jobs.ended = FOTA_ACTION_NONE;
}

static void
assert_runs(FotaRun *run, FotaAction action, gboolean has_module)
{
    g_assert_cmpint(fota_run_get_action(run), ==, action);
    g_assert_cmpint(fota_run_has_module(run), ==, has_module);
}

/* While the host fetches, the module is free: what it asks is answered beside that. */
static void
test_answer_beside_fetch(FotaRun *run, FotaKeeper *keeper)
{
    FotaDelta delta = {.size = 10};
    const FotaDeltaRequest request = {.delta = &delta};

    fota_run_fetch(run, &request);
    assert_runs(run, FOTA_ACTION_FETCH, FALSE);
    for (guint i = 0; i < 2; i++) {
        fota_run_start(run, FOTA_ACTION_ANSWER, fota_job_order_new(FOTA_JOB_ANSWER));
        g_assert_cmpuint(jobs.started, ==, i + 1);
        assert_runs(run, FOTA_ACTION_FETCH, TRUE);
        /* An application's cancel is of the fetch. */
        g_assert_cmpuint(cancels, ==, 0);
        if (i == 1)
            break;
        end_job(FOTA_ACTION_ANSWER);
        assert_runs(run, FOTA_ACTION_FETCH, FALSE);
    }
    /* Nothing else begins before the module has its answer. */
    while (fetch == NULL)
        g_main_context_iteration(NULL, TRUE);
    fota_run_cancel(run, FALSE);
    g_task_return_boolean(fetch, TRUE);
    while (jobs.ended != FOTA_ACTION_FETCH)
        g_main_context_iteration(NULL, TRUE);
    g_object_unref(fetch);
    g_assert_cmpuint(cancels, ==, 0);
    assert_runs(run, FOTA_ACTION_ANSWER, TRUE);
    fota_run_cancel(run, TRUE);
    g_assert_cmpuint(cancels, ==, 1);
    end_job(FOTA_ACTION_ANSWER);
    assert_runs(run, FOTA_ACTION_NONE, FALSE);
}

/* It is told at every step of the verification, which began with the first. */
static void
test_verify_stage(FotaRun *run, FotaKeeper *keeper)
{
    static const FotaJobReport verifying = {.kind = FOTA_REPORT_VERIFYING};
    guint64 *verify = &fota_keeper_get_record(keeper)->stages[FOTA_STAGE_VERIFY];

    fota_run_start(run, FOTA_ACTION_INSTALL, fota_job_order_new(FOTA_JOB_INSTALL));
    jobs.listener->report(&verifying, jobs.user_data);
    g_assert_cmpuint(*verify, >, 1);
    *verify = 1;
    jobs.listener->report(&verifying, jobs.user_data);
    g_assert_cmpuint(*verify, ==, 1);
    end_job(FOTA_ACTION_INSTALL);
}

typedef void Test(FotaRun *run, FotaKeeper *keeper);

static void
test_run(gconstpointer data)
{
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    g_autoptr(GObject) object = g_object_new(G_TYPE_OBJECT, NULL);
    const FotaPartOwner owner = {object, on_changed};
    const FotaRunOwner run_owner = {owner, may, on_ended};
    FotaStore *store = fota_store_new(directory, NULL);
    FotaKeeper *keeper = fota_keeper_new(store, fota_store_load(store, IMEI, NULL), &owner);
    FotaRun *run = fota_run_new(keeper, &run_owner);
    g_autofree char *remove = g_strdup_printf("rm -r '%s'", directory);

    ((Test *)data)(run, keeper);
    while (object->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
    fota_run_free(run);
    fota_keeper_free(keeper);
    fota_store_free(store);
    g_assert_true(g_spawn_command_line_sync(remove, NULL, NULL, NULL, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/run/answer-beside-fetch", test_answer_beside_fetch, test_run);
    g_test_add_data_func("/run/verify-stage", test_verify_stage, test_run);
    return g_test_run();
}
