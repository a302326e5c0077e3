/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-start.h"

#include <syslog.h>

#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-back.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-order.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-terms.h"
#include "daemon/fota-delta.h"
#include "daemon/fota-error.h"
#include "policy/fota-loop.h"

static void
start_check(const FotaParts *parts)
{
    if (!fota_parts_get_config(parts)->fetch_by_module || !fota_poller_reads_file(parts->poller)) {
        fota_reader_start(parts->reader);
    } else if (fota_presence_get(parts->presence) != FOTA_PRESENCE_HERE ||
               fota_situation_is_crowded(parts, 1)) {
        /* Until ModemManager has found it again, and enough others have ended. */
        fota_poller_put_off(parts->poller);
    } else if (fota_method_choose(parts, FOTA_ACTION_CHECK)->fetch == NULL) {
        fota_poller_begin(parts->poller);
        fota_reader_fail(parts->reader,
                         g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                                     "the plugin %s cannot read a file through the module; set "
                                     "Fetch=host in [Manifest]",
                                     fota_parts_get_plugin(parts)->name));
    } else {
        fota_poller_begin(parts->poller);
        parts->context->jobs++;
        fota_run_start(parts->run, FOTA_ACTION_CHECK, fota_order_make(parts, FOTA_ACTION_CHECK));
    }
}

static gboolean
is_update(FotaAction action)
{
    return action == FOTA_ACTION_FETCH || action == FOTA_ACTION_DOWNLOAD ||
           action == FOTA_ACTION_INSTALL || action == FOTA_ACTION_RESUME ||
           action == FOTA_ACTION_DISCARD || action == FOTA_ACTION_FOLLOW ||
           action == FOTA_ACTION_RESTORE;
}

static void
open_record(const FotaParts *parts)
{
    const FotaPlan *plan = parts->plan;

    fota_answers_drop_guest(parts, "cancelled", "an update begins");
    fota_keeper_open(parts->keeper, plan->manifest->update.id, &plan->steps[0], plan->from);
    fota_record_set(&parts->record->delivery, fota_delivery_get_name(plan->delivery));
    fota_run_set_discards(parts->run, 0);
}

/* What the host has to fetch: the way back first, without which nothing else is worth it. */
static const FotaDelta *
get_fetched(const FotaParts *parts)
{
    const FotaStep *step = &parts->plan->steps[0];

    return fota_back_is_missing(parts, parts->plan) ? &step->back : &step->delta;
}

/* What an attempt before was counted for is a way back, or lost, where more was counted than there
 * is. */
static void
forget_count(const FotaParts *parts, FotaAction action)
{
    guint64 *counted = &parts->record->delta_data.counted;

    if (action == FOTA_ACTION_FETCH)
        *counted = MIN(*counted, fota_delta_get_held(parts->context, get_fetched(parts)));
    else if (fota_keeper_get_mark(parts->keeper) == FOTA_MARK_FETCHING)
        *counted = 0;
}

/*
 * Counts the delta before it is fetched, in the record that is written then, so that a power cut
 * cannot hide its cost.
 */
static void
charge_delta(const FotaParts *parts, FotaAction action)
{
    const FotaDelta *delta =
        action == FOTA_ACTION_FETCH ? get_fetched(parts) : &parts->plan->steps[0].delta;
    gboolean local = fota_delivery_is_local(delta) && delta->uri[0] != NULL;
    /* What is fed to the module has been counted when it was fetched. */
    gboolean fed = parts->plan->delivery == FOTA_DELIVERY_HOST && action != FOTA_ACTION_FETCH;
    guint64 size = fed || (action == FOTA_ACTION_FETCH && local) ? 0 : delta->size;

    fota_run_set_charge(parts->run, size);
    fota_keeper_charge_delta(parts->keeper, fota_poller_get_budget_time(parts->poller), size);
}

/* A module that was given back after the download registers again only some time later. */
static gboolean
service_may_return(const FotaParts *parts, FotaAction action)
{
    const FotaService before = fota_service_parse(parts->record->service_before);

    return action == FOTA_ACTION_INSTALL && before.registered &&
           !fota_proof_get_service(parts->proof)->registered;
}

/* What the module has before the order: on disk with the mark that the job writes first. */
static void
note_service(const FotaParts *parts, FotaAction action)
{
    const FotaManifest *manifest = fota_accepted_get(parts->accepted);
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);

    if (!service_may_return(parts, action))
        fota_proof_note_before(parts->proof, &terms);
    fota_record_set(&parts->record->began_with, manifest != NULL ? manifest->digest : NULL);
}

/*
 * Opens the record for an action that an update begins with, and counts the start and the delta.
 * Error: UpdateLoop, if it was begun too often without an end; NotSupported where no method does
 * what is planned. Then nothing begins.
 */
static gboolean
begin_update(const FotaParts *parts, FotaAction action, GError **error)
{
    gboolean fetches = action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE ||
                       action == FOTA_ACTION_FETCH;

    /* Needed if the record was damaged and only the previous generation is left. */
    if (action == FOTA_ACTION_RESUME)
        parts->record->unsettled = 1;
    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_FETCH ||
        action == FOTA_ACTION_FOLLOW)
        open_record(parts);
    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_INSTALL ||
        action == FOTA_ACTION_FOLLOW)
        note_service(parts, action);
    if (action == FOTA_ACTION_FETCH || action == FOTA_ACTION_DOWNLOAD ||
        action == FOTA_ACTION_INSTALL || action == FOTA_ACTION_FOLLOW)
        fota_back_note(parts);
    if (is_update(action) && !fota_loop_allow_starts(parts->record->starts, error))
        return FALSE;
    if (fetches && !fota_method_fits_plan(parts, error))
        return FALSE;
    if (is_update(action))
        parts->record->starts++;
    if (fetches) {
        forget_count(parts, action);
        charge_delta(parts, action);
    }
    return TRUE;
}

