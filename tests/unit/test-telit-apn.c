/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "tests/unit/test-telit.h"

/* clang-format off */
#define OTHER_APN {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own.apn\",\"10.1.0.1\",0,0"}
#define SAME_APN {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"vzwinternet\",\"\",0,0"}
#define SAME_APN_BACK {"AT+CGDCONT=3,\"IP\",\"vzwinternet\"", ""}
#define NO_LOGIN {"AT#PDPAUTH?", "#PDPAUTH: 1,2,\"m2m\"\n#PDPAUTH: 3,0"}
#define DOWN {"AT#SGACT?", "#SGACT: 3,0"}
#define UP {"AT#SGACT?", "#SGACT: 3,1"}
#define LOGIN {"AT#PDPAUTH=3,1,\"me\",\"secret\"", ""}
#define LOGIN_BACK {"AT#PDPAUTH=3,0", ""}
#define APN_BACK {"AT+CGDCONT=3,\"IP\",\"own.apn\"", ""}
#define DIALS {"AT#SGACT=3,1", ""}

static const struct {
    const char *user; /* NULL = no login */
    int code;         /* 0 = it succeeds */
    FakeExchange script[28];
    const char *was; /* recalled from an attempt that was cut off */
} provisions[] = {
    {NULL, 0,
     {SOCKET, OTHER_APN, NO_LOGIN, DOWN, SAVED, SET_APN, READY, CONTEXT, FETCHED, CLOSE, APN_BACK,
      END}, NULL},
    {"me", 0,
     {SOCKET, OTHER_APN, NO_LOGIN, UP, SAVED, CLOSE_CONTEXT, SET_APN, READY, DOWN, SAVED, LOGIN,
      SAVED, DIALS, FETCHED, CLOSE, LOGIN_BACK, APN_BACK, DIALS, END}, NULL},
    {"me", 0,
     {SOCKET, NO_APN, {"AT#PDPAUTH?", ""}, DOWN, SAVED, SET_APN, READY, DOWN, SAVED, LOGIN, SAVED, DIALS,
      FETCHED, CLOSE, LOGIN_BACK, {"AT+CGDCONT=3", ""}, END}, NULL},
    /* It is there already: nothing is to be set back. */
    {NULL, 0,
     {SOCKET, SAME_APN, READY, CONTEXT, FETCHED, CLOSE, END}, NULL},
    /* It is there already, and the login may be another's: one that is kept, or needed by nobody. */
    {"me", FOTA_MODULE_ERROR_CONTEXT_FAILED,
     {SOCKET, SAME_APN, DOWN, {"AT#PDPAUTH?", "#PDPAUTH: 3,2,\"own\""}, END}, NULL},
    {"me", 0,
     {SOCKET, SAME_APN, DOWN, NO_LOGIN, DOWN, SAVED, SET_APN, READY, DOWN, SAVED, LOGIN, SAVED,
      DIALS, FETCHED, CLOSE, LOGIN_BACK, SAME_APN_BACK, END}, NULL},
    {"me", 0, {SOCKET, SAME_APN, UP, READY, UP, FETCHED, CLOSE_FTP, END}, NULL},
    {"me", 0,
     {SOCKET, SAME_APN, UP, READY, DOWN, SAVED, DIALS, FETCHED, CLOSE, END}, NULL},
    {"me", 0,
     {SOCKET, SAME_APN, READY, DOWN, SAVED, LOGIN, SAVED, DIALS, FETCHED, CLOSE, LOGIN_BACK,
      SAME_APN_BACK, END}, "3,\"IP\",\"vzwinternet\""},
    /* An attempt that was cut off has left it, and the context up. */
    {NULL, 0,
     {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"VZWINTERNET\",\"\",0,0"}, READY, UP, FETCHED,
      CLOSE, APN_BACK, END}, "3,\"IP\",\"own.apn\""},
    {NULL, FOTA_MODULE_ERROR_NO_SIGNAL,
     {SOCKET, OTHER_APN, NO_LOGIN, DOWN, SAVED, SET_APN, {"AT+CSQ", "+CSQ: 99,99"}, CLOSE_CONTEXT,
      APN_BACK, END}, NULL},
    /* What could not be set back is not changed. */
    {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED,
     {SOCKET, OTHER_APN, {"AT#PDPAUTH?", "#PDPAUTH: 3,1,\"own\""}, END}, NULL},
    {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED,
     {SOCKET, OTHER_APN, {"AT#PDPAUTH?", "#PDPAUTH: 3,2,\"own\""}, END}, NULL},
    {"me", FOTA_MODULE_ERROR_CONTEXT_FAILED,
     {SOCKET, OTHER_APN, {"AT#PDPAUTH?", "!ERROR"}, END}, NULL},
    {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED, {SOCKET, {"AT+CGDCONT?", "!ERROR"}, END}, NULL},
    /* What cannot be read is not empty, and could not be set back. */
    {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED,
     {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own.apn"}, END}, NULL},
    {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED,
     {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own;apn\""}, END}, NULL},
    {NULL, FOTA_MODULE_ERROR_CONTEXT_FAILED, {SOCKET, {"AT+CGDCONT?", "+CGDCONT: 3"}, END}, NULL},
    {NULL, -1, {SOCKET, OTHER_APN, NO_LOGIN, UP, {FAKE_SAVE, "-"}, END}, NULL},
};
/* clang-format on */

