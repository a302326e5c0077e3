/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-outcome.h"

#define WAIT_SECONDS 300
#define ORDER_SECONDS 60
#define MAX_SECONDS 3600

typedef const FotaEnd E;
typedef gboolean Condition(E *e);
static Condition rehearsal_was_cancelled, rehearsal_went_well, was_rehearsal, was_question,
    was_discarded, was_not_discarded, service_is_proven, service_is_lost, service_is_judged,
    runs_old_version_again, has_to_be_proven, runs_wanted_version, dummy_was_installed,
    order_told_nothing, way_back_was_not_ordered, way_back_was_stopped, way_back_has_to_wait,
    way_back_failed, question_was_over, answer_was_not_heard, order_was_not_given,
    order_had_to_wait, order_failed_for_good, order_was_out, was_cancelled, was_not_written,
    was_fetched, was_downloaded, was_not_begun, module_asks_again, answer_was_not_begun,
    answer_was_not_sent, had_to_wait, had_other_base, failed_for_good, failed_with_delta, always;

/* The mark afterwards: besides FotaMark's own, */
#define AS_IT_WAS (FOTA_MARK_LAST + 1) /* as it was, */
#define GOES (FOTA_MARK_LAST + 2) /* or nothing, once the module has thrown away what it holds */

#define MARK(name) .mark = FOTA_MARK_##name
#define SAME .mark = AS_IT_WAS
#define GONE .mark = GOES
#define ATTEMPTS(name) .attempts = FOTA_ATTEMPTS_##name
#define FINISH(name) .finish = FOTA_FINISH_##name
#define HOLD(name) .hold = FOTA_HOLD_##name
#define OFFER_ENDS .ends_offer = TRUE

