/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>

#include "plugins/fota-plugin.h"

/*
 * Plugins of any age, to be loaded: built once for each way in which a table may differ, with
 * ABI= and NAME= and what PLUGIN_IS says of its sizes.
 */

#define GROWN 1  /* by two members, of which this daemon knows nothing */
#define SHRUNK 2 /* its makers knew neither settings nor unsolicited lines, nor fetch and close */
#define TOO_SHORT 3 /* without claims */
#define NEW_ROUTE 4 /* its first method has a route of the future */
#define NO_VERB 5   /* its method lacks what its route needs */
#define EXACT 6     /* claims by model, by USB ids, and by a longer pattern */

#define SAME_NAME 7 /* both methods have one name */
#define OLDER 8 /* its makers knew unsolicited lines, but no lists of announcements and refusals   \
                 */

#ifndef PLUGIN_IS
#define PLUGIN_IS 0
#endif

static FotaResult
on_version(FotaSession *session, char **version, GError **error)
{
    return FOTA_RESULT_DONE;
}

static FotaResult
on_update(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return FOTA_RESULT_DONE;
}

static FotaResult
on_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    return FOTA_RESULT_DONE;
}

#if PLUGIN_IS != NO_VERB
#define INSTALL on_update
#else
#define INSTALL NULL
#endif

static void
on_close(FotaSession *session)
{
}

static const FotaSetting settings[] = {{.name = "+CMEE"}, {.name = NULL}};
static const FotaUnsolicited unsolicited[] = {{"HELLO", FOTA_LINE_REPORT, NULL}, {NULL, 0, NULL}};
static const char *const lines[] = {"HELLO AGAIN", NULL};

/* What stands behind the end of today's tables: never looked at by this daemon. */
typedef struct {
    FotaMethod now;
    gpointer later[2];
} LaterMethod;

#define METHOD(title)                                                                              \
    .size = PLUGIN_IS == GROWN    ? sizeof(LaterMethod)                                            \
            : PLUGIN_IS == SHRUNK ? G_STRUCT_OFFSET(FotaMethod, fetch)                             \
                                  : sizeof(FotaMethod),                                            \
    .name = title, .inspect = on_version, .download = on_update, .install = INSTALL,               \
    .outcome = on_outcome, .close = on_close

static const LaterMethod later = {
    .now = {METHOD("later"), .route = PLUGIN_IS == NEW_ROUTE ? 99 : FOTA_ROUTE_PULL},
    .later = {(gpointer)1, (gpointer)2},
};
static const LaterMethod plain = {.now = {METHOD(PLUGIN_IS == SAME_NAME ? "later" : "plain")}};

static const FotaMethod *const methods[] = {&later.now, &plain.now, NULL};

static const FotaClaim claims[] = {
#if PLUGIN_IS == EXACT
    {.model = "M*", .methods = methods},
    {.manufacturer = "Maker", .model = "M*", .methods = methods},
    {.manufacturer = "Maker", .model = "M1*", .methods = methods},
    {.usb_vendor = 0x1bc7, .methods = methods},
    {.usb_vendor = 0x1bc7, .usb_product = 0x1101, .methods = methods},
#else
    {.manufacturer = "Maker", .model = "M*", .methods = methods},
#endif
    {.methods = NULL},
};

typedef struct {
    FotaPlugin now;
    gpointer later[2];
} LaterPlugin;

extern const LaterPlugin fota_plugin;

G_MODULE_EXPORT const LaterPlugin fota_plugin = {
    .now =
        {
            .abi = ABI,
            .size = PLUGIN_IS == GROWN       ? sizeof(LaterPlugin)
                    : PLUGIN_IS == SHRUNK    ? G_STRUCT_OFFSET(FotaPlugin, settings)
                    : PLUGIN_IS == OLDER     ? G_STRUCT_OFFSET(FotaPlugin, announcements)
                    : PLUGIN_IS == TOO_SHORT ? G_STRUCT_OFFSET(FotaPlugin, claims)
                                             : sizeof(FotaPlugin),
            .name = NAME,
            .claims = claims,
            .settings = settings,
            .unsolicited = unsolicited,
            .announcements = lines,
            .refusals = lines,
        },
    .later = {(gpointer)1, (gpointer)2},
};
