/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * What a plugin asks of the daemon: the session in which one of its functions runs, with commands,
 * raw data, unsolicited lines and memory, and the types of what passes between them. Included by
 * fota-plugin.h.
 */

typedef struct _FotaSession FotaSession;

/** How a step of an update ended, and with it what the daemon may do next. */
typedef enum {
    FOTA_RESULT_DONE,            /**< the step did what it says */
    FOTA_RESULT_TRY_LATER,       /**< not now: no signal, no registration, module busy */
    FOTA_RESULT_FAILED_FOR_NOW,  /**< failed in a way that another attempt may cure */
    FOTA_RESULT_FAILED_FOR_GOOD, /**< the same attempt would fail the same way */
    FOTA_RESULT_WRONG_BASE,      /**< the delta does not fit the firmware in the module */
    FOTA_RESULT_REFUSED,         /**< the module refuses the delta or the order to install */
} FotaResult;

#define FOTA_MODULE_ERROR (fota_module_error_quark())
GQuark fota_module_error_quark(void);

/** What can go wrong with a module; MODULE_GONE is org.fotad.Fota1.Error.ModuleGone on D-Bus. */
typedef enum {
    FOTA_MODULE_ERROR_MODULE_REFUSED,      /**< ERROR or +CME ERROR to a command */
    FOTA_MODULE_ERROR_MODULE_SILENT,       /**< no answer within the vendor's time */
    FOTA_MODULE_ERROR_MODULE_GONE,         /**< it left the bus when it should not */
    FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, /**< away longer than its limit */
    FOTA_MODULE_ERROR_NOT_SUPPORTED,       /**< this channel or model cannot do it */
    FOTA_MODULE_ERROR_BAD_ANSWER,          /**< an answer that the document does not allow */
    FOTA_MODULE_ERROR_NO_SIGNAL,
    FOTA_MODULE_ERROR_NOT_REGISTERED,
    FOTA_MODULE_ERROR_NO_APN,         /**< none programmed and none configured */
    FOTA_MODULE_ERROR_CONTEXT_FAILED, /**< the PDP context did not come up */
    FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
    FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED,
    FOTA_MODULE_ERROR_DELTA_MISSING,   /**< the server has no such file */
    FOTA_MODULE_ERROR_TRANSFER_FAILED, /**< the delta did not arrive whole */
    FOTA_MODULE_ERROR_WRONG_BASE,      /**< delta and firmware do not belong together */
    FOTA_MODULE_ERROR_INSTALL_REFUSED,
    FOTA_MODULE_ERROR_OLD_VERSION,        /**< back, but with the firmware it had before */
    FOTA_MODULE_ERROR_UNEXPECTED_VERSION, /**< neither the old nor the wanted one */
    FOTA_MODULE_ERROR_BAD_ARGUMENT,       /**< text that must not enter an AT line */
    FOTA_MODULE_ERROR_QUESTION_EXPIRED,   /**< the module no longer waits for the answer */
} FotaModuleError;

/** What one step of an update is about. Strings are never NULL unless said so. */
typedef struct {
    gsize struct_size;    /**< of the daemon's FotaUpdate: a later member is there only within it */
    const char *from;     /**< version the module must report before; exact */
    const char *to;       /**< version that it must report afterwards; NULL = the vendor decides */
    const char *scheme;   /**< of the delta's address: "ftp", "http" ...; NULL = vendor's server */
    const char *host;     /**< server of the delta, as the module must reach it; may be NULL */
    guint port;           /**< its port, never 0 when @host is set */
    const char *path;     /**< path on that server, without leading slash; may be NULL */
    const char *user;     /**< login, "" = none */
    const char *password; /**< "" = none */
    guint64 size;         /**< bytes of the delta, 0 = unknown; never 0 for load() */
    gboolean rehearsal;   /**< do everything short of storing or installing a delta. Not set where
                             the method keeps it inert until install(): see discard() */
} FotaUpdate;

