/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-outcome.h"

#define JOB(name) .job = FOTA_ACTION_##name
#define AT(name) .mark = FOTA_MARK_##name
#define ENDED(name) .ending = FOTA_ENDED_##name
#define VERSION(name) .version = FOTA_VERSION_##name
#define PROOF(name) .proof = FOTA_PROOF_##name
#define CAN_DISCARD .can_discard = TRUE

#define MARK(name) .mark = FOTA_MARK_##name
#define ATTEMPTS(name) .attempts = FOTA_ATTEMPTS_##name
#define FINISH(name) .finish = FOTA_FINISH_##name
#define HOLD(name) .hold = FOTA_HOLD_##name
#define ENDS_OFFER .ends_offer = TRUE

/* clang-format off */
static const struct {
    const char *row;
    FotaEnd end;
    FotaMark mark;
    FotaAttempts attempts;
    FotaFinish finish;
    FotaHold hold;
    gboolean ends_offer;
} cases[] = {
    {"rehearsal cancelled", {JOB(REHEARSE), ENDED(BADLY), .cancelled = TRUE, CAN_DISCARD},
     MARK(NONE), FINISH(CANCELLED)},
    {"rehearsal cancelled", {JOB(REHEARSE), VERSION(OLD), .cancelled = TRUE},
     MARK(NONE), FINISH(CANCELLED)},
    {"rehearsed", {JOB(REHEARSE), VERSION(OLD)}, MARK(NONE), FINISH(REHEARSED)},
    {"rehearsal failed", {JOB(REHEARSE), ENDED(FOR_GOOD)}, MARK(NONE), FINISH(FAILED)},
    {"question", {JOB(ASK), AT(DOWNLOADED), ENDED(FOR_GOOD), VERSION(WANTED)}, MARK(DOWNLOADED)},
    {"service proven", {JOB(CONCLUDE), AT(PROVING), PROOF(PROVEN), VERSION(WANTED),
      .way_back = TRUE},
     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"service proven", {JOB(CONCLUDE), AT(PROVING), PROOF(NOT_JUDGED), VERSION(WANTED)},
     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"service lost", {JOB(CONCLUDE), AT(PROVING), PROOF(NOT_PROVEN), VERSION(WANTED),
      .way_back = TRUE, CAN_DISCARD},
     MARK(RESTORING)},
    {"no service", {JOB(CONCLUDE), AT(PROVING), PROOF(NOT_PROVEN), VERSION(WANTED), CAN_DISCARD},
     MARK(NONE), ATTEMPTS(END), FINISH(NO_SERVICE), ENDS_OFFER},
    {"to be proven", {JOB(DOWNLOAD), AT(INSTALLING), VERSION(WANTED), .provable = TRUE},
     MARK(PROVING)},
    {"to be proven", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(WANTED),
      .provable = TRUE},
     MARK(PROVING)},
    {"restored", {JOB(RESTORE), AT(INSTALLING), VERSION(WANTED), .restoring = TRUE,
      .provable = TRUE},
     MARK(NONE), ATTEMPTS(END), FINISH(RESTORED), ENDS_OFFER},
    {"order unasked", {JOB(RESTORE), AT(INSTALLING), ENDED(BADLY), .restoring = TRUE},
     MARK(INSTALLING), HOLD(ORDER)},
    {"way back not ordered", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD),
      .restoring = TRUE},
     MARK(RESTORING)},
    {"way back failed", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD),
      .restoring = TRUE, .last_try = TRUE},
     MARK(NONE), ATTEMPTS(END), FINISH(NO_SERVICE), ENDS_OFFER},
    {"way back stopped", {JOB(RESTORE), AT(DOWNLOADED), VERSION(OLD), .restoring = TRUE,
      .downloaded = TRUE},
     MARK(RESTORING)},
    {"way back waits", {JOB(RESTORE), AT(DOWNLOADING), ENDED(LATER), .restoring = TRUE,
      .last_try = TRUE},
     MARK(RESTORING), HOLD(WAIT)},
    {"way back waits", {JOB(RESTORE), AT(DOWNLOADING), ENDED(BADLY), VERSION(OLD),
      .restoring = TRUE, CAN_DISCARD},
     MARK(RESTORING), HOLD(WAIT)},
    {"way back failed", {JOB(RESTORE), AT(DOWNLOADING), ENDED(BADLY), VERSION(OLD),
      .restoring = TRUE, .last_try = TRUE, CAN_DISCARD},
     MARK(DISCARDING), ATTEMPTS(END), FINISH(NO_SERVICE), ENDS_OFFER},
    /* As where it lost its power before it had begun. */
    {"way back waits", {JOB(RESTORE), AT(INSTALLING), ENDED(BADLY), VERSION(OLD),
      .restoring = TRUE, .restarted = TRUE},
     MARK(RESTORING), HOLD(WAIT)},
    {"way back failed", {JOB(RESTORE), AT(INSTALLING), ENDED(BADLY), VERSION(OLD),
      .restoring = TRUE, .restarted = TRUE, .last_try = TRUE},
     MARK(NONE), ATTEMPTS(END), FINISH(NO_SERVICE), ENDS_OFFER},
    {"way back failed", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OTHER),
      .restoring = TRUE},
     MARK(NONE), ATTEMPTS(END), FINISH(NO_SERVICE), ENDS_OFFER},
    {"way back failed", {JOB(RESUME), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OTHER),
      .restoring = TRUE},
     MARK(NONE), ATTEMPTS(END), FINISH(NO_SERVICE), ENDS_OFFER},
    {"question", {JOB(INSPECT), ENDED(BADLY)}, MARK(NONE)},
    {"question", {JOB(CHECK)}, MARK(NONE)},
    /* What an order has come to is asked by RESUME alone. */
    {"question", {JOB(CHECK), AT(INSTALLING), ENDED(BADLY)}, MARK(INSTALLING)},
    {"discarded", {JOB(DISCARD), AT(DISCARDING), VERSION(OLD), CAN_DISCARD}, MARK(NONE)},
    {"not discarded", {JOB(DISCARD), AT(DISCARDING), ENDED(FOR_GOOD), CAN_DISCARD},
     MARK(DISCARDING), HOLD(WAIT)},
    {"not discarded", {JOB(DISCARD), AT(DISCARDING), ENDED(BADLY), VERSION(WANTED), CAN_DISCARD},
     MARK(DISCARDING), HOLD(WAIT)},
    {"success", {JOB(DOWNLOAD), AT(INSTALLING), VERSION(WANTED), .restarted = TRUE, CAN_DISCARD},
     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"success", {JOB(RESUME), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(WANTED), .cancelled = TRUE},
     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"order unasked", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY)}, MARK(INSTALLING), HOLD(ORDER)},
    {"order unasked", {JOB(DOWNLOAD), AT(INSTALLING), ENDED(FOR_GOOD), .restarted = TRUE,
      .cancelled = TRUE},
     MARK(INSTALLING), HOLD(ORDER)},
    {"order unasked", {JOB(RESUME), AT(INSTALLING), ENDED(LATER), .unwritten = TRUE},
     MARK(INSTALLING), HOLD(ORDER)},
    /* The port was lost behind the mark: nobody has asked what came of the order. */
    {"order unasked", {JOB(DOWNLOAD), AT(INSTALLING), ENDED(LATER), .one_gate = TRUE},
     MARK(INSTALLING), HOLD(ORDER)},
    {"order not given", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD)},
     MARK(NONE), ATTEMPTS(REPEAT), FINISH(FAILED)},
    {"order not given", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), CAN_DISCARD},
     MARK(DISCARDING), ATTEMPTS(REPEAT), FINISH(FAILED)},
    {"order failed for good", {JOB(INSTALL), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OLD)},
     MARK(NONE), ATTEMPTS(END), FINISH(FAILED), ENDS_OFFER},
    {"order failed for good", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OTHER),
      .restarted = TRUE},
     MARK(NONE), ATTEMPTS(END), FINISH(FAILED), ENDS_OFFER},
    /* With one gate the module looks for its network behind the mark. */
    {"order had to wait", {JOB(DOWNLOAD), AT(INSTALLING), ENDED(LATER), VERSION(OLD),
      .one_gate = TRUE},
     MARK(NONE), HOLD(WAIT)},
    {"way back waits", {JOB(RESTORE), AT(INSTALLING), ENDED(LATER), VERSION(OLD),
      .restoring = TRUE, .one_gate = TRUE},
     MARK(RESTORING), HOLD(WAIT)},
    {"order failed", {JOB(DOWNLOAD), AT(INSTALLING), ENDED(LATER), VERSION(OLD)},
     MARK(NONE), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"order failed", {JOB(DOWNLOAD), AT(INSTALLING), ENDED(LATER), VERSION(OLD), .one_gate = TRUE,
      .restarted = TRUE},
     MARK(NONE), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"order failed", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .restarted = TRUE},
     MARK(NONE), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"order failed", {JOB(DOWNLOAD), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), CAN_DISCARD},
     MARK(DISCARDING), ATTEMPTS(COUNT), FINISH(FAILED)},
    /* A cancel that came too late is none. */
    {"order failed", {JOB(INSTALL), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .cancelled = TRUE},
     MARK(NONE), ATTEMPTS(COUNT), FINISH(FAILED)},
    /* Whatever the job was doing. */
    {"cancelled", {JOB(DOWNLOAD), ENDED(BADLY), .cancelled = TRUE, CAN_DISCARD},
     MARK(NONE), FINISH(CANCELLED), ENDS_OFFER},
    {"cancelled", {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(OLD), .downloaded = TRUE,
      .cancelled = TRUE, CAN_DISCARD},
     MARK(DISCARDING), FINISH(CANCELLED), ENDS_OFFER},
    {"cancelled", {JOB(NONE), AT(DOWNLOADED), .cancelled = TRUE},
     MARK(NONE), FINISH(CANCELLED), ENDS_OFFER},
    {"cancelled", {JOB(INSTALL), AT(DOWNLOADED), ENDED(LATER), .cancelled = TRUE,
      .unwritten = TRUE, CAN_DISCARD},
     MARK(DISCARDING), FINISH(CANCELLED), ENDS_OFFER},
    {"unwritten", {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(LATER), .unwritten = TRUE},
     MARK(DOWNLOADING), HOLD(WAIT)},
    {"unwritten", {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(OLD), .unwritten = TRUE,
      .downloaded = TRUE},
     MARK(DOWNLOADED), HOLD(WAIT)},
    {"fetched", {JOB(FETCH), AT(FETCHING), CAN_DISCARD}, MARK(FETCHING)},
    /* The module may still hold a part of an earlier attempt. */
    {"fetched", {JOB(FETCH), AT(DOWNLOADING), CAN_DISCARD}, MARK(DOWNLOADING)},
    {"failed", {JOB(FETCH), AT(FETCHING), ENDED(BADLY), CAN_DISCARD},
     MARK(NONE), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"had to wait", {JOB(FETCH), AT(FETCHING), ENDED(LATER), CAN_DISCARD},
     MARK(FETCHING), HOLD(WAIT)},
    {"cancelled", {JOB(FETCH), AT(FETCHING), .cancelled = TRUE, CAN_DISCARD},
     MARK(NONE), FINISH(CANCELLED), ENDS_OFFER},
    {"downloaded", {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(OLD), .downloaded = TRUE, CAN_DISCARD},
     MARK(DOWNLOADED)},
    {"not begun", {JOB(DOWNLOAD), AT(DOWNLOADING), VERSION(OLD), CAN_DISCARD}, MARK(NONE)},
    {"had to wait", {JOB(INSTALL), AT(DOWNLOADED), ENDED(LATER), CAN_DISCARD},
     MARK(DOWNLOADED), HOLD(WAIT)},
    {"had to wait", {JOB(DOWNLOAD), ENDED(LATER)}, MARK(NONE), HOLD(WAIT)},
    {"other base", {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(FOR_GOOD), VERSION(OTHER)},
     MARK(NONE), FINISH(FAILED)},
    {"failed for good", {JOB(INSTALL), AT(DOWNLOADED), ENDED(FOR_GOOD), CAN_DISCARD},
     MARK(DISCARDING), ATTEMPTS(END), FINISH(FAILED), ENDS_OFFER},
    {"failed with delta", {JOB(INSTALL), AT(DOWNLOADED), ENDED(BADLY), CAN_DISCARD},
     MARK(DOWNLOADED), ATTEMPTS(COUNT), FINISH(FAILED)},
    /* The version of a dummy is the same before and after: its job tells. */
    {"dummy installed", {JOB(INSTALL), AT(INSTALLING), VERSION(SAME), CAN_DISCARD},
     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"downloaded", {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(SAME), .downloaded = TRUE},
     MARK(DOWNLOADED)},
    {"order failed", {JOB(INSTALL), AT(INSTALLING), ENDED(BADLY), VERSION(SAME), CAN_DISCARD},
     MARK(DISCARDING), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"order not given", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(SAME)},
     MARK(NONE), ATTEMPTS(REPEAT), FINISH(FAILED)},
    /* What the module asked by itself. */
    {"question", {JOB(LISTEN), AT(DOWNLOADED), ENDED(BADLY)}, MARK(DOWNLOADED)},
    {"question", {JOB(ANSWER), ENDED(FOR_GOOD), VERSION(OLD)}, MARK(NONE)},
    {"success", {JOB(FOLLOW), AT(INSTALLING), VERSION(WANTED), .restarted = TRUE, .asked = TRUE},
     MARK(NONE), FINISH(SUCCESS)},
    {"order unasked", {JOB(FOLLOW), AT(INSTALLING), ENDED(FOR_GOOD), .asked = TRUE,
      .expired = TRUE},
     MARK(INSTALLING), HOLD(ORDER)},
    /* Before the answer, and after it. */
    {"question over", {JOB(FOLLOW), ENDED(FOR_GOOD), VERSION(OLD), .asked = TRUE, .expired = TRUE},
     MARK(NONE), FINISH(EXPIRED), ENDS_OFFER},
    {"question over", {JOB(FOLLOW), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OLD), .asked = TRUE,
      .expired = TRUE},
     MARK(NONE), FINISH(EXPIRED), ENDS_OFFER},
    /* Killed at the answer: a yes that may have been said is said again where it asks again. */
    {"answer not heard", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .asked = TRUE,
      .asks_again = TRUE},
     MARK(NONE)},
    {"order failed", {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .asked = TRUE},
     MARK(NONE), FINISH(FAILED)},
    {"order failed", {JOB(FOLLOW), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .asked = TRUE},
     MARK(NONE), FINISH(FAILED)},
    {"order failed for good", {JOB(RESUME), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OLD),
      .restarted = TRUE, .asked = TRUE},
     MARK(NONE), FINISH(FAILED), ENDS_OFFER},
    {"cancelled", {JOB(FOLLOW), ENDED(BADLY), VERSION(OLD), .cancelled = TRUE, .asked = TRUE},
     MARK(NONE), FINISH(CANCELLED), ENDS_OFFER},
    {"asks again", {JOB(FOLLOW), VERSION(OLD), .asked = TRUE, .asks_again = TRUE}, MARK(NONE)},
    {"cancelled", {JOB(FOLLOW), VERSION(OLD), .cancelled = TRUE, .asked = TRUE,
      .asks_again = TRUE},
     MARK(NONE), FINISH(CANCELLED), ENDS_OFFER},
    {"answer not begun", {JOB(FOLLOW), VERSION(OLD), .asked = TRUE}, MARK(NONE)},
    {"answer not sent", {JOB(FOLLOW), ENDED(BADLY), VERSION(OLD), .asked = TRUE},
     MARK(NONE), HOLD(WAIT)},
    {"had to wait", {JOB(FOLLOW), ENDED(LATER), VERSION(OLD), .asked = TRUE},
     MARK(NONE), HOLD(WAIT)},
    {"failed for good", {JOB(FOLLOW), ENDED(FOR_GOOD), VERSION(OLD), .asked = TRUE},
     MARK(NONE), FINISH(FAILED), ENDS_OFFER},
    {"failed", {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(BADLY), VERSION(OLD), CAN_DISCARD},
     MARK(DISCARDING), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"failed", {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(BADLY)},
     MARK(NONE), ATTEMPTS(COUNT), FINISH(FAILED)},
};
/* clang-format on */

