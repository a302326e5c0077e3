/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/at/fota-at-reply.h"

#include <string.h>

/* First characters of an extended command, and thus of an answer's name. */
#define SIGNS "+#^$%*!@"

struct _FotaAtReply {
    const FotaPlugin *plugin; /* NULL = none */
    char *command;            /* NULL while no command is under way */
    gboolean calls;           /* it may make a connection, whose end is then its result */
    GPtrArray *names;
    GByteArray *input;
    guint at; /* first unread byte of input */
    GString *line;
    char *text; /* text of the last event's line */
    guint64 cut;
    gboolean skip_newline; /* of the CONNECT line, if its CR ended it */
};

FotaAtReply *
fota_at_reply_new(const FotaPlugin *plugin)
{
    FotaAtReply *reply = g_new0(FotaAtReply, 1);

    reply->plugin = plugin;
    reply->names = g_ptr_array_new_with_free_func(g_free);
    reply->input = g_byte_array_new();
    reply->line = g_string_new(NULL);
    return reply;
}

void
fota_at_reply_free(FotaAtReply *reply)
{
    g_ptr_array_unref(reply->names);
    g_byte_array_unref(reply->input);
    g_string_free(reply->line, TRUE);
    g_free(reply->command);
    g_free(reply->text);
    g_free(reply);
}

/* Length of "+NAME" at @text, 0 when there is none. */
static gsize
name_length(const char *text)
{
    gsize length = 1;

    if (text[0] == '\0' || strchr(SIGNS, text[0]) == NULL || !g_ascii_isalpha(text[1]))
        return 0;
    while (g_ascii_isalnum(text[length]) || text[length] == '_')
        length++;
    return length;
}

char *
fota_at_line_name(const char *line)
{
    gsize length = name_length(line);

    return length > 0 && line[length] == ':' ? g_ascii_strup(line, (gssize)length) : NULL;
}

/* The names in a command line: "+CSQ" and "+CEREG" of `AT+CSQ;+CEREG?`. */
static void
collect_names(const char *command, GPtrArray *names)
{
    gboolean quoted = FALSE;
    gboolean value = FALSE; /* after = or ?, until the next command */

    for (const char *p = command; *p != '\0'; p++) {
        gsize length = quoted || value ? 0 : name_length(p);

        if (length > 0) {
            g_ptr_array_add(names, g_ascii_strup(p, (gssize)length));
            p += length - 1;
        } else if (*p == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            value = *p == ';' ? FALSE : value || *p == '=' || *p == '?';
        }
    }
}

/* Dial, answer, return to data mode (V.250 6.3). */
static gboolean
is_call(const char *command)
{
    return g_ascii_strncasecmp(command, "AT", 2) == 0 && command[2] != '\0' &&
           strchr("DAO", g_ascii_toupper(command[2])) != NULL;
}

void
fota_at_reply_begin(FotaAtReply *reply, const char *command)
{
    g_free(reply->command);
    reply->command = g_strdup(command);
    reply->calls = command != NULL && is_call(command);
    g_ptr_array_set_size(reply->names, 0);
    if (command != NULL)
        collect_names(command, reply->names);
}

void
fota_at_reply_expect_data(FotaAtReply *reply)
{
    reply->calls = TRUE;
}

void
fota_at_reply_feed(FotaAtReply *reply, const guint8 *bytes, gsize length)
{
    g_byte_array_append(reply->input, bytes, (guint)length);
}

/* Moves input to the line until a line is complete; FALSE when the input is used up. */
static gboolean
take_line(FotaAtReply *reply)
{
    while (reply->at < reply->input->len) {
        char c = (char)reply->input->data[reply->at++];

        if (reply->skip_newline && c == '\n') {
            reply->skip_newline = FALSE;
            continue;
        }
        reply->skip_newline = c == '\r';
        if (c == '\r' || c == '\n') {
            if (reply->line->len > 0)
                return TRUE;
        } else if ((guchar)c < ' ' && c != '\t') {
            continue;
        } else if (reply->line->len >= FOTA_AT_LINE_MAX) {
            reply->cut++;
        } else {
            g_string_append_c(reply->line, c);
        }
    }
    g_byte_array_set_size(reply->input, 0);
    reply->at = 0;
    return FALSE;
}

