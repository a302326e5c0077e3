/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-rollout.h"

#include "base/fota-text.h"

guint
fota_rollout_bucket(const char *id, const char *imei)
{
    return (guint)(fota_text_hash(id, imei, NULL) % FOTA_ROLLOUT_BUCKETS);
}

static gboolean
in_group(const FotaWave *wave, const char *const *groups)
{
    for (guint i = 0; wave->groups && groups && groups[i]; i++)
        if (g_strv_contains(wave->groups, groups[i]))
            return TRUE;
    return FALSE;
}

gint64
fota_rollout_start(const FotaRollout *rollout, const char *imei, const char *const *groups)
{
    gint64 start = rollout->id ? FOTA_ROLLOUT_NEVER : 0;
    guint bucket;

    if (!rollout->id || rollout->paused)
        return start;
    bucket = fota_rollout_bucket(rollout->id, imei);
    for (guint i = 0; i < rollout->n_waves; i++) {
        const FotaWave *wave = &rollout->waves[i];
        gint64 ramp = (gint64)wave->ramp * bucket * (G_USEC_PER_SEC / FOTA_ROLLOUT_BUCKETS);

        if (in_group(wave, groups))
            start = MIN(start, wave->start);
        else if (bucket < wave->percentage)
            start = MIN(start, wave->start + ramp);
    }
    return start;
}
