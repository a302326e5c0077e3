/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-huawei-http.h"
#include "sim-module.h"

/*
 * The personalities of Quectel's EC25, BG96, EC200A and RM500Q: +QFOTADL with an address, or, of an
 * EC25, with a package in the module's file store. A package that is complete outlives a loss of
 * power, and so does the order to install it; a download does not.
 */
extern const SimPersonality sim_quectel_ec25;
extern const SimPersonality sim_quectel_bg96;
extern const SimPersonality sim_quectel_ec200a;
extern const SimPersonality sim_quectel_rm500q;

/* What is in flash, and decides how the module starts. */
typedef enum {
    SIM_QUECTEL_NORMAL,
    SIM_QUECTEL_UPDATING,  /* in the update mode */
    SIM_QUECTEL_RESTORING, /* BG96's second half: from the backup */
} SimQuectelPhase;

typedef struct {
    /* In flash. */
    SimQuectelPhase phase;
    GBytes *package; /* to be installed; NULL: none */
    gboolean calibration_lost;
    gboolean was_updated; /* and has not started since */
    GHashTable *files;    /* name -> GByteArray: the file store */

    int sleeps;          /* +QSCLK */
    SimHttp *http;       /* the download under way */
    GByteArray *got;     /* what has arrived of it */
    char *url;           /* its address; NULL: none is under way */
    int mode;            /* 0: the host restarts the module when it has the package */
    int lines;           /* about it, at most */
    gboolean resets;     /* the fault load-reset ends it */
    int fails;           /* the fault load-fails: its number; 0: none */
    SimCommand *upload;  /* +QFUPL under way; NULL: none */
    GByteArray *storing; /* what has arrived of it */
    guint wanted;        /* bytes of it */
    int patience;        /* seconds without a byte */
    guint breaks_at;     /* the fault feed-restart: bytes; 0: nowhere */
    int client;          /* cid of the client (EC200A) */
    guint step;          /* timer: what comes next */
    guint at;            /* place in the progress of the update */
    char *last_end;      /* the fault end-doubled: comes once more, after the start */
    gint64 half_until;   /* monotonic: +QGMR lacks its second half */
} SimQuectel;

/* sim-quectel.c: one line of +QIND, with a number unless it is below zero, unless a fault swallows
 * it. It is also a step, `WORD` or `WORD NUMBER`. */
void sim_quectel_report(SimModule *module, const char *word, int number);
void sim_quectel_after(SimModule *module, double seconds, GSourceFunc func);

/* What Quectel calls LTE Standard(A): it has other numbers, checks a package before it leaves with
 * it, and its client has a context. */
gboolean sim_quectel_is_standard(const SimModule *module);

/* sim-quectel-context.c: +QICSGP, and what the client of an EC200A needs */
SimResult sim_quectel_run_define(SimModule *module, SimCommand *command);
SimResult sim_quectel_run_setting(SimModule *module, SimCommand *command);
SimResult sim_quectel_run_activate(SimModule *module, SimCommand *command);
SimResult sim_quectel_run_deactivate(SimModule *module, SimCommand *command);

/* sim-quectel-url.c: +QFOTADL, and the download */
SimResult sim_quectel_run_fota(SimModule *module, SimCommand *command);
/* Ends it without a word. */
void sim_quectel_stop_download(SimModule *module);
/* The network is lost: it stalls, and ends with a timeout. */
void sim_quectel_stall(SimModule *module);

/* sim-quectel-ufs.c: the file store */
SimResult sim_quectel_run_upload(SimModule *module, SimCommand *command);
SimResult sim_quectel_run_list(SimModule *module, SimCommand *command);
SimResult sim_quectel_run_delete(SimModule *module, SimCommand *command);
/* The module leaves. */
void sim_quectel_stop_upload(SimModule *module);

/* sim-quectel-update.c: the update mode, and power */
/* At once, or (@waits) at the module's next start. */
void sim_quectel_install(SimModule *module, GBytes *package, gboolean waits);
/* What END says of a package; *to is the new version when that is 0. */
int sim_quectel_judge(SimModule *module, GBytes *package, char **to);
gboolean sim_quectel_power_on(SimModule *module);
/* The ports are there in the update mode. */
void sim_quectel_update_started(SimModule *module);
