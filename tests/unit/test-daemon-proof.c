/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/fota-supply.h"
#include "daemon/job/fota-report.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-start.h"
#include "policy/fota-loop.h"
#include "tests/unit/test-daemon-parts.h"

/* Whether a new firmware serves as the old one did, and the way back where it does not. */

static const FotaMethod asked_method = {.name = "asked", .route = FOTA_ROUTE_ASKED};

static FotaResult
on_discard(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return FOTA_RESULT_DONE;
}

static const FotaMethod fed_method = {
    .name = "fed", .route = FOTA_ROUTE_FEED, .discard = on_discard};
static const FotaMethod *const methods[] = {&fed_method, &asked_method, NULL};
static const FotaVendor vendor = {.methods = methods};
static gboolean claimed;

const FotaVendor *__wrap_fota_presence_get_vendor(FotaPresence *presence);

const FotaVendor *
__wrap_fota_presence_get_vendor(FotaPresence *presence)
{
    return claimed ? &vendor : NULL;
}

/* An update by @method that has brought @revision, whose service was proven, or lost. */
static void
set_proving(FotaRecord *record, const char *method, const char *revision)
{
    record->mark = FOTA_MARK_PROVING;
    fota_record_set(&record->update_id, "u1");
    fota_record_set(&record->from, OLD);
    fota_record_set(&record->to, revision);
    fota_record_set(&record->revision, revision);
    fota_record_set(&record->service_before, "home connected");
    fota_record_set(&record->began_with, "digest");
    g_hash_table_insert(record->settings, g_strdup(FOTA_JOB_METHOD), g_strdup(method));
}

static void
conclude(Fixture *fixture, const GError *error)
{
    FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_DONE, error);

    end.version = fixture->parts.record->revision;
    fota_closing_end(&fixture->parts, FOTA_ACTION_CONCLUDE, &end);
}

/* What the module asked ends with the proof of its service: it is not answered again, and a
 * manifest's attempts and its hold are as they were. */
static void
test_proven_question(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;

    claimed = TRUE;
    for (guint i = 0; i < 2; i++) {
        const gboolean asked = i == 0;

        set_proving(record, asked ? "asked" : "fed", "30.00.002");
        fota_record_set(&record->question, "#OTAEV: 1");
        fota_record_set(&record->question_approved, "token");
        record->question_heard = 7;
        record->question_answered = 8;
        record->attempts = 2;
        conclude(fixture, NULL);
        g_assert_cmpint(record->mark, ==, FOTA_MARK_NONE);
        g_assert_cmpstr(record->question, ==, asked ? "" : "#OTAEV: 1");
        g_assert_cmpstr(record->question_approved, ==, asked ? "" : "token");
        g_assert_cmpuint(record->attempts, ==, asked ? 2 : 0);
    }
    claimed = FALSE;
}

/* An update at @mark that is put back. */
static void
set_restoring(FotaRecord *record, FotaMark mark)
{
    set_proving(record, "fed", "30.00.002");
    fota_record_set(&record->from, "30.00.002");
    fota_record_set(&record->to, OLD);
    fota_record_set(&record->loss, "it is not registered");
    record->restoring = 1;
    record->mark = mark;
}

static void
end_restore(Fixture *fixture, FotaAction action, FotaResult result, const char *version)
{
    g_autoptr(GError) error =
        g_error_new_literal(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED, "it refused");
    FotaJobEnd end = fota_closing_make_end(result, error);

    end.version = version;
    fota_closing_end(&fixture->parts, action, &end);
}