/* A manifest's access point holds whatever is programmed, and goes when the download has ended. */
static void
test_provision(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(provisions); i++) {
        FotaSession *session = fake_session_new(TELIT_MODELS, provisions[i].script);
        const char *user = provisions[i].user;
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        fake_session_set_network(session, "ProvisionedApn", "VZWINTERNET");
        fake_session_set_network(session, "User", user);
        fake_session_set_network(session, "Password", user != NULL ? "secret" : NULL);
        fake_session_set_network(session, "Authentication", user != NULL ? "pap" : NULL);
        if (provisions[i].was != NULL)
            fota_session_remember(session, FOTA_OWED "ContextWas", provisions[i].was);
        fake_plugin_download(session, &update, &error);
        if (provisions[i].code == 0)
            g_assert_no_error(error);
        else if (provisions[i].code > 0)
            g_assert_error(error, FOTA_MODULE_ERROR, provisions[i].code);
        else
            g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
        if (provisions[i].code <= 0 && fota_session_recall(session, FOTA_OWED "ContextWas") != NULL)
            g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "ContextWas"), ==, "");
        if (provisions[i].code <= 0)
            g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "ContextWasUp"), !=, "1");
        fake_session_finish(session);
    }
}

/* What is not told for now is asked later: it is not taken for what is not there. */
static void
test_put_off(void)
{
    static const FakeExchange scripts[][10] = {
        {SOCKET, {"AT+CGDCONT?", "!14"}, END},
        {SOCKET, OTHER_APN, {"AT#PDPAUTH?", "!14"}, END},
        {SOCKET, OTHER_APN, NO_LOGIN, {"AT#SGACT?", "!14"}, END},
    };

    for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
        FotaSession *session = fake_session_new(TELIT_MODELS, scripts[i]);
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        fake_session_set_network(session, "ProvisionedApn", "VZWINTERNET");
        g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_TRY_LATER);
        g_assert_nonnull(strstr(error->message, "+CME ERROR: 14"));
        g_assert_null(fota_session_recall(session, FOTA_OWED "ContextWas"));
        fake_session_finish(session);
    }
}

/* What an update that was cut off has left, without anything of it in this session. */
static void
test_undo(void)
{
    static const struct {
        const char *was_up, *login, *socket;
        FakeExchange script[8];
    } table[] = {
        {"", "", "", {{"AT#SGACT=3,0", "!ERROR"}, DOWN, APN_BACK, END}},
        {"1",
         "1",
         "1,1,1500,0,600,50",
         {CLOSE_CONTEXT,
          LOGIN_BACK,
          APN_BACK,
          {"AT#SGACT=3,1", ""},
          {"AT#SCFG=1,1,1500,0,600,50", ""},
          END}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaSession *session = fake_session_new(TELIT_MODELS, table[i].script);

        fota_session_remember(session, FOTA_OWED "ContextWas", "3,\"IP\",\"own.apn\"");
        fota_session_remember(session, FOTA_OWED "ContextWasUp", table[i].was_up);
        fota_session_remember(session, FOTA_OWED "Login", table[i].login);
        fota_session_remember(session, FOTA_OWED "Socket", table[i].socket);
        fota_plugin.claims[0].methods[0]->close(session);
        fota_session_set_data(session, NULL, NULL);
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "ContextWas"), ==, "");
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "ContextWasUp"), ==, "");
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Login"), ==, "");
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Socket"), ==, "");
        fake_session_finish(session);
    }
}

/* The login of [Network] is for its Apn=, and given to no other. */
static void
test_login_elsewhere(void)
{
    static const FakeExchange script[] = {SOCKET, OTHER_APN, READY, CONTEXT, FETCHED, CLOSE, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autoptr(GError) error = NULL;

    fake_session_set_network(session, "Apn", "VZWINTERNET");
    fake_session_set_network(session, "User", "me");
    fake_session_set_network(session, "Password", "secret");
    g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
    g_assert_nonnull(strstr(fake_session_get_notes(session), "Apn="));
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/telit/provision", test_provision);
    g_test_add_func("/telit/put-off", test_put_off);
    g_test_add_func("/telit/undo", test_undo);
    g_test_add_func("/telit/login-elsewhere", test_login_elsewhere);
    return g_test_run();
}
