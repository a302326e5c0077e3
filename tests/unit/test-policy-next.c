/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-refusal.h"

#include <string.h>

/* A module that rests: here, supported, with a manifest that holds and nothing to do. */
#define REST                                                                                       \
    .presence = FOTA_PRESENCE_HERE, .supported = TRUE, .manifest = FOTA_MANIFEST_HOLDS,            \
    .planned = TRUE, .plan = FOTA_PLAN_UP_TO_DATE, .can_ask = TRUE, .can_discard = TRUE,           \
    .told_version = TRUE, .ask_takes = TRUE
#define PLAN(name) .plan = FOTA_PLAN_##name
#define RUNS(name) .runs = FOTA_ACTION_##name
#define MARK(name) .mark = FOTA_MARK_##name
#define ASKED PLAN(UPDATE), .asked = TRUE, .one_gate = TRUE, .open = {TRUE, TRUE}
#define UPDATE PLAN(UPDATE), .open = {TRUE, TRUE}, .same_delta = TRUE

/* -Woverride-init is not on: a later member replaces the one of REST. */
static const struct {
    const char *row;
    FotaState state;
    FotaAction action;
    FotaSituation situation;
} cases[] = {
    {"order verified",
     FOTA_STATE_VERIFYING,
     0,
     {REST, MARK(INSTALLING), RUNS(RESUME), .verifying = TRUE}},
    {"order watched", FOTA_STATE_INSTALLING, 0, {REST, MARK(INSTALLING), RUNS(DOWNLOAD)}},
    {"order watched",
     FOTA_STATE_INSTALLING,
     0,
     {REST, MARK(INSTALLING), RUNS(INSTALL), .presence = FOTA_PRESENCE_LOST}},
    {"order unasked",
     FOTA_STATE_INSTALLING,
     0,
     {REST, MARK(INSTALLING), .presence = FOTA_PRESENCE_AWAY}},
    {"order unasked",
     FOTA_STATE_INSTALLING,
     0,
     {REST, MARK(INSTALLING), .presence = FOTA_PRESENCE_LOST, .planned = FALSE}},
    {"order unasked", FOTA_STATE_INSTALLING, 0, {REST, MARK(INSTALLING), .held = TRUE}},
    {"order unasked", FOTA_STATE_INSTALLING, 0, {REST, MARK(INSTALLING), .supported = FALSE}},
    {"order unasked", FOTA_STATE_INSTALLING, 0, {REST, MARK(INSTALLING), RUNS(CHECK)}},
    {"order", FOTA_STATE_VERIFYING, FOTA_ACTION_RESUME, {REST, MARK(INSTALLING)}},
    /* Neither an inhibition nor the end of the manifest is in its way, nor a Cancel(). */
    {"order",
     FOTA_STATE_VERIFYING,
     FOTA_ACTION_RESUME,
     {REST, MARK(INSTALLING), .inhibited = TRUE, .crowded = TRUE, .cancelled = TRUE,
      .check_due = TRUE, .manifest = FOTA_MANIFEST_DISTRUSTED, .planned = FALSE}},
    {"service awaited",
     FOTA_STATE_VERIFYING,
     0,
     {REST, MARK(PROVING), .proof = FOTA_PROOF_WAITING, .check_due = TRUE}},
    {"service awaited",
     FOTA_STATE_VERIFYING,
     0,
     {REST, MARK(PROVING), .proof = FOTA_PROOF_PROVEN, RUNS(CHECK)}},
    /* Whatever the module, the manifest or an application does. */
    {"service judged",
     FOTA_STATE_VERIFYING,
     FOTA_ACTION_CONCLUDE,
     {REST, MARK(PROVING), .proof = FOTA_PROOF_NOT_PROVEN, .presence = FOTA_PRESENCE_LOST,
      .inhibited = TRUE, .manifest = FOTA_MANIFEST_DISTRUSTED, .planned = FALSE}},
    {"service judged",
     FOTA_STATE_VERIFYING,
     FOTA_ACTION_CONCLUDE,
     {REST, MARK(PROVING), .proof = FOTA_PROOF_NOT_JUDGED}},
    /* The way back asks no gate, no window and no manifest. */
    {"way back",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_RESTORE,
     {REST, MARK(RESTORING), .blocked = TRUE, .manifest = FOTA_MANIFEST_DISTRUSTED,
      .planned = FALSE, .check_due = TRUE, .cancelled = TRUE}},
    {"way back",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_RESTORE,
     {REST, MARK(DOWNLOADED), .restoring = TRUE}},
    {"way back runs", FOTA_STATE_DOWNLOADING, 0, {REST, MARK(RESTORING), RUNS(RESTORE)}},
    {"way back lost", FOTA_STATE_ABSENT, 0, {REST, MARK(RESTORING), .supported = FALSE}},
    {"way back lost",
     FOTA_STATE_ABSENT,
     0,
     {REST, MARK(RESTORING), .presence = FOTA_PRESENCE_LOST, .inhibited = TRUE}},
    {"way back inhibited", FOTA_STATE_SCHEDULED, 0, {REST, MARK(RESTORING), .inhibited = TRUE}},
    {"way back crowded", FOTA_STATE_SCHEDULED, 0, {REST, MARK(RESTORING), .crowded = TRUE}},
    {"way back lacks supply", FOTA_STATE_SCHEDULED, 0, {REST, MARK(RESTORING), .supply_low = TRUE}},
    {"way back held", FOTA_STATE_SCHEDULED, 0, {REST, MARK(RESTORING), .held = TRUE}},
    {"order",
     FOTA_STATE_VERIFYING,
     FOTA_ACTION_RESUME,
     {REST, MARK(INSTALLING), .restoring = TRUE, .inhibited = TRUE}},
    {"probe", FOTA_STATE_SCHEDULED, FOTA_ACTION_PROBE, {REST, UPDATE, .probe_wanted = TRUE}},
    {"probe",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_PROBE,
     {REST, UPDATE, MARK(DOWNLOADED), .probe_wanted = TRUE}},
    {"probe runs", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .probing = TRUE}},
    {"question runs", FOTA_STATE_CHECKING, 0, {REST, RUNS(CHECK)}},
    {"question runs", FOTA_STATE_CHECKING, 0, {REST, RUNS(ASK)}},
    {"question runs", FOTA_STATE_CHECKING, 0, {REST, RUNS(INSPECT)}},
    {"discard runs", FOTA_STATE_FAILED, 0, {REST, RUNS(DISCARD), .failed = TRUE}},
    {"rehearsal runs", FOTA_STATE_DOWNLOADING, 0, {REST, UPDATE, RUNS(REHEARSE)}},
    {"update begins", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED)}},
    {"fetch runs", FOTA_STATE_FETCHING, 0, {REST, UPDATE, RUNS(FETCH)}},
    {"fetch runs",
     FOTA_STATE_FETCHING,
     0,
     {REST, UPDATE, RUNS(FETCH), MARK(FETCHING), .presence = FOTA_PRESENCE_LOST}},
    {"update begins", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, RUNS(DOWNLOAD)}},
    {"update begins", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, RUNS(DOWNLOAD), MARK(FETCHING)}},
    /* With one gate nothing changes the module before the order. */
    {"update begins",
     FOTA_STATE_SCHEDULED,
     0,
     {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE}},
    {"order watched",
     FOTA_STATE_INSTALLING,
     0,
     {REST, UPDATE, RUNS(DOWNLOAD), MARK(INSTALLING), .one_gate = TRUE}},
    {"update runs", FOTA_STATE_DOWNLOADING, 0, {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING)}},
    {"cancelled",
     FOTA_STATE_IDLE,
     FOTA_ACTION_CLOSE,
     {REST, UPDATE, MARK(FETCHING), .cancelled = TRUE}},
    {"cancelled",
     FOTA_STATE_IDLE,
     FOTA_ACTION_CLOSE,
     {REST, UPDATE, MARK(DOWNLOADED), .cancelled = TRUE, .presence = FOTA_PRESENCE_LOST}},
    {"cancelled",
     FOTA_STATE_IDLE,
     FOTA_ACTION_CLOSE,
     {REST, UPDATE, MARK(DOWNLOADING), .cancelled = TRUE}},
    {"nothing planned", FOTA_STATE_IDLE, 0, {REST, .cancelled = TRUE}},
    {"delta unwanted",
     FOTA_STATE_IDLE,
     FOTA_ACTION_DISCARD,
     {REST, MARK(DISCARDING), .cancelled = TRUE}},
    {"lost", FOTA_STATE_ABSENT, 0, {REST, UPDATE, .presence = FOTA_PRESENCE_LOST}},
    {"lost",
     FOTA_STATE_ABSENT,
     0,
     {REST, .presence = FOTA_PRESENCE_LOST, .supported = FALSE, .check_due = TRUE}},
    {"unsupported", FOTA_STATE_UNSUPPORTED, 0, {REST, .supported = FALSE, .check_due = TRUE}},
    /* What the module asks by itself: the state does not show that it is found out or answered,
     * and neither takes the module from the host. */
    {"question due",
     FOTA_STATE_IDLE,
     FOTA_ACTION_LISTEN,
     {REST, .listen_due = TRUE, .inhibited = TRUE, .crowded = TRUE, .planned = FALSE}},
    {"question due",
     FOTA_STATE_AWAITING_APPROVAL,
     FOTA_ACTION_LISTEN,
     {REST, PLAN(UPDATE), .listen_due = TRUE, .check_due = TRUE}},
    {"nothing planned",
     FOTA_STATE_IDLE,
     0,
     {REST, .listen_due = TRUE, .answer_due = TRUE, .presence = FOTA_PRESENCE_AWAY}},
    {"answer due",
     FOTA_STATE_IDLE,
     FOTA_ACTION_ANSWER,
     {REST, .answer_due = TRUE, .listen_due = TRUE, .check_due = TRUE}},
    /* "Not yet", to a module whose delta is in it for the manifest. */
    {"answer due",
     FOTA_STATE_AWAITING_INSTALL_APPROVAL,
     FOTA_ACTION_ANSWER,
     {REST, UPDATE, .open = {TRUE, FALSE}, MARK(DOWNLOADED), .answer_due = TRUE}},
    {"answer runs", FOTA_STATE_IDLE, 0, {REST, RUNS(LISTEN)}},
    {"answer runs", FOTA_STATE_AWAITING_APPROVAL, 0, {REST, PLAN(UPDATE), RUNS(ANSWER)}},
    {"answer runs", FOTA_STATE_SCHEDULED, 0, {REST, ASKED, RUNS(LISTEN)}},
    /* The question as an offer. */
    {"download closed", FOTA_STATE_AWAITING_APPROVAL, 0, {REST, ASKED, .open = {FALSE, TRUE}}},
    {"update blocked", FOTA_STATE_SCHEDULED, 0, {REST, ASKED, .blocked = TRUE}},
    {"update blocked", FOTA_STATE_SCHEDULED, 0, {REST, ASKED, .inhibited = TRUE}},
    {"update blocked", FOTA_STATE_SCHEDULED, 0, {REST, ASKED, .crowded = TRUE}},
    {"update held", FOTA_STATE_SCHEDULED, 0, {REST, ASKED, .held = TRUE}},
    {"answer", FOTA_STATE_SCHEDULED, FOTA_ACTION_FOLLOW, {REST, ASKED}},
    {"update begins", FOTA_STATE_SCHEDULED, 0, {REST, ASKED, RUNS(FOLLOW)}},
    {"order watched", FOTA_STATE_INSTALLING, 0, {REST, ASKED, RUNS(FOLLOW), MARK(INSTALLING)}},
    /* What it does without asking is followed, whatever we would have said to it. */
    {"module has begun",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_FOLLOW,
     {REST, ASKED, .open = {FALSE, FALSE}, .begun = TRUE, .blocked = TRUE, .inhibited = TRUE,
      .crowded = TRUE, .held = TRUE, .check_due = TRUE}},
    {"module goes on",
     FOTA_STATE_INSTALLING,
     0,
     {REST, ASKED, .begun = TRUE, .presence = FOTA_PRESENCE_AWAY}},
    {"check due", FOTA_STATE_CHECKING, FOTA_ACTION_CHECK, {REST, .check_due = TRUE}},
    {"check due",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_CHECK,
     {REST, .check_due = TRUE, .inhibited = TRUE, .crowded = TRUE}},
    /* Somebody asks for the version: no manifest is needed, nor an update that may begin. */
    {"version asked",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_INSPECT,
     {REST, .version_asked = TRUE, .told_version = FALSE, .planned = FALSE,
      .manifest = FOTA_MANIFEST_NONE}},
    {"version asked",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_INSPECT,
     {REST, PLAN(UPDATE), .version_asked = TRUE, .told_version = FALSE, .blocked = TRUE,
      .held = TRUE}},
    {"version asked",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_INSPECT,
     {REST, .version_asked = TRUE, .told_version = FALSE, .ask_takes = FALSE, .inhibited = TRUE,
      .crowded = TRUE}},
    {"check due",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_CHECK,
     {REST, .version_asked = TRUE, .told_version = FALSE, .check_due = TRUE}},
    {"nothing planned", FOTA_STATE_IDLE, 0, {REST, .version_asked = TRUE}},
    {"nothing planned",
     FOTA_STATE_IDLE,
     0,
     {REST, .version_asked = TRUE, .told_version = FALSE, .inhibited = TRUE}},
    {"nothing planned",
     FOTA_STATE_IDLE,
     0,
     {REST, .version_asked = TRUE, .told_version = FALSE, .presence = FOTA_PRESENCE_AWAY}},
    {"nothing planned",
     FOTA_STATE_IDLE,
     0,
     {REST, .check_due = TRUE, .check_takes = TRUE, .inhibited = TRUE}},
    {"nothing planned",
     FOTA_STATE_IDLE,
     0,
     {REST, .check_due = TRUE, .check_takes = TRUE, .presence = FOTA_PRESENCE_AWAY}},
    {"check due",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_CHECK,
     {REST, MARK(DOWNLOADED), .can_discard = FALSE, .check_due = TRUE}},
    {"delta harmless",
     FOTA_STATE_IDLE,
     FOTA_ACTION_FORGET,
     {REST, MARK(DOWNLOADED), .can_discard = FALSE}},
    {"delta harmless",
     FOTA_STATE_IDLE,
     FOTA_ACTION_FORGET,
     {REST, MARK(DOWNLOADED), .can_discard = FALSE, .inhibited = TRUE, .held = TRUE}},
    /* It is in the cache alone. */
    {"delta harmless", FOTA_STATE_IDLE, FOTA_ACTION_FORGET, {REST, MARK(FETCHING)}},
    {"delta must wait", FOTA_STATE_IDLE, 0, {REST, MARK(DOWNLOADED), .inhibited = TRUE}},
    {"delta must wait", FOTA_STATE_IDLE, 0, {REST, MARK(DISCARDING), .held = TRUE}},
    {"delta unwanted", FOTA_STATE_IDLE, FOTA_ACTION_DISCARD, {REST, MARK(DOWNLOADED)}},
    {"delta unwanted", FOTA_STATE_IDLE, FOTA_ACTION_DISCARD, {REST, UPDATE, MARK(DISCARDING)}},
    {"delta unwanted",
     FOTA_STATE_IDLE,
     FOTA_ACTION_DISCARD,
     {REST, UPDATE, MARK(DOWNLOADED), .same_delta = FALSE}},
    {"nothing planned", FOTA_STATE_IDLE, 0, {REST, MARK(DISCARDING), .kept_delta = TRUE}},
    {"delta unwanted",
     FOTA_STATE_IDLE,
     FOTA_ACTION_DISCARD,
     {REST, MARK(DOWNLOADED), .manifest = FOTA_MANIFEST_DISTRUSTED, .planned = FALSE}},
    /* While the vendor's server is asked, the delta may still be what it offers. */
    {"vendor", FOTA_STATE_CHECKING, FOTA_ACTION_ASK, {REST, PLAN(ASK_VENDOR), MARK(DOWNLOADED)}},
    {"delta unwanted",
     FOTA_STATE_IDLE,
     FOTA_ACTION_DISCARD,
     {REST, MARK(DOWNLOADING), .same_delta = TRUE}},
    {"delta unwanted",
     FOTA_STATE_IDLE,
     FOTA_ACTION_DISCARD,
     {REST, PLAN(NO_PATH), MARK(DOWNLOADED), .same_delta = TRUE}},
    {"manifest distrusted",
     FOTA_STATE_FAILED,
     0,
     {REST, .manifest = FOTA_MANIFEST_DISTRUSTED, .planned = FALSE}},
    {"nothing planned",
     FOTA_STATE_FAILED,
     0,
     {REST, .planned = FALSE, .manifest = FOTA_MANIFEST_NONE, .failed = TRUE}},
    {"nothing planned", FOTA_STATE_IDLE, 0, {REST, PLAN(NOTHING_FOR_YOU)}},
    {"nothing planned", FOTA_STATE_IDLE, 0, {REST, PLAN(REJECTED)}},
    {"vendor cannot be asked", FOTA_STATE_FAILED, 0, {REST, PLAN(ASK_VENDOR), .can_ask = FALSE}},
    {"vendor must wait", FOTA_STATE_IDLE, 0, {REST, PLAN(ASK_VENDOR), .blocked = TRUE}},
    {"vendor must wait", FOTA_STATE_IDLE, 0, {REST, PLAN(ASK_VENDOR), .inhibited = TRUE}},
    {"vendor", FOTA_STATE_CHECKING, FOTA_ACTION_ASK, {REST, PLAN(ASK_VENDOR)}},
    {"version must wait",
     FOTA_STATE_IDLE,
     0,
     {REST, PLAN(NO_PATH), .told_version = FALSE, .presence = FOTA_PRESENCE_AWAY}},
    {"version would take",
     FOTA_STATE_IDLE,
     0,
     {REST, PLAN(NO_PATH), .told_version = FALSE, .inhibited = TRUE}},
    {"version would take",
     FOTA_STATE_IDLE,
     0,
     {REST, PLAN(NO_PATH), .told_version = FALSE, .blocked = TRUE}},
    {"version untold",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_INSPECT,
     {REST, PLAN(NO_PATH), .told_version = FALSE}},
    {"version untold",
     FOTA_STATE_CHECKING,
     FOTA_ACTION_INSPECT,
     {REST, PLAN(NO_PATH), .told_version = FALSE, .ask_takes = FALSE, .inhibited = TRUE,
      .blocked = TRUE}},
    {"no path", FOTA_STATE_FAILED, 0, {REST, PLAN(NO_PATH)}},
    {"downgrade refused", FOTA_STATE_FAILED, 0, {REST, PLAN(DOWNGRADE_REFUSED)}},
    {"nobody answered", FOTA_STATE_FAILED, 0, {REST, PLAN(UNANSWERED)}},
    {"attempts used up", FOTA_STATE_FAILED, 0, {REST, PLAN(FAILED_FOR_GOOD)}},
    {"rehearsal closed", FOTA_STATE_AWAITING_APPROVAL, 0, {REST, PLAN(UPDATE), .rehearsal = TRUE}},
    {"rehearsal must wait",
     FOTA_STATE_SCHEDULED,
     0,
     {REST, PLAN(UPDATE), .rehearsal = TRUE, .rehearsal_open = TRUE, .blocked = TRUE}},
    {"rehearsal",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_REHEARSE,
     {REST, PLAN(UPDATE), .rehearsal = TRUE, .rehearsal_open = TRUE}},
    /* A guest: the update itself goes first. */
    {"download", FOTA_STATE_SCHEDULED, FOTA_ACTION_DOWNLOAD, {REST, UPDATE, .rehearsal = TRUE}},
    {"install closed",
     FOTA_STATE_AWAITING_INSTALL_APPROVAL,
     0,
     {REST, PLAN(UPDATE), .open = {TRUE, FALSE}, .same_delta = TRUE, MARK(DOWNLOADED)}},
    {"download closed",
     FOTA_STATE_AWAITING_APPROVAL,
     0,
     {REST, PLAN(UPDATE), .open = {FALSE, TRUE}, .blocked = TRUE}},
    {"update blocked", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .blocked = TRUE}},
    {"update blocked", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .presence = FOTA_PRESENCE_AWAY}},
    {"update held", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .held = TRUE}},
    {"install", FOTA_STATE_SCHEDULED, FOTA_ACTION_INSTALL, {REST, UPDATE, MARK(DOWNLOADED)}},
    {"download", FOTA_STATE_SCHEDULED, FOTA_ACTION_DOWNLOAD, {REST, UPDATE}},
    {"download", FOTA_STATE_SCHEDULED, FOTA_ACTION_DOWNLOAD, {REST, UPDATE, MARK(DOWNLOADING)}},
    {"download", FOTA_STATE_SCHEDULED, FOTA_ACTION_DOWNLOAD, {REST, UPDATE, MARK(FETCHING)}},
    {"fetch", FOTA_STATE_SCHEDULED, FOTA_ACTION_FETCH, {REST, UPDATE, .fetches = TRUE}},
    {"fetch",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_FETCH,
     {REST, UPDATE, MARK(FETCHING), .fetches = TRUE}},
    {"fetch",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_FETCH,
     {REST, UPDATE, MARK(DOWNLOADING), .fetches = TRUE}},
    /* It uses the gateway's network, and its time. */
    {"update blocked", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .fetches = TRUE, .inhibited = TRUE}},
    {"update held", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .fetches = TRUE, .held = TRUE}},
    {"install",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_INSTALL,
     {REST, UPDATE, MARK(DOWNLOADED), .fetches = TRUE}},
    {"service settles", FOTA_STATE_SCHEDULED, 0, {REST, UPDATE, .settling = TRUE}},
    {"service settles",
     FOTA_STATE_SCHEDULED,
     0,
     {REST, UPDATE, MARK(DOWNLOADED), .settling = TRUE, .probe_wanted = TRUE}},
    {"answer", FOTA_STATE_SCHEDULED, FOTA_ACTION_FOLLOW, {REST, ASKED, .settling = TRUE}},
    /* The way back comes before the order, also where it went away, or was first named, later. */
    {"fetch way back",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_FETCH,
     {REST, UPDATE, MARK(DOWNLOADED), .back_is_away = TRUE}},
    {"fetch way back",
     FOTA_STATE_SCHEDULED,
     FOTA_ACTION_FETCH,
     {REST, UPDATE, .back_is_away = TRUE}},
};

