/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "sim-log.h"

/* The bytes of one AT tty: command lines in; echo and answers out, framed by CR LF; data mode. */
typedef struct _SimPort SimPort;

/* A command line longer than this is refused (V2 AT guide, page 21). */
#define SIM_PORT_LINE_MAX 400

typedef enum {
    SIM_PORT_MUTE = 1 << 0,  /* nothing leaves */
    SIM_PORT_SPLIT = 1 << 1, /* a few bytes at a time */
    SIM_PORT_GLUE = 1 << 2,  /* all at once at sim_port_end(), empty lines left out */
} SimPortManner;

/* A complete line without its CR; NULL when it was too long. */
typedef void (*SimPortLineFunc)(SimPort *port, const char *line, gpointer user_data);
/* `+++` in data mode. */
typedef void (*SimPortEscapeFunc)(SimPort *port, gpointer user_data);

/* All that comes, as it is. */
typedef void (*SimPortBytesFunc)(SimPort *port, const guint8 *bytes, gsize length,
                                 gpointer user_data);

/* `bytes`, or the other two. */
typedef struct {
    SimPortLineFunc line;
    SimPortEscapeFunc escape;
    SimPortBytesFunc bytes;
} SimPortHandler;

/* `fd` and `log` stay the caller's. */
SimPort *sim_port_new(const char *tty, int fd, SimLog *log, const SimPortHandler *handler,
                      gpointer user_data);
void sim_port_free(SimPort *port);

const char *sim_port_get_tty(SimPort *port);
void sim_port_set_echo(SimPort *port, gboolean echo);
/* Whether a program has it open: an unsolicited line on a closed tty is lost. */
void sim_port_set_open(SimPort *port, gboolean open);
gboolean sim_port_is_open(SimPort *port);

/* The command line back to its sender, while echo is on. */
void sim_port_echo(SimPort *port, const char *line);
/* One line of an answer, or a result code: CR LF text CR LF. */
void sim_port_answer(SimPort *port, const char *text);
/* A further line of the same answer: text CR LF. */
void sim_port_answer_more(SimPort *port, const char *text);
/* An unsolicited line; in data mode it is kept until sim_port_end(). */
void sim_port_urc(SimPort *port, const char *text);
/* Bytes as they are, logged as text. */
void sim_port_bytes(SimPort *port, const guint8 *bytes, gsize length);
/* Raw bytes, logged as their number only. */
void sim_port_data(SimPort *port, const guint8 *bytes, gsize length);

void sim_port_begin(SimPort *port, SimPortManner manner); /* before a command line's answer */
void sim_port_end(SimPort *port);                         /* after it */

/* What comes goes to `func` as it is, instead of being command lines; NULL: no longer. */
void sim_port_take_data(SimPort *port, SimPortBytesFunc func, gpointer user_data);
void sim_port_enter_data_mode(SimPort *port);
void sim_port_leave_data_mode(SimPort *port);
gboolean sim_port_is_in_data_mode(SimPort *port);
/* Called once all bytes have been taken by the tty; at once when there are none. */
void sim_port_when_drained(SimPort *port, GSourceFunc func, gpointer user_data);
/* Whether some are not yet taken. */
gboolean sim_port_has_output(SimPort *port);
void sim_port_discard_output(SimPort *port);
