/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-config.h"

#include <string.h>

#include "daemon/fota-authority.h"
#include "daemon/fota-config-keys.h"
#include "daemon/fota-error.h"
#include "base/fota-text.h"

#define OF_MODULE "Module "
#define OF_CREDENTIAL "Credential "

/* One line of a [Module <IMEI>] group, applied when that module's configuration is asked for. */
typedef struct {
    char *imei;
    const FotaConfigKey *key;
    char *value;
} Override;

struct _FotaConfig {
    gatomicrefcount refs;
    char *file;
    FotaSettings settings;
    GPtrArray *overrides;
    GHashTable *modules;     /* IMEI -> FotaSettings, made on demand */
    GHashTable *credentials; /* name -> GStrv, servers it may be sent to */
};

static void
override_free(gpointer data)
{
    Override *override = data;

    g_free(override->imei);
    g_free(override->value);
    g_free(override);
}

static void
settings_free(gpointer data)
{
    fota_settings_clear(data);
    g_free(data);
}

/* GKeyFile does not report the position of a value, but whoever corrects the file needs it. */
static guint
find_line(const char *text, const char *group, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean inside = FALSE;

    for (guint i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        char *end;

        if (line[0] == '[' && (end = strrchr(line, ']')) != NULL) {
            *end = '\0';
            inside = strcmp(line + 1, group) == 0;
            if (inside && key == NULL)
                return i + 1;
        } else if (inside && key != NULL && (end = strchr(line, '=')) != NULL) {
            *end = '\0';
            if (strcmp(g_strchomp(line), key) == 0)
                return i + 1;
        }
    }
    return 0;
}

/* What stands behind @kind in the name of a group, such as the IMEI; NULL in any other group. */
static const char *
get_owner(const char *group, const char *kind)
{
    return g_str_has_prefix(group, kind) ? group + strlen(kind) : NULL;
}

static gboolean
is_known_group(const char *group)
{
    const char *imei = get_owner(group, OF_MODULE);
    const char *credential = get_owner(group, OF_CREDENTIAL);

    return imei != NULL         ? fota_text_check_imei(imei) == NULL
           : credential != NULL ? fota_text_check_name(credential) == NULL
                                : fota_config_key_is_group(group);
}

/* A missing file is reported when it is needed: a medium may be inserted later. */
static gboolean
check_path(const FotaConfigKey *key, const char *value, GError **error)
{
    g_autofree char *path = fota_config_key_get_path(key, value);

    return path == NULL || !g_file_test(path, G_FILE_TEST_EXISTS) ||
           fota_authority_check(path, error);
}

static gboolean
take_key(FotaConfig *config, const char *file, guint line, const char *group, const char *name,
         const char *value, GError **error)
{
    const char *imei = get_owner(group, OF_MODULE);
    const char *credential = get_owner(group, OF_CREDENTIAL);
    const char *of = imei != NULL ? NULL : credential != NULL ? "Credential" : group;
    const FotaConfigKey *key = fota_config_key_find(of, name);
    g_auto(FotaSettings) trial = FOTA_SETTINGS_INIT;
    gboolean is_own = imei != NULL || credential != NULL;

    if (key == NULL) {
        g_autofree char *known = fota_config_key_list(of);

        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION,
                    "%s:%u: unknown key %s= in [%s]; known there: %s", file, line, name, group,
                    known);
        return FALSE;
    }
    if (!fota_config_key_set(key, is_own ? &trial : &config->settings, value)) {
        /* What is refused for the login in it must not show that login. */
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION,
                    "%s:%u: %s=%s in [%s] is not %s", file, line, name,
                    strchr(value, '@') != NULL ? "..." : value, group, key->expected);
        return FALSE;
    }
    if (!check_path(key, value, error)) {
        g_prefix_error(error, "%s:%u: %s=", file, line, name);
        return FALSE;
    }
    if (credential != NULL)
        g_hash_table_insert(config->credentials, g_strdup(credential),
                            g_steal_pointer(&trial.servers));
    if (imei != NULL) {
        Override *override = g_new0(Override, 1);

        override->imei = g_strdup(imei);
        override->key = key;
        override->value = g_strdup(value);
        g_ptr_array_add(config->overrides, override);
    }
    return TRUE;
}

