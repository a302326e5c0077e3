/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-pin.h"

#include <string.h>

FotaPinStep
fota_pin_decide(const FotaPinFacts *facts, const char **why)
{
    *why = NULL;
    if (!facts->wanted)
        return FOTA_PIN_NOTHING;
    if (!facts->configured)
        *why = "no PinCredential= is set";
    else if (facts->refused)
        *why = "the SIM has refused the configured one";
    else if (facts->tried)
        *why = "the configured one was entered already";
    else if (facts->attempts < 0)
        *why = "the number of attempts left is unknown";
    else if (facts->attempts < FOTA_PIN_MIN_ATTEMPTS)
        *why = "fewer than two attempts are left";
    return *why != NULL ? FOTA_PIN_LEAVE : FOTA_PIN_ENTER;
}

gboolean
fota_pin_is_valid(const char *text)
{
    gsize length = strlen(text);

    return length >= 4 && length <= 8 && strspn(text, "0123456789") == length;
}
