# SPDX-License-Identifier: LGPL-2.1-or-later
"""The names of fotad's errors, from the tables in the code."""
import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def error_names():
    """All that LastError and D-Bus may show, sorted."""
    names = {"Failed"}  # what fota_error_get_name() has for a foreign error
    for file in ("daemon/fota-error.c", "policy/fota-policy-error.c"):
        found = re.findall(r'^    \[FOTA_\w*ERROR_\w+\] = "(\w+)",$', (REPOSITORY / file).read_text(),
                           re.MULTILINE)
        assert len(found) > 10, file
        names.update(found)
    return sorted(names)
