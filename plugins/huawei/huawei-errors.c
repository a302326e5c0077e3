/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/huawei/huawei-errors.h"

#include <string.h>

#define CME_SIM_PIN 11
#define CME_SIM_BUSY 14 /* for some seconds after a start */

static const FotaCodeText texts[] = {
    {1, "unspecified failure"},
    {2, "the command before is still running"},
    {3, "bad parameter"},
    {4, "not supported"},
    {5, "system error"},
    {11, "network not opened"},
    {12, "network already opened"},
    {13, "network or server not reached"},
    {14, "no link"},
    {15, "link already there"},
    {16, "link not established"},
    {17, "cannot bind"},
    {18, "cannot connect"},
    {19, "invalid domain name"},
    {20, "cannot resolve the name"},
    {21, "HTTP server error"},
    {22, "wrong type of file"},
    {23, "wrong source of file"},
    {51, "the list of files could not be fetched"},
    {52, "the MD5 sum is wrong"},
    {54, "FOTA is in collision with a data call or another command"},
    {101, "cancelled by the host"},
    {102, "more than 10 retries"},
    {103, "wrong size of file"},
    {104, "wrong number of packet"},
    {105, "not 1K-XMODEM"},
    {106, "wrong port"},
    {107, "wrong CRC of a file"},
    {108, "wrong type of update"},
    {109, "wrong product or model"},
    {110, "the delta is for another version"},
    {111, "wrong length of a tag"},
    {112, "wrong number of files"},
    {113, "a file could not be opened"},
    {114, "a file could not be written"},
    {151, "the flag could not be written"},
    {152, "the flag could not be read"},
    {153, "flash could not be erased"},
    {154, "OSBL could not be copied"},
    {155, "the image could not be replaced"},
    {156, "XNV could not be copied"},
    {157, "XNV could not be written"},
    {158, "NV could not be saved"},
    {159, "NV could not be restored"},
    {0, NULL},
};

/* What the user is told first; the first row that fits. */
static const struct {
    int first, last;
    FotaModuleError error;
} classes[] = {
    {2, 2, FOTA_MODULE_ERROR_MODULE_REFUSED},
    {13, 13, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE},
    {11, 16, FOTA_MODULE_ERROR_CONTEXT_FAILED},
    {17, 21, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE},
    {22, 23, FOTA_MODULE_ERROR_DELTA_MISSING},
    {51, 51, FOTA_MODULE_ERROR_DELTA_MISSING},
    {52, 52, FOTA_MODULE_ERROR_TRANSFER_FAILED},
    {54, 54, FOTA_MODULE_ERROR_MODULE_REFUSED},
    {108, 110, FOTA_MODULE_ERROR_WRONG_BASE},
};

static const char *
code_explain(int code)
{
    const char *text = fota_code_text(texts, code);

    return text != NULL ? text : "a number that Huawei has not published";
}

static FotaModuleError
state_classify(const HuaweiState *state)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (state->code >= classes[i].first && state->code <= classes[i].last)
            return classes[i].error;
    }
    switch (state->number) {
    case HUAWEI_ASK_FAILED:
        return FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE;
    case HUAWEI_LOAD_FAILED:
        return FOTA_MODULE_ERROR_TRANSFER_FAILED;
    default:
        return FOTA_MODULE_ERROR_INSTALL_REFUSED;
    }
}

FotaResult
huawei_fail(const HuaweiState *state, GError **error)
{
    FotaModuleError code = state_classify(state);
    const char *what = huawei_state_text(state->number);

    if (state->code >= 0)
        g_set_error(error, FOTA_MODULE_ERROR, (int)code, "the module reports %d,%d: %s: %s",
                    state->number, state->code, what, code_explain(state->code));
    else
        g_set_error(error, FOTA_MODULE_ERROR, (int)code, "the module reports %d: %s", state->number,
                    what);
    if (code == FOTA_MODULE_ERROR_WRONG_BASE)
        return FOTA_RESULT_WRONG_BASE;
    if (state->number >= HUAWEI_FAILED_KEPT)
        return FOTA_RESULT_FAILED_FOR_GOOD;
    return code == FOTA_MODULE_ERROR_MODULE_REFUSED ? FOTA_RESULT_TRY_LATER
                                                    : FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
huawei_refused(FotaSession *session, GError *refusal, FotaModuleError code, const char *what,
               GError **error)
{
    g_autoptr(GError) owned = refusal;
    gboolean passes;

    if (!g_error_matches(owned, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_explain(session, NULL, &owned);
    passes = fota_session_get_cme(session) == CME_SIM_PIN ||
             fota_session_get_cme(session) == CME_SIM_BUSY ||
             strcasestr(owned->message, "SIM busy") != NULL ||
             strcasestr(owned->message, "SIM PIN") != NULL ||
             strcasestr(owned->message, "collision") != NULL ||
             strcasestr(owned->message, "not complete") != NULL;
    g_set_error(error, FOTA_MODULE_ERROR, (int)code,
                "%s: %s; it refuses while a data call is up, another update command runs, or the "
                "SIM is busy or wants its PIN",
                what, owned->message);
    return passes ? FOTA_RESULT_TRY_LATER : FOTA_RESULT_FAILED_FOR_NOW;
}
