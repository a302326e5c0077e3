/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>
#include <syslog.h>

#include "daemon/fota-log.h"

/* What comes out of the log, whoever has put it in. Each case runs in a process of its own. */

#define IMEI "352099001761481"
#define FILE_NAME "/nonexistent/" IMEI ".json"

static void
log_with_context(void)
{
    const FotaLogContext context = {.imei = IMEI, .update_id = "u-" IMEI, .from = "1"};

    fota_log(LOG_ERR, FOTA_EVENT_NONE, &context, "%s is damaged", FILE_NAME);
}

static void
log_by_glib(void)
{
    g_message("%s: own number 01711234567", FILE_NAME);
}

static void
log_error_text(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(g_file_get_contents(FILE_NAME, &(char *){NULL}, NULL, &error));
    g_warning("%s", error->message);
}

static void
log_path(void)
{
    g_info("no interface at /org/fotad/Fota1/Module/" IMEI " for 1234567890, 311480123456789");
}

static void
log_trace(void)
{
    fota_log(LOG_DEBUG, FOTA_EVENT_NONE, NULL, "AT < +CCID: 89148000001234567894");
}

/* A defect in the program takes another way out, which must not be a way around. */
static void
log_critical(void)
{
    g_critical("module " IMEI " has no state");
}

static void (*const cases[])(void) = {log_with_context, log_by_glib, log_error_text,
                                      log_path,         log_trace,   log_critical};

static void
test_nothing_personal(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);

    if (g_test_subprocess()) {
        g_log_set_always_fatal(0);
        fota_log_init();
        fota_log_set_level(LOG_DEBUG);
        fota_log_know_imei(IMEI);
        cases[i]();
        fota_log_set_personal_info(TRUE);
        g_message("all of it: " IMEI);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*all of it: " IMEI "*");
    g_test_trap_assert_stderr_unmatched("*" IMEI "*" IMEI "*");
    g_test_trap_assert_stderr_unmatched("*01711234567*");
    g_test_trap_assert_stderr_unmatched("*1234567890*");
    g_test_trap_assert_stderr_unmatched("*311480*");
    g_test_trap_assert_stderr_unmatched("*891480*");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/log/nothing-personal/%u", i);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_nothing_personal);
    }
    return g_test_run();
}
