/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-module.h"

#include <string.h>

/* The commands of V.250 and 27.007 that every module has, as far as ModemManager and an updater use
 * them. */

#define FACTORY_TEST                                                                               \
    5 /* +CFUN of a module that has lost its calibration: nothing leads out of it */

static SimResult
run_ok(SimModule *module, SimCommand *command)
{
    return SIM_OK;
}

static SimResult
run_echo(SimModule *module, SimCommand *command)
{
    int echo = 0;

    if (!sim_command_number(command, 0, 0, 1, &echo))
        return SIM_ERROR;
    sim_port_set_echo(sim_line_get_port(command->line), echo != 0);
    return SIM_OK;
}

static SimResult
run_dial(SimModule *module, SimCommand *command)
{
    return SIM_NO_CARRIER;
}

static SimResult
run_manufacturer(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s", module->personality->manufacturer);
    return SIM_OK;
}

static SimResult
run_model(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s", module->personality->model);
    return SIM_OK;
}

static SimResult
run_revision(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s", module->version);
    return SIM_OK;
}

static SimResult
run_serial(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s", module->imei);
    return SIM_OK;
}

static SimResult
run_capabilities(SimModule *module, SimCommand *command)
{
    sim_command_info(command, "+GCAP: +CGSM,+DS,+FCLASS,+MS,+ES");
    return SIM_OK;
}

static SimResult
run_imsi(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s", module->imsi);
    return SIM_OK;
}

static SimResult
run_iccid(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s: %s", command->name, module->iccid);
    return SIM_OK;
}

/* Two of the SIM's files, which ModemManager reads at each start. */
#define FILE_ICCID 0x2fe2
#define FILE_ADMINISTRATIVE_DATA 0x6fad

static SimResult
run_restricted_access(SimModule *module, SimCommand *command)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int operation = 0, file = 0;

    if (!sim_command_number(command, 0, 176, 176, &operation) ||
        !sim_command_number(command, 1, 0, G_MAXUINT16, &file))
        return SIM_CME_NOT_SUPPORTED;
    if (file == FILE_ICCID) {
        for (guint i = 0; i + 1 < strlen(module->iccid); i += 2)
            g_string_append_printf(text, "%c%c", module->iccid[i + 1], module->iccid[i]);
    } else if (file == FILE_ADMINISTRATIVE_DATA) {
        /* The last byte: digits of the IMSI that are the home operator's network (31.102). */
        g_string_append_printf(text, "0000000%d", SIM_MNC_DIGITS);
    } else {
        return SIM_CME_NOT_SUPPORTED;
    }
    sim_command_info(command, "+CRSM: 144,0,\"%s\"", text->str);
    return SIM_OK;
}

static SimResult
run_own_number(SimModule *module, SimCommand *command)
{
    sim_command_info(command, "+CNUM: \"\",\"+1555000%04u\",145", module->number);
    return SIM_OK;
}

static SimResult
run_pin(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_READ && sim_module_is_sim_busy(module))
        return SIM_CME_SIM_BUSY;
    if (command->form == SIM_FORM_READ) {
        sim_command_info(command, "+CPIN: %s",
                         module->unlocked         ? "READY"
                         : module->pin_tries == 0 ? "SIM PUK"
                                                  : "SIM PIN");
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (module->unlocked)
        return SIM_CME_NOT_ALLOWED;
    if (module->pin_tries == 0)
        return SIM_CME_SIM_PUK;
    if (g_strcmp0(sim_command_arg(command, 0), module->pin) != 0) {
        module->pin_tries--;
        return SIM_CME_WRONG_PASSWORD;
    }
    module->pin_tries = SIM_PIN_TRIES;
    module->unlocked = TRUE;
    sim_module_search_network(module);
    return SIM_OK;
}

/* Only the commands by which ModemManager reads the attempts left: VERIFY and UNBLOCK without a
 * code (31.101, 11.1.9 and 11.1.13). */
