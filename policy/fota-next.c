/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-next.h"

typedef const FotaSituation S;
typedef gboolean Condition(S *s);
static Condition order_is_verified, power_is_due, rouse_is_due, debt_is_due, order_cannot_be_asked,
    service_is_awaited, goes_back, way_back_is_lost, answer_runs, question_runs, update_begins,
    was_cancelled, module_has_begun, check_is_due, version_is_asked, delta_is_harmless,
    delta_must_wait, delta_can_go, manifest_is_distrusted, nothing_is_planned, is_not_free,
    version_must_wait, version_would_take, version_is_untold, rehearsal_is_closed,
    rehearsal_must_wait, is_rehearsed, install_is_closed, gate_is_closed, update_is_blocked,
    delta_is_in;

/* A row fits where all that it names does: a value, a member that is TRUE, one that is FALSE, a
 * condition. It checks nothing that a row above has excluded. */
typedef struct {
    const char *name;
    guint presence, runs, mark, plan; /* a bit for each value that fits; 0 = any */
    gsize is, is_not;                 /* offset of the member; 0 = none */
    Condition *when;
    guint state;
    FotaAction action;
    gboolean offers;
    gboolean guest;
    FotaShowBlockers blockers;
    FotaShowError error;
} Row;

#define HERE .presence = 1u << FOTA_PRESENCE_HERE
#define AWAY .presence = 1u << FOTA_PRESENCE_AWAY
#define LOST .presence = 1u << FOTA_PRESENCE_LOST
#define RUNS(name) .runs = 1u << FOTA_ACTION_##name
#define RUNS_ANY .runs = ~(1u << FOTA_ACTION_NONE)
#define RUNS_JOB .runs = ~(1u << FOTA_ACTION_NONE | 1u << FOTA_ACTION_CHECK)
#define MARK(name) .mark = 1u << FOTA_MARK_##name
#define PLAN(name) .plan = 1u << FOTA_PLAN_##name
#define IF(member) .is = G_STRUCT_OFFSET(FotaSituation, member)
#define NOT(member) .is_not = G_STRUCT_OFFSET(FotaSituation, member)
#define WHEN(condition) .when = condition

#define AS_IT_ENDED (FOTA_STATE_LAST + 1) /* failed or idle, by the situation */
#define ENDED .state = AS_IT_ENDED
#define STATE(name) .state = FOTA_STATE_##name
#define OFFER(name) STATE(name), .offers = TRUE
#define GUEST(name) OFFER(name), .guest = TRUE
#define FAILED(name) STATE(FAILED), .error = FOTA_SHOW_ERROR_##name
#define DO(name) .action = FOTA_ACTION_##name
#define SHOW(name) .blockers = FOTA_SHOW_##name
#define BLOCKERS SHOW(BLOCKERS)

