/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-crowd.h"

static void
test_table(void)
{
    static const struct {
        gboolean full;
        FotaCrowd crowd;
    } cases[] = {
        {FALSE, {.at_once = 1}},
        {FALSE, {.at_once = 1, .only_way = TRUE}},
        {TRUE, {.at_once = 1, .working = 1}},
        {FALSE, {.at_once = 2, .working = 1}},
        {TRUE, {.at_once = 2, .working = 1, .only_way = TRUE}},
        /* One whose service is proven may be taken out of service at any time. */
        {TRUE, {.at_once = 1, .unproven = 1}},
        {FALSE, {.at_once = 2, .unproven = 1}},
        {TRUE, {.at_once = 2, .unproven = 1, .working = 1}},
        {TRUE, {.at_once = 2, .unproven = 1, .only_way = TRUE}},
        /* What goes back waits for nobody who waits for it. */
        {FALSE, {.at_once = 1, .unproven = 1, .goes_back = TRUE}},
        {FALSE, {.at_once = 1, .unproven = 3, .only_way = TRUE, .goes_back = TRUE}},
        {TRUE, {.at_once = 1, .working = 1, .goes_back = TRUE}},
        {FALSE, {.at_once = 2, .working = 1, .only_way = TRUE, .goes_back = TRUE}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %u", i);
        g_assert_cmpint(fota_crowd_is_full(&cases[i].crowd), ==, cases[i].full);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crowd/table", test_table);
    return g_test_run();
}
