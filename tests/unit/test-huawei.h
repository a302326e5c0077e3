/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/unit/fake-plugin.h"

/* What the tests of the plugin for Huawei's modules share. */

/* From OLD to NEW. */
extern const FotaUpdate test_huawei_update;

#define POLL "AT^FOTASTATE?"
#define OLD "12.815.01.03.00"
#define NEW "12.815.01.04.00"
#define OFFER_FIELDS NEW ",79114,\"Support send SMS background\""

/* One exchange each; chapter 3 of the FOTA Application Guide, and what fotad asks besides. */
#define REPORTS "|AT^CURC?", "^CURC: 1"
#define CALL "AT^FOTACFG=\"1234\",\"\",\"\",2", ""
#define MODE "AT^FOTAMODE=0,0,0,1", ""
#define STATE(text) POLL, "^FOTASTATE: " text
#define SAYS(text) FAKE_URC, "^FOTASTATE: " text
#define DETECT "AT^FOTADET", ""
#define OFFER SAYS("12," OFFER_FIELDS)
#define TAKE "AT^FOTADL=1", ""
#define DECLINE "AT^FOTADL=0", ""
#define FILES(received)                                                                            \
    "AT^FOTADLQ", "^FOTADLQ: 1,\"IMAGE\",1324,1324\n^FOTADLQ: 2,\"XNV\"," received ",77778"
#define NO_FILES "AT^FOTADLQ", "!"
#define BEFORE                                                                                     \
    {REPORTS}, {CALL},                                                                             \
    {                                                                                              \
        MODE                                                                                       \
    }
#define ASKED                                                                                      \
    BEFORE, {STATE("10")}, {DETECT},                                                               \
    {                                                                                              \
        SAYS("11")                                                                                 \
    }
#define BEGUN                                                                                      \
    ASKED, {OFFER},                                                                                \
    {                                                                                              \
        TAKE                                                                                       \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

/* With an access point name; @polls: as where unsolicited lines are not heard. */
FotaSession *test_huawei_session(const char *models, const FakeExchange *script, gboolean polls);
