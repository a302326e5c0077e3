/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"

#include <string.h>

/* ATI: a block, as MU609's and ME909u's guides show it. */
static SimResult
run_identity(SimModule *module, SimCommand *command)
{
    sim_command_info(command, "Manufacturer: Huawei Technologies Co., Ltd.");
    sim_command_info(command, "Model: %s", module->personality->model);
    sim_command_info(command, "Revision: %s", module->version);
    sim_command_info(command, "IMEI: %s", module->imei);
    sim_command_info(command, "+GCAP: +CGSM,+DS,+ES");
    return SIM_OK;
}

static SimResult
run_reports(SimModule *module, SimCommand *command)
{
    SimHuawei *huawei = module->state;

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "^CURC: %d", huawei->reports);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "^CURC: (0-1)");
    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_EXEC ? SIM_ERROR : SIM_OK;
    return sim_command_number(command, 0, 0, 1, &huawei->reports) ? SIM_OK : SIM_ERROR;
}

static SimResult
run_system_information(SimModule *module, SimCommand *command)
{
    gboolean here = sim_module_is_registered(module);

    sim_command_info(command, "^SYSINFOEX: %d,%d,%d,%d,,3,\"WCDMA\",41,\"HSPA\"", here ? 2 : 0,
                     here ? 3 : 0, module->registration == 5, module->unlocked ? 1 : 0);
    return SIM_OK;
}

/* The code that the SIM asks for and the attempts left; then those of PUK, PIN, PUK2, PIN2. */
static SimResult
run_pin_attempts(SimModule *module, SimCommand *command)
{
    if (command->form != SIM_FORM_READ)
        return SIM_ERROR;
    if (module->unlocked)
        sim_command_info(command, "^CPIN: READY,,10,%u,10,3", module->pin_tries);
    else
        sim_command_info(command, "^CPIN: SIM %s,%u,10,%u,10,3",
                         module->pin_tries > 0 ? "PIN" : "PUK",
                         module->pin_tries > 0 ? module->pin_tries : 10, module->pin_tries);
    return SIM_OK;
}

/* As real ones do "any time", ^CURC permitting. */
static const char *
huawei_chatter(SimModule *module)
{
    static const char *const lines[] = {"^RSSI: 18", "^HCSQ: \"WCDMA\",38,30,44", "^RSSI: 19",
                                        "^BOOT: 31415926,0,0,0,20"};
    SimHuawei *huawei = module->state;

    return huawei->reports ? lines[huawei->said++ % G_N_ELEMENTS(lines)] : NULL;
}

static const SimCommandDef huawei_commands[] = {
    {"I", run_identity, 0.05, FALSE},
    {"D", sim_huawei_run_dial, 0.5, TRUE},
    {"H", sim_huawei_run_hang_up, 0.1, FALSE},
    {"^CPIN", run_pin_attempts, 0.05, FALSE},
    {"^CURC", run_reports, 0.05, FALSE},
    {"^SYSINFOEX", run_system_information, 0.05, FALSE},
    {"^NDISDUP", sim_huawei_run_ndis, 0.2, TRUE},
    {"^NDISSTATQRY", sim_huawei_run_ndis_state, 0.05, TRUE},
    {"^FOTASTATE", sim_huawei_run_state, 0.1, FALSE},
    {"^FOTAMODE", sim_huawei_run_mode, 0.1, FALSE},
    {"^FOTACFG", sim_huawei_run_config, 0.1, FALSE},
    {"^FOTADET", sim_huawei_run_detect, 0.2, TRUE},
    {"^FOTADL", sim_huawei_run_load, 0.2, TRUE},
    {"^FOTADLQ", sim_huawei_run_progress, 0.5, FALSE},
    {"^FWUP", sim_huawei_run_install, 0.2, FALSE},
    {NULL, NULL, 0, FALSE},
};

static gpointer
huawei_new(SimModule *module)
{
    SimHuawei *huawei = g_new0(SimHuawei, 1);

    huawei->received_first = 1;
    huawei->success = 90;
    huawei->failure = 80;
    huawei->fields = 1;
    huawei->state = SIM_FOTA_IDLE;
    huawei->told = g_strdup("10");
    huawei->mode[4] = 7;
    huawei->reports = 1;
    return huawei;
}

static void
huawei_free(SimModule *module)
{
    SimHuawei *huawei = module->state;

    sim_huawei_offer_clear(&huawei->offer);
    g_free(huawei->server);
    g_free(huawei->told);
    g_free(huawei->apn);
    g_free(huawei->user);
    g_free(huawei->password);
    g_clear_pointer(&module->state, g_free);
}

/* At a restart the module keeps a part of a delta that it may resume, but no query and no offer. */
static void
huawei_stopped(SimModule *module)
{
    SimHuawei *huawei = module->state;

    sim_huawei_stop_transfer(module);
    huawei->reports = 1;
    if (huawei->state == SIM_FOTA_LOADING)
        huawei->state = SIM_FOTA_SUSPENDED;
    if (huawei->state < SIM_FOTA_SUSPENDED ||
        (huawei->state == SIM_FOTA_SUSPENDED && huawei->mode[3] != 1)) {
        sim_huawei_end(module, SIM_FOTA_IDLE, -1);
        return;
    }
    sim_huawei_tell(module, huawei->state, -1);
}

