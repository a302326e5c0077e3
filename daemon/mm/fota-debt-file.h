/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/mm/fota-debt.h"

G_BEGIN_DECLS

/**
 * Keeps a debt on disk: `<imei>.lease` in the state directory, for its owner alone. Belongs to the
 * main loop, which a write does not block.
 */
typedef struct FotaDebtFile FotaDebtFile;

FotaDebtFile *fota_debt_file_new(const char *directory, const char *imei);
void fota_debt_file_free(FotaDebtFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaDebtFile, fota_debt_file_free)

/** The IMEIs that have such a file. NULL with an error when @directory cannot be read. */
GStrv fota_debt_file_list(const char *directory, GError **error);

/** NULL with an error when the file cannot be read, or holds no debt. */
FotaDebt *fota_debt_file_read(FotaDebtFile *file, GError **error);

/** Whether the file says what @debt does. No file says that nothing is owed. */
gboolean fota_debt_file_holds(const FotaDebtFile *file, const FotaDebt *debt);

/** Cancel it before @file is freed. On success the disk holds @debt as it was at the call. */
void fota_debt_file_write_async(FotaDebtFile *file, const FotaDebt *debt, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_debt_file_write_finish(GAsyncResult *result, GError **error);

gboolean fota_debt_file_remove(FotaDebtFile *file, GError **error);

G_END_DECLS
