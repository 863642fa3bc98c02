"""Keys are exchanged while members work (reliability §8.5): nothing is lost, whoever is killed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from chatbots.sandbox import Fault, Sandbox, User
from chatbots.vault import make_key
from tests.environment import PINNED

from .acts import EMAIL
from .conftest import OpenHouse
from .processes import Child, House

OLD = PINNED["TOKEN_KEYS"]
ROWS = 950
MEMBERS = 50
TWIN = "twin@example.com"
UPDATE = '^UPDATE "{}" SET .*"(?:sealed|data)" = '


class Keys:
    """The keys of one installation: as processes get them that were started again, and as those
    have them that were told of the new key and still seal with the old one."""

    def __init__(self) -> None:
        self.new = f"new:{make_key()}"
        self.both = f"{self.new},{OLD}"
        self.old_first = f"{OLD},{self.new}"


@contextmanager
def process(house: House, keys: str) -> Iterator[Child]:
    """A process with these keys."""
    settings = house._settings | {"TOKEN_KEYS": keys}
    with house._nursery.fork(settings, house._database) as child:
        yield child


def told(house: House, keys: str, *command: str) -> Any:
    """The result of a command in a process with these keys."""
    with process(house, keys) as child:
        child.command(*command)
        child.go()
        return child.result()


def crowd(caigunn: Sandbox) -> dict[str, User]:
    """So many more users of Caigunn, by the address of the member who is connected as each."""
    like = caigunn.users[0]
    users = {
        f"desk-{number}@example.com": User(
            f"desk-{number}", f"the-token-of-desk-{number}", like.plans, []
        )
        for number in range(MEMBERS)
    }
    caigunn.users.extend(users.values())
    return users


def test_no_token_is_lost_while_keys_are_exchanged(caigunn: Sandbox, open_house: OpenHouse) -> None:
    """Two rotations at once, over a thousand rows, while fifty members refresh: some of them in
    processes that still seal with the old key."""
    house, keys, users = open_house(), Keys(), crowd(caigunn)
    house.ask("join_crowd", json.dumps({email: user.token for email, user in users.items()}))
    # One who has connected the admin's token too, in a process that could not find its record.
    told(house, keys.new, "join_crowd", json.dumps({TWIN: caigunn.users[0].token}))
    house.ask("fill", str(ROWS))
    began_with = {email: user.token for email, user in users.items()}
    caigunn.order(Fault("delay", path="/token/refresh$", seconds=0.1, times=MEMBERS))
    emails = list(users)
    with ExitStack() as stack:
        rings = [keys.both] * 4 + [keys.old_first] * 2
        children = [stack.enter_context(process(house, ring)) for ring in rings]
        for child in children[:2]:
            child.command("rotate")
        for place, child in enumerate(children[2:]):
            child.command("refresh_each", json.dumps(emails[place::4]))
        for child in children:
            child.wait_ready()
        for child in children:
            child.let_go()
        for child in children:
            child.result()
    assert all(user.token != began_with[email] for email, user in users.items())
    # What the others have sealed with the old key since is left to the next time.
    code, said = told(house, keys.both, "rotate")
    assert (code, said.splitlines()[-1]) == (0, "All of it is sealed with new, the first key.")
    # From here on nobody has the old key.
    assert told(house, keys.new, "rotate", "--check")[0] == 0
    found = told(house, keys.new, "open_all")
    assert found["rows"] == {f"row {n}": f"the-token-of-row {n}" for n in range(ROWS)}
    now = {email: user.token for email, user in users.items()}
    assert found["members"] == now | dict.fromkeys([EMAIL, TWIN], caigunn.users[0].token)
    assert found["records"] == ROWS + MEMBERS + 1
    assert found["before"] == "the-one-before"
    assert found["not found"] == []
    assert found["typed"] == ["what was typed"] * (ROWS // 10)
    assert len(found["factors"]) == MEMBERS + 2
    assert all(secret.startswith("SECRET-OF-") for secret, _codes in found["factors"].values())


def test_a_rotation_that_is_killed_is_continued(caigunn: Sandbox, open_house: OpenHouse) -> None:
    """kill -9 among the rows of each kind, one after the other; everything opens all the time, and
    as long as one row is left, the old key is known to be needed."""
    house, keys = open_house(), Keys()
    house.ask("fill", "60")
    before = told(house, keys.both, "open_all")
    for table, times in (
        ("chatbots_accesstoken", 30),
        ("chatbots_accesstoken", 15),
        ("mfa_authenticator", 2),
        ("chatbots_keptinput", 3),
        ("chatbots_canary", 1),
    ):
        with process(house, keys.both) as child:
            child.command("rotate", stop_at=UPDATE.format(table), times=times)
            child.go()
            child.wait_come()
            child.kill()
        assert told(house, keys.both, "open_all") == before
        code, said = told(house, keys.both, "rotate", "--check")
        assert code == 1
        assert "with tests" in said
        ((status, cause),) = told(
            house, keys.new, "browse", "", json.dumps([["get", "/readyz", {}]])
        )
        assert (status, cause) == (
            503,
            "keys: TOKEN_KEYS has no key tests, which sealed this value.\n",
        )
    assert told(house, keys.both, "rotate")[0] == 0
    assert told(house, keys.new, "open_all") == before
    assert told(house, keys.new, "read_plans") > 0
