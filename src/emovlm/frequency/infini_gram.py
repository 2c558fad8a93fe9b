"""Counts of English terms in indices that infini-gram built of a corpus, of bytes or of the tokens of a BPE tokenizer.

An index finds a sequence of tokens, and what follows one, by a suffix array; its text is never read through. Tokens are
taken as the bytes that they stand for. So a term is a path through tokens: from one in which it begins, by those that
go on with it in any spelling of the same normal form, until it ends; a path that the index does not hold is left. Of
those that it holds, the occurrences with a letter before or behind are no words of their own, and are not counted.

Source: Liu et al. 2024, Infini-gram: Scaling Unbounded n-gram Language Models to a Trillion Tokens. COLM.
"""

import codecs
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import regex

from emovlm.core.errors import StudyError
from emovlm.frequency.counts import Term
from emovlm.frequency.folding import folded
from emovlm.frequency.index_files import Index, open_index
from emovlm.frequency.normal_form import HYPHENS, WORD_CHARACTER, decoded, normal_form
from emovlm.frequency.tokenizer_file import check_tokens, read_tokenizer
from emovlm.frequency.vocabulary import key_of

LETTER = regex.compile(WORD_CHARACTER, regex.V1)
WHITE = regex.compile(r"\p{White_Space}+")
MARKS = regex.compile(r"\p{M}*")
CONTINUES = range(0x80, 0xC0)  # bytes of UTF-8 that begin no character
BYTES = [bytes([byte]) for byte in range(0xFE)]
"""The tokens of an index of bytes. UTF-8 has no 0xFE, which the engine needs as a number, and no 0xFF, which stands
between documents."""
READ = 2000
"""Occurrences that are read one by one; to ask the index takes as long as some thousand of them."""
AROUND = 40  # tokens that are read before and behind an occurrence
Tokens = tuple[int, ...]


class Place(NamedTuple):
    """How far a path has come in its term.

    Attributes:
        at: characters of the term that it has.
        white: it stands behind white space between two words, where more may follow.
        rest: bytes that it has beyond: of a character that is not complete, or behind the end of the term.
    """

    at: int
    white: bool = False
    rest: bytes = b""


def count_indexed(files: Iterable[str | Path], terms: Sequence[Term], tokenizer: str | Path | None) -> dict[str, int]:
    """Count English terms in the indices that some files are.

    Args:
        files: all files of the indices, from :func:`emovlm.frequency.index_files.files_of_indices`.
        terms: words and phrases.
        tokenizer: the file ``tokenizer.json`` of an index of tokens; None if the indices are of bytes.

    Returns:
        term -> its occurrences as a word, over all documents of all indices.

    Raises:
        StudyError: the package infini-gram is not installed, a file is missing, damaged or of another index, or the
            tokenizer is not that of the index.
    """
    index = open_index(files)
    if index.width == 1 and tokenizer:
        raise StudyError(f"{index.folders[0]}: this index is of bytes and has no tokenizer; leave the cell empty")
    if index.width > 1 and not tokenizer:
        raise StudyError(
            f"{index.folders[0]}: this index is of tokens ({8 * index.width} bits each); name the tokenizer.json that "
            "it was built with in the column tokenizer"
        )
    tokens = BYTES
    if tokenizer:
        read = read_tokenizer(tokenizer)
        check_tokens(read, index, tokenizer)
        tokens = read.tokens
    counter = IndexCounter(index, tokens, terms)
    return {term.text: counter.count(term) for term in terms}


