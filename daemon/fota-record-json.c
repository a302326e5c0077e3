/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-record.h"

#include <string.h>

#include "base/fota-json.h"
#include "daemon/fota-error.h"

/* The members of a record by name, in memory and as JSON. */

#define SCHEMA 1

/* Begins a text that is written as base64 of its bytes. */
#define AS_BYTES '\001'

typedef struct {
    const char *name;
    gsize offset;
    gboolean is_text; /* else a guint64 */
} Member;

#define TEXT(type, member)                                                                         \
    {                                                                                              \
#member, G_STRUCT_OFFSET(type, member), TRUE                                               \
    }
#define NUMBER(type, member)                                                                       \
    {                                                                                              \
#member, G_STRUCT_OFFSET(type, member), FALSE                                              \
    }

#define STAGE(type, name, stage)                                                                   \
    {                                                                                              \
        name, G_STRUCT_OFFSET(type, stages[stage]), FALSE                                          \
    }
#define STAGES(type)                                                                               \
    STAGE(type, "stage_offered", FOTA_STAGE_OFFERED),                                              \
        STAGE(type, "stage_approved", FOTA_STAGE_APPROVED),                                        \
        STAGE(type, "stage_download", FOTA_STAGE_DOWNLOAD),                                        \
        STAGE(type, "stage_downloaded", FOTA_STAGE_DOWNLOADED),                                    \
        STAGE(type, "stage_install_approved", FOTA_STAGE_INSTALL_APPROVED),                        \
        STAGE(type, "stage_install", FOTA_STAGE_INSTALL),                                          \
        STAGE(type, "stage_verify", FOTA_STAGE_VERIFY)
G_STATIC_ASSERT(FOTA_N_STAGES == FOTA_STAGE_VERIFY + 1);

static const Member record_members[] = {
    TEXT(FotaRecord, imei),
    TEXT(FotaRecord, manufacturer),
    TEXT(FotaRecord, model),
    TEXT(FotaRecord, revision),
    TEXT(FotaRecord, mm_revision),
    TEXT(FotaRecord, device),
    TEXT(FotaRecord, pin_tried),
    TEXT(FotaRecord, registered),
    NUMBER(FotaRecord, registrations),
    TEXT(FotaRecord, service_seen),
    NUMBER(FotaRecord, sequence),
    TEXT(FotaRecord, digest),
    NUMBER(FotaRecord, issued),
    TEXT(FotaRecord, signers),
    TEXT(FotaRecord, expired),
    TEXT(FotaRecord, etag),
    TEXT(FotaRecord, etag_of),
    TEXT(FotaRecord, server),
    TEXT(FotaRecord, server_credential),
    TEXT(FotaRecord, moved_from),
    {"data_month", G_STRUCT_OFFSET(FotaRecord, data.month), FALSE},
    {"data_used", G_STRUCT_OFFSET(FotaRecord, data.used), FALSE},
    {"delta_counted", G_STRUCT_OFFSET(FotaRecord, delta_data.counted), FALSE},
    {"delta_charge", G_STRUCT_OFFSET(FotaRecord, delta_data.charge), FALSE},
    NUMBER(FotaRecord, data_saved),
    NUMBER(FotaRecord, first_offered),
    NUMBER(FotaRecord, asked),
    TEXT(FotaRecord, asked_token),
    NUMBER(FotaRecord, deferred_until),
    NUMBER(FotaRecord, deferred_for),
    TEXT(FotaRecord, rejected),
    TEXT(FotaRecord, cancelled),
    {"approved_download", G_STRUCT_OFFSET(FotaRecord, approved[FOTA_APPROVAL_GATE_DOWNLOAD]), TRUE},
    {"approved_install", G_STRUCT_OFFSET(FotaRecord, approved[FOTA_APPROVAL_GATE_INSTALL]), TRUE},
    NUMBER(FotaRecord, attempts),
    NUMBER(FotaRecord, last_attempt),
    TEXT(FotaRecord, failed_delivery),
    TEXT(FotaRecord, cached),
    TEXT(FotaRecord, question),
    TEXT(FotaRecord, question_from),
    NUMBER(FotaRecord, question_heard),
    NUMBER(FotaRecord, question_asked),
    NUMBER(FotaRecord, question_answered),
    NUMBER(FotaRecord, question_deferred_until),
    NUMBER(FotaRecord, question_deferred_for),
    TEXT(FotaRecord, question_approved),
    TEXT(FotaRecord, question_refused),
    NUMBER(FotaRecord, mark),
    NUMBER(FotaRecord, unsettled),
    TEXT(FotaRecord, update_id),
    TEXT(FotaRecord, from),
    TEXT(FotaRecord, to),
    TEXT(FotaRecord, delta),
    TEXT(FotaRecord, delivery),
    TEXT(FotaRecord, chain_from),
    NUMBER(FotaRecord, started),
    NUMBER(FotaRecord, starts),
    NUMBER(FotaRecord, received),
    TEXT(FotaRecord, began_with),
    TEXT(FotaRecord, service_before),
    NUMBER(FotaRecord, outage),
    TEXT(FotaRecord, differing),
    TEXT(FotaRecord, back),
    NUMBER(FotaRecord, restoring),
    NUMBER(FotaRecord, restores),
    TEXT(FotaRecord, loss),
    TEXT(FotaRecord, unserved),
    TEXT(FotaRecord, unserved_to),
    STAGES(FotaRecord),
};

