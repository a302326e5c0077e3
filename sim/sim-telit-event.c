/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit-ask.h"

#include <string.h>

/* More are discarded, the oldest first. */
#define KEPT_MAX 10
#define NOISE "\xf8\xfe\xf0\xff"

void
sim_telit_events_reset(SimTelitEvents *events)
{
    g_clear_pointer(&events->tty, g_free);
    g_clear_pointer(&events->kept, g_ptr_array_unref);
    events->kept = g_ptr_array_new_with_free_func(g_free);
    events->mode = events->flush = 0;
}

/* NULL: nobody has asked for the lines, or that tty is gone. */
static SimPort *
events_get_port(SimModule *module)
{
    SimTelitEvents *events = &((SimTelit *)module->state)->ask->events;

    for (guint i = 0; i < module->lines->len; i++) {
        SimPort *port = sim_line_get_port(g_ptr_array_index(module->lines, i));

        if (g_strcmp0(sim_port_get_tty(port), events->tty) == 0)
            return port;
    }
    return NULL;
}

/* Only #OTAEV lines of modules with #OTASUAN obey that. */
static gboolean
events_are_kept(SimModule *module, const char *line)
{
    return strstr(line, "#OTAEV:") != NULL && !((SimTelit *)module->state)->ask->kind->rings;
}

static void
events_emit(SimModule *module, const char *line)
{
    SimTelitEvents *events = &((SimTelit *)module->state)->ask->events;
    SimPort *port = events_get_port(module);

    sim_log_event(module->log, "event %s", line);
    if (!events_are_kept(module, line)) {
        sim_module_urc(module, line);
    } else if (events->mode == 0 || port == NULL) {
        if (events->kept->len == KEPT_MAX)
            g_ptr_array_remove_index(events->kept, 0);
        g_ptr_array_add(events->kept, g_strdup(line));
    } else if (events->mode == 2 || !sim_port_is_in_data_mode(port)) {
        sim_port_urc(port, line);
    }
}

/* @text: what on= of a fault is compared with. */
static void
events_say(SimModule *module, const char *line, const char *text)
{
    SimFaults *faults = module->faults;

    if (sim_faults_take(faults, "otaev-lost", text, NULL))
        return;
    if (sim_faults_take(faults, "otaev-strange", text, NULL))
        events_emit(module, "#OTAEV: Fw Server Session 7 Open");
    if (sim_faults_take(faults, "otaev-garbled", text, NULL)) {
        g_autofree char *garbled = g_strdup_printf(NOISE "%s" NOISE, line);

        events_emit(module, garbled);
        return;
    }
    if (sim_faults_take(faults, "otaev-doubled", text, NULL))
        events_emit(module, line);
    events_emit(module, line);
}

void
sim_telit_event(SimModule *module, const char *text)
{
    g_autofree char *line = g_strdup_printf("#OTAEV: %s", text);

    events_say(module, line, text);
}

void
sim_telit_say(SimModule *module, const char *line)
{
    events_say(module, line, line);
}

void
sim_telit_events_set(SimModule *module, SimCommand *command, int mode, int flush)
{
    SimTelitEvents *events = &((SimTelit *)module->state)->ask->events;

    events->mode = mode;
    events->flush = flush;
    g_free(events->tty);
    events->tty = g_strdup(sim_port_get_tty(sim_line_get_port(command->line)));
    if (mode == 0)
        return;
    for (guint i = 0; flush == 1 && i < events->kept->len; i++)
        sim_line_urc(command->line, g_ptr_array_index(events->kept, i));
    g_ptr_array_set_size(events->kept, 0);
}
