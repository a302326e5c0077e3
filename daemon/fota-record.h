/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "daemon/fota-log.h"
#include "policy/fota-approval.h"
#include "policy/fota-budget.h"
#include "policy/fota-state.h"
#include "policy/fota-trust.h"
#include "policy/fota-update-report.h"

G_BEGIN_DECLS

/**
 * What must survive a power cut about one module: who it is, which manifest was accepted last, how
 * far its update has come, and how earlier ones ended. Plain data; fota-store.h keeps it.
 *
 * Times are microseconds of UTC since the epoch, 0 = none. Strings are never NULL; "" = none.
 */

/** How one update ended. */
typedef struct {
    char *id;
    char *result; /**< "success", "failed", "cancelled", "rejected", "expired", "rehearsed",
                       "no-service", "restored" */
    char *from;
    char *to;
    char *error;          /**< name, "" on success */
    char *text;           /**< the error's text, or why it was rejected */
    char *differing;      /**< settings that are not as before the install, blanks between them */
    char *service_before; /**< words as of fota_service_to_text(), "" = it was not compared */
    char *service_after;
    guint64 started;
    guint64 finished;
    guint64 outage;                /**< seconds that the module was away or busy installing */
    char *version;                 /**< that the module reported last */
    guint64 bytes;                 /**< of the delta, that have arrived */
    guint64 stages[FOTA_N_STAGES]; /**< when they were reached */
} FotaHistoryEntry;

FotaHistoryEntry *fota_history_entry_new(void);
void fota_history_entry_free(FotaHistoryEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaHistoryEntry, fota_history_entry_free)

#define FOTA_HISTORY_MAX 32

typedef struct {
    /* The module */
    char *imei;
    char *manufacturer;
    char *model;
    char *revision;    /**< as the module itself says, once it has been asked */
    char *mm_revision; /**< what ModemManager called that revision, "-" = nothing; "" = the module
                          has not been asked */
    char *device;      /**< sysfs path where it was last seen */
    char *pin_tried;   /**< the start of the module after which its PIN was entered last */
    char *registered;  /**< with which SIM and server the module was registered last, as a key */
    guint64 registrations;

    char *service_seen; /**< fota_service_to_text() of the service it last had; "" = none */

    /* The manifest accepted last */
    guint64 sequence;
    char *digest; /**< SHA-256, hex */
    guint64 issued;
    char *signers; /**< ids of the keys that signed it, blanks between */
    char *etag;    /**< the server's name for it */
    char *etag_of; /**< the address it came from, with its placeholders */

    /* What all of them have proven, see policy/fota-trust.h */
    GPtrArray *numbers; /**< FotaTrustNumber */
    char *expired;      /**< digests of those found to be past their useBefore, blanks between */

    /* The server that a manifest has named */
    char *server;            /**< with placeholders, "" = nowhere */
    char *server_credential; /**< name */
    char *moved_from;        /**< the configured address then: another one there ends the move */

    /* What it has cost */
    FotaBudget data;
    FotaDeltaCount delta_data; /**< of @delta, or of a rehearsal */
    guint64
        data_saved; /**< day on which it was last written for that alone, days since the epoch */

    /* The offer */
    guint64 first_offered;
    guint64 asked;     /**< when the application was asked, 0 = not, or it has answered */
    char *asked_token; /**< with this token */
    guint64 deferred_until;
    guint64 deferred_for;                  /**< µs that it was put off for */
    char *rejected;                        /**< token */
    char *cancelled;                       /**< token; until Check() or another manifest */
    char *approved[FOTA_APPROVAL_N_GATES]; /**< tokens */
    guint64 attempts;                      /**< that failed */
    guint64 last_attempt;                  /**< when the last of them ended */
    char *failed_delivery;                 /**< who had brought its delta */
    char *cached;                          /**< name in the cache of the delta it has claimed */

    /* What the module asks by itself */
    char *question;      /**< the line, as it was heard; "" = nothing */
    char *question_from; /**< version that the module ran then */
    guint64 question_heard;
    guint64 question_asked;    /**< when the application was asked, 0 = not, or it has answered */
    guint64 question_answered; /**< when it was approved */
    guint64 question_deferred_until;
    guint64 question_deferred_for; /**< µs */
    char *question_approved;       /**< token */
    char *question_refused;        /**< token; the module is to be told */

    /* The update under way */
    guint64 mark; /**< FotaMark */
    guint64
        unsettled; /**< 1 = an order to install has not been seen to end: it outlives the update */
    char *update_id;
    char *from;       /**< of the step under way */
    char *to;         /**< of the step under way */
    char *delta;      /**< name of its delta, see fota_manifest_name_delta() */
    char *delivery;   /**< who brings it: "host" or "module" */
    char *chain_from; /**< version in which the chain began */
    guint64 started;
    guint64 received;     /**< bytes of its delta */
    char *began_with;     /**< digest of the manifest that it was begun with */
    char *service_before; /**< fota_service_to_text(), "" = it is not to be proven */
    guint64 outage;       /**< seconds, of an update whose service is being proven */
    char *differing;      /**< settings, as in the history, of the same */

    /* The way back of an update without service: from and to above are exchanged */
    char *back;        /**< name in the cache of its delta, "" = there is none */
    guint64 restoring; /**< 1 = it is under way */
    guint64 restores;  /**< attempts at it that failed */
    char *loss;        /**< what was lacking */
    char *unserved;    /**< digest of the manifest whose update ended without service ... */
    char *unserved_to; /**< ... with this version */

    guint64 stages[FOTA_N_STAGES]; /**< when they were reached; an approval may be older */
    guint64 starts;                /**< times it was begun or resumed without an end */
    GHashTable *settings;          /**< name -> value, to be restored after the restarts */

    GPtrArray *history; /**< FotaHistoryEntry, newest first */

    const char *state; /**< as it is shown, for the log alone; not kept. NULL = not shown yet */
} FotaRecord;

