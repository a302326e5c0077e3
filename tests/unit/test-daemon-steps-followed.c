/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-steps.h"

/* What the module has begun, "" = nothing, "again" = it asks again, "over" = it no longer asks. */
static FotaResult
on_questions(FotaSession *self, FotaQuestion *question, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(self, "questions", 1, error);

    if (lines == NULL)
        return FOTA_RESULT_FAILED_FOR_NOW;
    question->kind =
        g_strcmp0(lines[0], "again") == 0 ? FOTA_QUESTION_DOWNLOAD : FOTA_QUESTION_NONE;
    if (g_strcmp0(lines[0], "over") == 0)
        fake_session_set_failure(self, "over");
    else
        question->text = g_strdup(lines[0]);
    return FOTA_RESULT_DONE;
}

static FotaResult
on_answer(FotaSession *self, const FotaQuestion *question, FotaAnswer answer, guint seconds,
          GError **error)
{
    const char *command = question->kind == FOTA_QUESTION_NONE ? "follow" : "answer";

    return fota_session_order(self, command, 1, error) ? FOTA_RESULT_DONE
                                                       : FOTA_RESULT_FAILED_FOR_NOW;
}

/*
 * How long a module that stays is waited for. One that has refused the order will not leave; one
 * that has said nothing may still be loading, where that is part of the order.
 */
static void
test_leave_time(gconstpointer answer)
{
    const FotaUpdate update = {.from = "A", .to = "B", .path = "delta"};
    const FakeExchange script[] = {BEGIN_INSTALL,       {"commit installing", "go"},
                                   {"install", answer}, RESTS,
                                   {"outcome", "A"},    END};
    FotaSteps steps = {
        .kind = FOTA_JOB_INSTALL, .method = &method, .update = &update, .commit = on_commit};
    gboolean refused = strcmp(answer, "!4") == 0;
    g_autofree char *models = NULL;
    g_autofree char *text = NULL;
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("fotad-test-XXXXXX", &file, NULL);

    g_assert_true(g_file_get_contents(SKELETON_MODELS, &text, NULL, NULL));
    models = g_strconcat(text, "LeaveTime=900\n", NULL);
    g_assert_true(g_file_set_contents(file, models, -1, NULL));
    close(fd);
    steps.session = steps.user_data = session = fake_session_new(file, script);
    g_unlink(file);
    g_assert_cmpint(fota_steps_run(&steps, &error), !=, FOTA_RESULT_DONE);
    g_assert_cmpuint(fake_session_get_seconds(session), ==, refused ? 120 : 900);
    fota_steps_clear(&steps);
    fake_session_finish(session);
}

/* clang-format off */
static const struct {
    FotaJobKind kind;
    const char *recalled; /* restarts that an earlier fotad has seen, the kernel's number of the
                             module then, and now; - = none */
    FotaResult result;
    int code;
    guint restarts;
    FakeExchange script[20];
} dummies[] = {
    {FOTA_JOB_UPDATE, NULL, FOTA_RESULT_DONE, NO_ERROR, 2,
     {BEGIN, DOWNLOADED, ORDER, RESTART_COUNTED, {"outcome", "A"}, RESTART_COUNTED,
      {"outcome", "A"}, RESTS, {"outcome", "A"}, END}},
    {FOTA_JOB_INSTALL, NULL, FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_OLD_VERSION, 0,
     {BEGIN_INSTALL, ORDER, RESTS, {"outcome", "A"}, END}},
    {FOTA_JOB_INSTALL, NULL, FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_TRANSFER_FAILED, 1,
     {BEGIN_INSTALL, ORDER, RESTART_COUNTED, {"outcome", "A\nfailed"}, END}},
    {FOTA_JOB_INSTALL, NULL, FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED, 0,
     {BEGIN_INSTALL, REFUSED, RESTS, {"outcome", "A"}, END}},
    {FOTA_JOB_INSTALL, NULL, FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_UNEXPECTED_VERSION, 1,
     {BEGIN_INSTALL, ORDER, RESTART_COUNTED, {"outcome", "B"}, RESTS, {"outcome", "B"}, END}},
    {FOTA_JOB_RESUME, "1 - -", FOTA_RESULT_DONE, NO_ERROR, 1,
     {RESTS_OLD, END}},
    /* No fotad has seen a restart: the kernel has, or there was none, or nothing tells. */
    {FOTA_JOB_RESUME, "0 1-2 1-3", FOTA_RESULT_DONE, NO_ERROR, 1,
     {RESTS_OLD, END}},
    {FOTA_JOB_RESUME, "0 1-2 1-2", FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_OLD_VERSION, 0,
     {RESTS_OLD, END}},
    {FOTA_JOB_RESUME, "0 1-2 -", FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_OLD_VERSION, 0,
     {RESTS_OLD, END}},
    {FOTA_JOB_RESUME, "0 - 1-2", FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_OLD_VERSION, 0,
     {RESTS_OLD, END}},
};
/* clang-format on */

static const char *numbered;

static char *
on_name_return(gpointer user_data)
{
    return g_strdup(numbered);
}

/* A dummy is installed although the version is there already, and followed until the module rests.
 */
