# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a rig is built for: a simulated module, the method of its updates, and the way to AT."""
import dataclasses

# {method: the command that cannot be taken back, without what stands in quotes}
ORDERS = {"ftp": "AT#OTAUP=0", "feed": "AT#OTAUP=0,2", "ftp-enhanced": "AT#OTAUP=2",
          "premium": "AT#OTASUAN=1", "carrier": "AT#LWM2MFOTAACK=0,1", "server": "AT^FWUP",
          "url": 'AT+QFOTADL=""', "fed": 'AT+QFOTADL=""'}
# Those by which the host hands the delta over.
FED = ("feed", "fed")
# {module: (vendor, its n-th version, n of the one that it runs at first)}
MODULES = {"me910c1-na": ("telit", "30.00.001-B{:03d}", 26),
           "me910c1-asks": ("telit", "30.00.001-B{:03d}", 26),
           "le910-svl": ("telit", "20.00.034+{}", 4),
           "le910c4": ("telit", "25.21.{:03d}-P0F.660300", 660),
           "me310g1": ("telit", "37.00.{:03d}-P0C.210001", 214),
           "me310g1-asks": ("telit", "37.00.{:03d}-P0C.210001", 214),
           "mu509": ("huawei", "12.815.01.{:02d}.00", 3),
           "mu609": ("huawei", "12.105.29.{:02d}.00", 0),
           "me909u": ("huawei", "12.636.12.{:02d}.00", 1),
           "ec25": ("quectel", "EC25EUXGAR08A{:02d}M1G_20.200.20.200", 15),
           "bg96": ("quectel", "BG96MAR02A{:02d}M1G_01.007.01.007", 7)}


@dataclasses.dataclass(frozen=True)
class Kind:
    module: str
    method: str
    channel: str
    scale: int = 60  # how many times faster than a real one the module is
    stays: int = 0  # seconds of the module's time between two restarts, 0 = as its vendor says
    insured: bool = False  # its updates have a way back, which is needed

    def __str__(self):
        return f"{self.module}/{self.channel}/{self.method}" + ("/slow" if self.scale < 60 else "") \
            + ("/insured" if self.insured else "")

    @property
    def vendor(self):
        return MODULES[self.module][0]

    @property
    def order(self):
        return ORDERS[self.method]

    @property
    def questions(self):
        """How many an update has, each with an order of its own."""
        return 2 if self.method == "carrier" else 1

    @property
    def back_method(self):
        """By which it is put back: the host has that delta."""
        return {"telit": "feed", "quectel": "fed"}.get(self.vendor, self.method)

    @property
    def back_order(self):
        return ORDERS[self.back_method]

    @property
    def is_fed(self):
        return self.method in FED

    @property
    def asks_version(self):
        return {"quectel": "AT+QGMR"}.get(self.vendor, "AT+GMR")

    @property
    def config(self):
        """The module fetches by itself, also where the host could feed it, but for that method."""
        service = {"Service": {"Time": "10s", "Back": "required"}} if self.insured else {}
        return {"Delivery": {"By": "host" if self.is_fed else "module"}, **service}

    def version(self, number):
        return MODULES[self.module][1].format(number)

    @property
    def first_number(self):
        return MODULES[self.module][2]


TELIT_PORT, TELIT_RESERVED, TELIT_COMMAND = (
    Kind("me910c1-na", "ftp", channel) for channel in ("port", "reserved", "modemmanager"))
# By the host: the fetch, and the load.
TELIT_FED = Kind("me310g1", "feed", "port")
HUAWEI_PORT, HUAWEI_COMMAND = (
    Kind("mu509", "server", channel) for channel in ("port", "modemmanager"))
# One that fotad tells to restart after the order.
TELIT_TOLD = Kind("le910c4", "ftp-enhanced", "reserved")
# Download and installation are one order.
QUECTEL_PORT = Kind("ec25", "url", "port")
QUECTEL_FED = Kind("ec25", "fed", "port")
# Those that ask by themselves: for their maker's server, and for the carrier's.
ASKED = Kind("me910c1-asks", "premium", "reserved")
CARRIER = Kind("me310g1-asks", "carrier", "reserved")
# One that stays between its restarts until ModemManager shows it, and then leaves again.
TELIT_SLOW = Kind("me910c1-na", "ftp", "reserved", scale=8, stays=150)
# With a way back, by the host.
INSURED = Kind("me310g1", "feed", "port", insured=True)
INSURED_URL = Kind("ec25", "url", "port", insured=True)

KINDS = (TELIT_PORT, TELIT_RESERVED, TELIT_COMMAND, TELIT_TOLD, TELIT_FED, HUAWEI_PORT,
         HUAWEI_COMMAND, QUECTEL_PORT, QUECTEL_FED, ASKED, CARRIER, INSURED,
         INSURED_URL)

# The other modules that are simulated, and the other methods of those above: with --all only.
OTHERS = (Kind("me310g1", "ftp", "port"), Kind("le910-svl", "ftp", "port"),
          Kind("le910-svl", "feed", "port"), Kind("mu609", "server", "port"),
          Kind("me909u", "server", "port"), Kind("bg96", "url", "port"))
