/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "tests/unit/fake-plugin.h"

/* Premium FOTA Management: what the module asks, by #OTAEV, and what it is answered, by #OTASUAN.
 */

#define OLD "30.00.001-B026"
#define NEW "30.00.001-B026_FOTA"
#define SAYS(text)                                                                                 \
    {                                                                                              \
        FAKE_URC, "#OTAEV: " text                                                                  \
    }
#define ASKS SAYS("Do you want to upgrade the firmware?")
#define TOLD                                                                                       \
    {                                                                                              \
        "AT#OTASUAN=,2,1", ""                                                                      \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

static const FotaMethod *
find_method(void)
{
    for (const FotaMethod *const *method = fota_plugin.claims[0].methods; *method != NULL;
         method++) {
        if (strcmp((*method)->name, "premium") == 0)
            return *method;
    }
    g_assert_not_reached();
}

static FotaSession *
session_new(const FakeExchange *script)
{
    FotaSession *session = fake_session_new(TELIT_MODELS, script);

    fake_session_set_unsolicited(session, fota_plugin.unsolicited);
    return session;
}

/* clang-format off */
static const struct {
    FotaResult result;
    FotaQuestionKind kind;
    const char *text; /* NULL = nothing is asked or begun */
    const char *note; /* shown, NULL = nothing */
    FakeExchange script[6];
} questions[] = {
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, NULL, {TOLD, END}},
    {FOTA_RESULT_DONE, FOTA_QUESTION_DOWNLOAD, "Do you want to upgrade the firmware?", NULL,
     {TOLD, ASKS, END}},
    /* Twice, and in other capitals. */
    {FOTA_RESULT_DONE, FOTA_QUESTION_DOWNLOAD, "DO YOU WANT TO UPGRADE THE FIRMWARE?", NULL,
     {TOLD, ASKS, SAYS("DO YOU WANT TO UPGRADE THE FIRMWARE?"), END}},
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, NULL,
     {TOLD, ASKS, SAYS("User Answer Timeout"), END}},
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, "Automatic Fw Upgrade Requested", NULL,
     {TOLD, SAYS("Automatic Fw Upgrade Requested"), END}},
    /* It was answered by somebody else. */
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, "Start Fw Download", NULL,
     {TOLD, ASKS, SAYS("Start Fw Download"), END}},
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, NULL,
     {TOLD, SAYS("Fw Download Complete"), SAYS("Module Upgraded To New Fw"), END}},
    /* What the carrier does cannot be refused; the meaning of its numbers is shown. */
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, "#921: 1234 (the carrier's download begins)",
     "#916 (the carrier has no update)",
     {TOLD, SAYS("#916"), SAYS("#921: 1234"), END}},
    /* The end of a data session begins nothing. */
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, "#DREL", {TOLD, SAYS("#DREL"), END}},
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, "#999", {TOLD, SAYS("#999"), END}},
    /* What the document does not list is shown, and takes nothing back. */
    {FOTA_RESULT_DONE, FOTA_QUESTION_DOWNLOAD, "Do you want to upgrade the firmware?",
     "Fw Server Session 7 Open",
     {TOLD, ASKS, SAYS("Fw Server Session 7 Open"), {FAKE_URC, "+CREG: 1"}, END}},
    /* The carrier's client may have a session of its own meanwhile. */
    {FOTA_RESULT_DONE,
     FOTA_QUESTION_DOWNLOAD,
     "Do you want to upgrade the firmware?",
     "#912 (the carrier's server does not answer)",
     {TOLD, ASKS, SAYS("#912"), END}},
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, NULL, {TOLD, SAYS("#921"), SAYS("#913"), END}},
    /* Other firmware, which knows nothing of it. */
    {FOTA_RESULT_DONE, FOTA_QUESTION_NONE, NULL, "not needed",
     {{"AT#OTASUAN=,2,1", "!text ERROR"}, END}},
    {FOTA_RESULT_FAILED_FOR_NOW, FOTA_QUESTION_NONE, NULL, NULL, {{"AT#OTASUAN=,2,1", "-"}, END}},
};
/* clang-format on */

