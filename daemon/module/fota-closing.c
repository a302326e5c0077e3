/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-closing.h"

#include <syslog.h>

#include "daemon/fota-error.h"
#include "daemon/job/fota-first-aid.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-closing-update.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-view.h"

/* Pause before a module that did not report its version is asked again. */
#define INSPECT_SECONDS 60

FotaJobEnd
fota_closing_make_end(FotaResult result, const GError *error)
{
    static const char *const nothing[] = {NULL};

    return (FotaJobEnd){.result = result, .error = error, .version = "", .differing = nothing};
}

/* A busy module, or one whose download cannot be stopped, may discard the delta later. */
static void
count_discards(const FotaParts *parts, const FotaJobEnd *end, FotaClosing *closing)
{
    guint discards = fota_closing_judge(end) == FOTA_ENDED_FOR_GOOD
                         ? FOTA_DISCARDS_MAX
                         : fota_run_get_discards(parts->run) + 1;

    if (end->error == NULL) {
        fota_record_log(parts->record, LOG_INFO, FOTA_EVENT_NONE,
                        "the module no longer holds any of the delta");
        /* What the vendor's server had may have been this delta. */
        if (parts->plan != NULL && parts->plan->kind == FOTA_PLAN_NO_PATH)
            fota_offers_forget_vendor(parts->offers);
        return;
    }
    fota_run_set_discards(parts->run, discards);
    closing->shows = discards >= FOTA_DISCARDS_MAX;
    closing->error = end->error;
    fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                    "the delta to %s cannot be discarded (%s): %s; %s", parts->record->to,
                    fota_error_get_name(end->error), end->error->message,
                    discards < FOTA_DISCARDS_MAX ? "trying again later"
                                                 : "the module may install it when it next starts");
}

/* If a server could not be asked, the next check asks it again, not earlier. */
static FotaClosing
close_question(const FotaParts *parts, const FotaJobEnd *end)
{
    static const FotaVendorOffer nothing = {NULL, NULL, 0};

    fota_offers_set_vendor(parts->offers, end->error == NULL ? end->offer : &nothing);
    if (end->error != NULL)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_MANIFEST_REFUSED,
                        "the vendor's server could not be asked (%s): %s",
                        fota_error_get_name(end->error), end->error->message);
    return (FotaClosing){.shows = TRUE, .error = end->error};
}

/* The plan did without the question: its end is the callers', and changes nothing for the update.
 */
static gboolean
was_asked_for_others(const FotaParts *parts)
{
    gboolean wanted = parts->plan != NULL && parts->plan->kind == FOTA_PLAN_NO_PATH;

    return fota_presence_is_asked(parts->presence) && !wanted;
}

/*
 * A module that has reported its version is not asked again until ModemManager reports another
 * revision. After a question that failed, fotad asks again later.
 */
static FotaClosing
close_inspection(const FotaParts *parts, const FotaJobEnd *end)
{
    gboolean for_others = was_asked_for_others(parts);

    if (end->error == NULL) {
        fota_presence_note_told(parts->presence);
    } else if (for_others) {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "its version could not be asked (%s): %s", fota_error_get_name(end->error),
                        end->error->message);
    } else {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "its version could not be asked (%s): %s; asking again in %u s",
                        fota_error_get_name(end->error), end->error->message, INSPECT_SECONDS);
        fota_run_hold(parts->run, INSPECT_SECONDS, 0);
    }
    return (FotaClosing){.shows = !for_others, .error = end->error};
}

static FotaClosing
close_power(const FotaParts *parts, const FotaJobEnd *end)
{
    guint waits = fota_run_get_waits(parts->run) + 1;

    if (end->error == NULL) {
        fota_record_note_power(parts->record);
        fota_run_hold(parts->run, 0, 0);
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_FIRST_AID,
                        "an earlier start of fotad had left it without power: switched on");
        return (FotaClosing){.shows = TRUE};
    }
    fota_run_hold(parts->run, fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, waits), waits);
    fota_record_log(
        parts->record, LOG_ERR, FOTA_EVENT_FIRST_AID_FAILED,
        "an earlier start of fotad has left it without power, and it is not switched on "
        "(%s): %s; trying again",
        fota_error_get_name(end->error), end->error->message);
    return (FotaClosing){.shows = TRUE, .error = end->error};
}

/* One that answers is not roused again, nor one that ModemManager shows: no error holds any longer.
 */
static FotaClosing
close_rouse(const FotaParts *parts, const FotaJobEnd *end)
{
    gboolean used = g_error_matches(end->error, FOTA_ERROR, FOTA_ERROR_BUSY);
    guint waits = fota_run_get_waits(parts->run) + 1;

    if (end->error == NULL || fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE) {
        fota_run_hold(parts->run, 0, 0);
        return (FotaClosing){.shows = TRUE};
    }
    fota_run_hold(parts->run, fota_hold_get_seconds(FOTA_HOLD_WAIT, FOTA_ROUSE_SECONDS, waits),
                  waits);
    fota_record_log(parts->record, used || waits > 1 ? LOG_INFO : LOG_WARNING, FOTA_EVENT_NONE,
                    "an earlier start of fotad had it, and ModemManager does not show it (%s): %s",
                    fota_error_get_name(end->error), end->error->message);
    return (FotaClosing){.shows = !used, .error = end->error};
}

