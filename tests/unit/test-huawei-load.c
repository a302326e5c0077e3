/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-huawei.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

/* How a download goes on, and with which numbers it ends. */

/* Each number behind each failure: named when it is published, shown as it is when not. */
static const struct {
    int number;
    int code;
    const char *says;
} numbers[] = {
    {1, FOTA_MODULE_ERROR_TRANSFER_FAILED, "unspecified"},
    {2, FOTA_MODULE_ERROR_MODULE_REFUSED, "still running"},
    {3, FOTA_MODULE_ERROR_TRANSFER_FAILED, "parameter"},
    {4, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not supported"},
    {5, FOTA_MODULE_ERROR_TRANSFER_FAILED, "system error"},
    {6, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not published"},
    {11, FOTA_MODULE_ERROR_CONTEXT_FAILED, "not opened"},
    {12, FOTA_MODULE_ERROR_CONTEXT_FAILED, "already opened"},
    {13, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, "not reached"},
    {14, FOTA_MODULE_ERROR_CONTEXT_FAILED, "no link"},
    {15, FOTA_MODULE_ERROR_CONTEXT_FAILED, "already there"},
    {16, FOTA_MODULE_ERROR_CONTEXT_FAILED, "not established"},
    {17, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, "bind"},
    {18, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, "connect"},
    {19, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, "domain name"},
    {20, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, "resolve"},
    {21, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE, "HTTP"},
    {22, FOTA_MODULE_ERROR_DELTA_MISSING, "type of file"},
    {23, FOTA_MODULE_ERROR_DELTA_MISSING, "source of file"},
    {24, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not published"},
    {50, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not published"},
    {51, FOTA_MODULE_ERROR_DELTA_MISSING, "list of files"},
    {52, FOTA_MODULE_ERROR_TRANSFER_FAILED, "MD5"},
    {54, FOTA_MODULE_ERROR_MODULE_REFUSED, "collision"},
    {101, FOTA_MODULE_ERROR_TRANSFER_FAILED, "cancelled"},
    {102, FOTA_MODULE_ERROR_TRANSFER_FAILED, "retries"},
    {103, FOTA_MODULE_ERROR_TRANSFER_FAILED, "size"},
    {104, FOTA_MODULE_ERROR_TRANSFER_FAILED, "packet"},
    {105, FOTA_MODULE_ERROR_TRANSFER_FAILED, "XMODEM"},
    {106, FOTA_MODULE_ERROR_TRANSFER_FAILED, "port"},
    {107, FOTA_MODULE_ERROR_TRANSFER_FAILED, "CRC"},
    {108, FOTA_MODULE_ERROR_WRONG_BASE, "type of update"},
    {109, FOTA_MODULE_ERROR_WRONG_BASE, "model"},
    {110, FOTA_MODULE_ERROR_WRONG_BASE, "another version"},
    {111, FOTA_MODULE_ERROR_TRANSFER_FAILED, "tag"},
    {112, FOTA_MODULE_ERROR_TRANSFER_FAILED, "number of files"},
    {113, FOTA_MODULE_ERROR_TRANSFER_FAILED, "opened"},
    {114, FOTA_MODULE_ERROR_TRANSFER_FAILED, "written"},
    {151, FOTA_MODULE_ERROR_TRANSFER_FAILED, "flag could not be written"},
    {152, FOTA_MODULE_ERROR_TRANSFER_FAILED, "flag could not be read"},
    {153, FOTA_MODULE_ERROR_TRANSFER_FAILED, "erased"},
    {154, FOTA_MODULE_ERROR_TRANSFER_FAILED, "OSBL"},
    {155, FOTA_MODULE_ERROR_TRANSFER_FAILED, "replaced"},
    {156, FOTA_MODULE_ERROR_TRANSFER_FAILED, "XNV could not be copied"},
    {157, FOTA_MODULE_ERROR_TRANSFER_FAILED, "XNV could not be written"},
    {158, FOTA_MODULE_ERROR_TRANSFER_FAILED, "saved"},
    {159, FOTA_MODULE_ERROR_TRANSFER_FAILED, "restored"},
    {160, FOTA_MODULE_ERROR_TRANSFER_FAILED, "not published"},
};

static void
test_numbers(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *line = g_strdup_printf("^FOTASTATE: 20,%d", numbers[i].number);
        const FakeExchange script[] = {BEGUN, {FAKE_URC, line}, END};
        FotaSession *session = test_huawei_session(HUAWEI_MODELS, script, TRUE);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), !=,
                        FOTA_RESULT_DONE);
        g_assert_error(error, FOTA_MODULE_ERROR, numbers[i].code);
        g_assert_nonnull(strstr(error->message, numbers[i].says));
        g_assert_nonnull(strstr(error->message, line + strlen("^FOTASTATE: ")));
        fake_session_finish(session);
    }
}

/* A copy of the model data in which ^FOTADLQ's numbers stand the other way round. */
static char *
swap_order(void)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) parts = NULL;
    g_autofree char *swapped = NULL;
    char *file = NULL;
    int fd = g_file_open_tmp("huawei-XXXXXX.models", &file, &error);

    g_assert_no_error(error);
    g_close(fd, NULL);
    g_file_get_contents(HUAWEI_MODELS, &text, NULL, &error);
    g_assert_no_error(error);
    parts = g_strsplit(text, "ReceivedFirst=1", 2);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    swapped = g_strjoinv("ReceivedFirst=0", parts);
    g_file_set_contents(file, swapped, -1, &error);
    g_assert_no_error(error);
    return file;
}

