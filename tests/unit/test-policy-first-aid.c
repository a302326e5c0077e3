/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-first-aid.h"

#include <string.h>

#define ALL ((1u << FOTA_N_RUNGS) - 1)

/* The rule in words, once more: whether this rung may be taken in this case at all. */
static gboolean
may_take(const FotaFirstAidFacts *facts, FotaRung rung)
{
    gboolean asks = rung == FOTA_RUNG_AT_AGAIN || rung == FOTA_RUNG_OTHER_PORT;

    if ((facts->allowed & 1u << rung) == 0)
        return FALSE;
    if (facts->may_be_installing && !facts->limits_over)
        return FALSE;
    if (facts->may_be_installing && !asks && !facts->reset_after_install)
        return FALSE;
    if (facts->away &&
        (rung == FOTA_RUNG_OTHER_PORT || rung == FOTA_RUNG_CFUN || rung == FOTA_RUNG_MM_RESET))
        return FALSE;
    return TRUE;
}

/* Every set of allowed rungs in every case: the ladder takes each that it may, upwards, and ends.
 */
static void
test_ladder(void)
{
    for (guint allowed = 0; allowed <= ALL; allowed++) {
        for (guint bits = 0; bits < 16; bits++) {
            FotaFirstAidFacts facts = {.allowed = allowed,
                                       .away = (bits & 1) != 0,
                                       .may_be_installing = (bits & 2) != 0,
                                       .limits_over = (bits & 4) != 0,
                                       .reset_after_install = (bits & 8) != 0};

            for (guint rung = 0; rung < FOTA_N_RUNGS; rung++) {
                if (!may_take(&facts, (FotaRung)rung))
                    continue;
                g_assert_cmpuint(fota_first_aid_next(&facts), ==, rung);
                facts.taken |= 1u << rung;
            }
            g_assert_cmpuint(fota_first_aid_next(&facts), ==, FOTA_N_RUNGS);
        }
    }
}

/* What was taken before the module went away, or before it was known to install, stays taken. */
static void
test_taken(void)
{
    for (guint taken = 0; taken <= ALL; taken++) {
        const FotaFirstAidFacts facts = {.allowed = ALL, .taken = taken};
        FotaRung next = fota_first_aid_next(&facts);

        g_assert_true(next == FOTA_N_RUNGS || (taken & 1u << next) == 0);
        for (guint rung = 0; rung < next && rung < FOTA_N_RUNGS; rung++)
            g_assert_true((taken & 1u << rung) != 0);
    }
}

/* The one promise that must never break, by itself: nothing is reset while it may be installing. */
static void
test_never_while_installing(void)
{
    for (guint bits = 0; bits < 4; bits++) {
        FotaFirstAidFacts facts = {.allowed = ALL,
                                   .may_be_installing = TRUE,
                                   .reset_after_install = (bits & 1) != 0,
                                   .away = (bits & 2) != 0};

        g_assert_cmpuint(fota_first_aid_next(&facts), ==, FOTA_N_RUNGS);
        facts.limits_over = TRUE;
        facts.reset_after_install = FALSE;
        facts.taken = 1u << FOTA_RUNG_AT_AGAIN | 1u << FOTA_RUNG_OTHER_PORT;
        g_assert_cmpuint(fota_first_aid_next(&facts), ==, FOTA_N_RUNGS);
    }
}

static void
test_runbook(void)
{
    static const struct {
        gboolean away, installing;
        const char *entry;
    } table[] = {
        {FALSE, FALSE, "mute-module"},
        {TRUE, FALSE, "absent-module"},
        {FALSE, TRUE, "unfinished-install"},
        {TRUE, TRUE, "unfinished-install"},
    };
    g_autofree char *guide = NULL;

    g_assert_true(g_file_get_contents(FIRST_AID_GUIDE, &guide, NULL, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const FotaFirstAidFacts facts = {.away = table[i].away,
                                         .may_be_installing = table[i].installing};
        g_autofree char *heading = g_strconcat("\n### ", table[i].entry, "\n", NULL);

        g_assert_cmpstr(fota_first_aid_get_runbook(&facts), ==, table[i].entry);
        g_assert_nonnull(strstr(guide, heading));
    }
}

static void
test_parse(void)
{
    static const struct {
        const char *list;
        guint safe;
        gboolean good;
        guint allowed;
    } table[] = {
        {"", 0x3, TRUE, 0},
        {"safe", 0x3, TRUE, 0x3},
        {"safe command", 0x3, TRUE, 0x3 | 1u << FOTA_RUNG_COMMAND},
        {"  cfun\tcommand ", 0x3, TRUE, 1u << FOTA_RUNG_CFUN | 1u << FOTA_RUNG_COMMAND},
        {"at-again other-port cfun modemmanager-reset command", 0, TRUE, ALL},
        {"reboot", 0, FALSE, 0},
        {"usb-power", 0, FALSE, 0},
        {"safe, cfun", 0, FALSE, 0},
    };
    guint allowed;

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_assert_cmpint(fota_first_aid_parse(table[i].list, table[i].safe, &allowed), ==,
                        table[i].good);
        if (table[i].good)
            g_assert_cmpuint(allowed, ==, table[i].allowed);
    }
    for (guint rung = 0; rung < FOTA_N_RUNGS; rung++) {
        g_assert_true(fota_first_aid_parse(fota_rung_get_name((FotaRung)rung), 0, &allowed));
        g_assert_cmpuint(allowed, ==, 1u << rung);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/first-aid/ladder", test_ladder);
    g_test_add_func("/policy/first-aid/taken", test_taken);
    g_test_add_func("/policy/first-aid/never-while-installing", test_never_while_installing);
    g_test_add_func("/policy/first-aid/runbook", test_runbook);
    g_test_add_func("/policy/first-aid/parse", test_parse);
    return g_test_run();
}
