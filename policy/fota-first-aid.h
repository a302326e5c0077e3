/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the ladder of first aid for a module that does not answer.
 *
 * The first two rungs only ask; all others restart the module or cut its power. A module that
 * writes its flash must not be disturbed: while an order to install may be out, fotad tries nothing
 * before the limits of the model are over, and then only rungs that ask, unless the configuration
 * accepts the risk.
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
    gboolean away;                /* it has no port at all */
    gboolean may_be_installing;   /* an order to install has not been seen to end */
    gboolean limits_over;         /* and the model's longest times for it are over */
    gboolean reset_after_install; /* the operator allows a restart nevertheless */
} FotaFirstAidFacts;

/** The lowest rung that is allowed now and not taken yet; FOTA_N_RUNGS = none, the end. */
FotaRung fota_first_aid_next(const FotaFirstAidFacts *facts);

/** The entry of docs/first-aid.md that continues after the ladder. */
const char *fota_first_aid_get_runbook(const FotaFirstAidFacts *facts);

/**
 * fota_first_aid_parse:
 * @list: names of rungs, blanks between them; "safe" stands for all of @safe
 *
 * Returns: %FALSE when a name is unknown; else *@allowed is what they are, a bit each.
 */
gboolean fota_first_aid_parse(const char *list, guint safe, guint *allowed);

G_END_DECLS
