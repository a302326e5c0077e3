/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-quectel.h"

#include <gio/gio.h>
#include <string.h>

const FotaUpdate test_quectel_update = {
    .struct_size = sizeof(FotaUpdate),
    .from = OLD,
    .to = NEW,
    .scheme = "http",
    .host = "fw.example",
    .port = 80,
    .path = "a-b.zip",
    .user = "",
    .password = "",
    .size = 2048,
};

FotaSession *
test_quectel_session(const FakeExchange *script)
{
    FotaSession *session = fake_session_new(QUECTEL_MODELS, script);

    fake_session_set_model(session, "EC25");
    fake_session_set_unsolicited(session, fota_plugin.unsolicited);
    return session;
}

static const FotaMethod *
find_method(const char *name)
{
    const FotaMethod *const *methods = fota_plugin.claims[0].methods;

    while (strcmp((*methods)->name, name) != 0)
        methods++;
    return *methods;
}

FotaResult
test_quectel_call(FotaSession *session, TestQuectelFunction function, const FotaUpdate *update,
                  int fd, char **version, GError **error)
{
    const FotaMethod *url = find_method("url");
    const FotaMethod *fed = find_method("fed");

    switch (function) {
    case TEST_QUECTEL_INSPECT:
        return url->inspect(session, version, error);
    case TEST_QUECTEL_DOWNLOAD:
        return url->download(session, update, error);
    case TEST_QUECTEL_LOAD:
        return fed->load(session, update, fd, error);
    case TEST_QUECTEL_DISCARD:
        return fed->discard(session, update, error);
    case TEST_QUECTEL_INSTALL:
        return fed->install(session, update, error);
    case TEST_QUECTEL_OUTCOME:
        return url->outcome(session, update, version, error);
    case TEST_QUECTEL_FED_OUTCOME:
        return fed->outcome(session, update, version, error);
    case TEST_QUECTEL_CLOSE:
    default:
        return fake_session_close(session, url, FOTA_RESULT_DONE);
    }
}

static FotaResult
run_case(const TestQuectelCase *test, FotaSession *session)
{
    g_autofree char *version = NULL;
    g_autoptr(GError) error = NULL;
    FotaResult result;

    if (test->model != NULL)
        fake_session_set_model(session, test->model);
    result = test_quectel_call(session, test->function, &test_quectel_update, -1, &version, &error);
    fake_session_assert_end(session, result, error, test->result, test->code, test->says);
    if (test->version != NULL)
        g_assert_cmpstr(version, ==, test->version);
    return result;
}

void
test_quectel_run(gconstpointer data)
{
    const TestQuectelCase *test = data;
    FotaSession *session = test_quectel_session(test->script);

    if (run_case(test, session) == FOTA_RESULT_DONE && test->function == TEST_QUECTEL_DOWNLOAD)
        g_assert_cmpuint(fake_session_get_percent(session), ==, 100);
    fake_session_finish(session);
}

void
test_quectel_add(const char *path, const TestQuectelCase *cases, guint n_cases)
{
    for (guint i = 0; i < n_cases; i++) {
        g_autofree char *name = g_strconcat(path, cases[i].name, NULL);

        g_test_add_data_func(name, &cases[i], test_quectel_run);
    }
}

static void
run_debt(gconstpointer data)
{
    const TestQuectelDebt *row = data;
    FotaSession *session = test_quectel_session(row->test.script);
    g_autofree char *name = g_strconcat(FOTA_OWED, row->debt, NULL);

    if (row->before != NULL)
        fota_session_remember(session, name, row->before);
    run_case(&row->test, session);
    g_assert_cmpstr(fota_session_recall(session, name), ==, row->after);
    fake_session_finish(session);
}

void
test_quectel_add_debts(const char *path, const TestQuectelDebt *debts, guint n_debts)
{
    for (guint i = 0; i < n_debts; i++) {
        g_autofree char *name = g_strconcat(path, debts[i].test.name, NULL);

        g_test_add_data_func(name, &debts[i], run_debt);
    }
}
