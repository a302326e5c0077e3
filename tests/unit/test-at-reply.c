/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "daemon/at/fota-at-reply.h"

/* Events are written one a line: a letter, and the line; numbers of refusals behind it. */
typedef struct {
    const char *name;
    const char *command; /* NULL: nothing is asked */
    const char *input;
    const char *events;
} Case;

/* What the plugin of such a vendor lists. */
static const FotaUnsolicited unsolicited[] = {
    {"+QIND:", FOTA_LINE_STATE, NULL},
    {"RDY", FOTA_LINE_STATE, NULL},
    {"#DREL", FOTA_LINE_STATE, NULL},
    {NULL, 0, NULL},
};
static const char *const announcements[] = {"+PBREADY", "^SYSSTART", "SMS DONE", "PB DONE", NULL};
static const char *const refusals[] = {"COMMAND NOT SUPPORT", NULL};
static const FotaPlugin plugin = {
    .unsolicited = unsolicited, .announcements = announcements, .refusals = refusals};

static const Case cases[] = {
    {"ok", "AT", "\r\nOK\r\n", "O OK\n"},
    {"answer", "AT+GMR", "\r\n30.00.001-B026\r\n\r\nOK\r\n", "I 30.00.001-B026\nO OK\n"},
    {"named", "AT+CSQ", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n", "I +CSQ: 20,99\nO OK\n"},
    {"named without blank", "AT^SYSINFO", "\r\n^SYSINFO:2,3\r\n\r\nOK\r\n",
     "I ^SYSINFO:2,3\nO OK\n"},
    {"name in lower case", "at#sgact=3,1", "\r\n#SGACT: 10.0.0.1\r\n\r\nOK\r\n",
     "I #SGACT: 10.0.0.1\nO OK\n"},
    {"several commands", "AT+CSQ;+CEREG?", "\r\n+CSQ: 9,9\r\n\r\n+CEREG: 0,1\r\n\r\nOK\r\n",
     "I +CSQ: 9,9\nI +CEREG: 0,1\nO OK\n"},
    {"basic and extended", "ATE0+CSQ", "\r\n+CSQ: 9,9\r\n\r\nOK\r\n", "I +CSQ: 9,9\nO OK\n"},
    {"name in a value", "AT#FTPGET=\"a;+CREG: b\"", "\r\n+CREG: 1\r\n\r\nOK\r\n",
     "U +CREG: 1\nO OK\n"},
    {"name behind =", "AT+COPS=+CREG", "\r\n+CREG: 1\r\n\r\nOK\r\n", "U +CREG: 1\nO OK\n"},
    {"longer name", "AT+CREG?", "\r\n+CREGX: 1\r\n\r\nOK\r\n", "U +CREGX: 1\nO OK\n"},
    {"list without colon", "AT+CLAC", "\r\n+CREG\r\n+CSQ\r\n\r\nOK\r\n", "I +CREG\nI +CSQ\nO OK\n"},
    {"echo", "AT+GMR", "AT+GMR\r\r\n30.00\r\n\r\nOK\r\n", "E AT+GMR\nI 30.00\nO OK\n"},
    {"echo behind noise", "AT+GMR", "\xff\xfeMAT+GMR\r\r\n30.00\r\n\r\nOK\r\n",
     "E \xef\xbf\xbd\xef\xbf\xbdMAT+GMR\nI 30.00\nO OK\n"},
    {"start within the answer", "AT+CGMR",
     "\r\nTOBY-L4906\r\n+PBREADY\r\n40.19_ENG0003\r\n\r\nOK\r\n",
     "I TOBY-L4906\nU +PBREADY\nI 40.19_ENG0003\nO OK\n"},
    {"start before the answer", "AT+QGMR",
     "\r\nRDY\r\n\r\n+CPIN: READY\r\n\r\nSMS DONE\r\n\r\nPB DONE\r\n\r\n1.2\r\n\r\nOK\r\n",
     "U RDY\nU +CPIN: READY\nU SMS DONE\nU PB DONE\nI 1.2\nO OK\n"},
    {"restart of Cinterion", "AT^CICRET=swn", "^SYSSTART\r\nLYNX_100_032\r\nOK\r\n",
     "U ^SYSSTART\nI LYNX_100_032\nO OK\n"},
    {"end of a data session", "AT#FTPGETOTAENH=fw.example,21,/d,,", "\r\n#DREL\r\n\r\nOK\r\n",
     "U #DREL\nO OK\n"},
    {"report in the place of OK", "AT+COPS=2",
     "\r\n+UFOTASTAT: 3, 1, 0\r\n+ULWM2MSTAT: 4, 0\r\n\r\nOK\r\n",
     "U +UFOTASTAT: 3, 1, 0\nU +ULWM2MSTAT: 4, 0\nO OK\n"},
    {"two blank lines", "AT+CNUM", "\r\n+CNUM: \"\",\"+15550100123\",145\r\n\r\n\r\nOK\r\n",
     "I +CNUM: \"\",\"+15550100123\",145\nO OK\n"},
    {"echo after unsolicited", "AT+GMR", "\r\n+CREG: 1\r\nAT+GMR\r\r\n30.00\r\n\r\nOK\r\n",
     "U +CREG: 1\nE AT+GMR\nI 30.00\nO OK\n"},
    {"glued", "AT+GMR", "\r\n30.00\r\nOK\r\n", "I 30.00\nO OK\n"},
    {"glued with the next", "AT", "\r\nOK\r\n\r\n#OTAEV: Start Fw Download\r\n",
     "O OK\nU #OTAEV: Start Fw Download\n"},
    {"newlines alone", "AT+GMR", "30.00\nOK\n", "I 30.00\nO OK\n"},
    {"returns alone", "AT+GMR", "30.00\rOK\r", "I 30.00\nO OK\n"},
    {"doubled returns", "AT+GMR", "\r\r\n30.00\r\r\n\r\r\nOK\r\r\n", "I 30.00\nO OK\n"},
    {"trailing blanks", "AT+GMR", "\r\n30.00  \r\nOK \r\n", "I 30.00\nO OK\n"},
    {"control bytes", "AT+GMR", "\x01\r\n30\x02.00\r\n\x1b\r\nOK\r\n", "I 30.00\nO OK\n"},
    {"no UTF-8", "AT+GMR",
     "\r\nA\xff"
     "B\r\nOK\r\n",
     "I A\xef\xbf\xbd"
     "B\nO OK\n"},
    {"unsolicited within the answer", "AT#SGACT=3,1",
     "\r\n#OTAEV: x\r\n\r\n#SGACT: 10.0.0.1\r\n\r\n+CREG: 5\r\n\r\nOK\r\n\r\n^FOTASTATE: 40\r\n",
     "U #OTAEV: x\nI #SGACT: 10.0.0.1\nU +CREG: 5\nO OK\nU ^FOTASTATE: 40\n"},
    {"ringing", "AT+GMR", "\r\nRING\r\n\r\n30.00\r\n\r\nOK\r\n", "U RING\nI 30.00\nO OK\n"},
    {"error", "AT", "\r\nERROR\r\n", "X ERROR -1\n"},
    {"cme", "AT#FTPOPEN", "\r\n+CME ERROR: 427\r\n", "X +CME ERROR: 427 427\n"},
    {"cme without blank", "AT", "\r\n+CME ERROR:10\r\n", "X +CME ERROR:10 10\n"},
    {"cms", "AT+CMGL", "\r\n+CMS ERROR: 500\r\n", "X +CMS ERROR: 500 500\n"},
    {"cme as text", "AT^FOTADET", "\r\n+CME ERROR: FOTA is in collision state\r\n",
     "X +CME ERROR: FOTA is in collision state -1\n"},
    {"cme beyond numbers", "AT", "\r\n+CME ERROR: 99999999999999999999\r\n",
     "X +CME ERROR: 99999999999999999999 -1\n"},
    {"no carrier", "ATD", "\r\nNO CARRIER\r\n", "X NO CARRIER -1\n"},
    {"missed call within the answer", "AT+GMR",
     "\r\nRING\r\n\r\n30.00\r\n\r\nNO CARRIER\r\n\r\nOK\r\n",
     "U RING\nI 30.00\nS NO CARRIER\nO OK\n"},
    {"missed call before the answer", "AT#OTAUP=0", "\r\nNO CARRIER\r\n\r\nOK\r\n",
     "S NO CARRIER\nO OK\n"},
    {"other ends of a call", "AT+CEREG?", "\r\nBUSY\r\nNO ANSWER\r\nNO DIALTONE\r\nERROR\r\n",
     "S BUSY\nS NO ANSWER\nS NO DIALTONE\nX ERROR -1\n"},
    {"call that is answered", "ata", "\r\nNO CARRIER\r\n", "X NO CARRIER -1\n"},
    {"back to data", "ATO", "\r\nNO CARRIER\r\n", "X NO CARRIER -1\n"},
    {"busy", "ATD", "\r\nBUSY\r\n", "X BUSY -1\n"},
    {"not supported", "AT+X", "\r\nCOMMAND NOT SUPPORT\r\n", "X COMMAND NOT SUPPORT -1\n"},
    {"in other capitals", "AT+GMR", "\r\nSMS Done\r\nrdy\r\n1.2\r\nOK\r\n",
     "U SMS Done\nU rdy\nI 1.2\nO OK\n"},
    {"an answer that only begins so", "AT+GMR", "\r\nRDY-1.2\r\n+QIND\r\nOK\r\n",
     "I RDY-1.2\nI +QIND\nO OK\n"},
    {"error as a word", "AT#FTPMSG", "\r\n#FTPMSG: ERROR\r\nERRORS\r\nOK\r\n",
     "I #FTPMSG: ERROR\nI ERRORS\nO OK\n"},
    {"connect", "AT#FTPGET=\"f\"", "\r\nCONNECT\r\n", "C CONNECT\n"},
    {"connect with speed", "ATD", "\r\nCONNECT 115200\r\n", "C CONNECT 115200\n"},
    {"connected is no result", "AT+X", "\r\nCONNECTED\r\nOK\r\n", "I CONNECTED\nO OK\n"},
    {"nothing asked", NULL, "\r\n+CREG: 1\r\n\r\n30.00\r\n", "U +CREG: 1\nU 30.00\n"},
    {"stray results", NULL, "\r\nOK\r\n\r\nERROR\r\n\r\nNO CARRIER\r\n",
     "S OK\nS ERROR\nS NO CARRIER\n"},
    {"doubled result", "AT", "\r\nOK\r\n\r\nOK\r\n", "O OK\nS OK\n"},
    {"connect unasked", NULL, "\r\nCONNECT\r\n", "U CONNECT\n"},
    {"incomplete", "AT", "\r\nO", ""},
    {"only ends", "AT", "\r\n\r\n\n\r", ""},
};

static void
take_events(FotaAtReply *reply, GString *events)
{
    static const char letters[] = {
        [FOTA_AT_INFORMATION] = 'I', [FOTA_AT_UNSOLICITED] = 'U', [FOTA_AT_ECHO] = 'E',
        [FOTA_AT_OK] = 'O',          [FOTA_AT_ERROR] = 'X',       [FOTA_AT_CONNECT] = 'C',
        [FOTA_AT_STRAY] = 'S',
    };
    FotaAtEvent event;
    const char *line;
    int number;

    while ((event = fota_at_reply_next(reply, &line, &number)) != FOTA_AT_NONE) {
        g_string_append_printf(events, "%c %s", letters[event], line);
        if (event == FOTA_AT_ERROR)
            g_string_append_printf(events, " %d", number);
        g_string_append_c(events, '\n');
    }
    g_assert_null(line);
}

/* Feeds @input in pieces: up to @first bytes, then @rest bytes each time. */
static void
check_pieces(const Case *c, gsize first, gsize rest)
{
    g_autoptr(FotaAtReply) reply = fota_at_reply_new(&plugin);
    g_autoptr(GString) events = g_string_new(NULL);
    gsize length = strlen(c->input);

    fota_at_reply_begin(reply, c->command);
    for (gsize at = 0, n = MIN(first, length); at < length; at += n, n = MIN(rest, length - at)) {
        fota_at_reply_feed(reply, (const guint8 *)c->input + at, n);
        take_events(reply, events);
    }
    if (strcmp(events->str, c->events) != 0)
        g_test_message("%s, split %zu/%zu", c->name, first, rest);
    g_assert_cmpstr(events->str, ==, c->events);
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    gsize length = strlen(c->input);

    check_pieces(c, length, length);
    for (gsize first = 1; first < length; first++)
        check_pieces(c, first, length);
    check_pieces(c, 1, 1);
}

/* A vendor's lines are its own: for any other, and where no plugin is known, they are an answer. A
 * plugin that was built before it could list more has those of its table. */
static void
test_lines_of_another_vendor(void)
{
    static const FotaPlugin none = {0};
    static const FotaPlugin older = {.unsolicited = unsolicited};
    static const struct {
        const FotaPlugin *plugin;
        const char *events;
    } table[] = {
        {NULL, "U RING\nI RDY\nI SMS DONE\nI COMMAND NOT SUPPORT\nO OK\n"},
        {&none, "U RING\nI RDY\nI SMS DONE\nI COMMAND NOT SUPPORT\nO OK\n"},
        {&older, "U RING\nU RDY\nI SMS DONE\nI COMMAND NOT SUPPORT\nO OK\n"},
    };
    const char input[] = "\r\nRING\r\nRDY\r\nSMS DONE\r\nCOMMAND NOT SUPPORT\r\nOK\r\n";

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(FotaAtReply) reply = fota_at_reply_new(table[i].plugin);
        g_autoptr(GString) events = g_string_new(NULL);

        fota_at_reply_begin(reply, "AT+GMR");
        fota_at_reply_feed(reply, (const guint8 *)input, strlen(input));
        take_events(reply, events);
        g_assert_cmpstr(events->str, ==, table[i].events);
    }
}

