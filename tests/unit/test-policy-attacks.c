/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"
#include "base/fota-text.h"
#include "policy/fota-trust.h"
#include "test-policy-sign.h"

#include <string.h>

/*
 * What somebody on the way, or with a stolen key, may try: each by name, as the bytes of a whole
 * file, through the one door that fotad has for them. Key 1 is trusted, key 2 is not.
 *
 * What slow, endless or lying servers try is in tests/component/fetch/; what a module may be told
 * about its path from version to version in test-policy-plan.c; clock changes in
 * test-policy-window.c.
 */

#define IMEI "353081090012345"
#define ACCEPTED (-1)

#define OLD_TIMES                                                                                  \
    "\"sequenceNumber\":7,\"issued\":\"2026-11-21T04:00:00Z\","                                    \
    "\"useBefore\":\"2026-12-21T00:00:00Z\""
#define NEW_TIMES(end)                                                                             \
    "\"sequenceNumber\":8,\"issued\":\"2026-11-21T04:00:00Z\",\"useBefore\":\"" end "\""

static const char good[] =
    "{\"manifestVersion\":1," OLD_TIMES ",\"target\":{\"imei\":[\"" IMEI "\"],"
    "\"model\":[\"ME910C1-NA\"]},\"update\":{\"id\":\"u\",\"steps\":[{\"fromVersion\":\"A\","
    "\"toVersion\":\"B\",\"delta\":{\"uri\":\"ftp://fw/a\"}}]}}";

/* How a file comes to be, from the good payload and one change. */
typedef enum {
    SIGNED,        /* @from becomes @to before key 1 signs */
    CHANGED_AFTER, /* @from becomes @to in the signed file */
    LINE_BYTE,     /* the bytes of block line @line: the one at @byte is flipped */
    LINE_LENGTH,   /* the bytes of block line @line: cut or filled to @byte */
    BY_KEY_2,
    TWICE, /* two blocks by key 1 */
    UNSIGNED,
    OLD_KIND_AS_NEW, /* minisign -l, its label changed to that of the new kind */
} Making;

typedef struct {
    const char *name;
    Making making;
    const char *from, *to;
    guint line;
    gsize byte;
    int code;
    const char *says;
} Attack;

#define SIGNATURE FOTA_POLICY_ERROR_BAD_SIGNATURE
#define MANIFEST FOTA_POLICY_ERROR_BAD_MANIFEST
#define TARGET FOTA_POLICY_ERROR_WRONG_TARGET
#define FIT "does not match"
#define FORM "not the four lines"

