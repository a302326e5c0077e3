/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-proof.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-timer.h"
#include "base/fota-wait.h"
#include "daemon/fota-fetcher.h"

/* A probe's answer is short, and a network that is there answers soon. */
#define PROBE_SECONDS 60
#define PROBE_BYTES 65536
/* How long its result holds before an update; and the pause after one that failed, while proving.
 */
#define PROBE_HOLDS_SECONDS 600
#define PROBE_PAUSE_SECONDS 30
/* How long a service that has gone is waited for before an update. */
#define SETTLE_SECONDS 180

struct _FotaProof {
    FotaPartOwner owner;
    const FotaContext *context;
    FotaKeeper *keeper;
    FotaRecord *record;
    FotaService now;
    FotaService had;           /* before it went, without the probe */
    gboolean here, enabled;    /* the module, when it was last looked at */
    gint64 settled;            /* boot time after which that is not waited for any more */
    char *interface;           /* of the data call, "" = none */
    gint64 began;              /* boot time, 0 = nothing is being proven, or seen */
    gint64 spent;              /* µs of the proof before ModemManager went */
    gint64 steady;             /* boot time since which nothing is lacking, 0 = something is */
    gint64 probed;             /* boot time of the last probe's end */
    guint again;               /* timer: the probe may be repeated */
    GCancellable *cancellable; /* of the probe, NULL = none is under way */
    char *address;             /* that it asks */
};

FotaProof *
fota_proof_new(const FotaContext *context, FotaKeeper *keeper, const FotaPartOwner *owner)
{
    FotaProof *proof = g_new0(FotaProof, 1);

    proof->owner = *owner;
    proof->context = context;
    proof->keeper = keeper;
    proof->record = fota_keeper_get_record(keeper);
    proof->interface = g_strdup("");
    /* That of an update under way, or what the module last had. */
    proof->had =
        fota_service_parse(proof->record->service_before[0] != '\0' ? proof->record->service_before
                                                                    : proof->record->service_seen);
    proof->had.probe = FOTA_PROBE_UNTRIED;
    proof->settled = fota_boot_time() + (gint64)SETTLE_SECONDS * G_USEC_PER_SEC;
    /* Another start of fotad in the same proof: see FotaProofFacts.restarts. */
    if (fota_keeper_get_mark(keeper) == FOTA_MARK_PROVING) {
        proof->record->starts++;
        fota_keeper_save(keeper, NULL);
    }
    return proof;
}

static void
forget_probe(FotaProof *proof)
{
    if (proof->cancellable != NULL)
        g_cancellable_cancel(proof->cancellable);
    g_clear_object(&proof->cancellable);
    g_clear_handle_id(&proof->again, g_source_remove);
    proof->now.probe = FOTA_PROBE_UNTRIED;
}

void
fota_proof_free(FotaProof *proof)
{
    forget_probe(proof);
    g_free(proof->interface);
    g_free(proof->address);
    g_free(proof);
}

static FotaService
take_facts(const FotaModemFacts *facts)
{
    FotaService service = {
        .registered = facts->enabled && facts->registered,
        .roaming = facts->enabled && facts->roaming,
        .connected = facts->connected,
        .families = (facts->ipv4 ? FOTA_SERVICE_IPV4 : 0) | (facts->ipv6 ? FOTA_SERVICE_IPV6 : 0),
    };

    g_strlcpy(service.operator_code, facts->operator_code, sizeof service.operator_code);
    g_strlcpy(service.technology, facts->technology, sizeof service.technology);
    return service;
}

/* What a probe has shown holds for the data call that it went through. */
static gboolean
is_other_call(FotaProof *proof, const FotaService *service, const char *interface)
{
    return service->registered != proof->now.registered ||
           service->connected != proof->now.connected || service->families != proof->now.families ||
           strcmp(interface, proof->interface) != 0;
}

