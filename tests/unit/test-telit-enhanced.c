/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-telit.h"

/*
 * #FTPGETOTAENH: its end is a line, and what the module says besides is all that is known of the
 * delta in it.
 */

#define FROM "25.21.660-P0F.660300"
#define PACKAGE FROM "\nM0F.660004\nP0F.660300\nA0F.660004"

static const FotaUpdate enhanced = {
    .from = FROM,
    .to = "25.21.661-P0F.661300",
    .scheme = "ftp",
    .host = "fw.example",
    .port = 21,
    .path = "delta.bin",
    .user = "USERNAME",
    .password = "PASSWORD",
    .size = 1234,
};

/* clang-format off */
#define TO_CONTEXT {"AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"own.apn\",\"\",0,0"}, READY, \
    {"AT#SGACT?", "#SGACT: 1,1"}
#define ASK_SERVER SAVED, {"AT#FTPOPEN=\"fw.example:21\",\"USERNAME\",\"PASSWORD\",1,1", ""}, BINARY, \
    {"AT#FTPFSIZE=\"delta.bin\"", "#FTPFSIZE: 1234"}, CLOSE_FTP
#define BASE {"AT#SWPKGV", PACKAGE}
#define LISTEN {"AT#FOTAURC?", "#FOTAURC: 0"}, SAVED, {"AT#FOTAURC=1", ""}
#define FETCH_COMMAND "AT#FTPGETOTAENH=fw.example,21,/delta.bin,USERNAME,PASSWORD"
#define FETCH {FETCH_COMMAND, ""}
#define UNLISTEN {"AT#FOTAURC=0", ""}
#define SAYS(text) {FAKE_URC, text}
#define TO_FETCH TO_CONTEXT, ASK_SERVER, BASE, LISTEN, FETCH

static const struct {
    const char *name;
    FotaResult result;
    int code; /* of FOTA_MODULE_ERROR, when @result is not DONE */
    const char *says, *model;
    FakeExchange script[28];
} cases[] = {
    {"whole", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK PASS\""), UNLISTEN, END}},
    /* As its expectation in tests/reality has it: no OK, and the line by itself. */
    {"without-result-code", FOTA_RESULT_DONE, 0, NULL, "LN920",
     {TO_CONTEXT, BASE, {"AT#FOTAURC?", "!ERROR"}, {FETCH_COMMAND, "?"}, SAYS("#DREL"), END}},
    {"other-capitals", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_FETCH, SAYS("#otaev:#Drel"), SAYS("#OTAEV: Integrity check Pass"), UNLISTEN, END}},
    {"checked-before-released", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_FETCH, SAYS("#OTAEV: \"INTEGRITY CHECK PASS\""), UNLISTEN, END}},
    {"not-told-of-the-check", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), UNLISTEN, END}},
    {"listening-already", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_CONTEXT, ASK_SERVER, BASE, {"AT#FOTAURC?", "#FOTAURC: 1"}, FETCH, SAYS("#OTAEV: #DREL"),
      SAYS("#OTAEV: \"INTEGRITY CHECK PASS\""), END}},
    {"other-lines", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_FETCH, SAYS("#OTAEV: #920"), SAYS("+CEREG: 1"), SAYS("#OTAEV: #DREL"),
      SAYS("#OTAEV: Notified"), SAYS("#OTAEV: \"INTEGRITY CHECK PASS\""), UNLISTEN, END}},
    /* What was said before is about another download. */
    {"said-before", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "has failed",
     NULL,
     {TO_CONTEXT, ASK_SERVER, BASE, LISTEN, SAYS("#OTAEV: #DREL"),
      SAYS("#OTAEV: \"INTEGRITY CHECK PASS\""), FETCH, SAYS("#OTAEV: \"DOWNLOAD FAILED\""),
      UNLISTEN, END}},
    {"failed", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "has failed", NULL,
     {TO_FETCH, SAYS("#OTAEV: \"DOWNLOAD FAILED\""), UNLISTEN, END}},
    /* The data session ends in any case, and may say so first. */
    {"failed-after-released", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "has failed", NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"DOWNLOAD FAILED\""), UNLISTEN, END}},
    {"other-base-and-failed", FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE, FROM, NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\",21"),
      SAYS("#OTAEV: \"DOWNLOAD FAILED\""), UNLISTEN, END}},
    {"no-end", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "within 502 s", NULL,
     {TO_FETCH, UNLISTEN, END}},
    {"damaged", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "damaged", NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\",10"), UNLISTEN, END}},
    {"other-base", FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE, FROM, NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\",21"),
      SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\",21"), UNLISTEN, END}},
    /* Nor is the end of the session always heard. */
    {"other-base-and-not-released", FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE, FROM, NULL,
     {TO_FETCH, SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\",21"), UNLISTEN, END}},
    {"other-code", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "code 7", NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\", 7"), UNLISTEN, END}},
    {"no-code", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not published",
     NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\""), UNLISTEN, END}},
    /* It may check again: the last word counts. */
    {"checked-again", FOTA_RESULT_DONE, 0, NULL, NULL,
     {TO_FETCH, SAYS("#OTAEV: #DREL"), SAYS("#OTAEV: \"INTEGRITY CHECK FAIL\",10"),
      SAYS("#OTAEV: \"INTEGRITY CHECK PASS\""), UNLISTEN, END}},
    {"refused", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "wrong state", NULL,
     {TO_CONTEXT, ASK_SERVER, BASE, LISTEN, {FETCH_COMMAND, "!401"}, UNLISTEN, END}},
    {"gone", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE, NULL, NULL,
     {TO_CONTEXT, ASK_SERVER, BASE, LISTEN, {FETCH_COMMAND, "-"}, {"AT#FOTAURC=0", "-"}, END}},
    {"other-firmware", FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE, "25.21.999", NULL,
     {TO_CONTEXT, ASK_SERVER, {"AT#SWPKGV", "25.21.999"}, END}},
    /* Why, the module's FTP client tells; the one command would not. */
    {"login-refused", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED, "530", NULL,
     {TO_CONTEXT, SAVED, {"AT#FTPOPEN=\"fw.example:21\",\"USERNAME\",\"PASSWORD\",1,1", "!429"},
      {"AT#FTPMSG", "530 Login incorrect."}, {"AT#FTPCLOSE", "!430"}, END}},
    {"other-size", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not fetched",
     NULL,
     {TO_CONTEXT, SAVED, {"AT#FTPOPEN=\"fw.example:21\",\"USERNAME\",\"PASSWORD\",1,1", ""}, BINARY,
      {"AT#FTPFSIZE=\"delta.bin\"", "#FTPFSIZE: 99"}, CLOSE_FTP, END}},
};
/* clang-format on */

