/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "daemon/at/fota-at-line.h"

/*
 * A module at the other end of a pseudo-terminal, in a thread of its own, that plays a script:
 * reads exactly `expect`, then sends `send`. In `send`, \a is a pause shorter than any that the
 * code under test knows, \v one longer than all. A step without `send` hangs up. The script ends
 * with {0}.
 */
typedef struct {
    const char *expect;
    const char *send;
} PeerStep;

#define PEER_IMEI "353081090012345"
#define PEER_GREETING                                                                              \
    {"AT\r", "\r\nOK\r\n"}, {"ATE0\r", "ATE0\r\r\nOK\r\n"}, {"AT+CMEE=1\r", "\r\nOK\r\n"},         \
    {                                                                                              \
        "AT+CGSN\r", "\r\n" PEER_IMEI "\r\n\r\nOK\r\n"                                             \
    }
/* Nothing of what came before is left over: the next command has its own answer. */
#define PEER_ENDS_WELL                                                                             \
    {"AT+GMR\r", "\r\n30.00\r\n\r\nOK\r\n"},                                                       \
    {                                                                                              \
        0                                                                                          \
    }

typedef struct _Peer Peer;

Peer *peer_new(const PeerStep *script);
/* Path of the tty. */
const char *peer_get_node(Peer *peer);
/* Opens it; what the module and the host say goes to @trace (may be NULL). */
FotaAtLine *peer_open(Peer *peer, GString *trace);
/* Begins to read and answer; peer_open() has it begin. */
void peer_start(Peer *peer);
/* Waits for the end of the script, and fails the test when something else was received. */
void peer_finish(Peer *peer);

/* Answers with lines, joined by '|'. */
void peer_assert_answer(FotaAtLine *line, const char *command, const char *lines);

/* Plays PEER_ENDS_WELL, closes @line and finishes @peer. */
void peer_end_well(Peer *peer, FotaAtLine *line);
