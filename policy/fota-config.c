/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-config.h"

#include <string.h>

#include "base/fota-text.h"
#include "policy/fota-config-keys.h"
#include "policy/fota-policy-error.h"

#define OF_MODULE "Module "
#define OF_CREDENTIAL "Credential "

/* One line of a group of the gateway or of one module. */
typedef struct {
    char *file;
    guint number; /* from 1 */
    char *imei;   /* NULL = of the gateway, for all modules */
    const FotaConfigKey *key;
    char *value;
} Line;

struct _FotaConfig {
    gatomicrefcount refs;
    char *file;
    char *keys_directory; /* unless KeysDirectory= says otherwise */
    gboolean (*may_obey)(const char *path, GError **error);
    GPtrArray *lines;        /* Line, in the order in which they were taken */
    GHashTable *modules;     /* IMEI -> FotaSettings, made on demand */
    GHashTable *credentials; /* name -> GStrv, servers it may be sent to */
};

static Line *
line_new(const char *file, guint number, const char *imei, const FotaConfigKey *key,
         const char *value)
{
    Line *line = g_new0(Line, 1);

    line->file = g_strdup(file);
    line->number = number;
    line->imei = g_strdup(imei);
    line->key = key;
    line->value = g_strdup(value);
    return line;
}

static void
line_free(gpointer data)
{
    Line *line = data;

    g_free(line->file);
    g_free(line->imei);
    g_free(line->value);
    g_free(line);
}

static void
settings_free(gpointer data)
{
    fota_settings_clear(data);
    g_free(data);
}

/*
 * GKeyFile does not report the line of a value, which an error must name. Of a key that is given
 * twice, the last value counts.
 */
static guint
find_line(const char *text, const char *group, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean inside = FALSE;
    guint found = 0;

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
                found = i + 1;
        }
    }
    return found;
}

/* The line with which @text is no key file any more, for which GKeyFile has no number either. */
static guint
find_nonsense(const char *text)
{
    guint number = 0;

    for (const char *end = text; *end != '\0';) {
        g_autoptr(GKeyFile) key_file = g_key_file_new();

        end += strcspn(end, "\n");
        end += *end == '\n' ? 1 : 0;
        number++;
        if (!g_key_file_load_from_data(key_file, text, (gsize)(end - text), G_KEY_FILE_NONE, NULL))
            break;
    }
    return number;
}

/* The part of the name of a group after @kind, such as the IMEI; NULL in any other group. */
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

    return imei != NULL         ? fota_text_validate_imei(imei) == NULL
           : credential != NULL ? fota_text_validate_name(credential) == NULL
                                : fota_config_key_is_group(group);
}

/* A missing file is reported when it is needed: a medium may be inserted later. */
static gboolean
path_may_be_obeyed(FotaConfig *config, const FotaConfigKey *key, const char *value, GError **error)
{
    g_autofree char *path = fota_config_key_get_path(key, value);

    return path == NULL || config->may_obey == NULL || !g_file_test(path, G_FILE_TEST_EXISTS) ||
           config->may_obey(path, error);
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

    if (key == NULL) {
        g_autofree char *known = fota_config_key_list(of);

        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "%s:%u: unknown key %s= in [%s]; known there: %s", file, line, name, group,
                    known);
        return FALSE;
    }
    if (!fota_config_key_set(key, &trial, value)) {
        /* A value that is refused for its login must not show that login. */
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "%s:%u: %s=%s in [%s] is not %s", file, line, name,
                    strchr(value, '@') != NULL ? "..." : value, group, key->expected);
        return FALSE;
    }
    if (!path_may_be_obeyed(config, key, value, error)) {
        g_prefix_error(error, "%s:%u: %s=", file, line, name);
        return FALSE;
    }
    if (credential != NULL)
        g_hash_table_insert(config->credentials, g_strdup(credential),
                            g_steal_pointer(&trial.servers));
    else
        g_ptr_array_add(config->lines, line_new(file, line, imei, key, value));
    return TRUE;
}