static void
test_rows(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaNext next = fota_next_decide(&cases[i].situation);

        g_test_message("case %u", i);
        g_assert_cmpstr(next.row, ==, cases[i].row);
        g_assert_cmpint(next.state, ==, cases[i].state);
        g_assert_cmpint(next.action, ==, cases[i].action);
        g_hash_table_add(seen, (gpointer)next.row);
    }
    /* Every row of the table has a case: a new one without fails here. */
    g_assert_cmpuint(g_hash_table_size(seen), ==, 59);
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
    {"probe runs", TRUE, FALSE, 0, 0},
    {"probe", TRUE, FALSE, 0, 0},
    {"question runs", FALSE, FALSE, 0, 0},
    {"discard runs", FALSE, FALSE, 0, 0},
    {"rehearsal runs", TRUE, TRUE, 0, 0},
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
    {"download closed", TRUE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"update blocked", TRUE, FALSE, FOTA_SHOW_BLOCKERS, 0},
    {"update held", TRUE, FALSE, FOTA_SHOW_BACKOFF, 0},
    {"install", TRUE, FALSE, 0, 0},
    {"fetch", TRUE, FALSE, 0, 0},
    {"fetch way back", TRUE, FALSE, 0, 0},
    {"service settles", TRUE, FALSE, 0, 0},
    {"download", TRUE, FALSE, 0, 0},
};