/* The fake session fails when progress runs backwards or bytes pass their total. */
static void
run_progress(const char *models, const char *half, guint64 received, guint64 total)
{
    const FakeExchange script[] = {
        BEGUN,
        {SAYS("30")},
        {"AT^FOTADLQ", half},
        {SAYS("30")},
        {"AT^FOTADLQ", "^FOTADLQ: 1,\"IMAGE\",0,1324"},
        {SAYS("30")},
        {"AT^FOTADLQ", "nonsense\n^FOTADLQ: 1\n^FOTADLQ: 1,\"a,b\",x,y"},
        {SAYS("20,52")},
        END,
    };
    FotaSession *session = test_huawei_session(models, script, FALSE);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_cmpuint(fake_session_get_received(session), ==, received);
    g_assert_cmpuint(fake_session_get_total(session), ==, total);
    g_assert_cmpuint(fake_session_get_percent(session), ==, received * 100 / total);
    fake_session_finish(session);
}

static void
test_progress(void)
{
    static const char received_first[] =
        "^FOTADLQ: 1,\"IMAGE\",1324,1324\n^FOTADLQ: 2,\"XNV\",47104,77778";
    static const char total_first[] =
        "^FOTADLQ: 1,\"IMAGE\",1324,1324\n^FOTADLQ: 2,\"XNV\",77778,47104";
    g_autofree char *swapped = swap_order();

    run_progress(HUAWEI_MODELS, received_first, 48428, 79114);
    run_progress(swapped, total_first, 48428, 79114);
    /* More than was announced. */
    run_progress(HUAWEI_MODELS, "^FOTADLQ: 1,\"IMAGE\",500000,1000000", 500000, 1000000);
    run_progress(swapped, "^FOTADLQ: 1,\"IMAGE\",1000000,500000", 500000, 1000000);
    /* Model data that are wrong about the order. */
    run_progress(swapped, "^FOTADLQ: 1,\"IMAGE\",500,1000000", 500, 79114);
    run_progress(HUAWEI_MODELS, "^FOTADLQ: 1,\"IMAGE\",1000000,500", 500, 79114);
    /* No file has so many bytes, or less than none. */
    run_progress(HUAWEI_MODELS,
                 "^FOTADLQ: 1,\"IMAGE\",18446744073709551000,18446744073709551615\n"
                 "^FOTADLQ: 2,\"XNV\",-1,-1\n^FOTADLQ: 3,\"XNV\",500,77778",
                 500, 79114);
    g_unlink(swapped);
}

/* Nothing arrives any more; the limit is the model's. */
static void
test_stall(gconstpointer data)
{
    static const FakeExchange begun[] = {BEGUN};
    static const guint limit = 900, pause = 5, resume = 30, one_byte = 40;
    const char *state = data;
    gboolean loading = g_str_has_suffix(state, "30");
    g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
    g_autoptr(GError) error = NULL;
    FotaSession *session;

    g_array_append_vals(script, begun, G_N_ELEMENTS(begun));
    for (guint i = 0; i < limit / pause + (loading ? one_byte + 1 : 0); i++) {
        const FakeExchange look = {POLL, state};
        const FakeExchange nothing = {NO_FILES};
        const FakeExchange something = {FILES("1")};
        const FakeExchange again = {TAKE};

        g_array_append_val(script, look);
        if (loading)
            g_array_append_vals(script, i == one_byte ? &something : &nothing, 1);
        else if (i % (resume / pause) == 0)
            g_array_append_val(script, again);
    }
    session =
        test_huawei_session(HUAWEI_MODELS, (const FakeExchange *)(const void *)script->data, TRUE);
    g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED);
    g_assert_nonnull(strstr(error->message, "nothing more arrives"));
    g_assert_cmpuint(fake_session_get_seconds(session), >=, limit);
    fake_session_finish(session);
}

