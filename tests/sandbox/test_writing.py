"""Create, settings, delete and refresh of the sandbox."""

import hashlib

import pytest

from chatbots.sandbox import AsOf, Sandbox, StoredFile

from .calls import USER, Caller, file_part, text_part

PICTURE = b"\x89PNG\r\n\x1a\n--limi\r\n\x00\xff"


def new_chatbot(caller: Caller, title: str = "新機器人 & more") -> dict[str, str]:
    return {"title": title, "plan_id": caller.user.plans[2].id}


@pytest.mark.parametrize(
    ("as_of", "query", "form", "status"),
    [
        ("2024-07", True, False, 200),
        ("2024-07", True, True, 200),
        ("2024-07", False, True, 422),
        ("2024-11", True, False, 422),
        ("2024-11", True, True, 200),
        ("2024-11", False, True, 200),
    ],
)
def test_create_takes_its_fields_from(*, as_of: AsOf, query: bool, form: bool, status: int) -> None:
    with Sandbox(as_of=as_of) as sandbox, Caller(sandbox) as caller:
        wanted = new_chatbot(caller)
        reply = caller.create(query=wanted if query else None, form=wanted if form else None)
        assert reply.status == status
        assert len(caller.user.chatbots) == (31 if status == 200 else 30)


@pytest.mark.parametrize(
    ("as_of", "fields"),
    [
        ("2024-07", {"api_key", "expired_at"}),
        ("2024-11", {"api_key", "expired_at", "chatbot_id", "webchat_id"}),
    ],
)
def test_create_answers(as_of: AsOf, fields: set[str]) -> None:
    with Sandbox(as_of=as_of) as sandbox, Caller(sandbox) as caller:
        wanted = new_chatbot(caller)
        answer = caller.create(query=wanted, form=wanted).data
        assert set(answer) == fields
        rows = caller.get(f"{USER}/chatbot?offset=30").data["chatbots"]
        assert [(row["title"], row["api_key"]) for row in rows] == [
            (wanted["title"], answer["api_key"])
        ]
        info = caller.info(30)
        assert len(info) == 48
        assert info["plan_id"] == wanted["plan_id"]
        assert info["webhook_url"] is None


def test_create_with_an_unknown_plan_is_an_ordinary_rejection(
    sandbox: Sandbox, caller: Caller
) -> None:
    wanted = new_chatbot(caller) | {"plan_id": sandbox.users[1].plans[0].id}
    reply = caller.create(query=wanted, form=wanted)
    assert reply.status == 422
    assert reply.data["detail"][0]["loc"] == ["body", "plan_id"]
    assert sandbox.refusals == []


def test_settings_are_stored(sandbox: Sandbox, caller: Caller) -> None:
    model = sandbox.models[3]
    before = caller.info(1)
    reply = caller.put_form(
        caller.path(1),
        text_part("title", "門市小幫手"),
        file_part("avatar", "頭像.png", "image/png", PICTURE),
        text_part("main_color", "#336699"),
        text_part("is_default_visible", "true"),
        text_part("button_style", "image"),
        file_part("button_image", "button.gif", "image/gif", b""),
        text_part("initial_messages", '[{"type":"text","value":"您好"}]'),
        text_part("is_fixed", "false"),
        text_part("show_history", "true"),
        text_part("allowed_domains", '["http://localhost", "https://caigunn.ap-mic.com"]'),
        text_part("model_id", model.id),
        text_part("prompt", "第一行\r\nsecond line"),
        text_part("is_shared", "true"),
    )
    assert (reply.status, reply.data) == (200, {"detail": "update successfully"})
    after = caller.info(1)
    assert after["updated_at"] > before["updated_at"]
    assert after["title"] == "門市小幫手"
    assert after["prompt"] == "第一行\r\nsecond line"
    assert after["is_shared"] is True
    assert after["model"] == model.reference
    assert caller.user.chatbots[1].settings == {
        "title": "門市小幫手",
        "avatar": StoredFile("頭像.png", "image/png", len(PICTURE), sha256(PICTURE)),
        "main_color": "#336699",
        "is_default_visible": True,
        "button_style": "image",
        "button_image": StoredFile("button.gif", "image/gif", 0, sha256(b"")),
        "initial_messages": [{"type": "text", "value": "您好"}],
        "is_fixed": False,
        "show_history": True,
        "allowed_domains": ["http://localhost", "https://caigunn.ap-mic.com"],
        "model_id": model.id,
        "prompt": "第一行\r\nsecond line",
        "is_shared": True,
    }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_settings_that_are_not_sent_stay(caller: Caller) -> None:
    before = caller.info()
    assert caller.put_form(caller.path(), text_part("prompt", "")).status == 200
    after = caller.info()
    assert {name for name in after if after[name] != before[name]} == {"prompt", "updated_at"}
    assert caller.user.chatbots[0].settings == {"prompt": ""}


def test_nothing_is_stored_of_a_rejected_form(sandbox: Sandbox, caller: Caller) -> None:
    before = caller.info()
    unknown = text_part("model_id", "3fa85f64-5717-4562-b3fc-2c963f66afa6")
    reply = caller.put_form(caller.path(), text_part("title", "x"), unknown)
    assert reply.status == 422
    assert reply.data["detail"][0]["loc"] == ["body", "model_id"]
    assert caller.info() == before
    assert sandbox.refusals == []


def test_delete_is_soft_and_final(sandbox: Sandbox, caller: Caller) -> None:
    path = caller.path()
    chatbot = caller.user.chatbots[0]
    reply = caller.send("DELETE", path)
    assert (reply.status, reply.data) == (200, {"detail": "Delete chatbot successfully"})
    rows = caller.get(f"{USER}/chatbot").data["chatbots"]
    assert chatbot.id not in {row["id"] for row in rows}
    info = caller.get(path).data
    assert info["is_deleted"] is True
    assert info["deleted_at"] is not None
    assert caller.send("DELETE", path).status == 404
    assert caller.put_form(path, text_part("title", "x")).status == 404
    webhook = {"webhook_url": "https://example.com/"}
    api_key = chatbot.api_key
    url = "/api/external/chatbot/webhook"
    assert caller.send_json("PUT", url, webhook, api_key=api_key).status == 404
    assert sandbox.refusals == []


@pytest.mark.parametrize("user", [0, 1])
@pytest.mark.parametrize("query", ["", "?expired_date=2031-02-28"])
def test_refresh_ends_the_old_token(sandbox: Sandbox, user: int, query: str) -> None:
    with Caller(sandbox, user) as caller:
        old = caller.user.token
        reply = caller.get(f"{USER}/token/refresh{query}")
        assert reply.data == {"token": caller.user.token}
        assert caller.user.token != old
        assert caller.user.token.count(".") == old.count(".")
        assert caller.get(f"{USER}/plan", token=old).status == 401
        assert caller.get(f"{USER}/plan").status == 200


def test_somebody_else_may_edit(sandbox: Sandbox, caller: Caller) -> None:
    before = caller.info()
    sandbox.edit(before["id"], title="changed meanwhile", temperature="hot")
    after = caller.info()
    assert (after["title"], after["temperature"]) == ("changed meanwhile", "hot")
    assert after["updated_at"] > before["updated_at"]
