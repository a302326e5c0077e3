/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-progress.h"

#include <stdio.h>
#include <string.h>

#include "ctl/ctl-format.h"
#include "base/fota-clock.h"

/* Columns a line has left beside its bar. */
#define BAR_FROM_WIDTH 76
#define BAR_CELLS 20

void
ctl_progress_clear(CtlProgress *progress)
{
    if (progress->open != NULL)
        putchar('\n');
    g_clear_pointer(&progress->open, g_free);
    g_clear_pointer(&progress->line, g_free);
}

gboolean
ctl_progress_is_running(const CtlModule *module)
{
    static const char *const running[] = {"scheduled",  "fetching",  "downloading",
                                          "installing", "verifying", NULL};

    return g_strv_contains(running, ctl_dict_get_text(module->properties, "State"));
}

static char *
format_bar(guint percent)
{
    char cells[BAR_CELLS + 1];

    memset(cells, '-', BAR_CELLS);
    memset(cells, '#', MIN(percent, 100) * BAR_CELLS / 100);
    cells[BAR_CELLS] = '\0';
    return g_strdup_printf("[%s] ", cells);
}

static char *
format_bytes(GVariant *properties)
{
    guint64 total = ctl_dict_get_number(properties, "BytesTotal");
    g_autofree char *received = ctl_format_bytes(ctl_dict_get_number(properties, "BytesReceived"));
    g_autofree char *of = ctl_format_bytes(total);

    return total == 0 ? g_strdup("") : g_strdup_printf("  %s of %s", received, of);
}

/* What the module waits for, or the error that stopped it. */
static char *
format_remark(const CtlModule *module)
{
    g_autoptr(GVariant) blockers = g_variant_lookup_value(module->properties, "Blockers", NULL);
    const char *state = ctl_dict_get_text(module->properties, "State");
    g_autofree char *list = blockers != NULL ? ctl_format_list(blockers) : g_strdup("");
    const char *name = "", *text = "";

    if (g_str_equal(state, "scheduled") && list[0] != '\0')
        return g_strdup_printf("  waits for %s", list);
    g_variant_lookup(module->properties, "LastError", "(&s&s)", &name, &text);
    if (g_str_equal(state, "failed"))
        return g_strdup_printf("  %s: %s", name, text);
    return g_strdup("");
}

static char *
format_elapsed(const CtlModule *module)
{
    gint64 seconds = (g_get_monotonic_time() - module->running_since) / G_USEC_PER_SEC;

    return g_strdup_printf("  %d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                           (int)(seconds % 60));
}

static char *
format_line(const CtlModule *module, gboolean many, gboolean terminal)
{
    const char *state = ctl_dict_get_text(module->properties, "State");
    guint percent = (guint)ctl_dict_get_number(module->properties, "Progress");
    gboolean running = ctl_progress_is_running(module);
    gboolean wide = terminal && ctl_format_get_width() >= BAR_FROM_WIDTH;
    g_autofree char *bar = running && wide ? format_bar(percent) : g_strdup("");
    g_autofree char *bytes = running ? format_bytes(module->properties) : g_strdup("");
    g_autofree char *remark = format_remark(module);
    g_autofree char *elapsed = running && terminal ? format_elapsed(module) : g_strdup("");
    g_autofree char *done = running ? g_strdup_printf("%s%3u %%", bar, percent) : g_strdup("");
    g_autofree char *line = g_strdup_printf("%s%s%-13s %s%s%s%s", many ? module->imei : "",
                                            many ? "  " : "", state, done, bytes, elapsed, remark);

    return ctl_format_clean(g_strchomp(line));
}

/* A change in these gets a new line where lines cannot be redrawn. */
static char *
format_key(const CtlModule *module)
{
    g_autofree char *remark = format_remark(module);

    return g_strdup_printf("%s %s %" G_GUINT64_FORMAT "%s", module->imei,
                           ctl_dict_get_text(module->properties, "State"),
                           ctl_dict_get_number(module->properties, "Progress"), remark);
}

static void
redraw_line(CtlProgress *progress, const CtlModule *module, const char *line)
{
    g_autofree char *key =
        g_strconcat(module->imei, ctl_dict_get_text(module->properties, "State"), NULL);
    /* A line that wraps cannot be redrawn; what does not fit is left out. */
    g_autofree char *fitting =
        g_utf8_substring(line, 0, MIN(g_utf8_strlen(line, -1), (glong)ctl_format_get_width() - 1));

    if (progress->open != NULL && !g_str_equal(progress->open, key))
        putchar('\n');
    printf("\r%s\033[K", fitting);
    fflush(stdout);
    g_free(progress->open);
    progress->open = g_steal_pointer(&key);
}

void
ctl_progress_show(CtlProgress *progress, CtlModule *module)
{
    gboolean terminal = ctl_format_is_terminal();
    g_autofree char *key = format_key(module);
    g_autofree char *line = NULL;

    if (!ctl_progress_is_running(module))
        module->running_since = 0;
    else if (module->running_since == 0)
        module->running_since = g_get_monotonic_time();
    line = format_line(module, progress->many, terminal);
    if (terminal)
        redraw_line(progress, module, line);
    else if (g_strcmp0(key, progress->line) != 0)
        ctl_progress_say(progress, "%s", line);
    g_free(progress->line);
    progress->line = g_steal_pointer(&key);
}

void
ctl_progress_say(CtlProgress *progress, const char *format, ...)
{
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_local(fota_clock_now() / G_USEC_PER_SEC);
    g_autofree char *time = g_date_time_format(now, "%H:%M:%S");
    va_list arguments;

    if (progress->open != NULL)
        putchar('\n');
    g_clear_pointer(&progress->open, g_free);
    if (!ctl_format_is_terminal())
        printf("%s  ", time);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}
