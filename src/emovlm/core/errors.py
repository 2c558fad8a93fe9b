"""The errors a person can act on."""


class StudyError(Exception):
    """Something in the study's inputs is wrong.

    The message says what is wrong, where (file, row, key) and what to do. Command lines print it
    without a traceback and exit with code 1.
    """