static void
test_questions(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        FotaSession *session = session_new(questions[i].script);
        g_auto(FotaQuestion) question = {0};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        g_assert_cmpint(find_method()->questions(session, &question, &error), ==,
                        questions[i].result);
        g_assert_cmpint(error == NULL, ==, questions[i].result == FOTA_RESULT_DONE);
        g_assert_cmpint(question.kind, ==, questions[i].kind);
        g_assert_cmpstr(question.text, ==, questions[i].text);
        g_assert_cmpint(question.may_reject, ==, questions[i].kind != FOTA_QUESTION_NONE);
        if (questions[i].note != NULL)
            g_assert_nonnull(strstr(fake_session_get_notes(session), questions[i].note));
        fake_session_finish(session);
    }
}

#define YES                                                                                        \
    {"AT#OTASUAN=1", ""},                                                                          \
    {                                                                                              \
        FAKE_SAVE, ""                                                                              \
    }
#define DONE FOTA_RESULT_DONE, 0

/* clang-format off */
static const struct {
    FotaQuestionKind kind;
    FotaAnswer answer;
    FotaResult result;
    int code; /* FotaModuleError, unless DONE */
    FakeExchange script[8];
} answers[] = {
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, DONE,
     {YES, SAYS("Start Fw Download"), SAYS("Fw Download Complete"), END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     {YES, SAYS("Start Fw Download"), SAYS("OTA FW Upgrade Failed"), END}},
    /* The question once more, crossing the answer, and what nobody knows. */
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, DONE,
     {YES, ASKS, SAYS("Fw Server Session 7 Open"), SAYS("Start Fw Download"),
      SAYS("Fw Download Complete"), END}},
    /* Too late: an ERROR, its own word, or an OK after which nothing begins. */
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED,
     {{"AT#OTASUAN=1", "!text ERROR"}, END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED,
     {YES, SAYS("User Answer Timeout"), END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED,
     {YES, END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_MODULE_SILENT,
     {YES, SAYS("Start Fw Download"), END}},
    {FOTA_QUESTION_DOWNLOAD,
     FOTA_ANSWER_ACCEPT,
     DONE,
     {YES, SAYS("#912"), SAYS("Start Fw Download"), SAYS("#915"), SAYS("Fw Download Complete"),
      END}},
    /* Nothing is answered where nothing is asked. */
    {FOTA_QUESTION_NONE, FOTA_ANSWER_ACCEPT, DONE, {SAYS("Fw Download Complete"), END}},
    {FOTA_QUESTION_NONE, FOTA_ANSWER_ACCEPT, DONE, {SAYS("#920"), SAYS("#907"), SAYS("#919"), END}},
    {FOTA_QUESTION_NONE, FOTA_ANSWER_ACCEPT, FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     {SAYS("#920"), SAYS("#929: 410"), END}},
    {FOTA_QUESTION_NONE, FOTA_ANSWER_ACCEPT, DONE, {SAYS("#929: 200"), END}},
    {FOTA_QUESTION_NONE,
     FOTA_ANSWER_ACCEPT,
     FOTA_RESULT_FAILED_FOR_NOW,
     FOTA_MODULE_ERROR_TRANSFER_FAILED,
     {SAYS("#920"), SAYS("#913"), END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_REJECT, DONE, {{"AT#OTASUAN=0", ""}, END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_REJECT, FOTA_RESULT_FAILED_FOR_GOOD,
     FOTA_MODULE_ERROR_QUESTION_EXPIRED,
     {{"AT#OTASUAN=0", "!text ERROR"}, END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_LATER, DONE,
     {{"AT#OTASUAN=?", "#OTASUAN: (0-2),(0-2),(0,1)"}, {"AT#OTASUAN=2", ""}, END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_LATER, DONE,
     {{"AT#OTASUAN=?", "#OTASUAN: (0,1,2),(0-2),(0,1)"}, {"AT#OTASUAN=2", ""}, END}},
    /* Older firmware has no such answer: silence. */
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_LATER, DONE,
     {{"AT#OTASUAN=?", "#OTASUAN: (0,1),(0-2),(0,1)"}, END}},
    {FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_LATER, DONE, {{"AT#OTASUAN=?", "!text ERROR"}, END}},
};
/* clang-format on */

static void
test_answer(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        FotaSession *session = session_new(answers[i].script);
        const FotaQuestion question = {.kind = answers[i].kind};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        g_assert_cmpint(find_method()->answer(session, &question, answers[i].answer, 0, &error), ==,
                        answers[i].result);
        if (answers[i].result == FOTA_RESULT_DONE)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_MODULE_ERROR, answers[i].code);
        fake_session_finish(session);
    }
}

/* Once the answer was yes, the module goes on, as long as it does not say something else. */
static void
test_accepted(void)
{
    static const struct {
        gboolean goes_on;
        FakeExchange script[6];
    } cases[] = {
        {TRUE, {YES, TOLD, END}},
        {TRUE, {YES, TOLD, SAYS("Start Fw Download"), END}},
        {FALSE, {YES, TOLD, SAYS("OTA FW Upgrade Failed"), END}},
        {FALSE, {YES, TOLD, SAYS("User Answer Timeout"), END}},
        /* It could not be written. */
        {TRUE, {{"AT#OTASUAN=1", ""}, {FAKE_SAVE, "-"}, TOLD, END}},
        {FALSE, {{"AT#OTASUAN=1", "!text ERROR"}, TOLD, END}},
    };
    const FotaQuestion asked = {.kind = FOTA_QUESTION_DOWNLOAD};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaSession *session = session_new(cases[i].script);
        g_auto(FotaQuestion) question = {0};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        find_method()->answer(session, &asked, FOTA_ANSWER_ACCEPT, 0, NULL);
        g_assert_cmpint(find_method()->questions(session, &question, &error), ==, FOTA_RESULT_DONE);
        g_assert_no_error(error);
        g_assert_cmpint(question.kind, ==, FOTA_QUESTION_NONE);
        g_assert_cmpint(question.text != NULL, ==, cases[i].goes_on);
        fake_session_finish(session);
    }
}

#define LATER(seconds)                                                                             \
    {                                                                                              \
        FAKE_LATER, #seconds                                                                       \
    }

/* It must begin within AnswerTime=, whatever else it says; PremiumTime= is between two lines; and a
 * day is the most. */
static void
test_limits(void)
{
    static const struct {
        guint seconds;
        int code;
        FakeExchange script[8];
    } cases[] = {
        {600, FOTA_MODULE_ERROR_QUESTION_EXPIRED, {YES, LATER(500), SAYS("#907"), END}},
        {600, FOTA_MODULE_ERROR_QUESTION_EXPIRED, {YES, LATER(600), SAYS("#907"), END}},
        {500 + 3600,
         FOTA_MODULE_ERROR_MODULE_SILENT,
         {YES, LATER(500), SAYS("Start Fw Download"), END}},
        {500 + 3000 + 3600,
         FOTA_MODULE_ERROR_MODULE_SILENT,
         {YES, LATER(500), SAYS("Start Fw Download"), LATER(3000), SAYS("Fw Server Session"), END}},
    };
    const FotaQuestion asked = {.kind = FOTA_QUESTION_DOWNLOAD};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaSession *session = session_new(cases[i].script);
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        find_method()->answer(session, &asked, FOTA_ANSWER_ACCEPT, 0, &error);
        g_assert_error(error, FOTA_MODULE_ERROR, cases[i].code);
        g_assert_cmpuint(fake_session_get_seconds(session), ==, cases[i].seconds);
        fake_session_finish(session);
    }
}

