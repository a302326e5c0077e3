/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-telit.h"

static const char *const questions[] = {"AT+GMM",    "AT#SCFG?",  "AT+CGDCONT?",  "AT+CSQ",
                                        "AT+CEREG?", "AT#SGACT?", "AT#FTPTYPE=0", SIZE_COMMAND};

/* What the flow can do without does not end it, whatever the answer is. */
static void
test_without(gconstpointer data)
{
    static const char *const answers[] = {"!ERROR", "!3", "?", "nonsense", ""};
    const char *question = data;

    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        static const FakeExchange whole[] = {
            {"AT+GMM", "ME910C1-NA"}, VERSION, BEFORE, OPEN, BINARY, SIZE, VERSION, GET, CLOSE, END,
        };
        FakeExchange script[G_N_ELEMENTS(whole) + 2];
        gboolean list = strcmp(question, "AT+CGDCONT?") == 0;
        gboolean told = answers[i][0] != '!' && answers[i][0] != '?';
        FotaSession *session;
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;
        guint n = 0;

        for (guint k = 0; k < G_N_ELEMENTS(whole); k++) {
            const FakeExchange message = {"AT#FTPMSG", "550 SIZE not allowed in ASCII mode."};

            /* Contexts that are not told are not overwritten. */
            if (list && !told && g_strcmp0(whole[k].command, SET_APN_COMMAND) == 0)
                continue;
            script[n] = whole[k];
            if (g_strcmp0(whole[k].command, question) == 0)
                script[n].answer = answers[i];
            n++;
            if (g_strcmp0(whole[k].command, question) == 0 && strcmp(question, SIZE_COMMAND) == 0)
                script[n++] = message;
            if (g_strcmp0(whole[k].command, question) == 0 && strcmp(question, "AT+CEREG?") == 0) {
                script[n++] = (FakeExchange){"AT+CGREG?", answers[i]};
                script[n++] = (FakeExchange){"AT+CREG?", answers[i]};
            }
        }
        session = fake_session_new(TELIT_MODELS, script);
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        g_assert_cmpint(fake_plugin_inspect(session, &version, &error), ==, FOTA_RESULT_DONE);
        g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
        g_assert_no_error(error);
        fake_session_finish(session);
    }
}

/* Registered is what the network says, in any generation; +CEREG, +CGREG, +CREG as far as asked. */
static void
test_registration(void)
{
    static const struct {
        const char *answers[3];
        gboolean registered;
    } table[] = {
        {{"+CEREG: 0,1"}, TRUE},
        {{"+CEREG: 0,5"}, TRUE},
        {{"+CEREG: 0,9"}, TRUE},
        {{"+CEREG: 0,10"}, TRUE},
        {{"+CEREG: 2,1,\"1A2B\",\"01234567\",7"}, TRUE},
        {{"+CEREG: 5,\"1A2B\",\"01234567\",7\n+CEREG: 2,5"}, TRUE},
        {{"+CEREG: 1\n+CEREG: 2,2"}, TRUE},
        {{"+CEREG: 0,0", "+CGREG: 0,1"}, TRUE}, /* an LE910 in 3G */
        {{"+CEREG: 0,4", "+CGREG: 0,2", "+CREG: 0,5"}, TRUE},
        {{"!ERROR", "+CGREG: 0,10"}, TRUE},
        {{"!ERROR", "!ERROR", "+CREG: 0,1"}, TRUE},
        {{"", "", ""}, TRUE}, /* nothing is told */
        {{"+CEREG: 0,6", "+CGREG: 0,7", "+CREG: 0,8"}, FALSE},
        {{"+CEREG: 0,0", "", ""}, FALSE},
        {{"+CEREG: 1,3", "+CGREG: 1,4", "+CREG: 1,2"}, FALSE},
        {{"+CEREG: 0,11", "!3", "!3"}, FALSE},
        {{"+CEREG: 2,0,\"0001\",\"1\",7", "", ""}, FALSE},
    };
    static const char *const questions_asked[] = {"AT+CEREG?", "AT+CGREG?", "AT+CREG?"};
    static const FakeExchange before[] = {SOCKET, NO_APN, SET_APN, {"AT+CSQ", "+CSQ: 25,3"}};
    static const FakeExchange after[] = {CONTEXT, OPEN, BINARY, SIZE, VERSION, GET, CLOSE};

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
        FotaUpdate this_update = update;
        g_autoptr(GError) error = NULL;
        FotaSession *session;
        FotaResult result;

        g_array_append_vals(script, before, G_N_ELEMENTS(before));
        for (guint k = 0; k < 3 && table[i].answers[k] != NULL; k++) {
            const FakeExchange asked = {questions_asked[k], table[i].answers[k]};

            g_array_append_val(script, asked);
        }
        if (table[i].registered)
            g_array_append_vals(script, after, G_N_ELEMENTS(after));
        session = fake_session_new(TELIT_MODELS, (const FakeExchange *)(const void *)script->data);
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        result = fake_plugin_download(session, &this_update, &error);
        if (table[i].registered != (result == FOTA_RESULT_DONE))
            g_error("%s: %s", table[i].answers[0], error != NULL ? error->message : "done");
        if (!table[i].registered)
            g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_REGISTERED);
        fake_session_finish(session);
    }
}

