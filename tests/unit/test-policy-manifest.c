/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-manifest.h"
#include "policy/fota-policy-error.h"
#include "base/fota-text.h"

#include <string.h>

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define BACK_SHA "a3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Everything that a manifest can say. */
static const char full[] =
    "{\"manifestVersion\":1,\"sequenceNumber\":1795236802,\"critical\":[\"update\",\"poll\"],"
    "\"issued\":\"2026-11-21T04:00:00Z\",\"useBefore\":\"2026-12-21T00:00:00Z\","
    "\"target\":{\"imei\":[\"353081090012345\",\"353081090012346\"],\"model\":[\"ME910C1-NA\"]},"
    "\"poll\":{\"sleep\":86400,\"notBefore\":\"2026-11-22T00:00:00Z\","
    "\"server\":{\"uri\":\"https://b.example/{imei}.signed\",\"credential\":\"server-b\"}},"
    "\"update\":{\"id\":\"b026-fota\",\"severity\":\"mandatory\",\"title\":\"Certification\","
    "\"infoUri\":\"https://example/notes\","
    "\"approval\":{\"download\":\"required\",\"install\":\"auto\"},"
    "\"maximumDeferPeriod\":604800,\"deadline\":\"2026-12-10T00:00:00Z\",\"downgrade\":true,"
    "\"window\":[{\"days\":[\"sun\",\"mon\"],\"start\":\"02:30\",\"duration\":7200,"
    "\"timezone\":\"Europe/Berlin\"},{\"start\":\"00:00\",\"duration\":60}],"
    "\"conditions\":{\"roaming\":false,\"minimumSignal\":20,\"mainsPower\":true,"
    "\"minimumBattery\":40,\"minimumFreeSpace\":2000000,\"otherRoute\":true},"
    "\"rollout\":{\"id\":\"r7\",\"paused\":true,\"waves\":[{\"name\":\"sample\","
    "\"group\":[\"lab\",\"pilot\"]},{\"percentage\":12.5,\"start\":\"2026-11-24T00:00:00Z\","
    "\"ramp\":172800}]},"
    "\"retry\":{\"maxAttempts\":5,\"backoff\":7200},"
    "\"service\":{\"time\":900,\"probe\":\"https://probe.example/alive\",\"back\":\"use\"},"
    "\"steps\":[{\"fromVersion\":\"A\",\"toVersion\":\"B\","
    "\"delta\":{\"uri\":\"ftp://fw/a.bin\",\"credential\":\"fw\",\"size\":123456,"
    "\"sha256\":\"" SHA "\"},\"back\":{\"uri\":\"ftp://fw/back.bin\",\"size\":9876,"
    "\"sha256\":\"" BACK_SHA
    "\",\"fromVersion\":\"B\",\"toVersion\":\"A\"}},{\"fromVersion\":\"B\",\"toVersion\":\"C\"}]},"
    "\"report\":{\"uri\":\"https://fota.example/report\",\"credential\":\"server\"},"
    "\"provision\":{\"apn\":\"private.example\",\"credential\":\"apn\","
    "\"authentication\":\"pap\"}}";

static const char least[] = "{\"manifestVersion\":1,\"sequenceNumber\":1,"
                            "\"issued\":\"2026-11-21T04:00:00Z\","
                            "\"useBefore\":\"2026-12-21T00:00:00Z\","
                            "\"target\":{\"model\":[\"M\"]},\"update\":{\"id\":\"u\"}}";

static FotaManifest *
parse(const char *text, GError **error)
{
    g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text));

    return fota_manifest_parse(payload, error);
}

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

/* In @base, @find becomes @put; what must come of it (NULL = it is accepted). */
typedef struct {
    const char *base;
    const char *find;
    const char *put;
    const char *message;
} Edit;

static char *
apply(const Edit *edit)
{
    GString *text = g_string_new(edit->base);

    if (g_string_replace(text, edit->find, edit->put, 1) != 1)
        g_error("%s is not in the base text", edit->find);
    return g_string_free(text, FALSE);
}

