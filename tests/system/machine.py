# SPDX-License-Identifier: LGPL-2.1-or-later
"""A booted Debian of its own, in a container with systemd as its first process.

    with Machine(root) as machine:
        machine.run("systemctl", "is-system-running")

The root directory stays as it is: what the machine writes goes to a file system in memory. The
machine has a network of its own, without a way out; enter_network() takes this process there, so
that servers started afterwards are the machine's. This process must have a mount namespace of its
own (unshare -m), which ends with it, as all that was started does.
"""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from processes import PATIENCE  # noqa: E402

CLONE_NEWNET = 0x40000000
BOOT_SECONDS = 60 * PATIENCE
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb", "LANG": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}


def cgroup_root():
    """Where the unified hierarchy is mounted."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, directory, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(directory)
    raise RuntimeError("there is no cgroup2 file system, which systemd needs")


class Machine:
    """root: the directory of a Debian with systemd. work: an empty directory."""

    def __init__(self, root, work):
        self.work = pathlib.Path(work)
        self._lower = root
        self.root = self.work / "root"
        self._cgroup = cgroup_root() / f"fotad-check-{os.getpid()}"
        self._nspawn = None
        self._leader = None
        self._network = "--private-network"

    def __enter__(self):
        self.make_root()
        self.boot()
        return self

    def __exit__(self, *_):
        self.power_off()
        subprocess.run(["umount", "--recursive", "--lazy", self.work], check=False)

    def make_root(self):
        """A fresh copy of the root directory."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "fotad-check", self.work],
                       check=True)
        for name in ("changes", "overlay", "root"):
            (self.work / name).mkdir()
        subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir={self._lower},"
                        f"upperdir={self.work}/changes,workdir={self.work}/overlay", "overlay",
                        self.root], check=True)

    def boot(self):
        """Returns when everything has started."""
        self._cgroup.mkdir(exist_ok=True)
        with open(self.work / "console.log", "ab") as console:
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot",
                 "--register=no", "--keep-unit", "--system-call-filter=bpf", self._network, "--link-journal=no",
                 "--console=read-only"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                preexec_fn=self._enter_cgroup,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        self._leader = self.wait_for(self._find_leader, "systemd starts")
        state = self.run("systemctl", "is-system-running", "--wait", check=False)
        if state.strip() != "running":
            raise RuntimeError(f"the machine is {state}:\n{self.run('systemctl', '--failed')}")

    def power_off(self):
        """As by the power button; returns when all services have ended."""
        if not self._nspawn:
            return
        if self._leader:
            os.kill(self._leader, signal.SIGRTMIN + 4)
        try:
            self._nspawn.wait(90)
        except subprocess.TimeoutExpired:
            os.killpg(self._nspawn.pid, signal.SIGKILL)
            self._nspawn.wait()
        self._nspawn = self._leader = None
        for directory, _, _ in os.walk(self._cgroup, topdown=False):
            os.rmdir(directory)

    def enter_network(self):
        """From now on this process, and those it starts, are in the machine's network."""
        with open(f"/proc/{self._leader}/ns/net", "rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        self._network = f"--network-namespace-path=/proc/{os.getpid()}/ns/net"

    def bus_address(self):
        """The machine's system bus, for a connection from here."""
        return f"unix:path=/proc/{self._leader}/root/run/dbus/system_bus_socket"

    def start(self, *words, user=None, **options):
        """Starts a program in the machine."""
        # Not runuser: PAM would log the command line, which is not the daemon's doing.
        group = {"nobody": "nogroup"}.get(user, user)
        as_user = ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups"] if user else []
        return subprocess.Popen(
            ["nsenter", f"--target={self._leader}", "--all", *as_user, *map(str, words)],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, text=True, errors="replace", **options)

    def run(self, *words, user=None, check=True, seconds=120):
        """Runs a program in the machine; returns what it printed. check: it must succeed."""
        with self.start(*words, user=user, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT) as program:
            output, _ = program.communicate(timeout=seconds)
        if check and program.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: status {program.returncode}\n"
                                 f"{output}")
        return output

    @staticmethod
    def wait_for(condition, what):
        """For what no signal announces."""
        limit = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < limit:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise TimeoutError(what)

    def refuses(self, *words, user=None):
        """Runs a program that must fail; returns what it printed."""
        with self.start(*words, user=user, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT) as program:
            output, _ = program.communicate(timeout=120)
        if program.returncode == 0:
            raise AssertionError(f"{' '.join(map(str, words))} succeeds\n{output}")
        return output

    def write(self, path, text, mode=0o644):
        """A file of root's; returns where it is to be seen from here."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def _enter_cgroup(self):
        (self._cgroup / "cgroup.procs").write_text(str(os.getpid()))

    def _find_leader(self):
        """systemd in the machine, once it can be spoken to."""
        task = pathlib.Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        for child in task.read_text().split():
            if pathlib.Path(f"/proc/{child}/root/run/systemd/private").exists():
                return int(child)
        if self._nspawn.poll() is not None:
            raise RuntimeError(f"systemd-nspawn: {(self.work / 'console.log').read_text()}")
        return None
