"""A hash of what a script does: its syntax tree and those of every package module it imports.

Comments, formatting, docstrings and touched files leave the hash alone; a real edit of the script, or
of a module it uses directly or through others, changes it. Snakemake keeps the hash in each rule's
``params`` and so reruns exactly the rules that an edit concerns (Snakemake itself does not see edits
of imported modules).
"""

import ast
import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from emovlm.core.errors import StudyError

PACKAGE = Path(__file__).resolve().parents[1]
LOOKED_UP = {"figures/registry.py": "figures/[a-z]*.py"}
"""Modules that import others by name. A job needs few of these, so they count for its hash only where it names them."""

MEMORY = Path(".snakemake/emovlm-code.jsonl")
"""What was read of files before, so that planning does not parse the whole package each time."""
TRUST = "EMOVLM_CODE_MEMORY"
"""Environment variable; ``off``: parse all, whatever is remembered."""
PYTHON = sys.version.split()[0]


def code_hash(script: str | Path, *others: str | Path) -> str:
    """Short hex hash over ``script`` and the package modules it imports, directly or not.

    Args:
        others: further files whose code the script runs without an import statement: plug-ins, and modules that it
            looks up by name. They count with what they import.

    Raises:
        StudyError: a file does not parse; the message names the file and the line.
    """
    digest = hashlib.sha256()
    paths = frozenset().union(*(_closure(Path(path).resolve()) for path in (script, *others)))
    for path in sorted(paths, key=_name):
        digest.update(f"{_name(path)}\n{_code(path).digest}\n".encode())
    return digest.hexdigest()[:16]


def modules_of(script: str | Path) -> list[str]:
    """Names of the package modules that ``script`` may import: directly, through others, or looked up by name."""
    script = Path(script).resolve()
    found = set(_closure(script))
    for module, room in LOOKED_UP.items():
        if PACKAGE.joinpath(module) in found:
            found.update(*(_closure(path) for path in PACKAGE.glob(room)))
    return sorted(_name(path) for path in found - {script})


def direct_imports(module: str | Path) -> list[str]:
    """Names of the package modules that a file, or a module of the package given by its name, imports itself."""
    path = _file(str(module)) or Path(module).resolve()
    return sorted(map(_name, _imports(path)))


def _name(path: Path) -> str:
    if path.is_relative_to(PACKAGE):
        return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return path.name


class Code(NamedTuple):
    """What counts of a file: names of all modules that it may import, and a hash of what its code does."""

    imports: tuple[str, ...]
    digest: str


@cache
def _code(path: Path) -> Code:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(f"{path.name}: the code cannot be read ({error.strerror})") from None
    key = hashlib.sha256(content).hexdigest()
    known = _remembered()
    if key not in known:
        known[key] = _read(path, content)
        _remember(key, known[key])
    return known[key]


def _read(path: Path, content: bytes) -> Code:
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        raise StudyError(f"{path.name}, line {error.lineno}: {error.msg}") from None
    except ValueError as error:  # NUL bytes
        raise StudyError(f"{path.name}: {error}") from None
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return Code(tuple(sorted(names)), hashlib.sha256(ast.dump(tree).encode()).hexdigest())


@cache
def _remembered() -> dict[str, Code]:
    """What was read before, in this version of Python, by the SHA-256 of the file's content."""
    known: dict[str, Code] = {}
    if os.environ.get(TRUST) == "off":
        return known
    try:
        lines = MEMORY.read_bytes().splitlines()
    except OSError:
        return known
    for line in lines:
        try:
            python, key, imports, digest = json.loads(line)
        except (ValueError, TypeError):  # cut off, for example
            continue
        if python == PYTHON:
            known[key] = Code(tuple(imports), digest)
    return known


def _remember(key: str, code: Code) -> None:
    """Add a line; jobs may do so at once. Without the folder, or access to it, nothing is remembered."""
    if MEMORY.parent.is_dir():
        with suppress(OSError), open(MEMORY, "a", encoding="utf-8") as file:
            file.write(json.dumps([PYTHON, key, code.imports, code.digest]) + "\n")


@cache
def _imports(path: Path) -> frozenset[Path]:
    return frozenset(file for name in _code(path).imports if (file := _file(name)))


def _file(module: str) -> Path | None:
    head, *rest = module.split(".")
    if head != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*rest)
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _closure(path: Path) -> frozenset[Path]:
    seen, todo = set(), [path]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo += _imports(current)
    return frozenset(seen)
