/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit-ask.h"
#include "sim-telit-enhanced.h"

static SimResult
run_socket_config(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    SimTelitSocket s;
    int id = 0;

    if (command->form == SIM_FORM_READ) {
        for (id = 1; id <= SIM_TELIT_SOCKETS; id++) {
            s = telit->sockets[id];
            sim_command_info(command, "#SCFG: %d,%d,%d,%d,%d,%d", id, s.cid, s.packet, s.inactivity,
                             s.connect, s.transmit);
        }
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 1, SIM_TELIT_SOCKETS, &id) || id == 0)
        return SIM_CME_BAD_PARAMETERS;
    s = telit->sockets[id];
    if (!sim_command_number(command, 1, 1, SIM_MAX_CID, &s.cid) ||
        !sim_command_number(command, 2, 0, 1500, &s.packet) ||
        !sim_command_number(command, 3, 0, 65535, &s.inactivity) ||
        !sim_command_number(command, 4, 10, 1200, &s.connect) ||
        !sim_command_number(command, 5, 1, 255, &s.transmit))
        return SIM_CME_BAD_PARAMETERS;
    telit->sockets[id] = s;
    return SIM_OK;
}

static SimResult
run_context(SimModule *module, SimCommand *command)
{
    g_autofree char *ip = NULL;
    int cid = 0, on = -1;

    if (command->form == SIM_FORM_READ) {
        for (cid = 1; cid <= SIM_MAX_CID; cid++) {
            if (module->contexts[cid].apn != NULL)
                sim_command_info(command, "#SGACT: %d,%d", cid, module->contexts[cid].active);
        }
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0 ||
        !sim_command_number(command, 1, 0, 1, &on) || on < 0)
        return SIM_CME_BAD_PARAMETERS;
    if (!on) {
        sim_context_deactivate(module, cid);
        return SIM_OK;
    }
    if (module->contexts[cid].active)
        return SIM_CME_CONTEXT_ACTIVE;
    if (!sim_context_activate(module, cid))
        return SIM_CME_CONTEXT_FAILED;
    ip = sim_context_ip(module, cid);
    sim_command_info(command, "#SGACT: %s", ip);
    return SIM_OK;
}

/* #PDPAUTH=<cid>,<kind>[,"user","password"]; the password cannot be read. */
static SimResult
run_login(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    const char *user = sim_command_arg(command, 2);
    int cid = 0, kind = 0;

    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#PDPAUTH: (1-%d),(0-2)", SIM_MAX_CID);
    if (command->form == SIM_FORM_READ && telit->login != NULL)
        sim_command_info(command, "#PDPAUTH: %s", telit->login);
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (!sim_command_number(command, 0, 1, SIM_MAX_CID, &cid) || cid == 0 ||
        !sim_command_number(command, 1, 0, 2, &kind))
        return SIM_CME_BAD_PARAMETERS;
    g_free(telit->login);
    telit->login = g_strdup_printf("%d,%d,\"%s\"", cid, kind, user != NULL ? user : "");
    return SIM_OK;
}

static SimResult
run_extended_version(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;

    sim_command_info(command, "#CFVR: %d", telit->cfvr);
    return SIM_OK;
}

static SimResult
run_prefixed_version(SimModule *module, SimCommand *command)
{
    sim_command_info(command, "#CGMR: %s", module->version);
    return SIM_OK;
}

/* Package, firmware, production parameters, application, without the command's name. ModemManager's
 * Revision is the first one, which on a real module need not be what +GMR says. */
static SimResult
run_package_version(SimModule *module, SimCommand *command)
{
    sim_command_info(command, "%s", module->package != NULL ? module->package : module->version);
    sim_command_info(command, "%s", module->version);
    sim_command_info(command, "P0B.810100");
    sim_command_info(command, "A0B.810000");
    return SIM_OK;
}

static gboolean
on_reboot(gpointer user_data)
{
    SimModule *module = user_data;

    module->timer = 0;
    sim_module_restart(module);
    return G_SOURCE_REMOVE;
}

static SimResult
run_reboot(SimModule *module, SimCommand *command)
{
    sim_module_after(module, 1, on_reboot);
    return SIM_OK;
}

