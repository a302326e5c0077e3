/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-session.h"

#include <string.h>

/* Where the module is: on this port or another, away, back, or there and silent. */

/* For an AT that is to show that somebody is there. */
#define ANSWER_SECONDS 5
/* Pause between two of them while a module that falls silent is waited for, and how many of them
 * without an answer make silence. */
#define PROBE_SECONDS 10
#define MAX_SILENCES 2

static gboolean
fail_not_supported(FotaSession *session, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                "not possible where [Access] At= leads to %s",
                fota_session_get_channel(session)->klass->name);
    return FALSE;
}

gboolean
fota_session_open(FotaSession *session, GError **error)
{
    FotaChannel *channel = fota_session_get_channel(session);

    return channel->klass->open == NULL ||
           channel->klass->open(channel, fota_session_get_cancellable(session), error);
}

gboolean
fota_session_switch_port(FotaSession *session, GError **error)
{
    FotaChannel *channel = fota_session_get_channel(session);

    if (channel->klass->switch_port == NULL)
        return fail_not_supported(session, error);
    return fota_session_enter(session, error) &&
           channel->klass->switch_port(channel, fota_session_get_cancellable(session), error);
}

gboolean
fota_session_shout(FotaSession *session, const char *command, GError **error)
{
    FotaChannel *channel = fota_session_get_channel(session);

    if (channel->klass->shout == NULL)
        return fail_not_supported(session, error);
    return fota_session_enter(session, error) &&
           channel->klass->shout(channel, command, fota_session_get_cancellable(session), error);
}

gboolean
fota_session_is_mute(FotaSession *session, const GError *error)
{
    FotaChannel *channel = fota_session_get_channel(session);

    if (g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT))
        return TRUE;
    return channel->klass->is_present != NULL && channel->klass->is_present(channel);
}

/* How this model goes away: its port stays, and nothing answers on it. */
static gboolean
falls_silent(FotaSession *session)
{
    return strcmp(fota_session_get_text(session, "Away"), "silence") == 0;
}

static gboolean
channel_wait_back(FotaSession *session, guint seconds, GError **error)
{
    FotaChannel *channel = fota_session_get_channel(session);

    if (!fota_session_enter(session, error))
        return FALSE;
    return channel->klass->wait_back(channel, seconds, fota_session_get_cancellable(session),
                                     error);
}

/* Also an ERROR to AT is an answer. */
static gboolean
is_refused(const GError *error)
{
    return g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
}

gboolean
fota_session_answers(FotaSession *session, guint seconds, GError **error)
{
    gint64 end = fota_deadline_in(seconds);

    for (;;) {
        guint left = (guint)(MAX(end - fota_boot_time(), 0) / G_USEC_PER_SEC) + 1;
        g_autoptr(GError) local_error = NULL;

        if (channel_wait_back(session, left, &local_error) &&
            (fota_session_order(session, "AT", ANSWER_SECONDS, &local_error) ||
             is_refused(local_error)))
            return TRUE;
        if (fota_deadline_passed(end) || local_error->domain != FOTA_MODULE_ERROR) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FALSE;
        }
    }
}

static gboolean
channel_wait_gone(FotaSession *session, guint seconds, GError **error)
{
    FotaChannel *channel = fota_session_get_channel(session);

    return channel->klass->wait_gone(channel, seconds, fota_session_get_cancellable(session),
                                     error);
}

/* One AT. TRUE: it was answered, by whatever. An error other than the module's own is in *@error.
 */
static gboolean
probe_answers(FotaSession *session, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(session, "AT", ANSWER_SECONDS, &local_error) || is_refused(local_error))
        return TRUE;
    if (local_error->domain != FOTA_MODULE_ERROR)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

/* A hang-up may come all the same; one AT may be lost. */
static gboolean
wait_silent(FotaSession *session, guint seconds, GError **error)
{
    gint64 end = fota_deadline_in(seconds);
    guint silences = 0;

    for (;;) {
        gint64 left = MAX(end - fota_boot_time(), 0) / G_USEC_PER_SEC;
        g_autoptr(GError) local_error = NULL;

        if (channel_wait_gone(session, (guint)MIN(left, PROBE_SECONDS), &local_error))
            return TRUE;
        if (local_error == NULL)
            silences = probe_answers(session, &local_error) ? 0 : silences + 1;
        if (local_error != NULL) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FALSE;
        }
        if (silences >= MAX_SILENCES)
            return TRUE;
        if (fota_deadline_passed(end) && silences == 0)
            return FALSE;
    }
}

gboolean
fota_session_wait_gone(FotaSession *session, guint seconds, GError **error)
{
    return falls_silent(session) ? wait_silent(session, seconds, error)
                                 : channel_wait_gone(session, seconds, error);
}

gboolean
fota_session_wait_back(FotaSession *session, guint seconds, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (!falls_silent(session))
        return channel_wait_back(session, seconds, error);
    if (fota_session_answers(session, seconds, &local_error))
        return TRUE;
    if (local_error->domain == FOTA_MODULE_ERROR)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
                    "the module is still silent after %u s: %s", seconds, local_error->message);
    else
        g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}
