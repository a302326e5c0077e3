/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-step.h"
#include "sim-telit-ask.h"
#include "sim-telit-enhanced.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Applying a delta: OK, then three restarts, the first two with the old version. The log's
 * 2 min 45 s from OK to the new version's first answer, in gaps of 20 to 60 s, is:
 */
#define LEAVE_SECONDS 2
#define STAY_SECONDS 15
#define LAST_STEP 3
#define FIRST_ANSWER_SECONDS 3.5
/* Unreadable bytes in front of the report, as an ME310G1 sent them. */
#define BOOT_NOISE "\xf8\xfe\xf0\xff\x80\xfc\xf8\xfe"
static const double away_seconds[] = {0, 40, 40, 50}; /* by step, from 1 */

static gboolean apply_leave(gpointer user_data);
static gboolean apply_return(gpointer user_data);

void
sim_telit_ota_clear(SimOta *ota)
{
    g_free(ota->sha256);
    g_free(ota->model);
    g_free(ota->from);
    g_free(ota->to);
    *ota = (SimOta){0};
}

/* The bench's deltas begin with `FOTA-DELTA model=<model> from=<version> to=<version>`. */
static void
read_first_line(SimOta *ota, const char *data, gsize length)
{
    const char *end = memchr(data, '\n', length);
    g_autofree char *line = end != NULL ? g_strndup(data, (gsize)(end - data)) : g_strdup("");
    g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", -1);

    if (g_strv_length(words) != 4 || !g_str_equal(words[0], "FOTA-DELTA") ||
        !g_str_has_prefix(words[1], "model=") || !g_str_has_prefix(words[2], "from=") ||
        !g_str_has_prefix(words[3], "to="))
        return;
    ota->model = g_strdup(words[1] + strlen("model="));
    ota->from = g_strdup(words[2] + strlen("from="));
    ota->to = g_strdup(words[3] + strlen("to="));
}

void
sim_telit_ota_store(SimOta *ota, GBytes *bytes)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);

    sim_telit_ota_clear(ota);
    ota->size = length;
    ota->complete = TRUE;
    ota->sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    if (data != NULL)
        read_first_line(ota, data, length);
}

char *
sim_telit_firmware(SimModule *module)
{
    SimTelit *telit = module->state;

    return module->personality == &sim_telit_le910_svl
               ? g_strdup_printf("%s+%d", module->version, telit->cfvr)
               : g_strdup(module->version);
}

/* The new firmware, as the delta calls it. */
static void
take_firmware(SimModule *module, const char *name)
{
    SimTelit *telit = module->state;
    g_auto(GStrv) parts = g_strsplit(name, "+", 2);

    g_free(module->version);
    module->version = g_strdup(parts[0]);
    telit->cfvr = parts[1] != NULL ? atoi(parts[1]) : telit->cfvr + 1;
}

gboolean
sim_telit_ota_fits(SimModule *module)
{
    SimTelit *telit = module->state;
    const SimOta *ota = &telit->ota;
    g_autofree char *firmware = sim_telit_firmware(module);

    return ota->complete && !ota->refused_late && ota->model != NULL &&
           g_str_equal(ota->model, module->personality->model) && g_str_equal(ota->from, firmware);
}

static void
apply_report(SimModule *module)
{
    SimTelit *telit = module->state;
    const char *good =
        telit->ask != NULL ? telit->ask->kind->upgraded : "Module Upgraded To New Fw";
    const char *text = telit->apply_old ? "OTA FW Upgrade Failed" : good;
    g_autofree char *line = g_strdup_printf("#OTAEV: %s", text);

    sim_module_urc_at_open(module, BOOT_NOISE);
    if (telit->ask != NULL)
        sim_telit_ask_updated(module, !telit->apply_old);
    if (telit->ask != NULL && telit->ask->kind->keeps_report)
        sim_telit_event(module, text);
    else if (!sim_faults_take(module->faults, "otaev-lost", text, NULL))
        sim_module_urc_at_open(module, line);
}

/* The update is over: back with the new version, or with the old one. */
static void
apply_finish(SimModule *module)
{
    SimTelit *telit = module->state;

    if (!telit->apply_old)
        take_firmware(module, telit->ota.to);
    sim_telit_ota_clear(&telit->ota);
    telit->apply_step = 0;
    if (sim_faults_take(module->faults, "settings-lost", NULL, NULL))
        sim_telit_forget_sockets(telit);
    sim_module_take_return_faults(module);
    module->first_delay = FIRST_ANSWER_SECONDS;
    sim_module_start(module);
    sim_step(module, "back with what it runs from now on");
    apply_report(module);
    sim_log_event(module->log, "version %s", module->version);
    sim_step(module, "reported");
}

