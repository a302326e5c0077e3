/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-module.h"

/* From a start, the PIN or +CFUN=1 to the network. An ME310G1 took 10 s to its context. */
#define SEARCH_SECONDS 10
#define SEARCHING 2

/* 27.007's <stat>. */
static int
network_status(SimModule *module)
{
    if (!module->unlocked || module->cfun != 1)
        return 0;
    return module->search_timer != 0 ? SEARCHING : module->registration;
}

gboolean
sim_module_is_registered(SimModule *module)
{
    int status = network_status(module);

    return status == 1 || status == 5 || status == 9 || status == 10;
}

int
sim_module_registration(SimModule *module, guint which)
{
    return which == 2 && module->generation == 3 ? 0 : network_status(module);
}

static void
network_changed(SimModule *module)
{
    static const char *const names[] = {"+CREG", "+CGREG", "+CEREG"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *urc =
            g_strdup_printf("%s: %d", names[i], sim_module_registration(module, i));

        if (module->creg_mode[i] > 0)
            sim_module_urc(module, urc);
    }
    for (int cid = 1; cid <= SIM_MAX_CID && !sim_module_is_registered(module); cid++)
        sim_context_deactivate(module, cid);
    if (module->personality->registration_changed != NULL)
        module->personality->registration_changed(module);
}

void
sim_module_set_registration(SimModule *module, int status)
{
    module->registration = status;
    network_changed(module);
}

void
sim_module_set_functionality(SimModule *module, int cfun)
{
    module->cfun = cfun;
    if (cfun == 1) {
        sim_module_search_network(module);
        return;
    }
    sim_module_stop_search(module);
    network_changed(module);
}

static gboolean
on_found(gpointer user_data)
{
    SimModule *module = user_data;

    module->search_timer = 0;
    sim_log_event(module->log, "network found");
    network_changed(module);
    return G_SOURCE_REMOVE;
}

void
sim_module_search_network(SimModule *module)
{
    sim_module_stop_search(module);
    module->search_timer = g_timeout_add(sim_ms(module->sim, SEARCH_SECONDS), on_found, module);
}

void
sim_module_stop_search(SimModule *module)
{
    g_clear_handle_id(&module->search_timer, g_source_remove);
}
