# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our packages, and how an administrator installs them. tests/system/run says where they are."""
import os
import pathlib

PACKAGES = pathlib.Path(os.environ["FOTA_PACKAGES"])
NEXT_PACKAGES = pathlib.Path(os.environ["FOTA_NEXT_PACKAGES"])
ROOT = pathlib.Path(os.environ["FOTA_ROOT"])
GATEWAY_PACKAGES = ("fotad", "fota-manifest", "fotad-simulator")


def install(machine, packages, *names):
    """By apt, from files, as an administrator does it without a repository."""
    directory = machine.root / "srv" / packages.name
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name in names:
        file, = packages.glob(f"{name}_*.deb")
        (directory / file.name).write_bytes(file.read_bytes())
        files.append(f"/srv/{packages.name}/{file.name}")
    return machine.run("apt-get", "-q", "-y", "--no-install-recommends", "-o",
                       "Dpkg::Options::=--force-confold", "install", *files)


def prepare(machine):
    """What every gateway of these tests has: our packages, an operator, and somebody else."""
    install(machine, PACKAGES, *GATEWAY_PACKAGES)
    machine.run("useradd", "--create-home", "--groups=fotad-operator", "olga")
    machine.run("useradd", "--create-home", "paul")
