/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-csv.h"

#include <string.h>

#include "policy/fota-policy-error.h"
#include "base/fota-text.h"
#include "tests/unit/test-policy-sign.h"

const FotaCsvSource test_csv_by_signature = {.trust = FOTA_CSV_SIGNED,
                                             .uri = "ftp://fw.example/{imei}/firmwarecheck.csv",
                                             .credential = "fw"};
const FotaCsvSource test_csv_unsigned_too = {.trust = FOTA_CSV_UNSIGNED,
                                             .uri = "ftp://fw.example/firmwarecheck.csv",
                                             .credential = "fw",
                                             .from = OLD};

FotaTrustFacts
test_csv_make_facts(void)
{
    FotaTrustFacts facts = {.imei = IMEI, .model = MODEL};

    fota_text_parse_time("2026-11-22T00:00:00Z", &facts.now);
    return facts;
}

FotaManifest *
test_csv_open(const char *csv, const char *comment, const FotaCsvSource *source,
              const FotaTrustFacts *facts, GError **error)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autofree char *block = comment ? test_sign_block(1, csv, strlen(csv), comment) : g_strdup("");
    g_autofree char *text = g_strconcat(block, csv, NULL);
    g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
    FotaTrustFacts with_key = *facts;

    with_key.keyring = keyring;
    return fota_csv_open(file, source, &with_key, error);
}

FotaManifest *
test_csv_open_good(const char *csv, const char *comment, const FotaCsvSource *source)
{
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(GError) error = NULL;
    FotaManifest *manifest = test_csv_open(csv, comment, source, &facts, &error);

    g_assert_no_error(error);
    return manifest;
}

void
test_csv_assert_refused(const char *csv, const char *comment, const FotaCsvSource *source, int code,
                        const char *says)
{
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = test_csv_open(csv, comment, source, &facts, &error);

    if (manifest)
        g_error("taken: %s (%s)", csv, comment);
    g_assert_error(error, FOTA_POLICY_ERROR, code);
    if (strstr(error->message, says) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, says);
}
