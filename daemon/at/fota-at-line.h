/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/at/fota-at-tty.h"
#include "daemon/fota-channel.h"
#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * One open AT tty of one module, in an update's thread: commands and answers, unsolicited result
 * codes (URCs), data mode. After FOTA_MODULE_ERROR_MODULE_GONE the line can only be closed.
 *
 * - A command is sent at the earliest 20 ms after the last final result (Telit AT guide, page 25);
 *   what arrives in between belongs to no answer.
 * - After a command that was not answered in time or was cancelled, the next final result may
 * belong to any command. fota_at_line_greet() then precedes the next command.
 * - At most FOTA_AT_UNSOLICITED_MAX URCs are kept. A new one replaces the oldest one of its name,
 * else the oldest, so that many +CREG do not displace an #OTAEV.
 */
typedef struct _FotaAtLine FotaAtLine;

#define FOTA_AT_UNSOLICITED_MAX 256

/** A longer answer, by lines or bytes, is FOTA_MODULE_ERROR_BAD_ANSWER. */
#define FOTA_AT_ANSWER_LINES_MAX 1000
#define FOTA_AT_ANSWER_BYTES_MAX 65536

/**
 * Opens @tty exclusively and sets it raw; sends nothing. @imei: of the expected module. @plugin:
 * see fota_at_reply_new(); it must outlive the line.
 */
FotaAtLine *fota_at_line_open(const FotaAtTty *tty, const char *imei, const FotaPlugin *plugin,
                              FotaTrace trace, gpointer user_data, GError **error);

/** Leaves data mode, discards pending input and output, restores the tty's attributes, closes it.
 */
void fota_at_line_close(FotaAtLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtLine, fota_at_line_close)

/**
 * Makes sure that the expected module listens: `AT` until it answers, `ATE0`, `AT+CMEE=1`, then
 * `AT+CGSN` until the answer contains the IMEI (its first 14 digits; some modules report no check
 * digit). If an `AT` gets no answer for three seconds, `+++` follows, in case the module is still
 * in data mode; not where unsolicited lines come meanwhile: they would be lost.
 */
gboolean
fota_at_line_greet(FotaAtLine *line, gint64 deadline, GCancellable *cancellable, GError **error);

/**
 * The next `+++` stands in a silence as long as any vendor's document wants, not of a second: the
 * module may be in a data mode that nobody knows of. That lasts until data mode is entered.
 */
void fota_at_line_set_long_guard(FotaAtLine *line);

/** Another program has used the tty: fota_at_line_greet() precedes the next command. */
void fota_at_line_distrust(FotaAtLine *line);

/** See FotaChannelClass. Does not leave data mode; returns when the command has been sent. */
gboolean fota_at_line_shout(FotaAtLine *line, const char *command, GCancellable *cancellable,
                            GError **error);

/** See FotaChannelClass. */
GStrv fota_at_line_command(FotaAtLine *line, const char *command, guint seconds,
                           GCancellable *cancellable, int *cme, GError **error);

/**
 * See FotaChannelClass. The data end with the line NO CARRIER if only URCs follow it for a second;
 * any other NO CARRIER is part of the data. One CR LF in front of the end is not. If the module
 * sends more than @max_bytes, `+++` interrupts it, and the first @max_bytes are returned: to notice
 * that, ask for one byte more than allowed.
 */
GBytes *fota_at_line_receive(FotaAtLine *line, const char *command, gsize max_bytes, guint seconds,
                             GCancellable *cancellable, int *cme, GError **error);

/**
 * See FotaChannelClass. What was begun and not ended is left with `+++` by raw_leave(), at the
 * latest by the next command.
 */
gboolean fota_at_line_raw_begin(FotaAtLine *line, const char *command, const char *const *prompts,
                                guint *which, guint seconds, GCancellable *cancellable, int *cme,
                                GError **error);
gboolean fota_at_line_raw_write(FotaAtLine *line, const guint8 *bytes, gsize length, guint seconds,
                                GCancellable *cancellable, GError **error);
gboolean fota_at_line_raw_read(FotaAtLine *line, guint8 *byte, guint seconds,
                               GCancellable *cancellable, GError **error);
GStrv fota_at_line_raw_end(FotaAtLine *line, guint guard, guint seconds, GCancellable *cancellable,
                           int *cme, GError **error);
void fota_at_line_raw_leave(FotaAtLine *line, GCancellable *cancellable);

/** See FotaChannelClass. */
char *fota_at_line_wait_unsolicited(FotaAtLine *line, const char *text, guint seconds,
                                    GCancellable *cancellable, GError **error);

/** Waits until the tty hangs up. FALSE without an error: it has not hung up within @seconds. */
gboolean fota_at_line_wait_hangup(FotaAtLine *line, guint seconds, GCancellable *cancellable,
                                  GError **error);

/** The number of unsolicited lines that have come so far. */
guint64 fota_at_line_get_heard(FotaAtLine *line);

/** Moves the unsolicited lines that @line keeps to the end of @to, a queue of char *. */
void fota_at_line_give_unsolicited(FotaAtLine *line, GQueue *to);
/** Moves those of @from in front of what @line keeps. Both keep the newest FOTA_AT_UNSOLICITED_MAX.
 */
void fota_at_line_take_unsolicited(FotaAtLine *line, GQueue *from);

/** The number of unsolicited lines dropped to make room. */
guint64 fota_at_line_get_dropped(FotaAtLine *line);

G_END_DECLS
