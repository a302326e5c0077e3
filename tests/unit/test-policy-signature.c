/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-policy-error.h"
#include "policy/fota-signature.h"
#include "test-policy-sign.h"

#include <string.h>

static const char payload[] = "{\n  \"a\": 1\n}\n";

/* Made with minisign 0.11: `minisign -S`, and `minisign -S -l` for the old kind. */
static const char real_key[] = "untrusted comment: minisign public key 5CB5B854602AC9A1\n"
                               "RWShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vnz\n";
static const char real_block[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUShySpgVLi1XCp5EjkW6PUg6upGLQBJF7lxq6Q7O5sWpgyQBURUPDkzPq5upNK1ZzBq24Y02LTeY0lHRpelQpI2jV8xq0"
    "ad5wE=\n"
    "trusted comment: role=device seq=7\n"
    "CKewwqQVq6i9vG7WTB+48VcrO4KzU55/potkz98owlBhvnNP3TVwew+irkHiX0KH5/2K6W5xpNx8dD3rXG5ACg==\n";
static const char old_block[] =
    "untrusted comment: signature from minisign secret key\n"
    "RWShySpgVLi1XLMnNa43Wb85sKFyA/ac+B643uydMkf+ZB3ZgzoleGmDuOQ60t3oRsO+LRx31Rv2w9jq/aAjcPS/KJqBBX"
    "EsGw0=\n"
    "trusted comment: legacy\n"
    "xicYztX2RYdJ60jTN1l1ZG8yktUMfVp4V7co37UrBYuv1nm3pgYWWHSbwPq95I5tbAqhDeZ1gA87W7VTEaIoCA==\n";

static GBytes *
join(const char *a, const char *b, const char *c)
{
    char *text = g_strconcat(a, b, c, NULL);

    return g_bytes_new_take(text, strlen(text));
}

static void
assert_refused(GBytes *file, FotaKeyring *keyring, gboolean require, FotaPolicyError code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) opened = fota_signature_open(file, keyring, require, NULL, &error);

    g_assert_error(error, FOTA_POLICY_ERROR, (int)code);
    g_assert_null(opened);
}

static void
assert_opens(GBytes *file, FotaKeyring *keyring, gboolean require, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) opened = fota_signature_open(file, keyring, require, NULL, &error);
    gsize size, file_size;
    const char *data, *file_data = g_bytes_get_data(file, &file_size);

    g_assert_no_error(error);
    data = g_bytes_get_data(opened, &size);
    g_assert_cmpmem(data, size, expected, strlen(expected));
    /* The very bytes that were verified, not a copy that could differ. */
    g_assert_true(data == file_data + file_size - size);
}

static char **
list_signers(GBytes *file, FotaKeyring *keyring)
{
    char **signers = NULL;
    g_autoptr(GBytes) opened = fota_signature_open(file, keyring, TRUE, &signers, NULL);

    g_assert_true((opened != NULL) == (signers != NULL));
    return signers;
}

static FotaKeyring *
real_keyring(void)
{
    FotaKeyring *keyring = fota_keyring_new();

    g_assert_true(fota_keyring_add(keyring, "real.pub", real_key, NULL));
    return keyring;
}

