/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-manifest-update.h"
#include "policy/fota-policy-error.h"

#include <string.h>

/* The public part, and the owner of its texts. */
typedef struct {
    FotaManifest manifest;
    JsonNode *root;
    char *digest;
    char **signers;
} Document;

/* The members of the top level: what `critical` may name. */
static const char *const members[] = {"manifestVersion", "sequenceNumber", "issued", "useBefore",
                                      "critical",        "target",         "poll",   "update",
                                      "report",          "provision",      NULL};

static FotaServer
read_server(const FotaJsonPlace *place)
{
    return (FotaServer){.uri = fota_json_get_string(place, "uri", FOTA_JSON_REQUIRED,
                                                    fota_text_validate_uri_template),
                        .credential = fota_json_get_string(place, "credential", FOTA_JSON_OPTIONAL,
                                                           fota_text_validate_name)};
}

static void
read_target(const FotaJsonPlace *root, FotaManifest *manifest)
{
    FotaJsonPlace target;

    if (!fota_json_get_object(root, "target", FOTA_JSON_REQUIRED, &target))
        return;
    manifest->imei = fota_json_get_strings(&target, "imei", FOTA_JSON_OPTIONAL,
                                           FOTA_MANIFEST_MAX_TARGETS, fota_text_validate_imei);
    manifest->model = fota_json_get_strings(&target, "model", FOTA_JSON_OPTIONAL,
                                            FOTA_MANIFEST_MAX_TARGETS, fota_text_validate_model);
    manifest->operators =
        fota_json_get_strings(&target, "operator", FOTA_JSON_OPTIONAL, FOTA_MANIFEST_MAX_OPERATORS,
                              fota_text_validate_operator);
    if (!fota_json_has(&target, "imei") && !fota_json_has(&target, "model"))
        fota_json_fault(&target, NULL, "expected imei, model or both");
}

static void
read_poll(const FotaJsonPlace *root, FotaManifest *manifest)
{
    FotaJsonPlace poll, server;

    if (!fota_json_get_object(root, "poll", FOTA_JSON_OPTIONAL, &poll))
        return;
    manifest->sleep =
        (guint32)fota_json_get_integer(&poll, "sleep", FOTA_JSON_OPTIONAL, 3600, 30 * 86400, 0);
    manifest->not_before = fota_json_get_time(&poll, "notBefore", FOTA_JSON_OPTIONAL);
    if (fota_json_get_object(&poll, "server", FOTA_JSON_OPTIONAL, &server))
        manifest->next_server = read_server(&server);
}

static const char *
validate_authentication(const char *text)
{
    static const char *const kinds[] = {"none", "pap", "chap", NULL};

    return g_strv_contains(kinds, text) ? NULL : "none, pap or chap";
}

static void
read_provision(const FotaJsonPlace *root, FotaProvision *provision)
{
    FotaJsonPlace place;

    if (!fota_json_get_object(root, "provision", FOTA_JSON_OPTIONAL, &place))
        return;
    provision->apn =
        fota_json_get_string(&place, "apn", FOTA_JSON_REQUIRED, fota_text_validate_apn);
    provision->credential =
        fota_json_get_string(&place, "credential", FOTA_JSON_OPTIONAL, fota_text_validate_name);
    provision->authentication =
        fota_json_get_string(&place, "authentication", FOTA_JSON_OPTIONAL, validate_authentication);
}

/* Reads what must be understood before anything else. */
static gboolean
read_version(const FotaJsonPlace *root)
{
    gsize before = root->errors->len;
    gint64 version = fota_json_get_integer(root, "manifestVersion", FOTA_JSON_REQUIRED, 1,
                                           FOTA_JSON_MAX_INTEGER, FOTA_MANIFEST_VERSION);
    g_autofree const char **critical =
        fota_json_get_strings(root, "critical", FOTA_JSON_OPTIONAL, 32, fota_text_validate_name);

    if (root->errors->len > before)
        return TRUE;
    if (version != FOTA_MANIFEST_VERSION)
        fota_json_fault(root, "manifestVersion",
                        "this fotad reads version 1; the manifest needs a newer one");
    for (guint i = 0; critical && critical[i]; i++)
        if (!g_strv_contains(members, critical[i]))
            fota_json_fault(root, "critical", "this fotad does not know %s", critical[i]);
    return root->errors->len == before;
}

static void
read_manifest(const FotaJsonPlace *root, FotaManifest *manifest)
{
    FotaJsonPlace update, report;

    manifest->sequence_number = fota_json_get_integer(root, "sequenceNumber", FOTA_JSON_REQUIRED, 1,
                                                      FOTA_JSON_MAX_INTEGER, 1);
    manifest->issued = fota_json_get_time(root, "issued", FOTA_JSON_REQUIRED);
    manifest->use_before = fota_json_get_time(root, "useBefore", FOTA_JSON_REQUIRED);
    if (manifest->issued && manifest->use_before && manifest->use_before <= manifest->issued)
        fota_json_fault(root, "useBefore", "not after issued");
    read_target(root, manifest);
    read_poll(root, manifest);
    if (fota_json_get_object(root, "update", FOTA_JSON_REQUIRED, &update)) {
        manifest->has_update = json_object_get_size(update.object) > 0;
        if (manifest->has_update)
            fota_manifest_read_update(&update, &manifest->update);
    }
    if (fota_json_get_object(root, "report", FOTA_JSON_OPTIONAL, &report))
        manifest->report = read_server(&report);
    read_provision(root, &manifest->provision);
}

