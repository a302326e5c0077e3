/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-quectel.h"
#include "sim-step.h"

#include <string.h>

#define FACTORY_TEST 5
#define RADIO_OFF 4

gboolean
sim_quectel_is_standard(const SimModule *module)
{
    return module->personality == &sim_quectel_ec200a;
}

void
sim_quectel_after(SimModule *module, double seconds, GSourceFunc func)
{
    SimQuectel *quectel = module->state;

    g_clear_handle_id(&quectel->step, g_source_remove);
    quectel->step = g_timeout_add(sim_ms(module->sim, seconds), func, module);
}

/* A BG96 writes percent signs. What nobody listens to is lost. */
void
sim_quectel_report(SimModule *module, const char *word, int number)
{
    gboolean percent = module->personality == &sim_quectel_bg96 && !g_str_has_suffix(word, "END");
    g_autofree char *step = number < 0 ? g_strdup(word) : g_strdup_printf("%s %d", word, number);
    g_autofree char *line = number < 0 ? g_strdup_printf("+QIND: \"FOTA\",\"%s\"", word)
                                       : g_strdup_printf("+QIND: \"FOTA\",\"%s\",%d%s", word,
                                                         number, percent ? "%" : "");

    sim_step(module, "%s", step);
    if (!sim_faults_take(module->faults, "qind-lost", step, NULL))
        sim_module_urc(module, line);
}

/* `EC25EUXGAR08A15M1G_20.200.20.200` without what follows the underscore: +CGMR, ATI. */
static char *
main_version(SimModule *module)
{
    return g_strndup(module->version, strcspn(module->version, "_"));
}

static SimResult
run_identity(SimModule *module, SimCommand *command)
{
    g_autofree char *version = main_version(module);

    sim_command_info(command, "Quectel");
    sim_command_info(command, "%s", module->personality->model);
    sim_command_info(command, "Revision: %s", version);
    return SIM_OK;
}

static SimResult
run_revision(SimModule *module, SimCommand *command)
{
    g_autofree char *version = main_version(module);

    if (command->form == SIM_FORM_EXEC)
        sim_command_info(command, "%s", version);
    return SIM_OK;
}

/* For some seconds after an update the second half of the sub-version is not there yet. */
static SimResult
run_whole_version(SimModule *module, SimCommand *command)
{
    SimQuectel *quectel = module->state;
    gsize length = strlen(module->version);
    gsize half = strlen("20.200");

    if (command->form != SIM_FORM_EXEC)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (g_get_monotonic_time() < quectel->half_until && length > 2 * half &&
        strchr(module->version, '_') != NULL)
        sim_command_info(command, "%.*s00.000", (int)(length - half), module->version);
    else
        sim_command_info(command, "%s", module->version);
    return SIM_OK;
}

static SimResult
run_sleep(SimModule *module, SimCommand *command)
{
    SimQuectel *quectel = module->state;

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+QSCLK: %d", quectel->sleeps);
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    return sim_command_number(command, 0, 0, 2, &quectel->sleeps) ? SIM_OK : SIM_ERROR;
}

static SimResult
run_sim_state(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+QSIMSTAT: 0,1");
    return SIM_OK;
}

#define COMMON                                                                                     \
    {"I", run_identity, 0.05, FALSE}, {"+GMR", run_revision, 0.05, FALSE},                         \
        {"+CGMR", run_revision, 0.05, FALSE}, {"+QGMR", run_whole_version, 0.05, FALSE},           \
        {"+QSCLK", run_sleep, 0.05, FALSE}, {"+QICSGP", sim_quectel_run_define, 0.05, FALSE},      \
    {                                                                                              \
        "+QSIMSTAT", run_sim_state, 0.05, FALSE                                                    \
    }

static const SimCommandDef standard_commands[] = {
    COMMON,
    {"+QCFG", sim_quectel_run_setting, 0.05, FALSE},
    {"+QIACT", sim_quectel_run_activate, 1, TRUE},
    {"+QIDEACT", sim_quectel_run_deactivate, 0.5, FALSE},
    {"+QFOTADL", sim_quectel_run_fota, 0.3, FALSE},
    {NULL, NULL, 0, FALSE},
};

/* No command brings a package into the file store of an RM500Q: a program does, by adb. */
static const SimCommandDef rm500q_commands[] = {
    COMMON,
    {"+QFOTADL", sim_quectel_run_fota, 0.3, FALSE},
    {NULL, NULL, 0, FALSE},
};

static const SimCommandDef quectel_commands[] = {
    COMMON,
    {"+QFUPL", sim_quectel_run_upload, 0.1, FALSE},
    {"+QFLST", sim_quectel_run_list, 0.1, FALSE},
    {"+QFDEL", sim_quectel_run_delete, 0.1, FALSE},
    {"+QFOTADL", sim_quectel_run_fota, 0.3, FALSE},
    {NULL, NULL, 0, FALSE},
};

static gpointer
quectel_new(SimModule *module)
{
    SimQuectel *quectel = g_new0(SimQuectel, 1);

    quectel->files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_byte_array_unref);
    quectel->client = 1;
    sim_context_define(module, 1, "IPV4V6", "internet");
    return quectel;
}

