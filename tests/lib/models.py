# SPDX-License-Identifier: LGPL-2.1-or-later
"""The models that are simulated: their firmware, and the times in the plugins' data files."""
import re

# What each simulated module runs at first, and what the bench's updates bring. Without the name of
# a delta, the vendor's own server has it.
MODELS = {
    "me910c1-na": ("ME910C1-NA", "30.00.001-B026", "30.00.001-B026_FOTA",
                   "30.00.001-B026_to_B026-FOTA.bin"),
    "me910c1-asks": ("ME910C1-NA", "30.00.001-B026", "30.00.001-B026_FOTA",
                     "30.00.001-B026_to_B026-FOTA.bin"),
    "me310g1-asks": ("ME310G1-WW", "37.00.214-P0C.210001", "37.00.215-P0C.210002",
                     "37.00.214_to_215.bin"),
    "le910-v2-asks": ("LE910-EU1", "20.00.412", "20.00.413", "20.00.412_to_413.bin"),
    "le910-svl": ("LE910-SVL", "20.00.034+4", "20.00.034+10", "20.00.034_4_to_10.bin"),
    "le910c4": ("LE910C4-NF", "25.21.660-P0F.660300", "25.21.661-P0F.661300", "25.21.660_to_661.bin"),
    "me310g1": ("ME310G1-WW", "37.00.214-P0C.210001", "37.00.215-P0C.210002", "37.00.214_to_215.bin"),
    "mu509": ("MU509", "12.815.01.03.00", "12.815.01.04.00", None),
    "mu609": ("MU609", "12.105.29.00.00", "12.105.29.01.00", None),
    "me909u": ("ME909u-523", "12.636.12.01.00", "12.636.12.02.00", None),
    "ec25": ("EC25", "EC25EUXGAR08A15M1G_20.200.20.200", "EC25EUXGAR08A16M1G_20.200.20.200",
             "EC25_A15_to_A16.zip"),
    "bg96": ("BG96", "BG96MAR02A07M1G_01.007.01.007", "BG96MAR04A04M1G_01.001.01.001",
             "BG96_A07_to_A04.zip"),
    "ec200a": ("EC200A", "EC200AEUHAR01A02M16", "EC200AEUHAR01A03M16", "EC200A_A02_to_A03.bin"),
}
# What ModemManager, an offer or an update changes in a module, beside its firmware: no reason for
# another one.
CHANGES = {"version", "starts", "ttys", "reports", "cfvr", "socket-1-cid", "fota-told", "fota-mode",
           "fota-apn", "fota-authentication", "ask-outcome", "questions", "otaev-tty", "otaev-mode",
           "otaev-kept", "sim-busy"}
# The keys of the plugins' data files that are times, in seconds: divided by the bench's scale. A limit
# after which the module counts as lost is kept long enough for a module whose process had to wait.
TIMES = {"ApplyTime": 1, "SettleTime": 5, "LeaveTime": 5, "CheckTime": 5, "VersionPause": 0,
         "AidTime": 5, "AskPause": 1, "LoadPause": 1, "StallTime": 15, "ResumePause": 1, "Time": 10,
         "DownloadTime": 20, "RegisterTime": 5, "HalfTime": 5, "AnswerTime": 5, "PremiumTime": 30,
         "FeedPause": 1, "FeedGuard": 1, "FeedSettle": 1}
VERSION_SECONDS = 20  # for two answers that agree: not of the module's speed, but of the machine's


def next_version(version, number):
    """One that follows, in the vendor's way of numbers."""
    if version.startswith("30."):
        return f"30.00.001-B{100 + number}"
    if version[0].isalpha():
        return re.sub(r"A\d+M", f"A{20 + number}M", version)
    major, minor, *_ = version.split(".")
    return f"{major}.{minor}.01.{10 + number}.00"


def scale_times(models, scale):
    """The data file of a plugin with its times divided."""
    def divide(match):
        time = int(match[2])
        return f"{match[1]}={time and max(TIMES[match[1]], round(time / scale))}"

    models = re.sub("^VersionTime=.*$", f"VersionTime={VERSION_SECONDS}", models, flags=re.MULTILINE)
    return re.sub(rf"^({'|'.join(TIMES)})=(\d+)$", divide, models, flags=re.MULTILINE)
