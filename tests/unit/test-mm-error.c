/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-error.h"

#include <libmm-glib.h>

#include "plugins/fota-plugin.h"

/* What ModemManager says is passed on, but not how D-Bus wraps it, nor the command's arguments. */
static void
test_words(void)
{
    static const struct {
        const char *remote;
        const char *text;
        int code;
        const char *expected;
    } rows[] = {
        {MM_MOBILE_EQUIPMENT_ERROR_DBUS_PREFIX ".IncorrectPassword", "Incorrect password",
         FOTA_MODULE_ERROR_MODULE_REFUSED, "AT+CPIN was refused: error 16 (Incorrect password)"},
        {MM_MOBILE_EQUIPMENT_ERROR_DBUS_PREFIX ".Unknown", "Unknown error",
         FOTA_MODULE_ERROR_MODULE_REFUSED, "AT+CPIN was refused: Unknown error"},
        {MM_CONNECTION_ERROR_DBUS_PREFIX ".NoCarrier", "No carrier",
         FOTA_MODULE_ERROR_MODULE_REFUSED, "AT+CPIN was refused: No carrier"},
        {MM_SERIAL_ERROR_DBUS_PREFIX ".ResponseTimeout", "Serial command timed out",
         FOTA_MODULE_ERROR_MODULE_SILENT,
         "ModemManager got no answer to AT+CPIN: Serial command timed out"},
        {MM_CORE_ERROR_DBUS_PREFIX ".Unauthorized", "not allowed", FOTA_MODULE_ERROR_NOT_SUPPORTED,
         "ModemManager got no answer to AT+CPIN: not allowed"},
        {"org.freedesktop.DBus.Error.NoReply", "no reply", FOTA_MODULE_ERROR_MODULE_GONE,
         "ModemManager got no answer to AT+CPIN: no reply"},
        {"org.freedesktop.DBus.Error.AccessDenied", "Rejected send message",
         FOTA_MODULE_ERROR_MODULE_GONE,
         "ModemManager got no answer to AT+CPIN: Rejected send message"},
        /* It has cancelled what it did, and fotad has not. */
        {"org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code19", "port closed",
         FOTA_MODULE_ERROR_MODULE_GONE, "ModemManager got no answer to AT+CPIN: port closed"},
        {"com.example.Other", "what others say", FOTA_MODULE_ERROR_MODULE_GONE,
         "ModemManager got no answer to AT+CPIN: what others say"},
    };
    /* They make the names known to D-Bus. */
    const GQuark known[] = {MM_MOBILE_EQUIPMENT_ERROR, MM_CONNECTION_ERROR, MM_SERIAL_ERROR,
                            MM_CORE_ERROR, G_DBUS_ERROR};

    g_assert_cmpuint(known[0], !=, 0);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) told = g_dbus_error_new_for_dbus_error(rows[i].remote, rows[i].text);
        g_autoptr(GError) error = NULL;
        int cme;

        error = fota_mm_translate_error(told, "AT+CPIN=\"1234\"", &cme);
        g_assert_error(error, FOTA_MODULE_ERROR, rows[i].code);
        g_assert_cmpstr(error->message, ==, rows[i].expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mm-error/words", test_words);
    return g_test_run();
}
