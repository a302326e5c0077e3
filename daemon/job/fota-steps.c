/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-steps-private.h"

#include "daemon/job/fota-session-settings.h"
#include "policy/fota-csv.h"

gboolean
fota_steps_is_one(const FotaSteps *steps)
{
    return steps->kind == FOTA_JOB_FOLLOW ||
           (steps->kind == FOTA_JOB_UPDATE && steps->method->commit == FOTA_COMMIT_POINT_DOWNLOAD);
}

FotaResult
fota_steps_commit(FotaSteps *steps, FotaMark mark, GError **error)
{
    FotaCommit answer = FOTA_COMMIT_GO;

    if (!steps->commit(mark, &answer, steps->user_data, error))
        return FOTA_RESULT_TRY_LATER;
    steps->stopped = answer == FOTA_COMMIT_STOP &&
                     (mark == FOTA_MARK_DOWNLOADED || mark == FOTA_MARK_INSTALLING) &&
                     steps->kind != FOTA_JOB_RESUME;
    steps->downloaded = steps->downloaded || (steps->stopped && !fota_steps_is_one(steps));
    return FOTA_RESULT_DONE;
}

FotaResult
fota_steps_close(FotaSteps *steps, FotaResult result)
{
    fota_session_close(steps->session, steps->method);
    return result;
}

FotaResult
fota_steps_inspect(FotaSteps *steps, GError **error)
{
    g_clear_pointer(&steps->version, g_free);
    return steps->method->inspect(steps->session, &steps->version, error);
}

static FotaResult
check_base(FotaSteps *steps, GError **error)
{
    if (g_strcmp0(steps->version, steps->update->from) == 0)
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_WRONG_BASE,
                "the module runs %s, the delta is for %s; nothing was changed", steps->version,
                steps->update->from);
    return FOTA_RESULT_WRONG_BASE;
}

/* On disk, with the mark already where there is one: the next start of fotad has the module answer
 * again, whatever has become of the update. */
static gboolean
note_transfer(FotaSteps *steps, GError **error)
{
    if (g_strcmp0(fota_session_recall(steps->session, FOTA_JOB_TRANSFER), "1") == 0)
        return TRUE;
    fota_session_remember(steps->session, FOTA_JOB_TRANSFER, "1");
    return fota_session_save(steps->session, error);
}

FotaResult
fota_steps_transfer(FotaSteps *steps, GError **error)
{
    FotaResult result;

    if (!note_transfer(steps, error))
        return FOTA_RESULT_TRY_LATER;
    if (steps->method->route != FOTA_ROUTE_FEED)
        result = steps->method->download(steps->session, steps->update, error);
    else
        result = steps->method->load(steps->session, steps->update, steps->delta, error);
    if (result == FOTA_RESULT_DONE)
        fota_session_remember(steps->session, FOTA_JOB_TRANSFER, "");
    return result;
}

static FotaResult
download(FotaSteps *steps, GError **error)
{
    FotaResult result;

    /* There is no delta to hand over, and a load that is begun is not taken back. */
    if (steps->update->rehearsal && steps->method->route == FOTA_ROUTE_FEED)
        return FOTA_RESULT_DONE;
    fota_session_begin_part(steps->session, 0, DOWNLOAD_SHARE);
    result = fota_steps_close(steps, fota_steps_transfer(steps, error));
    if (result == FOTA_RESULT_DONE && steps->method->validate != NULL && !steps->update->rehearsal)
        result =
            fota_steps_close(steps, steps->method->validate(steps->session, steps->update, error));
    if (result == FOTA_RESULT_DONE && !steps->rehearsal)
        result = fota_steps_commit(steps, FOTA_MARK_DOWNLOADED, error);
    steps->downloaded = result == FOTA_RESULT_DONE && !steps->update->rehearsal;
    return result;
}

/* Where no method fits the plan, or the one of the record is no longer there, it is another one. */
static gboolean
check_method(FotaSteps *steps, GError **error)
{
    const FotaMethod *method = steps->method;
    gboolean can = steps->kind == FOTA_JOB_INSTALL  ? method->install != NULL
                   : steps->kind != FOTA_JOB_UPDATE ? TRUE
                   : method->route != FOTA_ROUTE_FEED
                       ? method->download != NULL
                       : steps->delta >= 0 || steps->update->rehearsal;

    if (!can)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                    "the method %s of this module cannot %s; nothing was changed", method->name,
                    steps->kind == FOTA_JOB_INSTALL    ? "install what another one has downloaded"
                    : method->route == FOTA_ROUTE_FEED ? "be fed: the host has no delta for it"
                                                       : "download what the manifest names");
    return can;
}

/* Before anything is ordered, through the descriptor that the module is fed from. */
static gboolean
check_delta(FotaSteps *steps, GError **error)
{
    return steps->kind != FOTA_JOB_UPDATE || steps->delta < 0 || steps->verify == NULL ||
           steps->verify(steps->user_data, error);
}

