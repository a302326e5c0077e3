/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* With its tables of members: what is added to them is tested too. */
#include "daemon/fota-record-json.c"
#include "daemon/job/fota-report.h"
#include "plugins/fota-plugin.h"

#define IMEI "353081090012345"
#define ROUNDS 30

static const guint64 extremes[] = {
    0,
    1,
    G_MAXUINT32,
    FOTA_JSON_MAX_INTEGER,
    FOTA_JSON_MAX_INTEGER + 1,
    G_GUINT64_CONSTANT(1795236802123456),
    G_GUINT64_CONSTANT(9999999999999999),
    G_GUINT64_CONSTANT(10000000000000000),
    FOTA_APPROVAL_LATEST,
    G_GUINT64_CONSTANT(1000000000000000000),
    G_MAXINT64 - 1,
    G_MAXINT64,
};

static const char *const texts[] = {
    "",
    " ",
    "a \"quoted\" \\ text / with {braces} and , and :",
    "\t\r\n\b\f\v",
    "\001",
    "\001AAAA",
    "\036",
    "\037",
    "\177",
    "\xff\xfe",
    "cut off \xc3",
    "\xc0\x80",
    "\xed\xa0\x80",
    "\xef\xbf\xbe\xef\xbf\xbf",
    "\\u0000 \\ud800",
    "Zürich \xf0\x9f\x98\x80",
};

static guint64
random_number(GRand *rand)
{
    guint64 number = (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);

    if (g_rand_boolean(rand))
        return extremes[g_rand_int_range(rand, 0, G_N_ELEMENTS(extremes))];
    return number >> g_rand_int_range(rand, 1, 64);
}

static char *
random_text(GRand *rand)
{
    gsize length = (gsize)g_rand_int_range(rand, 0, 40);
    char *text;

    if (g_rand_boolean(rand))
        return g_strdup(texts[g_rand_int_range(rand, 0, G_N_ELEMENTS(texts))]);
    if (g_rand_int_range(rand, 0, 200) == 0)
        return g_strnfill(20000, (char)g_rand_int_range(rand, 1, 256));
    text = g_malloc0(length + 1);
    for (gsize i = 0; i < length; i++)
        text[i] = (char)g_rand_int_range(rand, 1, 256);
    return text;
}

static void
fill(gpointer object, const Member *members, gsize n, GRand *rand)
{
    for (gsize i = 0; i < n; i++) {
        if (members[i].is_text) {
            g_autofree char *text = random_text(rand);

            fota_record_set(&G_STRUCT_MEMBER(char *, object, members[i].offset), text);
        } else {
            G_STRUCT_MEMBER(guint64, object, members[i].offset) = random_number(rand);
        }
    }
}

static void
assert_equal(gconstpointer a, gconstpointer b, const Member *members, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_test_message("%s", members[i].name);
        if (members[i].is_text)
            g_assert_cmpstr(G_STRUCT_MEMBER(char *, a, members[i].offset), ==,
                            G_STRUCT_MEMBER(char *, b, members[i].offset));
        else
            g_assert_cmpuint(G_STRUCT_MEMBER(guint64, a, members[i].offset), ==,
                             G_STRUCT_MEMBER(guint64, b, members[i].offset));
    }
}

static FotaRecord *
make_any(GRand *rand)
{
    FotaRecord *record = fota_record_new(IMEI);
    guint entries = (guint)g_rand_int_range(rand, 0, FOTA_HISTORY_MAX);
    guint settings = (guint)g_rand_int_range(rand, 0, 8);
    guint numbers = (guint)g_rand_int_range(rand, 0, 4);

    fill(record, record_members, G_N_ELEMENTS(record_members), rand);
    fota_record_set(&record->imei, IMEI);
    record->mark = (guint64)g_rand_int_range(rand, 0, FOTA_MARK_DISCARDING + 1);
    for (guint i = 0; i < settings; i++)
        g_hash_table_insert(record->settings, random_text(rand), random_text(rand));
    for (guint i = 0; i < numbers; i++) {
        FotaTrustNumber *number = fota_trust_number_new();

        fill(number, number_members, G_N_ELEMENTS(number_members), rand);
        g_ptr_array_add(record->numbers, number);
    }
    for (guint i = 0; i < entries; i++) {
        FotaHistoryEntry *entry = fota_history_entry_new();

        fill(entry, entry_members, G_N_ELEMENTS(entry_members), rand);
        fota_record_add_history(record, entry);
    }
    return record;
}

static FotaRecord *
write_and_read(const FotaRecord *record)
{
    g_autoptr(GBytes) bytes = fota_record_serialize(record);
    g_autoptr(GError) error = NULL;
    FotaRecord *again = fota_record_parse(bytes, IMEI, &error);

    g_assert_no_error(error);
    return again;
}

static void
assert_same_settings(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer name, value;

    g_assert_cmpuint(g_hash_table_size(a), ==, g_hash_table_size(b));
    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_assert_cmpstr(g_hash_table_lookup(b, name), ==, value);
}

/* Whatever is written is read again as it was. */
static void
test_any_value(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20261127);

    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(FotaRecord) record = make_any(rand);
        g_autoptr(FotaRecord) again = write_and_read(record);

        assert_equal(record, again, record_members, G_N_ELEMENTS(record_members));
        assert_same_settings(record->settings, again->settings);
        g_assert_cmpuint(record->numbers->len, ==, again->numbers->len);
        for (guint i = 0; i < record->numbers->len; i++)
            assert_equal(record->numbers->pdata[i], again->numbers->pdata[i], number_members,
                         G_N_ELEMENTS(number_members));
        g_assert_cmpuint(record->history->len, ==, again->history->len);
        for (guint i = 0; i < record->history->len; i++)
            assert_equal(record->history->pdata[i], again->history->pdata[i], entry_members,
                         G_N_ELEMENTS(entry_members));
    }
}

