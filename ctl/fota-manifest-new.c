/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/fota-manifest-tool.h"
#include "base/fota-clock.h"
#include "policy/fota-csv.h"
#include "policy/fota-manifest.h"

/* Marks what must be filled in: no member accepts it, so lint finds each. */
#define BLANK "?"

/* For a csv: almost as long as the csv itself would have been valid. */
#define CSV_VALID_SECONDS (365 * 86400)

typedef struct {
    GStrv imei, model, waves, windows;
    char *use_before, *id, *title, *severity, *deadline;
    char *download, *install, *from, *to, *uri, *credential, *delta, *rollout;
    gint64 sequence;
    gboolean dummy;
} Wanted;

static void
wanted_clear(Wanted *wanted)
{
    char **texts[] = {&wanted->use_before, &wanted->id,         &wanted->title,
                      &wanted->severity,   &wanted->deadline,   &wanted->download,
                      &wanted->install,    &wanted->from,       &wanted->to,
                      &wanted->uri,        &wanted->credential, &wanted->delta,
                      &wanted->rollout};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_clear_pointer(texts[i], g_free);
    g_strfreev(wanted->imei);
    g_strfreev(wanted->model);
    g_strfreev(wanted->waves);
    g_strfreev(wanted->windows);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static gboolean
parse_options(Tool *tool, Wanted *wanted, GError **error)
{
    const GOptionEntry options[] = {
        {"imei", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->imei,
         "A module it is for; may be repeated", "IMEI"},
        {"model", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->model,
         "A model it is for; may be repeated", "MODEL"},
        {"sequence", 0, 0, G_OPTION_ARG_INT64, &wanted->sequence,
         "sequenceNumber; default: the seconds since 1970", "N"},
        {"use-before", 0, 0, G_OPTION_ARG_STRING, &wanted->use_before,
         "When it expires; default: in 30 days", "TIME"},
        {"id", 0, 0, G_OPTION_ARG_STRING, &wanted->id, "The update's name", "NAME"},
        {"title", 0, 0, G_OPTION_ARG_STRING, &wanted->title, "A title for people", "TEXT"},
        {"severity", 0, 0, G_OPTION_ARG_STRING, &wanted->severity, "Severity of the update",
         "optional|mandatory|critical"},
        {"download", 0, 0, G_OPTION_ARG_STRING, &wanted->download,
         "Whether the application is asked before the download", "required|auto"},
        {"install", 0, 0, G_OPTION_ARG_STRING, &wanted->install,
         "Whether it is asked before the installation", "required|auto"},
        {"from", 0, 0, G_OPTION_ARG_STRING, &wanted->from, "Version that the delta starts from",
         "VERSION"},
        {"to", 0, 0, G_OPTION_ARG_STRING, &wanted->to, "Version that the delta leads to",
         "VERSION"},
        {"dummy", 0, 0, G_OPTION_ARG_NONE, &wanted->dummy,
         "It leads to the version that it starts from, and is installed all the same", NULL},
        {"uri", 0, 0, G_OPTION_ARG_STRING, &wanted->uri, "Address of the delta", "URI"},
        {"credential", 0, 0, G_OPTION_ARG_STRING, &wanted->credential,
         "Name of the login on that server", "NAME"},
        {"delta", 0, 0, G_OPTION_ARG_FILENAME, &wanted->delta,
         "The delta itself, for its size and digest", "FILE"},
        {"window", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->windows,
         "When it may run, such as Sun 02:00-04:00; may be repeated", "TEXT"},
        {"deadline", 0, 0, G_OPTION_ARG_STRING, &wanted->deadline, "Latest time for the update",
         "TIME"},
        {"rollout", 0, 0, G_OPTION_ARG_STRING, &wanted->rollout, "The roll-out's name", "ID"},
        {"wave", 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted->waves,
         "A wave: group or percentage, and its start; may be repeated", "GROUP|PERCENT%[@TIME]"},
        {0}};

    if (!tool_parse(tool, options, 0, 0, error))
        return FALSE;
    if (wanted->dummy && wanted->to == NULL)
        wanted->to = g_strdup(wanted->from);
    if (wanted->waves != NULL && wanted->rollout == NULL) {
        tool_refuse(error, "--wave needs the roll-out's name: --rollout=ID");
        return FALSE;
    }
    return TRUE;
}

static void
begin(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
}

static void
begin_list(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
}

static void
add_optional(JsonBuilder *builder, const char *name, const char *text)
{
    if (text != NULL)
        tool_add(builder, name, text);
}

static void
add_windows(JsonBuilder *builder, const Wanted *wanted)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    if (wanted->windows == NULL)
        return;
    begin_list(builder, "window");
    for (guint i = 0; wanted->windows[i] != NULL; i++) {
        g_autofree char *start = NULL;
        FotaWindow window;

        fota_window_parse(wanted->windows[i], &window, NULL);
        json_builder_begin_object(builder);
        begin_list(builder, "days");
        for (guint day = 0; day < G_N_ELEMENTS(days); day++)
            if (window.days & 1 << day)
                json_builder_add_string_value(builder, days[day]);
        json_builder_end_array(builder);
        start = g_strdup_printf("%02u:%02u", window.start / 3600, window.start / 60 % 60);
        tool_add(builder, "start", start);
        tool_add_number(builder, "duration", window.duration);
        tool_add(builder, "timezone", window.timezone);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

/* `sample`, `10%`, `100%@2026-12-01T00:00:00Z` */
static void
add_wave(JsonBuilder *builder, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "@", 2);
    char *who = parts[0];

    json_builder_begin_object(builder);
    if (g_str_has_suffix(who, "%")) {
        who[strlen(who) - 1] = '\0';
        json_builder_set_member_name(builder, "percentage");
        json_builder_add_double_value(builder, g_ascii_strtod(who, NULL));
    } else {
        const char *const groups[] = {who, NULL};

        tool_add_texts(builder, "group", groups);
    }
    add_optional(builder, "start", parts[1]);
    json_builder_end_object(builder);
}

static void
add_rollout(JsonBuilder *builder, const Wanted *wanted)
{
    if (wanted->rollout == NULL)
        return;
    begin(builder, "rollout");
    tool_add(builder, "id", wanted->rollout);
    if (wanted->waves != NULL) {
        begin_list(builder, "waves");
        for (guint i = 0; wanted->waves[i] != NULL; i++)
            add_wave(builder, wanted->waves[i]);
        json_builder_end_array(builder);
    }
    json_builder_end_object(builder);
}

static void
add_step(JsonBuilder *builder, const Wanted *wanted, GBytes *delta, gboolean filled)
{
    const char *other = wanted->dummy ? "A" : "B";

    begin_list(builder, "steps");
    json_builder_begin_object(builder);
    tool_add(builder, "fromVersion", wanted->from != NULL ? wanted->from : filled ? "A" : BLANK);
    tool_add(builder, "toVersion", wanted->to != NULL ? wanted->to : filled ? other : BLANK);
    if (wanted->dummy) {
        json_builder_set_member_name(builder, "dummy");
        json_builder_add_boolean_value(builder, TRUE);
    }
    begin(builder, "delta");
    tool_add(builder, "uri",
             wanted->uri != NULL ? wanted->uri
             : filled            ? "ftp://host/file"
                                 : BLANK);
    add_optional(builder, "credential", wanted->credential);
    if (delta != NULL) {
        g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, delta);

        tool_add_number(builder, "size", (gint64)g_bytes_get_size(delta));
        tool_add(builder, "sha256", sha256);
    }
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    json_builder_end_array(builder);
}

