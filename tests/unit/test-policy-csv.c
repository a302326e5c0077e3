/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-csv.h"

#include <string.h>

#include "policy/fota-plan.h"
#include "policy/fota-policy-error.h"
#include "tests/unit/test-policy-sign.h"

/* What a csv says, and becomes as a manifest. */

static void
test_seed_unsigned(void)
{
    g_autoptr(FotaManifest) manifest = test_csv_open_good(SEED, NULL, &test_csv_unsigned_too);
    const FotaManifestUpdate *update = &manifest->update;

    g_assert_true(manifest->has_update);
    g_assert_cmpuint(update->n_steps, ==, 1);
    g_assert_cmpstr(update->steps[0].from_version, ==, OLD);
    g_assert_cmpstr(update->steps[0].to_version, ==, NEW);
    g_assert_cmpstr(update->steps[0].delta.uri[0], ==, "ftp://fw.example/" NEW ".bin");
    g_assert_cmpstr(update->steps[0].delta.credential, ==, "fw");
    g_assert_cmpint(update->approve_download, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpuint(update->max_attempts, ==, 1);
    g_assert_null(manifest->next_server.uri);
    g_assert_null(manifest->next_server.credential);
}

static void
test_seed_signed(void)
{
    g_autoptr(FotaManifest) manifest =
        test_csv_open_good(SEED "\r\n", COMMENT, &test_csv_by_signature);
    const FotaManifestUpdate *update = &manifest->update;

    g_assert_cmpint(manifest->sequence_number, ==, 7);
    g_assert_cmpint(manifest->use_before, ==, G_GINT64_CONSTANT(1798761600000000));
    g_assert_cmpstr(manifest->imei[0], ==, IMEI);
    g_assert_cmpstr(update->steps[0].from_version, ==, OLD);
    g_assert_cmpstr(update->steps[0].delta.uri[0], ==, "ftp://fw.example/" IMEI "/" NEW ".bin");
    g_assert_cmpint(update->approve_download, ==, FOTA_APPROVAL_AUTO);
    g_assert_cmpuint(update->max_attempts, ==, 3);
    g_assert_null(manifest->next_server.uri);
    /* In the past: it says nothing, but does no harm. */
    g_assert_cmpint(manifest->not_before, ==, G_GINT64_CONSTANT(1485820800000000));
}

/* A module behind the one path: at its beginning, at its end, anywhere else. */
static void
test_plan(void)
{
    static const struct {
        const char *revision;
        FotaPlanKind kind;
    } cases[] = {{OLD, FOTA_PLAN_UPDATE}, {NEW, FOTA_PLAN_UP_TO_DATE}, {"X", FOTA_PLAN_NO_PATH}};
    g_autoptr(FotaManifest) manifest = test_csv_open_good(SEED, NULL, &test_csv_unsigned_too);
    FotaFacts facts = FOTA_FACTS_INIT;

    facts.imei = IMEI;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaPlan) plan = NULL;

        facts.revision = cases[i].revision;
        plan = fota_plan_make(manifest, &facts);
        g_assert_cmpint(plan->kind, ==, cases[i].kind);
    }
}

static void
test_values(void)
{
    static const struct {
        const char *csv;
        const char *uri;
    } cases[] = {
        {"B,b.bin,", "ftp://fw.example/" IMEI "/b.bin"},
        {"B,b.bin,,,,,more,\"and, more\"", "ftp://fw.example/" IMEI "/b.bin"},
        {"\"B\",\"b.bin\",\"2027-01-31\"\n\n", "ftp://fw.example/" IMEI "/b.bin"},
        {" B , b.bin ,\r\n", "ftp://fw.example/" IMEI "/b.bin"},
        {"B,/deltas/b.bin,", "ftp://fw.example/deltas/b.bin"},
        {"B,\"deltas/b, c.bin\",", "ftp://fw.example/" IMEI "/deltas/b%2C%20c.bin"},
        {"B,../b.bin,", "ftp://fw.example/b.bin"},
        {"B,https://other.example/b.bin,", "https://other.example/b.bin"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaManifest) manifest =
            test_csv_open_good(cases[i].csv, COMMENT, &test_csv_by_signature);
        const FotaStep *step = &manifest->update.steps[0];

        g_assert_cmpstr(step->to_version, ==, "B");
        g_assert_cmpstr(step->delta.uri[0], ==, cases[i].uri);
        g_assert_cmpstr(step->delta.credential, ==,
                        g_str_has_prefix(cases[i].uri, "ftp://fw.example/") ? "fw" : NULL);
    }
}

