/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "policy/fota-csv.h"
#include "policy/fota-json.h"
#include "policy/fota-plan.h"
#include "policy/fota-policy-error.h"
#include "test-policy-sign.h"

#define IMEI "353081090012345"
#define MODEL "ME910C1-NA"
#define OLD "30.00.001-B026"
#define NEW "30.00.001-B026_FOTA"
#define COMMENT "role=device seq=7 useBefore=2027-01-01T00:00:00Z imei=" IMEI " from=30.00.001-B026"
#define NO_CODE (-1)

/* The line of MultiTech's session log. */
#define SEED NEW "," NEW ".bin,2017-01-31,,USERNAME,PASSWORD"

static const FotaCsvSource by_signature = {.trust = FOTA_CSV_SIGNED,
                                           .uri = "ftp://fw.example/{imei}/firmwarecheck.csv",
                                           .credential = "fw"};
static const FotaCsvSource unsigned_too = {.trust = FOTA_CSV_UNSIGNED,
                                           .uri = "ftp://fw.example/firmwarecheck.csv",
                                           .credential = "fw",
                                           .from = OLD};

static FotaTrustFacts
make_facts(void)
{
    FotaTrustFacts facts = {.imei = IMEI, .model = MODEL};

    fota_text_parse_time("2026-11-22T00:00:00Z", &facts.now);
    return facts;
}

/* @comment NULL = unsigned. */
static FotaManifest *
open_csv(const char *csv, const char *comment, const FotaCsvSource *source,
         const FotaTrustFacts *facts, GError **error)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autofree char *block = comment ? test_sign_block(1, csv, strlen(csv), comment) : g_strdup("");
    g_autofree char *text = g_strconcat(block, csv, NULL);
    g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));

    return fota_csv_open(file, keyring, source, facts, error);
}

static FotaManifest *
open_good(const char *csv, const char *comment, const FotaCsvSource *source)
{
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;
    FotaManifest *manifest = open_csv(csv, comment, source, &facts, &error);

    g_assert_no_error(error);
    return manifest;
}

static void
assert_refused(const char *csv, const char *comment, const FotaCsvSource *source, int code,
               const char *says)
{
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = open_csv(csv, comment, source, &facts, &error);

    if (manifest)
        g_error("taken: %s (%s)", csv, comment);
    g_assert_error(error, FOTA_POLICY_ERROR, code);
    if (strstr(error->message, says) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, says);
}