/* #ENHRST=1,<minutes>: one restart; 0 takes it back. */
static SimResult
run_enhanced_reset(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    int mode = 0, minutes = 0;

    if (!sim_command_number(command, 0, 0, 2, &mode) ||
        !sim_command_number(command, 1, 0, 65535, &minutes))
        return SIM_CME_BAD_PARAMETERS;
    if (telit->apply_step > 0)
        return SIM_CME_NOT_ALLOWED;
    if (mode == 0)
        g_clear_handle_id(&module->timer, g_source_remove);
    else
        sim_module_after(module, minutes > 0 ? minutes * 60 : 1, on_reboot);
    return SIM_OK;
}

static SimResult
run_sim_state(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#QSS: 0,%d", module->unlocked ? 3 : 1);
    return SIM_OK;
}

static const SimCommandDef telit_commands[] = {
    {"#SCFG", run_socket_config, 0.4, FALSE},
    {"#SGACT", run_context, 0.2, TRUE},
    {"#PDPAUTH", run_login, 0.05, FALSE},
    {"#FTPOPEN", sim_telit_ftp_open, 0.2, TRUE},
    {"#FTPCLOSE", sim_telit_ftp_close, 0.33, TRUE},
    {"#FTPTO", sim_telit_ftp_timeout, 0.05, FALSE},
    {"#FTPTYPE", sim_telit_ftp_type, 0.05, FALSE},
    {"#FTPMSG", sim_telit_ftp_message, 0.05, FALSE},
    {"#FTPREST", sim_telit_ftp_rest, 0.05, FALSE},
    {"#FTPFSIZE", sim_telit_ftp_size, 0.05, TRUE},
    {"#FTPGET", sim_telit_ftp_get, 0.5, TRUE},
    {"#FTPGETPKT", sim_telit_ftp_get_packet, 0.5, TRUE},
    {"#FTPRECV", sim_telit_ftp_receive, 0.05, TRUE},
    {"#FTPGETOTA", sim_telit_ftp_get_ota, 0.05, TRUE},
    {"#OTAUP", sim_telit_otaup, 0.33, FALSE},
    {"#OTAUPW", sim_telit_feed_run, 0.5, FALSE},
    {"#FTPGETOTAENH", sim_telit_enhanced_run_get, 0.5, TRUE},
    {"#FOTAURC", sim_telit_enhanced_run_reports, 0.05, FALSE},
    {"#OTASUAN", sim_telit_ask_run_answer, 0.05, FALSE},
    {"#OTASETRI", sim_telit_ask_run_ring, 0.05, FALSE},
    {"#OTAIPUPD", sim_telit_ask_run_start, 0.05, TRUE},
    {"#LWM2MFOTAACK", sim_telit_ring_run_answer, 0.05, FALSE},
    {"#LWM2MFOTASTATE", sim_telit_ring_run_state, 0.05, FALSE},
    {"#SWMENA", sim_telit_package_run_enable, 0.05, FALSE},
    {"#SWMCHKUPD", sim_telit_package_run_check, 0.05, FALSE},
    {"#SWMGETDP", sim_telit_package_run_answer, 0.05, FALSE},
    {"#CFVR", run_extended_version, 0.05, FALSE},
    {"#CGMR", run_prefixed_version, 0.05, FALSE},
    {"#SWPKGV", run_package_version, 0.05, FALSE},
    {"#REBOOT", run_reboot, 0.05, FALSE},
    {"#ENHRST", run_enhanced_reset, 0.05, FALSE},
    {"#QSS", run_sim_state, 0.05, FALSE},
    {NULL, NULL, 0, FALSE},
};

void
sim_telit_forget_sockets(SimTelit *telit)
{
    for (int id = 1; id <= SIM_TELIT_SOCKETS; id++)
        telit->sockets[id] = (SimTelitSocket){1, 300, 90, 600, 50};
}

