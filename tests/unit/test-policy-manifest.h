/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "base/fota-text.h"
#include "policy/fota-manifest.h"
#include "policy/fota-policy-error.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BACK_SHA "a3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Everything that a manifest can say. */
static const char full[] =
    "{\"manifestVersion\":1,\"sequenceNumber\":1795236802,\"critical\":[\"update\",\"poll\"],"
    "\"issued\":\"2026-11-21T04:00:00Z\",\"useBefore\":\"2026-12-21T00:00:00Z\","
    "\"target\":{\"imei\":[\"353081090012345\",\"353081090012346\"],\"model\":[\"ME910C1-NA\"]},"
    "\"poll\":{\"sleep\":86400,\"notBefore\":\"2026-11-22T00:00:00Z\","
    "\"server\":{\"uri\":\"https://b.example/{imei}.signed\",\"credential\":\"server-b\"}},"
    "\"update\":{\"id\":\"b026-fota\",\"severity\":\"mandatory\",\"title\":\"Certification\","
    "\"infoUri\":\"https://example/notes\","
    "\"approval\":{\"download\":\"required\",\"install\":\"auto\"},"
    "\"maximumDeferPeriod\":604800,\"deadline\":\"2026-12-10T00:00:00Z\",\"downgrade\":true,"
    "\"window\":[{\"days\":[\"sun\",\"mon\"],\"start\":\"02:30\",\"duration\":7200,"
    "\"timezone\":\"Europe/Berlin\"},{\"start\":\"00:00\",\"duration\":60}],"
    "\"conditions\":{\"roaming\":false,\"minimumSignal\":20,\"mainsPower\":true,"
    "\"minimumBattery\":40,\"minimumFreeSpace\":2000000,\"otherRoute\":true},"
    "\"rollout\":{\"id\":\"r7\",\"paused\":true,\"waves\":[{\"name\":\"sample\","
    "\"group\":[\"lab\",\"pilot\"]},{\"percentage\":12.5,\"start\":\"2026-11-24T00:00:00Z\","
    "\"ramp\":172800}]},"
    "\"retry\":{\"maxAttempts\":5,\"backoff\":7200},"
    "\"service\":{\"time\":900,\"probe\":\"https://probe.example/alive\",\"back\":\"use\"},"
    "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\","
    "\"delta\":{\"uri\":\"ftp://fw/a.bin\",\"credential\":\"fw\",\"size\":123456,"
    "\"sha256\":\"" SHA "\"},\"back\":{\"uri\":\"ftp://fw/back.bin\",\"size\":9876,"
    "\"sha256\":\"" BACK_SHA
    "\",\"fromVersion\":\"B\",\"toVersion\":\"A\"}},{\"fromVersion\":\"B\",\"toVersion\":\"C\"}]},"
    "\"report\":{\"uri\":\"https://fota.example/report\",\"credential\":\"server\"},"
    "\"provision\":{\"apn\":\"private.example\",\"credential\":\"apn\","
    "\"authentication\":\"pap\"}}";

static const char least[] = "{\"manifestVersion\":1,\"sequenceNumber\":1,"
                            "\"issued\":\"2026-11-21T04:00:00Z\","
                            "\"useBefore\":\"2026-12-21T00:00:00Z\","
                            "\"target\":{\"model\":[\"M\"]},\"update\":{\"id\":\"u\"}}";

static FotaManifest *
parse(const char *text, GError **error)
{
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));

    return fota_manifest_parse(payload, error);
}

/* In @base, @find becomes @put; what must come of it (NULL = it is accepted). */
typedef struct {
    const char *base;
    const char *find;
    const char *put;
    const char *message;
} Edit;

static char *
apply(const Edit *edit)
{
    GString *text = g_string_new(edit->base);

    if (g_string_replace(text, edit->find, edit->put, 1) != 1)
        g_error("%s is not in the base text", edit->find);
    return g_string_free(text, FALSE);
}
