/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-parts.h"

void
fota_parts_clear(FotaParts *parts)
{
    g_clear_pointer(&parts->plan, fota_plan_free);
    g_clear_pointer(&parts->pin, fota_sim_pin_free);
    g_clear_pointer(&parts->proof, fota_proof_free);
    g_clear_pointer(&parts->run, fota_run_free);
    g_clear_pointer(&parts->questions, fota_questions_free);
    g_clear_pointer(&parts->offers, fota_offers_free);
    g_clear_pointer(&parts->reader, fota_reader_free);
    g_clear_pointer(&parts->accepted, fota_accepted_free);
    g_clear_pointer(&parts->poller, fota_poller_free);
    g_clear_pointer(&parts->presence, fota_presence_free);
    g_clear_pointer(&parts->keeper, fota_keeper_free);
    g_clear_pointer(&parts->shown, fota_shown_free);
}