static void
test_syntax(void)
{
    static const struct {
        const char *csv;
        const char *says;
    } cases[] = {
        {"", "1 columns"},
        {"B", "1 columns"},
        {"B,b.bin", "2 columns"},
        {"B,b.bin,\nB,b.bin,", "more than one line"},
        {"version,file,next\nB,b.bin,", "more than one line"},
        {"B\r\n,b.bin,", "more than one line"},
        {"\"B\n\",b.bin,", "column 1"},
        {"B,\"b\"\".bin\",", "column 2"},
        {"B,b\".bin,", "column 2"},
        {"B,\"b.bin,", "column 2"},
        {"B,\"b\"x,", "column 2"},
        {",b.bin,", "column 1"},
        {"B;A,b.bin,", "column 1"},
        {"\xe2\x80\x9d"
         "B,b.bin,",
         "column 1"},
        {"B,,", "column 2"},
        {"B,b;c.bin,", "delta.uri"},
        {"B,b.bin,31.01.2027", "column 3"},
        {"B,b.bin,2027-02-29", "column 3"},
        {"B,b.bin,,a b", "poll.server.uri"},
        {"B,b.bin,,user@host", "poll.server.uri"},
        {"B,b.bin,,host,a/b", "poll.server.credential"},
        {"B,b.bin,,ho\xffst", "UTF-8"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        test_csv_assert_refused(cases[i].csv, COMMENT, &test_csv_by_signature,
                                FOTA_POLICY_ERROR_BAD_MANIFEST, cases[i].says);
}

static void
test_nul(void)
{
    static const char csv[] = "B,b.bin,\0,host";
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new_static(csv, sizeof csv - 1);
    g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(GError) error = NULL;

    facts.keyring = keyring;
    g_assert_null(fota_csv_open(file, &test_csv_unsigned_too, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    g_clear_error(&error);
    g_assert_null(fota_csv_open(empty, &test_csv_unsigned_too, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    g_assert_null(fota_csv_open(empty, &test_csv_unsigned_too, &facts, NULL));
}

static void
test_next_check(void)
{
    static const struct {
        const char *text;
        gint64 seconds;
    } cases[] = {{"", 0},
                 {"1970-01-01", 0},
                 {"2027-01-31", 1801353600},
                 {"2027-01-31T02:30:00Z", 1801362600},
                 {"2028-02-29", 1835395200},
                 {"2106-02-08", G_GINT64_CONSTANT(4295030400)}};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *csv = g_strdup_printf("B,b.bin,%s", cases[i].text);
        g_autoptr(FotaManifest) trusted = test_csv_open_good(csv, COMMENT, &test_csv_by_signature);
        g_autoptr(FotaManifest) untrusted = test_csv_open_good(csv, NULL, &test_csv_unsigned_too);

        g_assert_cmpint(trusted->not_before, ==, cases[i].seconds * G_USEC_PER_SEC);
        g_assert_cmpint(untrusted->not_before, ==, cases[i].seconds * G_USEC_PER_SEC);
    }
}

/* Columns 4 to 6: only from a signed csv, and never a secret. */
static void
test_next_server(void)
{
    static const struct {
        const char *csv;
        const char *uri;
        const char *credential;
    } cases[] = {
        {"B,b.bin,,", NULL, NULL},
        {"B,b.bin,,,name", NULL, NULL},
        {"B,b.bin,,ftp://c.example", "ftp://c.example/{imei}/firmwarecheck.csv", NULL},
        {"B,b.bin,,https://c.example:8443/", "https://c.example:8443/{imei}/firmwarecheck.csv",
         NULL},
        {"B,b.bin,,https://c.example", "https://c.example/{imei}/firmwarecheck.csv", NULL},
        {"B,b.bin,,b.example,", "ftp://b.example/{imei}/firmwarecheck.csv", NULL},
        {"B,b.bin,,10.0.0.7", "ftp://10.0.0.7/{imei}/firmwarecheck.csv", NULL},
        {"B,b.bin,,b.example:2121,name", "ftp://b.example:2121/{imei}/firmwarecheck.csv", "name"},
        {"B,b.bin,,b.example,USER,PASSWORD", "ftp://b.example/{imei}/firmwarecheck.csv", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaManifest) trusted =
            test_csv_open_good(cases[i].csv, COMMENT, &test_csv_by_signature);
        g_autoptr(FotaManifest) untrusted =
            test_csv_open_good(cases[i].csv, NULL, &test_csv_unsigned_too);

        g_assert_cmpstr(trusted->next_server.uri, ==, cases[i].uri);
        g_assert_cmpstr(trusted->next_server.credential, ==, cases[i].credential);
        g_assert_null(untrusted->next_server.uri);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/seed-unsigned", test_seed_unsigned);
    g_test_add_func("/csv/seed-signed", test_seed_signed);
    g_test_add_func("/csv/plan", test_plan);
    g_test_add_func("/csv/values", test_values);
    g_test_add_func("/csv/syntax", test_syntax);
    g_test_add_func("/csv/nul", test_nul);
    g_test_add_func("/csv/next-check", test_next_check);
    g_test_add_func("/csv/next-server", test_next_server);
    return g_test_run();
}
