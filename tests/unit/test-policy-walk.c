/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-outcome.h"
#include "policy/fota-refusal.h"

/*
 * Random lives of a module, through both tables: whatever happens in whatever order, an order is
 * given only when it may be, never twice without a version in between, and what an application has
 * said stays said. The daemon is the few lines of act() and end_job(); the module is `version`,
 * `delta` and `installs`.
 */

#define LIVES 100000
#define EVENTS 40

typedef struct {
    GRand *rand;
    FotaSituation s; /* what the daemon knows */

    gboolean waits; /* for a window, a network, a time */

    /* On disk */
    FotaMark mark;
    gboolean cancelled;

    /* The module */
    FotaVersionRead version;
    gboolean delta;
    gboolean installs;

    /* For the rules */
    gboolean ordered; /* an order is out, and no version was read since */
    gboolean refused; /* the application has said no to what is offered */
    guint orders;
    guint successes;
    guint restored;
    gboolean provable, way_back; /* whether the service is to be proven, and can be put back */
    gboolean restarted;          /* the module, since the job began */
} Life;

static gboolean
chance(Life *life, guint of)
{
    return g_rand_int_range(life->rand, 0, (gint32)of) == 0;
}

static void
write_mark(Life *life, FotaMark mark)
{
    /* Only a version ends the mark of an order that may be out. */
    if (life->mark == FOTA_MARK_INSTALLING && mark != FOTA_MARK_INSTALLING)
        g_assert_false(life->ordered);
    life->mark = life->s.mark = mark;
}

static void
look_at_plan(Life *life)
{
    FotaSituation *s = &life->s;

    s->planned =
        s->presence != FOTA_PRESENCE_LOST && s->supported && s->manifest == FOTA_MANIFEST_HOLDS;
    if (life->refused)
        s->plan = FOTA_PLAN_REJECTED;
    else if (life->version == FOTA_VERSION_WANTED)
        s->plan = FOTA_PLAN_UP_TO_DATE;
    else if (life->version == FOTA_VERSION_OTHER)
        s->plan = FOTA_PLAN_NO_PATH;
    else
        s->plan = FOTA_PLAN_UPDATE;
    s->blocked = life->waits || s->inhibited || s->crowded;
}

static void
give_order(Life *life)
{
    g_assert_false(life->ordered);
    g_assert_false(life->s.inhibited);
    /* The approval of an update is that of its way back. */
    if (!life->s.restoring) {
        g_assert_false(life->cancelled || life->refused);
        g_assert_false(life->s.blocked);
        g_assert_true(life->s.open[FOTA_APPROVAL_GATE_INSTALL]);
    }
    g_assert_cmpint(life->mark, ==, FOTA_MARK_INSTALLING);
    g_assert_true(life->delta);
    life->ordered = TRUE;
    life->orders++;
    life->installs = TRUE;
}

static FotaVersionRead
read_version(Life *life)
{
    if (life->version != FOTA_VERSION_UNREAD)
        life->ordered = FALSE;
    return life->version;
}

/* The module installs, or does not, while somebody looks on or nobody does. */
static void
let_module_work(Life *life)
{
    if (!life->installs)
        return;
    life->installs = FALSE;
    life->delta = FALSE;
    life->restarted = TRUE;
    life->version = chance(life, 4)   ? FOTA_VERSION_OLD
                    : chance(life, 6) ? FOTA_VERSION_OTHER
                                      : FOTA_VERSION_WANTED;
}

static void
end_job(Life *life, FotaEnding ending, FotaVersionRead version, gboolean downloaded)
{
    const FotaEnd end = {
        .job = life->s.runs,
        .mark = life->mark,
        .ending = ending,
        .version = version,
        .cancelled = life->cancelled,
        .downloaded = downloaded,
        .restarted = life->restarted,
        .can_discard = life->s.can_discard,
        .provable = life->provable,
        .proof = life->s.proof,
        .way_back = life->way_back,
        .restoring = life->s.restoring,
        .last_try = life->way_back && chance(life, 3),
    };
    FotaOutcome outcome = fota_outcome_decide(&end);

    life->s.runs = FOTA_ACTION_NONE;
    if (outcome.finish == FOTA_FINISH_SUCCESS) {
        g_assert_cmpint(life->version, ==, FOTA_VERSION_WANTED);
        life->successes++;
    }
    /* What the update leads to is where its way back begins. */
    if (outcome.mark == FOTA_MARK_RESTORING && !life->s.restoring) {
        g_assert_cmpint(life->s.proof, ==, FOTA_PROOF_NOT_PROVEN);
        life->s.restoring = TRUE;
        life->version = FOTA_VERSION_OLD;
        life->cancelled = life->s.cancelled = FALSE;
    }
    if (outcome.finish == FOTA_FINISH_RESTORED) {
        g_assert_cmpint(life->version, ==, FOTA_VERSION_WANTED);
        life->restored++;
        life->version = FOTA_VERSION_OLD;
    } else if (outcome.finish == FOTA_FINISH_NO_SERVICE && life->s.restoring &&
               life->version == FOTA_VERSION_OLD) {
        life->version = FOTA_VERSION_WANTED;
    }
    if (outcome.finish == FOTA_FINISH_RESTORED || outcome.finish == FOTA_FINISH_NO_SERVICE) {
        life->s.restoring = FALSE;
        life->refused = TRUE; /* until another manifest */
    }
    if (outcome.finish == FOTA_FINISH_CANCELLED) {
        g_assert_true(life->cancelled);
        life->refused = TRUE;
    }
    if (outcome.finish != FOTA_FINISH_NOTHING || outcome.mark == FOTA_MARK_NONE)
        life->cancelled = life->s.cancelled = FALSE;
    life->s.held = outcome.hold != FOTA_HOLD_NONE;
    if (end.job != FOTA_ACTION_REHEARSE)
        write_mark(life, outcome.mark);
}

