/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** The way of the module's FTP client to the network: steps b to e of the guide. */
typedef struct {
    guint cid;
    gboolean ours; /**< we have activated the context */
    char *socket;  /**< how the socket was set before, NULL = as we want it, or unknown */
} TelitNetwork;

/**
 * Sets the socket and, where none is programmed, the APN; makes sure of signal and registration;
 * and activates the PDP context. telit_network_close() follows, whatever the result is.
 */
FotaResult telit_network_open(FotaSession *session, TelitNetwork *network, GError **error);

/** Leaves context and socket as they were found, also when the update was cancelled. */
void telit_network_close(FotaSession *session, TelitNetwork *network);
