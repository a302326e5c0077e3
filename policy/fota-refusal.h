/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-next.h"

G_BEGIN_DECLS

/** Which requests of an application are refused in a situation, and why: a pure table. */

typedef enum {
    FOTA_REQUEST_APPROVE,
    FOTA_REQUEST_REJECT,
    FOTA_REQUEST_DEFER,
    FOTA_REQUEST_CANCEL,
    FOTA_REQUEST_CHECK,
    FOTA_REQUEST_REHEARSE,
    FOTA_REQUEST_ASK_VERSION,
} FotaRequestKind;
#define FOTA_REQUEST_LAST FOTA_REQUEST_ASK_VERSION

typedef enum {
    FOTA_REFUSAL_NONE,            /**< accepted */
    FOTA_REFUSAL_NOTHING_OFFERED, /**< NothingOffered */
    FOTA_REFUSAL_NOT_CANCELLABLE, /**< NotCancellable: an order to install may be out */
    FOTA_REFUSAL_UPDATE_RUNS,     /**< Busy */
    FOTA_REFUSAL_CHECK_RUNS,      /**< Busy */
    FOTA_REFUSAL_INHIBITED,       /**< Busy: it would take the module */
    FOTA_REFUSAL_UPDATE_READY,    /**< Busy: the real update begins at once */
    FOTA_REFUSAL_ABSENT,          /**< ModuleAbsent */
    FOTA_REFUSAL_UNSUPPORTED,     /**< ModuleUnsupported */
} FotaRefusal;

/** The first reason to refuse @request. Its token is judged elsewhere. */
FotaRefusal fota_refusal_find(const FotaSituation *situation, FotaRequestKind request);

G_END_DECLS
