/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-errors.h"
#include "tests/unit/test-telit.h"

typedef struct {
    const char *name;
    FotaResult result;
    int code; /* of FOTA_MODULE_ERROR, when @result is not DONE */
    const char *says;
    FakeExchange script[30];
    const char *apn;  /* NULL = the log's, "" = none */
    const char *path; /* NULL = DELTA */
} Case;

/* Every way in which the download can end: what is closed afterwards, and what the user is told. */
/* clang-format off */
#define CLOSE_NONE {"AT#FTPCLOSE", "!430"}, CLOSE_CONTEXT
static const Case cases[] = {
    {"whole", FOTA_RESULT_DONE, 0, NULL, .script = {BEFORE, FETCHED, CLOSE, END}},
    {"apn-programmed", FOTA_RESULT_DONE, 0, NULL,
     .script = {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own.apn\",\"\",0,0"}, READY, CONTEXT,
      FETCHED, CLOSE, END}},
    {"apn-not-readable", FOTA_RESULT_DONE, 0, NULL,
     .script = {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\""}, READY, CONTEXT, FETCHED, CLOSE, END}},
    {"apn-programmed-empty", FOTA_RESULT_DONE, 0, NULL,
     .script = {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"\",\"\",0,0"}, SET_APN, READY,
      CONTEXT, FETCHED, CLOSE, END}},
    {"no-apn", FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_NO_APN, "Apn=",
     .script = {SOCKET, NO_APN, END}, .apn = ""},
    {"apn-injects", FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_BAD_ARGUMENT, "0x22",
     .script = {SOCKET, NO_APN, END}, .apn = "x\";+CFUN=0;+CGDCONT=3,\""},
    {"signal-0", FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_NO_SIGNAL, "+CSQ: 0,",
     .script = {WITH_APN, {"AT+CSQ", "+CSQ: 0,99"}, END}},
    {"no-signal", FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_NO_SIGNAL, "antenna",
     .script = {WITH_APN, {"AT+CSQ", "+CSQ: 99,99"}, END}},
    {"not-registered", FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_NOT_REGISTERED, "0,2",
     .script = {WITH_APN, {"AT+CSQ", "+CSQ: 25,3"}, {"AT+CEREG?", "+CEREG: 0,4"},
      {"AT+CGREG?", "!ERROR"}, {"AT+CREG?", "+CREG: 0,2"}, END}},
    {"roaming", FOTA_RESULT_DONE, 0, NULL,
     .script = {WITH_APN, {"AT+CSQ", "+CSQ: 25,3"}, {"AT+CEREG?", "+CEREG: 0,5"}, CONTEXT, FETCHED,
      CLOSE, END}},
    {"context-active", FOTA_RESULT_DONE, 0, NULL,
     .script = {WITH_APN, READY, {"AT#SGACT?", "#SGACT: 1,0\n#SGACT: 3,1"}, FETCHED, CLOSE_FTP,
      END}},
    {"context-active-meanwhile", FOTA_RESULT_DONE, 0, NULL,
     .script = {WITH_APN, READY, {"AT#SGACT?", "!ERROR"}, SAVED, {"AT#SGACT=3,1", "!ERROR"},
      {"AT#SGACT?", "#SGACT: 3,1"}, SAVED, FETCHED, CLOSE_FTP, END}},
    {"context-not-told", FOTA_RESULT_DONE, 0, NULL,
     .script = {WITH_APN, READY, {"AT#SGACT?", "!ERROR"}, SAVED, {"AT#SGACT=3,1", "!403"}, SAVED,
      FETCHED, CLOSE_FTP, END}},
    {"context-without-answer", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT, NULL,
     .script = {WITH_APN, READY, {"AT#SGACT?", "#SGACT: 3,0"}, SAVED, {"AT#SGACT=3,1", "?"},
      CLOSE_CONTEXT, END}},
    {"socket-of-another", FOTA_RESULT_DONE, 0, NULL,
     .script = {{"AT#SCFG?", "#SCFG: 1,1,1500,0,600,50\n#SCFG: 11,3,300,90,600,50"},
      {FAKE_SAVE, ""}, {"AT#SCFG=1,3,300,90,600,50", ""}, NO_APN, SET_APN, READY, CONTEXT, FETCHED,
      CLOSE, {"AT#SCFG=1,1,1500,0,600,50", ""}, END}},
    {"socket-of-another-in-vain", FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_NO_SIGNAL, NULL,
     .script = {{"AT#SCFG?", "#SCFG: 1,1,1500,0,600,50"}, {FAKE_SAVE, ""},
      {"AT#SCFG=1,3,300,90,600,50", ""}, NO_APN, SET_APN, {"AT+CSQ", "+CSQ: 99,99"},
      {"AT#SCFG=1,1,1500,0,600,50", ""}, END}},
    {"context-fails", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_CONTEXT_FAILED,
     "activation failed",
     .script = {WITH_APN, READY, {"AT#SGACT?", "#SGACT: 3,0"}, SAVED, {"AT#SGACT=3,1", "!405"},
      {"AT#SGACT?", "#SGACT: 3,0"}, END}},
    {"login-refused", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED,
     "530 Login incorrect",
     .script = {BEFORE, SAVED, {OPEN_COMMAND, "!429"}, {"AT#FTPMSG", "#FTPMSG: 530 Login incorrect."},
      CLOSE_NONE, END}},
    {"left-open", FOTA_RESULT_DONE, 0, NULL,
     .script = {BEFORE, SAVED, {OPEN_COMMAND, "!431"}, {"AT#FTPCLOSE", ""}, {OPEN_COMMAND, ""}, BINARY,
      SIZE, VERSION, GET, CLOSE, END}},
    {"server-down", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
     "cannot open the FTP control connection",
     .script = {BEFORE, SAVED, {OPEN_COMMAND, "!428"}, {"AT#FTPMSG", "!430"}, CLOSE_NONE, END}},
    {"server-full", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
     "421 Too many",
     .script = {BEFORE, SAVED, {OPEN_COMMAND, "!429"}, {"AT#FTPMSG", "421 Too many connections"},
      CLOSE_NONE, END}},
    {"delta-missing", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_MISSING, "550 No such",
     .script = {BEFORE, OPEN, BINARY, {SIZE_COMMAND, "!423"}, {"AT#FTPMSG", "550 No such file."},
      VERSION, {GET_COMMAND, "!423"}, {"AT#FTPMSG", "550 No such file."}, CLOSE, END}},
    {"server-leaves", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
     "the server said 421",
     .script = {BEFORE, OPEN, BINARY, SIZE, VERSION, {GET_COMMAND, "!422"},
      {"AT#FTPMSG", "#FTPMSG: 421 Service not available."}, CLOSE, END}},
    {"other-size", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not fetched",
     .script = {BEFORE, OPEN, BINARY, {SIZE_COMMAND, "#FTPFSIZE: 1235"}, CLOSE, END}},
    {"other-base", FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE, "30.00.001-B027",
     .script = {BEFORE, OPEN, BINARY, SIZE, {"AT+GMR", "30.00.001-B027"}, CLOSE, END}},
    {"cut", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "disconnected",
     .script = {BEFORE, UNTIL_GET, {GET_COMMAND, "!422"}, {"AT#FTPMSG", "226 ok"}, CLOSE, END}},
    {"unknown-number", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "not published",
     .script = {BEFORE, UNTIL_GET, {GET_COMMAND, "!599"}, {"AT#FTPMSG", ""}, CLOSE, END}},
    {"silent", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT, NULL,
     .script = {BEFORE, UNTIL_GET, {GET_COMMAND, "?"}, CLOSE, END}},
    {"gone", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE, NULL,
     .script = {BEFORE, UNTIL_GET, {GET_COMMAND, "-"}, {"AT#FTPCLOSE", "-"}, {"AT#SGACT=3,0", "-"},
      END}},
    {"path-injects", FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_BAD_ARGUMENT, "0x22",
     .script = {BEFORE, OPEN, BINARY, CLOSE, END}, .path = "a\",0;#OTAUP=0;#X=\""},
};
/* clang-format on */

