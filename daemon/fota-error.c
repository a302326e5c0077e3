/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-error.h"

#include <gio/gio.h>

#include "plugins/fota-plugin.h"
#include "policy/fota-policy-error.h"

G_DEFINE_QUARK(fota_error_quark, fota_error)

static const char *const daemon_names[] = {
    [FOTA_ERROR_BUSY] = "Busy",
    [FOTA_ERROR_MODULE_ABSENT] = "ModuleAbsent",
    [FOTA_ERROR_MODULE_UNSUPPORTED] = "ModuleUnsupported",
    [FOTA_ERROR_NOT_CANCELLABLE] = "NotCancellable",
    [FOTA_ERROR_CANCELLED] = "Cancelled",
    [FOTA_ERROR_BAD_CREDENTIAL] = "BadCredential",
    [FOTA_ERROR_MANIFEST_UNREACHABLE] = "ManifestUnreachable",
    [FOTA_ERROR_MANIFEST_UNAVAILABLE] = "ManifestUnavailable",
    [FOTA_ERROR_RECORD_NOT_WRITABLE] = "RecordNotWritable",
    [FOTA_ERROR_BAD_RECORD] = "BadRecord",
    [FOTA_ERROR_NO_AT_PORT] = "NoAtPort",
    [FOTA_ERROR_BAD_PLUGIN] = "BadPlugin",
    [FOTA_ERROR_UNANSWERED] = "Unanswered",
    [FOTA_ERROR_FIRST_AID_FAILED] = "FirstAidFailed",
    [FOTA_ERROR_NO_SERVICE] = "NoService",
    [FOTA_ERROR_PIN_REQUIRED] = "PinRequired",
    [FOTA_ERROR_NO_SPACE] = "NoSpace",
    [FOTA_ERROR_BAD_DELTA] = "BadDelta",
};

static const char *const module_names[] = {
    [FOTA_MODULE_ERROR_MODULE_REFUSED] = "ModuleRefused",
    [FOTA_MODULE_ERROR_MODULE_SILENT] = "ModuleSilent",
    [FOTA_MODULE_ERROR_MODULE_GONE] = "ModuleGone",
    [FOTA_MODULE_ERROR_MODULE_NOT_RETURNED] = "ModuleNotReturned",
    [FOTA_MODULE_ERROR_NOT_SUPPORTED] = "NotSupported",
    [FOTA_MODULE_ERROR_BAD_ANSWER] = "BadAnswer",
    [FOTA_MODULE_ERROR_NO_SIGNAL] = "NoSignal",
    [FOTA_MODULE_ERROR_NOT_REGISTERED] = "NotRegistered",
    [FOTA_MODULE_ERROR_NO_APN] = "NoApn",
    [FOTA_MODULE_ERROR_CONTEXT_FAILED] = "ContextFailed",
    [FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE] = "DeltaServerUnreachable",
    [FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED] = "DeltaLoginRefused",
    [FOTA_MODULE_ERROR_DELTA_MISSING] = "DeltaMissing",
    [FOTA_MODULE_ERROR_TRANSFER_FAILED] = "TransferFailed",
    [FOTA_MODULE_ERROR_WRONG_BASE] = "WrongBase",
    [FOTA_MODULE_ERROR_INSTALL_REFUSED] = "InstallRefused",
    [FOTA_MODULE_ERROR_OLD_VERSION] = "OldVersion",
    [FOTA_MODULE_ERROR_UNEXPECTED_VERSION] = "UnexpectedVersion",
    [FOTA_MODULE_ERROR_BAD_ARGUMENT] = "BadArgument",
    [FOTA_MODULE_ERROR_QUESTION_EXPIRED] = "QuestionExpired",
};

const char *
fota_error_get_name(const GError *error)
{
    if (error->domain == FOTA_ERROR && (guint)error->code < G_N_ELEMENTS(daemon_names))
        return daemon_names[error->code];
    if (error->domain == FOTA_MODULE_ERROR && (guint)error->code < G_N_ELEMENTS(module_names))
        return module_names[error->code];
    if (error->domain == FOTA_POLICY_ERROR)
        return fota_policy_error_get_name(error->code);
    if (error->domain == G_IO_ERROR && error->code == G_IO_ERROR_CANCELLED)
        return daemon_names[FOTA_ERROR_CANCELLED];
    return "Failed";
}

gboolean
fota_error_needs_person(const GError *error)
{
    return g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION) ||
           g_error_matches(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_KEY) ||
           g_error_matches(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN);
}