/* One step of the job that runs; it may end there. */
static void
work(Life *life)
{
    switch (life->s.runs) {
    case FOTA_ACTION_RESTORE:
    case FOTA_ACTION_DOWNLOAD:
        if (life->mark == FOTA_MARK_DOWNLOADING && chance(life, 5)) {
            end_job(life, g_rand_int_range(life->rand, 1, 4), read_version(life), FALSE);
            return;
        }
        if (!life->delta) {
            life->delta = TRUE;
            g_assert_cmpint(life->mark, ==, FOTA_MARK_DOWNLOADING);
            write_mark(life, FOTA_MARK_DOWNLOADED);
            if (!fota_next_may_commit(&life->s, FOTA_MARK_DOWNLOADED))
                end_job(life, FOTA_ENDED_WELL, read_version(life), TRUE);
            return;
        }
        G_GNUC_FALLTHROUGH;
    case FOTA_ACTION_INSTALL:
        if (life->mark == FOTA_MARK_DOWNLOADED) {
            if (chance(life, 6)) {
                end_job(life, g_rand_int_range(life->rand, 1, 4), read_version(life), FALSE);
            } else if (fota_next_may_commit(&life->s, FOTA_MARK_INSTALLING)) {
                write_mark(life, FOTA_MARK_INSTALLING);
                if (!chance(life, 4)) /* else: killed between mark and order, see below */
                    give_order(life);
            } else {
                end_job(life, FOTA_ENDED_WELL, read_version(life), TRUE);
            }
            return;
        }
        G_GNUC_FALLTHROUGH;
    case FOTA_ACTION_RESUME:
        if (chance(life, 3)) {
            end_job(life, g_rand_int_range(life->rand, 1, 4), FOTA_VERSION_UNREAD, FALSE);
            return;
        }
        let_module_work(life);
        end_job(life, life->version == FOTA_VERSION_WANTED ? FOTA_ENDED_WELL : FOTA_ENDED_BADLY,
                read_version(life), FALSE);
        return;
    case FOTA_ACTION_DISCARD:
        life->delta = life->delta && chance(life, 3);
        end_job(life, life->delta ? FOTA_ENDED_BADLY : FOTA_ENDED_WELL, read_version(life), FALSE);
        return;
    case FOTA_ACTION_NONE:
        return;
    case FOTA_ACTION_INSPECT:
        life->s.version_asked = FALSE;
        life->s.told_version = TRUE;
        G_GNUC_FALLTHROUGH;
    default:
        end_job(life, g_rand_int_range(life->rand, 0, 4), life->version, FALSE);
    }
}

/* What the daemon does with the table's answer. */
static void
act(Life *life)
{
    FotaNext next;

    look_at_plan(life);
    life->s.proof = life->mark != FOTA_MARK_PROVING ? FOTA_PROOF_NOT_JUDGED
                    : chance(life, 2)               ? FOTA_PROOF_WAITING
                    : chance(life, 2)               ? FOTA_PROOF_PROVEN
                                                    : FOTA_PROOF_NOT_PROVEN;
    next = fota_next_decide(&life->s);
    g_assert_cmpint(fota_next_keeps_power(next.state), ==,
                    life->mark == FOTA_MARK_INSTALLING || life->mark == FOTA_MARK_PROVING);
    if (life->ordered)
        g_assert_true(fota_next_keeps_power(next.state));
    switch (next.action) {
    case FOTA_ACTION_NONE:
        break;
    case FOTA_ACTION_FORGET:
        write_mark(life, FOTA_MARK_NONE);
        life->delta = FALSE;
        break;
    case FOTA_ACTION_CLOSE:
        end_job(life, FOTA_ENDED_BADLY, FOTA_VERSION_UNREAD, FALSE);
        break;
    case FOTA_ACTION_CONCLUDE:
        life->s.runs = next.action;
        end_job(life, FOTA_ENDED_WELL, life->version, FALSE);
        break;
    default:
        life->s.runs = next.action;
        life->restarted = FALSE;
        life->s.check_due = FALSE;
        if (next.action == FOTA_ACTION_REHEARSE || next.action == FOTA_ACTION_DOWNLOAD)
            life->s.rehearsal = FALSE;
        if (next.action == FOTA_ACTION_DOWNLOAD || next.action == FOTA_ACTION_RESTORE) {
            write_mark(life, FOTA_MARK_DOWNLOADING);
            life->s.same_delta = TRUE;
            life->delta = FALSE;
        }
        if (next.action == FOTA_ACTION_DISCARD)
            write_mark(life, FOTA_MARK_DISCARDING);
    }
}