static void
test_data_follows_connect(void)
{
    const char input[] = "\r\nCONNECT\r\n\nfirst\r\nOK\r\n";

    for (gsize first = 1; first < strlen(input); first++) {
        g_autoptr(FotaAtReply) reply = fota_at_reply_new(&plugin);
        g_autoptr(GByteArray) data = g_byte_array_new();
        const char *line;
        int number;
        gboolean connected = FALSE;

        fota_at_reply_begin(reply, "AT#FTPGET=\"f\"");
        fota_at_reply_feed(reply, (const guint8 *)input, first);
        connected = fota_at_reply_next(reply, &line, &number) == FOTA_AT_CONNECT;
        if (connected)
            fota_at_reply_take_rest(reply, data);
        fota_at_reply_feed(reply, (const guint8 *)input + first, strlen(input) - first);
        if (!connected)
            g_assert_cmpint(fota_at_reply_next(reply, &line, &number), ==, FOTA_AT_CONNECT);
        fota_at_reply_take_rest(reply, data);
        g_assert_cmpmem(data->data, data->len, "\nfirst\r\nOK\r\n", strlen("\nfirst\r\nOK\r\n"));
    }
}

static void
test_overlong_line(void)
{
    g_autoptr(FotaAtReply) reply = fota_at_reply_new(&plugin);
    g_autofree char *input = g_strnfill(3 * FOTA_AT_LINE_MAX, 'x');
    const char *line;
    int number;

    fota_at_reply_begin(reply, "AT+GMR");
    fota_at_reply_feed(reply, (const guint8 *)input, strlen(input));
    g_assert_cmpint(fota_at_reply_next(reply, &line, &number), ==, FOTA_AT_NONE);
    fota_at_reply_feed(reply, (const guint8 *)"\r\nOK\r\n", 6);
    g_assert_cmpint(fota_at_reply_next(reply, &line, &number), ==, FOTA_AT_INFORMATION);
    g_assert_cmpuint(strlen(line), ==, FOTA_AT_LINE_MAX);
    g_assert_cmpuint(fota_at_reply_get_cut(reply), ==, 2 * FOTA_AT_LINE_MAX);
    g_assert_cmpint(fota_at_reply_next(reply, &line, &number), ==, FOTA_AT_OK);
}

