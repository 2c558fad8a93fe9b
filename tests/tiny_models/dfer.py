"""MAE-DFER and HiCMAE of toy size, and checkpoints of random weights in their official format."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emovlm.models.torch_setup import torch  # isort: skip

from emovlm.models.dfer.official_weights import build_network

TINY = {
    "mae-dfer": {
        "image": 16, "frames": 4, "patch": 4, "dim": 16, "depth": 2, "heads": 2, "region": (1, 2, 4), "drop_path": 0.0,
    },
    "hicmae": {
        "image": 16, "frames": 4, "patch": 8, "sound": (32, 16), "dim": 16, "depth": 2, "depth_audio": 3,
        "depth_fusion": 2, "heads": 2, "drop_path": 0.0,
    },
}  # fmt: skip


def write_random_checkpoint(
    path: str | Path, network: str, classes: int, seed: int, pretrained: bool = False,
    dimensions: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write random weights as the official code writes a checkpoint.

    Args:
        path: the ``.pth`` file.
        network: a key of ``NETWORKS``.
        classes: number of labels of a fine-tuned checkpoint.
        seed: of the weights.
        pretrained: whether to write a pretrained checkpoint: the encoder and some of a decoder, without a head.
        dimensions: as in :func:`build_network`.
    """
    model = build_network(network, classes, dimensions)
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, value in model.state_dict().items():
        # Wide enough that the answer depends on the clip; the scale of a norm stays near 1.
        noise = torch.randn(value.shape, generator=generator) / (value[0].numel() ** 0.5 if value.ndim > 1 else 5)
        weights[name] = noise + float("norm" in name and name.endswith("weight"))
    if pretrained:
        prefix = "encoder." if model.prefixes else ""
        weights = {prefix + name: value for name, value in weights.items() if not name.startswith(model.new)}
        dim = model.shape.dim
        weights |= {f"{prefix}norm.{name}": torch.ones(dim) for name in ("weight", "bias")} if prefix else {}
        weights |= {"decoder.norm.weight": torch.ones(dim), "encoder_to_decoder.weight": torch.eye(dim)}
        weights["mask_token"] = torch.zeros(1, 1, dim)
    arguments = Namespace(model=network, nb_classes=classes, lr=1e-3, opt_betas=[0.9, 0.999], patch_size=(16, 16))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": weights, "optimizer": {}, "epoch": 99, "scaler": {}, "args": arguments}, path)
