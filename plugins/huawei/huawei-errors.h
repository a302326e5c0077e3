/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/huawei/huawei-state.h"

/**
 * What went wrong, as an error of ours. The numbers behind states 13, 20, 70 and 80 are those of
 * the AT interface specification, by way of a public gateway daemon (README.md).
 */

/** Turns a state in which the module reports a failure (13, 20, 70, 80, 110) into that error. */
FotaResult huawei_fail(const HuaweiState *state, GError **error);

/**
 * Turns the refusal of a command, which it frees, into an error with @code that begins with @what.
 * TRY_LATER when the reason ends by itself (a data call, a command before, the PIN). Not every
 * channel tells the reason, so that anything else is FAILED_FOR_NOW.
 */
FotaResult huawei_refused(FotaSession *session, GError *refusal, FotaModuleError code,
                          const char *what, GError **error);