static void
add_update(JsonBuilder *builder, const Wanted *wanted, GBytes *delta, gboolean filled)
{
    begin(builder, "update");
    tool_add(builder, "id", wanted->id != NULL ? wanted->id : filled ? "x" : BLANK);
    tool_add(builder, "severity", wanted->severity != NULL ? wanted->severity : "optional");
    add_optional(builder, "title", wanted->title);
    begin(builder, "approval");
    tool_add(builder, "download", wanted->download != NULL ? wanted->download : "required");
    tool_add(builder, "install", wanted->install != NULL ? wanted->install : "auto");
    json_builder_end_object(builder);
    add_optional(builder, "deadline", wanted->deadline);
    add_windows(builder, wanted);
    add_rollout(builder, wanted);
    add_step(builder, wanted, delta, filled);
    json_builder_end_object(builder);
}

/* @filled: with valid values where none were given, so that only given values can be wrong. */
static JsonBuilder *
build_manifest(const Wanted *wanted, GBytes *delta, gboolean filled)
{
    static const char *const blank[] = {BLANK, NULL};
    static const char *const good[] = {"000000000000000", NULL};
    JsonBuilder *builder = json_builder_new();
    gint64 now = fota_clock_now();
    g_autofree char *issued = fota_text_format_time(now);
    g_autofree char *use_before =
        wanted->use_before != NULL
            ? g_strdup(wanted->use_before)
            : fota_text_format_time(now + TOOL_VALID_SECONDS * G_TIME_SPAN_SECOND);

    json_builder_begin_object(builder);
    tool_add_number(builder, "manifestVersion", FOTA_MANIFEST_VERSION);
    tool_add_number(builder, "sequenceNumber",
                    wanted->sequence != 0 ? wanted->sequence : now / G_USEC_PER_SEC);
    tool_add(builder, "issued", issued);
    tool_add(builder, "useBefore", use_before);
    begin(builder, "target");
    if (wanted->imei != NULL || wanted->model == NULL)
        tool_add_texts(builder, "imei",
                       wanted->imei != NULL ? (const char *const *)wanted->imei
                       : filled             ? good
                                            : blank);
    if (wanted->model != NULL)
        tool_add_texts(builder, "model", (const char *const *)wanted->model);
    json_builder_end_object(builder);
    add_update(builder, wanted, delta, filled);
    json_builder_end_object(builder);
    return builder;
}

