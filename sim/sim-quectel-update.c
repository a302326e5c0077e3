/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-quectel.h"
#include "sim-step.h"

#include <string.h>

/* The bench's deltas begin with `FOTA-DELTA model=<model> from=<version> to=<version>`. */

#define AWAY_SECONDS 20 /* in each restart */
#define QUIET_SECONDS 5 /* in the update mode, before its first line */
#define STEP_SECONDS 10 /* between two lines of progress */
#define LEAVE_SECONDS 3 /* from END to the last restart */
#define HALF_SECONDS 8  /* in which +QGMR lacks its second half */
#define DAMAGED 505
#define WRONG_BASE 510
#define OTHER_VERSION 507 /* these two of LTE Standard(A) */
#define OTHER_PROJECT 552

/* It never says 100, as an EC800K. */
static const int ec25_progress[] = {1, 7, 22, 47, 60, 75, 96};
static const int bg96_progress[] = {1, 50, 100};
static const int ec200a_progress[] = {8, 16, 50, 58, 66, 75, 91};
#define MIDDLE 4 /* of EC25, where the fault restarts restarts it */

static gboolean update_next(gpointer user_data);
static gboolean on_update_mode(gpointer user_data);

int
sim_quectel_judge(SimModule *module, GBytes *package, char **to)
{
    gboolean standard = sim_quectel_is_standard(module);
    gsize length;
    const char *data = g_bytes_get_data(package, &length);
    const char *end = data != NULL ? memchr(data, '\n', length) : NULL;
    g_autofree char *line = end != NULL ? g_strndup(data, (gsize)(end - data)) : g_strdup("");
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    if (g_strv_length(words) != 4 || !g_str_equal(words[0], "FOTA-DELTA") ||
        !g_str_has_prefix(words[1], "model=") || !g_str_has_prefix(words[2], "from=") ||
        !g_str_has_prefix(words[3], "to="))
        return DAMAGED;
    if (!g_str_equal(words[1] + strlen("model="), module->personality->model))
        return standard ? OTHER_PROJECT : WRONG_BASE;
    if (!g_str_equal(words[2] + strlen("from="), module->version))
        return standard ? OTHER_VERSION : WRONG_BASE;
    *to = g_strdup(words[3] + strlen("to="));
    return 0;
}

/* Into the update mode, which is a start of its own. */
static void
go_away(SimModule *module)
{
    if (module->running)
        sim_module_stop(module);
    sim_step(module, "away");
    sim_module_after(module, AWAY_SECONDS, on_update_mode);
}

void
sim_quectel_install(SimModule *module, GBytes *package, gboolean waits)
{
    SimQuectel *quectel = module->state;

    g_clear_pointer(&quectel->package, g_bytes_unref);
    quectel->package = g_bytes_ref(package);
    quectel->phase = SIM_QUECTEL_UPDATING;
    quectel->at = 0;
    if (!waits)
        sim_module_leave(module, go_away);
}

/* What the first start after an update loses, also one that follows a loss of power. */
static void
lose_settings(SimModule *module)
{
    SimQuectel *quectel = module->state;

    if (!quectel->was_updated)
        return;
    quectel->was_updated = FALSE;
    if (sim_faults_take(module->faults, "calibration-lost", NULL, NULL))
        quectel->calibration_lost = TRUE;
    sim_module_take_return_faults(module);
}

/* A start that is forced into the update mode. */
gboolean
sim_quectel_power_on(SimModule *module)
{
    SimQuectel *quectel = module->state;

    if (quectel->phase == SIM_QUECTEL_NORMAL) {
        lose_settings(module);
        return FALSE;
    }
    sim_log_event(module->log, "the update goes on");
    quectel->at = 0;
    go_away(module);
    return TRUE;
}

static gboolean
on_update_mode(gpointer user_data)
{
    SimModule *module = user_data;

    module->timer = 0;
    sim_module_start(module);
    return G_SOURCE_REMOVE;
}

/* It takes no commands, and its first line may be cut off. */
void
sim_quectel_update_started(SimModule *module)
{
    SimQuectel *quectel = module->state;

    module->hung = TRUE;
    sim_step(module, "in the update mode");
    if (quectel->at > 0) {
        sim_quectel_after(module, STEP_SECONDS, update_next);
        return;
    }
    sim_module_urc(module, "D: \"FOTA\",\"STA");
    sim_quectel_after(module, QUIET_SECONDS, update_next);
}

