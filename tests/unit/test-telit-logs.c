/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "sim/sim-replay-log.h"
#include "tests/unit/fake-data.h"
#include "tests/unit/test-telit.h"

/*
 * The logs of real modules (tests/reality/logs) through the plugin: what they answered there they
 * answer here, and what the host did not ask them there they refuse, as fota-sim --replay does. An
 * update ends as it ended there. Where a log has times instead of commands, the limits of the data
 * file are longer.
 */

/* A script under construction, which owns its texts, from a log. */
typedef struct {
    SimReplayLog *log;
    guint at; /* the next entry */
    GArray *exchanges;
    GPtrArray *texts;
} Script;

static void
script_init(Script *script, const char *name)
{
    g_autofree char *path = g_strdup_printf(LOGS "/telit-%s.txt", name);
    g_autoptr(GError) error = NULL;

    script->log = sim_replay_log_load(path, &error);
    g_assert_no_error(error);
    script->at = 0;
    script->exchanges = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
    script->texts = g_ptr_array_new_with_free_func(g_free);
}

static void
script_clear(Script *script)
{
    sim_replay_log_free(script->log);
    g_array_unref(script->exchanges);
    g_ptr_array_unref(script->texts);
}

static void
script_add(Script *script, const char *command, const char *answer)
{
    FakeExchange exchange = {g_strdup(command), g_strdup(answer)};

    g_ptr_array_add(script->texts, (char *)exchange.command);
    g_ptr_array_add(script->texts, (char *)exchange.answer);
    g_array_append_val(script->exchanges, exchange);
}

static const SimReplayEntry *
script_get(const Script *script, guint i)
{
    return i < script->log->entries->len ? script->log->entries->pdata[i] : NULL;
}

/* What the module says from @*at on, until the host asks again, without blank lines. */
static GPtrArray *
collect_lines(const Script *script, guint *at, gboolean *over)
{
    GPtrArray *lines = g_ptr_array_new();
    const SimReplayEntry *entry;

    *over = FALSE;
    for (; (entry = script_get(script, *at)) != NULL && entry->kind != SIM_REPLAY_ASK; (*at)++) {
        if (entry->kind != SIM_REPLAY_SAY || entry->text->len == 0)
            continue;
        if (strcmp(entry->text->str, "OK") == 0)
            *over = TRUE;
        else
            g_ptr_array_add(lines, entry->text->str);
    }
    *over = *over || entry == NULL; /* the log has been cut off behind the answer */
    return lines;
}

/*
 * The host asks @as, which begins with @asked in the log. Not there: refused. Without a result code
 * the module is silent, and what it says is no part of an answer.
 */
static void
script_ask_as(Script *script, const char *as, const char *asked)
{
    guint at = script->at;
    g_autoptr(GPtrArray) lines = NULL;
    g_autoptr(GString) answer = g_string_new(NULL);
    gboolean over;

    while (script_get(script, at) != NULL &&
           (script_get(script, at)->kind != SIM_REPLAY_ASK ||
            !g_str_has_prefix(script_get(script, at)->text->str, asked)))
        at++;
    if (script_get(script, at) == NULL) {
        script_add(script, as, "!ERROR");
        return;
    }
    at++;
    lines = collect_lines(script, &at, &over);
    script->at = at;
    for (guint i = 0; over && i < lines->len; i++)
        g_string_append_printf(answer, "%s%s", i > 0 ? "\n" : "", (char *)lines->pdata[i]);
    script_add(script, as, over ? answer->str : "?");
    for (guint i = 0; !over && i < lines->len; i++)
        script_add(script, FAKE_URC, lines->pdata[i]);
}

static void
script_ask(Script *script, const char *command)
{
    script_ask_as(script, command, command);
}

/* The host sends @asked, after which the module goes over to data, or comes back from them: its one
 * line, as the answer to @as. */
