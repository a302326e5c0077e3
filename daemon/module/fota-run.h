/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-delta.h"
#include "daemon/job/fota-job.h"
#include "daemon/module/fota-keeper.h"
#include "policy/fota-next.h"

G_BEGIN_DECLS

/** The job of a module: what runs, its progress, and the data it has used. */
typedef struct _FotaRun FotaRun;

typedef struct {
    FotaPartOwner part;
    /** Whether the job may take the step that @mark names (fota_next_may_commit()). */
    gboolean (*may_commit)(FotaMark mark, gpointer object);
    /** The job @action has ended. */
    void (*ended)(FotaAction action, const FotaJobEnd *end, gpointer object);
} FotaRunOwner;

/** @keeper outlives it. */
FotaRun *fota_run_new(FotaKeeper *keeper, const FotaRunOwner *owner);
void fota_run_free(FotaRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaRun, fota_run_free)

/** Starts a job for @action; beside a fetch, which leaves the module alone, FOTA_ACTION_ANSWER.
 * Takes @order. */
void fota_run_start(FotaRun *run, FotaAction action, FotaJobOrder *order);
/** Has the host fetch @request's delta, for FOTA_ACTION_FETCH; its progress is reported here. */
void fota_run_fetch(FotaRun *run, const FotaDeltaRequest *request);
/** FALSE if the order to install may be out; then only @force ends the job's thread. */
gboolean fota_run_cancel(FotaRun *run, gboolean force);
/** Whether ModemManager keeps away from the module's ports. */
void fota_run_set_guarded(FotaRun *run, gboolean guarded);

/** FOTA_ACTION_NONE = no job runs. Of a fetch and an answer beside it: the fetch. */
FotaAction fota_run_get_action(FotaRun *run);
/** Whether what runs is about the module itself, and not only on the host. */
gboolean fota_run_has_module(FotaRun *run);
gboolean fota_run_is_verifying(FotaRun *run);
/** Whether the rehearsal was cancelled; the cancel of an update is in the record. */
gboolean fota_run_was_cancelled(FotaRun *run);

/** Of the job that runs, or ran last. */
guint fota_run_get_progress(FotaRun *run);
guint64 fota_run_get_bytes_received(FotaRun *run);
guint64 fota_run_get_bytes_first(FotaRun *run); /**< as in the first report */
guint64 fota_run_get_bytes_spent(FotaRun *run); /**< that the host has fetched over a network */
guint64 fota_run_get_bytes_total(FotaRun *run);
guint64 fota_run_get_started(FotaRun *run); /**< µs of UTC */
guint64 fota_run_get_seconds(FotaRun *run); /**< since then */

/**
 * Begins nothing for @seconds, 0 = no pause. @waits: the number of tries in a row that had to wait,
 * counted by the caller.
 */
void fota_run_hold(FotaRun *run, guint seconds, guint waits);
guint fota_run_get_waits(FotaRun *run);
/** Boot time until which nothing begins. */
gint64 fota_run_get_hold(FotaRun *run);

/** Failed attempts to discard a delta. */
void fota_run_set_discards(FotaRun *run, guint discards);
guint fota_run_get_discards(FotaRun *run);

/** Bytes counted for the delta before it was fetched. */
void fota_run_set_charge(FotaRun *run, guint64 bytes);
guint64 fota_run_get_charge(FotaRun *run);

/** After a job: 100 if the module has the wanted version, else 0. */
void fota_run_set_progress(FotaRun *run, guint percent);

G_END_DECLS
