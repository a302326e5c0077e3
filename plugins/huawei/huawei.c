/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
#include <string.h>

#include "plugins/fota-plugin.h"
#include "plugins/huawei/huawei-errors.h"
#include "plugins/huawei/huawei-load.h"
#include "plugins/huawei/huawei-setup.h"

/*
 * Huawei modules that fetch their delta from Huawei's own server: ^FOTADET, ^FOTADL, ^FWUP. The
 * steps are those of chapter 3 of the FOTA Application Guide; numbers in comments are its.
 */

/* What the module was last offered, for when it already holds it: `<version>,<size>,"<text>"`. */
#define OFFER "Offer"

/* Number of times in a row that the module is idle after the question: no answer will come. */
#define MAX_IDLE 2

/* Number of looks at an offer that does not name its version: the report that did is lost. */
#define MAX_UNNAMED 5

/* 1. */
static FotaResult
huawei_inspect(FotaSession *session, char **version, GError **error)
{
    return fota_session_read_version(session, "AT+GMR", version, error);
}

/* Takes an offer or declines it, unless a cancel comes first: then huawei_close() declines it. */
static gboolean
answer_offer(FotaSession *session, const char *command, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    gboolean done = fota_session_order(session, command, 0, &refusal);

    if (done || refusal->domain == FOTA_MODULE_ERROR)
        huawei_get_opened(session)->offered = FALSE;
    if (refusal != NULL)
        g_propagate_error(error, g_steal_pointer(&refusal));
    return done;
}

/*
 * Brings the module back to idle, and with it whatever it holds of a delta to an end. ^FOTADL=0 is
 * documented for this without a word on the states that it is good for; the state tells.
 */
static FotaResult
give_up(FotaSession *session, HuaweiState *state, GError **error)
{
    g_autoptr(GError) refusal = NULL;

    if (state->number == HUAWEI_READY || state->number == HUAWEI_FLASHING) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                    "the module is installing (state %d: %s); it is left alone", state->number,
                    huawei_state_text(state->number));
        return FOTA_RESULT_TRY_LATER;
    }
    if (state->number == HUAWEI_LOADING && fota_session_get_number(session, "CanPause") != 0)
        fota_session_order(session, "AT^FOTADL=2", 0, NULL);
    answer_offer(session, "AT^FOTADL=0", &refusal);
    if (!huawei_state_read(session, state, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (huawei_state_is_over(state))
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED,
                "the module stays in state %d (%s)%s%s%s", state->number,
                huawei_state_text(state->number), refusal != NULL ? ": " : "",
                refusal != NULL ? refusal->message : "",
                huawei_state_is_under_way(state) ? "; a complete delta installs itself at its "
                                                   "next start"
                                                 : "");
    return FOTA_RESULT_TRY_LATER;
}

/*
 * 6. Until the module says what its server has. Asked for its state, not every module names the
 * version; the report does, which may come later.
 */
static FotaResult
wait_for_answer(FotaSession *session, HuaweiState *state, GError **error)
{
    guint pause = fota_session_get_number(session, "AskPause");
    gint64 begun = fota_session_get_time(session);
    gint64 limit = begun + fota_session_get_number(session, "AskTime");
    gint64 start = begun + fota_session_get_number(session, "StartTime");
    gboolean asking = state->number == HUAWEI_ASKING;
    guint idle = 0, unnamed = 0;

    while (fota_session_get_time(session) < limit) {
        g_autoptr(GError) local_error = NULL;
        gboolean told = huawei_state_next(session, pause, state, &local_error);

        if (!told && huawei_state_is_untold(local_error))
            continue;
        if (!told) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FOTA_RESULT_FAILED_FOR_NOW;
        }
        if (state->number == HUAWEI_OFFER)
            huawei_get_opened(session)->offered = TRUE;
        if (state->number == HUAWEI_NOTHING_NEWER || huawei_state_names_offer(state) ||
            (state->number == HUAWEI_OFFER && ++unnamed == MAX_UNNAMED))
            return FOTA_RESULT_DONE;
        if (huawei_state_is_failure(state))
            return huawei_fail(state, error);
        asking = asking || state->number == HUAWEI_ASKING || state->number == HUAWEI_OFFER;
        idle = state->number == HUAWEI_IDLE ? idle + 1 : 0;
        if (asking ? idle >= MAX_IDLE : fota_session_get_time(session) > start)
            break;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
                "the module has %s without saying why (state %d: %s); check APN and network",
                asking ? "not got an answer from its server" : "not begun to ask its server",
                state->number, huawei_state_text(state->number));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