static void
script_ask_data(Script *script, const char *as, const char *asked)
{
    const SimReplayEntry *said;

    while (script_get(script, script->at)->kind != SIM_REPLAY_ASK ||
           strcmp(script_get(script, script->at)->text->str, asked) != 0)
        script->at++;
    said = script_get(script, ++script->at);
    g_assert_cmpint(said->kind, ==, SIM_REPLAY_SAY);
    script_add(script, as, said->text->str);
}

/* Seconds from the entry that begins with @from to the next one that begins with @to. */
static double
script_measure(const Script *script, const char *from, const char *to)
{
    const SimReplayEntry *entry, *begun = NULL;

    for (guint i = 0; (entry = script_get(script, i)) != NULL; i++) {
        if (begun != NULL && entry->timed && g_str_has_prefix(entry->text->str, to))
            return entry->seconds - begun->seconds;
        if (begun == NULL && entry->timed && g_str_has_prefix(entry->text->str, from))
            begun = entry;
    }
    g_error("%s: nothing from \"%s\" to \"%s\"", script->log->path, from, to);
}

static FotaSession *
start(Script *script, const char *model)
{
    FotaSession *session =
        fake_session_new(TELIT_MODELS, (const FakeExchange *)(const void *)script->exchanges->data);

    fake_session_set_model(session, model);
    fake_session_set_unsolicited(session, fota_plugin.unsolicited);
    return session;
}

/* The method of the plugin that has this name. */
static const FotaMethod *
find_method(const char *name)
{
    for (const FotaClaim *claim = fota_plugin.claims; claim->methods != NULL; claim++) {
        for (guint i = 0; claim->methods[i] != NULL; i++) {
            if (strcmp(claim->methods[i]->name, name) == 0)
                return claim->methods[i];
        }
    }
    return NULL;
}

