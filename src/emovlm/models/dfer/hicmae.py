"""HiCMAE (Sun et al., Information Fusion 2024): the audio-visual classifier of its three encoders.

The network as in ``modeling_finetune_av.py`` of github.com/sunlicai/HiCMAE, model ``avit_dim512_patch16_160_a256``
with depths 10, 10 and 2, as its fine-tuning script for MAFW calls it. Names and shapes of the weights are those of
its checkpoints.
"""

from dataclasses import dataclass

from emovlm.models.torch_setup import torch  # isort: skip
from torch import nn

from emovlm.models.dfer.transformer import (
    Attention,
    Block,
    LayerNorm,
    Mlp,
    PatchEmbedding,
    SelfAttention,
    drop_path,
    drop_shares,
    sinusoids,
)


@dataclass(frozen=True)
class HicmaeShape:
    """Dimensions; the defaults are the official ones (the base model).

    ``classes``: number of labels; ``image``: side in pixels; ``sound``: times and bands of the log-mel spectrogram;
    ``depth``, ``depth_audio``, ``depth_fusion``: layers of the encoders; ``drop_path``: stochastic depth of the last
    layer in training.
    """

    classes: int = 11
    image: int = 160
    frames: int = 16
    patch: int = 16
    tubelet: int = 2
    sound: tuple[int, int] = (256, 128)
    dim: int = 512
    depth: int = 10
    depth_audio: int = 10
    depth_fusion: int = 2
    heads: int = 8
    drop_path: float = 0.1


class Encoder(nn.Module):
    """A transformer over the patches of one modality, which gives every layer's tokens, normalised."""

    def __init__(self, embedding: PatchEmbedding, patches: int, depth: int, shape: HicmaeShape):
        super().__init__()
        self.patch_embed = embedding
        shares = drop_shares(shape.drop_path, depth)
        self.blocks = nn.ModuleList(Block(shape.dim, shape.heads, share) for share in shares)
        self.norm = LayerNorm(shape.dim)
        self.register_buffer("positions", sinusoids(patches, shape.dim), persistent=False)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Tokens [n, patches, dim] after each layer."""
        x = self.patch_embed(x)
        x = x + self.positions.to(x.dtype)
        layers = []
        for block in self.blocks:
            x = block(x)
            layers.append(self.norm(x))
        return layers


class CrossBlock(nn.Module):
    """A block that first attends to the other modality."""

    def __init__(self, dim: int, heads: int, drop: float):
        super().__init__()
        self.drop = drop
        self.cross_attn = Attention(dim, heads)
        self.cross_norm1 = LayerNorm(dim)
        self.cross_norm2 = LayerNorm(dim)
        self.norm1 = LayerNorm(dim)
        self.attn = SelfAttention(dim, heads)
        self.norm2 = LayerNorm(dim)
        self.mlp = Mlp(dim)

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Map tokens [n, tokens, dim] to the same shape; ``context`` [n, others, dim] is the other modality."""
        x = x + self._change(self.cross_attn(self.cross_norm1(x), self.cross_norm2(context)))
        x = x + self._change(self.attn(self.norm1(x)))
        return x + self._change(self.mlp(self.norm2(x)))

    def _change(self, x: torch.Tensor) -> torch.Tensor:
        return drop_path(x, self.drop, self.training)


class Fusion(nn.Module):
    """Video and sound attend to each other; within a layer each sees the other as it was before the layer."""

    def __init__(self, shape: HicmaeShape):
        super().__init__()
        shares = drop_shares(shape.drop_path, shape.depth_fusion)
        self.blocks = nn.ModuleList(CrossBlock(shape.dim, shape.heads, share) for share in shares)
        self.norm = LayerNorm(shape.dim)
        self.blocks_audio = nn.ModuleList(CrossBlock(shape.dim, shape.heads, share) for share in shares)
        self.norm_audio = LayerNorm(shape.dim)

    def forward(self, video: torch.Tensor, sound: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map tokens of both, [n, tokens, dim] each, to the same shapes."""
        for block, block_audio in zip(self.blocks, self.blocks_audio, strict=True):
            video, sound = block(video, sound), block_audio(sound, video)
        return self.norm(video), self.norm_audio(sound)


class Hicmae(nn.Module):
    """The fine-tuned network: logits of the classes from a clip and its sound; the attributes are as in ``MaeDfer``."""

    hears = True
    prefixes = ()
    new = ("video_layer_weights", "audio_layer_weights", "fc_norm.", "head.")
    unused = ("decoder.", "decoder_audio.", "encoder_to_decoder.", "encoder_to_decoder_audio.", "mask_token")

    def __init__(self, shape: HicmaeShape):
        super().__init__()
        self.shape = shape
        side, times, (beats, bands) = shape.image // shape.patch, shape.frames // shape.tubelet, shape.sound
        seen = PatchEmbedding(3, shape.dim, (shape.tubelet, shape.patch, shape.patch))
        heard = PatchEmbedding(1, shape.dim, (shape.patch, shape.patch))
        self.video_layer_weights = nn.Parameter(torch.ones(shape.depth) / shape.depth)
        self.audio_layer_weights = nn.Parameter(torch.ones(shape.depth_audio) / shape.depth_audio)
        self.encoder = Encoder(seen, times * side * side, shape.depth, shape)
        self.encoder_audio = Encoder(heard, (beats // shape.patch) * (bands // shape.patch), shape.depth_audio, shape)
        self.encoder_fusion = Fusion(shape)
        self.fc_norm = LayerNorm(4 * shape.dim)
        self.head = nn.Linear(4 * shape.dim, shape.classes)

    def forward(self, video: torch.Tensor, sound: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes].

        Args:
            video: normalised pixels float [n, 3, frames, image, image].
            sound: normalised log-mel spectrograms float [n, 1, times, bands].
        """
        seen, heard = self.encoder(video), self.encoder_audio(sound)
        fused = self.encoder_fusion(seen[-1], heard[-1])
        pooled = [_weighted(seen, self.video_layer_weights), _weighted(heard, self.audio_layer_weights)]
        return self.head(self.fc_norm(torch.cat(pooled + [tokens.mean(1) for tokens in fused], dim=-1)))

    def layer_of(self, name: str) -> int:
        """Number of a parameter's layer for layer-wise learning rates: fusion layers follow those of the encoders."""
        below = max(self.shape.depth, self.shape.depth_audio)
        if ".patch_embed." in name:
            return 0
        if ".blocks" not in name:
            return below + self.shape.depth_fusion + 1
        return int(name.split(".")[2]) + 1 + (below if name.startswith("encoder_fusion.") else 0)


def _weighted(layers: list[torch.Tensor], weights: torch.Tensor) -> torch.Tensor:
    """Mean over tokens of each layer, then over layers by the softmax of their weights: [n, dim]."""
    means = torch.stack([layer.mean(1) for layer in layers], dim=1)
    return (means * weights.softmax(0)[:, None]).sum(1)
