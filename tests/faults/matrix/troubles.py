"""What goes wrong: each kind of fault of the sandbox, before and after the server has acted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from chatbots.sandbox import Fault, FaultKind

# Faults last as long as the request that meets them, whatever it tries.
LASTING = 999
_SLOW = frozenset({"delay", "drip_body", "drip_headers", "hang"})
_FIXED = frozenset({"reset_before", "reset_after"})
# A little more than the client takes, and far more than a time-out waits for.
_MORE: Mapping[str, Mapping[str, Any]] = {
    "delay": {"seconds": 1.0},
    "drip_body": {"seconds": 0.03},
    "drip_headers": {"seconds": 0.03},
    "huge": {"size": 2_500_000},
    "bomb": {"size": 2_500_000},
    "redirect": {"headers": {"Location": "/api/external/user/plan"}},
}
_REFUSALS: Mapping[int, Mapping[str, Any]] = {
    400: {},
    401: {},
    403: {},
    404: {},
    405: {},
    422: {"body": {"detail": [{"loc": ["body", "title"], "msg": "Not like this", "type": "x"}]}},
    429: {"headers": {"Retry-After": "3600"}},
}
_FAILING = (500, 503)


@dataclass(frozen=True)
class Trouble:
    """One row of the matrix. `acts`: the server does its work first, None where the kind decides;
    `is_refusal`: a documented no, after which nothing can have been written; `is_everywhere`: from
    the moment that it begins nothing else is answered either."""

    name: str
    kind: FaultKind
    acts: bool | None = None
    is_refusal: bool = False
    is_everywhere: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_slow(self) -> bool:
        """Whether it is met by a time-out."""
        return self.kind in _SLOW

    def fault(self, method: str | None, path: str) -> Fault:
        """What the sandbox is told."""
        return Fault(
            self.kind, method=method, path=path, times=LASTING, applied=self.acts, **self.more
        )


def _refusals() -> list[Trouble]:
    return [
        Trouble(
            f"status {status}",
            "status",
            acts=False,
            is_refusal=True,
            # A token that has ended is refused by every call; a 403 is about this one.
            is_everywhere=status == 401,
            more={"status": status, **more},
        )
        for status, more in _REFUSALS.items()
    ]


def _failures(acts: tuple[bool, ...]) -> list[Trouble]:
    """Every other kind, for each of `acts`."""
    found = [
        Trouble(_name(f"status {status}", does, acts), "status", does, more={"status": status})
        for status in _FAILING
        for does in acts
    ]
    for kind in get_args(FaultKind):
        more = _MORE.get(kind, {})
        if kind in _FIXED:
            found.append(Trouble(kind, kind, more=more))
        elif kind != "status":
            found += [Trouble(_name(kind, does, acts), kind, does, more=more) for does in acts]
    return found


def _name(kind: str, does: bool, acts: tuple[bool, ...]) -> str:
    if len(acts) == 1:
        return kind
    return f"{kind}, {'after' if does else 'before'} it acts"


# To a read it is all one whether the server acts first, and which of the rarer refusals it meets.
OF_READS: tuple[Trouble, ...] = (
    *(one for one in _refusals() if one.more["status"] not in {400, 405}),
    *_failures((True,)),
)
OF_WRITES: tuple[Trouble, ...] = (*_refusals(), *_failures((False, True)))