static gboolean
on_booted(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;
    double half = HALF_SECONDS;

    module->timer = 0;
    sim_faults_take_number(module->faults, "version-half", NULL, &half);
    quectel->half_until = g_get_monotonic_time() + sim_ms(module->sim, half) * 1000LL;
    lose_settings(module);
    sim_module_start(module);
    sim_step(module, "back with what it runs from now on");
    return G_SOURCE_REMOVE;
}

/* Out of the update mode. */
static void
go_away_last(SimModule *module)
{
    double away = AWAY_SECONDS;

    sim_module_stop(module);
    sim_step(module, "away for the last time");
    if (sim_faults_take(module->faults, "never-returns", NULL, NULL))
        return;
    sim_faults_take_number(module->faults, "absent", NULL, &away);
    sim_module_after(module, away, on_booted);
}

static gboolean
on_end(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;

    quectel->step = 0;
    sim_module_leave(module, go_away_last);
    return G_SOURCE_REMOVE;
}

/* The update is over, and forgotten. */
static void
update_end(SimModule *module, int number)
{
    SimQuectel *quectel = module->state;

    sim_log_event(module->log, "version %s", module->version);
    quectel->phase = SIM_QUECTEL_NORMAL;
    quectel->was_updated = TRUE;
    g_clear_pointer(&quectel->package, g_bytes_unref);
    if (sim_faults_take(module->faults, "end-doubled", NULL, NULL))
        quectel->last_end = g_strdup_printf("+QIND: \"FOTA\",\"END\",%d", number);
    sim_quectel_report(module, "END", number);
    sim_quectel_after(module, LEAVE_SECONDS, on_end);
}

/* A package that does not fit is found out before anything is written. FALSE: it is the end. */
static gboolean
update_begin(SimModule *module)
{
    SimQuectel *quectel = module->state;
    g_autofree char *to = NULL;
    double number = sim_quectel_judge(module, quectel->package, &to);

    if (quectel->phase == SIM_QUECTEL_RESTORING) {
        sim_quectel_report(module, "Last upgrade was not finished,continue upgrade", -1);
        return TRUE;
    }
    sim_quectel_report(module, "START", -1);
    sim_faults_take_number(module->faults, "update-fails", NULL, &number);
    if (number != 0)
        update_end(module, (int)number);
    return number == 0;
}

/* The new firmware is there, or with the fault the old one. */
static void
update_finish(SimModule *module)
{
    SimQuectel *quectel = module->state;
    g_autofree char *to = NULL;

    sim_quectel_judge(module, quectel->package, &to);
    if (!sim_faults_take(module->faults, "old-version", NULL, NULL)) {
        g_free(module->version);
        module->version = g_steal_pointer(&to);
    }
    update_end(module, 0);
}

/* One line, and what follows it. */
static gboolean
update_next(gpointer user_data)
{
    SimModule *module = user_data;
    SimQuectel *quectel = module->state;
    gboolean bg96 = module->personality == &sim_quectel_bg96;
    const int *progress = bg96                              ? bg96_progress
                          : sim_quectel_is_standard(module) ? ec200a_progress
                                                            : ec25_progress;
    guint n = bg96 ? G_N_ELEMENTS(bg96_progress) : G_N_ELEMENTS(ec25_progress);
    guint at = quectel->at++;

    quectel->step = 0;
    if (at == 0) {
        if (!update_begin(module))
            return G_SOURCE_REMOVE;
    } else if (at <= n) {
        sim_quectel_report(module, quectel->phase == SIM_QUECTEL_RESTORING ? "RESTORE" : "UPDATING",
                           progress[at - 1]);
    } else if (bg96 && quectel->phase == SIM_QUECTEL_UPDATING) {
        quectel->phase = SIM_QUECTEL_RESTORING;
        quectel->at = 1;
    } else {
        update_finish(module);
        return G_SOURCE_REMOVE;
    }
    if (!bg96 && at == MIDDLE && sim_faults_take(module->faults, "restarts", NULL, NULL))
        sim_module_leave(module, go_away);
    else
        sim_quectel_after(module, STEP_SECONDS, update_next);
    return G_SOURCE_REMOVE;
}
