/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-pin.h"

/* Every combination, against the rule in words. */
static void
test_all(void)
{
    for (int bits = 0; bits < 16; bits++) {
        for (int attempts = -1; attempts <= 10; attempts++) {
            const FotaPinFacts facts = {.wanted = (bits & 1) != 0,
                                        .configured = (bits & 2) != 0,
                                        .tried = (bits & 4) != 0,
                                        .refused = (bits & 8) != 0,
                                        .attempts = attempts};
            gboolean enter =
                facts.wanted && facts.configured && !facts.tried && !facts.refused && attempts >= 2;
            FotaPinStep wanted = !facts.wanted ? FOTA_PIN_NOTHING
                                 : enter       ? FOTA_PIN_ENTER
                                               : FOTA_PIN_LEAVE;
            const char *why = "";

            g_assert_cmpint(fota_pin_decide(&facts, &why), ==, wanted);
            g_assert_true((why != NULL) == (wanted == FOTA_PIN_LEAVE));
        }
    }
}

static void
test_valid(void)
{
    static const struct {
        const char *text;
        gboolean valid;
    } table[] = {
        {"1234", TRUE},  {"12345678", TRUE}, {"0000", TRUE}, {"123", FALSE},   {"123456789", FALSE},
        {"12 4", FALSE}, {"12a4", FALSE},    {"", FALSE},    {"1234,", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++)
        g_assert_cmpint(fota_pin_is_valid(table[i].text), ==, table[i].valid);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/pin/all", test_all);
    g_test_add_func("/policy/pin/valid", test_valid);
    return g_test_run();
}