/* clang-format off */
static const Row rows[] = {
    /* An order may be out: only a version ends that. */
    {"order verified",         WHEN(order_is_verified),         OFFER(VERIFYING)},
    {"order watched",          MARK(INSTALLING), RUNS_JOB,      OFFER(INSTALLING)},
    {"order without power",    MARK(INSTALLING), WHEN(power_is_due), OFFER(INSTALLING), DO(POWER_ON)},
    {"order unasked",          WHEN(order_cannot_be_asked),     OFFER(INSTALLING)},
    {"order",                  MARK(INSTALLING),                OFFER(VERIFYING), DO(RESUME)},
    /* The version was read: the service decides, and the way back asks no gate and no plan. */
    {"service awaited",        WHEN(service_is_awaited),        OFFER(VERIFYING)},
    {"service judged",         MARK(PROVING),                   OFFER(VERIFYING), DO(CONCLUDE)},
    {"power due",              WHEN(power_is_due),              STATE(ABSENT), DO(POWER_ON)},
    {"power runs",             RUNS(POWER_ON),                  STATE(ABSENT)},
    {"rouse due",              WHEN(rouse_is_due),              STATE(ABSENT), DO(ROUSE)},
    {"rouse runs",             RUNS(ROUSE),                     STATE(ABSENT)},
    {"way back runs",          WHEN(goes_back), RUNS_ANY,       OFFER(DOWNLOADING)},
    {"way back lost",          WHEN(way_back_is_lost),          STATE(ABSENT)},
    {"way back inhibited",     WHEN(goes_back), IF(inhibited),  OFFER(SCHEDULED), SHOW(INHIBITED)},
    {"way back crowded",       WHEN(goes_back), IF(crowded),    OFFER(SCHEDULED), SHOW(BUSY)},
    {"way back lacks supply",  WHEN(goes_back), IF(supply_low), OFFER(SCHEDULED), SHOW(SUPPLY)},
    {"way back held",          WHEN(goes_back), IF(held),       OFFER(SCHEDULED), SHOW(BACKOFF)},
    {"way back",               WHEN(goes_back),                 OFFER(SCHEDULED), DO(RESTORE)},
    /* Something runs: its end decides anew. */
    {"answer runs",            WHEN(answer_runs),               ENDED},
    {"question runs",          WHEN(question_runs),             STATE(CHECKING)},
    {"undo runs",              RUNS(UNDO),                      ENDED},
    {"discard runs",           RUNS(DISCARD),                   ENDED},
    {"rehearsal runs",         RUNS(REHEARSE),                  GUEST(DOWNLOADING)},
    /* The host is at work, and the module is free to be told "not yet". */
    {"answer beside fetch",    HERE, RUNS(FETCH), IF(answer_due), OFFER(FETCHING), DO(ANSWER)},
    {"fetch runs",             RUNS(FETCH),                     OFFER(FETCHING)},
    {"update begins",          WHEN(update_begins),             OFFER(SCHEDULED)},
    {"update runs",            RUNS_ANY,                        OFFER(DOWNLOADING)},
    /* Nothing runs. */
    {"cancelled",              WHEN(was_cancelled),             ENDED, DO(CLOSE)},
    {"lost",                   LOST,                            STATE(ABSENT)},
    {"unsupported",            NOT(supported),                  STATE(UNSUPPORTED)},
    {"module goes on",         AWAY, WHEN(module_has_begun),    OFFER(INSTALLING)},
    {"module has begun",       WHEN(module_has_begun),          OFFER(SCHEDULED), DO(FOLLOW)},
    /* On the port reserved for fotad: nothing is taken from the host. */
    {"answer due",             HERE, IF(answer_due),            ENDED, DO(ANSWER)},
    {"question due",           HERE, IF(listen_due),            ENDED, DO(LISTEN)},
    {"check due",              WHEN(check_is_due),              STATE(CHECKING), DO(CHECK)},
    {"version asked",          WHEN(version_is_asked),          STATE(CHECKING), DO(INSPECT)},
    {"debt due",               MARK(NONE), WHEN(debt_is_due),   ENDED, DO(UNDO)},
    {"delta harmless",         WHEN(delta_is_harmless),         ENDED, DO(FORGET)},
    {"delta must wait",        WHEN(delta_must_wait),           ENDED},
    {"delta unwanted",         WHEN(delta_can_go),              ENDED, DO(DISCARD)},
    {"manifest distrusted",    WHEN(manifest_is_distrusted),    FAILED(TRUST)},
    {"nothing planned",        WHEN(nothing_is_planned),        ENDED},
    {"vendor cannot be asked", PLAN(ASK_VENDOR), NOT(can_ask),  FAILED(NOT_SUPPORTED)},
    {"vendor must wait",       PLAN(ASK_VENDOR), WHEN(is_not_free),ENDED, BLOCKERS},
    {"vendor",                 PLAN(ASK_VENDOR),                STATE(CHECKING), DO(ASK)},
    {"version must wait",      WHEN(version_must_wait),         ENDED},
    {"version would take",     WHEN(version_would_take),        ENDED, BLOCKERS},
    {"version untold",         WHEN(version_is_untold),         STATE(CHECKING), DO(INSPECT)},
    {"no path",                PLAN(NO_PATH),                   FAILED(NO_PATH)},
    {"downgrade refused",      PLAN(DOWNGRADE_REFUSED),         FAILED(DOWNGRADE)},
    {"nobody answered",        PLAN(UNANSWERED),                FAILED(UNANSWERED)},
    {"attempts used up",       PLAN(FAILED_FOR_GOOD),           FAILED(LAST_ATTEMPT)},
    /* There is an update, or a rehearsal of it. */
    {"rehearsal closed",       WHEN(rehearsal_is_closed),       GUEST(AWAITING_APPROVAL), BLOCKERS},
    {"rehearsal must wait",    WHEN(rehearsal_must_wait),       GUEST(SCHEDULED), BLOCKERS},
    {"rehearsal",              WHEN(is_rehearsed),              GUEST(SCHEDULED), DO(REHEARSE)},
    {"install closed",         WHEN(install_is_closed), OFFER(AWAITING_INSTALL_APPROVAL), BLOCKERS},
    {"install asked",          WHEN(gate_is_closed), IF(asks_install),
                                                         OFFER(AWAITING_INSTALL_APPROVAL), BLOCKERS},
    {"download closed",        WHEN(gate_is_closed),            OFFER(AWAITING_APPROVAL), BLOCKERS},
    {"update blocked",         WHEN(update_is_blocked),         OFFER(SCHEDULED), BLOCKERS},
    {"update held",            IF(held),                        OFFER(SCHEDULED), SHOW(BACKOFF)},
    {"answer",                 IF(asked),                       OFFER(SCHEDULED), DO(FOLLOW)},
    /* What the module has before the update is what it must have afterwards. */
    {"service settles",        IF(settling),                    OFFER(SCHEDULED), SHOW(SERVICE)},
    {"probe runs",             IF(probing),                     OFFER(SCHEDULED), SHOW(SERVICE)},
    {"probe",                  IF(probe_wanted),                OFFER(SCHEDULED), DO(PROBE)},
    {"fetch way back",         IF(back_is_away),                OFFER(SCHEDULED), DO(FETCH)},
    {"install",                WHEN(delta_is_in),               OFFER(SCHEDULED), DO(INSTALL)},
    {"fetch",                  IF(fetches),                     OFFER(SCHEDULED), DO(FETCH)},
    {"download",                                                OFFER(SCHEDULED), DO(DOWNLOAD)},
};
/* clang-format on */

