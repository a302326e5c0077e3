/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the ladder of what is tried with a module that does not answer.
 *
 * The first two rungs only ask; all others restart the module or take its power. A module that is
 * writing its flash must not be touched: while an order to install may be under way nothing is
 * tried before the limits of its model are over, and then only what asks, unless the configuration
 * takes the risk.
 */

typedef enum {
    FOTA_RUNG_AT_AGAIN,   /* the same port */
    FOTA_RUNG_OTHER_PORT, /* another AT port */
    FOTA_RUNG_CFUN,       /* AT+CFUN=1,1, whether the module seems to listen or not */
    FOTA_RUNG_MM_RESET,   /* ModemManager's Reset() */
    FOTA_RUNG_COMMAND,    /* the operator's command for its power */
    FOTA_N_RUNGS,         /* the end of the ladder */
} FotaRung;

/** The name in data files and configuration: "at-again", "other-port", "cfun" ... */
const char *fota_rung_get_name(FotaRung rung);

typedef struct {
    guint allowed;                /* rungs that may be taken, a bit each: 1 << rung */
    guint taken;                  /* those that were */
    gboolean away;                /* it has no port at all that could be asked or told */
    gboolean may_be_installing;   /* an order to install has not been seen to end */
    gboolean limits_over;         /* and the model's longest times for it are over */
    gboolean reset_after_install; /* the operator wants it to be restarted nevertheless */
} FotaFirstAidFacts;

/** The lowest rung that may be taken now and was not yet; FOTA_N_RUNGS = none, which ends it. */
FotaRung fota_first_aid_next(const FotaFirstAidFacts *facts);

/** The entry of docs/first-aid.md that goes on where the ladder ends. */
const char *fota_first_aid_get_runbook(const FotaFirstAidFacts *facts);

/**
 * fota_first_aid_parse:
 * @list: names of rungs, blanks between them; "safe" stands for all of @safe
 *
 * Returns: %FALSE when a name is unknown; else *@allowed is what they are, a bit each.
 */
gboolean fota_first_aid_parse(const char *list, guint safe, guint *allowed);

G_END_DECLS
