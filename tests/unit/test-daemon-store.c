/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "daemon/fota-error.h"
#include "daemon/fota-store.h"

#define IMEI "353081090012345"

typedef struct {
    char *directory;
    FotaStore *store;
} Fixture;

static void
fixture_set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
}

static void
fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);
    const char *name;

    fota_store_free(fixture->store);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

        if (g_unlink(path) != 0)
            g_rmdir(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
}

static char *
path_of(Fixture *fixture, const char *suffix)
{
    g_autofree char *name = g_strconcat(IMEI, suffix, NULL);

    return g_build_filename(fixture->directory, name, NULL);
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static gboolean
save(Fixture *fixture, const FotaRecord *record, GBytes *manifest, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    fota_store_save_async(fixture->store, record, manifest, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    return fota_store_save_finish(fixture->store, result, error);
}

static FotaRecord *
make_record(void)
{
    FotaRecord *record = fota_record_new(IMEI);
    FotaHistoryEntry *entry = fota_history_entry_new();

    fota_record_set(&record->model, "ME910C1-NA");
    fota_record_set(&record->digest, "abcd");
    fota_record_set(&record->approved[FOTA_APPROVAL_GATE_INSTALL], "token");
    record->sequence = 1795236802;
    record->asked = 1795236803;
    fota_record_set(&record->asked_token, "asked with");
    record->mark = FOTA_MARK_INSTALLING;
    g_hash_table_insert(record->settings, g_strdup("Context"), g_strdup("3,\"IP\",\"a\\b\""));
    fota_record_set(&entry->id, "first");
    fota_record_set(&entry->result, "failed");
    fota_record_set(&entry->text, "it said \"no\"");
    entry->outage = 165;
    fota_record_add_history(record, entry);
    return record;
}

static void
test_round_trip(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRecord) record = make_record();
    g_autoptr(FotaRecord) loaded = NULL;
    g_autoptr(GBytes) manifest = g_bytes_new_static("{}\0{}", 5);
    g_autoptr(GBytes) kept = NULL;
    g_autoptr(GError) error = NULL;
    const FotaHistoryEntry *entry;

    g_assert_true(save(fixture, record, manifest, &error));
    g_assert_no_error(error);
    loaded = fota_store_load(fixture->store, IMEI, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(loaded->model, ==, "ME910C1-NA");
    g_assert_cmpstr(loaded->digest, ==, "abcd");
    g_assert_cmpstr(loaded->approved[FOTA_APPROVAL_GATE_DOWNLOAD], ==, "");
    g_assert_cmpstr(loaded->approved[FOTA_APPROVAL_GATE_INSTALL], ==, "token");
    g_assert_cmpuint(loaded->sequence, ==, 1795236802);
    g_assert_cmpuint(loaded->asked, ==, 1795236803);
    g_assert_cmpstr(loaded->asked_token, ==, "asked with");
    g_assert_cmpuint(loaded->mark, ==, FOTA_MARK_INSTALLING);
    g_assert_cmpstr(g_hash_table_lookup(loaded->settings, "Context"), ==, "3,\"IP\",\"a\\b\"");
    g_assert_cmpuint(loaded->history->len, ==, 1);
    entry = loaded->history->pdata[0];
    g_assert_cmpstr(entry->text, ==, "it said \"no\"");
    g_assert_cmpuint(entry->outage, ==, 165);
    kept = fota_store_load_manifest(fixture->store, IMEI);
    g_assert_true(g_bytes_equal(kept, manifest));
}

static void
test_check_time(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    gint64 time = 1795236802123456;

    g_assert_cmpint(fota_store_load_check_time(fixture->store, IMEI), ==, 0);
    fota_store_save_check_time_async(fixture->store, IMEI, time, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_store_save_finish(fixture->store, result, &error));
    g_assert_no_error(error);
    g_assert_cmpint(fota_store_load_check_time(fixture->store, IMEI), ==, time);
}

/* Written by a fotad that knew fewer members: they are empty, and everything else is there. */
static void
test_older_record(void)
{
    static const char body[] = "{\"schema\":1,\"imei\":\"" IMEI "\",\"sequence\":7,"
                               "\"settings\":{},\"history\":[]}";
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, body, -1);
    g_autofree char *text = g_strdup_printf("{\"sha256\":\"%s\",\"record\":%s}", digest, body);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaRecord) record = fota_record_parse(bytes, IMEI, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(record->sequence, ==, 7);
    g_assert_cmpstr(record->server, ==, "");
}

static FotaRecord *
parse_body(const char *body, const char *digest, GError **error)
{
    g_autofree char *right = g_compute_checksum_for_string(G_CHECKSUM_SHA256, body, -1);
    g_autofree char *quoted = g_strdup_printf("\"%s\"", right);
    g_autofree char *text =
        g_strdup_printf("{\"sha256\":%s,\"record\":%s}", digest != NULL ? digest : quoted, body);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    return fota_record_parse(bytes, IMEI, error);
}

/* Members of another kind than fotad writes, each behind a good digest, and the digest itself. */
static void
test_other_kinds(void)
{
    static const struct {
        const char *body;
        const char *digest; /* NULL = the right one */
    } cases[] = {
        {"{\"schema\":{},\"imei\":\"" IMEI "\",\"settings\":{},\"history\":[]}", NULL},
        {"{\"schema\":2,\"imei\":\"" IMEI "\",\"settings\":{},\"history\":[]}", NULL},
        {"{\"imei\":\"" IMEI "\",\"settings\":{},\"history\":[]}", NULL},
        {"{\"schema\":1,\"imei\":7,\"settings\":{},\"history\":[]}", NULL},
        {"{\"schema\":1,\"imei\":\"" IMEI "\",\"sequence\":-1,\"settings\":{},\"history\":[]}",
         NULL},
        {"{\"schema\":1,\"imei\":\"" IMEI "\",\"settings\":[],\"history\":[]}", NULL},
        {"{\"schema\":1,\"imei\":\"" IMEI "\",\"settings\":{\"a\":1},\"history\":[]}", NULL},
        {"{\"schema\":1,\"imei\":\"" IMEI "\",\"settings\":{},\"history\":[1]}", NULL},
        {"{\"schema\":1,\"imei\":\"" IMEI "\",\"settings\":{},\"history\":[]}", "[]"},
        {"{\"schema\":1,\"imei\":\"" IMEI "\",\"settings\":{},\"history\":[]}", "7"},
        {"7", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse_body(cases[i].body, cases[i].digest, &error));
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD);
    }
}

