/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-plan.h"

#include <string.h>

#include "base/fota-text.h"

gint64
test_plan_moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

FotaManifest *
test_plan_make_manifest(const char *update)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":7,"
        "\"issued\":\"2026-11-21T04:00:00Z\",\"useBefore\":\"2026-12-21T00:00:00Z\","
        "\"target\":{\"model\":[\"M\"]},\"update\":%s%s%s}",
        update ? "{\"id\":\"u\"," : "{", update ? update : "", "}");
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));
    g_autoptr(GError) error = NULL;
    FotaManifest *manifest = fota_manifest_parse(payload, &error);

    g_assert_no_error(error);
    return manifest;
}

FotaFacts
test_plan_make_facts(const char *revision)
{
    FotaFacts facts = FOTA_FACTS_INIT;

    facts.imei = PLAN_IMEI;
    facts.manufacturer = "Telit";
    facts.model = "M";
    facts.revision = revision;
    facts.now = test_plan_moment("2026-11-21T12:00:00Z"); /* a Saturday */
    facts.registered = TRUE;
    facts.signal = 50;
    return facts;
}

FotaPlan *
test_plan_make(const char *update, const FotaFacts *facts)
{
    g_autoptr(FotaManifest) manifest = test_plan_make_manifest(update);

    return fota_plan_make(manifest, facts);
}
