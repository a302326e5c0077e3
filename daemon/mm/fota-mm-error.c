/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-error.h"

#include <string.h>

#include <libmm-glib.h>

#include "daemon/at/fota-at-command.h"
#include "plugins/fota-plugin.h"

gboolean
fota_mm_is_cancelled(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
           !g_dbus_error_is_remote_error(error);
}

/*
 * ModemManager returns MM_MOBILE_EQUIPMENT_ERROR_UNKNOWN for a plain ERROR and for all numbers that
 * it does not know, such as the vendors' own. It puts those numbers into the text.
 */
static int
equipment_number(const GError *error)
{
    static const char unknown[] = "Unknown mobile equipment error: ";
    const char *text = strstr(error->message, unknown);
    guint64 number;

    if (error->code != MM_MOBILE_EQUIPMENT_ERROR_UNKNOWN)
        return error->code;
    if (text == NULL ||
        !g_ascii_string_to_unsigned(text + strlen(unknown), 10, 0, G_MAXINT, &number, NULL))
        return -1;
    return (int)number;
}

static FotaModuleError
translate_serial(int code)
{
    return code == MM_SERIAL_ERROR_RESPONSE_TIMEOUT ? FOTA_MODULE_ERROR_MODULE_SILENT
                                                    : FOTA_MODULE_ERROR_MODULE_GONE;
}

static FotaModuleError
translate_core(int code)
{
    switch (code) {
    case MM_CORE_ERROR_CANCELLED:
    case MM_CORE_ERROR_ABORTED:
    case MM_CORE_ERROR_NOT_FOUND:
    case MM_CORE_ERROR_WRONG_STATE:
        return FOTA_MODULE_ERROR_MODULE_GONE; /* the modem object is being removed */
    case MM_CORE_ERROR_FAILED:
    case MM_CORE_ERROR_IN_PROGRESS:
    case MM_CORE_ERROR_RETRY:
        return FOTA_MODULE_ERROR_MODULE_SILENT;
    default:
        return FOTA_MODULE_ERROR_NOT_SUPPORTED; /* not allowed, or no AT port */
    }
}

static FotaModuleError
translate_bus(int code)
{
    switch (code) {
    case G_DBUS_ERROR_AUTH_FAILED:
        return FOTA_MODULE_ERROR_NOT_SUPPORTED;
    case G_DBUS_ERROR_TIMEOUT:
    case G_DBUS_ERROR_TIMED_OUT:
        return FOTA_MODULE_ERROR_MODULE_SILENT;
    default:
        /* The object or service is gone; also if the bus denies access, which depends on the name
         * that a ModemManager which ends has given back. ModemManager itself says Unauthorized. */
        return FOTA_MODULE_ERROR_MODULE_GONE;
    }
}

GError *
fota_mm_translate_error(const GError *told, const char *command, int *cme)
{
    g_autoptr(GError) error = g_error_copy(told);
    g_autofree char *name = fota_at_command_name(command);
    FotaModuleError code = FOTA_MODULE_ERROR_MODULE_GONE;

    *cme = -1;
    if (fota_mm_is_cancelled(error))
        return g_steal_pointer(&error);
    g_dbus_error_strip_remote_error(error);
    if (error->domain == MM_MOBILE_EQUIPMENT_ERROR || error->domain == MM_MESSAGE_ERROR) {
        *cme = error->domain == MM_MESSAGE_ERROR ? error->code : equipment_number(error);
        if (*cme >= 0)
            return g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                               "%s was refused: error %d (%s)", name, *cme, error->message);
        return g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                           "%s was refused: %s", name, error->message);
    }
    if (error->domain == MM_CONNECTION_ERROR)
        return g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                           "%s was refused: %s", name, error->message);
    if (error->domain == MM_SERIAL_ERROR)
        code = translate_serial(error->code);
    else if (error->domain == MM_CORE_ERROR)
        code = translate_core(error->code);
    else if (error->domain == G_DBUS_ERROR)
        code = translate_bus(error->code);
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        code = FOTA_MODULE_ERROR_MODULE_SILENT;
    return g_error_new(FOTA_MODULE_ERROR, code, "ModemManager got no answer to %s: %s", name,
                       error->message);
}
