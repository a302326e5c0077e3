/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-mask.h"

#include <string.h>

#define DIGITS "0123456789"
#define HIDDEN "…"

#define IMEI_LENGTH 15
#define IMEISV_LENGTH 16
#define HEAD 8
#define TAIL 2

#define KEY_ID_LENGTH 16
#define TOKEN_LENGTH 32
#define SHA256_LENGTH 64
#define TELEPHONE_DIGITS 7

char *
fota_mask_imei(const char *imei)
{
    gsize length = strlen(imei);

    if (length < HEAD + TAIL + 2)
        return g_strdup(imei);
    return g_strdup_printf("%.*s" HIDDEN "%s", HEAD, imei, imei + length - TAIL);
}

static gboolean
is_known(const char *number, gsize length, const char *const *imeis)
{
    for (; imeis != NULL && *imeis != NULL; imeis++) {
        if (strncmp(number, *imeis, length) == 0)
            return TRUE;
    }
    return FALSE;
}

/* By its first digits, which name a reporting body, where no IMSI has them: no country's code. */
static gboolean
is_imei_alone(const char *number)
{
    static const char *const bodies[] = {"01", "351", "353", "355", "357", "359", "86", "98", "99"};

    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        if (g_str_has_prefix(number, bodies[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_imei(const char *number, gsize length, const char *const *imeis)
{
    if (length == IMEISV_LENGTH)
        return is_known(number, IMEI_LENGTH - 1, imeis);
    return length == IMEI_LENGTH && (is_known(number, length, imeis) || is_imei_alone(number));
}

static void
append_number(GString *shown, const char *number, gsize length, const char *const *imeis,
              guint min_digits)
{
    g_autofree char *copy = g_strndup(number, length);
    g_autofree char *masked = fota_mask_imei(copy);

    if (is_imei(number, length, imeis))
        g_string_append(shown, masked);
    else
        g_string_append(shown, length >= min_digits ? HIDDEN : copy);
}

/* The length of a number such as +49 171 123-4567 at @text, 0 if there is none. */
static gsize
telephone_length(const char *text)
{
    gsize length = 0, digits = 0;

    if (text[0] != '+')
        return 0;
    for (gsize i = 1; text[i] != '\0' && strchr(DIGITS " ()-/", text[i]) != NULL; i++) {
        if (!g_ascii_isdigit(text[i]))
            continue;
        digits++;
        length = i + 1;
    }
    return digits >= TELEPHONE_DIGITS ? length : 0;
}

/* Whether @text begins with the digest of an IMEI, which can be found by trying within an hour. */
static gboolean
is_digest(const char *text, const char *const *imeis)
{
    if (strspn(text, DIGITS "abcdefABCDEF") < SHA256_LENGTH)
        return FALSE;
    for (; imeis != NULL && *imeis != NULL; imeis++) {
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, *imeis, -1);

        if (g_ascii_strncasecmp(text, digest, SHA256_LENGTH) == 0)
            return TRUE;
    }
    return FALSE;
}

/*
 * The length of the word at @text if it is the id of a key, a token or a digest: what identifies no
 * person, although it may hold many digits in a row. A lone letter at the end is the filler of an
 * ICCID; 0 if it is anything else.
 */
static gsize
name_length(const char *text)
{
    gsize length = strspn(text, DIGITS "abcdefABCDEF");

    if (length != KEY_ID_LENGTH && length != TOKEN_LENGTH && length != SHA256_LENGTH)
        return 0;
    return strspn(text, DIGITS) < length - 1 && !g_ascii_isalnum(text[length]) ? length : 0;
}

char *
fota_mask_text(const char *text, const char *const *imeis, guint min_digits)
{
    GString *shown = g_string_new(NULL);
    gboolean in_word = FALSE;

    while (*text != '\0') {
        gsize digits = strspn(text, DIGITS);
        gsize telephone = in_word ? 0 : telephone_length(text);
        gsize name = in_word ? 0 : name_length(text);
        gsize step = 1;

        in_word = g_ascii_isalnum(*text);
        if (is_digest(text, imeis)) {
            g_string_append(shown, HIDDEN);
            step = SHA256_LENGTH;
        } else if (name > 0) {
            g_string_append_len(shown, text, (gssize)name);
            step = name;
        } else if (telephone > 0) {
            g_string_append(shown, "+" HIDDEN);
            step = telephone;
        } else if (digits > 0) {
            append_number(shown, text, digits, imeis, min_digits);
            step = digits;
        } else {
            g_string_append_c(shown, *text);
        }
        text += step;
    }
    return g_string_free(shown, FALSE);
}
