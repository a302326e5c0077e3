/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-back.h"

#include <syslog.h>

#include "daemon/fota-cache.h"
#include "daemon/fota-error.h"

/* Loading it may fail for reasons that pass; the order itself is given once. */
#define MAX_TRIES 3

static char *
make_key(const FotaPlan *plan)
{
    gboolean wanted = plan != NULL && plan->kind == FOTA_PLAN_UPDATE && plan->way_back;

    return wanted ? fota_delivery_make_key(&plan->steps[0].back) : NULL;
}

void
fota_back_claim(const FotaParts *parts, const FotaPlan *plan)
{
    const FotaRecord *record = parts->record;
    g_autofree char *holder = g_strconcat(record->imei, " back", NULL);
    g_autofree char *key = make_key(plan);

    if (record->back[0] != '\0')
        fota_cache_claim(parts->context->cache, holder, record->back);
    else if (plan != NULL)
        fota_cache_claim(parts->context->cache, holder, key);
}

gboolean
fota_back_is_missing(const FotaParts *parts, const FotaPlan *plan)
{
    g_autofree char *key = make_key(plan);

    return key != NULL && !fota_cache_has(parts->context->cache, key);
}

void
fota_back_note(const FotaParts *parts)
{
    g_autofree char *key = make_key(parts->plan);

    fota_record_set(&parts->record->back, key);
    fota_back_claim(parts, parts->plan);
}

gboolean
fota_back_is_ready(const FotaParts *parts)
{
    const char *key = parts->record->back;

    return key[0] != '\0' && fota_cache_has(parts->context->cache, key);
}

void
fota_back_begin(const FotaParts *parts, const GError *loss)
{
    FotaRecord *record = parts->record;
    char *from = g_steal_pointer(&record->from);

    record->from = g_steal_pointer(&record->to);
    record->to = from;
    record->restoring = 1;
    record->restores = 0;
    fota_record_set(&record->loss, loss->message);
    fota_record_set(&record->cancelled, NULL);
    fota_record_log(record, LOG_WARNING, FOTA_EVENT_NO_SERVICE, "%s; it is put back to %s",
                    record->loss, record->to);
}

/* The delta of one that failed may stay in the module for another update to discard. */
void
fota_back_end(const FotaParts *parts, const FotaOutcome *outcome, FotaEnding ending)
{
    FotaRecord *record = parts->record;

    if (outcome->finish != FOTA_FINISH_NOTHING) {
        record->restoring = record->restores = 0;
        fota_record_set(&record->loss, NULL);
        fota_record_set(&record->back, NULL);
    } else if (ending == FOTA_ENDED_BADLY) {
        record->restores++;
    }
}

gboolean
fota_back_was_last_try(const FotaParts *parts)
{
    return parts->record->restores + 1 >= MAX_TRIES;
}

GError *
fota_back_explain(const FotaParts *parts, const GError *error)
{
    const FotaRecord *record = parts->record;

    if (error == NULL)
        return g_error_new(FOTA_ERROR, FOTA_ERROR_NO_SERVICE, "%s; it was put back to %s",
                           record->loss, record->to);
    return g_error_new(FOTA_ERROR, FOTA_ERROR_NO_SERVICE,
                       "%s; it could not be put back to %s (%s): %s", record->loss, record->to,
                       fota_error_get_name(error), error->message);
}
