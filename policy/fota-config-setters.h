/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-config-keys.h"

G_BEGIN_DECLS

/**
 * How the values of configuration keys are read: each is the `set` of FotaConfigKey. An empty value
 * is none, where a key has a text. For fota-config-keys.c only.
 */
typedef gboolean
FotaConfigSetter(const FotaConfigKey *key, FotaSettings *settings, const char *value);

FotaConfigSetter fota_config_set_uri, fota_config_set_duration, fota_config_set_text,
    fota_config_set_path, fota_config_set_flag, fota_config_set_credential, fota_config_set_proxy,
    fota_config_set_words, fota_config_set_choice, fota_config_set_version, fota_config_set_windows,
    fota_config_set_blackouts, fota_config_set_number, fota_config_set_size,
    fota_config_set_directory, fota_config_set_apn, fota_config_set_chosen_text,
    fota_config_set_keyword, fota_config_set_web_uri, fota_config_set_rungs,
    fota_config_set_command;

/* The `is_word` of lists */

/** A server, or an access point: who may be sent a credential. */
gboolean fota_config_is_receiver(const char *word);
gboolean fota_config_is_group(const char *word);

G_END_DECLS