static const Member entry_members[] = {
    TEXT(FotaHistoryEntry, id),
    TEXT(FotaHistoryEntry, result),
    TEXT(FotaHistoryEntry, from),
    TEXT(FotaHistoryEntry, to),
    TEXT(FotaHistoryEntry, error),
    TEXT(FotaHistoryEntry, text),
    TEXT(FotaHistoryEntry, differing),
    NUMBER(FotaHistoryEntry, started),
    NUMBER(FotaHistoryEntry, finished),
    NUMBER(FotaHistoryEntry, outage),
    TEXT(FotaHistoryEntry, version),
    NUMBER(FotaHistoryEntry, bytes),
    TEXT(FotaHistoryEntry, service_before),
    TEXT(FotaHistoryEntry, service_after),
    STAGES(FotaHistoryEntry),
};

static const Member number_members[] = {
    TEXT(FotaTrustNumber, signer),
    NUMBER(FotaTrustNumber, sequence),
    NUMBER(FotaTrustNumber, issued),
    TEXT(FotaTrustNumber, digest),
};

static void
members_init(gpointer object, const Member *members, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (members[i].is_text)
            G_STRUCT_MEMBER(char *, object, members[i].offset) = g_strdup("");
    }
}

static void
members_clear(gpointer object, const Member *members, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (members[i].is_text)
            g_clear_pointer(&G_STRUCT_MEMBER(char *, object, members[i].offset), g_free);
    }
}

/*
 * A module may report any bytes, and gets them back unchanged. JSON takes only UTF-8; json-glib
 * writes U+001F without an escape.
 */
static char *
text_encode(const char *text)
{
    g_autofree char *encoded = NULL;

    if (text[0] != AS_BYTES && strchr(text, '\037') == NULL && g_utf8_validate(text, -1, NULL))
        return g_strdup(text);
    encoded = g_base64_encode((const guchar *)text, strlen(text));
    return g_strdup_printf("%c%s", AS_BYTES, encoded);
}

static char *
text_decode(const char *written)
{
    g_autofree guchar *bytes = NULL;
    gsize size;

    if (written[0] != AS_BYTES)
        return g_strdup(written);
    bytes = g_base64_decode(written + 1, &size);
    return g_strndup((const char *)bytes, size);
}

static void
text_write(JsonBuilder *builder, const char *text)
{
    g_autofree char *encoded = text_encode(text);

    json_builder_add_string_value(builder, encoded);
}