static gboolean
one_of(guint values, guint value)
{
    return values == 0 || (values & 1u << value) != 0;
}

static gboolean
row_fits(const Row *row, S *s)
{
    return one_of(row->presence, s->presence) && one_of(row->runs, s->runs) &&
           one_of(row->mark, s->mark) && one_of(row->plan, s->plan) &&
           (row->is == 0 || G_STRUCT_MEMBER(gboolean, s, row->is)) &&
           (row->is_not == 0 || !G_STRUCT_MEMBER(gboolean, s, row->is_not)) &&
           (row->when == NULL || row->when(s));
}

/* What the module asks by itself is found out or answered, or what a job has left in it is set
 * back, now or as soon as this is decided: the state does not show it. */
static gboolean
hides_in_state(S *s, FotaAction action)
{
    return answer_runs(s) || s->runs == FOTA_ACTION_UNDO || action == FOTA_ACTION_LISTEN ||
           action == FOTA_ACTION_ANSWER || action == FOTA_ACTION_UNDO;
}

void
fota_next_end_questions(FotaSituation *s)
{
    s->check_due = FALSE;
    s->version_asked = FALSE;
    s->listen_due = FALSE;
    s->answer_due = FALSE;
    s->owes = FALSE;
}

/* The manifest is read, or a caller has the module asked for its version, now or as soon as this is
 * decided: neither takes an offer back. */
static gboolean
question_keeps_offer(S *s, FotaAction action)
{
    if (fota_next_is_committed(s) || s->runs == FOTA_ACTION_FETCH)
        return FALSE;
    if (hides_in_state(s, action))
        return TRUE;
    if (s->runs != FOTA_ACTION_NONE)
        return s->runs == FOTA_ACTION_CHECK || s->runs == FOTA_ACTION_INSPECT;
    return action == FOTA_ACTION_CHECK || (action == FOTA_ACTION_INSPECT && s->version_asked);
}

