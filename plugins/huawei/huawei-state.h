/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * The state of the module's update, `^FOTASTATE: <number>[,...]`, which the module reports by
 * itself where unsolicited lines are heard, and tells when it is asked. The numbers are OMA FUMO's
 * and Huawei's own; others may come.
 */

enum {
    HUAWEI_IDLE = 10,
    HUAWEI_ASKING = 11,
    HUAWEI_OFFER = 12,
    HUAWEI_ASK_FAILED = 13,
    HUAWEI_NOTHING_NEWER = 14,
    HUAWEI_LOAD_FAILED = 20,
    HUAWEI_LOADING = 30,
    HUAWEI_SUSPENDED = 31,
    HUAWEI_LOADED = 40,
    HUAWEI_READY = 50,
    HUAWEI_FLASHING = 60,
    HUAWEI_FAILED_KEPT = 70,
    HUAWEI_FAILED = 80,
    HUAWEI_DONE_KEPT = 90,
    HUAWEI_DONE = 100,
    HUAWEI_BAD_SIGNATURE = 110,
};

typedef struct {
    int number;
    int code;    /**< the error number behind it, -1 = none */
    char *offer; /**< of HUAWEI_OFFER: what follows the number, "" = nothing; else NULL */
} HuaweiState;

/** What the module says by itself of its update: its state. */
extern const FotaUnsolicited huawei_unsolicited[];

void huawei_state_clear(HuaweiState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HuaweiState, huawei_state_clear)

/** TRUE when it is an offer, and its version is told with it. */
gboolean huawei_state_names_offer(const HuaweiState *state);

/** Asks for the state. Three times no answer is an error; less is not. */
gboolean huawei_state_read(FotaSession *session, HuaweiState *state, GError **error);

/**
 * TRUE when @error is that the module is there and did not tell its state this time: whoever looks
 * again and again, or has another way to know, does without.
 */
gboolean huawei_state_is_untold(const GError *error);

/** As huawei_state_read(), but a failed installation that was reported since the start counts. */
gboolean huawei_state_read_result(FotaSession *session, HuaweiState *state, GError **error);

/** The next state that the module reports by itself, or else the one it tells after @seconds. */
gboolean huawei_state_next(FotaSession *session, guint seconds, HuaweiState *state, GError **error);

/** What a state means, for any number. */
const char *huawei_state_text(int number);

/** TRUE when the module holds a delta, or a part of one, or is installing it. */
gboolean huawei_state_is_under_way(const HuaweiState *state);

/** TRUE when nothing is going on: idle, or the end of something that is over. */
gboolean huawei_state_is_over(const HuaweiState *state);

/** TRUE when the module reports that something has failed. */
gboolean huawei_state_is_failure(const HuaweiState *state);

/** Bytes as the module tells them; 0 = unknown, also for more than any module can hold. */
guint64 huawei_parse_size(const char *text);

/** Reads `<version>,<size>,"<text>"`. The version stays NULL when there is none. */
void huawei_offer_parse(const char *text, FotaVendorOffer *offer);
