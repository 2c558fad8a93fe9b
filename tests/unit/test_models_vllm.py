"""Models behind a vLLM server: labels are scored and replies written as by the same model here.

``tests/vllm_model.py`` speaks vLLM's protocol with a real tiny model behind it; the real client talks HTTP to it.
"""

import pytest
from tests.tiny_models.saved import loaded, saved
from tests.unit.served import answers_of, noise, row_of, write_shard
from tests.vllm_model import VllmModel

from emovlm.core.codehash import PACKAGE, modules_of
from emovlm.core.errors import StudyError
from emovlm.models.fingerprint import code_of
from emovlm.models.vlm.families import FAMILIES

LABELS = ["anger", "fear", "happiness", "not sure"]
TOLERANCE = 1e-3  # nats: float32, and sums over prompts in another order
PROMPTS = {
    "one frame": [noise(1), "Which emotion?"],
    "frames between texts": [noise(1), "brows rise", noise(2), "nothing.", "Which emotion?"],
    "no frame": ["Which emotion?"],
}
FEW = {"requests_per_minute": 600_000, "budget": {"requests": 100_000}, "timeout_s": 60}


@pytest.fixture(scope="module", params=["qwen2.5-vl", "qwen3-vl", "internvl"])
def models(request, tmp_path_factory):
    """A family, and its tiny model here and served."""
    folder = saved(request.param, tmp_path_factory.mktemp(request.param))
    return loaded(request.param, folder), VllmModel(folder, images_as=FAMILIES[request.param].images)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return saved("qwen2.5-vl", tmp_path_factory.mktemp("served"))


def vllm(load, row=None, **access):
    return load("vllm", row, **{**FEW, **access})


@pytest.mark.parametrize("prompt", PROMPTS)
def test_scores_and_reply_are_those_of_the_same_model_here(server, load, models, prompt):
    here, server.fault = models
    there = vllm(load).answer(PROMPTS[prompt], LABELS, 8)
    expected = here.answer(PROMPTS[prompt], LABELS, 8)
    assert there.scores == pytest.approx(expected.scores, abs=TOLERANCE) and list(there.scores) == LABELS
    assert max(LABELS, key=there.scores.get) == max(LABELS, key=expected.scores.get)
    assert (there.text, there.cut, there.tokens, there.failure) == (expected.text, expected.cut, expected.tokens, "")
    assert len(server.requests) == 1 + len(LABELS) and there.model == "some-model"


def test_labels_have_as_many_tokens_as_here(server, load, models):
    here, server.fault = models
    there = vllm(load)
    assert there.label_tokens(LABELS) == here.label_tokens(LABELS)
    assert not there.answered_before  # a question without frames says nothing of clips


def test_what_is_asked_for_is_in_the_protocol(server, load, folder):
    server.fault = VllmModel(folder)
    vllm(load).answer(PROMPTS["frames between texts"], ["fear"], 8)
    reply, label = (request["body"] for request in server.requests)
    assert [part["type"] for part in reply["messages"][0]["content"]] == ["image_url", "text", "image_url", "text"]
    assert reply["messages"][0]["content"][-1]["text"] == "nothing.\nWhich emotion?"
    assert reply["return_token_ids"] and reply["temperature"] == 0 and "prompt_logprobs" not in reply
    assert label["messages"] == [*reply["messages"], {"role": "assistant", "content": "fear"}]
    wanted = {"prompt_logprobs": 0, "add_generation_prompt": False, "continue_final_message": True,
              "return_token_ids": True, "max_completion_tokens": 1}  # fmt: skip
    assert {key: label[key] for key in wanted} == wanted


DECISIONS = ["likelihood", "mean", "per-prior", "calibrated", "reply"]


def test_every_decision_is_that_of_the_same_model_here_and_of_one_request_at_a_time(server, load, folder, tmp_path):
    server.fault, clips = VllmModel(folder), write_shard(tmp_path, [1] * 4)
    here, many = loaded("qwen2.5-vl", folder), {"in_flight": 4}
    for decision in DECISIONS:
        expected = answers_of(here, clips, tmp_path / "here.jsonl", decision=decision)
        one = answers_of(vllm(load), clips, tmp_path / "one.jsonl", decision=decision, family="vllm")
        found = answers_of(vllm(load, many), clips, tmp_path / "many.jsonl", decision=decision, family="vllm", **many)
        assert found.equals(one)
        assert found["prediction"].equals(expected["prediction"]) and found["status"].equals(expected["status"])
        scores = [name for name in found if name.startswith("score_")]
        if decision != "reply":
            assert (found[scores] - expected[scores]).abs().max(axis=None) < TOLERANCE
    assert 1 < server.most_at_once <= 4


