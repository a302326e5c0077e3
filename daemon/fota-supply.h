/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** The gateway's power supply. */
typedef struct {
    int on_mains; /**< 1 yes, 0 no, -1 unknown */
    int battery;  /**< percent, the mean of several; -1 = none, or unknown */
} FotaSupply;

/**
 * Reads the kernel's power_supply class. @directory: NULL = /sys/class/power_supply. A gateway is
 * on mains power if any external supply is online; without one, if a battery reports that it is not
 * discharging. Batteries of peripherals do not count.
 */
FotaSupply fota_supply_read(const char *directory);

G_END_DECLS
