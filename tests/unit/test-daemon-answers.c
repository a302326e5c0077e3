/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fota-clock.h"
#include "daemon/module/fota-answers.h"
#include "daemon/module/fota-closing.h"
#include "daemon/module/fota-situation.h"
#include "daemon/module/fota-view.h"
#include "policy/fota-policy-error.h"
#include "tests/unit/test-daemon-parts.h"

/* What applications read of a module and ask of it, and what the module asks them. */

static FotaAction running;
static gint64 passed; /* µs, beside the time that passes anyway */

gint64 __real_fota_boot_time(void);
gint64 __wrap_fota_boot_time(void);

gint64
__wrap_fota_boot_time(void)
{
    return __real_fota_boot_time() + passed;
}

FotaAction __wrap_fota_run_get_action(FotaRun *run);

FotaAction
__wrap_fota_run_get_action(FotaRun *run)
{
    return running;
}

/* A question that runs as a job leaves the offer as it is, with the token that answers it. */
static void
test_question_shows_offer(Fixture *fixture, gconstpointer data)
{
    static const FotaAction questions[] = {FOTA_ACTION_NONE, FOTA_ACTION_CHECK,
                                           FOTA_ACTION_INSPECT};
    FotaParts *parts = &fixture->parts;
    FotaManifest *manifest = fota_manifest_make_for_vendor(IMEI);
    const FotaFacts facts = {.imei = IMEI, .revision = OLD, .vendor_version = "30.00.002"};
    const FotaNext next = {.state = FOTA_STATE_CHECKING, .offers = TRUE};

    parts->plan = fota_plan_make(manifest, &facts);
    fota_manifest_unref(manifest);
    g_assert_cmpint(parts->plan->kind, ==, FOTA_PLAN_UPDATE);
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        const char *token = NULL, *to = NULL;

        g_test_message("%u", i);
        running = questions[i];
        fota_shown_set(parts->shown, "Update", g_variant_new("a{sv}", NULL));
        fota_view_follow(parts, &next);
        running = FOTA_ACTION_NONE;
        g_variant_lookup(fota_shown_get(parts->shown, "Update"), "to", "&s", &to);
        g_assert_cmpstr(to, ==, "30.00.002");
        g_assert_true(
            g_variant_lookup(fota_shown_get(parts->shown, "Update"), "token", "&s", &token));
    }
    g_clear_pointer(&parts->plan, fota_plan_free);
}

static void
expect_text(GVariant *identity, const char *name, const char *expected)
{
    const char *text = NULL;

    g_assert_true(g_variant_lookup(identity, name, "&s", &text));
    g_assert_cmpstr(text, ==, expected);
}

/* Query() has what Premium FOTA Management asks a module for (4.2): IMEI, number, model, IMSI, and
 * the network. */
static void
test_query(Fixture *fixture, gconstpointer data)
{
    const FotaModemFacts facts = {.imsi = (char *)"222015602260340",
                                  .own_numbers = (char *[]){(char *)"+15551234567", NULL},
                                  .operator_name = (char *)"Bench",
                                  .operator_code = (char *)"311480",
                                  .registered = TRUE};
    g_autoptr(GVariant) identity = NULL;
    g_autofree const char **numbers = NULL;

    fixture_see(fixture, "package");
    identity = fota_view_identify(fixture->parts.record, &facts);
    expect_text(identity, "imei", IMEI);
    expect_text(identity, "model", "ME910C1-NA");
    expect_text(identity, "imsi", "222015602260340");
    expect_text(identity, "operator", "Bench");
    expect_text(identity, "plmn", "311480");
    g_assert_true(g_variant_lookup(identity, "own-numbers", "^a&s", &numbers));
    g_assert_cmpstr(numbers[0], ==, "+15551234567");
}

/* The time of a question survives a kill, so that its rejection makes one report, whenever it is
 * given; the next question has a time of its own. */
