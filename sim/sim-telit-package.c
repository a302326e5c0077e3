/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit-ask.h"

/*
 * The carrier's OMA-DM client of LE910 V2 (AT guide 80446ST10707A, page 500): #SWMCHKUPD asks, the
 * line of the same name tells, #SWMGETDP answers. All of it is an error unless #SWMENA is 1. What
 * installs the package is not public; here the module does, once it is checked.
 */

#define CHECK_SECONDS 3

static SimTelitAsk *
package_get(SimModule *module)
{
    SimTelitAsk *ask = ((SimTelit *)module->state)->ask;

    return ask != NULL && ask->kind->packages ? ask : NULL;
}

void
sim_telit_package_ask(SimModule *module)
{
    g_autofree char *line = g_strdup_printf("#SWMCHKUPD: 1,%" G_GUINT64_FORMAT
                                            ", Minor Bug Fixes and Added Functionality",
                                            package_get(module)->size);

    sim_telit_say(module, line);
}

void
sim_telit_package_report(SimModule *module, gboolean whole)
{
    guint64 size = package_get(module)->size;
    g_autofree char *progress = g_strdup_printf(
        "#SWMDLPRGRSS: %" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT, whole ? size : size / 4, size);

    sim_telit_say(module, progress);
    if (whole)
        sim_telit_say(module, "#SWMRING: 2");
}

SimResult
sim_telit_package_run_enable(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = package_get(module);
    int on = -1;

    if (ask == NULL)
        return SIM_UNKNOWN;
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#SWMENA: %d", ask->client_on);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#SWMENA: (0,1)");
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    if (!sim_command_number(command, 0, 0, 1, &on) || on < 0)
        return SIM_CME_BAD_PARAMETERS;
    ask->client_on = on == 1;
    return SIM_OK;
}

static gboolean
on_check(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelitAsk *ask = package_get(module);

    ask->timer = 0;
    if (ask->phase == SIM_ASK_ASKED && ask->package)
        sim_telit_package_ask(module);
    else
        sim_telit_say(module, "#SWMCHKUPD: 0");
    return G_SOURCE_REMOVE;
}

SimResult
sim_telit_package_run_check(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = package_get(module);

    if (ask == NULL)
        return SIM_UNKNOWN;
    if (command->form != SIM_FORM_EXEC)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!ask->client_on || ask->phase >= SIM_ASK_LOADING)
        return SIM_ERROR;
    sim_telit_ask_after(module, CHECK_SECONDS, on_check);
    return SIM_OK;
}

SimResult
sim_telit_package_run_answer(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = package_get(module);
    int yes = -1;

    if (ask == NULL)
        return SIM_UNKNOWN;
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#SWMGETDP: (0,1)");
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 0, 1, &yes) || yes < 0)
        return SIM_CME_BAD_PARAMETERS;
    if (!ask->client_on || ask->phase != SIM_ASK_ASKED || !ask->package)
        return SIM_ERROR;
    if (yes == 1)
        sim_telit_ask_load(module);
    else
        sim_telit_ask_end(module, "rejected");
    return SIM_OK;
}
