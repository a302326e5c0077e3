/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-command.h"
#include "sim-port.h"

/*
 * One AT interpreter: takes the command lines of one tty, runs their commands one after the
 * other, writes the result code. Echo and +CMEE are its own, as V.250 has it for each instance.
 */
SimLine *sim_line_new(SimModule *module, const char *tty, int fd);
/* Commands under way lose their line; their results go nowhere. */
void sim_line_free(SimLine *line);

SimPort *sim_line_get_port(SimLine *line);
int sim_line_get_cmee(SimLine *line);
void sim_line_set_cmee(SimLine *line, int cmee);
/* Tells the module what the user of its tty does. */
void sim_line_set_open(SimLine *line, gboolean open);

void sim_line_info(SimLine *line, const char *text);
/* The bytes as they are, framed by CR LF behind them: the data of #FTPRECV. */
void sim_line_raw(SimLine *line, const guint8 *bytes, gsize length);
void sim_line_urc(SimLine *line, const char *text);
/* Unsolicited, and kept until a program opens the tty: for the lines of a start. */
void sim_line_urc_at_open(SimLine *line, const char *text);
/* `CONNECT`, then the bytes, then sim_command_finish(command, SIM_NO_CARRIER). */
void sim_line_send_file(SimLine *line, SimCommand *command, GBytes *bytes);

/* `CONNECT`; what comes from then on goes to `func`, until sim_line_end_data(). */
void sim_line_take_data(SimLine *line, SimPortBytesFunc func, gpointer user_data);
/* Before the command is finished. */
void sim_line_end_data(SimLine *line);

/* For sim_command_finish(). */
void sim_line_command_done(SimLine *line, SimResult result);