static void
members_write(JsonBuilder *builder, gconstpointer object, const Member *members, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        json_builder_set_member_name(builder, members[i].name);
        if (members[i].is_text)
            text_write(builder, G_STRUCT_MEMBER(char *, object, members[i].offset));
        else
            json_builder_add_int_value(
                builder, (gint64)MIN(G_STRUCT_MEMBER(guint64, object, members[i].offset),
                                     (guint64)G_MAXINT64));
    }
}

static gboolean
members_read(JsonObject *json, gpointer object, const Member *members, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        JsonNode *node = json_object_get_member(json, members[i].name);

        if (node == NULL)
            continue;
        if (!JSON_NODE_HOLDS_VALUE(node))
            return FALSE;
        if (members[i].is_text) {
            if (json_node_get_value_type(node) != G_TYPE_STRING)
                return FALSE;
            g_free(G_STRUCT_MEMBER(char *, object, members[i].offset));
            G_STRUCT_MEMBER(char *, object, members[i].offset) =
                text_decode(json_node_get_string(node));
        } else {
            if (json_node_get_value_type(node) != G_TYPE_INT64 || json_node_get_int(node) < 0)
                return FALSE;
            G_STRUCT_MEMBER(guint64, object, members[i].offset) = (guint64)json_node_get_int(node);
        }
    }
    return TRUE;
}

FotaHistoryEntry *
fota_history_entry_new(void)
{
    FotaHistoryEntry *entry = g_new0(FotaHistoryEntry, 1);

    members_init(entry, entry_members, G_N_ELEMENTS(entry_members));
    return entry;
}

void
fota_history_entry_free(FotaHistoryEntry *entry)
{
    members_clear(entry, entry_members, G_N_ELEMENTS(entry_members));
    g_free(entry);
}

FotaRecord *
fota_record_new(const char *imei)
{
    FotaRecord *record = g_new0(FotaRecord, 1);

    members_init(record, record_members, G_N_ELEMENTS(record_members));
    fota_record_set(&record->imei, imei);
    record->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    record->numbers = g_ptr_array_new_with_free_func((GDestroyNotify)fota_trust_number_free);
    record->history = g_ptr_array_new_with_free_func((GDestroyNotify)fota_history_entry_free);
    return record;
}

void
fota_record_free(FotaRecord *record)
{
    members_clear(record, record_members, G_N_ELEMENTS(record_members));
    g_hash_table_unref(record->settings);
    g_ptr_array_unref(record->numbers);
    g_ptr_array_unref(record->history);
    g_free(record);
}

static void
array_write(JsonBuilder *builder, const char *name, const GPtrArray *array, const Member *members,
            gsize n)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; i < array->len; i++) {
        json_builder_begin_object(builder);
        members_write(builder, array->pdata[i], members, n);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static JsonNode *
record_to_node(const FotaRecord *record)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(record->settings), (GCompareFunc)(void (*)(void))strcmp);

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "schema");
    json_builder_add_int_value(builder, SCHEMA);
    members_write(builder, record, record_members, G_N_ELEMENTS(record_members));
    json_builder_set_member_name(builder, "settings");
    json_builder_begin_object(builder);
    for (GList *l = names; l != NULL; l = l->next) {
        g_autofree char *setting = text_encode(l->data);

        json_builder_set_member_name(builder, setting);
        text_write(builder, g_hash_table_lookup(record->settings, l->data));
    }
    json_builder_end_object(builder);
    array_write(builder, "numbers", record->numbers, number_members, G_N_ELEMENTS(number_members));
    array_write(builder, "history", record->history, entry_members, G_N_ELEMENTS(entry_members));
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}

static char *
node_digest(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);

    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

GBytes *
fota_record_serialize(const FotaRecord *record)
{
    g_autoptr(JsonNode) node = record_to_node(record);
    g_autofree char *digest = node_digest(node);
    g_autofree char *body = json_to_string(node, TRUE);
    char *text = g_strdup_printf("{\n\"sha256\": \"%s\",\n\"record\": %s\n}\n", digest, body);

    return g_bytes_new_take(text, strlen(text));
}

