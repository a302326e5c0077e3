/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-json.h"

#include "base/fota-json-scan.h"

/* The digits of FOTA_JSON_MAX_INTEGER and of G_MAXINT64. */
#define MAX_DIGITS 16
#define MAX_DIGITS_OWN 19

typedef struct {
    GHashTable *seen; /* "object/name" of every member so far */
    char *twice;      /* the first name that is repeated in an object */
} Members;

/* json-glib takes the last of two members of one name, but reports both. */
static void
on_member(JsonParser *parser, JsonObject *object, const char *name, gpointer user_data)
{
    Members *members = user_data;

    if (!g_hash_table_add(members->seen, g_strdup_printf("%p/%s", (void *)object, name)) &&
        !members->twice)
        members->twice = g_strdup(name);
}

static JsonNode *
load_document(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Members members = {.seen = seen};
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) fault = NULL;

    g_signal_connect(parser, "object-member", G_CALLBACK(on_member), &members);
    if (json_parser_load_from_data(parser, text, (gssize)length, &fault))
        root = json_parser_steal_root(parser);

    g_autofree char *twice = members.twice;

    if (!root || twice) {
        g_set_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE, "%s%s",
                    twice ? "the same name twice in one object: " : "not JSON: ",
                    twice   ? twice
                    : fault ? fault->message
                            : "empty");
        return NULL;
    }
    return g_steal_pointer(&root);
}

static JsonNode *
parse_strict(GBytes *text, gsize max_digits, GError **error)
{
    gsize length, where;
    const char *data = g_bytes_get_data(text, &length);
    const char *bytes = data ? data : "";
    const char *fault = fota_json_scan(bytes, length, max_digits, &where);

    if (fault) {
        g_set_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE,
                    "not strict JSON: byte %" G_GSIZE_FORMAT ": %s", where, fault);
        return NULL;
    }
    return load_document(bytes, length, error);
}

JsonNode *
fota_json_parse(GBytes *text, GError **error)
{
    return parse_strict(text, MAX_DIGITS, error);
}

JsonNode *
fota_json_parse_own(GBytes *text, GError **error)
{
    return parse_strict(text, MAX_DIGITS_OWN, error);
}

FotaJsonPlace
fota_json_root(JsonNode *root, GPtrArray *errors)
{
    return (FotaJsonPlace){.index = -1, .object = json_node_get_object(root), .errors = errors};
}

static void
append_path(GString *path, const FotaJsonPlace *place)
{
    if (!place->parent)
        return;
    append_path(path, place->parent);
    g_string_append_printf(path, "%s%s", path->len > 0 ? "." : "", place->name);
    if (place->index >= 0)
        g_string_append_printf(path, "[%d]", place->index);
}

void
fota_json_fault(const FotaJsonPlace *place, const char *name, const char *format, ...)
{
    GString *text = g_string_new(NULL);
    va_list arguments;

    append_path(text, place);
    if (name)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "." : "", name);
    if (text->len > 0)
        g_string_append(text, ": ");
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    g_ptr_array_add(place->errors, g_string_free(text, FALSE));
}

gboolean
fota_json_has(const FotaJsonPlace *place, const char *name)
{
    return json_object_has_member(place->object, name);
}

static JsonNode *
find(const FotaJsonPlace *place, const char *name, FotaJsonNeed need)
{
    JsonNode *node = json_object_get_member(place->object, name);

    if (!node && need == FOTA_JSON_REQUIRED)
        fota_json_fault(place, name, "missing");
    return node;
}

