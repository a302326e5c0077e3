/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "daemon/job/fota-session.h"
#include "plugins/telit/telit-lines.h"
#include "tests/unit/fake-plugin.h"

/* What the carrier wants of a module: over LwM2M, with a question before the download and one
 * before the installation, and over OMA-DM, with one. */

#define LWM2M "ME310G1-WW"
#define OMA_DM "LE910-EU1"
#define BOTH "ME910C1-NA" /* LwM2M, beside the vendor's own server */

/* clang-format off */
#define HEARS(line) {FAKE_URC, line}
#define LEAVES {FAKE_URC, "-"}
#define RING_LOAD "#LWM2MFOTARING: 0,\"DOWNLOAD\""
#define RING_UPDATE "#LWM2MFOTARING: 0,\"UPDATE\""
#define DROPPED HEARS("#OTAEV: FOTA REQUEST DROPPED")
#define STATE(answer) {"AT#LWM2MFOTASTATE=0", "#LWM2MFOTASTATE: " answer}
#define NO_STATE {"AT#LWM2MFOTASTATE=0", "!text ERROR"}
#define PREMIUM {"AT#OTASUAN=,2,1", ""}
#define END {NULL, NULL}
#define PACKAGE "#SWMCHKUPD: 1,4096, Minor Bug Fixes and Added Functionality"
#define WANTS_LOAD "the carrier wants to download new firmware into the module"
#define WANTS_UPDATE "the carrier wants to install the firmware that the module has downloaded"
/* clang-format on */

static const FotaMethod *
find_method(const char *model)
{
    for (const FotaClaim *claim = fota_plugin.claims; claim->methods != NULL; claim++) {
        if (!g_pattern_match_simple(claim->model, model))
            continue;
        for (const FotaMethod *const *method = claim->methods; *method != NULL; method++) {
            if ((*method)->route == FOTA_ROUTE_ASKED)
                return *method;
        }
    }
    g_assert_not_reached();
}

static FotaSession *
session_new(const char *model, const FakeExchange *script)
{
    FotaSession *session = fake_session_new(TELIT_MODELS, script);

    fake_session_set_model(session, model);
    fake_session_set_unsolicited(session, fota_plugin.unsolicited);
    return session;
}

/* clang-format off */
static const struct {
    const char *line;
    FotaLineKind kind; /* 0 = the table does not list it */
    gint64 number, code;
    const char *text;
} lines[] = {
    {RING_LOAD, FOTA_LINE_CARRIER_QUESTION, TELIT_REPORT_RING_DOWNLOAD, 0, WANTS_LOAD},
    {"#lwm2mfotaring:2, download", FOTA_LINE_CARRIER_QUESTION, TELIT_REPORT_RING_DOWNLOAD, 2,
     WANTS_LOAD},
    {RING_UPDATE, FOTA_LINE_CARRIER_QUESTION, TELIT_REPORT_RING_UPDATE, 0, WANTS_UPDATE},
    {"#LWM2MFOTARING: 0,\"REBOOT\"", 0, 0, 0, NULL},
    {"#LWM2MFOTARING: \"DOWNLOAD\"", 0, 0, 0, NULL},
    {"#LWM2MFOTARING: 0", 0, 0, 0, NULL},
    {"#LWM2MFOTARING: 999,\"DOWNLOAD\"", 0, 0, 0, NULL},
    {"\xef\xbf\xbd" RING_LOAD, 0, 0, 0, NULL},
    {"#OTAEV: FOTA REQUEST DROPPED", FOTA_LINE_FAILED, TELIT_REPORT_DROPPED, -1,
     "FOTA REQUEST DROPPED"},
    {PACKAGE, FOTA_LINE_CARRIER_QUESTION, TELIT_REPORT_PACKAGE, 4096,
     "Minor Bug Fixes and Added Functionality"},
    {"#SWMCHKUPD: 1,4096", FOTA_LINE_CARRIER_QUESTION, TELIT_REPORT_PACKAGE, 4096,
     "the carrier has an update"},
    {"#SWMCHKUPD: 1,4096,", FOTA_LINE_CARRIER_QUESTION, TELIT_REPORT_PACKAGE, 4096,
     "the carrier has an update"},
    {"#SWMCHKUPD: 1,4096,text,https://fw.example/notes", FOTA_LINE_CARRIER_QUESTION,
     TELIT_REPORT_PACKAGE, 4096, "text,https://fw.example/notes"},
    {"#SWMCHKUPD: 0", FOTA_LINE_FAILED, TELIT_REPORT_NO_PACKAGE, 0, "the carrier has no update"},
    {"#SWMCHKUPD: 7", FOTA_LINE_REPORT, TELIT_REPORT_OTHER, -1, "#SWMCHKUPD: 7"},
    {"#SWMCHKUPD: ", 0, 0, 0, NULL},
    {"#SWMDLPRGRSS: 512,4096", FOTA_LINE_CARRIER, TELIT_REPORT_RECEIVED, 512,
     "the carrier's download goes on"},
    {"#SWMRING: 2", FOTA_LINE_CARRIER, TELIT_REPORT_DOWNLOADED, 0,
     "the carrier's delta is in the module"},
    {"#SWMRING: 1,text", FOTA_LINE_REPORT, TELIT_REPORT_OTHER, -1, "#SWMRING: 1,text"},
    {"#DREL", FOTA_LINE_REPORT, TELIT_RELEASED, -1, "#DREL"},
};
/* clang-format on */