class IndexCounter:
    """Counts terms in an index whose tokens stand for some bytes."""

    def __init__(self, index: Index, tokens: Sequence[bytes], terms: Sequence[Term]) -> None:
        """Load the index; ``tokens``: the bytes of each token; ``terms``: those that will be asked for."""
        self._index, self._tokens, self._engine = index, tokens, _engine(index, len(tokens))
        self._begun = _begun_characters("".join(key_of(term).text for term in terms))
        self._by_first: list[list[int]] = [[] for _ in range(256)]  # tokens by their first byte
        self._starts: list[list[tuple[int, int, bytes | None]]] = [[] for _ in range(256)]
        for token, data in enumerate(tokens):
            if data:
                self._by_first[data[0]].append(token)
            for at, byte in enumerate(data):
                if byte not in CONTINUES and (boundary := ends_a_word(data[:at])) is not False:
                    self._starts[byte].append((token, at, None if boundary else data[:at]))
        self._before = [index.between, *(t for t, data in enumerate(tokens) if ends_a_word(data) is not False)]
        self._unfinished = [t for t, data in enumerate(tokens) if _unfinished(data)]

    def count(self, term: Term) -> int:
        """Occurrences of an English term as a word (docs/how-to/counting-a-corpus.md says what is one)."""
        text = key_of(term).text
        found = 0
        todo: list[tuple[Tokens, bytes | None, Place]] = []
        for byte in self._bytes_that_go_on(text, Place(0)):
            for token, at, before in self._starts[byte]:
                if place := self._go_on(text, Place(0), self._tokens[token][at:]):
                    todo.append(((token,), before, place))
        while todo:
            path, before, place = todo.pop()
            if not self._engine.count(input_ids=list(path))["count"]:
                continue
            if place.at == len(text):
                found += self._words(path, before, place.rest)
                continue
            for byte in self._bytes_that_go_on(text, place):
                for token in self._by_first[byte]:
                    if further := self._go_on(text, place, self._tokens[token]):
                        todo.append(((*path, token), before, further))
        return found

    def _bytes_that_go_on(self, text: str, place: Place) -> Iterator[int]:
        return (byte for byte in range(256) if self._go_on(text, place, bytes([byte])))

    def _go_on(self, text: str, place: Place, data: bytes) -> Place | None:
        """Where a path stands in the term after some more bytes; None if they do not go on with the term."""
        at, white, data = place.at, place.white, place.rest + data
        while data and at < len(text):
            length = _length(data[0])
            if len(data) < length:
                return Place(at, white, data) if data in self._begun else None
            try:
                char, data = data[:length].decode(), data[length:]
            except UnicodeDecodeError:
                return None
            form = char.lower() if char.isascii() else folded().get(char, char)
            if not form and at:  # an ignorable character; in front of the term it is not part of it
                continue
            blank = WHITE.fullmatch(form) is not None
            if text[at] in " -" and (blank or (text[at] == "-" and form in HYPHENS)):
                at, white = at + 1, blank
            elif form and text[at] not in " -" and text.startswith(form, at):
                at, white = at + len(form), False
            elif not (white and blank):
                return None
        return Place(at, white, data)

    def _words(self, path: Tokens, before: bytes | None, behind: bytes) -> int:
        """Occurrences of a path between ends of words.

        Few are read one by one. Of many the index is asked how often which token stands before and behind.

        Args:
            before: bytes before the term that do not tell whether a word ends there; None if one does.
            behind: bytes of the path behind the term.
        """
        found, todo = 0, [(path, before, behind)]
        while todo:
            path, before, behind = todo.pop()
            goes_on = goes_on_with_a_word(behind)
            place = self._engine.find(input_ids=list(path))
            if goes_on or not place["cnt"]:
                continue
            if before is None and goes_on is False:
                found += place["cnt"]
            elif place["cnt"] <= READ and path[0] != self._index.between:
                found += self._read(place["segment_by_shard"], len(path), before, behind)
            elif before is not None:
                for token in self._unfinished if before and before[0] in CONTINUES else self._before:
                    first = token == self._index.between
                    known = before if first else self._tokens[token] + before
                    ends = ends_a_word(known, whole=first)
                    if ends is not False:
                        todo.append(((token, *path), None if ends else known, behind))
            else:
                found += place["cnt"]
                for token, occurrences in self._next(path):
                    known = behind + self._tokens[token]
                    if (goes_on := goes_on_with_a_word(known)) is not False:
                        found -= occurrences
                        if goes_on is None:
                            todo.append(((*path, token), None, known))
        return found

    def _read(self, ranks: Sequence[tuple[int, int]], length: int, before: bytes | None, behind: bytes) -> int:
        """Those among some occurrences of a path, given as places in each shard's suffix array, that are words."""
        found = 0
        for shard, (first, end) in enumerate(ranks):
            for rank in range(first, end):
                around = self._engine.get_doc_by_rank_2(shard, rank, length, AROUND)
                ids, at = around["token_ids"], around["needle_offset"]
                after = goes_on_with_a_word(behind + self._bytes(ids[at + length :]))
                found += not after and (before is None or ends_a_word(self._bytes(ids[:at]) + before, whole=True))
        return found

    def _bytes(self, ids: Sequence[int]) -> bytes:
        try:
            return b"".join([self._tokens[token] for token in ids])
        except IndexError:
            raise self._strange(max(ids)) from None

    def _next(self, path: Tokens) -> Iterator[tuple[int, int]]:
        """Each token that follows a path, and how often; ends of documents are left out."""
        found = self._engine.ntd(prompt_ids=list(path), max_support=sys.maxsize)  # so that it counts all
        for token, result in found["result_by_token_id"].items():
            if token < len(self._tokens):
                yield token, result["cont_cnt"]
            elif token != len(self._tokens):  # the engine's name for the end of a document, see _engine
                raise self._strange(token)

    def _strange(self, token: int) -> StudyError:
        return StudyError(
            f"{self._index.folders[0]}: a token {token} stands in the index, but the tokenizer has "
            f"{len(self._tokens):,}; name the one that the index was built with"
        )


