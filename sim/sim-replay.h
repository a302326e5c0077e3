/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-module.h"

/*
 * A module that plays the log of a real one: its answers in the log's order and at the log's times,
 * its departures and returns. What the log does not hold is answered with ERROR, and both the
 * transcript and stderr say at which line of the log that happened.
 */

/* `text` is what follows --replay=: FILE[,KEY=VALUE...]. */
SimModule *sim_replay_new(Sim *sim, const char *text, GError **error);
