/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * What a module sends on an AT channel, taken apart: bytes in, events out, no I/O (V.250 5.7,
 * 27.007 9). Does not mind how the bytes arrive: split or glued lines, CR, LF or both, echo on,
 * control bytes in between.
 *
 * Which line belongs to the answer is decided by the command: a line `+NAME: ...` (also with one of
 * the signs # ^ $ % * ! @) is part of the answer when the command line contains +NAME, and
 * unsolicited otherwise. A line without such a name is part of the answer of the command under way,
 * but for RING. NO CARRIER and its like end only a command that may make a connection: a missed
 * call ends with the same words. An unsolicited line with the very name of the command under way
 * (+CREG: to AT+CREG?) cannot be told from its answer.
 */
typedef struct _FotaAtReply FotaAtReply;

/** A longer line is cut. The longest documented one is Huawei's ^FOTASTATE: 12 with about 1400. */
#define FOTA_AT_LINE_MAX 4096

typedef enum {
    FOTA_AT_NONE,        /**< no complete line left */
    FOTA_AT_INFORMATION, /**< a line of the answer */
    FOTA_AT_UNSOLICITED, /**< came by itself */
    FOTA_AT_ECHO,        /**< the command coming back */
    FOTA_AT_OK,          /**< final result: done */
    FOTA_AT_ERROR,   /**< final result: refused; *@number of +CME ERROR or +CMS ERROR, else -1 */
    FOTA_AT_CONNECT, /**< final result: what follows is data, see fota_at_reply_take_rest() */
    FOTA_AT_STRAY,   /**< a final result that nothing has asked for */
} FotaAtEvent;

FotaAtReply *fota_at_reply_new(void);
void fota_at_reply_free(FotaAtReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtReply, fota_at_reply_free)

/** @command is being sent; its answer is what follows. NULL: nothing is asked. */
void fota_at_reply_begin(FotaAtReply *reply, const char *command);

/** The command that was begun makes a connection, other than by ATD, ATA and ATO, which are known.
 */
void fota_at_reply_expect_data(FotaAtReply *reply);

void fota_at_reply_feed(FotaAtReply *reply, const guint8 *bytes, gsize length);

/**
 * The next event in what was fed. *@line is the line as UTF-8, without line ends and trailing
 * blanks, until the next call. After a final result nothing is asked any more.
 */
FotaAtEvent fota_at_reply_next(FotaAtReply *reply, const char **line, int *number);

/** The bytes after CONNECT that have come so far, to be appended to @data. */
void fota_at_reply_take_rest(FotaAtReply *reply, GByteArray *data);

/** How many bytes have been cut off overlong lines. */
guint64 fota_at_reply_get_cut(FotaAtReply *reply);

/** "+CREG" of "+CREG: 1,2", NULL when the line does not begin with such a name. */
char *fota_at_line_name(const char *line);

G_END_DECLS
