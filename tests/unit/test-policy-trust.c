/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"
#include "base/fota-text.h"
#include "policy/fota-trust.h"
#include "test-policy-sign.h"

#include <string.h>

#define IMEI "353081090012345"
#define NO_CODE (-1)

static gint64
moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

static char *
make_text(gint64 sequence, const char *target)
{
    return g_strdup_printf("{\"manifestVersion\":1,\"sequenceNumber\":%" G_GINT64_FORMAT ","
                           "\"issued\":\"2026-11-21T04:00:00Z\","
                           "\"useBefore\":\"2026-12-21T00:00:00Z\",\"target\":%s,\"update\":{}}",
                           sequence, target);
}

static FotaTrustFacts
make_facts(void)
{
    return (FotaTrustFacts){
        .imei = IMEI, .model = "ME910C1-NA", .now = moment("2026-11-22T00:00:00Z")};
}

static void
assert_judged(const char *text, const FotaTrustFacts *facts, int code)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, text);
    g_autoptr(GError) error = NULL;
    FotaTrustFacts with_key = *facts;
    g_autoptr(FotaManifest) manifest = NULL;

    with_key.keyring = keyring;
    manifest = fota_trust_open(file, TRUE, &with_key, &error);
    if (code == NO_CODE) {
        g_assert_no_error(error);
        g_assert_nonnull(manifest);
    } else {
        g_assert_error(error, FOTA_POLICY_ERROR, code);
        g_assert_null(manifest);
    }
}

static void
test_target(void)
{
    static const struct {
        const char *target;
        int code;
    } cases[] = {
        {"{\"imei\":[\"" IMEI "\"]}", NO_CODE},
        {"{\"imei\":[\"353081090012346\",\"" IMEI "\"]}", NO_CODE},
        {"{\"model\":[\"ME910C1-NA\"]}", NO_CODE},
        {"{\"imei\":[\"" IMEI "\"],\"model\":[\"X\",\"ME910C1-NA\"]}", NO_CODE},
        {"{\"imei\":[\"353081090012346\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"imei\":[\"353081090012346\"],\"model\":[\"ME910C1-NA\"]}",
         FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"imei\":[\"" IMEI "\"],\"model\":[\"ME910C1-NV\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"model\":[\"ME910C1\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
        {"{\"model\":[\"me910c1-na\"]}", FOTA_POLICY_ERROR_WRONG_TARGET},
    };
    FotaTrustFacts facts = make_facts();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = make_text(7, cases[i].target);

        assert_judged(text, &facts, cases[i].code);
    }
}

static void
test_imei_stays_private(void)
{
    g_autofree char *text = make_text(7, "{\"imei\":[\"353081090012346\"]}");
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, text);
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    facts.keyring = keyring;
    g_assert_null(fota_trust_open(file, TRUE, &facts, &error));
    g_assert_null(strstr(error->message, "3530810900"));
}

static void
test_sequence(void)
{
    g_autofree char *same = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, same, -1);
    g_autofree char *other = g_strconcat(same, " ", NULL);
    g_autofree char *newer = make_text(8, "{\"model\":[\"ME910C1-NA\"]}");
    g_autofree char *older = make_text(6, "{\"model\":[\"ME910C1-NA\"]}");
    g_autoptr(GPtrArray) numbers = test_sign_numbers("A1A1A1A1A1A1A1A1", 7, 0, digest);
    g_autoptr(GPtrArray) others = test_sign_numbers("A1A1A1A1A1A1A1A1", 7, 0, "another");
    FotaTrustFacts facts = make_facts();

    facts.numbers = numbers;
    assert_judged(same, &facts, NO_CODE);
    assert_judged(newer, &facts, NO_CODE);
    assert_judged(older, &facts, FOTA_POLICY_ERROR_ROLLBACK);
    assert_judged(other, &facts, FOTA_POLICY_ERROR_EQUIVOCATION);
    facts.numbers = others;
    assert_judged(same, &facts, FOTA_POLICY_ERROR_EQUIVOCATION);
    facts.numbers = NULL;
    assert_judged(older, &facts, NO_CODE);
}

