/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-run.h"

#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "policy/fota-policy-error.h"

struct _FotaRun {
    FotaRunOwner owner;
    FotaKeeper *keeper;
    FotaJob *job;
    FotaJob *answer;     /* beside a fetch; NULL = none runs */
    GCancellable *fetch; /* of the host's fetch; NULL = none runs */
    FotaDeltaRequest wanted;
    FotaAction action;
    gboolean verifying;
    gboolean cancelled;
    guint progress;
    gboolean bytes_reported;
    guint64 bytes_first;
    guint64 bytes_received;
    guint64 bytes_total;
    guint64 bytes_spent;
    gint64 began;    /* boot time */
    guint64 started; /* wall clock */
    gint64 hold;     /* boot time */
    guint waits;
    guint discards;
    guint64 charge;
};

FotaRun *
fota_run_new(FotaKeeper *keeper, const FotaRunOwner *owner)
{
    FotaRun *run = g_new0(FotaRun, 1);

    run->owner = *owner;
    run->keeper = keeper;
    return run;
}

void
fota_run_free(FotaRun *run)
{
    g_free(run);
}

static void
run_take_report(const FotaJobReport *report, gpointer user_data)
{
    FotaRun *run = user_data;

    switch (report->kind) {
    case FOTA_REPORT_PROGRESS:
        if (run->action == FOTA_ACTION_CHECK)
            return;
        run->progress = report->percent;
        break;
    case FOTA_REPORT_BYTES:
        if (!run->bytes_reported)
            run->bytes_first = report->bytes.received;
        run->bytes_reported = TRUE;
        run->bytes_received = report->bytes.received;
        run->bytes_total = report->bytes.total;
        if (run->action == FOTA_ACTION_DOWNLOAD)
            fota_keeper_get_record(run->keeper)->received = report->bytes.received;
        break;
    case FOTA_REPORT_VERIFYING:
        run->verifying = TRUE;
        if (fota_keeper_get_record(run->keeper)->stages[FOTA_STAGE_VERIFY] == 0)
            fota_keeper_note_stage(run->keeper, FOTA_STAGE_VERIFY);
        break;
    case FOTA_REPORT_SETTING:
        g_hash_table_insert(fota_keeper_get_record(run->keeper)->settings,
                            g_strdup(report->setting.name), g_strdup(report->setting.value));
        return;
    }
    fota_part_tell(&run->owner.part);
}

/* A download may take hours, so whatever blocks the start of an update blocks its installation. */
static void
run_mark_written(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaRun *run = user_data;
    g_autoptr(GObject) owner = run->owner.part.object;
    g_autoptr(GError) error = NULL;
    FotaCommit answer = FOTA_COMMIT_GO;

    if (fota_keeper_advance_finish(run->keeper, result, &error) &&
        fota_keeper_get_mark(run->keeper) == FOTA_MARK_DOWNLOADED &&
        !run->owner.may_commit(FOTA_MARK_DOWNLOADED, owner))
        answer = FOTA_COMMIT_STOP;
    fota_part_tell(&run->owner.part);
    fota_job_commit_done(run->job, answer, error);
}

static void
run_commit(FotaMark mark, gpointer user_data)
{
    FotaRun *run = user_data;

    if (mark == FOTA_MARK_INSTALLING && !run->owner.may_commit(mark, run->owner.part.object)) {
        fota_job_commit_done(run->job, FOTA_COMMIT_STOP, NULL);
        return;
    }
    if (mark == FOTA_MARK_NONE)
        mark = fota_keeper_get_mark(run->keeper);
    g_object_ref(run->owner.part.object);
    fota_keeper_advance_async(run->keeper, mark, run_mark_written, run);
}

static void
run_finish(const FotaJobEnd *end, gpointer user_data)
{
    FotaRun *run = user_data;
    g_autoptr(GObject) owner = run->owner.part.object;
    FotaAction action = run->action;

    run->job = NULL;
    run->action = FOTA_ACTION_NONE;
    if (end->error != NULL)
        run->progress = 0;
    run->owner.ended(action, end, owner);
}

