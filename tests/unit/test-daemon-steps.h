/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/job/fota-steps.h"
#include "tests/unit/fake-session.h"

/*
 * The steps of an update without a module, a bus or a thread: the plugin below makes one exchange
 * of each of its functions, so that a script tells what every one of them answers, in order, with
 * what the module and the main loop do in between.
 */

static FotaSession *session;

/* Time passes while the module is waited for, and only then. */
gint64
fota_boot_time(void)
{
    return (gint64)fake_session_get_seconds(session) * G_USEC_PER_SEC;
}

static FotaResult
ask_version(FotaSession *self, const char *command, char **version, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(self, command, 1, error);

    if (lines == NULL)
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (lines[0] == NULL)
        return FOTA_RESULT_DONE;
    *version = lines[0][0] != '\0' ? g_strdup(lines[0]) : NULL;
    if (lines[1] == NULL)
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED, "%s", lines[1]);
    return strcmp(lines[1], "wrong base") == 0 ? FOTA_RESULT_WRONG_BASE
           : strcmp(lines[1], "not now") == 0  ? FOTA_RESULT_FAILED_FOR_NOW
                                               : FOTA_RESULT_FAILED_FOR_GOOD;
}

static FotaResult
on_inspect(FotaSession *self, char **version, GError **error)
{
    return ask_version(self, "inspect", version, error);
}

static FotaResult
on_download(FotaSession *self, const FotaUpdate *update, GError **error)
{
    return fota_session_order(self, "download", 1, error) ? FOTA_RESULT_DONE
                                                          : FOTA_RESULT_FAILED_FOR_NOW;
}

/* As plugins do: what the module refuses gets the name that it has for the user. */
static FotaResult
on_install(FotaSession *self, const FotaUpdate *update, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(self, "install", 1, &local_error))
        return FOTA_RESULT_DONE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED, "refused");
    return FOTA_RESULT_REFUSED;
}

/* A second line is the module's own word that the update has failed, or that it is not through
 * yet; the first may be empty. */
static FotaResult
on_outcome(FotaSession *self, const FotaUpdate *update, char **version, GError **error)
{
    return ask_version(self, "outcome", version, error);
}

static const FotaMethod method = {
    .size = sizeof(FotaMethod),
    .name = "test",
    .inspect = on_inspect,
    .download = on_download,
    .install = on_install,
    .outcome = on_outcome,
};

/* The answer is "go", "stop", or an error. */
static gboolean
on_commit(FotaMark mark, FotaCommit *answer, gpointer user_data, GError **error)
{
    static const char *const names[] = {
        [FOTA_MARK_DOWNLOADING] = "commit downloading",
        [FOTA_MARK_DOWNLOADED] = "commit downloaded",
        [FOTA_MARK_INSTALLING] = "commit installing",
    };
    g_auto(GStrv) lines = fota_session_command(user_data, names[mark], 1, error);

    *answer = lines != NULL && g_strcmp0(lines[0], "stop") == 0 ? FOTA_COMMIT_STOP : FOTA_COMMIT_GO;
    return lines != NULL;
}

#define NO_ERROR (-1)
#define CANCELLED (-2)
/* clang-format off */
#define END {NULL, NULL}
#define BEGIN {"commit downloading", "go"}, {"inspect", "A"}, {"download", ""}
#define DOWNLOADED {"commit downloaded", "go"}
#define BEGIN_INSTALL DOWNLOADED, {"inspect", "A"}
#define ORDER {"commit installing", "go"}, {"install", ""}
#define REFUSED {"commit installing", "go"}, {"install", "!4"}
#define RESTART {FAKE_GONE, ""}, {FAKE_BACK, ""}
#define RESTART_COUNTED {FAKE_GONE, ""}, {FAKE_SAVE, ""}, {FAKE_BACK, ""}
#define RESTS {FAKE_GONE, "-"}
#define RESUMES {"commit installing", "go"}, {"inspect", "A"}
#define RESTS_OLD RESUMES, RESTS, {"outcome", "A"}
#define MUTE RESTS, {"outcome", "?"}
/* clang-format on */
