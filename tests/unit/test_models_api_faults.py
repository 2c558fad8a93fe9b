"""What comes of the errors of real servers: a failed row of one clip, a clip for the next run, or a stop.

The vendors' real clients talk HTTP to a server on this machine, which answers with the words of real ones.
"""

import json
import time

import pytest
from tests.study_tables import ROOT
from tests.unit.served import CLASSES, FAMILIES, KEY, answers_of, clip_in, noise, texts_of, write_shard

from emovlm.core.errors import StudyError
from emovlm.models.asking import AT_FIRST, IN_A_ROW

ONE = "d/1"  # the clip that an error is about


def said(message, status=400, code=None, param=None, **more):
    """An error of chat completions."""
    return {"status": status, "body": {"error": {"message": message, "code": code, "param": param, **more}}}


def google(message, status=400, name="INVALID_ARGUMENT", *details):
    """An error of the Gemini API."""
    return {"status": status, "body": {"error": {"code": status, "message": message, "status": name,
                                                 "details": list(details)}}}  # fmt: skip


def quota(name):
    kind = "type.googleapis.com/google.rpc.QuotaFailure"
    return {"@type": kind, "violations": [{"quotaMetric": "x/generate_requests", "quotaId": name}]}


def reason(word):
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": word, "domain": "googleapis.com"}


def retry(delay):
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def field(name):
    violation = {"field": name, "description": "it is not allowed"}
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def of(clip, fault):
    """The fault of one clip."""
    return lambda request: fault if clip_in(request) == clip else None


def asked(server):
    return [clip_in(request) for request in server.requests]


def written(folder):
    """All that lies in a folder, but for frames."""
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".safetensors").decode()


