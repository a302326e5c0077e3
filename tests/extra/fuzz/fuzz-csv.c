/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "policy/fota-csv.h"
#include "tests/extra/fuzz/fuzz.h"
#include "tests/unit/test-policy-sign.h"

#define SERVER "ftp://fw.example/"

static FotaManifest *
open_file(GBytes *file, FotaCsvTrust trust)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    const FotaCsvSource source = {.trust = trust,
                                  .uri = SERVER "{imei}/firmwarecheck.csv",
                                  .credential = "fw",
                                  .from = "30.00.001-B026"};
    const FotaTrustFacts facts = {.imei = "353081090012345",
                                  .model = "ME910C1-NA",
                                  .now = G_GINT64_CONSTANT(1795000000000000),
                                  .keyring = keyring};

    return fota_csv_open(file, &source, &facts, NULL);
}

/* Whatever it says, its limits hold. */
static void
open_unsigned(const char *csv, gsize size)
{
    g_autoptr(GBytes) file = g_bytes_new(csv, size);
    g_autoptr(FotaManifest) manifest = open_file(file, FOTA_CSV_UNSIGNED);
    const FotaManifestUpdate *update;

    if (manifest == NULL)
        return;
    update = &manifest->update;
    g_assert_null(manifest->next_server.uri);
    g_assert_null(manifest->report.uri);
    if (!manifest->has_update)
        return;
    g_assert_cmpint(update->approve_download, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpuint(update->max_attempts, ==, 1);
    g_assert_cmpuint(update->n_steps, ==, 1);
    g_assert_cmpstr(update->steps[0].from_version, ==, "30.00.001-B026");
    g_assert_true(g_str_has_prefix(update->steps[0].delta.uri[0], SERVER));
}

static void
open_signed(const char *comment, const char *csv, gsize size)
{
    g_autofree char *block = test_sign_block(1, csv, size, comment);
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(GBytes) file = NULL;
    g_autoptr(FotaManifest) manifest = NULL;

    g_byte_array_append(bytes, (const guint8 *)block, (guint)strlen(block));
    g_byte_array_append(bytes, (const guint8 *)csv, (guint)size);
    file = g_byte_array_free_to_bytes(bytes);
    manifest = open_file(file, FOTA_CSV_SIGNED);
    if (manifest != NULL)
        g_assert_true(manifest->imei != NULL || manifest->model != NULL);
}

/* The first line is the trusted comment, the rest the csv. */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const guint8 *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    gsize head = newline != NULL ? (gsize)(newline - data) : size;
    const char *csv = newline != NULL ? (const char *)newline + 1 : "";
    gsize length = newline != NULL ? size - head - 1 : 0;
    g_autofree char *comment = g_strndup((const char *)data, head);

    open_unsigned(csv, length);
    open_signed(comment, csv, length);
    return 0;
}
