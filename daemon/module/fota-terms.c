/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-terms.h"

#include "base/fota-text.h"
#include "policy/fota-report-rule.h"

/* The manifest's probe is taken for its own server and those allowed, as its report is. */
static gboolean
is_allowed(const FotaParts *parts, const char *probe)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaReportServers servers = {
        .own = {config->manifest_uri, fota_poller_get_server(parts->poller).uri},
        .allowed = (const char *const *)config->allowed_servers,
    };

    return fota_report_allow_server(&servers, probe, NULL);
}

/* NULL = none counts. */
static const char *
find_named_probe(const FotaParts *parts, const FotaManifest *manifest)
{
    gboolean configured = fota_parts_get_config(parts)->service_probe != NULL;

    return manifest != NULL && !configured ? manifest->update.service_probe : NULL;
}

static const char *
choose_probe(const FotaParts *parts, const FotaManifest *manifest)
{
    const char *named = find_named_probe(parts, manifest);

    if (named != NULL)
        return is_allowed(parts, named) ? named : NULL;
    return fota_parts_get_config(parts)->service_probe;
}

gboolean
fota_terms_refuse_probe(const FotaParts *parts)
{
    const char *named = find_named_probe(parts, fota_accepted_get(parts->accepted));

    return named != NULL && !is_allowed(parts, named);
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
