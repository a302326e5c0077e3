/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-ftp.h"

/* The part of sim-ftp that runs in a thread: the FTP protocol (RFC 959), one operation at a time,
 * with no command but those that the operation is made of. */

struct _SimFtp {
    guint ref_count; /* main thread only */
    char *server;
    char *user;
    char *password;
    gboolean passive;
    guint silence_ms;
    GCancellable *cancellable;
    GSocketConnection *control; /* NULL: not logged in */
    GDataInputStream *replies;  /* what comes on it */
    gboolean ascii;             /* in which each login begins (RFC 959, 5.1) */
    char *sized_path;           /* of the last SIZE that was answered ... */
    gint64 sized;               /* ... and what it said */
    GMutex lock;
    char *message;
    guint64 received;
    guint64 size;
};

typedef enum {
    SIM_TRANSFER_LOGIN,
    SIM_TRANSFER_LOGOUT,
    SIM_TRANSFER_TYPE,
    SIM_TRANSFER_SIZE,
    SIM_TRANSFER_GET,
} SimTransferKind;

/* One operation, from its start to its callback. */
typedef struct {
    SimFtp *ftp;
    SimTransferKind kind;
    char *path;     /* of SIZE and GET */
    gboolean ascii; /* of TYPE */
    SimFtpGet get;
    SimFtpFunc func;
    gpointer user_data;
    GByteArray *bytes;
    gint64 size;
    gint64 started;
    gint64 taken; /* bytes as they came, before line ends are turned */
} SimTransfer;

/* The status for an error on the control connection. */
SimFtpStatus sim_transfer_failed(const GError *error);
/* sim-transfer-read.c: reads the file from the data connection. */
SimFtpStatus sim_transfer_read(SimTransfer *t, GSocketConnection *data);
/* Blocks until the operation is over. */
SimFtpStatus sim_transfer_run(SimTransfer *t);
