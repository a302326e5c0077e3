/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"
#include "sim-step.h"

#include <stdlib.h>
#include <string.h>

void
sim_huawei_after(SimModule *module, double seconds, GSourceFunc func)
{
    SimHuawei *huawei = module->state;

    g_clear_handle_id(&huawei->step, g_source_remove);
    huawei->step = g_timeout_add(sim_ms(module->sim, seconds), func, module);
}

gboolean
sim_huawei_has_call(SimModule *module)
{
    for (int cid = 1; cid <= SIM_MAX_CID; cid++) {
        if (module->contexts[cid].active)
            return TRUE;
    }
    return FALSE;
}

void
sim_huawei_report(SimModule *module, gboolean at_open)
{
    SimHuawei *huawei = module->state;
    g_autofree char *line = g_strdup_printf("^FOTASTATE: %s", huawei->told);
    guint times = 1;

    sim_log_event(module->log, "state %s", huawei->told);
    sim_step(module, "state %d", atoi(huawei->told));
    if (sim_faults_take(module->faults, "state-lost", huawei->told, NULL) || !huawei->reports)
        return;
    if (sim_faults_take(module->faults, "state-doubled", huawei->told, NULL))
        times = 2;
    for (guint i = 0; i < times; i++) {
        if (at_open)
            sim_module_urc_at_open(module, line);
        else
            sim_module_urc(module, line);
    }
}

void
sim_huawei_tell(SimModule *module, int state, int code)
{
    SimHuawei *huawei = module->state;
    const SimHuaweiOffer *offer = &huawei->offer;

    g_free(huawei->told);
    if (state == SIM_FOTA_OFFER)
        huawei->told =
            g_strdup_printf("%d,%s,%" G_GUINT64_FORMAT ",\"%s\"", state, offer->version,
                            sim_huawei_offer_size(offer), offer->text != NULL ? offer->text : "");
    else if (code >= 0)
        huawei->told = g_strdup_printf("%d,%d", state, code);
    else
        huawei->told = g_strdup_printf("%d", state);
}

void
sim_huawei_enter(SimModule *module, int state, int code)
{
    SimHuawei *huawei = module->state;

    huawei->state = state;
    sim_huawei_tell(module, state, code);
    sim_huawei_report(module, FALSE);
}

void
sim_huawei_end(SimModule *module, int told, int code)
{
    SimHuawei *huawei = module->state;

    huawei->state = SIM_FOTA_IDLE;
    sim_huawei_offer_clear(&huawei->offer);
    sim_huawei_tell(module, told, code);
    if (told != SIM_FOTA_IDLE)
        sim_huawei_report(module, FALSE);
}

SimResult
sim_huawei_run_state(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;

    if (command->form == SIM_FORM_SET || command->form == SIM_FORM_EXEC)
        return SIM_ERROR;
    if (command->form == SIM_FORM_TEST)
        return SIM_OK;
    if (huawei->state == SIM_FOTA_OFFER && !huawei->fields)
        sim_command_info(command, "^FOTASTATE: %d", huawei->state);
    else
        sim_command_info(command, "^FOTASTATE: %s", huawei->told);
    return SIM_OK;
}

SimResult
sim_huawei_run_mode(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;
    int mode[5] = {-1, -1, -1, -1, huawei->mode[4]};

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "^FOTAMODE: %d,%d,%d,%d,%d", huawei->mode[0], huawei->mode[1],
                         huawei->mode[2], huawei->mode[3], huawei->mode[4]);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "^FOTAMODE: (0-1),(0-1),(0-1),(0-1),(1-365)");
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    for (guint i = 0; i < 4; i++) {
        if (!sim_command_number(command, i, 0, 1, &mode[i]) || mode[i] < 0)
            return SIM_CME_NOT_SUPPORTED;
    }
    if (!sim_command_number(command, 4, 1, 365, &mode[4]))
        return SIM_CME_NOT_SUPPORTED;
    memcpy(huawei->mode, mode, sizeof(mode));
    return SIM_OK;
}

static void
set_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

SimResult
sim_huawei_run_config(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "^FOTACFG: \"%s\",\"%s\",\"%s\",%d",
                         huawei->apn != NULL ? huawei->apn : "",
                         huawei->user != NULL ? huawei->user : "",
                         huawei->password != NULL ? huawei->password : "", huawei->authentication);
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    if (command->n_args != 4 || sim_command_arg(command, 0) == NULL ||
        !sim_command_number(command, 3, 0, 2, &huawei->authentication))
        return SIM_CME_NOT_SUPPORTED;
    set_text(&huawei->apn, command->args[0]);
    set_text(&huawei->user, command->args[1]);
    set_text(&huawei->password, command->args[2]);
    return SIM_OK;
}

