"""A server that speaks the protocols of API models, on this machine: ``generateContent`` and chat completions.

It names one of its classes, chosen by a hash of what it is shown, so that equal requests get equal replies whatever
their order; it can refuse, fail, stall, repeat the key, and answer some requests with any error of a real server. As a
process, for a study of its own:

    python -m tests.api_server --port 0 --classes anger,fear --refuse-every 7

It then prints its address on the first line; GET /count says how many requests it has had.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from emovlm.core.hashing import sha256_json

VERSION = "served-model-007"
TOKENS = {"frame": 258, "text": 10, "reply": 2}


class ApiServer:
    """The server, listening on ``url`` while the context is open.

    ``script`` holds what happens to the next requests, one entry each: ``ok``, ``say:TEXT``, ``think:TEXT``,
    ``cut:TEXT``, ``refuse:REASON``, ``block:REASON``, ``empty``, ``nothing``, ``uncounted``, ``status:CODE``,
    ``wait:SECONDS`` (429 and how long to wait), ``filtered``, ``echo`` (401 with the key), ``drop`` (the connection),
    ``junk`` and ``hang:SECONDS``. After that it is ``ok``.

    ``fault`` is asked about each request first and may return what comes of it: ``status``, ``body`` and ``headers``;
    or, with status 200 and no ``body``, a reply with other ``content``, ``end`` (how it says that the reply ended) and
    ``more`` (further fields of the reply). Both may hold the word KEY, which stands for the key that was sent.

    ``most_at_once``: of how many requests it was working on the answers at the same time.
    """

    def __init__(self, port: int = 0, classes: tuple[str, ...] = ("anger", "fear", "happiness"), refuse_every: int = 0):
        self.classes, self.refuse_every = classes, refuse_every
        self.script: list[str] = []
        self.fault: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda request: None
        self.requests: list[dict[str, Any]] = []  # path, headers, body
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"api": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "ApiServer":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def next_step(self, request: dict[str, Any]) -> str:
        """Note a request and say what happens to it."""
        with self.lock:
            self.requests.append(request)
            if self.script:
                return self.script.pop(0)
        number = int(sha256_json(request["body"])[:8], 16)
        if self.refuse_every and number % self.refuse_every == 0:
            return "refuse:"
        return f"say:{self.classes[number % len(self.classes)].capitalize()}."


class Handler(BaseHTTPRequestHandler):
    """One request."""

    api: ApiServer

    def do_GET(self) -> None:
        self._send(200, {"count": len(self.api.requests)})

    def do_POST(self) -> None:
        self._working(1)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        gemini = self.path.endswith(":generateContent")
        key = request["headers"].get("x-goog-api-key") or request["headers"].get("authorization", "").split(" ")[-1]
        if fault := self.api.fault(request):
            with self.api.lock:
                self.api.requests.append(request)
            fault = json.loads(json.dumps(fault).replace("KEY", key))
            if "body" not in fault:
                fault["body"] = (gemini_reply if gemini else chat_reply)("say", "happiness", body)
                change(fault["body"], fault, gemini)
            self._send(fault["status"], fault["body"], fault.get("headers"))
            return
        step, _, told = self.api.next_step(request).partition(":")
        if step == "hang":
            time.sleep(float(told))
        if step == "drop":
            self._working(-1)
            self.close_connection = True
            self.connection.close()
        elif step == "junk":
            self._send(200, None)
        elif step == "wait":
            said = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{told}s"}
            error = {"message": "too fast", "details": [said] if gemini else None}
            self._send(429, {"error": error}, None if gemini else {"Retry-After": told})
        elif step == "echo":
            self._send(401, {"error": {"message": f"Incorrect API key provided: {key}", "status": "UNAUTHENTICATED"}})
        elif step == "status":
            self._send(int(told), {"error": {"message": f"no luck with key {key}", "code": "some_code"}})
        elif step == "filtered":
            self._send(400, {"error": {"message": "this prompt was filtered", "code": "content_filter"}})
        else:
            self._send(200, (gemini_reply if gemini else chat_reply)(step, told or "happiness", body))

    def _working(self, change: int) -> None:
        with self.api.lock:
            self.api.at_once += change
            self.api.most_at_once = max(self.api.most_at_once, self.api.at_once)

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = b"<html>" if value is None else value.encode() if isinstance(value, str) else json.dumps(value).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        if self.command == "POST":
            self._working(-1)  # before the client can know, and send the next
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        with suppress(BrokenPipeError, ConnectionResetError):  # the client has not waited
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def gemini_reply(step: str, told: str, body: dict[str, Any]) -> dict[str, Any]:
    """A reply of ``generateContent``."""
    parts = body["contents"][0]["parts"]
    prompt = sum(TOKENS["frame" if "inlineData" in part else "text"] for part in parts)
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": TOKENS["reply"], "totalTokenCount": prompt + 2}
    reply: dict[str, Any] = {"modelVersion": VERSION, "usageMetadata": usage}
    if step == "block":
        return {**reply, "promptFeedback": {"blockReason": told}}
    if step == "nothing":
        return reply
    content = {"role": "model", "parts": [{"text": told}]}
    end = {"cut": "MAX_TOKENS", "refuse": told or "SAFETY"}.get(step, "STOP")
    if step == "think":
        content["parts"].insert(0, {"text": "anger? fear?", "thought": True})
        usage |= {"thoughtsTokenCount": 40, "totalTokenCount": prompt + 42}
    if step in ("empty", "refuse"):
        content = {"role": "model"}
    if step == "uncounted":
        del reply["usageMetadata"]
    return {**reply, "candidates": [{"content": content, "finishReason": end, "index": 0}]}


def chat_reply(step: str, told: str, body: dict[str, Any]) -> dict[str, Any]:
    """A reply of chat completions."""
    parts = body["messages"][0]["content"]
    prompt = sum(TOKENS["text" if part["type"] == "text" else "frame"] for part in parts)
    reply = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": VERSION,
        "usage": {"prompt_tokens": prompt, "completion_tokens": 2, "total_tokens": prompt + 2},
    }  # fmt: skip
    if step == "uncounted":
        del reply["usage"]
    message = {"role": "assistant", "content": None if step in ("empty", "refuse") else told}
    if step == "refuse":
        message["refusal"] = "I cannot help with that."
    end = {"cut": "length", "block": "content_filter"}.get(step, "stop")
    choices = [] if step == "nothing" else [{"index": 0, "message": message, "finish_reason": end}]
    return {**reply, "choices": choices}


def change(reply: dict[str, Any], fault: dict[str, Any], gemini: bool) -> None:
    """Put what a fault says into a reply."""
    first = reply["candidates" if gemini else "choices"][0]
    if "content" in fault:
        first["content" if gemini else "message"]["parts" if gemini else "content"] = fault["content"]
    if "end" in fault:
        first["finishReason" if gemini else "finish_reason"] = fault["end"]
    reply |= fault.get("more", {})


def frames_and_texts(request: dict[str, Any]) -> list[Any]:
    """What a request shows, in order: data of pictures as base64 in a tuple, and texts."""
    body = request["body"]
    if "contents" in body:
        return [part.get("text") or (part["inlineData"]["data"],) for part in body["contents"][0]["parts"]]
    return [
        part["text"] if part["type"] == "text" else (part["image_url"]["url"].partition(";base64,")[2],)
        for part in body["messages"][0]["content"]
    ]


def main() -> None:
    """Serve until the process is ended."""
    arguments = argparse.ArgumentParser(prog="tests.api_server")
    arguments.add_argument("--port", type=int, default=0, help="0: any that is free")
    arguments.add_argument("--classes", default="anger,fear,happiness", type=lambda text: tuple(text.split(",")))
    arguments.add_argument("--refuse-every", type=int, default=0, help="refuse one request in so many, by its content")
    given = arguments.parse_args()
    with ApiServer(given.port, given.classes, given.refuse_every) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
