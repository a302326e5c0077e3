/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-config.h"
#include "daemon/fota-plugins.h"
#include "daemon/fota-store.h"
#include "daemon/mm/fota-mm.h"
#include "policy/fota-keyring.h"

G_BEGIN_DECLS

/** When this source was last released: no true clock is before it. Microseconds of UTC. */
#define FOTA_RELEASE_TIME ((gint64)1793491200 * G_USEC_PER_SEC)

typedef struct _FotaCache FotaCache;
typedef struct _FotaMetered FotaMetered;
typedef struct _FotaOutbox FotaOutbox;

/** What all modules share. Owned by the manager, and outlives them. */
typedef struct {
    FotaConfig *config;
    FotaKeyring *keyring;
    FotaPluginSet *plugins;
    FotaStore *store;
    FotaCache *cache;     /**< of deltas that the host has fetched (fota-cache.h) */
    FotaMm *mm;           /**< NULL until fota_manager_start() */
    char *fetch_socket;   /**< socket of fotad-fetch */
    FotaMetered *metered; /**< whether a fetch costs by the byte (fota-metered.h) */
    FotaOutbox *outbox;   /**< for reports (fota-outbox.h); NULL = nothing is reported */
    gint64 started;       /**< boot time at which fotad has started */
    gboolean sees_modems; /**< ModemManager runs ... */
    gint64 modems_since;  /**< ... since then, boot time */
    guint inhibitions;    /**< held by applications: nothing is started while there are any */
    guint jobs;           /**< running */
    guint fetches;        /**< of them those that leave their module alone */
    guint unproven;       /**< modules without a job that may be put back at any time */
} FotaContext;

G_END_DECLS