/* Lines that the module sends by itself come faster than looks: they are no measure of time. */
static void
test_talkative(void)
{
    static const FakeExchange begun[] = {BEGUN};
    static const FakeExchange look[] = {{SAYS("30")}, {NO_FILES}};
    static const FakeExchange end = {SAYS("40")};
    g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
    g_autoptr(GError) error = NULL;
    FotaSession *session;

    g_array_append_vals(script, begun, G_N_ELEMENTS(begun));
    for (guint i = 0; i < 500; i++)
        g_array_append_vals(script, look, G_N_ELEMENTS(look));
    g_array_append_val(script, end);
    session =
        test_huawei_session(HUAWEI_MODELS, (const FakeExchange *)(const void *)script->data, FALSE);
    g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_DONE);
    g_assert_no_error(error);
    fake_session_finish(session);
}

/* The module says OK to ^FOTADET and stays idle. */
static void
test_never_begins(void)
{
    static const FakeExchange begun[] = {BEFORE, {STATE("10")}, {DETECT}};
    static const FakeExchange idle = {STATE("10")};
    g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
    g_auto(FotaVendorOffer) offer = {0};
    g_autoptr(GError) error = NULL;
    FotaSession *session;

    g_array_append_vals(script, begun, G_N_ELEMENTS(begun));
    for (guint i = 0; i <= 60 / 2; i++)
        g_array_append_val(script, idle);
    session =
        test_huawei_session(HUAWEI_MODELS, (const FakeExchange *)(const void *)script->data, TRUE);
    g_assert_cmpint(fake_plugin_ask(session, &offer, &error), ==, FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE);
    g_assert_nonnull(strstr(error->message, "not begun"));
    fake_session_finish(session);
}

/* A module that restarts again and again; a new byte in between makes it worth going on. */
static void
test_restarts(void)
{
    static const FakeExchange begun[] = {BEGUN};
    static const FakeExchange restart[] = {{POLL, "-"}, {FAKE_BACK, ""}, {CALL}, {MODE}};
    static const FakeExchange byte[] = {{SAYS("30")}, {FILES("1")}};
    static const FakeExchange last = {POLL, "-"};
    g_autoptr(GArray) script = g_array_new(TRUE, TRUE, sizeof(FakeExchange));
    g_autoptr(GError) error = NULL;
    FotaSession *session;

    g_array_append_vals(script, begun, G_N_ELEMENTS(begun));
    for (guint i = 0; i < 8; i++) {
        g_array_append_vals(script, restart, G_N_ELEMENTS(restart));
        if (i == 2)
            g_array_append_vals(script, byte, G_N_ELEMENTS(byte));
    }
    g_array_append_val(script, last);
    session =
        test_huawei_session(HUAWEI_MODELS, (const FakeExchange *)(const void *)script->data, TRUE);
    g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_FAILED_FOR_NOW);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
    fake_session_finish(session);
}

/* What the documents do not list is said once, not with every look. */
static void
test_unknown_state(void)
{
    static const FakeExchange script[] = {BEGUN, {STATE("33")}, {STATE("33")}, {SAYS("40")}, END};
    FotaSession *session = test_huawei_session(HUAWEI_MODELS, script, TRUE);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) parts = NULL;

    g_assert_cmpint(fake_plugin_download(session, &test_huawei_update, &error), ==,
                    FOTA_RESULT_DONE);
    parts = g_strsplit(fake_session_get_notes(session), "state 33", -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/huawei/numbers", test_numbers);
    g_test_add_func("/huawei/progress", test_progress);
    g_test_add_data_func("/huawei/stall/loading", "^FOTASTATE: 30", test_stall);
    g_test_add_data_func("/huawei/stall/suspended", "^FOTASTATE: 31", test_stall);
    g_test_add_func("/huawei/talkative", test_talkative);
    g_test_add_func("/huawei/never-begins", test_never_begins);
    g_test_add_func("/huawei/restarts", test_restarts);
    g_test_add_func("/huawei/unknown-state", test_unknown_state);
    return g_test_run();
}
