/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "plugins/fota-plugin.h"

/* What vendors' plugins share and that needs no session. */

G_DEFINE_QUARK(fota_module_error_quark, fota_module_error)

void
fota_vendor_offer_clear(FotaVendorOffer *offer)
{
    g_free(offer->version);
    g_free(offer->text);
    *offer = (FotaVendorOffer){0};
}

void
fota_question_clear(FotaQuestion *question)
{
    g_free(question->version);
    g_free(question->text);
    *question = (FotaQuestion){0};
}

void
fota_heard_clear(FotaHeard *heard)
{
    g_free(heard->text);
    *heard = (FotaHeard){0};
}

char *
fota_at_quote(const char *text, GError **error)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isprint(*p) || strchr("\";\\,", *p) != NULL) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ARGUMENT,
                        "byte 0x%02x may not stand in an AT command", (guint)(guchar)*p);
            return NULL;
        }
    }
    return g_strdup_printf("\"%s\"", text);
}

gboolean
fota_at_is_parameter(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isprint(*p) || *p == ';')
            return FALSE;
    }
    return TRUE;
}

const char *
fota_code_text(const FotaCodeText *table, int number)
{
    for (; table->text != NULL; table++) {
        if (table->number == number)
            return table->text;
    }
    return NULL;
}