FotaNext
fota_next_decide(const FotaSituation *situation)
{
    FotaSituation rest = *situation;
    const Row *row = rows;
    FotaNext next, then;

    while (!row_fits(row, situation))
        row++;
    next = (FotaNext){
        .row = row->name,
        .state = row->state != AS_IT_ENDED ? (FotaState)row->state
                 : situation->failed       ? FOTA_STATE_FAILED
                                           : FOTA_STATE_IDLE,
        .action = row->action,
        .offers = row->offers,
        .guest = row->guest,
        .blockers = row->blockers,
        .error = row->error,
    };
    if (!question_keeps_offer(situation, next.action))
        return next;
    fota_next_end_questions(&rest);
    rest.runs = FOTA_ACTION_NONE;
    then = fota_next_decide(&rest);
    next.offers = then.offers;
    next.guest = then.guest;
    next.blockers = then.blockers;
    if (hides_in_state(situation, next.action))
        next.state = then.state;
    return next;
}

gboolean
fota_next_keeps_power(FotaState state)
{
    return state == FOTA_STATE_INSTALLING || state == FOTA_STATE_VERIFYING;
}

gboolean
fota_next_offers(const FotaSituation *situation)
{
    FotaSituation then = *situation;

    fota_next_end_questions(&then);
    return fota_next_decide(&then).offers;
}

/* Conditions, in the order of the rows */

static gboolean
order_is_out(S *s)
{
    return s->mark == FOTA_MARK_INSTALLING;
}

static gboolean
order_is_verified(S *s)
{
    return order_is_out(s) && s->verifying && s->runs != FOTA_ACTION_NONE &&
           s->runs != FOTA_ACTION_CHECK;
}

/* Without power it does not come back by itself. To switch it on harms no installation, and takes
 * nothing from anybody. */
static gboolean
power_is_due(S *s)
{
    return s->power_due && s->presence == FOTA_PRESENCE_LOST && s->runs == FOTA_ACTION_NONE &&
           !s->held;
}

/* In data mode it takes ModemManager's probes for data, so that only fotad can end that. */
static gboolean
rouse_is_due(S *s)
{
    return s->rouse_due && s->presence == FOTA_PRESENCE_LOST && s->runs == FOTA_ACTION_NONE &&
           !s->inhibited && !s->crowded && !s->held;
}

static gboolean
order_cannot_be_asked(S *s)
{
    return order_is_out(s) && (s->presence != FOTA_PRESENCE_HERE || !s->supported || s->held ||
                               s->runs == FOTA_ACTION_CHECK);
}

/* The service is proven after a version was read, so nothing is out. */
static gboolean
service_is_awaited(S *s)
{
    return s->mark == FOTA_MARK_PROVING &&
           (s->proof == FOTA_PROOF_WAITING || s->runs != FOTA_ACTION_NONE);
}

static gboolean
goes_back(S *s)
{
    return s->mark == FOTA_MARK_RESTORING ||
           (s->restoring && (s->mark == FOTA_MARK_DOWNLOADING || s->mark == FOTA_MARK_DOWNLOADED));
}

gboolean
fota_next_is_committed(const FotaSituation *s)
{
    return order_is_out(s) || s->mark == FOTA_MARK_PROVING || goes_back(s);
}

static gboolean
way_back_is_lost(S *s)
{
    return goes_back(s) && (s->presence != FOTA_PRESENCE_HERE || !s->supported);
}

/* What the module asks by itself is no concern of what is offered or planned meanwhile. */
static gboolean
answer_runs(S *s)
{
    return s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER;
}

static gboolean
question_runs(S *s)
{
    return s->runs == FOTA_ACTION_CHECK || s->runs == FOTA_ACTION_ASK ||
           s->runs == FOTA_ACTION_INSPECT;
}

/* The job has not changed the module yet: it waits for it, or asks its version. With one gate, what
 * changes it is the order; what was asked first of two questions has it download. */
static gboolean
update_begins(S *s)
{
    return s->runs == FOTA_ACTION_INSTALL || (s->runs == FOTA_ACTION_FOLLOW && !s->asks_again) ||
           (s->runs == FOTA_ACTION_DOWNLOAD &&
            (s->mark == FOTA_MARK_NONE || s->mark == FOTA_MARK_FETCHING || s->one_gate));
}

static gboolean
was_cancelled(S *s)
{
    return s->cancelled && (s->mark == FOTA_MARK_FETCHING || s->mark == FOTA_MARK_DOWNLOADING ||
                            s->mark == FOTA_MARK_DOWNLOADED);
}

static gboolean
may_be_taken(S *s)
{
    return s->presence == FOTA_PRESENCE_HERE && !s->inhibited && !s->crowded;
}