static void
test_lines(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(FotaHeard) heard = {0};

        g_test_message("%s", lines[i].line);
        g_assert_cmpint(fota_heard_read(fota_plugin.unsolicited, lines[i].line, &heard), ==,
                        lines[i].kind != 0);
        g_assert_cmpint(heard.kind, ==, lines[i].kind);
        g_assert_cmpstr(heard.text, ==, lines[i].text);
        if (lines[i].kind == 0)
            continue;
        g_assert_cmpint(heard.number, ==, lines[i].number);
        g_assert_cmpint(heard.code, ==, lines[i].code);
    }
}

typedef struct {
    const char *model;
    const char *answered; /* what was remembered, NULL = nothing */
    FotaQuestionKind kind;
    gboolean may_reject;
    guint seconds;
    guint64 size;
    const char *text; /* NULL = nothing is asked or begun */
    FakeExchange script[7];
} QuestionCase;

/* clang-format off */
#define HEARD_COUNTS(...)                                                                          \
    {LWM2M, NULL, FOTA_QUESTION_DOWNLOAD_FIRST, FALSE, 0, 0, WANTS_LOAD,                           \
     {HEARS(RING_LOAD), __VA_ARGS__, END}}

static const QuestionCase questions[] = {
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL, {STATE("0,0,0,0"), END}},
    /* The state knows how long it waits. */
    {LWM2M, NULL, FOTA_QUESTION_DOWNLOAD_FIRST, FALSE, 900, 0, WANTS_LOAD,
     {HEARS(RING_LOAD), STATE("0,1,2,900"), END}},
    {LWM2M, NULL, FOTA_QUESTION_INSTALL, FALSE, 60, 0, WANTS_UPDATE,
     {HEARS(RING_UPDATE), HEARS(RING_UPDATE), STATE("0, 3, 6, 60"), END}},
    /* Firmware without that command, or with another answer: what was heard counts. */
    HEARD_COUNTS(NO_STATE),
    HEARD_COUNTS(STATE("0,2,1,900")),
    HEARD_COUNTS(STATE("1,2,900")),
    HEARD_COUNTS(STATE("0,1,WAIT_DWL_ACK,900")),
    HEARD_COUNTS(STATE("1,1,2,900")),
    HEARD_COUNTS(STATE("0,1,99,900")),
    HEARD_COUNTS({"AT#LWM2MFOTASTATE=0", ""}),
    /* What the module asks though nothing was heard stands for the line. */
    {LWM2M, NULL, FOTA_QUESTION_DOWNLOAD_FIRST, FALSE, 900, 0, RING_LOAD,
     {STATE("0,1,2,900"), END}},
    {LWM2M, NULL, FOTA_QUESTION_INSTALL, FALSE, 0, 0, RING_UPDATE,
     {HEARS(RING_LOAD), STATE("0,3,6,0"), END}},
    /* It is over: by its time, or while nobody listened. */
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL,
     {HEARS(RING_LOAD), DROPPED, STATE("0,0,0,0"), END}},
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL,
     {HEARS(RING_LOAD), STATE("0,0,8,0"), END}},
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL,
     {HEARS(RING_LOAD), STATE("0,1,9,0"), END}},
    /* Somebody else has answered. */
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL,
     {HEARS(RING_LOAD), STATE("0,1,3,0"), END}},
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL,
     {HEARS(RING_UPDATE), STATE("0,2,5,0"), END}},
    /* Our own answer was out when fotad was ended, or was not. */
    {LWM2M, "0 DOWNLOAD", FOTA_QUESTION_DOWNLOAD_FIRST, FALSE, 0, 0, WANTS_LOAD,
     {HEARS(RING_LOAD), STATE("0,1,3,0"), END}},
    {LWM2M, "0 DOWNLOAD", FOTA_QUESTION_DOWNLOAD_FIRST, FALSE, 0, 0, WANTS_LOAD,
     {HEARS(RING_LOAD), NO_STATE, END}},
    {LWM2M, "0 UPDATE", FOTA_QUESTION_NONE, FALSE, 0, 0, "the answer was yes",
     {HEARS(RING_UPDATE), NO_STATE, END}},
    {LWM2M, "0 UPDATE", FOTA_QUESTION_NONE, FALSE, 0, 0, "the module installs the carrier's update",
     {STATE("0,3,7,0"), END}},
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, "the module installs the carrier's update",
     {HEARS(RING_UPDATE), STATE("0,3,7,0"), END}},
    /* It may say so for a while after an update that has ended. */
    {LWM2M, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL, {STATE("0,3,7,0"), END}},
    /* Another agent, and beside the vendor's own server. */
    {LWM2M, NULL, FOTA_QUESTION_INSTALL, FALSE, 5, 0, WANTS_UPDATE,
     {HEARS("#LWM2MFOTARING: 1,\"UPDATE\""), {"AT#LWM2MFOTASTATE=1", "#LWM2MFOTASTATE: 1,3,6,5"},
      END}},
    {BOTH, NULL, FOTA_QUESTION_DOWNLOAD_FIRST, FALSE, 900, 0, WANTS_LOAD,
     {PREMIUM, HEARS(RING_LOAD), STATE("0,1,2,900"), END}},
    {BOTH, NULL, FOTA_QUESTION_DOWNLOAD, TRUE, 0, 0, "Do you want to upgrade the firmware?",
     {PREMIUM, HEARS("#OTAEV: Do you want to upgrade the firmware?"), END}},
    {BOTH, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, "#921 (the carrier's download begins)",
     {PREMIUM, HEARS("#OTAEV: #921"), END}},
    /* OMA-DM: nothing is asked of the client here. */
    {OMA_DM, NULL, FOTA_QUESTION_DOWNLOAD, TRUE, 0, 4096, "Minor Bug Fixes and Added Functionality",
     {PREMIUM, HEARS(PACKAGE), HEARS(PACKAGE), END}},
    {OMA_DM, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, NULL,
     {PREMIUM, HEARS(PACKAGE), HEARS("#SWMCHKUPD: 0"), END}},
    {OMA_DM, NULL, FOTA_QUESTION_DOWNLOAD, TRUE, 0, 4096, "Minor Bug Fixes and Added Functionality",
     {PREMIUM, HEARS(PACKAGE), HEARS("#SWMRING: 1"), END}},
    {OMA_DM, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, "the carrier's download goes on",
     {PREMIUM, HEARS(PACKAGE), HEARS("#SWMDLPRGRSS: 1,4096"), END}},
    {OMA_DM, NULL, FOTA_QUESTION_NONE, FALSE, 0, 0, "the carrier's delta is in the module",
     {PREMIUM, HEARS("#SWMRING: 2"), END}},
};
/* clang-format on */

