"""Changes: the record of every write a member asked for."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What kind of write it was."""

    CREATE = "create", _("Created")
    WEBHOOK = "webhook", _("Webhook")
    SETTINGS = "settings", _("Settings")
    DELETE = "delete", _("Deleted")
    TOKEN_CONNECT = "token_connect", _("Access token connected")
    TOKEN_REFRESH = "token_refresh", _("Access token refreshed")
    TOKEN_DISCONNECT = "token_disconnect", _("Access token disconnected")


class Outcome(models.TextChoices):
    """What came of it, as far as reading Caigunn again could tell."""

    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    UNDONE = "undone", _("Undone")


class Change(models.Model):
    """One write a member asked for. `before`, `asked` and `after` map field names to values,
    never to secrets; `after` is what Caigunn reported in the read-back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="changes"
    )
    member_email = models.EmailField()
    # The connection it was made through: whoever shares that access token may see it.
    access_token_id = models.UUIDField(null=True, db_index=True)
    chatbot_id = models.CharField(max_length=64, blank=True, db_index=True)
    chatbot_title = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    asked = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    detail = models.TextField(blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    # The one-time key of the form that asked: a form writes once, however often it is sent.
    # NULL, not empty, where no form asked: any number of those may stand beside each other.
    form_key = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.chatbot_id} {self.outcome}"