static void
ask(Life *life, FotaRequestKind request)
{
    look_at_plan(life);
    if (fota_refusal_find(&life->s, request) != FOTA_REFUSAL_NONE)
        return;
    switch (request) {
    case FOTA_REQUEST_APPROVE:
        life->s.open[life->mark == FOTA_MARK_DOWNLOADED ? 1 : 0] = TRUE;
        break;
    case FOTA_REQUEST_CANCEL:
        g_assert_cmpint(life->mark, !=, FOTA_MARK_INSTALLING);
        if (life->s.runs == FOTA_ACTION_NONE || life->s.runs == FOTA_ACTION_CHECK)
            life->refused = TRUE;
        else
            life->cancelled = life->s.cancelled = TRUE;
        break;
    case FOTA_REQUEST_REJECT:
        life->refused = TRUE;
        break;
    case FOTA_REQUEST_CHECK:
        life->s.check_due = TRUE;
        break;
    case FOTA_REQUEST_REHEARSE:
        life->s.rehearsal = TRUE;
        break;
    case FOTA_REQUEST_DEFER:
        life->waits = TRUE;
        break;
    case FOTA_REQUEST_ASK_VERSION:
        life->s.version_asked = TRUE;
        life->s.told_version = FALSE;
        break;
    }
}

static void
come_by(Life *life)
{
    FotaSituation *s = &life->s;

    switch (g_rand_int_range(life->rand, 0, 12)) {
    case 0:
        s->presence = (FotaPresenceKind)g_rand_int_range(life->rand, 0, 3);
        break;
    case 1:
        s->inhibited = !s->inhibited;
        break;
    case 2:
        s->held = FALSE;
        break;
    case 3:
        life->waits = chance(life, 3);
        break;
    case 4: /* another manifest */
        if (s->runs != FOTA_ACTION_NONE)
            break;
        s->manifest = chance(life, 4) ? FOTA_MANIFEST_DISTRUSTED : FOTA_MANIFEST_HOLDS;
        life->refused = FALSE;
        s->same_delta = chance(life, 2);
        s->open[0] = chance(life, 2);
        s->open[1] = chance(life, 2);
        if (life->version == FOTA_VERSION_OTHER)
            life->version = FOTA_VERSION_OLD; /* somebody has flashed it */
        break;
    case 5: /* fotad is killed, or the power is lost: what is on disk stays, the module works on */
        s->runs = FOTA_ACTION_NONE;
        s->held = FALSE;
        s->verifying = FALSE;
        s->rehearsal = FALSE;
        s->presence = FOTA_PRESENCE_LOST;
        s->mark = life->mark;
        s->cancelled = life->cancelled;
        if (chance(life, 2))
            let_module_work(life);
        break;
    case 6:
    case 7:
        ask(life, (FotaRequestKind)g_rand_int_range(life->rand, 0, FOTA_REQUEST_LAST + 1));
        break;
    default:
        s->presence = FOTA_PRESENCE_HERE;
        work(life);
    }
}

static void
test_lives(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(310011);
    guint orders = 0, successes = 0, restored = 0;

    for (guint n = 0; n < LIVES; n++) {
        Life life = {
            .rand = rand,
            .s = {.supported = TRUE,
                  .manifest = FOTA_MANIFEST_HOLDS,
                  .told_version = TRUE,
                  .open = {n % 3 != 0, n % 4 != 0},
                  .can_discard = n % 2 == 0},
            .provable = n % 3 != 1,
            .way_back = n % 5 != 1,
            .version = FOTA_VERSION_OLD,
        };

        for (guint i = 0; i < EVENTS; i++) {
            come_by(&life);
            act(&life);
        }
        orders += life.orders;
        successes += life.successes;
        restored += life.restored;
    }
    g_test_message("%u lives, %u orders, %u successes, %u restored", LIVES, orders, successes,
                   restored);
    g_assert_cmpuint(restored, >, LIVES / 1000);
    g_assert_cmpuint(orders, >, LIVES / 10);
    g_assert_cmpuint(successes, >, LIVES / 20);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/walk/lives", test_lives);
    return g_test_run();
}
