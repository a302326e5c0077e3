/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "policy/fota-policy-error.h"
#include "policy/fota-registration.h"

static char *
format(const FotaRegistration *registration, GError **error)
{
    const char *values[FOTA_REGISTRATION_FIELDS];

    for (guint i = 0; i < FOTA_REGISTRATION_FIELDS; i++)
        values[i] = fota_registration_get_value(registration, i);
    return fota_registration_format_csv(values, error);
}

/* The example of Premium FOTA Management, 4.1.1, whose APN is of the service's own table, and which
 * leaves out that a data call is over packets. */
static void
test_form(void)
{
    static const struct {
        FotaRegistration registration;
        const char *line;
    } table[] = {
        {{.imei = "123456789040001",
          .number = "+391234560001",
          .product = "GC864-PY",
          .firmware = "07.02.304.1-A014_F",
          .distributor = "TTSC",
          .apn = "internet.wind.biz"},
         "123456789040001;+391234560001;GC864-PY;07.02.304.1-A014_F;TTSC;;FOTA;FOTAACTIVATED;;"
         "internet.wind.biz;;YES;;"},
        {{.imei = "123456789040001",
          .number = "",
          .product = "GC864-PY",
          .firmware = "07.02.304.1-A014_F",
          .distributor = "",
          .subdistributor = "Fleet Ltd",
          .apn = "private",
          .user = "me",
          .password = "secret"},
         "123456789040001;;GC864-PY;07.02.304.1-A014_F;;Fleet Ltd;FOTA;FOTAACTIVATED;;private;;YES;"
         "me;secret"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *line = format(&table[i].registration, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(line, ==, table[i].line);
    }
}

/* A value that would shift the fields behind it is refused, and its text is not shown. */
static void
test_separator(void)
{
    static const char *const bad[] = {"se;cret", "sec\nret", "sec\rret", "sec\x7fret"};

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        const FotaRegistration registration = {.imei = "123456789040001", .password = bad[i]};
        g_autoptr(GError) error = NULL;

        g_assert_null(format(&registration, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION);
        g_assert_nonnull(strstr(error->message, "password"));
        g_assert_null(strstr(error->message, bad[i]));
    }
}

/* A server is told everything but the login, and knows a repetition by its key. */
static void
test_post(void)
{
    const FotaRegistration registration = {.imei = "123456789040001",
                                           .number = "+391234560001",
                                           .product = "GC864\xff-PY",
                                           .user = "me",
                                           .password = "secret"};
    g_autofree char *body = fota_registration_to_json(&registration);
    g_autofree char *key = fota_registration_make_key("123456789040001", "222015602260340", 1);
    g_autofree char *again = fota_registration_make_key("123456789040001", "222015602260340", 1);
    g_autofree char *later = fota_registration_make_key("123456789040001", "222015602260340", 2);
    g_autofree char *other_sim =
        fota_registration_make_key("123456789040001", "222015602260341", 1);
    g_autofree char *other = fota_registration_make_key("123456789040002", "222015602260340", 1);

    g_assert_nonnull(strstr(body, "\"number\":\"+391234560001\""));
    g_assert_null(strstr(body, "me\""));
    g_assert_null(strstr(body, "secret"));
    g_assert_null(strstr(body, "distributor"));
    g_assert_true(g_utf8_validate(body, -1, NULL));
    g_assert_cmpuint(strlen(key), ==, 32);
    g_assert_cmpstr(key, ==, again);
    g_assert_cmpstr(key, !=, later);
    g_assert_cmpstr(key, !=, other_sim);
    g_assert_cmpstr(key, !=, other);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/registration/form", test_form);
    g_test_add_func("/policy/registration/separator", test_separator);
    g_test_add_func("/policy/registration/post", test_post);
    return g_test_run();
}
