# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manifests, their signatures by the real minisign, and deltas that the simulated modules take."""
import datetime
import json
import pathlib
import random
import subprocess
import tempfile

MAX_BYTES = 65536


class SigningKey:
    """A minisign key pair; public is the file to put in keys.d."""

    def __init__(self, directory, name="fleet"):
        self.public = directory / f"{name}.pub"
        self._secret = directory / f"{name}.key"
        subprocess.run(["minisign", "-G", "-W", "-f", "-p", self.public, "-s", self._secret],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def sign(self, payload, comment="by the bench"):
        """The signature block over payload (bytes), as it is put in front of it."""
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "manifest.json"
            file.write_bytes(payload)
            subprocess.run(["minisign", "-S", "-s", self._secret, "-m", file,
                            "-t", comment], check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            return file.with_suffix(".json.minisig").read_bytes()


def timestamp(seconds=0):
    """The time so many seconds from now, as manifests write it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def manifest(imei, sequence, update, **members):
    """A whole manifest with this update ({}: nothing for you); members replace or are added."""
    return {"manifestVersion": 1,
            "sequenceNumber": sequence,
            "issued": timestamp(-3600),
            "useBefore": timestamp(30 * 86400),
            "target": {"imei": [imei]},
            "update": update,
            **members}


def delta(model, from_version, to_version, size=200_000):
    """The bytes of a delta. The simulated modules read its first line and store the rest."""
    line = f"FOTA-DELTA model={model} from={from_version} to={to_version}\n".encode()
    return line + random.Random(line).randbytes(size - len(line))


def to_bytes(content):
    """The payload of a manifest: a dict as JSON, bytes as they are."""
    return content if isinstance(content, bytes) else json.dumps(content, indent=2).encode() + b"\n"


def pad(content, size):
    """The same manifest, blanks before its last brace, exactly size bytes long."""
    payload = to_bytes(content).rstrip()
    assert payload.endswith(b"}") and len(payload) <= size, len(payload)
    return payload[:-1] + b" " * (size - len(payload)) + b"}"