/* It goes on whatever we think of it. */
static gboolean
module_has_begun(S *s)
{
    return s->planned && s->asked && s->begun;
}

static gboolean
check_is_due(S *s)
{
    return s->check_due && (!s->check_takes || may_be_taken(s));
}

/* On request the module is asked without a manifest, and whatever blocks an update. */
static gboolean
version_is_asked(S *s)
{
    return s->version_asked && !s->told_version && s->presence == FOTA_PRESENCE_HERE &&
           (!s->ask_takes || may_be_taken(s));
}

/* Before another update begins; the one that was cut off goes on with what it has set. */
static gboolean
debt_is_due(S *s)
{
    return s->owes && may_be_taken(s) && !s->held;
}

/* The next download, or fetch, handles a delta that has arrived in part. */
static gboolean
delta_is_wanted(S *s)
{
    if (s->mark == FOTA_MARK_DISCARDING || !s->planned)
        return FALSE;
    if (s->plan != FOTA_PLAN_UPDATE)
        return s->plan == FOTA_PLAN_ASK_VENDOR;
    return s->mark == FOTA_MARK_FETCHING || s->mark == FOTA_MARK_DOWNLOADING || s->same_delta;
}

static gboolean
delta_is_unwanted(S *s)
{
    return s->mark != FOTA_MARK_NONE && !delta_is_wanted(s);
}

/* In the module it does nothing by itself, or it is in the cache alone. */
static gboolean
delta_is_harmless(S *s)
{
    return delta_is_unwanted(s) && (!s->can_discard || s->mark == FOTA_MARK_FETCHING);
}

static gboolean
delta_must_wait(S *s)
{
    return delta_is_unwanted(s) && !s->kept_delta && (!may_be_taken(s) || s->held);
}

static gboolean
delta_can_go(S *s)
{
    return delta_is_unwanted(s) && !s->kept_delta;
}

static gboolean
manifest_is_distrusted(S *s)
{
    return s->manifest == FOTA_MANIFEST_DISTRUSTED;
}

static gboolean
nothing_is_planned(S *s)
{
    return !s->planned || s->plan == FOTA_PLAN_NOTHING_FOR_YOU || s->plan == FOTA_PLAN_UP_TO_DATE ||
           s->plan == FOTA_PLAN_REJECTED;
}

/* Here, and neither blocked nor held. */
static gboolean
is_free(S *s)
{
    return may_be_taken(s) && !s->blocked && !s->held;
}

static gboolean
is_not_free(S *s)
{
    return !is_free(s);
}

static gboolean
version_is_untold(S *s)
{
    return s->plan == FOTA_PLAN_NO_PATH && !s->told_version;
}

static gboolean
version_must_wait(S *s)
{
    return version_is_untold(s) && (s->presence != FOTA_PRESENCE_HERE || s->held);
}

static gboolean
version_would_take(S *s)
{
    return version_is_untold(s) && s->ask_takes && !is_free(s);
}

static gboolean
delta_is_in(S *s)
{
    return s->mark == FOTA_MARK_DOWNLOADED && s->same_delta;
}

static gboolean
gate_is_open(S *s)
{
    return s->open[delta_is_in(s) ? FOTA_APPROVAL_GATE_INSTALL : FOTA_APPROVAL_GATE_DOWNLOAD];
}

gboolean
fota_next_update_is_ready(const FotaSituation *s)
{
    return gate_is_open(s) && is_free(s);
}

/* A rehearsal is a guest: it yields to the update itself if that can begin. */
static gboolean
is_rehearsed(S *s)
{
    return s->rehearsal && s->mark == FOTA_MARK_NONE && !fota_next_update_is_ready(s);
}

static gboolean
rehearsal_is_closed(S *s)
{
    return is_rehearsed(s) && !s->rehearsal_open;
}

static gboolean
rehearsal_must_wait(S *s)
{
    return is_rehearsed(s) && !is_free(s);
}

static gboolean
install_is_closed(S *s)
{
    return delta_is_in(s) && !gate_is_open(s);
}

static gboolean
gate_is_closed(S *s)
{
    return !gate_is_open(s);
}

static gboolean
update_is_blocked(S *s)
{
    return s->blocked || !may_be_taken(s);
}
