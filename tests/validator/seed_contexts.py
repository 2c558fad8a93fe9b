"""Let the public RO-Crate validator run without a network: put the RO-Crate 1.1 context into its HTTP cache.

The context comes from the installed package ``rocrate`` 0.15, which carries it.

    python seed_contexts.py CACHE        then: rocrate-validator validate --offline --cache-path CACHE ...
"""

import io
import sys
from importlib.resources import files

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests_cache import CachedSession
from urllib3.response import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class Shelf(BaseAdapter):
    """Answers every request with the one context."""

    def send(self, request: PreparedRequest, **_: object) -> Response:
        content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
        answer = Response()
        answer.status_code, answer.reason, answer.encoding = 200, "OK", "utf-8"
        answer.url, answer.request = request.url, request
        answer.headers["Content-Type"] = "application/ld+json"
        answer.raw = HTTPResponse(io.BytesIO(content), status=200, headers=answer.headers, preload_content=False)
        return answer

    def close(self) -> None:
        pass


session = CachedSession(cache_name=sys.argv[1], backend="sqlite", expire_after=-1)
session.mount("https://", Shelf())
session.get(CONTEXT).raise_for_status()