/* How a connection ends, or does not come about: also one that somebody has tried from outside. */
static gboolean
is_call_result(const char *line)
{
    static const char *const texts[] = {"NO CARRIER", "BUSY", "NO DIALTONE", "NO ANSWER", NULL};

    return g_strv_contains(texts, line);
}

/* Whether @list, which may be NULL, has @line, in whatever capitals. */
static gboolean
holds(const char *const *list, const char *line)
{
    while (list != NULL && *list != NULL && g_ascii_strcasecmp(*list, line) != 0)
        list++;
    return list != NULL && *list != NULL;
}

static gboolean
is_refusal(const FotaPlugin *plugin, const char *line, int *number)
{
    guint64 value;

    if (strcmp(line, "ERROR") == 0 || (plugin != NULL && holds(plugin->refusals, line)))
        return TRUE;
    if (g_ascii_strncasecmp(line, "+CME ERROR:", 11) != 0 &&
        g_ascii_strncasecmp(line, "+CMS ERROR:", 11) != 0)
        return FALSE;
    line += 11;
    line += strspn(line, " ");
    if (g_ascii_string_to_unsigned(line, 10, 0, G_MAXINT, &value, NULL))
        *number = (int)value;
    return TRUE;
}

/* What a module says by itself without a name: of a call (V.250 6.3.4), or as its plugin has it. */
static gboolean
is_announcement(const FotaPlugin *plugin, const char *line)
{
    const FotaUnsolicited *row = plugin != NULL ? plugin->unsolicited : NULL;

    if (strcmp(line, "RING") == 0 || (plugin != NULL && holds(plugin->announcements, line)))
        return TRUE;
    while (row != NULL && row->prefix != NULL &&
           (strchr(row->prefix, ':') != NULL || g_ascii_strcasecmp(row->prefix, line) != 0))
        row++;
    return row != NULL && row->prefix != NULL;
}

static gboolean
is_answer(FotaAtReply *reply, const char *line)
{
    g_autofree char *name = fota_at_line_name(line);

    if (reply->command == NULL)
        return FALSE;
    if (name == NULL)
        return !is_announcement(reply->plugin, line);
    return g_ptr_array_find_with_equal_func(reply->names, name, g_str_equal, NULL);
}

static FotaAtEvent
line_classify(FotaAtReply *reply, const char *line, int *number)
{
    gboolean asked = reply->command != NULL;

    if (strcmp(line, "OK") == 0)
        return asked ? FOTA_AT_OK : FOTA_AT_STRAY;
    if (is_call_result(line))
        return reply->calls ? FOTA_AT_ERROR : FOTA_AT_STRAY;
    if (is_refusal(reply->plugin, line, number))
        return asked ? FOTA_AT_ERROR : FOTA_AT_STRAY;
    if (asked && (strcmp(line, "CONNECT") == 0 || g_str_has_prefix(line, "CONNECT ")))
        return FOTA_AT_CONNECT;
    if (asked && g_str_has_suffix(line, reply->command)) /* noise of the line may precede it */
        return FOTA_AT_ECHO;
    return is_answer(reply, line) ? FOTA_AT_INFORMATION : FOTA_AT_UNSOLICITED;
}

FotaAtEvent
fota_at_reply_next(FotaAtReply *reply, const char **line, int *number)
{
    FotaAtEvent event;

    g_clear_pointer(&reply->text, g_free);
    *line = NULL;
    *number = -1;
    do {
        if (!take_line(reply))
            return FOTA_AT_NONE;
        g_free(reply->text);
        reply->text = g_strchomp(g_utf8_make_valid(reply->line->str, (gssize)reply->line->len));
        g_string_truncate(reply->line, 0);
    } while (reply->text[0] == '\0');
    event = line_classify(reply, reply->text, number);
    if (event == FOTA_AT_OK || event == FOTA_AT_ERROR || event == FOTA_AT_CONNECT)
        fota_at_reply_begin(reply, NULL);
    *line = reply->text;
    return event;
}

void
fota_at_reply_take_rest(FotaAtReply *reply, GByteArray *data)
{
    if (reply->at == reply->input->len)
        return;
    if (reply->skip_newline && reply->input->data[reply->at] == '\n')
        reply->at++;
    reply->skip_newline = FALSE;
    g_byte_array_append(data, reply->input->data + reply->at, reply->input->len - reply->at);
    g_byte_array_set_size(reply->input, 0);
    reply->at = 0;
}

guint64
fota_at_reply_get_cut(FotaAtReply *reply)
{
    return reply->cut;
}