/* Only what failed counts as a try of the way back; what had to wait is no try. */
static void
test_back_tries(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;

    claimed = TRUE;
    set_restoring(record, FOTA_MARK_RESTORING);
    for (guint i = 0; i < 5; i++) {
        end_restore(fixture, FOTA_ACTION_RESTORE, FOTA_RESULT_TRY_LATER, "");
        g_assert_cmpint(record->mark, ==, FOTA_MARK_RESTORING);
    }
    for (guint i = 0; i < 2; i++) {
        end_restore(fixture, FOTA_ACTION_RESTORE, FOTA_RESULT_FAILED_FOR_NOW, "");
        g_assert_cmpint(record->mark, ==, FOTA_MARK_RESTORING);
    }
    end_restore(fixture, FOTA_ACTION_RESTORE, FOTA_RESULT_FAILED_FOR_NOW, "");
    g_assert_cmpint(record->mark, !=, FOTA_MARK_RESTORING);
    g_assert_cmpstr(record->unserved_to, ==, "30.00.002");
    claimed = FALSE;
}

/* After a way back that failed, a delta may be left in the module, and no more of it: the next
 * update is an update, and ends as such. */
static void
test_back_failed(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;

    claimed = TRUE;
    set_restoring(record, FOTA_MARK_INSTALLING);
    end_restore(fixture, FOTA_ACTION_RESUME, FOTA_RESULT_FAILED_FOR_GOOD, "30.00.003");
    g_assert_cmpint(record->mark, ==, FOTA_MARK_DISCARDING);
    g_assert_false(record->restoring);
    g_assert_cmpstr(record->loss, ==, "");
    claimed = FALSE;
}

static FotaSupply supply = {.on_mains = -1, .battery = -1};

FotaSupply __wrap_fota_supply_read(const char *directory);

FotaSupply
__wrap_fota_supply_read(const char *directory)
{
    return supply;
}

/* A way back waits for the supply that an update needs, and looks for it as soon. */
static void
test_back_supply(Fixture *fixture, gconstpointer data)
{
    static const struct {
        FotaSupply supply;
        gboolean restoring, lacks;
    } cases[] = {
        {{.on_mains = 0, .battery = -1}, TRUE, TRUE},
        {{.on_mains = 0, .battery = -1}, FALSE, FALSE},
        {{.on_mains = 1, .battery = -1}, TRUE, FALSE},
        {{.on_mains = -1, .battery = 100}, TRUE, FALSE},
    };
    const FotaParts *parts = &fixture->parts;

    fixture_configure(fixture, "[Conditions]\nMainsPower=yes\n");
    set_restoring(parts->record, FOTA_MARK_RESTORING);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%u", i);
        supply = cases[i].supply;
        parts->record->restoring = cases[i].restoring ? 1 : 0;
        g_assert_cmpint(fota_situation_look(parts, NULL).supply_low, ==, cases[i].lacks);
        g_assert_true((fota_situation_get_wait(parts) <= 61) == cases[i].lacks);
    }
    supply = (FotaSupply){.on_mains = -1, .battery = -1};
}

/* A fotad that crashes over the way back gives it up, as any other update. */
static void
test_back_loop(Fixture *fixture, gconstpointer data)
{
    FotaRecord *record = fixture->parts.record;
    const FotaHistoryEntry *entry;

    claimed = TRUE;
    set_restoring(record, FOTA_MARK_RESTORING);
    record->starts = FOTA_LOOP_MAX_STARTS;
    fota_start_action(&fixture->parts, FOTA_ACTION_RESTORE);
    g_assert_cmpint(record->mark, ==, FOTA_MARK_NONE);
    g_assert_cmpuint(record->history->len, ==, 1);
    entry = record->history->pdata[0];
    g_assert_cmpstr(entry->result, ==, "no-service");
    g_assert_cmpstr(entry->to, ==, "30.00.002");
    g_assert_nonnull(strstr(entry->text, "fotad was started"));
    claimed = FALSE;
}

/* An update does not begin while the service from which a job, or a restart, took the module has
 * yet to return: else it would be held to less than the module had. */
