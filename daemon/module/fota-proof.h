/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-context.h"
#include "daemon/module/fota-keeper.h"
#include "daemon/module/fota-part.h"
#include "policy/fota-service.h"

G_BEGIN_DECLS

/** The service of a module: as last seen, and its proof after an update. */
typedef struct _FotaProof FotaProof;

/** What configuration and manifest want of a proof. */
typedef struct {
    gboolean wanted; /**< [Service] Prove= */
    gboolean may_roam;
    guint32 time;         /**< seconds that the service may take to return */
    char *probe;          /**< address, NULL = none; owned */
    const char *probe_ca; /**< PEM file for that, NULL = the system's */
} FotaProofTerms;

static inline void
fota_proof_terms_clear(FotaProofTerms *terms)
{
    g_clear_pointer(&terms->probe, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaProofTerms, fota_proof_terms_clear)

/** @context and @keeper outlive it. */
FotaProof *
fota_proof_new(const FotaContext *context, FotaKeeper *keeper, const FotaPartOwner *owner);
void fota_proof_free(FotaProof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaProof, fota_proof_free)

/**
 * Looks at the module as ModemManager shows it now, NULL = it does not. To be called at each
 * change, and when fota_proof_judge() says; not while a job has the module.
 */
void fota_proof_look(FotaProof *proof, const FotaModemFacts *facts, const FotaProofTerms *terms);

/** As last seen. */
const FotaService *fota_proof_get_service(FotaProof *proof);

/**
 * When the service counts as what the module has (boot time, 0 = it does now): a job, or the end of
 * fotad, took the module from a service that ModemManager and the connection manager bring back, or
 * the module has just come and nobody knows what it has.
 */
gint64 fota_proof_get_settled(FotaProof *proof, const FotaProofTerms *terms);

/** Notes in the record what an update that begins must not lose. The next save writes it. */
void fota_proof_note_before(FotaProof *proof, const FotaProofTerms *terms);

/** The verdict on the update at FOTA_MARK_PROVING, as things are now. */
FotaProofAnswer fota_proof_judge(FotaProof *proof, const FotaProofTerms *terms);

/** Whether the probe is to be made before an update: it can be, and was not lately. */
gboolean fota_proof_wants_probe(FotaProof *proof, const FotaProofTerms *terms);
gboolean fota_proof_is_probing(FotaProof *proof);
/** Makes the probe; its end is told to the owner. */
void fota_proof_probe(FotaProof *proof, const FotaProofTerms *terms);

G_END_DECLS
