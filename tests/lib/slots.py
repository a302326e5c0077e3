# SPDX-License-Identifier: LGPL-2.1-or-later
"""When a module's manifest is read without being asked for: policy/fota-schedule.h."""
import hashlib
import itertools
import time

DAY = 86400
QUIET = DAY // 6


def slot(imei, interval=DAY, salt=""):
    """The moment of the interval that belongs to this module, in microseconds."""
    text = salt.encode() + b"\0" + imei.encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8]) % (interval * 10**6)


def quiet_salt(imeis):
    """A [Manifest] Salt= with which no module's moment of the day comes within the next hours."""
    now = time.time()
    return next(salt for salt in map(str, itertools.count())
                if all((slot(imei, salt=salt) / 1e6 - now) % DAY > QUIET for imei in imeis))
