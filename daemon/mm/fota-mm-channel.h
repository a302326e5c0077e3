/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-channel.h"
#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/**
 * AT through ModemManager's Command: no unsolicited lines, no data mode. Called on the main loop; the functions of the channel are then called in an update's
 * thread and pass each request to the main loop and wait for it. The module is followed by its IMEI.
 *
 * @mm must outlive the channel, and its main loop must run until the channel is closed.
 */
FotaChannel *fota_mm_channel_new(FotaMm *mm, const char *imei, FotaTrace trace, gpointer user_data);

G_END_DECLS
