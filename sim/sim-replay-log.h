/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * The log of a real module, as tests/reality/README.md describes the form: what the host sent, what
 * the module sent, when it left and came back, each with the line of the file it stands in.
 */

#define SIM_REPLAY_MAX_TTYS 4

typedef enum {
    SIM_REPLAY_ASK,    /* the host sends `text`, or `n_bytes` of data */
    SIM_REPLAY_SAY,    /* the module sends `text` */
    SIM_REPLAY_LEAVE,  /* its ports go */
    SIM_REPLAY_RETURN, /* its ports come */
    SIM_REPLAY_NOTE,   /* something else happened; time passes */
} SimReplayKind;

typedef struct {
    SimReplayKind kind;
    guint line;     /* of the file, from 1 */
    gboolean timed; /* `seconds` is known */
    double seconds; /* since the log's time 0 */
    guint tty;
    GString *text;
    gboolean exact; /* SAY: bytes as they are, else one line; ASK: no CR follows */
    gsize n_bytes;  /* ASK: of data whose content the log does not hold; 0: `text` */
} SimReplayEntry;

typedef struct {
    char *path;
    char *vendor_id; /* of `# usb: VVVV:PPPP`, or NULL */
    char *product_id;
    GPtrArray *ttys;    /* names that the log tells ttys apart by; empty: there is one */
    GPtrArray *entries; /* SimReplayEntry */
} SimReplayLog;

/* An error names file and line, and says what was expected there. */
SimReplayLog *sim_replay_log_load(const char *path, GError **error);
void sim_replay_log_free(SimReplayLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimReplayLog, sim_replay_log_free)
