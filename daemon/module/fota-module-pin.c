/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/fota-credential.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-module-private.h"
#include "policy/fota-pin.h"

/*
 * The PIN of the SIM, which a module wants again after each restart. It goes through ModemManager,
 * which would not notice otherwise that the module is unlocked, and so never into an AT trace.
 */

static gboolean
pin_is_ours(FotaModule *module)
{
    return strcmp(module->error_name, "PinRequired") == 0;
}

gboolean
fota_module_has_own_error(FotaModule *module)
{
    return module->error_name[0] != '\0' && !pin_is_ours(module);
}

/* Says so once for each start of the module; the error shows as long as no other one does. */
static void
leave(FotaModule *module, const char *start, const char *why)
{
    g_autoptr(GError) error = NULL;
    int attempts = module->facts->pin_attempts;

    g_set_error(&error, FOTA_ERROR, FOTA_ERROR_PIN,
                "the SIM wants its PIN, and fotad does not enter it: %s; mmcli -i any --pin=...",
                why);
    if (!fota_module_has_own_error(module))
        fota_module_set_error(module, error);
    if (g_strcmp0(module->pin_announced, start) == 0)
        return;
    fota_record_set(&module->pin_announced, start);
    fota_module_log(module, 4, FOTA_EVENT_PIN_REQUIRED, "%s", error->message);
    g_signal_emit_by_name(module, "pin-required", attempts);
}

static void
entered(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;

    /* On success it is pending until ModemManager shows that nothing is wanted any more. */
    module->pin_pending = fota_mm_send_pin_finish(module->context->mm, result, &error);
    module->pin_refused = g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_AT);
    /* ModemManager may not have counted yet. */
    if (module->pin_refused && module->here)
        module->facts->pin_attempts = MIN(module->facts->pin_attempts, module->pin_attempts - 1);
    if (error == NULL)
        fota_module_log(module, 6, FOTA_EVENT_NONE, "the SIM has got its PIN");
    else
        fota_module_log(module, 4, FOTA_EVENT_NONE, "the SIM's PIN could not be entered: %s",
                        error->message);
    fota_module_settle(module);
}

static void
attempt_recorded(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(FotaModule) module = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *path =
        fota_credential_get_path(fota_config_get_file(module->context->config),
                                 fota_module_get_config(module)->pin_credential);
    g_autofree char *pin = NULL;

    module->pin_pending = FALSE;
    if (fota_store_save_finish(module->context->store, result, &error))
        pin = fota_credential_read_pin(path, &error);
    if (pin == NULL || !module->here) {
        if (error != NULL)
            fota_module_log(module, 3, FOTA_EVENT_NONE, "the SIM's PIN is not entered: %s",
                            error->message);
        fota_module_settle(module);
        return;
    }
    module->pin_pending = TRUE;
    fota_mm_send_pin_async(module->context->mm, module->facts->path, pin, entered,
                           g_object_ref(module));
    explicit_bzero(pin, strlen(pin));
}

/* The attempt is on record before it is made: a fotad that is killed in between makes no second. */
static void
enter(FotaModule *module, const char *start)
{
    module->pin_pending = TRUE;
    module->pin_attempts = module->facts->pin_attempts;
    fota_record_set(&module->record->pin_tried, start);
    fota_store_save_async(module->context->store, module->record, NULL, attempt_recorded,
                          g_object_ref(module));
}

void
fota_module_settle_pin(FotaModule *module)
{
    const char *credential = fota_module_get_config(module)->pin_credential;
    const char *start = module->here ? module->facts->start : NULL;
    FotaPinFacts facts = {.configured = credential != NULL};
    const char *why;

    if (start == NULL)
        return;
    facts.wanted = module->facts->pin_wanted;
    module->pin_pending = module->pin_pending && facts.wanted;
    if (module->pin_pending)
        return;
    facts.attempts = module->facts->pin_attempts;
    facts.tried = strcmp(module->record->pin_tried, start) == 0;
    facts.refused = module->pin_refused;
    switch (fota_pin_decide(&facts, &why)) {
    case FOTA_PIN_ENTER:
        enter(module, start);
        break;
    case FOTA_PIN_LEAVE:
        leave(module, start, why);
        break;
    case FOTA_PIN_NOTHING:
        if (pin_is_ours(module))
            fota_module_set_error(module, NULL);
        break;
    }
}

void
fota_module_forget_pin(FotaModule *module)
{
    module->pin_refused = FALSE;
    fota_record_set(&module->record->pin_tried, NULL);
}
