/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-next.h"

/* The table is asked whether what runs could begin now. */

gboolean
fota_next_may_commit(const FotaSituation *situation, FotaMark mark)
{
    const gboolean follow = situation->runs == FOTA_ACTION_FOLLOW;
    const gboolean one = situation->one_gate && situation->runs == FOTA_ACTION_DOWNLOAD;
    FotaSituation then = *situation;

    if (mark != FOTA_MARK_DOWNLOADED && mark != FOTA_MARK_INSTALLING)
        return TRUE;
    if (situation->runs == FOTA_ACTION_RESUME)
        return TRUE;
    /* Told to download, it has begun to install without its second question: no step of ours. */
    if (follow && situation->asks_again)
        return TRUE;
    /* A download takes whatever the plan wants; this one is an order for the delta at the mark. */
    if (one && !situation->same_delta)
        return FALSE;
    fota_next_end_questions(&then);
    then.runs = FOTA_ACTION_NONE;
    then.probe_wanted = then.probing = then.settling = FALSE;
    if (situation->runs == FOTA_ACTION_RESTORE) {
        then.mark = FOTA_MARK_RESTORING;
        then.presence = FOTA_PRESENCE_HERE;
        then.held = FALSE;
        return fota_next_decide(&then).action == FOTA_ACTION_RESTORE;
    }
    then.mark = follow ? FOTA_MARK_NONE : one ? FOTA_MARK_DOWNLOADING : FOTA_MARK_DOWNLOADED;
    then.presence = FOTA_PRESENCE_HERE; /* the job has it */
    then.fetches = FALSE;               /* and the delta */
    then.held = FALSE;
    return fota_next_decide(&then).action == (follow ? FOTA_ACTION_FOLLOW
                                              : one  ? FOTA_ACTION_DOWNLOAD
                                                     : FOTA_ACTION_INSTALL);
}
