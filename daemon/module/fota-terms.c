/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-terms.h"

#include "base/fota-text.h"
#include "policy/fota-report-rule.h"

/* The manifest's probe is taken for its own server and those allowed, as its report is. */
static const char *
choose_probe(const FotaParts *parts, const FotaManifest *manifest)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaReportServers servers = {
        .own = {config->manifest_uri, fota_poller_get_server(parts->poller).uri},
        .allowed = (const char *const *)config->allowed_servers,
    };
    const char *named = manifest != NULL ? manifest->update.service_probe : NULL;

    if (config->service_probe != NULL)
        return config->service_probe;
    return named != NULL && fota_report_allow_server(&servers, named, NULL) ? named : NULL;
}

FotaProofTerms
fota_terms_make(const FotaParts *parts)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaManifest *manifest = fota_accepted_get(parts->accepted);
    const char *probe = choose_probe(parts, manifest);

    return (FotaProofTerms){
        .wanted = config->rules.prove_service,
        .may_roam = config->rules.conditions.allow_roaming &&
                    (manifest == NULL || manifest->update.conditions.allow_roaming),
        .time = manifest != NULL ? fota_plan_get_service_time(&manifest->update, &config->rules)
                                 : config->rules.service_time,
        .probe = probe != NULL ? fota_text_expand_uri(probe, parts->record->imei,
                                                      parts->record->model, config->salt)
                               : NULL,
        .probe_ca = config->certificate_authority,
    };
}
