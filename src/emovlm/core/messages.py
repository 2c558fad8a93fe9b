"""Messages over a socket between processes of this machine: plain values, and open files with them.

Sockets have names in Linux's abstract namespace, which vanish with the process that listens. Anybody may connect to
such a name, so both ends look whose process the other one is.
"""

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

LENGTH = struct.Struct("!I")


CREDENTIALS = struct.Struct("3i")  # process, user, group


def user_of(peer: socket.socket) -> int:
    """The user whose process is at the other end."""
    found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return CREDENTIALS.unpack(found)[1]


def send(to: socket.socket, message: Any, files: Sequence[int] = ()) -> None:
    """Send a message of plain values, and open files."""
    content = json.dumps(message).encode()
    socket.send_fds(to, [LENGTH.pack(len(content))], files)
    to.sendall(content)


def receive(of: socket.socket) -> tuple[Any, list[int]]:
    """The next message, and the files sent with it.

    Raises:
        EOFError: the other end is closed.
    """
    head, files, _, _ = socket.recv_fds(of, LENGTH.size, 2)
    head += _bytes(of, LENGTH.size - len(head)) if head else b""
    if not head:
        raise EOFError
    return json.loads(_bytes(of, *LENGTH.unpack(head))), files


def _bytes(of: socket.socket, n: int) -> bytes:
    found = b""
    while len(found) < n:
        more = of.recv(n - len(found))
        if not more:
            raise EOFError
        found += more
    return found