def ends_a_word(before: bytes, whole: bool = False) -> bool | None:
    """Whether a word may begin behind some bytes: no letter ends them.

    ``whole``: nothing stands in front of them. Otherwise they may not tell, and then it is None: a mark belongs to the
    character in front of it.
    """
    start = next((k for k, byte in enumerate(before) if byte not in CONTINUES), len(before))
    form = normal_form(decoded(before[start:]))
    if not whole and MARKS.fullmatch(form):
        return None
    return not form or not LETTER.match(form[-1])


def goes_on_with_a_word(behind: bytes) -> bool | None:
    """Whether a word that ends in front of some bytes goes on in them. None if they do not tell."""
    form = normal_form(codecs.getincrementaldecoder("utf-8")("replace").decode(behind))
    return LETTER.match(form[0]) is not None if form else None


def _unfinished(data: bytes) -> bool:
    """Does the last character lack bytes?"""
    start = next((k for k in range(len(data) - 1, -1, -1) if data[k] not in CONTINUES), None)
    return start is None or len(data) - start < _length(data[start])


def _length(first: int) -> int:
    """Bytes of a character of UTF-8, by its first."""
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _begun_characters(text: str) -> set[bytes]:
    """The first bytes of all characters that may be in a spelling of a text, but not their last."""
    plain = {char for char in text if not char.isascii()}
    folding = {c for c, form in folded().items() if not form or set(form) <= {*text, *HYPHENS} or WHITE.fullmatch(form)}
    return {char.encode()[:k] for char in plain | folding for k in range(1, len(char.encode()))}


def _engine(index: Index, tokens: int) -> Any:
    """The engine with all indices open. It calls the end of a document by the number of tokens."""
    try:
        from infini_gram.engine import InfiniGramEngine
    except ImportError as error:
        raise StudyError(
            f"the package infini-gram, which reads {index.folders[0]}, is not installed ({error}); install it "
            "(pip install infini-gram), on Linux for x86-64"
        ) from None
    dtype = f"u{8 * index.width}"
    return InfiniGramEngine(
        list(index.folders), eos_token_id=tokens, vocab_size=tokens + 1, token_dtype=dtype,
        ds_prefetch_depth=0, sa_prefetch_depth=0, od_prefetch_depth=0,  # a thread for each costs more than a look-up
    )  # fmt: skip
