/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-at-line.h"

/* From opening a line until the module answers, and how a line ends. */

static void
test_greeting(void)
{
    static const PeerStep script[] = {
        PEER_GREETING, {"AT+CSQ\r", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"}, {0}};
    Peer *peer = peer_new(script);
    g_autoptr(GString) traced = g_string_new(NULL);
    FotaAtLine *line = peer_open(peer, traced);

    peer_assert_answer(line, "AT+CSQ", "+CSQ: 20,99");
    g_assert_cmpstr(traced->str, ==,
                    "> AT\n< OK\n> ATE0\n< OK\n> AT+CMEE=1\n< OK\n> AT+CGSN\n< " PEER_IMEI
                    "\n< OK\n> AT+CSQ\n< +CSQ: 20,99\n< OK\n");
    fota_at_line_close(line);
    peer_finish(peer);
}

/* To a module that does not answer, without a greeting and without waiting; then it does. */
static void
test_shout(void)
{
    static const PeerStep script[] = {{"AT+CFUN=1,1\r", ""}, PEER_GREETING, PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(fota_at_line_shout(line, "AT+CFUN=1,1", NULL, &error));
    g_assert_no_error(error);
    peer_end_well(peer, line);
}

/* What was shouted stays on its way when the tty is closed behind it. */
static void
test_shout_and_close(void)
{
    static const PeerStep script[] = {{"AT+CFUN=1,1\r", ""}, {0}};
    Peer *peer = peer_new(script);
    g_autoptr(GError) error = NULL;
    const FotaAtTty tty = {.node = (char *)peer_get_node(peer)};
    FotaAtLine *line = fota_at_line_open(&tty, PEER_IMEI, NULL, NULL, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(fota_at_line_shout(line, "AT+CFUN=1,1", NULL, &error));
    fota_at_line_close(line);
    peer_start(peer);
    peer_finish(peer);
}

/* A module that falls silent in the middle of the greeting does not take longer than it may. */
static void
test_greeting_in_time(void)
{
    static const PeerStep script[] = {{"AT\r", "\r\nOK\r\n"}, {"ATE0\r", ""}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    gint64 begun = fota_boot_time();
    g_autoptr(GError) error = NULL;

    g_assert_false(fota_at_line_greet(line, fota_deadline_in(1), NULL, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
    g_assert_cmpint(fota_boot_time() - begun, <, 4 * G_USEC_PER_SEC);
    fota_at_line_close(line);
    peer_finish(peer);
}

/*
 * Input from before we came, no answer to the first AT, then to both at once; settings refused; and
 * a final result too many is taken for that to AT+CGSN.
 */
static void
test_greeting_late(void)
{
    static const PeerStep script[] = {
        {"AT\r", "\r\n30.0"},
        {"AT\r", "0\r\n\r\nOK\r\n\r\nOK\r\n\a\a\a\r\nOK\r\n"},
        {"ATE0\r", "\r\nERROR\r\n"},
        {"AT+CMEE=1\r", "\r\n+CME ERROR: 4\r\n"},
        {"AT+CGSN\r", "\r\nOK\r\n\a\a\r\n" PEER_IMEI "\r\n\r\nOK\r\n"},
        {"AT+CGSN\r", "\r\n+CGSN: \"3530810900123400\"\r\n\r\nOK\r\n"},
        PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    peer_end_well(peer, line);
}

/* fotad was killed while the module was in data mode. */
static void
test_greeting_in_data_mode(void)
{
    static const PeerStep script[] = {{"AT\r", "by"}, {"AT\r", "te"},
                                      {"AT\r", "s"},  {"+++", "\r\nNO CARRIER\r\n"},
                                      PEER_GREETING,  PEER_ENDS_WELL};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    peer_end_well(peer, line);
}

/*
 * A module that says something and answers nothing is not in data mode: it is asked again, without
 * +++, and what it says is kept, also over to another tty.
 */
static void
test_greeting_a_talking_module(void)
{
    static const PeerStep script[] = {{"AT\r", "\r\n+QIND: \"FOTA\",\"UPDATING\",7\r\n"},
                                      {"AT\r", "\r\n+QIND: \"FOTA\",\"UPDATING\",47\r\n"},
                                      {"AT\r", "\r\n+QIND: \"FOTA\",\"END\",0\r\n"},
                                      PEER_GREETING,
                                      {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    GQueue kept = G_QUEUE_INIT;
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL;
    g_autofree char *last = NULL;

    g_assert_true(fota_at_line_greet(line, fota_deadline_in(20), NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(fota_at_line_get_heard(line), ==, 3);
    fota_at_line_give_unsolicited(line, &kept);
    g_assert_cmpuint(kept.length, ==, 3);
    g_queue_push_head(&kept, g_strdup("+QIND: \"FOTA\",\"START\""));
    fota_at_line_take_unsolicited(line, &kept);
    g_assert_cmpuint(kept.length, ==, 0);
    first = fota_at_line_wait_unsolicited(line, "", 0, NULL, &error);
    g_assert_cmpstr(first, ==, "+QIND: \"FOTA\",\"START\"");
    last = fota_at_line_wait_unsolicited(line, "END", 0, NULL, &error);
    g_assert_cmpstr(last, ==, "+QIND: \"FOTA\",\"END\",0");
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_other_module(void)
{
    static const PeerStep script[] = {{"AT\r", "\r\nOK\r\n"},
                                      {"ATE0\r", "\r\nOK\r\n"},
                                      {"AT+CMEE=1\r", "\r\nOK\r\n"},
                                      {"AT+CGSN\r", "\r\n353081090099999\r\n\r\nOK\r\n"},
                                      {"AT+CGSN\r", "\r\n353081090099999\r\n\r\nOK\r\n"},
                                      {"AT+CGSN\r", "\r\n353081090099999\r\n\r\nOK\r\n"},
                                      {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    assert_refused(line, "AT+GMR", FOTA_MODULE_ERROR_BAD_ANSWER, -1);
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_hangup(void)
{
    static const PeerStep script[] = {PEER_GREETING, {"AT#OTAUP=0\r", NULL}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;

    assert_refused(line, "AT#OTAUP=0", FOTA_MODULE_ERROR_MODULE_GONE, -1);
    assert_refused(line, "AT", FOTA_MODULE_ERROR_MODULE_GONE, -1);
    g_assert_true(fota_at_line_wait_hangup(line, 3600, NULL, &error));
    g_assert_null(fota_at_line_wait_unsolicited(line, "x", 3600, NULL, &error));
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_no_hangup(void)
{
    static const PeerStep script[] = {{0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(fota_at_line_wait_hangup(line, 0, NULL, &error));
    g_assert_no_error(error);
    fota_at_line_close(line);
    peer_finish(peer);
}

static void
test_exclusive_and_restored(void)
{
    static const PeerStep script[] = {{0}};
    Peer *peer = peer_new(script);
    g_autoptr(GError) error = NULL;
    struct termios before = {0}, after = {0}; /* with what lies between the members */
    int exclusive = 0;
    int fd = open(peer_get_node(peer), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const FotaAtTty tty = {.node = (char *)peer_get_node(peer)};
    FotaAtLine *line;

    g_assert_cmpint(tcgetattr(fd, &before), ==, 0);
    line = peer_open(peer, NULL);
    g_assert_cmpint(tcgetattr(fd, &after), ==, 0);
    g_assert_cmpint((int)(after.c_lflag & (ICANON | ECHO)), ==, 0);
    if (ioctl(fd, TIOCGEXCL, &exclusive) == 0) {
        g_assert_cmpint(exclusive, !=, 0);
        g_assert_null(fota_at_line_open(&tty, PEER_IMEI, NULL, NULL, NULL, &error));
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
    } else {
        g_test_skip("qemu-user does not know TIOCGEXCL");
    }
    fota_at_line_close(line);
    g_assert_cmpint(tcgetattr(fd, &after), ==, 0);
    g_assert_cmpint(memcmp(&before, &after, sizeof(before)), ==, 0);
    ioctl(fd, TIOCGEXCL, &exclusive);
    g_assert_cmpint(exclusive, ==, 0);
    close(fd);
    peer_finish(peer);
}

static void
test_no_such_tty(void)
{
    static const char *const nodes[] = {"/dev/null", "/dev/no-such-tty"};

    for (guint i = 0; i < G_N_ELEMENTS(nodes); i++) {
        const FotaAtTty tty = {.node = (char *)nodes[i]};
        g_autoptr(GError) error = NULL;

        g_assert_null(fota_at_line_open(&tty, PEER_IMEI, NULL, NULL, NULL, &error));
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
    }
}

/* As a rule of the site says; 115200 without any flow control where none does. */
static void
test_uart(void)
{
    static const struct {
        FotaAtTty tty;
        speed_t speed;
        gboolean opens;
    } cases[] = {
        {{.speed = 0}, B115200, TRUE},
        {{.speed = 921600, .rts_cts = TRUE}, B921600, TRUE},
        {{.speed = 9600, .xon_xoff = TRUE}, B9600, TRUE},
        {{.speed = 12345}, B0, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaAtTty tty = cases[i].tty;
        g_autoptr(GError) error = NULL;
        struct termios saved, set;
        int master, slave, fd;
        char name[PATH_MAX];

        g_assert_cmpint(openpty(&master, &slave, name, NULL, NULL), ==, 0);
        tty.node = name;
        fd = fota_at_tty_open(&tty, &saved, &error);
        g_assert_cmpint(fd >= 0, ==, cases[i].opens);
        if (fd >= 0) {
            g_assert_cmpint(tcgetattr(slave, &set), ==, 0);
            g_assert_cmpint((int)cfgetospeed(&set), ==, (int)cases[i].speed);
            g_assert_cmpint((set.c_cflag & CRTSCTS) != 0, ==, tty.rts_cts);
            g_assert_cmpint((set.c_iflag & (IXON | IXOFF)) != 0, ==, tty.xon_xoff);
            g_assert_true(fota_at_tty_is_used(&tty));
            fota_at_tty_close(fd, &saved);
            g_assert_false(fota_at_tty_is_used(&tty));
        } else {
            g_assert_nonnull(strstr(error->message, "ID_MM_TTY_BAUDRATE=12345"));
        }
        close(slave);
        close(master);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/at-line/greeting", test_greeting);
    g_test_add_func("/at-line/greeting/late", test_greeting_late);
    g_test_add_func("/at-line/greeting/in time", test_greeting_in_time);
    g_test_add_func("/at-line/shout and close", test_shout_and_close);
    g_test_add_func("/at-line/shout", test_shout);
    g_test_add_func("/at-line/greeting/in data mode", test_greeting_in_data_mode);
    g_test_add_func("/at-line/greeting/a talking module", test_greeting_a_talking_module);
    g_test_add_func("/at-line/greeting/other module", test_other_module);
    g_test_add_func("/at-line/hang-up", test_hangup);
    g_test_add_func("/at-line/no hang-up", test_no_hangup);
    g_test_add_func("/at-line/exclusive and restored", test_exclusive_and_restored);
    g_test_add_func("/at-line/no such tty", test_no_such_tty);
    g_test_add_func("/at-line/uart", test_uart);
    return g_test_run();
}
