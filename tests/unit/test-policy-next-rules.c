/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-refusal.h"

#include "test-policy-next-cases.h"

#include <string.h>

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
    FIELD(power_due, 2),
    FIELD(rouse_due, 2),
    FIELD(owes, 2),
    FIELD(one_gate, 2),
    FIELD(fetches, 2),
    FIELD(back_is_away, 2),
    FIELD(same_delta, 2),
    FIELD(listen_due, 2),
    FIELD(answer_due, 2),
    FIELD(asked, 2),
    FIELD(asks_again, 2),
    FIELD(asks_install, 2),
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
    [FOTA_ACTION_POWER_ON] = {.while_inhibited = TRUE},
    [FOTA_ACTION_ROUSE] = {.takes = TRUE},
    [FOTA_ACTION_UNDO] = {.takes = TRUE},
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
    s.asks_again = s.asks_again && s.asked && !s.begun;
    s.asks_install = s.asks_install && s.asked && !s.begun && !s.asks_again;
    s.planned = s.planned || s.asked;
    s.one_gate = s.one_gate || s.asked;
    s.rehearsal = s.rehearsal && !s.asked;
    if (s.asked)
        s.manifest = FOTA_MANIFEST_HOLDS;
    return s;
}

/* An order that may be out shows as such, and nothing but a question about it is begun. */
static void
assert_order(const FotaSituation *s, const FotaNext *next)
{
    const gboolean order = s->mark == FOTA_MARK_INSTALLING;

    g_assert_true(fota_next_keeps_power(next->state) == (order || s->mark == FOTA_MARK_PROVING) ||
                  (s->begun && s->presence == FOTA_PRESENCE_AWAY));
    if (next->action == FOTA_ACTION_POWER_ON)
        g_assert_true(s->power_due && s->presence == FOTA_PRESENCE_LOST && !s->held);
    else if (order)
        g_assert_true(next->action == FOTA_ACTION_NONE || next->action == FOTA_ACTION_RESUME);
    else
        g_assert_cmpint(next->action, !=, FOTA_ACTION_RESUME);
    /* Beside a fetch the module itself is free. */
    if (s->runs != FOTA_ACTION_NONE)
        g_assert_true(next->action == FOTA_ACTION_NONE ||
                      (next->action == FOTA_ACTION_ANSWER && s->runs == FOTA_ACTION_FETCH));
}

/* Whether the module serves is known before anything else begins; then it is put back. */
static void
assert_way_back(const FotaSituation *s, const FotaNext *next)
{
    if (s->mark == FOTA_MARK_PROVING)
        g_assert_true(next->action == FOTA_ACTION_NONE || next->action == FOTA_ACTION_CONCLUDE);
    if (s->mark == FOTA_MARK_RESTORING)
        g_assert_true(next->action == FOTA_ACTION_NONE || next->action == FOTA_ACTION_RESTORE ||
                      next->action == FOTA_ACTION_POWER_ON || next->action == FOTA_ACTION_ROUSE);
    if (next->action == FOTA_ACTION_RESTORE)
        g_assert_true((s->mark == FOTA_MARK_RESTORING || s->restoring) && !s->supply_low &&
                      !s->held);
}

/* Nothing takes the module while an application inhibits, or beside too many others. */
static void
assert_taking(const FotaSituation *s, const FotaNext *next)
{
    const FotaAction action = next->action;
    const gboolean takes = traits[action].takes ||
                           (action == FOTA_ACTION_CHECK && s->check_takes) ||
                           (action == FOTA_ACTION_INSPECT && s->ask_takes);

    if (s->mark == FOTA_MARK_INSTALLING || strcmp(next->row, "module has begun") == 0)
        return;
    if (takes)
        g_assert_true(!s->inhibited && !s->crowded &&
                      s->presence ==
                          (action == FOTA_ACTION_ROUSE ? FOTA_PRESENCE_LOST : FOTA_PRESENCE_HERE));
    if (takes && action != FOTA_ACTION_CHECK && action != FOTA_ACTION_DISCARD &&
        action != FOTA_ACTION_UNDO && action != FOTA_ACTION_ROUSE &&
        action != FOTA_ACTION_RESTORE && strcmp(next->row, "version asked") != 0)
        g_assert_true(!s->blocked && !s->held);
    if (s->inhibited)
        g_assert_true(traits[action].while_inhibited);
}

