/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-certify.h"

#include <unistd.h>

/* An answer that was refused may be given once more, when a further signal carries the same token.
 */
#define DEAD_ANSWERS_MAX 2

typedef struct {
    Certify *certify;
    const char *id;
    const char *method; /* NULL: any */
} Wanted;

static void saw(Certify *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
saw(Certify *self, const char *format, ...)
{
    va_list args;

    if (self->seen->len > 0)
        g_string_append(self->seen, "; ");
    va_start(args, format);
    g_string_append_vprintf(self->seen, format, args);
    va_end(args);
}

static gboolean
is_to(Certify *self, const CertifyAnswer *answer, const char *id, const char *method)
{
    return g_strcmp0(certify_bus_get_id(self->bus, answer->token), id) == 0 &&
           (method == NULL || g_str_equal(answer->method, method));
}

static guint
count_answers(Certify *self, const char *id, const char *method, gboolean accepted)
{
    GPtrArray *answers = certify_bus_get_answers(self->bus);
    guint n = 0;

    for (guint i = 0; i < answers->len; i++) {
        const CertifyAnswer *answer = g_ptr_array_index(answers, i);

        if (answer->replied && (answer->error == NULL) == accepted &&
            is_to(self, answer, id, method))
            n++;
    }
    return n;
}

static gboolean
is_answered(gpointer user_data)
{
    Wanted *wanted = user_data;

    return count_answers(wanted->certify, wanted->id, wanted->method, TRUE) > 0;
}

static gboolean
is_answered_or_over(gpointer user_data)
{
    Wanted *wanted = user_data;

    return is_answered(wanted) || wanted->certify->stage->pid == 0;
}

/* Why there is no accepted answer. */
static void
saw_none(Certify *self, const char *id, const char *method)
{
    GPtrArray *answers = certify_bus_get_answers(self->bus);
    const char *wanted = method != NULL ? method : "answer";

    saw(self, "no %s within %.0f s", wanted, self->seconds);
    for (guint i = answers->len; i > 0; i--) {
        const CertifyAnswer *answer = g_ptr_array_index(answers, i - 1);

        if (is_to(self, answer, id, NULL)) {
            saw(self, "but %s, %s", answer->method,
                answer->error != NULL ? answer->error : "accepted");
            return;
        }
    }
}

/* The application is to answer this offer, with this method unless it is NULL. */
static gboolean
answers(Certify *self, const char *id, const char *method)
{
    Wanted wanted = {self, id, method};
    GPtrArray *all = certify_bus_get_answers(self->bus);

    certify_bus_wait(is_answered_or_over, &wanted, self->seconds);
    if (!is_answered(&wanted)) {
        if (self->stage->pid == 0)
            saw(self, "the application has ended");
        else
            saw_none(self, id, method);
        return FALSE;
    }
    for (guint i = 0; i < all->len; i++) {
        const CertifyAnswer *answer = g_ptr_array_index(all, i);

        if (answer->replied && answer->error == NULL && is_to(self, answer, id, method)) {
            saw(self, "%s", answer->method);
            break;
        }
    }
    return TRUE;
}

/* The application must leave a dead offer alone and answer the next one. */
static CertifyVerdict
survives(Certify *self, const char *dead, GError **error)
{
    g_autofree char *next = certify_offer(self, CERTIFY_ONE_GATE, error);
    guint refused;
    gboolean good;

    if (next == NULL)
        return CERTIFY_FAIL;
    good = answers(self, next, NULL);
    refused = count_answers(self, dead, NULL, FALSE);
    if (refused > 0)
        saw(self, "%u answers to the former offer were refused", refused);
    return good && refused <= DEAD_ANSWERS_MAX ? CERTIFY_PASS : CERTIFY_FAIL;
}

/* The reactions */

static CertifyVerdict
play_offered_before(Certify *self, GError **error)
{
    g_autofree char *id = NULL;

    certify_stage_stop(self->stage);
    id = certify_offer(self, CERTIFY_ONE_GATE, error);
    if (id == NULL || !certify_stage_start(self->stage, error))
        return CERTIFY_FAIL;
    return answers(self, id, NULL) ? CERTIFY_PASS : CERTIFY_FAIL;
}

static CertifyVerdict
play_question(Certify *self, GError **error)
{
    g_autofree char *id = certify_offer(self, CERTIFY_ONE_GATE, error);

    return id != NULL && answers(self, id, NULL) ? CERTIFY_PASS : CERTIFY_FAIL;
}

static CertifyVerdict
play_expired_token(Certify *self, GError **error)
{
    g_autofree char *old = NULL, *id = NULL;
    gboolean good;

    certify_stage_pause(self->stage);
    old = certify_offer(self, CERTIFY_ONE_GATE, error);
    id = old != NULL ? certify_offer(self, CERTIFY_ONE_GATE, error) : NULL;
    certify_stage_resume(self->stage);
    if (id == NULL)
        return CERTIFY_FAIL;
    good = answers(self, id, NULL);
    saw(self, "%u answers with the old token", count_answers(self, old, NULL, FALSE));
    return good ? CERTIFY_PASS : CERTIFY_FAIL;
}

static CertifyVerdict
play_rejection(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    gboolean good;

    certify_stage_pause(self->stage);
    id = certify_offer(self, CERTIFY_ONE_GATE, error);
    good =
        id != NULL &&
        certify_bus_call(
            self->bus, "Reject",
            g_variant_new("(ss)", certify_bus_get_token(self->bus, id), "fota-sim certify"), error);
    certify_stage_resume(self->stage);
    return good ? survives(self, id, error) : CERTIFY_FAIL;
}

static CertifyVerdict
play_timeout(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    gboolean good;

    certify_stage_pause(self->stage);
    id = certify_offer(self, CERTIFY_ONE_GATE, error);
    good = id != NULL && certify_withdraw(self, error);
    certify_stage_resume(self->stage);
    return good ? survives(self, id, error) : CERTIFY_FAIL;
}

static CertifyVerdict
play_deferral(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    gboolean good;

    certify_stage_pause(self->stage);
    id = certify_offer(self, CERTIFY_ONE_GATE, error);
    good = id != NULL &&
           certify_bus_call(self->bus, "Defer",
                            g_variant_new("(st)", certify_bus_get_token(self->bus, id), (guint64)1),
                            error);
    certify_stage_resume(self->stage);
    return good && answers(self, id, NULL) ? CERTIFY_PASS : CERTIFY_FAIL;
}

static CertifyVerdict
play_own_deferral(Certify *self, GError **error)
{
    g_autofree char *id = NULL, *next = NULL;
    gboolean deferred;

    if (self->busy_file == NULL) {
        saw(self, "not played: --busy-file= is not given");
        return CERTIFY_SKIPPED;
    }
    if (!g_file_set_contents(self->busy_file, "", 0, error))
        return CERTIFY_FAIL;
    id = certify_offer(self, CERTIFY_ONE_GATE, error);
    deferred = id != NULL && answers(self, id, "Defer");
    unlink(self->busy_file);
    next = id != NULL ? certify_offer(self, CERTIFY_ONE_GATE, error) : NULL;
    return next != NULL && answers(self, next, "Approve") && deferred ? CERTIFY_PASS : CERTIFY_FAIL;
}

static CertifyVerdict
play_restart(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    gboolean good;

    certify_stage_pause(self->stage);
    id = certify_offer(self, CERTIFY_ONE_GATE, error);
    good = id != NULL && certify_stage_restart_fotad(self->stage, error) &&
           certify_wait_shown(self, id, error) && certify_bus_set_inhibited(self->bus, TRUE, error);
    certify_stage_resume(self->stage);
    return good && answers(self, id, NULL) ? CERTIFY_PASS : CERTIFY_FAIL;
}

/* An update that fotad carries out, since nothing inhibits it. Returns how it ended, NULL: the
 * application does not approve, or an error. */
static const char *
carry_out(Certify *self, char **id, CertifyUpdate update, GError **error)
{

    if (!certify_withdraw(self, error) || !certify_bus_set_inhibited(self->bus, FALSE, error))
        return NULL;
    *id = certify_offer(self, update, error);
    if (*id == NULL || !answers(self, *id, "Approve") ||
        !certify_wait_end(self, *id, CERTIFY_UPDATE_SECONDS, "the end of the update", error))
        return NULL;
    return certify_bus_get_result(self->bus, *id);
}

static CertifyVerdict
play_failure(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    const char *result = NULL;

    if (certify_stage_command(self->stage, "fault", "ftp-login,always", error))
        result = carry_out(self, &id, CERTIFY_ONE_GATE, error);
    certify_stage_command(self->stage, "fault", "clear", NULL);
    if (!certify_bus_set_inhibited(self->bus, TRUE, error) || result == NULL)
        return CERTIFY_FAIL;
    saw(self, "the update ends: %s", result);
    return survives(self, id, error);
}

static CertifyVerdict
play_dummy(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    const char *result = carry_out(self, &id, CERTIFY_DUMMY, error);

    if (!certify_bus_set_inhibited(self->bus, TRUE, error) || result == NULL)
        return CERTIFY_FAIL;
    saw(self, "the dummy ends: %s", result);
    return g_str_equal(result, "success") ? survives(self, id, error) : CERTIFY_FAIL;
}

static CertifyVerdict
play_update(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    const char *result = carry_out(self, &id, CERTIFY_TWO_GATES, error);
    guint gates = id != NULL ? count_answers(self, id, "Approve", TRUE) : 0;

    if (!certify_bus_set_inhibited(self->bus, TRUE, error) || result == NULL)
        return CERTIFY_FAIL;
    saw(self, "at %u gates; the update ends: %s", gates, result);
    if (self->stage->pid == 0)
        saw(self, "the application has ended");
    return gates == 2 && g_str_equal(result, "success") && self->stage->pid != 0 ? CERTIFY_PASS
                                                                                 : CERTIFY_FAIL;
}

static gboolean
module_asks(Certify *self)
{
    if (!self->asks)
        saw(self, "not played: the simulated module does not ask; fota-rehearsal start --asks");
    return self->asks;
}

static CertifyVerdict
play_module_question(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    gboolean good;

    if (!module_asks(self))
        return CERTIFY_SKIPPED;
    good = certify_withdraw(self, error) && certify_bus_set_inhibited(self->bus, FALSE, error);
    id = good ? certify_ask(self, error) : NULL;
    good =
        id != NULL && answers(self, id, "Approve") &&
        certify_wait_end(self, id, CERTIFY_UPDATE_SECONDS, "the end of the module's update", error);
    if (good)
        saw(self, "the update ends: %s", certify_bus_get_result(self->bus, id));
    return certify_bus_set_inhibited(self->bus, TRUE, *error == NULL ? error : NULL) && good
               ? CERTIFY_PASS
               : CERTIFY_FAIL;
}

static CertifyVerdict
play_module_timeout(Certify *self, GError **error)
{
    g_autofree char *id = NULL;
    gboolean good;

    if (!module_asks(self))
        return CERTIFY_SKIPPED;
    certify_stage_pause(self->stage);
    good = certify_withdraw(self, error);
    id = good ? certify_ask(self, error) : NULL;
    good = id != NULL && certify_stage_command(self->stage, "set", "answer-limit=0", error) &&
           certify_wait_end(self, id, CERTIFY_OFFER_SECONDS, "the end of the module's question",
                            error);
    certify_stage_resume(self->stage);
    return good ? survives(self, id, error) : CERTIFY_FAIL;
}

const CertifyReaction certify_reactions[] = {
    {"offered-before", "at its start it answers the offer that is there", play_offered_before},
    {"question", "it answers an offer, with the offer's token", play_question},
    {"expired-token", "it answers the offer that has taken another one's place",
     play_expired_token},
    {"rejection", "after somebody else's rejection it answers the next offer", play_rejection},
    {"timeout", "after an offer that has ended unanswered it answers the next one", play_timeout},
    {"deferral", "it answers when fotad asks again after a deferral", play_deferral},
    {"own-deferral", "while it is busy it defers, afterwards it approves", play_own_deferral},
    {"restart", "after a restart of fotad it answers the offer that is there", play_restart},
    {"failure", "after an update that has failed it answers the next offer", play_failure},
    {"module-timeout", "after a question of the module that has run out it answers the next offer",
     play_module_timeout},
    {"module-question", "it approves what the module asks by itself", play_module_question},
    {"dummy", "it approves a dummy, which leads to the same version, and answers the next offer",
     play_dummy},
    {"update", "it approves download and installation, and is there at the end", play_update},
    {NULL, NULL, NULL},
};
