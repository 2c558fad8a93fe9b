"""MAE-DFER (Sun et al., ACM Multimedia 2023): the classifier of its LGI-Former encoder.

The network as in ``modeling_finetune.py`` of github.com/sunlicai/MAE-DFER, model
``vit_base_dim512_no_depth_patch16_160`` with ``attn_type local_global`` and ``lg_classify_token_type region``, as its
fine-tuning scripts for MAFW, DFEW and FERV39k call it. Names and shapes of the weights are those of its checkpoints.
"""

from dataclasses import dataclass

from emovlm.models.torch_setup import torch  # isort: skip
from torch import nn

from emovlm.models.dfer.transformer import (
    Attention,
    LayerNorm,
    Mlp,
    PatchEmbedding,
    drop_path,
    drop_shares,
    sinusoids,
)


@dataclass(frozen=True)
class MaeDferShape:
    """Dimensions; the defaults are the official ones.

    ``classes``: number of labels; ``image``: side in pixels; ``region``: tokens of a region along time, height and
    width; ``drop_path``: stochastic depth of the last layer in training.
    """

    classes: int = 11
    image: int = 160
    frames: int = 16
    patch: int = 16
    tubelet: int = 2
    dim: int = 512
    depth: int = 16
    heads: int = 8
    region: tuple[int, int, int] = (2, 5, 10)
    drop_path: float = 0.1

    @property
    def regions(self) -> tuple[int, int, int]:
        """Number of regions along time, height and width."""
        side = self.image // self.patch
        times, rows, columns = self.region
        return self.frames // self.tubelet // times, side // rows, side // columns


class RegionBlock(nn.Module):
    """Local attention within regions, global attention among region tokens, and back from these to local tokens."""

    def __init__(self, dim: int, heads: int, drop: float):
        super().__init__()
        self.drop = drop
        self.first_attn_norm0 = LayerNorm(dim)
        self.first_attn = Attention(dim, heads)
        self.second_attn_norm0 = LayerNorm(dim)
        self.second_attn = Attention(dim, heads)
        self.third_attn_norm0 = LayerNorm(dim)
        self.third_attn_norm1 = LayerNorm(dim)
        self.third_attn = Attention(dim, heads)
        self.norm2 = LayerNorm(dim)
        self.mlp = Mlp(dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map regions [n, regions, 1 + local tokens, dim], the region token first, to the same shape."""
        n, regions = x.shape[:2]
        x = x.flatten(0, 1)
        x = x + self._change(self.first_attn(self.first_attn_norm0(x)))
        x = x.unflatten(0, (n, regions))
        region, local = x[:, :, 0], x[:, :, 1:].flatten(1, 2)
        region = region + self._change(self.second_attn(self.second_attn_norm0(region)))
        told = self.third_attn(self.third_attn_norm0(local), self.third_attn_norm1(region))
        local = (local + self._change(told)).unflatten(1, (regions, -1))
        x = torch.cat([region[:, :, None], local], dim=2).flatten(0, 1)
        x = x + self._change(self.mlp(self.norm2(x)))
        return x.unflatten(0, (n, regions))

    def _change(self, x: torch.Tensor) -> torch.Tensor:
        return drop_path(x, self.drop, self.training)


class MaeDfer(nn.Module):
    """The fine-tuned network: logits of the classes from a clip.

    ``hears``: whether it takes sound too. ``prefixes``: of the names in a pretrained checkpoint, stripped as the
    official fine-tuning strips them. ``new``: what fine-tuning begins anew. ``unused``: what it leaves of a
    pretrained checkpoint (its decoder, and the encoder's last norm).
    """

    hears = False
    prefixes = ("backbone.", "encoder.")
    new = ("fc_norm.", "head.")
    unused = ("norm.", "decoder.", "encoder_to_decoder.", "mask_token")

    def __init__(self, shape: MaeDferShape):
        super().__init__()
        self.shape = shape
        side, times = shape.image // shape.patch, shape.frames // shape.tubelet
        n_regions = shape.regions[0] * shape.regions[1] * shape.regions[2]
        self.lg_region_tokens = nn.Parameter(torch.empty(n_regions, shape.dim))
        self.patch_embed = PatchEmbedding(3, shape.dim, (shape.tubelet, shape.patch, shape.patch))
        shares = drop_shares(shape.drop_path, shape.depth)
        self.blocks = nn.ModuleList(RegionBlock(shape.dim, shape.heads, share) for share in shares)
        self.fc_norm = LayerNorm(shape.dim)
        self.head = nn.Linear(shape.dim, shape.classes)
        self.register_buffer("positions", sinusoids(times * side * side, shape.dim), persistent=False)
        nn.init.trunc_normal_(self.lg_region_tokens, std=0.02)
        nn.init.trunc_normal_(self.head.weight, std=0.02 * 0.001)  # as there, a new head begins close to zero
        nn.init.zeros_(self.head.bias)

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes] of normalised pixels float [n, 3, frames, image, image]."""
        x = self.patch_embed(video)
        x = self._partition(x + self.positions.to(x.dtype))
        tokens = self.lg_region_tokens[None, :, None].expand(len(x), -1, -1, -1)
        x = torch.cat([tokens.to(x.dtype), x], dim=2)
        for block in self.blocks:
            x = block(x)
        return self.head(self.fc_norm(x[:, :, 0].mean(1)))

    def _partition(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens [n, tokens, dim] by region: [n, regions, local tokens, dim], both in the order time, row, column."""
        (nt, nh, nw), (t, h, w) = self.shape.regions, self.shape.region
        x = x.reshape(len(x), nt, t, nh, h, nw, w, -1).permute(0, 1, 3, 5, 2, 4, 6, 7)
        return x.reshape(len(x), nt * nh * nw, t * h * w, -1)

    def layer_of(self, name: str) -> int:
        """Number of a parameter's layer for layer-wise learning rates: 0 is the first, ``depth + 1`` the last."""
        if name.startswith("patch_embed."):
            return 0
        return int(name.split(".")[1]) + 1 if name.startswith("blocks.") else self.shape.depth + 1
