/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
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

/* What the module has said of its update since it was last asked. */
typedef struct {
    gboolean failed;
    int code;         /* of the last END */
    gboolean running; /* the last line is one of an update under way */
} Reports;

/* END may come twice, and before the last restart. */
static void
hear_reports(FotaSession *session, Reports *reports)
{
    g_auto(FotaHeard) heard = {0};

    while (fota_session_hear(session, 0, &heard, NULL)) {
        if (heard.number != QUECTEL_STARTED)
            fota_session_note(session, "the module reports %s %" G_GINT64_FORMAT, heard.text,
                              heard.code);
        reports->running = heard.number == QUECTEL_UPDATING;
        if (heard.number != QUECTEL_UPDATED)
            continue;
        reports->failed = heard.kind == FOTA_LINE_FAILED;
        reports->code = (int)heard.code;
    }
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
    Reports reports = {0};
    FotaResult result;

    hear_reports(session, &reports);
    result = quectel_version_read(session, version, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    hear_reports(session, &reports);
    if (!quectel_note_radio(session, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (strcmp(*version, update->from) != 0)
        return FOTA_RESULT_DONE;
    if (reports.failed)
        return quectel_fail_update(session, reports.code, error);
    if (reports.running) {
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
};

static const FotaMethod *const quectel_methods[] = {&quectel_url, &quectel_fed, NULL};

#define NAMED(pattern)                                                                             \
    {                                                                                              \
        .manufacturer = "Quectel", .model = pattern, .methods = quectel_methods                    \
    }
/* Over QMI, ModemManager may call a BG96 "0" and an EC25 "QUECTEL Mobile Broadband Module". */
#define PLUGGED(product)                                                                           \
    {                                                                                              \
        .usb_vendor = 0x2c7c, .usb_product = product, .methods = quectel_methods                   \
    }

/* clang-format off */
static const FotaClaim quectel_claims[] = {
    NAMED("EC20"), NAMED("EC20-*"), NAMED("EC20F*"), NAMED("EC21*"), NAMED("EC25*"),
    NAMED("EG21*"), NAMED("EG25*"),
    NAMED("EG91"), NAMED("EG91-*"), NAMED("EG95*"),
    NAMED("EM05*"),
    NAMED("EP06*"), NAMED("EG06*"), NAMED("EM06"), NAMED("EM06-*"),
    NAMED("EG18*"),
    NAMED("BG95*"), NAMED("BG96*"),
    NAMED("EC800K*"), NAMED("EG800K*"),
    PLUGGED(0x0125), /* EC25, EG25 */
    PLUGGED(0x0121), /* EC21, EG21 */
    PLUGGED(0x0191), /* EG91 */
    PLUGGED(0x0195), /* EG95 */
    PLUGGED(0x0296), /* BG96 */
    PLUGGED(0x0306), /* EP06, EG06, EM06 */
    PLUGGED(0x030a), /* EM05-G */
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
};
