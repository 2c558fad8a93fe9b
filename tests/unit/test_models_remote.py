"""A model that comes with code of its own: not run unless that very code is allowed, and then in another process."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from tests.scripts import run_script
from tests.tiny_models.models import save_tiny
from tests.tiny_models.remote import CODE, save_remote, write_python

from emovlm.core.errors import StudyError
from emovlm.models.base import Frame, NoReplyError
from emovlm.models.fingerprint import fingerprint_of
from emovlm.models.loading import load_system
from emovlm.models.remote.permission import code_pin
from emovlm.models.remote.remote_system import PYTHON
from emovlm.models.vlm.encoding import Encoder
from emovlm.study.load import load_study, read_config

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ["anger", "sadness", "helplessness", "no"]
QUESTION = "Which emotion does the person show?"
ROUNDING = 5e-4  # nats, in float32
ROW = {"system": "tiny", "kind": "vlm", "training": "none", "family": "remote"}
ALLOWED = {**ROW, "allow_remote_code": code_pin(CODE)}


def frames(n, side=84, gap_s=0.2):
    draw = np.random.default_rng(0)
    return [Frame(draw.integers(0, 256, (side, side, 3), dtype=np.uint8), round(i * gap_s, 6)) for i in range(n)]


def prompts():
    shown = frames(9)
    return {
        "a video": [*shown[:4], QUESTION],
        "an odd number of frames": [*shown[:3], QUESTION],
        "frames and texts in turn": [shown[0], "brows rise.", shown[1], "nothing.", QUESTION],
        "two videos": [*shown[:2], "nothing.", *shown[2:6], QUESTION],
        "one frame": [shown[8], QUESTION],
        "no frame": [QUESTION],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("remote") / "tiny"
    save_remote(made)
    return made


@pytest.fixture(scope="module", autouse=True)
def python(tmp_path_factory):
    file = write_python(tmp_path_factory.mktemp("python") / "python")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PYTHON, str(file))
        patch.setenv("GEMINI_API_KEY", "a-secret")
        yield file


@pytest.fixture(scope="module")
def system(folder):
    system = load_system(ALLOWED, folder)
    yield system
    system.close()
    assert system.process.returncode is not None


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """The same weights by the class of transformers, in this process."""
    folder = tmp_path_factory.mktemp("native") / "tiny"
    save_tiny("qwen2.5-vl", folder)
    return load_system({**ROW, "family": "qwen2.5-vl"}, folder)


@pytest.mark.parametrize("name", prompts())
def test_it_answers_as_the_same_weights_do_in_this_process(system, native, name):
    parts = prompts()[name]
    ours, expected = (one.answer(parts, CLASSES, 6) for one in (system, native))
    assert ours.scores == pytest.approx(expected.scores, abs=ROUNDING)
    assert (ours.text, ours.tokens, ours.frames) == (expected.text, expected.tokens, expected.frames)
    assert ours.cut == expected.cut
    assert system.say(parts, 6) == ours.text


@pytest.mark.parametrize("name", prompts())
def test_frames_of_a_video_are_enlarged_as_in_this_process(system, native, monkeypatch, name):
    monkeypatch.setattr(system, "min_pixels", 168 * 168)
    enlarging = Encoder(native.processor, native.family, native.turn, 168 * 168, native.vision.knows)
    monkeypatch.setattr(native, "encoder", enlarging)
    parts = prompts()[name]
    ours, expected = (one.answer(parts, CLASSES, 3) for one in (system, native))
    assert ours.scores == pytest.approx(expected.scores, abs=ROUNDING) and ours.tokens == expected.tokens


def test_a_prompt_longer_than_the_context_fails_or_is_cut_as_in_this_process(system, native, monkeypatch):
    assert system.context == native.context == 4096
    parts = [*frames(9), QUESTION]
    whole = native.answer(parts, CLASSES, 6).tokens + 6
    for one in (system, native):
        monkeypatch.setattr(one, "context", whole - 1)
    ours, expected = (one.answer(parts, CLASSES, 6) for one in (system, native))
    assert ours == expected
    assert ours.failure == f"prompt and answer take {whole} tokens, and the model's context is {whole - 1}"
    with pytest.raises(NoReplyError, match="and the model's context is"):
        system.say(parts, 6)
    for one in (system, native):
        monkeypatch.setattr(one, "on_overflow", "fewer_frames")
    ours, expected = (one.answer(parts, CLASSES, 6) for one in (system, native))
    assert ours.scores == pytest.approx(expected.scores, abs=ROUNDING)
    assert (ours.frames, ours.tokens, ours.text) == (8, expected.tokens, expected.text) and expected.frames == 8


def test_a_model_that_thinks_before_it_answers_is_refused_unless_a_switch_turns_that_off(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "thinks")
    template = tmp_path / "thinks/chat_template.jinja"
    usual = template.read_text()
    opened = "{% if add_generation_prompt %}<think>{% endif %}"
    template.write_text(usual + opened)
    with pytest.raises(StudyError, match="its own code fails: ValueError: its chat template opens a thought"):
        load_system(ALLOWED, tmp_path / "thinks")
    template.write_text(usual + opened.replace("%}<", " and enable_thinking is not false %}<"))
    assert load_system(ALLOWED, tmp_path / "thinks").answer([QUESTION], CLASSES, 1).scores


def test_it_counts_the_tokens_of_labels_as_the_same_weights_do_in_this_process(system, native):
    assert system.label_tokens(CLASSES) == native.label_tokens(CLASSES)
    assert system.answer([QUESTION], CLASSES, 1).text == native.answer([QUESTION], CLASSES, 1).text  # it goes on


def test_the_order_and_the_times_of_frames_reach_the_model(system):
    first, second, *others = frames(4)
    ordered, swapped, slow = (
        system.answer([*shown, QUESTION], CLASSES, 1)
        for shown in ([first, second, *others], [second, first, *others], frames(4, gap_s=2.0))
    )
    assert max(abs(ordered.scores[c] - swapped.scores[c]) for c in CLASSES) > 10 * ROUNDING
    assert max(abs(ordered.scores[c] - slow.scores[c]) for c in CLASSES) > 10 * ROUNDING


def test_visual_tokens_follow_the_formula_within_the_rows_limits(system, monkeypatch):
    bare = system.answer([QUESTION], CLASSES, 1).tokens
    monkeypatch.setattr(system, "frames", 5)
    monkeypatch.setattr(system, "pixels", 56)
    reply = system.answer([*frames(9, side=112), QUESTION], CLASSES, 1)
    assert (reply.frames, reply.tokens) == (5, bare + 3 * (56 // 28) ** 2 + 2)  # pairs of frames; two markers


def test_by_default_nothing_of_it_runs(folder, capfd):
    with pytest.raises(StudyError, match=r"nobody has allowed that.*whatever you can") as refused:
        load_system(ROW, folder)
    assert f"allow_remote_code: {{tiny: {code_pin(folder)}}}" in str(refused.value)
    assert "the code that came with the weights" not in capfd.readouterr().err


def test_code_that_has_changed_since_it_was_allowed_does_not_run(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "edited")
    with open(tmp_path / "edited/modeling_tiny.py", "a") as code:
        code.write("\n")
    with pytest.raises(StudyError, match="it has changed since"):
        load_system(ALLOWED, tmp_path / "edited")
    (tmp_path / "edited/modeling_tiny.py").write_bytes((folder / "modeling_tiny.py").read_bytes())
    (tmp_path / "edited/more").mkdir()
    (tmp_path / "edited/more/code.py").write_text("")
    with pytest.raises(StudyError, match="it has changed since"):
        load_system(ALLOWED, tmp_path / "edited")


def test_it_runs_in_another_process_that_is_given_no_keys_and_prints_to_the_log(folder, capfd):
    system = load_system(ALLOWED, folder)
    said, error = capfd.readouterr()
    assert f"runs in {system.process.pid} and sees" in error and said == ""
    assert "PATH" in error and "GEMINI_API_KEY" not in error
    assert not [name for name in sys.modules if "modeling_tiny" in name]
    home = Path(system.home.name)
    system.process.kill()
    with pytest.raises(StudyError, match="its process has ended with code -9"):
        system.say([QUESTION], 2)
    system.close()
    del system
    assert not home.exists()


def test_what_goes_wrong_there_is_an_error_for_people(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "torn")
    weights = load_file(tmp_path / "torn/model.safetensors")
    save_file({k: v for k, v in weights.items() if k != "gatenet.bias"}, tmp_path / "torn/model.safetensors")
    with pytest.raises(StudyError, match=r"its own code fails: .*weights do not fit the code, gatenet\.bias"):
        load_system(ALLOWED, tmp_path / "torn")
    monkeypatch.delenv(PYTHON)
    with pytest.raises(StudyError, match=r"conda env create --prefix \.remote/tiny --file envs/remote/tiny\.yaml"):
        load_system(ALLOWED, folder)


def test_only_a_system_with_code_of_its_own_can_be_allowed_any(monkeypatch):
    monkeypatch.chdir(ROOT)
    tiny = read_config(ROOT, ["config/quick.yaml", "config/paper.yaml", "config/paper-tiny.yaml"])
    assert load_study(tiny).config.allow_remote_code == {"emotion-qwen": code_pin(CODE)}
    with pytest.raises(StudyError, match="config, key allow_remote_code: qwen3-vl runs no code but this study's"):
        load_study({**tiny, "allow_remote_code": {"qwen3-vl": code_pin(CODE)}})
    assert "allow_remote_code" not in read_config(ROOT, ["config/paper.yaml"])


def test_it_is_fetched_with_its_code_and_pinned(folder, tmp_path):
    out = tmp_path / "models/tiny/fetched.json"

    def fetch(**params):
        return run_script("fetch_weights", outputs={"fetched": out}, params=params)

    config = str(folder / "config.json")
    assert fetch(file=config).returncode == 0
    fetched = json.loads(out.read_text())
    assert {"config.json", "model.safetensors", "modeling_tiny.py", "processing_tiny.py"} <= set(fetched["files"])
    assert code_pin(out.parent) == code_pin(folder)
    assert "should be " + "0" * 64 in fetch(file=config, sha256="0" * 64).stderr
    assert fetch(file=config, sha256=fetched["sha256"]).returncode == 0
    assert "no model in safetensors there" in fetch(file=str(tmp_path / "nowhere/config.json")).stderr
    assert fingerprint_of(ALLOWED, out.parent) != fingerprint_of(ROW, out.parent)
