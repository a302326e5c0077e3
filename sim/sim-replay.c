/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-replay.h"

#include <string.h>

#include "sim-replay-play.h"

/* From power to the ports. */
#define BOOT_SECONDS 10

static void
replay_opened(SimModule *module, const char *tty)
{
    SimReplay *replay = module->state;

    if (replay->timer == 0)
        sim_replay_advance(module);
}

static void
replay_describe(SimModule *module, JsonBuilder *builder)
{
    SimReplay *replay = module->state;
    const SimReplayEntry *next = sim_replay_next(replay);

    sim_describe_text(builder, "replay", replay->log->path);
    sim_describe_number(builder, "replay-line", next != NULL ? next->line : 0);
    sim_describe_number(builder, "replay-unknown", replay->n_unknown);
}

static void
replay_free(SimModule *module)
{
    SimReplay *replay = module->state;

    for (guint i = 0; i < G_N_ELEMENTS(replay->input); i++)
        g_string_free(replay->input[i], TRUE);
    sim_replay_log_free(replay->log);
    g_clear_pointer(&module->state, g_free);
}

/* Without an id in the log, one that no vendor's plugin claims. */
static void
replay_set_personality(SimReplay *replay)
{
    static const SimCommandDef none[] = {{NULL, NULL, 0, FALSE}};
    const char *name = strrchr(replay->log->path, '/');
    guint n_ttys = MAX(replay->log->ttys->len, 1) + 1;

    for (guint i = 0; i < n_ttys; i++)
        replay->ttys[i] = (SimTtySpec){i, i == 0            ? SIM_TTY_PRIMARY
                                          : i + 1 == n_ttys ? SIM_TTY_RESERVED
                                                            : SIM_TTY_SECONDARY};
    replay->personality = (SimPersonality){
        .option = "replay",
        .manufacturer = "fota-sim",
        .model = name != NULL ? name + 1 : replay->log->path,
        .vendor_id = replay->log->vendor_id != NULL ? replay->log->vendor_id : "1d6b",
        .product_id = replay->log->product_id != NULL ? replay->log->product_id : "0104",
        .ttys = replay->ttys,
        .n_ttys = n_ttys,
        .boot_seconds = BOOT_SECONDS,
        .commands = none,
        .state_free = replay_free,
        .started = sim_replay_advance,
        .stopped = sim_replay_stopped,
        .tty_opened = replay_opened,
        .take_bytes = sim_replay_take_bytes,
        .describe = replay_describe,
    };
}

SimModule *
sim_replay_new(Sim *sim, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    g_autoptr(SimReplayLog) log = sim_replay_log_load(parts[0] != NULL ? parts[0] : "", error);
    SimReplay *replay;

    if (log == NULL)
        return NULL;
    replay = g_new0(SimReplay, 1);
    replay->log = g_steal_pointer(&log);
    for (guint i = 0; i < G_N_ELEMENTS(replay->input); i++)
        replay->input[i] = g_string_new(NULL);
    g_queue_init(&replay->early);
    replay_set_personality(replay);
    return sim_module_build(sim, &replay->personality, replay, parts + 1, error);
}
