/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "daemon/at/fota-at-listener.h"
#include "daemon/module/fota-questions.h"

/* The questions of one module: from the line that is heard to the offer, with its record on disk.
 */

#define IMEI "353081090012345"
#define ASKS "#OTAEV: Do you want to upgrade the firmware?"
#define TIMEOUT "#OTAEV: User Answer Timeout"
#define FIRST "#RING: DOWNLOAD"
#define SECOND "#RING: UPDATE"

static const FotaUnsolicited table[] = {
    {"#OTAEV: Do you want", FOTA_LINE_QUESTION, NULL},
    {"#OTAEV: Start", FOTA_LINE_STATE, NULL},
    {"#OTAEV: #921", FOTA_LINE_CARRIER, NULL},
    {"#OTAEV: User", FOTA_LINE_FAILED, NULL},
    {"#OTAEV:", FOTA_LINE_REPORT, NULL},
    {"#RING:", FOTA_LINE_CARRIER_QUESTION, NULL},
    {NULL, 0, NULL},
};

typedef struct {
    char *directory;
    FotaStore *store;
    GObject *owner;
    FotaKeeper *keeper;
    FotaRecord *record;
    FotaQuestions *questions;
} Fixture;

/* The line that has come to the port when that is given up. */
static struct {
    void (*heard)(const char *line, gpointer user_data);
    gpointer user_data;
    const char *line;
} port;
static guint told; /* how often the owner was */

FotaAtListener *__real_fota_at_listener_new(void (*heard)(const char *, gpointer), gpointer data);
FotaAtListener *__wrap_fota_at_listener_new(void (*heard)(const char *, gpointer), gpointer data);
void __wrap_fota_at_listener_set_device(FotaAtListener *listener, const char *device);

FotaAtListener *
__wrap_fota_at_listener_new(void (*heard)(const char *, gpointer), gpointer data)
{
    port.heard = heard;
    port.user_data = data;
    return __real_fota_at_listener_new(heard, data);
}

void
__wrap_fota_at_listener_set_device(FotaAtListener *listener, const char *device)
{
    const char *line = g_steal_pointer(&port.line);

    if (device == NULL && line != NULL)
        port.heard(line, port.user_data);
}

static void
on_changed(gpointer object)
{
    told++;
}

static void
start(Fixture *fixture)
{
    const FotaPartOwner owner = {fixture->owner, on_changed};
    const FotaQuestionsPlace place = {
        .device = "/sys/none", .start = "1", .table = table, .source = FOTA_SOURCE_MODULE};
    g_autoptr(GError) error = NULL;

    fixture->record = fota_store_load(fixture->store, IMEI, &error);
    g_assert_no_error(error);
    fixture->keeper = fota_keeper_new(fixture->store, fixture->record, &owner);
    fixture->questions = fota_questions_new(fixture->keeper, &owner);
    fota_questions_listen(fixture->questions, &place);
    fota_questions_give_up(fixture->questions);
}

