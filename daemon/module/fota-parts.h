/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-credential.h"
#include "daemon/module/fota-offers.h"
#include "daemon/module/fota-presence.h"
#include "daemon/module/fota-proof.h"
#include "daemon/module/fota-questions.h"
#include "daemon/module/fota-reader.h"
#include "daemon/module/fota-run.h"
#include "daemon/module/fota-shown.h"
#include "daemon/module/fota-sim-pin.h"

G_BEGIN_DECLS

/** The parts of one module, and the plan made from what they know. */
typedef struct _FotaParts {
    FotaContext *context;
    FotaRecord *record; /**< of the keeper */
    FotaKeeper *keeper;
    FotaPresence *presence;
    FotaPoller *poller;
    FotaAccepted *accepted;
    FotaReader *reader;
    FotaOffers *offers;
    FotaQuestions *questions;
    FotaRun *run;
    FotaSimPin *pin;
    FotaProof *proof;
    FotaShown *shown;
    FotaPlan *plan;    /**< NULL = there is nothing to plan */
    gboolean stopping; /**< fotad exits: nothing is begun, and the record stays as it is */
} FotaParts;

/** Frees the plan and the parts, each before those that it looks at. */
void fota_parts_clear(FotaParts *parts);

static inline const FotaModuleConfig *
fota_parts_get_config(const FotaParts *parts)
{
    return fota_config_for_module(parts->context->config, parts->record->imei);
}

/** The plugin's table; NULL = no plugin claims the module. */
static inline const FotaPlugin *
fota_parts_get_plugin(const FotaParts *parts)
{
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);

    return vendor != NULL ? vendor->table : NULL;
}

/** The file of the credential @name; NULL if @name is NULL. Transfer full. */
static inline char *
fota_parts_find_credential(const FotaParts *parts, const char *name)
{
    return fota_credential_get_path(fota_config_get_file(parts->context->config), name);
}

/**
 * A gateway may start without the time, or with a wrong one. What was asked then was asked now:
 * nobody has had the time that an answer may take; and nothing waits longer than it was to.
 */
static inline void
fota_parts_take_clock(const FotaParts *parts)
{
    gint64 time = fota_poller_get_budget_time(parts->poller);

    fota_offers_set_clock(parts->offers, time);
    fota_questions_set_clock(parts->questions, time);
}

G_END_DECLS
