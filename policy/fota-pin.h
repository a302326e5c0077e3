/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: whether fotad enters the PIN of a SIM.
 *
 * A third wrong PIN in a row blocks a SIM for good as far as a gateway in the field is concerned.
 * fotad therefore enters the one that it is configured with once for each start of the module, and
 * never when that could be the last attempt but one: an attempt must be left for a person.
 */

/** With fewer attempts left than this, none is made. */
#define FOTA_PIN_MIN_ATTEMPTS 2

typedef struct {
    gboolean wanted;     /* the SIM wants its PIN; not a PUK or anything else */
    gboolean configured; /* fotad knows a PIN */
    gboolean tried;      /* it has been entered since the module started */
    gboolean refused;    /* it is wrong: a SIM has said so */
    int attempts;        /* that are left, -1 = unknown */
} FotaPinFacts;

typedef enum {
    FOTA_PIN_NOTHING, /* nothing is wanted */
    FOTA_PIN_ENTER,   /* fotad enters it */
    FOTA_PIN_LEAVE,   /* it is left to the application */
} FotaPinStep;

/** *@why: of FOTA_PIN_LEAVE: why fotad does not enter it, static text. */
FotaPinStep fota_pin_decide(const FotaPinFacts *facts, const char **why);

/** What a PIN is: four to eight digits (3GPP TS 31.101, 9.5.1). */
gboolean fota_pin_is_valid(const char *text);

G_END_DECLS