static gboolean
is_proving(FotaProof *proof)
{
    return fota_keeper_get_mark(proof->keeper) == FOTA_MARK_PROVING;
}

static void
look_at_proof(FotaProof *proof, const FotaProofTerms *terms)
{
    const FotaService before = fota_service_parse(proof->record->service_before);
    gint64 now = fota_boot_time();

    if (!is_proving(proof) || !proof->context->sees_modems) {
        proof->spent += proof->began != 0 ? now - proof->began : 0;
        proof->spent = is_proving(proof) ? proof->spent : 0;
        proof->began = proof->steady = 0;
        return;
    }
    if (proof->began == 0)
        proof->began = now;
    if (fota_service_find_loss(&before, &proof->now, terms->may_roam) != NULL)
        proof->steady = 0;
    else if (proof->steady == 0)
        proof->steady = now;
}

/* While one loss is waited for, another does not lessen what there was. */
static void
note_loss(FotaProof *proof, const FotaService *service)
{
    const FotaService had = proof->now;
    gint64 now = fota_boot_time();

    if (fota_service_find_loss(&had, service, TRUE) == NULL ||
        (now < proof->settled && fota_service_find_loss(&proof->had, &had, TRUE) != NULL))
        return;
    proof->had = had;
    proof->had.probe = FOTA_PROBE_UNTRIED;
    proof->settled = now + (gint64)SETTLE_SECONDS * G_USEC_PER_SEC;
}

/* A module that has just come, or was just enabled, has yet to find its network. */
static void
note_start(FotaProof *proof, const FotaModemFacts *facts)
{
    gboolean enabled = facts != NULL && facts->enabled;

    if ((facts != NULL && !proof->here) || (enabled && !proof->enabled))
        proof->settled = fota_boot_time() + (gint64)SETTLE_SECONDS * G_USEC_PER_SEC;
    proof->here = facts != NULL;
    proof->enabled = enabled;
}

/* Written only when it has more than ever before: another start of fotad waits for that. */
static void
note_seen(FotaProof *proof)
{
    const FotaService seen = fota_service_parse(proof->record->service_seen);
    FotaService service = proof->now;
    g_autofree char *text = NULL;

    service.probe = FOTA_PROBE_UNTRIED;
    if (fota_keeper_get_mark(proof->keeper) != FOTA_MARK_NONE ||
        fota_service_find_loss(&service, &seen, TRUE) == NULL)
        return;
    text = fota_service_to_text(&service);
    fota_record_set(&proof->record->service_seen, text);
    fota_keeper_save(proof->keeper, NULL);
}

void
fota_proof_look(FotaProof *proof, const FotaModemFacts *facts, const FotaProofTerms *terms)
{
    const FotaService service = facts != NULL ? take_facts(facts) : (FotaService){0};
    const char *interface = facts != NULL ? facts->interface : "";
    FotaProbe probe;

    if (is_other_call(proof, &service, interface))
        forget_probe(proof);
    probe = proof->now.probe;
    proof->now.probe = FOTA_PROBE_UNTRIED;
    note_start(proof, facts);
    note_loss(proof, &service);
    proof->now = service;
    proof->now.probe = probe;
    note_seen(proof);
    fota_record_set(&proof->interface, interface);
    look_at_proof(proof, terms);
    if (fota_proof_judge(proof, terms).wants_probe && proof->cancellable == NULL)
        fota_proof_probe(proof, terms);
}

const FotaService *
fota_proof_get_service(FotaProof *proof)
{
    return &proof->now;
}

gint64
fota_proof_get_settled(FotaProof *proof, const FotaProofTerms *terms)
{
    /* Nobody knows what it has, and it may be about to find it. */
    gboolean unread = proof->enabled && !proof->had.registered && !proof->now.registered;

    return terms->wanted &&
                   (unread || fota_service_find_loss(&proof->had, &proof->now, TRUE) != NULL)
               ? proof->settled
               : 0;
}