/* The method that the daemon prefers for a model. */
static const FotaMethod *
find_method(const char *model, const char *name)
{
    for (const FotaClaim *claim = fota_plugin.claims; claim->methods != NULL; claim++) {
        for (guint i = 0; claim->methods[i] != NULL; i++) {
            if (g_pattern_match_simple(claim->model, model) &&
                strcmp(claim->methods[i]->name, name) == 0)
                return claim->methods[i];
        }
    }
    return NULL;
}

static FotaSession *
new_session(const char *model, const FakeExchange *script)
{
    FotaSession *session = fake_session_new(TELIT_MODELS, script);

    fake_session_set_model(session, model);
    fake_session_set_unsolicited(session, fota_plugin.unsolicited);
    return session;
}

static void
test_download(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    const char *model = cases[i].model != NULL ? cases[i].model : "LE910C4-NF";
    FotaSession *session = new_session(model, cases[i].script);
    const FotaMethod *method = find_method(model, "ftp-enhanced");
    g_autoptr(GError) error = NULL;
    FotaResult result;

    result = fake_session_close(session, method, method->download(session, &enhanced, &error));
    fake_session_assert_end(session, result, error, cases[i].result, cases[i].code, cases[i].says);
    if (error != NULL)
        g_assert_null(strstr(error->message, "PASSWORD"));
    fake_session_finish(session);
}

/* What stands in the line without quotes must not end it, or begin another field or command. */
static void
test_injection(void)
{
    static const char *const bad[] = {"a,b", "a;b", "a\"b", "a b", "a\\b", "a\rb", "\xc3\xa9"};

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        for (guint k = 0; k < 4; k++) {
            static const FakeExchange script[] = {TO_CONTEXT, BASE, LISTEN, UNLISTEN, END};
            FotaSession *session = new_session("LN920", script);
            const FotaMethod *method = find_method("LN920", "ftp-enhanced");
            FotaUpdate other = enhanced;
            g_autoptr(GError) error = NULL;

            *(k == 0   ? &other.host
              : k == 1 ? &other.path
              : k == 2 ? &other.user
                       : &other.password) = bad[i];
            g_assert_cmpint(
                fake_session_close(session, method, method->download(session, &other, &error)), ==,
                FOTA_RESULT_FAILED_FOR_GOOD);
            g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT);
            fake_session_finish(session);
        }
    }
}

