/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-clock.h"
#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-module-private.h"
#include "policy/fota-policy-error.h"

/*
 * What an application may ask: policy/fota-next says whether it is accepted now, then the token is
 * compared. A request that fails changes nothing.
 */

/* How long a rehearsal waits for an answer, seconds: it is a guest. */
#define REHEARSAL_SECONDS 900

static gboolean
refuse_request(FotaModule *module, FotaRefusal refusal, GError **error)
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
                    "the module is installing; taking its power away now can destroy it");
        break;
    case FOTA_REFUSAL_UPDATE_RUNS:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "an update is under way; wait until it has ended, or Cancel it before it "
                    "installs");
        break;
    case FOTA_REFUSAL_CHECK_RUNS:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "a check is under way; wait until it has ended");
        break;
    case FOTA_REFUSAL_INHIBITED:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "an application holds an inhibition, and the manifest is read through the "
                    "module");
        break;
    case FOTA_REFUSAL_UPDATE_READY:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                    "the update itself may begin at once; there is nothing to rehearse");
        break;
    case FOTA_REFUSAL_ABSENT:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_ABSENT,
                    "ModemManager does not see the module; look at it with mmcli -L");
        break;
    case FOTA_REFUSAL_UNSUPPORTED:
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_UNSUPPORTED, "no plugin claims %s %s",
                    module->record->manufacturer, module->record->model);
        break;
    }
    return FALSE;
}

gboolean
fota_module_accepts(FotaModule *module, FotaRequestKind request, GError **error)
{
    g_autoptr(FotaPlan) plan = module->job == NULL ? fota_module_draft_plan(module) : NULL;
    const FotaSituation situation =
        fota_module_look(module, module->job == NULL ? plan : module->plan);

    return refuse_request(module, fota_next_judge(&situation, request), error);
}

static gboolean
accepts_answer(FotaModule *module, FotaRequestKind request, const char *token, GError **error)
{
    const char *offered = NULL;

    g_variant_lookup(module->update, "token", "&s", &offered);
    return fota_module_accepts(module, request, error) &&
           fota_approval_check_token(offered, token, error);
}

static gboolean
guest_is_offered(FotaModule *module)
{
    gboolean guest = FALSE;

    g_variant_lookup(module->update, "rehearsal", "b", &guest);
    return guest;
}

gboolean
fota_module_approve(FotaModule *module, const char *token, GError **error)
{
    FotaRecord *record = module->record;

    if (!accepts_answer(module, FOTA_REQUEST_APPROVE, token, error))
        return FALSE;
    fota_module_log(module, 5, FOTA_EVENT_NONE, "approved to %s",
                    guest_is_offered(module)
                        ? "rehearse"
                        : fota_approval_gate_get_name(fota_module_get_gate(module)));
    if (guest_is_offered(module)) {
        fota_record_set(&module->rehearsal_approved, token);
    } else {
        fota_record_set(&record->approved[fota_module_get_gate(module)], token);
        record->deferred_until = 0;
        fota_module_save(module, NULL);
    }
    fota_module_settle(module);
    return TRUE;
}

static void
record_refusal(FotaModule *module, const char *result, const char *reason)
{
    FotaHistoryEntry *entry = fota_history_entry_new();
    GVariantDict details;

    fota_record_set(&entry->id, module->manifest->update.id);
    fota_record_set(&entry->result, result);
    fota_record_set(&entry->from, module->plan->from);
    fota_record_set(&entry->to, module->plan->to);
    fota_record_set(&entry->text, reason);
    entry->finished = (guint64)fota_clock_now();
    entry->started = entry->finished;
    fota_record_add_history(module->record, entry);
    fota_module_log(module, 5, FOTA_EVENT_NONE, "%s%s%s", result, reason[0] != '\0' ? ": " : "",
                    reason);
    g_variant_dict_init(&details, NULL);
    g_variant_dict_insert(&details, "reason", "s", reason);
    g_signal_emit_by_name(module, "update-finished", module->manifest->update.id, result,
                          g_variant_dict_end(&details));
}

