"""What running a system costs on one GPU, by counting floating-point operations and bytes.

A forward pass over a prompt is bound by arithmetic, two operations a parameter and token and those of causal attention;
writing a token is bound by memory, since all weights and the keys and values so far are read for it (Kaplan et al.,
arXiv 2001.08361; Pope et al., arXiv 2211.05102). Left out: attention inside vision towers (under a fifth of a
tower's operations at 1,024 patches) and all preprocessing on the CPU.
"""

from dataclasses import dataclass

BYTES = 2  # of a weight, key or value in bfloat16


@dataclass(frozen=True)
class Gpu:
    """What a card sustains in this kind of work, not its peaks.

    ``flops``: operations a second; ``bandwidth``: bytes of memory a second; ``loading``: bytes a second from the disk
    to its memory; ``start_s``: seconds to start Python and import the libraries.
    """

    name: str
    flops: float
    bandwidth: float
    loading: float = 1e9
    start_s: float = 20.0


@dataclass(frozen=True)
class Size:
    """What a system's cost depends on.

    ``vision_parameters`` of the tower, which sees ``patches`` a frame; ``parameters`` of the language model, input
    embeddings left out, with its ``layers``, ``width`` and ``kv_width`` (heads of its keys times their size), which
    sees ``tokens`` a frame; ``most_frames``: that its context or its input takes, all if 0; ``views``: forward passes
    a clip. A vision-only network is all tower.
    """

    vision_parameters: float
    patches: float
    parameters: float = 0.0
    layers: int = 0
    width: int = 0
    kv_width: int = 0
    tokens: float = 0.0
    most_frames: int = 0
    views: int = 1

    def shown(self, frames: int) -> int:
        """How many of the frames it is shown."""
        return min(frames, self.most_frames) if self.most_frames else frames


def vision_flops(size: Size, frames: int) -> float:
    """Operations of the vision tower on the frames of a clip."""
    return 2 * size.vision_parameters * size.patches * size.shown(frames) * size.views


def prompt_tokens(size: Size, frames: int, text_tokens: int) -> float:
    """Length of a prompt of frames and text."""
    return size.tokens * size.shown(frames) + text_tokens


def prefill_flops(size: Size, tokens: float) -> float:
    """Operations of the language model on a prompt: its weights, and causal attention."""
    return 2 * size.parameters * tokens + 2 * size.layers * size.width * tokens**2


def decode_bytes(size: Size, tokens: float, new_tokens: int) -> float:
    """Bytes read to write ``new_tokens`` one by one after a prompt of ``tokens``."""
    cached = new_tokens * tokens + new_tokens * (new_tokens - 1) / 2
    return BYTES * (size.parameters * new_tokens + 2 * size.layers * size.kv_width * cached)


def answer_s(size: Size, gpu: Gpu, frames: int, text_tokens: int, new_tokens: int) -> float:
    """Seconds to answer about one clip, alone in its batch: tower, prompt, reply."""
    tokens = prompt_tokens(size, frames, text_tokens)
    flops = vision_flops(size, frames) + prefill_flops(size, tokens)
    return flops / gpu.flops + decode_bytes(size, tokens, new_tokens) / gpu.bandwidth


def lora_s(size: Size, gpu: Gpu, frames: int, text_tokens: int) -> float:
    """Seconds to train an adapter on one clip: forward, and backward through frozen weights, which is a second forward.

    The tower is frozen and below all adapters, so that nothing flows back through it.
    """
    flops = vision_flops(size, frames) + 2 * prefill_flops(size, prompt_tokens(size, frames, text_tokens))
    return flops / gpu.flops


def training_s(size: Size, gpu: Gpu, frames: int) -> float:
    """Seconds to train a whole vision-only network on one view of a clip: forward, and backward, which is two more."""
    return 3 * vision_flops(size, frames) / size.views / gpu.flops


def start_s(size: Size, gpu: Gpu) -> float:
    """Seconds until a job's model is ready."""
    return gpu.start_s + BYTES * (size.parameters + size.vision_parameters) / gpu.loading
