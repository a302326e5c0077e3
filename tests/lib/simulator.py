# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-sim, the simulated modules, seen from Python: its control socket and its transcripts."""
import dataclasses
import json
import os
import socket

from processes import BenchError, Program

PRELOAD = "libumockdev-preload.so.0"


@dataclasses.dataclass
class Line:
    """One line of a transcript. mark: ">" sent to the module, "<" sent by it, "!" an event."""
    seconds: float
    tty: str
    mark: str
    text: str


class Simulator:
    """modules: texts as `fota-sim --module` takes them. scale divides the modules' times."""

    def __init__(self, place, build, modules, scale):
        self._directory = place.directory / "sim"
        self._directory.mkdir()
        self._socket = self._directory / "control"
        root_file = self._directory / "root"
        # Not STRICT: umockdev complains of a program that is killed in the middle of an ioctl, which
        # tests do on purpose. What GLib complains of is looked for when it ends.
        self.program = Program(
            place, "fota-sim",
            [build / "sim/fota-sim", f"--root-file={root_file}",
             f"--control={self._socket}", f"--log={self._directory}", f"--scale={scale}",
             *(f"--module={module}" for module in modules)],
            {**os.environ, "TMPDIR": str(self._directory)}, ready="ready")
        self.root = root_file.read_text().strip()

    def environment(self):
        """What a program needs in its environment to see the modules and open their ttys."""
        options = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": PRELOAD, "UMOCKDEV_DIR": self.root,
                "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".lstrip(":")}

    def command(self, *words):
        """Sends one line, such as `fault`, IMEI, `old-version`; returns what follows `ok`."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self._socket))
                connection.sendall((" ".join(str(word) for word in words) + "\n").encode())
                answer = connection.makefile().readline().strip()
        except ConnectionError as error:
            raise BenchError(f"fota-sim, {words}: {error}; status {self.program.poll()}\n"
                             f"{self.program.log()[-6000:]}") from None
        status, _, rest = answer.partition(" ")
        if status != "ok":
            raise BenchError(f"fota-sim, {words}: {answer}")
        return rest

    def state(self, imei=None):
        """State of one module, or the list of all."""
        return json.loads(self.command("state", *([imei] if imei else [])))

    def transcript(self, imei):
        """All lines between the module and whoever spoke with it."""
        lines = []
        for text in (self._directory / f"{imei}.log").read_text().splitlines():
            seconds, tty, mark, *rest = text.split(" ", 3)
            lines.append(Line(float(seconds), tty, mark, rest[0] if rest else ""))
        return lines

    def stop(self):
        self.program.stop_well()