static GPtrArray *
find_faults(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    char *text = json_to_string(root, FALSE);
    g_autoptr(GBytes) payload = g_bytes_new_take(text, strlen(text));

    return fota_manifest_lint(payload);
}

/* Refuses what the reader of the manifest could not distinguish from another valid value. */
static gboolean
validate_lists(const Wanted *wanted, GError **error)
{
    for (guint i = 0; wanted->windows != NULL && wanted->windows[i] != NULL; i++) {
        FotaWindow window;

        if (!fota_window_parse(wanted->windows[i], &window, NULL)) {
            tool_refuse(error, "--window=%s: expected a window such as Sun 02:00-04:00",
                        wanted->windows[i]);
            return FALSE;
        }
    }
    for (guint i = 0; wanted->waves != NULL && wanted->waves[i] != NULL; i++) {
        const char *percent = strchr(wanted->waves[i], '%');
        char *end;

        g_ascii_strtod(wanted->waves[i], &end);
        if (percent != NULL && percent != end) {
            tool_refuse(error, "--wave=%s: expected a group or a percentage such as 12.5%%",
                        wanted->waves[i]);
            return FALSE;
        }
    }
    return TRUE;
}

ToolExit
tool_new(Tool *tool, GError **error)
{
    g_auto(Wanted) wanted = {0};
    g_autoptr(GBytes) delta = NULL;
    g_autoptr(JsonBuilder) filled = NULL;
    g_autoptr(JsonBuilder) builder = NULL;
    g_autoptr(GPtrArray) faults = NULL;
    g_autoptr(GPtrArray) blanks = NULL;

    if (!parse_options(tool, &wanted, error) || !validate_lists(&wanted, error) ||
        (wanted.delta != NULL && (delta = tool_read(wanted.delta, error)) == NULL))
        return TOOL_USAGE;
    filled = build_manifest(&wanted, delta, TRUE);
    faults = find_faults(filled);
    if (faults->len > 0) {
        tool_refuse(error, "%s", (const char *)faults->pdata[0]);
        return TOOL_USAGE;
    }
    builder = build_manifest(&wanted, delta, FALSE);
    blanks = find_faults(builder);
    tool_print_json(builder);
    for (guint i = 0; i < blanks->len; i++)
        fprintf(stderr, "fota-manifest: to be filled in: %s\n", (const char *)blanks->pdata[i]);
    return TOOL_GOOD;
}

ToolExit
tool_from_csv(Tool *tool, GError **error)
{
    g_auto(GStrv) imei = NULL, model = NULL;
    g_autofree char *from = NULL, *uri = NULL, *credential = NULL, *use_before = NULL;
    gint64 now = fota_clock_now();
    FotaCsvTerms terms = {.trusted = TRUE,
                          .sequence_number = now / G_USEC_PER_SEC,
                          .use_before = now + CSV_VALID_SECONDS * G_TIME_SPAN_SECOND};
    const GOptionEntry options[] = {
        {"imei", 0, 0, G_OPTION_ARG_STRING_ARRAY, &imei, "A module it is for; may be repeated",
         "IMEI"},
        {"model", 0, 0, G_OPTION_ARG_STRING_ARRAY, &model, "A model it is for; may be repeated",
         "MODEL"},
        {"from", 0, 0, G_OPTION_ARG_STRING, &from, "Version that the delta starts from", "VERSION"},
        {"uri", 0, 0, G_OPTION_ARG_STRING, &uri, "Address of the csv; its file is beside it",
         "URI"},
        {"credential", 0, 0, G_OPTION_ARG_STRING, &credential, "Name of the login on that server",
         "NAME"},
        {"sequence", 0, 0, G_OPTION_ARG_INT64, &terms.sequence_number,
         "sequenceNumber; default: the seconds since 1970", "N"},
        {"use-before", 0, 0, G_OPTION_ARG_STRING, &use_before,
         "When it expires; default: in a year", "TIME"},
        {0}};
    g_autoptr(GBytes) csv = NULL;
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(FotaManifest) manifest = NULL;
    char *text;

    if (!tool_parse(tool, options, 1, 1, error))
        return TOOL_USAGE;
    if ((imei == NULL && model == NULL) || from == NULL) {
        tool_refuse(error, "a csv names no modules and no version to start from: --imei=IMEI or "
                           "--model=MODEL, and --from=VERSION");
        return TOOL_USAGE;
    }
    if (!tool_take_time("use-before", use_before, &terms.use_before, error) ||
        (csv = tool_read(tool->arguments[1], error)) == NULL)
        return TOOL_USAGE;
    terms.imei = (const char *const *)imei;
    terms.model = (const char *const *)model;
    terms.from = from;
    terms.uri = terms.uri_template = uri;
    terms.credential = credential;
    text = fota_csv_to_json(csv, &terms, error);
    if (text == NULL)
        return TOOL_BAD;
    payload = g_bytes_new_take(text, strlen(text));
    manifest = fota_manifest_parse(payload, error);
    if (manifest == NULL)
        return TOOL_BAD;
    puts(text);
    return TOOL_GOOD;
}
