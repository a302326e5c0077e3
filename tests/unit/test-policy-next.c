/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-refusal.h"

#include "test-policy-next-cases.h"

static void
test_rows(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < n_next_cases; i++) {
        FotaNext next = fota_next_decide(&next_cases[i].situation);

        g_test_message("case %u", i);
        g_assert_cmpstr(next.row, ==, next_cases[i].row);
        g_assert_cmpint(next.state, ==, next_cases[i].state);
        g_assert_cmpint(next.action, ==, next_cases[i].action);
        g_hash_table_add(seen, (gpointer)next.row);
    }
    /* Every row of the table has a case: a new one without fails here. */
    g_assert_cmpuint(g_hash_table_size(seen), ==, 68);
}

/* What a row shows beside its state: the offer, whose it is, blockers and error. */
static const struct {
    const char *row;
    gboolean offers;
    gboolean guest;
    FotaShowBlockers blockers;
    FotaShowError error;
} shown[] = {
    {"order verified", TRUE, FALSE, 0, 0},
    {"order watched", TRUE, FALSE, 0, 0},
    {"order unasked", TRUE, FALSE, 0, 0},
    {"order", TRUE, FALSE, 0, 0},
    {"service awaited", TRUE, FALSE, 0, 0},
    {"service judged", TRUE, FALSE, 0, 0},
    {"way back runs", TRUE, FALSE, 0, 0},
    {"way back lost", FALSE, FALSE, 0, 0},
    {"way back inhibited", TRUE, FALSE, FOTA_SHOW_INHIBITED, 0},
    {"way back crowded", TRUE, FALSE, FOTA_SHOW_BUSY, 0},
    {"way back lacks supply", TRUE, FALSE, FOTA_SHOW_SUPPLY, 0},
    {"way back held", TRUE, FALSE, FOTA_SHOW_BACKOFF, 0},
    {"way back", TRUE, FALSE, 0, 0},
    {"probe runs", TRUE, FALSE, FOTA_SHOW_SERVICE, 0},
    {"probe", TRUE, FALSE, 0, 0},
    {"question runs", FALSE, FALSE, 0, 0},
    {"order without power", TRUE, FALSE, 0, 0},
    {"power due", FALSE, FALSE, 0, 0},
    {"power runs", FALSE, FALSE, 0, 0},
    {"rouse due", FALSE, FALSE, 0, 0},
    {"rouse runs", FALSE, FALSE, 0, 0},
    {"undo runs", FALSE, FALSE, 0, 0},
    {"debt due", FALSE, FALSE, 0, 0},
    {"discard runs", FALSE, FALSE, 0, 0},
    {"rehearsal runs", TRUE, TRUE, 0, 0},
    {"answer beside fetch", TRUE, FALSE, 0, 0},
    {"fetch runs", TRUE, FALSE, 0, 0},
    {"update begins", TRUE, FALSE, 0, 0},
    {"update runs", TRUE, FALSE, 0, 0},
    {"module goes on", TRUE, FALSE, 0, 0},
    {"module has begun", TRUE, FALSE, 0, 0},
    {"answer", TRUE, FALSE, 0, 0},
    {"cancelled", FALSE, FALSE, 0, 0},
    {"lost", FALSE, FALSE, 0, 0},
    {"unsupported", FALSE, FALSE, 0, 0},
    {"check due", FALSE, FALSE, 0, 0},
    {"version asked", FALSE, FALSE, 0, 0},
    {"delta harmless", FALSE, FALSE, 0, 0},
    {"delta must wait", FALSE, FALSE, 0, 0},
    {"delta unwanted", FALSE, FALSE, 0, 0},
    {"manifest distrusted", FALSE, FALSE, 0, FOTA_SHOW_ERROR_TRUST},
    {"nothing planned", FALSE, FALSE, 0, 0},
    {"vendor cannot be asked", FALSE, FALSE, 0, FOTA_SHOW_ERROR_NOT_SUPPORTED},
    {"vendor must wait", FALSE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"vendor", FALSE, FALSE, 0, 0},
    {"version must wait", FALSE, FALSE, 0, 0},
    {"version would take", FALSE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"version untold", FALSE, FALSE, 0, 0},
    {"no path", FALSE, FALSE, 0, FOTA_SHOW_ERROR_NO_PATH},
    {"downgrade refused", FALSE, FALSE, 0, FOTA_SHOW_ERROR_DOWNGRADE},
    {"nobody answered", FALSE, FALSE, 0, FOTA_SHOW_ERROR_UNANSWERED},
    {"attempts used up", FALSE, FALSE, 0, FOTA_SHOW_ERROR_LAST_ATTEMPT},
    {"rehearsal closed", TRUE, TRUE, FOTA_SHOW_BLOCKERS, 0},
    {"rehearsal must wait", TRUE, TRUE, FOTA_SHOW_BLOCKERS, 0},
    {"rehearsal", TRUE, TRUE, 0, 0},
    {"install closed", TRUE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"install asked", TRUE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"download closed", TRUE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"update blocked", TRUE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"update held", TRUE, FALSE, FOTA_SHOW_BACKOFF, 0},
    {"install", TRUE, FALSE, 0, 0},
    {"fetch", TRUE, FALSE, 0, 0},
    {"fetch way back", TRUE, FALSE, 0, 0},
    {"service settles", TRUE, FALSE, FOTA_SHOW_SERVICE, 0},
    {"download", TRUE, FALSE, 0, 0},
};