static void
test_shown(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaNext next = fota_next_decide(&cases[i].situation);
        guint j = 0;

        /* At a question a row shows what the one beneath it would: see below. */
        if (cases[i].situation.listen_due || cases[i].situation.answer_due ||
            cases[i].situation.runs == FOTA_ACTION_LISTEN ||
            cases[i].situation.runs == FOTA_ACTION_ANSWER)
            continue;
        if (cases[i].situation.runs == FOTA_ACTION_CHECK ||
            cases[i].situation.runs == FOTA_ACTION_INSPECT || cases[i].situation.check_due ||
            cases[i].situation.version_asked)
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

static void
test_commit(void)
{
    static const struct {
        gboolean may;
        FotaMark mark;
        FotaSituation situation;
    } commits[] = {
        {TRUE, FOTA_MARK_DOWNLOADING, {REST, UPDATE, RUNS(DOWNLOAD), .inhibited = TRUE}},
        {TRUE, FOTA_MARK_DOWNLOADED, {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING)}},
        {TRUE, FOTA_MARK_INSTALLING, {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED)}},
        /* While the job has the module, ModemManager does not show it. */
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .presence = FOTA_PRESENCE_AWAY}},
        /* Neither a check that has become due meanwhile nor a pause is about this job. */
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .check_due = TRUE, .held = TRUE}},
        {TRUE,
         FOTA_MARK_DOWNLOADED,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .held = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .inhibited = TRUE}},
        {FALSE,
         FOTA_MARK_DOWNLOADED,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .blocked = TRUE}},
        {FALSE,
         FOTA_MARK_DOWNLOADED,
         {REST, UPDATE, .open = {TRUE, FALSE}, RUNS(DOWNLOAD), MARK(DOWNLOADING)}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADED), .cancelled = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADED), .same_delta = FALSE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADED), .planned = FALSE,
          .manifest = FOTA_MANIFEST_DISTRUSTED}},
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE}},
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE, .fetches = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE, .back_is_away = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .back_is_away = TRUE}},
        /* The job itself has taken it from its service. */
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(INSTALL), MARK(DOWNLOADED), .settling = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE, .blocked = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, .open = {FALSE, TRUE}, RUNS(DOWNLOAD), MARK(DOWNLOADING),
          .one_gate = TRUE}},
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE, .cancelled = TRUE}},
        /* The plan now wants another delta than the one that is ordered. */
        {FALSE,
         FOTA_MARK_INSTALLING,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(DOWNLOADING), .one_gate = TRUE, .same_delta = FALSE}},
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, RUNS(RESUME), MARK(INSTALLING), .planned = FALSE, .inhibited = TRUE}},
        /* The answer to what the module asks, for which something else may have come in between;
         * not for what it does without an answer. */
        {TRUE, FOTA_MARK_INSTALLING, {REST, ASKED, RUNS(FOLLOW), .answer_due = TRUE}},
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, ASKED, RUNS(FOLLOW), .presence = FOTA_PRESENCE_AWAY, .listen_due = TRUE}},
        {FALSE, FOTA_MARK_INSTALLING, {REST, ASKED, RUNS(FOLLOW), .inhibited = TRUE}},
        {FALSE, FOTA_MARK_INSTALLING, {REST, ASKED, RUNS(FOLLOW), .blocked = TRUE}},
        {FALSE, FOTA_MARK_INSTALLING, {REST, ASKED, RUNS(FOLLOW), .open = {FALSE, TRUE}}},
        {FALSE, FOTA_MARK_INSTALLING, {REST, UPDATE, RUNS(FOLLOW)}},
        {TRUE,
         FOTA_MARK_INSTALLING,
         {REST, ASKED, RUNS(FOLLOW), .begun = TRUE, .inhibited = TRUE, .open = {FALSE, FALSE}}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(commits); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(fota_next_may_commit(&commits[i].situation, commits[i].mark), ==,
                        commits[i].may);
    }
}

