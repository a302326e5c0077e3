/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-replay-play.h"

#include <string.h>

/* Where the log has no time: of a departure and of a return, in the module's time. */
#define LEAVE_SECONDS 1
#define RETURN_SECONDS 10
/* In real time, whatever the scale: two entries with exact bytes are two reads. */
#define READ_MS 20
/* A host that sends so much without a CR sends no command. */
#define INPUT_MAX 4096

typedef struct {
    guint tty;
    char *text;
} Early;

static void
early_free(gpointer data)
{
    Early *early = data;

    g_free(early->text);
    g_free(early);
}

static const SimReplayEntry *
replay_entry(const SimReplay *replay, guint index)
{
    return index < replay->log->entries->len ? g_ptr_array_index(replay->log->entries, index)
                                             : NULL;
}

const SimReplayEntry *
sim_replay_next(const SimReplay *replay)
{
    return replay_entry(replay, replay->next);
}

/* The tty, while it is there and a program has it open; else NULL. */
static SimPort *
replay_port(SimModule *module, guint tty)
{
    SimPort *port;

    if (tty >= module->lines->len)
        return NULL;
    port = sim_line_get_port(g_ptr_array_index(module->lines, tty));
    return sim_port_is_open(port) ? port : NULL;
}

/* Where the log knows one tty only, the host may use any: the module answers where it was asked
 * last. */
static gboolean
replay_is_tty(const SimReplay *replay, const SimReplayEntry *entry, guint tty)
{
    return replay->log->ttys->len == 0 || entry->tty == tty;
}

static SimPort *
replay_port_of(SimModule *module, const SimReplayEntry *entry)
{
    SimReplay *replay = module->state;
    SimPort *port =
        replay_port(module, replay->log->ttys->len == 0 ? replay->last_tty : entry->tty);

    for (guint i = 0; port == NULL && replay->log->ttys->len == 0 && i < module->lines->len; i++)
        port = replay_port(module, i);
    return port;
}

/* An echo ends with CR; an answer begins with CR LF, as V.250 has it, unless the log shows that
 * blank line itself. */
static void
replay_say(SimModule *module, SimPort *port, guint index)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *entry = replay_entry(replay, index);
    const SimReplayEntry *before = index > 0 ? replay_entry(replay, index - 1) : NULL;
    gboolean echo =
        before != NULL && before->kind == SIM_REPLAY_ASK &&
        g_str_has_prefix(entry->text->str, before->text->str) &&
        strspn(entry->text->str + before->text->len, "\r") == entry->text->len - before->text->len;
    g_autoptr(GString) bytes = g_string_new(NULL);

    if (!entry->exact && !echo && replay->answering && entry->text->len > 0)
        g_string_append(bytes, "\r\n");
    g_string_append_len(bytes, entry->text->str, (gssize)entry->text->len);
    if (!entry->exact)
        g_string_append(bytes, echo ? "\r" : "\r\n");
    replay->answering = replay->answering && echo;
    replay->data_mode = strncmp(bytes->str + strspn(bytes->str, "\r\n"), "CONNECT", 7) == 0;
    sim_port_bytes(port, (const guint8 *)bytes->str, bytes->len);
}

static void
replay_set_base(SimReplay *replay, const SimReplayEntry *entry)
{
    if (!entry->timed)
        return;
    replay->base_log = entry->seconds;
    replay->base_real = g_get_monotonic_time();
    replay->based = TRUE;
}

/* Milliseconds until the entry's turn. */
static guint
replay_delay(SimModule *module, const SimReplayEntry *entry)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *before = replay->next > 0 ? replay_entry(replay, replay->next - 1) : NULL;
    double ms = 0;

    if (entry->timed && replay->based)
        ms = (entry->seconds - replay->base_log) * 1000 / module->sim->scale -
             (double)(g_get_monotonic_time() - replay->base_real) / 1000;
    else if (entry->kind == SIM_REPLAY_LEAVE)
        ms = sim_ms(module->sim, LEAVE_SECONDS);
    else if (entry->kind == SIM_REPLAY_RETURN)
        ms = sim_ms(module->sim, RETURN_SECONDS);
    if (entry->exact && before != NULL && before->kind == SIM_REPLAY_SAY)
        ms = MAX(ms, READ_MS);
    return (guint)MAX(ms, 0);
}