/* A line each half an hour. */
static void
test_day(void)
{
    FakeExchange script[2 + 2 * 48 + 1] = {YES};
    const FotaQuestion asked = {.kind = FOTA_QUESTION_DOWNLOAD};
    FotaSession *session;
    g_autoptr(GError) error = NULL;

    for (guint i = 2; i + 2 < G_N_ELEMENTS(script); i += 2) {
        script[i] = (FakeExchange){FAKE_LATER, i > 2 ? "1800" : "1"};
        script[i + 1] = (FakeExchange){FAKE_URC, "#OTAEV: Start Fw Download"};
    }
    session = session_new(script);
    find_method()->answer(session, &asked, FOTA_ANSWER_ACCEPT, 0, &error);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
    g_assert_cmpuint(fake_session_get_seconds(session), ==, 86400);
    fake_session_finish(session);
}

static void
test_outcome(void)
{
    static const struct {
        FotaResult result;
        FakeExchange script[4];
    } cases[] = {
        {FOTA_RESULT_DONE, {{"AT+GMR", NEW}, SAYS("Module Upgraded To New FW"), END}},
        {FOTA_RESULT_DONE, {{"AT+GMR", NEW}, END}},
        {FOTA_RESULT_DONE, {{"AT+GMR", NEW}, SAYS("#912"), END}},
        {FOTA_RESULT_FAILED_FOR_GOOD,
         {{"AT+GMR", NEW}, SAYS("Fw Server Session 7 Open"), SAYS("OTA FW Upgrade Failed"), END}},
    };
    const FotaUpdate update = {.from = OLD};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaSession *session = session_new(cases[i].script);
        g_autofree char *version = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(find_method()->outcome(session, &update, &version, &error), ==,
                        cases[i].result);
        g_assert_cmpstr(version, ==, NEW);
        fake_session_finish(session);
    }
}