/** What an unsolicited line is about. */
typedef enum {
    FOTA_LINE_REPORT = 1, /**< worth a note */
    FOTA_LINE_STATE, /**< the state that the module is in now: of an update by itself, it has begun
                      */
    FOTA_LINE_PROGRESS,
    FOTA_LINE_QUESTION,
    FOTA_LINE_DONE,             /**< something has ended well */
    FOTA_LINE_FAILED,           /**< something has failed */
    FOTA_LINE_CARRIER,          /**< as FOTA_LINE_STATE, of an update that the carrier has begun */
    FOTA_LINE_CARRIER_QUESTION, /**< as FOTA_LINE_QUESTION, of the carrier */
} FotaLineKind;

/** What an unsolicited line says. The parser fills what the line tells. */
typedef struct {
    FotaLineKind kind;
    gint64 number; /**< -1 = none */
    gint64 code;   /**< an error number, or what else follows; -1 = none */
    char *text;    /**< NULL = none */
} FotaHeard;

/** Frees what it holds; it is empty afterwards. */
void fota_heard_clear(FotaHeard *heard);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaHeard, fota_heard_clear)

/* The module */

/**
 * A number, or text, of this model from the plugin's data file. The key must stand in the file's
 * [*] group at least: a missing one is a defect of the plugin and ends the daemon in tests.
 */
guint fota_session_get_number(FotaSession *session, const char *key);
const char *fota_session_get_text(FotaSession *session, const char *key);

/**
 * A setting of the [Network] group of the configuration, or what the manifest provisions in its
 * place: "Apn", "PdpType", "User", "Password", "Authentication"; NULL when unset. "ProvisionedApn"
 * is the same as "Apn" when a manifest provisions it: it holds whatever is programmed, for this
 * update, and close() sets back what was somebody else's.
 */
const char *fota_session_get_network(FotaSession *session, const char *key);

/* Commands */

/**
 * The longest time of @command in the plugin's data file: Time#FTPOPEN= for `AT#FTPOPEN=...`, else
 * Time=. It holds wherever a command is given 0 seconds.
 */
guint fota_session_get_seconds(FotaSession *session, const char *command);

/**
 * Sends one AT command line and returns the information lines of its answer, without echo, empty
 * lines, and final OK; possibly none. FOTA_MODULE_ERROR_MODULE_REFUSED for ERROR, +CME ERROR and
 * +CMS ERROR: a definite answer, which is not to be repeated. _MODULE_SILENT after @seconds
 * (0 = as the data file says). _MODULE_GONE when the module has left. G_IO_ERROR_CANCELLED when the
 * update was cancelled.
 */
GStrv
fota_session_command(FotaSession *session, const char *command, guint seconds, GError **error);

/** Number of the last +CME ERROR (or +CMS ERROR), -1 when the last failure carried none. */
int fota_session_get_cme(FotaSession *session);

/**
 * Whether the last command was refused for a reason that passes, such as a SIM that is busy: what
 * it asked for is not known. A refusal without a number, and those of 27.007 9.2 for what is not
 * allowed, not supported or unknown, mean that the module has no such command.
 */
gboolean fota_session_was_put_off(FotaSession *session);

/**
 * Sends a command that switches to data mode, and returns everything between CONNECT and NO
 * CARRIER. _NOT_SUPPORTED through ModemManager. At most @max_bytes are taken.
 */
GBytes *fota_session_receive(FotaSession *session, const char *command, gsize max_bytes,
                             guint seconds, GError **error);

/* Raw data, for a method that is fed: it needs FOTA_NEEDS_TTY */

/**
 * Sends a command after which the module takes raw data, and waits for one of @prompts (ended by
 * NULL: "CONNECT", ">", "C" ...) at the beginning of a line; its index goes into *@which, which may
 * be NULL. Errors as of fota_session_command(); an OK before the prompt is no end. From then on
 * only the functions below may be used, until fota_session_end_data(). What was left open by an
 * error or a cancel is ended with `+++` before the next command.
 */
gboolean
fota_session_begin_data(FotaSession *session, const char *command, const char *const *prompts,
                        guint *which, guint seconds, GError **error);

gboolean
fota_session_write_data(FotaSession *session, const guint8 *bytes, gsize length, GError **error);

/** Reads exactly @length bytes. FOTA_MODULE_ERROR_MODULE_SILENT when one takes over @seconds. */
gboolean fota_session_read_data(FotaSession *session, guint8 *bytes, gsize length, guint seconds,
                                GError **error);