/* Each extreme and each text in every member. */
static void
test_each_extreme(void)
{
    for (guint j = 0; j < MAX(G_N_ELEMENTS(texts), G_N_ELEMENTS(extremes)); j++) {
        g_autoptr(FotaRecord) record = fota_record_new(IMEI);
        g_autoptr(FotaRecord) again = NULL;

        for (guint i = 0; i < G_N_ELEMENTS(record_members); i++) {
            const Member *member = &record_members[i];

            if (member->is_text)
                fota_record_set(&G_STRUCT_MEMBER(char *, record, member->offset),
                                texts[j % G_N_ELEMENTS(texts)]);
            else
                G_STRUCT_MEMBER(guint64, record, member->offset) =
                    extremes[j % G_N_ELEMENTS(extremes)];
        }
        fota_record_set(&record->imei, IMEI);
        record->mark = FOTA_MARK_DOWNLOADED;
        again = write_and_read(record);
        assert_equal(record, again, record_members, G_N_ELEMENTS(record_members));
    }
}

/* No member needs so much; it is written as the largest that can be, not as what nobody can read.
 */
static void
test_beyond(void)
{
    static const guint64 beyond[] = {(guint64)G_MAXINT64 + 1, G_MAXUINT64};

    for (guint i = 0; i < G_N_ELEMENTS(beyond); i++) {
        g_autoptr(FotaRecord) record = fota_record_new(IMEI);
        g_autoptr(FotaRecord) again = NULL;

        record->deferred_until = beyond[i];
        record->sequence = 7;
        again = write_and_read(record);
        g_assert_cmpuint(again->deferred_until, ==, G_MAXINT64);
        g_assert_cmpuint(again->sequence, ==, 7);
    }
}

/* What is owed to the module outlives the update, with the method that pays it. */
static void
test_debts(void)
{
    static const struct {
        const char *name, *value;
        gboolean stays, owed;
    } cases[] = {
        {FOTA_OWED "Context", "3,\"IP\",\"own\"", TRUE, TRUE},
        {FOTA_OWED "Context", "", FALSE, FALSE},
        {"Context", "3", FALSE, FALSE},
        {FOTA_JOB_POWER, "1", TRUE, FALSE},
        {FOTA_JOB_TRANSFER, "1", TRUE, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FotaRecord) record = fota_record_new(IMEI);
        g_autoptr(FotaRecord) again = NULL;

        g_hash_table_insert(record->settings, g_strdup(cases[i].name), g_strdup(cases[i].value));
        g_hash_table_insert(record->settings, g_strdup(FOTA_JOB_METHOD), g_strdup("pull"));
        fota_record_forget_update(record);
        again = write_and_read(record);
        g_assert_cmpint(g_hash_table_contains(again->settings, cases[i].name), ==, cases[i].stays);
        g_assert_cmpint(g_hash_table_contains(again->settings, FOTA_JOB_METHOD), ==, cases[i].owed);
        g_assert_cmpint(fota_record_owes(again), ==, cases[i].owed);
        fota_record_forget_debts(again);
        g_assert_false(fota_record_owes(again));
        g_assert_cmpint(fota_record_is_in_transfer(again), ==,
                        g_str_equal(cases[i].name, FOTA_JOB_TRANSFER));
        fota_record_end_transfer(again);
        g_assert_false(fota_record_is_in_transfer(again));
    }
}

/* An older fotad kept one number, and whose it was. */
static void
test_older_numbers(void)
{
    static const struct {
        guint64 sequence;
        const char *signers, *first, *second;
    } cases[] = {
        {0, "", NULL, NULL},
        {7, "", "", NULL},
        {7, "A1", "A1", NULL},
        {7, "A1 A2", "A1", "A2"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *body =
            g_strdup_printf("{\"schema\":1,\"imei\":\"" IMEI "\",\"sequence\":%" G_GUINT64_FORMAT
                            ",\"digest\":\"d\",\"issued\":3,\"signers\":\"%s\",\"settings\":{},"
                            "\"history\":[]}",
                            cases[i].sequence, cases[i].signers);
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, body, -1);
        g_autofree char *text = g_strdup_printf("{\"sha256\":\"%s\",\"record\":%s}", digest, body);
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        g_autoptr(FotaRecord) record = fota_record_parse(bytes, IMEI, NULL);
        const char *const signers[] = {cases[i].first, cases[i].second};
        guint n = cases[i].second ? 2 : cases[i].first ? 1 : 0;

        g_assert_cmpuint(record->numbers->len, ==, n);
        for (guint j = 0; j < n; j++) {
            const FotaTrustNumber *number = record->numbers->pdata[j];

            g_assert_cmpstr(number->signer, ==, signers[j]);
            g_assert_cmpstr(number->digest, ==, "d");
            g_assert_cmpuint(number->sequence, ==, 7);
            g_assert_cmpuint(number->issued, ==, 3);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/any-value", test_any_value);
    g_test_add_func("/record/each-extreme", test_each_extreme);
    g_test_add_func("/record/beyond", test_beyond);
    g_test_add_func("/record/debts", test_debts);
    g_test_add_func("/record/older-numbers", test_older_numbers);
    return g_test_run();
}
