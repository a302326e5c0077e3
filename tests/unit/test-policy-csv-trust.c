/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-csv.h"

#include <string.h>

#include "base/fota-json.h"
#include "policy/fota-policy-error.h"
#include "tests/unit/test-policy-sign.h"

/* Which csv is believed: limits of unsigned ones, comments, signatures. */

/* What an unsigned csv may not do. */
static void
test_unsigned_limits(void)
{
    FotaCsvSource no_base = test_csv_unsigned_too;

    test_csv_assert_refused("B,ftp://evil.example/b.bin,", NULL, &test_csv_unsigned_too,
                            FOTA_POLICY_ERROR_BAD_MANIFEST, "column 2");
    test_csv_assert_refused("B,//evil.example/b.bin,", NULL, &test_csv_unsigned_too,
                            FOTA_POLICY_ERROR_BAD_MANIFEST, "column 2");
    no_base.from = NULL;
    test_csv_assert_refused(SEED, NULL, &no_base, FOTA_POLICY_ERROR_BAD_MANIFEST, "CsvFrom=");
    test_csv_assert_refused(SEED, NULL, &test_csv_by_signature, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED,
                            "minisign");
}

static void
test_not_configured(void)
{
    FotaCsvSource source = test_csv_unsigned_too;

    source.trust = FOTA_CSV_NO;
    test_csv_assert_refused(SEED, NULL, &source, FOTA_POLICY_ERROR_BAD_MANIFEST, "LegacyCsv=");
    test_csv_assert_refused(SEED, COMMENT, &source, FOTA_POLICY_ERROR_BAD_MANIFEST, "LegacyCsv=");
}

