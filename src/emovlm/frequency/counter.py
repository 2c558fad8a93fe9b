"""Count terms in blocks of documents, fast: equal to ``reference.py`` to the last unit."""

from collections.abc import Iterator, Sequence

import numpy as np

from emovlm.frequency.blocks import Block
from emovlm.frequency.counts import Counts, Term
from emovlm.frequency.drawing import occurrence_keys
from emovlm.frequency.finding import Finder, Found, ReadHit
from emovlm.frequency.normal_form import decoded, normal_form
from emovlm.frequency.scanning import Patterns, scanner
from emovlm.frequency.stretches import Text
from emovlm.frequency.surroundings import REACH, context, look_around, plain_flags
from emovlm.frequency.vocabulary import Vocabulary
from emovlm.frequency.word_count import count_words