static const Attack attacks[] = {
    {"none", SIGNED, NULL, NULL, 0, 0, ACCEPTED, NULL},

    {"bit-of-algorithm", LINE_BYTE, NULL, NULL, 1, 0, SIGNATURE, "legacy format"},
    {"bit-of-key-id", LINE_BYTE, NULL, NULL, 1, 2, SIGNATURE, "none of which is a trusted key"},
    {"bit-of-signature", LINE_BYTE, NULL, NULL, 1, 10, SIGNATURE, FIT},
    {"last-bit-of-signature", LINE_BYTE, NULL, NULL, 1, 73, SIGNATURE, FIT},
    {"bit-of-global-signature", LINE_BYTE, NULL, NULL, 3, 63, SIGNATURE, FIT},
    {"bit-of-trusted-comment", CHANGED_AFTER, "comment: test", "comment: tesT", 0, 0, SIGNATURE,
     FIT},
    {"bit-of-payload", CHANGED_AFTER, "\"toVersion\":\"B\"", "\"toVersion\":\"C\"", 0, 0, SIGNATURE,
     FIT},
    {"signature-of-63-bytes", LINE_LENGTH, NULL, NULL, 1, 73, SIGNATURE, FORM},
    {"signature-of-65-bytes", LINE_LENGTH, NULL, NULL, 1, 75, SIGNATURE, FORM},
    {"global-signature-of-63-bytes", LINE_LENGTH, NULL, NULL, 3, 63, SIGNATURE, FORM},
    {"global-signature-of-65-bytes", LINE_LENGTH, NULL, NULL, 3, 65, SIGNATURE, FORM},
    {"base64-with-a-blank", CHANGED_AFTER, "\ntrusted", " \ntrusted", 0, 0, SIGNATURE, FORM},
    {"base64-with-crlf", CHANGED_AFTER, "\ntrusted", "\r\ntrusted", 0, 0, ACCEPTED, NULL},
    {"base64-without-padding", CHANGED_AFTER, "=\ntrusted", "\ntrusted", 0, 0, SIGNATURE, FORM},
    {"two-blocks-of-one-key", TWICE, NULL, NULL, 0, 0, ACCEPTED, NULL},
    {"revoked-or-foreign-key", BY_KEY_2, NULL, NULL, 0, 0, SIGNATURE,
     "none of which is a trusted key"},
    {"no-signature", UNSIGNED, NULL, NULL, 0, 0, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED, NULL},
    {"raw-signature-as-hashed", OLD_KIND_AS_NEW, NULL, NULL, 0, 0, SIGNATURE, FIT},
    {"payload-with-a-leading-blank", SIGNED, "{\"manifest", " {\"manifest", 0, 0, SIGNATURE,
     "does not begin with {"},
    {"blank-added-in-front", CHANGED_AFTER, "{\"manifest", " {\"manifest", 0, 0, SIGNATURE,
     "does not begin with {"},
    {"bytes-added-behind", CHANGED_AFTER, "]}}", "]}} ", 0, 0, SIGNATURE, FIT},
    {"bytes-signed-behind", SIGNED, "]}}", "]}} {}", 0, 0, MANIFEST, "after the object"},
    {"role-confusion", SIGNED, "\"manifestVersion\":1,\"sequenceNumber\":7",
     "\"role\":\"release\",\"releaseVersion\":1,\"releaseCounter\":7", 0, 0, MANIFEST,
     "manifestVersion: missing"},
    {"unknown-critical-member", SIGNED, "\"manifestVersion\":1",
     "\"manifestVersion\":1,\"critical\":[\"role\"]", 0, 0,
     FOTA_POLICY_ERROR_UNKNOWN_MANIFEST_VERSION, "role"},

    {"sequence-lower", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":6", 0, 0,
     FOTA_POLICY_ERROR_ROLLBACK, NULL},
    {"sequence-equal-text-different", SIGNED, "\"id\":\"u\"", "\"id\":\"v\"", 0, 0,
     FOTA_POLICY_ERROR_EQUIVOCATION, NULL},
    {"sequence-higher", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":8", 0, 0, ACCEPTED,
     NULL},
    {"sequence-highest", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":9007199254740991", 0,
     0, ACCEPTED, NULL},
    {"sequence-beyond-it", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":9007199254740992", 0,
     0, MANIFEST, "sequenceNumber"},
    {"sequence-zero", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":0", 0, 0, MANIFEST,
     "sequenceNumber"},
    {"sequence-minus-one", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":-1", 0, 0, MANIFEST,
     "sequenceNumber"},
    {"sequence-2-to-the-64-minus-1", SIGNED, "\"sequenceNumber\":7",
     "\"sequenceNumber\":18446744073709551615", 0, 0, MANIFEST, "too large"},
    {"sequence-as-float", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":1e3", 0, 0, MANIFEST,
     "sequenceNumber"},
    {"sequence-twice", SIGNED, "\"sequenceNumber\":7", "\"sequenceNumber\":7,\"sequenceNumber\":8",
     0, 0, MANIFEST, "twice"},

    {"expiry-exactly-now", SIGNED, OLD_TIMES, NEW_TIMES("2026-11-22T00:00:00Z"), 0, 0,
     FOTA_POLICY_ERROR_MANIFEST_EXPIRED, NULL},
    {"expiry-a-second-from-now", SIGNED, OLD_TIMES, NEW_TIMES("2026-11-22T00:00:01Z"), 0, 0,
     ACCEPTED, NULL},

    {"other-imei", SIGNED, IMEI, "353081090012346", 0, 0, TARGET, NULL},
    {"imei-of-14-digits", SIGNED, IMEI, "35308109001234", 0, 0, MANIFEST, "target.imei[0]"},
    {"imei-with-another-check-digit", SIGNED, IMEI, "353081090012344", 0, 0, TARGET, NULL},
    {"other-model", SIGNED, "ME910C1-NA", "ME910C1-NV", 0, 0, TARGET, NULL},
    {"no-target", SIGNED, "\"imei\":[\"" IMEI "\"],\"model\":[\"ME910C1-NA\"]", "", 0, 0, MANIFEST,
     "target: expected"},

    {"nul-in-a-version", SIGNED, "\"toVersion\":\"B\"", "\"toVersion\":\"B\\u0000C\"", 0, 0,
     MANIFEST, "u0000"},
    {"at-command-in-a-version", SIGNED, "\"toVersion\":\"B\"", "\"toVersion\":\"B;AT#REBOOT\"", 0,
     0, MANIFEST, "toVersion"},
    {"line-end-in-an-address", SIGNED, "ftp://fw/a", "ftp://fw/a%0d%0aAT", 0, 0, MANIFEST,
     "delta.uri"},
    {"shell-in-an-address", SIGNED, "ftp://fw/a", "ftp://fw/$(reboot)", 0, 0, MANIFEST,
     "delta.uri"},
};

