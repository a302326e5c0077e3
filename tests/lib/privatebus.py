# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system bus of one's own with the real polkitd on it; the machine's own is not touched.

    with PrivateBus() as bus:
        subprocess.run(["busctl", "list"], env=bus.environment())

The bus has the policy of Debian's system bus, that is: nobody owns a name or is called unless a
file in system.d says so. The files of the machine hold, plus the repository's own. polkitd sees
the machine's actions plus the repository's, no rules of the machine, and those given. It runs in a
mount namespace for that, which needs root; without root, or with polkit=False, the bus has none.

Everything ends with stop(), with the `with` block, and with this process, however it ends.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from gi.repository import Gio, GLib

from processes import PATIENCE

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
POLKITD = "/usr/lib/polkit-1/polkitd"
SYSTEM_ACTIONS = pathlib.Path("/usr/share/polkit-1/actions")

# Debian's /usr/share/dbus-1/system.conf, without its user, its socket and service activation.
BUS_CONF = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
  <includedir>/etc/dbus-1/system.d</includedir>
{includes}
</busconfig>
"""

# $1 actions, $2 rules; the rest is the command. Its own namespace: the machine's polkitd sees none.
POLKITD_SCRIPT = """\
mount --bind "$1" /usr/share/polkit-1/actions &&
mount --bind "$2" /etc/polkit-1/rules.d &&
mount -t tmpfs -o mode=755 tmpfs /usr/share/polkit-1/rules.d &&
exec "$3" --no-debug
"""


def die_with_parent():
    """preexec_fn: the child gets SIGTERM when this process is gone, even by SIGKILL."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def polkit_possible():
    """Whether polkitd can be given actions of our own: root, a mount namespace, polkitd there."""
    if os.geteuid() != 0 or not os.access(POLKITD, os.X_OK):
        return False
    return subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode == 0


class PrivateBus:
    """directory: where socket, configuration and log go; a temporary one when not given.
    rules: JavaScript for polkit, as a file in rules.d. policies, actions: more such files to load
    than the repository's. polkit: None = when possible."""

    def __init__(self, directory=None, rules="", policies=(), actions=(), polkit=None):
        self._own_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="fota-bus."))
        self.directory.chmod(0o755)  # polkitd and unprivileged callers come here as other users
        self.address = f"unix:path={self.directory}/bus"
        self.polkit = polkit_possible() if polkit is None else polkit
        self._rules = rules
        self._policies = [REPOSITORY / "dbus" / "org.fotad.Fota1.conf", *policies]
        self._actions = [REPOSITORY / "dbus" / "org.fotad.Fota1.policy", *actions]
        self._bus = None
        self._polkitd = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Returns when the bus answers and polkitd has its name."""
        try:
            self._write_files()
            self._start_bus()
            if self.polkit:
                self.start_polkitd()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self._end_processes()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def stop_bus(self):
        """The bus breaks down and takes polkitd with it; clients lose their connection."""
        self._end_processes()

    def start_bus(self):
        """The bus comes back at the same address."""
        self._start_bus()
        if self.polkit:
            self.start_polkitd()

    def stop_polkitd(self):
        """Only it breaks down; who asks meanwhile is refused."""
        self._end(self._polkitd)
        self._polkitd = None

    def environment(self, **more):
        """The environment of a process whose system bus this is."""
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address, **more}

    def connect(self):
        """A new GDBusConnection of this process."""
        connection = Gio.DBusConnection.new_for_address_sync(
            self.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        connection.set_exit_on_close(False)
        return connection

    def wait_for_name(self, name, seconds=20 * PATIENCE, owned=True):
        """Waits until somebody owns the name (or, owned=False, nobody does)."""
        context = GLib.MainContext.new()
        context.push_thread_default()
        connection = self.connect()
        seen = []
        watch = Gio.bus_watch_name_on_connection(
            connection, name, Gio.BusNameWatcherFlags.NONE,
            lambda *_: seen.append(True), lambda *_: seen.append(False))
        limit = GLib.timeout_source_new(seconds * 1000)
        limit.set_callback(lambda *_: seen.append(None))
        limit.attach(context)
        try:
            while not seen or seen[-1] == (not owned):
                context.iteration(True)
        finally:
            Gio.bus_unwatch_name(watch)
            limit.destroy()
            connection.close_sync(None)
            context.pop_thread_default()
        if seen[-1] is None:
            raise TimeoutError(f"{name} did not {'appear on' if owned else 'leave'} the bus within "
                               f"{seconds} s:\n{self.log()}")

    def log(self):
        """What dbus-daemon and polkitd have written."""
        file = self.directory / "bus.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def _write_files(self):
        includes = "\n".join(f"  <include>{file}</include>" for file in self._policies
                             if file.exists())
        (self.directory / "bus.conf").write_text(
            BUS_CONF.format(socket=self.directory / "bus", includes=includes))
        actions, rules = self.directory / "actions", self.directory / "rules"
        actions.mkdir(exist_ok=True)
        rules.mkdir(exist_ok=True)
        for file in [*SYSTEM_ACTIONS.glob("*.policy"), *self._actions]:
            if file.exists():
                shutil.copy(file, actions)
        (rules / "50-bench.rules").write_text(self._rules)

    def _start_bus(self):
        (self.directory / "bus").unlink(missing_ok=True)
        ready, ready_in = os.pipe()
        with open(self.directory / "bus.log", "ab") as log:
            self._bus = subprocess.Popen(
                ["dbus-daemon", f"--config-file={self.directory}/bus.conf", "--nofork",
                 "--nosyslog", f"--print-address={ready_in}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[ready_in],
                preexec_fn=die_with_parent)
        os.close(ready_in)
        with open(ready, encoding="ascii") as pipe:
            if not pipe.readline():  # closed without a line: it could not start
                raise RuntimeError(f"dbus-daemon did not start:\n{self.log()}")

    def start_polkitd(self):
        """Returns when it has its name."""
        # Changing its user clears the parent-death signal; but polkitd ends when its bus does.
        with open(self.directory / "bus.log", "ab") as log:
            self._polkitd = subprocess.Popen(
                ["unshare", "-m", "sh", "-c", POLKITD_SCRIPT, "polkitd", self.directory / "actions",
                 self.directory / "rules", POLKITD],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                preexec_fn=die_with_parent)
        self.wait_for_name("org.freedesktop.PolicyKit1")

    def _end_processes(self):
        for process in (self._polkitd, self._bus):
            if process is not None:
                self._end(process)
        self._polkitd = self._bus = None

    @staticmethod
    def _end(process):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