static void
test_dummy(void)
{
    const FotaUpdate update = {.from = "A", .to = "A", .path = "delta"};

    for (guint i = 0; i < G_N_ELEMENTS(dummies); i++) {
        FotaSteps steps = {.kind = dummies[i].kind,
                           .method = &method,
                           .update = &update,
                           .commit = on_commit,
                           .name_return = on_name_return};
        const char *recalled = dummies[i].recalled != NULL ? dummies[i].recalled : "- - -";
        g_auto(GStrv) words = g_strsplit(recalled, " ", 3);
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        steps.session = steps.user_data = session =
            fake_session_new(SKELETON_MODELS, dummies[i].script);
        numbered = words[2][0] != '-' ? words[2] : NULL;
        if (words[0][0] != '-')
            fota_session_remember(session, FOTA_JOB_RESTARTS, words[0]);
        if (words[1][0] != '-')
            fota_session_remember(session, FOTA_JOB_RETURN, words[1]);
        g_assert_cmpint(fota_steps_run(&steps, &error), ==, dummies[i].result);
        if (dummies[i].code == NO_ERROR)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_MODULE_ERROR, dummies[i].code);
        g_assert_cmpuint(steps.restarts, ==, dummies[i].restarts);
        fota_steps_clear(&steps);
        fake_session_finish(session);
    }
}

/* fotad was killed behind its yes: the module is followed as long as it goes on, and not answered
 * again. */
static void
test_accepted(void)
{
    /* clang-format off */
    static const struct {
        FotaResult result;
        const char *version;
        FakeExchange script[16];
    } table[] = {
        {FOTA_RESULT_DONE, "B",
         {RESTS_OLD, {"questions", "yes"}, {"follow", ""}, RESTART, {"outcome", "B"}, END}},
        /* It leaves while it is asked. */
        {FOTA_RESULT_DONE, "B", {RESTS_OLD, {"questions", "-"}, RESTART, {"outcome", "B"}, END}},
        {FOTA_RESULT_FAILED_FOR_NOW, "A", {RESTS_OLD, {"questions", "again"}, END}},
        {FOTA_RESULT_FAILED_FOR_NOW, "A",
         {RESTS_OLD, {"questions", "over"}, {"follow", "!text too late"}, RESTS, {"outcome", "A"},
          END}},
        /* Nothing at first. */
        {FOTA_RESULT_DONE, "B",
         {RESTS_OLD, {"questions", ""}, RESTS, {"outcome", "A"}, {"questions", "yes"},
          {"follow", ""}, RESTART, {"outcome", "B"}, END}},
        {FOTA_RESULT_DONE, "B", {RESUMES, RESTART, {"outcome", "B"}, END}},
    };
    /* clang-format on */
    const FotaUpdate update = {.from = "A", .to = "B"};
    FotaMethod asked = method;

    asked.route = FOTA_ROUTE_ASKED;
    asked.questions = on_questions;
    asked.answer = on_answer;
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        FotaSteps steps = {
            .kind = FOTA_JOB_RESUME, .method = &asked, .update = &update, .commit = on_commit};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        steps.session = steps.user_data = session =
            fake_session_new(SKELETON_MODELS, table[i].script);
        g_assert_cmpint(fota_steps_run(&steps, &error), ==, table[i].result);
        g_assert_cmpint(error == NULL, ==, table[i].result == FOTA_RESULT_DONE);
        g_assert_cmpstr(steps.version, ==, table[i].version);
        fota_steps_clear(&steps);
        fake_session_finish(session);
    }
}

/* The module has begun before it could be told no: nothing is answered, and that is handed on. */
static void
test_answer(void)
{
    const FakeExchange script[] = {{"inspect", "A"}, {"questions", "Start"}, END};
    const FotaUpdate update = {.from = "A"};
    FotaMethod asked = method;
    FotaSteps steps = {.kind = FOTA_JOB_ANSWER,
                       .method = &asked,
                       .update = &update,
                       .answer = FOTA_ANSWER_REJECT,
                       .commit = on_commit};
    g_autoptr(GError) error = NULL;

    asked.questions = on_questions;
    asked.answer = on_answer;
    steps.session = steps.user_data = session = fake_session_new(SKELETON_MODELS, script);
    g_assert_cmpint(fota_steps_run(&steps, &error), ==, FOTA_RESULT_DONE);
    g_assert_no_error(error);
    g_assert_cmpstr(steps.question.text, ==, "Start");
    fota_steps_clear(&steps);
    fake_session_finish(session);
}

/* No mark is written, and nothing ordered; the delta is loaded where it waits for the order. */
static void
test_rehearsal(void)
{
    static const FakeExchange loads[] = {
        {"inspect", "A"}, {FAKE_SAVE, ""}, {"download", ""}, END};
    static const FakeExchange feeds[] = {{"inspect", "A"}, END};
    FotaMethod feed = method;

    feed.route = FOTA_ROUTE_FEED;
    for (guint i = 0; i < 2; i++) {
        const FotaUpdate update = {.from = "A", .to = "B", .path = "delta", .rehearsal = i > 0};
        FotaSteps steps = {.kind = FOTA_JOB_UPDATE,
                           .rehearsal = TRUE,
                           .method = i > 0 ? &feed : &method,
                           .update = &update,
                           .delta = -1,
                           .commit = on_commit};
        g_autoptr(GError) error = NULL;

        steps.session = steps.user_data = session =
            fake_session_new(SKELETON_MODELS, i > 0 ? feeds : loads);
        g_assert_cmpint(fota_steps_run(&steps, &error), ==, FOTA_RESULT_DONE);
        g_assert_no_error(error);
        g_assert_cmpint(steps.downloaded, ==, i == 0);
        g_assert_false(steps.ordered);
        fota_steps_clear(&steps);
        fake_session_finish(session);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/steps/leave-time/refused", "!4", test_leave_time);
    g_test_add_data_func("/steps/leave-time/silent", "?", test_leave_time);
    g_test_add_data_func("/steps/leave-time/taken", "", test_leave_time);
    g_test_add_func("/steps/dummy", test_dummy);
    g_test_add_func("/steps/accepted", test_accepted);
    g_test_add_func("/steps/answer", test_answer);
    g_test_add_func("/steps/rehearsal", test_rehearsal);
    return g_test_run();
}