/* Through ModemManager, which keeps the answer for itself, the question is asked once. */
static void
test_registration_not_told(void)
{
    static const FakeExchange script[] = {SOCKET,
                                          NO_APN,
                                          SET_APN,
                                          {"AT+CSQ", "+CSQ: 25,3"},
                                          {"AT+CEREG?", ""},
                                          CONTEXT,
                                          OPEN,
                                          BINARY,
                                          SIZE,
                                          VERSION,
                                          GET,
                                          CLOSE,
                                          END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autoptr(GError) error = NULL;

    fake_session_set_poll(session, "none");
    fake_session_set_network(session, "Apn", "VZWINTERNET");
    g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
}

/* An update that was cut off left context and socket as it had made them: they are its own. */
static void
test_cut_off(void)
{
    static const FakeExchange script[] = {
        SOCKET, NO_APN,  SET_APN, READY, {"AT#SGACT?", "#SGACT: 3,1"},      OPEN, BINARY,
        SIZE,   VERSION, GET,     CLOSE, {"AT#SCFG=1,1,1500,0,600,50", ""}, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autoptr(GError) error = NULL;

    fake_session_set_network(session, "Apn", "VZWINTERNET");
    fota_session_remember(session, FOTA_OWED "Context", "3");
    fota_session_remember(session, FOTA_OWED "Socket", "1,1,1500,0,600,50");
    g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Context"), ==, "");
    g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Socket"), ==, "");
    fake_session_finish(session);
}

/* clang-format off */
#define SILENT_CLOSE {"AT#FTPCLOSE", "?"}, {"AT#SGACT=3,0", "?"}
#define CONTEXT_STAYS {"AT#SGACT?", "#SGACT: 3,1"}
static const struct {
    const char *name;
    enum { FRESH, AGAIN, UNDO } way; /* AGAIN, UNDO: both were left; UNDO: only close() is called */
    FakeExchange script[26];
    const char *context, *ftp; /* what is owed afterwards */
} debts[] = {
    {"owed/closed", FRESH, {BEFORE, FETCHED, CLOSE, END}, "", ""},
    /* Cancelled while the module says nothing until it has the delta, or answers no more. */
    {"owed/cancelled", FRESH, {BEFORE, UNTIL_GET, {FAKE_CANCEL, ""}, SILENT_CLOSE, END}, "3", "1"},
    {"owed/silent", FRESH, {BEFORE, UNTIL_GET, {GET_COMMAND, "?"}, SILENT_CLOSE, END}, "3", "1"},
    {"owed/open-without-answer", FRESH,
     {BEFORE, SAVED, {OPEN_COMMAND, "?"}, {"AT#FTPCLOSE", ""}, CLOSE_CONTEXT, END}, "", ""},
    {"owed/open-cancelled", FRESH,
     {BEFORE, SAVED, {FAKE_CANCEL, ""}, {"AT#FTPCLOSE", "!430"}, CLOSE_CONTEXT, END}, "", ""},
    {"owed/context-stays", FRESH,
     {BEFORE, FETCHED, CLOSE_FTP, {"AT#SGACT=3,0", "!ERROR"}, CONTEXT_STAYS, END}, "3", ""},
    {"owed/context-refused-and-gone", FRESH,
     {WITH_APN, READY, {"AT#SGACT?", "#SGACT: 3,0"}, SAVED, {"AT#SGACT=3,1", "!405"},
      {"AT#SGACT?", "-"}, END}, "", NULL},
    /* A module that does not tell what is up: what was ours still is. */
    {"owed/context-not-told", AGAIN,
     {WITH_APN, READY, {"AT#SGACT?", "!ERROR"}, SAVED, {"AT#SGACT=3,1", "!403"}, FETCHED, CLOSE,
      END}, "", ""},
    /* What cannot be written down is not done, and what was owed before still is. */
    {"owed/still-not-written", AGAIN,
     {WITH_APN, READY, {"AT#SGACT?", "#SGACT: 3,0"}, {FAKE_SAVE, "-"}, SILENT_CLOSE, END}, "3", "1"},
    {"owed/context-not-written", FRESH,
     {WITH_APN, READY, {"AT#SGACT?", "#SGACT: 3,0"}, {FAKE_SAVE, "-"}, END}, "", NULL},
    {"owed/ftp-not-written", FRESH, {BEFORE, {FAKE_SAVE, "-"}, CLOSE_CONTEXT, END}, "", ""},
    {"owed/undone", UNDO, {CLOSE, END}, "", ""},
    {"owed/undone-after-restart", UNDO,
     {{"AT#FTPCLOSE", "!430"}, {"AT#SGACT=3,0", "!ERROR"}, {"AT#SGACT?", "#SGACT: 3,0"}, END},
     "", ""},
    {"owed/undo-silent", UNDO, {SILENT_CLOSE, END}, "3", "1"},
    {"owed/undo-put-off", UNDO,
     {CLOSE_FTP, {"AT#SGACT=3,0", "!14"}, {"AT#SGACT?", "!14"}, END}, "3", ""},
    {"owed/undo-refused", UNDO,
     {CLOSE_FTP, {"AT#SGACT=3,0", "!ERROR"}, CONTEXT_STAYS, END}, "3", ""},
};
/* clang-format on */

/* What we have opened is on disk before, and stays owed until the module has answered. */
static void
test_owed(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    FotaSession *session = fake_session_new(TELIT_MODELS, debts[i].script);

    fake_session_set_network(session, "Apn", "VZWINTERNET");
    if (debts[i].way != FRESH) {
        fota_session_remember(session, FOTA_OWED "Context", "3");
        fota_session_remember(session, FOTA_OWED "Ftp", "1");
    }
    if (debts[i].way == UNDO)
        fake_session_close(session, FAKE_METHOD, FOTA_RESULT_DONE);
    else
        fake_plugin_download(session, &update, NULL);
    g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Context"), ==, debts[i].context);
    g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Ftp"), ==, debts[i].ftp);
    fake_session_finish(session);
}

/* [Network] has an effect, or its text is refused before it reaches the module. */
static void
test_login(void)
{
    static const struct {
        const char *user, *password, *authentication;
        const char *command; /* NULL = none */
        const char *answer;
        int code; /* 0 = it succeeds */
    } table[] = {
        {NULL, NULL, NULL, NULL, NULL, 0},
        {NULL, NULL, "none", "AT#PDPAUTH=3,0", "", 0},
        {"me", "secret", NULL, "AT#PDPAUTH=3,2,\"me\",\"secret\"", "", 0},
        {"me", "secret", "pap", "AT#PDPAUTH=3,1,\"me\",\"secret\"", "", 0},
        {"me", "secret", "chap", "AT#PDPAUTH=3,2,\"me\",\"secret\"", "", 0},
        {"me", "secret", "none", "AT#PDPAUTH=3,0", "", 0},
        {"me", "secret", "pap", "AT#PDPAUTH=3,1,\"me\",\"secret\"", "!ERROR",
         FOTA_MODULE_ERROR_CONTEXT_FAILED},
        {"me", "secret", "pap", "AT#PDPAUTH=3,1,\"me\",\"secret\"", "?",
         FOTA_MODULE_ERROR_MODULE_SILENT},
        {"a\"b", "secret", NULL, NULL, NULL, FOTA_MODULE_ERROR_BAD_ARGUMENT},
        {"me", "sec,ret", "pap", NULL, NULL, FOTA_MODULE_ERROR_BAD_ARGUMENT},
    };
    static const FakeExchange before[] = {
        SOCKET, NO_APN, SET_APN, READY, {"AT#SGACT?", "#SGACT: 3,0"}};
    static const FakeExchange after[] = {
        SAVED, {"AT#SGACT=3,1", "#SGACT: 10.0.0.1"}, OPEN, BINARY, SIZE, VERSION, GET, CLOSE};

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
        const FakeExchange login = {table[i].command, table[i].answer};
        g_autoptr(GError) error = NULL;
        FotaSession *session;

        g_array_append_vals(script, before, G_N_ELEMENTS(before));
        if (login.command != NULL)
            g_array_append_val(script, login);
        if (table[i].code == 0)
            g_array_append_vals(script, after, G_N_ELEMENTS(after));
        session = fake_session_new(TELIT_MODELS, (const FakeExchange *)(const void *)script->data);
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        fake_session_set_network(session, "User", table[i].user);
        fake_session_set_network(session, "Password", table[i].password);
        fake_session_set_network(session, "Authentication", table[i].authentication);
        fake_plugin_download(session, &update, &error);
        if (table[i].code == 0)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
        if (error != NULL)
            g_assert_null(strstr(error->message, "sec"));
        fake_session_finish(session);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        g_autofree char *path = g_strconcat("/telit/without/", questions[i], NULL);

        g_test_add_data_func(path, questions[i], test_without);
    }
    g_test_add_func("/telit/registration", test_registration);
    g_test_add_func("/telit/registration-not-told", test_registration_not_told);
    g_test_add_func("/telit/cut-off", test_cut_off);
    for (guint i = 0; i < G_N_ELEMENTS(debts); i++) {
        g_autofree char *path = g_strconcat("/telit/", debts[i].name, NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_owed);
    }
    g_test_add_func("/telit/login", test_login);
    return g_test_run();
}