static void
test_settling(Fixture *fixture, gconstpointer data)
{
    const FotaProofTerms terms = {.wanted = TRUE}, unwanted = {0};
    FotaModemFacts facts = fixture_make_facts("package");
    FotaProof *proof = fixture->parts.proof;

    /* It never had one, as far as anybody knows. */
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    facts.enabled = facts.registered = facts.connected = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    /* A job has ended, and ModemManager finds the module again, step by step. */
    fota_proof_look(proof, NULL, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    g_assert_cmpint(fota_proof_get_settled(proof, &unwanted), ==, 0);
    facts.registered = facts.connected = FALSE;
    fota_proof_look(proof, &facts, &terms);
    facts.registered = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    fota_proof_look(proof, NULL, &terms);
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    facts.connected = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    /* A restart while the delta waits in the module. */
    fota_proof_note_before(proof, &terms);
    fixture_stop(fixture);
    fixture_start(fixture);
    g_assert_cmpint(fota_proof_get_settled(fixture->parts.proof, &terms), >, fota_boot_time());
}

/* One that has just come, or was just enabled, has yet to find its network: what it has is not
 * read yet. What it had before fotad was started is on record. */
static void
test_unread(Fixture *fixture, gconstpointer data)
{
    const FotaProofTerms terms = {.wanted = TRUE};
    FotaModemFacts facts = fixture_make_facts("package");
    FotaProof *proof = fixture->parts.proof;

    facts.enabled = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), >, fota_boot_time());
    facts.registered = facts.connected = TRUE;
    fota_proof_look(proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(proof, &terms), ==, 0);
    for (guint i = 0; i < 2; i++) {
        fixture_stop(fixture);
        fixture_start(fixture);
        proof = fixture->parts.proof;
        fota_proof_look(proof, NULL, &terms);
        facts.enabled = facts.registered = facts.connected = i == 1;
        fota_proof_look(proof, &facts, &terms);
        g_assert_cmpint(fota_proof_get_settled(proof, &terms) > fota_boot_time(), ==, i == 0);
    }
    /* An update that has begun without: that is what it has. */
    facts.connected = FALSE;
    fota_proof_look(proof, &facts, &terms);
    fota_proof_note_before(proof, &terms);
    fota_record_set(&fixture->parts.record->service_before, NULL);
    fixture_stop(fixture);
    fixture_start(fixture);
    fota_proof_look(fixture->parts.proof, &facts, &terms);
    g_assert_cmpint(fota_proof_get_settled(fixture->parts.proof, &terms), ==, 0);
}

/* A ModemManager that crashes over the new firmware again and again does not begin the time anew.
 */
static void
test_proof_interrupted(Fixture *fixture, gconstpointer data)
{
    const FotaProofTerms terms = {.wanted = TRUE, .time = 600};
    FotaProof *proof = fixture->parts.proof;
    gint64 began = fota_boot_time(), spent;

    set_proving(fixture->parts.record, "fed", "30.00.002");
    fixture->context.sees_modems = TRUE;
    fota_proof_look(proof, NULL, &terms);
    while (fota_boot_time() < began + 2000)
        ;
    spent = 600 * G_USEC_PER_SEC - fota_proof_judge(proof, &terms).wait;
    g_assert_cmpint(spent, >, 0);
    for (guint i = 0; i < 2; i++) {
        fixture->context.sees_modems = i == 1;
        fota_proof_look(proof, NULL, &terms);
    }
    g_assert_cmpint(600 * G_USEC_PER_SEC - fota_proof_judge(proof, &terms).wait, >=, spent);
    fixture->context.sees_modems = FALSE;
}

int
main(int argc, char **argv)
{
    fixture_init(&argc, &argv);
    FIXTURE_ADD("/proof/question", test_proven_question);
    FIXTURE_ADD("/proof/settling", test_settling);
    FIXTURE_ADD("/proof/unread", test_unread);
    FIXTURE_ADD("/proof/interrupted", test_proof_interrupted);
    FIXTURE_ADD("/proof/back-tries", test_back_tries);
    FIXTURE_ADD("/proof/back-failed", test_back_failed);
    FIXTURE_ADD("/proof/back-loop", test_back_loop);
    FIXTURE_ADD("/proof/back-supply", test_back_supply);
    return g_test_run();
}