static void
quectel_free(SimModule *module)
{
    SimQuectel *quectel = module->state;

    g_clear_pointer(&quectel->package, g_bytes_unref);
    g_free(quectel->last_end);
    g_hash_table_unref(quectel->files);
    g_clear_pointer(&module->state, g_free);
}

/* The processor stops: a download is forgotten, and so is half a file. */
static void
quectel_stopped(SimModule *module)
{
    SimQuectel *quectel = module->state;

    g_clear_handle_id(&quectel->step, g_source_remove);
    sim_quectel_stop_download(module);
    sim_quectel_stop_upload(module);
    quectel->sleeps = 0;
}

/* As a real EG25-G says when it is ready; a lone quotation mark may precede it. */
static void
quectel_started(SimModule *module)
{
    SimQuectel *quectel = module->state;

    if (quectel->phase != SIM_QUECTEL_NORMAL) {
        sim_quectel_update_started(module);
        return;
    }
    if (quectel->calibration_lost) {
        module->cfun = FACTORY_TEST;
        module->registration = 0;
    } else if (sim_faults_take(module->faults, "radio-off", NULL, NULL)) {
        module->cfun = RADIO_OFF;
    }
    sim_module_urc_at_open(module, "\"");
    sim_module_urc_at_open(module, "RDY");
    sim_module_urc_at_open(module, module->cfun == 1 ? "+CFUN: 1" : "+CFUN: 4");
    sim_module_urc_at_open(module, module->unlocked ? "+CPIN: READY" : "+CPIN: SIM PIN");
    sim_module_urc_at_open(module, "+QUSIM: 1");
    if (quectel->last_end != NULL)
        sim_module_urc_at_open(module, quectel->last_end);
    g_clear_pointer(&quectel->last_end, g_free);
    sim_module_urc_at_open(module, "+QIND: SMS DONE");
    sim_module_urc_at_open(module, "+QIND: PB DONE");
}

static void
quectel_registration_changed(SimModule *module)
{
    for (int cid = 1; cid <= SIM_MAX_CID && !sim_module_is_registered(module); cid++)
        sim_context_deactivate(module, cid);
    if (!sim_module_is_registered(module))
        sim_quectel_stall(module);
}

static void
quectel_describe(SimModule *module, JsonBuilder *b)
{
    static const char *const phases[] = {"normal", "updating", "restoring"};
    SimQuectel *quectel = module->state;

    sim_describe_text(b, "phase", phases[quectel->phase]);
    sim_describe_number(b, "loading", quectel->url != NULL);
    sim_describe_number(b, "cfun", module->cfun);
    sim_describe_number(b, "sleeps", quectel->sleeps);
    sim_describe_number(b, "calibration-lost", quectel->calibration_lost);
    sim_describe_number(b, "files", g_hash_table_size(quectel->files));
}

/* As ModemManager's rules have them: 0 diagnostic, 1 GPS, 2 and 3 AT. Which interface a third AT
 * port would have is not public. */
static const SimTtySpec ttys[] = {
    {2, SIM_TTY_PRIMARY}, {3, SIM_TTY_SECONDARY}, {4, SIM_TTY_RESERVED}};

#define QUECTEL                                                                                    \
    .manufacturer = "Quectel", .vendor_id = "2c7c", .ttys = ttys, .n_ttys = G_N_ELEMENTS(ttys),    \
    .boot_seconds = 21, .sim_busy_seconds = 2, .state_new = quectel_new,                           \
    .state_free = quectel_free, .started = quectel_started, .stopped = quectel_stopped,            \
    .power_on = sim_quectel_power_on, .describe = quectel_describe,                                \
    .registration_changed = quectel_registration_changed

const SimPersonality sim_quectel_ec25 = {
    QUECTEL,
    .commands = quectel_commands,
    .option = "ec25",
    .summary = "Quectel EC25, USB 2c7c:0125, download and installation in one (+QFOTADL)",
    .model = "EC25",
    .version = "EC25EUXGAR08A15M1G_20.200.20.200",
    .product_id = "0125",
};

const SimPersonality sim_quectel_bg96 = {
    QUECTEL,
    .commands = quectel_commands,
    .option = "bg96",
    .summary = "Quectel BG96, USB 2c7c:0296, as ec25, in two halves (UPDATING, RESTORE)",
    .model = "BG96",
    .version = "BG96MAR02A07M1G_01.007.01.007",
    .product_id = "0296",
};

const SimPersonality sim_quectel_ec200a = {
    QUECTEL,
    .commands = standard_commands,
    .option = "ec200a",
    .summary =
        "Quectel EC200A, USB 2c7c:6005, as ec25 by address, with a client in a context of its own",
    .model = "EC200A",
    .version = "EC200AEUHAR01A02M16",
    .product_id = "6005",
};

const SimPersonality sim_quectel_rm500q = {
    QUECTEL,
    .commands = rm500q_commands,
    .option = "rm500q",
    .summary = "Quectel RM500Q-GL, USB 2c7c:0800, as ec25 by address",
    .model = "RM500Q-GL",
    .version = "RM500QGLABR11A04M4G_01.001.01.001",
    .product_id = "0800",
};