static gboolean
take_group(FotaConfig *config, const char *file, const char *text, GKeyFile *key_file,
           const char *group, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(key_file, group, NULL, NULL);

    if (!is_known_group(group)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION,
                    "%s:%u: unknown group [%s]; known: " FOTA_CONFIG_GROUPS, file,
                    find_line(text, group, NULL), group);
        return FALSE;
    }
    for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
        g_autoptr(GError) local_error = NULL;
        g_autofree char *value = g_key_file_get_string(key_file, group, keys[i], &local_error);

        /* There may be a value beside an error: what was read before an unknown escape. */
        if (local_error != NULL) {
            g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION, "%s:%u: %s", file,
                        find_line(text, group, keys[i]), local_error->message);
            return FALSE;
        }
        if (!take_key(config, file, find_line(text, group, keys[i]), group, keys[i],
                      g_strstrip(value), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
take_file(FotaConfig *config, const char *file, GError **error)
{
    g_autoptr(GKeyFile) key_file = g_key_file_new();
    g_autoptr(GError) local_error = NULL;
    g_autofree char *text = fota_authority_read(file, &local_error);
    g_auto(GStrv) groups = NULL;

    if (local_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    if (text == NULL)
        return TRUE;
    if (!g_key_file_load_from_data(key_file, text, strlen(text), G_KEY_FILE_NONE, &local_error)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION, "%s: %s", file,
                    local_error->message);
        return FALSE;
    }
    groups = g_key_file_get_groups(key_file, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        if (!take_group(config, file, text, key_file, groups[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
take_drop_ins(FotaConfig *config, const char *file, GError **error)
{
    g_autofree char *directory = g_strconcat(file, ".d", NULL);
    g_auto(GStrv) files = fota_authority_list(directory, ".conf", error);

    if (files == NULL)
        return FALSE;
    for (guint i = 0; files[i] != NULL; i++) {
        if (!take_file(config, files[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
has_salt(const FotaModuleConfig *module)
{
    return module->salt != NULL || module->manifest_uri == NULL ||
           strstr(module->manifest_uri, "{imei-hmac}") == NULL;
}

/* A digest with a key that everybody knows tells the IMEI to whoever tries all of them. */
static gboolean
check_salt(FotaConfig *config, GError **error)
{
    const FotaModuleConfig *general = fota_config_for_module(config, "");
    gboolean good = has_salt(general);

    for (guint i = 0; good && i < config->overrides->len; i++) {
        const Override *override = config->overrides->pdata[i];

        good = has_salt(fota_config_for_module(config, override->imei));
    }
    if (!good)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_CONFIGURATION,
                    "%s: Uri= in [Manifest] has {imei-hmac}, so Salt= must be set there to a text "
                    "that others cannot guess",
                    config->file);
    return good;
}

FotaConfig *
fota_config_load(const char *file, GError **error)
{
    g_autoptr(FotaConfig) config = g_new0(FotaConfig, 1);

    g_atomic_ref_count_init(&config->refs);
    config->file = g_strdup(file);
    config->settings = (FotaSettings)FOTA_SETTINGS_INIT;
    config->overrides = g_ptr_array_new_with_free_func(override_free);
    config->modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, settings_free);
    config->credentials =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    if (!take_file(config, file, error) || !take_drop_ins(config, file, error))
        return NULL;
    if (!check_salt(config, error))
        return NULL;
    if (config->settings.keys_directory == NULL) {
        g_autofree char *directory = g_path_get_dirname(file);

        config->settings.keys_directory = g_build_filename(directory, "keys.d", NULL);
    }
    return g_steal_pointer(&config);
}

FotaConfig *
fota_config_ref(FotaConfig *config)
{
    g_atomic_ref_count_inc(&config->refs);
    return config;
}

void
fota_config_unref(FotaConfig *config)
{
    if (!g_atomic_ref_count_dec(&config->refs))
        return;
    g_free(config->file);
    fota_settings_clear(&config->settings);
    g_ptr_array_unref(config->overrides);
    g_hash_table_unref(config->modules);
    g_hash_table_unref(config->credentials);
    g_free(config);
}

const char *
fota_config_get_file(FotaConfig *config)
{
    return config->file;
}

const char *
fota_config_get_keys_directory(FotaConfig *config)
{
    return config->settings.keys_directory;
}

guint
fota_config_get_at_once(FotaConfig *config)
{
    return config->settings.at_once;
}

gboolean
fota_config_get_personal_info(FotaConfig *config)
{
    return config->settings.personal_info;
}

int
fota_config_get_log_level(FotaConfig *config)
{
    return config->settings.log_level;
}

const FotaModuleConfig *
fota_config_for_module(FotaConfig *config, const char *imei)
{
    FotaSettings *settings = g_hash_table_lookup(config->modules, imei);

    if (settings == NULL) {
        settings = g_new(FotaSettings, 1);
        fota_settings_copy(settings, &config->settings);
        for (guint i = 0; i < config->overrides->len; i++) {
            const Override *override = config->overrides->pdata[i];

            if (strcmp(override->imei, imei) == 0)
                fota_config_key_set(override->key, settings, override->value);
        }
        g_hash_table_insert(config->modules, g_strdup(imei), settings);
    }
    return &settings->module;
}

const char *const *
fota_config_get_credential_servers(FotaConfig *config, const char *name)
{
    return g_hash_table_lookup(config->credentials, name);
}
