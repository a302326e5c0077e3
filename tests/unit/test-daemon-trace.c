/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-log.h"
#include "daemon/job/fota-session.h"

/* What of an AT line is shown in the log. */

static char *written;

static GLogWriterOutput
keep_message(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (g_str_equal(fields[i].key, "MESSAGE")) {
            g_free(written);
            written = g_strdup(fields[i].value);
        }
    }
    return G_LOG_WRITER_HANDLED;
}

static const FotaSetting settings[] = {
    {.name = "+CGDCONT"}, {.name = "^FOTACFG", .secret = TRUE}, {.name = NULL}};
static const FotaPlugin table = {.name = "test", .settings = settings};
static const FotaPlugin bare = {.name = "bare"};

static void
test_shown(void)
{
    static const struct {
        const char *line, *shown;
    } cases[] = {
        {"AT+GMR", "AT+GMR"},
        /* A password that nobody has told fotad. */
        {"^FOTACFG: \"apn\",\"user\",\"Unkn0wn\",2", "^FOTACFG:***"},
        {"AT^FOTACFG?", "AT^FOTACFG?"},
        {"AT^FOTACFG=\"apn\",\"user\",\"Kn0wn\",2", "AT^FOTACFG=\"apn\",\"user\",\"***\",2"},
        {"+CGDCONT: 1,\"IP\",\"apn\"", "+CGDCONT: 1,\"IP\",\"apn\""},
        /* Whoever may have sent it, and also as an echo. */
        {"AT+CPIN=\"1234\"", "AT+CPIN=***"},
        {"+CPIN: SIM PIN", "+CPIN: SIM PIN"},
    };
    FotaVendor vendors[] = {{.table = &table}, {.table = &bare}};
    FotaSessionSetup setup = {.vendor = &vendors[0], .secrets = {"Kn0wn", ""}};
    FotaSession *session = fota_session_new(&setup);
    FotaSession *without;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *expected = g_strconcat("AT < ", cases[i].shown, NULL);

        fota_session_trace('<', cases[i].line, session);
        g_assert_cmpstr(written, ==, expected);
    }
    setup.vendor = &vendors[1];
    without = fota_session_new(&setup);
    fota_session_trace('>', "AT", without);
    g_assert_cmpstr(written, ==, "AT > AT");
    fota_session_free(without);
    fota_session_free(session);
    g_free(written);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(keep_message, NULL, NULL);
    fota_log_set_level(7);
    g_test_add_func("/daemon/trace/shown", test_shown);
    return g_test_run();
}
