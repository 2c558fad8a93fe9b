"""Does the cost model count right? Its seconds beside measured ones, on this machine's CPU, one thread, float32.

    PYTHONPATH=src:. python benchmarks/cost_check.py

A Qwen2.5-VL of half a billion random weights reads frames and a prompt, writes a reply, and takes a step of LoRA. The
cost model is given what this core sustains: the rate of a matrix product, and of reading memory in a product with one
column. A ratio (measured / model) near 1 means that operations and bytes are counted well, and little else costs time.
"""

import time
from collections.abc import Callable
from statistics import median

from emovlm.models.torch_setup import torch  # isort: skip
from benchmarks.measured import Figures, arguments
from peft import get_peft_model
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from emovlm.models.flops import BYTES, Gpu, Size, decode_bytes, prefill_flops, vision_flops
from emovlm.models.vlm.families import FAMILIES
from emovlm.training.lora import adapter_config

WIDTH, LAYERS, HEADS, KV_HEADS, INNER, WORDS = 1024, 24, 16, 4, 4096, 16_000
VISION_WIDTH, VISION_LAYERS, PATCHES = 768, 8, 512  # two frames of 224 px are one grid of 16 x 16 patches
FRAMES, TOKENS, NEW = 8, 1024, 16


def seconds(work: Callable[[], object], rounds: int) -> list[float]:
    """CPU time of each of several rounds, after one that only warms up."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return taken


def sustained(rounds: int) -> Gpu:
    """What one core sustains."""
    a, b = torch.randn(TOKENS, WIDTH), torch.randn(WIDTH, INNER)
    weights, column = [torch.randn(INNER, WIDTH) for _ in range(48)], a[:1].T.contiguous()
    flops = 2 * TOKENS * WIDTH * INNER / median(seconds(lambda: a @ b, rounds))
    reading = median(seconds(lambda: [w @ column for w in weights], rounds))
    return Gpu(
        "this core", flops, BYTES * sum(w.numel() for w in weights) / reading
    )  # the model counts two bytes a weight


def make_model() -> tuple[Qwen2_5_VLForConditionalGeneration, Size]:
    """The model, and its size as the cost model sees it."""
    text = {
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": INNER,
        "num_key_value_heads": KV_HEADS, "vocab_size": WORDS, "bos_token_id": 1, "eos_token_id": 2,
        "rope_parameters": {"rope_type": "default", "mrope_section": [8, 12, 12], "rope_theta": 1e6},
    }  # fmt: skip
    vision = {"hidden_size": VISION_WIDTH, "depth": VISION_LAYERS, "num_heads": 12, "intermediate_size": 3072,
              "out_hidden_size": WIDTH}  # fmt: skip
    model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision))
    model = model.eval()
    tower = sum(p.numel() for p in model.model.visual.parameters())
    language = sum(p.numel() for p in model.parameters()) - tower - WORDS * WIDTH
    return model, Size(tower, 128, language, LAYERS, WIDTH, KV_HEADS * WIDTH // HEADS)


def main() -> None:
    given = arguments(__doc__).parse_args()
    rounds = given.rounds
    torch.manual_seed(0)
    core = sustained(rounds)
    model, size = make_model()
    ids = torch.randint(3, WORDS, (1, TOKENS))
    grid = torch.tensor([[FRAMES // 2, 16, 16]])
    pixels = torch.randn(int(grid.prod()), 2 * 3 * 14 * 14)

    def write() -> None:
        cache = model(input_ids=ids[:, :64], use_cache=True, logits_to_keep=1).past_key_values
        for _ in range(NEW):
            model(input_ids=ids[:, :1], past_key_values=cache, use_cache=True)

    with torch.inference_mode():
        begun = median(seconds(lambda: model(input_ids=ids[:, :64], use_cache=True, logits_to_keep=1), rounds))
        measured = {
            "tower": seconds(lambda: model.model.visual(pixels, grid_thw=grid), rounds),
            "prompt": seconds(lambda: model(input_ids=ids, logits_to_keep=1), rounds),
            "reply": [taken - begun for taken in seconds(write, rounds)],
        }
    tuned = get_peft_model(model, adapter_config(FAMILIES["qwen2.5-vl"], 8)).train()
    measured["LoRA step"] = seconds(lambda: tuned(input_ids=ids, labels=ids).loss.backward(), rounds)
    expected = {
        "tower": vision_flops(size, FRAMES) / core.flops,
        "prompt": prefill_flops(size, TOKENS) / core.flops,
        "reply": decode_bytes(size, 64, NEW) / core.bandwidth,
        "LoRA step": 2 * prefill_flops(size, TOKENS) / core.flops,
    }
    weights = (size.parameters + size.vision_parameters) / 1e9
    print(f"{weights:.2f} billion weights; {core.flops / 1e9:.0f} GFLOP/s, {core.bandwidth / 1e9:.1f} GB/s")
    print(f"{'':10}{'measured s':>12}{'model s':>10}{'ratio':>8}")
    figures = Figures("cost_check", ("torch", "transformers", "peft"))
    what = {"tower": f"vision tower, {FRAMES} frames of 224 px", "prompt": f"a prompt of {TOKENS:,} tokens",
            "reply": f"a reply of {NEW} tokens", "LoRA step": f"a step of LoRA, {TOKENS:,} tokens"}  # fmt: skip
    for name, taken in measured.items():
        middle = median(taken)
        print(f"{name:10}{middle:12.2f}{expected[name]:10.2f}{middle / expected[name]:8.2f}")
        about = f"measured over calculated: {middle / expected[name]:.2f}"
        figures.row(what[name], taken, "s CPU", limit=("calculated", expected[name]), also=about)
    figures.note(
        f"A Qwen2.5-VL of {weights:.2f} billion random weights, float32, one thread; this core multiplies "
        f"{core.flops / 1e9:.0f} GFLOP/s and reads {core.bandwidth / 1e9:.1f} GB/s."
    )
    figures.write(given.json)


if __name__ == "__main__":
    main()
