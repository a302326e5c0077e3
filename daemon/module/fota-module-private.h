/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-context.h"
#include "daemon/fota-fetcher.h"
#include "daemon/fota-log.h"
#include "daemon/fota-record.h"
#include "daemon/job/fota-job.h"
#include "daemon/module/fota-module.h"
#include "policy/fota-next.h"
#include "policy/fota-poll.h"

G_BEGIN_DECLS

/** So often a module is told to throw a delta away. */
#define FOTA_DISCARDS_MAX 3

/**
 * The insides of FotaModule, for its own files:
 *
 *   fota-module.c           the object and its properties
 *   fota-module-save.c      its record on disk
 *   fota-module-presence.c  the module comes and goes
 *   fota-module-check.c     reading the manifest
 *   fota-module-fetch.c     getting its file, by the host or through the module
 *   fota-module-poll.c      when, and from which server
 *   fota-module-facts.c     everything a plan depends on
 *   fota-module-settle.c    what to do next
 *   fota-module-pin.c       the PIN of the SIM
 *   fota-module-answer.c    what the application says to an offer
 *   fota-module-run.c       a job: its order and its reports
 *   fota-module-end.c       what becomes of the update when it has ended
 *   fota-module-view.c      what is shown as dictionaries and JSON
 */
struct _FotaModule {
    GObject parent;

    FotaContext *context;
    FotaRecord *record;
    FotaModemFacts *facts;    /* as ModemManager last said; NULL = absent */
    gboolean here;            /* ModemManager exports it now; it does not while inhibited */
    const FotaVendor *vendor; /* NULL = unsupported */
    GTimeZone *zone;          /* the gateway's own */

    FotaState state;
    guint progress;
    guint64 bytes_received;
    guint64 bytes_total;
    GStrv blockers;
    char *error_name;
    char *error_text;
    guint64 last_check;
    guint64 next_check;
    GVariant *update;

    FotaManifest *manifest; /* accepted last; NULL = none */
    FotaVendorOffer *offer; /* of the vendor's server for the present revision; NULL = not asked */
    FotaPlan *plan;         /* made by fota_module_settle(); NULL = nothing to plan */
    char *announced;        /* token that ApprovalRequested was sent for */
    gboolean rehearsal;     /* one is offered: a guest, which leaves the record as it is */
    gint64 rehearsal_until; /* boot time up to which it waits for an answer */
    char *rehearsal_approved; /* token */
    gboolean rehearsal_cancelled;
    gint64 hold_until; /* boot time before which nothing is tried again, 0 = none */
    guint waits;       /* tries in a row that had to wait */

    GCancellable *check;       /* while the manifest is being fetched */
    GBytes *csv;               /* while its signature is being fetched */
    FotaPollRequests requests; /* so far, in boot time */
    gboolean checked;          /* since the start */
    gboolean missed;           /* the next check makes up for one that was not made at its time */
    guint route_watch;         /* from a check on until one succeeds, 0 = none */
    gboolean changed;          /* the network, since the check began */
    gint64 changes_paid;       /* see fota_poll_follow_change() */
    guint failed_checks;       /* in a row */
    guint tries;               /* of these, since the network changed */
    gint64 max_age;            /* seconds, of the signed manifest accepted last, 0 = not said */
    gint64 retry_after;        /* seconds, of the last answer, 0 = not said */

    FotaAction runs;    /* the job, or a check */
    gboolean verifying; /* the job compares versions */
    FotaJob *job;
    guint64 written_mark; /* of the record, before the job's last commit */
    gint64 job_began;     /* boot time */
    guint64 job_started;  /* wall clock */
    guint64 job_charged;  /* bytes counted for its delta before it was fetched */
    gboolean asked;       /* it told a new version itself since ModemManager last saw it */
    guint discards;       /* attempts to throw away what it holds of a delta that failed */
    gboolean stopping;    /* fotad ends: leave the record as it is */

    guint saves;        /* that are under way */
    GError *save_error; /* of the last one that has ended */
    GPtrArray *waiting; /* GTask *, for all of them */

    char *pin_announced;  /* start of the module for which PinRequired was sent */
    gboolean pin_pending; /* an attempt is under way */
    gboolean pin_refused; /* the configured PIN is wrong */
    int pin_attempts;     /* that were left before the last one */