static void
test_requests(void)
{
    static const struct {
        FotaRequestKind request;
        FotaRefusal refusal;
        FotaSituation situation;
    } requests[] = {
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NOT_CANCELLABLE, {REST, MARK(INSTALLING)}},
        {FOTA_REQUEST_CANCEL,
         FOTA_REFUSAL_NOT_CANCELLABLE,
         {REST, MARK(INSTALLING), .presence = FOTA_PRESENCE_LOST}},
        {FOTA_REQUEST_CANCEL,
         FOTA_REFUSAL_NOT_CANCELLABLE,
         {REST, UPDATE, RUNS(DOWNLOAD), MARK(INSTALLING), .one_gate = TRUE}},
        {FOTA_REQUEST_REJECT, FOTA_REFUSAL_UPDATE_RUNS, {REST, MARK(INSTALLING)}},
        {FOTA_REQUEST_APPROVE, FOTA_REFUSAL_UPDATE_RUNS, {REST, UPDATE, RUNS(DOWNLOAD)}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NONE, {REST, UPDATE, RUNS(DOWNLOAD)}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NONE, {REST, UPDATE, RUNS(FETCH), MARK(FETCHING)}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NONE, {REST, UPDATE, RUNS(REHEARSE)}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NONE, {REST, UPDATE}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_UPDATE_RUNS, {REST, RUNS(DISCARD)}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NOTHING_OFFERED, {REST}},
        {FOTA_REQUEST_REJECT,
         FOTA_REFUSAL_NOTHING_OFFERED,
         {REST, .manifest = FOTA_MANIFEST_DISTRUSTED, .planned = FALSE}},
        {FOTA_REQUEST_APPROVE, FOTA_REFUSAL_NONE, {REST, PLAN(UPDATE), .check_due = TRUE}},
        /* What the module asks meanwhile is in nobody's way. */
        {FOTA_REQUEST_APPROVE, FOTA_REFUSAL_NONE, {REST, PLAN(UPDATE), RUNS(LISTEN)}},
        {FOTA_REQUEST_DEFER, FOTA_REFUSAL_NONE, {REST, PLAN(UPDATE), RUNS(ANSWER)}},
        {FOTA_REQUEST_REJECT, FOTA_REFUSAL_NONE, {REST, ASKED, .listen_due = TRUE}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_NONE, {REST, RUNS(LISTEN)}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_UPDATE_RUNS, {REST, RUNS(LISTEN), .check_takes = TRUE}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_NONE, {REST, RUNS(LISTEN), .ask_takes = FALSE}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NONE, {REST, ASKED, RUNS(FOLLOW)}},
        {FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NOT_CANCELLABLE, {REST, ASKED, MARK(INSTALLING)}},
        {FOTA_REQUEST_REHEARSE, FOTA_REFUSAL_NOTHING_OFFERED, {REST, ASKED}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_UPDATE_RUNS, {REST, RUNS(DOWNLOAD)}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_CHECK_RUNS, {REST, RUNS(CHECK)}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_ABSENT, {REST, .presence = FOTA_PRESENCE_LOST}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_UNSUPPORTED, {REST, .supported = FALSE}},
        {FOTA_REQUEST_CHECK,
         FOTA_REFUSAL_INHIBITED,
         {REST, .check_takes = TRUE, .inhibited = TRUE}},
        {FOTA_REQUEST_CHECK, FOTA_REFUSAL_NONE, {REST, .inhibited = TRUE}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_NONE, {REST, RUNS(CHECK)}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_NONE, {REST, .blocked = TRUE, .planned = FALSE}},
        {FOTA_REQUEST_ASK_VERSION,
         FOTA_REFUSAL_NONE,
         {REST, RUNS(INSPECT), .inhibited = TRUE, .presence = FOTA_PRESENCE_AWAY}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_UPDATE_RUNS, {REST, RUNS(DOWNLOAD)}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_UPDATE_RUNS, {REST, MARK(INSTALLING)}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_UPDATE_RUNS, {REST, .crowded = TRUE}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_ABSENT, {REST, .presence = FOTA_PRESENCE_AWAY}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_UNSUPPORTED, {REST, .supported = FALSE}},
        {FOTA_REQUEST_ASK_VERSION, FOTA_REFUSAL_INHIBITED, {REST, .inhibited = TRUE}},
        {FOTA_REQUEST_ASK_VERSION,
         FOTA_REFUSAL_NONE,
         {REST, .inhibited = TRUE, .crowded = TRUE, .ask_takes = FALSE}},
        {FOTA_REQUEST_REHEARSE, FOTA_REFUSAL_NOTHING_OFFERED, {REST}},
        {FOTA_REQUEST_REHEARSE,
         FOTA_REFUSAL_NOTHING_OFFERED,
         {REST, PLAN(UPDATE), MARK(DOWNLOADED)}},
        {FOTA_REQUEST_REHEARSE, FOTA_REFUSAL_UPDATE_READY, {REST, UPDATE}},
        {FOTA_REQUEST_REHEARSE, FOTA_REFUSAL_NONE, {REST, UPDATE, .blocked = TRUE}},
        {FOTA_REQUEST_REHEARSE, FOTA_REFUSAL_NONE, {REST, PLAN(UPDATE)}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(fota_refusal_find(&requests[i].situation, requests[i].request), ==,
                        requests[i].refusal);
    }
}

