"""Does the fast counter of terms equal the naive one, to the last unit? On random texts that are hard to count.

    PYTHONPATH=src:. python benchmarks/frequency_equality.py 300000

Each round draws some documents and counts them with the naive counter as one block, and with the fast one in blocks
of random lengths, by either engine, all options on. It compares every field. It ends with exit code 1 at a difference.
"""

import argparse
import random
import sys

from tests.adversarial_texts import blocks, documents, terms

from emovlm.frequency.blocks import Block
from emovlm.frequency.counter import Counter
from emovlm.frequency.counts import Counts
from emovlm.frequency.reference import count_reference

OPTIONS = {"words": True, "details": True, "contexts": 3, "seed": 5}
KINDS = [{}, {}, {"chinese": False}, {"english": False}, {"accents": True}]
DOCUMENTS = 25


def compare(n_texts: int, seed: int, engines: tuple[str, ...] = ("hyperscan", "python")) -> tuple[int, int, list[str]]:
    """Compare on so many texts: how many were drawn, hits in them, and the differences found."""
    draw = random.Random(seed)
    chosen = [terms(**kind) for kind in KINDS]
    counters = [[Counter(some, engine=engine, **OPTIONS) for engine in engines] for some in chosen]
    n_drawn, n_hits, differences = 0, 0, []
    while n_drawn < n_texts:
        which = draw.randrange(len(chosen))
        texts = documents(draw, chosen[which], draw.randint(1, DOCUMENTS))
        file = f"file {draw.randrange(9)}"
        expected = count_reference(chosen[which], Block.of(texts, file), **OPTIONS).as_dict()
        for engine, counter in zip(engines, counters[which], strict=True):
            counted = Counts(counter.terms, 0, most_contexts=OPTIONS["contexts"])
            for block in blocks(draw, texts, file):
                counted.add(counter.count(block))
            found = counted.as_dict()
            if wrong := [name for name in expected if expected[name] != found[name]]:
                differences.append(f"{engine}, terms {which}: {', '.join(wrong)} of {texts}")
        n_drawn += len(texts)
        n_hits += sum(expected["hits"])
    return n_drawn, n_hits, differences


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("texts", type=int, nargs="?", default=300_000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    drawn, hits, found = compare(options.texts, options.seed)
    print(f"{drawn:,} texts with {hits:,} hits: {len(found)} blocks differ")
    for difference in found[:5]:
        print(difference)
    sys.exit(bool(found))