gint64
fota_json_get_integer(const FotaJsonPlace *place, const char *name, FotaJsonNeed need, gint64 min,
                      gint64 max, gint64 fallback)
{
    JsonNode *node = find(place, name, need);

    if (!node)
        return fallback;
    if (json_node_get_value_type(node) != G_TYPE_INT64 || json_node_get_int(node) < min ||
        json_node_get_int(node) > max) {
        fota_json_fault(place, name,
                        "expected a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                        min, max);
        return fallback;
    }
    return json_node_get_int(node);
}

gint64
fota_json_get_hundredths(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                         gint64 max, gint64 fallback)
{
    JsonNode *node = find(place, name, need);
    GType type = node ? json_node_get_value_type(node) : G_TYPE_INVALID;

    if (!node)
        return fallback;
    if (type == G_TYPE_INT64 || type == G_TYPE_DOUBLE) {
        double value = json_node_get_double(node) * 100;
        gint64 nearest = value >= 0 && value <= (double)max ? (gint64)(value + 0.5) : -1;

        /* 0.07 * 100 is not 7 in binary, so a value near a whole number counts as that number. */
        if (nearest >= 0 && ABS(value - (double)nearest) < 1e-6)
            return nearest;
    }
    fota_json_fault(place, name, "expected 0 to %" G_GINT64_FORMAT " with at most two decimals",
                    max / 100);
    return fallback;
}

gboolean
fota_json_get_boolean(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                      gboolean fallback)
{
    JsonNode *node = find(place, name, need);

    if (!node)
        return fallback;
    if (json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
        fota_json_fault(place, name, "expected true or false");
        return fallback;
    }
    return json_node_get_boolean(node);
}

static const char *
get_text(const FotaJsonPlace *place, const char *name, FotaJsonNeed need)
{
    JsonNode *node = find(place, name, need);

    if (!node)
        return NULL;
    if (json_node_get_value_type(node) != G_TYPE_STRING) {
        fota_json_fault(place, name, "expected a text");
        return NULL;
    }
    return json_node_get_string(node);
}

const char *
fota_json_get_string(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                     FotaTextValidator validate)
{
    const char *text = get_text(place, name, need);
    const char *expected = text ? validate(text) : NULL;

    if (expected) {
        fota_json_fault(place, name, "expected %s", expected);
        return NULL;
    }
    return text;
}

gint64
fota_json_get_time(const FotaJsonPlace *place, const char *name, FotaJsonNeed need)
{
    const char *text = get_text(place, name, need);
    gint64 time = 0;

    if (text && !fota_text_parse_time(text, &time))
        fota_json_fault(place, name, "expected a time in UTC such as 2026-11-21T04:00:00Z");
    return time;
}

int
fota_json_get_choice(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                     const char *const *choices, int fallback)
{
    const char *text = get_text(place, name, need);

    if (!text)
        return fallback;
    for (int i = 0; choices[i]; i++)
        if (g_str_equal(text, choices[i]))
            return i;

    g_autofree char *all = g_strjoinv(", ", (char **)choices);

    fota_json_fault(place, name, "expected one of %s", all);
    return fallback;
}

static gboolean
enter(const FotaJsonPlace *place, const char *name, int index, JsonNode *node, FotaJsonPlace *child)
{
    *child =
        (FotaJsonPlace){.parent = place, .name = name, .index = index, .errors = place->errors};
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        fota_json_fault(child, NULL, "expected an object");
        return FALSE;
    }
    child->object = json_node_get_object(node);
    return TRUE;
}

gboolean
fota_json_get_object(const FotaJsonPlace *place, const char *name, FotaJsonNeed need,
                     FotaJsonPlace *child)
{
    JsonNode *node = find(place, name, need);

    return node && enter(place, name, -1, node, child);
}

JsonArray *
fota_json_get_array(const FotaJsonPlace *place, const char *name, FotaJsonNeed need, guint max)
{
    JsonNode *node = find(place, name, need);
    guint length;

    if (!node)
        return NULL;
    length = JSON_NODE_HOLDS_ARRAY(node) ? json_array_get_length(json_node_get_array(node)) : 0;
    if (length < 1 || length > max) {
        fota_json_fault(place, name, "expected a list of 1 to %u elements", max);
        return NULL;
    }
    return json_node_get_array(node);
}

gboolean
fota_json_get_element(const FotaJsonPlace *place, const char *name, JsonArray *array, guint index,
                      FotaJsonPlace *child)
{
    return enter(place, name, (int)index, json_array_get_element(array, index), child);
}

const char **
fota_json_get_strings(const FotaJsonPlace *place, const char *name, FotaJsonNeed need, guint max,
                      FotaTextValidator validate)
{
    JsonArray *array = fota_json_get_array(place, name, need, max);
    guint length = array ? json_array_get_length(array) : 0;
    const char **texts = array ? g_new0(const char *, length + 1) : NULL;

    for (guint i = 0, n = 0; i < length; i++) {
        JsonNode *node = json_array_get_element(array, i);
        const char *text =
            json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
        const char *expected = text ? validate(text) : "a text";

        if (expected) {
            FotaJsonPlace element = {
                .parent = place, .name = name, .index = (int)i, .errors = place->errors};

            fota_json_fault(&element, NULL, "expected %s", expected);
        } else {
            texts[n++] = text;
        }
    }
    return texts;
}
