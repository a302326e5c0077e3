/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-bus-error.h"

#include "daemon/fota-error.h"

#define ERROR_PREFIX "org.fotad.Fota1.Error."

int
fota_bus_reply(sd_bus_message *call, const GError *error)
{
    g_autofree char *name = NULL;
    g_autofree char *text = NULL;

    if (error == NULL)
        return sd_bus_reply_method_return(call, NULL);
    name = g_strconcat(ERROR_PREFIX, fota_error_get_name(error), NULL);
    text = g_utf8_make_valid(error->message, -1);
    return sd_bus_reply_method_error(call, &SD_BUS_ERROR_MAKE_CONST(name, text));
}