/* The module's own data call breaks off. */
static void
huawei_registration_changed(SimModule *module)
{
    SimHuawei *huawei = module->state;

    if (!sim_module_is_registered(module) && huawei->state == SIM_FOTA_LOADING)
        sim_huawei_suspend(module);
}

static gboolean
set_one_of(int *number, const char *value, const int *choices)
{
    gint64 parsed;

    if (!g_ascii_string_to_signed(value, 10, 0, 255, &parsed, NULL))
        return FALSE;
    for (guint i = 0; choices[i] >= 0; i++) {
        if (choices[i] == parsed) {
            *number = (int)parsed;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
huawei_set(SimModule *module, const char *key, const char *value, gboolean *good)
{
    static const int switches[] = {0, 1, -1}, successes[] = {90, 100, -1},
                     failures[] = {70, 80, 110, -1};
    SimHuawei *huawei = module->state;

    *good = TRUE;
    if (g_str_equal(key, "server")) {
        g_free(huawei->server);
        huawei->server = value[0] != '\0' ? g_strdup(value) : NULL;
        *good = value[0] == '\0' || g_str_has_suffix(value, "/");
    } else if (g_str_equal(key, "received-first")) {
        *good = set_one_of(&huawei->received_first, value, switches);
    } else if (g_str_equal(key, "state-fields")) {
        *good = set_one_of(&huawei->fields, value, switches);
    } else if (g_str_equal(key, "success")) {
        *good = set_one_of(&huawei->success, value, successes);
    } else if (g_str_equal(key, "failure")) {
        *good = set_one_of(&huawei->failure, value, failures);
    } else {
        return FALSE;
    }
    return TRUE;
}

static void
huawei_describe(SimModule *module, JsonBuilder *b)
{
    SimHuawei *huawei = module->state;
    g_autofree char *mode = g_strdup_printf("%d,%d,%d,%d,%d", huawei->mode[0], huawei->mode[1],
                                            huawei->mode[2], huawei->mode[3], huawei->mode[4]);

    sim_huawei_keep(module);
    sim_describe_text(b, "fota-told", huawei->told);
    sim_describe_text(b, "fota-mode", mode);
    sim_describe_text(b, "fota-apn", huawei->apn);
    sim_describe_text(b, "fota-version", huawei->offer.version);
    sim_describe_text(b, "call-tty", huawei->call_tty);
    sim_describe_number(b, "fota-state", huawei->state);
    sim_describe_number(b, "fota-authentication", huawei->authentication);
    sim_describe_number(b, "fota-received", (gint64)sim_huawei_offer_received(&huawei->offer));
    sim_describe_number(b, "fota-size", (gint64)sim_huawei_offer_size(&huawei->offer));
    sim_describe_number(b, "reports", huawei->reports);
    sim_describe_number(b, "call", sim_huawei_has_call(module));
}

/* The port for AT and the one for PPP, which ModemManager's 77-mm-huawei-port-types.rules finds by
 * protocol. The interface numbers differ between USB layouts. */
static const SimTtySpec ttys[] = {
    {2, SIM_TTY_PRIMARY}, {0, SIM_TTY_SECONDARY}, {3, SIM_TTY_RESERVED}};

#define HUAWEI                                                                                     \
    .manufacturer = "huawei", .vendor_id = "12d1", .ttys = ttys, .n_ttys = G_N_ELEMENTS(ttys),     \
    .boot_seconds = 12, .sim_busy_seconds = 7, .unknown = "COMMAND NOT SUPPORT",                   \
    .commands = huawei_commands, .state_new = huawei_new, .state_free = huawei_free,               \
    .stopped = huawei_stopped, .context_down = sim_huawei_context_down,                            \
    .tty_closed = sim_huawei_tty_closed, .power_on = sim_huawei_power_on, .set = huawei_set,       \
    .registration_changed = huawei_registration_changed, .describe = huawei_describe,              \
    .chatter = huawei_chatter

const SimPersonality sim_huawei_mu509 = {
    HUAWEI,
    .option = "mu509",
    .summary = "Huawei MU509, USB 12d1:1404, vendor's own server (^FOTADET, ^FOTADL, ^FWUP)",
    .model = "MU509",
    .version = "12.815.01.03.00",
    .product_id = "1404",
};

const SimPersonality sim_huawei_mu609 = {
    HUAWEI,
    .option = "mu609",
    .summary = "Huawei MU609, USB 12d1:1573, as mu509",
    .model = "MU609",
    .version = "12.105.29.00.00",
    .product_id = "1573",
};

const SimPersonality sim_huawei_me909u = {
    HUAWEI,
    .option = "me909u",
    .summary = "Huawei ME909u-523, USB 12d1:1573, as mu509, and a download can pause",
    .model = "ME909u-523",
    .version = "12.636.12.01.00",
    .product_id = "1573",
};