static void
test_download(gconstpointer data)
{
    const Case *test = data;
    FotaSession *session = fake_session_new(TELIT_MODELS, test->script);
    FotaUpdate this_update = update;
    g_autoptr(GError) error = NULL;
    FotaResult result;

    if (g_strcmp0(test->apn, "") != 0)
        fake_session_set_network(session, "Apn", test->apn != NULL ? test->apn : "VZWINTERNET");
    if (test->path != NULL)
        this_update.path = test->path;
    result = fake_plugin_download(session, &this_update, &error);
    fake_session_assert_end(session, result, error, test->result, test->code, test->says);
    if (error != NULL)
        g_assert_null(strstr(error->message, "PASSWORD"));
    fake_session_finish(session);
}

/* Every number that Telit has published, at the delta: its words are shown, and the update goes on
 * with another attempt. */
/* The numbers of the old families, word by word; the rest is told with its number alone. */
static const struct {
    int number;
    const char *says;
} numbers[] = {
    {400, "generic"},           {401, "wrong state"},        {402, "wrong mode"},
    {403, "already active"},    {404, "stack already"},      {405, "activation failed"},
    {406, "not open"},          {407, "set up the socket"},  {408, "resolve the name"},
    {409, "while opening"},     {410, "open the socket"},    {411, "remote end closed"},
    {412, "connection failed"}, {413, "transmission"},       {414, "listening"},
    {420, "success"},           {421, "connect to the FTP"}, {422, "disconnected"},
    {423, "FTP error"},         {424, "right state"},        {425, "activate the context"},
    {426, "FTP server's name"}, {427, "no socket"},          {428, "open the FTP control"},
    {429, "bad answer"},        {430, "not connected"},      {431, "already connected"},
    {432, "closed during FTP"},
};

