/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-module.h"

#include "daemon/fota-error.h"
#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-parts.h"
#include "daemon/module/fota-registrar.h"
#include "daemon/module/fota-results.h"
#include "daemon/module/fota-start.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-policy-error.h"

/* Whether a question may begin: not while fotad stops, when nothing would wait for its end. */
static gboolean
accept_question(const FotaParts *parts, FotaRequestKind question, GError **error)
{
    if (!parts->stopping)
        return fota_answers_accept(parts, question, error);
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_BUSY,
                "fotad is being stopped; ask again when it runs");
    return FALSE;
}

gboolean
fota_module_check(FotaModule *module, GError **error)
{
    FotaParts *parts = fota_module_get_parts(module);
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    gboolean starts = config->module_starts && fota_asking_find_method(parts) != NULL;

    if (!accept_question(parts, FOTA_REQUEST_CHECK, error))
        return FALSE;
    if (config->manifest_uri == NULL && !starts) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                    config->module_starts
                        ? "the module cannot be told to ask its server: it is not listened to, see "
                          "Listening; and no manifest is configured in [Manifest] of %s"
                        : "no manifest is configured; set Uri= in [Manifest] of %s",
                    fota_config_get_file(parts->context->config));
        return FALSE;
    }
    if (!fota_poller_take_request(parts->poller, error))
        return FALSE;
    fota_run_hold(parts->run, 0, 0);
    if (starts)
        fota_questions_start(parts->questions);
    fota_offers_reopen(parts->offers, parts->plan);
    if (config->manifest_uri != NULL)
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
    return module_take_answer(module,
                              fota_answers_approve(fota_module_get_parts(module), token, error));
}

gboolean
fota_module_reject(FotaModule *module, const char *token, const char *reason, GError **error)
{
    return module_take_answer(
        module, fota_answers_reject(fota_module_get_parts(module), token, reason, error));
}

gboolean
fota_module_defer(FotaModule *module, const char *token, guint64 seconds, GError **error)
{
    return module_take_answer(
        module, fota_answers_defer(fota_module_get_parts(module), token, seconds, error));
}

gboolean
fota_module_cancel(FotaModule *module, const char *token, GError **error)
{
    return module_take_answer(module,
                              fota_answers_cancel(fota_module_get_parts(module), token, error));
}

gboolean
fota_module_rehearse(FotaModule *module, GError **error)
{
    return module_take_answer(module, fota_answers_rehearse(fota_module_get_parts(module), error));
}

void
fota_module_ask_version_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    const FotaParts *parts = fota_module_get_parts(module);
    g_autoptr(GError) error = NULL;

    if (!fota_presence_was_told(parts->presence))
        accept_question(parts, FOTA_REQUEST_ASK_VERSION, &error);
    fota_presence_ask_version_async(parts->presence, error, callback, user_data);
    fota_module_decide(module);
}

char *
fota_module_ask_version_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return fota_presence_ask_version_finish(fota_module_get_parts(module)->presence, result, error);
}

void
fota_module_wait_saved_async(FotaModule *module, GAsyncReadyCallback callback, gpointer user_data)
{
    fota_keeper_wait_async(fota_module_get_parts(module)->keeper, callback, user_data);
}

gboolean
fota_module_wait_saved_finish(FotaModule *module, GAsyncResult *result, GError **error)
{
    return fota_keeper_wait_finish(fota_module_get_parts(module)->keeper, result, error);
}

char *
fota_module_plan(FotaModule *module)
{
    return fota_view_explain(fota_module_get_parts(module));
}

GVariant *
fota_module_query(FotaModule *module, GError **error)
{
    const FotaModemFacts *facts = fota_presence_get_facts(fota_module_get_parts(module)->presence);

    if (facts != NULL)
        return fota_view_identify(fota_module_get_parts(module)->record, facts);
    g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT,
                "ModemManager does not see the module; look at it with mmcli -L");
    return NULL;
}

GVariant *
fota_module_get_registration(FotaModule *module, GError **error)
{
    return fota_registrar_describe(fota_module_get_parts(module), error);
}

GVariant *
fota_module_get_history(FotaModule *module, guint max)
{
    return fota_view_list_history(fota_module_get_parts(module)->record, max);
}

char *
fota_module_get_report(FotaModule *module)
{
    return fota_results_to_json(fota_module_get_parts(module)->record);
}

/* Properties */

GVariant *
fota_module_get_property(FotaModule *module, const char *name)
{
    return fota_shown_get(fota_module_get_parts(module)->shown, name);
}

const char *
fota_module_get_imei(FotaModule *module)
{
    return fota_module_get_parts(module)->record->imei;
}

const char *
fota_module_get_modem(FotaModule *module)
{
    return fota_presence_get_path(fota_module_get_parts(module)->presence);
}