/* Whatever comes, the answer of a command sent afterwards is understood. */
static void
test_noise(void)
{
    static const char alphabet[] = "\r\n\r\nOKERROR+#^: 0AT\"\x01\x80\xff";

    for (guint round = 0; round < 2000; round++) {
        g_autoptr(FotaAtReply) reply = fota_at_reply_new(&plugin);
        g_autoptr(GString) events = g_string_new(NULL);
        const char *line;
        int number;

        fota_at_reply_begin(reply, round % 2 == 0 ? "AT+X?" : NULL);
        for (guint i = 0; i < 200; i++) {
            guint8 byte = (guint8)alphabet[g_test_rand_int_range(0, sizeof(alphabet) - 1)];

            fota_at_reply_feed(reply, &byte, 1);
            take_events(reply, events);
        }
        fota_at_reply_feed(reply, (const guint8 *)"\r\n", 2);
        take_events(reply, events);
        g_assert_true(g_utf8_validate(events->str, -1, NULL));
        fota_at_reply_begin(reply, "AT");
        fota_at_reply_feed(reply, (const guint8 *)"\r\nOK\r\n", 6);
        g_assert_cmpint(fota_at_reply_next(reply, &line, &number), ==, FOTA_AT_OK);
    }
}

static void
test_line_name(void)
{
    g_autofree char *named = fota_at_line_name("#Otaev: x");
    g_autofree char *plain = fota_at_line_name("OTAEV: x");
    g_autofree char *open = fota_at_line_name("+CREG 1");
    g_autofree char *number = fota_at_line_name("+15551234: x");

    g_assert_cmpstr(named, ==, "#OTAEV");
    g_assert_null(plain);
    g_assert_null(open);
    g_assert_null(number);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/at-reply/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/at-reply/lines-of-another-vendor", test_lines_of_another_vendor);
    g_test_add_func("/at-reply/data follows connect", test_data_follows_connect);
    g_test_add_func("/at-reply/overlong line", test_overlong_line);
    g_test_add_func("/at-reply/noise", test_noise);
    g_test_add_func("/at-reply/line name", test_line_name);
    return g_test_run();
}
