"""Every family of vision-language models, tiny and with random weights, but with its real classes and processor."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from tests.scripts import run_script
from tests.study_tables import plain_rows
from tests.tiny_models.cache import fill_cache
from tests.tiny_models.models import MODELS, SIDE, save_tiny

from emovlm.core.errors import StudyError
from emovlm.models.base import Frame
from emovlm.models.loading import load_system
from emovlm.models.torch_setup import torch
from emovlm.models.vlm.families import FAMILIES
from emovlm.models.vlm.inputs import reply_tokens, stack
from emovlm.models.vlm.reading import Batch
from emovlm.study.load import load_study, read_config

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ["anger", "sadness", "helplessness", "no"]
QUESTION = "Which emotion does the person show?"
ROUNDING = 5e-4  # nats, in float32
FIXED = (SIDE // 14) ** 2  # patches of a frame, for the families whose weights fix its size

each_family = pytest.mark.parametrize("family", MODELS)


@pytest.fixture(scope="session")
def load(folders):
    known = {}

    def system(family, **row):
        key = (family, *row.items())
        if key not in known:
            given = {"system": "tiny", "kind": "vlm", "training": "none", "family": family, **row}
            known[key] = load_system(given, folders(family))
        return known[key]

    return system


def frames(n, side=84, gap_s=0.2, seed=0):
    draw = np.random.default_rng(seed)
    return [Frame(draw.integers(0, 256, (side, side, 3), dtype=np.uint8), round(i * gap_s, 6)) for i in range(n)]


def interleaved(shown):
    """Keyframes with texts between, as context enrichment shows them."""
    return [part for frame, text in zip(shown, ("brows rise.", "nothing."), strict=False) for part in (frame, text)]


def read(system, parts):
    """The prompt as the model reads it; repeated visual tokens are written once with their number."""
    text = system.processor.tokenizer.decode(system._inputs(parts)["input_ids"][0])
    return re.sub(r"(<[^<>]+>)\1+", lambda run: f"{run[1]}*{len(run[0]) // len(run[1])}", text)


SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
ENDED = "<|im_end|>\n<|im_start|>assistant\n"
SMOL_FRAME = "<fake_token_around_image><global-img><image>*4<fake_token_around_image>"
PROMPTS = {
    "qwen2.5-vl": (
        SYSTEM + "<|im_start|>user\n<|vision_start|><|video_pad|>*18<|vision_end|>" + QUESTION + ENDED,
        SYSTEM + "<|im_start|>user\n<|vision_start|><|image_pad|>*9<|vision_end|>brows rise."
        "<|vision_start|><|image_pad|>*9<|vision_end|>nothing.\n" + QUESTION + ENDED,
    ),
    "qwen2.5-omni": (
        SYSTEM + "<|im_start|>user\n<|vision_bos|><|VIDEO|>*18<|vision_eos|>" + QUESTION + ENDED,
        SYSTEM + "<|im_start|>user\n<|vision_bos|><|IMAGE|>*9<|vision_eos|>brows rise."
        "<|vision_bos|><|IMAGE|>*9<|vision_eos|>nothing.\n" + QUESTION + ENDED,
    ),
    "qwen3-vl": (
        "<|im_start|>user\n<0.1 seconds><|vision_start|><|video_pad|>*9<|vision_end|>"
        "<0.5 seconds><|vision_start|><|video_pad|>*9<|vision_end|>" + QUESTION + ENDED,
        "<|im_start|>user\n<|vision_start|><|image_pad|>*9<|vision_end|>brows rise."
        "<|vision_start|><|image_pad|>*9<|vision_end|>nothing.\n" + QUESTION + ENDED,
    ),
    "internvl": (
        "<|im_start|>user\n" + "\n".join(f"Frame{i}: <img><IMG_CONTEXT>*4</img>" for i in (1, 2, 3, 4)) + "\n"
        + QUESTION + ENDED,
        "<|im_start|>user\n<img><IMG_CONTEXT>*4</img>\nbrows rise.<img><IMG_CONTEXT>*4</img>\nnothing.\n"
        + QUESTION + ENDED,
    ),
    "video-llava": (
        f"USER: <video>*{4 * (FIXED + 1)}\n{QUESTION} ASSISTANT:",
        f"USER: <image>*{FIXED}\nbrows rise.\n<image>*{FIXED}\nnothing.\n{QUESTION} ASSISTANT:",
    ),
    "llava-next-video": (
        f"USER: <video>*{4 * FIXED // 4}\n{QUESTION} ASSISTANT:",
        f"USER: <video>*{FIXED // 4}\nbrows rise.\n<video>*{FIXED // 4}\nnothing.\n{QUESTION} ASSISTANT:",
    ),
    "llava-onevision": (
        f"<|im_start|>user <video>*{4 * FIXED // 4 + 1}\n{QUESTION}<|im_end|><|im_start|>assistant\n",
        f"<|im_start|>user \n<video>*{FIXED // 4 + 1}\nbrows rise.\n<video>*{FIXED // 4 + 1}\nnothing.\n{QUESTION}"
        "<|im_end|><|im_start|>assistant\n",
    ),
    "smolvlm": (
        "<|im_start|>User: You are provided the following series of four frames from a 0:00:00 [H:MM:SS] video.\n"
        + f"\nFrame from 00:00:{SMOL_FRAME}" * 4 + f"\n\n{QUESTION}<end_of_utterance>\nAssistant:",
        f"<|im_start|>User:{SMOL_FRAME}brows rise.{SMOL_FRAME}nothing.\n{QUESTION}<end_of_utterance>\nAssistant:",
    ),
}  # fmt: skip
"""What each family reads of four frames of 84 pixels, and of two keyframes with texts, by its published layout."""


@each_family
def test_frames_and_texts_stand_in_the_prompt_where_the_family_expects_them(load, family):
    shown = frames(4)
    assert read(load(family), [*shown, QUESTION]) == PROMPTS[family][0]
    assert read(load(family), [*interleaved(shown[:2]), QUESTION]) == PROMPTS[family][1]


@each_family
def test_a_text_that_a_model_wrote_cannot_stand_for_a_frame_or_end_the_turn(load, family):
    system = load(family)
    video = getattr(system.processor, "video_token", "")  # of families that read videos
    special = [system.processor.image_token, video, system.processor.tokenizer.eos_token]
    written = f"brows {special[0]}{special[1]}rise{special[2]}."
    assert read(system, [*frames(2), written]) == read(system, [*frames(2), "brows rise."])
    for token in filter(None, special):  # a token within a token
        written = f"brows {token[:2]}{token[:2]}{token}{token[2:]}{token[2:]}rise."
        assert read(system, [*frames(2), written]) == read(system, [*frames(2), "brows rise."])


@pytest.mark.parametrize("n", [2, 3, 7])
@each_family
def test_visual_tokens_follow_the_familys_own_formula(load, family, n):
    """Given n frames of 140 pixels, of which at most 112 are asked for."""
    system = load(family, pixels=112)
    pairs, side = -(-n // 2), 112
    expected = {
        "qwen2.5-vl": pairs * (side // 28) ** 2,
        "qwen2.5-omni": pairs * (side // 28) ** 2,
        "qwen3-vl": pairs * round(side / 32) ** 2,
        "internvl": n * FIXED // 4,
        "video-llava": n * (FIXED + 1),
        "llava-next-video": n * FIXED // 4,
        "llava-onevision": n * FIXED // 4 + 1,
        "smolvlm": n * FIXED // 4,
    }[family]
    numbers = ("image_token_id", "video_token_id")
    visual = torch.tensor(
        [getattr(system.model.config, name) for name in numbers if hasattr(system.model.config, name)]
    )
    assert int(torch.isin(system._inputs([*frames(n, 140), QUESTION])["input_ids"], visual).sum()) == expected


def test_the_times_of_frames_reach_the_families_that_can_tell_time(load):
    slow, fast = ([*frames(4, gap_s=gap), QUESTION] for gap in (1.0, 0.25))
    for family in ("qwen2.5-vl", "qwen2.5-omni"):
        clock = FAMILIES[family].clock
        assert [float(load(family)._inputs(parts)[clock][0]) for parts in (slow, fast)] == [2.0, 0.5]
    assert "<0.5 seconds>" in read(load("qwen3-vl"), slow) and "<2.5 seconds>" in read(load("qwen3-vl"), slow)
    assert "Frame from 00:03:" in read(load("smolvlm"), slow)


@each_family
def test_frames_in_another_order_are_other_pixels_at_the_same_times(load, family):
    system, shown = load(family), frames(4)
    swapped = [shown[2], shown[1], shown[0], shown[3]]
    assert read(system, [*shown, QUESTION]) == read(system, [*swapped, QUESTION])
    ordered, other = (system.answer([*parts, QUESTION], CLASSES, 1).scores for parts in (shown, swapped))
    assert max(abs(ordered[c] - other[c]) for c in CLASSES) > 10 * ROUNDING


POSITIONS_A_SECOND = {"qwen2.5-vl": 2, "qwen2.5-omni": 25}
"""Of the families that give frames positions by the clock, by their papers; with others a step of a video is one."""


def published_positions(system, inputs, rate):
    """The positions of one prompt in time, height and width [3, length], and that of the token to come.

    The rule of M-RoPE (Qwen2-VL, arXiv 2409.12191, section 2.1; with the clock, Qwen2.5-VL, arXiv 2502.13923, section
    2.1.3): a text goes on behind the largest position before it, in all three; frames begin there too and count steps,
    rows and columns. Stretches of frames are told by the placeholders in the prompt, sizes by the processor's grids.
    """
    tokens, config = inputs["input_ids"][0].tolist(), system.model.config
    merge = system.processor.video_processor.merge_size
    visual = {config.image_token_id: "image", config.video_token_id: "video"}
    grids = {kind: iter(inputs.get(f"{kind}_grid_thw", [])) for kind in ("image", "video")}
    seconds = iter(inputs.get(system.family.clock, []) if system.family.clock else [])
    found, after = [], 0
    for kind, stretch in itertools.groupby(tokens, visual.get):
        length = len(list(stretch))
        if kind is None:
            found += [(after + k,) * 3 for k in range(length)]
        else:
            steps, rows, columns = (int(n) for n in next(grids[kind]))
            rows, columns = rows // merge, columns // merge
            if length < steps * rows * columns:  # the step of a video that has texts between its steps
                grids[kind] = itertools.chain([(steps - 1, rows * merge, columns * merge)] * (steps > 1), grids[kind])
                steps = 1
            pace = float(next(seconds)) * rate if kind == "video" and rate else 1
            found += [(after + int(t * pace), after + y, after + x)
                      for t in range(steps) for y in range(rows) for x in range(columns)]  # fmt: skip
        after = max(map(max, found)) + 1
    return torch.tensor(found).T, after


def many_frames():
    """Prompts in which a video has more steps than a frame has rows, and images and videos of several lengths."""
    shown = frames(8, 56)
    return [
        [*shown, QUESTION],
        [*frames(8, 56, gap_s=4.0), QUESTION],
        [*shown[:5], "nothing.", *shown[5:7], "brows rise.", shown[7], QUESTION],
        [*interleaved(frames(2)), QUESTION],
    ]


@each_family
def test_texts_and_frames_have_the_positions_of_the_published_rule(load, family):
    system, given = load(family), []
    in_space = hasattr(system.model.model, "get_rope_index")
    language = system.model.model.get_submodule(system.family.language)
    hook = language.register_forward_pre_hook(
        lambda _, __, named: given.append(named["position_ids"]), with_kwargs=True
    )
    for parts in many_frames():
        inputs = system._inputs(parts)
        with torch.inference_mode():
            read, length = system.reader.read(Batch(inputs, {}, 1)), inputs["input_ids"].shape[1]
        expected, following = torch.arange(length)[None], length  # of plain text
        if in_space:
            expected, following = published_positions(system, inputs, POSITIONS_A_SECOND.get(family))
        positions = given.pop()
        assert positions is None or positions[-3:, 0].tolist() == expected.tolist()
        assert int(read.position) == following
        assert positions is not None or not in_space
    hook.remove()


def test_what_follows_a_long_video_of_qwen_stands_behind_its_last_frame(load):
    """Two positions a second of video, then the text: 8 frames in 28 seconds are 4 steps at 0, 16, 32 and 48."""
    system = load("qwen2.5-vl")
    inputs = stack([system.encoded([*frames(8, 56, gap_s=4.0), QUESTION]), system.encoded([*frames(2), QUESTION])], 0)
    positions, following = system.reader.positions(inputs)
    video = inputs["mm_token_type_ids"][0] == 2
    before = int(video.nonzero()[0])
    assert positions[0, 0, video].tolist() == [before + step for step in (0, 16, 32, 48) for _ in range(4)]
    after = int(video.nonzero()[-1]) + 1
    text = positions[:, 0, after:]
    assert text.tolist() == [list(range(before + 49, before + 49 + text.shape[1]))] * 3
    assert following.tolist() == (positions[0, :, -1] + 1).tolist()


def slow_score(system, parts, label):
    """Log-likelihood of a label by one pass over prompt and label, nothing kept."""
    inputs = system._inputs(parts)
    tokens = torch.tensor([reply_tokens(system.processor, system.header, label)])
    n = tokens.shape[1]
    longer = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "mm_token_type_ids": 0 * tokens}
    whole = {k: torch.cat([v, longer[k]], 1) if k in longer else v for k, v in inputs.items()}
    with torch.inference_mode():
        logits = system.reader.forward(whole, use_cache=False).logits[0].float().log_softmax(-1)
    return float(logits[-n - 1 : -1].gather(1, tokens[0, :, None]).sum())


def different_prompts():
    """Of different lengths and kinds, as they come together in a batch."""
    shown = frames(9)
    return [
        [*shown[:4], QUESTION],
        [*interleaved(shown[:2]), QUESTION],
        [*shown[4:8], "A longer question: " + QUESTION],
        [*interleaved(shown[5:7]), "Describe how the face moves.", QUESTION],
        [*shown[:3], QUESTION],
        [QUESTION],
        [shown[8], QUESTION],
        ["brows rise.", QUESTION],
        [*shown[:2], "nothing.", *shown[2:5], QUESTION],
        [*frames(4, gap_s=9.0), QUESTION],
    ]


@each_family
def test_likelihoods_in_a_ragged_batch_are_those_of_reading_each_label_whole(load, family):
    system, prompts = load(family), different_prompts()
    replies = system.answer_many(prompts, CLASSES, 1)
    for parts, reply in zip(prompts, replies, strict=True):
        slow = {c: slow_score(system, parts, c) for c in CLASSES}
        assert reply.scores == pytest.approx(slow, abs=ROUNDING)
        assert reply.tokens == system._inputs(parts)["input_ids"].shape[1]


@each_family
def test_a_batch_answers_as_its_prompts_alone_and_always_the_same(load, family):
    system, prompts = load(family), different_prompts()
    together = system.answer_many(prompts, CLASSES, 6)
    alone = [system.answer(parts, CLASSES, 6) for parts in prompts]
    assert together == alone
    assert system.answer_many(prompts[::-1], CLASSES, 6) == alone[::-1]
    assert [said for _, said in sorted(system.say_many(prompts, 6))] == [reply.text for reply in alone]


@each_family
def test_the_free_reply_is_what_generate_says(load, family):
    system = load(family)
    for parts in different_prompts()[:3]:
        inputs = system._inputs(parts)
        said = system.model.generate(**inputs, max_new_tokens=6, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        expected = system.processor.tokenizer.decode(said, skip_special_tokens=True).strip()
        assert system.say(parts, 6) == system.answer(parts, CLASSES, 6).text == expected


@each_family
def test_of_too_many_frames_the_evenly_spaced_are_shown_in_the_order_given(load, family):
    shown = frames(9)
    limited = load(family, frames=3).answer([*shown, QUESTION], CLASSES, 1)
    chosen = [shown[0], shown[4], shown[8]]
    assert limited == load(family).answer([*chosen, QUESTION], CLASSES, 1)
    assert limited.frames == 3


@each_family
def test_bfloat16_answers_as_float32_does_to_its_precision(load, family):
    parts = [*frames(3), QUESTION]
    exact, rough = (load(family, dtype=dtype).answer(parts, CLASSES, 1) for dtype in ("float32", "bfloat16"))
    assert rough.scores == pytest.approx(exact.scores, rel=0.1, abs=1.0) and rough.tokens == exact.tokens
    assert load(family, dtype="bfloat16").model.dtype == torch.bfloat16


@each_family
def test_a_label_is_scored_with_the_space_that_a_reply_would_begin_with(load, family):
    system = load(family)
    tokens = reply_tokens(system.processor, system.header, "anger")
    spaced = {"video-llava", "llava-next-video", "smolvlm"}
    first = system.processor.tokenizer.convert_ids_to_tokens(tokens)[0]
    assert first.startswith(("▁", "Ġ")) == (family in spaced)
    assert system.processor.tokenizer.decode(tokens).strip() == "anger"


def test_weights_that_do_not_fit_or_are_missing_are_an_error_for_people(folders, tmp_path):
    row = {"system": "wrong", "kind": "vlm", "training": "none"}
    with pytest.raises(StudyError, match="system wrong: unknown family 'gpt'; known are fastvlm, "):
        load_system({**row, "family": "gpt"}, folders("internvl"))
    save_tiny("internvl", tmp_path / "torn")
    weights = load_file(tmp_path / "torn/model.safetensors")
    weights.pop(min(weights))
    save_file(weights, tmp_path / "torn/model.safetensors", {"format": "pt"})
    with pytest.raises(StudyError, match="torn: the files do not fit"):
        load_system({**row, "family": "internvl"}, tmp_path / "torn")


def test_every_family_is_tested_but_the_organisms_which_is_tested_elsewhere():
    assert set(FAMILIES) - set(MODELS) == {"fastvlm"}


def test_the_thinker_has_the_weights_that_the_whole_model_was_saved_with(folders, load):
    saved = load_file(folders("qwen2.5-omni") / "model.safetensors")["thinker.lm_head.weight"]
    assert torch.equal(load("qwen2.5-omni").model.lm_head.weight, saved)


def test_the_papers_systems_are_fetched_and_answer(tmp_path, monkeypatch):
    """From a cache as the hub's client fills it, through the rows of the paper's study, with tiny models in it."""
    monkeypatch.chdir(ROOT)
    names = fill_cache(tmp_path / "home", Path("config/paper/systems.tsv"))
    systems = load_study(read_config(".", ["config/paper.yaml"])).systems.values()
    outside = [system.told() for system in systems if system.kind == "vlm" and system.weights]
    assert sorted(names) == sorted(row["weights"] for row in outside)
    environment = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    for row in outside:
        folder = tmp_path / row["system"]
        params = {k: row[k] for k in ("weights", "revision") if k in row}
        done = run_script("fetch_weights", environment, outputs={"fetched": folder / "f.json"}, params=params)
        assert done.returncode == 0, done.stderr
        reply = load_system(row, folder).answer([*frames(3), QUESTION], CLASSES, 2)
        assert set(reply.scores) == set(CLASSES) and np.isfinite(list(reply.scores.values())).all()


def test_the_papers_systems_are_of_families_that_exist():
    rows = plain_rows(ROOT / "config/paper/systems.tsv")
    asked = {row["family"] for row in rows if row["kind"] == "vlm" and "family" in row}
    assert asked - {"remote"} <= set(FAMILIES) - {"fastvlm"}


def test_every_family_is_known_by_its_model_types_and_no_two_share_one():
    known = [name for family in FAMILIES.values() for name in family.model_types]
    assert len(known) == len(set(known)) and all(family.model_types for family in FAMILIES.values())
