/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-reader.h"

/* What nobody has signed moves no clock beyond the interval; what will pass is tried soon. */
static void
test_unsigned_clocks(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_test_message("%u %s", answers[i].status, answers[i].body);
        for (guint tries = 0; tries < 3; tries++) {
            gint64 wait = check(fixture, answers[i].status,
                                "max-age: 31536000\nretry-after: 31536000\n", answers[i].body);

            g_assert_cmpint(wait, >, 0);
            g_assert_cmpint(wait, <=, answers[i].soon ? FOTA_SCHEDULE_MAX_RETRY : DAY);
        }
    }
}

/* The same where a manifest is at hand: it stays in force. */
static void
test_manifest_stays(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(5, 1, "");

    g_assert_cmpint(check(fixture, 200, "etag: \"a\"\n", good), <=, DAY);
    g_assert_null(fota_reader_get_error(fixture->reader));
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        gint64 wait;

        g_test_message("%u %s", answers[i].status, answers[i].body);
        wait = check(fixture, answers[i].status, "max-age: 31536000\n", answers[i].body);
        g_assert_cmpint(
            wait, <=, answers[i].soon && answers[i].status != 304 ? FOTA_SCHEDULE_MAX_RETRY : DAY);
        g_assert_nonnull(fota_accepted_get(fixture->accepted));
        g_assert_cmpint(fota_accepted_get(fixture->accepted)->sequence_number, ==, 5);
    }
}

/* The configuration is read again while the manifest is still on its way to the disk, and after its
 * key has been away. */
static void
test_trusted_anew(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(5, 1, "");
    g_autoptr(GBytes) file = g_bytes_new(good, strlen(good));
    FotaKeyring *keyring = fixture->context.keyring;

    g_assert_true(fota_accepted_take_file(fixture->accepted, file, NULL, NULL));
    fota_accepted_trust_anew(fixture->accepted);
    g_assert_nonnull(fota_accepted_get(fixture->accepted));
    fixture->context.keyring = test_sign_keyring(0);
    fota_accepted_trust_anew(fixture->accepted);
    g_assert_null(fota_accepted_get(fixture->accepted));
    fota_keyring_free(fixture->context.keyring);
    fixture->context.keyring = keyring;
    fota_accepted_trust_anew(fixture->accepted);
    g_assert_nonnull(fota_accepted_get(fixture->accepted));
}

/* Without a signature it moves no clock, even where the configuration accepts it. */
static void
test_unsigned_accepted(Fixture *fixture, gconstpointer data)
{
    g_autofree char *signed_one = manifest(5, 1, "");

    stop(fixture);
    configure(fixture, "[Manifest]\nUri=https://fota.example/{imei}.signed\n"
                       "RequireSignature=no\n");
    start(fixture);
    g_assert_cmpint(check(fixture, 200, "max-age: 259200\n", strchr(signed_one, '{')), <=, DAY);
    g_assert_null(fota_reader_get_error(fixture->reader));
    g_assert_null(fota_accepted_get(fixture->accepted)->signers);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/reader/unsigned-clocks", test_unsigned_clocks);
    ADD("/reader/manifest-stays", test_manifest_stays);
    ADD("/reader/trusted-anew", test_trusted_anew);
    ADD("/reader/unsigned-accepted", test_unsigned_accepted);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    return g_test_run();
}
