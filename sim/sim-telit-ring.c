/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit-ask.h"

/*
 * LwM2M: the carrier's server wants an update, and the agent rings before it downloads and before
 * it installs (Telit's sample LWM2M_FOTA_ACK_AT). The one action that is published is 1; every
 * other one is refused. #LWM2MFOTACFG is not there: whoever sends it is told so.
 */

#define AGENT 0
#define ACKNOWLEDGE 1
/* Between two rings of one question. */
#define AGAIN_SECONDS 2

static SimTelitAsk *
ring_get(SimModule *module)
{
    SimTelitAsk *ask = ((SimTelit *)module->state)->ask;

    return ask != NULL && ask->kind->rings ? ask : NULL;
}

static void
ring_say(SimModule *module, const char *what)
{
    g_autofree char *line = g_strdup_printf("#LWM2MFOTARING: %d,\"%s\"", AGENT, what);

    sim_telit_say(module, line);
}

static gboolean
on_again(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelitAsk *ask = ring_get(module);

    ask->timer = 0;
    ring_say(module, ask->phase == SIM_ASK_ASKED_AGAIN ? "UPDATE" : "DOWNLOAD");
    return G_SOURCE_REMOVE;
}

void
sim_telit_ring(SimModule *module, const char *what)
{
    ring_say(module, what);
    if (ring_get(module)->twice)
        sim_telit_ask_after(module, AGAIN_SECONDS, on_again);
}

SimResult
sim_telit_ring_run_answer(SimModule *module, SimCommand *command)
{
    SimTelitAsk *ask = ring_get(module);
    int agent = -1, action = -1;

    if (ask == NULL)
        return SIM_UNKNOWN;
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 0, 255, &agent) ||
        !sim_command_number(command, 1, 0, 255, &action) || agent != AGENT || action != ACKNOWLEDGE)
        return SIM_CME_BAD_PARAMETERS;
    if (ask->phase == SIM_ASK_ASKED)
        sim_telit_ask_load(module);
    else if (ask->phase == SIM_ASK_ASKED_AGAIN)
        sim_telit_ask_install(module);
    else
        return SIM_CME_NOT_ALLOWED;
    return SIM_OK;
}

/* <agent>,<state of object 5>,<own state>,<seconds left>: the values are published, not their
 * order.
 */
SimResult
sim_telit_ring_run_state(SimModule *module, SimCommand *command)
{
    static const struct {
        int object, own;
    } states[] = {
        [SIM_ASK_IDLE] = {0, 0},     [SIM_ASK_ASKED] = {1, 2},    [SIM_ASK_DELAYED] = {1, 2},
        [SIM_ASK_LOADING] = {1, 3},  [SIM_ASK_CHECKING] = {2, 5}, [SIM_ASK_ASKED_AGAIN] = {3, 6},
        [SIM_ASK_UPDATING] = {3, 7},
    };
    SimTelitAsk *ask = ring_get(module);
    int agent = -1;
    gint64 left = 0;

    if (ask == NULL)
        return SIM_UNKNOWN;
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 0, 255, &agent) || agent != AGENT)
        return SIM_CME_BAD_PARAMETERS;
    if (ask->limit_timer != 0)
        left = MAX(ask->limit_end - g_get_monotonic_time(), 0) / G_TIME_SPAN_MILLISECOND;
    sim_command_info(command, "#LWM2MFOTASTATE: %d,%d,%d,%d", AGENT, states[ask->phase].object,
                     states[ask->phase].own, (int)((double)left * module->sim->scale / 1000));
    return SIM_OK;
}
