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

/* fotad's and the module's own time, never the application's. */
#define CERTIFY_OFFER_SECONDS 120
#define CERTIFY_UPDATE_SECONDS 1800

typedef enum {
    CERTIFY_ONE_GATE,
    CERTIFY_TWO_GATES,
    CERTIFY_DUMMY, /* one gate, and it leads to the version that the module has */
} CertifyUpdate;

/* Another update in place of the one before. Returns its id, NULL with an error. Free it. */
char *certify_offer(Certify *certify, CertifyUpdate update, GError **error);

/* The module asks by itself. Returns the id of what fotad then offers, NULL with an error. */
char *certify_ask(Certify *certify, GError **error);

/* The manifest has nothing for this module any more. */
gboolean certify_withdraw(Certify *certify, GError **error);

/* fotad shows offer @id again, after its own restart. */
gboolean certify_wait_shown(Certify *certify, const char *id, GError **error);

/* Offer @id has ended; @what it is, for people. */
gboolean certify_wait_end(Certify *certify, const char *id, double seconds, const char *what,
                          GError **error);

/* fotad reads nothing that is still offered from before; it starts nothing until told. */
gboolean certify_prepare(Certify *certify, GError **error);

/* `fota-sim certify`: returns the exit status. */
int certify_main(int argc, char **argv);
