/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/at/fota-at-line-private.h"
#include "plugins/fota-plugin.h"
#include "test-at-peer.h"

/* Raw data over a tty: what begins them, the bytes, and how command mode comes back. */

static gboolean
begin(FotaAtLine *line, const char *command, const char *const *prompts, guint *which,
      GError **error)
{
    int cme;

    return fota_at_line_raw_begin(line, command, prompts, which, 10, NULL, &cme, error);
}

/* Sends "data", reads @answer, ends, and expects @lines. */
static void
pass_data(FotaAtLine *line, const char *answer, guint guard, const char *lines)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) end = NULL;
    g_autofree char *told = NULL;
    guint8 byte;
    int cme;

    g_assert_true(fota_at_line_raw_write(line, (const guint8 *)"data", 4, 10, NULL, &error));
    for (const char *p = answer; *p != '\0'; p++) {
        g_assert_true(fota_at_line_raw_read(line, &byte, 10, NULL, &error));
        g_assert_cmpint(byte, ==, *p);
    }
    end = fota_at_line_raw_end(line, guard, 10, NULL, &cme, &error);
    g_assert_no_error(error);
    told = g_strjoinv("|", end);
    g_assert_cmpstr(told, ==, lines);
}

/* A prompt is the beginning of a line, whatever came before it. */
static void
test_prompts(void)
{
    static const struct {
        const char *prompt, *sent, *answer;
        guint which;
    } cases[] = {
        {"CONNECT", "\r\nCONNECT\r\n", "A", 0},
        {"CONNECT", "\r\nCONN\aECT 115200\r\a\nA", "A", 0},
        {">", "AT+LOAD=4\r\r\n> ", " ", 0},
        {"C", "AT+LOAD=4\r\r\n+LOAD: ONGOING\r\n\r\nOK\r\nC", "", 0},
        {"C", "\x15", "", 1},
        {"\x01", "\r\nOK\r\n\x01\x04", "\x04", 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const PeerStep script[] = {
            PEER_GREETING,
            {"AT+LOAD=4\r", cases[i].sent},
            {"data", i == 0 ? "A\r\n+LOAD: 4\r\n\r\nOK\r\n" : "\r\n+LOAD: 4\r\n\r\nOK\r\n"},
            PEER_ENDS_WELL};
        const char *prompts[] = {cases[i].prompt, "\x15", NULL};
        g_autoptr(GError) error = NULL;
        Peer *peer = peer_new(script);
        FotaAtLine *line = peer_open(peer, NULL);
        guint which;

        g_assert_true(begin(line, "AT+LOAD=4", prompts, &which, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(which, ==, cases[i].which);
        pass_data(line, cases[i].answer, 0, "+LOAD: 4");
        peer_end_well(peer, line);
    }
}

static void
test_refused(void)
{
    static const char *const prompts[] = {"C", NULL};
    static const PeerStep script[] = {
        PEER_GREETING, {"AT+LOAD=4\r", "\r\n+CME ERROR: 3\r\n"}, PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    guint which;

    g_assert_false(begin(line, "AT+LOAD=4", prompts, &which, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
    peer_end_well(peer, line);
}

/* The guard time and `+++`; NO CARRIER is the good end. */
static void
test_escape(void)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    static const PeerStep script[] = {PEER_GREETING,
                                      {"AT#OTAUPW\r", "\r\nCONNECT\r\n"},
                                      {"data+++", "\r\nNO CARRIER\r\n"},
                                      PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    gint64 start;
    guint which;

    g_assert_true(begin(line, "AT#OTAUPW", prompts, &which, &error));
    start = g_get_monotonic_time();
    pass_data(line, "", 1, "");
    g_assert_cmpint(g_get_monotonic_time() - start, >=, G_USEC_PER_SEC);
    peer_end_well(peer, line);
}

/* What an error has left open does not reach the next command. */
static void
test_left_open(gconstpointer at_once)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    static const PeerStep script[] = {PEER_GREETING,
                                      {"AT#OTAUPW\r", "\r\nCONNECT\r\n"},
                                      {"+++", "\r\nNO CARRIER\r\n"},
                                      PEER_GREETING,
                                      PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    g_autoptr(GString) traced = g_string_new(NULL);
    FotaAtLine *line = peer_open(peer, traced);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    gint64 start;
    guint which;
    guint8 byte;

    /* A shorter silence than a vendor wants would leave it in data mode. */
    g_assert_cmpuint(line->raw_guard_ms, >, 5000);
    line->raw_guard_ms = 1500;

    g_assert_true(begin(line, "AT#OTAUPW", prompts, &which, &error));
    g_string_truncate(traced, 0);
    g_cancellable_cancel(cancellable);
    g_assert_false(fota_at_line_raw_read(line, &byte, 10, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    start = g_get_monotonic_time();
    if (at_once != NULL) {
        fota_at_line_raw_leave(line, NULL);
        g_assert_cmpstr(traced->str, ==, "> +++\n");
    }
    peer_assert_answer(line, "AT+GMR", "30.00");
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 2 * 1500 * 1000);
    /* Nothing else may come first: the module would take it for data. */
    g_assert_true(g_str_has_prefix(traced->str, "> +++"));
    fota_at_line_close(line);
    peer_finish(peer);
}

/* Nor what is given up before the prompt: it may come in that moment. */
static void
test_given_up(void)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    static const PeerStep script[] = {PEER_GREETING,
                                      {"AT#OTAUPW\r", "\r\n"},
                                      {"+++", "\r\nNO CARRIER\r\n"},
                                      PEER_GREETING,
                                      PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    g_autoptr(GString) traced = g_string_new(NULL);
    FotaAtLine *line = peer_open(peer, traced);
    g_autoptr(GError) error = NULL;
    guint which;
    int cme;

    g_assert_false(
        fota_at_line_raw_begin(line, "AT#OTAUPW", prompts, &which, 1, NULL, &cme, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
    g_string_truncate(traced, 0);
    peer_assert_answer(line, "AT+GMR", "30.00");
    g_assert_true(g_str_has_prefix(traced->str, "> +++"));
    fota_at_line_close(line);
    peer_finish(peer);
}

/* Nor what has no end: the module may still count bytes. */
static void
test_not_ended(void)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    static const PeerStep script[] = {PEER_GREETING, {"AT#OTAUPW\r", "\r\nCONNECT\r\n"},
                                      {"data", ""},  {"+++", "\r\nNO CARRIER\r\n"},
                                      PEER_GREETING, PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    g_autoptr(GString) traced = g_string_new(NULL);
    FotaAtLine *line = peer_open(peer, traced);
    g_autoptr(GError) error = NULL;
    guint which;
    int cme;

    line->raw_guard_ms = 1100;
    g_assert_true(begin(line, "AT#OTAUPW", prompts, &which, &error));
    g_assert_true(fota_at_line_raw_write(line, (const guint8 *)"data", 4, 10, NULL, &error));
    g_assert_null(fota_at_line_raw_end(line, 0, 1, NULL, &cme, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
    g_string_truncate(traced, 0);
    peer_assert_answer(line, "AT+GMR", "30.00");
    g_assert_true(g_str_has_prefix(traced->str, "> +++"));
    fota_at_line_close(line);
    peer_finish(peer);
}

/* What is sent instead of a prompt, or of an end, is not kept without a limit. */
static void
test_flood(void)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    g_autofree char *text = g_strnfill(FOTA_AT_ANSWER_BYTES_MAX + 1000, 'x');
    g_autoptr(GString) lines = g_string_new("\r\nCONNECT\r\n");
    g_autofree char *flood = g_strconcat(text, "\r\nOK\r\n", NULL);

    for (guint i = 0; i <= FOTA_AT_ANSWER_LINES_MAX; i++)
        g_string_append(lines, "x\r\n");
    g_string_append(lines, "OK\r\n");
    for (guint i = 0; i < 2; i++) {
        const PeerStep script[] = {
            PEER_GREETING, {"AT#OTAUPW\r", i == 0 ? flood : lines->str}, {0}};
        Peer *peer = peer_new(script);
        FotaAtLine *line = peer_open(peer, NULL);
        g_autoptr(GError) error = NULL;
        guint which;
        int cme;

        if (begin(line, "AT#OTAUPW", prompts, &which, &error))
            g_assert_null(fota_at_line_raw_end(line, 0, 10, NULL, &cme, &error));
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER);
        peer_finish(peer);
        fota_at_line_close(line);
    }
}

static void
test_gone(void)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    static const PeerStep script[] = {
        PEER_GREETING, {"AT#OTAUPW\r", "\r\nCONNECT\r\n"}, {"data", NULL}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    guint which;
    guint8 byte;

    g_assert_true(begin(line, "AT#OTAUPW", prompts, &which, &error));
    g_assert_true(fota_at_line_raw_write(line, (const guint8 *)"data", 4, 10, NULL, &error));
    g_assert_false(fota_at_line_raw_read(line, &byte, 10, NULL, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_checksums(void)
{
    static const guint8 digits[] = "123456789";

    g_assert_cmphex(fota_checksum_crc16(0, digits, 9), ==, 0x31c3);
    g_assert_cmphex(fota_checksum_xor16(0, digits, 9), ==,
                    0x3132 ^ 0x3334 ^ 0x3536 ^ 0x3738 ^ 0x3900);
    g_assert_cmphex(fota_checksum_xor16(fota_checksum_xor16(0, digits, 4), digits + 4, 5), ==,
                    fota_checksum_xor16(0, digits, 9));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/at/raw/prompts", test_prompts);
    g_test_add_func("/at/raw/refused", test_refused);
    g_test_add_func("/at/raw/escape", test_escape);
    g_test_add_data_func("/at/raw/left-open", NULL, test_left_open);
    g_test_add_data_func("/at/raw/left-at-once", "", test_left_open);
    g_test_add_func("/at/raw/given-up", test_given_up);
    g_test_add_func("/at/raw/not-ended", test_not_ended);
    g_test_add_func("/at/raw/flood", test_flood);
    g_test_add_func("/at/raw/gone", test_gone);
    g_test_add_func("/at/raw/checksums", test_checksums);
    return g_test_run();
}
