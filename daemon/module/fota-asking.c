/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-asking.h"

#include <syslog.h>

#include "base/fota-clock.h"
#include "daemon/at/fota-at-channel.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-method.h"
#include "daemon/module/fota-results.h"

/* A port apart. */
static const FotaMethod *
find_wanted(const FotaParts *parts)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaModemFacts *modem = fota_presence_get_facts(parts->presence);
    const FotaMethod *method = fota_method_choose(parts, FOTA_ACTION_LISTEN);

    if (method == NULL || method->route != FOTA_ROUTE_ASKED || modem == NULL ||
        config->module_asks == FOTA_MODULE_ASKS_LEAVE ||
        config->access == FOTA_ACCESS_MODEM_MANAGER)
        return NULL;
    return method;
}

const FotaMethod *
fota_asking_find_method(const FotaParts *parts)
{
    const FotaModemFacts *modem = fota_presence_get_facts(parts->presence);
    const FotaMethod *method = find_wanted(parts);

    return method != NULL && fota_at_has_reserved_port(modem->device) ? method : NULL;
}

const char *
fota_asking_describe(const FotaParts *parts)
{
    if (find_wanted(parts) == NULL)
        return "";
    return fota_asking_find_method(parts) != NULL ? "yes" : "no-port";
}

/* What was asked ends without the module, or with a word of it. */
static void
asking_finish(const FotaParts *parts, const char *result, const char *error,
              const FotaQuestionEnd *end)
{
    const FotaRecord *record = parts->record;
    FotaHistoryEntry *entry = fota_history_entry_new();
    GVariantDict details;

    fota_record_set(&entry->id, end->id);
    fota_record_set(&entry->from, record->revision);
    fota_record_set(&entry->to, end->to);
    fota_record_set(&entry->result, result);
    fota_record_set(&entry->error, error);
    fota_record_set(&entry->text, end->how);
    entry->finished = (guint64)fota_clock_now();
    entry->started = entry->finished;
    entry->stages[FOTA_STAGE_OFFERED] = end->heard;
    fota_results_add(parts, entry);
    fota_record_log(record, LOG_NOTICE, FOTA_EVENT_NONE, "what the module asks is %s%s%s", result,
                    end->how[0] != '\0' ? ": " : "", end->how);
    g_variant_dict_init(&details, NULL);
    g_variant_dict_insert(&details, "reason", "s", entry->text);
    fota_shown_announce_end(parts->shown, entry->id, entry->result, g_variant_dict_end(&details));
}

/* One that was refused has ended for everybody but the module. */
static gboolean
was_refused(const FotaParts *parts)
{
    return parts->record->question_refused[0] != '\0';
}

static void
end_unanswered(const FotaParts *parts)
{
    g_auto(FotaQuestionEnd) end = {0};

    if (!fota_questions_take_end(parts->questions, &end))
        return;
    asking_finish(parts, "expired", "QuestionExpired", &end);
    fota_keeper_save(parts->keeper, NULL);
}

/* The token of the question's own plan is not needed: nobody else answers it any more. */
static void
refuse_by_rule(const FotaParts *parts)
{
    const FotaQuestion *question = fota_questions_get(parts->questions);

    if (fota_parts_get_config(parts)->module_asks == FOTA_MODULE_ASKS_REFUSE && question != NULL &&
        question->kind != FOTA_QUESTION_NONE && question->may_reject && !was_refused(parts))
        fota_asking_reject(parts, "configuration", "[ModuleAsks] Answer=refuse");
}

void
fota_asking_look(const FotaParts *parts)
{
    const FotaModemFacts *modem = fota_presence_get_facts(parts->presence);
    gboolean free = !fota_run_has_module(parts->run) &&
                    fota_presence_get(parts->presence) == FOTA_PRESENCE_HERE;
    const FotaMethod *method = free ? fota_asking_find_method(parts) : NULL;

    if (method != NULL)
        fota_questions_listen(
            parts->questions,
            &(FotaQuestionsPlace){
                .device = modem->device,
                .start = modem->start,
                .table = fota_parts_get_plugin(parts)->unsolicited,
                .source = method->carrier ? FOTA_SOURCE_CARRIER : FOTA_SOURCE_MODULE,
            });
    else
        fota_questions_give_up(parts->questions);
    end_unanswered(parts);
    if (free)
        refuse_by_rule(parts);
}

