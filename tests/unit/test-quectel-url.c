/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-quectel.h"

#include <string.h>

/* An update by address, command by command: until the module has left with its package. */

#define DOWNLOAD TEST_QUECTEL_DOWNLOAD
#define OUTCOME TEST_QUECTEL_OUTCOME
#define CLOSE TEST_QUECTEL_CLOSE

/* LTE Standard(A), with a client that has a context of its own. */
#define CHOOSE(answer) "AT+QCFG=\"fota/cid\",1", answer
#define UP "AT+QIACT?", "+QIACT: 1,1,1,\"10.0.0.1\""
#define DOWN "AT+QIACT?", ""
#define FETCH_STANDARD(answer) "AT+QFOTADL=\"" FETCH_URL "\",1,50", answer
#define BROUGHT_UP                                                                                 \
    READY, {CHOOSE("")}, {DOWN}, {FAKE_SAVE, ""},                                                  \
    {                                                                                              \
        "AT+QIACT=1", ""                                                                           \
    }
#define BEGUN_STANDARD                                                                             \
    READY, {CHOOSE("")}, {UP},                                                                     \
    {                                                                                              \
        FETCH_STANDARD("")                                                                         \
    }

/* clang-format off */
static const TestQuectelCase cases[] = {
    {"whole", DOWNLOAD, DONE, "HTTPEND 0", NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSTART\"")}, {SAYS("\"HTTPEND\",0")}, END}},
    {"https-words", DOWNLOAD, DONE, NULL, NULL, "EG18",
     {BEGUN, {SAYS("\"HTTPSSTART\"")}, {SAYS("\"HTTPSEND\",0")}, END}},
    {"ftp-words", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("\"FTPSTART\"")}, {SAYS("\"FTPEND\",0")}, END}},
    {"progress", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSTART\"")}, {SAYS("\"DOWNLOADING\",20")}, {SAYS("\"DOWNLOADING\",90%")},
      {SAYS("\"HTTPEND\",0")}, END}},
    /* The port goes as soon as the package is there, or nothing is said at all (EC800K). */
    {"end-lost", DOWNLOAD, DONE, NULL, NULL, NULL, {BEGUN, {SAYS("\"HTTPSTART\"")}, {LEAVES}, END}},
    {"nothing-said", DOWNLOAD, DONE, "without a word", NULL, NULL, {BEGUN, {LEAVES}, END}},
    {"truncated", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {FAKE_URC, "+QIND: \"FO"}, {FAKE_URC, "D: \"FOTA\",\"HTTPSTART\""},
      {SAYS("\"HTTPSTA")}, {SAYS("\"HTTPEND\"")}, {SAYS("\"HTTPEND\",")}, {SAYS("\"HTTPEND\",x")},
      {SAYS("\"HTTPEND\",9999999")}, {FAKE_URC, "+QIND: SMS DONE"}, {SAYS("\"HTTPEND\",0")}, END}},
    {"unknown-word", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("\"SCANNING\",3")}, {SAYS("\"HTTPEND\",0")}, END}},
    {"installs-already", DOWNLOAD, DONE, NULL, NULL, NULL, {BEGUN, {SAYS("\"START\"")}, END}},
    {"installs-and-says-so", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("\"UPDATING\",7")}, END}},
    {"restarts-on-its-port", DOWNLOAD, DONE, NULL, NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSTART\"")}, {FAKE_URC, "RDY"}, END}},
    {"never-ends", DOWNLOAD, FOR_NOW(MODULE_SILENT), "900 s", NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSTART\"")}, END}},
    {"leaves-at-order", DOWNLOAD, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {READY, {FETCH("-")}, END}},
    {"silent", DOWNLOAD, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL, {READY, {FETCH("?")}, END}},
    {"refused", DOWNLOAD, FOR_NOW(MODULE_REFUSED), "address", NULL, NULL, {READY, {FETCH("!")}, END}},
    {"refused-with-number", DOWNLOAD, FOR_NOW(MODULE_REFUSED), "not allowed", NULL, NULL,
     {READY, {FETCH("!3")}, END}},
    /* What was said before is about another download, or another start. */
    {"said-before", DOWNLOAD, DONE, "HTTPEND 0", NULL, NULL,
     {READY, {SAYS("\"HTTPEND\",702")}, {FAKE_URC, "RDY"}, {FETCH("")}, {SAYS("\"HTTPSTART\"")},
      {SAYS("\"HTTPEND\",0")}, END}},
    {"gone-before-order", DOWNLOAD, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {READY, {LEAVES}, END}},
    {"fotad-ends", DOWNLOAD, FOTA_RESULT_FAILED_FOR_NOW, -1, NULL, NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSTART\"")}, {FAKE_CANCEL, ""}, END}},

    {"701", DOWNLOAD, FOR_NOW(TRANSFER_FAILED), "701", NULL, NULL, {BEGUN, {SAYS("\"HTTPEND\",701")}, END}},
    {"702", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "timeout", NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSTART\"")}, {SAYS("\"HTTPEND\",702")}, END}},
    {"711", DOWNLOAD, FOR_GOOD(DELTA_MISSING), "address", NULL, NULL,
     {BEGUN, {SAYS("\"HTTPEND\",711")}, END}},
    {"714", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "name", NULL, NULL,
     {BEGUN, {SAYS("\"HTTPSEND\",714")}, END}},
    {"716", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), NULL, NULL, NULL,
     {BEGUN, {SAYS("\"HTTPEND\",716")}, END}},
    {"799", DOWNLOAD, FOR_NOW(TRANSFER_FAILED), "not published", NULL, NULL,
     {BEGUN, {SAYS("\"HTTPEND\",799")}, END}},
    {"601", DOWNLOAD, FOR_NOW(TRANSFER_FAILED), NULL, NULL, NULL, {BEGUN, {SAYS("\"FTPEND\",601")}, END}},
    {"602", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), NULL, NULL, NULL,
     {BEGUN, {SAYS("\"FTPEND\",602")}, END}},
    {"611", DOWNLOAD, FOR_NOW(DELTA_MISSING), NULL, NULL, NULL, {BEGUN, {SAYS("\"FTPEND\",611")}, END}},
    {"625", DOWNLOAD, FOR_GOOD(DELTA_LOGIN_REFUSED), NULL, NULL, NULL,
     {BEGUN, {SAYS("\"FTPEND\",625")}, END}},
    {"update-failed-at-once", DOWNLOAD, WRONG_BASE, "510", NULL, NULL,
     {BEGUN, {SAYS("\"END\",510")}, END}},

    {"factory-test", DOWNLOAD, FOR_GOOD(NOT_REGISTERED), "+CFUN: 5", NULL, NULL, {{RADIO("5")}, END}},
    {"radio-off", DOWNLOAD, DONE, "switching it on", NULL, NULL,
     {{RADIO("4")}, {"AT+CFUN=1", ""}, {CONTEXT("internet")}, {LTE("1")}, {FETCH("")}, {LEAVES}, END}},
    {"radio-stays-off", DOWNLOAD, FOR_NOW(MODULE_REFUSED), NULL, NULL, NULL,
     {{RADIO("0")}, {"AT+CFUN=1", "!3"}, END}},
    {"radio-not-told", DOWNLOAD, DONE, NULL, NULL, NULL,
     {{"AT+CFUN?", "!"}, {CONTEXT("internet")}, {LTE("1")}, {FETCH("")}, {LEAVES}, END}},
    {"contexts-not-told", DOWNLOAD, DONE, NULL, NULL, NULL,
     {{RADIO("1")}, {"AT+CGDCONT?", "!"}, {LTE("5")}, {FETCH("")}, {LEAVES}, END}},
    {"registration-reported-meanwhile", DOWNLOAD, DONE, NULL, NULL, NULL,
     {{RADIO("1")}, {CONTEXT("internet")},
      {"AT+CEREG?", "+CEREG: 2,\"1A2B\",\"01A2B3C4\",7\n+CEREG: 2,5,\"1A2B\",\"01A2B3C4\",7"},
      {FETCH("")}, {LEAVES}, END}},
    {"registered-later", DOWNLOAD, DONE, NULL, NULL, NULL,
     {{RADIO("1")}, {CONTEXT("internet")}, {LTE("2")}, {"AT+CGREG?", "+CGREG: 0,2"},
      {"AT+CREG?", "!"}, {LTE("0")}, {"AT+CGREG?", "+CGREG: 0,5"}, {FETCH("")}, {LEAVES}, END}},
    {"registration-not-told", DOWNLOAD, DONE, NULL, NULL, NULL,
     {{RADIO("1")}, {CONTEXT("internet")}, {"AT+CEREG?", "!"}, {"AT+CGREG?", "!"},
      {"AT+CREG?", "!"}, {FETCH("")}, {LEAVES}, END}},
    {"context", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU", {BEGUN_STANDARD, {LEAVES}, END}},
    {"context-brought-up", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU",
     {BROUGHT_UP, {FETCH_STANDARD("")}, {LEAVES}, END}},
    {"context-taken-down", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "714", NULL, "EC200A-EU",
     {BROUGHT_UP, {FETCH_STANDARD("")},
      {SAYS("\"HTTPEND\",714")}, {"AT+QIDEACT=1", ""}, END}},
    {"context-after-a-silence", DOWNLOAD, FOR_NOW(MODULE_SILENT), NULL, NULL, "EC200A-EU",
     {BROUGHT_UP, {FETCH_STANDARD("?")}, END}},
    {"context-stays", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "714", NULL, "EC200A-EU",
     {BEGUN_STANDARD, {SAYS("\"HTTPEND\",714")}, END}},
    {"context-refused", DOWNLOAD, DONE, NULL, NULL, "EG912N-EN",
     {READY, {CHOOSE("!")}, {DOWN}, {FAKE_SAVE, ""}, {"AT+QIACT=1", "!3"},
      {FETCH_STANDARD("")}, {LEAVES}, END}},
    {"context-not-told", DOWNLOAD, DONE, NULL, NULL, "EG912N-EN",
     {READY, {CHOOSE("")}, {"AT+QIACT?", "!"}, {FETCH_STANDARD("")}, {LEAVES}, END}},
    {"context-gone", DOWNLOAD, FOR_NOW(MODULE_GONE), NULL, NULL, "EC200A-EU",
     {READY, {CHOOSE("-")}, END}},

    /* It checks the package before it leaves with it. */
    {"bad-package", DOWNLOAD, WRONG_BASE, "507", NULL, "EC200A-EU",
     {BEGUN_STANDARD, {SAYS("\"HTTPSTART\"")}, {SAYS("\"DOWNLOADING\",50")},
      {SAYS("\"HTTPEND\",0")}, {SAYS("\"END\",507")}, END}},
    {"bad-package-after-other-lines", DOWNLOAD, WRONG_BASE, "507", NULL, "EC200A-EU",
     {BEGUN_STANDARD, {SAYS("\"HTTPEND\",0")}, {SAYS("\"HTTPEND\",0")},
      {SAYS("\"DOWNLOADING\",100")}, {SAYS("\"END\",507")}, END}},
    {"good-package", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU",
     {BEGUN_STANDARD, {SAYS("\"HTTPEND\",0")}, {SAYS("\"START\"")}, END}},
    {"package-not-judged", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU",
     {BEGUN_STANDARD, {SAYS("\"HTTPEND\",0")}, END}},
    {"leaves-with-the-package", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU",
     {BEGUN_STANDARD, {SAYS("\"HTTPEND\",0")}, {LEAVES}, END}},

    {"gone-before", DOWNLOAD, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {{"AT+CFUN?", "-"}, END}},
};

