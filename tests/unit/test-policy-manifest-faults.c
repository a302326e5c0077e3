/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-policy-manifest.h"

/* Each member that may be wrong, and what is said of it. */

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
        {full, "\"window\":[", "\"window\":[1,", "update.window[0]: expected"},
        {full, "\"waves\":[", "\"waves\":[1,", "update.rollout.waves[0]: expected"},
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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manifest/top", test_top);
    g_test_add_func("/manifest/update", test_update);
    g_test_add_func("/manifest/steps", test_steps);
    g_test_add_func("/manifest/version", test_version);
    return g_test_run();
}
