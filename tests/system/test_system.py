# SPDX-License-Identifier: LGPL-2.1-or-later
"""All tests of the packages on a booted Debian. Run by tests/system/run, which says where the packages
and the root directory are."""
import unittest

from test_fresh import Fresh  # noqa: F401, each is a test of its own
from test_guides import Guides  # noqa: F401
from test_in_use import InUse  # noqa: F401
from test_uplink import Uplink  # noqa: F401

if __name__ == "__main__":
    unittest.main()
