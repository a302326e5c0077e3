/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "tests/unit/fake-plugin.h"

#define OLD "30.00.001-B026"
#define NEW "30.00.001-B026_FOTA"
#define DELTA "30.00.001-B026_to_B026-FOTA.bin"

static const FotaUpdate update = {
    .from = OLD,
    .to = NEW,
    .scheme = "ftp",
    .host = "fw.example",
    .port = 21,
    .path = DELTA,
    .user = "USERNAME",
    .password = "PASSWORD",
    .size = 1234,
};

/* Parts of MultiTech's session log, in its order, with what fotad asks besides. */
#define SOCKET                                                                                     \
    {"AT#SCFG?", "#SCFG: 1,3,300,90,600,50\n#SCFG: 2,1,300,90,600,50"},                            \
    {                                                                                              \
        "AT#SCFG=1,3,300,90,600,50", ""                                                            \
    }
#define NO_APN                                                                                     \
    {                                                                                              \
        "AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"m2m\",\"\",0,0"                                       \
    }
#define SET_APN_COMMAND "AT+CGDCONT=3,\"IPV4V6\",\"VZWINTERNET\""
#define SET_APN                                                                                    \
    {                                                                                              \
        SET_APN_COMMAND, ""                                                                        \
    }
#define READY                                                                                      \
    {"AT+CSQ", "+CSQ: 25,3"},                                                                      \
    {                                                                                              \
        "AT+CEREG?", "+CEREG: 0,1"                                                                 \
    }
#define CONTEXT                                                                                    \
    {"AT#SGACT?", "#SGACT: 1,0\n#SGACT: 3,0"},                                                     \
    {                                                                                              \
        "AT#SGACT=3,1", "#SGACT: 10.0.0.1"                                                         \
    }
#define OPEN_COMMAND "AT#FTPOPEN=\"fw.example:21\",\"USERNAME\",\"PASSWORD\",1,3"
#define OPEN                                                                                       \
    {                                                                                              \
        OPEN_COMMAND, ""                                                                           \
    }
#define BINARY                                                                                     \
    {                                                                                              \
        "AT#FTPTYPE=0", ""                                                                         \
    }
#define SIZE_COMMAND "AT#FTPFSIZE=\"" DELTA "\""
#define SIZE                                                                                       \
    {                                                                                              \
        SIZE_COMMAND, "#FTPFSIZE: 1234"                                                            \
    }
#define VERSION                                                                                    \
    {                                                                                              \
        "AT+GMR", OLD                                                                              \
    }
#define GET_COMMAND "AT#FTPGETOTA=\"" DELTA "\",0"
#define GET                                                                                        \
    {                                                                                              \
        GET_COMMAND, ""                                                                            \
    }
#define CLOSE                                                                                      \
    {"AT#FTPCLOSE", ""},                                                                           \
    {                                                                                              \
        "AT#SGACT=3,0", ""                                                                         \
    }
#define CLOSE_FTP                                                                                  \
    {                                                                                              \
        "AT#FTPCLOSE", ""                                                                          \
    }
#define CLOSE_CONTEXT                                                                              \
    {                                                                                              \
        "AT#SGACT=3,0", ""                                                                         \
    }
#define BEFORE SOCKET, NO_APN, SET_APN, READY, CONTEXT
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

typedef struct {
    const char *name;
    FotaResult result;
    int code; /* of FOTA_MODULE_ERROR, when @result is not DONE */
    const char *says;
    const char *apn;
    const char *path; /* NULL = DELTA */
    FakeExchange script[28];
} Case;