/* The context is owed from before it comes up until it is down, or the module has restarted. */
static const TestQuectelDebt debts[] = {
    {{"owed/context", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU",
      {BROUGHT_UP, {FETCH_STANDARD("")}, {LEAVES}, END}}, "Context", NULL, "1"},
    {{"owed/context-unwritten", DOWNLOAD, FOTA_RESULT_TRY_LATER, FAKE_UNWRITTEN, NULL, NULL,
      "EC200A-EU", {READY, {CHOOSE("")}, {DOWN}, {FAKE_SAVE, "-"}, {"AT+QIDEACT=1", "!"}, END}},
     "Context", NULL, ""},
    {{"owed/context-of-another", DOWNLOAD, DONE, NULL, NULL, "EC200A-EU",
      {BEGUN_STANDARD, {LEAVES}, END}}, "Context", NULL, NULL},
    {{"owed/context-taken-down", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "714", NULL,
      "EC200A-EU", {BROUGHT_UP, {FETCH_STANDARD("")}, {SAYS("\"HTTPEND\",714")},
      {"AT+QIDEACT=1", ""}, END}}, "Context", NULL, ""},
    {{"owed/context-silent", DOWNLOAD, FOR_NOW(DELTA_SERVER_UNREACHABLE), "714", NULL,
      "EC200A-EU", {BROUGHT_UP, {FETCH_STANDARD("")}, {SAYS("\"HTTPEND\",714")},
      {"AT+QIDEACT=1", "?"}, END}}, "Context", NULL, "1"},
    {{"owed/context-cancelled", DOWNLOAD, FOTA_RESULT_FAILED_FOR_NOW, FAKE_CANCELLED, NULL, NULL,
      "EC200A-EU", {BROUGHT_UP, {FETCH_STANDARD("")}, {FAKE_CANCEL, ""}, END}},
     "Context", NULL, "1"},
    {{"owed/context-closed", CLOSE, DONE, NULL, NULL, NULL, {{"AT+QIDEACT=1", ""}, END}},
     "Context", "1", ""},
    {{"owed/context-closed-not-up", CLOSE, DONE, NULL, NULL, NULL, {{"AT+QIDEACT=1", "!"}, END}},
     "Context", "1", ""},
    {{"owed/context-closed-silent", CLOSE, DONE, NULL, NULL, NULL, {{"AT+QIDEACT=1", "?"}, END}},
     "Context", "1", "1"},
    {{"owed/context-restarted", OUTCOME, DONE, NULL, NEW, NULL,
      {{VERSION(NEW)}, {RADIO("1")}, END}}, "Context", "1", ""},
    {{"owed/context-not-restarted", OUTCOME, DONE, NULL, OLD, NULL,
      {{VERSION(OLD)}, {RADIO("1")}, END}}, "Context", "1", "1"},
};
/* clang-format on */