OF_CLIP = [
    ("openai", said("maximum context length is 4096 tokens, requested 5120", code="context_length_exceeded"),
     "maximum context length is 4096 tokens"),
    ("openai", said("request entity too large", 413), "HTTP 413: request entity too large"),
    ("openai", {"status": 413, "body": "<html><head><title>413 Request Entity Too Large</title></head></html>"},
     "HTTP 413: 413 Request Entity Too Large"),
    ("openai", said("This model's maximum context length is 32768 tokens. However, you requested 40016 tokens in the "
                    "messages, Please reduce the length of the messages.", type="BadRequestError"), "32768 tokens"),
    ("openai", {"status": 400, "body": {"object": "error", "message": "The decoder prompt (length 5120) is longer than "
                                        "the maximum model length of 4096.", "type": "BadRequestError", "code": 400}},
     "The decoder prompt"),
    ("openai", said("'max_tokens' or 'max_completion_tokens' is too large: 16. This model's maximum context length is "
                    "4096 tokens and your request has 4090 input tokens", param="max_tokens"), "4090 input tokens"),
    ("openai", said("max_tokens must be at least 1, got -1024."), "got -1024"),
    ("openai", said("The input (85050 tokens) is longer than the model's context length (32768 tokens)."), "85050"),
    ("openai", {"status": 422, "body": {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be "
                                        "<= 4096. Given: 5000", "error_type": "validation"}}, "Given: 5000"),
    ("openai", said("the request exceeds the available context size, try increasing it",
                    type="exceed_context_size_error"), "available context size"),
    ("openai", said("Provider returned error", metadata={"raw": json.dumps(
        {"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}})}), "prompt is too long: 210000"),
    ("openai", said("At most 8 image(s) may be provided in one request"), "At most 8 image"),
    ("openai", said("You set image=8 (or defaulted to 1) in `--limit-mm-per-prompt`, but passed 10 image items in the "
                    "same prompt."), "passed 10 image items"),
    ("openai", said("Too many images in request. Max is 50."), "Max is 50"),
    ("openai", said("Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 35222.", 429,
                    "rate_limit_exceeded"), "HTTP 429: Request too large"),
    ("openai", said("Input token count exceeds the limit", 403), "HTTP 403"),
    ("openai", said("litellm.ContextWindowExceededError: maximum context length is 4096", 500), "HTTP 500"),
    ("openai", said("Failed to load image: cannot identify image file"), "cannot identify image file"),
    ("openai", said("You uploaded an unsupported image.", code="invalid_image_format"), "unsupported image"),
    ("openai", {"status": 400, "body": {"detail": "something about this"}}, "something about this"),
    ("openai", {"status": 400, "body": "plain words"}, "plain words"),
    ("gemini", google("The input token count (2551556) exceeds the maximum number of tokens allowed (1048576)."),
     "The input token count"),
    ("gemini", google("Request payload size exceeds the limit: 20971520 bytes."), "20971520"),
    ("gemini", google("Unable to process input image. Please retry or report in the documentation."), "input image"),
    ("gemini", google("Please use fewer than 16 images in your request to models/gemini-1.0-pro-vision"), "fewer than"),
    ("gemini", google("Request contains an invalid argument."), "HTTP 400: Request contains an invalid argument"),
    ("gemini", {"status": 413, "body": "Payload Too Large"}, "HTTP 413: Payload Too Large"),
]  # fmt: skip


@pytest.mark.parametrize("clip", ["d/0", "d/3"])
@pytest.mark.parametrize(("family", "fault", "words"), OF_CLIP)
def test_an_error_of_one_clip_is_its_failed_row_with_the_words_and_the_others_are_asked(
    server, load, shard, tmp_path, family, fault, words, clip
):
    server.fault = of(clip, fault)
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert found.loc[clip, "status"] == "failed" and words in found.loc[clip, "reason"]
    assert not found["refused"].any() and (found.drop(clip)["status"] == "ok").all()
    assert asked(server) == ["d/0", "d/1", "d/2", "d/3"]
    again = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert again.equals(found) and len(server.requests) == 4


BLOCKED = [
    ("openai", said("The response was filtered due to Azure OpenAI's content management policy.", code="content_filter",
                    innererror={"code": "ResponsibleAIPolicyViolation"}), "content_filter"),
    ("openai", said("Input data may contain inappropriate content.", code="data_inspection_failed"),
     "data_inspection_failed"),
    ("openai", said("Your request was rejected as a result of our safety system."), "safety system"),
    ("openai", said("This model requires moderation. Your input was flagged for violence.", 403), "flagged"),
    ("openai", {"status": 200, "end": "content_filter", "content": ""}, "content_filter"),
    ("openai", {"status": 200, "end": "stop", "content": [{"type": "refusal", "refusal": "I cannot."}]}, "refusal"),
    *(("gemini", {"status": 200, "body": {"promptFeedback": {"blockReason": word}}}, word)
      for word in ("SAFETY", "OTHER", "PROHIBITED_CONTENT", "A_NEW_ONE")),
    *(("gemini", {"status": 200, "end": word, "content": []}, word)
      for word in ("SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII")),
]  # fmt: skip


@pytest.mark.parametrize(("family", "fault", "words"), BLOCKED)
def test_a_clip_that_is_blocked_is_a_refusal_and_the_others_are_asked(
    server, load, shard, tmp_path, family, fault, words
):
    server.fault = of(ONE, fault)
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert found["refused"].tolist() == [False, True, False, False]
    assert found.loc[ONE, "reason"].startswith("refused: ") and words in found.loc[ONE, "reason"]
    assert len(server.requests) == 4


PASSING = [
    ("openai", said("internal", 500)),
    ("openai", said("Service Unavailable: overloaded, request timeout exceeded", 503)),
    ("openai", said("upstream", 529)),
    ("openai", said("Rate limit reached for gpt-x in organization org-x on requests per min (RPM): Limit 3, Used 3. "
                    "You can increase your limit at https://platform.openai.com/account/billing.", 429)),
    ("openai", {"status": 502, "body": "<html>Bad Gateway</html>"}),
    ("openai", {"status": 200, "body": {"error": {"message": "provider returned error", "code": 502}}}),
    ("openai", {"status": 200, "body": {"error": {"message": "provider returned error", "code": 400}}}),
    ("openai", {"status": 200, "body": {"error": {"message": "no code"}, "choices": None}}),
    ("openai", {"status": 200, "body": {"object": "error", "message": "out of memory", "code": 50002}}),
    ("openai", {"status": 200, "end": "error", "content": "fe", "more": {"error": {"message": "cut off"}}}),
    ("openai", {"status": 200, "body": {"choices": [{"error": {"code": 502, "message": "died"}, "message": {}}]}}),
    *(("openai", {"status": 200, "end": end, "content": content})
      for end, content in (("abort", ""), ("error", "fe"), ("cancelled", None), ("insufficient_system_resource", ""))),
    ("openai", {"status": 200, "body": "[]"}),
    ("openai", {"status": 200, "body": ""}),
    ("gemini", google("An internal error has occurred.", 500, "INTERNAL")),
    ("gemini", google("The model is overloaded. Please try again later.", 503, "UNAVAILABLE")),
    ("gemini", google("Deadline expired before operation could complete.", 504, "DEADLINE_EXCEEDED")),
    ("gemini", google("You exceeded your current quota, please check your plan and billing details. For more: see.\n"
                      "* Quota exceeded for metric: x, limit: 10", 429, "RESOURCE_EXHAUSTED",
                      quota("GenerateRequestsPerMinutePerProjectPerModel"), retry("20.2s"))),
    ("gemini", {"status": 200, "body": {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}}),
    ("gemini", {"status": 200, "body": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "fault"), PASSING)
def test_a_passing_error_is_asked_again_and_the_healthy_answer_is_the_answer(
    server, load, shard, tmp_path, family, fault
):
    faults = [fault]
    server.fault = lambda request: faults.pop() if faults and clip_in(request) == ONE else None
    server.script = ["say:fear"] * 4
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert found["prediction"].tolist() == ["fear"] * 4 and not found["refused"].any()
    assert asked(server) == ["d/0", "d/1", "d/1", "d/2", "d/3"]
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize(("family", "fault"), PASSING)
def test_an_error_of_the_server_that_stays_leaves_its_clip_for_the_next_run(
    server, load, shard, tmp_path, family, fault
):
    server.fault = of(ONE, fault)
    with pytest.raises(StudyError, match=r"served: 1 clip is unanswered \(d/1: no reply in 3 attempts.*kept. Run"):
        answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert asked(server) == ["d/0", "d/1", "d/1", "d/1", "d/2", "d/3"]
    server.fault, server.requests[:] = (lambda request: None), []
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert asked(server) == ["d/1"] and (found["status"] == "ok").all()


WHOLE = [
    ("openai", said("invalid api key", 401), "refuses the key of SERVED_KEY"),
    ("openai", said("Incorrect API key provided: KEY", 400, "invalid_api_key"), "refuses the key of SERVED_KEY"),
    ("openai", said("The model `some-model` does not exist", 404, "model_not_found"), "column weights"),
    ("openai", said("invalid model ID"), "column weights"),
    ("openai", said("You exceeded your current quota", 429, "insufficient_quota"), "exceeded your current quota"),
    ("openai", said("This request requires more credits", 402), "requires more credits"),
    ("openai", said("Rate limit reached on requests per day (RPD): Limit 200, Used 200", 429), "requests per day"),
    ("openai", said("Rate limit exceeded: free-models-per-day.", 429), "free-models-per-day"),
    ("openai", said("Country not supported", 403), "Country not supported"),
    ("openai", said("Your account was flagged for violating our usage policies", 403), "account was flagged"),
    ("openai", {"status": 200, "body": {"error": {"message": "Insufficient credits", "code": 402}}}, "credits"),
    ("openai", {"status": 429, "body": {"error": {"message": "slow"}}, "headers": {"Retry-After": "7200"}}, "7200 sec"),
    ("gemini", google("API key not valid. Please pass a valid API key.", 400, "INVALID_ARGUMENT",
                      reason("API_KEY_INVALID")), "refuses the key of SERVED_KEY"),
    ("gemini", google("Your API key was reported as leaked. Please use another API key.", 403, "PERMISSION_DENIED"),
     "reported as leaked"),
    ("gemini", google("models/some-model is not found for API version v1beta", 404, "NOT_FOUND"), "column weights"),
    ("gemini", google("User location is not supported for the API use.", 400, "FAILED_PRECONDITION"), "User location"),
    ("gemini", google("You exceeded your current quota, please check your plan and billing details.", 429,
                      "RESOURCE_EXHAUSTED", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
                      retry("20.2s")), "exceeded your current quota"),
    ("gemini", google("* Quota exceeded for metric: x/free_tier_requests, limit: 0, model: m", 429,
                      "RESOURCE_EXHAUSTED"), "limit: 0"),
    ("gemini", {"status": 200, "end": "PUP_LIMITED_DISABLED", "content": []}, "account is limited"),
]  # fmt: skip


@pytest.mark.parametrize(("family", "fault", "words"), WHOLE)
def test_an_error_of_the_whole_configuration_stops_the_job_at_once(server, load, shard, tmp_path, family, fault, words):
    server.script = ["say:fear"]
    server.fault = lambda request: None if clip_in(request) == "d/0" else fault
    with pytest.raises(StudyError) as error:
        answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert words in str(error.value) and "Every answer so far is kept" in str(error.value)
    assert KEY not in str(error.value) and len(server.requests) == 2
    server.fault, server.requests[:] = (lambda request: None), []
    assert (answers_of(load(family), shard, tmp_path / "a.jsonl")["status"] == "ok").all()
    assert asked(server) == ["d/1", "d/2", "d/3"]


def sends(name):
    """Whether a request has a parameter."""
    return lambda body: name in {**body, **body.get("generationConfig", {})}


PARAMETERS = [
    ("openai", said("Unsupported value: 'temperature' does not support 0", param="temperature"), "temperature",
     {"temperature": "default"}, "Write default in column temperature of the row of served"),
    ("openai", said("`temperature` is deprecated for this model."), "temperature", {"temperature": "default"},
     "column temperature"),
    ("openai", {"status": 422, "body": {"error": "Input validation error: `temperature` must be strictly positive"}},
     "temperature", {"temperature": "default"}, "column temperature"),
    ("openai", said("Unsupported parameter: 'max_tokens'; use 'max_completion_tokens'", param="max_tokens"),
     "max_tokens", {"length_parameter": "max_completion_tokens"}, "Write max_completion_tokens in column length_param"),
    ("openai", said("Unrecognized request argument supplied: max_completion_tokens"), "max_completion_tokens",
     {"length_parameter": "max_tokens"}, "Write max_tokens in column length_parameter of the row of served"),
    ("openai", {"status": 422, "body": {"detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"],
                                                    "msg": "Extra inputs are not permitted"}]}},
     "max_completion_tokens", {"length_parameter": "max_tokens"}, "Write max_tokens in column length_parameter"),
    ("openai", {"status": 422, "body": {"object": "error", "message": {"detail": [
        {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}}},
     "seed", {"seed": "default"}, "Write default in column seed"),
    ("openai", said("max_tokens is too large: 16. This model supports at most 8 completion tokens", param="max_tokens"),
     "", None, "Change max_new_tokens in the config"),
    ("gemini", google("Unable to submit: seed is not supported by this model."), "seed", {"seed": "default"},
     "Write default in column seed"),
    ("gemini", google("Invalid value", 400, "INVALID_ARGUMENT", field("generation_config.temperature")), "temperature",
     {"temperature": "default"}, "Write default in column temperature"),
    ("gemini", google("Budget 0 is invalid. This model only works in thinking mode."), "thinkingConfig",
     {"thinking_budget": None}, "Change column thinking_budget"),
    ("gemini", google("Invalid JSON payload received. Unknown name \"thinkingConfig\" at 'generation_config'"),
     "thinkingConfig", {"thinking_budget": None}, "Change column thinking_budget"),
    ("gemini", google("it has a maxOutputTokens value of 16 but the supported range is from 20 to 8193"), "", None,
     "Change max_new_tokens in the config"),
]  # fmt: skip


@pytest.mark.parametrize(("family", "fault", "name", "cure", "words"), PARAMETERS)
def test_a_refused_parameter_stops_the_job_with_the_setting_to_change_and_with_that_answers_come(
    server, load, shard, tmp_path, family, fault, name, cure, words
):
    sick = {"length_parameter": "max_tokens"} if name == "max_tokens" else {}
    sick |= {"thinking_budget": 0} if family == "gemini" else {}
    server.fault = lambda request: fault if not name or sends(name)(request["body"]) else None
    with pytest.raises(StudyError) as error:
        answers_of(load(family, sick), shard, tmp_path / "a.jsonl", **sick)
    assert words in str(error.value) and len(server.requests) == 1
    if cure:
        found = answers_of(load(family, sick | cure), shard, tmp_path / "a.jsonl", **(sick | cure))
        assert (found["status"] == "ok").all() and len(server.requests) == 5


def test_the_docs_name_the_limits():
    text = " ".join((ROOT / "docs/how-to/api-systems.md").read_text(encoding="utf-8").split())
    assert f"After {IN_A_ROW} clips in a row without an answer" in text
    assert f"If the first {AT_FIRST} clips that are asked all get one" in text


UNCLEAR = {
    "openai": said("This does not look right"),
    "gemini": google("Request contains an invalid argument."),
}


@FAMILIES
def test_an_unclear_400_that_the_first_clips_all_get_is_the_configurations(server, load, shard, tmp_path, family):
    server.fault = lambda request: UNCLEAR[family]
    with pytest.raises(StudyError, match=f"refuses the first {AT_FIRST} clips .* about the configuration .*HTTP 400"):
        answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert len(server.requests) == AT_FIRST == 3 and (tmp_path / "a.jsonl").read_text() == ""


@FAMILIES
def test_an_unclear_400_that_another_clip_does_not_get_is_the_clips(server, load, shard, tmp_path, family):
    server.fault = lambda request: UNCLEAR[family] if clip_in(request) in ("d/0", "d/1", "d/3") else None
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert found["status"].tolist() == ["failed", "failed", "ok", "failed"] and len(server.requests) == 4


def test_of_a_single_clip_earlier_answers_under_the_same_settings_tell(server, load, tmp_path):
    few = write_shard(tmp_path, [3])
    server.fault = lambda request: UNCLEAR["openai"]
    for _ in range(2):
        with pytest.raises(
            StudyError, match=r"1 clip is unanswered; none .* is wrong \(d/0: the server does not take this: HTTP 400"
        ):
            answers_of(load(), few, tmp_path / "a.jsonl")
    server.fault = lambda request: None
    load(row={"temperature": 1.0}).answer([noise(7), "What?"], CLASSES, 16)  # under other settings
    server.fault = lambda request: UNCLEAR["openai"]
    with pytest.raises(StudyError, match="1 clip is unanswered"):
        answers_of(load(), few, tmp_path / "a.jsonl")
    server.fault = lambda request: None
    load().answer([noise(7), "What?"], CLASSES, 16)
    server.fault = lambda request: UNCLEAR["openai"]
    assert "HTTP 400" in answers_of(load(), few, tmp_path / "a.jsonl").loc["d/0", "reason"]


def test_a_picture_that_no_clip_may_have_names_the_column_of_its_format(server, load, shard, tmp_path):
    server.fault = lambda request: google("Unsupported MIME type: image/webp")
    with pytest.raises(StudyError, match="takes images of column image_format of the row of served in the systems"):
        answers_of(load("gemini", {"image_format": "webp"}), shard, tmp_path / "a.jsonl")


@pytest.mark.parametrize("message", ["At most 0 image(s) may be provided in one request", "not a multimodal model"])
def test_a_server_that_takes_no_image_at_all_stops_the_job(server, load, shard, tmp_path, message):
    server.fault = lambda request: said(message)
    with pytest.raises(StudyError, match="about the configuration"):
        answers_of(load(), shard, tmp_path / "a.jsonl")


@pytest.mark.parametrize(("family", "fault"), [PASSING[0], PASSING[16], ("openai", None)])
def test_a_server_that_is_down_stops_the_job_after_some_clips_and_not_after_the_budget(
    server, load, tmp_path, family, fault
):
    many = write_shard(tmp_path, [1] * 12)
    access = {} if fault else {"base_url": "http://127.0.0.1:9/v1"}
    server.fault = lambda request: fault if clip_in(request) > "d/1" else None
    system = load(family, **access)
    with pytest.raises(StudyError, match=f"{IN_A_ROW} clips are unanswered, the last {IN_A_ROW} in a row"):
        answers_of(system, many, tmp_path / "a.jsonl")
    assert system.ledger.spent()["requests"] == IN_A_ROW * 3 + (2 if fault else 0)


def test_clips_that_are_answered_between_failures_keep_the_job_going(server, load, tmp_path):
    many = write_shard(tmp_path, [1] * 12)
    server.fault = lambda request: said("internal", 500) if int(clip_in(request)[2:]) % 3 else None
    with pytest.raises(StudyError, match="8 clips are unanswered"):
        answers_of(load(), many, tmp_path / "a.jsonl")


@pytest.mark.parametrize(("family", "fault", "words"), [OF_CLIP[0], OF_CLIP[-2], BLOCKED[0]])
def test_a_text_that_cannot_be_written_fails_its_clip_and_the_others_are_written(
    server, load, shard, tmp_path, family, fault, words
):
    server.fault = of(ONE, fault)
    texts = texts_of(load(family), shard, tmp_path / "t.jsonl")
    assert texts["reason"].notna().tolist() == [clip == ONE for clip, _ in texts.index]
    assert words in texts.loc[(ONE, 0), "reason"] and len(server.requests) == 12
    found = answers_of(load(family), shard, tmp_path / "a.jsonl", texts.reset_index(), "msce")
    assert found["status"].tolist() == ["ok", "failed", "ok", "ok"]
    assert found.loc[ONE, "reason"].startswith("no text for gap 0: ") and words in found.loc[ONE, "reason"]


def test_texts_that_stay_unanswered_are_left_for_the_next_run_and_a_dead_server_stops(server, load, shard, tmp_path):
    server.fault = of(ONE, said("internal", 500))
    with pytest.raises(StudyError, match=r"3 texts are unanswered \(d/1, gap 2: no reply in 3 attempts"):
        texts_of(load(), shard, tmp_path / "t.jsonl")
    assert len(server.requests) == 9 + 3 * 3
    server.fault, server.requests[:] = (lambda request: None), []
    assert texts_of(load(), shard, tmp_path / "t.jsonl")["reason"].isna().all() and asked(server) == [ONE] * 3
    server.fault = lambda request: said("internal", 500)
    with pytest.raises(StudyError, match=f"the last {IN_A_ROW} in a row"):
        texts_of(load(), shard, tmp_path / "u.jsonl")
    server.fault = lambda request: UNCLEAR["openai"]
    with pytest.raises(StudyError, match=f"the last {IN_A_ROW} in a row"):  # it has answered before
        texts_of(load(), shard, tmp_path / "v.jsonl")


ENDS = [
    *(("openai", end, "fear", "ok", False) for end in
      ("stop", "eos_token", "eos", "end_turn", "stop_sequence", "COMPLETE", "<|im_end|>", None)),
    *(("openai", end, "fear", "ok", True) for end in ("length", "max_tokens", "MAX_TOKENS", "model_length")),
    ("openai", "length", "", "the reply is empty (length)", True),
    *(("openai", end, "fear", f"the reply ended with '{end}', which is no end that is known here", False)
      for end in ("tool_calls", "somersault")),
    ("gemini", "STOP", "fear", "ok", False),
    ("gemini", "FINISH_REASON_UNSPECIFIED", "fear", "ok", False),
    ("gemini", "MAX_TOKENS", "fear", "ok", True),
    ("gemini", "MAX_TOKENS", "", "the reply is empty (MAX_TOKENS)", True),
    ("gemini", "UNEXPECTED_TOOL_CALL", "", "the reply ended with 'UNEXPECTED_TOOL_CALL', which is no end", False),
    ("gemini", "A_NEW_ONE", "fear", "the reply ended with 'A_NEW_ONE', which is no end that is known here", False),
]  # fmt: skip


@pytest.mark.parametrize(("family", "end", "text", "outcome", "cut"), ENDS)
def test_how_a_reply_ends_is_known_by_many_words_and_a_cut_one_is_marked(
    server, load, shard, tmp_path, family, end, text, outcome, cut
):
    content = [{"text": text}] if family == "gemini" else text
    server.fault = lambda request: {"status": 200, "end": end, "content": content}
    found = answers_of(load(family), shard, tmp_path / "a.jsonl")
    assert found["cut"].tolist() == [cut] * 4 and not found["refused"].any()
    kept = [json.loads(line)["answer"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [answer["cut"] for answer in kept] == [cut] * 4
    if outcome == "ok":
        assert found["prediction"].tolist() == ["fear"] * 4
    else:
        assert found["reason"].str.startswith(outcome).all() and (found["reply"] == text).all()


@pytest.mark.parametrize("end", ["OTHER", "MALFORMED_RESPONSE", "MALFORMED_FUNCTION_CALL"])
def test_an_end_without_a_reason_is_asked_again_and_if_it_stays_it_is_the_clips(server, load, shard, tmp_path, end):
    odd, once = {"status": 200, "end": end, "content": []}, ["d/0"]
    server.script = ["say:fear"] * 4

    def fault(request):
        clip = clip_in(request)
        return odd if clip == ONE or (clip in once and not once.remove(clip)) else None

    server.fault = fault
    system = load("gemini")
    found = answers_of(system, shard, tmp_path / "a.jsonl")
    assert found.loc[ONE, ["status", "reason"]].tolist() == ["failed", f"the reply ended with {end}"]
    assert found.drop(ONE)["prediction"].tolist() == ["fear"] * 3 and not found["refused"].any()
    assert asked(server) == ["d/0", "d/0", "d/1", "d/1", "d/1", "d/2", "d/3"]
    assert system.ledger.spent()["tokens"] == 7 * (3 * 258 + 10 + 2)  # each was counted by the server


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "fear"}], "fear"),
        ([{"type": "text", "text": "fe"}, {"type": "output_text", "text": "ar"}], "fear"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "anger?"}]}, {"text": "fear"}], "fear"),
        ([{"type": "reasoning", "text": "anger?"}, "fear"], "fear"),
        ([{"text": "anger?", "thought": True}, {"text": "fear"}], "fear"),
        ([], ""),
        ({"text": "fear"}, ""),
    ],
)  # fmt: skip
def test_a_reply_in_parts_is_its_texts_without_the_thoughts(server, load, shard, tmp_path, content, text):
    server.fault = lambda request: {"status": 200, "content": content}
    found = answers_of(load(), shard, tmp_path / "a.jsonl")
    assert found["reply"].tolist() == [text] * 4
    assert (found["prediction"].tolist() == ["fear"] * 4) == (text == "fear")