/* At a question a row shows what the one beneath it would: see below. */
static gboolean
is_question(const FotaSituation *s)
{
    return s->listen_due || s->answer_due || s->check_due || s->version_asked || s->owes ||
           s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER ||
           s->runs == FOTA_ACTION_CHECK || s->runs == FOTA_ACTION_INSPECT;
}

static void
test_shown(void)
{
    for (guint i = 0; i < n_next_cases; i++) {
        FotaNext next = fota_next_decide(&next_cases[i].situation);
        guint j = 0;

        if (is_question(&next_cases[i].situation))
            continue;
        while (!g_str_equal(shown[j].row, next.row))
            g_assert_cmpuint(++j, <, G_N_ELEMENTS(shown));
        g_test_message("%s", next.row);
        g_assert_cmpint(next.offers, ==, shown[j].offers);
        g_assert_cmpint(next.guest, ==, shown[j].guest);
        g_assert_cmpint(next.blockers, ==, shown[j].blockers);
        g_assert_cmpint(next.error, ==, shown[j].error);
    }
}

/* A caller asks for the version: what was offered before stays offered, to be answered later. */
static void
test_question_keeps_offer(void)
{
    FotaSituation s = {REST, UPDATE, .open = {FALSE, FALSE}, RUNS(INSPECT), .version_asked = TRUE};

    g_assert_true(fota_next_decide(&s).offers);
    g_assert_false(fota_next_decide(&s).guest);
    g_assert_cmpint(fota_next_decide(&s).blockers, ==, FOTA_SHOW_BLOCKERS);
    g_assert_cmpint(fota_refusal_find(&s, FOTA_REQUEST_APPROVE), ==, FOTA_REFUSAL_UPDATE_RUNS);
    s.runs = FOTA_ACTION_NONE; /* it is about to begin */
    g_assert_true(fota_next_decide(&s).offers);
    s.check_due = TRUE;
    g_assert_true(fota_next_decide(&s).offers);
}

/* While the manifest is read, what was offered before stays offered. */
static void
test_check_keeps_offer(void)
{
    FotaSituation s = {REST, UPDATE, .open = {FALSE, FALSE}, RUNS(CHECK), .check_due = TRUE};

    g_assert_true(fota_next_decide(&s).offers);
    g_assert_false(fota_next_decide(&s).guest);
    g_assert_cmpint(fota_next_decide(&s).blockers, ==, FOTA_SHOW_BLOCKERS);
    g_assert_cmpint(fota_refusal_find(&s, FOTA_REQUEST_APPROVE), ==, FOTA_REFUSAL_NONE);
    s.rehearsal = TRUE;
    g_assert_true(fota_next_decide(&s).guest);
    s.plan = FOTA_PLAN_UP_TO_DATE;
    g_assert_false(fota_next_decide(&s).offers);
    g_assert_cmpint(fota_refusal_find(&s, FOTA_REQUEST_APPROVE), ==, FOTA_REFUSAL_NOTHING_OFFERED);
}

