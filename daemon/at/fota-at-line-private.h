/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <termios.h>

#include "daemon/at/fota-at-line.h"
#include "daemon/at/fota-at-reply.h"
#include "base/fota-wait.h"

G_BEGIN_DECLS

/** S12 of V.250, plus a margin. */
#define FOTA_AT_GUARD_MS 1100
/** As long as any vendor's document wants (Telit's #OTAUPW: 5 s), plus a margin. */
#define FOTA_AT_RAW_GUARD_MS 5100

/** For fota-at-line.c, fota-at-greet.c, fota-at-data.c and fota-at-raw.c only. */
struct _FotaAtLine {
    int fd;
    char *name; /**< "ttyUSB2" */
    char *imei;
    struct termios saved;
    FotaAtReply *reply;
    GQueue unsolicited; /**< char *, oldest first */
    guint64 heard;      /**< unsolicited lines */
    guint64 dropped;
    gboolean confused;  /**< a final result of no command may be under way */
    gboolean in_data;   /**< the module is in data mode */
    guint guard_ms;     /**< silence around the `+++` that ends it */
    guint raw_guard_ms; /**< the same for raw data */
    gboolean gone;      /**< the tty has hung up */
    GByteArray *raw;    /**< raw data that came and were not asked for yet */
    char *raw_command;  /**< what began the raw data */
    FotaTrace trace;
    gpointer user_data;
};

/** Waits for input, reads it once, and feeds it to the parser. */
FotaWait
fota_at_line_read(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error);

/** Waits for input and reads it once, without the parser. */
FotaWait fota_at_line_read_bytes(FotaAtLine *line, guint8 *bytes, gsize max, gsize *length,
                                 gint64 deadline, GCancellable *cancellable, GError **error);

gboolean fota_at_line_write_bytes(FotaAtLine *line, const guint8 *bytes, gsize length,
                                  gint64 deadline, GCancellable *cancellable, GError **error);

gboolean fota_at_line_write(FotaAtLine *line, const char *text, gint64 deadline,
                            GCancellable *cancellable, GError **error);

/** Returns the next event that is part of an answer, FOTA_AT_NONE if there is no more input. */
FotaAtEvent fota_at_line_parse(FotaAtLine *line, const char **text, int *number);

/** The same, but waits. FOTA_AT_NONE without an error: @deadline has passed. */
FotaAtEvent fota_at_line_next(FotaAtLine *line, gint64 deadline, GCancellable *cancellable,
                              const char **text, int *number, GError **error);

/** Reads input until none arrives for @quiet_ms, but for at most four times as long. */
gboolean
fota_at_line_settle(FotaAtLine *line, guint quiet_ms, GCancellable *cancellable, GError **error);

/** Makes the tty ready for a command: out of data mode, synchronised, and quiet. */
gboolean fota_at_line_prepare(FotaAtLine *line, GCancellable *cancellable, GError **error);

/** Sends @command and begins to read its answer. */
gboolean fota_at_line_send(FotaAtLine *line, const char *command, gint64 deadline,
                           GCancellable *cancellable, GError **error);

/** fota_at_line_command() without preparation. */
GStrv fota_at_line_ask(FotaAtLine *line, const char *command, guint seconds,
                       GCancellable *cancellable, int *cme, GError **error);

/** FOTA_MODULE_ERROR_MODULE_REFUSED, or _BAD_ANSWER, for a final result other than the expected
 * one. */
void fota_at_line_set_unwanted(GError **error, const char *command, FotaAtEvent event,
                               const char *result);
void fota_at_line_set_silent(FotaAtLine *line, GError **error, const char *command, guint seconds);

/** Leaves data mode with `+++` and a second of silence before and after; input is discarded. */
gboolean fota_at_line_escape(FotaAtLine *line, GCancellable *cancellable, GError **error);

G_END_DECLS
