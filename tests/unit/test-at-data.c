/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "plugins/fota-plugin.h"
#include "test-at-peer.h"

#define GET "AT#FTPGET=\"f\""
#define END "\r\nNO CARRIER\r\n"

static GBytes *
receive(FotaAtLine *line, gsize max_bytes, GError **error)
{
    int cme;

    return fota_at_line_receive(line, GET, max_bytes, 10, NULL, &cme, error);
}

static void
assert_data(FotaAtLine *line, gsize max_bytes, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = receive(line, max_bytes, &error);

    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected,
                    strlen(expected));
}

typedef struct {
    const char *name;
    const char *sent;
    const char *data;
} Case;

static const Case cases[] = {
    {"plain", "\r\nCONNECT\r\nversion,file" END, "version,file"},
    {"empty", "\r\nCONNECT\r\n" END, ""},
    {"empty without line end", "\r\nCONNECT\r\nNO CARRIER\r\n", ""},
    {"own line end is kept", "\r\nCONNECT\r\nversion,file\r\n" END, "version,file\r\n"},
    {"no line end of its own", "\r\nCONNECT\r\nversion,fileNO CARRIER\r\n", "version,file"},
    {"no carrier in the data", "\r\nCONNECT\r\none" END "two\r\nNO CARRIER\r\n\r\nthree" END,
     "one" END "two\r\nNO CARRIER\r\n\r\nthree"},
    {"no carrier, and a pause", "\r\nCONNECT\r\none" END "\a\a\atwo" END, "one" END "two"},
    {"no carrier, and a long silence later", "\r\nCONNECT\r\none" END "two\r\n\vthree" END,
     "one" END "two\r\nthree"},
    {"no carrier at the end of the data", "\r\nCONNECT\r\none" END END, "one" END},
    {"split end", "\r\nCONNECT\r\none\r\a\nNO\a CARR\aIER\r\a\n", "one"},
    {"echo", GET "\r\r\nCONNECT\r\none" END, "one"},
    {"results in the data", "\r\nCONNECT\r\nOK\r\n\r\nERROR\r\n" END, "OK\r\n\r\nERROR\r\n"},
    {"long silence in the data", "\r\nCONNECT\r\none\r\n\vtwo" END, "one\r\ntwo"},
};

static gpointer
run_case(gpointer data)
{
    const Case *c = data;
    const PeerStep script[] = {PEER_GREETING, {GET "\r", c->sent}, PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    assert_data(line, 1000, c->data);
    peer_end_well(peer, line);
    g_test_message("good: %s", c->name);
    return NULL;
}

/* Side by side: each takes some seconds, nearly all of them pauses. */
static void
test_cases(void)
{
    GThread *threads[G_N_ELEMENTS(cases)];

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        threads[i] = g_thread_new(cases[i].name, run_case, (gpointer)&cases[i]);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_thread_join(threads[i]);
}

/* Lines that data mode held back follow its end at once. */
static void
test_unsolicited_behind(void)
{
    static const PeerStep script[] = {
        PEER_GREETING,
        {GET "\r", "\r\nCONNECT\r\none" END "\r\n+CREG: 1\r\n\a\a\r\n#OTAEV: x\r\n"},
        {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autofree char *found = NULL;

    assert_data(line, 1000, "one");
    found = fota_at_line_wait_unsolicited(line, "otaev", 0, NULL, NULL);
    g_assert_cmpstr(found, ==, "#OTAEV: x");
    fota_at_line_close(line);
    peer_finish(peer);
}

/* The limit itself is not too much; one more is, and ends data mode. */
static void
test_limit(void)
{
    static const PeerStep script[] = {
        PEER_GREETING,
        {GET "\r", "\r\nCONNECT\r\n0123456789" END},
        {GET "\r", "\r\nCONNECT\r\n0123456789abcdefghijklmnopqrstuvwxyz"},
        {"+++", END},
        PEER_GREETING,
        PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    assert_data(line, 10, "0123456789");
    assert_data(line, 10, "0123456789");
    peer_end_well(peer, line);
}

static void
test_refused(void)
{
    static const PeerStep script[] = {PEER_GREETING,
                                      {GET "\r", "\r\n+CME ERROR: 430\r\n"},
                                      {GET "\r", "\r\nNO CARRIER\r\n"},
                                      {GET "\r", "\r\nOK\r\n"},
                                      {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    int cme;

    g_assert_null(fota_at_line_receive(line, GET, 10, 10, NULL, &cme, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
    g_assert_cmpint(cme, ==, 430);
    g_clear_error(&error);
    g_assert_null(receive(line, 10, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
    g_clear_error(&error);
    g_assert_null(receive(line, 10, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER);
    fota_at_line_close(line);
    peer_finish(peer);
}

/* The data stop coming: data mode is left before the next command. */
static void
test_stall(void)
{
    static const PeerStep script[] = {PEER_GREETING,
                                      {GET "\r", "\r\nCONNECT\r\nhalf"},
                                      {"+++", END},
                                      PEER_GREETING,
                                      PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    int cme;

    g_assert_null(fota_at_line_receive(line, GET, 1000, 1, NULL, &cme, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
    peer_end_well(peer, line);
}

static void
test_hangup(void)
{
    static const PeerStep script[] = {PEER_GREETING, {GET "\r", NULL}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(receive(line, 1000, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
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

/* Without cancellation this would take an hour; closing leaves data mode. */
static void
test_cancel(void)
{
    static const PeerStep script[] = {
        PEER_GREETING, {GET "\r", "\r\nCONNECT\r\nhalf"}, {"+++", END}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    GThread *thread;
    int cme;

    g_assert_true(fota_at_line_greet(line, G_MAXINT64, NULL, NULL));
    thread = g_thread_new("canceller", cancel_soon, cancellable);
    g_assert_null(fota_at_line_receive(line, GET, 1000, 3600, cancellable, &cme, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_thread_join(thread);
    fota_at_line_close(line);
    peer_finish(peer);
}

/* A plain command that unexpectedly switches to data mode. */
static void
test_unwanted(void)
{
    static const PeerStep script[] = {
        PEER_GREETING, {"ATO\r", "\r\nCONNECT\r\n"}, {"+++", END}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;
    int cme;

    g_assert_null(fota_at_line_command(line, "ATO", 10, NULL, &cme, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER);
    fota_at_line_close(line);
    peer_finish(peer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/at-data/cases", test_cases);
    g_test_add_func("/at-data/unsolicited behind", test_unsolicited_behind);
    g_test_add_func("/at-data/limit", test_limit);
    g_test_add_func("/at-data/refused", test_refused);
    g_test_add_func("/at-data/stall", test_stall);
    g_test_add_func("/at-data/hang-up", test_hangup);
    g_test_add_func("/at-data/cancel", test_cancel);
    g_test_add_func("/at-data/unwanted", test_unwanted);
    return g_test_run();
}