static void
write_all(Fixture *fixture)
{
    while (fixture->owner->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
}

static void
stop(Fixture *fixture)
{
    write_all(fixture);
    fota_questions_free(fixture->questions);
    fota_keeper_free(fixture->keeper);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->owner = g_object_new(G_TYPE_OBJECT, NULL);
    fixture->store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
    start(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);
    const char *name;

    stop(fixture);
    fota_store_free(fixture->store);
    g_object_unref(fixture->owner);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

        g_remove(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
}

/* The plugin has read the question that is open. */
static void
read_question(Fixture *fixture)
{
    const FotaQuestion question = {.kind = FOTA_QUESTION_DOWNLOAD, .may_reject = TRUE};

    fota_questions_take(fixture->questions, &question, ASKS);
}

static void
open_question(Fixture *fixture)
{
    fota_questions_hear(fixture->questions, ASKS);
    read_question(fixture);
    write_all(fixture);
    g_assert_nonnull(fota_questions_get(fixture->questions));
}

/* An end that nobody has been told of. */
static void
assert_end(Fixture *fixture, const char *how)
{
    g_auto(FotaQuestionEnd) end = {0};

    g_assert_cmpint(fota_questions_take_end(fixture->questions, &end), ==, how != NULL);
    g_assert_cmpstr(end.how, ==, how);
}

/* What is no question leaves everything as it is. */
static void
test_garbage(Fixture *fixture, gconstpointer data)
{
    g_autofree char *endless = g_strnfill(4096, 'x');
    g_autofree char *long_question = g_strconcat(ASKS, endless, NULL);
    const char *const lines[] = {"",      "RING",        "#OTAEV",   "\xef\xbf\xbd" ASKS,
                                 endless, long_question, "+CREG: 1", "#OTAEV: Notified",
                                 TIMEOUT};

    read_question(fixture); /* nothing is due any more */
    fota_questions_close(fixture->questions);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        fota_questions_hear(fixture->questions, lines[i]);
        g_assert_cmpstr(fixture->record->question, ==, "");
        g_assert_false(fota_questions_are_due(fixture->questions));
        assert_end(fixture, NULL);
    }
}

/* fotad offers nothing before it is on disk, and the same line twice is one question. */
static void
test_offered(Fixture *fixture, gconstpointer data)
{
    g_autofree char *digest = NULL;
    guint64 heard;

    fota_questions_hear(fixture->questions, ASKS);
    heard = fixture->record->question_heard;
    g_assert_true(fota_questions_are_due(fixture->questions));
    read_question(fixture);
    g_assert_null(fota_questions_get(fixture->questions));
    write_all(fixture);
    g_assert_nonnull(fota_questions_get(fixture->questions));
    digest = g_strdup(fota_questions_get_manifest(fixture->questions)->digest);
    fota_questions_hear(fixture->questions, ASKS);
    g_assert_cmpuint(fixture->record->question_heard, ==, heard);
    g_assert_false(fota_questions_are_due(fixture->questions));
    /* A restart of fotad keeps it, with the same digest and thus the same token. */
    stop(fixture);
    start(fixture);
    g_assert_cmpstr(fixture->record->question, ==, ASKS);
    g_assert_null(fota_questions_get(fixture->questions));
    g_assert_true(fota_questions_are_due(fixture->questions));
    read_question(fixture);
    write_all(fixture);
    g_assert_cmpstr(fota_questions_get_manifest(fixture->questions)->digest, ==, digest);
}

/* No and "not yet" are told once; "not yet" again each time that the module asks again. */
static void
test_answers(Fixture *fixture, gconstpointer data)
{
    FotaAnswer answer;

    g_assert_false(fota_questions_find_answer(fixture->questions, TRUE, &answer));
    open_question(fixture);
    g_assert_false(fota_questions_find_answer(fixture->questions, FALSE, &answer));
    for (guint i = 0; i < 2; i++) {
        g_assert_true(fota_questions_find_answer(fixture->questions, TRUE, &answer));
        g_assert_cmpint(answer, ==, FOTA_ANSWER_LATER);
        fota_questions_note_told(fixture->questions, answer);
        g_assert_false(fota_questions_find_answer(fixture->questions, TRUE, &answer));
        fota_questions_hear(fixture->questions, ASKS);
    }
    fota_questions_refuse(fixture->questions, "token");
    g_assert_true(fota_questions_find_answer(fixture->questions, FALSE, &answer));
    g_assert_cmpint(answer, ==, FOTA_ANSWER_REJECT);
    /* What was not told is told after a while, and not for ever. */
    fota_questions_fail(fixture->questions, FALSE);
    g_assert_false(fota_questions_find_answer(fixture->questions, FALSE, &answer));
    g_assert_cmpstr(fixture->record->question, ==, ASKS);
    fota_questions_fail(fixture->questions, FALSE);
    fota_questions_fail(fixture->questions, FALSE);
    g_assert_cmpstr(fixture->record->question, ==, "");
}

/* What is left to be heard of an update is about that update, but for a question. */
static void
test_beside_update(Fixture *fixture, gconstpointer data)
{
    read_question(fixture);
    fota_questions_close(fixture->questions);
    fota_questions_note(fixture->questions, "#OTAEV: Start Fw Download");
    fota_questions_note(fixture->questions, TIMEOUT);
    g_assert_cmpstr(fixture->record->question, ==, "");
    fota_questions_note(fixture->questions, ASKS);
    g_assert_cmpstr(fixture->record->question, ==, ASKS);
    fota_questions_note(fixture->questions, TIMEOUT);
    assert_end(fixture, NULL);
}

/* Only an application that was asked, and has not refused, is told that the question is over. */
static void
test_ends(Fixture *fixture, gconstpointer data)
{
    const FotaQuestion none = {.kind = FOTA_QUESTION_NONE};

    open_question(fixture);
    fota_questions_hear(fixture->questions, TIMEOUT);
    assert_end(fixture, NULL);
    g_assert_cmpstr(fixture->record->question, ==, "");
    open_question(fixture);
    fota_questions_note_asked(fixture->questions);
    fota_questions_hear(fixture->questions, TIMEOUT);
    assert_end(fixture, "Answer Timeout");
    assert_end(fixture, NULL);
    open_question(fixture);
    fota_questions_note_asked(fixture->questions);
    fota_questions_take(fixture->questions, &none, NULL);
    assert_end(fixture, "the module no longer asks");
    open_question(fixture);
    fota_questions_note_asked(fixture->questions);
    fota_questions_refuse(fixture->questions, "token");
    fota_questions_hear(fixture->questions, TIMEOUT);
    assert_end(fixture, NULL);
}

/* What the module asks after the end of a question is another one, also when nobody has looked in
 * between, as while a job has the port. */
static void
test_asked_anew(Fixture *fixture, gconstpointer data)
{
    g_auto(FotaQuestionEnd) end = {0};
    g_autofree char *digest = NULL, *id = NULL;

    open_question(fixture);
    fota_questions_note_asked(fixture->questions);
    fota_questions_approve(fixture->questions, "token");
    id = g_strdup(fota_questions_get_manifest(fixture->questions)->update.id);
    digest = g_strdup(fota_questions_get_manifest(fixture->questions)->digest);
    fota_questions_hear(fixture->questions, TIMEOUT);
    fota_questions_hear(fixture->questions, ASKS);
    g_assert_true(fota_questions_take_end(fixture->questions, &end));
    g_assert_cmpstr(end.id, ==, id);
    g_assert_cmpstr(fixture->record->question, ==, ASKS);
    g_assert_cmpstr(fixture->record->question_approved, ==, "");
    g_assert_true(fota_questions_are_due(fixture->questions));
    read_question(fixture);
    write_all(fixture);
    g_assert_cmpstr(fota_questions_get_manifest(fixture->questions)->digest, !=, digest);
}

/* What was offered does not just go when the module begins by itself. */
static void
test_begins_unanswered(Fixture *fixture, gconstpointer data)
{
    open_question(fixture);
    fota_questions_note_asked(fixture->questions);
    fota_questions_hear(fixture->questions, "#OTAEV: Start Fw Download");
    assert_end(fixture, "#OTAEV: Start Fw Download");
    write_all(fixture);
    g_assert_cmpint(fota_questions_get(fixture->questions)->kind, ==, FOTA_QUESTION_NONE);
}

/* Whoever gives the port up to a job hears what has come there, and once whether that may change
 * what is to be done; at any other time the owner is told. */
static void
test_gives_port_up(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *line; /* NULL = nothing has come */
        gboolean news;
    } cases[] = {
        {NULL, FALSE}, {"+CREG: 1", FALSE}, {"#OTAEV: Notified", FALSE},
        {ASKS, TRUE},  {TIMEOUT, FALSE},    {ASKS, TRUE},
        {NULL, FALSE}, {TIMEOUT, TRUE},
    };
    gboolean asks = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        write_all(fixture);
        told = 0;
        port.line = cases[i].line;
        g_test_message("case %u", i);
        g_assert_cmpint(fota_questions_give_up(fixture->questions), ==, cases[i].news);
        g_assert_cmpuint(told, ==, 0);
        asks = cases[i].line == NULL ? asks : g_str_equal(cases[i].line, ASKS);
        g_assert_cmpstr(fixture->record->question, ==, asks ? ASKS : "");
    }
    port.heard(ASKS, port.user_data);
    g_assert_cmpuint(told, ==, 1);
}

