/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/fota-plugin.h"
#include "plugins/quectel/quectel-errors.h"
#include "plugins/quectel/quectel-load.h"
#include "plugins/quectel/quectel-network.h"
#include "plugins/quectel/quectel-report.h"
#include "plugins/quectel/quectel-url.h"
#include "plugins/quectel/quectel-version.h"

/*
 * Quectel modules, updated with +QFOTADL: by an address, where the module fetches a package and
 * installs it without a pause, or from its own file store, into which the host has written it.
 */

/*
 * END may come twice, and before the last restart; it may also come before the module leaves
 * without having told its version. So its number is remembered, until the update begins again.
 * *@running: the last line is one of an update under way.
 */
static void
hear_reports(FotaSession *session, gboolean *running)
{
    g_auto(FotaHeard) heard = {0};

    while (fota_session_hear(session, 0, &heard, NULL)) {
        if (heard.number != QUECTEL_STARTED)
            fota_session_note(session, "the module reports %s %" G_GINT64_FORMAT, heard.text,
                              heard.code);
        *running = heard.number == QUECTEL_UPDATING;
        if (heard.number == QUECTEL_UPDATING || heard.number == QUECTEL_UPDATED) {
            g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, heard.code);

            fota_session_remember(session, QUECTEL_END,
                                  heard.kind == FOTA_LINE_FAILED ? number : "");
        }
    }
}

/* The number of the END with which the module has failed; 0: it has not. */
static int
recall_end(FotaSession *session)
{
    const char *number = fota_session_recall(session, QUECTEL_END);

    return number != NULL ? atoi(number) : 0;
}

static FotaResult
quectel_inspect(FotaSession *session, char **version, GError **error)
{
    return quectel_version_read(session, version, error);
}

/* A new version is all that counts; beside the old one, the module's own word. */
static FotaResult
quectel_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    gboolean running = FALSE;
    FotaResult result;

    hear_reports(session, &running);
    result = quectel_version_read(session, version, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    hear_reports(session, &running);
    if (!quectel_note_radio(session, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (strcmp(*version, update->from) != 0) {
        quectel_forget_context(session);
        return FOTA_RESULT_DONE;
    }
    if (recall_end(session) != 0)
        return quectel_fail_update(session, recall_end(session), error);
    if (running) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                    "the module says that it is still installing");
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    return FOTA_RESULT_DONE;
}

/* The package has done its work; nothing else deletes it. */
static FotaResult
fed_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    FotaResult result = quectel_outcome(session, update, version, error);

    if (result == FOTA_RESULT_DONE && g_strcmp0(*version, update->to) == 0)
        result = quectel_discard(session, update, error);
    return result;
}

/* What an update that was cut off has left. */
static void
quectel_close(FotaSession *session)
{
    quectel_close_context(session);
    quectel_close_store(session);
}

static const FotaSetting quectel_settings[] = {
    {.name = "+CFUN", .fields = 0x1}, /* an EG25-G may come back with its radio off */
    {.name = "+CMEE"},
    {.name = "+CGDCONT", .fields = 0x7}, /* the address may be the network's */
    {.name = "+CEREG", .fields = 0x1},   /* the mode of its reports; the rest is the network's */
    {.name = "+QSCLK"},
    {.name = NULL},
};

static const char *const url_schemes[] = {"http", "https", "ftp", NULL};

/* Flow A of README.md. */
static const FotaMethod quectel_url = {
    .size = sizeof(FotaMethod),
    .name = "url",
    .route = FOTA_ROUTE_PULL,
    .commit = FOTA_COMMIT_POINT_DOWNLOAD,
    .needs = FOTA_NEEDS_UNSOLICITED | FOTA_NEEDS_INHIBITION,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = quectel_inspect,
    .download = quectel_url_download,
    .outcome = quectel_outcome,
    .close = quectel_close,
    .schemes = url_schemes,
};

