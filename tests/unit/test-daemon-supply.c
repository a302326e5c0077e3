/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/fota-supply.h"

/* Supplies as sysfs shows them: attributes with their values, `name/attribute=value`. */
static FotaSupply
read_supplies(const char *text)
{
    g_autofree char *directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    const char *const clean_up[] = {"rm", "-rf", directory, NULL};
    g_auto(GStrv) lines = g_strsplit(text, " ", -1);
    FotaSupply supply;

    for (guint i = 0; lines[i] != NULL; i++) {
        char *value = strchr(lines[i], '=');
        g_autofree char *line = value != NULL ? g_strconcat(value + 1, "\n", NULL) : NULL;
        g_autofree char *file = NULL;
        g_autofree char *folder = NULL;

        if (value == NULL)
            continue;
        *value = '\0';
        g_strdelimit(line, "_", ' ');
        file = g_build_filename(directory, lines[i], NULL);
        folder = g_path_get_dirname(file);
        g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
        g_assert_true(g_file_set_contents(file, line, -1, NULL));
    }
    supply = fota_supply_read(directory);
    g_spawn_sync(NULL, (char **)clean_up, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    return supply;
}

static void
test_supplies(void)
{
    static const struct {
        const char *text;
        int on_mains;
        int battery;
    } cases[] = {
        {"", -1, -1},
        {"AC/type=Mains AC/online=1", 1, -1},
        {"AC/type=Mains AC/online=0", 0, -1},
        /* What cannot be read is unknown: it may be the one that is online. */
        {"AC/type=Mains", -1, -1},
        {"A/type=Mains A/online=0 B/type=USB", -1, -1},
        {"A/type=Mains A/online=0 B/online=0", -1, -1},
        {"A/type=Mains A/online=1 B/online=0", 1, -1},
        {"B/type=Battery B/capacity=40", -1, 40},
        {"B/type=Battery B/status=Discharging C/type=Battery C/capacity=5", -1, 5},
        /* Several from outside: one is enough. */
        {"A/type=Mains A/online=0 B/type=USB B/online=1 C/type=USB C/online=0", 1, -1},
        {"B/type=Battery B/capacity=40 B/status=Discharging", 0, 40},
        {"B/type=Battery B/capacity=100 B/status=Full", 1, 100},
        {"B/type=Battery B/capacity=80 B/status=Not_charging", 1, 80},
        {"B/type=Battery B/capacity=80 B/status=Unknown", -1, 80},
        {"B/type=UPS B/capacity=7 B/status=Discharging", 0, 7},
        /* The supply from outside knows better than the battery. */
        {"A/type=Mains A/online=1 B/type=Battery B/capacity=40 B/status=Discharging", 1, 40},
        {"B/type=Battery B/capacity=40 B/status=Charging C/type=Battery C/capacity=61", 1, 50},
        /* Not there, of a peripheral, or nonsense. */
        {"B/type=Battery B/present=0 B/capacity=0 B/status=Discharging", -1, -1},
        {"B/type=Battery B/scope=Device B/capacity=3 B/status=Discharging", -1, -1},
        {"B/type=Battery B/capacity=101", -1, -1},
        {"B/type=Battery B/capacity=-1", -1, -1},
        {"B/type=Unknown B/online=1", -1, -1},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaSupply supply = read_supplies(cases[i].text);

        g_test_message("%s", cases[i].text);
        g_assert_cmpint(supply.on_mains, ==, cases[i].on_mains);
        g_assert_cmpint(supply.battery, ==, cases[i].battery);
    }
}

static void
test_nothing_to_read(void)
{
    FotaSupply supply = fota_supply_read("/nonexistent");

    g_assert_cmpint(supply.on_mains, ==, -1);
    g_assert_cmpint(supply.battery, ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/supply/supplies", test_supplies);
    g_test_add_func("/supply/nothing-to-read", test_nothing_to_read);
    return g_test_run();
}