static char *
replace(const char *text, const char *from, const char *to)
{
    GString *changed = g_string_new(text);

    if (from)
        g_assert_cmpuint(g_string_replace(changed, from, to, 1), ==, 1);
    return g_string_free(changed, FALSE);
}

/* @block with the bytes of one line, which are base64, changed. */
static char *
change_line(const Attack *attack, const char *block)
{
    g_auto(GStrv) lines = g_strsplit(block, "\n", -1);
    gsize length;
    g_autofree guint8 *bytes = g_base64_decode(lines[attack->line], &length);

    if (attack->making == LINE_BYTE) {
        bytes[attack->byte] ^= 1;
    } else {
        bytes = g_realloc(bytes, attack->byte + 1);
        length = attack->byte;
    }
    g_free(lines[attack->line]);
    lines[attack->line] = g_base64_encode(bytes, length);
    return g_strjoinv("\n", lines);
}

/* Signed by `minisign -S -l` over "{\n  \"a\": 1\n}\n"; the second letter of its label is changed.
 */
static char *
make_old_kind_as_new(FotaKeyring *keyring)
{
    g_assert_true(fota_keyring_add(keyring, "real.pub",
                                   "untrusted comment: minisign public key 5CB5B854602AC9A1\n"
                                   "RWShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vnz\n",
                                   NULL));
    return g_strdup("untrusted comment: signature from minisign secret key\n"
                    "RUShySpgVLi1XLMnNa43Wb85sKFyA/ac+B643uydMkf+ZB3ZgzoleGmDuOQ60t3oRsO+LRx31Rv2w9"
                    "jq/aAjcPS/KJqBBXEsGw0=\n"
                    "trusted comment: legacy\n"
                    "xicYztX2RYdJ60jTN1l1ZG8yktUMfVp4V7co37UrBYuv1nm3pgYWWHSbwPq95I5tbAqhDeZ1gA87W7"
                    "VTEaIoCA==\n{\n  \"a\": 1\n}\n");
}

static GBytes *
make_file(const Attack *attack, FotaKeyring *keyring)
{
    g_autofree char *payload =
        attack->making == SIGNED ? replace(good, attack->from, attack->to) : g_strdup(good);
    g_autofree char *block =
        test_sign_block(attack->making == BY_KEY_2 ? 2 : 1, payload, strlen(payload), "test");
    g_autofree char *file = g_strconcat(block, payload, NULL);
    g_autofree char *changed = NULL;
    char *made;

    switch (attack->making) {
    case CHANGED_AFTER:
        made = replace(file, attack->from, attack->to);
        break;
    case LINE_BYTE:
    case LINE_LENGTH:
        changed = change_line(attack, block);
        made = g_strconcat(changed, payload, NULL);
        break;
    case TWICE:
        made = g_strconcat(block, file, NULL);
        break;
    case UNSIGNED:
        made = g_steal_pointer(&payload);
        break;
    case OLD_KIND_AS_NEW:
        made = make_old_kind_as_new(keyring);
        break;
    default:
        made = g_steal_pointer(&file);
    }
    return g_bytes_new_take(made, strlen(made));
}

static gint64
moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

static FotaTrustFacts
make_facts(FotaKeyring *keyring, const GPtrArray *numbers)
{
    return (FotaTrustFacts){.imei = IMEI,
                            .model = "ME910C1-NA",
                            .now = moment("2026-11-22T00:00:00Z"),
                            .keyring = keyring,
                            .numbers = numbers};
}

static GPtrArray *
make_numbers(gint64 issued)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, good, -1);

    return test_sign_numbers("A1A1A1A1A1A1A1A1", 7, issued, digest);
}

