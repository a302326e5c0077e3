/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-replay-log.h"

#include <math.h>
#include <string.h>

#define SIZE_MAX_BYTES (1024 * 1024)
#define SECONDS_MAX (366.0 * 86400)

typedef struct {
    SimReplayLog *log;
    guint line;
    gboolean timed; /* a time has been read, the last one: */
    double seconds;
    guint tty; /* of the last ASK */
} Reader;

static void
entry_free(gpointer data)
{
    SimReplayEntry *entry = data;

    g_string_free(entry->text, TRUE);
    g_free(entry);
}

static gboolean
    G_GNUC_PRINTF(3, 4) reader_refuse(const Reader *reader, GError **error, const char *format, ...)
{
    g_autofree char *expected = NULL;
    va_list args;

    va_start(args, format);
    expected = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s:%u: expected %s", reader->log->path,
                reader->line, expected);
    return FALSE;
}

static SimReplayEntry *
reader_add(Reader *reader, SimReplayKind kind, gboolean timed)
{
    SimReplayEntry *entry = g_new0(SimReplayEntry, 1);

    entry->kind = kind;
    entry->line = reader->line;
    entry->timed = timed;
    entry->seconds = reader->seconds;
    entry->tty = reader->tty;
    entry->text = g_string_new(NULL);
    g_ptr_array_add(reader->log->entries, entry);
    return entry;
}

/* \r, \n, \\ and \<0 to 255>; anything else stands for itself. `exact`: there was one. */
static gboolean
reader_unescape(const Reader *reader, const char *text, GString *bytes, gboolean *exact,
                GError **error)
{
    for (const char *c = text; *c != '\0'; c++) {
        guint number = 0, digits = 0;

        if (*c != '\\') {
            g_string_append_c(bytes, *c);
            continue;
        }
        *exact = TRUE;
        while (digits < 3 && g_ascii_isdigit(c[1 + digits]))
            number = number * 10 + (guint)g_ascii_digit_value(c[1 + digits++]);
        if (c[1] == 'r')
            g_string_append_c(bytes, '\r');
        else if (c[1] == 'n')
            g_string_append_c(bytes, '\n');
        else if (c[1] == '\\')
            g_string_append_c(bytes, '\\');
        else if (digits > 0 && number <= 255)
            g_string_append_c(bytes, (char)number);
        else
            return reader_refuse(reader, error,
                                 "\\r, \\n, \\\\ or \\0 to \\255 where a backslash stands");
        c += MAX(digits, 1);
    }
    return TRUE;
}

/* What an event does, by its words; the first that fits. */
static SimReplayKind
event_kind(const char *text)
{
    static const struct {
        const char *words;
        SimReplayKind kind;
    } table[] = {
        {"port stays", SIM_REPLAY_NOTE},        {"port leaves", SIM_REPLAY_LEAVE},
        {"port hangs up", SIM_REPLAY_LEAVE},    {"restart", SIM_REPLAY_LEAVE},
        {"port comes back", SIM_REPLAY_RETURN}, {"port returns", SIM_REPLAY_RETURN},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strstr(text, table[i].words) != NULL)
            return table[i].kind;
    }
    return SIM_REPLAY_NOTE;
}

/* A restart brings the ports back by itself. */
static gboolean
reader_take_event(Reader *reader, const char *text, gboolean timed, GError **error)
{
    SimReplayKind kind = event_kind(text);

    if (!g_str_has_suffix(text, ")"))
        return reader_refuse(reader, error, "')' at the end of an event");
    g_string_assign(reader_add(reader, kind, timed)->text, text);
    if (kind == SIM_REPLAY_LEAVE && strstr(text, "port ") == NULL)
        g_string_assign(reader_add(reader, SIM_REPLAY_RETURN, FALSE)->text, text);
    return TRUE;
}

static guint
reader_find_tty(Reader *reader, const char *name, gsize length)
{
    GPtrArray *ttys = reader->log->ttys;
    g_autofree char *wanted = g_strndup(name, length);

    for (guint i = 0; i < ttys->len; i++) {
        if (g_str_equal(g_ptr_array_index(ttys, i), wanted))
            return i;
    }
    g_ptr_array_add(ttys, g_steal_pointer(&wanted));
    return ttys->len - 1;
}

