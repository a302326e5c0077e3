/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-line.h"

#include "sim-module.h"

#define STORM_LINES 10
/* As in the log, and in real time whatever the scale: a host that takes CONNECT for the end of the
 * answer has to get just that. */
#define CONNECT_GAP_MS 80
#define END_GAP_MS 16
#define ASK_SECONDS 0.05 /* reading a setting, however slow setting it is */
#define HELD_MS 20       /* between two looks whether a command is still held */

struct _SimLine {
    SimModule *module;
    SimPort *port;
    int cmee;
    GQueue waiting;      /* command lines that came while one was being answered */
    GPtrArray *commands; /* of the line being answered; NULL: idle */
    guint next;
    guint n_info; /* lines of the present command's answer so far */
    guint timer;
    gboolean hung; /* until the tty goes */
    gboolean storm;
    gboolean interrupted; /* by a line that is no part of the answer */
    gboolean lost_result;
    gboolean doubled_result;
    GPtrArray *at_open;
    SimCommand *sending; /* the one that has the line in data mode */
    GBytes *file;        /* its bytes, before the first one goes */
    guint file_timer;
};

static void line_run_next(SimLine *line);
static void line_start(SimLine *line, const char *text);

static void
line_storm(SimLine *line)
{
    for (guint i = 0; line->storm && i < STORM_LINES; i++)
        sim_line_urc(line, i % 2 == 0 ? "+CEREG: 1" : "#OTAEV: #920");
}

/* TRUE: there was something. */
static gboolean
line_chatter(SimLine *line)
{
    const SimPersonality *personality = line->module->personality;
    const char *text = personality->chatter != NULL ? personality->chatter(line->module) : NULL;

    if (text != NULL)
        sim_line_urc(line, text);
    return text != NULL;
}

static char *
result_text(SimLine *line, SimResult result)
{
    const char *text = sim_cme_text(result);

    if (result == SIM_OK)
        return g_strdup("OK");
    if (result == SIM_NO_CARRIER)
        return g_strdup("NO CARRIER");
    if (result == SIM_UNKNOWN && line->module->personality->unknown != NULL)
        return g_strdup(line->module->personality->unknown);
    if (result < 0 || line->cmee == 0)
        return g_strdup("ERROR");
    if (line->cmee == 2 && text != NULL)
        return g_strdup_printf("+CME ERROR: %s", text);
    return g_strdup_printf("+CME ERROR: %d", result > SIM_CME_WORDS ? SIM_CME_UNKNOWN : result);
}

static void
line_end(SimLine *line, SimResult result)
{
    g_autofree char *text = result_text(line, result);
    char *waiting;

    line_storm(line);
    if (result != SIM_SILENT && !line->lost_result)
        sim_port_answer(line->port, text);
    if (result != SIM_SILENT && line->doubled_result)
        sim_port_answer(line->port, text);
    line_storm(line);
    sim_port_end(line->port);
    g_clear_pointer(&line->commands, g_ptr_array_unref);
    waiting = g_queue_pop_head(&line->waiting);
    if (waiting != NULL)
        line_start(line, waiting);
    g_free(waiting);
}

void
sim_line_command_done(SimLine *line, SimResult result)
{
    if (result == SIM_OK && ++line->next < line->commands->len)
        line_run_next(line);
    else
        line_end(line, result);
}

static gboolean
on_command_due(gpointer user_data)
{
    SimLine *line = user_data;
    SimCommand *command = g_ptr_array_index(line->commands, line->next);
    const SimCommandDef *def = sim_module_find_command(line->module, command->name);
    SimResult result = SIM_UNKNOWN;

    line->timer = 0;
    if (sim_faults_take(line->module->faults, "held", command->text, NULL)) {
        line->timer = g_timeout_add(HELD_MS, on_command_due, line);
        return G_SOURCE_REMOVE;
    }
    line->n_info = 0;
    command->line = line;
    command->module = line->module;
    line_storm(line);
    line_chatter(line);
    if (def != NULL && def->needs_sim && sim_module_is_sim_busy(line->module))
        result = SIM_CME_SIM_BUSY;
    else if (def != NULL && def->needs_sim && !sim_module_is_unlocked(line->module))
        result = SIM_CME_SIM_PIN;
    else if (sim_faults_take(line->module->faults, "refused", command->text, NULL))
        result = SIM_ERROR;
    else if (def != NULL)
        result = def->run(line->module, command);
    if (result != SIM_PENDING)
        sim_line_command_done(line, result);
    return G_SOURCE_REMOVE;
}