/** How fast raw data may go. */
typedef struct {
    guint block;          /**< bytes that are written at once, not 0 */
    guint pause_ms;       /**< after each block, milliseconds */
    char acknowledgement; /**< what the module answers to each whole block; 0 = nothing */
    guint seconds;        /**< longest time for that answer */
} FotaPacing;

/** Writes @size bytes of @fd, and reports bytes and progress. */
gboolean fota_session_send_file(FotaSession *session, int fd, guint64 size,
                                const FotaPacing *pacing, GError **error);

/**
 * Ends raw data, and returns the lines of the command's answer. @guard: with so many seconds of
 * silence and `+++`, to which NO CARRIER or OK is the answer; 0 = the module counts itself, and
 * answers OK.
 */
GStrv fota_session_end_data(FotaSession *session, guint guard, guint seconds, GError **error);

/**
 * Sends @command and then @size bytes of @fd by XMODEM, in blocks of 128 or 1024 bytes, with CRC or
 * checksum as the module asks for. @seconds: until it asks for the first block.
 * fota_session_end_data() follows.
 */
gboolean fota_session_send_xmodem(FotaSession *session, const char *command, int fd, guint64 size,
                                  guint block, guint seconds, GError **error);

/** XOR of 16-bit words, high byte first, an odd last byte being a high one; begins with 0. For
 * pieces that have an even length. */
guint16 fota_checksum_xor16(guint16 sum, const guint8 *bytes, gsize length);

/** CRC-16/XMODEM; begins with 0. */
guint16 fota_checksum_crc16(guint16 sum, const guint8 *bytes, gsize length);

/** TRUE when unsolicited lines arrive on this channel; through ModemManager they do not. */
gboolean fota_session_hears_unsolicited(FotaSession *session);

/**
 * Waits for an unsolicited line that the plugin's table lists, and reads it into *@event, which the
 * caller clears. Lines that came since the module last started, and what a module has said before
 * that while it answered nothing, as some do in the middle of an update, are looked at first; those
 * that the table does not list are dropped. FALSE without an error when none came within @seconds
 * (0 = only look).
 */
gboolean fota_session_hear(FotaSession *session, guint seconds, FotaHeard *heard, GError **error);

/**
 * Waits until a module that has left by itself (FOTA_MODULE_ERROR_MODULE_GONE) is back and answers
 * AT, and goes on with it. FOTA_MODULE_ERROR_MODULE_NOT_RETURNED after @seconds. Restarts of the
 * installation are not a plugin's business: the daemon follows them.
 */
gboolean fota_session_wait_back(FotaSession *session, guint seconds, GError **error);

/** Seconds of a clock that nobody sets and that goes on in suspend: for limits. */
gint64 fota_session_get_time(FotaSession *session);

/** Lets @seconds pass, where the vendor demands a pause. FALSE when cancelled or gone. */
gboolean fota_session_pause(FotaSession *session, guint seconds, GError **error);

/**
 * Copies @text between double quotes for an AT line. FOTA_MODULE_ERROR_BAD_ARGUMENT when it holds
 * anything but printable ASCII, or one of `"`, `;`, `\`, `,`.
 */
char *fota_at_quote(const char *text, GError **error);

/**
 * TRUE when @text, which the module itself has told, may go back to it in an AT line as it is: it
 * is printable ASCII without `;`, which would begin another command.
 */
gboolean fota_at_is_parameter(const char *text);

/* Progress and memory */

/** Percent of this one function's work, 0 to 100; never runs backwards. */
void fota_session_report_progress(FotaSession *session, guint percent);

/** Bytes of the delta in the module so far; @total 0 = unknown. */
void fota_session_report_bytes(FotaSession *session, guint64 received, guint64 total);