static SimResult
run_sim_access(SimModule *module, SimCommand *command)
{
    static const struct {
        const char *apdu;
        guint left; /* 0: of the PIN, as it stands */
    } questions[] = {{"0020000100", 0}, {"002C000100", 10}, {"0020008100", 3}, {"002C008100", 10}};
    const char *apdu = sim_command_arg(command, 1);

    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        guint left = questions[i].left > 0 ? questions[i].left : module->pin_tries;

        if (g_strcmp0(apdu, questions[i].apdu) != 0)
            continue;
        sim_command_info(command, "+CSIM: 4,\"63C%X\"", left);
        return SIM_OK;
    }
    return SIM_CME_NOT_SUPPORTED;
}

static SimResult
run_facility_lock(SimModule *module, SimCommand *command)
{
    int mode = -1;

    if (command->form == SIM_FORM_TEST) {
        sim_command_info(command, "+CLCK: (\"SC\")");
        return SIM_OK;
    }
    if (g_strcmp0(sim_command_arg(command, 0), "SC") != 0 ||
        !sim_command_number(command, 1, 0, 2, &mode) || mode != 2)
        return SIM_CME_NOT_SUPPORTED;
    sim_command_info(command, "+CLCK: %d", module->pin != NULL ? 1 : 0);
    return SIM_OK;
}

static SimResult
run_error_mode(SimModule *module, SimCommand *command)
{
    int cmee = 0;

    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CMEE: (0-2)");
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CMEE: %d", sim_line_get_cmee(command->line));
    if (command->form == SIM_FORM_TEST || command->form == SIM_FORM_READ)
        return SIM_OK;
    if (!sim_command_number(command, 0, 0, 2, &cmee))
        return SIM_ERROR;
    sim_line_set_cmee(command->line, cmee);
    return SIM_OK;
}

static SimResult
run_signal(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CSQ: (0-31,99),(0-7,99)");
    else if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "+CSQ: %d,%d", module->signal, module->signal == 99 ? 99 : 3);
    return SIM_OK;
}

/* +CREG, +CGREG, +CEREG */
static SimResult
run_registration(SimModule *module, SimCommand *command)
{
    guint which = command->name[2] == 'R' ? 0 : command->name[2] == 'G' ? 1 : 2;
    int *mode = &module->creg_mode[which];
    int status = sim_module_registration(module, which);

    switch (command->form) {
    case SIM_FORM_TEST:
        sim_command_info(command, "%s: (0-2)", command->name);
        return SIM_OK;
    case SIM_FORM_READ:
        if (*mode == 2 && status != 0 && sim_module_is_registered(module))
            sim_command_info(command, "%s: 2,%d,\"1A2B\",\"01A2B3C4\",%d", command->name, status,
                             module->generation == 3 ? 2
                             : which == 0            ? 7
                                                     : 8);
        else
            sim_command_info(command, "%s: %d,%d", command->name, *mode, status);
        return SIM_OK;
    case SIM_FORM_SET:
        return sim_command_number(command, 0, 0, 2, mode) ? SIM_OK : SIM_CME_BAD_PARAMETERS;
    case SIM_FORM_EXEC:
        break;
    }
    return SIM_ERROR;
}

static SimResult
run_operator(SimModule *module, SimCommand *command)
{
    int mode = 0;

    switch (command->form) {
    case SIM_FORM_TEST:
        sim_command_info(command, "+COPS: (2,\"Bench\",\"Bench\",\"311480\",8),,(0-4),(0-2)");
        return SIM_OK;
    case SIM_FORM_READ:
        if (sim_module_is_registered(module))
            sim_command_info(command, "+COPS: 0,%d,\"%s\",8", module->cops_format,
                             module->cops_format == 2 ? "311480" : "Bench");
        else
            sim_command_info(command, "+COPS: 0");
        return SIM_OK;
    case SIM_FORM_SET:
        if (!sim_command_number(command, 0, 0, 4, &mode) ||
            !sim_command_number(command, 1, 0, 2, &module->cops_format))
            return SIM_CME_BAD_PARAMETERS;
        return SIM_OK;
    case SIM_FORM_EXEC:
        break;
    }
    return SIM_OK;
}

static gboolean
on_reset(gpointer user_data)
{
    SimModule *module = user_data;

    module->timer = 0;
    sim_module_restart(module);
    return G_SOURCE_REMOVE;
}

