/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/job/fota-steps.h"
#include "tests/unit/fake-session.h"

/*
 * The steps of an update without a module, a bus or a thread: the plugin below makes one exchange
 * of each of its functions, so that a script tells what every one of them answers, in order, with
 * what the module and the main loop do in between.
 */

static FotaSession *session;

/* Time passes while the module is waited for, and only then. */
gint64
fota_boot_time(void)
{
    return (gint64)fake_session_get_seconds(session) * G_USEC_PER_SEC;
}

static FotaResult
ask_version(FotaSession *self, const char *command, char **version, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(self, command, 1, error);

    if (lines == NULL)
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (lines[0] == NULL)
        return FOTA_RESULT_DONE;
    *version = lines[0][0] != '\0' ? g_strdup(lines[0]) : NULL;
    if (lines[1] == NULL)
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED, "%s", lines[1]);
    return strcmp(lines[1], "wrong base") == 0 ? FOTA_RESULT_WRONG_BASE
           : strcmp(lines[1], "not now") == 0  ? FOTA_RESULT_FAILED_FOR_NOW
                                               : FOTA_RESULT_FAILED_FOR_GOOD;
}

static FotaResult
on_inspect(FotaSession *self, char **version, GError **error)
{
    return ask_version(self, "inspect", version, error);
}

static FotaResult
on_download(FotaSession *self, const FotaUpdate *update, GError **error)
{
    return fota_session_order(self, "download", 1, error) ? FOTA_RESULT_DONE
                                                          : FOTA_RESULT_FAILED_FOR_NOW;
}

/* As plugins do: what the module refuses gets the name that it has for the user. */
static FotaResult
on_install(FotaSession *self, const FotaUpdate *update, GError **error)
{
    g_autoptr(GError) local_error = NULL;

    if (fota_session_order(self, "install", 1, &local_error))
        return FOTA_RESULT_DONE;
    if (!g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED, "refused");
    return FOTA_RESULT_REFUSED;
}

/* A second line is the module's own word that the update has failed, or that it is not through
 * yet; the first may be empty. */
static FotaResult
on_outcome(FotaSession *self, const FotaUpdate *update, char **version, GError **error)
{
    return ask_version(self, "outcome", version, error);
}

