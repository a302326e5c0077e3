/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-module.h"
#include "sim-replay-log.h"

/* The player of a log: where it stands, and what it does when the host or the clock says so. */

typedef struct {
    SimPersonality personality;
    SimTtySpec ttys[SIM_REPLAY_MAX_TTYS + 1]; /* the reserved one last */
    SimReplayLog *log;
    guint next;      /* entry */
    double base_log; /* the log's time that was real time `base_real` */
    gint64 base_real;
    gboolean based;
    guint timer;
    gboolean leaving; /* by the log, not for lack of power */
    gboolean data_mode;
    guint last_tty;     /* of the last command */
    gsize n_received;   /* of the data that the next entry takes */
    gboolean answering; /* nothing has been sent since the last command but its echo */
    GString *input[SIM_REPLAY_MAX_TTYS + 1];
    GQueue early;    /* commands that came before their turn: Early */
    guint n_unknown; /* commands that the log does not hold */
} SimReplay;

/* Plays on, up to the next thing that the host has to send. */
void sim_replay_advance(SimModule *module);
/* The host sent these on the tty of `line`. */
void sim_replay_take_bytes(SimModule *module, SimLine *line, const guint8 *bytes, gsize length);
/* The module has stopped: unless the log said so, the log begins again. */
void sim_replay_stopped(SimModule *module);
/* The entry that is next, or NULL at the end of the log. */
const SimReplayEntry *sim_replay_next(const SimReplay *replay);