static void
test_missing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaRecord) record = fota_store_load(fixture->store, IMEI, &error);
    g_auto(GStrv) list = fota_store_list(fixture->store);

    g_assert_no_error(error);
    g_assert_cmpstr(record->imei, ==, IMEI);
    g_assert_cmpuint(record->mark, ==, FOTA_MARK_NONE);
    g_assert_cmpuint(g_strv_length(list), ==, 0);
}

/* Every truncation, and every altered byte, is noticed, and the generation before is used. */
static void
test_damage(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRecord) record = make_record();
    g_autofree char *file = path_of(fixture, ".json");
    g_autofree char *good = NULL;
    gsize size;

    g_assert_true(save(fixture, record, NULL, NULL));
    fota_record_set(&record->digest, "newer");
    g_assert_true(save(fixture, record, NULL, NULL));
    g_assert_true(g_file_get_contents(file, &good, &size, NULL));
    for (gsize i = 0; i < size; i++) {
        g_autofree char *bad = g_memdup2(good, size);
        g_autoptr(FotaRecord) loaded = NULL;
        g_autoptr(GError) error = NULL;
        gboolean truncate = i % 2 == 0;

        /* White space between the JSON tokens carries nothing. */
        if (g_ascii_isspace(bad[i]) || (truncate && i >= size - 2))
            continue;
        bad[i] ^= 0x01;
        g_assert_true(g_file_set_contents(file, bad, (gssize)(truncate ? i : size), NULL));
        loaded = fota_store_load(fixture->store, IMEI, &error);
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD);
        g_assert_cmpstr(loaded->digest, ==, "abcd");
    }
}

static void
test_power_cut(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRecord) record = make_record();
    g_autoptr(FotaRecord) loaded = NULL;
    g_autofree char *file = path_of(fixture, ".json");
    g_autofree char *previous = path_of(fixture, ".json.prev");
    g_auto(GStrv) list = NULL;
    g_autoptr(GError) error = NULL;

    /* Between moving the old generation aside and writing the new one. */
    g_assert_true(save(fixture, record, NULL, NULL));
    g_assert_cmpint(g_rename(file, previous), ==, 0);
    list = fota_store_list(fixture->store);
    g_assert_cmpuint(g_strv_length(list), ==, 1);
    loaded = fota_store_load(fixture->store, IMEI, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(loaded->digest, ==, "abcd");
}

