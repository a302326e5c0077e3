/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-certify-bus.h"
#include "sim-certify-stage.h"

/*
 * `fota-sim certify`: whether an application that integrates fotad reacts as it has to (Premium
 * FOTA Management, 3.3; docs/application.md). The module is the simulated one of fota-rehearsal,
 * fotad and the bus are the real ones, and the application is started, paused and ended by this
 * program.
 */

typedef struct {
    CertifyBus *bus;
    CertifyStage *stage;
    double seconds;        /* that the application has for an answer */
    const char *busy_file; /* while it exists the application defers; NULL: not known */
    gboolean asks;         /* whether the simulated module has a server of its own */
    guint offers;          /* made so far */
    GString *seen;         /* of the reaction under way, for people */
} Certify;

typedef enum {
    CERTIFY_FAIL,
    CERTIFY_PASS,
    CERTIFY_SKIPPED
} CertifyVerdict;

typedef struct {
    const char *name;
    const char *required; /* the reaction, for people */
    /* Plays it. An error is one of the stage, not of the application. */
    CertifyVerdict (*play)(Certify *certify, GError **error);
} CertifyReaction;

/* In the order in which they are played; the last one has no name. */
extern const CertifyReaction certify_reactions[];

/* fotad reads nothing that is still offered from before; it starts nothing until told. */
gboolean certify_prepare(Certify *certify, GError **error);

/* `fota-sim certify`: returns the exit status. */
int certify_main(int argc, char **argv);
