/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-csv-private.h"

#include "policy/fota-policy-error.h"
#include "base/fota-text.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* A csv does not say when it was made; it was not before fotad could read one. */
#define ISSUED "2026-11-01T00:00:00Z"

enum {
    VERSION,
    DELTA,
    NEXT_CHECK,
    SERVER,
    USER,
    PASSWORD
};

void
fota_csv_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST, format,
                                    arguments);
    va_end(arguments);
}

/* Takes one value off @rest, up to the comma or the end of the line; NULL when it holds a quote. */
static char *
next_value(const char **rest)
{
    gboolean quoted = **rest == '"';
    const char *start = *rest + (quoted ? 1 : 0);
    gsize length = strcspn(start, quoted ? "\"\r\n" : "\",\r\n");

    *rest = start + length;
    if (quoted && **rest != '"')
        return NULL;
    if (quoted)
        (*rest)++;
    return **rest == '\0' || strchr(",\r\n", **rest) ? g_strstrip(g_strndup(start, length)) : NULL;
}

/* The columns of the only line. */
static char **
read_line(GBytes *csv, GError **error)
{
    g_autoptr(GStrvBuilder) values = g_strv_builder_new();
    g_autofree char *text = g_strndup(
        g_bytes_get_data(csv, NULL) ? g_bytes_get_data(csv, NULL) : "", g_bytes_get_size(csv));
    g_auto(GStrv) columns = NULL;
    const char *rest = text;
    guint n = 0;

    do {
        g_autofree char *value = next_value(&rest);

        if (!value) {
            fota_csv_refuse(error, "column %u: a quote, or a line end, inside the value", n + 1);
            return NULL;
        }
        g_strv_builder_add(values, value);
        n++;
    } while (*rest == ',' && rest++);
    if (rest + strspn(rest, "\r\n") != text + g_bytes_get_size(csv)) {
        fota_csv_refuse(error, "more than one line; the csv has one, without a header");
        return NULL;
    }
    columns = g_strv_builder_end(values);
    if (n <= NEXT_CHECK) {
        fota_csv_refuse(error, "%u columns; expected version, file and next check at least", n);
        return NULL;
    }
    return g_steal_pointer(&columns);
}

static gboolean
parse_date(const char *text, gint64 *time)
{
    g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);

    *time = 0;
    return text[0] == '\0' || fota_text_parse_time(midnight, time) ||
           fota_text_parse_time(text, time);
}

/* The address of @file, which lies on the csv's own server unless it is one itself. */
static char *
resolve_delta(const char *file, const FotaCsvTerms *terms, GError **error)
{
    g_autofree char *escaped = NULL;
    char *uri;

    if (strstr(file, "://") && terms->trusted)
        return g_strdup(file);
    if (file[0] == '\0' || strstr(file, "//")) {
        fota_csv_refuse(
            error, terms->trusted
                       ? "column 2: expected a file beside the csv, or an address"
                       : "column 2: expected a file beside the csv; an unsigned csv may name no "
                         "other server");
        return NULL;
    }
    if (!terms->uri) {
        fota_csv_refuse(error, "column 2: %s lies beside the csv, whose own address is not known",
                        file);
        return NULL;
    }
    escaped = g_uri_escape_string(file, "/", FALSE);
    uri = g_uri_resolve_relative(terms->uri, escaped, G_URI_FLAGS_ENCODED, NULL);
    if (!uri)
        fota_csv_refuse(error, "the csv's own address is not valid: %s", terms->uri);
    return uri;
}

static void
add(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void
begin(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
}

static void
add_texts(JsonBuilder *builder, const char *name, const char *const *texts)
{
    if (!texts)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; texts[i]; i++)
        json_builder_add_string_value(builder, texts[i]);
    json_builder_end_array(builder);
}

static void
add_head(JsonBuilder *builder, const FotaCsvTerms *terms)
{
    g_autofree char *use_before = fota_text_format_time(terms->use_before);

    json_builder_set_member_name(builder, "manifestVersion");
    json_builder_add_int_value(builder, FOTA_MANIFEST_VERSION);
    json_builder_set_member_name(builder, "sequenceNumber");
    json_builder_add_int_value(builder, terms->sequence_number);
    add(builder, "issued", ISSUED);
    add(builder, "useBefore", use_before);
    begin(builder, "target");
    add_texts(builder, "imei", terms->imei);
    add_texts(builder, "model", terms->model);
    json_builder_end_object(builder);
}

