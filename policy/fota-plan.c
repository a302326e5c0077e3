/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-plan-private.h"

#include "base/fota-units.h"

static const FotaRules no_rules = FOTA_RULES_INIT;

const char *
fota_plan_kind_get_name(FotaPlanKind kind)
{
    static const char *const names[] = {
        [FOTA_PLAN_NOTHING_FOR_YOU] = "nothing-for-you",
        [FOTA_PLAN_UP_TO_DATE] = "up-to-date",
        [FOTA_PLAN_ASK_VENDOR] = "ask-vendor",
        [FOTA_PLAN_UPDATE] = "update",
        [FOTA_PLAN_NO_PATH] = "no-path",
        [FOTA_PLAN_DOWNGRADE_REFUSED] = "downgrade-refused",
        [FOTA_PLAN_REJECTED] = "rejected",
        [FOTA_PLAN_UNANSWERED] = "unanswered",
        [FOTA_PLAN_FAILED_FOR_GOOD] = "failed-for-good",
    };

    return names[kind];
}

void
fota_plan_explain(FotaPlan *plan, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_insert(plan->reasons, (gint)plan->reasons->len - 1,
                       g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* The steps from where the module stands. The manifest has no circles, but for a dummy. */
static void
find_chain(FotaPlan *plan, const FotaManifestUpdate *update, const char *revision)
{
    const FotaStep *step = fota_manifest_find_step(update, revision);

    for (; step; step = step->dummy ? NULL : fota_manifest_find_step(update, step->to_version))
        plan->steps[plan->n_steps++] = *step;
    if (plan->n_steps > 0)
        plan->to = g_strdup(plan->steps[plan->n_steps - 1].to_version);
}

static gboolean
is_end(const FotaManifestUpdate *update, const char *revision)
{
    for (guint i = 0; i < update->n_steps; i++)
        if (g_str_equal(update->steps[i].to_version, revision))
            return TRUE;
    return FALSE;
}

static FotaPlanKind
decide_by_steps(FotaPlan *plan, const FotaManifestUpdate *update, const FotaFacts *facts)
{
    const char *revision = facts->revision;
    const FotaStep *step = fota_manifest_find_step(update, revision);

    if (step && step->dummy && facts->dummy_done) {
        fota_plan_explain(plan, "the dummy of this update has been installed on %s", revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    find_chain(plan, update, revision);
    if (plan->n_steps > 0 && plan->steps[0].dummy) {
        fota_plan_explain(plan, "the module runs %s, and a dummy leaves it there", revision);
        return FOTA_PLAN_UPDATE;
    }
    if (plan->n_steps > 0) {
        fota_plan_explain(plan, "the module runs %s; %u step%s to %s", revision, plan->n_steps,
                          plan->n_steps == 1 ? "" : "s", plan->to);
        return FOTA_PLAN_UPDATE;
    }
    if (is_end(update, revision)) {
        fota_plan_explain(plan, "the module already runs %s, where the steps end", revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    fota_plan_explain(plan, "no path from %s: no step has exactly this fromVersion", revision);
    return FOTA_PLAN_NO_PATH;
}

/* Without steps the vendor's server knows what comes next; toVersion is what is accepted of it. */
static FotaPlanKind
decide_by_vendor(FotaPlan *plan, const FotaManifestUpdate *update, const FotaFacts *facts)
{
    const char *offered = facts->vendor_version;

    if (g_strcmp0(update->to_version, facts->revision) == 0) {
        fota_plan_explain(plan, "the module already runs %s, as wanted", facts->revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    if (!offered) {
        fota_plan_explain(plan, "the vendor's server decides and has not been asked yet");
        return FOTA_PLAN_ASK_VENDOR;
    }
    if (offered[0] == '\0') {
        fota_plan_explain(plan, "the vendor's server has nothing newer than %s", facts->revision);
        return FOTA_PLAN_UP_TO_DATE;
    }
    if (update->to_version && !g_str_equal(offered, update->to_version)) {
        fota_plan_explain(plan, "no path from %s: the vendor's server has %s, only %s is accepted",
                          facts->revision, offered, update->to_version);
        return FOTA_PLAN_NO_PATH;
    }
    plan->to = g_strdup(offered);
    plan->steps[plan->n_steps++] = (FotaStep){
        .from_version = plan->from, .to_version = plan->to, .delta = {.size = facts->vendor_size}};
    fota_plan_explain(plan, "the module runs %s; the vendor's server has %s", facts->revision,
                      offered);
    return FOTA_PLAN_UPDATE;
}

/* The module does not always tell what it would become. */
static FotaPlanKind
decide_by_question(FotaPlan *plan, const FotaFacts *facts)
{
    plan->to = g_strdup(facts->vendor_version);
    plan->steps[plan->n_steps++] = (FotaStep){
        .from_version = plan->from, .to_version = plan->to, .delta = {.size = facts->vendor_size}};
    fota_plan_explain(plan, "the module runs %s; %s asks for an update to %s", facts->revision,
                      plan->source == FOTA_SOURCE_CARRIER ? "its carrier" : "it",
                      plan->to ? plan->to : "a version that is not told");
    return FOTA_PLAN_UPDATE;
}

static FotaPlanKind
decide_kind(FotaPlan *plan, const FotaManifestUpdate *update, const FotaFacts *facts)
{
    plan->source = plan->manifest->source;
    if (plan->source != FOTA_SOURCE_MANIFEST)
        return decide_by_question(plan, facts);
    if (update->n_steps > 0)
        return decide_by_steps(plan, update, facts);
    plan->source = FOTA_SOURCE_VENDOR;
    return decide_by_vendor(plan, update, facts);
}

static void
sum_size(FotaPlan *plan)
{
    for (guint i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i].delta.size == 0) {
            plan->size = 0;
            return;
        }
        plan->size += plan->steps[i].delta.size;
    }
}

/* One approval is valid for the whole chain, from its first to its last version. */
static void
make_gates(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    const char *from = facts->chain_from ? facts->chain_from : facts->revision;
    FotaApproval wanted[FOTA_APPROVAL_N_GATES] = {
        [FOTA_APPROVAL_GATE_DOWNLOAD] = MAX(update->approve_download, rules->approve_download),
        [FOTA_APPROVAL_GATE_INSTALL] = MAX(update->approve_install, rules->approve_install)};

    /* The stricter of the two, and an answer to the download alone is none to both. */
    if (facts->one_gate) {
        wanted[FOTA_APPROVAL_GATE_DOWNLOAD] =
            MAX(wanted[FOTA_APPROVAL_GATE_DOWNLOAD], wanted[FOTA_APPROVAL_GATE_INSTALL]);
        wanted[FOTA_APPROVAL_GATE_INSTALL] = FOTA_APPROVAL_AUTO;
    }
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++) {
        FotaPlanGate *gate = &plan->gates[i];

        gate->wanted = wanted[i];
        gate->token = fota_approval_token(plan->manifest->digest, facts->imei, from, plan->to,
                                          facts->one_gate ? FOTA_APPROVAL_GATE_INSTALL : i);
        gate->approved = g_strcmp0(gate->token, facts->approved[i]) == 0;
        fota_plan_explain(plan, "%s: %s", fota_approval_gate_get_name(i),
                          gate->wanted == FOTA_APPROVAL_AUTO ? "needs no approval"
                          : gate->approved                   ? "approved"
                                                             : "needs approval");
    }
}

/* Versions have no order, but those that the module has left are older. */
static const char *
find_way_back(const FotaPlan *plan, const FotaFacts *facts)
{
    for (guint i = 0; facts->left && i < plan->n_steps; i++)
        if (plan->steps[i].to_version && g_strv_contains(facts->left, plan->steps[i].to_version))
            return plan->steps[i].to_version;
    return NULL;
}

static gboolean
may_go_where_it_leads(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const char *back = find_way_back(plan, facts);

    if (back && !plan->manifest->update.downgrade)
        fota_plan_explain(
            plan, "the module comes from %s: this is a downgrade, and the manifest does not say so",
            back);
    else if (plan->manifest->update.downgrade && !rules->allow_downgrade)
        fota_plan_explain(plan, "this is a downgrade, which the configuration does not allow");
    else
        return TRUE;
    return FALSE;
}

/* Where the vendor's server decides, one manifest is for all of its updates. */
static gboolean
has_ended_without_service(const FotaPlan *plan, const FotaFacts *facts)
{
    return g_strcmp0(facts->unserved, plan->manifest->digest) == 0 &&
           (plan->manifest->update.n_steps > 0 || g_strcmp0(facts->unserved_to, plan->to) == 0);
}

guint32
fota_plan_count_attempts(const FotaManifestUpdate *update, const FotaRules *rules)
{
    return MIN(update->max_attempts, rules->max_attempts ? rules->max_attempts : G_MAXUINT32);
}

/* Decides by the history of this offer: rejected, given up, or still open. */
static FotaPlanKind
decide_by_past(FotaPlan *plan, const FotaFacts *facts, const FotaRules *rules)
{
    const FotaManifestUpdate *update = &plan->manifest->update;
    guint32 most = fota_plan_count_attempts(update, rules);

    if (!may_go_where_it_leads(plan, facts, rules))
        return FOTA_PLAN_DOWNGRADE_REFUSED;
    if (has_ended_without_service(plan, facts)) {
        fota_plan_explain(plan,
                          "with %s the module was without service; only another manifest "
                          "brings an update again",
                          facts->unserved_to);
        return FOTA_PLAN_FAILED_FOR_GOOD;
    }
    if (facts->attempts >= most) {
        fota_plan_explain(plan,
                          "%u of %u attempts have failed; Check() or a new manifest starts anew",
                          facts->attempts, most);
        return FOTA_PLAN_FAILED_FOR_GOOD;
    }
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++) {
        const FotaPlanGate *gate = &plan->gates[i];

        if (g_strcmp0(gate->token, facts->rejected) == 0) {
            fota_plan_explain(plan, "the application has rejected this update");
            return FOTA_PLAN_REJECTED;
        }
        if (gate->wanted == FOTA_APPROVAL_AUTO || gate->approved || rules->approval_timeout == 0 ||
            facts->asked == 0 ||
            (facts->asked_token && !g_str_equal(facts->asked_token, gate->token)))
            continue;
        plan->answer_by = fota_time_add(facts->asked, rules->approval_timeout);
        if (plan->answer_by <= facts->now) {
            fota_plan_explain(plan, "nobody answered within %u seconds", rules->approval_timeout);
            return FOTA_PLAN_UNANSWERED;
        }
    }
    return FOTA_PLAN_UPDATE;
}

/* ModemManager cannot tell of each SIM how many digits of the IMSI are its home's. */
static gboolean
is_home(const char *operator_code, const FotaFacts *facts)
{
    return facts->sim_operator ? g_str_equal(operator_code, facts->sim_operator)
                               : g_str_has_prefix(facts->imsi, operator_code);
}

/* An unknown SIM only blocks, because it may be the right one. */
static gboolean
is_for_sim(FotaPlan *plan, const FotaFacts *facts)
{
    const char *const *operators = plan->manifest->operators;
    g_autofree char *list = NULL;

    if (!operators || (!facts->sim_operator && !facts->imsi))
        return TRUE;
    for (guint i = 0; operators[i]; i++)
        if (is_home(operators[i], facts))
            return TRUE;
    list = g_strjoinv(", ", (char **)operators);
    fota_plan_explain(plan, "target.operator names %s; the SIM's home operator is %s", list,
                      facts->sim_operator ? facts->sim_operator : "another one");
    return FALSE;
}

FotaPlan *
fota_plan_make(FotaManifest *manifest, const FotaFacts *facts)
{
    const FotaManifestUpdate *update = &manifest->update;
    const FotaRules *rules = facts->rules ? facts->rules : &no_rules;
    FotaPlan *plan = g_new0(FotaPlan, 1);

    plan->manifest = fota_manifest_ref(manifest);
    plan->from = g_strdup(facts->revision);
    plan->data_used = facts->data_used;
    plan->delivery = facts->delivery;
    plan->monthly_data = rules->monthly_data;
    plan->blockers = g_ptr_array_new_with_free_func(g_free);
    plan->reasons = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(plan->blockers, NULL);
    g_ptr_array_add(plan->reasons, NULL);
    if (!manifest->has_update) {
        fota_plan_explain(plan, "the manifest has nothing for this module");
        plan->kind = FOTA_PLAN_NOTHING_FOR_YOU;
        return plan;
    }
    if (!is_for_sim(plan, facts)) {
        plan->kind = FOTA_PLAN_NOTHING_FOR_YOU;
        return plan;
    }
    /* Asking the vendor's server, or the module its version, may take the module from the host. */
    plan->kind = decide_kind(plan, update, facts);
    plan->decided_by = plan->reasons->len - 2;
    if (plan->kind == FOTA_PLAN_ASK_VENDOR || plan->kind == FOTA_PLAN_NO_PATH)
        fota_plan_find_blockers(plan, facts, rules);
    if (plan->kind != FOTA_PLAN_UPDATE)
        return plan;
    plan->deadline = update->deadline;
    plan->defer_limit =
        fota_approval_defer_limit(update, facts->first_offered ? facts->first_offered : facts->now);
    sum_size(plan);
    make_gates(plan, facts, rules);
    plan->kind = decide_by_past(plan, facts, rules);
    plan->decided_by = plan->reasons->len - 2;
    if (plan->kind == FOTA_PLAN_UPDATE)
        fota_plan_find_blockers(plan, facts, rules);
    return plan;
}

void
fota_plan_free(FotaPlan *plan)
{
    fota_manifest_unref(plan->manifest);
    g_free(plan->from);
    g_free(plan->to);
    for (guint i = 0; i < FOTA_APPROVAL_N_GATES; i++)
        g_free(plan->gates[i].token);
    g_ptr_array_unref(plan->blockers);
    g_ptr_array_unref(plan->reasons);
    g_free(plan);
}

FotaBack
fota_plan_get_back(const FotaManifestUpdate *update, const FotaRules *rules)
{
    return rules->prove_service ? MAX(update->back, rules->back) : FOTA_BACK_NO;
}

guint32
fota_plan_get_service_time(const FotaManifestUpdate *update, const FotaRules *rules)
{
    return MAX(update->service_time, rules->service_time);
}

gboolean
fota_plan_has_blocker(const FotaPlan *plan, const char *name)
{
    return g_strv_contains((const char *const *)plan->blockers->pdata, name);
}