/* What the module has begun, "" = nothing. */
static FotaResult
on_questions(FotaSession *self, FotaQuestion *question, GError **error)
{
    g_auto(GStrv) lines = fota_session_command(self, "questions", 1, error);

    if (lines == NULL)
        return FOTA_RESULT_FAILED_FOR_NOW;
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

static const FotaMethod method = {
    .size = sizeof(FotaMethod),
    .name = "test",
    .inspect = on_inspect,
    .download = on_download,
    .install = on_install,
    .outcome = on_outcome,
};

/* The answer is "go", "stop", or an error. */
static gboolean
on_commit(FotaMark mark, FotaCommit *answer, gpointer user_data, GError **error)
{
    static const char *const names[] = {
        [FOTA_MARK_DOWNLOADING] = "commit downloading",
        [FOTA_MARK_DOWNLOADED] = "commit downloaded",
        [FOTA_MARK_INSTALLING] = "commit installing",
    };
    g_auto(GStrv) lines = fota_session_command(user_data, names[mark], 1, error);

    *answer = lines != NULL && g_strcmp0(lines[0], "stop") == 0 ? FOTA_COMMIT_STOP : FOTA_COMMIT_GO;
    return lines != NULL;
}

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

#define NO_ERROR (-1)
#define CANCELLED (-2)
/* clang-format off */
#define END {NULL, NULL}
#define BEGIN {"commit downloading", "go"}, {"inspect", "A"}, {"download", ""}
#define BEGIN_INSTALL {"commit downloaded", "go"}, {"inspect", "A"}
#define ORDER {"commit installing", "go"}, {"install", ""}
#define REFUSED {"commit installing", "go"}, {"install", "!4"}
#define RESTART {FAKE_GONE, ""}, {FAKE_BACK, ""}
#define RESTS {FAKE_GONE, "-"}
#define RESUMES {"commit installing", "go"}, {"inspect", "A"}
#define MUTE RESTS, {"outcome", "?"}
/* clang-format on */

static const Case cases[] = {
    {"update",
     FOTA_JOB_UPDATE,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN, {"commit downloaded", "go"}, ORDER, RESTART, {"outcome", "B"}, END}},
    {"stopped-after-download",
     FOTA_JOB_UPDATE,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "A",
     TRUE,
     FALSE,
     0,
     {BEGIN, {"commit downloaded", "stop"}, END}},
    {"stopped-before-order",
     FOTA_JOB_UPDATE,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "A",
     TRUE,
     FALSE,
     0,
     {BEGIN, {"commit downloaded", "go"}, {"commit installing", "stop"}, END}},
    {"install",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "B"}, END}},
    {"install-stopped-at-once",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     NULL,
     TRUE,
     FALSE,
     0,
     {{"commit downloaded", "stop"}, END}},
    {"install-stopped-before-order",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "A",
     TRUE,
     FALSE,
     0,
     {BEGIN_INSTALL, {"commit installing", "stop"}, END}},
    {"unwritten",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_TRY_LATER,
     FOTA_MODULE_ERROR_MODULE_REFUSED,
     "A",
     FALSE,
     FALSE,
     0,
     {BEGIN_INSTALL, {"commit installing", "!not written"}, END}},
    /* What may be under way is never stopped by an answer. */
    {"resume",
     FOTA_JOB_RESUME,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     FALSE,
     1,
     {{"commit installing", "stop"}, {"inspect", "A"}, RESTART, {"outcome", "B"}, END}},
    /* From the order on, an ERROR is no end; only a version is. */
    {"order-refused",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_REFUSED,
     FOTA_MODULE_ERROR_INSTALL_REFUSED,
     "A",
     FALSE,
     TRUE,
     0,
     {BEGIN_INSTALL, REFUSED, RESTS, {"outcome", "A"}, END}},
    {"order-refused-and-installed",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, REFUSED, RESTART, {"outcome", "B"}, END}},
    {"order-refused-and-installed-unseen",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     0,
     {BEGIN_INSTALL, REFUSED, RESTS, {"outcome", "B"}, END}},
    {"order-refused-and-another-version",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_UNEXPECTED_VERSION,
     "C",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, REFUSED, RESTART, {"outcome", "C"}, RESTS, {"outcome", "C"}, END}},
    {"order-not-answered",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION,
     "A",
     FALSE,
     TRUE,
     0,
     {BEGIN_INSTALL, {"commit installing", "go"}, {"install", "?"}, RESTS, {"outcome", "A"}, END}},
    {"order-cancelled",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_NOW,
     CANCELLED,
     "A",
     FALSE,
     TRUE,
     0,
     {BEGIN_INSTALL, {"commit installing", "go"}, {FAKE_CANCEL, ""}, END}},
    {"outcome-refused",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "!4"}, RESTS, {"outcome", "B"}, END}},
    /* A plugin's slip: done, with neither a version nor an error. */
    {"outcome-without-version",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", ""}, RESTS, {"outcome", "B"}, END}},
    /* Of an outcome that could not be asked to its end an old version is none: it leaves just now,
     * or says that it is not through yet. */
    {"outcome-cut-off",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTS, {"outcome", "A\nnot now"}, RESTART, {"outcome", "B"}, END}},
    {"outcome-cut-off-with-the-new-version",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     0,
     {BEGIN_INSTALL, ORDER, RESTS, {"outcome", "B\nnot now"}, END}},
    {"outcome-says-failed",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "A",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "A\nfailed"}, END}},
    {"outcome-says-wrong-base",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_WRONG_BASE,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "A",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "\nwrong base"}, {"inspect", "A"}, END}},
    {"outcome-says-failed-without-version",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     "A",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "\nfailed"}, {"inspect", "A"}, END}},
    {"outcome-says-failed-and-nothing-else",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL,
      ORDER,
      RESTART,
      {"outcome", "\nfailed"},
      {"inspect", "!4"},
      RESTS,
      {"outcome", "B"},
      END}},
    {"outcome-says-failed-with-the-new-version",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "B\nfailed"}, END}},
    {"never-tells",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     NULL,
     FALSE,
     TRUE,
     0,
     {BEGIN_INSTALL, ORDER, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, MUTE, END}},
    {"not-back",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     NULL,
     FALSE,
     TRUE,
     1,
     {BEGIN_INSTALL, ORDER, {FAKE_GONE, ""}, {FAKE_BACK, "-"}, END}},
    {"leaves-again-and-not-back",
     FOTA_JOB_INSTALL,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     NULL,
     FALSE,
     TRUE,
     2,
     {BEGIN_INSTALL, ORDER, RESTART, {"outcome", "A"}, {FAKE_GONE, ""}, {FAKE_BACK, "-"}, END}},
    {"resume-refused",
     FOTA_JOB_RESUME,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     FALSE,
     0,
     {{"commit installing", "go"}, {"inspect", "!4"}, RESTS, {"outcome", "B"}, END}},
    {"resume-silent",
     FOTA_JOB_RESUME,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     FALSE,
     1,
     {{"commit installing", "go"}, {"inspect", "?"}, RESTART, {"outcome", "B"}, END}},
    {"resume-done-already",
     FOTA_JOB_RESUME,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     FALSE,
     0,
     {{"commit installing", "go"}, {"inspect", "B"}, END}},
    {"resume-unwritten",
     FOTA_JOB_RESUME,
     FOTA_RESULT_DONE,
     NO_ERROR,
     "B",
     FALSE,
     FALSE,
     0,
     {{"commit installing", "!not written"}, {"inspect", "B"}, END}},
    {"resume-old",
     FOTA_JOB_RESUME,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION,
     "A",
     FALSE,
     FALSE,
     0,
     {{"commit installing", "go"}, {"inspect", "A"}, RESTS, {"outcome", "A"}, END}},
    {"resume-cancelled",
     FOTA_JOB_RESUME,
     FOTA_RESULT_FAILED_FOR_NOW,
     CANCELLED,
     NULL,
     FALSE,
     FALSE,
     0,
     {{"commit installing", "go"}, {FAKE_CANCEL, ""}, END}},
};

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

