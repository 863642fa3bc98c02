"""The sign-in over several processes that share a database (reliability §6, §8.17 and §8.18)."""

import json
import time
from collections import Counter

import pytest

from tests.pages.people import code_of

from .conftest import OpenHouse
from .processes import House

PASSWORD = "a-password-for-tests"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WHO = "viewer@example.com"


@pytest.fixture
def house(open_house: OpenHouse) -> House:
    """A house with two Admins and a Viewer."""
    house = open_house(TWO_FACTOR_REQUIRED="nobody")
    people = {"one@example.com": "admin", "two@example.com": "admin", WHO: "viewer"}
    house.ask("join_team", json.dumps(people))
    # The member that every house has.
    assert house.ask("change_role", "one@example.com", "admin@example.com", "viewer") == 302
    return house


def admins(house: House) -> list[str]:
    return [email for email, role in house.ask("team")["members"].items() if role == "admin"]


def guesses(row: int, *passwords: str) -> str:
    """What a process tries, each from an address of its own."""
    tried = [(f"203.0.{row}.{number}", one) for number, one in enumerate(passwords)]
    return json.dumps(tried)


def wrong(row: int, count: int) -> list[str]:
    return [f"guess-{row}-{number}" for number in range(count)]


def test_forty_wrong_passwords_in_four_processes_are_five_attempts(house: House) -> None:
    told = house.at_once(
        *[["try_passwords", WHO, guesses(row, *wrong(row, 10))] for row in range(4)]
    )
    said = Counter(answer for row in told for answer in row)
    assert said == {"wrong": 5, "refused": 35}
    assert house.ask("team")["events"]["sign_in_failed"] == 5
    right = guesses(5, PASSWORD)
    assert house.ask("try_passwords", WHO, right) == ["refused"]
    assert house.ask("try_passwords", WHO, right, "280") == ["refused"]
    assert house.ask("try_passwords", "one@example.com", right) == ["in"]
    assert house.ask("try_passwords", WHO, right, "330") == ["in"]


def test_a_code_sent_to_four_processes_at_once_is_one_sign_in(house: House) -> None:
    house.ask("give_totp", WHO, SECRET)
    # The middle of a half minute: nobody comes to its end meanwhile.
    period = int(time.time()) // 30 + 1
    code = code_of(SECRET, period)
    told = house.at_once(*[["send_code", WHO, code, str(period * 30 + 5)]] * 4)
    assert sorted(told) == [False, False, False, True]
    events = house.ask("team")["events"]
    assert events["signed_in"] == 1 + 1, "of the Admin who set the house up, and of this one"


ONE, TWO = "one@example.com", "two@example.com"


@pytest.mark.parametrize(
    "pairs",
    [
        [(ONE, TWO), (TWO, ONE)],
        [(ONE, ONE), (TWO, TWO)],
        [(ONE, TWO), (ONE, ONE)],
    ],
    ids=["each the other", "each themselves", "one of them both"],
)
def test_of_two_demotions_of_the_last_two_admins_one_stays(
    house: House, pairs: list[tuple[str, str]]
) -> None:
    assert sorted(admins(house)) == [ONE, TWO]
    told = house.at_once(*[["change_role", by, member, "viewer"] for by, member in pairs])
    assert len(admins(house)) == 1
    assert told.count(302) == 1
    assert set(told) <= {302, 403, 422}


def test_of_two_admins_who_throw_each_other_out_one_stays(house: House) -> None:
    house.at_once(["deactivate", ONE, TWO], ["deactivate", TWO, ONE])
    assert len(admins(house)) == 1
    assert house.ask("team")["events"]["deactivated"] == 1


def test_thrown_out_and_demoted_at_once_one_stays(house: House) -> None:
    house.at_once(["deactivate", ONE, TWO], ["change_role", TWO, ONE, "viewer"])
    assert len(admins(house)) == 1


def test_an_invitation_accepted_by_four_processes_at_once_is_one_member(house: House) -> None:
    link = house.ask("invite", "new@example.com", "editor")
    told = house.at_once(*[["accept", link, f"correct-horse-{number}"] for number in range(4)])
    assert sorted(told) == [302, 404, 404, 404]
    found = house.ask("team")
    assert found["members"]["new@example.com"] == "editor"
    assert len(found["members"]) == 5
    assert (found["invitations"], found["events"]["joined"]) == (0, 1)
    winner = f"correct-horse-{told.index(302)}"
    said = house.ask("try_passwords", "new@example.com", guesses(1, winner))
    assert said == ["in"], "the password is that of whoever was let in"
