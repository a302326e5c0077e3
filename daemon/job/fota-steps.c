/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-wait.h"
#include "daemon/job/fota-steps.h"

#include <gio/gio.h>

#include "daemon/job/fota-session-settings.h"
#include "policy/fota-csv.h"
#include "policy/fota-loop.h"

/* Shares of the whole update, in percent. The last one is given only when the version is proven. */
#define DOWNLOAD_SHARE 55
#define INSTALL_SHARE 5
#define RESTARTS_SHARE 35

/* What brings the delta in, or the answer to the module's question, is the order to install. */
static gboolean
is_one(const FotaSteps *steps)
{
    return steps->kind == FOTA_JOB_FOLLOW ||
           (steps->kind == FOTA_JOB_UPDATE && steps->method->commit == FOTA_COMMIT_POINT_DOWNLOAD);
}

/* TRY_LATER: the mark is not on disk, and nothing that it names is begun. */
static FotaResult
commit(FotaSteps *steps, FotaMark mark, GError **error)
{
    FotaCommit answer = FOTA_COMMIT_GO;

    if (!steps->commit(mark, &answer, steps->user_data, error))
        return FOTA_RESULT_TRY_LATER;
    steps->stopped = answer == FOTA_COMMIT_STOP &&
                     (mark == FOTA_MARK_DOWNLOADED || mark == FOTA_MARK_INSTALLING) &&
                     steps->kind != FOTA_JOB_RESUME;
    steps->downloaded = steps->downloaded || (steps->stopped && !is_one(steps));
    return FOTA_RESULT_DONE;
}

/* After what a plugin may have opened something for, whatever came of it. */
static FotaResult
steps_close(FotaSteps *steps, FotaResult result)
{
    fota_session_close(steps->session, steps->method);
    return result;
}

static gboolean
is_wanted(const FotaSteps *steps, const char *version)
{
    /* Where the vendor's server decides, anything else than before is what it has decided. */
    if (steps->update->to == NULL)
        return g_strcmp0(version, steps->update->from) != 0;
    return g_strcmp0(version, steps->update->to) == 0;
}

/* A delta that leads to where it begins: the version tells nothing, the restarts do. */
static gboolean
is_dummy(const FotaSteps *steps)
{
    return g_strcmp0(steps->update->from, steps->update->to) == 0;
}

/* The module has what was ordered, and need not come to rest first. */
static gboolean
is_proven(const FotaSteps *steps, const char *version)
{
    return is_wanted(steps, version) && !is_dummy(steps);
}

static FotaResult
inspect(FotaSteps *steps, GError **error)
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

/* Has the delta brought into the module. */
static FotaResult
transfer(FotaSteps *steps, GError **error)
{
    if (steps->method->route != FOTA_ROUTE_FEED)
        return steps->method->download(steps->session, steps->update, error);
    return steps->method->load(steps->session, steps->update, steps->delta, error);
}

static FotaResult
download(FotaSteps *steps, GError **error)
{
    FotaResult result;

    /* There is no delta to hand over, and a load that is begun is not taken back. */
    if (steps->update->rehearsal && steps->method->route == FOTA_ROUTE_FEED)
        return FOTA_RESULT_DONE;
    fota_session_begin_part(steps->session, 0, DOWNLOAD_SHARE);
    result = steps_close(steps, transfer(steps, error));
    if (result == FOTA_RESULT_DONE && steps->method->validate != NULL && !steps->update->rehearsal)
        result = steps_close(steps, steps->method->validate(steps->session, steps->update, error));
    if (result == FOTA_RESULT_DONE && !steps->rehearsal)
        result = commit(steps, FOTA_MARK_DOWNLOADED, error);
    steps->downloaded = result == FOTA_RESULT_DONE && !steps->update->rehearsal;
    return result;
}

/*
 * From the order on, whatever the module says or does not say, only its version tells how the
 * update stands. The other errors are of the way to it: the end of the process, a ModemManager that
 * does not let go of it. They end the job; the mark stays.
 */
static gboolean
is_of_module(const GError *error)
{
    return error->domain == FOTA_MODULE_ERROR;
}

