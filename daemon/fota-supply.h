/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the gateway runs on. */
typedef struct {
    int on_mains; /**< 1 yes, 0 no, -1 not known */
    int battery;  /**< percent, the mean of several; -1 = none, or not known */
} FotaSupply;

/**
 * Reads the kernel's power_supply class. @directory: NULL = /sys/class/power_supply. A gateway is
 * on mains when any supply from outside is online; without such a one, when a battery says that it
 * is charged. Batteries of peripherals do not count.
 */
FotaSupply fota_supply_read(const char *directory);

G_END_DECLS
