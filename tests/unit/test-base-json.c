/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-json.h"

#include <string.h>

static JsonNode *
parse(const char *text, gsize length, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, length);

    return fota_json_parse(bytes, error);
}

static void
test_accepted(void)
{
    static const char *const texts[] = {
        "{}",
        "{ } \t\r\n",
        "{\"a\":1}",
        "{\"\":0, \"b\" : [ ] , \"c\":[1,2.5,-0,-1.0e+5,1E-3,0.1], \"d\":{\"e\":{}}}",
        "{\"a\":true,\"b\":false,\"c\":null}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00 \xc3\xa9 \x7f\"}",
        "{\"a\":9999999999999999}",
        "{\"a\":{\"x\":1},\"b\":{\"x\":1}}",
        "{\"a\":[{\"x\":1},{\"x\":1}]}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) root = parse(texts[i], strlen(texts[i]), &error);

        g_assert_no_error(error);
        g_assert_true(JSON_NODE_HOLDS_OBJECT(root));
    }
}

/* Each text, and a word of the message that tells it from all other reasons. */
static const struct {
    const char *text;
    const char *word;
} refused[] = {
    {"", "an object"},
    {" {}", "an object"},
    {"\xef\xbb\xbf{}", "an object"},
    {"[]", "an object"},
    {"\"a\"", "an object"},
    {"{", "double quotes"},
    {"{}{}", "after the object"},
    {"{} x", "after the object"},
    {"{},", "after the object"},
    {"{\"a\":1,}", "double quotes"},
    {"{,}", "double quotes"},
    {"{a:1}", "double quotes"},
    {"{'a':1}", "double quotes"},
    {"{1:1}", "double quotes"},
    {"{\"a\"}", "colon"},
    {"{\"a\"=1}", "colon"},
    {"{\"a\":}", "a value"},
    {"{\"a\":'x'}", "a value"},
    {"{\"a\":1 \"b\":2}", "comma or }"},
    {"{\"a\":[1 2]}", "comma or ]"},
    {"{\"a\":[1,]}", "a value"},
    {"{\"a\":[1}", "comma or ]"},
    {"{\"a\":[1", "comma or ]"},
    {"{\"a\":01}", "comma or }"},
    {"{\"a\":+1}", "a value"},
    {"{\"a\":-}", "a value"},
    {"{\"a\":.5}", "a value"},
    {"{\"a\":1.}", "after the point"},
    {"{\"a\":1e}", "exponent"},
    {"{\"a\":0x10}", "comma or }"},
    {"{\"a\":NaN}", "a value"},
    {"{\"a\":Infinity}", "a value"},
    {"{\"a\":truE}", "a value"},
    {"{\"a\":tru", "a value"},
    {"{\"a\":nulll}", "comma or }"},
    {"{\"a\":18446744073709551615}", "too large"},
    {"{\"a\":10000000000000000}", "too large"},
    {"{\"a\":\"x}", "does not end"},
    {"{\"a\":\"x\\\"}", "does not end"},
    {"{\"a\":\"\n\"}", "control character"},
    {"{\"a\":\"\x1f\"}", "control character"},
    {"{\"a\":\"\\x\"}", "unknown escape"},
    {"{\"a\":\"\\", "unknown escape"},
    {"{\"a\":\"\\u0000\"}", "\\u0000"},
    {"{\"a\":\"b\\u0000c\"}", "\\u0000"},
    {"{\"a\":\"\\u00g0\"}", "hex digits"},
    {"{\"a\":\"\\u00", "hex digits"},
    {"{\"a\":\"\\ud800\"}", "surrogate"},
    {"{\"a\":\"\\ud800\\n\"}", "surrogate"},
    {"{\"a\":\"\\udc00\"}", "surrogate"},
    {"{\"a\":\"\\ud800\\ud800\"}", "surrogate"},
    {"{\"a\":\"\\ud800\\u\"}", "hex digits"},
    {"{\"a\":\"\xff\"}", "not UTF-8, or a NUL"},
    {"{\"a\":\"\xc0\x80\"}", "not UTF-8, or a NUL"},
    {"/*x*/{}", "an object"},
    {"{/*x*/}", "double quotes"},
    {"{}//x", "after the object"},
    {"var x={};", "an object"},
    {"{\"a\":1,\"a\":2}", "twice"},
    {"{\"a\":1,\"\\u0061\":2}", "twice"},
    {"{\"b\":{\"a\":{},\"c\":1,\"a\":{}}}", "twice"},
};

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) root = parse(refused[i].text, strlen(refused[i].text), &error);

        g_assert_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE);
        g_assert_null(root);
        if (!strstr(error->message, refused[i].word))
            g_error("%s: expected \"%s\" in: %s", refused[i].text, refused[i].word, error->message);
    }
}

