/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-at-line.h"

static void
assert_unsolicited(FotaAtLine *line, const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = fota_at_line_wait_unsolicited(line, text, 0, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

/* Echo on, split and glued lines, one answer each. */
static void
test_manners(void)
{
    static const PeerStep script[] = {
        PEER_GREETING,
        {"AT+CSQ\r", "AT+CSQ\r\r\n+CSQ: 1,99\r\n\r\nOK\r\n"},
        {"AT+CSQ\r", "A\aT\a+\aCSQ\a\r\a\r\a\n\a+CS\aQ: 2,9\a9\r\a\n\a\r\n\aO\aK\a\r\a\n"},
        {"AT+CSQ\r", "\r\n+CSQ: 3,99\r\nOK\r\n"},
        {"AT+CSQ\r", "+CSQ: 4,99\nOK\n"},
        {"AT+CSQ\r", "\r\nOK\r\n"},
        {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    peer_assert_answer(line, "AT+CSQ", "+CSQ: 1,99");
    peer_assert_answer(line, "AT+CSQ", "+CSQ: 2,99");
    peer_assert_answer(line, "AT+CSQ", "+CSQ: 3,99");
    peer_assert_answer(line, "AT+CSQ", "+CSQ: 4,99");
    peer_assert_answer(line, "AT+CSQ", "");
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_refusals(void)
{
    static const PeerStep script[] = {PEER_GREETING,
                                      {"AT+A\r", "\r\nERROR\r\n"},
                                      {"AT+A\r", "\r\n+CME ERROR: 427\r\n"},
                                      {"AT+A\r", "\r\n+CMS ERROR: 500\r\n"},
                                      {"AT+A\r", "\r\n+CME ERROR: 987654\r\n"},
                                      {"AT+A\r", "\r\n+CME ERROR: no network\r\n"},
                                      {"AT+A\r", "\r\nNO CARRIER\r\n\r\nERROR\r\n"},
                                      {"AT+A\r", "\r\nOK\r\n"},
                                      {0}};
    static const int numbers[] = {-1, 427, 500, 987654, -1, -1};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        assert_refused(line, "AT+A", FOTA_MODULE_ERROR_MODULE_REFUSED, numbers[i]);
    peer_assert_answer(line, "AT+A", "");
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_password_not_in_errors(void)
{
    static const PeerStep script[] = {
        PEER_GREETING, {"AT#FTPOPEN=\"h\",\"u\",\"secret\"\r", "\r\n+CME ERROR: 427\r\n"}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    int cme;

    fota_at_line_command(line, "AT#FTPOPEN=\"h\",\"u\",\"secret\"", 10, NULL, &cme, &error);
    g_assert_cmpstr(error->message, ==, "AT#FTPOPEN was refused: +CME ERROR: 427");
    fota_at_line_close(line);
    peer_finish(peer);
}

/* The result that came too late, or twice, is not that of the next command. */
static void
test_late_and_doubled(void)
{
    static const PeerStep script[] = {PEER_GREETING,
                                      {"AT+LATE\r", ""},
                                      {"AT\r", "\r\n+LATE: 1\r\n\r\nOK\r\n\a\a\a\r\nOK\r\n"},
                                      {"ATE0\r", "\r\nOK\r\n"},
                                      {"AT+CMEE=1\r", "\r\nOK\r\n"},
                                      {"AT+CGSN\r", "\r\n" PEER_IMEI "\r\n\r\nOK\r\n"},
                                      {"AT+TWICE\r", "\r\nOK\r\n\r\nOK\r\n"},
                                      PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    assert_refused(line, "AT+LATE", FOTA_MODULE_ERROR_MODULE_SILENT, -1);
    peer_assert_answer(line, "AT+TWICE", "");
    peer_end_well(peer, line);
}

static void
test_unsolicited(void)
{
    static const PeerStep script[] = {
        PEER_GREETING,
        {"AT#SGACT=3,1\r", "\r\n#OTAEV: Start Fw Download\r\n\r\n#SGACT: 10.0.0.1\r\n"
                           "\r\n+CREG: 5\r\n\r\nOK\r\n\r\n#OTAEV: Fw Download Complete\r\n"},
        {"AT+GMR\r", "\r\n30.00\r\n\r\nOK\r\n\v\r\n#OTAEV: Module Upgraded To New FW\r\n"},
        {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *late = NULL;

    peer_assert_answer(line, "AT#SGACT=3,1", "#SGACT: 10.0.0.1");
    assert_unsolicited(line, "#otaev", "#OTAEV: Start Fw Download");
    assert_unsolicited(line, "#otaev", "#OTAEV: Fw Download Complete");
    assert_unsolicited(line, "#otaev", NULL);
    peer_assert_answer(line, "AT+GMR", "30.00");
    late = fota_at_line_wait_unsolicited(line, "upgraded to new", 30, NULL, &error);
    g_assert_cmpstr(late, ==, "#OTAEV: Module Upgraded To New FW");
    assert_unsolicited(line, "+CREG", "+CREG: 5");
    fota_at_line_close(line);
    peer_finish(peer);
}

/* @text as often as @times says. */
static char *
repeat(const char *text, guint times)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < times; i++)
        g_string_append(all, text);
    return g_string_free(all, FALSE);
}

static void
test_storm(void)
{
    g_autofree char *storm = repeat("\r\n+CREG: 1\r\n", 3 * FOTA_AT_UNSOLICITED_MAX);
    const PeerStep script[] = {PEER_GREETING,
                               {"AT+A\r", "\r\n#OTAEV: Module Upgraded To New FW\r\n\r\nOK\r\n"},
                               {"AT+B\r", storm},
                               {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    peer_assert_answer(line, "AT+A", "");
    assert_refused(line, "AT+B", FOTA_MODULE_ERROR_MODULE_SILENT, -1);
    g_assert_cmpuint(fota_at_line_get_dropped(line), ==, 2 * FOTA_AT_UNSOLICITED_MAX + 1);
    assert_unsolicited(line, "upgraded", "#OTAEV: Module Upgraded To New FW");
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_endless_answer(void)
{
    g_autofree char *lines = repeat("x\r\n", FOTA_AT_ANSWER_LINES_MAX + 1);
    g_autofree char *answer = g_strconcat(lines, "OK\r\n", NULL);
    const PeerStep script[] = {PEER_GREETING, {"AT+A\r", answer}, {"AT+B\r", "\r\nOK\r\n"}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    assert_refused(line, "AT+A", FOTA_MODULE_ERROR_BAD_ANSWER, -1);
    peer_assert_answer(line, "AT+B", "");
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_bad_commands(void)
{
    static const PeerStep script[] = {PEER_GREETING, {"AT+GMR\r", "\r\n1\r\n\r\nOK\r\n"}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autofree char *tail = g_strnfill(399, 'x');
    g_autofree char *overlong = g_strconcat("AT", tail, NULL);

    assert_refused(line, "AT+A\rAT+B", FOTA_MODULE_ERROR_BAD_ARGUMENT, -1);
    assert_refused(line, "AT+A\n", FOTA_MODULE_ERROR_BAD_ARGUMENT, -1);
    assert_refused(line, "AT+A\x1a", FOTA_MODULE_ERROR_BAD_ARGUMENT, -1);
    assert_refused(line, "AT+\xc3\xa4", FOTA_MODULE_ERROR_BAD_ARGUMENT, -1);
    assert_refused(line, "+A", FOTA_MODULE_ERROR_BAD_ARGUMENT, -1);
    assert_refused(line, overlong, FOTA_MODULE_ERROR_BAD_ARGUMENT, -1);
    peer_assert_answer(line, "AT+GMR", "1");
    fota_at_line_close(line);
    peer_finish(peer);
}

static gpointer
cancel_soon(gpointer data)
{
    g_usleep(100000);
    g_cancellable_cancel(data);
    return NULL;
}

/* Without cancellation each of these would take an hour. */
static void
test_cancel(void)
{
    static const PeerStep script[] = {PEER_GREETING, {"AT#FTPGETOTA=\"f\"\r", ""}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    for (guint i = 0; i < 3; i++) {
        g_autoptr(GCancellable) cancellable = g_cancellable_new();
        g_autoptr(GError) error = NULL;
        GThread *thread;
        int cme;

        g_assert_true(i > 0 || fota_at_line_greet(line, G_MAXINT64, NULL, NULL));
        thread = g_thread_new("canceller", cancel_soon, cancellable);
        if (i == 0) {
            g_assert_null(
                fota_at_line_command(line, "AT#FTPGETOTA=\"f\"", 3600, cancellable, &cme, &error));
        } else if (i == 1) {
            g_assert_null(fota_at_line_wait_unsolicited(line, "x", 3600, cancellable, &error));
        } else {
            g_assert_false(fota_at_line_wait_hangup(line, 3600, cancellable, &error));
        }
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_thread_join(thread);
    }
    fota_at_line_close(line);
    peer_finish(peer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/at-line/manners", test_manners);
    g_test_add_func("/at-line/refusals", test_refusals);
    g_test_add_func("/at-line/password not in errors", test_password_not_in_errors);
    g_test_add_func("/at-line/late and doubled results", test_late_and_doubled);
    g_test_add_func("/at-line/unsolicited", test_unsolicited);
    g_test_add_func("/at-line/storm", test_storm);
    g_test_add_func("/at-line/endless answer", test_endless_answer);
    g_test_add_func("/at-line/bad commands", test_bad_commands);
    g_test_add_func("/at-line/cancel", test_cancel);
    return g_test_run();
}