static gboolean
take_group(FotaConfig *config, const char *file, const char *text, GKeyFile *key_file,
           const char *group, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(key_file, group, NULL, NULL);

    if (!is_known_group(group)) {
        g_autofree char *known = fota_config_key_list_groups();

        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "%s:%u: unknown group [%s]; known: %s", file, find_line(text, group, NULL),
                    group, known);
        return FALSE;
    }
    for (guint i = 0; keys[i] != NULL; i++) {
        g_autoptr(GError) local_error = NULL;
        g_autofree char *value = g_key_file_get_string(key_file, group, keys[i], &local_error);

        /* There may be a value beside an error: what was read before an unknown escape. */
        if (local_error != NULL) {
            g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION, "%s:%u: %s",
                        file, find_line(text, group, keys[i]), local_error->message);
            return FALSE;
        }
        if (!take_key(config, file, find_line(text, group, keys[i]), group, keys[i],
                      g_strstrip(value), error))
            return FALSE;
    }
    return TRUE;
}

gboolean
fota_config_take(FotaConfig *config, const char *file, const char *text, const char *foreign,
                 GError **error)
{
    g_autoptr(GKeyFile) key_file = g_key_file_new();
    g_autoptr(GError) local_error = NULL;
    g_auto(GStrv) groups = NULL;

    if (!g_key_file_load_from_data(key_file, text, strlen(text), G_KEY_FILE_NONE, &local_error)) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION, "%s:%u: %s",
                    file, find_nonsense(text), local_error->message);
        return FALSE;
    }
    groups = g_key_file_get_groups(key_file, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        if (g_strcmp0(groups[i], foreign) != 0 &&
            !take_group(config, file, text, key_file, groups[i], error))
            return FALSE;
    }
    return TRUE;
}

/* A key that does not fit to the others. */
typedef struct {
    const char *group, *name;
} Misfit;

/* A digest whose key everybody knows reveals the IMEI to anyone who tries all of them. */
static const Misfit *
find_unsalted(const FotaModuleConfig *module)
{
    static const Misfit places[] = {
        {"Manifest", "Uri"}, {"Report", "Uri"}, {"Registration", "Uri"}, {"Service", "Probe"}};
    const char *const uris[] = {module->manifest_uri, module->report_uri, module->registration_uri,
                                module->service_probe};

    for (guint i = 0; module->salt == NULL && i < G_N_ELEMENTS(uris); i++) {
        if (uris[i] != NULL && strstr(uris[i], "{imei-hmac}") != NULL)
            return &places[i];
    }
    return NULL;
}

static const Misfit *
find_half_of_push(const FotaModuleConfig *module)
{
    static const Misfit senders = {"Push", "SmsSenders"}, keyword = {"Push", "SmsKeyword"};
    gboolean has_senders = module->sms_senders != NULL && module->sms_senders[0] != NULL;

    if (has_senders == (module->sms_keyword != NULL))
        return NULL;
    return has_senders ? &senders : &keyword;
}

static const Misfit *
find_lone_key(const FotaModuleConfig *module)
{
    static const Misfit key = {"Manifest", "ClientKey"};

    return module->client_key != NULL && module->client_certificate == NULL ? &key : NULL;
}

static const struct {
    const Misfit *(*find)(const FotaModuleConfig *module);
    const char *wanted;
} rules[] = {
    {find_unsalted,
     "a Uri= or Probe= has {imei-hmac}, so Salt= must be set in [Manifest] to a text that others "
     "cannot guess"},
    {find_half_of_push, "SmsSenders= and SmsKeyword= in [Push] have an effect only together"},
    {find_lone_key, "ClientKey= in [Manifest] has an effect only with ClientCertificate="},
};