ECHOES = [
    *(("openai", said(f"sorry, KEY {words}", status, code)) for status, code, words in (
        (400, "context_length_exceeded", "is too long"), (400, None, "whatever"), (403, None, "forbidden"),
        (400, "content_filter", "filtered"), (400, None, "your input was flagged"), (404, None, "nowhere"),
        (429, "insufficient_quota", ""), (400, None, "temperature is unsupported"), (500, None, "internal"))),
    ("openai", said(f"key {KEY[:14]}**** is too long for the context length")),
    ("openai", {"status": 200, "content": "fear KEY", "more": {"model": "m-KEY"}}),
    ("openai", {"status": 200, "content": "fear", "end": "KEY"}),
    ("openai", {"status": 200, "body": {"error": {"message": "broken by KEY"}}}),
    ("openai", {"status": 200, "body": "KEY"}),
    ("gemini", google("The key KEY is too long: context length exceeds")),
    ("gemini", google("bad KEY", 400, "INVALID_ARGUMENT")),
    ("gemini", google("bad KEY", 500, "INTERNAL")),
    ("gemini", {"status": 200, "body": {"promptFeedback": {"blockReason": "KEY"}, "modelVersion": "KEY"}}),
    ("gemini", {"status": 200, "end": "KEY", "content": [{"text": "KEY"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "fault"), ECHOES)
def test_a_key_that_the_server_repeats_is_in_no_message_answer_or_ledger(server, load, shard, tmp_path, family, fault):
    for faulty in (of(ONE, fault), lambda request: fault):
        server.fault = faulty
        says = ""
        try:
            says = answers_of(load(family), shard, tmp_path / "a.jsonl").to_string()
        except StudyError as error:
            says = str(error)
        assert KEY[:14] not in says + written(tmp_path)
    assert all(KEY in json.dumps(request["headers"]) for request in server.requests)
