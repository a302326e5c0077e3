/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "policy/fota-config.h"
#include "daemon/module/fota-module.h"

G_BEGIN_DECLS

/**
 * All modules that fotad knows, present or not, on the main loop.
 *
 * Signals:
 * - "module-added" (FotaModule *module); a known module never goes, it becomes absent
 * Properties: "inhibited" (gboolean, read-only, notify)
 */
#define FOTA_TYPE_MANAGER (fota_manager_get_type())
G_DECLARE_FINAL_TYPE(FotaManager, fota_manager, FOTA, MANAGER, GObject)

/** Where things lie; copied. */
typedef struct {
    const char *plugins; /**< directory */
    const char *state;   /**< directory */
    const char *fetch;   /**< socket of fotad-fetch */
} FotaPaths;

/**
 * Loads plugins, keys and the known modules' records; touches no hardware. @config: transfer full.
 */
FotaManager *fota_manager_new(FotaConfig *config, const FotaPaths *paths, GError **error);

/** Begins to look for modules through ModemManager. */
void fota_manager_start(FotaManager *manager);

/** The modules, FotaModule, in order of IMEI. Transfer none. */
GPtrArray *fota_manager_get_modules(FotaManager *manager);

/** TRUE while somebody holds an inhibition: nothing new is started. */
gboolean fota_manager_get_inhibited(FotaManager *manager);

/**
 * Starts nothing as long as a descriptor is open: returns the write end of a pipe for the caller,
 * -1 with @error set on failure, FOTA_ERROR_BUSY when the user @uid holds his share of 32 already.
 * @who and @why go to the log.
 */
int fota_manager_inhibit(FotaManager *manager, uid_t uid, const char *who, const char *why,
                         GError **error);

/** fota_module_check() for every module that is there. */
void fota_manager_check_all(FotaManager *manager);

/** Reads the configuration again; on an error the old one stays in force. */
gboolean fota_manager_reload(FotaManager *manager, GError **error);

/**
 * Ends every running update as far as it may be ended, and calls @done on the main loop when no
 * thread runs any more.
 */
void fota_manager_stop(FotaManager *manager, GSourceFunc done, gpointer user_data);

G_END_DECLS
