/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-manifest.h"

static gint64
moment(const char *text)
{
    gint64 time;

    g_assert_true(fota_text_parse_time(text, &time));
    return time;
}

static void
check_full_update(const FotaManifestUpdate *update)
{
    g_assert_cmpstr(update->id, ==, "b026-fota");
    g_assert_cmpint(update->severity, ==, FOTA_SEVERITY_MANDATORY);
    g_assert_cmpstr(update->title, ==, "Certification");
    g_assert_cmpstr(update->info_uri, ==, "https://example/notes");
    g_assert_cmpint(update->approve_download, ==, FOTA_APPROVAL_REQUIRED);
    g_assert_cmpint(update->approve_install, ==, FOTA_APPROVAL_AUTO);
    g_assert_cmpuint(update->maximum_defer_period, ==, 604800);
    g_assert_cmpint(update->deadline, ==, moment("2026-12-10T00:00:00Z"));
    g_assert_true(update->downgrade);
    g_assert_cmpuint(update->max_attempts, ==, 5);
    g_assert_cmpuint(update->backoff, ==, 7200);
    g_assert_false(update->conditions.allow_roaming);
    g_assert_cmpuint(update->conditions.minimum_signal, ==, 20);
    g_assert_true(update->conditions.mains_power);
    g_assert_cmpuint(update->conditions.minimum_battery, ==, 40);
    g_assert_cmpuint(update->conditions.minimum_free_space, ==, 2000000);
    g_assert_true(update->conditions.other_route);
}

static void
check_full_lists(const FotaManifestUpdate *update)
{
    g_assert_cmpuint(update->n_windows, ==, 2);
    g_assert_cmpuint(update->windows[0].days, ==, 0x41);
    g_assert_cmpuint(update->windows[0].start, ==, 9000);
    g_assert_cmpuint(update->windows[0].duration, ==, 7200);
    g_assert_cmpstr(update->windows[0].timezone, ==, "Europe/Berlin");
    g_assert_cmpuint(update->windows[1].days, ==, FOTA_WINDOW_EVERY_DAY);
    g_assert_cmpstr(update->windows[1].timezone, ==, "local");
    g_assert_cmpstr(update->rollout.id, ==, "r7");
    g_assert_true(update->rollout.paused);
    g_assert_cmpuint(update->rollout.n_waves, ==, 2);
    g_assert_cmpstr(update->rollout.waves[0].name, ==, "sample");
    g_assert_cmpstr(update->rollout.waves[0].groups[1], ==, "pilot");
    g_assert_cmpuint(update->rollout.waves[0].percentage, ==, 0);
    g_assert_null(update->rollout.waves[1].groups);
    g_assert_cmpuint(update->rollout.waves[1].percentage, ==, 1250);
    g_assert_cmpint(update->rollout.waves[1].start, ==, moment("2026-11-24T00:00:00Z"));
    g_assert_cmpuint(update->rollout.waves[1].ramp, ==, 172800);
    g_assert_cmpuint(update->n_steps, ==, 2);
    g_assert_cmpstr(update->steps[0].from_version, ==, "A");
    g_assert_cmpstr(update->steps[0].to_version, ==, "B");
    g_assert_cmpstr(update->steps[0].delta.uri[0], ==, "ftp://fw/a.bin");
    g_assert_cmpstr(update->steps[0].delta.credential, ==, "fw");
    g_assert_cmpuint(update->steps[0].delta.size, ==, 123456);
    g_assert_cmpstr(update->steps[0].delta.sha256, ==, SHA);
    g_assert_cmpstr(update->steps[0].back.uri[0], ==, "ftp://fw/back.bin");
    g_assert_cmpuint(update->steps[0].back.size, ==, 9876);
    g_assert_cmpstr(update->steps[0].back.sha256, ==, BACK_SHA);
    g_assert_null(update->steps[1].back.uri[0]);
    g_assert_cmpuint(update->service_time, ==, 900);
    g_assert_cmpstr(update->service_probe, ==, "https://probe.example/alive");
    g_assert_cmpint(update->back, ==, FOTA_BACK_USE);
    g_assert_null(update->steps[1].delta.uri[0]);
    g_assert_true(fota_manifest_find_step(update, "B") == &update->steps[1]);
    g_assert_null(fota_manifest_find_step(update, "C"));
}

static void
test_full(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = parse(full, &error);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, full, -1);

    g_assert_no_error(error);
    g_assert_cmpint(manifest->sequence_number, ==, 1795236802);
    g_assert_cmpint(manifest->issued, ==, moment("2026-11-21T04:00:00Z"));
    g_assert_cmpint(manifest->use_before, ==, moment("2026-12-21T00:00:00Z"));
    g_assert_cmpstr(manifest->imei[1], ==, "353081090012346");
    g_assert_null(manifest->imei[2]);
    g_assert_cmpstr(manifest->model[0], ==, "ME910C1-NA");
    g_assert_cmpuint(manifest->sleep, ==, 86400);
    g_assert_cmpint(manifest->not_before, ==, moment("2026-11-22T00:00:00Z"));
    g_assert_cmpstr(manifest->next_server.uri, ==, "https://b.example/{imei}.signed");
    g_assert_cmpstr(manifest->next_server.credential, ==, "server-b");
    g_assert_cmpstr(manifest->report.uri, ==, "https://fota.example/report");
    g_assert_cmpstr(manifest->report.credential, ==, "server");
    g_assert_cmpstr(manifest->provision.apn, ==, "private.example");
    g_assert_cmpstr(manifest->provision.credential, ==, "apn");
    g_assert_cmpstr(manifest->provision.authentication, ==, "pap");
    g_assert_cmpstr(manifest->digest, ==, digest);
    g_assert_true(manifest->has_update);
    check_full_update(&manifest->update);
    check_full_lists(&manifest->update);
}

