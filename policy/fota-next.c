/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-next.h"

typedef const FotaSituation S;

/* Conditions of the rows. Each checks one thing, and nothing that a row above has excluded. */

static gboolean
order_is_out(S *s)
{
    return s->mark == FOTA_MARK_INSTALLING;
}

static gboolean
order_is_watched(S *s)
{
    return order_is_out(s) && s->runs != FOTA_ACTION_NONE && s->runs != FOTA_ACTION_CHECK;
}

static gboolean
order_is_verified(S *s)
{
    return order_is_watched(s) && s->verifying;
}

static gboolean
order_cannot_be_asked(S *s)
{
    return order_is_out(s) && (s->presence != FOTA_PRESENCE_HERE || !s->supported || s->held ||
                               s->runs == FOTA_ACTION_CHECK);
}

/* What the module asks by itself is no concern of what is offered or planned meanwhile. */
static gboolean
answer_runs(S *s)
{
    return s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER;
}

/* The service is proven after a version was read, so nothing is out. */
static gboolean
service_is_proven(S *s)
{
    return s->mark == FOTA_MARK_PROVING;
}

static gboolean
service_is_awaited(S *s)
{
    return service_is_proven(s) && (s->proof == FOTA_PROOF_WAITING || s->runs != FOTA_ACTION_NONE);
}

static gboolean
is_put_back(S *s)
{
    return s->mark == FOTA_MARK_RESTORING ||
           (s->restoring && (s->mark == FOTA_MARK_DOWNLOADING || s->mark == FOTA_MARK_DOWNLOADED));
}

/* From the order on until the service is judged, or the way back was taken: it cannot be stopped.
 */
static gboolean
is_committed(S *s)
{
    return order_is_out(s) || service_is_proven(s) || is_put_back(s);
}

static gboolean
way_back_runs(S *s)
{
    return is_put_back(s) && s->runs != FOTA_ACTION_NONE;
}

static gboolean
way_back_is_lost(S *s)
{
    return is_put_back(s) && (s->presence != FOTA_PRESENCE_HERE || !s->supported);
}

static gboolean
way_back_is_inhibited(S *s)
{
    return is_put_back(s) && s->inhibited;
}

static gboolean
way_back_is_crowded(S *s)
{
    return is_put_back(s) && s->crowded;
}

static gboolean
way_back_lacks_supply(S *s)
{
    return is_put_back(s) && s->supply_low;
}

static gboolean
way_back_is_held(S *s)
{
    return is_put_back(s) && s->held;
}

static gboolean
question_runs(S *s)
{
    return s->runs == FOTA_ACTION_CHECK || s->runs == FOTA_ACTION_ASK ||
           s->runs == FOTA_ACTION_INSPECT;
}

static gboolean
discard_runs(S *s)
{
    return s->runs == FOTA_ACTION_DISCARD;
}

static gboolean
rehearsal_runs(S *s)
{
    return s->runs == FOTA_ACTION_REHEARSE;
}

/* The module is not touched: it may be away, and the host keeps it. */
static gboolean
fetch_runs(S *s)
{
    return s->runs == FOTA_ACTION_FETCH;
}

/* The job has not changed the module yet: it waits for it, or asks its version. With one gate, what
 * changes it is the order. */
static gboolean
update_begins(S *s)
{
    return s->runs == FOTA_ACTION_INSTALL || s->runs == FOTA_ACTION_FOLLOW ||
           (s->runs == FOTA_ACTION_DOWNLOAD &&
            (s->mark == FOTA_MARK_NONE || s->mark == FOTA_MARK_FETCHING || s->one_gate));
}

static gboolean
update_runs(S *s)
{
    return s->runs != FOTA_ACTION_NONE;
}

static gboolean
is_lost(S *s)
{
    return s->presence == FOTA_PRESENCE_LOST;
}

