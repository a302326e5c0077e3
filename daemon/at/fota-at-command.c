/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-command.h"

#include <string.h>

#include "plugins/fota-plugin.h"

gboolean
fota_at_command_check(const char *command, GError **error)
{
    gsize length = strlen(command);
    gboolean printable = TRUE;

    for (gsize i = 0; i < length; i++)
        printable = printable && g_ascii_isprint(command[i]);
    if (printable && length <= FOTA_AT_COMMAND_MAX && g_ascii_strncasecmp(command, "AT", 2) == 0)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT,
                "not sent: an AT command line begins with AT and has up to %d characters, all of "
                "them printable ASCII",
                FOTA_AT_COMMAND_MAX);
    return FALSE;
}

char *
fota_at_command_name(const char *command)
{
    return g_strndup(command, strcspn(command, "="));
}
