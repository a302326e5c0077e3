/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/job/fota-session-settings.h"
#include "tests/unit/fake-session.h"

/* Stands for a plugin: what is asked of the settings here does not depend on the vendor. */

static gboolean
enter_account(FotaSession *session, GError **error)
{
    return fota_session_order(session, "AT#ACCOUNT=from-the-configuration", 5, error);
}

static const FotaSetting settings[] = {
    {.name = "+CGDCONT", .fields = 0x7},
    {.name = "#ACCOUNT", .fields = 0xb, .secret = TRUE, .enter = enter_account},
    {.name = "#OTASUAN"},
    {.name = "+CEREG", .fields = 0x1},
    {.name = NULL},
};

#define CONTEXTS                                                                                   \
    "+CGDCONT: 1,\"IP\",\"a,b\",\"10.1.0.1\",0,0\n"                                                \
    "+CGDCONT: 3,\"IPV4V6\",\"VZWINTERNET\",\"\",0,0"
#define ACCOUNT "#ACCOUNT: \"apn\",\"user\",\"Secr3t\",2"
#define SUAN "#OTASUAN: ,2,1"
#define CEREG "+CEREG: 2,1,\"1A2B\",\"01A2B3C4\",8"
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
#define READ                                                                                       \
    {"AT+CGDCONT?", CONTEXTS}, {"AT#ACCOUNT?", ACCOUNT}, {"AT#OTASUAN?", SUAN},                    \
    {                                                                                              \
        "AT+CEREG?", CEREG                                                                         \
    }

typedef struct {
    const char *name;
    const char *differing; /* blanks between names */
    const char *says;      /* stands in a note; NULL = nothing is noted */
    FakeExchange script[24];
} Case;

static const Case cases[] = {
    {"kept",
     "",
     NULL,
     /* The address and the cell may be others than before. */
     {READ,
      {"AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"a,b\",\"\",0,0\n"
                      "+CGDCONT: 3,\"IPV4V6\",\"VZWINTERNET\",\"10.9.9.9\",0,0"},
      {"AT#ACCOUNT?", "#ACCOUNT: \"apn\",\"user\",\"other\",2"},
      {"AT#OTASUAN?", SUAN},
      {"AT+CEREG?", "+CEREG: 2,5"},
      END}},
    {"lost",
     "",
     "lost +CGDCONT",
     {READ,
      {"AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"a,b\",\"\",0,0"},
      {"AT+CGDCONT=3,\"IPV4V6\",\"VZWINTERNET\"", ""},
      {"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", "#ACCOUNT: \"\",\"\",\"\",0"},
      {"AT#ACCOUNT=from-the-configuration", ""},
      {"AT#ACCOUNT?", ACCOUNT},
      {"AT#OTASUAN?", "#OTASUAN: ,0,0"},
      {"AT#OTASUAN=,2,1", ""},
      {"AT#OTASUAN?", SUAN},
      {"AT+CEREG?", "+CEREG: 0,1"},
      {"AT+CEREG=2", ""},
      {"AT+CEREG?", CEREG},
      END}},
    /* One that the model has not is not asked again; one without a line is as good as none. */
    {"model-has-it-not",
     "",
     NULL,
     {{"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", "!ERROR"},
      {"AT#OTASUAN?", "!4"},
      {"AT+CEREG?", ""},
      {"AT+CGDCONT?", CONTEXTS},
      END}},
    {"not-allowed-or-unknown",
     "",
     NULL,
     {{"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", "!3"},
      {"AT#OTASUAN?", "!100"},
      {"AT+CEREG?", ""},
      {"AT+CGDCONT?", CONTEXTS},
      END}},
    {"without-sim",
     "",
     NULL,
     {{"AT+CGDCONT?", "!10"},
      {"AT#ACCOUNT?", "!50"},
      {"AT#OTASUAN?", "!11"},
      {"AT+CEREG?", ""},
      END}},
    {"refused",
     "+CGDCONT #ACCOUNT",
     "#ACCOUNT is not as it was before the restart: +CME ERROR: 3",
     {READ,
      {"AT+CGDCONT?", ""},
      {"AT+CGDCONT=1,\"IP\",\"a,b\"", ""},
      {"AT+CGDCONT=3,\"IPV4V6\",\"VZWINTERNET\"", "!ERROR"},
      {"AT#ACCOUNT?", "#ACCOUNT: \"\",\"\",\"\",0"},
      {"AT#ACCOUNT=from-the-configuration", "!3"},
      {"AT#OTASUAN?", SUAN},
      {"AT+CEREG?", CEREG},
      END}},
    /* What the module has told goes back to it only when it can be nothing but a setting. */
    {"no-setting",
     "#OTASUAN",
     "no setting",
     {{"AT+CGDCONT?", ""},
      {"AT#ACCOUNT?", ""},
      {"AT#OTASUAN?", "#OTASUAN: 0;#OTAUP=0"},
      {"AT+CEREG?", ""},
      {"AT#OTASUAN?", "#OTASUAN: ,0,0"},
      END}},
    {"taken-and-not-there",
     "#OTASUAN",
     "does not have it",
     {READ,
      {"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", ACCOUNT},
      {"AT#OTASUAN?", "#OTASUAN: ,0,0"},
      {"AT#OTASUAN=,2,1", ""},
      {"AT#OTASUAN?", "#OTASUAN: ,0,0"},
      {"AT+CEREG?", CEREG},
      END}},
    /* No questions into the void: all that was not compared counts as different. */
    {"silent",
     "#ACCOUNT #OTASUAN +CEREG",
     "no answer",
     {READ,
      {"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", "?"},
      {FAKE_BACK, ""},
      {"AT#ACCOUNT?", "?"},
      END}},
    {"gone",
     "+CGDCONT #ACCOUNT #OTASUAN +CEREG",
     "no answer",
     {READ, {"AT+CGDCONT?", "-"}, {FAKE_BACK, "-"}, END}},
    /* ModemManager, or the bus, was restarted in between: that is waited for, once. */
    {"gone-and-back",
     "#OTASUAN +CEREG",
     "no answer",
     {READ,
      {"AT+CGDCONT?", "-"},
      {FAKE_BACK, ""},
      {"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", ACCOUNT},
      {"AT#OTASUAN?", "-"},
      END}},
    {"forgotten-question",
     "#OTASUAN",
     "+CME ERROR: 4",
     {READ,
      {"AT+CGDCONT?", CONTEXTS},
      {"AT#ACCOUNT?", ACCOUNT},
      {"AT#OTASUAN?", "!4"},
      {"AT+CEREG?", CEREG},
      END}},
};

