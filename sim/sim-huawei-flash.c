/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-huawei.h"
#include "sim-step.h"

#include <string.h>

/* No document gives times: these are between the limits that other programs use. */
#define PREPARE_SECONDS 2 /* from ^FWUP's OK to 50 */
#define LEAVE_SECONDS 5   /* from 50 to the reset */
#define AWAY_SECONDS 60   /* in the update agent, until the ports are there again */

/* The bench's deltas begin with `FOTA-DELTA model=<model> from=<version> to=<version>`. Returns the
 * number of the error, 0: none; *to is the new version. */
static int
read_delta(SimModule *module, char **to)
{
    SimHuawei *huawei = module->state;
    const GByteArray *data = huawei->offer.n_files > 0 ? huawei->offer.files[0].data : NULL;
    const char *end = data != NULL ? memchr(data->data, '\n', data->len) : NULL;
    g_autofree char *line =
        end != NULL ? g_strndup((const char *)data->data, (gsize)(end - (const char *)data->data))
                    : g_strdup("");
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    if (g_strv_length(words) != 4 || !g_str_equal(words[0], "FOTA-DELTA") ||
        !g_str_has_prefix(words[1], "model=") || !g_str_has_prefix(words[2], "from=") ||
        !g_str_has_prefix(words[3], "to="))
        return SIM_FOTA_CRC;
    if (!g_str_equal(words[1] + strlen("model="), module->personality->model))
        return SIM_FOTA_WRONG_MODEL;
    if (!g_str_equal(words[2] + strlen("from="), module->version))
        return SIM_FOTA_WRONG_BASE;
    *to = g_strdup(words[3] + strlen("to="));
    return 0;
}

/* Drops what the armed faults say that the new firmware has lost. */
static void
lose_settings(SimModule *module)
{
    SimHuawei *huawei = module->state;

    if (sim_faults_take(module->faults, "settings-lost", NULL, NULL)) {
        memset(huawei->mode, 0, sizeof(huawei->mode));
        g_clear_pointer(&huawei->apn, g_free);
        huawei->reports = 0;
    }
    sim_module_take_return_faults(module);
}

/* Ends the update: sets the version and the result that the module reports. */
static void
flash_finish(SimModule *module)
{
    SimHuawei *huawei = module->state;
    g_autofree char *to = NULL;
    double code = read_delta(module, &to);
    int told = huawei->success;

    if (sim_faults_take_number(module->faults, "update-fails", NULL, &code) || code != 0) {
        told = huawei->failure;
    } else if (sim_faults_take(module->faults, "old-version", NULL, NULL)) {
        told = SIM_FOTA_IDLE;
    } else {
        g_free(module->version);
        module->version = g_steal_pointer(&to);
    }
    sim_log_event(module->log, "version %s", module->version);
    sim_huawei_end(module, SIM_FOTA_IDLE, -1);
    sim_huawei_tell(module, told, code > 0 ? (int)code : -1);
    lose_settings(module);
}

static gboolean
on_flashed(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    module->timer = 0;
    flash_finish(module);
    sim_module_start(module);
    if (!g_str_equal(huawei->told, "10"))
        sim_huawei_report(module, TRUE);
    return G_SOURCE_REMOVE;
}

/* In the update agent: nothing is on the bus. */
static void
flash_start(SimModule *module)
{
    SimHuawei *huawei = module->state;
    double away = AWAY_SECONDS;

    huawei->state = SIM_FOTA_FLASHING;
    sim_huawei_tell(module, huawei->state, -1);
    sim_log_event(module->log, "flashing");
    sim_step(module, "flashing");
    if (sim_faults_take(module->faults, "never-returns", NULL, NULL))
        return;
    sim_faults_take_number(module->faults, "absent", NULL, &away);
    sim_module_after(module, away, on_flashed);
}

static void
flash_leave(SimModule *module)
{
    sim_module_stop(module);
    flash_start(module);
}

static gboolean
on_leave(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    huawei->step = 0;
    sim_module_leave(module, flash_leave);
    return G_SOURCE_REMOVE;
}

/* With a data call up it stays in 40. */
static gboolean
on_ready(gpointer user_data)
{
    SimModule *module = user_data;
    SimHuawei *huawei = module->state;

    huawei->step = 0;
    if (sim_huawei_has_call(module)) {
        sim_log_event(module->log, "a data call keeps it from installing");
        return G_SOURCE_REMOVE;
    }
    sim_huawei_enter(module, SIM_FOTA_READY, -1);
    sim_huawei_after(module, LEAVE_SECONDS, on_leave);
    return G_SOURCE_REMOVE;
}

void
sim_huawei_install(SimModule *module)
{
    sim_step(module, "told to install");
    sim_huawei_after(module, PREPARE_SECONDS, on_ready);
}

/* A complete delta is installed at the next start, even without an order; an interrupted
 * installation begins again. */
gboolean
sim_huawei_power_on(SimModule *module)
{
    SimHuawei *huawei = module->state;

    if (huawei->state < SIM_FOTA_LOADED)
        return FALSE;
    flash_start(module);
    return TRUE;
}
