"""Registries: the entries of one kind (metrics, figures, kinds of claims, ...) by name.

Whatever lists such entries (rules, allowed values of tables, labels, pages, the docs) reads the registry, so that a new
entry is written in one place. A study's own entries come from its plug-ins (``core.plugins``).
"""

from typing import Protocol, TypeVar

from emovlm.core.errors import StudyError


class Named(Protocol):
    """What a registry holds: anything with a name."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


class Registry(dict[str, Entry]):
    """Entries by name, in the order in which they were added. Looking up an unknown name is a ``StudyError``.

    Args:
        what: one entry in words, for messages: ``metric``, ``kind of claim``.
        guide: the page of the docs that says how to add one.
    """

    def __init__(self, what: str, guide: str = "") -> None:
        super().__init__()
        self.what, self.guide = what, guide

    def add(self, entry: Entry) -> Entry:
        """Add an entry and return it.

        Raises:
            StudyError: there is one of that name.
        """
        if entry.name in self:
            raise StudyError(f"there is already a {self.what} called {entry.name!r}; choose another name")
        self[entry.name] = entry
        return entry

    def find(self, name: str, where: str) -> Entry:
        """The entry of that name.

        Raises:
            StudyError: there is none; the message begins with ``where``.
        """
        try:
            return self[name]
        except StudyError as error:
            raise StudyError(f"{where}: {error}") from None

    def __missing__(self, name: str) -> Entry:
        guide = f"; {self.guide} says how to add one" if self.guide else ""
        raise StudyError(f"unknown {self.what} {name!r}; known are {', '.join(self) or 'none'}{guide}")
