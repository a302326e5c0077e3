/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-quectel.h"

/* Contexts, as Quectel's own commands have them: +QICSGP of all, the others of an EC200A. */

/* +QICSGP=<cid>,<type>,<apn>,<user>,<password>,<authentication>: the context of that number. */
SimResult
sim_quectel_run_define(SimModule *module, SimCommand *command)
{
    const char *apn = sim_command_arg(command, 2);
    int cid = 0, type = 1;

    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0 ||
        !sim_command_number(command, 1, 1, 3, &type))
        return SIM_ERROR;
    sim_context_define(module, cid, type == 1 ? "IP" : "IPV4V6", apn != NULL ? apn : "");
    return SIM_OK;
}

/* +QCFG="fota/cid"[,<cid>] */
SimResult
sim_quectel_run_setting(SimModule *module, SimCommand *command)
{
    SimQuectel *quectel = module->state;
    const char *name = sim_command_arg(command, 0);

    if (command->form != SIM_FORM_SET || g_strcmp0(name, "fota/cid") != 0)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (command->n_args == 1)
        sim_command_info(command, "+QCFG: \"fota/cid\",%d", quectel->client);
    return sim_command_number(command, 1, 1, SIM_MAX_CID, &quectel->client) ? SIM_OK : SIM_ERROR;
}

SimResult
sim_quectel_run_activate(SimModule *module, SimCommand *command)
{
    int cid = 0;

    for (cid = 1; command->form == SIM_FORM_READ && cid <= SIM_MAX_CID; cid++) {
        g_autofree char *ip = sim_context_ip(module, cid);

        if (module->contexts[cid].active)
            sim_command_info(command, "+QIACT: %d,1,1,\"%s\"", cid, ip);
    }
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    cid = 0;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0 ||
        module->contexts[cid].active)
        return SIM_ERROR;
    return sim_context_activate(module, cid) ? SIM_OK : SIM_ERROR;
}

SimResult
sim_quectel_run_deactivate(SimModule *module, SimCommand *command)
{
    int cid = 0;

    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0)
        return SIM_ERROR;
    sim_context_deactivate(module, cid);
    return SIM_OK;
}
