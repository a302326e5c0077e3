/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-supply.h"

typedef struct {
    const char *directory;
    const char *name;
} Entry;

/* The text of one attribute; NULL = it cannot be read, or there is none. */
static char *
read_attribute(const Entry *entry, const char *attribute)
{
    g_autofree char *file = g_build_filename(entry->directory, entry->name, attribute, NULL);
    char *text = NULL;

    return g_file_get_contents(file, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

/* 1 yes, 0 no, -1 not known. */
static int
attribute_is(const Entry *entry, const char *attribute, const char *const *values)
{
    g_autofree char *text = read_attribute(entry, attribute);

    return text != NULL ? g_strv_contains(values, text) : -1;
}

static const char *const from_outside[] = {"Mains", "USB", "Wireless", NULL};
static const char *const stored[] = {"Battery", "UPS", NULL};
static const char *const filling[] = {"Charging", "Full", "Not charging", NULL};
static const char *const emptying[] = {"Discharging", NULL};
static const char *const yes[] = {"1", NULL};
static const char *const no[] = {"0", NULL};
static const char *const device[] = {"Device", NULL};

/* As on_mains, by several: one that says yes is enough, one that does not tell may be it. */
typedef struct {
    gboolean yes, no, unknown;
} Votes;

static void
add_vote(Votes *votes, int vote)
{
    votes->yes |= vote == 1;
    votes->no |= vote == 0;
    votes->unknown |= vote < 0;
}

static int
count_votes(const Votes *votes)
{
    if (votes->yes)
        return 1;
    return votes->no && !votes->unknown ? 0 : -1;
}

typedef struct {
    Votes outside; /* the supplies from outside */
    Votes charged; /* what the batteries say */
    guint n_batteries;
    guint64 percents;
} Sum;

static void
take_battery(const Entry *entry, Sum *sum)
{
    g_autofree char *capacity = read_attribute(entry, "capacity");
    guint64 percent;
    int empties = attribute_is(entry, "status", emptying);

    if (attribute_is(entry, "present", no) == 1)
        return;
    if (capacity != NULL && g_ascii_string_to_unsigned(capacity, 10, 0, 100, &percent, NULL)) {
        sum->percents += percent;
        sum->n_batteries++;
    }
    if (attribute_is(entry, "status", filling) == 1)
        add_vote(&sum->charged, 1);
    else if (empties != 0)
        add_vote(&sum->charged, empties == 1 ? 0 : -1);
}

static void
take_entry(const Entry *entry, Sum *sum)
{
    g_autofree char *type = read_attribute(entry, "type");

    if (attribute_is(entry, "scope", device) == 1)
        return;
    if (type == NULL)
        add_vote(&sum->outside, -1);
    else if (g_strv_contains(stored, type))
        take_battery(entry, sum);
    else if (g_strv_contains(from_outside, type))
        add_vote(&sum->outside, attribute_is(entry, "online", yes));
}

FotaSupply
fota_supply_read(const char *directory)
{
    Entry entry = {.directory = directory != NULL ? directory : "/sys/class/power_supply"};
    g_autoptr(GDir) dir = g_dir_open(entry.directory, 0, NULL);
    Sum sum = {0};
    gboolean any_outside;

    while (dir != NULL && (entry.name = g_dir_read_name(dir)) != NULL)
        take_entry(&entry, &sum);
    any_outside = sum.outside.yes || sum.outside.no || sum.outside.unknown;
    return (FotaSupply){
        .on_mains = count_votes(any_outside ? &sum.outside : &sum.charged),
        .battery = sum.n_batteries > 0 ? (int)(sum.percents / sum.n_batteries) : -1,
    };
}