/* The first number of all binds as any other does. */
static void
test_first_number(void)
{
    g_autofree char *one = make_text(1, "{\"model\":[\"ME910C1-NA\"]}");
    g_autoptr(GPtrArray) same = test_sign_numbers("A1A1A1A1A1A1A1A1", 1, 0, "another");
    g_autoptr(GPtrArray) newer = test_sign_numbers("A1A1A1A1A1A1A1A1", 2, 0, "another");
    FotaTrustFacts facts = make_facts();

    facts.numbers = same;
    assert_judged(one, &facts, FOTA_POLICY_ERROR_EQUIVOCATION);
    facts.numbers = newer;
    assert_judged(one, &facts, FOTA_POLICY_ERROR_ROLLBACK);
}

#define A "A1A1A1A1A1A1A1A1"
#define B "A2A2A2A2A2A2A2A2"
#define MAX_NUMBER ((G_GINT64_CONSTANT(1) << 53) - 1)

/* Two numbers that were accepted before, and one that comes. */
static void
test_numbers_are_of_a_key(void)
{
    static const struct {
        const char *what;
        guint8 keys;                  /* the ring has the keys 1 to this */
        guint8 signer;                /* of what comes; 0 = nobody */
        gint64 a, b, unsigned_before; /* numbers accepted before, 0 = none */
        gint64 number;
        int code;
    } cases[] = {
        {"the other key's number binds", 2, 1, 5, 9, 0, 8, FOTA_POLICY_ERROR_ROLLBACK},
        {"newer than both", 2, 1, 5, 9, 0, 10, NO_CODE},
        {"the new key goes on", 2, 2, 5, 9, 0, 10, NO_CODE},
        {"the other key is revoked: its own number stays", 1, 1, 5, 9, 0, 4,
         FOTA_POLICY_ERROR_ROLLBACK},
        {"the other key is revoked, with a number that none can follow", 1, 1, 5, MAX_NUMBER, 0, 6,
         NO_CODE},
        {"the other key is not revoked", 2, 1, 5, MAX_NUMBER, 0, 6, FOTA_POLICY_ERROR_ROLLBACK},
        {"unsigned does not bind what is signed", 1, 1, 5, 0, MAX_NUMBER, 6, NO_CODE},
        {"nor does it free it", 1, 1, 5, 0, MAX_NUMBER, 4, FOTA_POLICY_ERROR_ROLLBACK},
        {"unsigned binds unsigned", 1, 0, 0, 0, 7, 6, FOTA_POLICY_ERROR_ROLLBACK},
        {"signed binds unsigned", 1, 0, 7, 0, 0, 6, FOTA_POLICY_ERROR_ROLLBACK},
        {"unsigned goes on", 1, 0, 7, 0, 8, 9, NO_CODE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = make_text(cases[i].number, "{\"model\":[\"ME910C1-NA\"]}");
        g_autoptr(GBytes) file = cases[i].signer > 0 ? test_sign_file(cases[i].signer, text)
                                                     : g_bytes_new(text, strlen(text));
        g_autoptr(FotaKeyring) keyring = test_sign_keyring(cases[i].keys);
        g_autoptr(GPtrArray) numbers = test_sign_numbers(A, cases[i].a, 0, "a");
        g_autoptr(GPtrArray) b = test_sign_numbers(B, cases[i].b, 0, "b");
        g_autoptr(GPtrArray) none = test_sign_numbers("", cases[i].unsigned_before, 0, "u");
        FotaTrustFacts facts = make_facts();
        g_autoptr(FotaManifest) manifest = NULL;
        g_autoptr(GError) error = NULL;

        g_ptr_array_add(numbers, g_ptr_array_steal_index(b, 0));
        g_ptr_array_add(numbers, g_ptr_array_steal_index(none, 0));
        facts.keyring = keyring;
        facts.numbers = numbers;
        manifest = fota_trust_open(file, FALSE, &facts, &error);
        g_test_message("%s", cases[i].what);
        if (cases[i].code == NO_CODE)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_POLICY_ERROR, cases[i].code);
    }
}

static FotaManifest *
make_manifest(gint64 number, const char *signers)
{
    g_autofree char *text = make_text(number, "{\"model\":[\"ME910C1-NA\"]}");
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));
    FotaManifest *manifest = fota_manifest_parse(payload, NULL);

    if (signers)
        fota_manifest_take_signers(manifest, g_strsplit(signers, " ", -1));
    return manifest;
}

static char *
show_numbers(const GPtrArray *numbers)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < numbers->len; i++) {
        const FotaTrustNumber *number = numbers->pdata[i];

        g_string_append_printf(text, "%.2s:%" G_GUINT64_FORMAT " ", number->signer,
                               number->sequence);
    }
    return g_string_free(text, FALSE);
}

