/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/** The vendors' plugins, loaded once at start and never unloaded. */
typedef struct _FotaPluginSet FotaPluginSet;

/** What a plugin has for the modules of one of its claims. */
typedef struct {
    const FotaPlugin *table;
    const FotaClaim *claim;
    const FotaMethod *const *methods; /**< in order of preference, at least one, ended by NULL */
    GKeyFile *models; /**< `<name>.models`: groups are globs on the model, the later one wins */
} FotaVendor;

/**
 * Loads every `*.so` of @directory. A plugin that is writable by others, of another ABI, or without
 * its data file is an error that names it (FOTA_ERROR_BAD_PLUGIN): a gateway must not run without
 * the plugin that its modules need. An empty directory is fine.
 */
FotaPluginSet *fota_plugin_set_load(const char *directory, GError **error);
void fota_plugin_set_free(FotaPluginSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaPluginSet, fota_plugin_set_free)

/**
 * The vendor whose claim fits this module most exactly, or NULL; also where its data file says that
 * the model is not supported. Owned by @set. @device: sysfs path
 * of it, for its USB ids; NULL or not there = they are unknown, and a claim by them does not fit.
 */
const FotaVendor *fota_plugin_set_find(FotaPluginSet *set, const char *manufacturer,
                                       const char *model, const char *device);

/**
 * Why no vendor's claim fits this module, for people: what a data file says about it
 * (Unsupported=), else that nobody claims it. The caller frees it.
 */
char *fota_plugin_set_explain(FotaPluginSet *set, const char *manufacturer, const char *model);

/**
 * The first method of one of @routes (bits, 1u << FotaRoute) that can be had: without the
 * FotaNeeds in @lacking, and without the power unless @has_power. If none can be had, the first of
 * these routes; NULL if there is none.
 */
const FotaMethod *fota_vendor_choose_method(const FotaVendor *vendor, guint routes, guint lacking,
                                            gboolean has_power);

/** The method of this name; NULL if the plugin has none, or none any more. */
const FotaMethod *fota_vendor_find_method(const FotaVendor *vendor, const char *name);

/** The value of @key for @model in the data file, or its default, or NULL. */
char *fota_vendor_get_text(const FotaVendor *vendor, const char *model, const char *key);

/** The same as a number; 0 if it is missing, which the loader does not allow. */
guint fota_vendor_get_number(const FotaVendor *vendor, const char *model, const char *key);

G_END_DECLS
