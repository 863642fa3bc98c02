"""A stand-in for Caigunn: a real HTTP server that behaves as documented, and as strictly.

    with Sandbox(as_of="2024-11", webhook_route="line") as sandbox:
        sandbox.order(Fault("status", status=503, path="/plan$"))

`manage.py sandbox` serves one by itself.
"""

from .faults import Fault, FaultKind
from .journal import RecordedRequest, Refusal
from .operations import AsOf, WebhookRoute
from .server import Sandbox
from .world import Chatbot, Model, Plan, StoredFile, User

__all__ = [
    "AsOf",
    "Chatbot",
    "Fault",
    "FaultKind",
    "Model",
    "Plan",
    "RecordedRequest",
    "Refusal",
    "Sandbox",
    "StoredFile",
    "User",
    "WebhookRoute",
]
