"""Pieces that MAE-DFER and HiCMAE share, under the names that their checkpoints use.

Both descend from VideoMAE (Tong et al., NeurIPS 2022): attention whose queries and values have a bias and whose keys
have none, sinusoid positions that are computed and never saved, LayerNorm with an epsilon of 1e-6.
"""

from functools import partial

from emovlm.models.torch_setup import torch  # isort: skip
import numpy as np
from torch import nn
from torch.nn import functional

LayerNorm = partial(nn.LayerNorm, eps=1e-6)


class SelfAttention(nn.Module):
    """Attention within one sequence; one matrix for queries, keys and values."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(dim))
        self.v_bias = nn.Parameter(torch.zeros(dim))
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map tokens [n, tokens, dim] to the same shape."""
        bias = torch.cat([self.q_bias, torch.zeros_like(self.v_bias), self.v_bias])
        queries, keys, values = functional.linear(x, self.qkv.weight, bias).chunk(3, dim=-1)
        return self.proj(attend(queries, keys, values, self.heads))


class Attention(nn.Module):
    """Attention of one sequence to another, or to itself; a matrix for queries and one for keys and values."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim, bias=False)
        self.kv = nn.Linear(dim, 2 * dim, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(dim))
        self.v_bias = nn.Parameter(torch.zeros(dim))
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor, context: torch.Tensor | None = None) -> torch.Tensor:
        """Map tokens [n, tokens, dim] to the same shape; ``context`` [n, others, dim] is what they attend to."""
        queries = functional.linear(x, self.q.weight, self.q_bias)
        bias = torch.cat([torch.zeros_like(self.v_bias), self.v_bias])
        keys, values = functional.linear(x if context is None else context, self.kv.weight, bias).chunk(2, dim=-1)
        return self.proj(attend(queries, keys, values, self.heads))


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, heads: int) -> torch.Tensor:
    """Scaled dot-product attention of ``heads`` heads; all tensors are [n, tokens, dim]."""
    split = [t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (queries, keys, values)]
    return functional.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)


class Mlp(nn.Module):
    """The feed-forward half of a block, four times as wide inside."""

    def __init__(self, dim: int):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map [..., dim] to [..., dim]."""
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, dim: int, heads: int, drop: float):
        super().__init__()
        self.drop = drop
        self.norm1 = LayerNorm(dim)
        self.attn = SelfAttention(dim, heads)
        self.norm2 = LayerNorm(dim)
        self.mlp = Mlp(dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map tokens [n, tokens, dim] to the same shape."""
        x = x + drop_path(self.attn(self.norm1(x)), self.drop, self.training)
        return x + drop_path(self.mlp(self.norm2(x)), self.drop, self.training)


class PatchEmbedding(nn.Module):
    """Patches of a video [n, channels, frames, height, width] or an image [n, channels, height, width] as tokens."""

    def __init__(self, channels: int, dim: int, patch: tuple[int, ...]):
        super().__init__()
        convolution = nn.Conv3d if len(patch) == 3 else nn.Conv2d
        self.proj = convolution(channels, dim, patch, patch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens [n, patches, dim], the last axis of the input running fastest."""
        return self.proj(x).flatten(2).transpose(1, 2)


def drop_path(change: torch.Tensor, share: float, training: bool) -> torch.Tensor:
    """Leave out a block's change of a random ``share`` of rows in training (stochastic depth, Huang et al., 2016)."""
    if not training or share == 0:
        return change
    kept = torch.rand(len(change), *[1] * (change.ndim - 1), device=change.device) >= share
    return change * kept / (1 - share)


def drop_shares(most: float, depth: int) -> list[float]:
    """Stochastic depth by layer: from none at the first to ``most`` at the last."""
    return np.linspace(0, most, depth).tolist()


def sinusoids(positions: int, dim: int) -> torch.Tensor:
    """Fixed positions float32 [1, positions, dim]: sines at even and cosines at odd places (Vaswani et al., 2017)."""
    place = np.arange(dim)
    angle = np.arange(positions)[:, None] / np.power(10000, 2 * (place // 2) / dim)
    return torch.from_numpy(np.where(place % 2 == 0, np.sin(angle), np.cos(angle)))[None].float()
