/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-question.h"

#include <string.h>

FotaManifest *
fota_question_make_manifest(const char *imei, FotaSource source, const char *line, gint64 heard)
{
    g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA256, line, -1);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(heard / G_USEC_PER_SEC);
    g_autofree char *second = g_date_time_format(utc, "%Y%m%dT%H%M%S");
    g_autofree char *when =
        g_strdup_printf("%s.%06" G_GINT64_FORMAT "Z", second, heard % G_USEC_PER_SEC);
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":1,\"issued\":\"2026-11-01T00:00:00Z\","
        "\"useBefore\":\"2106-01-01T00:00:00Z\",\"target\":{\"imei\":[\"%s\"]},"
        "\"question\":\"%s %" G_GINT64_FORMAT "\",\"update\":{\"id\":\"%s-%s\"}}",
        imei, name, heard, fota_source_get_name(source), when);
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));
    FotaManifest *manifest = fota_manifest_parse(payload, NULL);

    manifest->sequence_number = 0;
    manifest->source = source;
    manifest->update.approve_download = FOTA_APPROVAL_REQUIRED;
    return manifest;
}

gboolean
fota_question_goes_first(const FotaQuestionRival *rival)
{
    if (rival->begun)
        return FALSE;
    if (!rival->offered)
        return TRUE;
    if (rival->deferred)
        return FALSE;
    return rival->answer_by == 0 || rival->end == 0 || rival->answer_by <= rival->end;
}