static gboolean
apply_return(gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    double stay = STAY_SECONDS;

    module->timer = 0;
    if (telit->apply_step == LAST_STEP && sim_faults_take(module->faults, "restarts", NULL, NULL))
        telit->apply_step--;
    if (telit->apply_step >= LAST_STEP) {
        apply_finish(module);
        return G_SOURCE_REMOVE;
    }
    sim_faults_take_number(module->faults, "stays", NULL, &stay);
    sim_module_start(module);
    sim_module_after(module, stay, apply_leave);
    sim_step(module, "back %u", telit->apply_step);
    return G_SOURCE_REMOVE;
}

static void
apply_away(SimModule *module)
{
    SimTelit *telit = module->state;
    double away;

    telit->armed = FALSE;
    sim_module_stop(module);
    telit->apply_step++;
    away = away_seconds[telit->apply_step];
    sim_log_event(module->log, "restart %u of %d", telit->apply_step, LAST_STEP);
    sim_step(module, "away %u", telit->apply_step);
    if (telit->apply_step == LAST_STEP)
        sim_faults_take_number(module->faults, "absent", NULL, &away);
    if (telit->apply_step == LAST_STEP &&
        sim_faults_take(module->faults, "never-returns", NULL, NULL))
        return;
    sim_module_after(module, away, apply_return);
}

static gboolean
apply_leave(gpointer user_data)
{
    SimModule *module = user_data;

    module->timer = 0;
    sim_module_leave(module, apply_away);
    return G_SOURCE_REMOVE;
}

void
sim_telit_ota_apply(SimModule *module)
{
    SimTelit *telit = module->state;

    telit->apply_old = sim_faults_take(module->faults, "old-version", NULL, NULL);
    telit->armed = FALSE;
    sim_module_after(module, LEAVE_SECONDS, apply_leave);
}

/* A step that power interrupted is done again. */
gboolean
sim_telit_ota_power_on(SimModule *module)
{
    SimTelit *telit = module->state;

    /* Armed with one delta, and another one has taken its place since. */
    if (telit->apply_step == 0 && telit->armed && !sim_telit_ota_fits(module)) {
        telit->armed = FALSE;
        sim_telit_ota_clear(&telit->ota);
    }
    if (telit->apply_step == 0 && !telit->armed)
        return FALSE;
    if (telit->apply_step == 0) {
        telit->apply_old = sim_faults_take(module->faults, "old-version", NULL, NULL);
        telit->armed = FALSE;
        telit->apply_step = 1;
    }
    sim_log_event(module->log, "restart %u of %d goes on", telit->apply_step, LAST_STEP);
    sim_module_after(module, away_seconds[telit->apply_step], apply_return);
    return TRUE;
}

/* MultiTech's guide closes FTP and the context first, l) and m). No document says what a module
 * does else. */
static gboolean
is_connected(SimModule *module)
{
    const SimTelit *telit = module->state;
    gboolean active = telit->ftp != NULL;

    for (int cid = 1; cid <= SIM_MAX_CID; cid++)
        active = active || module->contexts[cid].active;
    return active;
}

/* 0: start now; 1: validate only; 2: at the next start. */
SimResult
sim_telit_otaup(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    int mode = -1, extra = 0;

    if (command->form == SIM_FORM_TEST) {
        sim_command_info(command, "#OTAUP: (0-2)");
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET || !sim_command_number(command, 0, 0, 2, &mode) || mode < 0 ||
        !sim_command_number(command, 1, 0, 2, &extra))
        return SIM_CME_BAD_PARAMETERS;
    if (telit->apply_step > 0 || (mode == 0 && is_connected(module)) ||
        (telit->enhanced != NULL && sim_telit_enhanced_is_checking(telit->enhanced)))
        return SIM_CME_NOT_ALLOWED;
    if (sim_faults_take(module->faults, "otaup-error", command->text, NULL))
        return SIM_ERROR;
    if (!sim_telit_ota_fits(module)) {
        sim_telit_ota_clear(&telit->ota);
        return telit->enhanced != NULL && mode == 1
                   ? sim_telit_enhanced_validate(module, command, SIM_CME_NOT_ALLOWED)
                   : SIM_CME_NOT_ALLOWED;
    }
    telit->ota.validated = TRUE;
    telit->armed = mode == 2;
    sim_step(module, mode == 2 ? "armed" : "delta validated");
    if (telit->enhanced != NULL && mode == 1)
        return sim_telit_enhanced_validate(module, command, SIM_OK);
    if (mode != 0)
        return SIM_OK;
    sim_telit_ota_apply(module);
    if (sim_faults_take(module->faults, "otaup-no-ok", command->text, NULL))
        return SIM_SILENT;
    return SIM_OK;
}