static void
test_rows(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaOutcome outcome = fota_outcome_decide(&cases[i].end);

        g_test_message("case %u", i);
        g_assert_cmpstr(outcome.row, ==, cases[i].row);
        g_assert_cmpint(outcome.mark, ==, cases[i].mark);
        g_assert_cmpint(outcome.attempts, ==, cases[i].attempts);
        g_assert_cmpint(outcome.finish, ==, cases[i].finish);
        g_assert_cmpint(outcome.hold, ==, cases[i].hold);
        g_assert_cmpint(outcome.ends_offer, ==, cases[i].ends_offer);
        g_hash_table_add(seen, (gpointer)outcome.row);
    }
    /* Every row of the table has a case: a new one without fails here. */
    g_assert_cmpuint(g_hash_table_size(seen), ==, 37);
}

/* Every end there can be. */
static void
test_all(void)
{
    const guint jobs = FOTA_ACTION_LAST + 1, bits = jobs * 5 * 4 * 5;

    for (guint i = 0; i < bits * 128; i++) {
        FotaEnd end = {
            .job = i % jobs,
            .mark = i / jobs % 5,
            .ending = i / jobs / 5 % 4,
            .version = i / jobs / 20 % 5,
            .cancelled = (i / bits & 1) != 0,
            .unwritten = (i / bits & 2) != 0,
            .downloaded = (i / bits & 4) != 0,
            .restarted = (i / bits & 8) != 0,
            .can_discard = (i / bits & 16) != 0,
            .asked = (i / bits & 32) != 0,
            .expired = (i / bits & 64) != 0,
        };
        FotaOutcome outcome;
        gboolean order = end.mark == FOTA_MARK_INSTALLING && end.job != FOTA_ACTION_DISCARD;

        /* What the module asks leaves nothing of ours in it before the order. */
        end.asked = end.job == FOTA_ACTION_FOLLOW || (end.job == FOTA_ACTION_RESUME && end.asked);
        if (end.asked && end.mark != FOTA_MARK_INSTALLING)
            end.mark = FOTA_MARK_NONE;
        outcome = fota_outcome_decide(&end);
        /* It has one answer: no attempt of the manifest is counted or forgotten by it. */
        if (end.asked)
            g_assert_cmpint(outcome.attempts, ==, FOTA_ATTEMPTS_KEEP);
        g_assert_true(outcome.finish != FOTA_FINISH_EXPIRED || (end.asked && end.expired));
        /* Only a version ends an order that may be out, and nothing but an order begins one. */
        if (order && outcome.mark != FOTA_MARK_INSTALLING)
            g_assert_cmpint(end.version, !=, FOTA_VERSION_UNREAD);
        if (end.mark != FOTA_MARK_INSTALLING)
            g_assert_cmpint(outcome.mark, !=, FOTA_MARK_INSTALLING);
        /* Success is the version. */
        if (outcome.finish == FOTA_FINISH_SUCCESS && end.job != FOTA_ACTION_CONCLUDE)
            g_assert_true(end.version == FOTA_VERSION_WANTED ||
                          (order && end.version == FOTA_VERSION_SAME));
        /* Waiting is no failing. */
        if (outcome.hold != FOTA_HOLD_NONE) {
            g_assert_cmpint(outcome.finish, ==, FOTA_FINISH_NOTHING);
            g_assert_cmpint(outcome.attempts, ==, FOTA_ATTEMPTS_KEEP);
        }
        /* A cancel that was accepted is true, whatever the job did meanwhile. */
        if (end.cancelled && !order && end.version != FOTA_VERSION_WANTED &&
            (end.job == FOTA_ACTION_DOWNLOAD || end.job == FOTA_ACTION_INSTALL))
            g_assert_cmpint(outcome.finish, ==, FOTA_FINISH_CANCELLED);
        /* A module that may hold a delta is told to throw it away, or keeps it for the next try. */
        if (end.can_discard && end.mark == FOTA_MARK_DOWNLOADED && outcome.mark == FOTA_MARK_NONE)
            g_assert_true(outcome.finish == FOTA_FINISH_SUCCESS || end.job == FOTA_ACTION_DISCARD);
        g_assert_cmpint(fota_finish_get_name(outcome.finish) == NULL, ==,
                        outcome.finish == FOTA_FINISH_NOTHING);
    }
}

static void
test_hold(void)
{
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_NONE, 60, 3), ==, 0);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_WAIT, 0, 1), ==, 300);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_WAIT, 60, 1), ==, 60);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_WAIT, 60, 3), ==, 240);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_WAIT, 0, 99), ==, 3600);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_WAIT, 86400, 99), ==, 86400);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_ORDER, 86400, 0), ==, 60);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, 4), ==, 480);
    g_assert_cmpuint(fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, G_MAXUINT), ==, 3600);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outcome/rows", test_rows);
    g_test_add_func("/outcome/all", test_all);
    g_test_add_func("/outcome/hold", test_hold);
    return g_test_run();
}