static void
test_nul_byte(void)
{
    static const char in_text[] = "{\"a\":\"b\0c\"}", between[] = "{\0}", behind[] = "{}\0";
    g_autoptr(GError) error = NULL;

    g_assert_null(parse(in_text, sizeof in_text - 1, &error));
    g_assert_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE);
    g_assert_null(parse(between, sizeof between - 1, NULL));
    g_assert_null(parse(behind, sizeof behind - 1, NULL));
}

static JsonNode *
parse_nested(guint depth, const char *open, const char *inner, const char *close, GError **error)
{
    g_autoptr(GString) text = g_string_new("{\"a\":");

    for (guint i = 1; i < depth; i++)
        g_string_append(text, open);
    g_string_append(text, inner);
    for (guint i = 1; i < depth; i++)
        g_string_append(text, close);
    g_string_append_c(text, '}');
    return parse(text->str, text->len, error);
}

static void
test_depth(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) text = NULL;
    g_autoptr(JsonNode) arrays = parse_nested(FOTA_JSON_MAX_DEPTH, "[", "1", "]", &error);
    g_autoptr(JsonNode) objects = parse_nested(FOTA_JSON_MAX_DEPTH, "{\"a\":", "1", "}", &error);

    g_assert_no_error(error);
    g_assert_nonnull(arrays);
    g_assert_nonnull(objects);
    g_assert_null(parse_nested(FOTA_JSON_MAX_DEPTH + 1, "[", "1", "]", &error));
    g_assert_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE);
    g_clear_error(&error);
    g_assert_null(parse_nested(100000, "[", "", "]", &error));
    g_assert_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE);
    g_clear_error(&error);
    g_assert_null(parse_nested(100000, "{\"a\":", "1", "}", &error));
    g_assert_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE);
    /* Brackets within a text are text. */
    text = parse_nested(2, "[", "\"[[[[[[[[[[[[[[[[[[[[\"", "]", NULL);
    g_assert_nonnull(text);
}

/* The members read below, and the faults they must give, in this order. */
static const char document[] = "{\"n\":5,\"f\":1.5,\"cents\":12.34,\"t\":true,\"s\":\"ok\","
                               "\"time\":\"1970-01-01T00:00:01Z\",\"o\":{\"in\":\"x y\"},"
                               "\"list\":[{\"n\":1},2],\"names\":[\"a\",\"b c\",3]}";

static void
test_readers(void)
{
    static const char *const choices[] = {"no", "ok", NULL};
    g_autoptr(JsonNode) node = parse(document, strlen(document), NULL);
    g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
    FotaJsonPlace root = fota_json_root(node, errors), child;
    JsonArray *list = fota_json_get_array(&root, "list", FOTA_JSON_REQUIRED, 2);

    g_assert_cmpint(fota_json_get_integer(&root, "n", FOTA_JSON_REQUIRED, 5, 5, 0), ==, 5);
    g_assert_cmpint(fota_json_get_integer(&root, "no", FOTA_JSON_OPTIONAL, 0, 9, 7), ==, 7);
    g_assert_cmpint(fota_json_get_hundredths(&root, "cents", FOTA_JSON_REQUIRED, 1234, 0), ==,
                    1234);
    g_assert_cmpint(fota_json_get_hundredths(&root, "n", FOTA_JSON_REQUIRED, 10000, 0), ==, 500);
    g_assert_true(fota_json_get_boolean(&root, "t", FOTA_JSON_REQUIRED, FALSE));
    g_assert_cmpint(fota_json_get_choice(&root, "s", FOTA_JSON_REQUIRED, choices, 0), ==, 1);
    g_assert_cmpint(fota_json_get_time(&root, "time", FOTA_JSON_REQUIRED), ==, G_USEC_PER_SEC);
    g_assert_true(fota_json_get_element(&root, "list", list, 0, &child));
    g_assert_cmpint(fota_json_get_integer(&child, "n", FOTA_JSON_REQUIRED, 1, 1, 0), ==, 1);
    g_assert_true(fota_json_get_object(&root, "o", FOTA_JSON_REQUIRED, &child));
    g_assert_false(fota_json_get_object(&root, "p", FOTA_JSON_OPTIONAL, &child));
    g_assert_cmpuint(errors->len, ==, 0);
}

