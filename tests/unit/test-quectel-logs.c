/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-quectel.h"

#include <string.h>

#include "sim/sim-replay-log.h"

/*
 * The logs of real modules (tests/reality/logs), line by line through the plugin: an update ends as
 * it ended there, and with a name for it.
 */

#define BG96_NEW "BG96MAR04A04M1G_01.001.01.001"
#define EG18_NEW "EG18EAPAR01A13M4G_01.001.01.001"

typedef struct {
    const char *log;
    const char *model;
    FotaResult ordered; /* what comes of the order */
    int code;
    FotaResult ended;    /* and what of the restarts; -1 = there are none */
    const char *says;    /* in the error, or else in the notes */
    const char *to;      /* the version that the module tells afterwards */
    const char *options; /* behind the address, as the plugin has them; NULL = none */
    gboolean context;    /* the client is told its context */
} Log;

#define NOT_ENDED (FotaResult)(-1)

/* clang-format off */
static const Log logs[] = {
    {"bc660k-12-then-ok", "BC660K-GL", FOR_NOW(DELTA_SERVER_UNREACHABLE), NOT_ENDED, "12", NULL, NULL, FALSE},
    {"bg96-http-702", "BG96", FOR_NOW(DELTA_SERVER_UNREACHABLE), NOT_ENDED, "702", NULL, NULL, FALSE},
    {"bg96-restore-resume", "BG96", DONE, FOTA_RESULT_DONE, "Last upgrade was not finished", BG96_NEW, NULL, FALSE},
    {"ec200u-608", "EC200U-EU", FOR_GOOD(TRANSFER_FAILED), NOT_ENDED, "fota/path", NULL, ",1,50,100", TRUE},
    {"ec800k-two-restarts", "EG800K-EU", DONE, FOTA_RESULT_DONE, "UPDATING 96",
     "EG800KEULCR07A07M05_01.300.01.300", ",1,50", FALSE},
    {"eg18-https-ok", "EG18", DONE, FOTA_RESULT_DONE, "END 0", EG18_NEW, NULL, FALSE},
    {"eg18-ufs-ok", "EG18", DONE, FOTA_RESULT_DONE, "END 0", EG18_NEW, NULL, FALSE},
    {"eg25-boot-pinephone", "EG25-G", DONE, FOTA_RESULT_DONE, "", NEW, NULL, FALSE},
    {"eg915u-701-420-570", "EG915U", FOR_NOW(TRANSFER_FAILED), NOT_ENDED, "701", NULL, ",1,50,100", TRUE},
    {"openwrt-lua-expected", "EG06-E", DONE, FOTA_RESULT_DONE, "END 0", NEW, NULL, FALSE},
};
/* clang-format on */

/* Logs that hold no order of the plugin's: each has a test below, which plays what it holds. */
static const char *const others[] = {"eg25-fwupd-fastboot-times", "eg25-secboot-late-answer",
                                     "ec25-ftm-after-power-loss", NULL};

/* A script under construction, which owns its texts. */
typedef struct {
    GArray *exchanges;
    GPtrArray *texts;
} Script;

static void
script_add(Script *script, const char *command, const char *answer)
{
    FakeExchange exchange = {g_strdup(command), g_strdup(answer)};

    g_ptr_array_add(script->texts, (char *)exchange.command);
    g_ptr_array_add(script->texts, (char *)exchange.answer);
    g_array_append_val(script->exchanges, exchange);
}

static SimReplayLog *
load_log(const char *name)
{
    g_autofree char *path = g_strdup_printf(LOGS "/quectel-%s.txt", name);
    g_autoptr(GError) error = NULL;
    SimReplayLog *log = sim_replay_log_load(path, &error);

    g_assert_no_error(error);
    return log;
}

static const SimReplayEntry *
get_entry(const SimReplayLog *log, guint i)
{
    return i < log->entries->len ? log->entries->pdata[i] : NULL;
}

/* The entry at which the host sends what begins with @command; the log's length when it does not.
 */
static guint
find_asked(const SimReplayLog *log, const char *command)
{
    guint i = 0;

    while (i < log->entries->len && (get_entry(log, i)->kind != SIM_REPLAY_ASK ||
                                     !g_str_has_prefix(get_entry(log, i)->text->str, command)))
        i++;
    return i;
}

