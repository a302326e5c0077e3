/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/at/fota-at-tty.h"
#include "daemon/fota-channel.h"

G_BEGIN_DECLS

/**
 * One open AT tty of one module, in an update's thread: a command and its answer, unsolicited
 * lines, data mode. It ends when the tty does: after FOTA_MODULE_ERROR_GONE only closing is left.
 *
 * - A command is sent at the earliest 20 ms after the last final result (Telit AT guide, page 25);
 *   what arrives in between belongs to no answer.
 * - After a command that was not answered in time or was cancelled, nobody knows to what the next
 *   final result belongs. The next command is preceded by fota_at_line_greet() then.
 * - Unsolicited lines are kept, at most FOTA_AT_UNSOLICITED_MAX: the oldest one with the newcomer's
 *   name makes room, else the oldest, so that a storm of +CREG does not push out #OTAEV.
 */
typedef struct _FotaAtLine FotaAtLine;

#define FOTA_AT_UNSOLICITED_MAX 256

/** An answer with more lines, or bytes, is FOTA_MODULE_ERROR_BAD_ANSWER. */
#define FOTA_AT_ANSWER_LINES_MAX 1000
#define FOTA_AT_ANSWER_BYTES_MAX 65536

/** Opens @tty exclusively and sets it raw; sends nothing. @imei: of the module expected there. */
FotaAtLine *fota_at_line_open(const FotaAtTty *tty, const char *imei, FotaTrace trace,
                              gpointer user_data, GError **error);

/** Leaves data mode, drops what is under way, puts the tty's attributes back and closes it. */
void fota_at_line_close(FotaAtLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtLine, fota_at_line_close)

/**
 * Makes sure that the expected module listens: `AT` until it answers, `ATE0`, `AT+CMEE=1`, then
 * `AT+CGSN` until the answer holds the IMEI (its first 14 digits; some modules give no check
 * digit). To an `AT` that stays unanswered for three seconds follows `+++`, in case it was left in
 * data mode.
 */
gboolean
fota_at_line_greet(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error);

/** Somebody else has used the tty: the next command is preceded by fota_at_line_greet(). */
void fota_at_line_distrust(FotaAtLine *line);

/** See FotaChannelClass. Leaves data mode neither before nor after; returns when it has gone out.
 */
gboolean fota_at_line_shout(FotaAtLine *line, const char *command, GCancellable *cancellable,
                            GError **error);

/** See FotaChannelClass. */
GStrv fota_at_line_command(FotaAtLine *line, const char *command, guint seconds,
                           GCancellable *cancellable, int *cme, GError **error);

/**
 * See FotaChannelClass. The data end with the line NO CARRIER when, for a second after it, nothing
 * follows but unsolicited lines; any other NO CARRIER is part of the data. One CR LF in front of it
 * is not. When the module sends more than @max_bytes it is interrupted (`+++`), and the first
 * @max_bytes are returned: ask for one more than allowed to notice.
 */
GBytes *fota_at_line_receive(FotaAtLine *line, const char *command, gsize max_bytes, guint seconds,
                             GCancellable *cancellable, int *cme, GError **error);

/** See FotaChannelClass. */
char *fota_at_line_wait_unsolicited(FotaAtLine *line, const char *text, guint seconds,
                                    GCancellable *cancellable, GError **error);

/** Waits until the tty hangs up. FALSE without an error: it has not within @seconds. */
gboolean fota_at_line_wait_hangup(FotaAtLine *line, guint seconds, GCancellable *cancellable,
                                  GError **error);

/** How many unsolicited lines were dropped to make room. */
guint64 fota_at_line_get_dropped(FotaAtLine *line);

G_END_DECLS
