/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * What close() has to set back in the module: a text under a name that begins with FOTA_OWED. It is
 * on disk before the module is changed, and stays until the module has answered.
 */

/** The text; NULL = nothing is owed. */
const char *telit_debt_get(FotaSession *session, const char *name);

/**
 * Before the change. Where it cannot be written the change must not be made, and what was owed
 * before still is. Reading a file (@update has no version to go to) happens every day, and costs
 * the flash nothing: a fotad that is killed meanwhile has forgotten it.
 */
FotaResult telit_debt_write(FotaSession *session, const FotaUpdate *update, const char *name,
                            const char *text, GError **error);

void telit_debt_forget(FotaSession *session, const char *name);

/**
 * Sends @command, which sets back what is owed under @name, if anything is. A refusal counts as
 * well: it is as it was already. @failed: what a note says when it has not been done.
 */
void
telit_debt_pay(FotaSession *session, const char *name, const char *command, const char *failed);