/* Takes a trailing `(ttyUSB2)` off. */
static gboolean
reader_take_tty(Reader *reader, char *text, GError **error)
{
    char *name = strrchr(text, '(');

    reader->tty = 0;
    if (name == NULL || !g_str_has_prefix(name, "(tty") || !g_str_has_suffix(name, ")"))
        return TRUE;
    reader->tty = reader_find_tty(reader, name + 1, strlen(name) - 2);
    if (reader->tty >= SIM_REPLAY_MAX_TTYS)
        return reader_refuse(reader, error, "at most %d ttys", SIM_REPLAY_MAX_TTYS);
    *name = '\0';
    return TRUE;
}

/* `7e 00 78`: bytes in hexadecimal, two at least. */
static gboolean
take_hexadecimal(const char *text, GString *bytes)
{
    gsize length = strlen(text);

    if (length < 5 || length % 3 != 2)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (i % 3 == 2 ? text[i] != ' ' : !g_ascii_isxdigit(text[i]))
            return FALSE;
    }
    for (gsize i = 0; i < length; i += 3)
        g_string_append_c(
            bytes, (char)(g_ascii_xdigit_value(text[i]) * 16 + g_ascii_xdigit_value(text[i + 1])));
    return TRUE;
}

/* `(1024 bytes)` */
static gboolean
take_n_bytes(const char *text, gsize *n_bytes)
{
    char *end = NULL;
    guint64 number = text[0] == '(' ? g_ascii_strtoull(text + 1, &end, 10) : 0;

    if (number == 0 || number > G_MAXINT32 || !g_str_equal(end, " bytes)"))
        return FALSE;
    *n_bytes = (gsize)number;
    return TRUE;
}

static gboolean
reader_take_ask(Reader *reader, const char *text, gboolean timed, GError **error)
{
    g_autofree char *command = g_strdup(text);
    SimReplayEntry *entry;

    if (!reader_take_tty(reader, command, error))
        return FALSE;
    g_strchomp(command);
    if (command[0] == '\0')
        return reader_refuse(reader, error, "what the host sent after '>'");
    entry = reader_add(reader, SIM_REPLAY_ASK, timed);
    if (take_n_bytes(command, &entry->n_bytes))
        return TRUE;
    entry->exact = take_hexadecimal(command, entry->text);
    if (!entry->exact)
        g_string_assign(entry->text, command);
    entry->exact = entry->exact || g_str_equal(command, "+++");
    return TRUE;
}

static gboolean
reader_take_say(Reader *reader, const char *text, gboolean timed, GError **error)
{
    SimReplayEntry *entry;

    if (text[0] == '(' && event_kind(text) != SIM_REPLAY_NOTE)
        return reader_take_event(reader, text, timed, error);
    entry = reader_add(reader, SIM_REPLAY_SAY, timed);
    return reader_unescape(reader, text, entry->text, &entry->exact, error);
}

/* `?` or seconds, never earlier than the line before. */
static gboolean
reader_take_time(Reader *reader, const char *text, gboolean *timed, GError **error)
{
    char *end = NULL;
    double seconds = g_ascii_strtod(text, &end);

    *timed = FALSE;
    if (g_str_equal(text, "?"))
        return TRUE;
    if (end == text || *end != '\0' || !isfinite(seconds) || fabs(seconds) > SECONDS_MAX)
        return reader_refuse(reader, error, "'#', '?' or seconds, not '%s'", text);
    if (reader->timed && seconds < reader->seconds)
        return reader_refuse(reader, error, "a time of at least %g, the one before",
                             reader->seconds);
    *timed = reader->timed = TRUE;
    reader->seconds = seconds;
    return TRUE;
}