FotaApprovalGate
fota_asking_get_gate(const FotaParts *parts)
{
    const FotaPlan *plan = parts->plan;
    const FotaQuestion *question = plan != NULL && plan->source >= FOTA_SOURCE_MODULE
                                       ? fota_questions_get(parts->questions)
                                       : NULL;

    return question != NULL && question->kind == FOTA_QUESTION_INSTALL
               ? FOTA_APPROVAL_GATE_INSTALL
               : fota_offers_get_gate(parts->offers);
}

gboolean
fota_asking_is_offered(const FotaParts *parts)
{
    const char *source = "";

    g_variant_lookup(fota_shown_get(parts->shown, "Update"), "source", "&s", &source);
    return g_str_equal(source, fota_source_get_name(FOTA_SOURCE_MODULE)) ||
           g_str_equal(source, fota_source_get_name(FOTA_SOURCE_CARRIER));
}

void
fota_asking_reject(const FotaParts *parts, const char *token, const char *reason)
{
    g_auto(FotaQuestionEnd) end = fota_questions_describe_end(parts->questions, reason);

    asking_finish(parts, "rejected", NULL, &end);
    fota_questions_refuse(parts->questions, token);
    fota_keeper_save(parts->keeper, NULL);
}

void
fota_asking_cancel(const FotaParts *parts)
{
    g_auto(FotaQuestionEnd) end = fota_questions_describe_end(parts->questions, "");

    asking_finish(parts, "cancelled", NULL, &end);
    fota_questions_close(parts->questions);
    fota_keeper_save(parts->keeper, NULL);
}

gboolean
fota_asking_find_answer(const FotaParts *parts, FotaAnswer *answer)
{
    const FotaRecord *record = parts->record;
    const FotaPlan *plan = parts->plan;
    gboolean waits = plan != NULL && plan->source >= FOTA_SOURCE_MODULE &&
                     plan->gates[FOTA_APPROVAL_GATE_DOWNLOAD].approved &&
                     plan->blockers->pdata[0] != NULL;
    gboolean later = (gint64)record->question_deferred_until > fota_clock_now() || waits ||
                     record->mark != FOTA_MARK_NONE;

    return record->mark != FOTA_MARK_INSTALLING &&
           fota_questions_find_answer(parts->questions, later, answer);
}

static gboolean
is_definite(const FotaJobEnd *end)
{
    return g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED) ||
           g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_QUESTION_EXPIRED) ||
           g_error_matches(end->error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED);
}

void
fota_asking_end(const FotaParts *parts, FotaAction action, const FotaJobEnd *end)
{
    if (end->error != NULL) {
        fota_record_log(parts->record, LOG_WARNING, FOTA_EVENT_NONE,
                        action == FOTA_ACTION_LISTEN ? "what the module asks is not known (%s): %s"
                                                     : "the module was not answered (%s): %s",
                        fota_error_get_name(end->error), end->error->message);
        fota_questions_fail(parts->questions, is_definite(end));
        if (end->question_line != NULL)
            fota_questions_hear(parts->questions, end->question_line);
        return;
    }
    if (action == FOTA_ACTION_LISTEN)
        fota_record_log(parts->record, LOG_INFO, FOTA_EVENT_NONE,
                        "listening to what the module asks by itself");
    /* What the application answers now was not told by a job that had begun before. */
    if (action == FOTA_ACTION_LISTEN || end->question->text != NULL)
        fota_questions_take(parts->questions, end->question, end->question_line);
    else
        fota_questions_note_told(parts->questions, end->answer);
}