static void
test_questions(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        const QuestionCase *c = &questions[i];
        FotaSession *session = session_new(c->model, c->script);
        g_auto(FotaQuestion) question = {0};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        if (c->answered != NULL)
            fota_session_remember(session, "Answered", c->answered);
        g_assert_cmpint(find_method(c->model)->questions(session, &question, &error), ==,
                        FOTA_RESULT_DONE);
        g_assert_no_error(error);
        g_assert_cmpint(question.kind, ==, c->kind);
        g_assert_cmpint(question.may_reject, ==, c->may_reject);
        g_assert_cmpuint(question.seconds, ==, c->seconds);
        g_assert_cmpuint(question.size, ==, c->size);
        g_assert_cmpstr(question.text, ==, c->text);
        fake_session_finish(session);
    }
}

/* A module that has left cannot be asked. */
static void
test_questions_gone(void)
{
    static const FakeExchange scripts[][3] = {
        {{"AT#LWM2MFOTASTATE=0", "-"}, END},
        {LEAVES, END},
    };

    for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
        FotaSession *session = session_new(LWM2M, scripts[i]);
        g_auto(FotaQuestion) question = {0};
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(find_method(LWM2M)->questions(session, &question, &error), ==,
                        FOTA_RESULT_FAILED_FOR_NOW);
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE);
        fake_session_finish(session);
    }
}