#define TO(name) FOTA_MARK_##name

/* clang-format off */
static const struct {
    gboolean may;
    FotaMark mark;
    FotaSituation situation;
} commits[] = {
    {TRUE, TO(DOWNLOADING), {REST, UPDATE, RUNS(DOWNLOAD), .inhibited = TRUE}},
    {TRUE, TO(DOWNLOADED), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING)}},
    {TRUE, TO(INSTALLING), {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED)}},
    /* While the job has the module, ModemManager does not show it. */
    {TRUE, TO(INSTALLING), {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED),
        .presence = FOTA_PRESENCE_AWAY}},
    /* Neither a check that has become due meanwhile nor a pause is about this job. */
    {TRUE, TO(INSTALLING), {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .check_due = TRUE,
        .held = TRUE}},
    {TRUE, TO(DOWNLOADED), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .held = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .inhibited = TRUE}},
    {FALSE, TO(DOWNLOADED), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .blocked = TRUE}},
    {FALSE, TO(DOWNLOADED), {REST, UPDATE, .open = {TRUE, FALSE}, RUNS(DOWNLOAD),
        MARK(DOWNLOADING)}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADED), .cancelled = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADED), .same_delta = FALSE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADED), .planned = FALSE,
        .manifest = FOTA_MANIFEST_DISTRUSTED}},
    {TRUE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE}},
    {TRUE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE,
        .fetches = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE,
        .back_is_away = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .back_is_away = TRUE}},
    /* The job itself has taken it from its service. */
    {TRUE, TO(INSTALLING), {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .settling = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE,
        .blocked = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, .open = {FALSE, TRUE}, RUNS(DOWNLOAD),
        MARK(DOWNLOADING), .one_gate = TRUE}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE,
        .cancelled = TRUE}},
    /* The plan now wants another delta than the one that is ordered. */
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE,
        .same_delta = FALSE}},
    {TRUE, TO(INSTALLING), {REST, RUNS(RESUME), MARK(INSTALLING), .planned = FALSE,
        .inhibited = TRUE}},
    /* The answer to what the module asks, for which something else may have come in between;
    * not for what it does without an answer. */
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .answer_due = TRUE}},
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .presence = FOTA_PRESENCE_AWAY,
        .listen_due = TRUE}},
    {FALSE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .inhibited = TRUE}},
    {FALSE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .blocked = TRUE}},
    {FALSE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .open = {FALSE, TRUE}}},
    {FALSE, TO(INSTALLING), {REST, UPDATE, RUNS(FOLLOW)}},
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .asks_install = TRUE}},
    {FALSE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .asks_install = TRUE,
        .open = {FALSE, TRUE}}},
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .asks_again = TRUE}},
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .asks_again = TRUE, .blocked = TRUE}},
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .asks_again = TRUE, .inhibited = TRUE}},
    {TRUE, TO(INSTALLING), {REST, ASKED, RUNS(FOLLOW), .begun = TRUE, .inhibited = TRUE,
        .open = {FALSE, FALSE}}},
};
/* clang-format on */

static void
test_commit(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(commits); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(fota_next_may_commit(&commits[i].situation, commits[i].mark), ==,
                        commits[i].may);
    }
}

static void
test_state_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (FotaState state = 0; state <= FOTA_STATE_LAST; state++)
        g_assert_true(g_hash_table_add(seen, (gpointer)fota_state_to_string(state)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/next/rows", test_rows);
    g_test_add_func("/next/shown", test_shown);
    g_test_add_func("/next/check-keeps-offer", test_check_keeps_offer);
    g_test_add_func("/next/question-keeps-offer", test_question_keeps_offer);
    g_test_add_func("/next/commit", test_commit);
    g_test_add_func("/next/state-names", test_state_names);
    return g_test_run();
}
