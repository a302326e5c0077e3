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

gboolean
fota_steps_is_dummy(const FotaSteps *steps)
{
    return g_strcmp0(steps->update->from, steps->update->to) == 0;
}

gboolean
fota_steps_is_proven(const FotaSteps *steps, const char *version)
{
    return fota_steps_is_wanted(steps, version) && !fota_steps_is_dummy(steps);
}

gboolean
fota_steps_is_of_module(const GError *error)
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
    if (version == NULL && fota_steps_is_of_module(local_error)) {
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
    if (fota_steps_is_wanted(steps, steps->version) &&
        (!fota_steps_is_dummy(steps) || steps->restarts > 0))
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
    if (!fota_steps_is_dummy(steps))
        return;
    restarts = g_strdup_printf("%u", steps->restarts);
    fota_session_remember(steps->session, FOTA_JOB_RESTARTS, restarts);
    fota_session_save(steps->session, NULL);
}

guint
fota_steps_get_limit(const FotaSteps *steps)
{
    guint expected = MAX(fota_session_get_number(steps->session, "Restarts"), 1);

    return fota_session_get_number(steps->session, "ReturnLimit") * (expected + 1) +
           fota_session_get_number(steps->session, "LeaveTime");
}

/* One that an earlier fotad has left without power never returns by itself; one that installs does,
 * within its limit, and its power is left alone until then. */
static gboolean
wait_back(FotaSteps *steps, guint seconds, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_wait_back(steps->session, seconds, &local_error))
        return TRUE;
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED) &&
        steps->power != NULL &&
        g_strcmp0(fota_session_recall(steps->session, FOTA_JOB_POWER), "1") == 0)
        return steps->power(steps->user_data, error) &&
               fota_session_wait_back(steps->session, seconds, error);
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

FotaResult
fota_steps_follow_restarts(FotaSteps *steps, gboolean refused, GError **error)
{
    guint expected = MAX(fota_session_get_number(steps->session, "Restarts"), 1);
    guint away = fota_session_get_number(steps->session, "ReturnLimit");
    guint settle = fota_session_get_number(steps->session, "SettleTime");
    guint leave = fota_session_get_number(steps->session, "LeaveTime");
    guint stays = refused ? settle : MAX(leave, settle);
    gint64 end = fota_boot_time() + (gint64)fota_steps_get_limit(steps) * G_USEC_PER_SEC;
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
            if (!wait_back(steps, away, error))
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

void
fota_steps_restore_settings(FotaSteps *steps)
{
    if (steps->version == NULL)
        return;
    fota_session_report_verifying(steps->session);
    g_strfreev(steps->differing);
    steps->differing = fota_session_restore_settings(steps->session, steps->settings);
}

FotaResult
fota_steps_follow_order(FotaSteps *steps, FotaResult refused, const GError *refusal, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    FotaResult result = fota_steps_follow_restarts(steps, is_refusal(refusal), &local_error);

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
    if (refusal != NULL && !fota_steps_is_of_module(refusal)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return result;
    }
    if (refusal != NULL)
        fota_session_note(steps->session, "%s; waiting for what it does", refusal->message);
    fota_session_begin_part(steps->session, DOWNLOAD_SHARE + INSTALL_SHARE, RESTARTS_SHARE);
    result = fota_steps_follow_order(steps, result, refusal, error);
    fota_session_report_verifying(steps->session);
    steps->outage = (guint)((fota_boot_time() - start) / G_USEC_PER_SEC);
    fota_steps_restore_settings(steps);
    return result;
}

char *
fota_steps_name_return(const FotaSteps *steps)
{
    return steps->name_return != NULL ? steps->name_return(steps->user_data) : NULL;
}

/* By which another fotad will know whether a dummy was installed. */
static void
remember_return(FotaSteps *steps)
{
    g_autofree char *now = fota_steps_name_return(steps);

    fota_session_remember(steps->session, FOTA_JOB_RESTARTS, "0");
    fota_session_remember(steps->session, FOTA_JOB_RETURN, now != NULL ? now : "");
}

FotaResult
fota_steps_install(FotaSteps *steps, const FotaQuestion *question, GError **error)
{
    /* Written with the record that is committed next. */
    FotaResult result = fota_session_read_settings(steps->session, steps->settings, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    if (fota_steps_is_dummy(steps))
        remember_return(steps);
    if (steps->method->restarts == FOTA_RESTART_BY_POWER)
        fota_session_remember(steps->session, FOTA_JOB_POWER, "1");
    result = fota_steps_commit(steps, FOTA_MARK_INSTALLING, error);
    return result == FOTA_RESULT_DONE && !steps->stopped ? fota_steps_order(steps, question, error)
                                                         : result;
}
