"""What random writes are made of: values, troubles on the way, and how far a process gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from chatbots.sandbox import Fault

TITLES = (
    "小幫手 Robot 1",
    'Orders <b>Robot 2</b> & "returns"',
    "=Robot+3",
    "Robot d'Ada",
    "Robot 5",
)
PROMPTS = (
    "",
    "Answer kindly.",
    "Answer kindly.\nIn 繁體中文.",
    "<script>Answer kindly</script>",
    "  ",
)
# The second is the first one in another spelling.
HOOKS = (
    "https://a.example.com/hook",
    "https://A.example.com:443/hook",
    "https://b.example.com/客服?x=1",
    "http://10.0.0.1/hook#part",
    "",
)
PICTURE = "a picture"
# What may be typed into a field of the edit form and of that of a new chatbot, the model excepted.
TYPED: dict[str, tuple[Any, ...]] = {
    "title": TITLES,
    "prompt": PROMPTS,
    "is_shared": ("true", "false"),
    "main_color": ("#123abc", "#0f766e"),
    "is_default_visible": ("true", "false"),
    "button_style": ("basic", "image"),
    "is_fixed": ("true", "false"),
    "show_history": ("true", "false"),
    "initial_messages": (["您好"], ["Hello <b>&</b>", "", "您好"]),
    "allowed_domains": ("https://a.example", "https://a.example\nhttp://localhost:3000"),
    "avatar": (PICTURE,),
}
# What a stranger sees nothing of: each of the values above has one of them.
SEEN_BY_NO_STRANGER = ("Robot", "a.example.com", "b.example.com", "10.0.0.1", "Answer kindly")
READS = r"/user/chatbot(/[^/]+)?$"
ALL_READS = 99


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with the next requests that write, or that read; on top of it the process may
    die. `skip` requests of the kind get through before."""

    kind: str
    of: str
    times: int = 1
    skip: int = 0
    status: int | None = None
    is_applied: bool | None = None

    def faults(self) -> list[Fault]:
        """What the sandbox is told."""
        methods = ("PUT", "POST", "DELETE") if self.of == "write" else ("GET",)
        path = ".*" if self.of == "write" else READS
        found = []
        for method in methods:
            where: dict[str, Any] = {"method": method, "path": path}
            if self.skip:
                found.append(Fault("delay", seconds=0.001, times=self.skip, **where))
            found.append(
                Fault(
                    self.kind,  # type: ignore[arg-type]
                    times=self.times,
                    status=self.status,
                    applied=self.is_applied,
                    headers={"Location": "/elsewhere"} if self.kind == "redirect" else None,
                    **where,
                )
            )
        return found


@dataclass(frozen=True)
class Death:
    """The process dies: `before` or `after` the request that writes, at the `reading` that follows
    it, or at the `closing` of its Change. `skip` requests to write are made before."""

    at: str
    skip: int = 0


# Those that say nothing of whether the write was made: it may have been, or not.
_UNCLEAR = ("reset_before", "reset_after", "close", "cut", "not_json", "empty", "bad_utf8", "deep")
_UNCLEAR_STATUS = (500, 502, 503, 504, 408)
# Those with which Caigunn refuses: nothing was written.
_REFUSING = (400, 401, 403, 404, 405, 409, 415, 422, 429)


def _unclear(of: str) -> st.SearchStrategy[Trouble]:
    applied: st.SearchStrategy[bool | None] = st.booleans() if of == "write" else st.just(None)
    times = st.sampled_from((1, 1, 2, 3, ALL_READS))
    skip = st.just(0) if of == "write" else st.integers(0, 4)
    return st.one_of(
        st.builds(
            Trouble,
            st.sampled_from(_UNCLEAR),
            st.just(of),
            times=times,
            skip=skip,
            is_applied=applied,
        ),
        st.builds(
            Trouble,
            st.just("status"),
            st.just(of),
            times=times,
            skip=skip,
            status=st.sampled_from(_UNCLEAR_STATUS),
            is_applied=applied,
        ),
    )


_REFUSED = st.builds(
    Trouble,
    st.just("status"),
    st.just("write"),
    times=st.sampled_from((1, 2, ALL_READS)),
    skip=st.integers(0, 1),
    status=st.sampled_from(_REFUSING),
)
_DEATHS = st.builds(
    Death, st.sampled_from(("before", "after", "reading", "closing")), skip=st.integers(0, 1)
)
# What happens on the way: mostly nothing.
TROUBLES: st.SearchStrategy[Trouble | Death | None] = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    _unclear("write"),
    _unclear("write"),
    _unclear("read"),
    _REFUSED,
    _DEATHS,
    _DEATHS,
)
OF_CHECKS: st.SearchStrategy[Trouble | Death | None] = st.one_of(
    st.none(), st.none(), st.none(), _unclear("read"), _DEATHS
)

HOOK_TYPED = st.sampled_from(HOOKS)
_FIELDS = {name: st.sampled_from(values) for name, values in TYPED.items()}


def typed(*, most: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """What is typed into some of the fields; of a model its number in the list."""
    fields = _FIELDS | {"webhook_url": HOOK_TYPED, "model_id": st.integers(0, 3)}
    some = st.lists(st.sampled_from(sorted(fields)), unique=True, min_size=1, max_size=most)
    return some.flatmap(lambda names: st.fixed_dictionaries({one: fields[one] for one in names}))


def outside() -> st.SearchStrategy[Mapping[str, Any]]:
    """What somebody else changes at Caigunn, by the fields of Get Chatbot Info."""
    return st.one_of(
        st.fixed_dictionaries({"webhook_url": HOOK_TYPED.map(lambda url: url or None)}),
        st.fixed_dictionaries({"title": st.sampled_from((*TITLES, None))}),
        st.fixed_dictionaries({"prompt": st.sampled_from((*PROMPTS, None))}),
        st.fixed_dictionaries({"is_shared": st.booleans()}),
        st.fixed_dictionaries({"model_id": st.integers(0, 3)}),
        st.just({"is_deleted": True, "deleted_at": "2024-11-19T00:00:00.000Z"}),
        st.fixed_dictionaries(
            {
                "webhook_url": HOOK_TYPED.map(lambda url: url or None),
                "title": st.sampled_from(TITLES),
            }
        ),
    )
