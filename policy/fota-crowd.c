/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-crowd.h"

gboolean
fota_crowd_is_full(const FotaCrowd *crowd)
{
    guint others = crowd->working + (crowd->goes_back ? 0 : crowd->unproven);

    return others >= crowd->at_once || (others > 0 && crowd->only_way && !crowd->goes_back);
}