static void
test_faults(void)
{
    static const char *const choices[] = {"no", "yes", NULL};
    static const char *const expected[] = {
        "x: missing",
        "n: expected a whole number from 6 to 9",
        "n: expected a whole number from 0 to 4",
        "f: expected a whole number from 0 to 9",
        "cents: expected 0 to 12 with at most two decimals",
        "s: expected 0 to 100 with at most two decimals",
        "n: expected true or false",
        "n: expected a text",
        "s: expected a time in UTC such as 2026-11-21T04:00:00Z",
        "s: expected one of no, yes",
        "o.in: expected 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot",
        "n: expected an object",
        "list: expected a list of 1 to 1 elements",
        "n: expected a list of 1 to 9 elements",
        "list[1]: expected an object",
        "list[0].x: missing",
        "names[1]: expected 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot",
        "names[2]: expected a text",
    };
    g_autoptr(JsonNode) node = parse(document, strlen(document), NULL);
    g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
    FotaJsonPlace root = fota_json_root(node, errors), child;
    JsonArray *list = fota_json_get_array(&root, "list", FOTA_JSON_REQUIRED, 2);
    g_autofree const char **names = NULL;

    g_assert_cmpint(fota_json_get_integer(&root, "x", FOTA_JSON_REQUIRED, 0, 9, 3), ==, 3);
    g_assert_cmpint(fota_json_get_integer(&root, "n", FOTA_JSON_REQUIRED, 6, 9, 8), ==, 8);
    fota_json_get_integer(&root, "n", FOTA_JSON_OPTIONAL, 0, 4, 0);
    fota_json_get_integer(&root, "f", FOTA_JSON_OPTIONAL, 0, 9, 0);
    fota_json_get_hundredths(&root, "cents", FOTA_JSON_OPTIONAL, 1233, 0);
    fota_json_get_hundredths(&root, "s", FOTA_JSON_OPTIONAL, 10000, 0);
    g_assert_true(fota_json_get_boolean(&root, "n", FOTA_JSON_OPTIONAL, TRUE));
    g_assert_null(fota_json_get_string(&root, "n", FOTA_JSON_OPTIONAL, fota_text_validate_name));
    g_assert_cmpint(fota_json_get_time(&root, "s", FOTA_JSON_OPTIONAL), ==, 0);
    fota_json_get_choice(&root, "s", FOTA_JSON_OPTIONAL, choices, 0);
    g_assert_true(fota_json_get_object(&root, "o", FOTA_JSON_OPTIONAL, &child));
    g_assert_null(fota_json_get_string(&child, "in", FOTA_JSON_OPTIONAL, fota_text_validate_name));
    g_assert_false(fota_json_get_object(&root, "n", FOTA_JSON_OPTIONAL, &child));
    g_assert_null(fota_json_get_array(&root, "list", FOTA_JSON_OPTIONAL, 1));
    g_assert_null(fota_json_get_array(&root, "n", FOTA_JSON_OPTIONAL, 9));
    g_assert_false(fota_json_get_element(&root, "list", list, 1, &child));
    g_assert_true(fota_json_get_element(&root, "list", list, 0, &child));
    g_assert_null(fota_json_get_string(&child, "x", FOTA_JSON_REQUIRED, fota_text_validate_name));
    names = fota_json_get_strings(&root, "names", FOTA_JSON_OPTIONAL, 3, fota_text_validate_name);
    g_assert_cmpstr(names[0], ==, "a");
    g_assert_null(names[1]);

    g_assert_cmpuint(errors->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < errors->len; i++)
        g_assert_cmpstr(g_ptr_array_index(errors, i), ==, expected[i]);
}

static void
test_hundredths(void)
{
    g_autoptr(GString) text = g_string_new("{");
    g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(JsonNode) node = NULL;
    FotaJsonPlace root;

    /* Every percentage with two decimals, although most are no binary fractions. */
    for (guint i = 0; i <= 10000; i++)
        g_string_append_printf(text, "\"%u\":%u.%02u,", i, i / 100, i % 100);
    g_string_append(text, "\"fine\":0.001,\"minus\":-0.01,\"huge\":1e300}");
    node = parse(text->str, text->len, NULL);
    root = fota_json_root(node, errors);
    for (guint i = 0; i <= 10000; i++) {
        g_autofree char *name = g_strdup_printf("%u", i);

        g_assert_cmpint(fota_json_get_hundredths(&root, name, FOTA_JSON_REQUIRED, 10000, -1), ==,
                        i);
    }
    g_assert_cmpuint(errors->len, ==, 0);
    fota_json_get_hundredths(&root, "fine", FOTA_JSON_REQUIRED, 10000, 0);
    fota_json_get_hundredths(&root, "minus", FOTA_JSON_REQUIRED, 10000, 0);
    fota_json_get_hundredths(&root, "huge", FOTA_JSON_REQUIRED, 10000, 0);
    g_assert_cmpuint(errors->len, ==, 3);
}

/* What fotad wrote itself: whole numbers of 64 bits. */
static void
test_own(void)
{
    static const char largest[] = "{\"a\":9223372036854775807}";
    g_autoptr(GBytes) bytes = g_bytes_new_static(largest, strlen(largest));
    g_autoptr(JsonNode) root = fota_json_parse_own(bytes, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(json_object_get_int_member(json_node_get_object(root), "a"), ==, G_MAXINT64);
    g_assert_null(fota_json_parse(bytes, &error));
    g_assert_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/accepted", test_accepted);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/nul-byte", test_nul_byte);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/own", test_own);
    g_test_add_func("/json/readers", test_readers);
    g_test_add_func("/json/faults", test_faults);
    g_test_add_func("/json/hundredths", test_hundredths);
    return g_test_run();
}