/* What begins without a question is no matter of time: the version of now counts. */
static void
test_begins(Fixture *fixture, gconstpointer data)
{
    fota_record_set(&fixture->record->revision, "A");
    fota_questions_hear(fixture->questions, "#OTAEV: Start Fw Download");
    fota_record_set(&fixture->record->revision, "B");
    write_all(fixture);
    g_assert_nonnull(fota_questions_get(fixture->questions));
    g_assert_cmpint(fota_questions_get(fixture->questions)->kind, ==, FOTA_QUESTION_NONE);
    g_assert_cmpstr(fixture->record->question_from, ==, "A");
    g_assert_false(fota_questions_are_due(fixture->questions));
}

/* A module that says the same for ever costs one write, and keeps nobody waiting. */
static void
test_says_again(Fixture *fixture, gconstpointer data)
{
    static const char *const lines[] = {"#OTAEV: Start Fw Download", "#OTAEV: #921"};

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        guint refs;

        fota_questions_hear(fixture->questions, lines[i]);
        write_all(fixture);
        refs = fixture->owner->ref_count;
        for (guint j = 0; j < 100; j++) {
            fota_questions_hear(fixture->questions, lines[i]);
            g_assert_nonnull(fota_questions_get(fixture->questions));
        }
        g_assert_cmpuint(fixture->owner->ref_count, ==, refs); /* nothing is being written */
        g_assert_cmpstr(fixture->record->question, ==, lines[i]);
    }
}

