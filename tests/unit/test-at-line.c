/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fota-wait.h"
#include "plugins/fota-plugin.h"
#include "test-at-peer.h"

static void
assert_refused(FotaAtLine *line, const char *command, FotaModuleError code, int number)
{
    g_autoptr(GError) error = NULL;
    int cme = 0;
    g_auto(GStrv) answer = fota_at_line_command(line, command, 1, NULL, &cme, &error);

    g_assert_error(error, FOTA_MODULE_ERROR, (int)code);
    g_assert_null(answer);
    g_assert_cmpint(cme, ==, number);
}

static void
assert_unsolicited(FotaAtLine *line, const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = fota_at_line_wait_unsolicited(line, text, 0, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

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
    static const PeerStep script[] = {
        {"AT+CFUN=1,1\r", ""}, PEER_GREETING, {"AT+GMR\r", "\r\n30.00\r\n\r\nOK\r\n"}, {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(fota_at_line_shout(line, "AT+CFUN=1,1", NULL, &error));
    g_assert_no_error(error);
    peer_assert_answer(line, "AT+GMR", "30.00");
    fota_at_line_close(line);
    peer_finish(peer);
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
        {"AT+GMR\r", "\r\n30.00\r\n\r\nOK\r\n"},
        {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    peer_assert_answer(line, "AT+GMR", "30.00");
    fota_at_line_close(line);
    peer_finish(peer);
}

/* fotad was killed while the module was in data mode. */
static void
test_greeting_in_data_mode(void)
{
    static const PeerStep script[] = {{"AT\r", "by"},
                                      {"AT\r", "te"},
                                      {"AT\r", "s"},
                                      {"+++", "\r\nNO CARRIER\r\n"},
                                      PEER_GREETING,
                                      {"AT+GMR\r", "\r\n30.00\r\n\r\nOK\r\n"},
                                      {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    peer_assert_answer(line, "AT+GMR", "30.00");
    fota_at_line_close(line);
    peer_finish(peer);
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
                                      {"AT+GMR\r", "\r\n30.00\r\n\r\nOK\r\n"},
                                      {0}};
    Peer *peer = peer_new(script);
    FotaAtLine *line = peer_open(peer, NULL);

    assert_refused(line, "AT+LATE", FOTA_MODULE_ERROR_MODULE_SILENT, -1);
    peer_assert_answer(line, "AT+TWICE", "");
    peer_assert_answer(line, "AT+GMR", "30.00");
    fota_at_line_close(line);
    peer_finish(peer);
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
            fota_at_tty_close(fd, &saved);
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
    g_test_add_func("/at-line/manners", test_manners);
    g_test_add_func("/at-line/refusals", test_refusals);
    g_test_add_func("/at-line/password not in errors", test_password_not_in_errors);
    g_test_add_func("/at-line/late and doubled results", test_late_and_doubled);
    g_test_add_func("/at-line/unsolicited", test_unsolicited);
    g_test_add_func("/at-line/storm", test_storm);
    g_test_add_func("/at-line/endless answer", test_endless_answer);
    g_test_add_func("/at-line/bad commands", test_bad_commands);
    g_test_add_func("/at-line/cancel", test_cancel);
    g_test_add_func("/at-line/hang-up", test_hangup);
    g_test_add_func("/at-line/no hang-up", test_no_hangup);
    g_test_add_func("/at-line/exclusive and restored", test_exclusive_and_restored);
    g_test_add_func("/at-line/no such tty", test_no_such_tty);
    g_test_add_func("/at-line/uart", test_uart);
    return g_test_run();
}