static void
test_question_time(Fixture *fixture, gconstpointer data)
{
    guint64 first;

    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "a"), ==, 0);
    g_assert_true(fota_offers_ask(fixture->parts.offers, "a", FALSE));
    first = fota_offers_get_question_time(fixture->parts.offers, "a");
    g_assert_cmpuint(first, >, 0);
    fixture_stop(fixture);
    fixture_start(fixture);
    g_assert_true(fota_offers_ask(fixture->parts.offers, "a", FALSE));
    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "a"), ==, first);
    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "b"), ==, 0);
    fota_offers_defer(fixture->parts.offers, 0);
    g_assert_true(fota_offers_ask(fixture->parts.offers, "a", FALSE));
    g_assert_cmpuint(fota_offers_get_question_time(fixture->parts.offers, "a"), >, first);
}

/* Reading changes nothing, and an answer that comes after the offer has gone is refused. */
static void
test_offer_has_gone(Fixture *fixture, gconstpointer data)
{
    const FotaParts *parts = &fixture->parts;
    g_autoptr(GBytes) before = NULL;
    g_autoptr(GBytes) after = NULL;

    fixture_see(fixture, "package");
    before = fota_record_serialize(parts->record);
    for (guint i = 0; i < 5; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *plan = fota_view_explain(parts);
        gboolean accepted = i == 0   ? fota_answers_approve(parts, "token", &error)
                            : i == 1 ? fota_answers_defer(parts, "token", 60, &error)
                            : i == 2 ? fota_answers_reject(parts, "token", "no", &error)
                            : i == 3 ? fota_answers_cancel(parts, "token", &error)
                                     : fota_answers_rehearse(parts, &error);

        g_test_message("request %u", i);
        g_assert_nonnull(plan);
        g_assert_false(accepted);
        g_assert_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_NOTHING_OFFERED);
        g_assert_null(parts->plan);
    }
    after = fota_record_serialize(parts->record);
    g_assert_true(g_bytes_equal(before, after));
}

#define ASKS "#OTAEV: Do you want to upgrade the firmware?"
#define BEGINS "#OTAEV: Start Fw Download"

/* The module asks; a job has told it @answer while the application refuses. */
static void
answer_crossed(Fixture *fixture, FotaAnswer answer, const FotaQuestion *found)
{
    FotaQuestions *questions = fixture->parts.questions;
    const FotaQuestion asked = {.kind = FOTA_QUESTION_DOWNLOAD, .may_reject = TRUE};
    FotaJobEnd end = fota_closing_make_end(FOTA_RESULT_DONE, NULL);

    fota_questions_take(questions, &asked, ASKS);
    fixture_write(fixture);
    fota_questions_refuse(questions, "token");
    end.answer = answer;
    end.question = found;
    end.question_line = found->text != NULL ? BEGINS : ASKS;
    fota_closing_end(&fixture->parts, FOTA_ACTION_ANSWER, &end);
}

/* A no that is given while "not yet" is told goes out next, and what the module has begun in the
 * meantime is followed. */
static void
test_answer_crosses(Fixture *fixture, gconstpointer data)
{
    static const FotaQuestion nothing = {.kind = FOTA_QUESTION_NONE};
    const FotaQuestion begun = {.kind = FOTA_QUESTION_NONE, .text = (char *)BEGINS};
    const FotaRecord *record = fixture->parts.record;
    FotaAnswer answer;

    fixture_see(fixture, OLD);
    answer_crossed(fixture, FOTA_ANSWER_LATER, &nothing);
    g_assert_cmpstr(record->question, ==, ASKS);
    g_assert_true(fota_questions_find_answer(fixture->parts.questions, FALSE, &answer));
    g_assert_cmpint(answer, ==, FOTA_ANSWER_REJECT);
    answer_crossed(fixture, FOTA_ANSWER_REJECT, &nothing);
    g_assert_cmpstr(record->question, ==, "");
    answer_crossed(fixture, FOTA_ANSWER_REJECT, &begun);
    g_assert_cmpstr(record->question, ==, BEGINS);
    g_assert_false(fota_questions_find_answer(fixture->parts.questions, FALSE, &answer));
}