/* Ends an update that does not begin: fotad has ended too often during it, or no method fits. */
static void
end_unbegun(const FotaParts *parts, FotaAction action, const GError *error)
{
    FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_FAILED_FOR_GOOD, error);

    /* Only a version ends an order that may be out: fotad asks again later. */
    if (action == FOTA_ACTION_RESUME) {
        fota_record_log(parts->record, LOG_ERR, FOTA_EVENT_UPDATE_LOOP, "%s", error->message);
        fota_shown_set_error(parts->shown, error);
        fota_run_hold(parts->run, FOTA_LOOP_HOLD_SECONDS, 0);
        parts->record->starts = 0;
        return;
    }
    fota_closing_end(parts, action == FOTA_ACTION_FOLLOW ? action : FOTA_ACTION_DOWNLOAD, &end);
    fota_keeper_close(parts->keeper, FOTA_MARK_NONE);
    fota_keeper_save(parts->keeper, NULL);
}

/* The host alone is at work: the module is not touched. */
static void
start_fetch(const FotaParts *parts)
{
    const FotaDeltaRequest request = {
        .context = parts->context,
        .imei = parts->record->imei,
        .delta = get_fetched(parts),
    };

    fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_NONE, "fetching the %s of %s to %s",
                    request.delta == &parts->plan->steps[0].back ? "way back" : "delta",
                    parts->record->from, parts->record->to);
    parts->context->jobs++;
    parts->context->fetches++;
    fota_run_fetch(parts->run, &request);
}

static void
start_job(const FotaParts *parts, FotaAction action)
{
    FotaJobOrder *order = fota_order_make(parts, action);

    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE)
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_UPDATE_STARTED, "%s from %s to %s",
                        action == FOTA_ACTION_REHEARSE ? "rehearsing the update" : "updating",
                        order->update.from, order->update.to);
    if (action == FOTA_ACTION_FOLLOW)
        fota_record_log(parts->record, LOG_NOTICE, FOTA_EVENT_UPDATE_STARTED, "%s from %s to %s",
                        order->approved ? "having the module update itself"
                                        : "the module updates itself without asking,",
                        order->update.from,
                        order->update.to != NULL ? order->update.to : "what it does not tell");
    parts->context->jobs++;
    fota_run_start(parts->run, action, order);
}

/* A job needs the port that is listened on. What has just come there may change what is to be done:
 * the caller decides anew. */
static void
start_update(const FotaParts *parts, FotaAction action)
{
    g_autoptr(GError) error = NULL;

    if (action != FOTA_ACTION_FETCH && fota_questions_give_up(parts->questions))
        return;
    if (!begin_update(parts, action, &error))
        end_unbegun(parts, action, error);
    else if (action == FOTA_ACTION_FETCH)
        start_fetch(parts);
    else
        start_job(parts, action);
}

static void
start_probe(const FotaParts *parts)
{
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);

    fota_proof_probe(parts->proof, &terms);
}

/* The service is judged: the update that has waited for that ends. */
static void
conclude(const FotaParts *parts)
{
    FotaRecord *record = parts->record;
    g_auto(FotaProofTerms) terms = fota_terms_make(parts);
    const FotaService before = fota_service_parse(record->service_before);
    const FotaService *now = fota_proof_get_service(parts->proof);
    const char *loss = fota_service_find_loss(&before, now, terms.may_roam);
    g_autofree char *after = fota_service_to_text(now);
    g_auto(GStrv) differing =
        g_strsplit(record->differing, " ", record->differing[0] != '\0' ? -1 : 0);
    g_autoptr(GError) error = NULL;
    FotaJobEnd end;

    if (fota_proof_judge(parts->proof, &terms).verdict == FOTA_PROOF_NOT_PROVEN)
        g_set_error(&error, FOTA_ERROR, FOTA_ERROR_NO_SERVICE,
                    "with %s the module has not served as before within %u s: %s; it had: %s; it "
                    "has: %s",
                    record->revision, terms.time, loss, record->service_before, after);
    end = fota_closing_make_end(error != NULL ? FOTA_RESULT_FAILED_FOR_GOOD : FOTA_RESULT_DONE,
                                error);
    end.version = record->revision;
    end.outage = (guint)record->outage;
    end.differing = (const char *const *)differing;
    fota_closing_end(parts, FOTA_ACTION_CONCLUDE, &end);
    fota_keeper_save(parts->keeper, NULL);
}

void
fota_start_action(const FotaParts *parts, FotaAction action)
{
    const FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_DONE, NULL);

    switch (action) {
    case FOTA_ACTION_NONE:
        break;
    case FOTA_ACTION_CHECK:
        start_check(parts);
        break;
    case FOTA_ACTION_FORGET:
        fota_keeper_close(parts->keeper, FOTA_MARK_NONE);
        fota_keeper_save(parts->keeper, NULL);
        break;
    case FOTA_ACTION_PROBE:
        start_probe(parts);
        break;
    case FOTA_ACTION_CONCLUDE:
        conclude(parts);
        break;
    case FOTA_ACTION_CLOSE:
        fota_closing_end(parts, FOTA_ACTION_NONE, &end);
        fota_keeper_save(parts->keeper, NULL);
        break;
    default:
        start_update(parts, action);
        break;
    }
}
