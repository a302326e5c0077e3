/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-error.h"
#include "daemon/module/fota-module-private.h"
#include "base/fota-clock.h"
#include "policy/fota-policy-error.h"

/* What the application may say: each answer checks its token first, and changes nothing if it
 * fails. */

static gboolean
check_token(FotaModule *module, const char *token, GError **error)
{
    const char *offered = NULL;

    g_variant_lookup(module->update, "token", "&s", &offered);
    return fota_approval_check_token(offered, token, error);
}

/* A manifest whose key was taken away is gone at once, its offer only when a check has ended. */
static gboolean
check_not_running(FotaModule *module, GError **error)
{
    if (module->job == NULL)
        return module->manifest != NULL || fota_approval_check_token(NULL, "", error);
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                "the update is under way; until it installs, Cancel ends it");
    return FALSE;
}

gboolean
fota_module_approve(FotaModule *module, const char *token, GError **error)
{
    if (!check_token(module, token, error) || !check_not_running(module, error))
        return FALSE;
    fota_record_set(&module->record->approved[fota_module_get_gate(module)], token);
    module->record->deferred_until = 0;
    fota_module_log(module, 5, FOTA_EVENT_NONE, "approved to %s",
                    fota_approval_gate_get_name(fota_module_get_gate(module)));
    fota_module_save(module, NULL);
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

/* "rejected" holds until another manifest comes, "cancelled" until the next Check(). */
static void
refuse(FotaModule *module, const char *token, const char *result, const char *reason)
{
    if (module->rehearsal)
        module->rehearsal = FALSE;
    else
        fota_record_set(&module->record->rejected, token);
    record_refusal(module, result, reason);
    fota_module_save(module, NULL);
    fota_module_settle(module);
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    if (!check_token(module, token, error) || !check_not_running(module, error))
        return FALSE;
    refuse(module, token, "rejected", reason);
    return TRUE;
}

gboolean
fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error)
{
    gint64 until;

    if (!check_token(module, token, error) || !check_not_running(module, error))
        return FALSE;
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

gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    if (!check_token(module, token, error))
        return FALSE;
    if (module->job == NULL) {
        if (!check_not_running(module, error))
            return FALSE;
        refuse(module, token, "cancelled", "");
        return TRUE;
    }
    if (!fota_job_cancel(module->job, FALSE)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NOT_CANCELLABLE,
                    "the module is installing; taking its power away now can destroy it");
        return FALSE;
    }
    return TRUE;
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    g_autoptr(FotaPlan) plan = NULL;

    if (module->job != NULL || module->check != NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY, "something is under way");
        return FALSE;
    }
    plan = fota_module_draft_plan(module);
    if (plan == NULL || plan->kind != FOTA_PLAN_UPDATE || module->record->mark != FOTA_MARK_NONE) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NOTHING_OFFERED,
                    "there is no update to rehearse");
        return FALSE;
    }
    module->rehearsal = TRUE;
    fota_module_settle(module);
    return TRUE;
}
