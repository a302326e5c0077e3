/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>

#include "plugins/fota-plugin.h"

/*
 * The least that a plugin is; docs/plugin.md leads through it. It is built with the tests, so that
 * it stays true, and never installed. It claims no module.
 */

static FotaResult
skeleton_inspect(FotaSession *session, char **version, GError **error)
{
    return fota_session_read_version(session, "AT+GMR", version, error);
}

static FotaResult
skeleton_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    /* What is opened here is closed in a close(), which the daemon calls on every way out. */
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                "this plugin is a skeleton; it cannot fetch %s", update->path);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

static FotaResult
skeleton_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(session, "AT+INSTALL", 0, error);

    return lines != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_REFUSED;
}

static FotaResult
skeleton_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    return skeleton_inspect(session, version, error);
}

static const FotaMethod skeleton_method = {
    .size = sizeof(FotaMethod),
    .name = "skeleton",
    .route = FOTA_ROUTE_PULL,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = skeleton_inspect,
    .download = skeleton_download,
    .install = skeleton_install,
    .outcome = skeleton_outcome,
};

static const FotaMethod *const skeleton_methods[] = {&skeleton_method, NULL};

/* A claim that no module fits: the manufacturer is nobody's. */
static const FotaClaim skeleton_claims[] = {
    {.manufacturer = "No such vendor", .model = "SKELETON*", .methods = skeleton_methods},
    {.methods = NULL},
};

extern const FotaPlugin fota_plugin;

G_MODULE_EXPORT const FotaPlugin fota_plugin = {
    .abi = FOTA_PLUGIN_ABI,
    .size = sizeof(FotaPlugin),
    .name = "skeleton",
    .claims = skeleton_claims,
};