/* Every way in which the download can end: what is closed afterwards, and what the user is told. */
static const Case cases[] = {
    {"whole",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {BEFORE, OPEN, BINARY, SIZE, VERSION, GET, CLOSE, END}},
    {"apn-programmed",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own.apn\",\"\",0,0"},
      READY,
      CONTEXT,
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE,
      END}},
    {"apn-programmed-empty",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"\",\"\",0,0"},
      SET_APN,
      READY,
      CONTEXT,
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE,
      END}},
    {"no-apn",
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_NO_APN,
     "Apn=",
     NULL,
     NULL,
     {SOCKET, NO_APN, END}},
    {"apn-injects",
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_BAD_ARGUMENT,
     "0x22",
     "x\";+CFUN=0;+CGDCONT=3,\"",
     NULL,
     {SOCKET, NO_APN, END}},
    {"no-signal",
     FOTA_RESULT_TRY_LATER,
     FOTA_MODULE_ERROR_NO_SIGNAL,
     "antenna",
     "VZWINTERNET",
     NULL,
     {SOCKET, NO_APN, SET_APN, {"AT+CSQ", "+CSQ: 99,99"}, END}},
    {"not-registered",
     FOTA_RESULT_TRY_LATER,
     FOTA_MODULE_ERROR_NOT_REGISTERED,
     "0,2",
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      {"AT+CSQ", "+CSQ: 25,3"},
      {"AT+CEREG?", "+CEREG: 0,4"},
      {"AT+CGREG?", "!ERROR"},
      {"AT+CREG?", "+CREG: 0,2"},
      END}},
    {"roaming",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      {"AT+CSQ", "+CSQ: 25,3"},
      {"AT+CEREG?", "+CEREG: 0,5"},
      CONTEXT,
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE,
      END}},
    {"context-active",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      READY,
      {"AT#SGACT?", "#SGACT: 1,0\n#SGACT: 3,1"},
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE_FTP,
      END}},
    {"context-active-meanwhile",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      READY,
      {"AT#SGACT?", "!ERROR"},
      {"AT#SGACT=3,1", "!ERROR"},
      {"AT#SGACT?", "#SGACT: 3,1"},
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE_FTP,
      END}},
    {"context-not-told",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      READY,
      {"AT#SGACT?", "!ERROR"},
      {"AT#SGACT=3,1", "!403"},
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE_FTP,
      END}},
    {"context-without-answer",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT,
     NULL,
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      READY,
      {"AT#SGACT?", "#SGACT: 3,0"},
      {"AT#SGACT=3,1", "?"},
      CLOSE_CONTEXT,
      END}},
    {"socket-of-another",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {{"AT#SCFG?", "#SCFG: 1,1,1500,0,600,50\n#SCFG: 11,3,300,90,600,50"},
      {"AT#SCFG=1,3,300,90,600,50", ""},
      NO_APN,
      SET_APN,
      READY,
      CONTEXT,
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE,
      {"AT#SCFG=1,1,1500,0,600,50", ""},
      END}},
    {"socket-of-another-in-vain",
     FOTA_RESULT_TRY_LATER,
     FOTA_MODULE_ERROR_NO_SIGNAL,
     NULL,
     "VZWINTERNET",
     NULL,
     {{"AT#SCFG?", "#SCFG: 1,1,1500,0,600,50"},
      {"AT#SCFG=1,3,300,90,600,50", ""},
      NO_APN,
      SET_APN,
      {"AT+CSQ", "+CSQ: 99,99"},
      {"AT#SCFG=1,1,1500,0,600,50", ""},
      END}},
    {"context-fails",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_CONTEXT_FAILED,
     "activation failed",
     "VZWINTERNET",
     NULL,
     {SOCKET,
      NO_APN,
      SET_APN,
      READY,
      {"AT#SGACT?", "#SGACT: 3,0"},
      {"AT#SGACT=3,1", "!405"},
      {"AT#SGACT?", "#SGACT: 3,0"},
      END}},
    {"login-refused",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED,
     "530 Login incorrect",
     "VZWINTERNET",
     NULL,
     {BEFORE,
      {OPEN_COMMAND, "!429"},
      {"AT#FTPMSG", "#FTPMSG: 530 Login incorrect."},
      CLOSE_CONTEXT,
      END}},
    {"left-open",
     FOTA_RESULT_DONE,
     0,
     NULL,
     "VZWINTERNET",
     NULL,
     {BEFORE,
      {OPEN_COMMAND, "!431"},
      {"AT#FTPCLOSE", ""},
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      GET,
      CLOSE,
      END}},
    {"server-down",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
     "cannot open the FTP control connection",
     "VZWINTERNET",
     NULL,
     {BEFORE, {OPEN_COMMAND, "!428"}, {"AT#FTPMSG", "!430"}, CLOSE_CONTEXT, END}},
    {"server-full",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
     "421 Too many",
     "VZWINTERNET",
     NULL,
     {BEFORE,
      {OPEN_COMMAND, "!429"},
      {"AT#FTPMSG", "421 Too many connections"},
      CLOSE_CONTEXT,
      END}},
    {"delta-missing",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_DELTA_MISSING,
     "550 No such",
     "VZWINTERNET",
     NULL,
     {BEFORE,
      OPEN,
      BINARY,
      {SIZE_COMMAND, "!423"},
      {"AT#FTPMSG", "550 No such file."},
      VERSION,
      {GET_COMMAND, "!423"},
      {"AT#FTPMSG", "550 No such file."},
      CLOSE,
      END}},
    {"other-size",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "not fetched",
     "VZWINTERNET",
     NULL,
     {BEFORE, OPEN, BINARY, {SIZE_COMMAND, "#FTPFSIZE: 1235"}, CLOSE, END}},
    {"other-base",
     FOTA_RESULT_WRONG_BASE,
     FOTA_MODULE_ERROR_WRONG_BASE,
     "30.00.001-B027",
     "VZWINTERNET",
     NULL,
     {BEFORE, OPEN, BINARY, SIZE, {"AT+GMR", "30.00.001-B027"}, CLOSE, END}},
    {"cut",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "disconnected",
     "VZWINTERNET",
     NULL,
     {BEFORE,
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      {GET_COMMAND, "!422"},
      {"AT#FTPMSG", "226 ok"},
      CLOSE,
      END}},
    {"unknown-number",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "not published",
     "VZWINTERNET",
     NULL,
     {BEFORE, OPEN, BINARY, SIZE, VERSION, {GET_COMMAND, "!599"}, {"AT#FTPMSG", ""}, CLOSE, END}},
    {"silent",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT,
     NULL,
     "VZWINTERNET",
     NULL,
     {BEFORE, OPEN, BINARY, SIZE, VERSION, {GET_COMMAND, "?"}, CLOSE, END}},
    {"gone",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_GONE,
     NULL,
     "VZWINTERNET",
     NULL,
     {BEFORE,
      OPEN,
      BINARY,
      SIZE,
      VERSION,
      {GET_COMMAND, "-"},
      {"AT#FTPCLOSE", "-"},
      {"AT#SGACT=3,0", "-"},
      END}},
    {"path-injects",
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_BAD_ARGUMENT,
     "0x22",
     "VZWINTERNET",
     "a\",0;#OTAUP=0;#X=\"",
     {BEFORE, OPEN, BINARY, CLOSE, END}},
};

