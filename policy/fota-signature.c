/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-signature.h"

#include "policy/fota-policy-error.h"

#include <sodium.h>
#include <string.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

/* The limit of minisign, without the end of the line. */
#define UNTRUSTED_MAX 1023
#define TRUSTED_MAX 8191

/* A block's second line: base64 of this. */
typedef struct {
    guint8 algorithm[2]; /* "ED" */
    guint8 id[FOTA_KEY_ID_BYTES];
    guint8 signature[crypto_sign_BYTES];
} Signature;
G_STATIC_ASSERT(sizeof(Signature) == 74);

typedef struct {
    Signature signature;
    const char *comment; /* what follows "trusted comment: ", borrowed from the file */
    gsize comment_length;
    guint8 global[crypto_sign_BYTES];
} Block;

/* Its base64, "==" included. Where the last line has no end, the payload begins behind it. */
#define GLOBAL_LENGTH 88

typedef struct {
    guint n_blocks;
    Block blocks[FOTA_SIGNATURE_MAX_BLOCKS];
    gsize payload; /* offset of the first byte behind the blocks */
} Blocks;

static gboolean
refuse(GError **error, const char *text)
{
    g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE, text);
    return FALSE;
}

/* Takes the next line off @rest, without its end: LF, or the CR LF of another system. */
static gboolean
next_line(const char **rest, const char *end, const char **line, gsize *length)
{
    const char *newline = memchr(*rest, '\n', (gsize)(end - *rest));

    if (!newline)
        return FALSE;
    *line = *rest;
    *length = (gsize)(newline - *rest);
    while (*length > 0 && (*line)[*length - 1] == '\r')
        (*length)--;
    *rest = newline + 1;
    return TRUE;
}

static gboolean
next_comment(const char **rest, const char *end, const char *prefix, gsize max,
             const char **comment, gsize *length)
{
    gsize prefix_length = strlen(prefix);

    if (!next_line(rest, end, comment, length) || *length < prefix_length || *length > max ||
        memcmp(*comment, prefix, prefix_length) != 0)
        return FALSE;
    *comment += prefix_length;
    *length -= prefix_length;
    return TRUE;
}

/* Exactly @size bytes in canonical base64: no blanks, full padding. */
static gboolean
decode_base64(const char *text, gsize length, guint8 *bytes, gsize size)
{
    gsize decoded;

    return sodium_base642bin(bytes, size, text, length, NULL, &decoded, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           decoded == size;
}

static gboolean
next_signature(const char **rest, const char *end, Signature *signature)
{
    const char *line;
    gsize length;

    return next_line(rest, end, &line, &length) &&
           decode_base64(line, length, (guint8 *)signature, sizeof *signature);
}

/* The last line, which may end at once, and empty lines behind it. */
static gboolean
next_global(const char **rest, const char *end, guint8 global[crypto_sign_BYTES])
{
    const char *line = *rest;

    if (end - line < GLOBAL_LENGTH ||
        !decode_base64(line, GLOBAL_LENGTH, global, crypto_sign_BYTES))
        return FALSE;
    for (*rest = line + GLOBAL_LENGTH; *rest < end && (**rest == '\r' || **rest == '\n');)
        (*rest)++;
    return TRUE;
}

static gboolean
read_block(const char **rest, const char *end, Block *block)
{
    const char *untrusted;
    gsize length;

    return next_comment(rest, end, UNTRUSTED, UNTRUSTED_MAX, &untrusted, &length) &&
           next_signature(rest, end, &block->signature) &&
           next_comment(rest, end, TRUSTED, TRUSTED_MAX, &block->comment, &block->comment_length) &&
           next_global(rest, end, block->global);
}

/* A file that does not begin like this has no signature. */
static gboolean
begins_block(const char *rest, const char *end)
{
    return (gsize)(end - rest) >= strlen(UNTRUSTED) &&
           memcmp(rest, UNTRUSTED, strlen(UNTRUSTED)) == 0;
}

static gboolean
read_blocks(GBytes *file, Blocks *blocks, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(file, &size);
    const char *start = data ? data : "";
    const char *rest = start, *end = start + size;

    for (blocks->n_blocks = 0; begins_block(rest, end); blocks->n_blocks++) {
        if (blocks->n_blocks == FOTA_SIGNATURE_MAX_BLOCKS)
            return refuse(error, "more than 8 signature blocks");
        if (!read_block(&rest, end, &blocks->blocks[blocks->n_blocks])) {
            g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE,
                        "signature block %u is not the four lines that minisign writes",
                        blocks->n_blocks + 1);
            return FALSE;
        }
    }
    blocks->payload = (gsize)(rest - start);
    return TRUE;
}

static gboolean
verify_block(const Block *block, const guint8 *key, const guint8 hash[crypto_generichash_BYTES_MAX])
{
    guint8 text[crypto_sign_BYTES + TRUSTED_MAX];

    if (crypto_sign_verify_detached(block->signature.signature, hash, crypto_generichash_BYTES_MAX,
                                    key) != 0)
        return FALSE;
    memcpy(text, block->signature.signature, crypto_sign_BYTES);
    memcpy(text + crypto_sign_BYTES, block->comment, block->comment_length);
    return crypto_sign_verify_detached(block->global, text,
                                       crypto_sign_BYTES + block->comment_length, key) == 0;
}