static void
replay_leave(SimModule *module)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *entry = replay_entry(replay, replay->next++);

    sim_log_event(module->log, "line %u %s", entry->line, entry->text->str);
    replay->leaving = TRUE;
    sim_module_stop(module);
    replay->leaving = FALSE;
    sim_replay_advance(module);
}

/* Does what the log says next. FALSE: it cannot be done yet. */
static gboolean
replay_do(SimModule *module, const SimReplayEntry *entry)
{
    SimReplay *replay = module->state;
    SimPort *port = replay_port_of(module, entry);

    if (entry->kind == SIM_REPLAY_SAY && port == NULL)
        return FALSE;
    replay_set_base(replay, entry);
    if (entry->kind == SIM_REPLAY_SAY) {
        replay_say(module, port, replay->next);
        replay->next++;
        return TRUE;
    }
    if (entry->kind == SIM_REPLAY_LEAVE) {
        sim_module_leave(module, replay_leave);
        return FALSE;
    }
    replay->next++;
    sim_log_event(module->log, "line %u %s", entry->line, entry->text->str);
    if (entry->kind == SIM_REPLAY_RETURN)
        sim_module_start(module);
    return TRUE;
}

static gboolean
on_replay_due(gpointer user_data)
{
    SimModule *module = user_data;
    SimReplay *replay = module->state;

    replay->timer = 0;
    if (replay_do(module, sim_replay_next(replay)))
        sim_replay_advance(module);
    return G_SOURCE_REMOVE;
}

/* The first entry from `from` on, up to the module's next departure, where the host sends `text`.
 */
static guint
replay_find(const SimReplay *replay, guint from, guint tty, const char *text)
{
    const SimReplayEntry *entry;

    for (guint i = from; (entry = replay_entry(replay, i)) != NULL; i++) {
        if (entry->kind == SIM_REPLAY_LEAVE)
            break;
        if (entry->kind == SIM_REPLAY_ASK && !entry->exact && entry->n_bytes == 0 &&
            replay_is_tty(replay, entry, tty) && g_ascii_strcasecmp(entry->text->str, text) == 0)
            return i;
    }
    return G_MAXUINT;
}

/* The same backwards, since the module's last return. */
static guint
replay_find_last(const SimReplay *replay, guint tty, const char *text)
{
    guint found = G_MAXUINT, from = replay->next;

    while (from > 0 && replay_entry(replay, from - 1)->kind != SIM_REPLAY_RETURN)
        from--;
    for (guint i = replay_find(replay, from, tty, text); i < replay->next;
         i = replay_find(replay, i + 1, tty, text))
        found = i;
    return found;
}

/* The log's answer once more, up to its result code; what came by itself behind it does not. */
static void
replay_repeat(SimModule *module, guint index)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *entry;

    replay->answering = TRUE;
    for (guint i = index + 1; (entry = replay_entry(replay, i)) != NULL; i++) {
        SimPort *port = replay_port_of(module, entry);

        if (entry->kind != SIM_REPLAY_SAY || port == NULL)
            return;
        replay_say(module, port, i);
        if (g_str_has_prefix(entry->text->str, "OK") || strstr(entry->text->str, "\nOK\r") ||
            strstr(entry->text->str, "ERROR") != NULL)
            return;
    }
}

/* `AT` alone asks nothing: every module knows it. */
static void
replay_refuse(SimModule *module, guint tty, const char *text)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *next = sim_replay_next(replay);
    SimPort *port = replay_port(module, tty);
    gboolean bare = g_ascii_strcasecmp(text, "AT") == 0;
    g_autofree char *place = next != NULL
                                 ? g_strdup_printf("%s:%u", replay->log->path, next->line)
                                 : g_strdup_printf("%s: end of the log", replay->log->path);

    if (port == NULL)
        return;
    sim_port_answer(port, bare ? "OK" : "ERROR");
    if (bare)
        return;
    replay->n_unknown++;
    sim_log_event(module->log, "%s: the log does not hold '%s' here: ERROR", place, text);
    g_printerr("fota-sim: %s: the log does not hold '%s' here: ERROR\n", place, text);
}

/* The next entry is what the host has just sent. */
static void
replay_take_ask(SimModule *module, guint tty)
{
    SimReplay *replay = module->state;

    replay_set_base(replay, sim_replay_next(replay));
    replay->last_tty = tty;
    replay->answering = TRUE;
    replay->data_mode = FALSE;
    replay->n_received = 0;
    replay->next++;
    sim_replay_advance(module);
}