/* MultiTech's session: everything that it holds comes in its order. */
static void
test_me910c1(void)
{
    static const char *const commands[] = {
        "AT+GMM",       "AT+GMR",    "AT#SCFG?",  "AT#SCFG=1,3,300,90,600,50",
        "AT+CGDCONT?",  "AT+CSQ",    "AT+CEREG?", "AT#SGACT?",
        "AT#SGACT=3,1", OPEN_COMMAND};
    Script script;
    FotaSession *session;
    g_autofree char *version = NULL;
    g_autofree char *afterwards = NULL;
    g_autoptr(GError) error = NULL;

    script_init(&script, "me910c1-ftp-otaup-ok");
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        gboolean opens = strcmp(commands[i], OPEN_COMMAND) == 0;

        if (opens || strcmp(commands[i], "AT#SGACT=3,1") == 0)
            script_add(&script, FAKE_SAVE, "");
        script_ask_as(&script, commands[i], opens ? "AT#FTPOPEN=" : commands[i]);
    }
    script_ask(&script, "AT#FTPTYPE=0");
    script_ask(&script, SIZE_COMMAND);
    script_ask(&script, "AT#FTPMSG");
    script_ask(&script, "AT+GMR");
    script_ask(&script, GET_COMMAND);
    script_ask(&script, "AT#FTPCLOSE");
    script_ask(&script, "AT#SGACT=3,0");
    script_add(&script, "AT#SGACT?", "#SGACT: 3,0");
    script_ask(&script, "AT#OTAUP=0");
    script_ask(&script, "AT+GMR");
    session = start(&script, "ME910C1-NA");
    g_assert_cmpint(fake_plugin_inspect(session, &version, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, OLD);
    g_assert_cmpint(fake_plugin_download(session, &update, &error), ==, FOTA_RESULT_DONE);
    g_assert_no_error(error);
    g_assert_cmpint(fake_plugin_install(session, &update, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpint(fake_plugin_outcome(session, &update, &afterwards, &error), ==,
                    FOTA_RESULT_DONE);
    g_assert_cmpstr(afterwards, ==, NEW);
    fake_session_finish(session);
    script_clear(&script);
}

/* A module that is connected, and of which the log holds no version. */
static void
test_ln920(void)
{
    static const FakeExchange before[] = {{"AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"own.apn\""},
                                          READY,
                                          {"AT#SGACT?", "#SGACT: 1,1"},
                                          {"AT#SWPKGV", "40.00.001"}};
    const FotaMethod *method = find_method("ftp-enhanced");
    FotaUpdate ours = update;
    Script script;
    FotaSession *session;
    g_autoptr(GError) error = NULL;

    ours.from = "40.00.001";
    ours.path = "delta.bin";
    ours.user = "user";
    ours.password = "secret";
    script_init(&script, "ln920-ftpgetotaenh-expected");
    for (guint i = 0; i < G_N_ELEMENTS(before); i++)
        script_add(&script, before[i].command, before[i].answer);
    script_add(&script, "AT#FOTAURC?", "!ERROR");
    script_ask(&script, "AT#FTPGETOTAENH=fw.example,21,/delta.bin,user,secret");
    script_ask(&script, "AT#OTAUP=2");
    script_ask(&script, "AT#ENHRST=1,3");
    session = start(&script, "LN920");
    g_assert_cmpint(fake_session_close(session, method, method->download(session, &ours, &error)),
                    ==, FOTA_RESULT_DONE);
    g_assert_no_error(error);
    g_assert_cmpint(method->install(session, &ours, &error), ==, FOTA_RESULT_DONE);
    g_assert_cmpint(method->restart(session, &ours, &error), ==, FOTA_RESULT_DONE);
    fake_session_finish(session);
    script_clear(&script);
}

static void
load(FotaSession *session, const FotaMethod *method)
{
    static const char bytes[3 * 4096];
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("fota-delta-XXXXXX", &name, NULL);
    FotaUpdate fed = update;
    g_autoptr(GBytes) written = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(write(fd, bytes, sizeof(bytes)), ==, sizeof(bytes));
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_unlink(name);
    fed.size = sizeof(bytes);
    fake_data_begin(session);
    g_assert_cmpint(method->load(session, &fed, fd, &error), ==, FOTA_RESULT_DONE);
    written = fake_data_end();
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(written, NULL), g_bytes_get_size(written), bytes,
                    sizeof(bytes));
    /* Lines 4 and 15 of the log. */
    g_assert_cmpuint(fake_data_get_block(), ==, 4096);
    g_assert_cmpuint(fake_data_get_start(), ==, 1);
    close(fd);
}

/* The delta from the host, from one version to the other. The program of that log asks +CGMR, which
 * says the same as +GMR. */
static void
test_le910_svl(void)
{
    const FotaMethod *method = find_method("feed");
    Script script;
    FotaSession *session;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    script_init(&script, "le910-svl-otaupw-expected");
    script_ask(&script, "AT+GMM");
    script_ask_as(&script, "AT+GMR", "AT+CGMR");
    script_ask(&script, "AT#CFVR");
    script_ask_data(&script, "AT#OTAUPW", "AT#OTAUPW");
    script_ask_data(&script, FAKE_BYTES, "+++");
    script_ask(&script, "AT#OTAUP=1");
    script_ask(&script, "AT#OTAUP=0,2");
    script_ask_as(&script, "AT+GMR", "AT+CGMR");
    script_ask(&script, "AT#CFVR");
    session = start(&script, "LE910-SVL");
    g_assert_cmpint(method->inspect(session, &before, NULL), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(before, ==, "20.00.034+4");
    load(session, method);
    g_assert_cmpint(method->validate(session, &update, NULL), ==, FOTA_RESULT_DONE);
    g_assert_cmpint(method->install(session, &update, NULL), ==, FOTA_RESULT_DONE);
    g_assert_cmpint(method->outcome(session, &update, &after, NULL), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(after, ==, "20.10.034+0");
    fake_session_finish(session);
    script_clear(&script);
}

static void
test_mex10g1(void)
{
    Script script;
    FotaSession *session;
    g_autofree char *version = NULL;

    script_init(&script, "mex10g1-local-delta");
    script_ask(&script, "AT#SWPKGV");
    session = start(&script, "ME910G1-WW");
    g_assert_cmpint(fake_plugin_outcome(session, &update, &version, NULL), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, "37.00.214-P0C.210001");
    fake_session_finish(session);
    script_clear(&script);
}

/* What a module's own program, or another host, has waited for: fotad waits longer for the command
 * that does the same. */
static void
test_times(void)
{
    static const struct {
        const char *log, *model, *from, *to, *command;
    } table[] = {
        {"me310g1-app-fota-ok", "ME310G1-WW", "(context activation", "(context active",
         "AT#SGACT=3,1"},
        {"me310g1-app-fota-ok", "ME310G1-WW", "(get delta", "(download complete",
         "AT#FTPGETOTA=\"d\",0"},
        {"me310g1-app-fota-ok", "ME310G1-WW", "(package check", "(package valid", "AT#OTAUP=1"},
        {"mex10g1-local-delta", "ME910G1-WW", "(integrity check starts", "(integrity check passed",
         "AT#OTAUP=1"},
        {"me910c1-ftp-otaup-ok", "ME910C1-NA", "AT#FTPGETOTA", "OK", "AT#FTPGETOTA=\"d\",0"},
        {"me910c1-ftp-otaup-ok", "ME910C1-NA", "AT#OTAUP=0", "OK", "AT#OTAUP=0"},
        {"le922-cpin-slow", "LE922", "AT+CPIN?", "\r\n+CPIN: READY", "AT+CPIN?"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        Script script;
        FotaSession *session;

        script_init(&script, table[i].log);
        session = start(&script, table[i].model);
        g_assert_cmpfloat(script_measure(&script, table[i].from, table[i].to), <,
                          fota_session_get_seconds(session, table[i].command));
        fake_session_finish(session);
        script_clear(&script);
    }
}

/* Behind unreadable bytes, and before anything was asked, what has come of it. */
static void
test_report(gconstpointer name)
{
    Script script;
    FotaSession *session;
    g_autofree char *version = NULL;

    script_init(&script, name);
    script_add(&script, "AT#SWPKGV", "37.00.003.1");
    for (guint i = 0; script_get(&script, i) != NULL; i++) {
        if (script_get(&script, i)->kind == SIM_REPLAY_SAY &&
            strstr(script_get(&script, i)->text->str, "Upgraded") != NULL)
            script_add(&script, FAKE_URC, script_get(&script, i)->text->str);
    }
    session = start(&script, "ME310G1-WW");
    g_assert_cmpint(fake_plugin_outcome(session, &update, &version, NULL), ==, FOTA_RESULT_DONE);
    g_assert_cmpstr(version, ==, "37.00.003.1");
    g_assert_nonnull(strstr(fake_session_get_notes(session), "Module Upgraded To New Fw"));
    fake_session_finish(session);
    script_clear(&script);
}

/* No log of a Telit module is left out. */
static void
test_all(void)
{
    static const char *const known[] = {
        "telit-le910-svl-otaupw-expected.txt",   "telit-le922-cpin-slow.txt",
        "telit-ln920-ftpgetotaenh-expected.txt", "telit-lwm2m-two-acks.txt",
        "telit-me310g1-app-fota-ok.txt",         "telit-me910c1-ftp-otaup-ok.txt",
        "telit-mex10g1-local-delta.txt",         NULL};
    g_autoptr(GDir) dir = g_dir_open(LOGS, 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        if (g_str_has_prefix(name, "telit-") && !g_strv_contains(known, name))
            g_error("%s is not played", name);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/telit/log/me910c1-ftp-otaup-ok", test_me910c1);
    g_test_add_func("/telit/log/ln920-ftpgetotaenh-expected", test_ln920);
    g_test_add_func("/telit/log/le910-svl-otaupw-expected", test_le910_svl);
    g_test_add_func("/telit/log/mex10g1-local-delta", test_mex10g1);
    g_test_add_data_func("/telit/log/me310g1-app-fota-ok", "me310g1-app-fota-ok", test_report);
    g_test_add_data_func("/telit/log/lwm2m-two-acks", "lwm2m-two-acks", test_report);
    g_test_add_func("/telit/log/times", test_times);
    g_test_add_func("/telit/log/all", test_all);
    return g_test_run();
}