/* What the module is told while the host fetches is no update: it has no progress, and no mark. */
static void
answer_report(const FotaJobReport *report, gpointer user_data)
{
}

static void
answer_commit(FotaMark mark, gpointer user_data)
{
    FotaRun *run = user_data;
    g_autoptr(GError) error = g_error_new(FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE,
                                          "an answer beside a fetch has nothing to write");

    fota_job_commit_done(run->answer, FOTA_COMMIT_STOP, error);
}

static void
answer_finish(const FotaJobEnd *end, gpointer user_data)
{
    FotaRun *run = user_data;
    g_autoptr(GObject) owner = run->owner.part.object;

    run->answer = NULL;
    run->owner.ended(FOTA_ACTION_ANSWER, end, owner);
}

static void
run_answer(FotaRun *run, FotaJobOrder *order)
{
    static const FotaJobListener listener = {answer_report, answer_commit, answer_finish};

    g_object_ref(run->owner.part.object);
    run->answer = fota_job_start(order, &listener, run);
}

static void
run_begin(FotaRun *run, FotaAction action, guint64 size)
{
    run->action = action;
    run->verifying = action == FOTA_ACTION_RESUME;
    run->cancelled = FALSE;
    run->progress = 0;
    run->bytes_reported = FALSE;
    run->bytes_first = 0;
    run->bytes_received = 0;
    run->bytes_total = size;
    run->bytes_spent = 0;
    run->began = fota_boot_time();
    run->started = (guint64)fota_clock_now();
    g_object_ref(run->owner.part.object);
}

/* A fetch that was cut, but has brought something that stays, goes on later. */
static FotaResult
judge_fetch(FotaRun *run, const GError *error)
{
    if (error == NULL)
        return FOTA_RESULT_DONE;
    if (g_error_matches(error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE) ||
        g_error_matches(error, FOTA_ERROR, FOTA_ERROR_BUSY))
        return FOTA_RESULT_TRY_LATER;
    if (g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED) &&
        run->wanted.delta->sha256 != NULL && run->bytes_received > run->bytes_first)
        return FOTA_RESULT_TRY_LATER;
    if (g_error_matches(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA) ||
        g_error_matches(error, FOTA_ERROR, FOTA_ERROR_BAD_CREDENTIAL) ||
        g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED) ||
        error->domain == FOTA_POLICY_ERROR)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    return FOTA_RESULT_FAILED_FOR_NOW;
}

static void
run_end_fetch(FotaRun *run, const GError *error)
{
    static const char *const nothing[] = {NULL};
    const FotaJobEnd end = {
        .result = judge_fetch(run, error), .error = error, .version = "", .differing = nothing};

    g_clear_object(&run->fetch);
    run_finish(&end, run);
}

static void
run_take_bytes(guint64 received, guint64 total, gpointer user_data)
{
    const FotaJobReport report = {.kind = FOTA_REPORT_BYTES,
                                  .bytes = {.received = received, .total = total}};

    run_take_report(&report, user_data);
}

static void
run_fetched(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaRun *run = user_data;
    g_autoptr(GError) error = NULL;

    fota_delta_fetch_finish(result, &run->bytes_spent, &error);
    run_end_fetch(run, error);
}

static void
run_fetch_marked(GObject *object, GAsyncResult *result, gpointer user_data)
{
    FotaRun *run = user_data;
    g_autoptr(GError) error = NULL;

    if (fota_keeper_advance_finish(run->keeper, result, &error))
        fota_delta_fetch_async(&run->wanted, run->fetch, run_fetched, run);
    else
        run_end_fetch(run, error);
}