static gboolean
check_power(FotaSteps *steps, GError **error)
{
    if (steps->method->restarts != FOTA_RESTART_BY_POWER || steps->power != NULL)
        return TRUE;
    g_set_error(
        error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
        "this module must be switched off and on to install; set PowerCycle= in [FirstAid]");
    return FALSE;
}

/* Has the module ask its server, where that is wanted, and finds out what it asks. */
static FotaResult
listen(FotaSteps *steps, GError **error)
{
    const FotaMethod *method = steps->method;
    FotaResult result = FOTA_RESULT_DONE;

    if (steps->starts && method->ask != NULL)
        result = fota_steps_close(steps, method->ask(steps->session, &steps->offer, error));
    if (result != FOTA_RESULT_DONE)
        return result;
    return fota_steps_close(steps, method->questions(steps->session, &steps->question, error));
}

/* No, or not yet; nothing where the module no longer asks, or has begun: that is kept. */
static FotaResult
answer(FotaSteps *steps, const FotaMethod *method, FotaAnswer what, GError **error)
{
    g_auto(FotaQuestion) question = {0};
    FotaResult result = method->questions(steps->session, &question, error);

    fota_session_close(steps->session, method);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (question.kind == FOTA_QUESTION_NONE) {
        fota_question_clear(&steps->question);
        steps->question = question;
        question = (FotaQuestion){0};
        return FOTA_RESULT_DONE;
    }
    result = method->answer(steps->session, &question, what, 0, error);
    fota_session_close(steps->session, method);
    return result;
}

/* While an update of ours is under way, the module is told to ask later, where it knows that. */
static void
put_question_off(FotaSteps *steps)
{
    g_autoptr(GError) error = NULL;

    if (steps->asked != NULL &&
        answer(steps, steps->asked, FOTA_ANSWER_LATER, &error) != FOTA_RESULT_DONE)
        fota_session_note(steps->session, "%s; the update goes on", error->message);
}

/* The module has begun without asking: it may leave at any moment, or be through already. */
static FotaResult
follow_module(FotaSteps *steps, GError **error)
{
    const FotaQuestion nothing = {.kind = FOTA_QUESTION_NONE};
    FotaResult result = fota_steps_commit(steps, FOTA_MARK_INSTALLING, error);

    steps->ordered = result == FOTA_RESULT_DONE && !steps->stopped;
    if (!steps->ordered || (fota_steps_inspect(steps, NULL) == FOTA_RESULT_DONE &&
                            fota_steps_is_wanted(steps, steps->version)))
        return result;
    return fota_steps_order(steps, &nothing, error);
}

/* What the module asks now, or does without asking. */
static FotaResult
find_question(FotaSteps *steps, FotaQuestion *question, GError **error)
{
    FotaResult result =
        fota_steps_close(steps, steps->method->questions(steps->session, question, error));

    if (result != FOTA_RESULT_DONE || question->kind != FOTA_QUESTION_NONE ||
        question->text != NULL)
        return result;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED,
                "the module no longer asks; nothing was changed");
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/*
 * The first of two answers is no order, and ends with the next question. What is read of the
 * settings is written with it, since a module may install without that question.
 */
static FotaResult
follow_download(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    FotaSession *session = steps->session;
    g_autoptr(GError) local_error = NULL;
    FotaResult result = fota_session_read_settings(session, steps->settings, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    fota_session_begin_part(session, 0, DOWNLOAD_SHARE);
    result = fota_steps_close(
        steps, steps->method->answer(session, question, FOTA_ANSWER_ACCEPT, 0, &local_error));
    if (result == FOTA_RESULT_DONE) {
        if (fota_session_get_question(session) != NULL)
            fota_session_put_heard(session, fota_session_get_question(session));
        result = find_question(steps, &steps->question, &local_error);
    }
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE) ||
        (result == FOTA_RESULT_DONE && steps->question.kind == FOTA_QUESTION_NONE))
        return follow_module(steps, error);
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}

