/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-steps-private.h"

#include <string.h>

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
    if (refusal != NULL && !fota_steps_is_of_module(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return result;
    }
    result = fota_steps_follow_order(steps, result, refusal, error);
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

/* How often a module that rests with its old version is asked whether it has begun, each time after
 * it has stayed: together for as long as the restarts of an update may take. */
static guint
count_rests(const FotaSteps *steps)
{
    guint settle = fota_session_get_number(steps->session, "SettleTime");
    guint leave = fota_session_get_number(steps->session, "LeaveTime");

    return fota_steps_get_limit(steps) / MAX(MAX(settle, leave), 1);
}

/* It says that it has begun, or has ended in vain: that is followed, as if it had been told just
 * now. */
static FotaResult
follow_begun(FotaSteps *steps, const char *says, GError **error)
{
    const FotaQuestion nothing = {.kind = FOTA_QUESTION_NONE};
    g_autoptr(GError) refusal = NULL;
    FotaResult result;

    fota_session_note(steps->session, "it says: %s", says);
    result = steps->method->answer(steps->session, &nothing, FOTA_ANSWER_ACCEPT, 0, &refusal);
    if (refusal != NULL && !fota_steps_is_of_module(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return result;
    }
    return fota_steps_follow_order(steps, result, refusal, error);
}

/*
 * From the mark on the answer may have been yes, and fotad gives none again unless the module asks
 * again: that is told by steps->question. A module that does neither for long has been told too
 * late, or nothing.
 */
static FotaResult
follow_once_more(FotaSteps *steps, FotaResult result, GError **error)
{
    for (guint rests = count_rests(steps); may_still_fetch(steps, *error); rests--) {
        g_autoptr(GError) refusal = NULL;
        const char *failure;

        fota_question_clear(&steps->question);
        fota_steps_close(steps,
                         steps->method->questions(steps->session, &steps->question, &refusal));
        if (steps->question.kind != FOTA_QUESTION_NONE)
            return result;
        g_clear_error(error);
        if (refusal != NULL && !fota_steps_is_of_module(refusal)) {
            g_propagate_error(error, g_steal_pointer(&refusal));
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        failure = fota_session_get_failure(steps->session);
        if (failure != NULL) /* which the plugin can tell */
            fota_session_put_heard(steps->session, failure);
        if (failure != NULL || steps->question.text != NULL)
            return follow_begun(steps, failure != NULL ? failure : steps->question.text, error);
        if (rests == 0) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED,
                        "fotad ended while it told the module yes; the module begins nothing, and "
                        "does not ask again");
            return FOTA_RESULT_FAILED_FOR_GOOD;
        }
        result = fota_steps_follow_restarts(steps, FALSE, error);
    }
    return result;
}

/* The restarts of a dummy that an earlier fotad has seen, or nobody. FALSE: nothing tells. */
static gboolean
recall_restarts(FotaSteps *steps)
{
    const char *restarts = fota_session_recall(steps->session, FOTA_JOB_RESTARTS);
    const char *before = fota_session_recall(steps->session, FOTA_JOB_RETURN);
    g_autofree char *now = fota_steps_name_return(steps);
    gboolean told = now != NULL && before != NULL && before[0] != '\0';

    if (restarts != NULL)
        steps->restarts = (guint)g_ascii_strtoull(restarts, NULL, 10);
    if (steps->restarts == 0 && told && strcmp(before, now) != 0)
        steps->restarts = 1;
    return told || steps->restarts > 0;
}

/* It rests with the version that it has in any case: where nothing tells whether it has restarted,
 * the order is not given once more. */
static FotaResult
fail_untold(GError **error)
{
    g_clear_error(error);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION,
                "fotad ended while it ordered the dummy, and nothing tells whether the module has "
                "restarted since; another manifest, or Check(), orders it again");
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/* It has finished while nobody looked: what it reports besides its version does not change the end.
 */
static FotaResult
ask_finished(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *version = NULL;

    steps->method->outcome(steps->session, steps->update, &version, &local_error);
    if (local_error == NULL)
        return FOTA_RESULT_DONE;
    if (fota_steps_is_of_module(local_error)) {
        fota_session_note(steps->session, "%s; its version tells", local_error->message);
        return FOTA_RESULT_DONE;
    }
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
fota_steps_resume(FotaSteps *steps, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    gboolean told = !fota_steps_is_dummy(steps) || recall_restarts(steps);
    FotaResult result = fota_steps_inspect(steps, &local_error);

    if (local_error != NULL && !fota_steps_is_of_module(local_error)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return result;
    }
    if (result == FOTA_RESULT_DONE && fota_steps_is_proven(steps, steps->version)) {
        result = ask_finished(steps, error);
    } else {
        fota_session_note(steps->session, "%s %s; waiting whether it still installs",
                          local_error != NULL ? "no version:" : "it runs",
                          local_error != NULL ? local_error->message : steps->version);
        g_clear_error(&local_error);
        fota_session_begin_part(steps->session, DOWNLOAD_SHARE + INSTALL_SHARE, RESTARTS_SHARE);
        result = fota_steps_follow_restarts(steps, FALSE, &local_error);
        if (restart_is_missing(steps, local_error)) {
            g_clear_error(&local_error);
            result = restart_once_more(steps, &local_error);
            if (fota_steps_is_dummy(steps) && result == FOTA_RESULT_DONE)
                result = fail_untold(&local_error);
        }
        if (!told && steps->restarts == 0 &&
            g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_OLD_VERSION))
            result = fail_untold(&local_error);
        if (may_still_fetch(steps, local_error))
            result = follow_once_more(steps, result, &local_error);
        if (local_error != NULL)
            g_propagate_error(error, g_steal_pointer(&local_error));
    }
    fota_steps_restore_settings(steps);
    return result;
}
