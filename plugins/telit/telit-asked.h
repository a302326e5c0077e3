/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/telit/telit-lines.h"

/**
 * What a module asks by itself: for Telit's Premium FOTA Management, whose server begins (flow C of
 * README.md); for the carrier, over LwM2M (flow E, telit-lwm2m.h) or OMA-DM. `Asks=` of the data
 * file says which of them a model has.
 */

/* FotaMethod's functions. */
FotaResult telit_asked_start(FotaSession *session, FotaVendorOffer *offer, GError **error);
FotaResult telit_asked_questions(FotaSession *session, FotaQuestion *question, GError **error);
FotaResult telit_asked_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                              guint seconds, GError **error);
FotaResult
telit_asked_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error);
