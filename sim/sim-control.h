/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim.h"

/*
 * The control socket: one line in, one line out, `ok ...` or `error ...`, for tests and for
 * people with socat.
 */
typedef struct _SimControl SimControl;

SimControl *sim_control_new(Sim *sim, const char *path, GError **error);
/* Removes the socket. */
void sim_control_free(SimControl *control);