typedef struct {
    const char *answered;
    FotaQuestionKind kind;
    FotaAnswer answer;
    FotaResult result;
    int code; /* FotaModuleError, unless DONE */
    FakeExchange script[8];
} AnswerCase;

/* clang-format off */
#define DONE FOTA_RESULT_DONE, 0
#define FOR_GOOD(name) FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_##name
#define FOR_NOW(name) FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_##name
#define FIRST FOTA_QUESTION_DOWNLOAD_FIRST, FOTA_ANSWER_ACCEPT
#define SECOND FOTA_QUESTION_INSTALL, FOTA_ANSWER_ACCEPT
#define YES {FAKE_SAVE, ""}, {"AT#LWM2MFOTAACK=0,1", ""}

static const AnswerCase lwm2m_answers[] = {
    {NULL, FIRST, DONE, {YES, HEARS(RING_LOAD), HEARS(RING_UPDATE), END}},
    /* The ring was lost, and the agent tells that it waits. */
    {NULL, FIRST, DONE, {YES, STATE("0,1,3,0"), STATE("0,2,4,0"), STATE("0,2,5,0"),
        STATE("0,3,6,900"), END}},
    {NULL, FIRST, DONE, {YES, STATE("0,3,7,0"), END}},
    {NULL, FIRST, DONE, {YES, HEARS("#OTAEV: Module Upgraded To New Fw"), END}},
    /* What is of another agent, or nothing, ends nothing. */
    {NULL, FIRST, DONE, {YES, HEARS("#LWM2MFOTARING: 1,\"UPDATE\""), HEARS("#OTAEV: #907"),
        HEARS(RING_UPDATE), END}},
    {NULL, FIRST, FOR_GOOD(QUESTION_EXPIRED), {YES, DROPPED, END}},
    {NULL, FIRST, FOR_GOOD(TRANSFER_FAILED), {YES, HEARS("#OTAEV: \"DOWNLOAD FAILED\""), END}},
    {NULL, FIRST, FOR_GOOD(TRANSFER_FAILED),
        {YES, HEARS("#OTAEV: \"INTEGRITY CHECK FAIL\",21"), END}},
    {NULL, FIRST, FOR_GOOD(TRANSFER_FAILED), {YES, STATE("0,0,0,0"), END}},
    {NULL, FIRST, FOR_GOOD(TRANSFER_FAILED), {YES, STATE("0,1,9,0"), END}},
    {NULL, FIRST, FOR_NOW(MODULE_GONE), {YES, LEAVES, END}},
    {NULL, FIRST, FOR_NOW(MODULE_GONE), {YES, {"AT#LWM2MFOTASTATE=0", "-"}, END}},
    /* Too late, or not on disk, without which nothing is sent. */
    {NULL, FIRST, FOR_GOOD(QUESTION_EXPIRED),
        {{FAKE_SAVE, ""}, {"AT#LWM2MFOTAACK=0,1", "!text ERROR"}, END}},
    {NULL, FIRST, FOTA_RESULT_FAILED_FOR_NOW, -1, {{FAKE_SAVE, "-"}, END}},
    /* Whoever goes on after a kill does not answer again. */
    {"0 DOWNLOAD", FIRST, DONE, {HEARS(RING_UPDATE), END}},
    {"0 DOWNLOAD", SECOND, DONE, {YES, LEAVES, END}},
    {"0 UPDATE", SECOND, DONE, {LEAVES, END}},
    {NULL, SECOND, DONE, {YES, LEAVES, END}},
    {NULL, SECOND, DONE, {YES, HEARS(RING_UPDATE), LEAVES, END}},
    {NULL, SECOND, FOR_GOOD(QUESTION_EXPIRED), {YES, DROPPED, END}},
    {NULL, SECOND, FOR_GOOD(QUESTION_EXPIRED), {YES, END}},
    {NULL, SECOND, FOR_NOW(TRANSFER_FAILED), {YES, HEARS("#OTAEV: OTA FW Upgrade Failed"), END}},
    /* No other number is published: nothing is sent. */
    {NULL, FOTA_QUESTION_DOWNLOAD_FIRST, FOTA_ANSWER_REJECT, DONE, {END}},
    {NULL, FOTA_QUESTION_DOWNLOAD_FIRST, FOTA_ANSWER_LATER, DONE, {END}},
    {NULL, FOTA_QUESTION_INSTALL, FOTA_ANSWER_LATER, DONE, {END}},
};

