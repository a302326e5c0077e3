/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-refusal.h"

typedef const FotaSituation S;
typedef gboolean Condition(S *s);
static Condition update_job_runs, job_is_no_update, nothing_is_offered, job_is_in_the_way,
    check_runs, is_lost, is_unsupported, check_would_take, other_job_runs, is_not_here,
    question_would_take, question_would_crowd, cannot_rehearse;

#define ON(name) (1u << FOTA_REQUEST_##name)
#define ANSWERS (ON(APPROVE) | ON(REJECT) | ON(DEFER))

/* clang-format off */
static const struct {
    guint requests;
    Condition *fits;
    FotaRefusal refusal;
} refusals[] = {
    {ON(CANCEL),                fota_next_is_committed,    FOTA_REFUSAL_NOT_CANCELLABLE},
    {ANSWERS | ON(ASK_VERSION), fota_next_is_committed,    FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWERS,                   update_job_runs,           FOTA_REFUSAL_UPDATE_RUNS},
    {ON(CANCEL),                job_is_no_update,          FOTA_REFUSAL_UPDATE_RUNS},
    {ANSWERS | ON(CANCEL),      nothing_is_offered,        FOTA_REFUSAL_NOTHING_OFFERED},
    {ON(CHECK) | ON(REHEARSE),  job_is_in_the_way,         FOTA_REFUSAL_UPDATE_RUNS},
    {ON(CHECK) | ON(REHEARSE),  check_runs,                FOTA_REFUSAL_CHECK_RUNS},
    {ON(ASK_VERSION),           other_job_runs,            FOTA_REFUSAL_UPDATE_RUNS},
    {ON(CHECK),                 is_lost,                   FOTA_REFUSAL_ABSENT},
    {ON(ASK_VERSION),           is_not_here,               FOTA_REFUSAL_ABSENT},
    {ON(CHECK) | ON(ASK_VERSION), is_unsupported,          FOTA_REFUSAL_UNSUPPORTED},
    {ON(CHECK),                 check_would_take,          FOTA_REFUSAL_INHIBITED},
    {ON(ASK_VERSION),           question_would_take,       FOTA_REFUSAL_INHIBITED},
    {ON(ASK_VERSION),           question_would_crowd,      FOTA_REFUSAL_UPDATE_RUNS},
    {ON(REHEARSE),              cannot_rehearse,           FOTA_REFUSAL_NOTHING_OFFERED},
    {ON(REHEARSE),              fota_next_update_is_ready, FOTA_REFUSAL_UPDATE_READY},
};
/* clang-format on */

FotaRefusal
fota_refusal_find(const FotaSituation *situation, FotaRequestKind request)
{
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if ((refusals[i].requests & 1u << request) != 0 && refusals[i].fits(situation))
            return refusals[i].refusal;
    }
    return FOTA_REFUSAL_NONE;
}

static gboolean
job_runs(S *s)
{
    return s->runs != FOTA_ACTION_NONE && s->runs != FOTA_ACTION_CHECK;
}

/* What the module asks by itself is answered, or what a job has left in it is set back, whatever an
 * application wants now. */
static gboolean
job_is_aside(S *s)
{
    return s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER ||
           s->runs == FOTA_ACTION_UNDO;
}

static gboolean
update_job_runs(S *s)
{
    return job_runs(s) && !job_is_aside(s);
}

static gboolean
job_is_no_update(S *s)
{
    return s->runs != FOTA_ACTION_FETCH && s->runs != FOTA_ACTION_FOLLOW &&
           s->runs != FOTA_ACTION_DOWNLOAD && s->runs != FOTA_ACTION_INSTALL &&
           s->runs != FOTA_ACTION_REHEARSE && job_runs(s);
}

static gboolean
nothing_is_offered(S *s)
{
    return !fota_next_offers(s);
}

/* The host reads a manifest beside that, but the module reads none. */
static gboolean
job_is_in_the_way(S *s)
{
    return update_job_runs(s) || (job_is_aside(s) && s->check_takes);
}

static gboolean
check_runs(S *s)
{
    return s->runs == FOTA_ACTION_CHECK;
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
check_would_take(S *s)
{
    return s->check_takes && s->inhibited;
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