/* Each field, and how many values it has. All of them are 4 bytes wide. */
#define FIELD(name, n)                                                                             \
    {                                                                                              \
        G_STRUCT_OFFSET(FotaSituation, name), n                                                    \
    }
static const struct {
    gsize offset;
    guint n;
} fields[] = {
    FIELD(presence, 3),
    FIELD(supported, 2),
    FIELD(runs, FOTA_ACTION_LAST + 1),
    FIELD(verifying, 2),
    FIELD(mark, FOTA_MARK_LAST + 1),
    FIELD(cancelled, 2),
    FIELD(held, 2),
    FIELD(inhibited, 2),
    FIELD(crowded, 2),
    FIELD(failed, 2),
    FIELD(check_due, 2),
    FIELD(check_takes, 2),
    FIELD(ask_takes, 2),
    FIELD(told_version, 2),
    FIELD(version_asked, 2),
    FIELD(can_ask, 2),
    FIELD(can_discard, 2),
    FIELD(kept_delta, 2),
    FIELD(one_gate, 2),
    FIELD(fetches, 2),
    FIELD(back_is_away, 2),
    FIELD(same_delta, 2),
    FIELD(listen_due, 2),
    FIELD(answer_due, 2),
    FIELD(asked, 2),
    FIELD(begun, 2),
    FIELD(proof, 4),
    FIELD(restoring, 2),
    FIELD(supply_low, 2),
    FIELD(probe_wanted, 2),
    FIELD(probing, 2),
    FIELD(settling, 2),
    FIELD(manifest, 3),
    FIELD(planned, 2),
    FIELD(plan, FOTA_PLAN_FAILED_FOR_GOOD + 1),
    FIELD(blocked, 2),
    FIELD(open[0], 2),
    FIELD(open[1], 2),
    FIELD(rehearsal, 2),
    FIELD(rehearsal_open, 2),
};