static void
check_edits(const Edit *edits, gsize n_edits, FotaPolicyError code)
{
    for (gsize i = 0; i < n_edits; i++) {
        g_autofree char *text = apply(&edits[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaManifest) manifest = parse(text, &error);

        g_test_message("%s", edits[i].put);
        if (edits[i].message) {
            g_assert_error(error, FOTA_POLICY_ERROR, (int)code);
            g_assert_null(manifest);
            if (!g_str_has_prefix(error->message, edits[i].message))
                g_error("expected \"%s\", got \"%s\"", edits[i].message, error->message);
        } else {
            g_assert_no_error(error);
            g_assert_nonnull(manifest);
        }
    }
}

static void
test_top(void)
{
    static const Edit edits[] = {
        {least, "\"sequenceNumber\":1,", "", "sequenceNumber: missing"},
        {least, "Number\":1", "Number\":0", "sequenceNumber: expected a whole number from 1 to"},
        {least, "Number\":1", "Number\":-1", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":9007199254740991", NULL},
        {least, "Number\":1", "Number\":9007199254740992", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":1.0", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":1e3", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":\"1\"", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":null", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":[1]", "sequenceNumber: expected"},
        {least, "Number\":1", "Number\":18446744073709551615", "not strict JSON: byte "},
        {least, "\"issued\":\"2026-11-21T04:00:00Z\",", "", "issued: missing"},
        {least, "2026-11-21T04:00:00Z", "2026-11-21", "issued: expected a time in UTC"},
        {least, "\"useBefore\":\"2026-12-21T00:00:00Z\",", "", "useBefore: missing"},
        {least, "2026-12-21T00:00:00Z", "2026-11-21T04:00:00Z", "useBefore: not after issued"},
        {least, "2026-12-21T00:00:00Z", "2026-11-21T04:00:01Z", NULL},
        {least, "\"target\":{\"model\":[\"M\"]},", "", "target: missing"},
        {least, "{\"model\":[\"M\"]}", "{}", "target: expected imei, model or both"},
        {least, "{\"model\":[\"M\"]}", "[]", "target: expected an object"},
        {least, "[\"M\"]", "[]", "target.model: expected a list of 1 to 4096"},
        {least, "[\"M\"]", "\"M\"", "target.model: expected a list"},
        {least, "[\"M\"]", "[\"M\",\"a;b\"]", "target.model[1]: expected 1 to 64"},
        {least, "[\"M\"]", "[\"M\"],\"operator\":[]",
         "target.operator: expected a list of 1 to 256"},
        {least, "[\"M\"]", "[\"M\"],\"operator\":[\"2620\"]",
         "target.operator[0]: expected an operator's MCC and MNC"},
        {least, "[\"M\"]", "[\"M\"],\"operator\":[\"26201\",\"31148A\"]",
         "target.operator[1]: expected an operator's MCC and MNC"},
        {full, "353081090012346", "35308109001234", "target.imei[1]: expected 15 digits"},
        {full, "\"353081090012346\"", "353081090012346", "target.imei[1]: expected a text"},
        {least, ",\"update\":{\"id\":\"u\"}", "", "update: missing"},
        {least, "{\"id\":\"u\"}", "[]", "update: expected an object"},
        {least, "{\"id\":\"u\"}", "null", "update: expected an object"},
        {least, "\"update\"", "\"unknownToUs\":[{}],\"update\"", NULL},
        {least, "\"update\"", "\"poll\":{\"sleep\":3600},\"update\"", NULL},
        {least, "\"update\"", "\"poll\":{\"sleep\":2592000},\"update\"", NULL},
        {least, "\"update\"", "\"poll\":{\"sleep\":3599},\"update\"", "poll.sleep: expected"},
        {least, "\"update\"", "\"poll\":{\"sleep\":2592001},\"update\"", "poll.sleep: expected"},
        {full, "https://b.example", "file://", "poll.server.uri: expected"},
        {full, "server-b", "../b", "poll.server.credential: expected"},
        {full, "\"uri\":\"https://fota.example/report\",", "", "report.uri: missing"},
        {full, "https://fota.example", "https://u:p@fota.example", "report.uri: expected"},
        {full, "\"apn\":\"private.example\",", "", "provision.apn: missing"},
        {full, "private.example", "a\\\",\\\"b", "provision.apn: expected 1 to 100 of"},
        {full, "private.example", "", "provision.apn: expected 1 to 100 of"},
        {full, "\"pap\"", "\"PAP\"", "provision.authentication: expected none, pap or chap"},
        {full, "\"credential\":\"apn\"", "\"credential\":\"../apn\"",
         "provision.credential: expected"},
    };

    check_edits(edits, G_N_ELEMENTS(edits), FOTA_POLICY_ERROR_BAD_MANIFEST);
}

static void
test_update(void)
{
    static const Edit edits[] = {
        {least, "\"id\":\"u\"", "\"title\":\"x\"", "update.id: missing"},
        {least, "\"id\":\"u\"", "\"id\":\"../u\"", "update.id: expected"},
        {full, "\"mandatory\"", "\"urgent\"",
         "update.severity: expected one of optional, mandatory, critical"},
        {full, "Certification", "a\\u001b[0m", "update.title: expected 1 to 120"},
        {full, "https://example/notes", "javascript:x", "update.infoUri: expected"},
        {full, "\"install\":\"auto\"", "\"install\":\"never\"",
         "update.approval.install: expected one of auto, required"},
        {full, "604800", "31536000", NULL},
        {full, "604800", "31536001", "update.maximumDeferPeriod: expected"},
        {full, "604800", "-1", "update.maximumDeferPeriod: expected"},
        {full, "2026-12-10T00:00:00Z", "soon", "update.deadline: expected"},
        {full, "\"downgrade\":true", "\"downgrade\":1", "update.downgrade: expected true or false"},
        {full, "\"sun\"", "\"Sunday\"", "update.window[0].days[0]: expected mon, tue"},
        {full, "02:30", "2:30", "update.window[0].start: expected a time of day"},
        {full, "02:30", "24:00", "update.window[0].start: expected"},
        {full, "02:30", "23:60", "update.window[0].start: expected"},
        {full, "02:30", "23:59", NULL},
        {full, "\"duration\":60", "\"duration\":59", "update.window[1].duration: expected"},
        {full, "\"duration\":60", "\"duration\":604800", NULL},
        {full, "\"duration\":60", "\"duration\":604801", "update.window[1].duration: expected"},
        {full, "\"start\":\"00:00\",", "", "update.window[1].start: missing"},
        {full, "Europe/Berlin", "/etc/passwd", "update.window[0].timezone: expected"},
        {full, "Europe/Berlin", "Mars/Olympus", NULL},
        {full, "\"minimumSignal\":20", "\"minimumSignal\":101",
         "update.conditions.minimumSignal: expected"},
        {full, "\"minimumSignal\":20", "\"minimumSignal\":100", NULL},
        {full, "\"id\":\"r7\",", "", "update.rollout.id: missing"},
        {full, "12.5,", "12.505,", "update.rollout.waves[1].percentage: expected"},
        {full, "12.5,", "100,", NULL},
        {full, "12.5,", "100.01,", "update.rollout.waves[1].percentage: expected"},
        {full, "\"group\":[\"lab\",\"pilot\"]", "\"start\":\"2026-11-24T00:00:00Z\"",
         "update.rollout.waves[0]: expected group, percentage or both"},
        {full, "\"paused\":true", "\"percentage\":5",
         "update.rollout.percentage: not beside waves"},
        {full, "\"maxAttempts\":5", "\"maxAttempts\":0", "update.retry.maxAttempts: expected"},
        {full, "\"maxAttempts\":5", "\"maxAttempts\":10", NULL},
        {full, "\"maxAttempts\":5", "\"maxAttempts\":11", "update.retry.maxAttempts: expected"},
        {full, "\"backoff\":7200", "\"backoff\":59", "update.retry.backoff: expected"},
    };

    check_edits(edits, G_N_ELEMENTS(edits), FOTA_POLICY_ERROR_BAD_MANIFEST);
}

static void
test_steps(void)
{
#define STEP(from, to) "{\"fromVersion\":\"" from "\",\"toVersion\":\"" to "\"}"
#define DUMMY(from, to) "{\"fromVersion\":\"" from "\",\"toVersion\":\"" to "\",\"dummy\":true}"
#define STEPS(steps) "\"id\":\"u\",\"steps\":[" steps "]"
    static const Edit edits[] = {
        {full, "{\"fromVersion\":\"B\",", "{", "update.steps[1].fromVersion: missing"},
        {full, "\"toVersion\":\"C\"", "\"toVersion\":\"C;D\"",
         "update.steps[1].toVersion: expected 1 to 64"},
        {full, "\"toVersion\":\"C\"", "\"toVersion\":\"C\\r\"",
         "update.steps[1].toVersion: expected 1 to 64"},
        {full, "ftp://fw/a.bin", "ftp://u:p@fw/a.bin", "update.steps[0].delta.uri: expected"},
        {full, "ftp://fw/a.bin", "file:///../a.bin", "update.steps[0].delta.uri: expected file"},
        {full, "\"ftp://fw/a.bin\"", "[]", "update.steps[0].delta.uri: expected"},
        {full, "\"ftp://fw/a.bin\"", "[1]", "update.steps[0].delta.uri[0]: expected a text"},
        {full, "\"ftp://fw/a.bin\"", "[\"ftp://a\",\"x\"]",
         "update.steps[0].delta.uri[1]: expected"},
        {full, "ftp://fw/a.bin", "ftp://fw/{imei}.bin", "update.steps[0].delta.uri: expected"},
        {full, "\"size\":9876,", "", "update.steps[0].back.size: missing"},
        {full, "\"sha256\":\"" BACK_SHA "\",", "", "update.steps[0].back.sha256: missing"},
        {full, "\"uri\":\"ftp://fw/back.bin\",", "", "update.steps[0].back.uri: missing"},
        {full, ",\"fromVersion\":\"B\",\"toVersion\":\"A\"", "", NULL},
        /* A way back must begin where the step ends, and end where it begins. */
        {full, BACK_SHA "\",\"fromVersion\":\"B\"", BACK_SHA "\",\"fromVersion\":\"C\"",
         "update.steps[0].back.fromVersion: expected the toVersion of the step"},
        {full, BACK_SHA "\",\"fromVersion\":\"B\",\"toVersion\":\"A\"",
         BACK_SHA "\",\"fromVersion\":\"B\",\"toVersion\":\"B\"",
         "update.steps[0].back.toVersion: expected the fromVersion of the step"},
        {full, "\"time\":900", "\"time\":59", "update.service.time: expected"},
        {full, "https://probe.example/alive", "ftp://probe.example/alive",
         "update.service.probe: expected"},
        {full, "\"use\"", "\"yes\"", "update.service.back: expected one of no, use, required"},
        {full, "123456", "0", "update.steps[0].delta.size: expected"},
        {full, "123456", "-1", "update.steps[0].delta.size: expected"},
        {full, "123456", "1073741824", NULL},
        {full, "123456", "1073741825", "update.steps[0].delta.size: expected"},
        {full, "123456", "2147483648", "update.steps[0].delta.size: expected"},
        {full, "123456", "4294967297", "update.steps[0].delta.size: expected"},
        {full, SHA, "e3b0", "update.steps[0].delta.sha256: expected 64"},
        {full, "\"delta\":{", "\"delta\":{\"x\":1,", NULL},
        {least, "\"id\":\"u\"", STEPS(""), "update.steps: expected a list of 1 to 8"},
        {least, "\"id\":\"u\"", STEPS("1"), "update.steps[0]: expected an object"},
        {least, "\"id\":\"u\"",
         STEPS(STEP("1", "2") "," STEP("2", "3") "," STEP("3", "4") "," STEP("4", "5") "," STEP(
             "5", "6") "," STEP("6", "7") "," STEP("7", "8") "," STEP("8", "9")),
         NULL},
        {least, "\"id\":\"u\"",
         STEPS(STEP("1", "2") "," STEP("2", "3") "," STEP("3", "4") "," STEP("4", "5") "," STEP(
             "5", "6") "," STEP("6", "7") "," STEP("7", "8") "," STEP("8", "9") "," STEP("9", "A")),
         "update.steps: expected a list of 1 to 8"},
        {least, "\"id\":\"u\"", STEPS(STEP("A", "C") "," STEP("B", "C")), NULL},
        {least, "\"id\":\"u\"", STEPS(STEP("A", "A")), "update.steps: [0] leads in a circle"},
        {least, "\"id\":\"u\"", STEPS(DUMMY("A", "A")), NULL},
        {least, "\"id\":\"u\"", STEPS(DUMMY("A", "B")),
         "update.steps: [0] is a dummy, and its versions are not the same"},
        {least, "\"id\":\"u\"", STEPS(DUMMY("A", "A") "," STEP("B", "C")),
         "update.steps: [0] is a dummy, which stands alone"},
        {least, "\"id\":\"u\"", STEPS(STEP("B", "A") "," DUMMY("A", "A")),
         "update.steps: [1] is a dummy, which stands alone"},
        {least, "\"id\":\"u\"", STEPS(STEP("A", "B") "," STEP("B", "A")),
         "update.steps: [0] leads in a circle (and 1 more)"},
        {least, "\"id\":\"u\"", STEPS(STEP("A", "B") "," STEP("A", "C")),
         "update.steps: [1] has the fromVersion of a step before it"},
        {least, "\"id\":\"u\"", "\"id\":\"u\",\"toVersion\":\"B\"", NULL},
        {least, "\"id\":\"u\"", "\"toVersion\":\"B\"," STEPS(STEP("A", "B")),
         "update.toVersion: only without steps"},
    };

    check_edits(edits, G_N_ELEMENTS(edits), FOTA_POLICY_ERROR_BAD_MANIFEST);
}

static void
test_version(void)
{
    static const Edit edits[] = {
        {least, "Version\":1", "Version\":2", "manifestVersion: this fotad reads version 1"},
        /* What a newer version means is not ours to judge. */
        {least, "Version\":1,\"sequenceNumber\":1", "Version\":2", "manifestVersion: this fotad"},
        {full, "[\"update\",\"poll\"]", "[\"update\",\"moonPhase\"]",
         "critical: this fotad does not know moonPhase"},
    };
    static const Edit wrong[] = {
        {least, "\"manifestVersion\":1,", "", "manifestVersion: missing"},
        {least, "Version\":1", "Version\":0", "manifestVersion: expected"},
        {least, "Version\":1", "Version\":\"1\"", "manifestVersion: expected"},
        {full, "[\"update\",\"poll\"]", "[]", "critical: expected"},
    };

    check_edits(edits, G_N_ELEMENTS(edits), FOTA_POLICY_ERROR_UNKNOWN_MANIFEST_VERSION);
    check_edits(wrong, G_N_ELEMENTS(wrong), FOTA_POLICY_ERROR_BAD_MANIFEST);
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
    g_test_add_func("/manifest/top", test_top);
    g_test_add_func("/manifest/update", test_update);
    g_test_add_func("/manifest/steps", test_steps);
    g_test_add_func("/manifest/addresses", test_addresses);
    g_test_add_func("/manifest/version", test_version);
    g_test_add_func("/manifest/nothing-for-you", test_nothing_for_you);
    g_test_add_func("/manifest/delta-name", test_delta_name);
    g_test_add_func("/manifest/size", test_size);
    g_test_add_func("/manifest/lint", test_lint);
    return g_test_run();
}
