/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-plugins.h"

#include <gmodule.h>
#include <string.h>

#include "daemon/fota-authority.h"
#include "daemon/fota-error.h"
#include "policy/fota-first-aid.h"

#define SYMBOL "fota_plugin"

struct _FotaPluginSet {
    GPtrArray *vendors;
};

/* What the daemon itself asks of every model; a plugin's own keys are the plugin's business. */
static const char *const required_keys[] = {"Restarts",   "ApplyTime",   "ReturnLimit",
                                            "SettleTime", "VersionTime", "VersionPause",
                                            "AidTime",    "SafeRungs"};

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
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_PLUGIN, "plugin %s", local_error->message);
    return FALSE;
}

/* Whether each of its groups that names safe rungs of first aid names such. */
static gboolean
check_rungs(GKeyFile *models, const char *file, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(models, NULL);

    for (guint i = 0; groups[i] != NULL; i++) {
        g_autofree char *list = g_key_file_get_string(models, groups[i], "SafeRungs", NULL);
        guint allowed;

        if (list == NULL || fota_first_aid_parse(list, 0, &allowed))
            continue;
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_PLUGIN,
                    "%s: [%s] SafeRungs=%s has a word that is no rung of first aid", file,
                    groups[i], list);
        return FALSE;
    }
    return TRUE;
}

static GKeyFile *
load_models(const char *directory, const char *name, GError **error)
{
    g_autoptr(GKeyFile) models = g_key_file_new();
    g_autofree char *base = g_strconcat(name, ".models", NULL);
    g_autofree char *file = g_build_filename(directory, base, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) local_error = NULL;

    if (!check_owner(file, error))
        return NULL;
    text = fota_authority_read(file, &local_error);
    if (text == NULL ||
        !g_key_file_load_from_data(models, text, strlen(text), G_KEY_FILE_NONE, &local_error)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_PLUGIN, "%s: %s", file,
                    local_error != NULL ? local_error->message : "is gone");
        return NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(required_keys); i++) {
        if (!g_key_file_has_key(models, "*", required_keys[i], NULL)) {
            g_set_error(error, FOTA_ERROR, FOTA_ERROR_PLUGIN, "%s: [*] lacks %s=", file,
                        required_keys[i]);
            return NULL;
        }
    }
    return check_rungs(models, file, error) ? g_steal_pointer(&models) : NULL;
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
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_PLUGIN, "plugin %s: %s", file, g_module_error());
        return NULL;
    }
    g_module_make_resident(module);
    if (table->abi != FOTA_PLUGIN_ABI) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_PLUGIN,
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
