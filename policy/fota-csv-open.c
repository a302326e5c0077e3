/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-csv-private.h"
#include "base/fota-json.h"
#include "policy/fota-policy-error.h"
#include "policy/fota-signature.h"

#include <string.h>

/* A csv with all its signature blocks. */
#define FILE_MAX_BYTES 16384

/* An unsigned one does not say how long it is valid. */
#define FOR_EVER "2106-01-01T00:00:00Z"

char *
fota_csv_to_json(GBytes *csv, const FotaCsvTerms *terms, GError **error)
{
    gint64 next_check;

    return fota_csv_convert(csv, terms, &next_check, error);
}

GBytes *
fota_csv_join(GBytes *csv, GBytes *minisig)
{
    GByteArray *file;

    if (!minisig)
        return g_bytes_ref(csv);
    file = g_byte_array_new();
    g_byte_array_append(file, g_bytes_get_data(minisig, NULL), (guint)g_bytes_get_size(minisig));
    g_byte_array_append(file, g_bytes_get_data(csv, NULL), (guint)g_bytes_get_size(csv));
    return g_byte_array_free_to_bytes(file);
}

/* The words of a trusted comment; the arrays and texts belong to it. */
typedef struct {
    GHashTable *single; /* name -> value */
    GPtrArray *imei;    /* NULL-terminated */
    GPtrArray *model;
} Comment;

static void
comment_clear(Comment *comment)
{
    g_clear_pointer(&comment->single, g_hash_table_unref);
    g_clear_pointer(&comment->imei, g_ptr_array_unref);
    g_clear_pointer(&comment->model, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Comment, comment_clear)

static gboolean
take_word(Comment *comment, const char *word, GError **error)
{
    static const char *const names[] = {"role", "seq", "useBefore", "from", NULL};
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word, (gsize)(equals - word)) : NULL;
    g_autofree char *value = equals ? g_uri_unescape_string(equals + 1, NULL) : NULL;

    if (value && g_str_equal(name, "imei")) {
        g_ptr_array_add(comment->imei, g_steal_pointer(&value));
    } else if (value && g_str_equal(name, "model")) {
        g_ptr_array_add(comment->model, g_steal_pointer(&value));
    } else if (value && g_strv_contains(names, name) &&
               !g_hash_table_contains(comment->single, name)) {
        g_hash_table_insert(comment->single, g_steal_pointer(&name), g_steal_pointer(&value));
    } else {
        fota_csv_refuse(error,
                        "trusted comment: expected role=, seq=, useBefore=, imei= or model=, and "
                        "from=, each with a value; sign with minisign -t");
        return FALSE;
    }
    return TRUE;
}

/* Validates the trusted comment as far as the manifest's reader does not. */
static gboolean
fill_terms(const Comment *comment, FotaCsvTerms *terms, GError **error)
{
    const char *role = g_hash_table_lookup(comment->single, "role");
    const char *sequence = g_hash_table_lookup(comment->single, "seq");
    const char *use_before = g_hash_table_lookup(comment->single, "useBefore");
    guint64 number;

    terms->from = g_hash_table_lookup(comment->single, "from");
    if (g_strcmp0(role, "device") != 0)
        fota_csv_refuse(error, "trusted comment: expected role=device");
    else if (!sequence ||
             !g_ascii_string_to_unsigned(sequence, 10, 1, FOTA_JSON_MAX_INTEGER, &number, NULL))
        fota_csv_refuse(error, "trusted comment: expected seq= and a number from 1");
    else if (!use_before || !fota_text_parse_time(use_before, &terms->use_before))
        fota_csv_refuse(error, "trusted comment: expected useBefore= and a time such as "
                               "2027-01-01T00:00:00Z");
    else if (!terms->from)
        fota_csv_refuse(error,
                        "trusted comment: expected from= and the version that the delta is for");
    else if (comment->imei->len + comment->model->len == 0)
        fota_csv_refuse(error, "trusted comment: expected imei= or model=");
    else {
        terms->sequence_number = (gint64)number;
        return TRUE;
    }
    return FALSE;
}

