/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-plugin-table.h"

#include <string.h>
#include <syslog.h>

#include "daemon/fota-error.h"
#include "daemon/fota-log.h"

#define FAIL(...) g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, __VA_ARGS__)

FotaPlugin *
fota_plugin_table_read(const FotaPlugin *given, const char *file, GError **error)
{
    g_autofree FotaPlugin *table = g_new0(FotaPlugin, 1);

    if (given->abi != FOTA_PLUGIN_ABI) {
        FAIL("plugin %s: built for ABI %u, and this fotad takes ABI %d; install the plugin's "
             "package "
             "for this fotad, or build it again",
             file, given->abi, FOTA_PLUGIN_ABI);
        return NULL;
    }
    if (given->size < G_STRUCT_OFFSET(FotaPlugin, settings)) {
        FAIL("plugin %s: its table has %" G_GSIZE_FORMAT
             " bytes; set its size to sizeof(FotaPlugin)",
             file, given->size);
        return NULL;
    }
    memcpy(table, given, MIN(given->size, sizeof(*table)));
    if (table->name == NULL || table->claims == NULL) {
        FAIL("plugin %s: its table has no name, or no claims", file);
        return NULL;
    }
    return g_steal_pointer(&table);
}

/* The function that @method lacks, NULL = none. */
static const char *
method_lacks(const FotaMethod *method)
{
    const gboolean asked = method->route == FOTA_ROUTE_ASKED;
    const gboolean feed = method->route == FOTA_ROUTE_FEED;
    const struct {
        const char *name;
        gboolean wanted, there;
    } verbs[] = {
        {"inspect", TRUE, method->inspect != NULL},
        {"outcome", TRUE, method->outcome != NULL},
        {"ask", method->route == FOTA_ROUTE_VENDOR, method->ask != NULL},
        {"download", !asked && !feed, method->download != NULL},
        {"load", feed, method->load != NULL},
        {"install", !asked && method->commit == FOTA_COMMIT_POINT_INSTALL, method->install != NULL},
        {"restart", method->restarts == FOTA_RESTART_BY_COMMAND, method->restart != NULL},
        {"questions", asked, method->questions != NULL},
        {"answer", asked, method->answer != NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (verbs[i].wanted && !verbs[i].there)
            return verbs[i].name;
    }
    return NULL;
}

static gboolean
method_is_known(const FotaMethod *method)
{
    return method->route <= FOTA_ROUTE_LAST && method->commit <= FOTA_COMMIT_POINT_LAST &&
           method->restarts <= FOTA_RESTART_LAST && (method->needs & ~(guint)FOTA_NEEDS_ALL) == 0;
}

/* NULL without an error: it is left out. */
static FotaMethod *
method_read(const FotaMethod *given, const char *file, GError **error)
{
    g_autofree FotaMethod *method = g_new0(FotaMethod, 1);
    const FotaLogContext context = {0};
    const char *missing;

    if (given->size < G_STRUCT_OFFSET(FotaMethod, inspect)) {
        FAIL("plugin %s: a method has %" G_GSIZE_FORMAT
             " bytes; set its size to sizeof(FotaMethod)",
             file, given->size);
        return NULL;
    }
    memcpy(method, given, MIN(given->size, sizeof(*method)));
    if (method->name == NULL) {
        FAIL("plugin %s: a method has no name", file);
        return NULL;
    }
    if (!method_is_known(method)) {
        fota_log(LOG_NOTICE, FOTA_EVENT_NONE, &context,
                 "plugin %s: the method %s is for a later fotad; it is left out", file,
                 method->name);
        return NULL;
    }
    missing = method_lacks(method);
    if (missing != NULL) {
        FAIL("plugin %s: the method %s has no function %s, which its route needs", file,
             method->name, missing);
        return NULL;
    }
    return g_steal_pointer(&method);
}

/* An update finds its method again by the name in its record. */
static gboolean
check_name(const GPtrArray *methods, const FotaMethod *method, const char *file, GError **error)
{
    for (guint i = 0; i < methods->len; i++) {
        const FotaMethod *other = methods->pdata[i];

        if (strcmp(other->name, method->name) == 0) {
            FAIL("plugin %s: two methods of one claim are called %s", file, method->name);
            return FALSE;
        }
    }
    return TRUE;
}

FotaMethod **
fota_plugin_table_read_methods(const FotaClaim *claim, const char *file, GError **error)
{
    g_autoptr(GPtrArray) methods = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; claim->methods[i] != NULL; i++) {
        g_autoptr(GError) local_error = NULL;
        g_autofree FotaMethod *method = method_read(claim->methods[i], file, &local_error);

        if (local_error != NULL ||
            (method != NULL && !check_name(methods, method, file, &local_error))) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return NULL;
        }
        if (method != NULL)
            g_ptr_array_add(methods, g_steal_pointer(&method));
    }
    g_ptr_array_set_free_func(methods, NULL);
    g_ptr_array_add(methods, NULL);
    return (FotaMethod **)g_ptr_array_steal(methods, NULL);
}

void
fota_plugin_methods_free(FotaMethod **methods)
{
    for (guint i = 0; methods[i] != NULL; i++)
        g_free(methods[i]);
    g_free(methods);
}
