/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>

#include "sim-ftp.h"

/* The part of sim-ftp that runs in a thread: one operation over libcurl. */

struct _SimFtp {
    guint ref_count; /* main thread only */
    CURL *curl;
    CURLM *multi; /* holds the control connection; NULL once logged out */
    int control;  /* the control connection's socket, -1: none; under the lock */
    char *server;
    guint16 port;
    gboolean logged_in;
    guint silence_ms;
    GCancellable *cancellable;
    GMutex lock;
    char *message;
    guint64 received;
    guint64 size;
};

/* One operation, from its start to its callback. */
typedef struct {
    SimFtp *ftp;
    char *path; /* NULL: log in or out */
    gboolean size_only;
    gboolean log_out;
    SimFtpGet get;
    SimFtpFunc func;
    gpointer user_data;
    GByteArray *bytes;
    gint64 size;
    gint64 started;
    gint64 last_byte;
    SimFtpStatus stopped; /* why we ended it ourselves */
} SimTransfer;

/* Once for each login: what this part wants to hear from libcurl. */
void sim_transfer_attach(SimFtp *ftp);
/* Blocks until the operation is over. */
SimFtpStatus sim_transfer_run(SimTransfer *t);
