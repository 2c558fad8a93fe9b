"""What a chat template writes around a question, such that a reply begins with the answer and not with a thought.

Some models think before they answer, between two marks such as ``<think>`` and ``</think>``. A label scored where such
a model begins would be scored as the first words of a thought. Whether a template asks for thoughts is seen by
rendering it, and by rendering it with its own switches off; model names play no part.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transformers import PreTrainedTokenizerBase, ProcessorMixin

from emovlm.core.errors import StudyError

OPEN = re.compile(r"([<\[◁]\|?)((?:\w+:)?(?:think|thought|reason)\w*)(\|?[>\]▷])", re.IGNORECASE)
CLOSE = re.compile(r"[<\[◁]\|?/(?:\w+:)?(?:think|thought|reason)\w*\|?[>\]▷]", re.IGNORECASE)
"""Marks around a thought, as the templates of published models write them: <think>, [THINK], ◁think▷, <seed:think>."""
SWITCH = re.compile(r"\b[a-z_]*(?:think|reason)[a-z_]*\b")
"""A name in a template that may be a switch of its thoughts: enable_thinking, thinking, reasoning_effort, ..."""
OFF = (False, "off", "none")  # what turns a switch off; one that does not help is left alone
CLOSED, NONE, ASKED, OPENED = range(4)  # what a rendered question says of thoughts, the best first
ASKING = [{"role": "user", "content": [{"type": "text", "text": "?"}]}]
MARK = "\N{MUSIC SHARP SIGN}"  # an answer that stands nowhere in a template


@dataclass(frozen=True)
class Turn:
    """How a question is put.

    Attributes:
        switches: of the chat template.
        closing: what follows the template's text, so that a thought is over before the reply begins.
        header: all that stands between question and reply.
    """

    switches: Mapping[str, Any] = field(default_factory=dict)
    closing: str = ""
    header: str = ""

    def prompt(self, processor: ProcessorMixin, content: Sequence[Mapping[str, Any]]) -> str:
        """The text of one turn of the user, up to where the reply begins."""
        asked = [{"role": "user", "content": content}]
        return render(processor, asked, add_generation_prompt=True, **self.switches) + self.closing


def find_turn(processor: ProcessorMixin) -> Turn:
    """How a question is put to the model of a processor.

    Thoughts are switched off where the template has a switch. Where it has none and asks for thoughts, the reply begins
    after an empty thought: the one that the template itself writes before an answer, else the opened mark, closed.
    So ``<think>`` and a new line become ``<think>\\n\\n</think>\\n\\n``, and ``<think>`` alone ``<think></think>\\n``.

    Raises:
        StudyError: the template cannot be rendered, or opens a thought that the tokenizer has no mark to close.
    """
    template = processor.chat_template
    text = "\n".join(template.values()) if isinstance(template, dict) else template or ""
    names = sorted(set(SWITCH.findall(text)))
    usual = _rendered(processor, {})
    known = [{}, *({name: off} for name, off in itertools.product(names, OFF))]
    switches = min(known, key=lambda given: _rank(processor, given, usual))
    asked, header = _rendered(processor, switches)
    state = _thoughts(asked, header)
    answered = _before_an_answer(processor, switches)
    closing = answered.removeprefix(header) if answered.startswith(header) else ""
    if not (CLOSE.search(closing) or (state == CLOSED and closing.isspace())):
        closing = _empty_thought(processor, state, asked, header)
    return Turn(switches, closing, header + closing)


def render(processor: ProcessorMixin, turns: Sequence[Mapping[str, Any]], **how: Any) -> str:
    """What the chat template makes of turns. It is a program that came with the weights, run in Jinja's sandbox.

    Raises:
        StudyError: it fails, or the sandbox stops it: attributes of Python's own, ``range`` above 100,000.
    """
    try:
        return processor.apply_chat_template(turns, **how)
    except Exception as error:  # a program may fail in any way
        raise StudyError(
            f"the chat template cannot be rendered ({type(error).__name__}: {error}); is this the template that the "
            "model's authors hand out?"
        ) from error


def _rendered(processor: ProcessorMixin, switches: Mapping[str, Any]) -> tuple[str, str]:
    """A question, and what the template writes between it and the reply."""
    whole, asked = (render(processor, ASKING, add_generation_prompt=begun, **switches) for begun in (True, False))
    return asked, whole.removeprefix(asked)


def _thoughts(asked: str, header: str) -> int:
    """What a rendered question says of thoughts: one of CLOSED, NONE, ASKED and OPENED."""
    opened, closed = ([mark.start() for mark in pattern.finditer(header)] for pattern in (OPEN, CLOSE))
    if opened and (not closed or closed[-1] < opened[-1]):
        return OPENED
    return CLOSED if closed else ASKED if OPEN.search(asked) else NONE


def _rank(processor: ProcessorMixin, switches: Mapping[str, Any], usual: tuple[str, str]) -> tuple[int, bool]:
    """Which switches are best: lower is better. Of equal ones, thinking that is off and changes what is written."""
    try:
        rendered = _rendered(processor, switches)
    except Exception:  # a template may fail in any way where a variable has a value that it does not expect
        if not switches:
            raise
        return OPENED, True
    off = any("think" in name and value is False for name, value in switches.items())
    return _thoughts(*rendered), not (off and rendered != usual)


def _before_an_answer(processor: ProcessorMixin, switches: Mapping[str, Any]) -> str:
    """What the template writes between a question and an answer that was given; empty if it takes no answers."""
    asked, _ = _rendered(processor, switches)
    for content in ([{"type": "text", "text": MARK}], MARK):
        try:
            told = render(processor, [*ASKING, {"role": "assistant", "content": content}], **switches)
        except Exception:  # some templates take an answer as text only, others as parts only
            continue
        if told.startswith(asked) and MARK in told:
            return told.removeprefix(asked).partition(MARK)[0]
    return ""


def _empty_thought(processor: ProcessorMixin, state: int, asked: str, header: str) -> str:
    """What is written after ``header`` so that there is an empty thought, where thoughts are asked for."""
    if state not in (ASKED, OPENED):
        return ""
    mark = [*OPEN.finditer(header if state == OPENED else asked)][-1]
    begin, end = mark[0], f"{mark[1]}/{mark[2]}{mark[3]}"
    known = processor.tokenizer.get_vocab()
    if begin in known and end not in known:
        raise StudyError(
            f"the chat template opens a thought with {begin} and the tokenizer has no {end} to close it, so labels "
            "would be scored as the first words of a thought; take a checkpoint that answers without one"
        )
    gap = header[mark.end() :] if state == OPENED else "\n"
    return ("" if state == OPENED else begin + gap) + gap + end + "\n" + gap


def reply_text(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """The text of a reply without special tokens, but with the marks of a thought, which tell it from an answer."""
    special = {i: token.content for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    marks = {i for i, content in special.items() if OPEN.fullmatch(content) or CLOSE.fullmatch(content)}
    pieces = [
        "".join(special[i] for i in piece) if of_thought else tokenizer.decode(list(piece), skip_special_tokens=True)
        for of_thought, piece in itertools.groupby(tokens, marks.__contains__)
    ]
    return "".join(pieces).strip()