static void
test_seed_unsigned(void)
{
    g_autoptr(FotaManifest) manifest = open_good(SEED, NULL, &unsigned_too);
    const FotaManifestUpdate *update = &manifest->update;

    g_assert_true(manifest->has_update);
    g_assert_cmpuint(update->n_steps, ==, 1);
    g_assert_cmpstr(update->steps[0].from_version, ==, OLD);
    g_assert_cmpstr(update->steps[0].to_version, ==, NEW);
    g_assert_cmpstr(update->steps[0].delta.uri, ==, "ftp://fw.example/" NEW ".bin");
    g_assert_cmpstr(update->steps[0].delta.credential, ==, "fw");
    g_assert_cmpint(update->approve_download, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpuint(update->max_attempts, ==, 1);
    g_assert_null(manifest->next_server.uri);
    g_assert_null(manifest->next_server.credential);
}

static void
test_seed_signed(void)
{
    g_autoptr(FotaManifest) manifest = open_good(SEED "\r\n", COMMENT, &by_signature);
    const FotaManifestUpdate *update = &manifest->update;

    g_assert_cmpint(manifest->sequence_number, ==, 7);
    g_assert_cmpint(manifest->use_before, ==, G_GINT64_CONSTANT(1798761600000000));
    g_assert_cmpstr(manifest->imei[0], ==, IMEI);
    g_assert_cmpstr(update->steps[0].from_version, ==, OLD);
    g_assert_cmpstr(update->steps[0].delta.uri, ==, "ftp://fw.example/" IMEI "/" NEW ".bin");
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
    g_autoptr(FotaManifest) manifest = open_good(SEED, NULL, &unsigned_too);
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
        g_autoptr(FotaManifest) manifest = open_good(cases[i].csv, COMMENT, &by_signature);
        const FotaStep *step = &manifest->update.steps[0];

        g_assert_cmpstr(step->to_version, ==, "B");
        g_assert_cmpstr(step->delta.uri, ==, cases[i].uri);
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
        assert_refused(cases[i].csv, COMMENT, &by_signature, FOTA_POLICY_ERROR_BAD_MANIFEST,
                       cases[i].says);
}

static void
test_nul(void)
{
    static const char csv[] = "B,b.bin,\0,host";
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new_static(csv, sizeof csv - 1);
    g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    g_assert_null(fota_csv_open(file, keyring, &unsigned_too, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    g_clear_error(&error);
    g_assert_null(fota_csv_open(empty, keyring, &unsigned_too, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
    g_assert_null(fota_csv_open(empty, keyring, &unsigned_too, &facts, NULL));
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
        g_autoptr(FotaManifest) trusted = open_good(csv, COMMENT, &by_signature);
        g_autoptr(FotaManifest) untrusted = open_good(csv, NULL, &unsigned_too);

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
        {"B,b.bin,,10.0.0.7", "ftp://10.0.0.7/{imei}/firmwarecheck.csv", NULL},
        {"B,b.bin,,b.example:2121,name", "ftp://b.example:2121/{imei}/firmwarecheck.csv", "name"},
        {"B,b.bin,,b.example,USER,PASSWORD", "ftp://b.example/{imei}/firmwarecheck.csv", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaManifest) trusted = open_good(cases[i].csv, COMMENT, &by_signature);
        g_autoptr(FotaManifest) untrusted = open_good(cases[i].csv, NULL, &unsigned_too);

        g_assert_cmpstr(trusted->next_server.uri, ==, cases[i].uri);
        g_assert_cmpstr(trusted->next_server.credential, ==, cases[i].credential);
        g_assert_null(untrusted->next_server.uri);
    }
}

/* What an unsigned csv may not do. */
static void
test_unsigned_limits(void)
{
    FotaCsvSource no_base = unsigned_too;

    assert_refused("B,ftp://evil.example/b.bin,", NULL, &unsigned_too,
                   FOTA_POLICY_ERROR_BAD_MANIFEST, "column 2");
    assert_refused("B,//evil.example/b.bin,", NULL, &unsigned_too, FOTA_POLICY_ERROR_BAD_MANIFEST,
                   "column 2");
    no_base.from = NULL;
    assert_refused(SEED, NULL, &no_base, FOTA_POLICY_ERROR_BAD_MANIFEST, "CsvFrom=");
    assert_refused(SEED, NULL, &by_signature, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED, "minisign");
}

static void
test_not_configured(void)
{
    FotaCsvSource source = unsigned_too;

    source.trust = FOTA_CSV_NO;
    assert_refused(SEED, NULL, &source, FOTA_POLICY_ERROR_BAD_MANIFEST, "LegacyCsv=");
    assert_refused(SEED, COMMENT, &source, FOTA_POLICY_ERROR_BAD_MANIFEST, "LegacyCsv=");
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
    g_autoptr(FotaManifest) first = open_good("B,b.bin,2027-01-01", NULL, &unsigned_too);
    g_autoptr(FotaManifest) later = open_good("B,b.bin,2027-01-02,s,u,p", NULL, &unsigned_too);
    g_autoptr(FotaManifest) other = open_good("B,c.bin,2027-01-01", NULL, &unsigned_too);

    g_assert_cmpstr(first->digest, ==, later->digest);
    g_assert_cmpstr(first->update.id, ==, later->update.id);
    g_assert_cmpstr(first->digest, !=, other->digest);
    g_assert_cmpstr(first->update.id, !=, other->update.id);
}

/* It must not take the number of a signed manifest back, which an old one could then follow. */
static void
test_unsigned_sequence(void)
{
    static const struct {
        gint64 before, number;
    } cases[] = {
        {0, 1}, {1, 1}, {1795236802, 1795236802}, {FOTA_JSON_MAX_INTEGER, FOTA_JSON_MAX_INTEGER}};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaTrustFacts facts = make_facts();
        g_autoptr(FotaManifest) manifest = NULL;

        facts.sequence = cases[i].before;
        manifest = open_csv(SEED, NULL, &unsigned_too, &facts, NULL);
        g_assert_cmpint(manifest->sequence_number, ==, cases[i].number);
    }
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
        assert_refused("B,b.bin,", cases[i].comment, &by_signature, cases[i].code, cases[i].says);
}

static void
test_comment_targets(void)
{
    g_autoptr(FotaManifest) manifest =
        open_good("B,b.bin,",
                  "role=device  seq=7 useBefore=2027-01-01T00:00:00Z imei=353081090012346 "
                  "imei=" IMEI " model=" MODEL " from=A%20B",
                  &by_signature);

    g_assert_cmpstr(manifest->imei[1], ==, IMEI);
    g_assert_cmpstr(manifest->model[0], ==, MODEL);
    g_assert_cmpstr(manifest->update.steps[0].from_version, ==, "A B");
}

static void
test_sequence(void)
{
    FotaTrustFacts facts = make_facts();
    g_autoptr(FotaManifest) first = open_good(SEED, COMMENT, &by_signature);
    g_autoptr(FotaManifest) again = NULL;
    g_autoptr(GError) error = NULL;

    facts.sequence = 8;
    g_assert_null(open_csv(SEED, COMMENT, &by_signature, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_ROLLBACK);
    g_clear_error(&error);
    facts.sequence = 7;
    facts.digest = first->digest;
    again = open_csv(SEED, COMMENT, &by_signature, &facts, &error);
    g_assert_no_error(error);
    g_assert_null(open_csv("B,b.bin,", COMMENT, &by_signature, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_EQUIVOCATION);
    g_clear_error(&error);
    /* Also the next check alone: who signs twice is not to be trusted. */
    g_assert_null(open_csv(NEW "," NEW ".bin,2027-01-31", COMMENT, &by_signature, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_EQUIVOCATION);
}

static void
test_nothing_wanted(void)
{
    g_autoptr(FotaManifest) manifest = open_good(OLD ",x.bin,", NULL, &unsigned_too);

    g_assert_false(manifest->has_update);
}

static void
test_signature(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    FotaTrustFacts facts = make_facts();
    FotaCsvSource both = by_signature;

    both.trust = FOTA_CSV_UNSIGNED;
    both.from = OLD;
    for (guint key = 1; key <= 2; key++) {
        g_autofree char *block = test_sign_block((guint8)key, SEED, strlen(SEED), COMMENT);
        g_autofree char *text = g_strconcat(block, key == 1 ? SEED "\n" : SEED, NULL);
        g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
        g_autoptr(GError) error = NULL;

        /* Changed, then by a key that is not ours: bad also where none is required. */
        g_assert_null(fota_csv_open(file, keyring, &both, &facts, &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }
}

static void
test_broken_block(void)
{
    static const char text[] = "untrusted comment: x\nB,b.bin,\n";
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new_static(text, strlen(text));
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    g_assert_null(fota_csv_open(file, keyring, &unsigned_too, &facts, &error));
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
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = fota_csv_open(file, keyring, &by_signature, &facts, &error);

    g_assert_no_error(error);
    g_assert_cmpint(manifest->sequence_number, ==, 7);
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
            g_autoptr(FotaManifest) manifest = open_good(csv, COMMENT, &by_signature);
        } else {
            assert_refused(csv, COMMENT, &by_signature, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                           "4096");
        }
    }
    g_autofree char *huge = g_strnfill(20000, 'x');

    assert_refused(huge, NULL, &unsigned_too, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE, "larger");
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
    g_test_add_func("/csv/join", test_join);
    g_test_add_func("/csv/size", test_size);
    return g_test_run();
}
