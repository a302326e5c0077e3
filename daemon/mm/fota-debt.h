/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * What was taken from the host and is to be given back to it: whether ModemManager had the modem
 * enabled, and how each of its data calls was connected. The bearer objects themselves do not
 * outlive a restart of the module.
 *
 * On disk it is one JSON object, which may hold the password of an APN, as ModemManager tells it.
 */
typedef struct {
    gboolean enabled;
    GPtrArray *bearers; /**< GVariant a{sv}, as Simple.Connect() takes it */
} FotaDebt;

FotaDebt *fota_debt_new(void);
void fota_debt_free(FotaDebt *debt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaDebt, fota_debt_free)

gboolean fota_debt_is_empty(const FotaDebt *debt);
void fota_debt_clear(FotaDebt *debt);

/** Adds a connected bearer with these properties (Bearer.Properties) if it is not owed yet. */
void fota_debt_add_bearer(FotaDebt *debt, GVariant *properties);

/**
 * A bearer with these properties is connected: nothing of the same APN is owed any more, whoever
 * has connected it.
 */
void fota_debt_pay_bearer(FotaDebt *debt, GVariant *properties);

GBytes *fota_debt_serialize(const FotaDebt *debt);
/** NULL with an error when @bytes are not what fota_debt_serialize() writes. */
FotaDebt *fota_debt_parse(GBytes *bytes, GError **error);

G_END_DECLS