static gboolean
reader_take_header(Reader *reader, const char *text, GError **error)
{
    g_auto(GStrv) ids = NULL;

    if (!g_str_has_prefix(text, "# usb: "))
        return TRUE;
    ids = g_strsplit(text + strlen("# usb: "), ":", -1);
    if (g_strv_length(ids) != 2 || strlen(ids[0]) != 4 || strlen(ids[1]) != 4 ||
        strspn(ids[0], "0123456789abcdef") != 4 || strspn(ids[1], "0123456789abcdef") != 4)
        return reader_refuse(reader, error, "two ids of four hexadecimal digits, as in 1bc7:1101");
    g_free(reader->log->vendor_id);
    g_free(reader->log->product_id);
    reader->log->vendor_id = g_strdup(ids[0]);
    reader->log->product_id = g_strdup(ids[1]);
    return TRUE;
}

static gboolean
reader_take_line(Reader *reader, const char *text, GError **error)
{
    const char *space = strchr(text, ' ');
    g_autofree char *time = NULL;
    const char *rest;
    gboolean timed;

    if (text[0] == '\0')
        return TRUE;
    if (text[0] == '#')
        return reader_take_header(reader, text, error);
    for (const char *c = text; *c != '\0'; c++) {
        if (g_ascii_iscntrl(*c))
            return reader_refuse(reader, error, "no control character such as \\%d", (guchar)*c);
    }
    time = space != NULL ? g_strndup(text, (gsize)(space - text)) : g_strdup(text);
    if (!reader_take_time(reader, time, &timed, error))
        return FALSE;
    rest = space != NULL ? space + 1 : "";
    if (rest[0] == '(')
        return reader_take_event(reader, rest, timed, error);
    if (rest[0] == '>' && (rest[1] == ' ' || rest[1] == '\0'))
        return reader_take_ask(reader, rest + MIN(strlen(rest), 2), timed, error);
    if (rest[0] == '<' && (rest[1] == ' ' || rest[1] == '\0'))
        return reader_take_say(reader, rest + MIN(strlen(rest), 2), timed, error);
    return reader_refuse(reader, error, "'> command', '< answer' or '(event)' after the time");
}

/* Ports come only after they have gone, and the other way round. */
static gboolean
reader_check_order(Reader *reader, GError **error)
{
    gboolean away = FALSE;

    for (guint i = 0; i < reader->log->entries->len; i++) {
        const SimReplayEntry *entry = g_ptr_array_index(reader->log->entries, i);

        reader->line = entry->line;
        if (entry->kind == SIM_REPLAY_RETURN && !away)
            return reader_refuse(reader, error, "that the port has left before it returns");
        if (entry->kind != SIM_REPLAY_RETURN && entry->kind != SIM_REPLAY_NOTE && away)
            return reader_refuse(reader, error, "'(port returns)' first, since the port has left");
        if (entry->kind == SIM_REPLAY_LEAVE || entry->kind == SIM_REPLAY_RETURN)
            away = entry->kind == SIM_REPLAY_LEAVE;
    }
    if (reader->log->entries->len == 0)
        return reader_refuse(reader, error, "at least one line with a time, '>', '<' or an event");
    return TRUE;
}

SimReplayLog *
sim_replay_log_load(const char *path, GError **error)
{
    g_autoptr(SimReplayLog) log = g_new0(SimReplayLog, 1);
    Reader reader = {.log = log};
    g_autofree char *content = NULL;
    g_auto(GStrv) lines = NULL;
    gsize length;

    log->path = g_strdup(path);
    log->ttys = g_ptr_array_new_with_free_func(g_free);
    log->entries = g_ptr_array_new_with_free_func(entry_free);
    if (!g_file_get_contents(path, &content, &length, error))
        return NULL;
    reader.line = 1;
    if (length > SIZE_MAX_BYTES || !g_utf8_validate(content, (gssize)length, NULL)) {
        reader_refuse(&reader, error, "a log: UTF-8 text of at most %d bytes", SIZE_MAX_BYTES);
        return NULL;
    }
    lines = g_strsplit(content, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        reader.line = i + 1;
        if (!reader_take_line(&reader, lines[i], error))
            return NULL;
    }
    return reader_check_order(&reader, error) ? g_steal_pointer(&log) : NULL;
}

void
sim_replay_log_free(SimReplayLog *log)
{
    g_ptr_array_unref(log->entries);
    g_ptr_array_unref(log->ttys);
    g_free(log->vendor_id);
    g_free(log->product_id);
    g_free(log->path);
    g_free(log);
}
