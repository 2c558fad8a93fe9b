"""Plug-ins: Python files of a study that add entries to registries. The config names them under ``plugins``."""

import importlib.util
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from emovlm.core.codehash import direct_imports, modules_of
from emovlm.core.errors import StudyError

PREFIX = "emovlm_plugin_"
REGISTRY = "emovlm.core.registry"


def load_plugins(paths: Iterable[str | Path]) -> None:
    """Import plug-ins, each once.

    A plug-in ``my_metric.py`` becomes the module ``emovlm_plugin_my_metric``.

    Args:
        paths: relative to the working directory, which is the study's folder.

    Raises:
        StudyError: a file is missing or lies outside the folder, two have the same name, or one fails when imported.
    """
    for path in check_plugins(paths):
        name = PREFIX + path.stem
        if name in sys.modules and Path(sys.modules[name].__file__) == path:
            continue
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise StudyError(f"plug-in {path.name}{_line(error, path)}: {type(error).__name__}: {error}") from None


def check_plugins(paths: Iterable[str | Path]) -> list[Path]:
    """The absolute paths of plug-ins that can be imported.

    Raises:
        StudyError: as :func:`load_plugins`, without importing anything.
    """
    folder, found = Path.cwd().resolve(), {}
    for path in paths:
        where, file = f"config, key plugins: {path}", Path(path).resolve()
        if not file.is_relative_to(folder):
            raise StudyError(f"{where}: a plug-in must lie inside the study's folder, {folder}")
        if not file.is_file() or file.suffix != ".py":
            raise StudyError(f"{where}: no such Python file")
        if not file.stem.isidentifier():
            raise StudyError(f"{where}: the name must be letters, digits and underscores, such as my_metric.py")
        if file.stem in found:
            raise StudyError(f"{where}: there is already a plug-in called {file.stem}")
        found[file.stem] = file
    return list(found.values())


def plugins_of(script: str | Path, paths: Iterable[str | Path]) -> list[str]:
    """Those plug-ins that a script can use: they fill a registry that the script reads.

    An edit of a plug-in must rerun their jobs and no others. A plug-in that imports no registry of the package may do
    anything, so it concerns every script.
    """
    read = set(modules_of(script))
    filled = {str(path): {m for m in direct_imports(path) if REGISTRY in direct_imports(m)} for path in paths}
    return [path for path, registries in filled.items() if not registries or registries & read]


def _line(error: Exception, path: Path) -> str:
    """The line of the plug-in that an error came from."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""