static void
line_run_next(SimLine *line)
{
    SimCommand *command = g_ptr_array_index(line->commands, line->next);
    const SimCommandDef *def = sim_module_find_command(line->module, command->name);
    double seconds = def != NULL ? def->seconds : 0;

    if (command->form == SIM_FORM_READ || command->form == SIM_FORM_TEST)
        seconds = MIN(seconds, ASK_SECONDS);
    sim_faults_take_number(line->module->faults, "slow-answer", command->text, &seconds);
    seconds += sim_module_take_first_delay(line->module);
    line->timer = g_timeout_add(sim_ms(line->module->sim, seconds), on_command_due, line);
}

/* The faults of the AT line itself. */
static SimPortManner
line_take_faults(SimLine *line, const char *text)
{
    SimFaults *faults = line->module->faults;
    SimPortManner manner = 0;

    line->storm = sim_faults_take(faults, "urc-storm", text, NULL);
    line->lost_result = sim_faults_take(faults, "lost-ok", text, NULL);
    line->doubled_result = sim_faults_take(faults, "doubled-ok", text, NULL);
    if (sim_faults_take(faults, "mute", text, NULL))
        manner |= SIM_PORT_MUTE;
    if (sim_faults_take(faults, "split-lines", text, NULL))
        manner |= SIM_PORT_SPLIT;
    if (sim_faults_take(faults, "glued-lines", text, NULL))
        manner |= SIM_PORT_GLUE;
    return manner;
}

static void
line_start(SimLine *line, const char *text)
{
    const char *body = text + strlen("AT");

    if (sim_faults_take(line->module->faults, "echo-on", body, NULL))
        sim_port_set_echo(line->port, TRUE);
    sim_port_begin(line->port, line_take_faults(line, body));
    sim_port_echo(line->port, text);
    line->commands = sim_commands_parse(body);
    line->next = 0;
    if (line->commands == NULL || line->commands->len == 0)
        line_end(line, line->commands == NULL ? SIM_ERROR : SIM_OK);
    else
        line_run_next(line);
}

/* Discards all input. */
static gboolean
line_is_hung(SimLine *line, const char *text)
{
    SimModule *module = line->module;
    const char *body = g_ascii_strncasecmp(text, "AT", 2) == 0 ? text + strlen("AT") : text;

    if (sim_faults_take(module->faults, "tty-hung", body, NULL))
        line->hung = TRUE;
    if (sim_faults_take(module->faults, "hung", body, NULL))
        module->hung = TRUE;
    return line->hung || module->hung;
}

static void
on_port_line(SimPort *port, const char *text, gpointer user_data)
{
    SimLine *line = user_data;

    if (text != NULL && line_is_hung(line, text))
        return;
    if (text == NULL) {
        sim_port_answer(port, "ERROR");
        return;
    }
    if (g_ascii_strncasecmp(text, "AT", 2) != 0) {
        sim_port_echo(port, text);
        return;
    }
    if (line->commands != NULL)
        g_queue_push_tail(&line->waiting, g_strdup(text));
    else
        line_start(line, text);
}

static gboolean
on_file_end(gpointer user_data)
{
    SimLine *line = user_data;

    line->file_timer = 0;
    sim_port_leave_data_mode(line->port);
    sim_command_finish(g_steal_pointer(&line->sending), SIM_NO_CARRIER);
    return G_SOURCE_REMOVE;
}

/* All bytes were sent, or are no longer needed. */
static gboolean
on_file_sent(gpointer user_data)
{
    SimLine *line = user_data;

    if (line->sending != NULL)
        line->file_timer = g_timeout_add(END_GAP_MS, on_file_end, line);
    return G_SOURCE_REMOVE;
}

static gboolean
on_file_begin(gpointer user_data)
{
    SimLine *line = user_data;
    gsize length;
    const guint8 *data = g_bytes_get_data(line->file, &length);

    line->file_timer = 0;
    sim_port_data(line->port, data, length);
    g_clear_pointer(&line->file, g_bytes_unref);
    sim_port_when_drained(line->port, on_file_sent, line);
    return G_SOURCE_REMOVE;
}

