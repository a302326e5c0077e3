/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/module/fota-parts.h"

G_BEGIN_DECLS

/** What configuration and manifest want of the proof of service. fota_proof_terms_clear() frees. */
FotaProofTerms fota_terms_make(const FotaParts *parts);

/** Whether the manifest names a probe that is not made, because of its server. */
gboolean fota_terms_refuse_probe(const FotaParts *parts);

G_END_DECLS
