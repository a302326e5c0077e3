/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-outcome.h"

#define JOB(name) .job = FOTA_ACTION_##name
#define AT(name) .mark = FOTA_MARK_##name
#define ENDED(name) .ending = FOTA_ENDED_##name
#define VERSION(name) .version = FOTA_VERSION_##name
#define CAN_DISCARD .can_discard = TRUE

static const struct {
    const char *row;
    FotaMark mark;
    FotaAttempts attempts;
    FotaFinish finish;
    FotaHold hold;
    gboolean ends_offer;
    FotaEnd end;
} cases[] = {
    {"rehearsal cancelled",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     FALSE,
     {JOB(REHEARSE), ENDED(BADLY), .cancelled = TRUE, CAN_DISCARD}},
    {"rehearsal cancelled",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     FALSE,
     {JOB(REHEARSE), VERSION(OLD), .cancelled = TRUE}},
    {"rehearsed",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_REHEARSED,
     0,
     FALSE,
     {JOB(REHEARSE), VERSION(OLD)}},
    {"rehearsal failed",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(REHEARSE), ENDED(FOR_GOOD)}},
    {"question",
     FOTA_MARK_DOWNLOADED,
     0,
     0,
     0,
     FALSE,
     {JOB(ASK), AT(DOWNLOADED), ENDED(FOR_GOOD), VERSION(WANTED)}},
    {"question", FOTA_MARK_NONE, 0, 0, 0, FALSE, {JOB(INSPECT), ENDED(BADLY)}},
    {"question", FOTA_MARK_NONE, 0, 0, 0, FALSE, {JOB(CHECK)}},
    /* What an order has come to is asked by RESUME alone. */
    {"question", FOTA_MARK_INSTALLING, 0, 0, 0, FALSE, {JOB(CHECK), AT(INSTALLING), ENDED(BADLY)}},
    {"discarded",
     FOTA_MARK_NONE,
     0,
     0,
     0,
     FALSE,
     {JOB(DISCARD), AT(DISCARDING), VERSION(OLD), CAN_DISCARD}},
    {"not discarded",
     FOTA_MARK_DISCARDING,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(DISCARD), AT(DISCARDING), ENDED(FOR_GOOD), CAN_DISCARD}},
    {"not discarded",
     FOTA_MARK_DISCARDING,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(DISCARD), AT(DISCARDING), ENDED(BADLY), VERSION(WANTED), CAN_DISCARD}},
    {"success",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_RESET,
     FOTA_FINISH_SUCCESS,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(INSTALLING), VERSION(WANTED), .restarted = TRUE, CAN_DISCARD}},
    {"success",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_RESET,
     FOTA_FINISH_SUCCESS,
     0,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(WANTED), .cancelled = TRUE}},
    {"order unasked",
     FOTA_MARK_INSTALLING,
     0,
     0,
     FOTA_HOLD_ORDER,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY)}},
    {"order unasked",
     FOTA_MARK_INSTALLING,
     0,
     0,
     FOTA_HOLD_ORDER,
     FALSE,
     {JOB(DOWNLOAD), AT(INSTALLING), ENDED(FOR_GOOD), .restarted = TRUE, .cancelled = TRUE}},
    {"order unasked",
     FOTA_MARK_INSTALLING,
     0,
     0,
     FOTA_HOLD_ORDER,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(LATER), .unwritten = TRUE}},
    {"order not given",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_REPEAT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD)}},
    {"order not given",
     FOTA_MARK_DISCARDING,
     FOTA_ATTEMPTS_REPEAT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), CAN_DISCARD}},
    {"order failed for good",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_END,
     FOTA_FINISH_FAILED,
     0,
     TRUE,
     {JOB(INSTALL), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OLD)}},
    {"order failed for good",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_END,
     FOTA_FINISH_FAILED,
     0,
     TRUE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OTHER), .restarted = TRUE}},
    {"order failed",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .restarted = TRUE}},
    {"order failed",
     FOTA_MARK_DISCARDING,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), CAN_DISCARD}},
    /* A cancel that came too late is none. */
    {"order failed",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(INSTALL), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .cancelled = TRUE}},
    /* Whatever the job was doing. */
    {"cancelled",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     TRUE,
     {JOB(DOWNLOAD), ENDED(BADLY), .cancelled = TRUE, CAN_DISCARD}},
    {"cancelled",
     FOTA_MARK_DISCARDING,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     TRUE,
     {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(OLD), .downloaded = TRUE, .cancelled = TRUE,
      CAN_DISCARD}},
    {"cancelled",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     TRUE,
     {JOB(NONE), AT(DOWNLOADED), .cancelled = TRUE}},
    {"cancelled",
     FOTA_MARK_DISCARDING,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     TRUE,
     {JOB(INSTALL), AT(DOWNLOADED), ENDED(LATER), .cancelled = TRUE, .unwritten = TRUE,
      CAN_DISCARD}},
    {"unwritten",
     FOTA_MARK_DOWNLOADING,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(LATER), .unwritten = TRUE}},
    {"unwritten",
     FOTA_MARK_DOWNLOADED,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(OLD), .unwritten = TRUE, .downloaded = TRUE}},
    {"fetched", FOTA_MARK_FETCHING, 0, 0, 0, FALSE, {JOB(FETCH), AT(FETCHING), CAN_DISCARD}},
    /* The module may still hold a part of an earlier attempt. */
    {"fetched", FOTA_MARK_DOWNLOADING, 0, 0, 0, FALSE, {JOB(FETCH), AT(DOWNLOADING), CAN_DISCARD}},
    {"failed",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(FETCH), AT(FETCHING), ENDED(BADLY), CAN_DISCARD}},
    {"had to wait",
     FOTA_MARK_FETCHING,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(FETCH), AT(FETCHING), ENDED(LATER), CAN_DISCARD}},
    {"cancelled",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     TRUE,
     {JOB(FETCH), AT(FETCHING), .cancelled = TRUE, CAN_DISCARD}},
    {"downloaded",
     FOTA_MARK_DOWNLOADED,
     0,
     0,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(OLD), .downloaded = TRUE, CAN_DISCARD}},
    {"not begun",
     FOTA_MARK_NONE,
     0,
     0,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADING), VERSION(OLD), CAN_DISCARD}},
    {"had to wait",
     FOTA_MARK_DOWNLOADED,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(INSTALL), AT(DOWNLOADED), ENDED(LATER), CAN_DISCARD}},
    {"had to wait", FOTA_MARK_NONE, 0, 0, FOTA_HOLD_WAIT, FALSE, {JOB(DOWNLOAD), ENDED(LATER)}},
    {"other base",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(FOR_GOOD), VERSION(OTHER)}},
    {"failed for good",
     FOTA_MARK_DISCARDING,
     FOTA_ATTEMPTS_END,
     FOTA_FINISH_FAILED,
     0,
     TRUE,
     {JOB(INSTALL), AT(DOWNLOADED), ENDED(FOR_GOOD), CAN_DISCARD}},
    {"failed with delta",
     FOTA_MARK_DOWNLOADED,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(INSTALL), AT(DOWNLOADED), ENDED(BADLY), CAN_DISCARD}},
    /* The version of a dummy is the same before and after: its job tells. */
    {"dummy installed",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_RESET,
     FOTA_FINISH_SUCCESS,
     0,
     FALSE,
     {JOB(INSTALL), AT(INSTALLING), VERSION(SAME), CAN_DISCARD}},
    {"downloaded",
     FOTA_MARK_DOWNLOADED,
     0,
     0,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADED), VERSION(SAME), .downloaded = TRUE}},
    {"order failed",
     FOTA_MARK_DISCARDING,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(INSTALL), AT(INSTALLING), ENDED(BADLY), VERSION(SAME), CAN_DISCARD}},
    {"order not given",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_REPEAT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(SAME)}},
    /* What the module asked by itself. */
    {"question", FOTA_MARK_DOWNLOADED, 0, 0, 0, FALSE, {JOB(LISTEN), AT(DOWNLOADED), ENDED(BADLY)}},
    {"question", FOTA_MARK_NONE, 0, 0, 0, FALSE, {JOB(ANSWER), ENDED(FOR_GOOD), VERSION(OLD)}},
    {"success",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_SUCCESS,
     0,
     FALSE,
     {JOB(FOLLOW), AT(INSTALLING), VERSION(WANTED), .restarted = TRUE, .asked = TRUE}},
    {"order unasked",
     FOTA_MARK_INSTALLING,
     0,
     0,
     FOTA_HOLD_ORDER,
     FALSE,
     {JOB(FOLLOW), AT(INSTALLING), ENDED(FOR_GOOD), .asked = TRUE, .expired = TRUE}},
    /* Before the answer, and after it. */
    {"question over",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_EXPIRED,
     0,
     TRUE,
     {JOB(FOLLOW), ENDED(FOR_GOOD), VERSION(OLD), .asked = TRUE, .expired = TRUE}},
    {"question over",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_EXPIRED,
     0,
     TRUE,
     {JOB(FOLLOW), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OLD), .asked = TRUE, .expired = TRUE}},
    /* Killed between the mark and the answer: the question may still be open. */
    {"answer not given",
     FOTA_MARK_NONE,
     0,
     0,
     0,
     FALSE,
     {JOB(RESUME), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .asked = TRUE}},
    {"order failed",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(FOLLOW), AT(INSTALLING), ENDED(BADLY), VERSION(OLD), .asked = TRUE}},
    {"order failed for good",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_FAILED,
     0,
     TRUE,
     {JOB(RESUME), AT(INSTALLING), ENDED(FOR_GOOD), VERSION(OLD), .restarted = TRUE,
      .asked = TRUE}},
    {"cancelled",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_CANCELLED,
     0,
     TRUE,
     {JOB(FOLLOW), ENDED(BADLY), VERSION(OLD), .cancelled = TRUE, .asked = TRUE}},
    {"answer not begun",
     FOTA_MARK_NONE,
     0,
     0,
     0,
     FALSE,
     {JOB(FOLLOW), VERSION(OLD), .asked = TRUE}},
    {"answer not sent",
     FOTA_MARK_NONE,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(FOLLOW), ENDED(BADLY), VERSION(OLD), .asked = TRUE}},
    {"had to wait",
     FOTA_MARK_NONE,
     0,
     0,
     FOTA_HOLD_WAIT,
     FALSE,
     {JOB(FOLLOW), ENDED(LATER), VERSION(OLD), .asked = TRUE}},
    {"failed for good",
     FOTA_MARK_NONE,
     0,
     FOTA_FINISH_FAILED,
     0,
     TRUE,
     {JOB(FOLLOW), ENDED(FOR_GOOD), VERSION(OLD), .asked = TRUE}},
    {"failed",
     FOTA_MARK_DISCARDING,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(BADLY), VERSION(OLD), CAN_DISCARD}},
    {"failed",
     FOTA_MARK_NONE,
     FOTA_ATTEMPTS_COUNT,
     FOTA_FINISH_FAILED,
     0,
     FALSE,
     {JOB(DOWNLOAD), AT(DOWNLOADING), ENDED(BADLY)}},
};

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
    g_assert_cmpuint(g_hash_table_size(seen), ==, 26);
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
        if (outcome.finish == FOTA_FINISH_SUCCESS)
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
