"""The sandbox's own requests, below `/__sandbox__/`, for tests in another process.

| request | what |
| --- | --- |
| `POST faults` | order a fault: the JSON of `Fault`'s arguments |
| `GET faults`, `DELETE faults` | those that wait, as JSON; drop them |
| `GET requests`, `DELETE requests` | what came in, and the refusals; forget it |
| `GET state` | users with tokens and plans, their chatbots with what cannot be read otherwise |
| `POST reset` | start over |
"""

import base64
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .faults import Fault, FaultQueue
from .journal import Journal
from .messages import Answer, RefusedError, Request, json_answer
from .world import World

PREFIX = "/__sandbox__/"

_FAULT = TypeAdapter(Fault)


class Control:
    """Answers the requests of this module."""

    def __init__(
        self, world: World, faults: FaultQueue, journal: Journal, reset: Callable[[], None]
    ) -> None:
        self._world = world
        self._faults = faults
        self._journal = journal
        self._reset = reset

    def respond(self, request: Request) -> Answer:
        """Do what is asked. Raises RefusedError."""
        match request.method, request.path.removeprefix(PREFIX):
            case "POST", "faults":
                self._faults.order(_read_fault(request.body))
            case "GET", "faults":
                return json_answer({"faults": [_fault_as_json(f) for f in self._faults.waiting]})
            case "DELETE", "faults":
                self._faults.clear()
            case "GET", "requests":
                return json_answer(self._journal_as_json())
            case "DELETE", "requests":
                self._journal.clear()
            case "GET", "state":
                with self._world.lock:
                    return json_answer(self._world.describe())
            case "POST", "reset":
                self._reset()
            case _:
                raise RefusedError(404, "Not Found")
        return json_answer({"detail": "ok"})

    def _journal_as_json(self) -> dict[str, object]:
        requests = [asdict(entry) for entry in self._journal.requests]
        for entry in requests:
            entry["body"] = base64.b64encode(entry["body"]).decode()
        return {
            "requests": requests,
            "refusals": [asdict(refusal) for refusal in self._journal.refusals],
        }


def _read_fault(body: bytes) -> Fault:
    try:
        return _FAULT.validate_json(body)
    except ValidationError as error:
        detail = [
            {"loc": ["body", *item["loc"]], "msg": item["msg"], "type": item["type"]}
            for item in error.errors()
        ]
        raise RefusedError(422, detail) from None


def _fault_as_json(fault: Fault) -> dict[str, Any]:
    body = fault.body.decode(errors="replace") if isinstance(fault.body, bytes) else fault.body
    return {**asdict(fault), "body": body}
