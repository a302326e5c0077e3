/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/fota-cache.h"
#include "daemon/fota-error.h"

#define TEXT "the delta from A to B"
#define SIZE (sizeof TEXT - 1)
#define KEY "k"

typedef struct {
    char *state;
    FotaCache *cache;
    char *sha256;
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->state = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    self->cache = fota_cache_new(self->state);
    self->sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, TEXT, -1);
}

static char *
make_path(Fixture *self, const char *suffix)
{
    return g_strdup_printf("%s/deltas/" KEY ".%s", self->state, suffix);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_autofree char *directory = g_build_filename(self->state, "deltas", NULL);

    fota_cache_claim(self->cache, "everybody", "nothing");
    fota_cache_claim(self->cache, "everybody", NULL);
    fota_cache_sweep(self->cache);
    fota_cache_free(self->cache);
    g_rmdir(directory);
    g_assert_cmpint(g_rmdir(self->state), ==, 0);
    g_free(self->state);
    g_free(self->sha256);
}

static void
add(Fixture *self, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GFileOutputStream) part = fota_cache_open_part(self->cache, KEY, &error);

    g_assert_no_error(error);
    g_assert_true(
        g_output_stream_write_all(G_OUTPUT_STREAM(part), text, strlen(text), NULL, NULL, &error));
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static gboolean
complete(Fixture *self, guint64 size, const char *sha256, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    fota_cache_complete_async(self->cache, KEY, size, sha256, NULL, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    return fota_cache_complete_finish(self->cache, result, error);
}

static void
test_whole(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    FotaCacheFile file;
    char text[SIZE];

    g_assert_false(fota_cache_has(self->cache, KEY));
    g_assert_false(fota_cache_open(self->cache, KEY, &file));
    add(self, "the delta ");
    g_assert_cmpuint(fota_cache_get_bytes(self->cache, KEY), ==, 10);
    add(self, "from A to B");
    g_assert_false(fota_cache_has(self->cache, KEY));
    g_assert_true(complete(self, SIZE, self->sha256, &error));
    g_assert_true(fota_cache_has(self->cache, KEY));
    g_assert_cmpuint(fota_cache_get_used(self->cache, "other"), ==, SIZE);
    g_assert_cmpuint(fota_cache_get_used(self->cache, KEY), ==, 0);
    g_assert_true(fota_cache_open(self->cache, KEY, &file));
    g_assert_cmpuint(file.size, ==, SIZE);
    g_assert_true(fota_cache_file_verify(&file, NULL, &error));
    g_assert_cmpint(read(file.fd, text, SIZE), ==, SIZE);
    g_assert_cmpmem(text, SIZE, TEXT, SIZE);
    fota_cache_file_clear(&file);
}

/* The host neither hands it to a module nor goes on with it. */
static void
test_wrong(Fixture *self, gconstpointer data)
{
    const struct {
        const char *text;
        guint64 size;
        gboolean digest, good;
    } cases[] = {
        {TEXT, SIZE + 1, TRUE, FALSE},  {TEXT "!", SIZE, TRUE, FALSE},
        {TEXT, SIZE - 1, FALSE, FALSE}, {"!" TEXT, 0, TRUE, FALSE},
        {"", 0, FALSE, FALSE},          {TEXT, 0, TRUE, TRUE},
        {TEXT, SIZE, FALSE, TRUE},      {TEXT, 0, FALSE, TRUE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        fota_cache_claim(self->cache, "module", KEY);
        add(self, cases[i].text);
        g_assert_cmpint(
            complete(self, cases[i].size, cases[i].digest ? self->sha256 : NULL, &error), ==,
            cases[i].good);
        if (!cases[i].good)
            g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA);
        g_assert_cmpint(fota_cache_get_bytes(self->cache, KEY) > 0, ==, cases[i].good);
        fota_cache_claim(self->cache, "module", NULL);
        g_assert_cmpuint(fota_cache_get_bytes(self->cache, KEY), ==, 0);
    }
}

/* Between fetch and load: with another content, shorter, or longer while it is read. */
static void
test_altered(Fixture *self, gconstpointer data)
{
    static const char *const contents[] = {"the delta from X to B", "the delta", TEXT "!"};
    g_autofree char *path = make_path(self, self->sha256);

    add(self, TEXT);
    g_assert_true(complete(self, 0, NULL, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(contents); i++) {
        g_autoptr(GError) error = NULL;
        FotaCacheFile file;

        g_assert_true(fota_cache_open(self->cache, KEY, &file));
        g_assert_true(
            g_file_set_contents_full(path, contents[i], -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
        /* The descriptor has the file that was there: the one that is loaded. */
        if (i > 0)
            g_assert_false(fota_cache_file_verify(&file, NULL, NULL));
        fota_cache_file_clear(&file);
        g_assert_true(fota_cache_open(self->cache, KEY, &file));
        g_assert_false(fota_cache_file_verify(&file, NULL, &error));
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_DELTA);
        fota_cache_file_clear(&file);
    }
}

/* An update needs it as long as any module does; a restart forgets nothing. */
static void
test_claims(Fixture *self, gconstpointer data)
{
    add(self, TEXT);
    g_assert_true(complete(self, 0, NULL, NULL));
    add(self, "more");
    fota_cache_claim(self->cache, "one", KEY);
    fota_cache_claim(self->cache, "two", KEY);
    fota_cache_claim(self->cache, "one", NULL);
    g_assert_true(fota_cache_has(self->cache, KEY));
    fota_cache_free(self->cache);
    self->cache = fota_cache_new(self->state);
    g_assert_true(fota_cache_has(self->cache, KEY));
    fota_cache_claim(self->cache, "two", KEY);
    fota_cache_sweep(self->cache);
    g_assert_true(fota_cache_has(self->cache, KEY));
    fota_cache_claim(self->cache, "two", "another");
    g_assert_cmpuint(fota_cache_get_bytes(self->cache, KEY), ==, 0);
}

/* A key that begins with another is another. */
static void
test_names(Fixture *self, gconstpointer data)
{
    add(self, TEXT);
    g_assert_cmpuint(fota_cache_get_bytes(self->cache, "ke"), ==, 0);
    g_assert_cmpuint(fota_cache_get_bytes(self->cache, KEY "."), ==, 0);
    g_assert_cmpuint(fota_cache_get_bytes(self->cache, KEY), ==, SIZE);
}

static void
test_unwritable(Fixture *self, gconstpointer data)
{
    g_autofree char *directory = g_build_filename(self->state, "deltas", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(directory, "", 0, NULL));
    g_assert_null(fota_cache_open_part(self->cache, KEY, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE);
    g_clear_error(&error);
    g_assert_false(complete(self, 0, NULL, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_NO_SPACE);
    g_unlink(directory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
    TEST("/cache/whole", test_whole);
    TEST("/cache/wrong", test_wrong);
    TEST("/cache/altered", test_altered);
    TEST("/cache/claims", test_claims);
    TEST("/cache/names", test_names);
    TEST("/cache/unwritable", test_unwritable);
    return g_test_run();
}