static gpointer
telit_new(SimModule *module)
{
    SimTelit *telit = g_new0(SimTelit, 1);

    sim_telit_forget_sockets(telit);
    telit->ftp_timeout = 100;
    telit->cfvr = 4;
    if (module->personality == &sim_telit_le910c4 || module->personality == &sim_telit_me310g1)
        telit->enhanced = sim_telit_enhanced_new();
    if (module->personality == &sim_telit_me910c1_asks)
        telit->ask = sim_telit_ask_new(&sim_telit_ask_me910c1);
    else if (module->personality == &sim_telit_le910_v2_asks)
        telit->ask = sim_telit_ask_new(&sim_telit_ask_le910_v2);
    else if (module->personality == &sim_telit_me310g1_asks)
        telit->ask = sim_telit_ask_new(&sim_telit_ask_me310g1);
    return telit;
}

static void
telit_free(SimModule *module)
{
    SimTelit *telit = module->state;

    sim_telit_ota_clear(&telit->ota);
    g_clear_pointer(&telit->enhanced, sim_telit_enhanced_free);
    g_clear_pointer(&telit->ask, sim_telit_ask_free);
    g_free(telit->login);
    g_free(telit->ftp_message);
    g_free(telit->packet_name);
    g_clear_pointer(&telit->packet, g_bytes_unref);
    g_clear_pointer(&module->state, g_free);
}

static void
telit_context_down(SimModule *module, int cid)
{
    SimTelit *telit = module->state;

    if (telit->ftp != NULL && telit->ftp_cid == cid)
        sim_telit_ftp_drop(module);
}

/* #SCFG, the PDP contexts and the OTA area are in flash; the rest of the settings is not. */
static void
telit_stopped(SimModule *module)
{
    SimTelit *telit = module->state;

    if (telit->enhanced != NULL)
        sim_telit_enhanced_stopped(module);
    if (telit->ask != NULL)
        sim_telit_ask_stopped(module);
    sim_telit_feed_stop(module);
    sim_telit_ftp_drop(module);
    telit->ftp_timeout = 100;
    telit->ftp_rest = 0;
    g_clear_pointer(&telit->packet, g_bytes_unref);
    g_clear_pointer(&telit->packet_name, g_free);
}

static void
telit_registration_changed(SimModule *module)
{
    SimTelit *telit = module->state;

    if (telit->ask != NULL && !sim_module_is_registered(module))
        sim_telit_ask_offline(module);
}

static const char *
ota_state(const SimTelit *telit)
{
    if (telit->feed != NULL)
        return "partial";
    if (telit->ota_loading)
        return sim_ftp_get_received(telit->ftp) > 0 ? "partial" : "empty";
    if (!telit->ota.complete)
        return "empty";
    return telit->ota.validated ? "validated" : "stored";
}

static gboolean
telit_set(SimModule *module, const char *key, const char *value, gboolean *good)
{
    SimTelit *telit = module->state;
    guint64 number = 0;

    if (telit->ask != NULL && g_str_equal(key, "answer-limit")) {
        *good = sim_telit_ask_set_limit(module, value);
        return TRUE;
    }
    if (telit->ask != NULL && telit->ask->kind->packages && g_str_equal(key, "oma-dm")) {
        telit->ask->client_on = g_str_equal(value, "1");
        *good = telit->ask->client_on || g_str_equal(value, "0");
        return TRUE;
    }
    if (telit->ask != NULL && g_str_equal(key, "offer")) {
        *good = sim_telit_ask_set_offer(telit->ask, value);
        return TRUE;
    }
    if (!g_str_equal(key, "socket-1-cid"))
        return FALSE;
    *good = g_ascii_string_to_unsigned(value, 10, 1, SIM_MAX_CID, &number, NULL);
    if (*good)
        telit->sockets[1].cid = (int)number;
    return TRUE;
}

static void
telit_describe(SimModule *module, JsonBuilder *b)
{
    SimTelit *telit = module->state;

    sim_describe_text(b, "ota", ota_state(telit));
    sim_describe_text(b, "ota-from", telit->ota.from);
    sim_describe_text(b, "ota-to", telit->ota.to);
    sim_describe_text(b, "ota-sha256", telit->ota.sha256);
    sim_describe_number(b, "ota-size", (gint64)telit->ota.size);
    sim_describe_number(b, "socket-1-cid", telit->sockets[1].cid);
    sim_describe_text(b, "login", telit->login);
    sim_describe_number(b, "ftp", telit->ftp != NULL);
    sim_describe_number(b, "ftp-busy", telit->ftp_busy);
    sim_describe_number(b, "ftp-timeout", telit->ftp_timeout);
    sim_describe_number(b, "ftp-type", telit->ftp == NULL || sim_ftp_is_ascii(telit->ftp));
    sim_describe_number(b, "ftp-received",
                        telit->ftp != NULL ? (gint64)sim_ftp_get_received(telit->ftp) : 0);
    sim_describe_number(b, "armed", telit->armed);
    sim_describe_number(b, "apply-step", telit->apply_step);
    sim_describe_number(b, "cfvr", telit->cfvr);
    if (telit->ask != NULL)
        sim_telit_ask_describe(telit->ask, b);
}

