/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: which texts from outside are accepted.
 *
 * Versions, URIs and names from a manifest end up in AT lines, URLs and file names. Each kind has
 * one alphabet, which has all that vendors use and nothing that ends, quotes or chains a
 * command (no CR, LF, `"`, `;`, backtick, `$`, `&`, `|`, `<`, `>`, parentheses).
 *
 * A validator returns %NULL if the text is accepted, else what was expected (static text).
 */
typedef const char *(*FotaTextValidator)(const char *text);

/** 15 digits. The last digit is not verified: vendors ship test units with a wrong one. */
const char *fota_text_validate_imei(const char *text);
/** Code of an operator: MCC and MNC, 5 or 6 digits. */
const char *fota_text_validate_operator(const char *text);
/** Firmware version as a module reports it: 1 to 64 of `A-Z a-z 0-9 . _ / , : + [ ] -` and space.
 */
const char *fota_text_validate_version(const char *text);
/** Model name: 1 to 64 of the same alphabet as a version. */
const char *fota_text_validate_model(const char *text);
/** Name of a credential, roll-out, group or update: 1 to 64 of `A-Z a-z 0-9 . _ -`, not `.` first.
 */
const char *fota_text_validate_name(const char *text);
/** An access point name: 23.003, 9.1. */
const char *fota_text_validate_apn(const char *text);
/** 64 lower-case hex digits. */
const char *fota_text_validate_sha256(const char *text);
/** http, https, ftp or ftps; a host; no userinfo; no fragment; at most 512 bytes. */
const char *fota_text_validate_uri(const char *text);
/** The same, or `file:///` and the path of a file of this gateway, without a step upwards. */
const char *fota_text_validate_delta_uri(const char *text);
/** As fota_text_validate_uri(), with `{imei}`, `{imei-sha256}`, `{imei-hmac}` and `{model}` in the
 * path. */
const char *fota_text_validate_uri_template(const char *text);
/** A web page for people: http or https, as fota_text_validate_uri(). */
const char *fota_text_validate_web_uri(const char *text);
/** Plain text for people: 1 to 120 characters, no control characters. */
const char *fota_text_validate_title(const char *text);
/** `local`, `UTC` or a zone name such as `Europe/Berlin` (it need not exist). */
const char *fota_text_validate_timezone(const char *text);

/**
 * fota_text_parse_time:
 * @text: RFC 3339 in UTC with whole seconds, `2026-11-21T04:00:00Z`, years 1970 to 9999
 * @time: (out): microseconds since the epoch
 *
 * Returns: %FALSE if @text is anything else.
 */
gboolean fota_text_parse_time(const char *text, gint64 *time);

/** Returns: (transfer full): @time (µs since the epoch) as fota_text_parse_time() reads it. */
char *fota_text_format_time(gint64 time);

/**
 * fota_text_hash:
 * @first: ...: %NULL-terminated texts
 *
 * Returns: the first 64 bits, big-endian, of the SHA-256 over the texts with one zero byte between
 * them. Spreads IMEIs of one series evenly.
 */
guint64 fota_text_hash(const char *first, ...) G_GNUC_NULL_TERMINATED;

/** Returns: (transfer full): scheme, host and port of @uri, `ftp://fw.example`; %NULL = it has
 * none. */
char *fota_text_get_origin(const char *uri);

/** The parts of an address, as a module's own client is told them. */
typedef struct {
    char *scheme;
    char *host; /* an IPv6 literal with its brackets */
    guint port; /* the scheme's own where none is given */
    char *path; /* without the leading slash, unescaped; a query as it was written */
} FotaAddress;

/** Returns: whether @uri has a host; then @address is set, for fota_address_clear(). */
gboolean fota_address_parse(const char *uri, FotaAddress *address);
void fota_address_clear(FotaAddress *address);

/**
 * fota_text_expand_uri:
 * @salt: (nullable): the key of `{imei-hmac}`; without one that stays as it is
 *
 * Returns: (transfer full): @uri_template with its `{imei}`, `{imei-sha256}` (hex), `{imei-hmac}`
 * (HMAC-SHA256 of the IMEI, hex) and `{model}` filled in.
 */
char *fota_text_expand_uri(const char *uri_template, const char *imei, const char *model,
                           const char *salt);

G_END_DECLS
