/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"

#include <string.h>

/*
 * The host's data calls, which block an update: ATD*99***<cid># puts its tty
 * into data mode, ^NDISDUP does not. No packet is carried.
 */

static SimLine *
find_call_line(SimModule *module)
{
    SimHuawei *huawei = module->state;

    for (guint i = 0; huawei->call_tty != NULL && i < module->lines->len; i++) {
        SimLine *line = g_ptr_array_index(module->lines, i);

        if (g_str_equal(sim_port_get_tty(sim_line_get_port(line)), huawei->call_tty))
            return line;
    }
    return NULL;
}

/* Whatever ends the context ends the call. */
void
sim_huawei_context_down(SimModule *module, int cid)
{
    SimHuawei *huawei = module->state;
    SimLine *line = find_call_line(module);
    SimPort *port = line != NULL ? sim_line_get_port(line) : NULL;

    sim_log_event(module->log, "data call %d down", cid);
    if (cid != huawei->call_cid)
        return;
    g_clear_pointer(&huawei->call_tty, g_free);
    if (port == NULL)
        return;
    sim_port_leave_data_mode(port);
    sim_port_answer(port, "NO CARRIER");
    sim_port_end(port);
}

void
sim_huawei_tty_closed(SimModule *module, const char *tty)
{
    SimHuawei *huawei = module->state;

    if (g_strcmp0(tty, huawei->call_tty) == 0)
        sim_context_deactivate(module, huawei->call_cid);
}

static gboolean
may_call(SimModule *module)
{
    SimHuawei *huawei = module->state;

    return huawei->state != SIM_FOTA_ASKING && huawei->state != SIM_FOTA_LOADING &&
           huawei->state != SIM_FOTA_READY;
}

SimResult
sim_huawei_run_dial(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;
    const char *number = sim_command_arg(command, 0);
    SimPort *port = sim_line_get_port(command->line);
    int cid = 1;

    if (number == NULL || !g_str_has_prefix(number, "*99"))
        return SIM_NO_CARRIER;
    if (g_str_has_prefix(number, "*99***"))
        cid = g_ascii_digit_value(number[strlen("*99***")]);
    if (cid < 1 || cid > SIM_MAX_CID || !may_call(module) || huawei->call_tty != NULL ||
        !sim_context_activate(module, cid))
        return SIM_NO_CARRIER;
    huawei->call_tty = g_strdup(sim_port_get_tty(port));
    huawei->call_cid = cid;
    sim_log_event(module->log, "data call %d up on %s", cid, huawei->call_tty);
    sim_port_answer(port, "CONNECT 7200000");
    sim_port_enter_data_mode(port);
    return SIM_SILENT;
}

SimResult
sim_huawei_run_hang_up(SimModule *module, SimCommand *command)
{
    for (int cid = 1; cid <= SIM_MAX_CID; cid++)
        sim_context_deactivate(module, cid);
    return SIM_OK;
}

/* ^NDISDUP=<cid>,<on>[,"<apn>",...] */
SimResult
sim_huawei_run_ndis(SimModule *module, SimCommand *command)
{
    int cid = 0, on = -1;

    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0 ||
        !sim_command_number(command, 1, 0, 1, &on) || on < 0)
        return SIM_CME_BAD_PARAMETERS;
    if (!on)
        sim_context_deactivate(module, cid);
    else if (!may_call(module) || !sim_context_activate(module, cid))
        return SIM_CME_NOT_ALLOWED;
    sim_module_urc(module, on ? "^NDISSTAT: 1,,,\"IPV4\"" : "^NDISSTAT: 0,0,,\"IPV4\"");
    return SIM_OK;
}

SimResult
sim_huawei_run_ndis_state(SimModule *module, SimCommand *command)
{
    sim_command_info(command, "^NDISSTATQRY: %d,,,\"IPV4\"", sim_huawei_has_call(module));
    return SIM_OK;
}