static void
replay_take_line(SimModule *module, guint tty, const char *text)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *next = sim_replay_next(replay);
    guint ahead = replay_find(replay, replay->next, tty, text);
    guint last = replay_find_last(replay, tty, text);
    gboolean waiting = next != NULL && next->kind == SIM_REPLAY_ASK;
    gboolean first = ahead != G_MAXUINT;

    for (guint i = replay->next; first && i < ahead; i++)
        first = replay_entry(replay, i)->kind != SIM_REPLAY_ASK;
    if (last != G_MAXUINT && !first) {
        replay->last_tty = tty;
        replay_repeat(module, last);
    } else if (ahead == G_MAXUINT) {
        replay_refuse(module, tty, text);
    } else if (!waiting) {
        Early *early = g_new0(Early, 1);

        early->tty = tty;
        early->text = g_strdup(text);
        g_queue_push_tail(&replay->early, early);
    } else {
        if (ahead > replay->next)
            sim_log_event(module->log, "lines %u to %u left out", next->line,
                          replay_entry(replay, ahead)->line - 1);
        replay->next = ahead;
        replay_take_ask(module, tty);
    }
}

void
sim_replay_advance(SimModule *module)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *next;

    while (replay->timer == 0 && (next = sim_replay_next(replay)) != NULL) {
        guint delay;

        if (next->kind == SIM_REPLAY_ASK) {
            Early *early = g_queue_pop_head(&replay->early);

            if (early == NULL)
                return;
            replay_take_line(module, early->tty, early->text);
            early_free(early);
            continue;
        }
        delay = replay_delay(module, next);
        if (delay > 0)
            replay->timer = g_timeout_add(delay, on_replay_due, module);
        else if (!replay_do(module, next))
            return;
    }
}

/* FALSE: more has to come first. */
static gboolean
replay_take_input(SimModule *module, guint tty)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *next = sim_replay_next(replay);
    gboolean ask = next != NULL && next->kind == SIM_REPLAY_ASK && replay_is_tty(replay, next, tty);
    GString *input = replay->input[tty];
    g_autofree char *line = NULL;
    const char *found;

    if (ask && next->n_bytes > 0) {
        gsize n = MIN(input->len, next->n_bytes - replay->n_received);

        g_string_erase(input, 0, (gssize)n);
        replay->n_received += n;
        if (replay->n_received == next->n_bytes)
            replay_take_ask(module, tty);
        return n > 0;
    }
    found = ask && next->exact ? memmem(input->str, input->len, next->text->str, next->text->len)
                               : NULL;
    if (found == input->str || (found != NULL && replay->data_mode)) {
        g_string_erase(input, 0, found - input->str + (gssize)next->text->len);
        replay_take_ask(module, tty);
        return TRUE;
    }
    if (replay->data_mode && !(ask && !next->exact)) {
        g_string_erase(input, 0, (gssize)(input->len - MIN(input->len, ask ? next->text->len : 0)));
        return FALSE;
    }
    found = memchr(input->str, '\r', input->len);
    if (found == NULL)
        return FALSE;
    line = g_strndup(input->str, (gsize)(found - input->str));
    g_string_erase(input, 0, found - input->str + 1);
    g_strstrip(line);
    if (line[0] != '\0') {
        sim_log_host(module->log, sim_port_get_tty(sim_line_get_port(module->lines->pdata[tty])),
                     line);
        replay_take_line(module, tty, line);
    }
    return TRUE;
}

void
sim_replay_take_bytes(SimModule *module, SimLine *line, const guint8 *bytes, gsize length)
{
    SimReplay *replay = module->state;
    guint tty;

    if (!g_ptr_array_find(module->lines, line, &tty))
        return;
    g_string_append_len(replay->input[tty], (const char *)bytes, (gssize)length);
    while (replay->input[tty]->len > 0 && replay_take_input(module, tty))
        ;
    if (replay->input[tty]->len > INPUT_MAX)
        g_string_truncate(replay->input[tty], 0);
}

void
sim_replay_stopped(SimModule *module)
{
    SimReplay *replay = module->state;

    for (guint i = 0; i < G_N_ELEMENTS(replay->input); i++)
        g_string_truncate(replay->input[i], 0);
    g_queue_clear_full(&replay->early, early_free);
    replay->data_mode = FALSE;
    replay->answering = FALSE;
    if (replay->leaving)
        return;
    g_clear_handle_id(&replay->timer, g_source_remove);
    replay->next = 0;
    replay->based = FALSE;
}