/* The server is asked; nothing is fetched. */
static void
test_rehearsal(void)
{
    static const FakeExchange script[] = {TO_CONTEXT, ASK_SERVER, BASE, LISTEN, UNLISTEN, END};
    FotaSession *session = new_session("LE910C4-NF", script);
    const FotaMethod *method = find_method("LE910C4-NF", "ftp-enhanced");
    FotaUpdate rehearsal = enhanced;
    g_autoptr(GError) error = NULL;

    rehearsal.rehearsal = TRUE;
    g_assert_cmpint(
        fake_session_close(session, method, method->download(session, &rehearsal, &error)), ==,
        FOTA_RESULT_DONE);
    fake_session_finish(session);
}

/* What turns the reports on is written down before, also by an update that was cut off; they are
 * off when the module says so. */
static void
test_cut_off(void)
{
    static const struct {
        const char *before, *reports, *answer, *after;
    } table[] = {
        {NULL, "#FOTAURC: 0", "", ""},       {NULL, "#FOTAURC: 0", "?", "0"},
        {NULL, "#FOTAURC: 0", "!ERROR", ""}, {NULL, "#FOTAURC: 1", NULL, NULL}, /* the host's own */
        {"0", "#FOTAURC: 1", "", ""},        {"0", "#FOTAURC: 1", "?", "0"},
    };
    const FotaMethod *method = find_method("LE910C4-NF", "ftp-enhanced");

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        static const FakeExchange to_reports[] = {TO_CONTEXT, ASK_SERVER, BASE};
        static const FakeExchange listen[] = {SAVED, {"AT#FOTAURC=1", ""}};
        static const FakeExchange fails[] = {FETCH, SAYS("#OTAEV: \"DOWNLOAD FAILED\"")};
        const FakeExchange asked = {"AT#FOTAURC?", table[i].reports};
        const FakeExchange off = {"AT#FOTAURC=0", table[i].answer};
        g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
        FotaSession *session;

        g_array_append_vals(script, to_reports, G_N_ELEMENTS(to_reports));
        g_array_append_val(script, asked);
        if (strcmp(table[i].reports, "#FOTAURC: 0") == 0)
            g_array_append_vals(script, listen, G_N_ELEMENTS(listen));
        g_array_append_vals(script, fails, G_N_ELEMENTS(fails));
        if (table[i].answer != NULL)
            g_array_append_val(script, off);
        session = new_session("LE910C4-NF", (const FakeExchange *)(const void *)script->data);
        if (table[i].before != NULL)
            fota_session_remember(session, FOTA_OWED "Reports", table[i].before);
        g_assert_cmpint(
            fake_session_close(session, method, method->download(session, &enhanced, NULL)), ==,
            FOTA_RESULT_FAILED_FOR_NOW);
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Reports"), ==, table[i].after);
        fake_session_finish(session);
    }
}

static void
test_orders(void)
{
    static const struct {
        const char *answer;
        FotaResult install, restart;
        int code; /* of install */
    } table[] = {
        {"", FOTA_RESULT_DONE, FOTA_RESULT_DONE, 0},
        {"!3", FOTA_RESULT_REFUSED, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_INSTALL_REFUSED},
        {"?", FOTA_RESULT_FAILED_FOR_NOW, FOTA_RESULT_FAILED_FOR_NOW,
         FOTA_MODULE_ERROR_MODULE_SILENT},
        {"-", FOTA_RESULT_FAILED_FOR_NOW, FOTA_RESULT_FAILED_FOR_NOW,
         FOTA_MODULE_ERROR_MODULE_GONE},
    };
    const FotaMethod *method = find_method("LE910C4-NF", "ftp-enhanced");

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FakeExchange script[] = {
            {"AT#OTAUP=2", table[i].answer}, {"AT#ENHRST=1,3", table[i].answer}, END};
        FotaSession *session = new_session("LE910C4-NF", script);
        g_autoptr(GError) error = NULL;
        g_autoptr(GError) restart_error = NULL;

        g_assert_cmpint(method->install(session, &enhanced, &error), ==, table[i].install);
        if (table[i].code != 0)
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
        g_assert_cmpint(method->restart(session, &enhanced, &restart_error), ==, table[i].restart);
        fake_session_finish(session);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/telit/enhanced/", cases[i].name, NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_download);
    }
    g_test_add_func("/telit/enhanced/injection", test_injection);
    g_test_add_func("/telit/enhanced/rehearsal", test_rehearsal);
    g_test_add_func("/telit/enhanced/cut-off", test_cut_off);
    g_test_add_func("/telit/enhanced/orders", test_orders);
    return g_test_run();
}
