/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fota-json-scan.h"

#include "base/fota-json.h"

#include <string.h>

typedef struct {
    const char *next;
    const char *end;
    gsize max_digits;
    const char *fault; /* first error, static text */
} Scan;

static gboolean scan_value(Scan *scan, guint depth);

static gboolean
fail(Scan *scan, const char *fault)
{
    scan->fault = fault;
    return FALSE;
}

/* '\0' at the end: a NUL byte inside the text is an error everywhere. */
static char
peek(const Scan *scan)
{
    return scan->next < scan->end ? *scan->next : '\0';
}

static gboolean
take(Scan *scan, char c)
{
    if (peek(scan) != c)
        return FALSE;
    scan->next++;
    return TRUE;
}

static void
skip_space(Scan *scan)
{
    while (peek(scan) != '\0' && strchr(" \t\r\n", peek(scan)))
        scan->next++;
}

static gboolean
scan_hex(Scan *scan, guint *unit)
{
    *unit = 0;
    for (guint i = 0; i < 4; i++, scan->next++) {
        if (!g_ascii_isxdigit(peek(scan)))
            return fail(scan, "expected four hex digits");
        *unit = *unit << 4 | (guint)g_ascii_xdigit_value(peek(scan));
    }
    return TRUE;
}

/* The digits after `\u`. */
static gboolean
scan_unicode(Scan *scan)
{
    guint unit, low;

    if (!scan_hex(scan, &unit))
        return FALSE;
    if (unit == 0)
        return fail(scan, "a text must not hold \\u0000");
    if (unit < 0xd800 || unit > 0xdfff)
        return TRUE;
    if (unit > 0xdbff || !take(scan, '\\') || !take(scan, 'u'))
        return fail(scan, "half of a surrogate pair");
    if (!scan_hex(scan, &low))
        return FALSE;
    return (low >= 0xdc00 && low <= 0xdfff) || fail(scan, "half of a surrogate pair");
}

static gboolean
scan_string(Scan *scan)
{
    if (!take(scan, '"'))
        return fail(scan, "expected a text in double quotes");
    while (!take(scan, '"')) {
        if ((guint8)peek(scan) < 0x20)
            return fail(scan, scan->next < scan->end ? "control character in a text"
                                                     : "the text does not end");
        if (!take(scan, '\\')) {
            scan->next++;
        } else if (take(scan, 'u')) {
            if (!scan_unicode(scan))
                return FALSE;
        } else if (peek(scan) != '\0' && strchr("\"\\/bfnrt", peek(scan))) {
            scan->next++;
        } else {
            return fail(scan, "unknown escape in a text");
        }
    }
    return TRUE;
}

static gsize
skip_digits(Scan *scan)
{
    const char *start = scan->next;

    while (g_ascii_isdigit(peek(scan)))
        scan->next++;
    return (gsize)(scan->next - start);
}

static gboolean
scan_number(Scan *scan)
{
    gsize digits;

    take(scan, '-');
    if (take(scan, '0'))
        digits = 1;
    else
        digits = skip_digits(scan);
    if (digits == 0)
        return fail(scan, "expected a value");
    if (digits > scan->max_digits)
        return fail(scan, "the number is too large");
    if (take(scan, '.') && skip_digits(scan) == 0)
        return fail(scan, "expected digits after the point");
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+'))
            take(scan, '-');
        if (skip_digits(scan) == 0)
            return fail(scan, "expected an exponent");
    }
    return TRUE;
}

static gboolean
scan_word(Scan *scan, const char *word)
{
    gsize length = strlen(word);

    if ((gsize)(scan->end - scan->next) < length || memcmp(scan->next, word, length) != 0)
        return fail(scan, "expected a value");
    scan->next += length;
    return TRUE;
}

static gboolean
scan_member(Scan *scan, guint depth)
{
    skip_space(scan);
    if (!scan_string(scan))
        return FALSE;
    skip_space(scan);
    if (!take(scan, ':'))
        return fail(scan, "expected a colon");
    return scan_value(scan, depth);
}

/* An object or array, after its opening bracket; @depth includes it. */
static gboolean
scan_list(Scan *scan, char close, guint depth)
{
    if (depth > FOTA_JSON_MAX_DEPTH)
        return fail(scan, "nested deeper than 16");
    skip_space(scan);
    if (take(scan, close))
        return TRUE;
    do {
        if (!(close == '}' ? scan_member(scan, depth) : scan_value(scan, depth)))
            return FALSE;
        skip_space(scan);
    } while (take(scan, ','));
    return take(scan, close) ||
           fail(scan, close == '}' ? "expected a comma or }" : "expected a comma or ]");
}

static gboolean
scan_value(Scan *scan, guint depth)
{
    skip_space(scan);
    switch (peek(scan)) {
    case '{':
        scan->next++;
        return scan_list(scan, '}', depth + 1);
    case '[':
        scan->next++;
        return scan_list(scan, ']', depth + 1);
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}

const char *
fota_json_scan(const char *text, gsize length, gsize max_digits, gsize *where)
{
    Scan scan = {.next = text, .end = text + length, .max_digits = max_digits};

    if (peek(&scan) != '{') {
        fail(&scan, "expected an object");
    } else if (!g_utf8_validate_len(text, length, &scan.next)) {
        fail(&scan, "not UTF-8, or a NUL byte");
    } else {
        scan.next = text;
        if (scan_value(&scan, 0)) {
            skip_space(&scan);
            if (scan.next < scan.end)
                fail(&scan, "unexpected text after the object");
        }
    }
    *where = (gsize)(scan.next - text);
    return scan.fault;
}