/* The same path on another server, which may have a scheme of its own. */
static char *
move_uri(const char *uri, const char *server)
{
    const char *authority = strstr(uri, "://");
    const char *path = authority ? strchr(authority + 3, '/') : NULL;
    gsize length = strlen(server);

    if (!authority)
        return g_strdup(server);
    if (strstr(server, "://"))
        return g_strdup_printf("%.*s%s", (int)(g_str_has_suffix(server, "/") ? length - 1 : length),
                               server, path ? path : "/");
    return g_strdup_printf("%.*s://%s%s", (int)(authority - uri), uri, server, path ? path : "/");
}

static void
add_poll(JsonBuilder *builder, char **columns, gint64 next_check, const FotaCsvTerms *terms)
{
    guint n = g_strv_length(columns);
    const char *server = n > SERVER ? columns[SERVER] : "";
    gboolean secret = n > PASSWORD && columns[PASSWORD][0] != '\0';

    if (!terms->trusted || (next_check == 0 && server[0] == '\0'))
        return;
    begin(builder, "poll");
    if (next_check) {
        g_autofree char *time = fota_text_format_time(next_check);

        add(builder, "notBefore", time);
    }
    if (server[0] != '\0') {
        g_autofree char *uri = move_uri(terms->uri_template ? terms->uri_template : "", server);

        begin(builder, "server");
        add(builder, "uri", uri);
        if (n > USER && columns[USER][0] != '\0' && !secret)
            add(builder, "credential", columns[USER]);
        json_builder_end_object(builder);
    }
    json_builder_end_object(builder);
}

static void
add_step(JsonBuilder *builder, char **columns, const char *uri, const FotaCsvTerms *terms)
{
    json_builder_set_member_name(builder, "steps");
    json_builder_begin_array(builder);
    json_builder_begin_object(builder);
    add(builder, "fromVersion", terms->from);
    add(builder, "toVersion", columns[VERSION]);
    begin(builder, "delta");
    add(builder, "uri", uri);
    /* A secret goes only to the server that it is for. */
    if (terms->credential && !strstr(columns[DELTA], "://"))
        add(builder, "credential", terms->credential);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    json_builder_end_array(builder);
}

static void
add_update(JsonBuilder *builder, char **columns, const char *uri, const FotaCsvTerms *terms)
{
    g_autofree char *id =
        g_strdup_printf("csv-%016" G_GINT64_MODIFIER "x",
                        fota_text_hash(terms->from, columns[VERSION], columns[DELTA], NULL));

    begin(builder, "update");
    /* The wanted version is the base of the delta: there is nothing to do. */
    if (!g_str_equal(terms->from, columns[VERSION])) {
        add(builder, "id", id);
        if (!terms->trusted) {
            begin(builder, "approval");
            add(builder, "download", fota_approval_get_name(FOTA_APPROVAL_REQUIRED));
            json_builder_end_object(builder);
            begin(builder, "retry");
            json_builder_set_member_name(builder, "maxAttempts");
            json_builder_add_int_value(builder, 1);
            json_builder_end_object(builder);
        }
        add_step(builder, columns, uri, terms);
    }
    json_builder_end_object(builder);
}

char *
fota_csv_convert(GBytes *csv, const FotaCsvTerms *terms, gint64 *next_check, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_auto(GStrv) columns = NULL;
    g_autofree char *uri = NULL;
    const char *expected;

    if (g_bytes_get_size(csv) > FOTA_CSV_MAX_BYTES) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "the csv is larger than %d bytes", FOTA_CSV_MAX_BYTES);
        return NULL;
    }
    columns = read_line(csv, error);
    if (!columns)
        return NULL;
    expected = fota_text_validate_version(columns[VERSION]);
    if (expected) {
        fota_csv_refuse(error, "column 1: expected a version, %s", expected);
        return NULL;
    }
    if (!parse_date(columns[NEXT_CHECK], next_check)) {
        fota_csv_refuse(error, "column 3: expected a date such as 2027-01-31, or nothing");
        return NULL;
    }
    uri = resolve_delta(columns[DELTA], terms, error);
    if (!uri)
        return NULL;
    json_builder_begin_object(builder);
    add_head(builder, terms);
    add_poll(builder, columns, *next_check, terms);
    add_update(builder, columns, uri, terms);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}