/* What was to be written when fotad was cut off is swept away, and nothing else. */
static void
test_leftovers(Fixture *fixture, gconstpointer data)
{
    static const char *const swept[] = {".json.AB12CD", ".manifest.xyz123", ".lease.Zz9999"};
    static const char *const kept[] = {".json", ".json.prev", ".manifest", ".checked", ".lease"};
    g_autoptr(FotaStore) store = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(swept); i++) {
        g_autofree char *file = path_of(fixture, swept[i]);

        g_assert_true(g_file_set_contents(file, "{", 1, NULL));
    }
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *file = path_of(fixture, kept[i]);

        g_assert_true(g_file_set_contents(file, "{", 1, NULL));
    }
    store = fota_store_new(fixture->directory, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(swept); i++) {
        g_autofree char *file = path_of(fixture, swept[i]);

        g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    }
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *file = path_of(fixture, kept[i]);

        g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    }
}

/* The newest generation, which is lost, may have said that the order to install was given. */
static void
test_damaged_before_install(Fixture *fixture, gconstpointer data)
{
    static const FotaMark marks[] = {
        [FOTA_MARK_NONE] = FOTA_MARK_NONE,
        [FOTA_MARK_DOWNLOADING] = FOTA_MARK_INSTALLING, /* with one gate */
        [FOTA_MARK_DOWNLOADED] = FOTA_MARK_INSTALLING,
        [FOTA_MARK_INSTALLING] = FOTA_MARK_INSTALLING,
        [FOTA_MARK_DISCARDING] = FOTA_MARK_DISCARDING,
        [FOTA_MARK_FETCHING] = FOTA_MARK_FETCHING,
        [FOTA_MARK_PROVING] = FOTA_MARK_PROVING,
        [FOTA_MARK_RESTORING] = FOTA_MARK_RESTORING,
    };
    g_autoptr(FotaRecord) record = make_record();
    g_autofree char *file = path_of(fixture, ".json");

    G_STATIC_ASSERT(G_N_ELEMENTS(marks) == FOTA_MARK_LAST + 1);
    for (FotaMark mark = FOTA_MARK_NONE; mark <= FOTA_MARK_LAST; mark++) {
        g_autoptr(FotaRecord) whole = NULL;
        g_autoptr(FotaRecord) loaded = NULL;
        g_autoptr(GError) error = NULL;

        record->mark = mark;
        g_assert_true(save(fixture, record, NULL, NULL));
        whole = fota_store_load(fixture->store, IMEI, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(whole->mark, ==, mark);

        g_assert_true(save(fixture, record, NULL, NULL));
        g_assert_true(g_file_set_contents(file, "", 0, NULL));
        loaded = fota_store_load(fixture->store, IMEI, &error);
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD);
        g_assert_cmpuint(loaded->mark, ==, marks[mark]);
    }
}

/* ... or that the module was told yes: a question that nobody has approved is still open. */
static void
test_damaged_before_answer(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *approved, *left;
    } cases[] = {{"token", ""}, {"", "#OTAEV: Do you want to upgrade?"}};
    g_autofree char *file = path_of(fixture, ".json");

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaRecord) record = fota_record_new(IMEI);
        g_autoptr(FotaRecord) whole = NULL;
        g_autoptr(FotaRecord) loaded = NULL;

        fota_record_set(&record->question, cases[1].left);
        fota_record_set(&record->question_approved, cases[i].approved);
        g_assert_true(save(fixture, record, NULL, NULL));
        whole = fota_store_load(fixture->store, IMEI, NULL);
        g_assert_cmpstr(whole->question, ==, cases[1].left);
        g_assert_cmpstr(whole->question_approved, ==, cases[i].approved);

        g_assert_true(save(fixture, record, NULL, NULL));
        g_assert_true(g_file_set_contents(file, "", 0, NULL));
        loaded = fota_store_load(fixture->store, IMEI, NULL);
        g_assert_cmpstr(loaded->question, ==, cases[i].left);
        g_assert_cmpstr(loaded->question_approved, ==, "");
        g_assert_cmpuint(loaded->mark, ==, FOTA_MARK_NONE);
    }
}

/* What is there but cannot be read is not taken for what never was. */
static void
test_unreadable(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRecord) loaded = NULL;
    g_autofree char *file = path_of(fixture, ".json");
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir(file, 0700), ==, 0);
    loaded = fota_store_load(fixture->store, IMEI, &error);
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD);
    g_assert_nonnull(strstr(error->message, "nothing is known"));
}