static void
test_address(void)
{
    FotaCsvTerms terms = {.trusted = TRUE, .sequence_number = 1, .from = "A"};
    g_autoptr(GBytes) beside = g_bytes_new_static("B,b.bin,,", 9);
    g_autoptr(GBytes) away = g_bytes_new_static("B,ftp://h/b,,s", 14);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_null(fota_csv_to_json(beside, &terms, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    g_clear_error(&error);
    terms.uri = "no address";
    g_assert_null(fota_csv_to_json(beside, &terms, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    g_clear_error(&error);
    terms.uri = NULL;
    text = fota_csv_to_json(away, &terms, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(text, "ftp://h/b"));
}

/* One delta stays one offer, so that its one attempt is not made anew at each next check. */
static void
test_unsigned_digest(void)
{
    g_autoptr(FotaManifest) first =
        test_csv_open_good("B,b.bin,2027-01-01", NULL, &test_csv_unsigned_too);
    g_autoptr(FotaManifest) later =
        test_csv_open_good("B,b.bin,2027-01-02,s,u,p", NULL, &test_csv_unsigned_too);
    g_autoptr(FotaManifest) other =
        test_csv_open_good("B,c.bin,2027-01-01", NULL, &test_csv_unsigned_too);

    g_assert_cmpstr(first->digest, ==, later->digest);
    g_assert_cmpstr(first->update.id, ==, later->update.id);
    g_assert_cmpstr(first->digest, !=, other->digest);
    g_assert_cmpstr(first->update.id, !=, other->update.id);
}

/* It has no number, takes none back, and is bound by none. */
static void
test_unsigned_sequence(void)
{
    g_autoptr(GPtrArray) numbers =
        test_sign_numbers("A1A1A1A1A1A1A1A1", FOTA_JSON_MAX_INTEGER, 0, "d");
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(FotaManifest) manifest = NULL;

    facts.numbers = numbers;
    manifest = test_csv_open(SEED, NULL, &test_csv_unsigned_too, &facts, NULL);
    g_assert_cmpint(manifest->sequence_number, ==, 0);
    g_assert_false(fota_trust_note(numbers, manifest));
    g_assert_cmpuint(numbers->len, ==, 1);
}

static void
test_comment(void)
{
    static const struct {
        const char *comment;
        int code;
        const char *says;
    } cases[] = {
        {"timestamp:1 file:firmwarecheck.csv hashed", FOTA_POLICY_ERROR_BAD_MANIFEST, "role="},
        {"role=device", FOTA_POLICY_ERROR_BAD_MANIFEST, "seq="},
        {"role=release seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "role=device"},
        {"seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "role=device"},
        {"role=device seq=0 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "seq="},
        {"role=device seq=9007199254740992 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "seq="},
        {"role=device seq=7 seq=8 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "seq="},
        {"role=device seq=7 imei=" IMEI " from=A", FOTA_POLICY_ERROR_BAD_MANIFEST, "useBefore="},
        {"role=device seq=7 useBefore=2027-01-01 imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "useBefore="},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z from=A", FOTA_POLICY_ERROR_BAD_MANIFEST,
         "imei="},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI,
         FOTA_POLICY_ERROR_BAD_MANIFEST, "from="},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A%00B",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "role="},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=123 from=A",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "target.imei"},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=A more=x",
         FOTA_POLICY_ERROR_BAD_MANIFEST, "role="},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=353081090012346 from=A",
         FOTA_POLICY_ERROR_WRONG_TARGET, "target.imei"},
        {"role=device seq=7 useBefore=2027-01-01T00:00:00Z model=LE910 from=A",
         FOTA_POLICY_ERROR_WRONG_TARGET, MODEL},
        {"role=device seq=7 useBefore=2026-11-22T00:00:00Z imei=" IMEI " from=A",
         FOTA_POLICY_ERROR_MANIFEST_EXPIRED, "useBefore"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        test_csv_assert_refused("B,b.bin,", cases[i].comment, &test_csv_by_signature, cases[i].code,
                                cases[i].says);
}

static void
test_comment_targets(void)
{
    g_autoptr(FotaManifest) manifest =
        test_csv_open_good("B,b.bin,",
                           "role=device  seq=7 useBefore=2027-01-01T00:00:00Z imei=353081090012346 "
                           "imei=" IMEI " model=" MODEL " from=A%20B",
                           &test_csv_by_signature);

    g_assert_cmpstr(manifest->imei[1], ==, IMEI);
    g_assert_cmpstr(manifest->model[0], ==, MODEL);
    g_assert_cmpstr(manifest->update.steps[0].from_version, ==, "A B");
}

static void
test_sequence(void)
{
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(FotaManifest) first = test_csv_open_good(SEED, COMMENT, &test_csv_by_signature);
    g_autoptr(FotaManifest) again = NULL;
    g_autoptr(GPtrArray) higher = test_sign_numbers("A1A1A1A1A1A1A1A1", 8, 0, "d");
    g_autoptr(GPtrArray) same = test_sign_numbers("A1A1A1A1A1A1A1A1", 7, 0, first->digest);
    g_autoptr(GError) error = NULL;

    facts.numbers = higher;
    g_assert_null(test_csv_open(SEED, COMMENT, &test_csv_by_signature, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_ROLLBACK);
    g_clear_error(&error);
    facts.numbers = same;
    again = test_csv_open(SEED, COMMENT, &test_csv_by_signature, &facts, &error);
    g_assert_no_error(error);
    g_assert_null(test_csv_open("B,b.bin,", COMMENT, &test_csv_by_signature, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_EQUIVOCATION);
    g_clear_error(&error);
    /* Also the next check alone: who signs twice is not to be trusted. */
    g_assert_null(test_csv_open(NEW "," NEW ".bin,2027-01-31", COMMENT, &test_csv_by_signature,
                                &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_EQUIVOCATION);
}

static void
test_nothing_wanted(void)
{
    g_autoptr(FotaManifest) manifest =
        test_csv_open_good(OLD ",x.bin,", NULL, &test_csv_unsigned_too);

    g_assert_false(manifest->has_update);
}

static void
test_signature(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    FotaTrustFacts facts = test_csv_make_facts();
    FotaCsvSource both = test_csv_by_signature;

    facts.keyring = keyring;
    both.trust = FOTA_CSV_UNSIGNED;
    both.from = OLD;
    for (guint key = 1; key <= 2; key++) {
        g_autofree char *block = test_sign_block((guint8)key, SEED, strlen(SEED), COMMENT);
        g_autofree char *text = g_strconcat(block, key == 1 ? SEED "\n" : SEED, NULL);
        g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
        g_autoptr(GError) error = NULL;

        /* Changed, then by a key that is not ours: bad also where none is required. */
        g_assert_null(fota_csv_open(file, &both, &facts, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }
}

static void
test_broken_block(void)
{
    static const char text[] = "untrusted comment: x\nB,b.bin,\n";
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new_static(text, strlen(text));
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(GError) error = NULL;

    facts.keyring = keyring;
    g_assert_null(fota_csv_open(file, &test_csv_unsigned_too, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
}

/* A block by a key of tomorrow in front: the words are those of the key that is trusted. */
static void
test_two_signers(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autofree char *other = test_sign_block(2, SEED, strlen(SEED), "role=device seq=99 from=Z");
    g_autofree char *block = test_sign_block(1, SEED, strlen(SEED), COMMENT);
    g_autofree char *text = g_strconcat(other, block, SEED, NULL);
    g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
    FotaTrustFacts facts = test_csv_make_facts();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = NULL;

    facts.keyring = keyring;
    manifest = fota_csv_open(file, &test_csv_by_signature, &facts, &error);
    g_assert_no_error(error);
    g_assert_cmpint(manifest->sequence_number, ==, 7);
    g_assert_cmpstr(manifest->signers[0], ==, "A1A1A1A1A1A1A1A1");
}

/* Two trusted signatures with different words: whoever puts them in order must not choose. */
static void
test_two_comments(void)
{
    static const struct {
        guint8 key;
        const char *comment;
        gboolean good;
    } cases[] = {
        {2, COMMENT, TRUE},
        {1, COMMENT, TRUE},
        {2, COMMENT " model=" MODEL, FALSE},
        {1, "role=device seq=6 useBefore=2027-06-01T00:00:00Z imei=" IMEI " from=" OLD, FALSE},
        {2, "timestamp:1 file:firmwarecheck.csv hashed", FALSE},
        {3, "timestamp:1 file:firmwarecheck.csv hashed", TRUE}, /* not of the ring */
    };
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(2);
    FotaTrustFacts facts = test_csv_make_facts();

    facts.keyring = keyring;
    for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        g_autofree char *one = test_sign_block(1, SEED, strlen(SEED), COMMENT);
        g_autofree char *two =
            test_sign_block(cases[i / 2].key, SEED, strlen(SEED), cases[i / 2].comment);
        g_autofree char *text = g_strconcat(i % 2 ? one : two, i % 2 ? two : one, SEED, NULL);
        g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManifest) manifest =
            fota_csv_open(file, &test_csv_by_signature, &facts, &error);

        g_assert_true((manifest != NULL) == cases[i / 2].good);
        if (manifest == NULL)
            g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    }
}

static void
test_join(void)
{
    g_autoptr(GBytes) csv = g_bytes_new_static("B,b,", 4);
    g_autoptr(GBytes) minisig = g_bytes_new_static("x\n", 2);
    g_autoptr(GBytes) joined = fota_csv_join(csv, minisig);
    g_autoptr(GBytes) alone = fota_csv_join(csv, NULL);

    g_assert_cmpmem(g_bytes_get_data(joined, NULL), g_bytes_get_size(joined), "x\nB,b,", 6);
    g_assert_true(g_bytes_equal(alone, csv));
}

static void
test_size(void)
{
    for (gsize size = FOTA_CSV_MAX_BYTES; size <= FOTA_CSV_MAX_BYTES + 1; size++) {
        g_autofree char *filler = g_strnfill(size - strlen("B,b.bin,,,,,"), 'x');
        g_autofree char *csv = g_strconcat("B,b.bin,,,,,", filler, NULL);

        if (size == FOTA_CSV_MAX_BYTES) {
            g_autoptr(FotaManifest) manifest =
                test_csv_open_good(csv, COMMENT, &test_csv_by_signature);
        } else {
            test_csv_assert_refused(csv, COMMENT, &test_csv_by_signature,
                                    FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, "4096");
        }
    }
    g_autofree char *huge = g_strnfill(20000, 'x');

    test_csv_assert_refused(huge, NULL, &test_csv_unsigned_too,
                            FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, "larger");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/unsigned-limits", test_unsigned_limits);
    g_test_add_func("/csv/not-configured", test_not_configured);
    g_test_add_func("/csv/address", test_address);
    g_test_add_func("/csv/unsigned-digest", test_unsigned_digest);
    g_test_add_func("/csv/unsigned-sequence", test_unsigned_sequence);
    g_test_add_func("/csv/comment", test_comment);
    g_test_add_func("/csv/comment-targets", test_comment_targets);
    g_test_add_func("/csv/sequence", test_sequence);
    g_test_add_func("/csv/nothing-wanted", test_nothing_wanted);
    g_test_add_func("/csv/signature", test_signature);
    g_test_add_func("/csv/broken-block", test_broken_block);
    g_test_add_func("/csv/two-signers", test_two_signers);
    g_test_add_func("/csv/two-comments", test_two_comments);
    g_test_add_func("/csv/join", test_join);
    g_test_add_func("/csv/size", test_size);
    return g_test_run();
}
