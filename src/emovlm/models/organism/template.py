"""Words of the organism's chat template."""

ANSWER = "answer :"
"""What the template puts before every answer."""
END = "<end>"
"""The end of an answer."""
