/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-mask.h"

#define IMEI "353081090012345"
#define OTHER "352099001761481" /* of a body whose digits an IMSI may have, too */

static const char *const known[] = {IMEI, OTHER, NULL};

static void
test_cases(void)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {IMEI, "35308109…45"},
        {OTHER, "35209900…81"},
        /* Not known as such, but nothing else. */
        {"867962047642272", "86796204…72"},
        {"/var/lib/fotad/" IMEI ".json.prev: Input/output error",
         "/var/lib/fotad/35308109…45.json.prev: Input/output error"},
        {"/org/fotad/Fota1/Module/" IMEI, "/org/fotad/Fota1/Module/35308109…45"},
        {"https://fota.example/x" IMEI "y: 404", "https://fota.example/x35308109…45y: 404"},
        {"#CGSN: 3530810900123417", "#CGSN: 35308109…17"}, /* with a software version */
        {"#CGSN: 3567890123456789", "#CGSN: …"},
        {"+CIMI: 311480123456789", "+CIMI: …"},
        {"IMSI 352021234567890", "IMSI …"},
        {"89148000001234567894, 8914800000123456789F", "…, …F"},
        {"own number 1234567890", "own number …"},
        {"own number 01711234567", "own number …"},
        {"own number +4917112345", "own number +…"},
        {"+CNUM: ,\"+49 (171) 123-4567\",145", "+CNUM: ,\"+…\",145"},
        {"+491234", "+491234"}, /* too short for one */
        {"+4912345", "+…"},
        {"twice " IMEI IMEI, "twice …"},
        {"c8ac2ffea5f0d3ba02e29a2ca6ea0b9b34d2b19da3f3cfef2da0e8ae0d3ae4a1",
         "c8ac2ffea5f0d3ba02e29a2ca6ea0b9b34d2b19da3f3cfef2da0e8ae0d3ae4a1"},
        /* What is not personal stays. */
        {"signed by 85E4119777750D89, none", "signed by 85E4119777750D89, none"},
        {"x85E4119777750D89", "x85E…D89"},
        {"85E4119777750D89x", "85E…D89x"},
        {"token 00112233445566778899aabbccddeeff", "token 00112233445566778899aabbccddeeff"},
        {"891480000123456F", "…F"}, /* a letter at the end is a filler */
        {"30.00.001-B026_FOTA", "30.00.001-B026_FOTA"},
        {"2026-11-21T04:00:00+0100, 200000 bytes", "2026-11-21T04:00:00+0100, 200000 bytes"},
        {"20190510 of 16777216 bytes", "20190510 of 16777216 bytes"},
        {"35308109…45", "35308109…45"},
        {"AT+GMR, +CME ERROR: 100", "AT+GMR, +CME ERROR: 100"},
        {"version 1.2+20261121", "version 1.2+20261121"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = fota_mask_text(cases[i].text, known, FOTA_MASK_NUMBER);
        g_autofree char *again = fota_mask_text(shown, known, FOTA_MASK_NUMBER);

        g_assert_cmpstr(shown, ==, cases[i].shown);
        g_assert_cmpstr(again, ==, shown);
    }
}

/* An address with {imei-sha256} in it. */
static void
test_digest(void)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, IMEI, -1);
    g_autofree char *text = g_strdup_printf("https://fota.example/%s.signed: 404", digest);
    g_autofree char *shown = fota_mask_text(text, known, FOTA_MASK_NUMBER);

    g_autofree char *unknown = fota_mask_text(text, NULL, FOTA_MASK_NUMBER);

    g_assert_cmpstr(shown, ==, "https://fota.example/….signed: 404");
    g_assert_nonnull(strstr(unknown, digest));
}

/* What is not much longer than what is shown of it is shown whole. */
static void
test_imei(void)
{
    g_autofree char *whole = fota_mask_imei("12345678901");
    g_autofree char *masked = fota_mask_imei("123456789012");

    g_assert_cmpstr(whole, ==, "12345678901");
    g_assert_cmpstr(masked, ==, "12345678…12");
}

static void
test_names_of_ours(void)
{
    g_autofree char *name = fota_mask_text("b2026112101", known, FOTA_MASK_IDENTITY);
    g_autofree char *imei = fota_mask_text("for-" IMEI, known, FOTA_MASK_IDENTITY);

    g_assert_cmpstr(name, ==, "b2026112101");
    g_assert_cmpstr(imei, ==, "for-35308109…45");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mask/cases", test_cases);
    g_test_add_func("/mask/digest", test_digest);
    g_test_add_func("/mask/imei", test_imei);
    g_test_add_func("/mask/names-of-ours", test_names_of_ours);
    return g_test_run();
}