/* That the module may hold the delta, or a part of it from an attempt before, stays written. */
void
fota_run_fetch(FotaRun *run, const FotaDeltaRequest *request)
{
    FotaMark mark = fota_keeper_get_mark(run->keeper);
    gboolean held = mark == FOTA_MARK_DOWNLOADING || mark == FOTA_MARK_DOWNLOADED;

    run_begin(run, FOTA_ACTION_FETCH, request->delta->size);
    run->fetch = g_cancellable_new();
    run->wanted = *request;
    run->wanted.progress = run_take_bytes;
    fota_keeper_advance_async(run->keeper, held ? mark : FOTA_MARK_FETCHING, run_fetch_marked, run);
}

void
fota_run_start(FotaRun *run, FotaAction action, FotaJobOrder *order)
{
    static const FotaJobListener listener = {run_take_report, run_commit, run_finish};

    if (run->action == FOTA_ACTION_FETCH) {
        run_answer(run, order);
        return;
    }
    run_begin(run, action, order->update.size);
    run->job = fota_job_start(order, &listener, run);
}

gboolean
fota_run_cancel(FotaRun *run, gboolean force)
{
    if (run->fetch != NULL)
        g_cancellable_cancel(run->fetch);
    if (run->answer != NULL && force)
        fota_job_cancel(run->answer, force);
    if (run->job == NULL)
        return TRUE;
    if (!fota_job_cancel(run->job, force))
        return FALSE;
    run->cancelled = !force;
    return TRUE;
}

void
fota_run_set_guarded(FotaRun *run, gboolean guarded)
{
    if (run->job != NULL)
        fota_job_set_guarded(run->job, guarded);
    if (run->answer != NULL)
        fota_job_set_guarded(run->answer, guarded);
}

FotaAction
fota_run_get_action(FotaRun *run)
{
    return run->action == FOTA_ACTION_NONE && run->answer != NULL ? FOTA_ACTION_ANSWER
                                                                  : run->action;
}

gboolean
fota_run_has_module(FotaRun *run)
{
    FotaAction action = fota_run_get_action(run);

    return run->answer != NULL || (action != FOTA_ACTION_NONE && action != FOTA_ACTION_FETCH);
}

gboolean
fota_run_is_verifying(FotaRun *run)
{
    return run->verifying;
}

gboolean
fota_run_was_cancelled(FotaRun *run)
{
    return run->cancelled;
}

guint
fota_run_get_progress(FotaRun *run)
{
    return run->progress;
}

guint64
fota_run_get_bytes_received(FotaRun *run)
{
    return run->bytes_received;
}

guint64
fota_run_get_bytes_first(FotaRun *run)
{
    return run->bytes_first;
}

guint64
fota_run_get_bytes_spent(FotaRun *run)
{
    return run->bytes_spent;
}

guint64
fota_run_get_bytes_total(FotaRun *run)
{
    return run->bytes_total;
}

guint64
fota_run_get_started(FotaRun *run)
{
    return run->started;
}

guint64
fota_run_get_seconds(FotaRun *run)
{
    return (guint64)(fota_boot_time() - run->began) / G_USEC_PER_SEC;
}

void
fota_run_set_progress(FotaRun *run, guint percent)
{
    run->progress = percent;
}

void
fota_run_hold(FotaRun *run, guint seconds, guint waits)
{
    run->hold = seconds > 0 ? fota_boot_time() + (gint64)seconds * G_USEC_PER_SEC : 0;
    run->waits = waits;
}

guint
fota_run_get_waits(FotaRun *run)
{
    return run->waits;
}

gint64
fota_run_get_hold(FotaRun *run)
{
    return run->hold;
}

void
fota_run_set_discards(FotaRun *run, guint discards)
{
    run->discards = discards;
}

guint
fota_run_get_discards(FotaRun *run)
{
    return run->discards;
}

void
fota_run_set_charge(FotaRun *run, guint64 bytes)
{
    run->charge = bytes;
}

guint64
fota_run_get_charge(FotaRun *run)
{
    return run->charge;
}