static void
set_field(FotaSituation *s, guint field, guint value)
{
    *(guint *)((char *)s + fields[field].offset) = value;
}

/* What an action does to the module. A check or a question may take it: check_takes, ask_takes. */
static const struct {
    gboolean takes;           /* takes it from the host, or disturbs its call */
    gboolean while_inhibited; /* may begin while an application holds an inhibition */
} traits[] = {
    [FOTA_ACTION_NONE] = {.while_inhibited = TRUE},
    [FOTA_ACTION_CHECK] = {.while_inhibited = TRUE},
    [FOTA_ACTION_INSPECT] = {.while_inhibited = TRUE},
    [FOTA_ACTION_ASK] = {.takes = TRUE},
    [FOTA_ACTION_REHEARSE] = {.takes = TRUE},
    [FOTA_ACTION_FETCH] = {.takes = FALSE},
    [FOTA_ACTION_DOWNLOAD] = {.takes = TRUE},
    [FOTA_ACTION_INSTALL] = {.takes = TRUE},
    [FOTA_ACTION_RESUME] = {.takes = TRUE, .while_inhibited = TRUE},
    [FOTA_ACTION_DISCARD] = {.takes = TRUE},
    [FOTA_ACTION_FORGET] = {.while_inhibited = TRUE},
    [FOTA_ACTION_CLOSE] = {.while_inhibited = TRUE},
    [FOTA_ACTION_LISTEN] = {.while_inhibited = TRUE},
    [FOTA_ACTION_ANSWER] = {.while_inhibited = TRUE},
    [FOTA_ACTION_FOLLOW] = {.takes = TRUE},
    [FOTA_ACTION_PROBE] = {.takes = FALSE},
    [FOTA_ACTION_CONCLUDE] = {.while_inhibited = TRUE},
    [FOTA_ACTION_RESTORE] = {.takes = TRUE},
};