/* clang-format off */
static const struct {
    const char *name;
    Condition *fits;
    guint mark;
    FotaAttempts attempts;
    FotaFinish finish;
    FotaHold hold;
    gboolean ends_offer;
} rows[] = {
    /* A rehearsal or a question does not change the update. */
    {"rehearsal cancelled", rehearsal_was_cancelled, SAME,             FINISH(CANCELLED)},
    {"rehearsed",           rehearsal_went_well,     SAME,             FINISH(REHEARSED)},
    {"rehearsal failed",    was_rehearsal,           SAME,             FINISH(FAILED)},
    {"question",            was_question,            SAME},
    {"discarded",           was_discarded,           MARK(NONE)},
    {"not discarded",       was_not_discarded,       MARK(DISCARDING), HOLD(WAIT)},
    /* The service is judged. */
    {"service proven",      service_is_proven,       MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"service lost",        service_is_lost,         MARK(RESTORING)},
    {"no service",          service_is_judged,       MARK(NONE), ATTEMPTS(END), FINISH(NO_SERVICE),
                                                     OFFER_ENDS},
    /* The wanted version is a success, whatever else was reported, once it serves. */
    {"restored",            runs_old_version_again,  MARK(NONE), ATTEMPTS(END), FINISH(RESTORED),
                                                     OFFER_ENDS},
    {"to be proven",        has_to_be_proven,        MARK(PROVING)},
    {"success",             runs_wanted_version,     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    {"dummy installed",     dummy_was_installed,     MARK(NONE), ATTEMPTS(RESET), FINISH(SUCCESS)},
    /* After the order only a version is an end. */
    {"order unasked",       order_told_nothing,      MARK(INSTALLING), HOLD(ORDER)},
    {"way back not ordered", way_back_was_not_ordered, MARK(RESTORING)},
    {"way back stopped",    way_back_was_stopped,    MARK(RESTORING)},
    {"way back waits",      way_back_has_to_wait,    MARK(RESTORING), HOLD(WAIT)},
    {"way back failed",     way_back_failed,         GONE, ATTEMPTS(END), FINISH(NO_SERVICE),
                                                     OFFER_ENDS},
    {"question over",       question_was_over,       MARK(NONE), FINISH(EXPIRED), OFFER_ENDS},
    {"answer not heard",    answer_was_not_heard,    MARK(NONE)},
    {"order not given",     order_was_not_given,     GONE, ATTEMPTS(REPEAT), FINISH(FAILED)},
    {"order had to wait",   order_had_to_wait,       MARK(NONE), HOLD(WAIT)},
    {"order failed for good", order_failed_for_good, GONE, ATTEMPTS(END), FINISH(FAILED), OFFER_ENDS},
    {"order failed",        order_was_out,           GONE, ATTEMPTS(COUNT), FINISH(FAILED)},
    /* Nothing was ordered. */
    {"cancelled",           was_cancelled,           GONE, FINISH(CANCELLED), OFFER_ENDS},
    {"unwritten",           was_not_written,         SAME, HOLD(WAIT)},
    {"fetched",             was_fetched,             SAME},
    {"downloaded",          was_downloaded,          MARK(DOWNLOADED)},
    {"not begun",           was_not_begun,           MARK(NONE)},
    {"asks again",          module_asks_again,       SAME},
    {"answer not begun",    answer_was_not_begun,    SAME},
    {"answer not sent",     answer_was_not_sent,     SAME, HOLD(WAIT)},
    {"had to wait",         had_to_wait,             SAME, HOLD(WAIT)},
    {"other base",          had_other_base,          GONE, FINISH(FAILED)},
    {"failed for good",     failed_for_good,         GONE, ATTEMPTS(END), FINISH(FAILED), OFFER_ENDS},
    {"failed with delta",   failed_with_delta,       MARK(DOWNLOADED), ATTEMPTS(COUNT), FINISH(FAILED)},
    {"failed",              always,                  GONE, ATTEMPTS(COUNT), FINISH(FAILED)},
};
/* clang-format on */

FotaOutcome
fota_outcome_decide(const FotaEnd *end)
{
    guint i = 0;
    FotaMark mark;

    while (!rows[i].fits(end))
        i++;
    if (rows[i].mark == AS_IT_WAS)
        mark = end->mark;
    else if (rows[i].mark == GOES)
        mark = end->can_discard && end->mark != FOTA_MARK_NONE && end->mark != FOTA_MARK_FETCHING
                   ? FOTA_MARK_DISCARDING
                   : FOTA_MARK_NONE;
    else
        mark = (FotaMark)rows[i].mark;
    return (FotaOutcome){
        .row = rows[i].name,
        .mark = mark,
        /* A question has one answer, and attempts are the manifest's. */
        .attempts = end->asked ? FOTA_ATTEMPTS_KEEP : rows[i].attempts,
        .finish = rows[i].finish,
        .hold = rows[i].hold,
        .ends_offer = rows[i].ends_offer,
    };
}

static gboolean
rehearsal_was_cancelled(E *e)
{
    return e->job == FOTA_ACTION_REHEARSE && e->cancelled;
}

static gboolean
rehearsal_went_well(E *e)
{
    return e->job == FOTA_ACTION_REHEARSE && e->ending == FOTA_ENDED_WELL;
}

static gboolean
was_rehearsal(E *e)
{
    return e->job == FOTA_ACTION_REHEARSE;
}

static gboolean
was_question(E *e)
{
    return e->job == FOTA_ACTION_CHECK || e->job == FOTA_ACTION_ASK ||
           e->job == FOTA_ACTION_INSPECT || e->job == FOTA_ACTION_LISTEN ||
           e->job == FOTA_ACTION_ANSWER;
}

static gboolean
was_discarded(E *e)
{
    return e->job == FOTA_ACTION_DISCARD && e->ending == FOTA_ENDED_WELL;
}

static gboolean
was_not_discarded(E *e)
{
    return e->job == FOTA_ACTION_DISCARD;
}

static gboolean
runs_wanted_version(E *e)
{
    return e->version == FOTA_VERSION_WANTED;
}

static gboolean
service_is_judged(E *e)
{
    return e->job == FOTA_ACTION_CONCLUDE && e->mark == FOTA_MARK_PROVING;
}

static gboolean
service_is_proven(E *e)
{
    return service_is_judged(e) && e->proof != FOTA_PROOF_NOT_PROVEN;
}

static gboolean
service_is_lost(E *e)
{
    return service_is_judged(e) && e->way_back;
}

static gboolean
runs_old_version_again(E *e)
{
    return e->restoring && runs_wanted_version(e);
}

static gboolean
has_to_be_proven(E *e)
{
    return e->provable && runs_wanted_version(e);
}

static gboolean
order_was_out(E *e)
{
    return e->mark == FOTA_MARK_INSTALLING;
}

/* Of a dummy the version tells nothing: its job says whether the module has installed it. */
static gboolean
dummy_was_installed(E *e)
{
    return order_was_out(e) && e->version == FOTA_VERSION_SAME && e->ending == FOTA_ENDED_WELL;
}

static gboolean
is_back_unchanged(E *e)
{
    return e->version == FOTA_VERSION_OLD || e->version == FOTA_VERSION_SAME;
}

static gboolean
order_told_nothing(E *e)
{
    return order_was_out(e) && e->version == FOTA_VERSION_UNREAD;
}

/* fotad was killed between the mark and the order: the module never restarted. */
static gboolean
order_left_no_trace(E *e)
{
    return order_was_out(e) && e->job == FOTA_ACTION_RESUME && is_back_unchanged(e) &&
           !e->restarted && e->ending == FOTA_ENDED_BADLY;
}

static gboolean
question_was_over(E *e)
{
    return e->asked && e->expired;
}

/* What may have been said is said again only because the module asks again. */
static gboolean
answer_was_not_heard(E *e)
{
    return e->asked && e->asks_again && order_left_no_trace(e);
}

static gboolean
order_was_not_given(E *e)
{
    return !e->asked && order_left_no_trace(e);
}

/* With one gate the module looks for its network behind the mark, and finds that it is too early.
 */
static gboolean
order_had_to_wait(E *e)
{
    return order_was_out(e) && e->one_gate && e->job != FOTA_ACTION_RESUME && !e->asked &&
           e->ending == FOTA_ENDED_LATER && is_back_unchanged(e) && !e->restarted;
}

/* Nor does an order that the module ignores leave any. */
static gboolean
way_back_was_not_ordered(E *e)
{
    return e->restoring && order_left_no_trace(e) && !e->last_try;
}

static gboolean
way_back_was_stopped(E *e)
{
    return e->restoring && !order_was_out(e) && e->ending == FOTA_ENDED_WELL;
}

/* Nothing was ordered, or the version that was read says that nothing came of it. */
static gboolean
module_is_unchanged(E *e)
{
    return !order_was_out(e) || is_back_unchanged(e);
}

/* It has no service to lose, and an attempt has one order. */
static gboolean
way_back_has_to_wait(E *e)
{
    gboolean later = e->ending == FOTA_ENDED_LATER && (!order_was_out(e) || order_had_to_wait(e));
    gboolean again = e->ending == FOTA_ENDED_BADLY && !e->last_try && module_is_unchanged(e);

    return e->restoring && ((e->unwritten && !order_was_out(e)) || later || again);
}

static gboolean
way_back_failed(E *e)
{
    return e->restoring;
}

static gboolean
order_failed_for_good(E *e)
{
    return order_was_out(e) &&
           (e->ending == FOTA_ENDED_FOR_GOOD || e->version == FOTA_VERSION_OTHER);
}

static gboolean
was_cancelled(E *e)
{
    return e->cancelled;
}

static gboolean
was_not_written(E *e)
{
    return e->unwritten;
}

static gboolean
was_fetched(E *e)
{
    return e->ending == FOTA_ENDED_WELL && e->job == FOTA_ACTION_FETCH;
}

static gboolean
was_downloaded(E *e)
{
    return e->ending == FOTA_ENDED_WELL && e->downloaded;
}

/* With one gate: something had come in between before anything was ordered. */
static gboolean
was_not_begun(E *e)
{
    return e->ending == FOTA_ENDED_WELL && e->mark == FOTA_MARK_DOWNLOADING;
}

/* The first of two answers was no order. */
static gboolean
module_asks_again(E *e)
{
    return e->job == FOTA_ACTION_FOLLOW && e->ending == FOTA_ENDED_WELL && e->asks_again;
}

/* Nothing has been answered yet: something had come in between, or the module did not listen. */
static gboolean
answer_was_not_begun(E *e)
{
    return e->job == FOTA_ACTION_FOLLOW && e->ending == FOTA_ENDED_WELL;
}

static gboolean
answer_was_not_sent(E *e)
{
    return e->job == FOTA_ACTION_FOLLOW && e->ending == FOTA_ENDED_BADLY;
}

static gboolean
had_to_wait(E *e)
{
    return e->ending == FOTA_ENDED_LATER;
}

/* The manifest goes by another name for the firmware than the module's own, which is known now. */
static gboolean
had_other_base(E *e)
{
    return e->ending == FOTA_ENDED_FOR_GOOD && e->version == FOTA_VERSION_OTHER;
}

static gboolean
failed_for_good(E *e)
{
    return e->ending == FOTA_ENDED_FOR_GOOD;
}

static gboolean
failed_with_delta(E *e)
{
    return e->mark == FOTA_MARK_DOWNLOADED;
}

static gboolean
always(E *e)
{
    return TRUE;
}

const char *
fota_finish_get_name(FotaFinish finish)
{
    static const char *const names[] = {
        [FOTA_FINISH_SUCCESS] = "success",     [FOTA_FINISH_FAILED] = "failed",
        [FOTA_FINISH_CANCELLED] = "cancelled", [FOTA_FINISH_REHEARSED] = "rehearsed",
        [FOTA_FINISH_EXPIRED] = "expired",     [FOTA_FINISH_NO_SERVICE] = "no-service",
        [FOTA_FINISH_RESTORED] = "restored",
    };

    return names[finish];
}

guint
fota_hold_get_seconds(FotaHold hold, guint pause, guint waits)
{
    guint first = hold == FOTA_HOLD_ORDER ? ORDER_SECONDS : pause > 0 ? pause : WAIT_SECONDS;

    if (hold == FOTA_HOLD_NONE)
        return 0;
    return MAX(first, MIN(first << MIN(MAX(waits, 1) - 1, 8), MAX_SECONDS));
}
