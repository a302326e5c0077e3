/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-huawei-http.h"
#include "sim-module.h"

/*
 * The personalities of Huawei's MU509, MU609 and ME909u: the flow of the FOTA Application Guide, in
 * which the module fetches its delta from the vendor's own server. State, settings and what has
 * arrived of the delta outlive a loss of power, as in the module's flash.
 */
extern const SimPersonality sim_huawei_mu509;
extern const SimPersonality sim_huawei_mu609;
extern const SimPersonality sim_huawei_me909u;

#define SIM_HUAWEI_FILES 4

/* ^FOTASTATE */
enum {
    SIM_FOTA_IDLE = 10,
    SIM_FOTA_ASKING = 11,
    SIM_FOTA_OFFER = 12,
    SIM_FOTA_ASK_FAILED = 13,
    SIM_FOTA_NOTHING = 14,
    SIM_FOTA_LOAD_FAILED = 20,
    SIM_FOTA_LOADING = 30,
    SIM_FOTA_SUSPENDED = 31,
    SIM_FOTA_LOADED = 40,
    SIM_FOTA_READY = 50,
    SIM_FOTA_FLASHING = 60,
};

/* The numbers behind 13, 20, 70 and 80. */
enum {
    SIM_FOTA_NO_NETWORK = 11,
    SIM_FOTA_NO_SERVER = 13,
    SIM_FOTA_NO_DNS = 20,
    SIM_FOTA_HTTP = 21,
    SIM_FOTA_NO_LIST = 51,
    SIM_FOTA_MD5 = 52,
    SIM_FOTA_CRC = 107,
    SIM_FOTA_WRONG_MODEL = 109,
    SIM_FOTA_WRONG_BASE = 110,
};

/* One file of an update, and what has arrived of it. */
typedef struct {
    char *name;
    char *md5;
    guint64 size;
    GByteArray *data;
} SimHuaweiFile;

/* What the server has. */
typedef struct {
    char *version;
    char *text;      /* the records of the change log, `;` between them */
    char *changelog; /* its name in the list */
    SimHuaweiFile files[SIM_HUAWEI_FILES];
    guint n_files;
} SimHuaweiOffer;

/* How a fault ends a download. */
typedef enum {
    SIM_BREAK_NONE,
    SIM_BREAK_CUT,   /* the link is lost */
    SIM_BREAK_RESET, /* the module restarts */
    SIM_BREAK_FAIL,  /* 20 with break_code */
} SimHuaweiBreak;

typedef struct {
    /* What `set` may change. */
    char *server;         /* base address of the vendor's server */
    int received_first;   /* ^FOTADLQ: received,total, or total,received */
    int success, failure; /* what is reported after the update: 90 or 100; 70, 80 or 110 */
    int fields;           /* ^FOTASTATE? in 12 names version, size and text */

    /* In flash. */
    int state;
    char *told;  /* what ^FOTASTATE? answers; a result stays until the next command */
    int mode[5]; /* ^FOTAMODE: query, download, install by itself; resume; days */
    char *apn, *user, *password;
    int authentication;
    SimHuaweiOffer offer;

    int reports; /* ^CURC */
    guint said;  /* in the middle of answers */
    SimHttp *http;
    guint current; /* the file that arrives */
    SimHuaweiBreak break_kind;
    guint break_percent;
    int break_code;
    guint step;     /* timer: what comes next */
    char *call_tty; /* in a data call; NULL: none */
    int call_cid;   /* of that call */
} SimHuawei;

/* sim-huawei-fota.c: the commands and the state */
SimResult sim_huawei_run_state(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_mode(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_config(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_detect(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_load(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_progress(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_install(SimModule *module, SimCommand *command);
/* Enters a state and reports it. `code` -1: no number behind it. */
void sim_huawei_enter(SimModule *module, int state, int code);
/* Idle again, and what has arrived is gone; `told` 10, or the end that is reported. */
void sim_huawei_end(SimModule *module, int told, int code);
/* Reports what ^FOTASTATE? answers now, or at the next opening of a tty. */
void sim_huawei_report(SimModule *module, gboolean at_open);
void sim_huawei_after(SimModule *module, double seconds, GSourceFunc func);
/* What ^FOTASTATE? answers from now on; not reported. */
void sim_huawei_tell(SimModule *module, int state, int code);
gboolean sim_huawei_has_call(SimModule *module);

/* sim-huawei-ask.c: what the server has */
void sim_huawei_ask(SimModule *module);

/* sim-huawei-load.c: the download */
void sim_huawei_load(SimModule *module);
/* The link is gone, or the host wants a pause. */
void sim_huawei_suspend(SimModule *module);
/* Writes to flash what has arrived so far, if a download is under way. */
void sim_huawei_keep(SimModule *module);
/* Keeps what has arrived and ends the transfer, if one is under way. */
void sim_huawei_stop_transfer(SimModule *module);

/* sim-huawei-flash.c: the update itself, and power */
void sim_huawei_install(SimModule *module);
gboolean sim_huawei_power_on(SimModule *module);

/* sim-huawei-call.c: data calls */
SimResult sim_huawei_run_dial(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_hang_up(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_ndis(SimModule *module, SimCommand *command);
SimResult sim_huawei_run_ndis_state(SimModule *module, SimCommand *command);
void sim_huawei_context_down(SimModule *module, int cid);
/* A program that closes the tty of its call hangs up. */
void sim_huawei_tty_closed(SimModule *module, const char *tty);

/* sim-huawei-list.c: filelist.xml and changelog.xml. FALSE: it is neither. */
gboolean sim_huawei_read_list(SimHuaweiOffer *offer, const char *text, gsize length);
gboolean sim_huawei_read_changelog(SimHuaweiOffer *offer, const char *text, gsize length);
void sim_huawei_offer_clear(SimHuaweiOffer *offer);
/* Bytes of all files, or of what has arrived of them. */
guint64 sim_huawei_offer_size(const SimHuaweiOffer *offer);
guint64 sim_huawei_offer_received(const SimHuaweiOffer *offer);