/* The module has accepted the good manifest before. */
static void
test_attack(gconstpointer data)
{
    const Attack *attack = data;
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = make_file(attack, keyring);
    g_autoptr(GPtrArray) numbers = make_numbers(moment("2026-11-21T04:00:00Z"));
    FotaTrustFacts facts = make_facts(keyring, numbers);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = fota_trust_open(file, TRUE, &facts, &error);

    if (attack->code == ACCEPTED) {
        g_assert_no_error(error);
        g_assert_nonnull(manifest);
        return;
    }
    g_assert_null(manifest);
    g_assert_error(error, FOTA_POLICY_ERROR, attack->code);
    if (attack->says && !strstr(error->message, attack->says))
        g_error("expected \"%s\" in: %s", attack->says, error->message);
}

static void
test_one_key_counts_once(void)
{
    static const Attack twice = {.making = TWICE};
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(2);
    g_autoptr(GBytes) file = make_file(&twice, keyring);
    FotaTrustFacts facts = make_facts(keyring, NULL);
    g_autoptr(FotaManifest) manifest = fota_trust_open(file, TRUE, &facts, NULL);

    g_assert_cmpstr(manifest->signers[0], ==, "A1A1A1A1A1A1A1A1");
    g_assert_null(manifest->signers[1]);
}

/* A stolen key has published the highest number and a time in 2105; the owner publishes 7. */
static void
test_fast_forward_then_rotation(void)
{
    static const struct {
        const char *signers;
        int code;
    } cases[] = {
        {"A1A1A1A1A1A1A1A1", FOTA_POLICY_ERROR_ROLLBACK},
        {"A2A2A2A2A2A2A2A2 A1A1A1A1A1A1A1A1", FOTA_POLICY_ERROR_ROLLBACK},
        {"A2A2A2A2A2A2A2A2", ACCEPTED}, /* key 2 has been taken out */
        {"A2A2A2A2A2A2A2A2 A3A3A3A3A3A3A3A3", ACCEPTED},
        {"", ACCEPTED}, /* nobody's key: it binds nobody who has one */
    };
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, good);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) numbers =
            test_sign_numbers(cases[i].signers, (G_GINT64_CONSTANT(1) << 53) - 1,
                              moment("2105-01-01T00:00:00Z"), "a digest");
        FotaTrustFacts facts = make_facts(keyring, numbers);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManifest) manifest = fota_trust_open(file, TRUE, &facts, &error);

        g_assert_true((manifest != NULL) == (cases[i].code == ACCEPTED));
        if (!manifest)
            g_assert_error(error, FOTA_POLICY_ERROR, cases[i].code);
    }
}

/* A clock that is wrong is one that is before what has surely passed. */
static void
test_clock(void)
{
    static const struct {
        const char *now, *floor, *issued;
        gboolean accepted;
    } cases[] = {
        {"1970-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-21T04:00:00Z", TRUE},
        {"1970-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-20T23:59:59Z", TRUE},
        {"1970-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-21T00:00:00Z", FALSE},
        {"1970-01-01T00:00:00Z", "2026-12-21T00:00:00Z", "1970-01-01T00:00:00Z", FALSE},
        {"2026-12-21T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-21T04:00:00Z", FALSE},
        {"2106-02-07T06:28:16Z", "2026-11-01T00:00:00Z", "2026-11-21T04:00:00Z", FALSE},
    };
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, good);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) numbers = make_numbers(moment(cases[i].issued));
        FotaTrustFacts facts = make_facts(keyring, numbers);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManifest) manifest = NULL;

        facts.now = moment(cases[i].now);
        facts.floor = moment(cases[i].floor);
        manifest = fota_trust_open(file, TRUE, &facts, &error);
        g_assert_true((manifest != NULL) == cases[i].accepted);
        if (!manifest)
            g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(attacks); i++) {
        g_autofree char *path = g_strconcat("/attack/", attacks[i].name, NULL);

        g_test_add_data_func(path, &attacks[i], test_attack);
    }
    g_test_add_func("/attack/one-key-counts-once", test_one_key_counts_once);
    g_test_add_func("/attack/fast-forward-then-rotation", test_fast_forward_then_rotation);
    g_test_add_func("/attack/clock", test_clock);
    return g_test_run();
}
