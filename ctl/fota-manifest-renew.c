/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/fota-manifest-tool.h"
#include "base/fota-clock.h"
#include "base/fota-json.h"
#include "policy/fota-manifest.h"

typedef struct {
    gint64 sequence;
    char *use_before;
    gboolean pause, resume;
} Wanted;

static void
wanted_clear(Wanted *wanted)
{
    g_free(wanted->use_before);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static gboolean
parse_options(Tool *tool, Wanted *wanted, GError **error)
{
    const GOptionEntry options[] = {
        {"sequence", 0, 0, G_OPTION_ARG_INT64, &wanted->sequence,
         "sequenceNumber; default: the seconds since 1970", "N"},
        {"use-before", 0, 0, G_OPTION_ARG_STRING, &wanted->use_before,
         "When it expires; default: in 30 days", "TIME"},
        {"pause", 0, 0, G_OPTION_ARG_NONE, &wanted->pause, "Stop the roll-out", NULL},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &wanted->resume, "Resume the roll-out", NULL},
        {0}};

    if (!tool_parse(tool, options, 1, 1, error))
        return FALSE;
    if (wanted->pause && wanted->resume) {
        tool_refuse(error, "--pause or --resume, not both");
        return FALSE;
    }
    return TRUE;
}

/* The number must increase, however it was made. */
static gboolean
take_sequence(const FotaManifest *old, gint64 now, Wanted *wanted, GError **error)
{
    if (wanted->sequence == 0)
        wanted->sequence = MAX(now / G_USEC_PER_SEC, old->sequence_number + 1);
    if (wanted->sequence > old->sequence_number && wanted->sequence <= FOTA_JSON_MAX_INTEGER)
        return TRUE;
    tool_refuse(
        error, "sequenceNumber: expected more than %" G_GINT64_FORMAT ", at most %" G_GINT64_FORMAT,
        old->sequence_number, FOTA_JSON_MAX_INTEGER);
    return FALSE;
}

static gboolean
take_end(gint64 now, const Wanted *wanted, char **use_before, GError **error)
{
    gint64 end = now + TOOL_VALID_SECONDS * G_TIME_SPAN_SECOND;

    if (!tool_take_time("use-before", wanted->use_before, &end, error))
        return FALSE;
    if (end <= now) {
        tool_refuse(error, "--use-before=%s has passed", wanted->use_before);
        return FALSE;
    }
    *use_before = fota_text_format_time(end);
    return TRUE;
}

static gboolean
set_paused(JsonObject *manifest, const Wanted *wanted, GError **error)
{
    JsonObject *update = json_object_get_object_member(manifest, "update");

    if (!wanted->pause && !wanted->resume)
        return TRUE;
    if (!json_object_has_member(update, "rollout")) {
        tool_refuse(error,
                    "the manifest has no roll-out: to stop the update, publish an empty one");
        return FALSE;
    }
    json_object_set_boolean_member(json_object_get_object_member(update, "rollout"), "paused",
                                   wanted->pause);
    return TRUE;
}

ToolExit
tool_renew(Tool *tool, GError **error)
{
    g_auto(Wanted) wanted = {0};
    gint64 now = fota_clock_now();
    g_autofree char *issued = fota_text_format_time(now);
    g_autofree char *use_before = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GBytes) file = NULL;
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(FotaManifest) old = NULL;
    g_autoptr(JsonNode) root = NULL;
    JsonObject *manifest;

    if (!parse_options(tool, &wanted, error) ||
        (file = tool_read(tool->arguments[1], error)) == NULL)
        return TOOL_USAGE;
    payload = tool_strip_signature(file);
    old = fota_manifest_parse(payload, error);
    if (old == NULL)
        return TOOL_BAD;
    text = g_strndup(g_bytes_get_data(payload, NULL), g_bytes_get_size(payload));
    root = json_from_string(text, NULL);
    manifest = json_node_get_object(root);
    if (!take_sequence(old, now, &wanted, error) || !take_end(now, &wanted, &use_before, error) ||
        !set_paused(manifest, &wanted, error))
        return TOOL_USAGE;
    json_object_set_int_member(manifest, "sequenceNumber", wanted.sequence);
    json_object_set_string_member(manifest, "issued", issued);
    json_object_set_string_member(manifest, "useBefore", use_before);
    tool_print_node(root);
    return TOOL_GOOD;
}