/* Interfaces as in ModemManager's 77-mm-telit-port-types.rules, where 00 is the diagnostic port.
 * Which interface a third AT port would have is not public. */
static const SimTtySpec ttys[] = {
    {1, SIM_TTY_PRIMARY}, {2, SIM_TTY_SECONDARY}, {4, SIM_TTY_RESERVED}};
static const SimTtySpec le910c_ttys[] = {
    {4, SIM_TTY_PRIMARY}, {5, SIM_TTY_SECONDARY}, {6, SIM_TTY_RESERVED}};

#define TELIT_ON(the_ttys)                                                                         \
    .manufacturer = "Telit", .vendor_id = "1bc7", .ttys = the_ttys,                                \
    .n_ttys = G_N_ELEMENTS(the_ttys), .boot_seconds = 12, .commands = telit_commands,              \
    .state_new = telit_new, .state_free = telit_free, .stopped = telit_stopped,                    \
    .context_down = telit_context_down, .registration_changed = telit_registration_changed,        \
    .power_on = sim_telit_ota_power_on, .set = telit_set, .describe = telit_describe
#define TELIT TELIT_ON(ttys)

const SimPersonality sim_telit_me910c1_na = {
    TELIT,
    .option = "me910c1-na",
    .summary = "Telit ME910C1-NA, USB 1bc7:1101, host-driven FTP (#FTPGETOTA, #OTAUP)",
    .model = "ME910C1-NA",
    .version = "30.00.001-B026",
    .product_id = "1101",
};

const SimPersonality sim_telit_le910_svl = {
    TELIT,
    .option = "le910-svl",
    .summary = "Telit LE910-SVL, as me910c1-na; #CFVR tells firmwares with the same +GMR apart",
    .model = "LE910-SVL",
    .version = "20.00.034",
    .product_id = "1101",
};

const SimPersonality sim_telit_le910c4 = {
    TELIT_ON(le910c_ttys),
    .option = "le910c4",
    .summary = "Telit LE910C4-NF, USB 1bc7:1201, FTP in one command (#FTPGETOTAENH, #OTAUP=2)",
    .model = "LE910C4-NF",
    .version = "25.21.660-P0F.660300",
    .product_id = "1201",
};

const SimPersonality sim_telit_me310g1 = {
    TELIT,
    .option = "me310g1",
    .summary = "Telit ME310G1-WW, USB 1bc7:110a, as me910c1-na; #OTAUP=1 takes its time",
    .model = "ME310G1-WW",
    .version = "37.00.214-P0C.210001",
    .product_id = "110a",
};

const SimPersonality sim_telit_me910c1_asks = {
    TELIT,
    .option = "me910c1-asks",
    .summary = "Telit ME910C1-NA that asks whether its own server may update it (#OTASUAN)",
    .model = "ME910C1-NA",
    .version = "30.00.001-B026",
    .product_id = "1101",
    .ask = sim_telit_ask,
};

const SimPersonality sim_telit_le910_v2_asks = {
    TELIT,
    .option = "le910-v2-asks",
    .summary = "Telit LE910-EU1 (V2) that asks, as me910c1-asks; its answer is yes or no only",
    .model = "LE910-EU1",
    .version = "20.00.412",
    .product_id = "1101",
    .ask = sim_telit_ask,
};

const SimPersonality sim_telit_me310g1_asks = {
    TELIT,
    .option = "me310g1-asks",
    .summary = "Telit ME310G1-WW that its carrier updates over LwM2M, and that asks twice",
    .model = "ME310G1-WW",
    .version = "37.00.214-P0C.210001",
    .product_id = "110a",
    .ask = sim_telit_ask,
};
