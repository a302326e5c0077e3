/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-manager.h"

G_BEGIN_DECLS

/** Sets the property @name, or "history", to @text in GVariant's text format. */
void fake_module_set(FotaModule *module, const char *name, const char *text);

/** Emits update-finished for the property update; @details as a GVariant's text. */
void fake_module_finish(FotaModule *module, const char *result, const char *details);

/** A module, idle, that has just come. */
void fake_manager_add(FotaManager *manager, const char *imei);

/** Tells the test what happens, as one line on standard output. */
void fake_tell(const char *format, ...) G_GNUC_PRINTF(1, 2);

G_END_DECLS
