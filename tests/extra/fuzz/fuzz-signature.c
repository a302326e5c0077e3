/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "policy/fota-signature.h"
#include "tests/extra/fuzz/fuzz.h"
#include "tests/unit/test-policy-sign.h"

#define PAYLOAD "{\"a\":1}\n"

/* Nobody signs but key 1, and that only PAYLOAD: whatever is opened is that, with all in place. */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(FotaKeyring) keyring = test_sign_keyring(1);
    g_autoptr(GBytes) file = g_bytes_new(data, size);
    g_autoptr(GBytes) expected = g_bytes_new_static(PAYLOAD, strlen(PAYLOAD));
    g_autoptr(GBytes) other = g_bytes_new_static("{}", 2);
    g_autoptr(GBytes) opened = fota_signature_open(file, keyring, TRUE, NULL, NULL);
    g_autoptr(GBytes) commented = NULL;
    g_auto(GStrv) comments = NULL;

    g_assert_cmpuint(fota_signature_measure(file), <=, size);
    commented = fota_signature_open_any(file, keyring, TRUE, NULL, &comments, NULL);
    g_assert_true((opened != NULL) == (commented != NULL));
    g_assert_true((commented != NULL) == (comments != NULL));
    if (opened != NULL)
        g_assert_true(g_bytes_equal(opened, expected));
    g_assert_false(fota_signature_verify(other, file, keyring, NULL));
    fota_signature_verify(expected, file, keyring, NULL);
    return 0;
}