/* What stands between the quotes of the order; the package has another name in the plugin. */
static char *
find_address(const SimReplayLog *log, guint order)
{
    g_auto(GStrv) parts = g_strsplit(get_entry(log, order)->text->str, "\"", 3);
    g_auto(GStrv) names = g_strsplit(parts[1], "DFOATUpgrade", -1);

    return g_strjoinv("fotad", names);
}

/* The order as the plugin gives it; @update gets the parts of the address. */
static char *
make_order(const char *address, const char *options, FotaUpdate *update, GUri **uri)
{
    guint port;

    if (address[0] == '/')
        return g_strdup_printf("AT+QFOTADL=\"%s\"", address);
    *uri = g_uri_parse(address, G_URI_FLAGS_NONE, NULL);
    port = g_uri_get_port(*uri) > 0                       ? (guint)g_uri_get_port(*uri)
           : strcmp(g_uri_get_scheme(*uri), "https") == 0 ? 443
                                                          : 80;
    update->scheme = g_uri_get_scheme(*uri);
    update->host = g_uri_get_host(*uri);
    update->port = port;
    update->path = g_uri_get_path(*uri) + 1;
    return g_strdup_printf("AT+QFOTADL=\"%s://%s:%u%s\"%s", update->scheme, update->host, port,
                           g_uri_get_path(*uri), options != NULL ? options : "");
}

/*
 * What the module says by itself from @at on, until the host asks again, or a download has failed
 * (an EG915U gave several numbers for one cause). A departure counts where the plugin is still
 * listening: where no line has told it that the download is complete.
 */
static void
add_lines(Script *script, const SimReplayLog *log, guint at, gboolean listening)
{
    for (const SimReplayEntry *entry; (entry = get_entry(log, at)) != NULL; at++) {
        const char *text = entry->text != NULL ? entry->text->str : "";

        if (entry->kind == SIM_REPLAY_ASK)
            return;
        if (entry->kind == SIM_REPLAY_SAY && (text[0] == '+' || strcmp(text, "RDY") == 0))
            script_add(script, FAKE_URC, text);
        if (entry->kind == SIM_REPLAY_LEAVE && listening)
            script_add(script, FAKE_URC, "-");
        if (strstr(text, "HTTPEND\",") != NULL && strstr(text, "END\",0") == NULL)
            return;
        listening = listening && entry->kind != SIM_REPLAY_LEAVE && strstr(text, "END\",0") == NULL;
    }
}

static void
add_order(Script *script, const Log *row, const SimReplayLog *log, guint order, const char *command,
          gboolean by_url)
{
    static const FakeExchange ready[] = {READY};

    for (guint i = 0; by_url && i < G_N_ELEMENTS(ready); i++)
        script_add(script, ready[i].command, ready[i].answer);
    if (row->context) {
        script_add(script, "AT+QCFG=\"fota/cid\",1", "");
        script_add(script, "AT+QIACT?", "+QIACT: 1,1,1,\"203.0.113.7\"");
    }
    if (!by_url)
        script_add(script, FAKE_SAVE, "");
    script_add(script, command, "");
    add_lines(script, log, order + 1, by_url);
}

static void
play(const Log *row, FotaSession *session, const FotaUpdate *update, gboolean by_url,
     gboolean orders)
{
    TestQuectelFunction order = by_url ? TEST_QUECTEL_DOWNLOAD : TEST_QUECTEL_INSTALL;
    TestQuectelFunction end = by_url ? TEST_QUECTEL_OUTCOME : TEST_QUECTEL_FED_OUTCOME;
    g_autofree char *version = NULL;
    g_autoptr(GError) error = NULL;
    const char *told;

    if (orders)
        g_assert_cmpint(test_quectel_call(session, order, update, -1, NULL, &error), ==,
                        row->ordered);
    if (row->ordered != FOTA_RESULT_DONE)
        g_assert_error(error, FOTA_MODULE_ERROR, row->code);
    else
        g_assert_no_error(error);
    if (row->ended != NOT_ENDED) {
        g_assert_cmpint(test_quectel_call(session, end, update, -1, &version, &error), ==,
                        row->ended);
        g_assert_cmpstr(version, ==, row->to);
    }
    told = error != NULL ? error->message : fake_session_get_notes(session);
    if (strstr(told, row->says) == NULL)
        g_error("%s: \"%s\" does not say \"%s\"", row->log, told, row->says);
}

