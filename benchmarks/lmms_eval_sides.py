"""The two sides of ``benchmarks/lmms_eval.py``: processes with a loaded model that evaluate what they are told.

The first line on stdin names the model, each further line an evaluation, as JSON; each is answered by a line of JSON on
stdout. This file runs in both environments, and our process that decodes clips imports it again: it imports little.
"""

import hashlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

Work = Callable[[dict[str, Any]], dict[str, Any]]
COMMON = ("transformers", "torch")


def spent() -> tuple[float, float]:
    """CPU time of this process and of those that it has waited for, and wall time, in s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used), time.perf_counter()


class Watch:
    """Sums what calls of a function take: CPU and wall time in s."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            begun = spent()
            try:
                return function(*given, **named)
            finally:
                ended = spent()
                self.cpu, self.wall = self.cpu + ended[0] - begun[0], self.wall + ended[1] - begun[1]

        return call

    def told(self) -> dict[str, float]:
        return {"cpu": self.cpu, "wall": self.wall}


def digest(ids: Any, pixels: Any) -> str:
    """Hash of what a model is given: the tokens of a prompt, and its pixels to six digits after normalisation."""
    text = ",".join(map(str, ids.flatten().tolist()))
    values = (pixels.float() * 1e4).round().int().cpu().contiguous().numpy()
    return hashlib.sha256(text.encode() + values.tobytes()).hexdigest()


def loaded(order: dict[str, Any]) -> Any:
    """The model as lmms-eval loads it, kept from call to call, in the precision asked for: classes fix bfloat16."""
    import torch
    from lmms_eval.models import get_model

    arguments = ",".join(f"{name}={value}" for name, value in order["arguments"].items())
    lm = get_model(order["kind"]).create_from_arg_string(arguments, {"batch_size": 1, "device": "cpu"})
    lm._model = lm._model.to(getattr(torch, order["dtype"])).eval()
    for name, value in order["later"].items():
        setattr(lm, name, value)
    lm.clean = lambda: None  # lets the model go at the end of each call
    return lm


def evaluated(lm: Any, manager: Any, order: dict[str, Any]) -> dict[str, Any]:
    """Evaluate tasks in one call; ``whole``: of lmms-eval's ``evaluate``, ``answers``: of the model's class in it."""
    from lmms_eval import evaluator

    lm.batch_size_per_gpu = order["batch"]
    whole, answers, seen, replies = Watch(), Watch(), [], {}
    evaluate, answer, generate = evaluator.evaluate, type(lm).generate_until, lm.model.generate

    def kept(requests: list[Any]) -> list[Any]:
        found = answer(lm, requests)
        for request, reply in zip(requests, found, strict=True):
            replies.setdefault(request.task_name, {})[request.doc_id] = getattr(reply, "text", reply).strip()
        return found

    def shown(**inputs: Any) -> Any:
        seen.append(digest(inputs["input_ids"], inputs.get("pixel_values_videos", inputs.get("pixel_values"))))
        return generate(**inputs)

    evaluator.evaluate, lm.generate_until = whole.watched(evaluate), answers.watched(kept)
    lm.model.generate = shown if order.get("look") else generate
    begun = spent()
    try:
        evaluator.simple_evaluate(
            lm, tasks=order["tasks"], task_manager=manager, batch_size=order["batch"], bootstrap_iters=0,
            log_samples=False,
        )  # fmt: skip
    finally:
        evaluator.evaluate, lm.model.generate = evaluate, generate
        del lm.generate_until
    ended = spent()
    everything = {"cpu": ended[0] - begun[0], "wall": ended[1] - begun[1]}
    parts = {"whole": whole.told(), "answers": answers.told(), "with_tasks": everything}
    return {**parts, "seen": seen, "replies": {task: [of[k] for k in sorted(of)] for task, of in replies.items()}}


def serve(load: Callable[[dict[str, Any]], Work], packages: tuple[str, ...]) -> None:
    """Load what the first line asks for, then answer each further one.

    Args:
        load: of the first line, returns what answers the others.
        packages: whose versions are told, beside those of both sides.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print
    work = load(json.loads(sys.stdin.readline()))
    told = {"cpu": spent()[0], "versions": {name: version(name) for name in (*packages, *COMMON)}}
    print(json.dumps(told), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(work(json.loads(line))), file=answers, flush=True)


def load_lmms_eval(order: dict[str, Any]) -> Work:
    """lmms-eval's model and the index of its tasks; the work evaluates some of them."""
    import emovlm.models.torch_setup  # noqa: F401, makes torchvision importable beside a CPU build of torch  # isort: skip
    from lmms_eval.tasks import TaskManager

    lm = loaded(order)
    manager = TaskManager("WARNING", include_path=order["tasks"], include_defaults=False, model_name=order["kind"])

    def work(asked: dict[str, Any]) -> dict[str, Any]:
        return evaluated(lm, manager, asked)

    return work


def load_ours(order: dict[str, Any]) -> Work:
    """This project's model; the work evaluates conditions, from clips to tables, with nothing kept from before."""
    from emovlm.models.loading import load_system
    from emovlm.models.vlm import encoding, vision
    from emovlm.models.vlm.batches import CPU_TOKENS, PROMPTS, Limits
    from emovlm.standalone import evaluate as module
    from emovlm.standalone.given_model import find_model

    settings = {"dtype": order["dtype"]}
    found = find_model(order["model"], order["classes"], **settings)
    system = load_system(found.row, found.folder)
    module.load_system = lambda row, folder: system
    asking, encode, decode = module._Asking, encoding.encode, module.decode
    sampled, answered = asking.sample, asking.answers

    def work(asked: dict[str, Any]) -> dict[str, Any]:
        os.environ[vision.MEMORY] = asked["memory"]
        system.vision = vision.Vision(system.model, system.family)
        system.encoder = encoding.Encoder(system.processor, system.family, system.turn, None, system.vision.knows)
        system.limits = Limits(PROMPTS, asked["tokens"] or CPU_TOKENS)
        whole, answers, seen = Watch(), Watch(), []

        def shown(*given: Any, **named: Any) -> Any:
            made = encode(*given, **named)
            pixels = made["pixel_values_videos"] if "pixel_values_videos" in made else made["pixel_values"]
            seen.append(digest(made["input_ids"], pixels))
            return made

        encoding.encode = shown if asked.get("look") else encode
        module.decode = answers.watched(decode)
        asking.sample, asking.answers = answers.watched(sampled), answers.watched(answered)
        with tempfile.TemporaryDirectory() as folder:
            results = whole.watched(module.evaluate)(
                order["model"], order["clips"], asked["tasks"], folder, size=order["side"], seed=order["seed"],
                max_new_tokens=order["new_tokens"], **settings,
            )  # fmt: skip
        told = results.answers.sort_values("clip_id").groupby("condition")
        return {
            "whole": whole.told(), "answers": answers.told(), "seen": seen,
            "replies": {name: list(rows["reply"].fillna("").str.strip()) for name, rows in told},
            "frames": [system.vision.shown, system.vision.computed],
        }  # fmt: skip

    return work


if __name__ == "__main__":
    serve(*{"ours": (load_ours, ("emovlm",)), "lmms-eval": (load_lmms_eval, ("lmms_eval",))}[sys.argv[1]])