static const struct {
    FotaJobKind kind;
    const char *recalled; /* restarts that an earlier fotad has seen */
    FotaResult result;
    int code;
    guint restarts;
    FakeExchange script[20];
} dummies[] = {
    {FOTA_JOB_UPDATE,
     NULL,
     FOTA_RESULT_DONE,
     NO_ERROR,
     2,
     {BEGIN,
      {"commit downloaded", "go"},
      ORDER,
      {FAKE_GONE, ""},
      {FAKE_SAVE, ""},
      {FAKE_BACK, ""},
      {"outcome", "A"},
      {FAKE_GONE, ""},
      {FAKE_SAVE, ""},
      {FAKE_BACK, ""},
      {"outcome", "A"},
      RESTS,
      {"outcome", "A"},
      END}},
    {FOTA_JOB_INSTALL,
     NULL,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION,
     0,
     {BEGIN_INSTALL, ORDER, RESTS, {"outcome", "A"}, END}},
    {FOTA_JOB_INSTALL,
     NULL,
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     1,
     {BEGIN_INSTALL,
      ORDER,
      {FAKE_GONE, ""},
      {FAKE_SAVE, ""},
      {FAKE_BACK, ""},
      {"outcome", "A\nfailed"},
      END}},
    {FOTA_JOB_INSTALL,
     NULL,
     FOTA_RESULT_REFUSED,
     FOTA_MODULE_ERROR_INSTALL_REFUSED,
     0,
     {BEGIN_INSTALL, REFUSED, RESTS, {"outcome", "A"}, END}},
    {FOTA_JOB_INSTALL,
     NULL,
     FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_UNEXPECTED_VERSION,
     1,
     {BEGIN_INSTALL,
      ORDER,
      {FAKE_GONE, ""},
      {FAKE_SAVE, ""},
      {FAKE_BACK, ""},
      {"outcome", "B"},
      RESTS,
      {"outcome", "B"},
      END}},
    {FOTA_JOB_RESUME,
     "1",
     FOTA_RESULT_DONE,
     NO_ERROR,
     1,
     {{"commit installing", "go"}, {"inspect", "A"}, RESTS, {"outcome", "A"}, END}},
    {FOTA_JOB_RESUME,
     "0",
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_OLD_VERSION,
     0,
     {{"commit installing", "go"}, {"inspect", "A"}, RESTS, {"outcome", "A"}, END}},
};

/* A dummy is installed although the version is there already, and followed until the module rests.
 */
static void
test_dummy(void)
{
    const FotaUpdate update = {.from = "A", .to = "A", .path = "delta"};

    for (guint i = 0; i < G_N_ELEMENTS(dummies); i++) {
        FotaSteps steps = {
            .kind = dummies[i].kind, .method = &method, .update = &update, .commit = on_commit};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        steps.session = steps.user_data = session =
            fake_session_new(SKELETON_MODELS, dummies[i].script);
        if (dummies[i].recalled != NULL)
            fota_session_remember(session, FOTA_JOB_RESTARTS, dummies[i].recalled);
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
    static const struct {
        FotaResult result;
        const char *version;
        FakeExchange script[16];
    } table[] = {
        {FOTA_RESULT_DONE,
         "B",
         {RESUMES,
          RESTS,
          {"outcome", "A"},
          {"questions", "yes"},
          {"follow", ""},
          RESTART,
          {"outcome", "B"},
          END}},
        /* It leaves while it is asked. */
        {FOTA_RESULT_DONE,
         "B",
         {RESUMES, RESTS, {"outcome", "A"}, {"questions", "-"}, RESTART, {"outcome", "B"}, END}},
        {FOTA_RESULT_FAILED_FOR_NOW,
         "A",
         {RESUMES, RESTS, {"outcome", "A"}, {"questions", ""}, END}},
        {FOTA_RESULT_DONE, "B", {RESUMES, RESTART, {"outcome", "B"}, END}},
    };
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

/* Nothing is written or ordered; the delta is loaded where it waits for the order. */
static void
test_rehearsal(void)
{
    static const FakeExchange loads[] = {{"inspect", "A"}, {"download", ""}, END};
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
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/steps/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_data_func("/steps/leave-time/refused", "!4", test_leave_time);
    g_test_add_data_func("/steps/leave-time/silent", "?", test_leave_time);
    g_test_add_data_func("/steps/leave-time/taken", "", test_leave_time);
    g_test_add_func("/steps/dummy", test_dummy);
    g_test_add_func("/steps/accepted", test_accepted);
    g_test_add_func("/steps/answer", test_answer);
    g_test_add_func("/steps/rehearsal", test_rehearsal);
    return g_test_run();
}
