/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-module.h"
#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/**
 * The insides of FotaModule, for its two files:
 *
 *   fota-module.c           what happens to the module, and what is decided after it
 *   fota-module-requests.c  what an application asks of it
 */

struct _FotaModule {
    GObject parent;

    FotaParts parts;
    guint checks;      /* of the reader, whose results are shown */
    gboolean lost;     /* as the signal has told */
    gboolean unproven; /* counted as such */
    guint timer;       /* the next moment at which something may change by itself */
    gboolean stopping; /* fotad exits: leave the record as it is */
};

G_END_DECLS
