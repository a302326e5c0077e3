/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-step.h"

#include <signal.h>
#include <stdarg.h>

#define PARTS 4
#define LOOK_MS 2

static gboolean
on_power_back(gpointer user_data)
{
    SimModule *module = user_data;

    module->dark_timer = 0;
    sim_module_power_on(module);
    return G_SOURCE_REMOVE;
}

/* A gateway that loses its power with the module is killed, so that it cannot react. */
static gboolean
on_power_lost(gpointer user_data)
{
    SimModule *module = user_data;
    double seconds = module->dark_seconds;

    module->dark_timer = 0;
    if (module->gateway > 0) {
        kill(module->gateway, SIGKILL);
        module->gateway = 0;
    }
    sim_module_power_cut(module);
    if (seconds > 0)
        module->dark_timer = g_timeout_add(sim_ms(module->sim, seconds), on_power_back, module);
    return G_SOURCE_REMOVE;
}

void
sim_step(SimModule *module, const char *format, ...)
{
    g_autofree char *name = NULL;
    va_list args;

    va_start(args, format);
    name = g_strdup_vprintf(format, args);
    va_end(args);
    sim_log_event(module->log, "step %s", name);
    if (module->dark_timer == 0 &&
        sim_faults_take_number(module->faults, "power-lost", name, &module->dark_seconds))
        module->dark_timer = g_idle_add_full(G_PRIORITY_HIGH, on_power_lost, module, NULL);
}

static gboolean
on_look(gpointer user_data)
{
    SimModule *module = user_data;
    guint part = (guint)(module->watched(module) * PARTS);

    while (module->part < MIN(part, PARTS - 1)) {
        module->part++;
        sim_step(module, "part %u of %d", module->part, PARTS);
    }
    return G_SOURCE_CONTINUE;
}

void
sim_step_watch(SimModule *module, SimStepShare share)
{
    sim_step_unwatch(module);
    module->watched = share;
    module->part = 0;
    module->watch = g_timeout_add(LOOK_MS, on_look, module);
}

void
sim_step_unwatch(SimModule *module)
{
    g_clear_handle_id(&module->watch, g_source_remove);
}