static SimResult
run_functionality(SimModule *module, SimCommand *command)
{
    int fun = 1, reset = 0;

    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CFUN: (0,1,4),(0,1)");
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CFUN: %d", module->cfun);
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (module->cfun == FACTORY_TEST)
        return SIM_CME_NOT_ALLOWED;
    if (!sim_command_number(command, 0, 0, 4, &fun) || (fun != 0 && fun != 1 && fun != 4) ||
        !sim_command_number(command, 1, 0, 1, &reset))
        return SIM_CME_BAD_PARAMETERS;
    if (fun != module->cfun)
        sim_module_set_functionality(module, fun);
    if (reset)
        sim_module_after(module, 0.5, on_reset);
    return SIM_OK;
}

static SimResult
run_character_set(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CSCS: (\"GSM\",\"IRA\",\"UCS2\")");
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CSCS: \"IRA\"");
    return SIM_OK;
}

static SimResult
run_attach(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CGATT: %d", sim_module_is_registered(module));
    return SIM_OK;
}

const SimCommandDef sim_common_commands[] = {
    {"E", run_echo, 0, FALSE},
    {"V", run_ok, 0, FALSE},
    {"Q", run_ok, 0, FALSE},
    {"X", run_ok, 0, FALSE},
    {"Z", run_ok, 0, FALSE},
    {"H", run_ok, 0, FALSE},
    {"&C", run_ok, 0, FALSE},
    {"&D", run_ok, 0, FALSE},
    {"&F", run_ok, 0, FALSE},
    {"&K", run_ok, 0, FALSE},
    {"S0", run_ok, 0, FALSE},
    {"D", run_dial, 0.5, TRUE},
    {"I", run_revision, 0.05, FALSE},
    {"+GMI", run_manufacturer, 0.05, FALSE},
    {"+CGMI", run_manufacturer, 0.05, FALSE},
    {"+GMM", run_model, 0.05, FALSE},
    {"+CGMM", run_model, 0.05, FALSE},
    {"+GMR", run_revision, 0.05, FALSE},
    {"+CGMR", run_revision, 0.05, FALSE},
    {"+GSN", run_serial, 0.05, FALSE},
    {"+CGSN", run_serial, 0.05, FALSE},
    {"+GCAP", run_capabilities, 0.05, FALSE},
    {"+CIMI", run_imsi, 0.05, TRUE},
    {"+CCID", run_iccid, 0.05, TRUE},
    {"#CCID", run_iccid, 0.05, TRUE},
    {"+CRSM", run_restricted_access, 0.05, TRUE},
    {"+CNUM", run_own_number, 0.05, TRUE},
    {"+CPIN", run_pin, 0.05, FALSE},
    {"+CSIM", run_sim_access, 0.05, FALSE},
    {"+CLCK", run_facility_lock, 0.05, FALSE},
    {"+CMEE", run_error_mode, 0.05, FALSE},
    {"+CSQ", run_signal, 0.05, FALSE},
    {"+CREG", run_registration, 0.05, FALSE},
    {"+CGREG", run_registration, 0.05, FALSE},
    {"+CEREG", run_registration, 0.05, FALSE},
    {"+COPS", run_operator, 0.05, TRUE},
    {"+CFUN", run_functionality, 0.05, FALSE},
    {"+CGATT", run_attach, 0.05, TRUE},
    {"+CGDCONT", sim_context_run_define, 0.65, FALSE},
    {"+CGACT", sim_context_run_activate, 0.2, TRUE},
    {"+CGPADDR", sim_context_run_address, 0.05, TRUE},
    {"+CMGF", sim_sms_run_format, 0.05, TRUE},
    {"+CNMI", sim_sms_run_indications, 0.05, TRUE},
    {"+CPMS", sim_sms_run_storage, 0.05, TRUE},
    {"+CMGL", sim_sms_run_list, 0.05, TRUE},
    {"+CMGR", sim_sms_run_read, 0.05, TRUE},
    {"+CMGD", sim_sms_run_delete, 0.05, TRUE},
    {"+CSCS", run_character_set, 0.05, FALSE},
    {NULL, NULL, 0, FALSE},
};
