/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fake-data.h"
#include "tests/unit/test-quectel.h"

/* The package goes into the module's file store, and is installed from there. */

#define DISCARD TEST_QUECTEL_DISCARD
#define INSTALL TEST_QUECTEL_INSTALL
#define FED TEST_QUECTEL_FED_OUTCOME
#define CLOSE TEST_QUECTEL_CLOSE

#define REMOVE(answer) "AT+QFDEL=\"fotad.zip\"", answer
#define STORE(size, answer) "AT+QFUPL=\"fotad.zip\"," size ",60,1", answer
#define ACKNOWLEDGED FAKE_BYTES, "A"
#define WRITTEN FAKE_SAVE, ""
#define PLACE(directory, answer) "AT+QFOTADL=\"" directory "fotad.zip\"", answer

/* clang-format off */
static const TestQuectelCase cases[] = {
    {"discard", DISCARD, DONE, NULL, NULL, NULL, {{REMOVE("")}, END}},
    {"discard-nothing", DISCARD, DONE, NULL, NULL, NULL, {{REMOVE("!405")}, END}},
    {"discard-silent", DISCARD, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL, {{REMOVE("?")}, END}},
    {"discard-gone", DISCARD, FOR_NOW(MODULE_GONE), NULL, NULL, NULL, {{REMOVE("-")}, END}},

    {"install", INSTALL, DONE, NULL, NULL, NULL, {{WRITTEN}, {PLACE("/data/ufs/", "")}, END}},
    {"install-ok-lost", INSTALL, DONE, NULL, NULL, NULL, {{WRITTEN}, {PLACE("/data/ufs/", "-")}, END}},
    {"install-other-place", INSTALL, DONE, NULL, NULL, NULL,
     {{WRITTEN}, {PLACE("/data/ufs/", "!")}, {PLACE("/cache/ufs/", "")}, END}},
    {"install-eg18", INSTALL, DONE, NULL, NULL, "EG18", {{WRITTEN}, {PLACE("/cache/ufs/", "")}, END}},
    {"install-refused", INSTALL, REFUSED, "is it the delta from " OLD, NULL, NULL,
     {{WRITTEN}, {PLACE("/data/ufs/", "!")}, {PLACE("/cache/ufs/", "!")}, END}},
    {"install-said-before", INSTALL, DONE, NULL, NULL, NULL,
     {{SAYS("\"END\",510")}, {WRITTEN}, {PLACE("/data/ufs/", "")}, END}},
    /* An order that may be out is not given again, in whatever other words. */
    {"install-silent", INSTALL, FOR_NOW(MODULE_SILENT), NULL, NULL, NULL,
     {{WRITTEN}, {PLACE("/data/ufs/", "?")}, END}},
};

/* From the order on the package is owed, until the module has answered that it is deleted. */
static const TestQuectelDebt debts[] = {
    {{"owed/ordered", INSTALL, DONE, NULL, NULL, NULL, {{WRITTEN}, {PLACE("/data/ufs/", "")}, END}},
     "Package", NULL, "1"},
    {{"owed/unwritten", INSTALL, FOTA_RESULT_TRY_LATER, FAKE_UNWRITTEN, NULL, NULL, NULL,
      {{FAKE_SAVE, "-"}, END}}, "Package", NULL, "1"},
    {{"owed/success", FED, DONE, NULL, NEW, NULL, {{VERSION(NEW)}, {RADIO("1")}, {REMOVE("")}, END}},
     "Package", "1", ""},
    {{"owed/leaves", FED, FOR_NOW(MODULE_GONE), NULL, NEW, NULL,
      {{VERSION(NEW)}, {RADIO("1")}, {REMOVE("-")}, END}}, "Package", "1", "1"},
    {{"owed/silent", FED, FOR_NOW(MODULE_SILENT), NULL, NEW, NULL,
      {{VERSION(NEW)}, {RADIO("1")}, {REMOVE("?")}, END}}, "Package", "1", "1"},
    {{"owed/old-version", FED, DONE, NULL, OLD, NULL, {{VERSION(OLD)}, {RADIO("1")}, END}},
     "Package", "1", "1"},
    {{"owed/discarded", DISCARD, DONE, NULL, NULL, NULL, {{REMOVE("")}, END}}, "Package", "1", ""},
    {{"owed/closed", CLOSE, DONE, NULL, NULL, NULL, {{REMOVE("")}, END}}, "Package", "1", ""},
    {{"owed/closed-gone-already", CLOSE, DONE, "no package", NULL, NULL, {{REMOVE("!405")}, END}},
     "Package", "1", ""},
    {{"owed/closed-silent", CLOSE, DONE, "stays", NULL, NULL, {{REMOVE("?")}, END}},
     "Package", "1", "1"},
    {{"owed/nothing", CLOSE, DONE, NULL, NULL, NULL, {END}}, "Package", "", ""},
};
/* clang-format on */

typedef struct {
    const char *name;
    guint size; /* of the file */
    FotaResult result;
    int code;
    const char *says;
    guint64 claimed; /* by the daemon; 0 = the file's */
    FakeExchange script[9];
} Load;