static const char *
find_word(int number)
{
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].number == number)
            return numbers[i].says;
    }
    return "not published";
}

static void
test_numbers(void)
{
    for (int number = 400; number <= 600; number++) {
        g_autofree char *refused = g_strdup_printf("!%d", number);
        const FakeExchange script[] = {BEFORE, UNTIL_GET, {GET_COMMAND, refused}, {"AT#FTPMSG", ""},
                                       CLOSE,  END};
        FotaSession *session = fake_session_new(TELIT_MODELS, script);
        g_autoptr(GError) error = NULL;

        fake_session_set_network(session, "Apn", "VZWINTERNET");
        g_assert_cmpint(fake_plugin_download(session, &update, &error), ==,
                        FOTA_RESULT_FAILED_FOR_NOW);
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED);
        if (strstr(error->message, find_word(number)) == NULL)
            g_error("%d is told as \"%s\"", number, error->message);
        fake_session_finish(session);
    }
}

/* The longest times of Telit's table, and of the log. */
static void
test_times(void)
{
    static const struct {
        const char *command;
        guint seconds;
    } table[] = {
        {"AT#SGACT=3,1", 150},         {"AT#FTPOPEN=\"a\"", 100},  {"AT#FTPCLOSE", 500},
        {"AT#FTPTYPE=0", 500},         {"AT#FTPFSIZE=\"a\"", 500}, {"AT#FTPGETPKT=\"a\",1", 500},
        {"AT#FTPGETOTA=\"a\",0", 500}, {"AT#OTAUP=1", 60},         {"AT#FTPGETOTAENH=a", 60},
    };
    static const FakeExchange script[] = {END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);

    fake_session_set_model(session, "ME910C1-NA");
    for (guint i = 0; i < G_N_ELEMENTS(table); i++)
        g_assert_cmpuint(fota_session_get_seconds(session, table[i].command), ==, table[i].seconds);
    g_assert_cmpuint(fota_session_get_number(session, "Restarts"), ==, 3);
    g_assert_cmpuint(fota_session_get_number(session, "ApplyTime"), ==, 165);
    /* "2-5 minutes", and at most 90 looks in 3 s each. */
    fake_session_set_model(session, "LE910-SVL");
    g_assert_cmpuint(fota_session_get_number(session, "ApplyTime"), ==, 300);
    g_assert_cmpuint(fota_session_get_number(session, "ReturnLimit"), >, 30 + 90 * 3);
    g_assert_cmpuint(fota_session_get_number(session, "FeedPause"), ==, 300);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/telit/download/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_download);
    }
    g_test_add_func("/telit/numbers", test_numbers);
    g_test_add_func("/telit/times", test_times);
    return g_test_run();
}