/* What a module without a plugin is, and why it has none, is said wherever it is asked for. */
static void
test_unsupported(Fixture *fixture, gconstpointer data)
{
    const char *why = "Telit ME910C1-NA: no plugin claims it";
    const FotaParts *parts = &fixture->parts;
    g_autofree char *plan = NULL;
    g_autoptr(GError) error = NULL;

    fixture_see(fixture, "package");
    plan = fota_view_explain(parts);
    g_assert_nonnull(strstr(plan, "\"unsupported\""));
    g_assert_nonnull(strstr(plan, why));
    g_assert_false(fota_answers_accept(parts, FOTA_REQUEST_CHECK, &error));
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==, why);
}

/* A question to the module takes it from the host, unless ModemManager passes it on. */
static void
test_question_takes(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text;
        gboolean takes;
    } cases[] = {
        {"", TRUE},
        {"[Access]\nAt=auto\n", TRUE},
        {"[Access]\nAt=port\n", TRUE},
        {"[Access]\nAt=modemmanager\n", FALSE},
    };

    fixture_see(fixture, "package");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        fixture_configure(fixture, cases[i].text);
        g_assert_cmpint(fota_situation_look(&fixture->parts, NULL).ask_takes, ==, cases[i].takes);
    }
}

/* The time that an application has for its answer begins when the clock is right. */
static void
test_clock(Fixture *fixture, gconstpointer data)
{
    const FotaParts *parts = &fixture->parts;
    FotaRecord *record = parts->record;
    guint64 *const times[] = {&record->asked, &record->first_offered, &record->question_asked};
    const gint64 now = FOTA_RELEASE_TIME + G_USEC_PER_SEC;

    for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
        fota_offers_set_clock(parts->offers, now);
        fota_questions_set_clock(parts->questions, now);
        g_assert_cmpuint(*times[i], ==, 0);
        *times[i] = 5;
        fota_offers_set_clock(parts->offers, 0);
        fota_questions_set_clock(parts->questions, 0);
        g_assert_cmpuint(*times[i], ==, 5);
        for (guint j = 0; j < 2; j++) {
            fota_offers_set_clock(parts->offers, now + j);
            fota_questions_set_clock(parts->questions, now + j);
            g_assert_cmpuint(*times[i], ==, now);
        }
    }
}

/* What waits since @ahead for a day, when it is @now. */
static void
assert_waits(Fixture *fixture, gint64 now)
{
    const FotaParts *parts = &fixture->parts;
    FotaRecord *record = parts->record;
    const guint64 *const past[] = {&record->asked, &record->first_offered, &record->last_attempt,
                                   &record->question_asked};
    const guint64 *const until[] = {&record->deferred_until, &record->question_deferred_until};

    fota_offers_set_clock(parts->offers, now);
    fota_questions_set_clock(parts->questions, now);
    for (guint i = 0; i < G_N_ELEMENTS(past); i++)
        g_assert_cmpuint(*past[i], ==, now);
    for (guint i = 0; i < G_N_ELEMENTS(until); i++) {
        g_assert_cmpuint(*until[i], >, now + G_TIME_SPAN_DAY - G_TIME_SPAN_MINUTE);
        g_assert_cmpuint(*until[i], <=, now + G_TIME_SPAN_DAY);
    }
}

/* While the clock was ahead something was put off and an attempt failed: once it is set back, both
 * wait for as long as they were to from then on, and no longer, also after a restart. */
static void
test_clock_ahead(Fixture *fixture, gconstpointer data)
{
    const gint64 ahead = FOTA_RELEASE_TIME + 30 * G_TIME_SPAN_DAY;

    for (guint restarted = 0; restarted < 2; restarted++) {
        FotaRecord *record = fixture->parts.record;

        fota_offers_defer(fixture->parts.offers, fota_clock_now() + G_TIME_SPAN_DAY);
        fota_questions_defer(fixture->parts.questions, fota_clock_now() + G_TIME_SPAN_DAY);
        record->deferred_until = (guint64)(ahead + G_TIME_SPAN_DAY);
        record->question_deferred_until = record->deferred_until;
        record->asked = record->first_offered = (guint64)ahead;
        record->last_attempt = record->question_asked = (guint64)ahead;
        assert_waits(fixture, ahead);
        if (restarted) {
            fixture_stop(fixture);
            fixture_start(fixture);
        }
        assert_waits(fixture, ahead - 20 * G_TIME_SPAN_DAY);
    }
}

