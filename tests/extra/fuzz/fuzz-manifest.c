/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fota-json.h"
#include "policy/fota-plan.h"
#include "tests/extra/fuzz/fuzz.h"

/* A manifest that is taken can be planned with, at each of its versions, and shown. */
static void
plan(FotaManifest *manifest, const char *revision)
{
    FotaFacts facts = FOTA_FACTS_INIT;
    g_autoptr(FotaPlan) plan = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *text = NULL;
    char *json;

    facts.imei = "353081090012345";
    facts.revision = revision;
    facts.now = manifest->issued;
    plan = fota_plan_make(manifest, &facts);
    text = fota_plan_to_text(plan);
    json = fota_plan_to_json(plan);
    bytes = g_bytes_new_take(json, strlen(json));
    node = fota_json_parse(bytes, NULL);
    g_assert_nonnull(node);
    g_assert_cmpuint(plan->n_steps, <=, FOTA_MANIFEST_MAX_STEPS);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) payload = g_bytes_new(data, size);
    g_autoptr(GPtrArray) faults = fota_manifest_lint(payload);
    g_autoptr(FotaManifest) manifest = fota_manifest_parse(payload, NULL);

    g_assert_true((manifest != NULL) == (faults->len == 0));
    if (manifest == NULL)
        return 0;
    plan(manifest, "30.00.001-B026");
    for (guint i = 0; i < manifest->update.n_steps; i++)
        plan(manifest, manifest->update.steps[i].from_version);
    return 0;
}
