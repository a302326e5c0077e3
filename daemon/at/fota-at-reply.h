/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * Parser of what a module sends on an AT channel: bytes in, events out, no I/O (V.250 5.7, 27.007
 * 9). The bytes may arrive in any form: split or joined lines, CR, LF or both, with echo, with
 * control bytes in between.
 *
 * The command decides which lines belong to its answer: a line `+NAME: ...` (also with one of the
 * signs # ^ $ % * ! @) is part of the answer if the command line contains +NAME, else it is an
 * unsolicited result code (URC). A line without such a name is part of the answer of the command
 * under way, except RING and the lines that the vendor's plugin lists. NO CARRIER and the like end
 * only a command that may make a connection: a missed call ends with the same text. A URC with the
 * name of the command under way (+CREG: during AT+CREG?) cannot be distinguished from its answer.
 */
typedef struct _FotaAtReply FotaAtReply;

/** A longer line is cut. The longest documented one is Huawei's ^FOTASTATE: 12 with about 1400. */
#define FOTA_AT_LINE_MAX 4096

typedef enum {
    FOTA_AT_NONE,        /**< no complete line left */
    FOTA_AT_INFORMATION, /**< a line of the answer */
    FOTA_AT_UNSOLICITED, /**< a URC */
    FOTA_AT_ECHO,        /**< the echo of the command */
    FOTA_AT_OK,          /**< final result: OK */
    FOTA_AT_ERROR,   /**< final result: refused; *@number of +CME ERROR or +CMS ERROR, else -1 */
    FOTA_AT_CONNECT, /**< final result: what follows is data, see fota_at_reply_take_rest() */
    FOTA_AT_STRAY,   /**< a final result of no command */
} FotaAtEvent;

/** @plugin: of the module's vendor, for the lines that only its modules say; NULL = none. */
FotaAtReply *fota_at_reply_new(const FotaPlugin *plugin);
void fota_at_reply_free(FotaAtReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaAtReply, fota_at_reply_free)

/** @command is being sent, and its answer follows. NULL: no command. */
void fota_at_reply_begin(FotaAtReply *reply, const char *command);

/** The command under way makes a connection. Not needed for ATD, ATA and ATO, which are known. */
void fota_at_reply_expect_data(FotaAtReply *reply);

void fota_at_reply_feed(FotaAtReply *reply, const guint8 *bytes, gsize length);

/**
 * The next event in the input. *@line is the line as UTF-8, without line ends and trailing blanks,
 * and is valid until the next call. After a final result no command is under way.
 */
FotaAtEvent fota_at_reply_next(FotaAtReply *reply, const char **line, int *number);

/** Appends the bytes that have arrived after CONNECT to @data. */
void fota_at_reply_take_rest(FotaAtReply *reply, GByteArray *data);

/** How many bytes have been cut off overlong lines. */
guint64 fota_at_reply_get_cut(FotaAtReply *reply);

/** "+CREG" of "+CREG: 1,2", NULL if the line does not begin with such a name. */
char *fota_at_line_name(const char *line);

G_END_DECLS
