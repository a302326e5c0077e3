/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-module.h"

static void
context_print_all(SimModule *module, SimCommand *command)
{
    for (int cid = 1; cid <= SIM_MAX_CID; cid++) {
        SimContext *context = &module->contexts[cid];

        if (context->apn != NULL)
            sim_command_info(command, "+CGDCONT: %d,\"%s\",\"%s\",\"\",0,0", cid, context->type,
                             context->apn);
    }
}

SimResult
sim_context_run_define(SimModule *module, SimCommand *command)
{
    int cid = 0;
    SimContext *context;

    if (command->form == SIM_FORM_TEST) {
        sim_command_info(command, "+CGDCONT: (1-%d),\"IP\",,,(0),(0)", SIM_MAX_CID);
        sim_command_info(command, "+CGDCONT: (1-%d),\"IPV6\",,,(0),(0)", SIM_MAX_CID);
        sim_command_info(command, "+CGDCONT: (1-%d),\"IPV4V6\",,,(0),(0)", SIM_MAX_CID);
    } else if (command->form == SIM_FORM_READ) {
        context_print_all(module, command);
    }
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0)
        return SIM_CME_BAD_PARAMETERS;
    context = &module->contexts[cid];
    if (context->active)
        return SIM_CME_NOT_ALLOWED;
    g_clear_pointer(&context->apn, g_free);
    g_clear_pointer(&context->type, g_free);
    if (command->n_args > 1) {
        const char *apn = sim_command_arg(command, 2);

        context->type = g_strdup(command->args[1]);
        context->apn = g_strdup(apn != NULL ? apn : "");
    }
    return SIM_OK;
}

void
sim_context_define(SimModule *module, int cid, const char *type, const char *apn)
{
    g_free(module->contexts[cid].apn);
    g_free(module->contexts[cid].type);
    module->contexts[cid].apn = g_strdup(apn);
    module->contexts[cid].type = g_strdup(type);
}

gboolean
sim_context_activate(SimModule *module, int cid)
{
    SimContext *context = &module->contexts[cid];

    if (context->apn == NULL || !sim_module_is_registered(module))
        return FALSE;
    context->active = TRUE;
    return TRUE;
}

void
sim_context_deactivate(SimModule *module, int cid)
{
    if (!module->contexts[cid].active)
        return;
    module->contexts[cid].active = FALSE;
    if (module->personality->context_down != NULL)
        module->personality->context_down(module, cid);
}

char *
sim_context_ip(SimModule *module, int cid)
{
    return g_strdup_printf("10.%u.0.%d", module->number, cid);
}

SimResult
sim_context_run_activate(SimModule *module, SimCommand *command)
{
    int on = 0, cid = 0;

    if (command->form == SIM_FORM_READ) {
        for (cid = 1; cid <= SIM_MAX_CID; cid++) {
            if (module->contexts[cid].apn != NULL)
                sim_command_info(command, "+CGACT: %d,%d", cid, module->contexts[cid].active);
        }
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (!sim_command_number(command, 0, 0, 1, &on) ||
        !sim_command_number(command, 1, 1, SIM_MAX_CID, &cid) || cid == 0)
        return SIM_CME_BAD_PARAMETERS;
    if (!on)
        sim_context_deactivate(module, cid);
    else if (!sim_context_activate(module, cid))
        return SIM_CME_NO_NETWORK;
    return SIM_OK;
}

SimResult
sim_context_run_address(SimModule *module, SimCommand *command)
{
    for (int cid = 1; cid <= SIM_MAX_CID; cid++) {
        g_autofree char *ip = sim_context_ip(module, cid);

        if (module->contexts[cid].active)
            sim_command_info(command, "+CGPADDR: %d,\"%s\"", cid, ip);
    }
    return SIM_OK;
}
