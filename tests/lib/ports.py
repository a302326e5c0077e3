# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports for servers that begin later, or that go and come back."""
import socket

HOST = "127.0.0.1"
_kept = []


def keep_port(host=HOST):
    """A port that nobody else is given while this process runs: a socket that does not listen is bound
    to it. Whoever connects is refused, until a server that reuses addresses, as all of ours do,
    listens there."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, 0))
    _kept.append(sock)
    return sock.getsockname()[1]