static void
test_restore(gconstpointer data)
{
    const Case *test = data;
    FotaSession *session = fake_session_new(SKELETON_MODELS, test->script);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) differing = NULL;
    g_autofree char *names = NULL;

    g_assert_cmpint(fota_session_read_settings(session, settings, &error), ==, FOTA_RESULT_DONE);
    g_assert_no_error(error);
    differing = fota_session_restore_settings(session, settings);
    names = g_strjoinv(" ", differing);
    g_assert_cmpstr(names, ==, test->differing);
    if (test->says == NULL)
        g_assert_cmpstr(fake_session_get_notes(session), ==, "");
    else
        g_assert_nonnull(strstr(fake_session_get_notes(session), test->says));
    fake_session_finish(session);
}

/* What is written to the record holds no password. */
static void
test_kept(void)
{
    static const FakeExchange script[] = {READ, END};
    FotaSession *session = fake_session_new(SKELETON_MODELS, script);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fota_session_read_settings(session, settings, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(fota_session_recall(session, "+CGDCONT"), ==,
                    "1,\"IP\",\"a,b\"\n3,\"IPV4V6\",\"VZWINTERNET\"");
    g_assert_cmpstr(fota_session_recall(session, "#ACCOUNT"), ==, "\"apn\",\"user\",2");
    g_assert_cmpstr(fota_session_recall(session, "#OTASUAN"), ==, ",2,1");
    g_assert_cmpstr(fota_session_recall(session, "+CEREG"), ==, "2");
    fake_session_finish(session);
}

/* Before the order to install, a module that does not answer ends the step, and one that refuses to
 * tell for now is asked later: it is not taken for one without that setting. */
static void
test_untold_before(void)
{
    static const struct {
        const char *answer;
        FotaResult result;
    } answers[] = {
        {"?", FOTA_RESULT_FAILED_FOR_NOW}, {"-", FOTA_RESULT_FAILED_FOR_NOW},
        {"!14", FOTA_RESULT_TRY_LATER},    {"!13", FOTA_RESULT_TRY_LATER},
        {"!515", FOTA_RESULT_TRY_LATER},
    };

    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        const FakeExchange script[] = {
            {"AT+CGDCONT?", CONTEXTS}, {"AT#ACCOUNT?", answers[i].answer}, END};
        FotaSession *session = fake_session_new(SKELETON_MODELS, script);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", answers[i].answer);
        g_assert_cmpint(fota_session_read_settings(session, settings, &error), ==,
                        answers[i].result);
        g_assert_nonnull(error);
        fake_session_finish(session);
    }
}

static void
test_none(void)
{
    static const FakeExchange script[] = {END};
    FotaSession *session = fake_session_new(SKELETON_MODELS, script);
    g_auto(GStrv) differing = NULL;

    g_assert_cmpint(fota_session_read_settings(session, NULL, NULL), ==, FOTA_RESULT_DONE);
    differing = fota_session_restore_settings(session, NULL);
    g_assert_cmpuint(g_strv_length(differing), ==, 0);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/daemon/settings/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_restore);
    }
    g_test_add_func("/daemon/settings/kept-text", test_kept);
    g_test_add_func("/daemon/settings/untold-before", test_untold_before);
    g_test_add_func("/daemon/settings/none", test_none);
    return g_test_run();
}
