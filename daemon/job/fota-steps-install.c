/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-steps-private.h"

#include "base/fota-wait.h"
#include "daemon/job/fota-session-settings.h"
#include "policy/fota-loop.h"

gboolean
fota_steps_is_wanted(const FotaSteps *steps, const char *version)
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

gboolean
fota_steps_is_proven(const FotaSteps *steps, const char *version)
{
    return fota_steps_is_wanted(steps, version) && !is_dummy(steps);
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
    if (*version != NULL && fota_steps_is_proven(steps, *version)) {
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
                    "the method %s has reported neither a version nor an error",
                    steps->method->name);
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
    if (fota_steps_is_wanted(steps, steps->version) && (!is_dummy(steps) || steps->restarts > 0))
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
        if (!left || fota_steps_is_proven(steps, steps->version))
            return compare(steps, restarts, error);
        fota_session_note(steps->session, "it is back with %s", steps->version);
        /* It may leave again: only of a module that has come to rest a version is an end. */
        g_clear_pointer(&steps->version, g_free);
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
                "the module still restarts, or has not reported its version, after %u restarts: %s",
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
    else if (fota_steps_is_one(steps))
        result = fota_steps_transfer(steps, error);
    else
        result = method->install(steps->session, steps->update, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (method->restarts == FOTA_RESTART_BY_COMMAND)
        return method->restart(steps->session, steps->update, error);
    return method->restarts == FOTA_RESTART_BY_POWER ? restart_by_power(steps, error)
                                                     : FOTA_RESULT_DONE;
}

FotaResult
fota_steps_order(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    guint share = fota_steps_is_one(steps) ? 0 : DOWNLOAD_SHARE;
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

FotaResult
fota_steps_install(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    FotaResult result;

    /* Written with the record that is committed next. */
    if (!fota_session_read_settings(steps->session, steps->settings, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (is_dummy(steps))
        fota_session_remember(steps->session, FOTA_JOB_RESTARTS, "0");
    result = fota_steps_commit(steps, FOTA_MARK_INSTALLING, error);
    return result == FOTA_RESULT_DONE && !steps->stopped ? fota_steps_order(steps, question, error)
                                                         : result;
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
        fota_steps_close(steps, steps->method->questions(steps->session, &question, &refusal));

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

FotaResult
fota_steps_resume(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    const char *restarts = fota_session_recall(steps->session, FOTA_JOB_RESTARTS);
    FotaResult result = fota_steps_inspect(steps, &local_error);

    if (is_dummy(steps) && restarts != NULL)
        steps->restarts = (guint)g_ascii_strtoull(restarts, NULL, 10);
    if (local_error != NULL && !is_of_module(local_error)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return result;
    }
    if (result != FOTA_RESULT_DONE || !fota_steps_is_proven(steps, steps->version)) {
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
