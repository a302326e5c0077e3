/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-answers.h"

#include <syslog.h>

#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-draft.h"
#include "daemon/module/fota-results.h"
#include "daemon/module/fota-situation.h"
#include "policy/fota-policy-error.h"

static void
refuse_unsupported(const FotaParts *parts, GError **error)
{
    g_autofree char *why = fota_presence_explain(parts->presence);

    g_set_error_literal(error, FOTA_ERROR, FOTA_ERROR_MODULE_UNSUPPORTED, why);
}

static gboolean
refuse_request(const FotaParts *parts, FotaRequestKind request, FotaRefusal refusal, GError **error)
{
    switch (refusal) {
    case FOTA_REFUSAL_NONE:
        return TRUE;
    case FOTA_REFUSAL_NOTHING_OFFERED:
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NOTHING_OFFERED,
                    "no update is offered for this module now");
        break;
    case FOTA_REFUSAL_NOT_CANCELLABLE:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NOT_CANCELLABLE,
                    "the module is installing; do not cut its power, which could destroy it");
        break;
    case FOTA_REFUSAL_UPDATE_RUNS:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    request == FOTA_REQUEST_CANCEL
                        ? "fotad asks the module something, or discards a delta; cancel when that "
                          "has ended"
                        : "an update is under way; wait until it has ended, or Cancel it before it "
                          "installs");
        break;
    case FOTA_REFUSAL_CHECK_RUNS:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "a check is under way; wait until it has ended");
        break;
    case FOTA_REFUSAL_INHIBITED:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "an application holds an inhibition, and this would take the module from "
                    "the host");
        break;
    case FOTA_REFUSAL_UPDATE_READY:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "the update itself may begin at once; there is nothing to rehearse");
        break;
    case FOTA_REFUSAL_ABSENT:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT,
                    "ModemManager does not see the module; look at it with mmcli -L");
        break;
    case FOTA_REFUSAL_UNSUPPORTED:
        refuse_unsupported(parts, error);
        break;
    }
    return FALSE;
}

static gboolean
job_runs(const FotaParts *parts)
{
    return fota_run_get_action(parts->run) != FOTA_ACTION_NONE;
}

gboolean
fota_answers_accept(const FotaParts *parts, FotaRequestKind request, GError **error)
{
    g_autoptr(FotaPlan) plan = job_runs(parts) ? NULL : fota_draft_plan(parts);
    const FotaSituation situation =
        fota_situation_look(parts, job_runs(parts) ? parts->plan : plan);

    return refuse_request(parts, request, fota_refusal_find(&situation, request), error);
}

static gboolean
accept_answer(const FotaParts *parts, FotaRequestKind request, const char *token, GError **error)
{
    const char *offered = NULL;

    g_variant_lookup(fota_shown_get(parts->shown, "Update"), "token", "&s", &offered);
    return fota_answers_accept(parts, request, error) &&
           fota_approval_match_token(offered, token, error);
}

static gboolean
guest_is_offered(const FotaParts *parts)
{
    gboolean guest = FALSE;

    g_variant_lookup(fota_shown_get(parts->shown, "Update"), "rehearsal", "b", &guest);
    return guest;
}

gboolean
fota_answers_approve(const FotaParts *parts, const char *token, GError **error)
{
    FotaApprovalGate gate = fota_asking_get_gate(parts);

    if (!accept_answer(parts, FOTA_REQUEST_APPROVE, token, error))
        return FALSE;
    fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE, "approved to %s",
                    guest_is_offered(parts) ? "rehearse" : fota_approval_gate_get_name(gate));
    if (guest_is_offered(parts)) {
        fota_offers_approve_guest(parts->offers, token);
    } else if (fota_asking_is_offered(parts)) {
        fota_questions_approve(parts->questions, token);
        fota_keeper_save(parts->keeper, NULL);
    } else {
        fota_offers_approve(parts->offers, token);
        fota_keeper_save(parts->keeper, NULL);
    }
    return TRUE;
}

gboolean
fota_answers_defer(const FotaParts *parts, const char *token, guint64 seconds, GError **error)
{
    gboolean asked = fota_asking_is_offered(parts);
    gint64 until;

    if (!accept_answer(parts, FOTA_REQUEST_DEFER, token, error))
        return FALSE;
    if (guest_is_offered(parts)) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DEFER_TOO_LONG,
                    "a rehearsal cannot be deferred; reject it, and ask for another one later");
        return FALSE;
    }
    if (!fota_approval_allow_deferral(&parts->plan->manifest->update,
                                      (gint64)parts->record->first_offered, fota_clock_now(),
                                      seconds, &until, error))
        return FALSE;
    if (asked)
        fota_questions_defer(parts->questions, until);
    else
        fota_offers_defer(parts->offers, until);
    if (asked)
        fota_offers_ask_again(parts->offers);
    fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE,
                    "deferred for %" G_GUINT64_FORMAT " s", seconds);
    fota_keeper_save(parts->keeper, NULL);
    return TRUE;
}

static void
set_text(const FotaParts *parts, const char *name, char **member)
{
    const char *text = NULL;

    g_variant_lookup(fota_shown_get(parts->shown, "Update"), name, "&s", &text);
    fota_record_set(member, text);
}

