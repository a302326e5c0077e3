/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-job.h"
#include "daemon/job/fota-steps.h"

G_BEGIN_DECLS

/**
 * The insides of FotaJob, for its two files:
 *
 *   fota-job.c         on the main loop: the channel, the inhibition, the data call, the end
 *   fota-job-thread.c  in the thread: the session, the steps, and what they tell the main loop
 */

typedef enum {
    CHANNEL_MODEM_MANAGER,
    CHANNEL_PORT,
    CHANNEL_RESERVED_PORT,
} ChannelKind;

struct _FotaJob {
    const FotaJobCallbacks *callbacks;
    gpointer user_data;

    /* The order, copied */
    FotaJobKind kind;
    gboolean with_signature;
    FotaMm *mm;
    const FotaVendor *vendor;
    FotaAccess access;
    FotaNetwork network;
    char *network_credential;
    char *imei, *model, *device, *modem;
    char *port; /* of the USB port that it was plugged into at first */
    char *rungs;
    GStrv power_cycle;
    guint power_cycle_seconds;
    gboolean reset_after_install;
    gboolean unsettled; /* an earlier order to install has not been seen to end */
    char *delta_credential;
    FotaUpdate update; /* its strings are owned */
    GHashTable *settings;

    ChannelKind channel;
    gboolean inhibited;
    GCancellable *cancellable;
    GThread *thread;

    /* Shared with the thread */
    GMutex lock;
    GCond answered;
    gboolean unguarded; /* ModemManager may use the module's ports now ... */
    gboolean disturbed; /* ... or has since the last command */
    gboolean asking;    /* the main loop something, whose answer is ... */
    GError *refusal;
    gboolean installing; /* no way back from here */

    /* Written by the thread, read by the main loop after the thread has ended */
    FotaSession *session;
    FotaSteps steps;
    FotaResult result;
    GError *error;
};

/** The thread's function; @data is the job. Its last act is to have fota_job_end() called. */
gpointer fota_job_thread(gpointer data);

/** On the main loop, after the thread: gives everything back and reports. Frees the job. */
void fota_job_end(FotaJob *job);

G_END_DECLS
