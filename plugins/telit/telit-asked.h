/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** Telit's Premium FOTA Management: flow C of README.md. Its server begins, the module asks. */

/** FotaUnsolicited's parser of what follows `#OTAEV:`. The number says which report it is. */
gboolean telit_asked_parse(const char *rest, FotaHeard *heard);

/* FotaMethod's functions. */
FotaResult telit_asked_start(FotaSession *session, FotaVendorOffer *offer, GError **error);
FotaResult telit_asked_questions(FotaSession *session, FotaQuestion *question, GError **error);
FotaResult telit_asked_answer(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                              guint seconds, GError **error);
FotaResult
telit_asked_outcome(FotaSession *session, const FotaUpdate *update, char **version, GError **error);