/* The line that sets @misfit for @imei: its own, else the last of the gateway's. */
static const Line *
find_setter(FotaConfig *config, const char *imei, const Misfit *misfit)
{
    const FotaConfigKey *key = fota_config_key_find(misfit->group, misfit->name);
    const Line *found = NULL;

    for (guint i = 0; i < config->lines->len; i++) {
        const Line *line = config->lines->pdata[i];

        if (line->key == key && (g_strcmp0(line->imei, imei) == 0 ||
                                 (line->imei == NULL && (found == NULL || found->imei == NULL))))
            found = line;
    }
    return found;
}

static gboolean
check_module(FotaConfig *config, const char *imei, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        const Misfit *misfit = rules[i].find(fota_config_for_module(config, imei));
        const Line *line = misfit != NULL ? find_setter(config, imei, misfit) : NULL;

        if (line == NULL)
            continue;
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "%s:%u: %s%s%s%s", line->file, line->number, rules[i].wanted,
                    imei[0] != '\0' ? ", also for [" OF_MODULE : "", imei,
                    imei[0] != '\0' ? "]" : "");
        return FALSE;
    }
    return TRUE;
}

gboolean
fota_config_validate(FotaConfig *config, GError **error)
{
    if (!check_module(config, "", error))
        return FALSE;
    for (guint i = 0; i < config->lines->len; i++) {
        const Line *line = config->lines->pdata[i];

        if (line->imei != NULL && !check_module(config, line->imei, error))
            return FALSE;
    }
    return TRUE;
}

FotaConfig *
fota_config_new(const char *file, gboolean (*may_obey)(const char *path, GError **error))
{
    FotaConfig *config = g_new0(FotaConfig, 1);
    g_autofree char *directory = g_path_get_dirname(file);

    g_atomic_ref_count_init(&config->refs);
    config->file = g_strdup(file);
    config->keys_directory = g_build_filename(directory, "keys.d", NULL);
    config->may_obey = may_obey;
    config->lines = g_ptr_array_new_with_free_func(line_free);
    config->modules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, settings_free);
    config->credentials =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    return config;
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
    g_free(config->keys_directory);
    g_ptr_array_unref(config->lines);
    g_hash_table_unref(config->modules);
    g_hash_table_unref(config->credentials);
    g_free(config);
}

const char *
fota_config_get_file(FotaConfig *config)
{
    return config->file;
}

static void
settings_take(FotaSettings *settings, FotaConfig *config, const char *imei)
{
    for (guint i = 0; i < config->lines->len; i++) {
        const Line *line = config->lines->pdata[i];

        if (g_strcmp0(line->imei, imei) == 0)
            fota_config_key_set(line->key, settings, line->value);
    }
}

/* The lines of the gateway, overridden by those of the module. */
static const FotaSettings *
get_settings(FotaConfig *config, const char *imei)
{
    FotaSettings *settings = g_hash_table_lookup(config->modules, imei);

    if (settings == NULL) {
        settings = g_new(FotaSettings, 1);
        *settings = (FotaSettings)FOTA_SETTINGS_INIT;
        settings_take(settings, config, NULL);
        settings_take(settings, config, imei);
        g_hash_table_insert(config->modules, g_strdup(imei), settings);
    }
    return settings;
}

const char *
fota_config_get_keys_directory(FotaConfig *config)
{
    const char *directory = get_settings(config, "")->keys_directory;

    return directory != NULL ? directory : config->keys_directory;
}

guint
fota_config_get_at_once(FotaConfig *config)
{
    return get_settings(config, "")->at_once;
}

guint64
fota_config_get_cache_size(FotaConfig *config)
{
    return get_settings(config, "")->cache_size;
}

gboolean
fota_config_get_personal_info(FotaConfig *config)
{
    return get_settings(config, "")->personal_info;
}

int
fota_config_get_log_level(FotaConfig *config)
{
    return get_settings(config, "")->log_level;
}

const FotaModuleConfig *
fota_config_for_module(FotaConfig *config, const char *imei)
{
    return &get_settings(config, imei)->module;
}

const char *const *
fota_config_get_credential_servers(FotaConfig *config, const char *name)
{
    return g_hash_table_lookup(config->credentials, name);
}
