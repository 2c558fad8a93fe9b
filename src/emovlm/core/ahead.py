"""Prepare the next items in the background while the current one is used."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(things: Iterable[T], most: int) -> Iterator[T]:
    """The same things in the same order, made in a thread of their own, at most ``most`` before they are used.

    With ``most`` of 0 each is made when it is wanted, and there is no thread. An error in making one is raised where it
    would have come. When nobody asks for more, no more are made.
    """
    if not most:
        yield from things
        return
    made: queue.Queue = queue.Queue(most)
    stopped = threading.Event()

    def put(thing: object) -> bool:
        while not stopped.is_set():
            try:
                made.put(thing, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for thing in things:
                if not put((thing, None)):
                    return
            put(_END)
        except BaseException as error:  # it belongs to who uses the things
            put((None, error))

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        while (got := made.get()) is not _END:
            thing, error = got
            if error is not None:
                raise error
            yield thing
    finally:
        stopped.set()
        thread.join()