static void
test_note(void)
{
    static const struct {
        gint64 number;
        const char *signers; /* NULL = unsigned */
        gboolean changes;
        const char *numbers;
    } steps[] = {
        {5, NULL, TRUE, ":5 "},         {5, NULL, FALSE, ":5 "},
        {3, A, TRUE, "A1:3 "}, /* what is signed ends what is not */
        {4, NULL, TRUE, "A1:3 :4 "},    {5, A " " B, TRUE, "A1:5 A2:5 "},
        {5, B, FALSE, "A1:5 A2:5 "},    {6, B, TRUE, "A1:5 A2:6 "},
        {5, B, FALSE, "A1:5 A2:6 "},    {0, B, FALSE, "A1:5 A2:6 "},
        {0, NULL, FALSE, "A1:5 A2:6 "}, {9, NULL, TRUE, "A1:5 A2:6 :9 "},
        {6, B, TRUE, "A1:5 A2:6 "}, /* nothing new but that */
    };
    g_autoptr(GPtrArray) numbers =
        g_ptr_array_new_with_free_func((GDestroyNotify)fota_trust_number_free);

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(FotaManifest) manifest = make_manifest(MAX(steps[i].number, 1), steps[i].signers);
        g_autofree char *shown = NULL;

        manifest->sequence_number = steps[i].number;
        g_assert_cmpint(fota_trust_note(numbers, manifest), ==, steps[i].changes);
        shown = show_numbers(numbers);
        g_assert_cmpstr(shown, ==, steps[i].numbers);
    }
}

/* A time that nobody has signed moves no clock, nor does one of a key that was revoked. */
static void
test_issued(void)
{
    g_autoptr(FotaKeyring) one = test_sign_keyring(1);
    g_autoptr(FotaKeyring) two = test_sign_keyring(2);
    g_autoptr(GPtrArray) numbers = test_sign_numbers(A " " B, 7, 1000, "d");
    g_autoptr(GPtrArray) nobody = test_sign_numbers("", 7, 5000, "d");
    g_autoptr(GPtrArray) noted =
        g_ptr_array_new_with_free_func((GDestroyNotify)fota_trust_number_free);
    g_autoptr(FotaManifest) manifest = make_manifest(7, A);

    manifest->issued = 3000;
    g_assert_true(fota_trust_note(noted, manifest));
    g_assert_cmpint(fota_trust_get_issued(noted, one), ==, 3000);
    g_ptr_array_add(numbers, g_ptr_array_steal_index(nobody, 0));
    ((FotaTrustNumber *)numbers->pdata[1])->issued = 2000;
    g_assert_cmpint(fota_trust_get_issued(numbers, two), ==, 2000);
    g_assert_cmpint(fota_trust_get_issued(numbers, one), ==, 1000);
    g_assert_cmpint(fota_trust_get_issued(NULL, one), ==, 0);
    ((FotaTrustNumber *)numbers->pdata[0])->issued = G_MAXUINT64;
    g_assert_cmpint(fota_trust_get_issued(numbers, one), ==, G_MAXINT64);
}

/* What had expired is not good again when the clock is set back. */
static void
test_stays_expired(void)
{
    static const struct {
        const char *seen;
        gboolean noted;
    } cases[] = {
        {"2026-12-20T23:59:59Z", FALSE},
        {"2026-12-21T00:00:00Z", TRUE},
        {"2028-12-19T00:00:00Z", TRUE},
        {"2028-12-21T00:00:00Z", FALSE}, /* years beyond it a clock is taken for wrong */
        {"2106-02-07T06:28:16Z", FALSE},
    };
    g_autofree char *text = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    g_autofree char *newer = make_text(8, "{\"model\":[\"ME910C1-NA\"]}");
    g_autoptr(FotaManifest) manifest = make_manifest(7, A);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *noted = fota_trust_note_expired(NULL, manifest, moment(cases[i].seen));
        g_autofree char *again = fota_trust_note_expired(noted, manifest, moment(cases[i].seen));
        FotaTrustFacts facts = make_facts();

        g_assert_true((noted != NULL) == cases[i].noted);
        facts.expired = noted;
        assert_judged(text, &facts, noted ? FOTA_POLICY_ERROR_MANIFEST_EXPIRED : NO_CODE);
        assert_judged(newer, &facts, NO_CODE);
        if (noted)
            g_assert_null(again);
    }
}