static void
test_least(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = parse(least, &error);
    const FotaManifestUpdate *update = &manifest->update;

    g_assert_no_error(error);
    g_assert_null(manifest->imei);
    g_assert_cmpuint(manifest->sleep, ==, 0);
    g_assert_cmpint(manifest->not_before, ==, 0);
    g_assert_null(manifest->next_server.uri);
    g_assert_null(manifest->report.uri);
    g_assert_null(manifest->provision.apn);
    g_assert_cmpint(update->severity, ==, FOTA_SEVERITY_OPTIONAL);
    g_assert_cmpint(update->approve_download, ==, FOTA_APPROVAL_AUTO);
    g_assert_cmpuint(update->maximum_defer_period, ==, 0);
    g_assert_false(update->downgrade);
    g_assert_true(update->conditions.allow_roaming);
    g_assert_cmpuint(update->conditions.minimum_signal, ==, 0);
    g_assert_null(update->rollout.id);
    g_assert_cmpuint(update->max_attempts, ==, 3);
    g_assert_cmpuint(update->backoff, ==, 3600);
    g_assert_cmpuint(update->n_windows, ==, 0);
    g_assert_cmpuint(update->n_steps, ==, 0);
    g_assert_null(update->to_version);
}

static void
test_nothing_for_you(void)
{
    Edit edit = {least, "{\"id\":\"u\"}", "{}", NULL};
    g_autofree char *text = apply(&edit);
    g_autoptr(FotaManifest) manifest = parse(text, NULL);

    g_assert_false(manifest->has_update);
}

static void
test_size(void)
{
    for (gsize size = FOTA_MANIFEST_MAX_BYTES; size <= FOTA_MANIFEST_MAX_BYTES + 1; size++) {
        g_autofree char *space = g_strnfill(size - strlen(least), ' ');
        g_autofree char *text = g_strconcat(least, space, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManifest) manifest = parse(text, &error);

        if (size == FOTA_MANIFEST_MAX_BYTES)
            g_assert_no_error(error);
        else
            g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_TOO_LARGE);
    }
}

static void
test_lint(void)
{
    static const char text[] = "{\"manifestVersion\":1,\"sequenceNumber\":0,\"issued\":\"now\","
                               "\"useBefore\":\"2026-12-21T00:00:00Z\","
                               "\"target\":{\"imei\":[\"1\"]},\"update\":{\"id\":\"a b\"}}";
    static const char *const places[] = {
        "sequenceNumber: ", "issued: ", "target.imei[0]: ", "update.id: "};
    g_autoptr(GBytes) payload = g_bytes_new_static(text, strlen(text));
    g_autoptr(GBytes) good = g_bytes_new_static(full, strlen(full));
    g_autoptr(GPtrArray) faults = fota_manifest_lint(payload);
    g_autoptr(GPtrArray) none = fota_manifest_lint(good);
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(faults->len, ==, G_N_ELEMENTS(places));
    for (guint i = 0; i < faults->len; i++)
        g_assert_true(g_str_has_prefix(g_ptr_array_index(faults, i), places[i]));
    g_assert_null(fota_manifest_parse(payload, &error));
    g_assert_true(g_str_has_suffix(error->message, " (and 3 more)"));
}

/* One address, or several: a server's, or a file's. */
static void
test_addresses(void)
{
    const Edit list = {full, "\"ftp://fw/a.bin\"",
                       "[\"https://fw/a.bin\",\"file:///media/usb/a.bin\"]", NULL};
    g_autofree char *text = apply(&list);
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaManifest) manifest = parse(text, &error);
    const FotaDelta *delta;

    g_assert_no_error(error);
    delta = &manifest->update.steps[0].delta;
    g_assert_cmpstr(delta->uri[0], ==, "https://fw/a.bin");
    g_assert_cmpstr(delta->uri[1], ==, "file:///media/usb/a.bin");
    g_assert_null(delta->uri[2]);
}

static void
test_delta_name(void)
{
    static const FotaStep steps[] = {
        {.from_version = "A", .to_version = "B", .delta = {.uri = {"ftp://fw/a"}, .sha256 = "1"}},
        {.from_version = "C", .to_version = "B", .delta = {.uri = {"ftp://fw/a"}, .sha256 = "1"}},
        {.from_version = "A", .to_version = "C", .delta = {.uri = {"ftp://fw/a"}, .sha256 = "1"}},
        {.from_version = "A", .to_version = "B", .delta = {.uri = {"ftp://fw/b"}, .sha256 = "1"}},
        {.from_version = "A", .to_version = "B", .delta = {.uri = {"ftp://fw/a"}, .sha256 = "2"}},
        {.from_version = "A", .to_version = "B", .delta = {.uri = {"ftp://fw/a"}}},
        {.from_version = "A", .to_version = "B", .delta = {.uri = {NULL}}},
    };
    /* Whoever gives the size later, or another login, means the same file. */
    const FotaStep same = {
        .from_version = "A",
        .to_version = "B",
        .delta = {.uri = {"ftp://fw/a"}, .sha256 = "1", .size = 7, .credential = "fw"}};
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *again = fota_manifest_name_delta(&same);

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        g_assert_true(g_hash_table_add(names, fota_manifest_name_delta(&steps[i])));
    g_assert_true(g_hash_table_contains(names, again));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manifest/full", test_full);
    g_test_add_func("/manifest/least", test_least);
    g_test_add_func("/manifest/addresses", test_addresses);
    g_test_add_func("/manifest/nothing-for-you", test_nothing_for_you);
    g_test_add_func("/manifest/delta-name", test_delta_name);
    g_test_add_func("/manifest/size", test_size);
    g_test_add_func("/manifest/lint", test_lint);
    return g_test_run();
}
