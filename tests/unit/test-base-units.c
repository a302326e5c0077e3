/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-units.h"

typedef gboolean (*Parse)(const char *text, guint64 *number);

typedef struct {
    const char *text;
    guint64 number; /* BAD = it is none */
} Case;

#define BAD G_MAXUINT64

static void
check_cases(Parse parse, const Case *cases, gsize n_cases)
{
    for (gsize i = 0; i < n_cases; i++) {
        guint64 number = 0;
        gboolean good = parse(cases[i].text, &number);

        if (good != (cases[i].number != BAD) || (good && number != cases[i].number))
            g_error("\"%s\": %d, %" G_GUINT64_FORMAT, cases[i].text, good, number);
    }
}

static void
test_duration(void)
{
    static const Case cases[] = {
        {"0", 0},
        {"90", 90},
        {"90s", 90},
        {"2min", 120},
        {"2m", 120},
        {"1d 4h", 100800},
        {"1d4h", 100800},
        {" 1 day  2 hours ", 93600},
        {"1w", 604800},
        {"9223372036854775807", G_MAXINT64},
        {"9223372036854775808", BAD},
        {"99999999999999999999", BAD},
        {"9223372036854775807 1", BAD},
        {"18446744073709551615w", BAD},
        {"18446744073709551615 1", BAD},
        {"", BAD},
        {"d", BAD},
        {"-1", BAD},
        {"1.5h", BAD},
        {"1x", BAD},
        {"1month", BAD},
        {"1d 4", 86404},
        {"1d,4h", BAD},
    };

    check_cases(fota_parse_duration, cases, G_N_ELEMENTS(cases));
}

static void
test_size(void)
{
    static const Case cases[] = {
        {"0", 0},           {"1000B", 1000},
        {"20M", 20971520},  {"64K", 65536},
        {"1G", 1073741824}, {"8388607T", G_GUINT64_CONSTANT(9223370937343148032)},
        {"8388608T", BAD},  {"1G 512M", 1610612736},
        {"20MB", BAD},      {"20m", BAD},
        {"M", BAD},         {"", BAD},
    };

    check_cases(fota_parse_size, cases, G_N_ELEMENTS(cases));
}

static void
test_boolean(void)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    static const char *const bad[] = {"", "Yes", "y", "2", "yes ", "nein"};
    gboolean value;

    for (guint i = 0; i < G_N_ELEMENTS(yes); i++)
        g_assert_true(fota_parse_boolean(yes[i], &value) && value);
    for (guint i = 0; i < G_N_ELEMENTS(no); i++)
        g_assert_true(fota_parse_boolean(no[i], &value) && !value);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(fota_parse_boolean(bad[i], &value));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/units/duration", test_duration);
    g_test_add_func("/units/size", test_size);
    g_test_add_func("/units/boolean", test_boolean);
    return g_test_run();
}
