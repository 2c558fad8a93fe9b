"""The compiled loop that counts words in UTF-8."""

import numba as nb
import numpy as np

CHUNK = 256
"""Bytes that are first taken for ASCII, all at once."""
NOTHING, UNCLEAR = 2, 3  # kinds of characters beside 0, no part of a word, and 1, part of one: see word_count.py


@nb.njit(cache=True)
def count_words_from(data, at, kinds, spans):
    """Words from a byte on, the first of a block or behind white space.

    Args:
        data: (bytes,) uint8, UTF-8.
        kinds: (code points,) uint8, what each character is to a word.
        spans: (most, 2) int64, filled with where stands, between white space, what must be read to be counted.

    Returns:
        The words, without those in spans; the byte up to which they are counted; the number of spans. All is counted
        unless there are as many as fit.
    """
    n_words, n_spans, inside = 0, 0, 0
    parts = np.zeros(CHUNK + 1, np.uint8)
    while at < len(data):
        end = min(at + CHUNK, len(data))
        found, last, high = _words_if_ascii(data[at:end], parts, inside)
        if high < 0x80:
            n_words += found
            at, inside = end, last
            continue
        first = at  # of what stands between white space and has a byte that is not ASCII
        while data[first] < 0x80:
            first += 1
        while first > 0 and not _is_space(data[first - 1]):
            first -= 1
        if first < at:
            n_words -= _ascii_words(data, first, at, kinds, 0)
        else:
            n_words += _ascii_words(data, at, first, kinds, inside)
        at, inside = first, 0
        while at < end:
            if n_spans == len(spans):
                return n_words, at, n_spans
            found, stop, unclear = _words_up_to_space(data, at, kinds)
            if unclear:
                spans[n_spans, 0], spans[n_spans, 1] = at, stop
                n_spans += 1
            else:
                n_words += found
            at = stop
            while at < end and _is_space(data[at]):
                at += 1
    return n_words, at, n_spans


@nb.njit(cache=True)
def _words_if_ascii(chunk, parts, inside):
    """Words that begin in ASCII text, whether its last byte is in one, and all bytes, joined by *or*.

    It is written in loops without branches over single bytes, which are compiled to vector instructions.
    """
    high, found = nb.uint8(0), 0
    for k in range(len(chunk)):
        high |= chunk[k]
    parts[0] = inside
    for k in range(len(chunk)):
        letter = nb.uint8((chunk[k] | nb.uint8(0x20)) - nb.uint8(0x61)) < nb.uint8(26)
        digit = nb.uint8(chunk[k] - nb.uint8(0x30)) < nb.uint8(10)
        parts[k + 1] = nb.uint8(letter) | nb.uint8(digit) | nb.uint8(chunk[k] == nb.uint8(0x5F))
    for k in range(len(chunk)):
        found += parts[k + 1] & (parts[k] ^ nb.uint8(1))
    return found, nb.int64(parts[len(chunk)]), high


@nb.njit(cache=True)
def _is_space(byte):
    return byte == 0x20 or 0x09 <= byte <= 0x0D


@nb.njit(cache=True)
def _ascii_words(data, start, end, kinds, inside):
    found = 0
    for k in range(start, end):
        part = kinds[data[k]]
        found += part & (inside ^ 1)
        inside = part
    return found


@nb.njit(cache=True)
def _words_up_to_space(data, at, kinds):
    """Words up to the next white space, its place, and whether they are uncertain: a character's kind or bytes are."""
    found, inside, unclear = 0, 0, False
    while at < len(data) and not _is_space(data[at]):
        code, size = _character(data, at)
        at += size
        kind = UNCLEAR if code < 0 else kinds[code]
        if kind == UNCLEAR:
            unclear = True
        elif kind != NOTHING:
            found += kind & (inside ^ 1)
            inside = kind
    return found, at, unclear


@nb.njit(cache=True)
def _character(data, at):
    """The code point at a byte and its length in bytes; -1 and 1 if the bytes are not UTF-8."""
    first = data[at]
    if first < 0x80:
        return nb.int64(first), 1
    if 0xC2 <= first <= 0xDF:
        code, size, least = first & 0x1F, 2, 0x80
    elif 0xE0 <= first <= 0xEF:
        code, size, least = first & 0x0F, 3, 0x800
    elif 0xF0 <= first <= 0xF4:
        code, size, least = first & 0x07, 4, 0x10000
    else:
        return nb.int64(-1), 1
    if at + size > len(data):
        return nb.int64(-1), 1
    code = nb.int64(code)
    for k in range(at + 1, at + size):
        if data[k] & 0xC0 != 0x80:
            return nb.int64(-1), 1
        code = (code << 6) | (data[k] & 0x3F)
    if code < least or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return nb.int64(-1), 1
    return code, size