/* Takes @entry: an offer has ended without a job. */
static void
finish_offer(const FotaParts *parts, FotaHistoryEntry *entry, gboolean guest)
{
    GVariantDict details;

    fota_results_add(parts, entry);
    fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE, "%s%s%s%s",
                    guest ? "the rehearsal is " : "", entry->result,
                    entry->text[0] != '\0' ? ": " : "", entry->text);
    fota_keeper_save(parts->keeper, NULL);
    g_variant_dict_init(&details, NULL);
    g_variant_dict_insert(&details, "reason", "s", entry->text);
    if (guest)
        g_variant_dict_insert(&details, "rehearsal", "b", TRUE);
    fota_shown_announce_end(parts->shown, entry->id, entry->result, g_variant_dict_end(&details));
}

static void
refuse_offer(const FotaParts *parts, const char *token, gboolean rejected, const char *reason)
{
    FotaHistoryEntry *entry = fota_history_entry_new();

    fota_offers_refuse(parts->offers, token, rejected);
    set_text(parts, "id", &entry->id);
    set_text(parts, "from", &entry->from);
    set_text(parts, "to", &entry->to);
    fota_record_set(&entry->result, rejected ? "rejected" : "cancelled");
    fota_record_set(&entry->text, reason);
    entry->finished = (guint64)fota_clock_now();
    /* Of an answer that is given again after a kill, the report is the same. */
    entry->started = fota_offers_get_question_time(parts->offers, token);
    if (entry->started == 0)
        entry->started = entry->finished;
    fota_results_note_stages(parts, entry);
    finish_offer(parts, entry, FALSE);
}

void
fota_answers_drop_guest(const FotaParts *parts, const char *result, const char *reason)
{
    const FotaManifest *guest = fota_offers_get_guest(parts->offers);
    FotaHistoryEntry *entry;

    if (guest == NULL)
        return;
    entry = fota_history_entry_new();
    fota_record_set(&entry->id, guest->update.id);
    fota_record_set(&entry->from, parts->record->revision);
    if (guest_is_offered(parts))
        set_text(parts, "to", &entry->to);
    fota_record_set(&entry->result, result);
    fota_record_set(&entry->text, reason);
    entry->started = entry->finished = (guint64)fota_clock_now();
    fota_offers_dismiss_guest(parts->offers);
    finish_offer(parts, entry, TRUE);
}

void
fota_answers_end_guest(const FotaParts *parts)
{
    gint64 end = fota_offers_get_guest_end(parts->offers);

    if (!fota_offers_has_guest(parts->offers, fota_accepted_get(parts->accepted)))
        fota_answers_drop_guest(parts, "cancelled", "its manifest is no longer at hand");
    else if (end != 0 && end <= fota_boot_time())
        fota_answers_drop_guest(parts, "expired", "nobody has answered");
}

/* Of a rehearsal, or of the update itself. */
static void
refuse_shown(const FotaParts *parts, const char *token, gboolean rejected, const char *reason)
{
    if (guest_is_offered(parts))
        fota_answers_drop_guest(parts, rejected ? "rejected" : "cancelled", reason);
    else
        refuse_offer(parts, token, rejected, reason);
}

gboolean
fota_answers_reject(const FotaParts *parts, const char *token, const char *reason, GError **error)
{
    gboolean may_reject = TRUE;

    if (!accept_answer(parts, FOTA_REQUEST_REJECT, token, error))
        return FALSE;
    g_variant_lookup(fota_shown_get(parts->shown, "Update"), "may-reject", "b", &may_reject);
    if (!may_reject) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                    "the module's question cannot be rejected; approve or defer it");
        return FALSE;
    }
    if (fota_asking_is_offered(parts))
        fota_asking_reject(parts, token, reason);
    else
        refuse_shown(parts, token, TRUE, reason);
    return TRUE;
}

/* Whether the update has begun, so that ending it takes more than an answer. */
static gboolean
update_has_begun(const FotaParts *parts)
{
    FotaAction action = fota_run_get_action(parts->run);
    FotaMark mark = fota_keeper_get_mark(parts->keeper);

    return action == FOTA_ACTION_FETCH || action == FOTA_ACTION_DOWNLOAD ||
           action == FOTA_ACTION_INSTALL || action == FOTA_ACTION_FOLLOW ||
           mark == FOTA_MARK_FETCHING || mark == FOTA_MARK_DOWNLOADING ||
           mark == FOTA_MARK_DOWNLOADED;
}

/*
 * A cancel is on disk before fotad replies to it, and holds whatever the job does meanwhile: the
 * job may succeed, or fotad may be killed.
 */
gboolean
fota_answers_cancel(const FotaParts *parts, const char *token, GError **error)
{
    if (!accept_answer(parts, FOTA_REQUEST_CANCEL, token, error))
        return FALSE;
    /* The job may be about to give the order right now. */
    if (!fota_run_cancel(parts->run, FALSE))
        return refuse_request(parts, FOTA_REQUEST_CANCEL, FOTA_REFUSAL_NOT_CANCELLABLE, error);
    if (fota_run_get_action(parts->run) == FOTA_ACTION_REHEARSE)
        return TRUE;
    if (fota_asking_is_offered(parts) && !update_has_begun(parts)) {
        fota_asking_cancel(parts);
    } else if (guest_is_offered(parts) || !update_has_begun(parts)) {
        refuse_shown(parts, token, FALSE, "");
    } else {
        fota_offers_refuse(parts->offers, token, FALSE);
        fota_keeper_save(parts->keeper, NULL);
    }
    return TRUE;
}

gboolean
fota_answers_rehearse(const FotaParts *parts, GError **error)
{
    if (!fota_answers_accept(parts, FOTA_REQUEST_REHEARSE, error))
        return FALSE;
    fota_offers_invite(parts->offers, fota_accepted_get(parts->accepted));
    return TRUE;
}