#define ACCEPTED {"AT#SWMGETDP=1", ""}, {FAKE_SAVE, ""}

static const AnswerCase oma_dm_answers[] = {
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, DONE,
     {ACCEPTED, HEARS("#SWMDLPRGRSS: 512,4096"), HEARS("#SWMDLPRGRSS: 4096,4096"),
      HEARS("#SWMRING: 2"), END}},
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, DONE, {ACCEPTED, LEAVES, END}},
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOR_GOOD(QUESTION_EXPIRED),
     {ACCEPTED, HEARS("#SWMCHKUPD: 0"), END}},
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOR_NOW(MODULE_SILENT),
     {ACCEPTED, HEARS("#SWMDLPRGRSS: 512,4096"), END}},
    /* As it is before #SWMENA=1. */
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_ACCEPT, FOR_GOOD(QUESTION_EXPIRED),
     {{"AT#SWMGETDP=1", "!text ERROR"}, END}},
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_REJECT, DONE, {{"AT#SWMGETDP=0", ""}, END}},
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_REJECT, FOR_GOOD(QUESTION_EXPIRED),
     {{"AT#SWMGETDP=0", "!text ERROR"}, END}},
    {NULL, FOTA_QUESTION_DOWNLOAD, FOTA_ANSWER_LATER, DONE, {END}},
};
/* clang-format on */

static void
check_answer(const char *model, const AnswerCase *c, gint64 number)
{
    FotaSession *session = session_new(model, c->script);
    const FotaQuestion question = {.kind = c->kind, .number = number, .size = 4096};
    g_autoptr(GError) error = NULL;

    if (c->answered != NULL)
        fota_session_remember(session, "Answered", c->answered);
    g_assert_cmpint(find_method(model)->answer(session, &question, c->answer, 0, &error), ==,
                    c->result);
    if (c->result == FOTA_RESULT_DONE)
        g_assert_no_error(error);
    else if (c->code >= 0)
        g_assert_error(error, FOTA_MODULE_ERROR, c->code);
    else
        g_assert_nonnull(error);
    fake_session_finish(session);
}

static void
test_lwm2m_answers(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(lwm2m_answers); i++) {
        g_test_message("case %u", i);
        check_answer(LWM2M, &lwm2m_answers[i], 16);
    }
}

static void
test_oma_dm_answers(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(oma_dm_answers); i++) {
        g_test_message("case %u", i);
        check_answer(OMA_DM, &oma_dm_answers[i], 1);
    }
}

/* A download is followed for as long as the agent says how it stands, but not without an end, and
 * in silence for an hour. */