/* Flow B of README.md. */
static const FotaMethod quectel_fed = {
    .size = sizeof(FotaMethod),
    .name = "fed",
    .route = FOTA_ROUTE_FEED,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .needs = FOTA_NEEDS_TTY | FOTA_NEEDS_UNSOLICITED | FOTA_NEEDS_INHIBITION,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = quectel_inspect,
    .load = quectel_load,
    .discard = quectel_discard,
    .install = quectel_install,
    .outcome = fed_outcome,
    .close = quectel_close,
};

static const FotaMethod *const both_methods[] = {&quectel_url, &quectel_fed, NULL};
static const FotaMethod *const url_methods[] = {&quectel_url, NULL};

#define NAMED(pattern)                                                                             \
    {                                                                                              \
        .manufacturer = "Quectel", .model = pattern, .methods = both_methods                       \
    }
/* No command is published by which the host brings a package into its file store and names it. */
#define BY_ADDRESS(pattern)                                                                        \
    {                                                                                              \
        .manufacturer = "Quectel", .model = pattern, .methods = url_methods                        \
    }
/* Over QMI, ModemManager may call a BG96 "0" and an EC25 "QUECTEL Mobile Broadband Module". */
#define PLUGGED(product, how)                                                                      \
    {                                                                                              \
        .usb_vendor = 0x2c7c, .usb_product = product, .methods = how##_methods                     \
    }

/* clang-format off */
static const FotaClaim quectel_claims[] = {
    NAMED("EC20"), NAMED("EC20-*"), NAMED("EC20F*"), NAMED("EC21*"), NAMED("EC25*"),
    NAMED("EG21*"), NAMED("EG25*"),
    NAMED("EG91"), NAMED("EG91-*"), NAMED("EG95"), NAMED("EG95-*"),
    NAMED("EM05*"),
    NAMED("EP06*"), NAMED("EG06"), NAMED("EG06-*"), NAMED("EM06"), NAMED("EM06-*"),
    NAMED("EG12"), NAMED("EG12-*"), NAMED("EM12"), NAMED("EM12-*"), NAMED("EG18*"),
    BY_ADDRESS("BG95"), BY_ADDRESS("BG95-*"), BY_ADDRESS("BG96*"),
    BY_ADDRESS("RM500Q*"), BY_ADDRESS("RM502Q*"), BY_ADDRESS("RM505Q*"), BY_ADDRESS("RM510Q*"),
    BY_ADDRESS("RG500Q*"), BY_ADDRESS("RG501Q*"), BY_ADDRESS("RG502Q*"),
    /* LTE Standard(A) */
    BY_ADDRESS("EC200A*"), BY_ADDRESS("EC200M*"), BY_ADDRESS("EC200N*"),
    BY_ADDRESS("EC600K*"), BY_ADDRESS("EC600M*"), BY_ADDRESS("EC600N*"),
    BY_ADDRESS("EC800K*"), BY_ADDRESS("EC800M*"),
    BY_ADDRESS("EG600AK*"), BY_ADDRESS("EG800AK*"), BY_ADDRESS("EG800K*"), BY_ADDRESS("EG800M*"),
    BY_ADDRESS("EG810M*"), BY_ADDRESS("EG912N*"), BY_ADDRESS("EG915K*"), BY_ADDRESS("EG915N*"),
    BY_ADDRESS("EC200U*"), BY_ADDRESS("EG915U*"),
    PLUGGED(0x0125, both), /* EC25, EG25 */
    PLUGGED(0x0121, both), /* EC21, EG21 */
    PLUGGED(0x0191, both), /* EG91 */
    PLUGGED(0x0195, both), /* EG95 */
    PLUGGED(0x0296, url), /* BG96 */
    PLUGGED(0x0306, both), /* EP06, EG06, EM06 */
    PLUGGED(0x030a, both), /* EM05-G */
    {.methods = NULL},
};
/* clang-format on */

extern const FotaPlugin fota_plugin;

G_MODULE_EXPORT const FotaPlugin fota_plugin = {
    .abi = FOTA_PLUGIN_ABI,
    .size = sizeof(FotaPlugin),
    .name = "quectel",
    .claims = quectel_claims,
    .settings = quectel_settings,
    .unsolicited = quectel_unsolicited,
    .announcements = quectel_announcements,
};
