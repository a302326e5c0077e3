/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-plugins.h"

#include <gmodule.h>
#include <string.h>

#include "daemon/fota-authority.h"
#include "daemon/fota-error.h"
#include "daemon/fota-models.h"

#define SYMBOL "fota_plugin"

struct _FotaPluginSet {
    GPtrArray *vendors;
};

static void
vendor_free(gpointer data)
{
    FotaVendor *vendor = data;

    g_clear_pointer(&vendor->models, g_key_file_unref);
    g_free(vendor);
}

/* Whoever can write a plugin commands the daemon. */
static gboolean
check_owner(const char *file, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_authority_check(file, &local_error))
        return TRUE;
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, "plugin %s", local_error->message);
    return FALSE;
}

static GKeyFile *
load_models(const char *directory, const char *name, GError **error)
{
    g_autofree char *base = g_strconcat(name, ".models", NULL);
    g_autofree char *file = g_build_filename(directory, base, NULL);

    return check_owner(file, error) ? fota_models_load(file, error) : NULL;
}

static FotaVendor *
load_vendor(const char *directory, const char *file, GError **error)
{
    g_autoptr(GKeyFile) models = NULL;
    const FotaPlugin *table = NULL;
    FotaVendor *vendor;
    GModule *module;

    if (!check_owner(file, error))
        return NULL;
    module = g_module_open(file, G_MODULE_BIND_LOCAL);
    if (module == NULL || !g_module_symbol(module, SYMBOL, (gpointer *)&table)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, "plugin %s: %s", file,
                    g_module_error());
        return NULL;
    }
    g_module_make_resident(module);
    if (table->abi != FOTA_PLUGIN_ABI) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN,
                    "plugin %s: built for ABI %u, this fotad has %u; install the matching package",
                    file, table->abi, FOTA_PLUGIN_ABI);
        return NULL;
    }
    models = load_models(directory, table->name, error);
    if (models == NULL)
        return NULL;
    vendor = g_new0(FotaVendor, 1);
    vendor->table = table;
    vendor->models = g_steal_pointer(&models);
    return vendor;
}

FotaPluginSet *
fota_plugin_set_load(const char *directory, GError **error)
{
    g_autoptr(FotaPluginSet) set = g_new0(FotaPluginSet, 1);
    g_auto(GStrv) files = fota_authority_list(directory, ".so", error);

    set->vendors = g_ptr_array_new_with_free_func(vendor_free);
    if (files == NULL)
        return NULL;
    for (guint i = 0; files[i] != NULL; i++) {
        FotaVendor *vendor = load_vendor(directory, files[i], error);

        if (vendor == NULL)
            return NULL;
        g_ptr_array_add(set->vendors, vendor);
    }
    return g_steal_pointer(&set);
}

void
fota_plugin_set_free(FotaPluginSet *set)
{
    g_ptr_array_unref(set->vendors);
    g_free(set);
}

static gboolean
matches(const FotaPluginMatch *match, const char *manufacturer, const char *model)
{
    return (match->manufacturer == NULL || g_ascii_strncasecmp(manufacturer, match->manufacturer,
                                                               strlen(match->manufacturer)) == 0) &&
           (match->model == NULL || g_pattern_match_simple(match->model, model));
}

const FotaVendor *
fota_plugin_set_find(FotaPluginSet *set, const char *manufacturer, const char *model)
{
    for (guint i = 0; i < set->vendors->len; i++) {
        const FotaVendor *vendor = set->vendors->pdata[i];
        const FotaPluginMatch *match = vendor->table->matches;

        for (; match->manufacturer != NULL || match->model != NULL; match++) {
            if (matches(match, manufacturer, model))
                return vendor;
        }
    }
    return NULL;
}

char *
fota_vendor_get_text(const FotaVendor *vendor, const char *model, const char *key)
{
    g_auto(GStrv) groups = g_key_file_get_groups(vendor->models, NULL);
    char *text = NULL;

    for (guint i = 0; groups[i] != NULL; i++) {
        if (g_pattern_match_simple(groups[i], model) &&
            g_key_file_has_key(vendor->models, groups[i], key, NULL)) {
            g_free(text);
            text = g_key_file_get_string(vendor->models, groups[i], key, NULL);
        }
    }
    return text;
}

guint
fota_vendor_get_number(const FotaVendor *vendor, const char *model, const char *key)
{
    g_autofree char *text = fota_vendor_get_text(vendor, model, key);
    guint64 number = 0;

    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL))
        g_critical("plugin %s has no number %s for %s", vendor->table->name, key, model);
    return (guint)number;
}