/* Nobody could approve it. A report that is lost once comes with the next question. */
static FotaResult
refuse_unnamed(FotaSession *session, HuaweiState *state, GError **error)
{
    gboolean hears = fota_session_hears_unsolicited(session);
    gboolean over = give_up(session, state, error) == FOTA_RESULT_DONE;

    if (over && hears)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "the module has not named the version that its server has");
    else if (over)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                    "the module names the new version in an unsolicited line only; set [Access] "
                    "At=port");
    return hears ? FOTA_RESULT_FAILED_FOR_NOW : FOTA_RESULT_FAILED_FOR_GOOD;
}

/* 4. to 6. *@state is the module's; afterwards it is OFFER, with a version, or NOTHING_NEWER. */
static FotaResult
ask_server(FotaSession *session, HuaweiState *state, FotaVendorOffer *offer, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    FotaResult result = FOTA_RESULT_DONE;

    if (state->number != HUAWEI_IDLE && state->number != HUAWEI_ASKING)
        result = give_up(session, state, error);
    if (result != FOTA_RESULT_DONE)
        return result;
    if (state->number != HUAWEI_ASKING && !fota_session_order(session, "AT^FOTADET", 0, &refusal))
        return huawei_refused(session, g_steal_pointer(&refusal), FOTA_MODULE_ERROR_MODULE_REFUSED,
                              "the module does not ask its server", error);
    result = wait_for_answer(session, state, error);
    if (result != FOTA_RESULT_DONE || state->number == HUAWEI_NOTHING_NEWER)
        return result;
    if (!huawei_state_names_offer(state))
        return refuse_unnamed(session, state, error);
    huawei_offer_parse(state->offer, offer);
    fota_session_remember(session, OFFER, state->offer);
    return FOTA_RESULT_DONE;
}

