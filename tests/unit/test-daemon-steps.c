/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-steps.h"

typedef struct {
    const char *name;
    FotaJobKind kind;
    FotaResult result;
    int code;            /* FotaModuleError, or one of the two below */
    const char *version; /* NULL = none was read */
    gboolean downloaded, ordered;
    guint restarts;
    FakeExchange script[28];
} Case;

/* clang-format off */
static const Case cases[] = {
    {"update", FOTA_JOB_UPDATE, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, TRUE, 1,
     {BEGIN, DOWNLOADED, ORDER, RESTART, {"outcome", "B"}, END}},
    {"stopped-after-download", FOTA_JOB_UPDATE, FOTA_RESULT_DONE, NO_ERROR, "A", TRUE, FALSE, 0,
     {BEGIN, {"commit downloaded", "stop"}, END}},
    {"stopped-before-order", FOTA_JOB_UPDATE, FOTA_RESULT_DONE, NO_ERROR, "A", TRUE, FALSE, 0,
     {BEGIN, DOWNLOADED, {"commit installing", "stop"}, END}},
    {"install", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "B"}, END}},
    {"install-stopped-at-once", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, NULL, TRUE, FALSE, 0,
     {{"commit downloaded", "stop"}, END}},
    {"install-stopped-before-order", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "A",
     TRUE, FALSE, 0,
     {BEGIN_INSTALL, {"commit installing", "stop"}, END}},
    {"unwritten", FOTA_JOB_INSTALL, FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_MODULE_REFUSED, "A",
     FALSE, FALSE, 0,
     {BEGIN_INSTALL, {"commit installing", "!not written"}, END}},
    /* What may be under way is never stopped by an answer. */
    {"resume", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, FALSE, 1,
     {{"commit installing", "stop"}, {"inspect", "A"}, RESTART, {"outcome", "B"}, END}},
    /* From the order on, an ERROR is no end; only a version is. */
    {"order-refused", FOTA_JOB_INSTALL, FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED, "A",
     FALSE, TRUE, 0,
     {BEGIN_INSTALL, REFUSED, RESTS, {"outcome", "A"}, END}},
    {"order-refused-and-installed", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B",
     FALSE, TRUE, 1,
     {BEGIN_INSTALL, REFUSED, RESTART, {"outcome", "B"}, END}},
    {"order-refused-and-installed-unseen", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B",
     FALSE, TRUE, 0,
     {BEGIN_INSTALL, REFUSED, RESTS, {"outcome", "B"}, END}},
    {"order-refused-and-another-version", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_UNEXPECTED_VERSION, "C", FALSE, TRUE, 1,
     {BEGIN_INSTALL, REFUSED, RESTART, {"outcome", "C"}, RESTS, {"outcome", "C"}, END}},
    {"order-not-answered", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION, "A", FALSE, TRUE, 0,
     {BEGIN_INSTALL, {"commit installing", "go"}, {"install", "?"}, RESTS, {"outcome", "A"}, END}},
    {"order-cancelled", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_NOW, CANCELLED, NULL,
     FALSE, TRUE, 0,
     {BEGIN_INSTALL, {"commit installing", "go"}, {FAKE_CANCEL, ""}, END}},
    {"outcome-refused", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "!4"}, RESTS, {"outcome", "B"}, END}},
    /* A plugin's slip: done, with neither a version nor an error. */
    {"outcome-without-version", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", ""}, RESTS, {"outcome", "B"}, END}},
    /* Of an outcome that could not be asked to its end an old version is none: it leaves just now,
     * or says that it is not through yet. */
    {"outcome-cut-off", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTS, {"outcome", "A\nnot now"}, RESTART, {"outcome", "B"}, END}},
    {"outcome-cut-off-with-the-new-version", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B",
     FALSE, TRUE, 0,
     {BEGIN_INSTALL, ORDER, RESTS, {"outcome", "B\nnot now"}, END}},
    {"outcome-says-failed", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_TRANSFER_FAILED, "A", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "A\nfailed"}, END}},
    {"outcome-says-wrong-base", FOTA_JOB_INSTALL, FOTA_RESULT_WRONG_BASE,
     FOTA_MODULE_ERROR_TRANSFER_FAILED, "A", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "\nwrong base"}, {"inspect", "A"}, END}},
    {"outcome-says-failed-without-version", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_TRANSFER_FAILED, "A", FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "\nfailed"}, {"inspect", "A"}, END}},
    {"outcome-says-failed-and-nothing-else", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B",
     FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "\nfailed"}, {"inspect", "!4"}, RESTS,
      {"outcome", "B"}, END}},
    {"outcome-says-failed-with-the-new-version", FOTA_JOB_INSTALL, FOTA_RESULT_DONE, NO_ERROR, "B",
     FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "B\nfailed"}, END}},
    {"never-tells", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, NULL, FALSE, TRUE, 0,
     {BEGIN_INSTALL, ORDER, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, END}},
    {"not-back", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, NULL, FALSE, TRUE, 1,
     {BEGIN_INSTALL, ORDER, {FAKE_GONE, ""}, {FAKE_BACK, "-"}, END}},
    {"leaves-again-and-not-back", FOTA_JOB_INSTALL, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, NULL, FALSE, TRUE, 2,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "A"}, {FAKE_GONE, ""}, {FAKE_BACK, "-"}, END}},
    {"resume-refused", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, FALSE, 0,
     {{"commit installing", "go"}, {"inspect", "!4"}, RESTS, {"outcome", "B"}, END}},
    {"resume-silent", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, FALSE, 1,
     {{"commit installing", "go"}, {"inspect", "?"}, RESTART, {"outcome", "B"}, END}},
    {"resume-done-already", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, FALSE, 0,
     {{"commit installing", "go"}, {"inspect", "B"}, {"outcome", "B"}, END}},
    {"resume-done-and-gone", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, FALSE, 0,
     {{"commit installing", "go"}, {"inspect", "B"}, {"outcome", "-"}, END}},
    {"resume-done-and-says-failed", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B",
     FALSE, FALSE, 0,
     {{"commit installing", "go"}, {"inspect", "B"}, {"outcome", "B\nfailed"}, END}},
    {"resume-done-and-cancelled", FOTA_JOB_RESUME, FOTA_RESULT_FAILED_FOR_NOW, CANCELLED, NULL,
     FALSE, FALSE, 0,
     {{"commit installing", "go"}, {"inspect", "B"}, {FAKE_CANCEL, ""}, END}},
    {"resume-unwritten", FOTA_JOB_RESUME, FOTA_RESULT_DONE, NO_ERROR, "B", FALSE, FALSE, 0,
     {{"commit installing", "!not written"}, {"inspect", "B"}, {"outcome", "B"}, END}},
    {"resume-old", FOTA_JOB_RESUME, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_OLD_VERSION, "A",
     FALSE, FALSE, 0,
     {RESUMES, RESTS, {"outcome", "A"}, END}},
    {"resume-cancelled", FOTA_JOB_RESUME, FOTA_RESULT_FAILED_FOR_NOW, CANCELLED, NULL,
     FALSE, FALSE, 0,
     {{"commit installing", "go"}, {FAKE_CANCEL, ""}, END}},
};
/* clang-format on */

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    const FotaUpdate update = {.from = "A", .to = "B", .path = "delta"};
    FotaSteps steps = {.kind = c->kind, .method = &method, .update = &update, .commit = on_commit};
    g_autoptr(GError) error = NULL;

    steps.session = steps.user_data = session = fake_session_new(SKELETON_MODELS, c->script);
    g_assert_cmpint(fota_steps_run(&steps, &error), ==, c->result);
    if (c->code == NO_ERROR)
        g_assert_no_error(error);
    else if (c->code == CANCELLED)
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    else
        g_assert_error(error, FOTA_MODULE_ERROR, c->code);
    g_assert_cmpstr(steps.version, ==, c->version);
    g_assert_cmpint(steps.downloaded, ==, c->downloaded);
    g_assert_cmpint(steps.ordered, ==, c->ordered);
    g_assert_cmpuint(steps.restarts, ==, c->restarts);
    fota_steps_clear(&steps);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/steps/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
