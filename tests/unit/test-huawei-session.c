/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-huawei.h"

const FotaUpdate test_huawei_update = {.from = OLD, .to = NEW, .user = "", .password = ""};

FotaSession *
test_huawei_session(const char *models, const FakeExchange *script, gboolean polls)
{
    FotaSession *session = fake_session_new(models, script);

    fake_session_set_poll(session, polls ? POLL : NULL);
    fake_session_set_network(session, "Apn", "1234");
    return session;
}
