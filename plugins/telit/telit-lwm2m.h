/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/telit/telit-lines.h"

/**
 * The carrier's update over LwM2M: flow E of README.md. The module asks twice, before it downloads
 * and before it installs, and both are answered with #LWM2MFOTAACK=<agent>,1.
 *
 * The 1 is the one published action: Telit's own library for these modules (arduino-me310-library,
 * src/ME310.h, LWM2M_FOTA_operation_confirmation()) sends it by default "to authorize the FOTA
 * operation", and Telit's sample LWM2M_FOTA_ACK_AT answers both questions with the same one action.
 * No number for "no" or "not yet" is published, so none is sent: a question can be put off, and
 * the module decides what becomes of it. #LWM2MFOTACFG is never sent, its numbers are not
 * published.
 */

/** FotaQuestion.number of an agent's question; less is of another kind. */
#define TELIT_LWM2M_AGENT 16

/** Reads what an agent has said, @heard, into what is asked. FALSE: it is of something else. */
gboolean telit_lwm2m_hear(const FotaHeard *heard, FotaQuestion *question);

/**
 * Asks the agent of @question, or the first one, how it stands, and corrects @question by that. An
 * answer in a form that is not known changes nothing.
 */
FotaResult telit_lwm2m_look(FotaSession *session, FotaQuestion *question, GError **error);

FotaResult telit_lwm2m_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                              GError **error);
