/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <syslog.h>

#include "policy/fota-config.h"

G_BEGIN_DECLS

/** The table of all configuration keys and the values that they set. For fota-config.c only. */

/** The values themselves. `module.rules` points into the arrays beside it. */
typedef struct {
    FotaModuleConfig module;
    GArray *windows;   /**< FotaWindow, NULL = none */
    GArray *blackouts; /**< FotaBlackout, NULL = none */
    GStrv servers;     /**< of the [Credential <NAME>] group that is being read */
    char *keys_directory;
    gboolean personal_info;
    int log_level;   /**< syslog's */
    guint32 at_once; /**< modules that update at the same time */
    guint64 cache_size;
} FotaSettings;

#define FOTA_SETTINGS_INIT                                                                         \
    {                                                                                              \
        .module = {.interval = 86400,                                                              \
                   .power_cycle_seconds = 60,                                                      \
                   .require_signature = TRUE,                                                      \
                   .rules = {.approve_download = FOTA_APPROVAL_REQUIRED,                           \
                             .prove_service = TRUE,                                                \
                             .service_time = 600,                                                  \
                             .conditions = FOTA_CONDITIONS_INIT}},                                 \
        .at_once = 1, .cache_size = 64 * 1024 * 1024, .log_level = LOG_INFO                        \
    }

void fota_settings_clear(FotaSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaSettings, fota_settings_clear)

typedef struct _FotaConfigKey FotaConfigKey;
struct _FotaConfigKey {
    const char *group;
    const char *name;
    gboolean (*set)(const FotaConfigKey *key, FotaSettings *settings, const char *value);
    gsize offset;                          /**< of the value in FotaSettings */
    GDestroyNotify free;                   /**< of the value, NULL = a number */
    guint64 min, max;                      /**< of a number, or of a duration in seconds */
    gboolean (*is_word)(const char *word); /**< of a list of words */
    const char *expected;                  /**< "a duration such as 1d", for the error */
};

gboolean fota_config_key_is_group(const char *group);

/** The key @name of @group; with @group NULL, one that a [Module <IMEI>] group may override. */
const FotaConfigKey *fota_config_key_find(const char *group, const char *name);

/** The file or directory that the valid @value of @key names; NULL for none. */
char *fota_config_key_get_path(const FotaConfigKey *key, const char *value);

/** The names of all keys in @group that fota_config_key_find() finds, for an error. */
char *fota_config_key_list(const char *group);

/** The names of all groups, for an error. */
char *fota_config_key_list_groups(void);

/** The key at @index of the table, NULL after its end. */
const FotaConfigKey *fota_config_key_get(guint index);

/** FALSE if @value is not what the key expects; @settings is then unchanged. */
gboolean fota_config_key_set(const FotaConfigKey *key, FotaSettings *settings, const char *value);

G_END_DECLS
