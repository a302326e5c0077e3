/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/job/fota-steps.h"

G_BEGIN_DECLS

/**
 * The insides of FotaSteps, for its three files:
 *
 *   fota-steps.c          what comes before the order to install, and what needs none
 *   fota-steps-install.c  the order, and the module from then on until it has come to rest
 *   fota-steps-resume.c   the same after a restart of fotad
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

/** A delta that leads to where it begins: the version tells nothing, the restarts do. */
gboolean fota_steps_is_dummy(const FotaSteps *steps);

/** Also in a module that has not come to rest: it has what was ordered. */
gboolean fota_steps_is_proven(const FotaSteps *steps, const char *version);

/** Commits, and gives the order. @question: what FOTA_JOB_FOLLOW answers, else NULL. */
FotaResult fota_steps_install(FotaSteps *steps, const FotaQuestion *question, GError **error);

/** The mark is written: the order, and what follows from it. */
FotaResult fota_steps_order(FotaSteps *steps, const FotaQuestion *question, GError **error);

/**
 * From the order on, whatever the module says or does not say, only its version tells how the
 * update stands. The other errors are of the way to it: the end of the process, a ModemManager that
 * does not let go of it. They end the job; the mark stays.
 */
gboolean fota_steps_is_of_module(const GError *error);

/** Seconds that all restarts of an update may take. */
guint fota_steps_get_limit(const FotaSteps *steps);

/**
 * MultiTech's steps o to q: the module restarts several times, and answers with its old version in
 * between. Ready as soon as it reports the wanted version; failed when it has not left again for
 * SettleTime and still reports another, or stays away longer than ReturnLimit. A module may come
 * and go unseen while ModemManager probes it, so the restarts are counted for the user, not relied
 * on. @refused: it has not taken the order, and is not waited for until it may leave.
 */
FotaResult fota_steps_follow_restarts(FotaSteps *steps, gboolean refused, GError **error);

/**
 * The order has been answered with @refusal, or with nothing. A module that has refused it and is
 * still there with its old version has not installed: then the refusal is why.
 */
FotaResult fota_steps_follow_order(FotaSteps *steps, FotaResult refused, const GError *refusal,
                                   GError **error);

/** Of a module that has come to rest, with whatever version: its restarts were the same. */
void fota_steps_restore_settings(FotaSteps *steps);

/** As FotaSteps has it; NULL = nothing tells. */
char *fota_steps_name_return(const FotaSteps *steps);

/* fota-steps-resume.c */

/** After a restart of fotad: the order may have been given, and is not given again. */
FotaResult fota_steps_resume(FotaSteps *steps, GError **error);

G_END_DECLS
