/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-telit.h"

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

/* An address that #FTPOPEN cannot be given. */
static void
test_other_address(void)
{
    static const struct {
        const char *scheme, *host;
    } table[] = {{"https", "fw.example"}, {"ftp", "2001:db8::1"}};
    static const FakeExchange script[] = {BEFORE, CLOSE_CONTEXT, END};

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaSession *session = fake_session_new(TELIT_MODELS, script);
        FotaUpdate other = update;
        g_autoptr(GError) error = NULL;

        other.scheme = table[i].scheme;
        other.host = table[i].host;
        fake_session_set_network(session, "Apn", "VZWINTERNET");
        g_assert_cmpint(fake_plugin_download(session, &other, &error), ==,
                        FOTA_RESULT_FAILED_FOR_GOOD);
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
        fake_session_finish(session);
    }
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
        {"LE910-SV1", "", FOTA_RESULT_DONE, 0},
        {"ME310G1-WW", "", FOTA_RESULT_DONE, 0},
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

#define UP "#SGACT: 1,0\n#SGACT: 3,1"
#define DOWN "#SGACT: 1,0\n#SGACT: 3,0"

/* A context that is up is not ours: it is taken down, and brought up again after a refusal. */
static void
test_install(void)
{
    static const struct {
        const char *context, *taken_down, *answer, *brought_up; /* NULL: not sent */
        FotaResult result;
        int code;
    } table[] = {
        {DOWN, NULL, "", NULL, FOTA_RESULT_DONE, 0},
        {DOWN, NULL, "!400", NULL, FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED},
        {DOWN, NULL, "?", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT},
        {DOWN, NULL, "-", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE},
        {UP, "", "", NULL, FOTA_RESULT_DONE, 0},
        {UP, "", "!400", "", FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED},
        {UP, "", "!400", "?", FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED},
        {UP, "", "?", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_SILENT},
        {UP, "!", "!", "!403", FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED},
        {UP, "-", NULL, NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE},
        {"!", NULL, "", NULL, FOTA_RESULT_DONE, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FakeExchange script[6] = {{"AT#SGACT?", table[i].context}};
        guint n = 1;
        FotaSession *session;
        g_autoptr(GError) error = NULL;
        /* Until the module installs, or has told that it is up again. */
        gboolean answered = table[i].brought_up != NULL && table[i].brought_up[0] != '?';
        gboolean owed =
            table[i].taken_down != NULL && table[i].result != FOTA_RESULT_DONE && !answered;

        if (table[i].taken_down != NULL) {
            script[n++] = (FakeExchange){FAKE_SAVE, ""};
            script[n++] = (FakeExchange){"AT#SGACT=3,0", table[i].taken_down};
        }
        if (table[i].answer != NULL)
            script[n++] = (FakeExchange){"AT#OTAUP=0", table[i].answer};
        if (table[i].brought_up != NULL)
            script[n++] = (FakeExchange){"AT#SGACT=3,1", table[i].brought_up};
        session = fake_session_new(TELIT_MODELS, script);
        g_assert_cmpint(fake_plugin_install(session, &update, &error), ==, table[i].result);
        if (table[i].result != FOTA_RESULT_DONE)
            g_assert_error(error, FOTA_MODULE_ERROR, table[i].code);
        g_assert_cmpint(g_strcmp0(fota_session_recall(session, FOTA_OWED "ContextUp"), "1") == 0,
                        ==, owed);
        fake_session_finish(session);
    }
}

/* What the download has left open, because the module did not answer, is closed before. */
static void
test_install_owed(void)
{
    static const FakeExchange script[] = {
        {"AT#FTPCLOSE", ""}, {"AT#SGACT?", UP}, {"AT#SGACT=3,0", ""}, {"AT#OTAUP=0", "!400"}, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);

    fota_session_remember(session, FOTA_OWED "Context", "3");
    fota_session_remember(session, FOTA_OWED "Ftp", "1");
    g_assert_cmpint(fake_plugin_install(session, &update, NULL), ==, FOTA_RESULT_REFUSED);
    g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "Ftp"), ==, "");
    g_assert_null(fota_session_recall(session, FOTA_OWED "ContextUp"));
    fake_session_finish(session);
}