/* The carrier's own is told from what the module's server wants, also after a restart. */
static void
test_carrier(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < 2; i++) {
        fota_questions_hear(fixture->questions, "#OTAEV: #921");
        write_all(fixture);
        g_assert_cmpint(fota_questions_get_manifest(fixture->questions)->source, ==,
                        FOTA_SOURCE_CARRIER);
        stop(fixture);
        start(fixture);
    }
}

/* An approved question and the next one are gates of one update, each with a token of its own; one
 * that nobody has approved ends. */
static void
test_two_gates(Fixture *fixture, gconstpointer data)
{
    const FotaQuestion first = {.kind = FOTA_QUESTION_DOWNLOAD_FIRST};
    FotaRecord *record = fixture->record;

    for (guint i = 0; i < 3; i++) {
        gboolean approved = i > 0, heard = i < 2;
        /* The plugin may have found the second one without hearing it. */
        const FotaQuestion second = {.kind = FOTA_QUESTION_INSTALL,
                                     .text = (char *)(heard ? NULL : SECOND)};
        g_autofree char *id = NULL, *digest = NULL;
        FotaManifest *manifest;

        fota_questions_hear(fixture->questions, FIRST);
        fota_questions_take(fixture->questions, &first, FIRST);
        write_all(fixture);
        id = g_strdup(fota_questions_get_manifest(fixture->questions)->update.id);
        digest = g_strdup(fota_questions_get_manifest(fixture->questions)->digest);
        fota_questions_note_asked(fixture->questions);
        if (approved)
            fota_questions_approve(fixture->questions, "token");
        fota_questions_take(fixture->questions, &second, heard ? SECOND : FIRST);
        write_all(fixture);
        manifest = fota_questions_get_manifest(fixture->questions);
        g_test_message("case %u", i);
        g_assert_cmpstr(record->question, ==, SECOND);
        g_assert_cmpstr(record->question_approved, ==, "");
        g_assert_cmpuint(record->question_asked, ==, 0);
        g_assert_cmpint(manifest->source, ==, FOTA_SOURCE_CARRIER);
        g_assert_cmpstr(manifest->digest, !=, digest);
        g_assert_cmpint(g_strcmp0(manifest->update.id, id) == 0, ==, approved);
        g_assert_cmpint(fota_questions_get(fixture->questions)->kind, ==, FOTA_QUESTION_INSTALL);
        assert_end(fixture, approved ? NULL : SECOND);
        fota_questions_close(fixture->questions);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function)                                                                       \
    g_test_add("/questions/" name, Fixture, NULL, set_up, function, tear_down)
    TEST("garbage", test_garbage);
    TEST("offered", test_offered);
    TEST("answers", test_answers);
    TEST("beside-update", test_beside_update);
    TEST("ends", test_ends);
    TEST("asked-anew", test_asked_anew);
    TEST("begins-unanswered", test_begins_unanswered);
    TEST("gives-port-up", test_gives_port_up);
    TEST("begins", test_begins);
    TEST("says-again", test_says_again);
    TEST("carrier", test_carrier);
    TEST("two-gates", test_two_gates);
    return g_test_run();
}