static gboolean
read_comment(const char *text, Comment *comment, FotaCsvTerms *terms, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    comment->single = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    comment->imei = g_ptr_array_new_with_free_func(g_free);
    comment->model = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; words[i]; i++)
        if (words[i][0] != '\0' && !take_word(comment, words[i], error))
            return FALSE;
    if (!fill_terms(comment, terms, error))
        return FALSE;
    terms->trusted = TRUE;
    if (comment->imei->len > 0) {
        g_ptr_array_add(comment->imei, NULL);
        terms->imei = (const char *const *)comment->imei->pdata;
    }
    if (comment->model->len > 0) {
        g_ptr_array_add(comment->model, NULL);
        terms->model = (const char *const *)comment->model->pdata;
    }
    return TRUE;
}

static FotaManifest *
parse(GBytes *csv, const FotaCsvTerms *terms, GError **error)
{
    gint64 next_check;
    g_autofree char *text = fota_csv_convert(csv, terms, &next_check, error);
    g_autoptr(GBytes) payload = text ? g_bytes_new(text, strlen(text)) : NULL;
    FotaManifest *manifest = payload ? fota_manifest_parse(payload, error) : NULL;

    if (manifest)
        manifest->not_before = next_check;
    return manifest;
}

static FotaManifest *
open_unsigned(GBytes *csv, FotaCsvTerms *terms, const char *from, const FotaTrustFacts *facts,
              GError **error)
{
    const char *const imei[] = {facts->imei, NULL};
    FotaManifest *manifest;

    if (!from) {
        fota_csv_refuse(error,
                        "an unsigned csv does not say which version its delta is for; set CsvFrom= "
                        "in [Manifest], or sign it");
        return NULL;
    }
    terms->from = from;
    terms->sequence_number = 1;
    terms->imei = imei;
    fota_text_parse_time(FOR_EVER, &terms->use_before);
    manifest = parse(csv, terms, error);
    if (manifest)
        manifest->sequence_number = 0;
    return manifest;
}

/* With two different comments, the order of the blocks would decide which of them applies. */
static gboolean
validate_comments(char **comments, GError **error)
{
    for (guint i = 1; comments[i]; i++) {
        if (!g_str_equal(comments[i], comments[0])) {
            fota_csv_refuse(error,
                            "the signatures carry different trusted comments; sign with the same "
                            "minisign -t");
            return FALSE;
        }
    }
    return TRUE;
}

static FotaManifest *
open_signed(GBytes *csv, FotaCsvTerms *terms, char **signers, char **comments,
            const FotaTrustFacts *facts, GError **error)
{
    g_auto(Comment) comment = {0};
    g_autoptr(FotaManifest) manifest = NULL;

    if (!validate_comments(comments, error) || !read_comment(comments[0], &comment, terms, error))
        return NULL;
    manifest = parse(csv, terms, error);
    if (!manifest)
        return NULL;
    fota_manifest_take_signers(manifest, g_strdupv(signers));
    return fota_trust_judge(manifest, facts, error) ? g_steal_pointer(&manifest) : NULL;
}

FotaManifest *
fota_csv_open(GBytes *file, const FotaCsvSource *source, const FotaTrustFacts *facts,
              GError **error)
{
    g_autofree char *uri = fota_text_expand_uri(source->uri, facts->imei,
                                                facts->model ? facts->model : "", source->salt);
    g_auto(GStrv) comments = NULL;
    g_auto(GStrv) signers = NULL;
    g_autoptr(GBytes) csv = NULL;
    FotaCsvTerms terms = {
        .uri = uri, .uri_template = source->uri, .credential = source->credential};

    if (source->trust == FOTA_CSV_NO) {
        fota_csv_refuse(error, "this is a csv, and LegacyCsv=no in [Manifest]");
        return NULL;
    }
    if (g_bytes_get_size(file) > FILE_MAX_BYTES) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "the csv and its signature are larger than %d bytes", FILE_MAX_BYTES);
        return NULL;
    }
    csv = fota_signature_open_any(file, facts->keyring, source->trust == FOTA_CSV_SIGNED, &signers,
                                  &comments, error);
    if (!csv)
        return NULL;
    return signers[0] ? open_signed(csv, &terms, signers, comments, facts, error)
                      : open_unsigned(csv, &terms, source->from, facts, error);
}