/* fotad was killed between m) and n): the context comes up again, unless its user was quicker. */
static void
test_context_owed(void)
{
    static const struct {
        const char *answer, *owed;
    } table[] = {{"", ""}, {"!403", ""}, {"?", "1"}};

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FakeExchange script[] = {{"AT#SGACT=3,1", table[i].answer}, END};
        FotaSession *session = fake_session_new(TELIT_MODELS, script);

        fota_session_remember(session, FOTA_OWED "ContextUp", "1");
        fake_session_close(session, FAKE_METHOD, FOTA_RESULT_DONE);
        g_assert_cmpstr(fota_session_recall(session, FOTA_OWED "ContextUp"), ==, table[i].owed);
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

#define PACKAGE "37.00.214-P0C.210001\nM0C.200003\nP0C.210001\nA0C.210000"

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
        {"LE910-SV1", "20.00.014+2", {{"AT+GMR", "20.00.014"}, {"AT#CFVR", "#CFVR: 2"}, END}},
        {"LE910B1-NA", "20.00.544", {{"AT+GMR", "20.00.544"}, END}},
        {"ME310G1-WW", "37.00.214-P0C.210001", {{"AT#SWPKGV", PACKAGE}, END}},
        {"ME910G1-WW", "37.00.214-P0C.210001", {{"AT#SWPKGV", PACKAGE}, END}},
        {"LE910C4-NF", "37.00.214-P0C.210001", {{"AT#SWPKGV", PACKAGE}, END}},
        /* Firmware without #SWPKGV; a module that is silent, or whose SIM is not ready, has it. */
        {"LE910C4-EU",
         "25.20.678",
         {{"AT#SWPKGV", "!ERROR"}, {"AT#SWPKGV", "!ERROR"}, {"AT+GMR", "25.20.678"}, END}},
        {"LE910C4-EU",
         "25.20.678",
         {{"AT#SWPKGV", "!4"}, {"AT#SWPKGV", "!4"}, {"AT+GMR", "25.20.678"}, END}},
        {"LE910C4-EU", NULL, {{"AT#SWPKGV", "?"}, {"AT#SWPKGV", "?"}, END}},
        {"LE910C4-EU", NULL, {{"AT#SWPKGV", "!14"}, {"AT#SWPKGV", "!14"}, END}},
        {"LE910C4-EU", NULL, {{"AT#SWPKGV", "?"}, {"AT#SWPKGV", ""}, END}},
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

/* Every module of the list in MultiTech's guide is claimed, and the later families. */
static void
test_guide_models(void)
{
    static const struct {
        const char *model, *methods[4];
    } table[] = {
        {"ME910C1-NV", {"ftp", "premium"}},
        {"ME910C1-NA", {"ftp", "premium"}},
        {"LE910-NA V2", {"ftp", "premium"}},
        {"LE910-NA1", {"ftp", "feed", "premium"}},
        {"LE910-SV1", {"ftp", "premium"}},
        {"LE910-SVL", {"ftp", "feed", "premium"}},
        {"LE910B1-NA", {"ftp", "premium"}},
        {"LE910B4-NA", {"ftp", "premium"}},
        {"ME310G1-WW", {"ftp", "feed", "lwm2m"}},
        {"ME910G1-W1", {"ftp", "feed", "lwm2m"}},
        {"ML865G1-WW", {"ftp", "feed", "lwm2m"}},
        {"LE910C1-EUX", {"ftp-enhanced", "ftp", "lwm2m"}},
        {"LE910C4-NF", {"ftp-enhanced", "ftp", "lwm2m"}},
        {"LN920A12-WW", {"ftp-enhanced"}},
        {"LM940", {NULL}},
        {"LE940", {NULL}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FotaClaim *claim = fota_plugin.claims;

        while (claim->methods != NULL && !g_pattern_match_simple(claim->model, table[i].model))
            claim++;
        if (table[i].methods[0] == NULL)
            g_assert_null(claim->methods);
        for (guint k = 0; table[i].methods[k] != NULL; k++) {
            g_assert_cmpstr(claim->methods[k]->name, ==, table[i].methods[k]);
            if (table[i].methods[k + 1] == NULL)
                g_assert_null(claim->methods[k + 1]);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/telit/rehearsal", test_rehearsal);
    g_test_add_func("/telit/rehearsal-without-size", test_rehearsal_without_size);
    g_test_add_func("/telit/other-address", test_other_address);
    g_test_add_func("/telit/validate", test_validate);
    g_test_add_func("/telit/install", test_install);
    g_test_add_func("/telit/install-owed", test_install_owed);
    g_test_add_func("/telit/context-owed", test_context_owed);
    g_test_add_func("/telit/outcome", test_outcome);
    g_test_add_func("/telit/versions", test_versions);
    g_test_add_func("/telit/other-base", test_other_base);
    g_test_add_func("/telit/guide-models", test_guide_models);
    return g_test_run();
}