static void
test_log(gconstpointer data)
{
    const Log *row = data;
    g_autoptr(SimReplayLog) log = load_log(row->log);
    Script script = {g_array_new(TRUE, TRUE, sizeof(FakeExchange)),
                     g_ptr_array_new_with_free_func(g_free)};
    FotaUpdate update = test_quectel_update;
    guint order = find_asked(log, "AT+QFOTADL=");
    guint asked = find_asked(log, "AT+QGMR");
    gboolean orders = get_entry(log, order) != NULL;
    g_autofree char *address = orders ? find_address(log, order) : NULL;
    gboolean by_url = address == NULL || address[0] != '/';
    g_autoptr(GUri) uri = NULL;
    g_autofree char *command = NULL;
    FotaSession *session;

    if (asked < order && get_entry(log, asked) != NULL)
        update.from = get_entry(log, asked + 1)->text->str;
    if (orders) {
        command = make_order(address, row->options, &update, &uri);
        add_order(&script, row, log, order, command, by_url);
    } else {
        add_lines(&script, log, 0, FALSE);
    }
    if (row->ended != NOT_ENDED) {
        script_add(&script, "AT+QGMR", row->to);
        script_add(&script, "AT+CFUN?", "+CFUN: 1");
        if (!by_url)
            script_add(&script, "AT+QFDEL=\"fotad.zip\"", "");
    }
    update.to = row->to;
    session = test_quectel_session((const FakeExchange *)script.exchanges->data);
    fake_session_set_model(session, row->model);
    play(row, session, &update, by_url, orders);
    fake_session_finish(session);
    g_array_unref(script.exchanges);
    g_ptr_array_unref(script.texts);
}

/* An EC25 that has lost its calibration: everything is well but +CFUN. */
static void
test_factory_test(void)
{
    g_autoptr(SimReplayLog) log = load_log("ec25-ftm-after-power-loss");
    const char *radio = get_entry(log, find_asked(log, "AT+CFUN?") + 1)->text->str;
    const char *version = get_entry(log, find_asked(log, "AT+QGMR") + 1)->text->str;
    const FakeExchange script[] = {
        {"AT+QGMR", version}, {"AT+CFUN?", radio}, {"AT+CFUN?", radio}, END};
    FotaSession *session = test_quectel_session(script);
    g_autofree char *told = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(
        test_quectel_call(session, TEST_QUECTEL_OUTCOME, &test_quectel_update, -1, &told, &error),
        ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(told, ==, OLD);
    g_assert_nonnull(strstr(fake_session_get_notes(session), "factory test mode"));
    g_assert_cmpint(
        test_quectel_call(session, TEST_QUECTEL_DOWNLOAD, &test_quectel_update, -1, NULL, &error),
        ==, FOTA_RESULT_FAILED_FOR_GOOD);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_REGISTERED);
    fake_session_finish(session);
}

/* Each number that an EG915U gave for one cause is a failure that another attempt may cure. */
static void
test_every_number(void)
{
    g_autoptr(SimReplayLog) log = load_log("eg915u-701-420-570");
    guint n = 0;

    for (guint i = 0; i < log->entries->len; i++) {
        const SimReplayEntry *entry = get_entry(log, i);
        const FakeExchange script[] = {READY,
                                       {"AT+QCFG=\"fota/cid\",1", ""},
                                       {"AT+QIACT?", "+QIACT: 1,1,1,\"203.0.113.7\""},
                                       {"AT+QFOTADL=\"" FETCH_URL "\",1,50,100", ""},
                                       {FAKE_URC, entry->text->str},
                                       END};
        FotaSession *session;
        g_autoptr(GError) error = NULL;

        if (entry->kind != SIM_REPLAY_SAY || strstr(entry->text->str, "HTTPEND") == NULL)
            continue;
        session = test_quectel_session(script);
        fake_session_set_model(session, "EG915U");
        g_assert_cmpint(test_quectel_call(session, TEST_QUECTEL_DOWNLOAD, &test_quectel_update, -1,
                                          NULL, &error),
                        ==, FOTA_RESULT_FAILED_FOR_NOW);
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED);
        fake_session_finish(session);
        n++;
    }
    g_assert_cmpuint(n, ==, 2);
}

