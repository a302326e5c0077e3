/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "tests/unit/fake-plugin.h"

#define LINE "30.00.001-B026_FOTA,30.00.001-B026_FOTA.bin,2017-01-31,,USERNAME,PASSWORD\r\n"
#define MOST 4096
#define SECONDS 500

static const FotaUpdate place = {
    .from = "30.00.001-B026",
    .scheme = "ftp",
    .host = "fw.example",
    .port = 21,
    .path = "firmwarecheck.csv",
    .user = "USERNAME",
    .password = "PASSWORD",
};

#define BEFORE                                                                                     \
    {"AT#SCFG?", "#SCFG: 1,3,300,90,600,50"}, {"AT#SCFG=1,3,300,90,600,50", ""},                   \
        {"AT+CGDCONT?", "+CGDCONT: 3,\"IP\",\"own.apn\",\"\",0,0"}, {"AT+CSQ", "+CSQ: 25,3"},      \
        {"AT+CEREG?", "+CEREG: 0,1"}, {"AT#SGACT?", "#SGACT: 3,0"},                                \
        {"AT#SGACT=3,1", "#SGACT: 10.0.0.1"},                                                      \
    {                                                                                              \
        "AT#FTPOPEN=\"fw.example:21\",\"USERNAME\",\"PASSWORD\",1,3", ""                           \
    }
#define BINARY                                                                                     \
    {                                                                                              \
        "AT#FTPTYPE=0", ""                                                                         \
    }
#define GET_COMMAND "AT#FTPGETPKT=\"firmwarecheck.csv\",1"
#define GET                                                                                        \
    {                                                                                              \
        GET_COMMAND, ""                                                                            \
    }
#define COMING                                                                                     \
    {                                                                                              \
        "AT#FTPGETPKT?", "#FTPGETPKT: firmwarecheck.csv,1,0"                                       \
    }
#define ALL_THERE                                                                                  \
    {                                                                                              \
        "AT#FTPGETPKT?", "#FTPGETPKT: firmwarecheck.csv,1,1"                                       \
    }
#define RECEIVE(answer)                                                                            \
    {                                                                                              \
        "AT#FTPRECV=500", answer                                                                   \
    }
#define NONE_NOW RECEIVE("!423")
#define CLOSE                                                                                      \
    {"AT#FTPCLOSE", ""},                                                                           \
    {                                                                                              \
        "AT#SGACT=3,0", ""                                                                         \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

typedef struct {
    const char *name;
    const char *contents; /* NULL = it fails ... */
    FotaResult result;    /* ... with this */
    int code;
    const char *says;
    gsize max_bytes; /* 0 = MOST */
    FakeExchange script[24];
} Case;

/* clang-format off */
static const Case cases[] = {
    {"one-piece", "B,b\r\n", FOTA_RESULT_DONE, 0, NULL, 0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV: 5\n422C620D0A"), ALL_THERE, NONE_NOW,
      CLOSE, END}},
    {"pieces-and-pauses", "Bb", FOTA_RESULT_DONE, 0, NULL, 0,
     {BEFORE, BINARY, GET, COMING, NONE_NOW, COMING, RECEIVE("#FTPRECV: 1\n42"), COMING,
      RECEIVE("#FTPRECV: 0"), ALL_THERE, RECEIVE("#FTPRECV: 1\n62"), ALL_THERE, NONE_NOW, CLOSE,
      END}},
    {"wrapped-lower-case", "B,b\n", FOTA_RESULT_DONE, 0, NULL, 0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV:4\n422c\n620a"), ALL_THERE, NONE_NOW, CLOSE,
      END}},
    {"empty", "", FOTA_RESULT_DONE, 0, NULL, 0,
     {BEFORE, BINARY, GET, ALL_THERE, NONE_NOW, CLOSE, END}},
    {"just-fits", "abc", FOTA_RESULT_DONE, 0, NULL, 3,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV: 3\n616263"), ALL_THERE, NONE_NOW, CLOSE,
      END}},
    {"too-large", NULL, FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "larger than 2 bytes", 2,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV: 3\n616263"), CLOSE, END}},
    {"missing", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_DELTA_MISSING,
     "550 No such file", 0,
     {BEFORE, BINARY, {GET_COMMAND, "!423"}, {"AT#FTPMSG", "#FTPMSG: 550 No such file"}, CLOSE,
      END}},
    {"no-binary", "B", FOTA_RESULT_DONE, 0, NULL, 0,
     {BEFORE, {"AT#FTPTYPE=0", "!4"}, GET, ALL_THERE, RECEIVE("#FTPRECV: 1\n42"), ALL_THERE,
      NONE_NOW, CLOSE, END}},
    {"count-lies", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_BAD_ANSWER, "#FTPRECV", 0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV: 3\n6162"), CLOSE, END}},
    {"count-too-large", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_BAD_ANSWER, "#FTPRECV",
     0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV: 501\n61"), CLOSE, END}},
    {"no-digits", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_BAD_ANSWER, "#FTPRECV", 0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("#FTPRECV: 1\nB,"), CLOSE, END}},
    {"no-count", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_BAD_ANSWER, "#FTPRECV", 0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE(""), CLOSE, END}},
    {"no-end", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_BAD_ANSWER, "#FTPGETPKT?", 0,
     {BEFORE, BINARY, GET, {"AT#FTPGETPKT?", "#FTPGETPKT: firmwarecheck.csv,1"}, CLOSE, END}},
    {"gone", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_GONE, NULL, 0,
     {BEFORE, BINARY, GET, ALL_THERE, RECEIVE("-"), CLOSE, END}},
    {"refuses-to-tell", NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_MODULE_REFUSED, NULL, 0,
     {BEFORE, BINARY, GET, {"AT#FTPGETPKT?", "!3"}, CLOSE, END}},
};
/* clang-format on */

