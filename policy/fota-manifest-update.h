/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/fota-json.h"
#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/**
 * fota_manifest_read_update:
 * @place: the manifest's `update`, which is not empty
 * @update: filled with what can be read
 *
 * The part of fota_manifest_parse() that reads `update`. Faults go to @place's list.
 */
void fota_manifest_read_update(const FotaJsonPlace *place, FotaManifestUpdate *update);

G_END_DECLS