/* What the module asks is planned, with nothing of a manifest's update under way, or it is not. */
static FotaSituation
make_possible(const FotaSituation *given)
{
    FotaSituation s = *given;

    s.asked = s.asked && s.plan == FOTA_PLAN_UPDATE && s.mark == FOTA_MARK_NONE;
    s.begun = s.begun && s.asked;
    s.planned = s.planned || s.asked;
    s.one_gate = s.one_gate || s.asked;
    s.rehearsal = s.rehearsal && !s.asked;
    if (s.asked)
        s.manifest = FOTA_MANIFEST_HOLDS;
    return s;
}

/* What holds in every situation. */
static void
assert_rules(const FotaSituation *given)
{
    const FotaSituation possible = make_possible(given), *s = &possible;
    FotaNext next = fota_next_decide(s);
    gboolean begun = strcmp(next.row, "module has begun") == 0;
    gboolean follow = s->runs == FOTA_ACTION_FOLLOW;
    gboolean order = s->mark == FOTA_MARK_INSTALLING;
    FotaApprovalGate gate = (s->one_gate && s->runs == FOTA_ACTION_DOWNLOAD) || follow
                                ? FOTA_APPROVAL_GATE_DOWNLOAD
                                : FOTA_APPROVAL_GATE_INSTALL;
    gboolean takes = traits[next.action].takes ||
                     (next.action == FOTA_ACTION_CHECK && s->check_takes) ||
                     (next.action == FOTA_ACTION_INSPECT && s->ask_takes);

    /* An order that may be out shows as such, and nothing but a question about it is begun. */
    g_assert_true(fota_next_keeps_power(next.state) == (order || s->mark == FOTA_MARK_PROVING) ||
                  (s->begun && s->presence == FOTA_PRESENCE_AWAY));
    /* Whether the module serves is known before anything else begins; then it is put back. */
    if (s->mark == FOTA_MARK_PROVING)
        g_assert_true(next.action == FOTA_ACTION_NONE || next.action == FOTA_ACTION_CONCLUDE);
    if (s->mark == FOTA_MARK_RESTORING)
        g_assert_true(next.action == FOTA_ACTION_NONE || next.action == FOTA_ACTION_RESTORE);
    if (next.action == FOTA_ACTION_RESTORE)
        g_assert_true((s->mark == FOTA_MARK_RESTORING || s->restoring) && !s->supply_low &&
                      !s->held);
    if (order)
        g_assert_true(next.action == FOTA_ACTION_NONE || next.action == FOTA_ACTION_RESUME);
    else
        g_assert_cmpint(next.action, !=, FOTA_ACTION_RESUME);
    if (s->runs != FOTA_ACTION_NONE)
        g_assert_cmpint(next.action, ==, FOTA_ACTION_NONE);
    /* Nothing takes the module while an application inhibits, or beside too many others. */
    if (takes && !order && !begun)
        g_assert_true(!s->inhibited && !s->crowded && s->presence == FOTA_PRESENCE_HERE);
    if (takes && !order && next.action != FOTA_ACTION_CHECK && next.action != FOTA_ACTION_DISCARD &&
        next.action != FOTA_ACTION_RESTORE && strcmp(next.row, "version asked") != 0 && !begun)
        g_assert_true(!s->blocked && !s->held);
    if (s->inhibited && !order && !begun)
        g_assert_true(traits[next.action].while_inhibited);
    /* An update begins with an open gate. */
    if (next.action == FOTA_ACTION_DOWNLOAD || next.action == FOTA_ACTION_FETCH)
        g_assert_true(s->open[s->mark == FOTA_MARK_DOWNLOADED && s->same_delta
                                  ? FOTA_APPROVAL_GATE_INSTALL
                                  : FOTA_APPROVAL_GATE_DOWNLOAD] &&
                      s->plan == FOTA_PLAN_UPDATE);
    if (next.action == FOTA_ACTION_FETCH)
        g_assert_true((s->fetches || s->back_is_away) && !s->blocked && !s->held && !s->inhibited);
    if (next.action == FOTA_ACTION_DOWNLOAD)
        g_assert_false(s->fetches || s->back_is_away);
    if (next.action == FOTA_ACTION_FOLLOW && !begun)
        g_assert_true(s->open[FOTA_APPROVAL_GATE_DOWNLOAD] && s->asked);
    g_assert_true(!s->asked ||
                  (next.action != FOTA_ACTION_DOWNLOAD && next.action != FOTA_ACTION_INSTALL));
    if (next.action == FOTA_ACTION_INSTALL)
        g_assert_true(s->open[FOTA_APPROVAL_GATE_INSTALL] && s->same_delta &&
                      s->mark == FOTA_MARK_DOWNLOADED && !s->back_is_away);
    /* State and Update agree. */
    if (next.state == FOTA_STATE_AWAITING_APPROVAL || next.state == FOTA_STATE_SCHEDULED ||
        next.state == FOTA_STATE_AWAITING_INSTALL_APPROVAL || next.state == FOTA_STATE_DOWNLOADING)
        g_assert_true(next.offers);
    if (next.state == FOTA_STATE_IDLE || next.state == FOTA_STATE_FAILED ||
        next.state == FOTA_STATE_ABSENT)
        g_assert_false(next.offers);
    g_assert_true(!next.guest || next.offers);
    if (next.error != FOTA_SHOW_ERROR_AS_IS)
        g_assert_cmpint(next.state, ==, FOTA_STATE_FAILED);

    /* What is offered can be answered, and nothing else. */
    if (fota_refusal_find(s, FOTA_REQUEST_APPROVE) == FOTA_REFUSAL_NONE)
        g_assert_true(!order && (s->runs == FOTA_ACTION_NONE || s->runs == FOTA_ACTION_CHECK ||
                                 s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER));
    if (next.state == FOTA_STATE_AWAITING_APPROVAL ||
        next.state == FOTA_STATE_AWAITING_INSTALL_APPROVAL) {
        g_assert_cmpint(fota_refusal_find(s, FOTA_REQUEST_APPROVE), ==, FOTA_REFUSAL_NONE);
        g_assert_true(s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER ||
                      fota_refusal_find(s, FOTA_REQUEST_CANCEL) == FOTA_REFUSAL_NONE);
    }
    if (order || s->mark == FOTA_MARK_PROVING || s->mark == FOTA_MARK_RESTORING)
        g_assert_cmpint(fota_refusal_find(s, FOTA_REQUEST_CANCEL), ==, FOTA_REFUSAL_NOT_CANCELLABLE);

    /* The order is given only where it could have begun. */
    if (s->runs == FOTA_ACTION_RESTORE && fota_next_may_commit(s, FOTA_MARK_INSTALLING))
        g_assert_true(!s->inhibited && !s->supply_low);
    if (s->runs != FOTA_ACTION_RESUME && s->runs != FOTA_ACTION_RESTORE &&
        fota_next_may_commit(s, FOTA_MARK_INSTALLING) && !s->begun)
        g_assert_true(follow ? !s->inhibited && !s->blocked && s->open[gate] && s->asked
                             : !s->inhibited && !s->blocked && !s->cancelled && s->open[gate] &&
                                   s->same_delta && !s->back_is_away);
}

/* Every pair of values of two fields, around each case of the table and around nothing. */
static void
test_pairs(void)
{
    for (guint c = 0; c <= G_N_ELEMENTS(cases); c++) {
        const FotaSituation base =
            c < G_N_ELEMENTS(cases) ? cases[c].situation : (FotaSituation){0};

        for (guint a = 0; a < G_N_ELEMENTS(fields); a++)
            for (guint b = a + 1; b < G_N_ELEMENTS(fields); b++)
                for (guint i = 0; i < fields[a].n * fields[b].n; i++) {
                    FotaSituation s = base;

                    set_field(&s, a, i % fields[a].n);
                    set_field(&s, b, i / fields[a].n);
                    assert_rules(&s);
                }
    }
}

static void
test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(12815);

    for (guint n = 0; n < 500000; n++) {
        FotaSituation s = {0};

        for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
            set_field(&s, i, (guint)g_rand_int_range(rand, 0, (gint32)fields[i].n));
        assert_rules(&s);
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
    g_test_add_func("/next/requests", test_requests);
    g_test_add_func("/next/pairs", test_pairs);
    g_test_add_func("/next/random", test_random);
    g_test_add_func("/next/state-names", test_state_names);
    return g_test_run();
}