/* A network that never comes is no failure of the update. */
static void
test_never_registered(gconstpointer csq)
{
    FakeExchange script[90] = {{RADIO("1")}, {CONTEXT("internet")}};
    const int code =
        strstr(csq, "99,") == NULL ? FOTA_MODULE_ERROR_NOT_REGISTERED : FOTA_MODULE_ERROR_NO_SIGNAL;
    FotaSession *session;
    g_autoptr(GError) error = NULL;
    guint n = 2;

    /* RegisterTime=120, a look each 5 s. */
    for (guint look = 0; look <= 24; look++) {
        script[n++] = (FakeExchange){LTE("2")};
        script[n++] = (FakeExchange){"AT+CGREG?", "!"};
        script[n++] = (FakeExchange){"AT+CREG?", "+CREG: 0,0"};
    }
    script[n] = (FakeExchange){"AT+CSQ", csq};
    session = test_quectel_session(script);
    g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &test_quectel_update, -1, NULL, &error),
                    ==, FOTA_RESULT_TRY_LATER);
    g_assert_error(error, FOTA_MODULE_ERROR, code);
    fake_session_finish(session);
}

/* The manifest's address to the module's. Without a command it is refused, with these words. */
static void
test_address(void)
{
    static const struct {
        const char *scheme, *host;
        guint port;
        const char *path, *user, *password, *model, *command;
        int code;
    } table[] = {
        {"http", "fw.example", 80, "a.zip", "", "", "EC25",
         "AT+QFOTADL=\"http://fw.example:80/a.zip\"", 0},
        {"https", "fw.example", 443, "q/a.zip", "", "", "BG96",
         "AT+QFOTADL=\"https://fw.example:443/q/a.zip\"", 0},
        {"ftp", "203.0.113.5", 2121, "a.zip", "me", "secret", "EC25",
         "AT+QFOTADL=\"ftp://me:secret@203.0.113.5:2121/a.zip\"", 0},
        {"ftp", "2001:db8::5", 21, "a.zip", "", "", "EC25",
         "AT+QFOTADL=\"ftp://[2001:db8::5]:21/a.zip\"", 0},
        {"http", "fw.example", 80, "a.zip", "", "", "RM500Q-GL",
         "AT+QFOTADL=\"http://fw.example:80/a.zip\"", 0},
        {"http", "fw.example", 80, "a.zip", "me", "secret", "EC25", NULL,
         FOTA_MODULE_ERROR_NOT_SUPPORTED},
        {"ftps", "fw.example", 990, "a.zip", "", "", "EC25", NULL, FOTA_MODULE_ERROR_NOT_SUPPORTED},
        {NULL, NULL, 0, NULL, "", "", "EC25", NULL, FOTA_MODULE_ERROR_NOT_SUPPORTED},
        {"ftp", "fw.example", 21, "a.zip", "me", "sec@ret", "EC25", NULL,
         FOTA_MODULE_ERROR_BAD_ARGUMENT},
        {"ftp", "fw.example", 21, "a.zip", "m:e", "secret", "EC25", NULL,
         FOTA_MODULE_ERROR_BAD_ARGUMENT},
        {"ftp", "fw.example", 21, "a.zip", "me", "sec\"ret", "EC25", NULL,
         FOTA_MODULE_ERROR_BAD_ARGUMENT},
        {"http", "fw.example", 80, "a\";+CFUN=0;\"", "", "", "EC25", NULL,
         FOTA_MODULE_ERROR_BAD_ARGUMENT},
        {"http", "fw.example", 80, "a,1", "", "", "EC25", NULL, FOTA_MODULE_ERROR_BAD_ARGUMENT},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FakeExchange script[] = {READY, {table[i].command, ""}, {LEAVES}, END};
        FotaSession *session = test_quectel_session(script);
        FotaUpdate update = test_quectel_update;
        g_autoptr(GError) error = NULL;

        fake_session_set_model(session, table[i].model);
        update.scheme = table[i].scheme;
        update.host = table[i].host;
        update.port = table[i].port;
        update.path = table[i].path;
        update.user = table[i].user;
        update.password = table[i].password;
        g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &update, -1, NULL, &error), ==,
                        table[i].command != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_GOOD);
        if (table[i].command == NULL) {
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
            g_assert_null(strstr(error->message, "sec"));
        }
        fake_session_finish(session);
    }
}

