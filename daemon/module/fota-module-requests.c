/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module-private.h"

#include "daemon/fota-error.h"
#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-registrar.h"
#include "daemon/module/fota-results.h"
#include "daemon/module/fota-start.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-policy-error.h"

/* Whether a question may begin: not while fotad stops, when nothing would wait for its end. */
static gboolean
module_accept_question(FotaModule *module, FotaRequestKind question, GError **error)
{
    if (!module->stopping)
        return fota_answers_accept(&module->parts, question, error);
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                "fotad is being stopped; ask again when it runs");
    return FALSE;
}

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    FotaParts *parts = &module->parts;

    if (!module_accept_question(module, FOTA_REQUEST_CHECK, error))
        return FALSE;
    if (fota_parts_get_config(parts)->manifest_uri == NULL) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    "no manifest is configured; set Uri= in [Manifest] of %s",
                    fota_config_get_file(parts->context->config));
        return FALSE;
    }
    if (!fota_poller_take_request(parts->poller, error))
        return FALSE;
    fota_run_hold(parts->run, 0, 0);
    if (fota_parts_get_config(parts)->module_starts)
        fota_questions_start(parts->questions);
    fota_offers_reopen(parts->offers, parts->plan);
    fota_start_action(parts, FOTA_ACTION_CHECK);
    fota_module_decide(module);
    return TRUE;
}

static gboolean
module_take_answer(FotaModule *module, gboolean accepted)
{
    if (accepted)
        fota_module_decide(module);
    return accepted;
}

gboolean
fota_module_approve(FotaModule *module, const char *token, GError **error)
{
    return module_take_answer(module, fota_answers_approve(&module->parts, token, error));
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    return module_take_answer(module, fota_answers_reject(&module->parts, token, reason, error));
}

gboolean
fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error)
{
    return module_take_answer(module, fota_answers_defer(&module->parts, token, seconds, error));
}

gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    return module_take_answer(module, fota_answers_cancel(&module->parts, token, error));
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    return module_take_answer(module, fota_answers_rehearse(&module->parts, error));
}

void
fota_module_ask_version_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    const FotaParts *parts = &module->parts;
    g_autoptr(GError) error = NULL;

    if (!fota_presence_was_told(parts->presence))
        module_accept_question(module, FOTA_REQUEST_ASK_VERSION, &error);
    fota_presence_ask_version_async(parts->presence, error, callback, user_data);
    fota_module_decide(module);
}

char *
fota_module_ask_version_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return fota_presence_ask_version_finish(module->parts.presence, result, error);
}

void
fota_module_wait_saved_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    fota_keeper_wait_async(module->parts.keeper, callback, user_data);
}

gboolean
fota_module_wait_saved_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return fota_keeper_wait_finish(module->parts.keeper, result, error);
}

char *
fota_module_plan(FotaModule *module)
{
    return fota_view_explain(&module->parts);
}

GVariant *
fota_module_query(FotaModule *module, GError **error)
{
    const FotaModemFacts *facts = fota_presence_get_facts(module->parts.presence);

    if (facts != NULL)
        return fota_view_identify(module->parts.record, facts);
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT,
                "ModemManager does not see the module; look at it with mmcli -L");
    return NULL;
}

GVariant *
fota_module_get_registration(FotaModule *module, GError **error)
{
    return fota_registrar_describe(&module->parts, error);
}

GVariant *
fota_module_get_history(FotaModule *module, guint max)
{
    return fota_view_list_history(module->parts.record, max);
}

char *
fota_module_get_report(FotaModule *module)
{
    return fota_results_to_json(module->parts.record);
}
