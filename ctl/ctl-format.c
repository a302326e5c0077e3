/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-format.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fota-clock.h"

#define LABEL_COLUMNS 17
#define DEFAULT_WIDTH 80

char *
ctl_format_duration(guint64 seconds)
{
    static const struct {
        guint64 seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    guint i = 0;
    guint64 rest;

    while (i < G_N_ELEMENTS(units) - 1 && seconds < units[i].seconds)
        i++;
    rest = seconds % units[i].seconds;
    if (i + 1 < G_N_ELEMENTS(units) && rest / units[i + 1].seconds > 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT " %s",
                               seconds / units[i].seconds, units[i].name,
                               rest / units[i + 1].seconds, units[i + 1].name);
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", seconds / units[i].seconds, units[i].name);
}

char *
ctl_format_time(guint64 microseconds)
{
    gint64 seconds = (gint64)(microseconds / G_USEC_PER_SEC);
    gint64 away = seconds - fota_clock_now() / G_USEC_PER_SEC;
    g_autofree char *distance = ctl_format_duration((guint64)ABS(away));
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);
    g_autofree char *text = NULL;

    if (microseconds == 0 || time == NULL)
        return g_strdup("never");
    text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
    return g_strdup_printf(away > 0 ? "%s (in %s)" : "%s (%s ago)", text, distance);
}

char *
ctl_format_bytes(guint64 bytes)
{
    if (bytes < 1000)
        return g_strdup_printf("%" G_GUINT64_FORMAT " B", bytes);
    if (bytes < 1000000)
        return g_strdup_printf("%.1f kB", (double)bytes / 1e3);
    return g_strdup_printf("%.1f MB", (double)bytes / 1e6);
}

char *
ctl_format_list(GVariant *strings)
{
    g_autofree const char **list = g_variant_get_strv(strings, NULL);

    return g_strjoinv(", ", (char **)list);
}

char *
ctl_format_value(GVariant *value)
{
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
        return g_variant_dup_string(value, NULL);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
        return g_strdup(g_variant_get_boolean(value) ? "yes" : "no");
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY))
        return ctl_format_list(value);
    return g_variant_print(value, FALSE);
}

gboolean
ctl_format_is_terminal(void)
{
    return isatty(STDOUT_FILENO) && g_strcmp0(getenv("TERM"), "dumb") != 0;
}

guint
ctl_format_get_width(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return DEFAULT_WIDTH;
    return size.ws_col;
}

char *
ctl_format_colour(CtlColour colour, const char *text)
{
    if (colour == CTL_COLOUR_NONE || !ctl_format_is_terminal() || getenv("NO_COLOR") != NULL)
        return g_strdup(text);
    return g_strdup_printf("\033[%dm%s\033[0m", colour == CTL_COLOUR_GOOD ? 32 : 31, text);
}

char *
ctl_format_clean(const char *text)
{
    GString *clean = g_string_new(NULL);

    for (; text[0] != '\0'; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);

        g_string_append_unichar(clean, g_unichar_iscntrl(character) ? ' ' : character);
    }
    return g_string_free(clean, FALSE);
}

/* Like printf's %-*s, which counts bytes and is right for ASCII only. */
static void
print_padded(const char *text, glong columns)
{
    g_autofree char *clean = ctl_format_clean(text);

    fputs(clean, stdout);
    for (glong i = g_utf8_strlen(text, -1); i < columns; i++)
        putchar(' ');
}

void
ctl_print_field(const char *label, const char *value)
{
    if (value[0] == '\0')
        return;
    print_padded(label, LABEL_COLUMNS);
    print_padded(value, 0);
    putchar('\n');
}

void
ctl_print_table(const char *const *cells, guint n_rows, guint n_columns)
{
    g_autofree glong *widths = g_new0(glong, n_columns);

    for (guint i = 0; i < n_rows * n_columns; i++)
        widths[i % n_columns] = MAX(widths[i % n_columns], g_utf8_strlen(cells[i], -1));
    for (guint i = 0; i < n_rows * n_columns; i++) {
        gboolean last = i % n_columns == n_columns - 1;

        print_padded(cells[i], last ? 0 : widths[i % n_columns] + 2);
        if (last)
            putchar('\n');
    }
}

void
ctl_print_json(GVariant *value)
{
    g_autoptr(GVariant) sunk = g_variant_ref_sink(value);
    g_autoptr(JsonNode) node = json_gvariant_serialize(sunk);
    g_autofree char *text = json_to_string(node, FALSE);

    puts(text);
    fflush(stdout);
}

gboolean
ctl_format_wants_json(const char *const *arguments)
{
    for (; *arguments != NULL && !g_str_equal(*arguments, "--"); arguments++) {
        if (g_str_equal(*arguments, "--json"))
            return TRUE;
    }
    return FALSE;
}

gboolean
ctl_format_close(const char *program)
{
    gboolean waits = __fpending(stdout) > 0;
    gboolean lost = ferror(stdout) != 0;

    /* Whoever has closed it beforehand wants nothing of it. */
    if (fclose(stdout) != 0)
        lost = lost || waits || errno != EBADF;
    if (lost)
        fprintf(stderr, "%s: the output could not be written, and is not whole\n", program);
    return !lost;
}