static void
document_clear(gpointer data)
{
    Document *document = data;

    g_free((gpointer)document->manifest.imei);
    g_free((gpointer)document->manifest.model);
    g_free((gpointer)document->manifest.operators);
    for (guint i = 0; i < document->manifest.update.rollout.n_waves; i++)
        g_free((gpointer)document->manifest.update.rollout.waves[i].groups);
    g_clear_pointer(&document->root, json_node_unref);
    g_free(document->digest);
    g_strfreev(document->signers);
}

/* Reads as much as it can; adds the faults to @errors. */
static FotaManifest *
read_payload(GBytes *payload, GPtrArray *errors, FotaPolicyError *code)
{
    Document *document = g_atomic_rc_box_new0(Document);
    FotaManifest *manifest = &document->manifest;
    g_autoptr(GError) fault = NULL;

    document->digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, payload);
    manifest->digest = document->digest;
    *code = FOTA_POLICY_ERROR_BAD_MANIFEST;
    document->root = fota_json_parse(payload, &fault);
    if (document->root) {
        FotaJsonPlace root = fota_json_root(document->root, errors);

        if (read_version(&root))
            read_manifest(&root, manifest);
        else
            *code = FOTA_POLICY_ERROR_UNKNOWN_MANIFEST_VERSION;
    } else {
        g_ptr_array_add(errors, g_strdup(fault->message));
    }
    return manifest;
}

FotaManifest *
fota_manifest_parse(GBytes *payload, GError **error)
{
    g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FotaManifest) manifest = NULL;
    FotaPolicyError code;

    if (g_bytes_get_size(payload) > FOTA_MANIFEST_MAX_BYTES) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE,
                    "the manifest has %" G_GSIZE_FORMAT " bytes; at most %d are taken",
                    g_bytes_get_size(payload), FOTA_MANIFEST_MAX_BYTES);
        return NULL;
    }
    manifest = read_payload(payload, errors, &code);
    if (errors->len == 0)
        return g_steal_pointer(&manifest);
    if (errors->len == 1)
        g_set_error_literal(error, FOTA_POLICY_ERROR, (int)code, g_ptr_array_index(errors, 0));
    else
        g_set_error(error, FOTA_POLICY_ERROR, (int)code, "%s (and %u more)",
                    (const char *)g_ptr_array_index(errors, 0), errors->len - 1);
    return NULL;
}

const char *
fota_source_get_name(FotaSource source)
{
    static const char *const names[] = {
        [FOTA_SOURCE_MANIFEST] = "manifest",
        [FOTA_SOURCE_VENDOR] = "vendor",
        [FOTA_SOURCE_MODULE] = "module",
        [FOTA_SOURCE_CARRIER] = "carrier",
    };

    return names[source];
}

void
fota_manifest_take_signers(FotaManifest *manifest, char **signers)
{
    Document *document = (Document *)manifest;

    g_strfreev(document->signers);
    document->signers = signers;
    manifest->signers = signers[0] ? (const char *const *)signers : NULL;
}

FotaManifest *
fota_manifest_make_for_vendor(const char *imei)
{
    g_autofree char *text =
        g_strdup_printf("{\"manifestVersion\":1,\"sequenceNumber\":1,"
                        "\"issued\":\"2026-11-01T00:00:00Z\","
                        "\"useBefore\":\"2106-01-01T00:00:00Z\",\"target\":{\"imei\":[\"%s\"]},"
                        "\"update\":{\"id\":\"vendor-server\"}}",
                        imei);
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));
    FotaManifest *manifest = fota_manifest_parse(payload, NULL);

    manifest->sequence_number = 0;
    return manifest;
}

GPtrArray *
fota_manifest_lint(GBytes *payload)
{
    GPtrArray *errors = g_ptr_array_new_with_free_func(g_free);
    FotaPolicyError code;
    G_GNUC_UNUSED g_autoptr(FotaManifest) manifest = read_payload(payload, errors, &code);

    if (g_bytes_get_size(payload) > FOTA_MANIFEST_MAX_BYTES)
        g_ptr_array_add(errors, g_strdup_printf("larger than %d bytes", FOTA_MANIFEST_MAX_BYTES));
    return errors;
}

FotaManifest *
fota_manifest_ref(FotaManifest *manifest)
{
    return g_atomic_rc_box_acquire(manifest);
}

void
fota_manifest_unref(FotaManifest *manifest)
{
    g_atomic_rc_box_release_full(manifest, document_clear);
}