static void
test_download(gconstpointer data)
{
    const Case *test = data;
    FotaSession *session = fake_session_new(TELIT_MODELS, test->script);
    FotaUpdate this_update = update;
    g_autoptr(GError) error = NULL;

    fake_session_set_network(session, "Apn", test->apn);
    if (test->path != NULL)
        this_update.path = test->path;
    g_assert_cmpint(fake_plugin_download(session, &this_update, &error), ==, test->result);
    if (test->result == FOTA_RESULT_DONE)
        g_assert_no_error(error);
    else
        g_assert_error(error, FOTA_MODULE_ERROR, test->code);
    if (test->says != NULL && strstr(error->message, test->says) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, test->says);
    if (error != NULL)
        g_assert_null(strstr(error->message, "PASSWORD"));
    fake_session_finish(session);
}

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
    fota_session_remember(session, "Context", "3");
    fota_session_remember(session, "Socket", "1,1,1500,0,600,50");
    g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(fota_session_recall(session, "Context"), ==, "");
    g_assert_cmpstr(fota_session_recall(session, "Socket"), ==, "");
    fake_session_finish(session);
}

/* A rehearsal fetches nothing: whether the delta is there, only the server's words tell. */
static void
test_rehearsal_without_size(void)
{
    static const struct {
        const char *said;
        FotaResult result;
    } table[] = {
        {"550 No such file.", FOTA_RESULT_FAILED_FOR_NOW},
        {"502 Command not implemented.", FOTA_RESULT_DONE},
        {"", FOTA_RESULT_DONE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FakeExchange script[] = {
            BEFORE,  OPEN,  BINARY, {SIZE_COMMAND, "!423"}, {"AT#FTPMSG", table[i].said},
            VERSION, CLOSE, END};
        FakeExchange missing[] = {
            BEFORE, OPEN, BINARY, {SIZE_COMMAND, "!423"}, {"AT#FTPMSG", table[i].said}, CLOSE, END};
        gboolean done = table[i].result == FOTA_RESULT_DONE;
        FotaSession *session = fake_session_new(TELIT_MODELS, done ? script : missing);
        FotaUpdate rehearsal = update;
        g_autoptr(GError) error = NULL;

        rehearsal.rehearsal = TRUE;
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        g_assert_cmpint(fake_plugin_download(session, &rehearsal, &error), ==, table[i].result);
        if (!done)
            g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING);
        fake_session_finish(session);
    }
}

