/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * The module's own FTP client: one login at a time on a real server. A login begins in ASCII, and
 * the client sends no TYPE or SIZE by itself. Each operation runs in a thread and ends with its
 * callback on the main context. The caller starts one operation at a time.
 */
typedef struct _SimFtp SimFtp;

typedef enum {
    SIM_FTP_OK,
    SIM_FTP_RESOLVE,   /* no such host */
    SIM_FTP_CONNECT,   /* nobody answers at that port */
    SIM_FTP_LOGIN,     /* refused (530) */
    SIM_FTP_FILE,      /* no such file, or not allowed (550) */
    SIM_FTP_LOST,      /* the control connection is gone */
    SIM_FTP_CUT,       /* the data connection ended early */
    SIM_FTP_STALLED,   /* silence longer than the limit */
    SIM_FTP_FULL,      /* more bytes than the caller has room for */
    SIM_FTP_CANCELLED, /* sim_ftp_abandon() */
    SIM_FTP_ERROR,
} SimFtpStatus;

typedef struct {
    SimFtpStatus status;
    gint64 size;   /* of the file, when known, else -1 */
    GBytes *bytes; /* what arrived, also when the transfer failed; NULL for other operations */
} SimFtpReply;

typedef void (*SimFtpFunc)(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data);

typedef struct {
    guint64 offset;    /* first byte wanted */
    guint64 room;      /* most bytes taken; 0: no limit */
    double seconds;    /* real time the whole file is spread over */
    int stall_percent; /* -1, or where the server is made to fall silent ... */
    guint stall_ms;    /* ... for so long, in real time */
    int cut_percent;   /* -1, or where the connection is made to drop */
} SimFtpGet;

/* `server` is `host` or `host:port`; `silence_ms` is the longest silence that the client accepts,
 * in real time. */
SimFtp *sim_ftp_new(const char *server, const char *user, const char *password, gboolean passive,
                    guint silence_ms);
/* Hangs up. The operation under way ends, and its callback gets SIM_FTP_CANCELLED. Drops the
 * caller's reference. */
void sim_ftp_abandon(SimFtp *ftp);
/* Logs out, then hangs up. Drops the caller's reference. */
void sim_ftp_logout(SimFtp *ftp, SimFtpFunc func, gpointer user_data);

void sim_ftp_login(SimFtp *ftp, SimFtpFunc func, gpointer user_data);
/* Files come as they are, or with line ends turned. */
void sim_ftp_type(SimFtp *ftp, gboolean ascii, SimFtpFunc func, gpointer user_data);
gboolean sim_ftp_is_ascii(SimFtp *ftp);
void sim_ftp_size(SimFtp *ftp, const char *path, SimFtpFunc func, gpointer user_data);
void sim_ftp_get(SimFtp *ftp, const char *path, const SimFtpGet *get, SimFtpFunc func,
                 gpointer user_data);

/* Bytes of the file received so far, and its size; 0: unknown. */
guint64 sim_ftp_get_received(SimFtp *ftp);
guint64 sim_ftp_get_size(SimFtp *ftp);
/* The server's last line, for #FTPMSG. Free it. */
char *sim_ftp_get_message(SimFtp *ftp);
/* After the last sim_ftp_abandon(): waits for the last callback. */
void sim_ftp_drain(void);
