/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-supply.h"

typedef struct {
    const char *directory;
    const char *name;
} Entry;

/* The text of one attribute, "" when there is none. */
static char *
read_attribute(const Entry *entry, const char *attribute)
{
    g_autofree char *file = g_build_filename(entry->directory, entry->name, attribute, NULL);
    char *text = NULL;

    return g_file_get_contents(file, &text, NULL, NULL) ? g_strchomp(text) : g_strdup("");
}

static gboolean
attribute_is(const Entry *entry, const char *attribute, const char *const *values)
{
    g_autofree char *text = read_attribute(entry, attribute);

    return g_strv_contains(values, text);
}

static const char *const from_outside[] = {"Mains", "USB", "Wireless", NULL};
static const char *const stored[] = {"Battery", "UPS", NULL};
static const char *const filling[] = {"Charging", "Full", "Not charging", NULL};
static const char *const emptying[] = {"Discharging", NULL};
static const char *const yes[] = {"1", NULL};
static const char *const no[] = {"0", NULL};
static const char *const device[] = {"Device", NULL};

typedef struct {
    int outside; /* as on_mains, by the supplies from outside */
    int charged; /* the same, by what the batteries say */
    guint n_batteries;
    guint64 percents;
} Sum;

static void
take_battery(const Entry *entry, Sum *sum)
{
    g_autofree char *capacity = read_attribute(entry, "capacity");
    guint64 percent;

    if (attribute_is(entry, "present", no))
        return;
    if (g_ascii_string_to_unsigned(capacity, 10, 0, 100, &percent, NULL)) {
        sum->percents += percent;
        sum->n_batteries++;
    }
    if (attribute_is(entry, "status", filling))
        sum->charged = 1;
    else if (sum->charged < 0 && attribute_is(entry, "status", emptying))
        sum->charged = 0;
}

static void
take_entry(const Entry *entry, Sum *sum)
{
    if (attribute_is(entry, "scope", device))
        return;
    if (attribute_is(entry, "type", stored))
        take_battery(entry, sum);
    else if (attribute_is(entry, "type", from_outside))
        sum->outside = MAX(sum->outside, attribute_is(entry, "online", yes) ? 1 : 0);
}

FotaSupply
fota_supply_read(const char *directory)
{
    Entry entry = {.directory = directory != NULL ? directory : "/sys/class/power_supply"};
    g_autoptr(GDir) dir = g_dir_open(entry.directory, 0, NULL);
    Sum sum = {.outside = -1, .charged = -1};

    while (dir != NULL && (entry.name = g_dir_read_name(dir)) != NULL)
        take_entry(&entry, &sum);
    return (FotaSupply){
        .on_mains = sum.outside >= 0 ? sum.outside : sum.charged,
        .battery = sum.n_batteries > 0 ? (int)(sum.percents / sum.n_batteries) : -1,
    };
}
