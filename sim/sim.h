/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "sim-testbed.h"

/* What the modules of one program share. */
typedef struct {
    double scale;  /* every time inside a module is divided by this */
    char *log_dir; /* NULL: no transcripts */
    SimTestbed *testbed;
    GPtrArray *modules; /* SimModule */
    GMainLoop *loop;
} Sim;

/* Real milliseconds for `seconds` of a module's time. */
guint sim_ms(const Sim *sim, double seconds);
