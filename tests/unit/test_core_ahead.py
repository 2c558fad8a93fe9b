"""Things that are made ahead of their use come in order, and no more are made than wanted."""

import threading
import time

import pytest

from emovlm.core.ahead import ahead


@pytest.mark.parametrize("most", [0, 1, 5])
def test_the_same_things_come_in_the_same_order(most):
    assert list(ahead(iter(range(50)), most)) == list(range(50))
    assert list(ahead([], most)) == []


def test_while_one_is_used_the_next_are_made_but_no_more_than_allowed():
    made = []

    def things():
        for i in range(20):
            made.append(i)
            yield i

    for i in ahead(things(), 3):
        until = time.monotonic() + 5
        while len(made) < min(20, i + 5) and time.monotonic() < until:
            time.sleep(0.001)
        assert len(made) <= i + 6  # in the queue, in hand, and the one that is being made


@pytest.mark.parametrize("most", [0, 2])
def test_an_error_comes_where_its_thing_would_have_come(most):
    def things():
        yield 1
        yield 2
        raise ValueError("no third")

    found = []
    with pytest.raises(ValueError, match="no third"):
        found.extend(iter_into(ahead(things(), most), found))
    assert found == [1, 2]


def iter_into(things, found):
    for thing in things:
        found.append(thing)
    return ()


def test_when_nobody_asks_for_more_the_thread_ends():
    before = threading.active_count()
    things = ahead(iter(range(10**9)), 2)
    assert next(things) == 0
    things.close()
    assert threading.active_count() == before
