"""A hundred members at once in the threads of four processes: each sees only what is theirs
(reliability §8.14)."""

import json
import random

import pytest

from chatbots.sandbox import Chatbot, Plan, Sandbox, User

from .conftest import OpenHouse

MEMBERS = 100
PROCESSES = 4
SEEN_AGAIN = ("/chatbots/?webhooks=1", "/token/")
# All that a page may say of a member, or of what is theirs.
MARKS = r"desk-\d{3}(?:@| 客服 \d|\.example\.com/\d|-bot-\d)|Plan of desk-\d{3}|••••[\w-]{4}"


class Owner:
    """A user of Caigunn with two chatbots and a plan that all bear their name, and the member who
    is connected as them."""

    def __init__(self, number: int, like: Chatbot, plan: Plan) -> None:
        self.name = f"desk-{number:03}"
        self.email = f"{self.name}@example.com"
        bots = [
            Chatbot(
                like.fields
                | {
                    "id": f"{self.name}-bot-{bot}",
                    "title": f"{self.name} 客服 {bot}",
                    "api_key": f"key-of-{self.name}/{number:03}{bot}",
                    "webhook_url": f"https://{self.name}.example.com/{bot}",
                }
            )
            for bot in (1, 2)
        ]
        plans = [Plan(plan.id, f"Plan of {self.name}", 1, 2, 3, 4.0)]
        self.user = User(self.name, f"the-token-of-{self.name}", plans, bots)

    def pages(self) -> dict[str, set[str]]:
        """The addresses they visit, and what each page has to show."""
        name = self.name
        both = {mark for bot in (1, 2) for mark in self._chatbot(bot)}
        return {
            "/chatbots/?webhooks=1": {f"{name}@"} | both,
            f"/chatbots/{name}-bot-1/": {f"{name}@"} | self._chatbot(1),
            "/plans/": {f"{name}@", f"Plan of {name}"},
            "/token/": {f"{name}@", self._token()},
        }

    def marks(self) -> set[str]:
        """All that any of their pages may show."""
        return set().union({f"Plan of {self.name}"}, *self.pages().values())

    def _chatbot(self, bot: int) -> set[str]:
        name = self.name
        key_hint = f"••••{name[-3:]}{bot}"
        return {f"{name} 客服 {bot}", f"{name}.example.com/{bot}", f"{name}-bot-{bot}", key_hint}

    def _token(self) -> str:
        return f"••••{self.user.token[-4:]}"


@pytest.fixture
def owners(caigunn: Sandbox) -> list[Owner]:
    """A hundred, in the place of the users that every sandbox has."""
    first = caigunn.users[0]
    crowd = [Owner(number, first.chatbots[0], first.plans[0]) for number in range(MEMBERS)]
    caigunn.users[:] = [owner.user for owner in crowd]
    return crowd


def test_a_hundred_members_are_never_mixed_up(
    caigunn: Sandbox, owners: list[Owner], open_house: OpenHouse
) -> None:
    """Every fourth refreshes their token while the others look around; then all look again, also
    at what other processes have left in the cache."""
    house = open_house()
    tokens = {owner.email: owner.user.token for owner in owners}
    sessions = house.ask("join_crowd", json.dumps(tokens))
    refreshing, others = owners[::4], [owner for owner in owners if owner not in owners[::4]]
    caigunn.clear_requests()
    phases: tuple[tuple[list[tuple[Owner, str]], list[Owner]], ...] = (
        ([(owner, address) for owner in others for address in owner.pages()], refreshing),
        ([(owner, address) for owner in owners for address in SEEN_AGAIN], []),
    )
    for visits, at_work in phases:
        random.Random(f"{len(visits)}").shuffle(visits)
        hands = [visits[number::PROCESSES] for number in range(PROCESSES)]
        asked = [[(sessions[owner.email], address) for owner, address in hand] for hand in hands]
        *found, stored = house.at_once(
            *[("visit_pages", json.dumps(one), MARKS) for one in asked],
            ("refresh_all", json.dumps([owner.email for owner in at_work])),
        )
        assert stored == {owner.email: owner.user.token for owner in at_work}
        for hand, answers in zip(hands, found, strict=True):
            for (owner, address), (status, marks) in zip(hand, answers, strict=True):
                assert status == 200
                assert owner.pages()[address] <= set(marks) <= owner.marks(), (owner.name, address)
    assert {one.status for one in caigunn.requests} == {200}
    of_chatbots = [one for one in caigunn.requests if "-bot-" in one.path]
    assert of_chatbots
    assert all(f"/{one.user}-bot-" in one.path for one in of_chatbots)
    assert all(owner.user.token != tokens[owner.email] for owner in refreshing)