#define GUEST_LIMIT_US (900 * G_USEC_PER_SEC)

static void
take_end(GObject *owner, const char *id, const char *result, GVariant *details, gpointer ends)
{
    const char *reason = "";
    gboolean rehearsal = FALSE;

    g_variant_lookup(details, "reason", "&s", &reason);
    g_variant_lookup(details, "rehearsal", "b", &rehearsal);
    g_string_append_printf(ends, "%s %s %s: %s\n", id, rehearsal ? "rehearsal" : "update", result,
                           reason);
}

/* Without an answer a rehearsal ends after its time; with one it waits as long as something blocks
 * it; asked anew, it wants another answer. */
static void
test_guest_waits(Fixture *fixture, gconstpointer data)
{
    const FotaParts *parts = &fixture->parts;
    g_autoptr(GString) ends = g_string_new(NULL);

    fixture_see(fixture, OLD);
    fota_accepted_take_vendor(parts->accepted);
    g_signal_connect(fixture->owner, "update-finished", G_CALLBACK(take_end), ends);
    fota_offers_invite(parts->offers, fota_accepted_get(parts->accepted));
    fota_offers_approve_guest(parts->offers, "token");
    passed = GUEST_LIMIT_US;
    fota_answers_end_guest(parts);
    g_assert_cmpstr(ends->str, ==, "");
    g_assert_true(fota_offers_guest_is_approved(parts->offers, "token"));
    fota_offers_await_guest(parts->offers);
    fota_answers_end_guest(parts);
    g_assert_cmpstr(ends->str, ==, "");
    passed += GUEST_LIMIT_US;
    fota_answers_end_guest(parts);
    g_assert_cmpstr(ends->str, ==, "vendor-server rehearsal expired: nobody has answered\n");
    g_assert_null(fota_offers_get_guest(parts->offers));
}

/* Whoever has asked for a rehearsal is told when there will be none. */
static void
test_guest_goes(Fixture *fixture, gconstpointer data)
{
    const FotaParts *parts = &fixture->parts;
    g_autoptr(FotaManifest) other = fota_manifest_make_for_vendor("353081090067890");
    g_autoptr(GString) ends = g_string_new(NULL);

    fixture_see(fixture, OLD);
    fota_accepted_take_vendor(parts->accepted);
    g_signal_connect(fixture->owner, "update-finished", G_CALLBACK(take_end), ends);
    fota_answers_drop_guest(parts, "cancelled", "there is none");
    g_assert_cmpstr(ends->str, ==, "");
    fota_offers_invite(parts->offers, fota_accepted_get(parts->accepted));
    fota_answers_drop_guest(parts, "cancelled", "an update begins");
    g_assert_cmpstr(ends->str, ==, "vendor-server rehearsal cancelled: an update begins\n");
    fota_offers_invite(parts->offers, other);
    fota_offers_approve_guest(parts->offers, "token");
    g_string_truncate(ends, 0);
    fota_answers_end_guest(parts);
    g_assert_cmpstr(ends->str, ==,
                    "vendor-server rehearsal cancelled: its manifest is no longer at hand\n");
    g_assert_cmpuint(parts->record->history->len, ==, 2);
}

int
main(int argc, char **argv)
{
    fixture_init(&argc, &argv);
    FIXTURE_ADD("/answers/clock", test_clock);
    FIXTURE_ADD("/answers/clock-ahead", test_clock_ahead);
    FIXTURE_ADD("/answers/question-shows-offer", test_question_shows_offer);
    FIXTURE_ADD("/answers/guest-waits", test_guest_waits);
    FIXTURE_ADD("/answers/guest-goes", test_guest_goes);
    FIXTURE_ADD("/answers/query", test_query);
    FIXTURE_ADD("/answers/question-time", test_question_time);
    FIXTURE_ADD("/answers/crosses", test_answer_crosses);
    FIXTURE_ADD("/answers/offer-has-gone", test_offer_has_gone);
    FIXTURE_ADD("/answers/unsupported", test_unsupported);
    FIXTURE_ADD("/answers/question-takes", test_question_takes);
    return g_test_run();
}
