"""Verdicts on the paper's claims, by rules fixed in ``config/claims.yaml`` before the run.

Each piece of evidence is for the claim, against it or neither (always neither from systems at chance). A claim is
supported if all its evidence is for it, not supported if any is against it, and undecided otherwise. Because all
evidence must hold, no further correction of p is needed (intersection-union test).
"""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pandas as pd

from emovlm.core.contracts.statistics import CLAIMS, EVIDENCE
from emovlm.core.errors import StudyError
from emovlm.statistics import claim_kinds  # noqa: F401  (fills CLAIM_KINDS with the study's own kinds)
from emovlm.statistics.claims import AGAINST, CLAIM_KINDS, FOR, NEITHER, Claim, Evidence, Results


def read_claim(name: str, stated: dict[str, Any], alpha: float) -> Claim:
    """A claim of ``claims.yaml``, with the keys that its kind asks for.

    Raises:
        StudyError: the kind is unknown, or a key is missing or unknown.
    """
    where, given = f"claims.yaml, claim {name}", dict(stated)
    if missing := [key for key in ("kind", "statement", "margin") if key not in given]:
        raise StudyError(f"{where}: key {missing[0]} is missing")
    kind = CLAIM_KINDS.find(given.pop("kind"), where)
    return Claim(name, given.pop("statement"), given.pop("margin"), alpha, _as_type(kind.keys, given, where))


def _as_type(wanted: Any, given: Any, where: str) -> Any:
    """``given`` as the dataclass that a kind of claim asks for, or as a list of them; other values as they are."""
    if is_dataclass(wanted):
        hints, known = get_type_hints(wanted), {field.name: field for field in fields(wanted)}
        if not isinstance(given, dict):
            raise StudyError(f"{where}: {given!r} should have the keys {', '.join(known)}")
        needed = {k for k, field in known.items() if field.default is MISSING and field.default_factory is MISSING}
        for fault, keys in (("unknown", given.keys() - known.keys()), ("missing", needed - given.keys())):
            if keys:
                raise StudyError(f"{where}: key {min(keys)} is {fault}; beside kind, statement and margin there are "
                                 + ", ".join(known))  # fmt: skip
        return wanted(**{key: _as_type(hints[key], value, f"{where}, key {key}") for key, value in given.items()})
    if get_origin(wanted) is list:
        if not isinstance(given, list) or not given:
            raise StudyError(f"{where}: {given!r} should be a list of at least one entry")
        return [_as_type(get_args(wanted)[0], each, where) for each in given]
    if get_origin(wanted) is Literal and given not in get_args(wanted):
        raise StudyError(f"{where}: {given!r} should be one of {', '.join(map(str, get_args(wanted)))}")
    return given


def judge(claims: dict[str, Any], results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """CLAIMS, one row a claim, with the figures of the evidence its verdict hangs on; and EVIDENCE, one row a piece.

    The verdict hangs on evidence against the claim if there is any, else the undecided, else the weakest (largest p).

    Args:
        claims: the content of ``claims.yaml``: alpha, and claims by name.

    Raises:
        StudyError: a claim is not as its kind asks, refers to a result that does not exist, or has no evidence.
    """
    verdicts, pieces = [], []
    for name, stated in claims["claims"].items():
        claim = read_claim(name, stated, claims["alpha"])
        evidence = CLAIM_KINDS[stated["kind"]].function(claim, results)
        names = [each.evidence for each in evidence]
        if not names or len(set(names)) < len(names):
            fault = "its kind gives no evidence" if not names else "two pieces of its evidence are the same"
            raise StudyError(f"claims.yaml, claim {name}: {fault}")
        decisive = min(evidence, key=lambda e: ((AGAINST, NEITHER, FOR).index(e.standing), -e.p))
        test = "; ".join(f"{e.words}: {e.standing}" for e in evidence) + f" (figures: {decisive.words})"
        shown = {"claim": name}
        verdicts.append({**shown, "statement": claim.statement, "test": test, "verdict": decisive.standing,
                         **_figures(decisive, claim)})  # fmt: skip
        pieces += [
            {**shown, "place": place, "evidence": each.evidence, "what": each.what, "standing": each.standing,
             "at_chance": each.at_chance, "decisive": each is decisive, **_figures(each, claim)}
            for place, each in enumerate(evidence, start=1)
        ]  # fmt: skip
    return pd.DataFrame(verdicts, columns=list(CLAIMS.columns)), pd.DataFrame(pieces, columns=list(EVIDENCE.columns))


def _figures(evidence: Evidence, claim: Claim) -> dict[str, Any]:
    margin = claim.margin if evidence.margin is None else evidence.margin
    figures = {column: getattr(evidence, column) for column in ("effect", "low", "high", "p", "n")}
    return {**figures, "margin": margin, "says": evidence.says or None}