static void
on_port_escape(SimPort *port, gpointer user_data)
{
    SimLine *line = user_data;

    if (line->file != NULL) { /* no byte has been sent */
        g_clear_pointer(&line->file, g_bytes_unref);
        g_clear_handle_id(&line->file_timer, g_source_remove);
        on_file_sent(line);
    }
    sim_port_discard_output(port);
}

void
sim_line_send_file(SimLine *line, SimCommand *command, GBytes *bytes)
{
    line->sending = command;
    line->file = g_bytes_ref(bytes);
    sim_port_answer(line->port, "CONNECT");
    sim_port_enter_data_mode(line->port);
    line->file_timer = g_timeout_add(CONNECT_GAP_MS, on_file_begin, line);
}

void
sim_line_take_data(SimLine *line, SimPortBytesFunc func, gpointer user_data)
{
    sim_port_answer(line->port, "CONNECT");
    sim_port_enter_data_mode(line->port);
    sim_port_take_data(line->port, func, user_data);
}

void
sim_line_end_data(SimLine *line)
{
    sim_port_take_data(line->port, NULL, NULL);
    sim_port_leave_data_mode(line->port);
}

static void
on_port_bytes(SimPort *port, const guint8 *bytes, gsize length, gpointer user_data)
{
    SimLine *line = user_data;

    line->module->personality->take_bytes(line->module, line, bytes, length);
}

SimLine *
sim_line_new(SimModule *module, const char *tty, int fd)
{
    static const SimPortHandler by_line = {.line = on_port_line, .escape = on_port_escape};
    static const SimPortHandler by_bytes = {.bytes = on_port_bytes};
    gboolean raw = module->personality->take_bytes != NULL;
    SimLine *line = g_new0(SimLine, 1);

    line->module = module;
    line->port = sim_port_new(tty, fd, module->log, raw ? &by_bytes : &by_line, line);
    line->at_open = g_ptr_array_new_with_free_func(g_free);
    g_queue_init(&line->waiting);
    return line;
}

void
sim_line_free(SimLine *line)
{
    SimCommand *sending = g_steal_pointer(&line->sending);

    g_clear_handle_id(&line->timer, g_source_remove);
    g_clear_handle_id(&line->file_timer, g_source_remove);
    g_clear_pointer(&line->file, g_bytes_unref);
    for (guint i = 0; line->commands != NULL && i < line->commands->len; i++)
        ((SimCommand *)g_ptr_array_index(line->commands, i))->line = NULL;
    if (sending != NULL)
        sim_command_finish(sending, SIM_NO_CARRIER);
    sim_port_free(line->port);
    g_clear_pointer(&line->commands, g_ptr_array_unref);
    g_queue_clear_full(&line->waiting, g_free);
    g_ptr_array_unref(line->at_open);
    g_free(line);
}

SimPort *
sim_line_get_port(SimLine *line)
{
    return line->port;
}

int
sim_line_get_cmee(SimLine *line)
{
    return line->cmee;
}

void
sim_line_set_cmee(SimLine *line, int cmee)
{
    line->cmee = cmee;
}

void
sim_line_set_open(SimLine *line, gboolean open)
{
    sim_port_set_open(line->port, open);
    if (!open)
        return;
    for (guint i = 0; i < line->at_open->len; i++)
        sim_port_urc(line->port, g_ptr_array_index(line->at_open, i));
    g_ptr_array_set_size(line->at_open, 0);
}

void
sim_line_info(SimLine *line, const char *text)
{
    if (line->n_info++ == 0 || line->storm || line->interrupted)
        sim_port_answer(line->port, text);
    else
        sim_port_answer_more(line->port, text);
    line_storm(line);
    line->interrupted = line_chatter(line);
}

void
sim_line_raw(SimLine *line, const guint8 *bytes, gsize length)
{
    sim_port_data(line->port, bytes, length);
    sim_port_data(line->port, (const guint8 *)"\r\n", 2);
}

void
sim_line_urc(SimLine *line, const char *text)
{
    sim_port_urc(line->port, text);
}

void
sim_line_urc_at_open(SimLine *line, const char *text)
{
    if (sim_port_is_open(line->port))
        sim_port_urc(line->port, text);
    else
        g_ptr_array_add(line->at_open, g_strdup(text));
}
