/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the other modules of the gateway mean for one that is about to be taken from it. */
typedef struct {
    guint working;  /**< others on which a job works */
    guint unproven; /**< others, without a job, that may go back to their old version at any time */
    guint at_once;  /**< [Limits] AtOnce= */
    gboolean only_way;  /**< this one carries the gateway's only way to the network */
    gboolean goes_back; /**< this one is itself put back, or about to be */
} FotaCrowd;

/**
 * Whether it has to wait for them: as many are out of service, or may be soon, as may at once; and
 * beside any, the only way to the network stays. One that goes back waits for jobs alone: two that
 * go back would wait for each other.
 */
gboolean fota_crowd_is_full(const FotaCrowd *crowd);

G_END_DECLS
