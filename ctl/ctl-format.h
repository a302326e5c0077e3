/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** µs since the epoch as local time and how far off, "2026-11-21 06:40:01 (in 3 h)"; "never" of 0.
 */
char *ctl_format_time(guint64 microseconds);
/** "1 h 5 min". */
char *ctl_format_duration(guint64 seconds);
/** "123.5 kB". */
char *ctl_format_bytes(guint64 bytes);
/** The elements of an as, separated by ", ". */
char *ctl_format_list(GVariant *strings);
/** A basic value, or an as, as people read it. */
char *ctl_format_value(GVariant *value);

/** Whether standard output is a terminal that can redraw a line. */
gboolean ctl_format_is_terminal(void);
/** Columns of the terminal. */
guint ctl_format_get_width(void);

typedef enum {
    CTL_COLOUR_NONE,
    CTL_COLOUR_GOOD,
    CTL_COLOUR_BAD,
} CtlColour;
/** @text to print in that colour, if standard output is a terminal and NO_COLOR is unset. */
char *ctl_format_colour(CtlColour colour, const char *text);

/** @text without control characters, for the terminal: it may come from an untrusted source. */
char *ctl_format_clean(const char *text);

/** Prints "label     value" with aligned values; nothing when @value is "". */
void ctl_print_field(const char *label, const char *value);
/** Prints rows of @n_columns texts each, aligned; the first is the header. */
void ctl_print_table(const char *const *cells, guint n_rows, guint n_columns);
/** Prints @value (takes a floating reference) as one JSON document on one line. */
void ctl_print_json(GVariant *value);

/** Whether a command line that cannot be parsed asks for its error as JSON. */
gboolean ctl_format_wants_json(const char *const *arguments);

/**
 * Closes standard output at the end of @program. FALSE, and a message on standard error, if
 * something that was printed has been lost, for instance on a full disk.
 */
gboolean ctl_format_close(const char *program);

G_END_DECLS