static gboolean
is_unsupported(S *s)
{
    return !s->supported;
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
module_goes_on(S *s)
{
    return module_has_begun(s) && s->presence != FOTA_PRESENCE_HERE;
}

/* On its own port, so that nothing is taken from the host. */
static gboolean
answer_is_due(S *s)
{
    return s->answer_due && s->presence == FOTA_PRESENCE_HERE;
}

static gboolean
question_is_due(S *s)
{
    return s->listen_due && s->presence == FOTA_PRESENCE_HERE;
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
vendor_is_wanted(S *s)
{
    return s->plan == FOTA_PLAN_ASK_VENDOR;
}

static gboolean
vendor_cannot_be_asked(S *s)
{
    return vendor_is_wanted(s) && !s->can_ask;
}

static gboolean
vendor_must_wait(S *s)
{
    return vendor_is_wanted(s) && !is_free(s);
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
no_path(S *s)
{
    return s->plan == FOTA_PLAN_NO_PATH;
}

static gboolean
downgrade_is_refused(S *s)
{
    return s->plan == FOTA_PLAN_DOWNGRADE_REFUSED;
}

static gboolean
nobody_answered(S *s)
{
    return s->plan == FOTA_PLAN_UNANSWERED;
}

static gboolean
attempts_are_used_up(S *s)
{
    return s->plan == FOTA_PLAN_FAILED_FOR_GOOD;
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

static gboolean
update_is_ready(S *s)
{
    return s->plan == FOTA_PLAN_UPDATE && gate_is_open(s) && is_free(s);
}

/* A rehearsal is a guest: it yields to the update itself if that can begin. */
static gboolean
is_rehearsed(S *s)
{
    return s->rehearsal && s->mark == FOTA_MARK_NONE && !update_is_ready(s);
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
download_is_closed(S *s)
{
    return !gate_is_open(s);
}

static gboolean
update_is_blocked(S *s)
{
    return s->blocked || !may_be_taken(s);
}

static gboolean
update_is_held(S *s)
{
    return s->held;
}

/* Also where the delta is in the module: nothing is ordered before it is at hand. */
static gboolean
way_back_is_away(S *s)
{
    return s->back_is_away;
}

static gboolean
delta_is_away(S *s)
{
    return s->fetches;
}

static gboolean
module_asks(S *s)
{
    return s->asked;
}

/* What it has before the update is what it must have afterwards. */
static gboolean
service_settles(S *s)
{
    return s->settling;
}

static gboolean
probe_runs(S *s)
{
    return s->probing;
}

static gboolean
probe_is_due(S *s)
{
    return s->probe_wanted;
}

static gboolean
always(S *s)
{
    return TRUE;
}

/* "As it ended": failed or idle, by the situation. */
#define AS_IT_ENDED (FOTA_STATE_LAST + 1)

typedef struct {
    const char *name;
    gboolean (*fits)(S *s);
    guint state;
    FotaAction action;
    gboolean offers;
    gboolean guest;
    FotaShowBlockers blockers;
    FotaShowError error;
} Row;

#define STATE(name) .state = FOTA_STATE_##name
#define AS_ENDED .state = AS_IT_ENDED
#define DO(name) .action = FOTA_ACTION_##name
#define OFFER .offers = TRUE
#define GUEST .offers = TRUE, .guest = TRUE
#define BLOCKERS .blockers = FOTA_SHOW_BLOCKERS
#define BACKOFF .blockers = FOTA_SHOW_BACKOFF
#define SHOW(name) .blockers = FOTA_SHOW_##name
#define ERROR(name) .error = FOTA_SHOW_ERROR_##name

/* clang-format off */
static const Row rows[] = {
    /* An order may be out: only a version ends that. */
    {"order verified",         order_is_verified,      STATE(VERIFYING),   OFFER},
    {"order watched",          order_is_watched,       STATE(INSTALLING),  OFFER},
    {"order unasked",          order_cannot_be_asked,  STATE(INSTALLING),  OFFER},
    {"order",                  order_is_out,           STATE(VERIFYING),   DO(RESUME), OFFER},
    /* The version was read: the service decides, and the way back asks no gate and no plan. */
    {"service awaited",        service_is_awaited,     STATE(VERIFYING),   OFFER},
    {"service judged",         service_is_proven,      STATE(VERIFYING),   DO(CONCLUDE), OFFER},
    {"way back runs",          way_back_runs,          STATE(DOWNLOADING), OFFER},
    {"way back lost",          way_back_is_lost,       STATE(ABSENT)},
    {"way back inhibited",     way_back_is_inhibited,  STATE(SCHEDULED),   OFFER, SHOW(INHIBITED)},
    {"way back crowded",       way_back_is_crowded,    STATE(SCHEDULED),   OFFER, SHOW(BUSY)},
    {"way back lacks supply",  way_back_lacks_supply,  STATE(SCHEDULED),   OFFER, SHOW(SUPPLY)},
    {"way back held",          way_back_is_held,       STATE(SCHEDULED),   OFFER, BACKOFF},
    {"way back",               is_put_back,            STATE(SCHEDULED),   DO(RESTORE), OFFER},
    /* Something runs: its end decides anew. */
    {"answer runs",            answer_runs,            AS_ENDED},
    {"question runs",          question_runs,          STATE(CHECKING)},
    {"discard runs",           discard_runs,           AS_ENDED},
    {"rehearsal runs",         rehearsal_runs,         STATE(DOWNLOADING), GUEST},
    {"fetch runs",             fetch_runs,             STATE(FETCHING),    OFFER},
    {"update begins",          update_begins,          STATE(SCHEDULED),   OFFER},
    {"update runs",            update_runs,            STATE(DOWNLOADING), OFFER},
    /* Nothing runs. */
    {"cancelled",              was_cancelled,          AS_ENDED,           DO(CLOSE)},
    {"lost",                   is_lost,                STATE(ABSENT)},
    {"unsupported",            is_unsupported,         STATE(UNSUPPORTED)},
    {"module goes on",         module_goes_on,         STATE(INSTALLING),  OFFER},
    {"module has begun",       module_has_begun,       STATE(SCHEDULED),   DO(FOLLOW), OFFER},
    {"answer due",             answer_is_due,          AS_ENDED,           DO(ANSWER)},
    {"question due",           question_is_due,        AS_ENDED,           DO(LISTEN)},
    {"check due",              check_is_due,           STATE(CHECKING),    DO(CHECK)},
    {"version asked",          version_is_asked,       STATE(CHECKING),    DO(INSPECT)},
    {"delta harmless",         delta_is_harmless,      AS_ENDED,           DO(FORGET)},
    {"delta must wait",        delta_must_wait,        AS_ENDED},
    {"delta unwanted",         delta_can_go,           AS_ENDED,           DO(DISCARD)},
    {"manifest distrusted",    manifest_is_distrusted, STATE(FAILED),      ERROR(TRUST)},
    {"nothing planned",        nothing_is_planned,     AS_ENDED},
    {"vendor cannot be asked", vendor_cannot_be_asked, STATE(FAILED),      ERROR(NOT_SUPPORTED)},
    {"vendor must wait",       vendor_must_wait,       AS_ENDED,           BLOCKERS},
    {"vendor",                 vendor_is_wanted,       STATE(CHECKING),    DO(ASK)},
    {"version must wait",      version_must_wait,      AS_ENDED},
    {"version would take",     version_would_take,     AS_ENDED,           BLOCKERS},
    {"version untold",         version_is_untold,      STATE(CHECKING),    DO(INSPECT)},
    {"no path",                no_path,                STATE(FAILED),      ERROR(NO_PATH)},
    {"downgrade refused",      downgrade_is_refused,   STATE(FAILED),      ERROR(DOWNGRADE)},
    {"nobody answered",        nobody_answered,        STATE(FAILED),      ERROR(UNANSWERED)},
    {"attempts used up",       attempts_are_used_up,   STATE(FAILED),      ERROR(LAST_ATTEMPT)},
    /* There is an update, or a rehearsal of it. */
    {"rehearsal closed",       rehearsal_is_closed,    STATE(AWAITING_APPROVAL), GUEST, BLOCKERS},
    {"rehearsal must wait",    rehearsal_must_wait,    STATE(SCHEDULED),   GUEST, BLOCKERS},
    {"rehearsal",              is_rehearsed,           STATE(SCHEDULED),   DO(REHEARSE), GUEST},
    {"install closed",         install_is_closed,      STATE(AWAITING_INSTALL_APPROVAL), OFFER,
                                                                           BLOCKERS},
    {"download closed",        download_is_closed,     STATE(AWAITING_APPROVAL), OFFER, BLOCKERS},
    {"update blocked",         update_is_blocked,      STATE(SCHEDULED),   OFFER, BLOCKERS},
    {"update held",            update_is_held,         STATE(SCHEDULED),   OFFER, BACKOFF},
    {"answer",                 module_asks,            STATE(SCHEDULED),   DO(FOLLOW), OFFER},
    {"service settles",        service_settles,        STATE(SCHEDULED),   OFFER},
    {"probe runs",             probe_runs,             STATE(SCHEDULED),   OFFER},
    {"probe",                  probe_is_due,           STATE(SCHEDULED),   DO(PROBE), OFFER},
    {"fetch way back",         way_back_is_away,       STATE(SCHEDULED),   DO(FETCH), OFFER},
    {"install",                delta_is_in,            STATE(SCHEDULED),   DO(INSTALL), OFFER},
    {"fetch",                  delta_is_away,          STATE(SCHEDULED),   DO(FETCH), OFFER},
    {"download",               always,                 STATE(SCHEDULED),   DO(DOWNLOAD), OFFER},
};
/* clang-format on */

/* What the module asks by itself is found out or answered, now or as soon as this is decided: the
 * state does not show it. */
static gboolean
hides_in_state(S *s, FotaAction action)
{
    return answer_runs(s) || action == FOTA_ACTION_LISTEN || action == FOTA_ACTION_ANSWER;
}

/* As if nothing more were to be asked, which takes no offer back. */
static void
situation_end_questions(FotaSituation *s)
{
    s->check_due = FALSE;
    s->version_asked = FALSE;
    s->listen_due = FALSE;
    s->answer_due = FALSE;
}

/* The manifest is read, or a caller has the module asked for its version, now or as soon as this is
 * decided: neither takes an offer back. */
static gboolean
question_keeps_offer(S *s, FotaAction action)
{
    if (is_committed(s))
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

    while (!row->fits(situation))
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
    situation_end_questions(&rest);
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
fota_next_may_commit(const FotaSituation *situation, FotaMark mark)
{
    const gboolean follow = situation->runs == FOTA_ACTION_FOLLOW;
    const gboolean one = situation->one_gate && situation->runs == FOTA_ACTION_DOWNLOAD;
    FotaSituation then = *situation;

    if (mark != FOTA_MARK_DOWNLOADED && mark != FOTA_MARK_INSTALLING)
        return TRUE;
    if (situation->runs == FOTA_ACTION_RESUME)
        return TRUE;
    /* A download takes whatever the plan wants; this one is an order for the delta at the mark. */
    if (one && !situation->same_delta)
        return FALSE;
    situation_end_questions(&then);
    then.runs = FOTA_ACTION_NONE;
    then.probe_wanted = then.probing = then.settling = FALSE;
    if (situation->runs == FOTA_ACTION_RESTORE) {
        then.mark = FOTA_MARK_RESTORING;
        then.presence = FOTA_PRESENCE_HERE;
        then.held = FALSE;
        return fota_next_decide(&then).action == FOTA_ACTION_RESTORE;
    }
    then.mark = follow ? FOTA_MARK_NONE : one ? FOTA_MARK_DOWNLOADING : FOTA_MARK_DOWNLOADED;
    then.presence = FOTA_PRESENCE_HERE; /* the job has it */
    then.fetches = FALSE;               /* and the delta */
    then.held = FALSE;
    return fota_next_decide(&then).action == (follow ? FOTA_ACTION_FOLLOW
                                              : one  ? FOTA_ACTION_DOWNLOAD
                                                     : FOTA_ACTION_INSTALL);
}

gboolean
fota_next_keeps_power(FotaState state)
{
    return state == FOTA_STATE_INSTALLING || state == FOTA_STATE_VERIFYING;
}

/* Requests */

static gboolean
nothing_is_offered(S *s)
{
    FotaSituation then = *s;

    situation_end_questions(&then);
    return !fota_next_decide(&then).offers;
}

static gboolean
job_runs(S *s)
{
    return s->runs != FOTA_ACTION_NONE && s->runs != FOTA_ACTION_CHECK;
}

/* What the module asks by itself is answered, whatever an application answers now. */
static gboolean
update_job_runs(S *s)
{
    return job_runs(s) && !answer_runs(s);
}

static gboolean
job_is_no_update(S *s)
{
    return s->runs != FOTA_ACTION_FETCH && s->runs != FOTA_ACTION_FOLLOW &&
           s->runs != FOTA_ACTION_DOWNLOAD && s->runs != FOTA_ACTION_INSTALL &&
           s->runs != FOTA_ACTION_REHEARSE && job_runs(s);
}

static gboolean
check_runs(S *s)
{
    return s->runs == FOTA_ACTION_CHECK;
}

static gboolean
check_would_take(S *s)
{
    return s->check_takes && s->inhibited;
}

/* The host reads a manifest beside what the module asks, but the module reads none. */
static gboolean
job_is_in_the_way(S *s)
{
    return update_job_runs(s) || (answer_runs(s) && s->check_takes);
}

/* A question that is under way answers this one, too. */
static gboolean
other_job_runs(S *s)
{
    return update_job_runs(s) && s->runs != FOTA_ACTION_INSPECT;
}

static gboolean
is_not_here(S *s)
{
    return s->presence != FOTA_PRESENCE_HERE && s->runs != FOTA_ACTION_INSPECT;
}

static gboolean
question_would_take(S *s)
{
    return s->ask_takes && s->inhibited && s->runs != FOTA_ACTION_INSPECT;
}

static gboolean
question_would_crowd(S *s)
{
    return s->ask_takes && s->crowded && s->runs != FOTA_ACTION_INSPECT;
}

static gboolean
cannot_rehearse(S *s)
{
    return !s->planned || s->plan != FOTA_PLAN_UPDATE || s->mark != FOTA_MARK_NONE || s->asked;
}

#define ANSWER(name) (1u << FOTA_REQUEST_##name)
#define ANSWERS (ANSWER(APPROVE) | ANSWER(REJECT) | ANSWER(DEFER))

/* clang-format off */
static const struct {
    guint requests;
    gboolean (*fits)(S *s);
    FotaRefusal refusal;
} refusals[] = {
    {ANSWER(CANCEL),                    is_committed,       FOTA_REFUSAL_NOT_CANCELLABLE},
    {ANSWERS,                           is_committed,       FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWERS,                           update_job_runs,    FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWER(CANCEL),                    job_is_no_update,   FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWERS | ANSWER(CANCEL),          nothing_is_offered, FOTA_REFUSAL_NOTHING_OFFERED},
    {ANSWER(CHECK) | ANSWER(REHEARSE),  job_is_in_the_way,  FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWER(CHECK) | ANSWER(REHEARSE),  check_runs,         FOTA_REFUSAL_CHECK_RUNS},
    {ANSWER(CHECK),                     is_lost,            FOTA_REFUSAL_ABSENT},
    {ANSWER(CHECK),                     is_unsupported,     FOTA_REFUSAL_UNSUPPORTED},
    {ANSWER(CHECK),                     check_would_take,   FOTA_REFUSAL_INHIBITED},
    {ANSWER(ASK_VERSION),               is_committed,       FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWER(ASK_VERSION),               other_job_runs,     FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWER(ASK_VERSION),               is_not_here,        FOTA_REFUSAL_ABSENT},
    {ANSWER(ASK_VERSION),               is_unsupported,     FOTA_REFUSAL_UNSUPPORTED},
    {ANSWER(ASK_VERSION),               question_would_take, FOTA_REFUSAL_INHIBITED},
    {ANSWER(ASK_VERSION),               question_would_crowd, FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWER(REHEARSE),                  cannot_rehearse,    FOTA_REFUSAL_NOTHING_OFFERED},
    {ANSWER(REHEARSE),                  update_is_ready,    FOTA_REFUSAL_UPDATE_READY},
};
/* clang-format on */

FotaRefusal
fota_next_judge(const FotaSituation *situation, FotaRequestKind request)
{
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if ((refusals[i].requests & 1u << request) != 0 && refusals[i].fits(situation))
            return refusals[i].refusal;
    }
    return FOTA_REFUSAL_NONE;
}
