/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * A module's transcript: `<seconds since start> <tty> > AT+GMR`. `>` is host to module, `<`
 * module to host, `!` what happens to the module. Written line by line, so that a test may read
 * along.
 */
typedef struct _SimLog SimLog;

/* Writes to `<dir>/<imei>.log`; a NULL dir makes a transcript that is not written. */
SimLog *sim_log_new(const char *dir, const char *imei, GError **error);
void sim_log_free(SimLog *log);

void sim_log_host(SimLog *log, const char *tty, const char *line);
/* Text sent by the module: one line in the transcript for each of its lines. */
void sim_log_module(SimLog *log, const char *tty, const char *text);
void sim_log_event(SimLog *log, const char *format, ...) G_GNUC_PRINTF(2, 3);
