/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-config-file.h"

#include "daemon/fota-authority.h"

static gboolean
take_file(FotaConfig *config, const char *file, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *text = fota_authority_read(file, &local_error);

    if (text != NULL)
        return fota_config_take(config, file, text, NULL, error);
    if (local_error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FALSE;
}

FotaConfig *
fota_config_load(const char *file, GError **error)
{
    g_autoptr(FotaConfig) config = fota_config_new(file, fota_authority_validate);
    g_autofree char *directory = g_strconcat(file, ".d", NULL);
    g_auto(GStrv) files = NULL;

    if (!take_file(config, file, error) ||
        (files = fota_authority_list(directory, ".conf", error)) == NULL)
        return NULL;
    for (guint i = 0; files[i] != NULL; i++) {
        if (!take_file(config, files[i], error))
            return NULL;
    }
    return fota_config_validate(config, error) ? g_steal_pointer(&config) : NULL;
}
