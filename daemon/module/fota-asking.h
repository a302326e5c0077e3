/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** What is done about the module's own questions, beyond what an offer and a job are already. */

/**
 * The method by which the module is listened to and answered now: it has one, the configuration
 * wants that, and there is a port for it. NULL = it is left alone.
 */
const FotaMethod *fota_asking_find_method(const FotaParts *parts);

/**
 * Whether it is, as D-Bus shows it: "yes"; "no-port" when only a port that is reserved for fotad is
 * missing; "" when there is nothing to hear, or nobody wants to.
 */
const char *fota_asking_describe(const FotaParts *parts);

/**
 * Listens, unless a job has the port, and ends a question that the module no longer asks or that
 * the configuration refuses. Before each decision.
 */
void fota_asking_look(const FotaParts *parts);

/** The gate of the offer at hand; of a question, what it asks for. */
FotaApprovalGate fota_asking_get_gate(const FotaParts *parts);

/** Whether what is offered, as Update shows it, is a question of the module. */
gboolean fota_asking_is_offered(const FotaParts *parts);

/** The application, or the configuration, refuses the question: announced now, told next. */
void fota_asking_reject(const FotaParts *parts, const char *token, const char *reason);
/** The question is dropped: the module is not told, and may ask again. */
void fota_asking_cancel(const FotaParts *parts);

/** FOTA_ACTION_LISTEN or FOTA_ACTION_ANSWER has ended. */
void fota_asking_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end);

/** Whether the module is to be told something other than yes now, and what. */
gboolean fota_asking_find_answer(const FotaParts *parts, FotaAnswer *answer);

G_END_DECLS