    guint timer;       /* the next moment at which something may change by itself */
    guint grace_timer; /* after a job, until ModemManager must have found the module again */
};

/* fota-module.c */

FotaModule *fota_module_new(FotaContext *context, FotaRecord *record);
void fota_module_set_state(FotaModule *module, FotaState state);
void fota_module_set_progress(FotaModule *module, guint percent);
void fota_module_set_bytes(FotaModule *module, guint64 received, guint64 total);
void fota_module_set_blockers(FotaModule *module, const char *const *blockers);
/** @error NULL clears LastError. */
void fota_module_set_error(FotaModule *module, const GError *error);
/** After a restart: what the newest update failed with, from its history. */
void fota_module_recall_error(FotaModule *module);
void fota_module_set_update(FotaModule *module, GVariant *update);
void fota_module_set_revision(FotaModule *module, const char *revision);
void fota_module_set_last_check(FotaModule *module, guint64 last_check);
/** What the vendor's server offers; copied, NULL = it must be asked again. */
void fota_module_set_offer(FotaModule *module, const FotaVendorOffer *offer);
void fota_module_set_next_check(FotaModule *module, guint64 next_check);
const FotaModuleConfig *fota_module_get_config(FotaModule *module);
/** Logs about this module and its update. */
void fota_module_log(FotaModule *module, int level, FotaEvent event, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/** Ends what may be ended. TRUE when no job runs (any more). */
gboolean fota_module_stop(FotaModule *module);

/* fota-module-save.c */

/** Writes the record and, when not NULL, @manifest; a failure becomes LastError. */
void fota_module_save(FotaModule *module, GBytes *manifest);
/** For the count of data alone, at most once a day. */
void fota_module_save_data(FotaModule *module);

/* fota-module-presence.c */

/** ModemManager reports the module, or that it has gone. */
void fota_module_seen(FotaModule *module, const FotaModemFacts *facts);
void fota_module_gone(FotaModule *module);
/** ModemManager uses the ports of device @uid although an update does, or keeps away again. */
void fota_module_guarded(FotaModule *module, const char *uid, gboolean guarded);
/** Takes over what ModemManager says of the module; while a job runs, that is for the job to say.
 */
void fota_module_take_facts(FotaModule *module);
/** A job has ended: absent only when ModemManager does not find the module again in time. */
void fota_module_start_grace(FotaModule *module);

/* fota-module-check.c */

/** Reads the manifest that was accepted last from the state directory, if it still holds. */
void fota_module_restore_manifest(FotaModule *module);
/** After the keys have changed: a manifest that none of them has signed counts no more. */
void fota_module_trust_anew(FotaModule *module);
/** Whether the manifest at hand still holds; errors of fota_trust_check(). */
gboolean fota_module_check_trust(FotaModule *module, GError **error);
/** Where @error is that the manifest at hand has expired: it stays so when the clock is set back. */
void fota_module_note_expired(FotaModule *module, const GError *error);
/** The state becomes checking; the result comes later. */
void fota_module_start_check(FotaModule *module);
/**
 * What came of fota_module_fetch(): @response, or NULL and @error (taken). fota_module_settle() is
 * to be called afterwards.
 */
void fota_module_take_answer(FotaModule *module, const FotaResponse *response, GError *error);

/* fota-module-fetch.c */

/** Gets the manifest's file. Leads to fota_module_take_answer(). */
void fota_module_fetch(FotaModule *module);
/** Whether the manifest is a csv: its address says so. */
gboolean fota_module_reads_csv(FotaModule *module);
/** Its address, placeholders filled in. */
char *fota_module_get_file_uri(FotaModule *module);
/** Whether what lies beside it must be put in front. */
gboolean fota_module_wants_signature(FotaModule *module);
/** A job of the kind FOTA_JOB_FETCH has ended. Calls fota_module_take_answer(). */
void fota_module_end_fetch(FotaModule *module, const FotaJobEnd *end);

/* fota-module-poll.c */

/** Sets NextCheck. */
void fota_module_schedule_check(FotaModule *module);
/** The wall clock was set: what followed from the old time does no longer. */
void fota_module_clock_set(FotaModule *module);
/** Whether it is time. One that comes too late is put off to a moment of chance. */
gboolean fota_module_check_is_due(FotaModule *module);
/** Where the manifest is read, the address with its placeholders; valid until the next change. */
FotaServer fota_module_get_server(FotaModule *module);
/** Goes where the new manifest says, if the configuration allows that. Changes the record only. */
void fota_module_follow_server(FotaModule *module);
/** From now on until a check succeeds the kernel tells of changes of the network. */
void fota_module_watch_network(FotaModule *module);
/** After one, and a check that has failed: the next check comes at once. */
void fota_module_follow_change(FotaModule *module);
/** Whether the kernel knows of no way to a network at all: then nothing has left the gateway. */
gboolean fota_module_is_cut_off(FotaModule *module);
/** The server was asked; @response NULL = no answer. The next check depends on it. */
void
fota_module_note_check(FotaModule *module, FotaPollOutcome outcome, const FotaResponse *response);

/* fota-module-facts.c */

/** Texts are borrowed from the module. */
void fota_module_fill_facts(FotaModule *module, FotaFacts *facts);
/** Bytes that its manifests and deltas have cost this month. */
guint64 fota_module_get_data_used(FotaModule *module);
/** Whether that is all that [Limits] MonthlyData= allows. */
gboolean fota_module_is_over_budget(FotaModule *module);
/** Counts @bytes, below zero to give some back; written with the record. */
void fota_module_count_data(FotaModule *module, gint64 bytes);
/** Counts the delta that a job is about to fetch; afterwards, what it really cost. */
void fota_module_charge_delta(FotaModule *module);
void fota_module_settle_charge(FotaModule *module, FotaAction job, const FotaJobEnd *end);
/** Whether as many other modules update now as may at once. */
gboolean fota_module_is_crowded(FotaModule *module);

/* fota-module-settle.c */

/**
 * Decides what this module does next, from everything that is known, and does it: rests, asks,
 * waits, or starts a job. Called after every event; calling it once more changes nothing.
 */
void fota_module_settle(FotaModule *module);
/** What would be planned now: changes nothing. NULL = there is nothing to plan. */
FotaPlan *fota_module_draft_plan(FotaModule *module);
/** Makes module->plan from what is known now. */
void fota_module_make_plan(FotaModule *module);
/** What policy/fota-next looks at, but for check_due; @plan NULL = there is nothing to plan. */
FotaSituation fota_module_look(FotaModule *module, const FotaPlan *plan);
/** The gate at which the update stands: install when the delta is in the module. */
FotaApprovalGate fota_module_get_gate(FotaModule *module);

/* fota-module-pin.c */

/** Enters the SIM's PIN where it is wanted and known, or says that somebody else must. */
void fota_module_settle_pin(FotaModule *module);
/** The configuration was read anew: another PIN may be tried. */
void fota_module_forget_pin(FotaModule *module);
/** Whether LastError is about anything else than a missing PIN. */
gboolean fota_module_has_own_error(FotaModule *module);

/* fota-module-run.c */

void fota_module_start_job(FotaModule *module, FotaAction action);

/* fota-module-end.c */

/** The last of a job's callbacks; @user_data is the module, whose reference is given back. */
void fota_module_end_job(const FotaJobEnd *end, gpointer user_data);
/** An update that was cancelled, and whose job fotad has not lived to see end. */
void fota_module_close_cancelled(FotaModule *module);
/** It was begun so often without an end that @action is not begun any more. Takes @loop. */
void fota_module_end_loop(FotaModule *module, FotaAction action, GError *loop);

/* fota-module-answer.c */

/** FALSE: the request is refused now, whatever its token. */
gboolean fota_module_accepts(FotaModule *module, FotaRequestKind request, GError **error);
/** The guest has to go; @reason for the log, NULL = it is no news. */
void fota_module_drop_rehearsal(FotaModule *module, const char *reason);
/** Drops it when it has waited for its answer for too long. */
void fota_module_end_late_rehearsal(FotaModule *module);

/* fota-module-view.c */

/** The Update property for the plan, or for a rehearsal of it; floating. */
GVariant *fota_module_describe_update(FotaModule *module, gboolean guest);
/** The same for what the record says is under way, of which there may be no plan; floating. */
GVariant *fota_module_describe_record(FotaModule *module);
/** Token of a rehearsal of @plan, whose kind is FOTA_PLAN_UPDATE. */
char *fota_module_make_guest_token(FotaModule *module, const FotaPlan *plan);
/** Seconds the module was away when it was last updated, else what its model data say. */
guint fota_module_expect_outage(FotaModule *module);

G_END_DECLS
