/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-plugins.h"

#include <gmodule.h>
#include <string.h>

#include "daemon/fota-authority.h"
#include "daemon/fota-error.h"
#include "daemon/fota-models.h"
#include "daemon/fota-plugin-table.h"

#define SYMBOL "fota_plugin"

struct _FotaPluginSet {
    GPtrArray *vendors; /* one a claim */
    GPtrArray *tables;
};

static void
vendor_free(gpointer data)
{
    FotaVendor *vendor = data;

    fota_plugin_methods_free((FotaMethod **)vendor->methods);
    g_key_file_unref(vendor->models);
    g_free(vendor);
}

/* Whoever can write a plugin commands the daemon. */
static gboolean
check_owner(const char *file, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_authority_validate(file, &local_error))
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

static FotaPlugin *
load_table(const char *file, GError **error)
{
    const FotaPlugin *given = NULL;
    GModule *module;

    if (!check_owner(file, error))
        return NULL;
    module = g_module_open(file, G_MODULE_BIND_LOCAL);
    if (module == NULL || !g_module_symbol(module, SYMBOL, (gpointer *)&given)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN, "plugin %s: %s", file,
                    g_module_error());
        return NULL;
    }
    g_module_make_resident(module);
    return fota_plugin_table_read(given, file, error);
}

static gboolean
load_plugin(FotaPluginSet *set, const char *directory, const char *file, GError **error)
{
    FotaPlugin *table = load_table(file, error);
    g_autoptr(GKeyFile) models = NULL;

    if (table == NULL)
        return FALSE;
    g_ptr_array_add(set->tables, table);
    models = load_models(directory, table->name, error);
    for (const FotaClaim *claim = table->claims; models != NULL && claim->methods != NULL;
         claim++) {
        FotaMethod **methods = fota_plugin_table_read_methods(claim, file, error);
        FotaVendor *vendor;

        if (methods == NULL)
            return FALSE;
        if (methods[0] == NULL) {
            fota_plugin_methods_free(methods);
            continue;
        }
        vendor = g_new0(FotaVendor, 1);
        vendor->table = table;
        vendor->claim = claim;
        vendor->methods = (const FotaMethod *const *)methods;
        vendor->models = g_key_file_ref(models);
        g_ptr_array_add(set->vendors, vendor);
    }
    return models != NULL;
}

FotaPluginSet *
fota_plugin_set_load(const char *directory, GError **error)
{
    g_autoptr(FotaPluginSet) set = g_new0(FotaPluginSet, 1);
    g_auto(GStrv) files = fota_authority_list(directory, ".so", error);

    set->vendors = g_ptr_array_new_with_free_func(vendor_free);
    set->tables = g_ptr_array_new_with_free_func(g_free);
    if (files == NULL)
        return NULL;
    for (guint i = 0; files[i] != NULL; i++) {
        if (!load_plugin(set, directory, files[i], error))
            return NULL;
    }
    return g_steal_pointer(&set);
}

void
fota_plugin_set_free(FotaPluginSet *set)
{
    g_ptr_array_unref(set->vendors);
    g_ptr_array_unref(set->tables);
    g_free(set);
}

/* What is known of a module. */
typedef struct {
    const char *manufacturer, *model;
    guint usb_vendor, usb_product; /* 0 = unknown */
} Identity;

/* An id of a USB device, four hexadecimal digits; 0 when there is none. */
static guint
read_usb_id(const char *device, const char *name)
{
    g_autofree char *path = device != NULL ? g_build_filename(device, name, NULL) : NULL;
    g_autofree char *text = NULL;
    guint64 id = 0;

    if (path != NULL && g_file_get_contents(path, &text, NULL, NULL))
        g_ascii_string_to_unsigned(g_strstrip(text), 16, 0, G_MAXUINT16, &id, NULL);
    return (guint)id;
}

static gboolean
is_by(const FotaClaim *claim, const char *manufacturer)
{
    return g_ascii_strncasecmp(manufacturer, claim->manufacturer, strlen(claim->manufacturer)) == 0;
}

static gboolean
claim_fits(const FotaClaim *claim, const Identity *module)
{
    return (claim->manufacturer == NULL || is_by(claim, module->manufacturer)) &&
           (claim->model == NULL || g_pattern_match_simple(claim->model, module->model)) &&
           (claim->usb_vendor == 0 || claim->usb_vendor == module->usb_vendor) &&
           (claim->usb_product == 0 || claim->usb_product == module->usb_product);
}

/* USB ids before names, letters of the model before the manufacturer. */
static guint
claim_exactness(const FotaClaim *claim)
{
    guint letters = 0;

    for (const char *p = claim->model; p != NULL && *p != '\0'; p++)
        letters += *p != '*' && *p != '?' ? 1 : 0;
    return (claim->usb_product != 0 ? 4u << 16 : 0) + (claim->usb_vendor != 0 ? 2u << 16 : 0) +
           MIN(letters, 1000) * 2 + (claim->manufacturer != NULL ? 1 : 0);
}

const FotaVendor *
fota_plugin_set_find(FotaPluginSet *set, const char *manufacturer, const char *model,
                     const char *device)
{
    const Identity module = {manufacturer, model, read_usb_id(device, "idVendor"),
                             read_usb_id(device, "idProduct")};
    const FotaVendor *best = NULL;

    for (guint i = 0; i < set->vendors->len; i++) {
        const FotaVendor *vendor = set->vendors->pdata[i];

        if (claim_fits(vendor->claim, &module) &&
            (best == NULL || claim_exactness(vendor->claim) > claim_exactness(best->claim)))
            best = vendor;
    }
    if (best != NULL) {
        g_autofree char *reason = fota_vendor_get_text(best, model, "Unsupported");

        if (reason[0] != '\0')
            return NULL;
    }
    return best;
}

char *
fota_plugin_set_explain(FotaPluginSet *set, const char *manufacturer, const char *model)
{
    for (guint i = 0; i < set->vendors->len; i++) {
        const FotaVendor *vendor = set->vendors->pdata[i];
        g_autofree char *reason = fota_vendor_get_text(vendor, model, "Unsupported");

        if (reason[0] != '\0' && vendor->claim->manufacturer != NULL &&
            is_by(vendor->claim, manufacturer))
            return g_strconcat("it is known, but not supported: ", reason, NULL);
    }
    return g_strdup("no plugin claims it");
}

const FotaMethod *
fota_vendor_choose_method(const FotaVendor *vendor, guint routes, guint lacking, gboolean has_power)
{
    const FotaMethod *first = NULL;

    for (guint i = 0; vendor->methods[i] != NULL; i++) {
        const FotaMethod *method = vendor->methods[i];

        if ((routes & 1u << method->route) == 0)
            continue;
        if ((method->needs & lacking) == 0 &&
            (has_power || method->restarts != FOTA_RESTART_BY_POWER))
            return method;
        first = first != NULL ? first : method;
    }
    return first;
}

const FotaMethod *
fota_vendor_find_method(const FotaVendor *vendor, const char *name)
{
    for (guint i = 0; vendor->methods[i] != NULL; i++) {
        if (g_strcmp0(vendor->methods[i]->name, name) == 0)
            return vendor->methods[i];
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
    return text != NULL ? text : g_strdup(fota_models_get_default(key));
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