static void
test_real_minisign(void)
{
    g_autoptr(FotaKeyring) keyring = real_keyring();
    g_autoptr(GBytes) file = join(real_block, payload, NULL);
    g_autoptr(GBytes) old = join(old_block, payload, NULL);
    g_auto(GStrv) signers = list_signers(file, keyring);

    assert_opens(file, keyring, TRUE, payload);
    assert_opens(file, keyring, FALSE, payload);
    g_assert_cmpstr(signers[0], ==, "5CB5B854602AC9A1");
    g_assert_null(signers[1]);
    assert_refused(old, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
}

/* A block in pieces, for tests that break one of them. */
typedef struct {
    char *lines[4];
    char *payload;
} Pieces;

static Pieces
take_apart(void)
{
    g_autofree char *block = test_sign_block(1, payload, strlen(payload), "role=device");
    g_auto(GStrv) lines = g_strsplit(block, "\n", -1);
    Pieces pieces = {.payload = g_strdup(payload)};

    for (guint i = 0; i < 4; i++)
        pieces.lines[i] = g_strdup(lines[i]);
    return pieces;
}

static GBytes *
put_together(Pieces *pieces)
{
    char *text = g_strdup_printf("%s\n%s\n%s\n%s\n%s", pieces->lines[0], pieces->lines[1],
                                 pieces->lines[2], pieces->lines[3], pieces->payload);

    for (guint i = 0; i < 4; i++)
        g_free(pieces->lines[i]);
    g_free(pieces->payload);
    return g_bytes_new_take(text, strlen(text));
}

static void
test_flipped_bits(void)
{
    /* Line of the block, and the byte in what its base64 stands for. */
    static const struct {
        guint line;
        gsize byte;
    } fields[] = {{1, 0}, {1, 1}, {1, 2}, {1, 9}, {1, 10}, {1, 41}, {1, 73}, {3, 0}, {3, 63}};
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(2);

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        Pieces pieces = take_apart();
        char **line = &pieces.lines[fields[i].line];
        gsize length;
        g_autofree guint8 *bytes = g_base64_decode(*line, &length);
        g_autoptr(GBytes) file = NULL;

        bytes[fields[i].byte] ^= 0x01;
        g_free(*line);
        *line = g_base64_encode(bytes, length);
        file = put_together(&pieces);
        assert_refused(file, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
        assert_refused(file, keyring, FALSE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }
}

static void
test_other_text(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);

    for (gsize i = 0; i <= strlen(payload); i++) {
        Pieces pieces = take_apart();
        g_autoptr(GBytes) file = NULL;

        if (i < strlen(payload)) {
            pieces.payload[i] ^= 0x01;
        } else {
            g_free(pieces.payload);
            pieces.payload = g_strconcat(payload, " ", NULL);
        }
        file = put_together(&pieces);
        assert_refused(file, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }

    Pieces trusted = take_apart(), untrusted = take_apart();
    g_autoptr(GBytes) other_trusted = NULL, other_untrusted = NULL;

    trusted.lines[2][strlen("trusted comment: ")] = 'R';
    other_trusted = put_together(&trusted);
    assert_refused(other_trusted, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    untrusted.lines[0][strlen("untrusted comment: ")] = 'X';
    other_untrusted = put_together(&untrusted);
    assert_opens(other_untrusted, keyring, TRUE, payload);
}

/* Refused for its form, before any key is looked at. */
static void
assert_malformed(GBytes *file, FotaKeyring *keyring)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(fota_signature_open(file, keyring, TRUE, NULL, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    g_assert_nonnull(strstr(error->message, "not the four lines"));
}

static char *
cut(const char *line, gsize bytes)
{
    gsize length;
    g_autofree guint8 *data = g_base64_decode(line, &length);
    g_autofree guint8 *longer = g_malloc0(length + 1);

    memcpy(longer, data, length);
    return g_base64_encode(longer, bytes);
}

static void
test_bad_lines(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);

    for (guint i = 0; i < 10; i++) {
        Pieces pieces = take_apart();
        g_autofree char *line1 = g_steal_pointer(&pieces.lines[1]);
        g_autofree char *line3 = g_steal_pointer(&pieces.lines[3]);
        g_autofree char *trusted = g_steal_pointer(&pieces.lines[2]);
        g_autoptr(GBytes) file = NULL;

        pieces.lines[1] = i == 0   ? cut(line1, 73)
                          : i == 1 ? cut(line1, 75)
                          : i == 2 ? g_strconcat(" ", line1, NULL)
                          : i == 3 ? g_strconcat(line1, " ", NULL)
                          : i == 4 ? g_strndup(line1, strlen(line1) - 1)
                          : i == 5 ? g_strdup("")
                                   : g_strdup(line1);
        pieces.lines[2] = g_strdup(i == 8 ? "trusted comment " : i == 9 ? "" : trusted);
        pieces.lines[3] = i == 6 ? cut(line3, 63) : i == 7 ? cut(line3, 65) : g_strdup(line3);
        file = put_together(&pieces);
        assert_malformed(file, keyring);
    }
}

/* As minisign does: CR LF, a last line without an end, lines behind it that are empty. */
static void
test_line_ends(void)
{
    static const struct {
        const char *line, *last;
    } ends[] = {{"\n", ""}, {"\r\n", "\r\n"}, {"\r\n", ""}, {"\r\r\n", "\n"}, {"\n", "\n\r\n\n"}};
    g_autoptr(FotaKeyring) keyring = real_keyring();
    g_autoptr(GBytes) detached = join(payload, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(real_block, "\n", -1);

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        const char *line = ends[i].line;
        g_autofree char *block = g_strconcat(lines[0], line, lines[1], line, lines[2], line,
                                             lines[3], ends[i].last, NULL);
        g_autoptr(GBytes) file = join(block, payload, NULL);
        g_autoptr(GBytes) twice = join(block, block, payload);
        g_autoptr(GBytes) minisig = join(block, NULL, NULL);

        assert_opens(file, keyring, TRUE, payload);
        assert_opens(twice, keyring, TRUE, payload);
        g_assert_cmpuint(fota_signature_measure(file), ==, strlen(block));
        g_assert_true(fota_signature_verify(detached, minisig, keyring, NULL));
    }
}

static void
test_measure(void)
{
    g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
    g_autoptr(GBytes) plain = join(payload, NULL, NULL);
    g_autoptr(GBytes) half = join(real_block, "untrusted comment: x\n", payload);

    g_assert_cmpuint(fota_signature_measure(nothing), ==, 0);
    g_assert_cmpuint(fota_signature_measure(plain), ==, 0);
    g_assert_cmpuint(fota_signature_measure(half), ==, strlen(real_block));
}

static void
test_truncated(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = test_sign_file(1, payload);

    for (gsize length = 0; length < g_bytes_get_size(file); length++) {
        g_autoptr(GBytes) start = g_bytes_new_from_bytes(file, 0, length);

        assert_refused(start, keyring, TRUE,
                       length < strlen("untrusted comment: ") ? FOTA_POLICY_ERROR_MANIFEST_UNSIGNED
                                                              : FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }
}

static void
test_several_keys(void)
{
    g_autoptr(FotaKeyring) one = test_sign_keyring(1);
    g_autoptr(FotaKeyring) two = test_sign_keyring(2);
    g_autoptr(FotaKeyring) none = fota_keyring_new();
    g_autofree char *first = test_sign_block(1, payload, strlen(payload), "a");
    g_autofree char *again = test_sign_block(1, payload, strlen(payload), "b");
    g_autofree char *second = test_sign_block(2, payload, strlen(payload), "c");
    g_autofree char *wrong = test_sign_block(2, "{}", 2, "d");
    g_autofree char *same_twice = g_strconcat(first, again, NULL);
    g_autofree char *both = g_strconcat(second, first, NULL);
    g_autofree char *one_wrong = g_strconcat(first, wrong, NULL);
    g_autoptr(GBytes) twice_file = join(same_twice, payload, NULL);
    g_autoptr(GBytes) both_file = join(both, payload, NULL);
    g_autoptr(GBytes) wrong_file = join(one_wrong, payload, NULL);
    g_auto(GStrv) twice_signers = list_signers(twice_file, two);
    g_auto(GStrv) both_signers = list_signers(both_file, two);
    g_auto(GStrv) known_signers = list_signers(both_file, one);

    g_assert_cmpuint(g_strv_length(twice_signers), ==, 1);
    g_assert_cmpuint(g_strv_length(both_signers), ==, 2);
    g_assert_cmpstr(both_signers[0], ==, "A2A2A2A2A2A2A2A2");
    g_assert_cmpuint(g_strv_length(known_signers), ==, 1);
    assert_opens(both_file, one, TRUE, payload);
    /* Key 2 revoked: its signature says nothing, neither good nor bad. */
    assert_opens(wrong_file, one, TRUE, payload);
    assert_refused(wrong_file, two, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    assert_refused(both_file, none, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    assert_refused(both_file, none, FALSE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
}

static void
test_number_of_blocks(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autofree char *block = test_sign_block(1, payload, strlen(payload), "");
    g_autoptr(GString) blocks = g_string_new(NULL);

    for (guint n = 1; n <= FOTA_SIGNATURE_MAX_BLOCKS + 1; n++) {
        g_autoptr(GBytes) file = NULL;

        g_string_append(blocks, block);
        file = join(blocks->str, payload, NULL);
        if (n <= FOTA_SIGNATURE_MAX_BLOCKS)
            assert_opens(file, keyring, TRUE, payload);
        else
            assert_refused(file, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }
}

static void
test_long_comment(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    gsize room = 8191 - strlen("trusted comment: ");

    for (gsize length = room; length <= room + 1; length++) {
        g_autofree char *comment = g_strnfill(length, 'x');
        g_autofree char *block = test_sign_block(1, payload, strlen(payload), comment);
        g_autoptr(GBytes) file = join(block, payload, NULL);

        if (length == room)
            assert_opens(file, keyring, TRUE, payload);
        else
            assert_refused(file, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    }
}

static void
test_unsigned(void)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autofree char *block = test_sign_block(1, " {}", 3, "");
    g_autoptr(GBytes) plain = join(payload, NULL, NULL);
    g_autoptr(GBytes) page = join("<html>", NULL, NULL);
    g_autoptr(GBytes) nothing = join("", NULL, NULL);
    g_autoptr(GBytes) spaced = join(block, " {}", NULL);
    g_autoptr(GBytes) shifted = join("\n", real_block, payload);

    assert_opens(plain, keyring, FALSE, payload);
    assert_refused(plain, keyring, TRUE, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
    assert_refused(page, keyring, TRUE, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
    assert_refused(nothing, keyring, TRUE, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
    assert_refused(shifted, keyring, TRUE, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
    /* The signature is right, but the payload must begin where everybody sees it begin. */
    assert_refused(spaced, keyring, TRUE, FOTA_POLICY_ERROR_BAD_SIGNATURE);
}

static void
test_detached(void)
{
    g_autoptr(FotaKeyring) keyring = real_keyring();
    g_autoptr(GBytes) good = join(payload, NULL, NULL);
    g_autoptr(GBytes) other = join(payload, " ", NULL);
    g_autoptr(GBytes) minisig = join(real_block, NULL, NULL);
    g_autoptr(GBytes) both = join(real_block, payload, NULL);
    g_autoptr(GBytes) nothing = join("", NULL, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(fota_signature_verify(good, minisig, keyring, NULL));
    g_assert_false(fota_signature_verify(other, minisig, keyring, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    g_clear_error(&error);
    g_assert_false(fota_signature_verify(good, both, keyring, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    g_clear_error(&error);
    g_assert_false(fota_signature_verify(good, nothing, keyring, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED);
}

static void
test_keys(void)
{
    static const char *const bad[] = {
        "",
        "RWShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vnz\n",
        "untrusted comment: x\n",
        "untrusted comment: x\n\n",
        "untrusted comment: x\nRWShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vk=\n",
        "untrusted comment: x\nRWShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vnzAA==\n",
        "untrusted comment: x\nRUShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vnz\n",
        "untrusted comment: x\nR_ShySpgVLi1XEUd/zBR1ZKXgMvkiGh16RORsVRf3Zsg9Z9vqsJV+vnz\n",
    };
    g_autoptr(FotaKeyring) keyring = fota_keyring_new();
    g_auto(GStrv) lines = g_strsplit(real_key, "\n", -1);
    /* As minisign takes them. */
    g_autofree char *crlf = g_strconcat(lines[0], "\r\n", lines[1], "\r\n", NULL);
    g_autofree char *no_end = g_strconcat(lines[0], "\n", lines[1], NULL);
    g_autofree char *no_comment = g_strconcat("# of 2026\n", lines[1], "\n", NULL);
    g_autofree char *clash = g_strdup(real_key);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(fota_keyring_add(keyring, "bad.pub", bad[i], &error));
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_KEY);
        g_assert_true(g_str_has_prefix(error->message, "bad.pub: "));
        g_clear_error(&error);
    }
    g_assert_cmpuint(fota_keyring_get_size(keyring), ==, 0);
    g_assert_true(fota_keyring_add(keyring, "a.pub", real_key, NULL));
    g_assert_true(fota_keyring_add(keyring, "b.pub", crlf, NULL));
    g_assert_true(fota_keyring_add(keyring, "c.pub", no_end, NULL));
    g_assert_true(fota_keyring_add(keyring, "d.pub", no_comment, NULL));
    g_assert_cmpuint(fota_keyring_get_size(keyring), ==, 1);
    clash[strlen(clash) - 2] = 'A';
    g_assert_false(fota_keyring_add(keyring, "clash.pub", clash, &error));
    g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_KEY);
}

static void
test_error_names(void)
{
    for (guint i = 0; i <= FOTA_POLICY_ERROR_LAST; i++) {
        const char *name = fota_policy_error_get_name(i);

        g_assert_nonnull(name);
        g_assert_true(g_ascii_isupper(name[0]));
        for (guint j = 0; j < i; j++)
            g_assert_cmpstr(name, !=, fota_policy_error_get_name(j));
    }
    g_assert_cmpstr(fota_policy_error_get_name(FOTA_POLICY_ERROR_STALE_TOKEN), ==, "StaleToken");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signature/real-minisign", test_real_minisign);
    g_test_add_func("/signature/flipped-bits", test_flipped_bits);
    g_test_add_func("/signature/other-text", test_other_text);
    g_test_add_func("/signature/bad-lines", test_bad_lines);
    g_test_add_func("/signature/line-ends", test_line_ends);
    g_test_add_func("/signature/measure", test_measure);
    g_test_add_func("/signature/truncated", test_truncated);
    g_test_add_func("/signature/several-keys", test_several_keys);
    g_test_add_func("/signature/number-of-blocks", test_number_of_blocks);
    g_test_add_func("/signature/long-comment", test_long_comment);
    g_test_add_func("/signature/unsigned", test_unsigned);
    g_test_add_func("/signature/detached", test_detached);
    g_test_add_func("/keyring/keys", test_keys);
    g_test_add_func("/error/names", test_error_names);
    return g_test_run();
}