static FotaResult
offer_ask(FotaSession *session, FotaVendorOffer *offer, GError **error)
{
    g_auto(HuaweiState) state = {0};
    const char *held = fota_session_recall(session, OFFER);
    FotaResult result = huawei_configure(session, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    if (!huawei_state_read(session, &state, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    /* Asked again while the very offer is in the module: it stays there. */
    if (held != NULL && huawei_state_is_under_way(&state)) {
        huawei_offer_parse(held, offer);
        return FOTA_RESULT_DONE;
    }
    result = ask_server(session, &state, offer, error);
    if (result == FOTA_RESULT_DONE && state.number == HUAWEI_OFFER)
        result = give_up(session, &state, error);
    return result;
}

/*
 * The module does not stay in state 12 while somebody thinks about the offer: the host's data call
 * comes back meanwhile, which the guides do not allow for, and a restart would lose the state.
 * download_run() asks again, and so sees when the server has changed its mind.
 */
static FotaResult
huawei_ask(FotaSession *session, FotaVendorOffer *offer, GError **error)
{
    huawei_reports_begin(session, FALSE);
    return offer_ask(session, offer, error);
}

/* Whether what the module holds is what is wanted: somebody else may have begun a download. */
static gboolean
holds_wanted(FotaSession *session, const FotaUpdate *update)
{
    const char *held = fota_session_recall(session, OFFER);
    g_auto(FotaVendorOffer) offer = {0};

    if (held == NULL)
        return FALSE;
    huawei_offer_parse(held, &offer);
    return update->to == NULL || g_strcmp0(offer.version, update->to) == 0;
}

/* The server may have changed its mind since the update was approved. */
static FotaResult
check_offer(FotaSession *session, const FotaUpdate *update, HuaweiState *state,
            const FotaVendorOffer *offer, GError **error)
{
    if (state->number == HUAWEI_NOTHING_NEWER) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_DELTA_MISSING,
                    "Huawei's server has nothing newer than %s for this module any more",
                    update->from);
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    if ((update->to == NULL || strcmp(offer->version, update->to) == 0) &&
        (update->size == 0 || offer->size == update->size))
        return FOTA_RESULT_DONE;
    if (give_up(session, state, error) == FOTA_RESULT_DONE)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_UNEXPECTED_VERSION,
                    "Huawei's server now has %s with %" G_GUINT64_FORMAT
                    " bytes instead of %s with %" G_GUINT64_FORMAT "; it was not downloaded",
                    offer->version, offer->size, update->to != NULL ? update->to : "any version",
                    update->size);
    return FOTA_RESULT_FAILED_FOR_GOOD;
}

/* 4. to 7. */
static FotaResult
download_begin(FotaSession *session, const FotaUpdate *update, HuaweiState *state, guint64 *size,
               GError **error)
{
    g_autoptr(GError) refusal = NULL;
    g_auto(FotaVendorOffer) offer = {0};
    FotaResult result = ask_server(session, state, &offer, error);

    if (result == FOTA_RESULT_DONE)
        result = check_offer(session, update, state, &offer, error);
    *size = offer.size != 0 ? offer.size : *size;
    if (result != FOTA_RESULT_DONE)
        return result;
    if (update->rehearsal)
        return give_up(session, state, error);
    if (answer_offer(session, "AT^FOTADL=1", &refusal))
        return FOTA_RESULT_DONE;
    return huawei_refused(session, g_steal_pointer(&refusal), FOTA_MODULE_ERROR_MODULE_REFUSED,
                          "the module does not download", error);
}

/* 2. to 10. */
static FotaResult
download_run(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_auto(HuaweiState) state = {0};
    guint64 size = update->size;
    FotaResult result = huawei_configure(session, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    if (!huawei_state_read(session, &state, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (huawei_state_is_under_way(&state) && holds_wanted(session, update) && !update->rehearsal)
        fota_session_note(session, "going on where it was: %s", huawei_state_text(state.number));
    else
        result = download_begin(session, update, &state, &size, error);
    if (result != FOTA_RESULT_DONE || update->rehearsal)
        return result;
    return huawei_load(session, size, error);
}

static FotaResult
huawei_download(FotaSession *session, const FotaUpdate *update, GError **error)
{
    huawei_reports_begin(session, TRUE);
    return download_run(session, update, error);
}

/* A download that cannot be stopped goes on until it is complete, suspended, or has failed. */
static gboolean
wait_while_loading(FotaSession *session, HuaweiState *state, GError **error)
{
    guint pause = fota_session_get_number(session, "LoadPause");
    gint64 limit = fota_session_get_time(session) + fota_session_get_number(session, "StallTime");

    while (state->number == HUAWEI_LOADING && fota_session_get_time(session) < limit) {
        g_autoptr(GError) local_error = NULL;

        if (huawei_state_next(session, pause, state, &local_error) ||
            huawei_state_is_untold(local_error))
            continue;
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    return TRUE;
}

static FotaResult
huawei_discard(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_auto(HuaweiState) state = {0};
    g_autoptr(GError) local_error = NULL;
    FotaResult result;

    if (!huawei_state_read(session, &state, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (huawei_state_is_over(&state))
        return FOTA_RESULT_DONE;
    result = give_up(session, &state, &local_error);
    if (result != FOTA_RESULT_DONE && state.number == HUAWEI_LOADING) {
        if (!wait_while_loading(session, &state, error))
            return FOTA_RESULT_FAILED_FOR_NOW;
        g_clear_error(&local_error);
        result = huawei_state_is_over(&state) ? FOTA_RESULT_DONE
                                              : give_up(session, &state, &local_error);
    }
    if (local_error != NULL)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return result;
}

/*
 * 11. Once: what becomes of it when no answer comes is for the version to say. The module holds a
 * complete delta, so that it refuses for a passing reason, of which its number tells nothing.
 */
static FotaResult
order_install(FotaSession *session, GError **error)
{
    g_autoptr(GError) refusal = NULL;

    if (fota_session_order(session, "AT^FWUP", 0, &refusal))
        return FOTA_RESULT_DONE;
    return huawei_refused(session, g_steal_pointer(&refusal), FOTA_MODULE_ERROR_INSTALL_REFUSED,
                          "the module does not install", error);
}

static FotaResult
huawei_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_auto(HuaweiState) state = {0};
    g_autoptr(GError) local_error = NULL;

    if (!huawei_state_read(session, &state, &local_error)) {
        /* Without a complete delta ^FWUP is refused by itself. */
        if (huawei_state_is_untold(local_error))
            return order_install(session, error);
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    switch (state.number) {
    case HUAWEI_LOADED:
        return order_install(session, error);
    case HUAWEI_READY:
    case HUAWEI_FLASHING:
    case HUAWEI_DONE_KEPT:
    case HUAWEI_DONE:
        fota_session_note(session, "the module has not waited to be told: %s",
                          huawei_state_text(state.number));
        return FOTA_RESULT_DONE;
    case HUAWEI_FAILED_KEPT:
    case HUAWEI_FAILED:
    case HUAWEI_BAD_SIGNATURE:
        return huawei_fail(&state, error);
    default:
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                    "the module does not hold a complete delta (state %d: %s); it must be "
                    "downloaded again",
                    state.number, huawei_state_text(state.number));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
}

/* 13. and 14. */
static FotaResult
huawei_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error)
{
    g_auto(HuaweiState) state = {0};
    g_autoptr(GError) local_error = NULL;
    FotaResult result = fota_session_read_version(session, "AT+GMR", version, error);

    if (result != FOTA_RESULT_DONE)
        return result;
    if (strcmp(*version, update->from) != 0)
        return FOTA_RESULT_DONE;
    if (!huawei_state_read_result(session, &state, &local_error)) {
        if (huawei_state_is_untold(local_error)) {
            fota_session_note(session, "%s; its version tells", local_error->message);
            return FOTA_RESULT_DONE;
        }
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    if (state.number >= HUAWEI_FAILED_KEPT && huawei_state_is_failure(&state))
        return huawei_fail(&state, error);
    if (state.number == HUAWEI_READY || state.number == HUAWEI_FLASHING) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                    "the module is not through yet (state %d: %s)", state.number,
                    huawei_state_text(state.number));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_note(session, "the module reports state %d: %s", state.number,
                      huawei_state_text(state.number));
    return FOTA_RESULT_DONE;
}

/* Chapter 3 of the guide. */
static const FotaMethod huawei_server = {
    .size = sizeof(FotaMethod),
    .name = "server",
    .route = FOTA_ROUTE_VENDOR,
    .commit = FOTA_COMMIT_POINT_INSTALL,
    .needs = FOTA_NEEDS_NO_BEARER,
    .restarts = FOTA_RESTART_BY_MODULE,
    .inspect = huawei_inspect,
    .ask = huawei_ask,
    .download = huawei_download,
    .discard = huawei_discard,
    .install = huawei_install,
    .outcome = huawei_outcome,
    .close = huawei_close,
};

static const FotaMethod *const huawei_methods[] = {&huawei_server, NULL};

static const FotaClaim huawei_claims[] = {
    {.manufacturer = "Huawei", .model = "MU509*", .methods = huawei_methods},
    {.manufacturer = "Huawei", .model = "MU609*", .methods = huawei_methods},
    {.manufacturer = "Huawei", .model = "ME909u*", .methods = huawei_methods},
    {.methods = NULL},
};

/* On a UART; and what an unknown command gets, which is neither OK nor ERROR. */
static const char *const huawei_announcements[] = {"^SYSSTART", NULL};
static const char *const huawei_refusals[] = {"COMMAND NOT SUPPORT", NULL};

extern const FotaPlugin fota_plugin;

G_MODULE_EXPORT const FotaPlugin fota_plugin = {
    .abi = FOTA_PLUGIN_ABI,
    .size = sizeof(FotaPlugin),
    .name = "huawei",
    .claims = huawei_claims,
    .settings = huawei_settings,
    .unsolicited = huawei_unsolicited,
    .announcements = huawei_announcements,
    .refusals = huawei_refusals,
};
