/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-next.h"

/* Situations to begin with, and the cases of policy/fota-next, around which its rules are tried. */

/* A module that rests: here, supported, with a manifest that holds and nothing to do. */
#define REST                                                                                       \
    .presence = FOTA_PRESENCE_HERE, .supported = TRUE, .manifest = FOTA_MANIFEST_HOLDS,            \
    .planned = TRUE, .plan = FOTA_PLAN_UP_TO_DATE, .can_ask = TRUE, .can_discard = TRUE,           \
    .told_version = TRUE, .ask_takes = TRUE
#define PLAN(name) .plan = FOTA_PLAN_##name
#define RUNS(name) .runs = FOTA_ACTION_##name
#define MARK(name) .mark = FOTA_MARK_##name
#define ASKED PLAN(UPDATE), .asked = TRUE, .one_gate = TRUE, .open = {TRUE, TRUE}
#define UPDATE PLAN(UPDATE), .open = {TRUE, TRUE}, .same_delta = TRUE

typedef struct {
    const char *row;
    FotaState state;
    FotaAction action;
    FotaSituation situation;
} NextCase;

extern const NextCase next_cases[];
extern const guint n_next_cases;