static gboolean
has_value(JsonObject *json, const char *name, GType type)
{
    JsonNode *node = json_object_get_member(json, name);

    return node != NULL && json_node_get_value_type(node) == type;
}

static gboolean
settings_read(FotaRecord *record, JsonNode *settings)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (settings == NULL || !JSON_NODE_HOLDS_OBJECT(settings))
        return FALSE;
    json_object_iter_init(&iter, json_node_get_object(settings));
    while (json_object_iter_next(&iter, &name, &value)) {
        if (json_node_get_value_type(value) != G_TYPE_STRING)
            return FALSE;
        g_hash_table_insert(record->settings, text_decode(name),
                            text_decode(json_node_get_string(value)));
    }
    return TRUE;
}

static gboolean
array_read(GPtrArray *array, JsonNode *json, gpointer (*make)(void), const Member *members, gsize n)
{
    if (json == NULL || !JSON_NODE_HOLDS_ARRAY(json))
        return FALSE;
    for (guint i = 0; i < json_array_get_length(json_node_get_array(json)); i++) {
        JsonNode *node = json_array_get_element(json_node_get_array(json), i);
        gpointer element = make();

        g_ptr_array_add(array, element);
        if (!JSON_NODE_HOLDS_OBJECT(node) ||
            !members_read(json_node_get_object(node), element, members, n))
            return FALSE;
    }
    return TRUE;
}

/* An older fotad kept one number, and whose it was. */
static void
numbers_inherit(FotaRecord *record)
{
    g_auto(GStrv) signers = g_strsplit(record->signers, " ", -1);
    guint i = 0;

    if (record->sequence == 0)
        return;
    do {
        FotaTrustNumber *number = fota_trust_number_new();

        fota_record_set(&number->signer, signers[i]);
        fota_record_set(&number->digest, record->digest);
        number->sequence = record->sequence;
        number->issued = record->issued;
        g_ptr_array_add(record->numbers, number);
    } while (signers[i] != NULL && signers[++i] != NULL);
}

static gpointer
make_entry(void)
{
    return fota_history_entry_new();
}

static gpointer
make_number(void)
{
    return fota_trust_number_new();
}

static gboolean
read_collections(FotaRecord *record, JsonObject *json)
{
    if (!settings_read(record, json_object_get_member(json, "settings")) ||
        !array_read(record->history, json_object_get_member(json, "history"), make_entry,
                    entry_members, G_N_ELEMENTS(entry_members)))
        return FALSE;
    if (json_object_has_member(json, "numbers"))
        return array_read(record->numbers, json_object_get_member(json, "numbers"), make_number,
                          number_members, G_N_ELEMENTS(number_members));
    numbers_inherit(record);
    return TRUE;
}

FotaRecord *
fota_record_parse(GBytes *bytes, const char *imei, GError **error)
{
    g_autoptr(JsonNode) root = fota_json_parse_own(bytes, NULL);
    g_autoptr(FotaRecord) record = fota_record_new(imei);
    g_autofree char *digest = NULL;
    JsonObject *file = root != NULL ? json_node_get_object(root) : NULL;
    JsonNode *node = file != NULL ? json_object_get_member(file, "record") : NULL;

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD, "it is not a record");
        return NULL;
    }
    digest = node_digest(node);
    if (!has_value(file, "sha256", G_TYPE_STRING) ||
        strcmp(json_object_get_string_member(file, "sha256"), digest) != 0) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD,
                    "its contents do not match its digest");
        return NULL;
    }
    if (!has_value(json_node_get_object(node), "schema", G_TYPE_INT64) ||
        json_object_get_int_member(json_node_get_object(node), "schema") != SCHEMA) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD, "its schema is not %d", SCHEMA);
        return NULL;
    }
    if (!members_read(json_node_get_object(node), record, record_members,
                      G_N_ELEMENTS(record_members)) ||
        !read_collections(record, json_node_get_object(node)) || strcmp(record->imei, imei) != 0 ||
        record->mark > FOTA_MARK_LAST) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD, "a member is wrong");
        return NULL;
    }
    return g_steal_pointer(&record);
}
