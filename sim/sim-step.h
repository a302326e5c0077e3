/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-module.h"

/*
 * The steps of an update, by name: each stands in the transcript as `! step NAME`, and at each the
 * power can be lost (fault power-lost).
 */

/* The module has come to this step. When its power is lost here, that happens as soon as the caller
 * has returned to the loop. */
void sim_step(SimModule *module, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The finished share of the operation under way, from 0 to 1. */
typedef double (*SimStepShare)(SimModule *module);
/* Makes `part 1 of 4` to `part 3 of 4` steps, until sim_step_unwatch(). */
void sim_step_watch(SimModule *module, SimStepShare share);
void sim_step_unwatch(SimModule *module);