/* Every number that a guide lists. */
static void
test_numbers(void)
{
    static const struct {
        int first, last;
        FotaModuleError error;
        gboolean for_good;
    } table[] = {
        {601, 601, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {602, 602, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {603, 603, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {604, 605, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {606, 608, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {609, 609, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {610, 610, FOTA_MODULE_ERROR_DELTA_MISSING, TRUE},
        {611, 613, FOTA_MODULE_ERROR_DELTA_MISSING, FALSE},
        {614, 614, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {615, 616, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {617, 617, FOTA_MODULE_ERROR_DELTA_MISSING, FALSE},
        {618, 624, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {625, 626, FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED, TRUE},
        {627, 627, FOTA_MODULE_ERROR_DELTA_MISSING, FALSE},
        {628, 629, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {701, 701, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {702, 702, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {703, 706, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {707, 710, FOTA_MODULE_ERROR_CONTEXT_FAILED, FALSE},
        {711, 713, FOTA_MODULE_ERROR_DELTA_MISSING, TRUE},
        {714, 716, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {717, 725, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {726, 728, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, FALSE},
        {729, 729, FOTA_MODULE_ERROR_TRANSFER_FAILED, FALSE},
        {730, 730, FOTA_MODULE_ERROR_DELTA_MISSING, TRUE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        for (int number = table[i].first; number <= table[i].last; number++) {
            g_autofree char *line = g_strdup_printf("+QIND: \"FOTA\",\"%sEND\",%d",
                                                    number < 700 ? "FTP" : "HTTP", number);
            const FakeExchange script[] = {BEGUN, {FAKE_URC, line}, END};
            FotaSession *session = test_quectel_session(script);
            g_autoptr(GError) error = NULL;

            g_assert_cmpint(
                test_quectel_call(session, DOWNLOAD, &test_quectel_update, -1, NULL, &error), ==,
                table[i].for_good ? FOTA_RESULT_FAILED_FOR_GOOD : FOTA_RESULT_FAILED_FOR_NOW);
            g_assert_error(error, FOTA_MODULE_ERROR, (int)table[i].error);
            g_assert_null(strstr(error->message, "not published"));
            fake_session_finish(session);
        }
    }
}

/* A module with less than 16 MB takes two packages, by a shorter address, in a context of its own.
 */
static void
test_pair(void)
{
    static const struct {
        const char *model, *from, *path;
        gboolean pair;
        const char *notes;
    } table[] = {
        {"EG800K-EU", "EG800KEULCR07A07M04_01.300.01.300", "a.mini_1", TRUE, "as it does"},
        {"EG800K-EU", "EG800KEULCR07A07M04_01.300.01.300", "a.bin", TRUE,
         "should end with .mini_1,"},
        {"EC200N-CN", "EC200NCNLAR03A01M08", "a.mini_1", TRUE, "two packages"},
        {"EC200N-CN", "EC200NCNLAR03A01M16", "a.bin", FALSE, NULL},
        {"EC200A-CN", "EC200ACNHAR01A02M08", "a.bin", FALSE, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *fetch =
            g_strdup_printf("AT+QFOTADL=\"http://fw.example:80/%s\",1,50", table[i].path);
        const FakeExchange pair[] = {READY, {fetch, ""}, {LEAVES}, END};
        const FakeExchange single[] = {READY, {CHOOSE("")}, {UP}, {fetch, ""}, {LEAVES}, END};
        FotaSession *session = test_quectel_session(table[i].pair ? pair : single);
        FotaUpdate update = test_quectel_update;
        const char *notes;

        fake_session_set_model(session, table[i].model);
        update.from = table[i].from;
        update.path = table[i].path;
        g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &update, -1, NULL, NULL), ==,
                        FOTA_RESULT_DONE);
        notes = fake_session_get_notes(session);
        g_assert_true((strstr(notes, "two packages") != NULL) == table[i].pair);
        g_assert_true(table[i].notes == NULL || strstr(notes, table[i].notes) != NULL);
        fake_session_finish(session);
    }
}

/* 255 letters go, 256 do not; 128 where two packages are taken. */
static void
test_address_length(void)
{
    static const struct {
        const char *model, *from, *options;
        guint most;
    } models[] = {{"EC25", OLD, "", 255},
                  {"BG96", OLD, "", 255},
                  {"EC800K-CN", "EC800KCNLCR07A07M08", ",1,50", 128}};

    for (guint i = 0; i < 2 * G_N_ELEMENTS(models); i++) {
        guint most = models[i / 2].most;
        gboolean fits = i % 2 == 0;
        gsize length = most + (fits ? 0 : 1) - strlen("http://fw.example:80/");
        g_autofree char *path = g_strnfill(length, 'x');
        g_autofree char *command = g_strdup_printf("AT+QFOTADL=\"http://fw.example:80/%s\"%s", path,
                                                   models[i / 2].options);
        FakeExchange script[] = {READY, {fits ? command : NULL, ""}, {LEAVES}, END};
        FotaSession *session = test_quectel_session(script);
        FotaUpdate update = test_quectel_update;
        g_autoptr(GError) error = NULL;

        fake_session_set_model(session, models[i / 2].model);
        update.path = path;
        update.from = models[i / 2].from;
        g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &update, -1, NULL, &error), ==,
                        fits ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_GOOD);
        fake_session_finish(session);
    }
}

/* [Network] to +QICSGP, where context 1 has no access point. Without a command it is refused. */
static void
test_network(void)
{
    static const struct {
        const char *apn, *user, *password, *authentication, *command, *type;
    } table[] = {
        {"m2m", NULL, NULL, NULL, "AT+QICSGP=1,1,\"m2m\",\"\",\"\",0", "IP"},
        {"m2m", NULL, NULL, NULL, "AT+QICSGP=1,2,\"m2m\",\"\",\"\",0", "IPV6"},
        {"m2m", NULL, NULL, NULL, "AT+QICSGP=1,3,\"m2m\",\"\",\"\",0", "IPV4V6"},
        {"m2m", NULL, NULL, NULL, "AT+QICSGP=1,1,\"m2m\",\"\",\"\",0", NULL},
        {"m2m", "me", "secret", NULL, "AT+QICSGP=1,1,\"m2m\",\"me\",\"secret\",2", NULL},
        {"m2m", "me", "secret", "pap", "AT+QICSGP=1,1,\"m2m\",\"me\",\"secret\",1", NULL},
        {"m2m", "me", "secret", "none", "AT+QICSGP=1,1,\"m2m\",\"me\",\"secret\",0", NULL},
        {NULL, "me", "secret", "pap", "", NULL},
        {"m2m\";+CFUN=0", NULL, NULL, NULL, NULL, NULL},
        {"m2m", "me", "sec,ret", NULL, NULL, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        gboolean none = g_strcmp0(table[i].command, "") == 0;
        const FakeExchange with[] = {{RADIO("1")}, {CONTEXT("")}, {table[i].command, ""},
                                     {LTE("1")},   {FETCH("")},   {LEAVES},
                                     END};
        const FakeExchange without[] = {{RADIO("1")}, {CONTEXT("")}, {LTE("1")},
                                        {FETCH("")},  {LEAVES},      END};
        FotaSession *session = test_quectel_session(none ? without : with);
        g_autoptr(GError) error = NULL;

        fake_session_set_network(session, "Apn", table[i].apn);
        fake_session_set_network(session, "PdpType", table[i].type);
        fake_session_set_network(session, "User", table[i].user);
        fake_session_set_network(session, "Password", table[i].password);
        fake_session_set_network(session, "Authentication", table[i].authentication);
        g_assert_cmpint(
            test_quectel_call(session, DOWNLOAD, &test_quectel_update, -1, NULL, &error), ==,
            table[i].command != NULL ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_GOOD);
        if (table[i].command == NULL)
            g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT);
        fake_session_finish(session);
    }
}

/* That a login has no effect is told. */
static void
test_login_not_set(void)
{
    static const FakeExchange script[] = {READY, {FETCH("")}, {LEAVES}, END};
    FotaSession *session = test_quectel_session(script);
    g_autoptr(GError) error = NULL;

    fake_session_set_network(session, "Apn", "internet");
    fake_session_set_network(session, "User", "me");
    g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &test_quectel_update, -1, NULL, &error),
                    ==, FOTA_RESULT_DONE);
    g_assert_nonnull(strstr(fake_session_get_notes(session), "keeps its access point and login"));
    fake_session_finish(session);
}

/* What cannot be read may be the integrator's. */
static void
test_apn_not_readable(void)
{
    static const FakeExchange script[] = {{RADIO("1")}, {"AT+CGDCONT?", "+CGDCONT: 1,\"IP\""},
                                          {LTE("1")},   {FETCH("")},
                                          {LEAVES},     END};
    FotaSession *session = test_quectel_session(script);
    g_autoptr(GError) error = NULL;

    fake_session_set_network(session, "Apn", "m2m");
    g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &test_quectel_update, -1, NULL, &error),
                    ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
}

/* All but the order. */
static void
test_rehearsal(void)
{
    static const FakeExchange script[] = {READY, END};
    FotaSession *session = test_quectel_session(script);
    FotaUpdate rehearsal = test_quectel_update;
    g_autoptr(GError) error = NULL;

    rehearsal.rehearsal = TRUE;
    g_assert_cmpint(test_quectel_call(session, DOWNLOAD, &rehearsal, -1, NULL, &error), ==,
                    FOTA_RESULT_DONE);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_quectel_add("/quectel/url/", cases, G_N_ELEMENTS(cases));
    test_quectel_add_debts("/quectel/", debts, G_N_ELEMENTS(debts));
    g_test_add_data_func("/quectel/never-registered", "+CSQ: 20,99", test_never_registered);
    g_test_add_data_func("/quectel/no-signal", "+CSQ: 99,99", test_never_registered);
    g_test_add_func("/quectel/address", test_address);
    g_test_add_func("/quectel/login-not-set", test_login_not_set);
    g_test_add_func("/quectel/apn-not-readable", test_apn_not_readable);
    g_test_add_func("/quectel/numbers", test_numbers);
    g_test_add_func("/quectel/pair", test_pair);
    g_test_add_func("/quectel/address-length", test_address_length);
    g_test_add_func("/quectel/network", test_network);
    g_test_add_func("/quectel/rehearsal", test_rehearsal);
    return g_test_run();
}