/* What was approved; something else that the module asks meanwhile ends it as the next question. */
static FotaResult
follow(FotaSteps *steps, GError **error)
{
    g_auto(FotaQuestion) question = {0};
    FotaResult result = find_question(steps, &question, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    if (question.kind != FOTA_QUESTION_NONE && question.kind != steps->approved) {
        steps->question = question;
        question = (FotaQuestion){0};
        return FOTA_RESULT_DONE;
    }
    return question.kind == FOTA_QUESTION_DOWNLOAD_FIRST
               ? follow_download(steps, &question, error)
               : fota_steps_install(steps, &question, error);
}

static FotaResult
fetch_file(FotaSteps *steps, const FotaUpdate *place, GBytes **file, GError **error)
{
    return fota_steps_close(
        steps, steps->method->fetch(steps->session, place, FOTA_MANIFEST_MAX_BYTES, file, error));
}

/* The file, with what is in its .minisig in front where that is wanted and there is one. */
static FotaResult
fetch(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autoptr(GBytes) file = NULL;
    g_autoptr(GBytes) minisig = NULL;
    g_autofree char *path = g_strconcat(steps->update->path, FOTA_CSV_SIGNATURE, NULL);
    FotaUpdate beside = *steps->update;
    FotaResult result = fetch_file(steps, steps->update, &file, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    beside.path = path;
    if (steps->with_signature)
        result = fetch_file(steps, &beside, &minisig, &local_error);
    if (result != FOTA_RESULT_DONE &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return result;
    }
    steps->contents = fota_csv_join(file, minisig);
    return FOTA_RESULT_DONE;
}

/*
 * That this update has been begun once more is written down before the module is asked anything:
 * what comes may end fotad, over and over (policy/fota-loop.h).
 */
static FotaResult
commit_start(FotaSteps *steps, GError **error)
{
    static const FotaMark marks[] = {
        [FOTA_JOB_UPDATE] = FOTA_MARK_DOWNLOADING,
        [FOTA_JOB_INSTALL] = FOTA_MARK_DOWNLOADED,
        [FOTA_JOB_RESUME] = FOTA_MARK_INSTALLING,
        [FOTA_JOB_DISCARD] = FOTA_MARK_DISCARDING,
    };
    g_autoptr(GError) local_error = NULL;
    FotaResult result;

    /* Written with the mark, for the jobs that go on with this update. */
    if (steps->kind == FOTA_JOB_UPDATE || steps->kind == FOTA_JOB_FOLLOW)
        fota_session_remember(steps->session, FOTA_JOB_METHOD, steps->method->name);
    if (steps->rehearsal || steps->kind >= G_N_ELEMENTS(marks) ||
        marks[steps->kind] == FOTA_MARK_NONE)
        return FOTA_RESULT_DONE;
    if (steps->kind == FOTA_JOB_UPDATE)
        fota_session_remember(steps->session, FOTA_JOB_TRANSFER, "1");
    result = fota_steps_commit(steps, marks[steps->kind], &local_error);
    /* What is ordered already is looked at, whether that can be written or not. */
    if (result != FOTA_RESULT_DONE && steps->kind == FOTA_JOB_RESUME) {
        fota_session_note(steps->session, "%s", local_error->message);
        return FOTA_RESULT_DONE;
    }
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}

static FotaResult
take_steps(FotaSteps *steps, GError **error)
{
    FotaResult result;

    fota_session_begin_part(steps->session, 0, 0);
    result = commit_start(steps, error);
    if (result != FOTA_RESULT_DONE || steps->stopped)
        return result;
    if (steps->kind == FOTA_JOB_FOLLOW && steps->approved == FOTA_QUESTION_NONE)
        return follow_module(steps, error);
    if (steps->kind == FOTA_JOB_RESUME) {
        fota_session_report_verifying(steps->session);
        return fota_steps_resume(steps, error);
    }
    result = fota_steps_inspect(steps, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (steps->kind == FOTA_JOB_INSPECT || steps->kind == FOTA_JOB_ROUSE)
        return FOTA_RESULT_DONE;
    if (steps->kind == FOTA_JOB_FETCH)
        return fetch(steps, error);
    if (steps->kind == FOTA_JOB_ASK)
        return fota_steps_close(steps, steps->method->ask(steps->session, &steps->offer, error));
    if (steps->kind == FOTA_JOB_DISCARD)
        return fota_steps_close(steps,
                                steps->method->discard(steps->session, steps->update, error));
    if (steps->kind == FOTA_JOB_UNDO)
        return fota_steps_close(steps, FOTA_RESULT_DONE);
    if (steps->kind == FOTA_JOB_LISTEN)
        return listen(steps, error);
    if (steps->kind == FOTA_JOB_ANSWER)
        return answer(steps, steps->method, steps->answer, error);
    if (steps->update->to != NULL && fota_steps_is_proven(steps, steps->version) &&
        !steps->rehearsal)
        return FOTA_RESULT_DONE;
    result = check_base(steps, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (!check_method(steps, error) || !check_power(steps, error))
        return FOTA_RESULT_FAILED_FOR_GOOD;
    if (!check_delta(steps, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (steps->kind == FOTA_JOB_FOLLOW)
        return follow(steps, error);
    if (steps->kind == FOTA_JOB_UPDATE && (!fota_steps_is_one(steps) || steps->rehearsal)) {
        result = download(steps, error);
        if (result != FOTA_RESULT_DONE || steps->stopped || steps->rehearsal)
            return result;
        put_question_off(steps);
    }
    return fota_steps_install(steps, NULL, error);
}

/* Of a module that may be installing and was not asked to the end, what was read before is no
 * version that ends it. */
FotaResult
fota_steps_run(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    FotaResult result = take_steps(steps, &local_error);

    if (local_error == NULL)
        return result;
    if ((steps->ordered || steps->kind == FOTA_JOB_RESUME) &&
        !fota_steps_is_of_module(local_error))
        g_clear_pointer(&steps->version, g_free);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}

void
fota_steps_clear(FotaSteps *steps)
{
    g_clear_pointer(&steps->version, g_free);
    g_clear_pointer(&steps->differing, g_strfreev);
    fota_vendor_offer_clear(&steps->offer);
    fota_question_clear(&steps->question);
    g_clear_pointer(&steps->contents, g_bytes_unref);
}
