/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/unit/fake-plugin.h"

/* What the tests of the plugin for Quectel's modules share. */

#define OLD "EC25EUXGAR08A15M1G_20.200.20.200"
#define NEW "EC25EUXGAR08A16M1G_20.200.20.200"

/** From OLD to NEW, at http://fw.example:80/a-b.zip, 2048 bytes. */
extern const FotaUpdate test_quectel_update;

/* One exchange each. */
#define RADIO(mode) "AT+CFUN?", "+CFUN: " mode
#define CONTEXT(apn) "AT+CGDCONT?", "+CGDCONT: 1,\"IP\",\"" apn "\",\"0.0.0.0\",0,0"
#define LTE(status) "AT+CEREG?", "+CEREG: 0," status
#define SAYS(text) FAKE_URC, "+QIND: \"FOTA\"," text
#define LEAVES FAKE_URC, "-"
#define FETCH_URL "http://fw.example:80/a-b.zip"
#define FETCH(answer) "AT+QFOTADL=\"" FETCH_URL "\"", answer
#define VERSION(text) "AT+QGMR", text
#define READY                                                                                      \
    {RADIO("1")}, {CONTEXT("internet")},                                                           \
    {                                                                                              \
        LTE("1")                                                                                   \
    }
#define BEGUN                                                                                      \
    READY,                                                                                         \
    {                                                                                              \
        FETCH("")                                                                                  \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

typedef enum {
    TEST_QUECTEL_INSPECT,
    TEST_QUECTEL_DOWNLOAD,
    TEST_QUECTEL_LOAD,
    TEST_QUECTEL_DISCARD,
    TEST_QUECTEL_INSTALL,
    TEST_QUECTEL_OUTCOME,
    TEST_QUECTEL_FED_OUTCOME,
    TEST_QUECTEL_CLOSE, /**< returns DONE */
} TestQuectelFunction;

typedef struct {
    const char *name;
    TestQuectelFunction function;
    FotaResult result;
    int code;            /**< when @result is not DONE: see fake_session_assert_end() */
    const char *says;    /**< in the error, or else in the notes; NULL = whatever */
    const char *version; /**< that is told; NULL = whatever */
    const char *model;   /**< NULL = "EC25" */
    FakeExchange script[26];
} TestQuectelCase;

/** A case of which what is owed to the module is looked at as well. */
typedef struct {
    TestQuectelCase test;
    const char *debt;           /**< its name behind FOTA_OWED */
    const char *before, *after; /**< its value; NULL = none */
} TestQuectelDebt;

#define DONE FOTA_RESULT_DONE, 0
#define FOR_NOW(error) FOTA_RESULT_FAILED_FOR_NOW, FOTA_MODULE_ERROR_##error
#define FOR_GOOD(error) FOTA_RESULT_FAILED_FOR_GOOD, FOTA_MODULE_ERROR_##error
#define LATER(error) FOTA_RESULT_TRY_LATER, FOTA_MODULE_ERROR_##error
#define WRONG_BASE FOTA_RESULT_WRONG_BASE, FOTA_MODULE_ERROR_WRONG_BASE
#define REFUSED FOTA_RESULT_REFUSED, FOTA_MODULE_ERROR_INSTALL_REFUSED

/** A session of an EC25 with this script. */
FotaSession *test_quectel_session(const FakeExchange *script);

/** Calls @function on @session for @update. @fd: what is loaded, -1 = nothing. */
FotaResult test_quectel_call(FotaSession *session, TestQuectelFunction function,
                             const FotaUpdate *update, int fd, char **version, GError **error);

/** Plays @test, as a GTestDataFunc. */
void test_quectel_run(gconstpointer test);

/** Adds the cases below @path. */
void test_quectel_add(const char *path, const TestQuectelCase *cases, guint n_cases);
void test_quectel_add_debts(const char *path, const TestQuectelDebt *debts, guint n_debts);
