"""The eight events that the webhook page explains (notes §9)."""

import json

from chatbots.webhook_events import events_of

MORE = {
    "crawling.initial": set(),
    "crawling.completed": {"training_data_ids"},
    "uploading.initial": set(),
    "uploading.completed": {"training_data_ids"},
    "uploading.failed": set(),
    "training.initial": set(),
    "training.completed": {"model_id", "training_data_ids"},
    "training.failed": {"detail"},
}


def test_each_is_as_documented() -> None:
    events = events_of("bot-1")
    assert [event.name for event in events] == list(MORE)
    for event in events:
        body = json.loads(event.body)
        assert set(body) == {"event", "status", "event_id", "data"}
        assert f"{body['event']}.{body['status']}" == event.name
        assert body["data"].pop("chatbot_id") == "bot-1"
        assert set(body["data"]) == MORE[event.name]
        assert str(event.says).endswith(".")