static gboolean
is_definite(FotaResult result)
{
    return result == FOTA_RESULT_FAILED_FOR_GOOD || result == FOTA_RESULT_WRONG_BASE ||
           result == FOTA_RESULT_REFUSED;
}

/* One question. The module's own word that it has failed counts beside a version only. */
static FotaResult
read_outcome(FotaSteps *steps, char **version, GError **error)
{
    FotaResult result = steps->method->outcome(steps->session, steps->update, version, error);

    if (is_definite(result) && *version == NULL)
        steps->method->inspect(steps->session, version, NULL);
    if (*version != NULL && is_proven(steps, *version)) {
        g_clear_error(error);
        return FOTA_RESULT_DONE;
    }
    /* It was not asked to the end: it has just left, or says that it still installs. */
    if (result != FOTA_RESULT_DONE && !is_definite(result))
        g_clear_pointer(version, g_free);
    return result;
}

/*
 * Asks the module that is there now. TRUE: it has told its version, or the job must end. FALSE: it
 * has left, is not ready, or cannot say it; *@reason is why.
 */
static gboolean
ask_outcome(FotaSteps *steps, FotaResult *result, char **reason, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *version = NULL;

    *result = read_outcome(steps, &version, &local_error);
    if (version == NULL && local_error == NULL)
        g_set_error(&local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "the method %s has told neither a version nor why", steps->method->name);
    if (version == NULL && is_of_module(local_error)) {
        fota_session_note(steps->session, "no version: %s", local_error->message);
        g_free(*reason);
        *reason = g_strdup(local_error->message);
        return FALSE;
    }
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    g_free(steps->version);
    steps->version = g_steal_pointer(&version);
    return TRUE;
}

static FotaResult
compare(FotaSteps *steps, guint restarts, GError **error)
{
    if (is_wanted(steps, steps->version) && (!is_dummy(steps) || steps->restarts > 0))
        return FOTA_RESULT_DONE;
    if (g_strcmp0(steps->version, steps->update->from) == 0) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION,
                    "after %u restarts the module still runs %s; it did not take the delta",
                    restarts, steps->version);
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_UNEXPECTED_VERSION,
                "the module now runs %s instead of %s; a manifest with a step from there is needed",
                steps->version, steps->update->to);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/* The order has been answered, and not taken: the module has no reason to leave. */
