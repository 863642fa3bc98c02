"""Every operation against the sandbox in both of its dates. Nothing it sends is undocumented."""

from collections.abc import Iterator
from datetime import date

import pytest
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    ChatbotInfo,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Rejected,
    SettingsUpdate,
    TokenRejected,
    UnexpectedAnswer,
    UploadedImage,
)
from chatbots.sandbox import AsOf, Fault, Sandbox

from .conftest import ClientFor

URL = "https://hooks.example.com/caigunn?team=客服"


@pytest.fixture(params=["2024-07", "2024-11"])
def as_of(request: pytest.FixtureRequest) -> AsOf:
    date_of_docs: AsOf = request.param
    return date_of_docs


@pytest.fixture
def sandbox(as_of: AsOf) -> Iterator[Sandbox]:
    with Sandbox(as_of=as_of, webhook_route="both", chatbots=30) as running:
        yield running


@pytest.fixture
def main(sandbox: Sandbox, client_for: ClientFor) -> CaigunnClient:
    return client_for(sandbox.url, token=sandbox.users[0].token)


def first(client: CaigunnClient) -> ChatbotInfo:
    return client.get_chatbot(client.list_chatbots(limit=1).items[0].id)


def key_of(info: ChatbotInfo) -> SecretStr:
    assert info.api_key is not None
    return info.api_key


def test_lists_and_details_are_read_whole(sandbox: Sandbox, main: CaigunnClient) -> None:
    plans = [plan for page in main.iter_plans() for plan in page.items]
    assert len(plans) >= 5
    assert all(not plan.unreadable and not plan.other for plan in plans)
    rows = [row for page in main.iter_chatbots(limit=7) for row in page.items]
    assert len(rows) == 30
    for row in rows:
        info = main.get_chatbot(row.id)
        assert (info.id, info.title, info.api_key) == (row.id, row.title, row.api_key)
        assert (info.unreadable, info.other) == (frozenset(), {})
    assert sandbox.refusals == []


def test_settings_are_stored(sandbox: Sandbox, main: CaigunnClient) -> None:
    before = first(main)
    settings = SettingsUpdate(
        title="訂單查詢機器人",
        avatar=UploadedImage("頭像.png", "image/png", b"\x89PNG"),
        main_color="#112233",
        is_default_visible=True,
        button_style="image",
        button_image=UploadedImage("b.png", "image/png", b"\x89PNG"),
        initial_messages=[{"type": "text", "value": "您好"}],
        is_fixed=False,
        show_history=True,
        allowed_domains=["http://localhost", "https://caigunn.ap-mic.com"],
        prompt="",
        is_shared=not before.is_shared,
    )
    main.update_settings(str(before.id), settings)
    after = main.get_chatbot(str(before.id))
    assert (after.title, after.prompt) == ("訂單查詢機器人", "")
    assert after.is_shared is not before.is_shared
    assert after.updated_at != before.updated_at
    assert sandbox.refusals == []


def test_a_wrong_setting_is_rejected_by_name(main: CaigunnClient) -> None:
    with pytest.raises(Rejected) as caught:
        main.update_settings(str(first(main).id), SettingsUpdate(model_id="no model"))
    assert "model_id" in caught.value.fields


def test_a_webhook_is_set_and_cleared_by_each_request(main: CaigunnClient, as_of: AsOf) -> None:
    info = first(main)
    chatbot_id = str(info.id)

    def reported() -> str | None:
        return main.get_chatbot(chatbot_id).webhook_url

    main.subscribe_webhook(key_of(info), URL + "&by=a")
    assert reported() == URL + "&by=a"
    main.update_webhook(chatbot_id, URL + "&by=b")
    assert reported() == URL + "&by=b"
    main.update_webhook(chatbot_id, None)
    assert not reported()
    main.subscribe_webhook(key_of(info), URL)
    assert reported() == URL
    if as_of == "2024-07":
        with pytest.raises(Rejected) as caught:
            main.unsubscribe_webhook(key_of(info))
        assert caught.value.status == 405
        main.subscribe_webhook(key_of(info), "")
    else:
        main.unsubscribe_webhook(key_of(info))
    assert not reported()


def test_a_refused_api_key_leaves_the_token_alone(main: CaigunnClient) -> None:
    with pytest.raises(Forbidden):
        main.subscribe_webhook(SecretStr("another-key"), URL)


def test_a_chatbot_comes_and_goes(sandbox: Sandbox, main: CaigunnClient, as_of: AsOf) -> None:
    plan = main.list_plans().items[0]
    created = main.create_chatbot(title="新的 & bot", plan_id=plan.id)
    assert created.api_key is not None
    assert created.expired_at is not None
    assert (created.chatbot_id is None) == (as_of == "2024-07")
    rows = [row for page in main.iter_chatbots() for row in page.items]
    (row,) = [row for row in rows if row.api_key == created.api_key]
    assert row.title == "新的 & bot"
    assert created.chatbot_id in {None, row.id}
    main.delete_chatbot(row.id)
    assert main.get_chatbot(row.id).is_deleted is True
    with pytest.raises(NotFound):
        main.delete_chatbot(row.id)
    assert sandbox.refusals == []


def test_a_plan_that_does_not_exist_is_rejected_by_name(main: CaigunnClient) -> None:
    with pytest.raises(Rejected) as caught:
        main.create_chatbot(title="t", plan_id="no plan")
    assert set(caught.value.fields) == {"plan_id"}


def test_models_are_listed_where_they_exist(main: CaigunnClient, as_of: AsOf) -> None:
    key = key_of(first(main))
    if as_of == "2024-07":
        with pytest.raises(UnexpectedAnswer) as caught:
            main.list_models(key)
        assert caught.value.status == 404
    else:
        models = main.list_models(key)
        assert models
        assert all(not model.unreadable and not model.other for model in models)


@pytest.mark.parametrize("expired", [None, date(2030, 1, 31)])
def test_a_refresh_ends_the_old_token(
    sandbox: Sandbox, main: CaigunnClient, client_for: ClientFor, expired: date | None
) -> None:
    new = main.refresh_token(expired)
    with pytest.raises(TokenRejected):
        main.get_chatbot("any")
    client_for(sandbox.url, token=new.get_secret_value()).list_plans()
    assert sandbox.refusals == []


def test_another_members_chatbot_is_not_found(
    sandbox: Sandbox, main: CaigunnClient, client_for: ClientFor
) -> None:
    other = client_for(sandbox.url, token=sandbox.users[1].token)
    with pytest.raises(NotFound):
        other.get_chatbot(str(first(main).id))


def test_a_write_that_was_made_before_the_connection_broke_is_unknown(
    sandbox: Sandbox, main: CaigunnClient
) -> None:
    chatbot_id = str(first(main).id)
    sandbox.order(Fault("reset_after", method="PUT"))
    with pytest.raises(OutcomeUnknown):
        main.update_webhook(chatbot_id, URL)
    assert main.get_chatbot(chatbot_id).webhook_url == URL


def test_a_read_goes_on_past_two_faults(sandbox: Sandbox, main: CaigunnClient) -> None:
    sandbox.order(Fault("reset_before", times=1))
    sandbox.order(Fault("status", status=503, times=1))
    assert main.list_chatbots().received == 30
