/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-first-aid.h"

#include <string.h>

#define BIT(rung) (1u << (rung))

/* Rungs that only ask. */
#define HARMLESS (BIT(FOTA_RUNG_AT_AGAIN) | BIT(FOTA_RUNG_OTHER_PORT))
/* Rungs that need a port, or a module that ModemManager shows. */
#define NEEDS_PORT (BIT(FOTA_RUNG_OTHER_PORT) | BIT(FOTA_RUNG_CFUN) | BIT(FOTA_RUNG_MM_RESET))

static const char *const names[FOTA_N_RUNGS] = {
    [FOTA_RUNG_AT_AGAIN] = "at-again", [FOTA_RUNG_OTHER_PORT] = "other-port",
    [FOTA_RUNG_CFUN] = "cfun",         [FOTA_RUNG_MM_RESET] = "modemmanager-reset",
    [FOTA_RUNG_COMMAND] = "command",
};

const char *
fota_rung_get_name(FotaRung rung)
{
    g_return_val_if_fail((guint)rung < FOTA_N_RUNGS, NULL);
    return names[rung];
}

FotaRung
fota_first_aid_next(const FotaFirstAidFacts *facts)
{
    guint left = facts->allowed & ~facts->taken;

    if (facts->may_be_installing && !facts->limits_over)
        return FOTA_N_RUNGS;
    if (facts->may_be_installing && !facts->reset_after_install)
        left &= HARMLESS;
    if (facts->away)
        left &= ~NEEDS_PORT;
    for (guint rung = 0; rung < FOTA_N_RUNGS; rung++) {
        if ((left & BIT(rung)) != 0)
            return (FotaRung)rung;
    }
    return FOTA_N_RUNGS;
}

const char *
fota_first_aid_get_runbook(const FotaFirstAidFacts *facts)
{
    if (facts->may_be_installing)
        return "unfinished-install";
    return facts->away ? "absent-module" : "mute-module";
}

static gboolean
add_word(const char *word, guint safe, guint *allowed)
{
    if (strcmp(word, "safe") == 0) {
        *allowed |= safe;
        return TRUE;
    }
    for (guint rung = 0; rung < FOTA_N_RUNGS; rung++) {
        if (strcmp(word, names[rung]) == 0) {
            *allowed |= BIT(rung);
            return TRUE;
        }
    }
    return word[0] == '\0';
}

gboolean
fota_first_aid_parse(const char *list, guint safe, guint *allowed)
{
    g_auto(GStrv) words = g_strsplit_set(list, " \t", -1);

    *allowed = 0;
    for (guint i = 0; words[i] != NULL; i++) {
        if (!add_word(words[i], safe, allowed))
            return FALSE;
    }
    return TRUE;
}
