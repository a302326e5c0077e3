/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-bus.h"

G_BEGIN_DECLS

/** The version that @offer leads to; what a module asks often does not tell it. "" = no offer. */
const char *ctl_offer_get_version(GVariant *offer);

/**
 * Whether @shown is the update of @offer, at any gate and in any step. What fotad has read from its
 * record after a restart has no source.
 */
gboolean ctl_offer_is_same(GVariant *offer, GVariant *shown);

/** Prints an offer, an a{sv} as in the Update property; nothing when it is empty. */
void ctl_print_offer(GVariant *offer);

/**
 * Shows @offer and asks for confirmation on the terminal, unless --yes is given. FALSE with @error
 * set when there is no terminal.
 */
gboolean ctl_ask_approval(Ctl *ctl, GVariant *offer, gboolean *agreed, GError **error);

G_END_DECLS
