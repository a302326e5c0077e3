/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-frame.h"

#include <string.h>

static GByteArray *
bytes_of(const char *text, gsize size)
{
    return g_byte_array_append(g_byte_array_new(), (const guint8 *)text, (guint)size);
}

static void
test_round_trip(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GByteArray) received = g_byte_array_new();
    g_autoptr(FotaFrame) first = NULL;
    g_autoptr(FotaFrame) second = NULL;
    gboolean malformed = FALSE;
    guint64 number = 0;

    fota_frame_line(text, "status", "200");
    fota_frame_line(text, "etag", NULL);
    fota_frame_line(text, "text", "two\nlines\r");
    fota_frame_end(text);
    fota_frame_payload(text, "a\n\nb\0", 5);
    /* Byte by byte, as a stream may bring it. */
    for (gsize i = 0; i < text->len; i++) {
        g_byte_array_append(received, (const guint8 *)text->str + i, 1);
        if (first == NULL)
            first = fota_frame_take(received, 5, &malformed);
        else if (second == NULL)
            second = fota_frame_take(received, 5, &malformed);
        g_assert_false(malformed);
    }
    g_assert_nonnull(second);
    g_assert_cmpuint(received->len, ==, 0);
    g_assert_cmpuint(g_hash_table_size(first->lines), ==, 2);
    g_assert_true(fota_frame_get_number(first, "status", 999, &number));
    g_assert_cmpuint(number, ==, 200);
    g_assert_true(fota_frame_get_number(first, "size", 999, &number));
    g_assert_cmpuint(number, ==, 200);
    g_assert_false(fota_frame_get_number(first, "status", 199, &number));
    g_assert_cmpstr(fota_frame_get(first, "text"), ==, "two lines ");
    g_assert_null(first->payload);
    g_assert_cmpmem(g_bytes_get_data(second->payload, NULL), g_bytes_get_size(second->payload),
                    "a\n\nb\0", 5);
}

static void
test_malformed(void)
{
    static const char *const texts[] = {
        "no colon\n\n",
        ": no name\n\n",
        "a: 1\na: 2\n\n",
        "length: 6\n\n123456",
        "length: -1\n\n",
        "length: 1x\n\n",
        "length: 99999999999999999999\n\n",
        "a:no blank\n\n",
    };
    g_autofree char *endless = g_strnfill(FOTA_FRAME_MAX_HEAD + 1, 'x');
    gboolean malformed;

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GByteArray) received = bytes_of(texts[i], strlen(texts[i]));

        g_assert_null(fota_frame_take(received, 5, &malformed));
        g_assert_true(malformed);
    }
    {
        g_autoptr(GByteArray) received = bytes_of(endless, strlen(endless));

        g_assert_null(fota_frame_take(received, 5, &malformed));
        g_assert_true(malformed);
    }
    {
        g_autoptr(GByteArray) received = bytes_of("a: 1\0\n\n", 7);

        g_assert_null(fota_frame_take(received, 5, &malformed));
        g_assert_true(malformed);
    }
}

static void
test_proxy(void)
{
    static const char *const good[] = {"http://proxy.example:3128", "http://[fe80::1]:8080"};
    static const char *const bad[] = {
        "",           "proxy:3128",      "https://proxy:3128", "socks5://proxy:1", "http://proxy",
        "http://:80", "http://u:p@p:80", "http://p:80/x",      "http://p:80?x",    "http://a b:80",
    };

    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(fota_frame_is_proxy(good[i]));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(fota_frame_is_proxy(bad[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/round-trip", test_round_trip);
    g_test_add_func("/frame/malformed", test_malformed);
    g_test_add_func("/frame/proxy", test_proxy);
    return g_test_run();
}