/** A sentence for the log, about this module: what is being done now. */
void fota_session_note(FotaSession *session, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** What a name begins with whose value tells what close() has to set back in the module. */
#define FOTA_OWED "owed."

/**
 * Remembers @value under @name for the rest of this update; written with the next record. With
 * FOTA_OWED it outlives the update: until the value is "", the daemon has close() called before
 * anything else is begun with the module, also after fotad was killed.
 */
void fota_session_remember(FotaSession *session, const char *name, const char *value);

/**
 * Writes the record with what was remembered so far, and waits until it is on disk: before
 * something is changed that must be set back. FALSE: it is not; the change must not be made.
 */
gboolean fota_session_save(FotaSession *session, GError **error);

/** What fota_session_remember() stored, or NULL. */
const char *fota_session_recall(FotaSession *session, const char *name);

/** What is owed under @name, which begins with FOTA_OWED; NULL = nothing. */
const char *fota_session_get_debt(FotaSession *session, const char *name);
void fota_session_forget_debt(FotaSession *session, const char *name);

/**
 * For close(): sends @command, which sets back what is owed under @name, if anything is. A refusal
 * counts as well: it is as it was already. @failed: what a note says when it has not been done.
 */
void fota_session_pay_debt(FotaSession *session, const char *name, const char *command,
                           const char *failed);

/**
 * @data that close() needs from the function before it; @destroy is called when it is replaced, and
 * after close(). NULL = none.
 */
void fota_session_set_data(FotaSession *session, gpointer data, GDestroyNotify destroy);
gpointer fota_session_get_data(FotaSession *session);

/* Shared by plugins */

/** One step of a flow, by the letter or number that the vendor's document gives it. */
typedef struct {
    const char *letter; /**< "a", "3." ... */
    FotaResult (*run)(FotaSession *session, const FotaUpdate *update, GError **error);
    guint percent; /**< of the whole function, once the step is done */
} FotaFlowStep;

/**
 * Runs the steps of @flow, ended by one without a function, in order, until one of them is not
 * DONE. The log names the letter of each.
 */
FotaResult fota_session_run_flow(FotaSession *session, const FotaFlowStep *flow,
                                 const FotaUpdate *update, GError **error);

/** As fota_session_command(), where the lines of the answer do not matter. */
gboolean
fota_session_order(FotaSession *session, const char *command, guint seconds, GError **error);

/**
 * As fota_session_command(), for what the flow can do without: when the module refuses it, does not
 * answer or answers something else, a note says so and *@lines is NULL, which is "unknown", not
 * "nothing". FALSE only when the module has left or the update was cancelled. The caller frees
 * *@lines; @lines may be NULL.
 */
gboolean fota_session_try(FotaSession *session, const char *command, guint seconds, GStrv *lines,
                          GError **error);

/** What follows @prefix and blanks in @line; NULL when it does not begin with @prefix. */
const char *fota_line_after(const char *line, const char *prefix);

/** The same for the first such line of @lines, which may be NULL; NULL when there is none. */
const char *fota_lines_find(GStrv lines, const char *prefix);

/** As fota_session_command(); returns what follows @prefix and blanks in the first such line. */
char *fota_session_query(FotaSession *session, const char *command, const char *prefix,
                         guint seconds, GError **error);

/**
 * Asks whether the module is registered in a network (3GPP TS 27.007: +CEREG, +CGREG or +CREG says
 * 1, 5, 9 or 10), in LTE first. *@told: the last line that says so or denies it, which the caller
 * frees; NULL = the module does not tell, as through ModemManager, which keeps these lines for
 * itself. FALSE as of fota_session_try().
 */
gboolean fota_session_ask_registered(FotaSession *session, gboolean *registered, char **told,
                                     GError **error);

/**
 * Reads the version with @command until two answers in a row are the same, for at most the model's
 * VersionTime: a module that has just started may answer late, with nothing, or with a version in
 * between. FOTA_RESULT_FAILED_FOR_NOW when *@version stays NULL.
 */
FotaResult fota_session_read_version(FotaSession *session, const char *command, char **version,
                                     GError **error);

/** One line of a table of a vendor's error numbers, ended by {0, NULL}. */
typedef struct {
    int number;
    const char *text;
} FotaCodeText;

/** Text of @number in @table, or NULL when the vendor's document does not list it. */
const char *fota_code_text(const FotaCodeText *table, int number);

/**
 * Adds to @error what the number of the last +CME ERROR means: in the vendor's @table (may be
 * NULL), else in 3GPP TS 27.007. Adds nothing when there was no number.
 */
void fota_session_explain(FotaSession *session, const FotaCodeText *table, GError **error);

G_END_DECLS