static void
refuse_unknown(const Blocks *blocks, GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);

    for (guint i = 0; i < blocks->n_blocks; i++) {
        g_autofree char *id = fota_key_id_to_string(blocks->blocks[i].signature.id);

        g_string_append_printf(ids, "%s%s", i > 0 ? ", " : "", id);
    }
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE,
                "signed by %s, none of which is a trusted key; if it should be, add its *.pub file",
                ids->str);
}

/* Returns the ids of the trusted keys that signed @payload: at least one. */
static char **
verify_blocks(const Blocks *blocks, GBytes *payload, FotaKeyring *keyring, GError **error)
{
    g_autoptr(GStrvBuilder) signers = g_strv_builder_new();
    g_autoptr(GPtrArray) counted = g_ptr_array_new();
    guint8 hash[crypto_generichash_BYTES_MAX];
    gsize size;
    const guint8 *bytes = g_bytes_get_data(payload, &size);

    crypto_generichash(hash, sizeof hash, bytes, size, NULL, 0);
    for (guint i = 0; i < blocks->n_blocks; i++) {
        const Block *block = &blocks->blocks[i];
        const guint8 *key = fota_keyring_lookup(keyring, block->signature.id);
        g_autofree char *id = fota_key_id_to_string(block->signature.id);

        if (memcmp(block->signature.algorithm, "ED", 2) != 0) {
            refuse(error,
                   "the signature has minisign's legacy format; sign with minisign -S, without -l");
            return NULL;
        }
        if (!key)
            continue;
        if (!verify_block(block, key, hash)) {
            g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE,
                        "the signature by %s does not match the content, which was changed "
                        "after it was signed",
                        id);
            return NULL;
        }
        if (!g_ptr_array_find(counted, key, NULL)) {
            g_ptr_array_add(counted, (gpointer)key);
            g_strv_builder_add(signers, id);
        }
    }
    if (counted->len == 0) {
        refuse_unknown(blocks, error);
        return NULL;
    }
    return g_strv_builder_end(signers);
}

static void
refuse_unsigned(GError **error)
{
    g_set_error_literal(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED,
                        "there is no signature; sign it with minisign -S and put the .minisig in "
                        "front");
}

/* The comment of each block by a trusted key. */
static char **
list_comments(const Blocks *blocks, FotaKeyring *keyring)
{
    g_autoptr(GStrvBuilder) comments = g_strv_builder_new();

    for (guint i = 0; i < blocks->n_blocks; i++) {
        const Block *block = &blocks->blocks[i];
        g_autofree char *comment = g_strndup(block->comment, block->comment_length);

        if (fota_keyring_lookup(keyring, block->signature.id))
            g_strv_builder_add(comments, comment);
    }
    return g_strv_builder_end(comments);
}

static gboolean
begins_object(GBytes *payload)
{
    gsize size;
    const char *data = g_bytes_get_data(payload, &size);

    return size > 0 && data[0] == '{';
}

static GBytes *
open_file(GBytes *file, FotaKeyring *keyring, gboolean require, gboolean any, char ***signers,
          char ***comments, GError **error)
{
    g_autoptr(GBytes) payload = NULL;
    g_auto(GStrv) found = NULL;
    Blocks blocks;

    if (!read_blocks(file, &blocks, error))
        return NULL;
    if (blocks.n_blocks == 0 && require) {
        refuse_unsigned(error);
        return NULL;
    }
    payload = g_bytes_new_from_bytes(file, blocks.payload, g_bytes_get_size(file) - blocks.payload);
    if (blocks.n_blocks > 0 && !any && !begins_object(payload)) {
        refuse(error, "what follows the signature does not begin with {");
        return NULL;
    }
    found =
        blocks.n_blocks > 0 ? verify_blocks(&blocks, payload, keyring, error) : g_new0(char *, 1);
    if (!found)
        return NULL;
    if (comments)
        *comments = list_comments(&blocks, keyring);
    if (signers)
        *signers = g_steal_pointer(&found);
    return g_steal_pointer(&payload);
}

GBytes *
fota_signature_open_any(GBytes *file, FotaKeyring *keyring, gboolean require, char ***signers,
                        char ***comments, GError **error)
{
    return open_file(file, keyring, require, TRUE, signers, comments, error);
}

GBytes *
fota_signature_open(GBytes *file, FotaKeyring *keyring, gboolean require, char ***signers,
                    GError **error)
{
    return open_file(file, keyring, require, FALSE, signers, NULL, error);
}

gsize
fota_signature_measure(GBytes *file)
{
    gsize size;
    const char *data = g_bytes_get_data(file, &size);
    const char *start = data ? data : "";
    const char *rest = start, *end = start + size;
    Block block;

    while (begins_block(rest, end)) {
        const char *next = rest;

        if (!read_block(&next, end, &block))
            break;
        rest = next;
    }
    return (gsize)(rest - start);
}

gboolean
fota_signature_verify(GBytes *payload, GBytes *minisig, FotaKeyring *keyring, GError **error)
{
    g_auto(GStrv) signers = NULL;
    Blocks blocks;

    if (!read_blocks(minisig, &blocks, error))
        return FALSE;
    if (blocks.n_blocks == 0) {
        refuse_unsigned(error);
        return FALSE;
    }
    if (blocks.payload != g_bytes_get_size(minisig))
        return refuse(error, "there is data after the signature");
    signers = verify_blocks(&blocks, payload, keyring, error);
    return signers != NULL;
}
