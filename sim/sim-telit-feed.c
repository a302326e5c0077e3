/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-step.h"
#include "sim-telit.h"

#include <string.h>

/*
 * #OTAUPW: the host hands the delta over. Nothing is acknowledged, and there is no flow control:
 * what is lost is found out by #OTAUP=1 alone. Only `+++` after the guard time ends it; in the form
 * with a size, too, since no document says that the module counts, and none that a host which
 * closes the tty ends it.
 */
#define GUARD_SECONDS 5
/* An LE910-SVL is sent nothing for so long after CONNECT by the one program that is public: it may
 * need that. */
#define START_SECONDS 1
#define ESCAPE "+++"
#define NOISE "\x80\xf8\xfe"

struct _SimTelitFeed {
    SimCommand *command;
    GByteArray *bytes;
    gint64 start;  /* from when on bytes are taken, monotonic */
    gint64 last;   /* when bytes came, monotonic */
    guint64 size;  /* as announced, 0: not */
    guint64 limit; /* bytes at which the module restarts; 0: it does not */
    gboolean lost; /* some were */
};

static double
feed_share(SimModule *module)
{
    SimTelit *telit = module->state;

    return telit->feed->size > 0 ? (double)telit->feed->bytes->len / (double)telit->feed->size : 0;
}

/* What of it is whole is stored. */
static void
feed_end(SimModule *module)
{
    SimTelit *telit = module->state;
    SimTelitFeed *feed = g_steal_pointer(&telit->feed);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(feed->bytes);
    SimCommand *command = feed->command;
    gboolean whole = feed->size == 0 || g_bytes_get_size(bytes) == feed->size;

    sim_step_unwatch(module);
    if (whole)
        sim_telit_ota_store(&telit->ota, bytes);
    telit->ota.refused_late = feed->lost;
    g_free(feed);
    sim_step(module, "delta handed over");
    if (command->line != NULL)
        sim_line_end_data(command->line);
    sim_command_finish(command, SIM_NO_CARRIER);
}

void
sim_telit_feed_stop(SimModule *module)
{
    SimTelit *telit = module->state;
    SimTelitFeed *feed = g_steal_pointer(&telit->feed);

    if (feed == NULL)
        return;
    sim_step_unwatch(module);
    g_byte_array_unref(feed->bytes);
    sim_command_finish(feed->command, SIM_SILENT);
    g_free(feed);
}

/* Its end cannot be called from what its own port calls. */
static gboolean
on_restart(gpointer user_data)
{
    SimModule *module = user_data;

    module->timer = 0;
    sim_module_restart(module);
    return G_SOURCE_REMOVE;
}

static void
on_bytes(SimPort *port, const guint8 *bytes, gsize length, gpointer user_data)
{
    SimModule *module = user_data;
    SimTelit *telit = module->state;
    SimTelitFeed *feed = telit->feed;
    gint64 now = g_get_monotonic_time();
    gint64 guard = (gint64)sim_ms(module->sim, GUARD_SECONDS) * 1000;

    if (length == strlen(ESCAPE) && memcmp(bytes, ESCAPE, length) == 0 &&
        now - feed->last >= guard) {
        feed_end(module);
        return;
    }
    feed->last = now;
    if (now < feed->start || sim_faults_take(module->faults, "feed-lost", NULL, NULL)) {
        feed->lost = TRUE;
        return;
    }
    g_byte_array_append(feed->bytes, bytes, (guint)length);
    if (feed->limit > 0 && feed->bytes->len >= feed->limit) {
        feed->limit = 0;
        sim_module_after(module, 0.1, on_restart);
    }
}

SimResult
sim_telit_feed_run(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    gboolean sized = module->personality == &sim_telit_me310g1;
    int size = 0;
    double kibibytes = 0;
    gint64 now = g_get_monotonic_time();

    if (!sized && module->personality != &sim_telit_le910_svl)
        return SIM_ERROR;
    if (command->form == SIM_FORM_TEST)
        return SIM_OK;
    if (command->form != (sized ? SIM_FORM_SET : SIM_FORM_EXEC) ||
        (sized && (!sim_command_number(command, 0, 1, G_MAXINT, &size) || size == 0)))
        return SIM_ERROR;
    if (telit->apply_step > 0 || telit->feed != NULL || telit->ota_loading)
        return SIM_CME_NOT_ALLOWED;
    if (size > SIM_TELIT_OTA_ROOM ||
        sim_faults_take(module->faults, "ota-full", command->text, NULL))
        return SIM_CME_MEMORY_FULL;
    sim_faults_take_number(module->faults, "feed-restart", NULL, &kibibytes);
    sim_telit_ota_clear(&telit->ota);
    telit->feed = g_new0(SimTelitFeed, 1);
    *telit->feed =
        (SimTelitFeed){.command = sim_command_ref(command),
                       .bytes = g_byte_array_new(),
                       .start = sized ? now : now + sim_ms(module->sim, START_SECONDS) * 1000,
                       .last = now,
                       .size = (guint64)size,
                       .limit = (guint64)(kibibytes * 1024)};
    if (sim_faults_take(module->faults, "feed-noise", NULL, NULL))
        sim_port_bytes(sim_line_get_port(command->line), (const guint8 *)NOISE, strlen(NOISE));
    sim_step(module, "delta comes");
    sim_step_watch(module, feed_share);
    sim_line_take_data(command->line, on_bytes, module);
    return SIM_PENDING;
}