static gboolean
is_refusal(const GError *answer)
{
    return answer != NULL &&
           !g_error_matches(answer, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT) &&
           !g_error_matches(answer, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
}

/* What a dummy is judged by outlives fotad. */
static void
count_restart(FotaSteps *steps)
{
    g_autofree char *restarts = NULL;

    steps->restarts++;
    if (!is_dummy(steps))
        return;
    restarts = g_strdup_printf("%u", steps->restarts);
    fota_session_remember(steps->session, FOTA_JOB_RESTARTS, restarts);
    fota_session_save(steps->session, NULL);
}

/*
 * MultiTech's steps o to q: the module restarts several times, and answers with its old version in
 * between. Ready as soon as it reports the wanted version; failed when it has not left again for
 * SettleTime and still reports another, or stays away longer than ReturnLimit. A module may come
 * and go unseen while ModemManager probes it, so the restarts are counted for the user, not relied
 * on. @refused: it has not taken the order, and is not waited for until it may leave.
 */
static FotaResult
follow_restarts(FotaSteps *steps, gboolean refused, GError **error)
{
    guint expected = MAX(fota_session_get_number(steps->session, "Restarts"), 1);
    guint away = fota_session_get_number(steps->session, "ReturnLimit");
    guint settle = fota_session_get_number(steps->session, "SettleTime");
    guint leave = fota_session_get_number(steps->session, "LeaveTime");
    guint stays = refused ? settle : MAX(leave, settle);
    gint64 end = fota_boot_time() + (gint64)(away * (expected + 1) + leave) * G_USEC_PER_SEC;
    g_autofree char *reason = g_strdup("it restarts over and over; look at its power supply");
    guint restarts = 0;
    FotaResult result;

    /* What it said before holds no longer: when it never answers again, its version is unknown. */
    g_clear_pointer(&steps->version, g_free);
    while (fota_boot_time() < end) {
        g_autoptr(GError) local_error = NULL;
        gboolean left = fota_session_wait_gone(steps->session, stays, &local_error);

        stays = settle;
        if (local_error != NULL) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        if (left) {
            restarts++;
            count_restart(steps);
            fota_session_note(steps->session, "the module restarts (%u)", restarts);
            if (!fota_loop_allow_restarts(restarts, expected, error))
                return FOTA_RESULT_FAILED_FOR_GOOD;
            if (!fota_session_wait_back(steps->session, away, error))
                return FOTA_RESULT_FAILED_FOR_NOW;
            if (restarts >= expected)
                fota_session_report_verifying(steps->session);
            fota_session_report_progress(steps->session, MIN(restarts * 100 / expected, 100));
        }
        if (!ask_outcome(steps, &result, &reason, error))
            continue;
        if (result != FOTA_RESULT_DONE)
            return result;
        if (!left || is_proven(steps, steps->version))
            return compare(steps, restarts, error);
        fota_session_note(steps->session, "it is back with %s", steps->version);
        /* It may leave again: only of a module that has come to rest a version is an end. */
        g_clear_pointer(&steps->version, g_free);
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
                "the module has not come to rest and told its version after %u restarts: %s",
                restarts, reason);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* Of a module that has come to rest, with whatever version: its restarts were the same. */
static void
restore_settings(FotaSteps *steps)
{
    if (steps->version == NULL)
        return;
    fota_session_report_verifying(steps->session);
    g_strfreev(steps->differing);
    steps->differing = fota_session_restore_settings(steps->session, steps->settings);
}

/*
 * The order has been answered with @refusal, or with nothing. A module that has refused it and is
 * still there with its old version has not installed: then the refusal is why.
 */
static FotaResult
follow_order(FotaSteps *steps, FotaResult refused, const GError *refusal, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    FotaResult result = follow_restarts(steps, is_refusal(refusal), &local_error);

    if (is_refusal(refusal) &&
        g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION)) {
        g_propagate_error(error, g_error_copy(refusal));
        return refused;
    }
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}

/* Off by itself, on by us: the power must not be cut while it still writes. */
static FotaResult
restart_by_power(FotaSteps *steps, GError **error)
{
    guint seconds = MAX(fota_session_get_number(steps->session, "LeaveTime"),
                        fota_session_get_number(steps->session, "SettleTime"));
    g_autoptr(GError) local_error = NULL;

    if (!fota_session_wait_gone(steps->session, seconds, &local_error)) {
        if (local_error == NULL)
            g_set_error(&local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED,
                        "the module has not switched itself off within %u s", seconds);
    } else if (steps->power(steps->user_data, &local_error)) {
        return FOTA_RESULT_DONE;
    }
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* The one order after which the module may install, and what begins its restart. */
static FotaResult
order_send(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    const FotaMethod *method = steps->method;
    FotaResult result = FOTA_RESULT_DONE;

    if (steps->kind == FOTA_JOB_FOLLOW)
        result = method->answer(steps->session, question, FOTA_ANSWER_ACCEPT, 0, error);
    else if (is_one(steps))
        result = transfer(steps, error);
    else
        result = method->install(steps->session, steps->update, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (method->restarts == FOTA_RESTART_BY_COMMAND)
        return method->restart(steps->session, steps->update, error);
    return method->restarts == FOTA_RESTART_BY_POWER ? restart_by_power(steps, error)
                                                     : FOTA_RESULT_DONE;
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

/* The mark is written: the order, and what follows from it. */
static FotaResult
order_follow(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    guint share = is_one(steps) ? 0 : DOWNLOAD_SHARE;
    gint64 start;
    FotaResult result;

    fota_session_begin_part(steps->session, share, DOWNLOAD_SHARE + INSTALL_SHARE - share);
    start = fota_boot_time();
    steps->ordered = TRUE;
    steps->downloaded = FALSE;
    result = order_send(steps, question, &refusal);
    if (refusal != NULL && !is_of_module(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return result;
    }
    if (refusal != NULL)
        fota_session_note(steps->session, "%s; waiting for what it does", refusal->message);
    fota_session_begin_part(steps->session, DOWNLOAD_SHARE + INSTALL_SHARE, RESTARTS_SHARE);
    result = follow_order(steps, result, refusal, error);
    fota_session_report_verifying(steps->session);
    steps->outage = (guint)((fota_boot_time() - start) / G_USEC_PER_SEC);
    restore_settings(steps);
    return result;
}

/* @question: what FOTA_JOB_FOLLOW answers, else NULL. */
static FotaResult
install(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    FotaResult result;

    /* Written with the record that is committed next. */
    if (!fota_session_read_settings(steps->session, steps->settings, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (is_dummy(steps))
        fota_session_remember(steps->session, FOTA_JOB_RESTARTS, "0");
    result = commit(steps, FOTA_MARK_INSTALLING, error);
    return result == FOTA_RESULT_DONE && !steps->stopped ? order_follow(steps, question, error)
                                                         : result;
}

/* Has the module ask its server, where that is wanted, and finds out what it asks. */
static FotaResult
listen(FotaSteps *steps, GError **error)
{
    const FotaMethod *method = steps->method;
    FotaResult result = FOTA_RESULT_DONE;

    if (steps->starts && method->ask != NULL)
        result = steps_close(steps, method->ask(steps->session, &steps->offer, error));
    if (result != FOTA_RESULT_DONE)
        return result;
    return steps_close(steps, method->questions(steps->session, &steps->question, error));
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
    FotaResult result = commit(steps, FOTA_MARK_INSTALLING, error);

    steps->ordered = result == FOTA_RESULT_DONE && !steps->stopped;
    if (!steps->ordered ||
        (inspect(steps, NULL) == FOTA_RESULT_DONE && is_wanted(steps, steps->version)))
        return result;
    return order_follow(steps, &nothing, error);
}

/* What the module asks was approved. */
static FotaResult
follow(FotaSteps *steps, GError **error)
{
    g_auto(FotaQuestion) question = {0};
    FotaResult result =
        steps_close(steps, steps->method->questions(steps->session, &question, error));

    if (result != FOTA_RESULT_DONE)
        return result;
    if (question.kind == FOTA_QUESTION_NONE && question.text == NULL) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED,
                    "the module no longer asks; nothing was changed");
        return FOTA_RESULT_FAILED_FOR_GOOD;
    }
    return install(steps, &question, error);
}

/*
 * fotad may have ended between the order and the command that restarts the module. At rest, with
 * its old version, and without a restart of its own the module still waits for that command, or has
 * no order at all; the command harms neither.
 */
static gboolean
restart_is_missing(const FotaSteps *steps, const GError *error)
{
    return steps->method->restarts == FOTA_RESTART_BY_COMMAND && steps->restarts == 0 &&
           g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION);
}

static FotaResult
restart_once_more(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    FotaResult result;

    fota_session_note(steps->session, "it has not restarted; fotad tells it to once more");
    result = steps->method->restart(steps->session, steps->update, &refusal);
    if (refusal != NULL && !is_of_module(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return result;
    }
    result = follow_order(steps, result, refusal, error);
    /* That it restarted because it was told to says nothing about the order. */
    steps->restarts = 0;
    return result;
}

/* At rest with its old version: of a module that was told yes that is no end, since it fetches its
 * delta for longer than others need to restart. */
static gboolean
may_still_fetch(const FotaSteps *steps, const GError *error)
{
    return steps->method->route == FOTA_ROUTE_ASKED && steps->restarts == 0 &&
           g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION);
}

/* fotad may have ended behind its answer, and gives none again. Unless the module goes on, @result
 * and *@error stay. */
static FotaResult
follow_once_more(FotaSteps *steps, FotaResult result, GError **error)
{
    const FotaQuestion nothing = {.kind = FOTA_QUESTION_NONE};
    g_auto(FotaQuestion) question = {0};
    g_autoptr(GError) refusal = NULL;
    FotaResult asked =
        steps_close(steps, steps->method->questions(steps->session, &question, &refusal));

    if (asked == FOTA_RESULT_DONE && (question.kind != FOTA_QUESTION_NONE || question.text == NULL))
        return result;
    g_clear_error(error);
    if (asked == FOTA_RESULT_DONE) {
        fota_session_note(steps->session, "it goes on: %s", question.text);
        asked = steps->method->answer(steps->session, &nothing, FOTA_ANSWER_ACCEPT, 0, &refusal);
    }
    if (refusal != NULL && !is_of_module(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return asked;
    }
    return follow_order(steps, asked, refusal, error);
}

/* After a restart of fotad: the order may have been given, and is not given again. */
static FotaResult
resume(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    const char *restarts = fota_session_recall(steps->session, FOTA_JOB_RESTARTS);
    FotaResult result = inspect(steps, &local_error);

    if (is_dummy(steps) && restarts != NULL)
        steps->restarts = (guint)g_ascii_strtoull(restarts, NULL, 10);
    if (local_error != NULL && !is_of_module(local_error)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return result;
    }
    if (result != FOTA_RESULT_DONE || !is_proven(steps, steps->version)) {
        fota_session_note(steps->session, "%s %s; waiting whether it still installs",
                          local_error != NULL ? "no version:" : "it runs",
                          local_error != NULL ? local_error->message : steps->version);
        g_clear_error(&local_error);
        fota_session_begin_part(steps->session, DOWNLOAD_SHARE + INSTALL_SHARE, RESTARTS_SHARE);
        result = follow_restarts(steps, FALSE, &local_error);
        if (restart_is_missing(steps, local_error)) {
            g_clear_error(&local_error);
            result = restart_once_more(steps, &local_error);
        }
        if (may_still_fetch(steps, local_error))
            result = follow_once_more(steps, result, &local_error);
        if (local_error != NULL)
            g_propagate_error(error, g_steal_pointer(&local_error));
    }
    restore_settings(steps);
    return result;
}

static FotaResult
fetch_file(FotaSteps *steps, const FotaUpdate *place, GBytes **file, GError **error)
{
    return steps_close(
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
    if (!steps->rehearsal && (steps->kind == FOTA_JOB_UPDATE || steps->kind == FOTA_JOB_FOLLOW))
        fota_session_remember(steps->session, FOTA_JOB_METHOD, steps->method->name);
    if (steps->rehearsal || steps->kind >= G_N_ELEMENTS(marks) ||
        marks[steps->kind] == FOTA_MARK_NONE)
        return FOTA_RESULT_DONE;
    result = commit(steps, marks[steps->kind], &local_error);
    /* What is ordered already is looked at, whether that can be written or not. */
    if (result != FOTA_RESULT_DONE && steps->kind == FOTA_JOB_RESUME) {
        fota_session_note(steps->session, "%s", local_error->message);
        return FOTA_RESULT_DONE;
    }
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}

FotaResult
fota_steps_run(FotaSteps *steps, GError **error)
{
    FotaResult result;

    fota_session_begin_part(steps->session, 0, 0);
    result = commit_start(steps, error);
    if (result != FOTA_RESULT_DONE || steps->stopped)
        return result;
    if (steps->kind == FOTA_JOB_FOLLOW && !steps->approved)
        return follow_module(steps, error);
    if (steps->kind == FOTA_JOB_RESUME) {
        fota_session_report_verifying(steps->session);
        return resume(steps, error);
    }
    result = inspect(steps, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (steps->kind == FOTA_JOB_INSPECT)
        return FOTA_RESULT_DONE;
    if (steps->kind == FOTA_JOB_FETCH)
        return fetch(steps, error);
    if (steps->kind == FOTA_JOB_ASK)
        return steps_close(steps, steps->method->ask(steps->session, &steps->offer, error));
    if (steps->kind == FOTA_JOB_DISCARD)
        return steps_close(steps, steps->method->discard(steps->session, steps->update, error));
    if (steps->kind == FOTA_JOB_LISTEN)
        return listen(steps, error);
    if (steps->kind == FOTA_JOB_ANSWER)
        return answer(steps, steps->method, steps->answer, error);
    if (steps->update->to != NULL && is_proven(steps, steps->version) && !steps->rehearsal)
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
    if (steps->kind == FOTA_JOB_UPDATE && (!is_one(steps) || steps->rehearsal)) {
        result = download(steps, error);
        if (result != FOTA_RESULT_DONE || steps->stopped || steps->rehearsal)
            return result;
        put_question_off(steps);
    }
    return install(steps, NULL, error);
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
