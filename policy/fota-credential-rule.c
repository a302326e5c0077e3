/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-credential-rule.h"

#include <string.h>
#include <sys/stat.h>

const char *
fota_credential_check_file(guint32 mode, guint32 owner, guint32 self)
{
    if (!S_ISREG(mode))
        return "not a regular file";
    if (owner != 0 && owner != self)
        return "belongs to neither root nor fotad";
    if ((mode & 0077) != 0 && (mode & 0777) != 0440)
        return "others may read it; chmod it to 0600";
    return NULL;
}

char *
fota_credential_read_text(const char *data, gsize size, const char **fault)
{
    gsize length = size > 0 && data[size - 1] == '\n' ? size - 1 : size;

    if (length == 0 || size > FOTA_CREDENTIAL_MAX_BYTES) {
        *fault = "empty, or longer than 4096 bytes";
        return NULL;
    }
    for (gsize i = 0; i < length; i++) {
        if (g_ascii_iscntrl(data[i])) {
            *fault = "more than one line, or control characters";
            return NULL;
        }
    }
    return g_strndup(data, length);
}

gboolean
fota_credential_split(const char *text, char **user, char **password)
{
    const char *colon = strchr(text, ':');

    if (!colon || colon == text)
        return FALSE;
    *user = g_strndup(text, (gsize)(colon - text));
    *password = g_strdup(colon + 1);
    return TRUE;
}
