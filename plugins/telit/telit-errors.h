/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * What a Telit module's own +CME ERROR numbers mean, those of the socket and FTP commands. They are
 * the numbers of the older families (UC864, GE864); later ones number anew from 550 on, which Telit
 * does not publish, so an unknown number is shown as it is.
 */
extern const FotaCodeText telit_cme_texts[];

/**
 * TRUE: @refusal is one, and says what its number means. Else @error is what it was: the module has
 * left or is silent, or the update was cancelled.
 */
gboolean telit_explain_refusal(FotaSession *session, GError **refusal, GError **error);
