/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-outbox.h"

static void
test_in_order(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *directory = g_build_filename(fixture->directory, "outbox", NULL);

    /* Without a report there is nothing in the state directory. */
    g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
    fota_outbox_start(outbox);
    for (guint i = 1; i <= 3; i++)
        add(outbox, i);
    add(outbox, 2);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 3);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 3);
    for (guint i = 1; i <= 3; i++)
        assert_heard(fixture, i - 1, i);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

/* What an earlier start has written and not posted, or posted and not deleted. */
static void
test_next_start(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *cut = g_build_filename(fixture->directory, "outbox",
                                            "00000000000000000001-00000000.json.AB12CD", NULL);
    g_autofree char *bad =
        g_build_filename(fixture->directory, "outbox", "00000000000000000009-00.json", NULL);

    for (guint i = 1; i <= 12; i++)
        add(outbox, i);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 0);
    g_assert_cmpuint(count_files(fixture), ==, 12);
    g_assert_true(g_file_set_contents(cut, "{\"key\":\"", -1, NULL));
    g_assert_true(g_file_set_contents(bad, "{\"key\":\"00\"}", -1, NULL));
    outbox = fota_outbox_new(&fixture->context);
    g_assert_cmpuint(count_files(fixture), ==, 12);
    add(outbox, 7);
    add(outbox, 13);
    end(outbox, fixture);
    outbox = fota_outbox_new(&fixture->context);
    fota_outbox_start(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 13);
    for (guint i = 1; i <= 13; i++)
        assert_heard(fixture, i - 1, i);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

/* What cannot be read now may be a report, and a later start can perhaps. */
static void
test_unreadable(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *path =
        g_build_filename(fixture->directory, "outbox", "00000000000000000005-05.json", NULL);

    add(outbox, 1);
    end(outbox, fixture);
    /* A loop stands for a flash that fails: reading ends with an error also for root. */
    g_assert_cmpint(symlink(path, path), ==, 0);
    outbox = fota_outbox_new(&fixture->context);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 1);
    add(outbox, 2);
    end(outbox, fixture);
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
    /* What comes later is posted later. */
    g_assert_cmpint(unlink(path), ==, 0);
    path[strlen(path) - strlen("5-05.json")] = '\0';
    g_autofree char *next = g_strdup_printf("%s6-%032x.json", path, 2);
    g_assert_true(g_file_test(next, G_FILE_TEST_EXISTS));
}

/* A full disk loses no report while its server can be reached. */
static void
test_unwritable(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *path = g_build_filename(fixture->directory, "outbox", NULL);

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    fota_outbox_start(outbox);
    for (guint i = 1; i <= 2; i++)
        add(outbox, i);
    run_until_empty(outbox);
    end(outbox, fixture);
    for (guint i = 1; i <= 2; i++)
        assert_heard(fixture, i - 1, i);
}

/* What was begun ends when there is no outbox any more. */
static void
test_freed(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    fixture->away = "r.example";
    fota_outbox_start(outbox);
    add(outbox, 1);
    run_until_heard(fixture, 1);
    add(outbox, 2);
    g_clear_pointer(&fixture->context.store, fota_store_free);
    fota_outbox_free(outbox);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(count_files(fixture), ==, 2);
    fixture->context.store = fota_store_new(fixture->directory, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    g_test_add("/outbox/in-order", Fixture, NULL, set_up, test_in_order, tear_down);
    g_test_add("/outbox/next-start", Fixture, NULL, set_up, test_next_start, tear_down);
    g_test_add("/outbox/unreadable", Fixture, NULL, set_up, test_unreadable, tear_down);
    g_test_add("/outbox/unwritable", Fixture, NULL, set_up, test_unwritable, tear_down);
    g_test_add("/outbox/freed", Fixture, NULL, set_up, test_freed, tear_down);
    return g_test_run();
}
