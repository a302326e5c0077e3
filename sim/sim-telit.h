/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-ftp.h"
#include "sim-module.h"

/*
 * The personality of Telit's ME910C1-NA: the host-driven flow of MultiTech's Verizon FOTA guide
 * and its session log. Numbers of CME errors are those of Telit's older families: the xE910
 * ones are not public.
 */
extern const SimPersonality sim_telit_me910c1_na;
/* The same commands; several of its firmwares have the same +GMR, and only #CFVR tells them apart.
 */
extern const SimPersonality sim_telit_le910_svl;
/* Modules that ask whether their own server may update them (sim-telit-ask.h). */
extern const SimPersonality sim_telit_me910c1_asks;
extern const SimPersonality sim_telit_le910_v2_asks;
extern const SimPersonality sim_telit_me310g1_asks;

/* Later families, which report what they think of a delta (sim-telit-enhanced.h). */
extern const SimPersonality sim_telit_le910c4;
extern const SimPersonality sim_telit_me310g1;

#define SIM_TELIT_SOCKETS 6
#define SIM_TELIT_OTA_ROOM (4 * 1024 * 1024)

#define SIM_CME_CONTEXT_ACTIVE 403
#define SIM_CME_CONTEXT_FAILED 405
#define SIM_CME_FTP_CONNECT 421
#define SIM_CME_FTP_ERROR 423
#define SIM_CME_FTP_STATE 424
#define SIM_CME_FTP_RESOLVE 426
#define SIM_CME_FTP_CONTROL 428
#define SIM_CME_FTP_ANSWER 429
#define SIM_CME_FTP_NOT_CONNECTED 430
#define SIM_CME_FTP_CONNECTED 431
#define SIM_CME_FTP_CONTEXT 432

typedef struct _SimTelitEnhanced SimTelitEnhanced;
typedef struct _SimTelitAsk SimTelitAsk;
typedef struct _SimTelitFeed SimTelitFeed;

typedef struct {
    int cid, packet, inactivity, connect, transmit;
} SimTelitSocket;

/* The OTA area, in flash; a transfer that breaks leaves it empty. */
typedef struct {
    gboolean complete;
    guint64 size;
    gboolean validated;
    char *sha256;
    char *model; /* of the delta's own first line; NULL: it is none */
    char *from;
    char *to;
    gboolean refused_late; /* by the fault ota-wrong-base=late */
} SimOta;

typedef struct {
    SimTelitSocket sockets[SIM_TELIT_SOCKETS + 1];
    char *login; /* of #PDPAUTH: cid, kind, user; NULL: never set */
    SimFtp *ftp; /* NULL: no control connection */
    int ftp_cid;
    gboolean ftp_busy;
    gboolean ota_loading; /* #FTPGETOTA under way: the area holds a part, to be kept or dropped */
    int ftp_timeout;      /* #FTPTO, 100 ms */
    guint64 ftp_rest;
    char *ftp_message;
    GBytes *packet; /* #FTPGETPKT's file */
    char *packet_name;
    gsize packet_read;
    int packet_view;

    SimTelitFeed *feed; /* #OTAUPW under way; NULL: none */
    SimOta ota;
    gboolean armed;   /* #OTAUP=2: at the next start */
    guint apply_step; /* 0: none; else the restart under way, from 1 */
    gboolean apply_old;
    int cfvr; /* #CFVR's number, one more for each update */

    SimTelitEnhanced *enhanced; /* NULL: a module that reports nothing */
    SimTelitAsk *ask;           /* NULL: a module that does not ask */
} SimTelit;

/* sim-telit-ftp.c: the control connection */
SimResult sim_telit_ftp_open(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_close(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_timeout(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_type(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_message(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_rest(SimModule *module, SimCommand *command);
/* Whether a command that needs the control connection may go ahead. */
SimResult sim_telit_ftp_check(SimModule *module, SimCommand *command);
/* Ends each network operation. FALSE: the module has restarted or hung up meanwhile. */
gboolean sim_telit_ftp_done(SimModule *module, SimFtp *ftp, const SimFtpReply *reply);
SimResult sim_telit_ftp_result(SimFtpStatus status);
/* Drops the control connection, if any. */
void sim_telit_ftp_drop(SimModule *module);

/* sim-telit-get.c: files */
/* The transfer, with the faults that occur in it; `command` is what their on= is compared with. */
void sim_telit_ftp_prepare(SimModule *module, const char *command, SimFtpGet *get);
/* The requested file, or with the fault one that the server does not have. */
const char *sim_telit_ftp_choose(SimModule *module, const char *command, const char *path);
SimResult sim_telit_ftp_size(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_get(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_get_packet(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_receive(SimModule *module, SimCommand *command);
SimResult sim_telit_ftp_get_ota(SimModule *module, SimCommand *command);

/* sim-telit-feed.c: #OTAUPW, with a size or without */
SimResult sim_telit_feed_run(SimModule *module, SimCommand *command);
/* The module restarts: what has come is lost. */
void sim_telit_feed_stop(SimModule *module);

/* sim-telit.c: all sockets as they leave the factory */
void sim_telit_forget_sockets(SimTelit *telit);

/* sim-telit-ota.c */
SimResult sim_telit_otaup(SimModule *module, SimCommand *command);
void sim_telit_ota_clear(SimOta *ota);
void sim_telit_ota_store(SimOta *ota, GBytes *bytes);
/* The firmware's name in deltas: +GMR, plus `+` and #CFVR where several have the same +GMR. */
char *sim_telit_firmware(SimModule *module);
/* Whether the stored delta fits this module now. */
gboolean sim_telit_ota_fits(SimModule *module);
/* Starts the update with the stored delta. */
void sim_telit_ota_apply(SimModule *module);
/* Power is back: resumes the update. */
gboolean sim_telit_ota_power_on(SimModule *module);