/* clang-format off */
static const Load loads[] = {
    {"whole", 2500, DONE, NULL, 0,
     {{REMOVE("!405")}, {STORE("2500", "CONNECT")}, {ACKNOWLEDGED}, {ACKNOWLEDGED},
      {FAKE_BYTES, "+QFUPL: 2500,@"}, END}},
    {"one-block", 1024, DONE, NULL, 0,
     {{REMOVE("")}, {STORE("1024", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "+QFUPL: 1024,@"}, END}},
    {"odd", 1025, DONE, NULL, 0,
     {{REMOVE("")}, {STORE("1025", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "+QFUPL: 1025,@"}, END}},
    {"small", 3, DONE, NULL, 0,
     {{REMOVE("")}, {STORE("3", "CONNECT")}, {FAKE_BYTES, "+QFUPL: 3,@"}, END}},
    {"full", 2500, FOR_NOW(TRANSFER_FAILED), "room", 0,
     {{REMOVE("")}, {STORE("2500", "!406")}, END}},
    {"no-prompt", 2500, FOR_NOW(MODULE_SILENT), NULL, 0, {{REMOVE("")}, {STORE("2500", "?")}, END}},
    {"not-acknowledged", 2500, FOR_NOW(MODULE_SILENT), NULL, 0,
     {{REMOVE("")}, {STORE("2500", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "?"}, END}},
    {"gives-up", 2500, FOR_NOW(TRANSFER_FAILED), "0x2b", 0,
     {{REMOVE("")}, {STORE("2500", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "+"}, END}},
    {"leaves", 2500, FOR_NOW(MODULE_GONE), NULL, 0,
     {{REMOVE("")}, {STORE("2500", "CONNECT")}, {FAKE_BYTES, "-"}, END}},
    {"full-in-the-middle", 1024, FOR_NOW(TRANSFER_FAILED), "room", 0,
     {{REMOVE("")}, {STORE("1024", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "!423"}, END}},
    {"damaged", 1024, FOR_NOW(TRANSFER_FAILED), "checksum", 0,
     {{REMOVE("")}, {STORE("1024", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "+QFUPL: 1024,1"}, END}},
    {"short", 1024, FOR_NOW(TRANSFER_FAILED), "1000 bytes", 0,
     {{REMOVE("")}, {STORE("1024", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "+QFUPL: 1000,@"}, END}},
    {"no-checksum", 1024, FOR_NOW(BAD_ANSWER), NULL, 0,
     {{REMOVE("")}, {STORE("1024", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "+QFUPL: 1024"}, END}},
    {"no-answer", 1024, FOR_NOW(MODULE_SILENT), NULL, 0,
     {{REMOVE("")}, {STORE("1024", "CONNECT")}, {ACKNOWLEDGED}, {FAKE_BYTES, "?"}, END}},
    {"file-shorter", 1024, FOR_GOOD(TRANSFER_FAILED), "whole", 1025, {END}},
};
/* clang-format on */

static int
make_file(guint size, guint8 **bytes)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("fotad-test-XXXXXX", &name, NULL);

    *bytes = g_malloc(size);
    for (guint i = 0; i < size; i++)
        (*bytes)[i] = (guint8)(i * 7 + i / 256);
    g_unlink(name);
    g_assert_cmpint(write(fd, *bytes, size), ==, size);
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    return fd;
}

/* As fwupd computes it for these modules, word by word. */
static guint
sum_of(const guint8 *bytes, guint size)
{
    guint sum = 0;

    for (guint i = 0; i < size; i++)
        sum ^= i % 2 == 0 ? (guint)bytes[i] * 256 : bytes[i];
    return sum;
}

static void
test_load(gconstpointer data)
{
    const Load *test = data;
    FotaUpdate update = test_quectel_update;
    g_autofree guint8 *bytes = NULL;
    int fd = make_file(test->size, &bytes);
    g_autofree char *sum = g_strdup_printf("%x", sum_of(bytes, test->size));
    FakeExchange script[G_N_ELEMENTS(test->script)];
    g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GBytes) written = NULL;
    g_autoptr(GError) error = NULL;
    FotaSession *session;
    FotaResult result;

    /* "@" is the checksum. */
    for (guint i = 0; i < G_N_ELEMENTS(script); i++) {
        g_auto(GStrv) parts =
            g_strsplit(test->script[i].answer ? test->script[i].answer : "", "@", -1);

        g_ptr_array_add(answers, g_strjoinv(sum, parts));
        script[i] = (FakeExchange){test->script[i].command, answers->pdata[i]};
    }
    session = test_quectel_session(script);
    fake_data_begin(session);
    update.size = test->claimed != 0 ? test->claimed : test->size;
    result = test_quectel_call(session, TEST_QUECTEL_LOAD, &update, fd, NULL, &error);
    written = fake_data_end();
    fake_session_assert_end(session, result, error, test->result, test->code, test->says);
    if (result == FOTA_RESULT_DONE) {
        g_assert_cmpmem(g_bytes_get_data(written, NULL), g_bytes_get_size(written), bytes,
                        test->size);
        g_assert_cmpuint(fake_session_get_percent(session), ==, 100);
        g_assert_cmpuint(fake_session_get_received(session), ==, test->size);
    }
    fake_session_finish(session);
    close(fd);
}

static void
test_rehearsal(void)
{
    static const FakeExchange script[] = {END};
    FotaSession *session = test_quectel_session(script);
    FotaUpdate rehearsal = test_quectel_update;
    g_autofree guint8 *bytes = NULL;
    int fd = make_file((guint)rehearsal.size, &bytes);
    g_autoptr(GError) error = NULL;

    rehearsal.rehearsal = TRUE;
    g_assert_cmpint(test_quectel_call(session, TEST_QUECTEL_LOAD, &rehearsal, fd, NULL, &error), ==,
                    FOTA_RESULT_DONE);
    fake_session_finish(session);
    close(fd);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_quectel_add("/quectel/fed/", cases, G_N_ELEMENTS(cases));
    test_quectel_add_debts("/quectel/", debts, G_N_ELEMENTS(debts));
    for (guint i = 0; i < G_N_ELEMENTS(loads); i++) {
        g_autofree char *name = g_strconcat("/quectel/load/", loads[i].name, NULL);

        g_test_add_data_func(name, &loads[i], test_load);
    }
    g_test_add_func("/quectel/load-rehearsal", test_rehearsal);
    return g_test_run();
}
