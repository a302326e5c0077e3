/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <string.h>

#include "tests/unit/fake-plugin.h"

G_BEGIN_DECLS

#define OLD "30.00.001-B026"
#define NEW "30.00.001-B026_FOTA"
#define DELTA "30.00.001-B026_to_B026-FOTA.bin"

/** The update of the log. */
static const FotaUpdate update G_GNUC_UNUSED = {
    .from = OLD,
    .to = NEW,
    .scheme = "ftp",
    .host = "fw.example",
    .port = 21,
    .path = DELTA,
    .user = "USERNAME",
    .password = "PASSWORD",
    .size = 1234,
};

/* Parts of MultiTech's session log, in its order, with what fotad asks besides. */
/* clang-format off */
#define SAVED {FAKE_SAVE, ""}
#define SOCKET                                                                                     \
    {"AT#SCFG?", "#SCFG: 1,3,300,90,600,50\n#SCFG: 2,1,300,90,600,50"},                            \
    {"AT#SCFG=1,3,300,90,600,50", ""}
#define NO_APN {"AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"m2m\",\"\",0,0"}
#define SET_APN_COMMAND "AT+CGDCONT=3,\"IPV4V6\",\"VZWINTERNET\""
#define SET_APN {SET_APN_COMMAND, ""}
#define READY {"AT+CSQ", "+CSQ: 25,3"}, {"AT+CEREG?", "+CEREG: 0,1"}
#define CONTEXT                                                                                    \
    {"AT#SGACT?", "#SGACT: 1,0\n#SGACT: 3,0"}, SAVED, {"AT#SGACT=3,1", "#SGACT: 10.0.0.1"}
#define OPEN_COMMAND "AT#FTPOPEN=\"fw.example:21\",\"USERNAME\",\"PASSWORD\",1,3"
#define OPEN SAVED, {OPEN_COMMAND, ""}
#define BINARY {"AT#FTPTYPE=0", ""}
#define SIZE_COMMAND "AT#FTPFSIZE=\"" DELTA "\""
#define SIZE {SIZE_COMMAND, "#FTPFSIZE: 1234"}
#define VERSION {"AT+GMR", OLD}
#define GET_COMMAND "AT#FTPGETOTA=\"" DELTA "\",0"
#define GET {GET_COMMAND, ""}
#define CLOSE_FTP {"AT#FTPCLOSE", ""}
#define CLOSE_CONTEXT {"AT#SGACT=3,0", ""}
#define CLOSE CLOSE_FTP, CLOSE_CONTEXT
#define WITH_APN SOCKET, NO_APN, SET_APN
#define BEFORE WITH_APN, READY, CONTEXT
#define UNTIL_GET OPEN, BINARY, SIZE, VERSION
#define FETCHED UNTIL_GET, GET
#define END {NULL, NULL}
/* clang-format on */

G_END_DECLS
