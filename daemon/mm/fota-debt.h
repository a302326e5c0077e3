/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * What the host must get back: whether ModemManager had enabled the modem, and how each data call
 * was connected. The bearer objects themselves do not survive a restart of the module.
 *
 * Stored as one JSON object, which may contain the password of an APN as ModemManager reports it.
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
 * A bearer with these properties is connected, whoever has connected it: nothing with the same APN
 * is owed any more.
 */
void fota_debt_pay_bearer(FotaDebt *debt, GVariant *properties);

GBytes *fota_debt_serialize(const FotaDebt *debt);
/** NULL with an error when @bytes are not what fota_debt_serialize() writes. */
FotaDebt *fota_debt_parse(GBytes *bytes, GError **error);

G_END_DECLS
