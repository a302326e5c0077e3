/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-text.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    FotaTextValidator check;
    const char *good[20];
    const char *bad[26];
} Kind;

#define TEN "aaaaaaaaaa"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define HOST "https://h/"

static const Kind kinds[] = {
    {fota_text_validate_imei,
     {"353081090012345", "000000000000000"},
     {"", "35308109001234", "3530810900123456", "35308109001234x", " 53081090012345",
      "-53081090012345"}},
    {fota_text_validate_version,
     {"30.00.001-B026_FOTA", "L0.0.00.00.05.08,A.02.04", "02.06,A00.01", "12.815.01.03.00",
      "SWI9X30C_02.33.03.00 r8209 CARMD-EV-FRMWR2 2019/08/28", "M0B.800004 [Feb 1 2018]", "1+2",
      "a:b", SIXTY "aaaa"},
     {"",    SIXTY "aaaaa", "a\"b", "a;b", "a\rb", "a\nb",     "a`b", "a$b", "a&b", "a|b",
      "a<b", "a(b",         "a\\b", "a'b", "a\tb", "\xc3\xa9", "a%b", "a=b", "a?b", "a*b"}},
    {fota_text_validate_model, {"ME910C1-NA", "LE910-NA V2"}, {"", "a\"b", "a;b"}},
    {fota_text_validate_name,
     {"b026-fota", "server_1.2", "-x", SIXTY "aaaa"},
     {"", ".hidden", "..", "a/b", "../x", "a b", SIXTY "aaaaa", "a\nb", "\xc3\xa9"}},
    {fota_text_validate_sha256,
     {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
     {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
      "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"}},
    {fota_text_validate_uri,
     {"http://h", "https://h:8443/a/b.bin?x=1", "ftp://fw.example/30.00.001-B026_to_B026-FOTA.bin",
      "ftps://h/a%20b", "https://[::1]/a", "HTTP://h/",
      "https://h/a?X-Amz-Date=1&X-Amz-Signature=a%2Fb"},
     {"",
      "h",
      "/a",
      "file:///etc/passwd",
      "gopher://h/",
      "http://",
      "http:///a",
      "http://u:p@h/",
      "http://u@h/",
      "http://h/a b",
      "http://h/\"",
      "http://h/;x",
      "http://h/a#b",
      "http://h/a&b",
      "http://h/a&b?c",
      "http://h/a%26b?c",
      "http://h/`a`",
      "http://h/$a",
      "http://h/(a)",
      "http://h/a%0d%0ab",
      "http://h/a%00b",
      "http://h/a%22b",
      "http://h/a%3bb",
      "http://h/a%zz",
      "http://h/{imei}",
      "http://h/\xc3\xa9"}},
    {fota_text_validate_delta_uri,
     {"http://h", "ftp://h/a.bin", "file:///media/usb/a-b.bin"},
     {"", "file://", "file:///", "file://h/a", "file:///a/../b", "file:///.a", "file:////a",
      "file:///a b", "file:///a%2e", "http://u@h/"}},
    {fota_text_validate_uri_template,
     {"https://h/{imei}.signed", "https://h/{model}/{imei-sha256}", "https://h/a?i={imei}",
      "https://h/{imei-hmac}", "http://h"},
     {"https://{imei}.h/", "https://h:{imei}/", "{imei}", "https://{imei}", "https://h/{other}",
      "https://h/{imei", "https://h/imei}"}},
    {fota_text_validate_web_uri,
     {"https://example/notes", "http://example/"},
     {"", "ftp://example/", "javascript:alert(1)", "file:///x", "https://u:p@h/"}},
    {fota_text_validate_title,
     {"x", "Carrier certification", "\xc3\xa9t\xc3\xa9", SIXTY SIXTY},
     {"", "a\nb", "a\tb", "a\x1b[0mb", "\xff", SIXTY SIXTY "a", "a\xe2\x80\xae b"}},
    {fota_text_validate_timezone,
     {"local", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"},
     {"", "/etc/passwd", "../x", "Europe.Berlin", "a b", ":x"}},
};

static void
test_alphabets(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (guint j = 0; kinds[i].good[j]; j++)
            if (kinds[i].check(kinds[i].good[j]))
                g_error("kind %u: %s was refused", i, kinds[i].good[j]);
        for (guint j = 0; j < G_N_ELEMENTS(kinds[i].bad) && kinds[i].bad[j]; j++)
            if (!kinds[i].check(kinds[i].bad[j]))
                g_error("kind %u: %s was accepted", i, kinds[i].bad[j]);
    }
}

static void
test_uri_length(void)
{
    g_autofree char *rest = g_strnfill(512 - strlen(HOST), 'a');
    g_autofree char *longest = g_strconcat(HOST, rest, NULL);
    g_autofree char *longer = g_strconcat(longest, "a", NULL);

    g_assert_null(fota_text_validate_uri(longest));
    g_assert_nonnull(fota_text_validate_uri(longer));
}

static void
test_time(void)
{
    static const struct {
        const char *text;
        gint64 seconds;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T04:00:00Z", 1795233600},
        {"2024-02-29T23:59:59Z", 1709251199},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2106-02-07T06:28:16Z", G_GINT64_CONSTANT(4294967296)},
        {"9999-12-31T23:59:59Z", G_GINT64_CONSTANT(253402300799)},
    };
    static const char *const bad[] = {
        "",
        "2026-11-21",
        "2026-11-21T04:00:00",
        "2026-11-21T04:00:00z",
        "2026-11-21t04:00:00Z",
        "2026-11-21 04:00:00Z",
        "2026-11-21T04:00:00+00:00",
        "2026-11-21T04:00:00.5Z",
        "20261121T040000Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T23:60:00Z",
        "2026-11-21T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "+026-11-21T04:00:00Z",
        "2026-11-21T04:00:00Z ",
    };
    gint64 time;

    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *again = NULL;

        g_assert_true(fota_text_parse_time(good[i].text, &time));
        g_assert_cmpint(time, ==, good[i].seconds * G_USEC_PER_SEC);
        again = fota_text_format_time(time);
        g_assert_cmpstr(again, ==, good[i].text);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        if (fota_text_parse_time(bad[i], &time))
            g_error("%s was accepted", bad[i]);

    g_autofree char *never = fota_text_format_time(G_MAXINT64);

    g_assert_cmpstr(never, ==, "never");
}

static void
test_hash(void)
{
    /* (printf 'r7\0'; printf 353081090012345) | sha256sum */
    g_assert_cmphex(fota_text_hash("r7", "353081090012345", NULL), ==,
                    G_GUINT64_CONSTANT(0xbe43c7a2fabc4c6a));
    g_assert_cmphex(fota_text_hash("ab", "c", NULL), !=, fota_text_hash("a", "bc", NULL));
}

static void
test_expand(void)
{
    g_autofree char *uri = fota_text_expand_uri("https://h/{model}/{imei}?{imei-sha256}",
                                                "353081090012345", "LE910 V2", NULL);
    /* printf 353081090012345 | openssl dgst -sha256 -hmac winter-fleet */
    g_autofree char *keyed =
        fota_text_expand_uri("https://h/{imei-hmac}", "353081090012345", "m", "winter-fleet");
    g_autofree char *without =
        fota_text_expand_uri("https://h/{imei-hmac}", "353081090012345", "m", NULL);

    g_assert_cmpstr(uri, ==,
                    "https://h/LE910%20V2/353081090012345?"
                    "aa37deee3b172e667948c8f4b28bab31a97538d3d5c95063df28812517b653b2");
    g_assert_cmpstr(keyed, ==,
                    "https://h/"
                    "657c51b53d8ce9eaf2d735a67b32920ff7f6ce9d03e1599be1d41e50f16b41a9");
    g_assert_cmpstr(without, ==, "https://h/{imei-hmac}");
}

/* An address is kept whole. */
static void
test_address(void)
{
    static const struct {
        const char *uri, *scheme, *host;
        guint port;
        const char *path;
    } cases[] = {
        {"ftp://fw.example/a/b.bin", "ftp", "fw.example", 21, "a/b.bin"},
        {"ftp://fw.example:2121/a%20b", "ftp", "fw.example", 2121, "a b"},
        {"https://h/d?X-Amz-Signature=a%2Fb&x=1", "https", "h", 443, "d?X-Amz-Signature=a%2Fb&x=1"},
        {"http://[2001:db8::1]:8080/d", "http", "[2001:db8::1]", 8080, "d"},
        {"ftp://[::1]/d", "ftp", "[::1]", 21, "d"},
        {"http://h", "http", "h", 80, ""},
        {"file:///x", NULL, NULL, 0, NULL},
        {"no address", NULL, NULL, 0, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaAddress address = {0};

        g_assert_cmpint(fota_address_parse(cases[i].uri, &address), ==, cases[i].host != NULL);
        g_assert_cmpstr(address.scheme, ==, cases[i].scheme);
        g_assert_cmpstr(address.host, ==, cases[i].host);
        g_assert_cmpuint(address.port, ==, cases[i].port);
        g_assert_cmpstr(address.path, ==, cases[i].path);
        fota_address_clear(&address);
    }
}

static void
test_origin(void)
{
    static const struct {
        const char *uri, *origin;
    } cases[] = {
        {"ftp://fw.example/a?b", "ftp://fw.example"},
        {"https://[::1]:8443/a", "https://[::1]:8443"},
        {"no address", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *origin = fota_text_get_origin(cases[i].uri);

        g_assert_cmpstr(origin, ==, cases[i].origin);
    }
}

static gpointer
contend(gpointer data)
{
    const gint *stop = data;

    while (!g_atomic_int_get(stop)) {
        gsize once = 0;

        if (g_once_init_enter(&once))
            g_once_init_leave(&once, 1);
    }
    return NULL;
}

static gboolean
read_beside_thread(guint turn)
{
    gint stop = FALSE;
    GThread *thread = g_thread_new("contend", contend, &stop);
    guint64 number;
    gboolean good;

    g_usleep(turn * 10);
    good = g_ascii_string_to_unsigned("0", 10, 0, 1, &number, NULL);
    g_atomic_int_set(&stop, TRUE);
    g_thread_join(thread);
    return good;
}

/* How many programs of 50 misread their first number, beside a thread that keeps GLib's lock busy.
 * g_test_init() reads a number, so this one comes before it.
 */
static guint
count_misread(void)
{
    guint misread = 0;

    for (guint turn = 0; turn < 50; turn++) {
        pid_t child = fork();
        int status = 1;

        if (child == 0)
            _exit(read_beside_thread(turn) ? 0 : 1);
        waitpid(child, &status, 0);
        misread += status != 0;
    }
    return misread;
}

static void
test_first_number(gconstpointer data)
{
    g_assert_cmpuint(GPOINTER_TO_UINT(data), ==, 0);
}

int
main(int argc, char **argv)
{
    guint misread = count_misread();

    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/text/first-number", GUINT_TO_POINTER(misread), test_first_number);
    g_test_add_func("/text/alphabets", test_alphabets);
    g_test_add_func("/text/uri-length", test_uri_length);
    g_test_add_func("/text/time", test_time);
    g_test_add_func("/text/hash", test_hash);
    g_test_add_func("/text/expand", test_expand);
    g_test_add_func("/text/address", test_address);
    g_test_add_func("/text/origin", test_origin);
    return g_test_run();
}