static void
test_not_writable(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRecord) record = make_record();
    g_autofree char *file = path_of(fixture, ".json");
    g_autofree char *previous = path_of(fixture, ".json.prev");
    g_autoptr(GError) error = NULL;

    /* Root may write anywhere: a directory in the way is what cannot be overcome. */
    g_assert_true(save(fixture, record, NULL, NULL));
    g_assert_cmpint(g_mkdir(previous, 0700), ==, 0);
    g_assert_false(save(fixture, record, NULL, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE);
    g_assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
}

static void
test_other_module(Fixture *fixture, gconstpointer data)
{
    g_autoptr(FotaRecord) record = make_record();
    g_autoptr(GBytes) bytes = fota_record_serialize(record);
    g_autoptr(GError) error = NULL;

    g_assert_null(fota_record_parse(bytes, "353081090099999", &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_RECORD);
}

static void
test_history_is_bounded(void)
{
    g_autoptr(FotaRecord) record = fota_record_new(IMEI);

    for (guint i = 0; i < FOTA_HISTORY_MAX + 5; i++) {
        FotaHistoryEntry *entry = fota_history_entry_new();

        entry->outage = i;
        fota_record_add_history(record, entry);
    }
    g_assert_cmpuint(record->history->len, ==, FOTA_HISTORY_MAX);
    g_assert_cmpuint(((FotaHistoryEntry *)record->history->pdata[0])->outage, ==,
                     FOTA_HISTORY_MAX + 4);
}

/* What the module comes from, and what it does not. */
static void
test_left(void)
{
    static const struct {
        const char *revision;
        struct {
            const char *result, *from, *to;
        } history[4]; /* newest first */
        const char *left[4];
    } cases[] = {
        {"A", {{NULL}}, {NULL}},
        {"B", {{"success", "A", "B"}}, {"A"}},
        {"A", {{"failed", "A", "B"}, {"rejected", "A", "B"}}, {NULL}},
        {"B", {{"failed", "B", "C"}, {"success", "A", "B"}}, {"A"}},
        {"C", {{"success", "B", "C"}, {"success", "A", "B"}}, {"A", "B", "B"}},
        /* Brought back on purpose, or by hand: the way up is no way back. */
        {"A", {{"success", "B", "A"}, {"success", "A", "B"}}, {NULL}},
        {"A", {{"success", "A", "B"}}, {NULL}},
        {"B", {{"success", "B", "C"}, {"success", "A", "B"}}, {"A"}},
        /* Flashed by hand, to where nobody has led it. */
        {"X", {{"success", "B", "C"}, {"success", "A", "B"}}, {NULL}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaRecord) record = fota_record_new(IMEI);
        g_autofree const char **left = NULL;

        fota_record_set(&record->revision, cases[i].revision);
        for (guint j = 4; j-- > 0;) {
            FotaHistoryEntry *entry;

            if (cases[i].history[j].result == NULL)
                continue;
            entry = fota_history_entry_new();
            fota_record_set(&entry->result, cases[i].history[j].result);
            fota_record_set(&entry->from, cases[i].history[j].from);
            fota_record_set(&entry->to, cases[i].history[j].to);
            fota_record_add_history(record, entry);
        }
        left = fota_record_list_left(record);
        g_test_message("case %u", i);
        for (guint j = 0; j < 4; j++) {
            g_assert_cmpstr(left[j], ==, cases[i].left[j]);
            if (left[j] == NULL)
                break;
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
    g_test_add(path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
    ADD("/store/round-trip", test_round_trip);
    ADD("/store/missing", test_missing);
    ADD("/store/check-time", test_check_time);
    g_test_add_func("/store/older-record", test_older_record);
    g_test_add_func("/store/other-kinds", test_other_kinds);
    ADD("/store/damage", test_damage);
    ADD("/store/power-cut", test_power_cut);
    ADD("/store/leftovers", test_leftovers);
    ADD("/store/damaged-before-install", test_damaged_before_install);
    ADD("/store/damaged-before-answer", test_damaged_before_answer);
    ADD("/store/unreadable", test_unreadable);
    ADD("/store/not-writable", test_not_writable);
    ADD("/store/other-module", test_other_module);
    g_test_add_func("/store/left", test_left);
    g_test_add_func("/store/history-is-bounded", test_history_is_bounded);
    return g_test_run();
}