/* Each number of the carrier's client: what it means is shown, and what the update makes of it. */
static void
test_carrier_numbers(void)
{
    static const struct {
        const char *line, *means;
        FotaResult result; /* of an update that is followed */
    } table[] = {
        {"#900", "is ready", FOTA_RESULT_FAILED_FOR_NOW},
        {"#907", "begins a session", FOTA_RESULT_FAILED_FOR_NOW},
        {"#911", "refuses the login", FOTA_RESULT_FAILED_FOR_NOW},
        {"#912", "does not answer", FOTA_RESULT_FAILED_FOR_NOW},
        {"#913", "lost the network", FOTA_RESULT_FAILED_FOR_NOW},
        {"#915", "session has failed", FOTA_RESULT_FAILED_FOR_NOW},
        {"#916", "no update", FOTA_RESULT_FAILED_FOR_NOW},
        {"#918", "access point", FOTA_RESULT_FAILED_FOR_NOW},
        {"#919", "is in the module", FOTA_RESULT_DONE},
        {"#920", "goes on", FOTA_RESULT_FAILED_FOR_NOW},
        {"#921: 1234", "begins", FOTA_RESULT_FAILED_FOR_NOW},
        {"#929: 200", "is done", FOTA_RESULT_DONE},
        {"#929: 402", "has failed", FOTA_RESULT_FAILED_FOR_NOW},
        {"#929: 403", "has failed", FOTA_RESULT_FAILED_FOR_NOW},
        {"#929: 404", "has failed", FOTA_RESULT_FAILED_FOR_NOW},
        {"#929: 406", "has failed", FOTA_RESULT_FAILED_FOR_NOW},
        {"#929: 410", "has failed", FOTA_RESULT_FAILED_FOR_NOW},
        {"#930", "is told the result", FOTA_RESULT_FAILED_FOR_NOW},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *line = g_strconcat("#OTAEV: ", table[i].line, NULL);
        const FakeExchange script[] = {{FAKE_URC, line}, END};
        FotaSession *session = session_new(script);
        const FotaQuestion question = {.kind = FOTA_QUESTION_NONE};
        g_autoptr(GError) error = NULL;

        g_test_message("%s", line);
        g_assert_cmpint(find_method()->answer(session, &question, FOTA_ANSWER_ACCEPT, 0, &error),
                        ==, table[i].result);
        g_assert_nonnull(strstr(fake_session_get_notes(session), table[i].means));
        fake_session_finish(session);
    }
}

/* #OTAIPUPD: the module asks its server. */
static void
test_start(void)
{
    static const FakeExchange good[] = {{"AT#OTAIPUPD", ""}, END};
    static const FakeExchange refused[] = {{"AT#OTAIPUPD", "!3"}, END};
    FotaSession *session = session_new(good);
    g_auto(FotaVendorOffer) offer = {0};
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(find_method()->ask(session, &offer, &error), ==, FOTA_RESULT_DONE);
    g_assert_no_error(error);
    g_assert_null(offer.version);
    fake_session_finish(session);
    session = session_new(refused);
    g_assert_cmpint(find_method()->ask(session, &offer, &error), ==, FOTA_RESULT_REFUSED);
    g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED);
    fake_session_finish(session);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/telit/asked/questions", test_questions);
    g_test_add_func("/telit/asked/answer", test_answer);
    g_test_add_func("/telit/asked/accepted", test_accepted);
    g_test_add_func("/telit/asked/limits", test_limits);
    g_test_add_func("/telit/asked/day", test_day);
    g_test_add_func("/telit/asked/outcome", test_outcome);
    g_test_add_func("/telit/asked/start", test_start);
    g_test_add_func("/telit/asked/carrier-numbers", test_carrier_numbers);
    return g_test_run();
}
