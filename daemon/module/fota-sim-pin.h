/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-config.h"
#include "daemon/fota-store.h"
#include "daemon/mm/fota-mm.h"
#include "daemon/module/fota-part.h"

G_BEGIN_DECLS

/**
 * Enters the PIN of the SIM, which a module requires after each restart. It goes through
 * ModemManager, which would not notice otherwise that the module is unlocked, and therefore never
 * appears in an AT trace.
 */
typedef struct _FotaSimPin FotaSimPin;

/** @store and @record outlive it. */
FotaSimPin *fota_sim_pin_new(FotaStore *store, FotaRecord *record, const FotaPartOwner *owner);
void fota_sim_pin_free(FotaSimPin *pin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaSimPin, fota_sim_pin_free)

/**
 * Enters the PIN if it is required and known, once per start of the module. Call it after every
 * event; @facts of the module while ModemManager shows it. @credential is the path of
 * the file, NULL = none is configured.
 */
void
fota_sim_pin_look(FotaSimPin *pin, FotaMm *mm, const FotaModemFacts *facts, const char *credential);

/** PinRequired while the SIM requires its PIN and fotad does not enter it, else NULL. */
const GError *fota_sim_pin_get_error(FotaSimPin *pin);
/** TRUE once per start of the module with that error: it is to be announced. */
gboolean fota_sim_pin_take_news(FotaSimPin *pin, int *attempts);

/** The configuration was read again: another PIN may be tried. */
void fota_sim_pin_forget(FotaSimPin *pin);

G_END_DECLS
