"""Errors that a user can correct, and faults of the machine."""

import errno

FAULTS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the quota of this disk is used up; free some space, or have it raised",
    errno.EROFS: "the disk is read-only; make it writable, or have results elsewhere (pathvars in config.yaml)",
    errno.EACCES: "no permission; see whom the file and its folder belong to",
    errno.EPERM: "no permission; see whom the file and its folder belong to",
    errno.EIO: "the disk failed to read or write; see what the system's log says of it",
    errno.ENOLCK: "this file system has no locks; have the folder on another one",
    errno.ENOMEM: "out of memory; give the job more, or run fewer at once",
}
"""What is wrong with the machine, and what to do, by the system's error number."""
IN_WORDS = "No space left on device"  # of libraries that give no number


class StudyError(Exception):
    """Something in the study's inputs is wrong.

    The message says what is wrong, where (file, row, key) and what to do. Command lines print it
    without a traceback and exit with code 1.
    """


def machine_fault(error: BaseException) -> str | None:
    """A message about a fault of the machine, such as a full disk or too little memory; None for any other error."""
    number = errno.ENOMEM if isinstance(error, MemoryError) else getattr(error, "errno", None)
    number = errno.ENOSPC if IN_WORDS in str(error) else number
    if number not in FAULTS:
        return None
    file = getattr(error, "filename", None)
    return f"{f'{file}: ' if file else ''}{FAULTS[number]}, and run it again: what is finished is kept"
