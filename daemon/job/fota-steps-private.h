/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-steps.h"

G_BEGIN_DECLS

/**
 * The insides of FotaSteps, for its two files:
 *
 *   fota-steps.c          what comes before the order to install, and what needs none
 *   fota-steps-install.c  the order, and the module from then on until it has come to rest
 */

/* Shares of the whole update, in percent. The last one is given only when the version is proven. */
#define DOWNLOAD_SHARE 55
#define INSTALL_SHARE 5
#define RESTARTS_SHARE 35

/* fota-steps.c */

/** What brings the delta in, or the answer to the module's question, is the order to install. */
gboolean fota_steps_is_one(const FotaSteps *steps);

/** FOTA_RESULT_TRY_LATER: the mark is not on disk, and nothing that it names is begun. */
FotaResult fota_steps_commit(FotaSteps *steps, FotaMark mark, GError **error);

/** After what a plugin may have opened something for, whatever came of it. Returns @result. */
FotaResult fota_steps_close(FotaSteps *steps, FotaResult result);

/** Reads the version into @steps. */
FotaResult fota_steps_inspect(FotaSteps *steps, GError **error);

/** Has the delta brought into the module. */
FotaResult fota_steps_transfer(FotaSteps *steps, GError **error);

/* fota-steps-install.c */

/** Whether @version is what the update leads to. */
gboolean fota_steps_is_wanted(const FotaSteps *steps, const char *version);

/** Also in a module that has not come to rest: it has what was ordered. */
gboolean fota_steps_is_proven(const FotaSteps *steps, const char *version);

/** Commits, and gives the order. @question: what FOTA_JOB_FOLLOW answers, else NULL. */
FotaResult fota_steps_install(FotaSteps *steps, const FotaQuestion *question, GError **error);

/** The mark is written: the order, and what follows from it. */
FotaResult fota_steps_order(FotaSteps *steps, const FotaQuestion *question, GError **error);

/** After a restart of fotad: the order may have been given, and is not given again. */
FotaResult fota_steps_resume(FotaSteps *steps, GError **error);

G_END_DECLS
