# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real FTP server (pyftpdlib) with real logins, and with the faults that real servers have.

    ftpserver.py --root=DIR --login=USER:PASSWORD [--login=...] [--address=IP] [--port=N]
                 [--faults=DIR]

Prints `ready PORT`. A fault strikes as long as a file of its name lies in the directory --faults:

    refuse-login   530 to every login
    drop           the connection is cut in the middle of a file
    stall          silence in the middle of a file; goes on when the fault is gone
    slow           a byte now and then in the middle of a file; goes on when the fault is gone
"""
import argparse
import os
import pathlib

from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

PAUSE_SECONDS = 0.2


class Authorizer(DummyAuthorizer):
    faults = None

    def validate_authentication(self, username, password, handler):
        if (self.faults / "refuse-login").exists():
            raise AuthenticationFailed("Login incorrect.")
        super().validate_authentication(username, password, handler)


class DataHandler(DTPHandler):
    faults = None

    def send(self, data):
        if self.file_obj is None:  # a listing
            return super().send(data)
        left = os.fstat(self.file_obj.fileno()).st_size // 2 - self.get_transmitted_bytes()
        if left > 0:
            return super().send(data[:left])
        if (self.faults / "drop").exists():
            self.cmd_channel.close()
            return 0
        if (self.faults / "slow").exists():
            self.pause()
            return super().send(data[:1])
        if (self.faults / "stall").exists():
            self.pause()
            return 0
        return super().send(data)

    def pause(self):
        """Nothing more is sent for a moment."""
        self.del_channel()
        self.ioloop.call_later(PAUSE_SECONDS, self.resume)

    def resume(self):
        if not self._closed:
            self.add_channel(events=self.ioloop.WRITE)


class Handler(FTPHandler):
    use_sendfile = False  # DataHandler.send() wants to see every byte
    dtp_handler = DataHandler
    auth_failed_timeout = 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--login", action="append", default=[])
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=pathlib.Path, default=pathlib.Path("/nonexistent"))
    options = parser.parse_args()

    Authorizer.faults = DataHandler.faults = options.faults
    Handler.authorizer = Authorizer()
    for login in options.login:
        user, _, password = login.partition(":")
        Handler.authorizer.add_user(user, password, options.root, perm="elr")
    server = FTPServer((options.address, options.port), Handler)
    print("ready", server.address[1], flush=True)
    server.serve_forever(handle_exit=False)


if __name__ == "__main__":
    main()