@pytest.mark.parametrize(
    ("leaves_out", "said"),
    [
        (("prompt_logprobs", "prompt_token_ids"), r"does not tell the tokens of a prompt \(return_token_ids\)"),
        (("prompt_token_ids",), r"does not tell the tokens of a prompt \(return_token_ids\)"),
        (("prompt_logprobs",), r"does not tell the log-probabilities of a prompt \(prompt_logprobs\)"),
    ],
)
def test_a_server_that_tells_no_log_probabilities_is_refused_and_it_is_said_what_to_do(
    server, load, folder, leaves_out, said
):
    server.fault = VllmModel(folder, leaves_out=leaves_out)
    todo = "Serve the model with vLLM 0.10.2 or newer, or .* write openai in column family of the row of served in the"
    with pytest.raises(StudyError, match=rf"system served: the server {said}\. {todo}"):
        vllm(load).answer(PROMPTS["one frame"], LABELS, 8)


def test_a_server_that_refuses_the_parameter_is_refused_too(server, load, shard, tmp_path):
    detail = [{"type": "extra_forbidden", "loc": ["body", "prompt_logprobs"], "msg": "Extra inputs are not permitted"}]
    server.fault = lambda request: {"status": 422, "body": {"detail": detail}}
    with pytest.raises(StudyError, match=r"Extra inputs are not permitted\. Serve the model with vLLM 0\.10\.2"):
        answers_of(vllm(load), shard, tmp_path / "a.jsonl", family="vllm")
    assert len(server.requests) == 1


def test_a_template_that_writes_something_else_before_given_answers_is_refused(server, load, tmp_path):
    """The tiny template of LLaVA-OneVision has a space more there."""
    server.fault = VllmModel(saved("llava-onevision", tmp_path))
    with pytest.raises(
        StudyError, match="'anger' cannot be scored, for its tokens do not follow those of the question"
    ):
        vllm(load).answer(["Which emotion?"], LABELS, 8)


def test_a_server_that_ends_the_turn_after_a_label_is_refused(server, load, folder):
    model = VllmModel(folder)

    def ends(request):
        request["body"].pop("continue_final_message", None)
        return model(request)

    server.fault = ends
    with pytest.raises(StudyError, match=r"'anger' cannot be scored, for the chat template makes 'anger<\|im_end\|>"):
        vllm(load).answer(["Which emotion?"], LABELS, 8)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"context": 60}, "This model's maximum context length is 60 tokens"),
        ({"images": 1}, "At most 1 image"),
    ],
)
def test_a_clip_that_the_server_does_not_take_is_a_failed_row(server, load, folder, tmp_path, limits, reason):
    server.fault, clips = VllmModel(folder, **limits), write_shard(tmp_path, [1, 4, 1])
    found = answers_of(vllm(load), clips, tmp_path / "a.jsonl", decision="likelihood", family="vllm")
    assert found["status"].tolist() == ["ok", "failed", "ok"] and reason in found.loc["d/1", "reason"]


def test_a_wrong_name_of_the_model_stops_the_job(server, load, folder):
    server.fault = VllmModel(folder, name="another")
    with pytest.raises(StudyError, match=r"The model `some-model` does not exist\. See whether the server has the m"):
        vllm(load).answer(["Which emotion?"], LABELS, 8)


def test_no_key_is_needed_and_a_budget_stops_between_the_requests_of_a_clip(server, load, folder, monkeypatch):
    monkeypatch.delenv("SERVED_KEY")
    server.fault = VllmModel(folder)
    system = vllm(load, key_variable=None, budget={"requests": 3})
    with pytest.raises(StudyError, match="3 of 3 requests are spent"):
        system.answer(["Which emotion?"], LABELS, 8)
    assert len(server.requests) == 3


def test_answers_hang_on_the_code_that_asks_for_scores_and_reads_them():
    assert code_of(row_of("vllm"), "one") == code_of(row_of("vllm"), "two") != code_of(row_of("openai"), "one")
    asked_by = modules_of(PACKAGE / "models/api/vllm_client.py")
    assert "emovlm.models.api.clients" in asked_by
    assert not {"emovlm.models.api.faults", "emovlm.models.api.api_system", "emovlm.models.asking"} & set(asked_by)