/* An update begins with an open gate, its delta and its way back. */
static void
assert_gates(const FotaSituation *s, const FotaNext *next)
{
    const gboolean delta_is_in = s->mark == FOTA_MARK_DOWNLOADED && s->same_delta;

    if (next->action == FOTA_ACTION_DOWNLOAD || next->action == FOTA_ACTION_FETCH)
        g_assert_true(
            s->open[delta_is_in ? FOTA_APPROVAL_GATE_INSTALL : FOTA_APPROVAL_GATE_DOWNLOAD] &&
            s->plan == FOTA_PLAN_UPDATE);
    if (next->action == FOTA_ACTION_FETCH)
        g_assert_true((s->fetches || s->back_is_away) && !s->blocked && !s->held && !s->inhibited);
    if (next->action == FOTA_ACTION_DOWNLOAD)
        g_assert_false(s->fetches || s->back_is_away);
    if (next->action == FOTA_ACTION_FOLLOW && strcmp(next->row, "module has begun") != 0)
        g_assert_true(s->open[FOTA_APPROVAL_GATE_DOWNLOAD] && s->asked);
    g_assert_true(!s->asked ||
                  (next->action != FOTA_ACTION_DOWNLOAD && next->action != FOTA_ACTION_INSTALL));
    if (next->action == FOTA_ACTION_INSTALL)
        g_assert_true(s->open[FOTA_APPROVAL_GATE_INSTALL] && delta_is_in && !s->back_is_away);
}

/* State and Update agree. */
static void
assert_shown(const FotaNext *next)
{
    if (next->state == FOTA_STATE_AWAITING_APPROVAL || next->state == FOTA_STATE_SCHEDULED ||
        next->state == FOTA_STATE_AWAITING_INSTALL_APPROVAL ||
        next->state == FOTA_STATE_DOWNLOADING)
        g_assert_true(next->offers);
    if (next->state == FOTA_STATE_IDLE || next->state == FOTA_STATE_FAILED ||
        next->state == FOTA_STATE_ABSENT)
        g_assert_false(next->offers);
    g_assert_true(!next->guest || next->offers);
    if (next->error != FOTA_SHOW_ERROR_AS_IS)
        g_assert_cmpint(next->state, ==, FOTA_STATE_FAILED);
}

/* What is offered can be answered, and nothing else. */
static void
assert_answers(const FotaSituation *s, const FotaNext *next)
{
    const gboolean listens = s->runs == FOTA_ACTION_LISTEN || s->runs == FOTA_ACTION_ANSWER ||
                             s->runs == FOTA_ACTION_UNDO;
    const FotaRefusal approve = fota_refusal_find(s, FOTA_REQUEST_APPROVE);
    const FotaRefusal cancel = fota_refusal_find(s, FOTA_REQUEST_CANCEL);

    if (approve == FOTA_REFUSAL_NONE)
        g_assert_true(s->mark != FOTA_MARK_INSTALLING &&
                      (s->runs == FOTA_ACTION_NONE || s->runs == FOTA_ACTION_CHECK || listens));
    if (next->state == FOTA_STATE_AWAITING_APPROVAL ||
        next->state == FOTA_STATE_AWAITING_INSTALL_APPROVAL) {
        g_assert_cmpint(approve, ==, FOTA_REFUSAL_NONE);
        g_assert_true(listens || cancel == FOTA_REFUSAL_NONE);
    }
    if (s->mark == FOTA_MARK_INSTALLING || s->mark == FOTA_MARK_PROVING ||
        s->mark == FOTA_MARK_RESTORING)
        g_assert_cmpint(cancel, ==, FOTA_REFUSAL_NOT_CANCELLABLE);
}

/* The order is given only where it could have begun. */
static void
assert_commitment(const FotaSituation *s)
{
    const gboolean follow = s->runs == FOTA_ACTION_FOLLOW;
    const gboolean one = (s->one_gate && s->runs == FOTA_ACTION_DOWNLOAD) || follow;

    if (s->runs == FOTA_ACTION_RESUME || !fota_next_may_commit(s, FOTA_MARK_INSTALLING))
        return;
    if (s->runs == FOTA_ACTION_RESTORE) {
        g_assert_true(!s->inhibited && !s->supply_low);
        return;
    }
    if (s->begun || (follow && s->asks_again))
        return;
    g_assert_true(!s->inhibited && !s->blocked &&
                  s->open[one ? FOTA_APPROVAL_GATE_DOWNLOAD : FOTA_APPROVAL_GATE_INSTALL]);
    g_assert_true(follow ? s->asked : !s->cancelled && s->same_delta && !s->back_is_away);
}

/* What holds in every situation. */
static void
assert_rules(const FotaSituation *given)
{
    const FotaSituation s = make_possible(given);
    const FotaNext next = fota_next_decide(&s);

    assert_order(&s, &next);
    assert_way_back(&s, &next);
    assert_taking(&s, &next);
    assert_gates(&s, &next);
    assert_shown(&next);
    assert_answers(&s, &next);
    assert_commitment(&s);
}

/* Every pair of values of two fields, around each case of the table and around nothing. */
static void
test_pairs(void)
{
    for (guint c = 0; c <= n_next_cases; c++) {
        const FotaSituation base = c < n_next_cases ? next_cases[c].situation : (FotaSituation){0};

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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/next/pairs", test_pairs);
    g_test_add_func("/next/random", test_random);
    return g_test_run();
}