static void
end_rehearsal(FotaModule *module)
{
    module->rehearsal = FALSE;
    g_clear_pointer(&module->rehearsal_approved, g_free);
}

void
fota_module_drop_rehearsal(FotaModule *module, const char *reason)
{
    if (!module->rehearsal)
        return;
    end_rehearsal(module);
    if (reason != NULL)
        fota_module_log(module, 5, FOTA_EVENT_NONE, "the rehearsal is dropped: %s", reason);
}

void
fota_module_end_late_rehearsal(FotaModule *module)
{
    if (module->rehearsal_until > fota_boot_time() || module->runs != FOTA_ACTION_NONE)
        return;
    fota_module_drop_rehearsal(module, "nobody has answered");
}

/* "rejected" holds until another manifest comes, "cancelled" until the next Check(). */
static void
refuse_offer(FotaModule *module, const char *token, gboolean rejected, const char *reason)
{
    FotaRecord *record = module->record;

    if (guest_is_offered(module)) {
        end_rehearsal(module);
    } else {
        fota_record_set(&record->rejected, rejected ? token : NULL);
        fota_record_set(&record->cancelled, rejected ? NULL : token);
    }
    record_refusal(module, rejected ? "rejected" : "cancelled", reason);
    fota_module_save(module, NULL);
    fota_module_settle(module);
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    if (!accepts_answer(module, FOTA_REQUEST_REJECT, token, error))
        return FALSE;
    refuse_offer(module, token, TRUE, reason);
    return TRUE;
}

gboolean
fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error)
{
    gint64 until;

    if (!accepts_answer(module, FOTA_REQUEST_DEFER, token, error))
        return FALSE;
    if (guest_is_offered(module)) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_DEFER_TOO_LONG,
                    "a rehearsal cannot be deferred; reject it, and ask for another one later");
        return FALSE;
    }
    if (!fota_approval_check_deferral(&module->manifest->update,
                                      (gint64)module->record->first_offered, fota_clock_now(),
                                      seconds, &until, error))
        return FALSE;
    module->record->deferred_until = (guint64)until;
    module->record->asked = 0;
    g_clear_pointer(&module->announced, g_free);
    fota_module_log(module, 5, FOTA_EVENT_NONE, "deferred for %" G_GUINT64_FORMAT " s", seconds);
    fota_module_save(module, NULL);
    fota_module_settle(module);
    return TRUE;
}

/* Whether the update has been begun, so that its end is more than an answer. */
static gboolean
update_has_begun(FotaModule *module)
{
    return module->runs == FOTA_ACTION_DOWNLOAD || module->runs == FOTA_ACTION_INSTALL ||
           module->record->mark == FOTA_MARK_DOWNLOADING ||
           module->record->mark == FOTA_MARK_DOWNLOADED;
}

/*
 * A cancel is on disk before it is replied to, and true whatever the job is doing: it may have
 * ended well in the meantime, or fotad may be killed.
 */
gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    if (!accepts_answer(module, FOTA_REQUEST_CANCEL, token, error))
        return FALSE;
    /* The job may be about to order at this very moment. */
    if (module->job != NULL && !fota_job_cancel(module->job, FALSE))
        return refuse_request(module, FOTA_REFUSAL_NOT_CANCELLABLE, error);
    if (module->runs == FOTA_ACTION_REHEARSE) {
        module->rehearsal_cancelled = TRUE;
    } else if (guest_is_offered(module) || !update_has_begun(module)) {
        refuse_offer(module, token, FALSE, "");
    } else {
        fota_record_set(&module->record->cancelled, token);
        fota_record_set(&module->record->rejected, NULL);
        fota_module_save(module, NULL);
        fota_module_settle(module);
    }
    return TRUE;
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    if (!fota_module_accepts(module, FOTA_REQUEST_REHEARSE, error))
        return FALSE;
    module->rehearsal = TRUE;
    module->rehearsal_until = fota_boot_time() + REHEARSAL_SECONDS * (gint64)G_USEC_PER_SEC;
    g_clear_pointer(&module->announced, g_free);
    fota_module_settle(module);
    return TRUE;
}
