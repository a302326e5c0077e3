/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-channel.h"
#include "daemon/mm/fota-mm.h"
#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/**
 * AT through ModemManager's Command: no unsolicited result codes (URCs), no data mode. Like the
 * functions of the channel, called in the update's thread, which passes each request to the main
 * loop and waits. The IMEI identifies the module, which need not be present yet (wait_back()).
 *
 * A module counts as gone when its object leaves the bus, also if ModemManager restarts. A
 * cancelled or timed out command may continue inside ModemManager, which sends the next one after
 * it.
 *
 * @mm must outlive the channel, and its main loop must run until the channel is closed. So must
 * @plugin, the one of the module's vendor: see fota_at_reply_new().
 */
FotaChannel *fota_mm_channel_new(FotaMm *mm, const char *imei, const FotaPlugin *plugin,
                                 FotaTrace trace, gpointer user_data);

G_END_DECLS
