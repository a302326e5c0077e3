/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>

struct _SimLog {
    FILE *file;
};

/* One clock for all modules, so that their transcripts can be laid side by side. */
static double
seconds_since_start(void)
{
    static gint64 start;
    gint64 now = g_get_monotonic_time();

    if (start == 0)
        start = now;
    return (double)(now - start) / G_USEC_PER_SEC;
}

SimLog *
sim_log_new(const char *dir, const char *imei, GError **error)
{
    SimLog *log = g_new0(SimLog, 1);
    g_autofree char *path = NULL;

    seconds_since_start();
    if (dir == NULL)
        return log;
    path = g_strdup_printf("%s/%s.log", dir, imei);
    log->file = fopen(path, "we");
    if (log->file == NULL) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot write %s: %s", path,
                    g_strerror(errno));
        g_free(log);
        return NULL;
    }
    setvbuf(log->file, NULL, _IOLBF, 0);
    return log;
}

void
sim_log_free(SimLog *log)
{
    if (log->file != NULL)
        fclose(log->file);
    g_free(log);
}

static void
write_line(SimLog *log, const char *tty, char mark, const char *text)
{
    g_autofree char *safe = NULL;

    if (log->file == NULL)
        return;
    safe = g_strescape(text, "\"\\");
    fprintf(log->file, "%.3f %s %c %s\n", seconds_since_start(), tty, mark, safe);
}

void
sim_log_host(SimLog *log, const char *tty, const char *line)
{
    write_line(log, tty, '>', line);
}

void
sim_log_module(SimLog *log, const char *tty, const char *text)
{
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0')
            write_line(log, tty, '<', lines[i]);
    }
}

void
sim_log_event(SimLog *log, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    write_line(log, "-", '!', text);
}