static void
test_load_ends(void)
{
    static const FakeExchange silent[62] = {YES};
    FakeExchange script[1600] = {YES};

    for (guint i = 0; i < 2; i++) {
        const gboolean told = i == 1;
        guint looks = told ? 1440 : 60;
        const FotaQuestion question = {.kind = FOTA_QUESTION_DOWNLOAD_FIRST, .number = 16};
        FotaSession *session;
        g_autoptr(GError) error = NULL;

        memcpy(script, silent, sizeof(silent));
        for (guint j = 0; j < looks; j++)
            script[2 + j] = told ? (FakeExchange)STATE("0,1,3,0") : (FakeExchange)NO_STATE;
        script[2 + looks] = (FakeExchange)END;
        session = session_new(LWM2M, script);
        g_assert_cmpint(
            find_method(LWM2M)->answer(session, &question, FOTA_ANSWER_ACCEPT, 0, &error), ==,
            FOTA_RESULT_FAILED_FOR_NOW);
        g_assert_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
        fake_session_finish(session);
    }
}

/* What is received is told, as far as the client tells it. */
static void
test_progress(void)
{
    static const FakeExchange script[] = {ACCEPTED, HEARS("#SWMDLPRGRSS: 1024,4096"),
                                          HEARS("#SWMRING: 2"), END};
    FotaSession *session = session_new(OMA_DM, script);
    const FotaQuestion question = {.kind = FOTA_QUESTION_DOWNLOAD, .number = 1, .size = 4096};

    g_assert_cmpint(find_method(OMA_DM)->answer(session, &question, FOTA_ANSWER_ACCEPT, 0, NULL),
                    ==, FOTA_RESULT_DONE);
    g_assert_cmpuint(fake_session_get_received(session), ==, 1024);
    g_assert_cmpuint(fake_session_get_total(session), ==, 4096);
    fake_session_finish(session);
}

/* The carrier's server is asked beside the vendor's, where the client is on. */
static void
test_start(void)
{
    static const struct {
        FotaResult result;
        FakeExchange script[5];
    } cases[] = {
        {FOTA_RESULT_DONE,
         {{"AT#SWMENA?", "#SWMENA: 1"}, {"AT#SWMCHKUPD", ""}, {"AT#OTAIPUPD", ""}, END}},
        {FOTA_RESULT_DONE,
         {{"AT#SWMENA?", "#SWMENA: 1"}, {"AT#SWMCHKUPD", ""}, {"AT#OTAIPUPD", "!3"}, END}},
        {FOTA_RESULT_REFUSED,
         {{"AT#SWMENA?", "#SWMENA: 1"},
          {"AT#SWMCHKUPD", "!text ERROR"},
          {"AT#OTAIPUPD", "!3"},
          END}},
        /* It is not switched on. */
        {FOTA_RESULT_REFUSED, {{"AT#SWMENA?", "#SWMENA: 0"}, {"AT#OTAIPUPD", "!3"}, END}},
        {FOTA_RESULT_DONE, {{"AT#SWMENA?", "!text ERROR"}, {"AT#OTAIPUPD", ""}, END}},
        {FOTA_RESULT_FAILED_FOR_NOW, {{"AT#SWMENA?", "-"}, END}},
        {FOTA_RESULT_FAILED_FOR_NOW, {{"AT#SWMENA?", "#SWMENA: 1"}, {"AT#SWMCHKUPD", "-"}, END}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaSession *session = session_new(OMA_DM, cases[i].script);
        g_auto(FotaVendorOffer) offer = {0};
        g_autoptr(GError) error = NULL;

        g_test_message("case %u", i);
        g_assert_cmpint(find_method(OMA_DM)->ask(session, &offer, &error), ==, cases[i].result);
        g_assert_cmpint(error == NULL, ==, cases[i].result == FOTA_RESULT_DONE);
        fake_session_finish(session);
    }
    g_assert_null(find_method(LWM2M)->ask);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/telit/carrier/lines", test_lines);
    g_test_add_func("/telit/carrier/questions", test_questions);
    g_test_add_func("/telit/carrier/questions-gone", test_questions_gone);
    g_test_add_func("/telit/carrier/lwm2m-answers", test_lwm2m_answers);
    g_test_add_func("/telit/carrier/oma-dm-answers", test_oma_dm_answers);
    g_test_add_func("/telit/carrier/load-ends", test_load_ends);
    g_test_add_func("/telit/carrier/progress", test_progress);
    g_test_add_func("/telit/carrier/start", test_start);
    return g_test_run();
}
