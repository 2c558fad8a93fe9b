"""A tiny model that comes with code of its own, as Emotion-Qwen does, and a Python in which that code may run."""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import save_file

from emovlm.models.torch_setup import torch
from tests.tiny_models.models import MODELS

CODE = Path(__file__).parent / "remote_code"
# torch_setup makes torchvision importable beside a CPU build of torch; the worker itself knows nothing of this package.
PREPARED = """#!/bin/sh
shift # -I
exec {python} -c 'import runpy, sys; sys.path.insert(0, "{source}"); import emovlm.models.torch_setup
sys.path.remove("{source}"); sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name="__main__")' "$@"
"""


def save_remote(folder: Path, seed: int = 0) -> None:
    """The tiny Qwen2.5-VL with a weight more and under another name, which only the code beside it knows."""
    torch.manual_seed(seed)
    model, processor = MODELS["qwen2.5-vl"]()
    for part in (model.config, model.generation_config, processor):
        part.save_pretrained(folder)
    weights = {"gatenet.weight": torch.ones(2, 1), "gatenet.bias": torch.zeros(2), **model.state_dict()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    maps = {"AutoConfig": "modeling_tiny.TinyConfig", "AutoModel": "modeling_tiny.TinyModel"}
    for file, told in {
        "config.json": {"model_type": "tiny_remote", "architectures": ["TinyModel"], "auto_map": maps},
        "processor_config.json": {
            "processor_class": "TinyProcessor", "auto_map": {"AutoProcessor": "processing_tiny.TinyProcessor"},
        },
    }.items():  # fmt: skip
        path = folder / file
        path.write_text(json.dumps(json.loads(path.read_text()) | told))
    for code in CODE.glob("*.py"):
        shutil.copy(code, folder)


def write_python(file: Path) -> Path:
    """This Python as that of another environment."""
    source = Path(__file__).resolve().parents[2] / "src"
    file.write_text(PREPARED.format(python=sys.executable, source=source))
    file.chmod(0o755)
    return file
