/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-units.h"

#include <string.h>

typedef struct {
    const char *name;
    guint64 factor;
} Unit;

static const Unit durations[] = {
    {"", 1},         {"s", 1},       {"sec", 1},       {"second", 1},     {"seconds", 1},
    {"m", 60},       {"min", 60},    {"minute", 60},   {"minutes", 60},   {"h", 3600},
    {"hr", 3600},    {"hour", 3600}, {"hours", 3600},  {"d", 86400},      {"day", 86400},
    {"days", 86400}, {"w", 604800},  {"week", 604800}, {"weeks", 604800},
};

static const Unit sizes[] = {
    {"", 1}, {"B", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1ull << 40},
};

/* Takes one number with its unit from the front of *@text and adds it to *@total. */
static gboolean
take_term(const char **text, const Unit *units, guint n_units, guint64 *total)
{
    const char *start = *text;
    char *unit = NULL;
    guint64 number = 0;
    guint64 product = 0;
    gsize length;

    if (!g_ascii_isdigit(*start))
        return FALSE;
    number = g_ascii_strtoull(start, &unit, 10);
    unit += strspn(unit, " ");
    length = 0;
    while (g_ascii_isalpha(unit[length]))
        length++;
    for (guint i = 0; i < n_units; i++) {
        if (strlen(units[i].name) == length && strncmp(units[i].name, unit, length) == 0) {
            *text = unit + length;
            return g_uint64_checked_mul(&product, number, units[i].factor) &&
                   g_uint64_checked_add(total, *total, product);
        }
    }
    return FALSE;
}

static gboolean
take_terms(const char *text, const Unit *units, guint n_units, guint64 *total)
{
    *total = 0;
    do {
        text += strspn(text, " ");
        if (!take_term(&text, units, n_units, total))
            return FALSE;
        text += strspn(text, " ");
    } while (*text != '\0');
    return *total <= G_MAXINT64;
}

gboolean
fota_parse_duration(const char *text, guint64 *seconds)
{
    return take_terms(text, durations, G_N_ELEMENTS(durations), seconds);
}

gboolean
fota_parse_size(const char *text, guint64 *bytes)
{
    return take_terms(text, sizes, G_N_ELEMENTS(sizes), bytes);
}

gboolean
fota_parse_boolean(const char *text, gboolean *value)
{
    static const char *const yes[] = {"yes", "true", "on", "1", NULL};
    static const char *const no[] = {"no", "false", "off", "0", NULL};

    *value = g_strv_contains(yes, text);
    return *value || g_strv_contains(no, text);
}

gint64
fota_time_add(gint64 time, guint64 seconds)
{
    guint64 room = (guint64)G_MAXINT64 - (guint64)MAX(time, 0);

    if (seconds > room / G_USEC_PER_SEC)
        return G_MAXINT64;
    return time + (gint64)(seconds * G_USEC_PER_SEC);
}