FotaRecord *fota_record_new(const char *imei);
void fota_record_free(FotaRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaRecord, fota_record_free)

/** Sets a string member: frees the old one, copies @value; NULL is "". */
void fota_record_set(char **member, const char *value);

/** Logs about the module of @record, and about the update in it. */
void fota_record_log(const FotaRecord *record, int level, FotaEvent event, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/** Forgets the offer and the update: they belong to a manifest that is no longer in force. */
void fota_record_forget_offer(FotaRecord *record);
/**
 * The step under way is over; the approval holds for the rest of its chain. What is owed to the
 * module stays.
 */
void fota_record_forget_update(FotaRecord *record);
/** Forgets what the module asks, and what was answered. */
void fota_record_forget_question(FotaRecord *record);
/** Whether something is to be set back in the module, see FOTA_OWED. */
gboolean fota_record_owes(const FotaRecord *record);
/** Whether the module's power may have been left off, see FOTA_JOB_POWER. */
gboolean fota_record_lacks_power(const FotaRecord *record);
/** It has its power. */
void fota_record_note_power(FotaRecord *record);
/** Whether a killed fotad may have left the module in a transfer, see FOTA_JOB_TRANSFER. */
gboolean fota_record_is_in_transfer(const FotaRecord *record);
/** ModemManager shows it, so it answers. */
void fota_record_end_transfer(FotaRecord *record);
/** Nothing is owed any more. */
void fota_record_forget_debts(FotaRecord *record);
/**
 * Puts @entry in front of the history. Transfer full. The oldest one that is no success goes first:
 * the successes say what is a downgrade.
 */
void fota_record_add_history(FotaRecord *record, FotaHistoryEntry *entry);

/**
 * The versions that it has run since before the present one, as far as the successful updates of
 * the history tell. NULL-terminated; free the array alone.
 */
const char **fota_record_list_left(const FotaRecord *record);

/** Whether the history has it that the dummy of the update @id was installed on this version. */
gboolean fota_record_has_dummy(const FotaRecord *record, const char *id);

/** As JSON with a digest over its contents. */
GBytes *fota_record_serialize(const FotaRecord *record);

/**
 * The reverse. FOTA_ERROR_BAD_RECORD when it is truncated, altered, of a schema that this fotad
 * does not know, or not about @imei. A member that is missing, because an older fotad did not have
 * it, is empty.
 */
FotaRecord *fota_record_parse(GBytes *bytes, const char *imei, GError **error);

G_END_DECLS