static void
test_fetch(gconstpointer data)
{
    const Case *test = data;
    FotaSession *session = fake_session_new(TELIT_MODELS, test->script);
    g_autoptr(GBytes) contents = NULL;
    g_autoptr(GError) error = NULL;
    FotaResult result;
    gsize max_bytes = test->max_bytes != 0 ? test->max_bytes : MOST;

    result = fake_plugin_fetch(session, &place, max_bytes, &contents, &error);
    fake_session_assert_end(session, result, error, test->result, test->code, test->says);
    if (test->contents != NULL)
        g_assert_cmpmem(g_bytes_get_data(contents, NULL), g_bytes_get_size(contents),
                        test->contents, strlen(test->contents));
    else
        g_assert_null(contents);
    fake_session_finish(session);
}

/* The seed's line, as it comes piece by piece. */
static void
test_seed(void)
{
    GString *answer = g_string_new(NULL);
    g_autofree char *text = NULL;
    g_autoptr(GBytes) contents = NULL;
    g_autoptr(GError) error = NULL;

    g_string_printf(answer, "#FTPRECV: %zu\n", strlen(LINE));
    for (const char *c = LINE; *c != '\0'; c++)
        g_string_append_printf(answer, "%02X", (guint8)*c);
    text = g_string_free(answer, FALSE);

    const FakeExchange script[] = {BEFORE,    BINARY,   GET,   ALL_THERE, RECEIVE(text),
                                   ALL_THERE, NONE_NOW, CLOSE, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);

    g_assert_cmpint(fake_plugin_fetch(session, &place, MOST, &contents, &error), ==,
                    FOTA_RESULT_DONE);
    g_assert_cmpmem(g_bytes_get_data(contents, NULL), g_bytes_get_size(contents), LINE,
                    strlen(LINE));
    fake_session_finish(session);
}

/* A module that says neither "all there" nor anything else is not asked for ever. */
static void
test_limit(void)
{
    static const FakeExchange before[] = {BEFORE, BINARY, GET};
    static const FakeExchange after[] = {CLOSE, END};
    static const FakeExchange round[] = {COMING, NONE_NOW};
    g_autoptr(GArray) script = g_array_new(FALSE, FALSE, sizeof(FakeExchange));
    g_autoptr(GBytes) contents = NULL;
    g_autoptr(GError) error = NULL;
    FotaSession *session;

    g_array_append_vals(script, before, G_N_ELEMENTS(before));
    for (guint i = 0; i <= SECONDS; i++)
        g_array_append_vals(script, round, G_N_ELEMENTS(round));
    g_array_append_vals(script, after, G_N_ELEMENTS(after));
    session = fake_session_new(TELIT_MODELS, (const FakeExchange *)(const void *)script->data);
    g_assert_cmpint(fake_plugin_fetch(session, &place, MOST, &contents, &error), ==,
                    FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED);
    fake_session_finish(session);
}

static void
test_cancelled(void)
{
    static const FakeExchange script[] = {BEFORE, BINARY, GET, COMING, NONE_NOW, {FAKE_CANCEL, ""},
                                          CLOSE,  END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    g_autoptr(GBytes) contents = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fake_plugin_fetch(session, &place, MOST, &contents, &error), ==,
                    FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    fake_session_finish(session);
}

static void
test_injection(void)
{
    static const FakeExchange script[] = {BEFORE, BINARY, CLOSE, END};
    FotaSession *session = fake_session_new(TELIT_MODELS, script);
    FotaUpdate evil = place;
    g_autoptr(GBytes) contents = NULL;
    g_autoptr(GError) error = NULL;

    evil.path = "a\",1;#OTAUP=0;#X=\"";
    g_assert_cmpint(fake_plugin_fetch(session, &evil, MOST, &contents, &error), ==,
                    FOTA_RESULT_FAILED_FOR_GOOD);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/telit/fetch/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_fetch);
    }
    g_test_add_func("/telit/fetch/seed", test_seed);
    g_test_add_func("/telit/fetch/limit", test_limit);
    g_test_add_func("/telit/fetch/cancelled", test_cancelled);
    g_test_add_func("/telit/fetch/injection", test_injection);
    return g_test_run();
}
