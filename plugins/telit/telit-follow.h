/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/telit/telit-lines.h"

/** What a module does once it was told yes, or without being asked. */

/** What a report means for an update that is followed. */
typedef enum {
    TELIT_FOLLOW_NOTE,    /**< nothing */
    TELIT_FOLLOW_GOES_ON, /**< it has begun */
    TELIT_FOLLOW_HAS_IT,  /**< it has the delta, or has installed it */
    TELIT_FOLLOW_EXPIRED, /**< it no longer waited for the answer */
    TELIT_FOLLOW_FAILED,
} TelitFollow;

/** A download takes no longer. */
#define TELIT_FOLLOW_SECONDS 86400

TelitFollow telit_follow_judge(const FotaHeard *heard);

/** Sends an answer; one that no question waits for is an ERROR. Error: QuestionExpired. */
FotaResult telit_follow_answer(FotaSession *session, const char *command, GError **error);

/** Both set @error and return what the caller returns. */
FotaResult telit_follow_fail_expired(const char *why, GError **error);
FotaResult telit_follow_fail(const FotaHeard *heard, FotaResult result, GError **error);

/**
 * The delta is fetched, checked and installed by the module; it says when it has it, or leaves.
 * @goes_on: it has begun for all that is known. @unasked: and nobody has said yes to that, so that
 * it may be what a session of the carrier's client ends. @size: bytes, 0 = unknown.
 */
FotaResult telit_follow(FotaSession *session, gboolean goes_on, gboolean unasked, guint64 size,
                        GError **error);
