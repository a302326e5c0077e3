/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-command.h"

#include <stdarg.h>
#include <string.h>

#include "sim-line.h"

static void
command_free_array(gpointer data)
{
    sim_command_unref(data);
}

/* Up to the `;` outside quotes that ends an extended command. */
static gsize
extended_length(const char *text)
{
    gboolean quoted = FALSE;
    gsize i;

    for (i = 0; text[i] != '\0' && (quoted || text[i] != ';'); i++) {
        if (text[i] == '"')
            quoted = !quoted;
    }
    return i;
}

static char **
split_args(const char *text)
{
    GStrvBuilder *builder = g_strv_builder_new();
    g_autoptr(GString) arg = g_string_new(NULL);
    gboolean quoted = FALSE;
    char **args;

    for (const char *c = text;; c++) {
        if (*c == '\0' || (*c == ',' && !quoted)) {
            g_strv_builder_add(builder, arg->str);
            g_string_truncate(arg, 0);
            if (*c == '\0')
                break;
        } else if (*c == '"') {
            quoted = !quoted;
        } else {
            g_string_append_c(arg, *c);
        }
    }
    args = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return args;
}

static SimCommand *
command_new(const char *text, gsize length, gsize name_length)
{
    SimCommand *command = g_new0(SimCommand, 1);
    const char *rest;

    command->ref_count = 1;
    command->text = g_strndup(text, length);
    command->name = g_ascii_strup(text, (gssize)name_length);
    rest = command->text + name_length;
    if (g_str_equal(rest, "?")) {
        command->form = SIM_FORM_READ;
    } else if (g_str_equal(rest, "=?")) {
        command->form = SIM_FORM_TEST;
    } else if (rest[0] == '=') {
        command->form = SIM_FORM_SET;
        command->args = split_args(rest + 1);
    } else if (rest[0] != '\0') {
        command->args = split_args(rest);
    }
    command->n_args = command->args != NULL ? g_strv_length(command->args) : 0;
    return command;
}

/* `E0`, `&C1`, `S0=0`, `D*99#`: a letter, then a number or, for D, the rest of the line. */
static gsize
basic_length(const char *text, gsize *name_length)
{
    gsize i = text[0] == '&' || text[0] == '\\' ? 1 : 0;

    if (!g_ascii_isalpha(text[i]))
        return 0;
    i++;
    if (g_ascii_toupper(text[0]) == 'S') {
        while (g_ascii_isdigit(text[i]))
            i++;
        *name_length = i;
        return i + strspn(text + i, "=?0123456789");
    }
    *name_length = i;
    if (g_ascii_toupper(text[0]) == 'D')
        return strlen(text);
    return i + strspn(text + i, "0123456789");
}

GPtrArray *
sim_commands_parse(const char *line)
{
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(command_free_array);

    for (const char *p = line; *p != '\0';) {
        gsize length, name_length = 1;

        if (*p == ';' || *p == ' ') {
            p++;
            continue;
        }
        if (strchr("+#^*%$", *p) != NULL) {
            length = extended_length(p);
            while (g_ascii_isalnum(p[name_length]) || p[name_length] == '_')
                name_length++;
            if (p[name_length] != '\0' && strchr("=?;", p[name_length]) == NULL)
                return NULL;
        } else {
            length = basic_length(p, &name_length);
            if (length == 0)
                return NULL;
        }
        g_ptr_array_add(commands, command_new(p, length, name_length));
        p += length;
    }
    return g_steal_pointer(&commands);
}

SimCommand *
sim_command_ref(SimCommand *command)
{
    command->ref_count++;
    return command;
}

void
sim_command_unref(SimCommand *command)
{
    if (--command->ref_count > 0)
        return;
    g_strfreev(command->args);
    g_free(command->name);
    g_free(command->text);
    g_free(command);
}

const char *
sim_command_arg(SimCommand *command, guint index)
{
    if (index >= command->n_args || command->args[index][0] == '\0')
        return NULL;
    return command->args[index];
}

gboolean
sim_command_number(SimCommand *command, guint index, int min, int max, int *value)
{
    const char *arg = sim_command_arg(command, index);
    gint64 number;

    if (arg == NULL)
        return TRUE;
    if (!g_ascii_string_to_signed(arg, 10, min, max, &number, NULL))
        return FALSE;
    *value = (int)number;
    return TRUE;
}

void
sim_command_info(SimCommand *command, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (command->line != NULL)
        sim_line_info(command->line, text);
}

void
sim_command_finish(SimCommand *command, SimResult result)
{
    if (command->line != NULL)
        sim_line_command_done(command->line, result);
    sim_command_unref(command);
}

/* 27.007 9.2.1, then the old Telit families' numbers, whose wording is the project's summary of
 * the public tables. */
static const struct {
    int number;
    const char *text;
} cme_texts[] = {
    {3, "operation not allowed"},
    {4, "operation not supported"},
    {10, "SIM not inserted"},
    {11, "SIM PIN required"},
    {12, "SIM PUK required"},
    {14, "SIM busy"},
    {16, "incorrect password"},
    {20, "memory full"},
    {21, "invalid index"},
    {22, "not found"},
    {30, "no network service"},
    {50, "incorrect parameters"},
    {SIM_CME_UNKNOWN, "unknown"},
    {401, "wrong state"},
    {403, "context already activated"},
    {405, "context activation failed"},
    {421, "FTP: cannot connect"},
    {423, "FTP: error"},
    {424, "FTP: wrong state"},
    {426, "FTP: cannot resolve name"},
    {428, "FTP: cannot connect control socket"},
    {429, "FTP: bad or no server answer"},
    {430, "FTP: not connected"},
    {431, "FTP: already connected"},
    {432, "FTP: context down"},
    {SIM_CME_COLLISION, "FOTA is in collision state"},
    {SIM_CME_NOT_COMPLETE, "Previous command is not complete"},
};

const char *
sim_cme_text(int number)
{
    for (guint i = 0; i < G_N_ELEMENTS(cme_texts); i++) {
        if (cme_texts[i].number == number)
            return cme_texts[i].text;
    }
    return NULL;
}