void
fota_proof_note_before(FotaProof *proof, const FotaProofTerms *terms)
{
    g_autofree char *text = fota_service_to_text(&proof->now);

    fota_record_set(&proof->record->service_before, terms->wanted ? text : NULL);
    fota_record_set(&proof->record->service_seen, text);
}

FotaProofAnswer
fota_proof_judge(FotaProof *proof, const FotaProofTerms *terms)
{
    gint64 now = fota_boot_time();
    const FotaProofFacts facts = {
        .wanted = terms->wanted,
        .before = fota_service_parse(proof->record->service_before),
        .now = proof->now,
        .visible = proof->context->sees_modems,
        .may_roam = terms->may_roam,
        .probing = fota_proof_is_probing(proof),
        .elapsed = proof->spent + (proof->began != 0 ? now - proof->began : 0),
        .steady = proof->steady != 0 ? now - proof->steady : 0,
        .time = terms->time,
        .restarts = proof->record->starts,
    };

    return is_proving(proof) ? fota_service_judge(&facts)
                             : (FotaProofAnswer){.verdict = FOTA_PROOF_NOT_JUDGED};
}

/* The probe */

gboolean
fota_proof_wants_probe(FotaProof *proof, const FotaProofTerms *terms)
{
    gboolean holds =
        proof->now.probe != FOTA_PROBE_UNTRIED &&
        fota_boot_time() < proof->probed + (gint64)PROBE_HOLDS_SECONDS * G_USEC_PER_SEC;

    return terms->wanted && terms->probe != NULL && proof->now.registered &&
           proof->interface[0] != '\0' && proof->cancellable == NULL && !holds;
}

gboolean
fota_proof_is_probing(FotaProof *proof)
{
    return proof->cancellable != NULL;
}

static gboolean
probe_may_repeat(gpointer data)
{
    FotaProof *proof = data;

    proof->again = 0;
    proof->now.probe = FOTA_PROBE_UNTRIED;
    fota_part_tell(&proof->owner);
    return G_SOURCE_REMOVE;
}

static void
end_probe(FotaProof *proof, guint status, const char *why)
{
    gboolean passed = fota_service_passes_probe(proof->address, status);

    proof->now.probe = passed ? FOTA_PROBE_PASSED : FOTA_PROBE_FAILED;
    proof->probed = fota_boot_time();
    fota_record_log(proof->record, passed ? LOG_DEBUG : LOG_NOTICE, FOTA_EVENT_NONE,
                    "the probe through %s %s%s%s", proof->interface,
                    passed ? "was answered" : "failed: ", passed ? "" : why,
                    passed || status == 0 ? "" : "; http must answer with 204, https with success");
    if (!passed && is_proving(proof))
        proof->again = fota_timer_add(PROBE_PAUSE_SECONDS, probe_may_repeat, proof);
    fota_part_tell(&proof->owner);
}

static void
probe_answered(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaResponse) response = fota_fetch_finish(result, &error);
    g_autofree char *why = NULL;
    FotaProof *proof = user_data;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_clear_object(&proof->cancellable);
    why = response != NULL ? g_strdup_printf("the answer is %u", response->status)
                           : g_strdup(error->message);
    end_probe(proof, response != NULL ? response->status : 0, why);
}

void
fota_proof_probe(FotaProof *proof, const FotaProofTerms *terms)
{
    const FotaRequest request = {
        .socket = proof->context->fetch_socket,
        .uri = terms->probe,
        .ca_file = terms->probe_ca,
        .interface = proof->interface,
        .max_bytes = PROBE_BYTES,
        .limit = PROBE_SECONDS,
    };

    g_clear_handle_id(&proof->again, g_source_remove);
    fota_record_set(&proof->address, terms->probe);
    proof->cancellable = g_cancellable_new();
    fota_fetch_async(&request, proof->cancellable, probe_answered, proof);
}