/* So many are remembered, the newest in front. */
static void
test_many_expired(void)
{
    g_autofree char *expired = NULL;

    for (gint64 number = 1; number <= 20; number++) {
        g_autoptr(FotaManifest) manifest = make_manifest(number, A);
        char *noted = fota_trust_note_expired(expired, manifest, moment("2026-12-22T00:00:00Z"));

        g_assert_true(g_str_has_prefix(noted, manifest->digest));
        g_free(expired);
        expired = noted;
        g_assert_cmpuint(strlen(expired), ==, (gsize)MIN(number, 8) * 65 - 1);
    }
}

/* Where the model is not known yet, the IMEI alone counts. */
static void
test_unknown_model(void)
{
    g_autofree char *text = make_text(7, "{\"imei\":[\"" IMEI "\"],\"model\":[\"X\"]}");
    FotaTrustFacts facts = make_facts();

    assert_judged(text, &facts, FOTA_POLICY_ERROR_WRONG_TARGET);
    facts.model = NULL;
    assert_judged(text, &facts, NO_CODE);
}

static void
test_vendor(void)
{
    g_autoptr(FotaManifest) manifest = fota_manifest_make_for_vendor(IMEI);
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GPtrArray) numbers = test_sign_numbers(A, MAX_NUMBER, 0, "d");
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    facts.keyring = keyring;
    facts.numbers = numbers;
    g_assert_true(fota_trust_judge(manifest, &facts, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(manifest->update.n_steps, ==, 0);
    g_assert_true(manifest->has_update);
}

static void
test_expiry(void)
{
    static const struct {
        const char *now;
        const char *floor;
        int code;
    } cases[] = {
        {"2026-12-20T23:59:59Z", "1970-01-01T00:00:00Z", NO_CODE},
        {"2026-12-21T00:00:00Z", "1970-01-01T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
        {"2106-02-07T06:28:16Z", "1970-01-01T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", NO_CODE},
        {"1970-01-01T00:00:00Z", "2026-12-20T23:59:59Z", NO_CODE},
        {"1970-01-01T00:00:00Z", "2026-12-21T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
        {"2026-12-20T00:00:00Z", "2027-01-01T00:00:00Z", FOTA_POLICY_ERROR_MANIFEST_EXPIRED},
    };
    g_autofree char *text = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    FotaTrustFacts facts = make_facts();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        facts.now = moment(cases[i].now);
        facts.floor = moment(cases[i].floor);
        assert_judged(text, &facts, cases[i].code);
    }
}

static void
test_size(void)
{
    g_autofree char *text = make_text(7, "{\"model\":[\"ME910C1-NA\"]}");
    g_autoptr(GBytes) small = test_sign_file(1, text);
    gsize room = FOTA_MANIFEST_MAX_BYTES - g_bytes_get_size(small);
    FotaTrustFacts facts = make_facts();

    for (gsize more = room; more <= room + 1; more++) {
        g_autofree char *space = g_strnfill(more, ' ');
        g_autofree char *longer = g_strconcat(text, space, NULL);

        assert_judged(longer, &facts,
                      more == room ? NO_CODE : FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE);
    }
}

static void
test_order(void)
{
    static const char unsigned_text[] = "this is not even JSON";
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new_static(unsigned_text, strlen(unsigned_text));
    FotaTrustFacts facts = make_facts();
    g_autoptr(GError) error = NULL;

    facts.keyring = keyring;
    /* Nothing is parsed that nobody has signed. */
    g_assert_null(fota_trust_open(file, TRUE, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
    g_clear_error(&error);
    g_assert_null(fota_trust_open(file, FALSE, &facts, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_MANIFEST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trust/target", test_target);
    g_test_add_func("/trust/imei-stays-private", test_imei_stays_private);
    g_test_add_func("/trust/sequence", test_sequence);
    g_test_add_func("/trust/first-number", test_first_number);
    g_test_add_func("/trust/numbers-are-of-a-key", test_numbers_are_of_a_key);
    g_test_add_func("/trust/note", test_note);
    g_test_add_func("/trust/issued", test_issued);
    g_test_add_func("/trust/stays-expired", test_stays_expired);
    g_test_add_func("/trust/many-expired", test_many_expired);
    g_test_add_func("/trust/unknown-model", test_unknown_model);
    g_test_add_func("/trust/vendor", test_vendor);
    g_test_add_func("/trust/expiry", test_expiry);
    g_test_add_func("/trust/size", test_size);
    g_test_add_func("/trust/order", test_order);
    return g_test_run();
}
