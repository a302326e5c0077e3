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
    FotaJobOrder *order;
    const FotaJobListener *listener;
    gpointer user_data;

    FotaNetwork network; /* its login is owned, the rest is the configuration's */
    ChannelKind channel;
    GCancellable *cancellable; /* cancelled, or the process ends */
    GCancellable *ending;      /* the process ends */
    GCancellable *disturbance; /* cancelled, or ModemManager may use the module's ports */
    GThread *thread;

    /* Shared with the thread */
    GMutex lock;
    GCond answered;
    gboolean unguarded; /* ModemManager may use the module's ports now ... */
    gboolean disturbed; /* ... or has since the last command */
    gboolean over;      /* the thread has ended, and the answer is still waited for */
    gboolean asking;    /* the main loop something, whose answer is ... */
    FotaCommit answer;
    GError *refusal;
    gboolean installing; /* no way back from here */

    /* Written by the thread, read by the main loop after the thread has ended */
    FotaSteps steps;
    char *question_line;
    GStrv heard;
    FotaResult result;
    GError *error;
};

/** The thread's function; @data is the job. Its last act is to have fota_job_end() called. */
gpointer fota_job_thread(gpointer data);

/** On the main loop, after the thread: gives everything back and reports. Frees the job. */
void fota_job_end(FotaJob *job);

G_END_DECLS
