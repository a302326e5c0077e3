/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/** All that @message holds, as fotactl reads it; what it would show of that is looked at, too. */
GVariant *fuzz_bus_read(sd_bus_message *message);
