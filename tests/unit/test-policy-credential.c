/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-credential-rule.h"

#include <string.h>
#include <sys/stat.h>

#define SELF 990

static void
test_file(void)
{
    static const struct {
        guint32 mode;
        guint32 owner;
        gboolean good;
    } cases[] = {
        {S_IFREG | 0600, SELF, TRUE},  {S_IFREG | 0400, SELF, TRUE},
        {S_IFREG | 0000, SELF, TRUE},  {S_IFREG | 0700, SELF, TRUE},
        {S_IFREG | 0600, 0, TRUE},     {S_IFREG | 0440, 0, TRUE},
        {S_IFREG | 0440, SELF, TRUE},  {S_IFREG | 0600, 1000, FALSE},
        {S_IFREG | 0640, SELF, FALSE}, {S_IFREG | 0460, 0, FALSE},
        {S_IFREG | 0444, 0, FALSE},    {S_IFREG | 0450, 0, FALSE},
        {S_IFREG | 0604, SELF, FALSE}, {S_IFREG | 0601, SELF, FALSE},
        {S_IFREG | 0602, SELF, FALSE}, {S_IFREG | 0610, SELF, FALSE},
        {S_IFREG | 04600, SELF, TRUE}, {S_IFDIR | 0600, SELF, FALSE},
        {S_IFIFO | 0600, SELF, FALSE}, {S_IFSOCK | 0600, SELF, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if ((fota_credential_check_file(cases[i].mode, cases[i].owner, SELF) == NULL) !=
            cases[i].good)
            g_error("mode %o of %u", cases[i].mode, cases[i].owner);
}

static void
test_text(void)
{
    static const struct {
        const char *text;
        const char *line; /* NULL = refused */
    } cases[] = {
        {"fota:secret", "fota:secret"},
        {"fota:secret\n", "fota:secret"},
        {"token with blanks \n", "token with blanks "},
        {"pässwörd", "pässwörd"},
        {"", NULL},
        {"\n", NULL},
        {"a\n\n", NULL},
        {"a\nb", NULL},
        {"a\r\n", NULL},
        {"a\tb", NULL},
        {"a\x7f", NULL},
    };
    g_autofree char *longest = g_strnfill(FOTA_CREDENTIAL_MAX_BYTES + 1, 'x');
    const char *fault = NULL;
    g_autofree char *fits = fota_credential_read_text(longest, FOTA_CREDENTIAL_MAX_BYTES, &fault);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line =
            fota_credential_read_text(cases[i].text, strlen(cases[i].text), &fault);

        g_assert_cmpstr(line, ==, cases[i].line);
        g_assert_true(line != NULL || fault != NULL);
    }
    g_assert_cmpuint(strlen(fits), ==, FOTA_CREDENTIAL_MAX_BYTES);
    g_assert_null(fota_credential_read_text(longest, FOTA_CREDENTIAL_MAX_BYTES + 1, &fault));
    g_assert_null(fota_credential_read_text("a\0b", 3, &fault));
}

static void
test_split(void)
{
    g_autofree char *user = NULL, *password = NULL;

    g_assert_true(fota_credential_split("fleet:with:colons", &user, &password));
    g_assert_cmpstr(user, ==, "fleet");
    g_assert_cmpstr(password, ==, "with:colons");
    g_assert_false(fota_credential_split("token", &user, &password));
    g_assert_false(fota_credential_split(":password", &user, &password));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/credential/file", test_file);
    g_test_add_func("/credential/text", test_text);
    g_test_add_func("/credential/split", test_split);
    return g_test_run();
}