/* A module that does not take back what it had is not asked again, one that was not there is. */
static FotaClosing
close_undo(const FotaParts *parts, const FotaJobEnd *end)
{
    guint waits = fota_run_get_waits(parts->run) + 1;

    if (!fota_record_owes(parts->record)) {
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE,
                        "the module is set as it was before the update that was cut off");
    } else if (end->error != NULL) {
        fota_run_hold(parts->run, fota_hold_get_seconds(FOTA_HOLD_ORDER, 0, waits), waits);
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        "the module is not yet set as it was before the update that was cut off "
                        "(%s): %s; trying again",
                        fota_error_get_name(end->error), end->error->message);
        return (FotaClosing){.shows = TRUE, .error = end->error};
    } else {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_SETTINGS_DIFFER,
                        "the module refuses what it was set to before the update that was cut off");
        fota_record_forget_debts(parts->record);
    }
    fota_run_hold(parts->run, 0, 0);
    fota_keeper_close(parts->keeper, FOTA_MARK_NONE);
    return (FotaClosing){.finish = FOTA_FINISH_NOTHING};
}

/* A new question follows: a rejection at the second gate must hold as one at the first does. */
static void
note_download(const FotaParts *parts)
{
    const char *token = NULL;

    fota_record_log(parts->record, LOG_INFO, FOTA_EVENT_NONE, "the delta is in the module");
    if (parts->plan != NULL && parts->plan->kind == FOTA_PLAN_UPDATE)
        token = parts->plan->gates[FOTA_APPROVAL_GATE_INSTALL].token;
    if (token != NULL)
        fota_offers_ask_again(parts->offers);
}

static void
report_differing(const FotaParts *parts, const FotaJobEnd *end)
{
    g_autofree char *names = g_strjoinv(", ", (GStrv)end->differing);

    if (end->differing[0] != NULL)
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_SETTINGS_DIFFER,
                        "after the installation these settings are not as they were before: %s",
                        names);
}

/* The delta was counted before it was fetched: now what has arrived counts. */
static void
correct_charge(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    gboolean fetched = action == FOTA_ACTION_FETCH;
    guint64 received =
        fetched ? fota_run_get_bytes_first(parts->run) + fota_run_get_bytes_spent(parts->run)
                : fota_run_get_bytes_received(parts->run);
    gboolean uncounted = received == 0 && end->error == NULL && action == FOTA_ACTION_DOWNLOAD;
    gboolean fed = parts->plan != NULL && parts->plan->delivery == FOTA_DELIVERY_HOST;

    if (fetched ||
        (!fed && (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE) && !uncounted))
        fota_keeper_correct_delta(parts->keeper, fota_poller_get_budget_time(parts->poller),
                                  fota_run_get_charge(parts->run),
                                  fota_run_get_bytes_first(parts->run), received);
}

static FotaClosing
close_job(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    FotaClosing closing;

    switch (action) {
    case FOTA_ACTION_CHECK:
        fota_reader_take_job(parts->reader, end);
        return (FotaClosing){.finish = FOTA_FINISH_NOTHING};
    case FOTA_ACTION_ASK:
        return close_question(parts, end);
    case FOTA_ACTION_INSPECT:
        return close_inspection(parts, end);
    case FOTA_ACTION_LISTEN:
    case FOTA_ACTION_ANSWER:
        fota_asking_end(parts, action, end);
        return (FotaClosing){.finish = FOTA_FINISH_NOTHING};
    case FOTA_ACTION_POWER_ON:
        return close_power(parts, end);
    case FOTA_ACTION_ROUSE:
        return close_rouse(parts, end);
    case FOTA_ACTION_UNDO:
        return close_undo(parts, end);
    case FOTA_ACTION_DISCARD:
        closing = fota_closing_update(parts, action, end);
        count_discards(parts, end, &closing);
        return closing;
    default:
        if (end->downloaded && action != FOTA_ACTION_REHEARSE)
            note_download(parts);
        return fota_closing_update(parts, action, end);
    }
}

void
fota_closing_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    FotaClosing closing;

    /* It has told its version, so it has power. */
    if (end->version[0] != '\0')
        fota_record_note_power(parts->record);
    if (end->version[0] != '\0' && !fota_first_aid_is_needed(end->error))
        parts->record->unsettled = 0;
    correct_charge(parts, action, end);
    report_differing(parts, end);
    closing = close_job(parts, action, end);
    if (closing.shows)
        fota_shown_set_error(parts->shown, closing.error);
    g_clear_error(&closing.owned);
    if (closing.finish == FOTA_FINISH_SUCCESS)
        fota_run_set_progress(parts->run, 100);
    if (closing.entry == NULL)
        return;
    fota_view_refresh(parts);
    fota_shown_announce_end(parts->shown, closing.entry->id, closing.entry->result,
                            closing.details);
}