static void
test_rehearsal(void)
{
    static const FakeExchange script[] = {BEFORE, OPEN, BINARY, SIZE, VERSION, CLOSE, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    FotaUpdate rehearsal = update;
    g_autoptr(GError) error = NULL;

    rehearsal.rehearsal = TRUE;
    fake_session_set_network(session, "Apn", "VZWINTERNET");
    g_assert_cmpint(fake_plugin_download(session, &rehearsal, &error), ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
}

static void
test_other_scheme(void)
{
    static const FakeExchange script[] = {BEFORE, CLOSE_CONTEXT, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    FotaUpdate https = update;
    g_autoptr(GError) error = NULL;

    https.scheme = "https";
    fake_session_set_network(session, "Apn", "VZWINTERNET");
    g_assert_cmpint(fake_plugin_download(session, &https, &error), ==, FOTA_RESULT_FAILED_FOR_GOOD);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
    fake_session_finish(session);
}

/* Only where the model can: #OTAUP=1 checks what is in the module. */
static void
test_validate(void)
{
    static const struct {
        const char *model, *answer;
        FotaResult result;
        int code;
    } table[] = {
        {"ME910C1-NA", NULL, FOTA_RESULT_DONE, 0},
        {"LE910-EU1", NULL, FOTA_RESULT_DONE, 0},
        {"LE910-SVL", "", FOTA_RESULT_DONE, 0},
        {"LE910-NA1", "", FOTA_RESULT_DONE, 0},
        {"LE910-SVL", "!", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED},
        {"LE910-SVL", "!400", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED},
        {"LE910-SVL", "?", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT},
        {"LE910-SVL", "-", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FakeExchange asked[] = {{"AT#OTAUP=1", table[i].answer}, END};
        const FakeExchange none[] = {END};
        FotaSession *session =
            fake_session_new(TELIT_MODELS, table[i].answer != NULL ? asked : none);
        g_autoptr(GError) error = NULL;

        fake_session_set_model(session, table[i].model);
        g_assert_cmpint(FAKE_METHOD->validate(session, &update, &error), ==, table[i].result);
        if (table[i].result != FOTA_RESULT_DONE)
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
        fake_session_finish(session);
    }
}

static void
test_install(void)
{
    static const struct {
        const char *answer;
        FotaResult result;
        int code;
    } table[] = {
        {"", FOTA_RESULT_DONE, 0},
        {"!400", FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED},
        {"?", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT},
        {"-", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FakeExchange script[] = {{"AT#OTAUP=0", table[i].answer}, END};
        FotaSession *session = fake_session_new(TELIT_MODELS, script);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(fake_plugin_install(session, &update, &error), ==, table[i].result);
        if (table[i].result != FOTA_RESULT_DONE)
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
        fake_session_finish(session);
    }
}

static void
test_outcome(void)
{
    static const FakeExchange script[] = {{"AT+GMR", NEW}, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autofree char *version = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fake_plugin_outcome(session, &update, &version, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, NEW);
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
        {"AT#SGACT=3,1", "#SGACT: 10.0.0.1"}, OPEN, BINARY, SIZE, VERSION, GET, CLOSE};

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

#define OTHER_APN                                                                                  \
    {                                                                                              \
        "AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own.apn\",\"10.1.0.1\",0,0"                           \
    }
#define NO_LOGIN                                                                                   \
    {                                                                                              \
        "AT#PDPAUTH?", "#PDPAUTH: 1,2,\"m2m\"\n#PDPAUTH: 3,0"                                      \
    }
#define DOWN                                                                                       \
    {                                                                                              \
        "AT#SGACT?", "#SGACT: 3,0"                                                                 \
    }
#define UP                                                                                         \
    {                                                                                              \
        "AT#SGACT?", "#SGACT: 3,1"                                                                 \
    }
#define SAVED                                                                                      \
    {                                                                                              \
        FAKE_SAVE, ""                                                                              \
    }
#define LOGIN                                                                                      \
    {                                                                                              \
        "AT#PDPAUTH=3,1,\"me\",\"secret\"", ""                                                     \
    }
#define LOGIN_BACK                                                                                 \
    {                                                                                              \
        "AT#PDPAUTH=3,0", ""                                                                       \
    }
#define APN_BACK                                                                                   \
    {                                                                                              \
        "AT+CGDCONT=3,\"IP\",\"own.apn\"", ""                                                      \
    }
#define FETCH_DELTA OPEN, BINARY, SIZE, VERSION, GET

/* A manifest's access point holds whatever is programmed, and goes when the download has ended. */
static void
test_provision(void)
{
    static const struct {
        const char *user; /* NULL = no login */
        int code;         /* 0 = it succeeds */
        FakeExchange script[28];
        const char *was; /* recalled from an attempt that was cut off */
    } table[] = {
        {NULL,
         0,
         {SOCKET, OTHER_APN, NO_LOGIN, DOWN, SAVED, SET_APN, READY, CONTEXT, FETCH_DELTA, CLOSE,
          APN_BACK, END},
         NULL},
        {"me",
         0,
         {SOCKET,
          OTHER_APN,
          NO_LOGIN,
          UP,
          SAVED,
          CLOSE_CONTEXT,
          SET_APN,
          READY,
          DOWN,
          LOGIN,
          {"AT#SGACT=3,1", ""},
          FETCH_DELTA,
          CLOSE,
          LOGIN_BACK,
          APN_BACK,
          {"AT#SGACT=3,1", ""},
          END},
         NULL},
        {"me",
         0,
         {SOCKET,
          NO_APN,
          {"AT#PDPAUTH?", ""},
          DOWN,
          SAVED,
          SET_APN,
          READY,
          DOWN,
          LOGIN,
          {"AT#SGACT=3,1", ""},
          FETCH_DELTA,
          CLOSE,
          LOGIN_BACK,
          {"AT+CGDCONT=3", ""},
          END},
         NULL},
        /* It is there already: nothing is to be set back. */
        {NULL,
         0,
         {SOCKET,
          {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"vzwinternet\",\"\",0,0"},
          READY,
          CONTEXT,
          FETCH_DELTA,
          CLOSE,
          END},
         NULL},
        /* An attempt that was cut off has left it, and the context up. */
        {NULL,
         0,
         {SOCKET,
          {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"VZWINTERNET\",\"\",0,0"},
          READY,
          UP,
          FETCH_DELTA,
          CLOSE,
          APN_BACK,
          END},
         "3,\"IP\",\"own.apn\""},
        {NULL,
         FOTA_MODULE_ERROR_NO_SIGNAL,
         {SOCKET,
          OTHER_APN,
          NO_LOGIN,
          DOWN,
          SAVED,
          SET_APN,
          {"AT+CSQ", "+CSQ: 99,99"},
          APN_BACK,
          END},
         NULL},
        /* What could not be set back is not changed. */
        {NULL,
         FOTA_MODULE_ERROR_CONTEXT_FAILED,
         {SOCKET, OTHER_APN, {"AT#PDPAUTH?", "#PDPAUTH: 3,1,\"own\""}, END},
         NULL},
        {"me",
         FOTA_MODULE_ERROR_CONTEXT_FAILED,
         {SOCKET, OTHER_APN, {"AT#PDPAUTH?", "!ERROR"}, END},
         NULL},
        {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED, {SOCKET, {"AT+CGDCONT?", "!ERROR"}, END}, NULL},
        {NULL, -1, {SOCKET, OTHER_APN, NO_LOGIN, DOWN, {FAKE_SAVE, "-"}, APN_BACK, END}, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaSession *session = fake_session_new(TELIT_MODELS, table[i].script);
        const char *user = table[i].user;
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        fake_session_set_network(session, "ProvisionedApn", "VZWINTERNET");
        fake_session_set_network(session, "User", user);
        fake_session_set_network(session, "Password", user != NULL ? "secret" : NULL);
        fake_session_set_network(session, "Authentication", user != NULL ? "pap" : NULL);
        if (table[i].was != NULL)
            fota_session_remember(session, "ContextWas", table[i].was);
        fake_plugin_download(session, &update, &error);
        if (table[i].code == 0)
            g_assert_no_error(error);
        else if (table[i].code > 0)
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
        else
            g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
        if (table[i].code <= 0 && fota_session_recall(session, "ContextWas") != NULL)
            g_assert_cmpstr(fota_session_recall(session, "ContextWas"), ==, "");
        fake_session_finish(session);
    }
}

/* The login of [Network] is for its Apn=, and given to no other. */
static void
test_login_elsewhere(void)
{
    static const FakeExchange script[] = {SOCKET,      OTHER_APN, READY, CONTEXT,
                                          FETCH_DELTA, CLOSE,     END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autoptr(GError) error = NULL;

    fake_session_set_network(session, "Apn", "VZWINTERNET");
    fake_session_set_network(session, "User", "me");
    fake_session_set_network(session, "Password", "secret");
    g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
    g_assert_nonnull(strstr(fake_session_get_notes(session), "Apn="));
    fake_session_finish(session);
}

/* One answer does not tell the firmwares of some models apart. */
static void
test_versions(void)
{
    static const struct {
        const char *model, *version;
        FakeExchange script[4];
    } table[] = {
        {"ME910C1-NA", OLD, {{"AT+GMR", OLD}, END}},
        {"ME910C1-NV", OLD, {{"AT+GMR", OLD}, END}},
        {"LE910-NA V2", OLD, {{"AT+GMR", OLD}, END}},
        {"LE910-SV1", OLD, {{"AT+GMR", OLD}, END}},
        {"LE910-SVL", "20.00.034+4", {{"AT+GMR", "20.00.034"}, {"AT#CFVR", "#CFVR: 4"}, END}},
        {"LE910-SVL", "20.00.034+10", {{"AT+GMR", "20.00.034"}, {"AT#CFVR", "#CFVR:10"}, END}},
        {"LE910-NA1", "20.00.522+7", {{"AT+GMR", "20.00.522"}, {"AT#CFVR", "7"}, END}},
        {"LE910-SVL", NULL, {{"AT+GMR", "20.00.034"}, {"AT#CFVR", "?"}, END}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaSession *session = fake_session_new(TELIT_MODELS, table[i].script);
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;
        FotaResult result;

        fake_session_set_model(session, table[i].model);
        result = fake_plugin_outcome(session, &update, &version, &error);
        g_assert_cmpint(result == FOTA_RESULT_DONE, ==, table[i].version != NULL);
        g_assert_cmpstr(version, ==, table[i].version);
        fake_session_finish(session);
    }
}

/* A delta for the same +GMR and another #CFVR is one for another base. */
static void
test_other_base(void)
{
    static const FakeExchange script[] = {
        BEFORE, OPEN, BINARY, SIZE, {"AT+GMR", "20.00.034"}, {"AT#CFVR", "#CFVR: 4"}, CLOSE, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    FotaUpdate other = update;
    g_autoptr(GError) error = NULL;

    other.from = "20.00.034+10";
    fake_session_set_model(session, "LE910-SVL");
    fake_session_set_network(session, "Apn", "VZWINTERNET");
    g_assert_cmpint(fake_plugin_download(session, &other, &error), ==, FOTA_RESULT_WRONG_BASE);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_WRONG_BASE);
    fake_session_finish(session);
}

/* Every module of the list in MultiTech's guide is claimed. */
static void
test_guide_models(void)
{
    static const char *const models[] = {"ME910C1-NV", "ME910C1-NA", "LE910-NA V2", "LE910-NA1",
                                         "LE910-SV1"};

    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        const FotaClaim *claim = fota_plugin.claims;

        while (claim->methods != NULL && !g_pattern_match_simple(claim->model, models[i]))
            claim++;
        g_assert_nonnull(claim->methods);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/telit/download/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_download);
    }
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        g_autofree char *path = g_strconcat("/telit/without/", questions[i], NULL);

        g_test_add_data_func(path, questions[i], test_without);
    }
    g_test_add_func("/telit/registration", test_registration);
    g_test_add_func("/telit/registration-not-told", test_registration_not_told);
    g_test_add_func("/telit/cut-off", test_cut_off);
    g_test_add_func("/telit/rehearsal", test_rehearsal);
    g_test_add_func("/telit/rehearsal-without-size", test_rehearsal_without_size);
    g_test_add_func("/telit/other-scheme", test_other_scheme);
    g_test_add_func("/telit/validate", test_validate);
    g_test_add_func("/telit/install", test_install);
    g_test_add_func("/telit/outcome", test_outcome);
    g_test_add_func("/telit/login", test_login);
    g_test_add_func("/telit/provision", test_provision);
    g_test_add_func("/telit/login-elsewhere", test_login_elsewhere);
    g_test_add_func("/telit/versions", test_versions);
    g_test_add_func("/telit/other-base", test_other_base);
    g_test_add_func("/telit/guide-models", test_guide_models);
    return g_test_run();
}
