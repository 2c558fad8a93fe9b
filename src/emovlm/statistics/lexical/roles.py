"""The contrasts beside a claim about words, and the conditions that they are between."""

ROLES = {
    "intervention": ("subject", "intervention", "real"),
    "permuted": ("permuted", "intervention", "permuted"),
    "control": ("subject", "control", "real"),
}
"""Contrast: the roles of a and b in the claim, and the words that both are correlated with."""
