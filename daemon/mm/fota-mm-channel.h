/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-channel.h"
#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/**
 * AT through ModemManager's Command: no unsolicited lines, no data mode. Called in the update's
 * thread, as the functions of the channel are: each request is passed to the main loop and waited
 * for. The module is followed by its IMEI; it need not be there yet (wait_back()).
 *
 * A module counts as gone when its object leaves the bus, also when that is because ModemManager
 * restarts. A cancelled or timed out command may go on inside ModemManager, which sends the next
 * one after it.
 *
 * @mm must outlive the channel, and its main loop must run until the channel is closed.
 */
FotaChannel *fota_mm_channel_new(FotaMm *mm, const char *imei, FotaTrace trace, gpointer user_data);

G_END_DECLS
