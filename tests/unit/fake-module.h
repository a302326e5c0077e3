/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-session.h"

G_BEGIN_DECLS

/** A module that is scripted, behind a channel. */

#define OLD "A"
#define NEW "B"
#define NOISE '*'
#define DISTURBED '!' /* ModemManager uses the port */

typedef struct {
    FotaChannel channel;
    const char *leaves_on, *refuses, *cancelled_at, *lost_at, *asks;
    const char *then; /* what it asks once it has downloaded; NULL = it leaves meanwhile */
    gboolean silent;  /* it goes away by silence */
    gboolean in_vain; /* it comes back with the firmware that it had */
    guint silences;   /* AT that it does not answer */
    gboolean leaving, away;
    gboolean transferred; /* a delta, to its end */
    gboolean off; /* it has no power once it has left */
    gboolean unpowered;  /* nor does it get any */
    gboolean unwritable; /* the record */
    const char *version;
    GCancellable *cancellable, *disturbance;
    GByteArray *received;
    const char *raw; /* what it sends between raw data; NOISE as its last byte never ends */
    GString *log;
} Module;

/** Of Module.channel. */
extern const FotaChannelClass port;

/** Adds @what to the log; the same twice in a row is once. */
void module_note(Module *module, const char *what);

G_END_DECLS
