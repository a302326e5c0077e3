/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/fota-wait.h"
#include "daemon/fota-channel.h"
#include "daemon/fota-plugins.h"
#include "daemon/job/fota-report.h"

G_BEGIN_DECLS

/**
 * The daemon's side of what plugins see as FotaSession (plugins/fota-plugin.h). Belongs to the
 * thread of one update; report() and guard() are called in that thread.
 */

/** The [Network] group for this module. Members are NULL when unset. */
typedef struct {
    char *apn;
    char *pdp_type;
    char *user;
    char *password;
    char *authentication;
    char *provisioned_apn; /**< @apn, when it is a manifest's */
} FotaNetwork;

/** What a session is about; borrowed for its life. */
typedef struct {
    const FotaVendor *vendor;
    const char *imei;
    const char *model;
    const FotaNetwork *network;
    const FotaUpdate *update;
    GHashTable *settings;      /**< what an earlier part of this update remembered */
    const char *secrets[2];    /**< never to be shown in a trace; NULL or "" = none */
    GCancellable *cancellable; /**< the user's cancel, or the end of the process */
    GCancellable *ending;      /**< the end of the process alone: no shield is against it */
    /** Cancelled with @cancellable, and while somebody else uses the module's ports: raw data wait
     * for nothing then. guard() ends that. NULL = nobody does. */
    GCancellable *disturbance;
    void (*report)(const FotaJobReport *report, gpointer user_data);
    /** Blocks until the record, with all that was remembered, is on disk. */
    gboolean (*save)(gpointer user_data, GError **error);
    /**
     * Waits until nobody else uses the module's ports. *@disturbed = somebody has since the last
     * call.
     */
    gboolean (*guard)(GCancellable *cancellable, gboolean *disturbed, gpointer user_data,
                      GError **error);
    gpointer user_data;
} FotaSessionSetup;

FotaSession *fota_session_new(const FotaSessionSetup *setup);
/** Closes the channel too. */
void fota_session_free(FotaSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaSession, fota_session_free)

/** Transfer full. */
void fota_session_set_channel(FotaSession *session, FotaChannel *channel);

/** A FotaTrace for the channel: writes the debug log, without secrets. */
void fota_session_trace(char direction, const char *line, gpointer session);

/** For fota-session-away.c and fota-session-data.c: what is under the session now. */
FotaChannel *fota_session_get_channel(FotaSession *session);
GCancellable *fota_session_get_cancellable(FotaSession *session);
/**
 * For fota-session-data.c: while data pass. A ModemManager that has restarted takes what comes, and
 * what it sends is taken for data, so that it gives the module up: they are ended at once.
 */
GCancellable *fota_session_get_data_cancellable(FotaSession *session);
/** Returns @done; where that alone has ended them, *@error says so. */
gboolean fota_session_judge_data(FotaSession *session, gboolean done, GError **error);
int *fota_session_get_cme_place(FotaSession *session);
/** Before anything is sent: waits until nobody else uses the module's ports. */
gboolean fota_session_enter(FotaSession *session, GError **error);

/** See FotaChannelClass. */
gboolean fota_session_open(FotaSession *session, GError **error);
gboolean fota_session_switch_port(FotaSession *session, GError **error);
gboolean fota_session_shout(FotaSession *session, const char *command, GError **error);

/**
 * Whether a module that did not answer, with @error, is there and mute rather than away: see
 * FotaChannelClass.
 */
gboolean fota_session_is_mute(FotaSession *session, const GError *error);

/** Waits until the module answers AT, wherever it is by then. FALSE after @seconds. */
gboolean fota_session_answers(FotaSession *session, guint seconds, GError **error);

/**
 * The part of the job that begins now: the percent of the whole at which it begins, and its share
 * of the whole. fota_session_report_progress() counts within the part.
 */
void fota_session_begin_part(FotaSession *session, guint base, guint share);
void fota_session_report_verifying(FotaSession *session);

/**
 * Waits for an unsolicited line that contains @text (case ignored) and returns it. Lines that came
 * since the module last started are looked at first; a line is returned once. NULL without an error
 * when none came within @seconds (0 = only look).
 */
char *fota_session_wait_unsolicited(FotaSession *session, const char *text, guint seconds,
                                    GError **error);

/** @line was heard before the session began: it is heard again, before any other. */
void fota_session_put_heard(FotaSession *session, const char *line);

/** The line, as it came, of the last question, or of what the module begins; NULL = none. */
const char *fota_session_get_question(FotaSession *session);

/** The line by which the module has told last that what it does by itself is over; NULL = it has
 * not. */
const char *fota_session_get_failure(FotaSession *session);

/** More lines than a channel keeps: a module that never falls silent keeps nobody waiting. */
#define FOTA_SESSION_LINES_MAX 1000

/** What has come and nobody has waited for; at most FOTA_SESSION_LINES_MAX lines. Transfer full. */
GStrv fota_session_take_heard(FotaSession *session);

/** The table of the plugin, NULL = none. */
const FotaUnsolicited *fota_session_get_unsolicited(FotaSession *session);

/** Reads @line by @table, which may be NULL. FALSE: the table does not list it. */
gboolean fota_heard_read(const FotaUnsolicited *table, const char *line, FotaHeard *heard);
gboolean fota_heard_is_question(const FotaHeard *heard);

/** Calls the method's close(), although the job was cancelled, and drops what it needed for that.
 */
void fota_session_close(FotaSession *session, const FotaMethod *method);

/** See FotaChannelClass; fota_session_wait_back() stands in plugins/fota-plugin.h. */
gboolean fota_session_wait_gone(FotaSession *session, guint seconds, GError **error);

G_END_DECLS
