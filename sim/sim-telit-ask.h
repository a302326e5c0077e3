/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-telit.h"

/*
 * The module that asks: an update that Telit's server starts (Premium FOTA Management), with the
 * question, its answer (#OTASUAN) and the #OTAEV lines of the LE910 V2 AT guide, pages 476 to 480.
 * The module downloads by itself, by real FTP.
 */

/* What differs between the families. */
typedef struct {
    gboolean rings;        /* the carrier's server, over LwM2M: sim-telit-ring.c */
    gboolean packages;     /* has the carrier's OMA-DM client besides: sim-telit-package.c */
    gboolean delays;       /* whether #OTASUAN takes 2 */
    gboolean keeps_report; /* the report after the update waits for #OTASUAN's mode, too */
    const char *upgraded;  /* that report */
} SimTelitAskKind;

extern const SimTelitAskKind sim_telit_ask_me910c1;
extern const SimTelitAskKind sim_telit_ask_le910_v2;
extern const SimTelitAskKind sim_telit_ask_me310g1;

/* Where #OTAEV lines go: to the tty on which #OTASUAN set the mode last. */
typedef struct {
    char *tty; /* NULL: none since the start */
    int mode;  /* 0: kept; 1: discarded while that tty is in data mode; 2: kept meanwhile */
    int flush; /* what becomes of kept lines when the mode is set: 0 discarded, 1 sent */
    GPtrArray *kept;
} SimTelitEvents;

typedef enum {
    SIM_ASK_IDLE,
    SIM_ASK_ASKED,
    SIM_ASK_DELAYED, /* by 2: the question repeats until it has an answer */
    SIM_ASK_LOADING,
    SIM_ASK_CHECKING,
    SIM_ASK_ASKED_AGAIN, /* with the delta in it, over LwM2M */
    SIM_ASK_UPDATING,    /* from the good check on, over the restarts */
} SimTelitAskPhase;

struct _SimTelitAsk {
    const SimTelitAskKind *kind;
    SimTelitEvents events;
    SimTelitAskPhase phase;
    GUri *delta;      /* of the request under way; NULL: the server has none */
    GUri *offer;      /* what the server has when the module asks it (#OTAIPUPD); NULL: nothing */
    double limit;     /* seconds in which the server wants the answer */
    double repeat;    /* seconds between two questions, after a 2 */
    gint64 limit_end; /* monotonic, of the question under way */
    guint limit_timer;
    guint timer; /* the next question, or the next step */
    guint load_step;
    guint questions;     /* asked since the start of the program */
    const char *outcome; /* what the server knows of the last request */
    int ring;            /* #OTASETRI, ms */
    gboolean twice;      /* each ring comes twice */
    gboolean once;       /* it is not asked whether it may install */
    gboolean client_on;  /* #SWMENA */
    gboolean package;    /* what is under way is the OMA-DM client's */
    guint64 size;        /* of its package, as its server says */
};

SimTelitAsk *sim_telit_ask_new(const SimTelitAskKind *kind);
void sim_telit_ask_free(SimTelitAsk *ask);
void sim_telit_ask_describe(const SimTelitAsk *ask, JsonBuilder *builder);

/* The server's request: `text` is a delta's URI, then KEY=VALUE of `limit`, `repeat` and
 * `automatic`. */
gboolean sim_telit_ask(SimModule *module, const char *text, GError **error);
/* The server wants the answer to the question under way in so many seconds from now. */
gboolean sim_telit_ask_set_limit(SimModule *module, const char *seconds);
/* What the server has for #OTAIPUPD; empty: nothing. */
gboolean sim_telit_ask_set_offer(SimTelitAsk *ask, const char *uri);
/* The processor restarts: forgets a question, drops a download. */
void sim_telit_ask_stopped(SimModule *module);
/* The network is lost. */
void sim_telit_ask_offline(SimModule *module);
/* Back with what it runs from now on. */
void sim_telit_ask_updated(SimModule *module, gboolean good);

SimResult sim_telit_ask_run_answer(SimModule *module, SimCommand *command);
SimResult sim_telit_ask_run_ring(SimModule *module, SimCommand *command);
SimResult sim_telit_ask_run_start(SimModule *module, SimCommand *command);

/* Calls @func after so many seconds of the module's time, instead of what was to be next. */
void sim_telit_ask_after(SimModule *module, double seconds, GSourceFunc func);
/* The request is over; `outcome` (static) is what the server knows of it. */
void sim_telit_ask_end(SimModule *module, const char *outcome);

/* The server wants an answer from now on, for the limit of the request under way. */
void sim_telit_ask_wait(SimModule *module, SimTelitAskPhase phase);
/* It has it: the download begins. */
void sim_telit_ask_load(SimModule *module);

/* sim-telit-ring.c: LwM2M */
void sim_telit_ring(SimModule *module, const char *what);
SimResult sim_telit_ring_run_answer(SimModule *module, SimCommand *command);
SimResult sim_telit_ring_run_state(SimModule *module, SimCommand *command);

/* sim-telit-package.c: OMA-DM */
void sim_telit_package_ask(SimModule *module);
/* A part of the package, or all of it, has come. */
void sim_telit_package_report(SimModule *module, gboolean whole);
SimResult sim_telit_package_run_enable(SimModule *module, SimCommand *command);
SimResult sim_telit_package_run_check(SimModule *module, SimCommand *command);
SimResult sim_telit_package_run_answer(SimModule *module, SimCommand *command);

/* sim-telit-ask-load.c: from the yes to the good check */
/* Takes the module. The module has one FTP client: while the host has it, the request fails. */
gboolean sim_telit_ask_start_load(gpointer user_data);
/* The file is dropped, and the module stays as it was. */
void sim_telit_ask_fail(SimModule *module);
/* It has been checked, and may be installed. */
void sim_telit_ask_install(SimModule *module);

/* sim-telit-event.c */
/* `#OTAEV: <text>`, where and when #OTASUAN's mode says, with the faults of such a line. */
void sim_telit_event(SimModule *module, const char *text);
/* Any other line of the module that asks, with the same faults, on each open tty. */
void sim_telit_say(SimModule *module, const char *line);
void sim_telit_events_set(SimModule *module, SimCommand *command, int mode, int flush);
/* The settings of a start. Lines that were kept are lost. */
void sim_telit_events_reset(SimTelitEvents *events);
