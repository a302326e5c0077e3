/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

G_BEGIN_DECLS

/** A plugin with a method for each route and commit point, and with a setting. */
extern const FotaPlugin plugin;
extern const FotaMethod pull, pull_power, pull_one, feed, feed_one, vendor, vendor_one, asked;

/** What AT+WHAT? is answered, beside a version, which is to be installed, and nothing. */
#define FIRST "first"
#define BEGUN "begun"

G_END_DECLS