/* ^FOTADET is allowed only while the module is idle and no other query runs. */
SimResult
sim_huawei_run_detect(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;

    if (command->form != SIM_FORM_EXEC)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (huawei->step != 0 || huawei->state == SIM_FOTA_ASKING)
        return SIM_CME_NOT_COMPLETE;
    if (huawei->state != SIM_FOTA_IDLE || sim_huawei_has_call(module))
        return SIM_CME_COLLISION;
    sim_huawei_end(module, SIM_FOTA_IDLE, -1);
    sim_huawei_ask(module);
    return SIM_OK;
}

static gboolean
on_load(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    huawei->step = 0;
    sim_huawei_load(module);
    return G_SOURCE_REMOVE;
}

static SimResult
start_load(SimModule *module)
{
    SimHuawei *huawei = module->state;

    if (huawei->state != SIM_FOTA_OFFER && huawei->state != SIM_FOTA_SUSPENDED)
        return SIM_ERROR;
    if (huawei->step != 0)
        return SIM_CME_NOT_COMPLETE;
    if (sim_huawei_has_call(module))
        return SIM_CME_COLLISION;
    sim_huawei_after(module, 0.5, on_load);
    return SIM_OK;
}

static SimResult
give_up(SimModule *module)
{
    SimHuawei *huawei = module->state;

    if (huawei->state != SIM_FOTA_OFFER && huawei->state != SIM_FOTA_SUSPENDED &&
        (huawei->state != SIM_FOTA_LOADED ||
         sim_faults_take(module->faults, "delta-stays", NULL, NULL)))
        return SIM_ERROR;
    g_clear_handle_id(&huawei->step, g_source_remove);
    sim_huawei_end(module, SIM_FOTA_IDLE, -1);
    sim_log_event(module->log, "given up");
    return SIM_OK;
}

static gboolean
on_pause(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    huawei->step = 0;
    sim_huawei_suspend(module);
    return G_SOURCE_REMOVE;
}

static SimResult
pause_load(SimModule *module)
{
    SimHuawei *huawei = module->state;

    if (huawei->mode[3] != 1)
        return SIM_CME_NOT_SUPPORTED;
    if (huawei->state != SIM_FOTA_LOADING)
        return SIM_ERROR;
    sim_huawei_after(module, 0, on_pause);
    return SIM_OK;
}

/* 0: give up; 1: begin, or resume; 2: pause, if the model can. */
SimResult
sim_huawei_run_load(SimModule *module, SimCommand *command)
{
    gboolean can_pause = module->personality == &sim_huawei_me909u;
    int what = -1;

    if (command->form == SIM_FORM_TEST) {
        sim_command_info(command, can_pause ? "^FOTADL: (0-2)" : "^FOTADL: (0-1)");
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET)
        return SIM_ERROR;
    if (!sim_command_number(command, 0, 0, can_pause ? 2 : 1, &what) || what < 0)
        return SIM_CME_NOT_SUPPORTED;
    return what == 0 ? give_up(module) : what == 1 ? start_load(module) : pause_load(module);
}

SimResult
sim_huawei_run_progress(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;

    if (command->form != SIM_FORM_EXEC)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    sim_huawei_keep(module);
    for (guint i = 0; i < huawei->offer.n_files && huawei->state >= SIM_FOTA_LOADING; i++) {
        const SimHuaweiFile *file = &huawei->offer.files[i];
        guint64 received = file->data->len;

        sim_command_info(command, "^FOTADLQ: %u,\"%s\",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT,
                         i + 1, file->name, huawei->received_first ? received : file->size,
                         huawei->received_first ? file->size : received);
    }
    return SIM_OK;
}

SimResult
sim_huawei_run_install(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;

    if (command->form != SIM_FORM_EXEC)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (huawei->state != SIM_FOTA_LOADED ||
        sim_faults_take(module->faults, "fwup-error", NULL, NULL))
        return SIM_ERROR;
    if (sim_huawei_has_call(module))
        return SIM_CME_COLLISION;
    sim_huawei_install(module);
    return SIM_OK;
}
