"""The requests below /__sandbox__/, for tests in another process."""

import base64
import hashlib

from chatbots.sandbox import Sandbox

from .calls import USER, Caller, file_part, text_part

CONTROL = "/__sandbox__"


def test_faults(sandbox: Sandbox, caller: Caller) -> None:
    fault = {"kind": "status", "status": 418, "body": {"detail": "茶"}, "path": "/plan$"}
    assert caller.send_json("POST", f"{CONTROL}/faults", fault).status == 200
    waiting = caller.get(f"{CONTROL}/faults").data["faults"]
    assert {**waiting[0], **fault} == waiting[0]
    reply = caller.get(f"{USER}/plan")
    assert (reply.status, reply.data) == (418, {"detail": "茶"})


def test_faults_are_dropped(sandbox: Sandbox, caller: Caller) -> None:
    caller.send_json("POST", f"{CONTROL}/faults", {"kind": "status", "times": 9})
    assert caller.send("DELETE", f"{CONTROL}/faults").status == 200
    assert caller.get(f"{USER}/plan").status == 200


def test_wrong_faults(sandbox: Sandbox, caller: Caller) -> None:
    unusable: list[object] = [{"kind": "explode"}, {"kind": "status", "colour": "red"}, []]
    for wrong in unusable:
        assert caller.send_json("POST", f"{CONTROL}/faults", wrong).status == 422
    assert sandbox.waiting_faults == []


def test_requests_and_refusals(sandbox: Sandbox, caller: Caller) -> None:
    caller.send_json("PUT", caller.path(), {"webhook_url": "https://example.com/"})
    caller.get(f"{USER}/plan?page=1")
    seen = caller.get(f"{CONTROL}/requests").data
    assert [entry["status"] for entry in seen["requests"]] == [200, 422]
    assert b"webhook_url" in base64.b64decode(seen["requests"][0]["body"])
    assert seen["requests"][1]["query"] == [["page", "1"]]
    assert seen["requests"][1]["user"] == caller.user.name
    assert [refusal["path"] for refusal in seen["refusals"]] == [f"{USER}/plan"]
    caller.send("DELETE", f"{CONTROL}/requests")
    assert caller.get(f"{CONTROL}/requests").data == {"requests": [], "refusals": []}


def test_state_shows_what_cannot_be_read_otherwise(sandbox: Sandbox, caller: Caller) -> None:
    picture = b"\x89PNG"
    part = file_part("avatar", "a.png", "image/png", picture)
    caller.put_form(caller.path(), part, text_part("show_history", "false"))
    users = caller.get(f"{CONTROL}/state").data["users"]
    assert [user["token"] for user in users] == [user.token for user in sandbox.users]
    assert [len(user["chatbots"]) for user in users] == [30, 7, 0]
    assert users[0]["chatbots"][0]["settings"] == {
        "show_history": False,
        "avatar": {
            "name": "a.png",
            "content_type": "image/png",
            "size": 4,
            "sha256": hashlib.sha256(picture).hexdigest(),
        },
    }


def test_reset(sandbox: Sandbox, caller: Caller) -> None:
    caller.put_form(caller.path(), text_part("title", "renamed"))
    caller.get(f"{USER}/token/refresh")
    caller.send_json("POST", f"{CONTROL}/faults", {"kind": "status"})
    assert caller.send("POST", f"{CONTROL}/reset").status == 200
    assert caller.get(f"{USER}/plan").status == 401
    with Caller(sandbox) as fresh:
        assert fresh.info()["title"] == "客服小幫手"


def test_unknown_control_request(caller: Caller) -> None:
    assert caller.get(f"{CONTROL}/nothing").status == 404