/* Another updater has told an EG25-G to restart: it is gone at once, without an OK, in the middle
 * of whatever it is asked. */
static void
test_fastboot(void)
{
    g_autoptr(SimReplayLog) log = load_log("eg25-fwupd-fastboot-times");
    guint order = find_asked(log, "AT+QFASTBOOT");
    const FakeExchange script[] = {{"AT+QGMR", "-"}, {"AT+QGMR", "-"}, END};
    static const TestQuectelFunction functions[] = {TEST_QUECTEL_INSPECT, TEST_QUECTEL_OUTCOME};
    FotaSession *session = test_quectel_session(script);

    g_assert_cmpint(get_entry(log, order + 1)->kind, ==, SIM_REPLAY_LEAVE);
    g_assert_null(get_entry(log, order + 2));
    for (guint i = 0; i < G_N_ELEMENTS(functions); i++) {
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(
            test_quectel_call(session, functions[i], &test_quectel_update, -1, &version, &error),
            ==, FOTA_RESULT_FAILED_FOR_NOW);
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
        g_assert_null(version);
    }
    fake_session_finish(session);
}

/* An ERROR is an answer, which a repetition does not change; an answer that is late is waited for.
 */
static void
test_late_answer(void)
{
    g_autoptr(SimReplayLog) log = load_log("eg25-secboot-late-answer");
    const FakeExchange script[] = {{"AT+QGMR", "!"}, END};
    FotaSession *session = test_quectel_session(script);
    guint refusals = 0, waits = 0;
    g_autofree char *version = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < log->entries->len; i++) {
        const SimReplayEntry *entry = get_entry(log, i);

        refusals += entry->kind == SIM_REPLAY_SAY && strstr(entry->text->str, "ERROR") != NULL;
        waits += entry->kind == SIM_REPLAY_NOTE;
        if (entry->kind == SIM_REPLAY_NOTE)
            g_assert_cmpfloat(entry->seconds, <, fota_session_get_seconds(session, "AT+QCFG?"));
    }
    g_assert_cmpuint(refusals, ==, 6);
    g_assert_cmpuint(waits, ==, 1);
    g_assert_cmpint(test_quectel_call(session, TEST_QUECTEL_INSPECT, &test_quectel_update, -1,
                                      &version, &error),
                    ==, FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
    fake_session_finish(session);
}

/* No log of a Quectel module is left out. */
static void
test_all(void)
{
    g_autoptr(GDir) dir = g_dir_open(LOGS, 0, NULL);
    guint n = 0;

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        gboolean found = FALSE;
        g_autofree char *stem = NULL;

        if (!g_str_has_prefix(name, "quectel-"))
            continue;
        stem = g_strndup(name + strlen("quectel-"), strlen(name) - strlen("quectel-.txt"));
        for (guint i = 0; i < G_N_ELEMENTS(logs); i++)
            found = found || strcmp(stem, logs[i].log) == 0;
        if (!found && !g_strv_contains(others, stem))
            g_error("%s is not played", name);
        n++;
    }
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(logs) + G_N_ELEMENTS(others) - 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(logs); i++) {
        g_autofree char *name = g_strconcat("/quectel/log/", logs[i].log, NULL);

        g_test_add_data_func(name, &logs[i], test_log);
    }
    g_test_add_func("/quectel/log/ec25-ftm-after-power-loss", test_factory_test);
    g_test_add_func("/quectel/log/eg25-fwupd-fastboot-times", test_fastboot);
    g_test_add_func("/quectel/log/eg25-secboot-late-answer", test_late_answer);
    g_test_add_func("/quectel/log/every-number", test_every_number);
    g_test_add_func("/quectel/log/all", test_all);
    return g_test_run();
}
