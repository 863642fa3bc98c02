"""Changes: the record of every write a member asked for."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from caigunn_admin.activity import stored


class Kind(models.TextChoices):
    """What kind of write it was."""

    CREATE = "create", _("Created")
    WEBHOOK = "webhook", _("Webhook")
    SETTINGS = "settings", _("Settings")
    DELETE = "delete", _("Deleted")
    ACCEPT = "accept", _("Change from outside accepted")
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
    chatbot_id = models.CharField(max_length=64, blank=True)
    chatbot_title = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    asked = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    detail = models.TextField(blank=True)
    # What Caigunn said of single fields when it refused them: field name to its messages.
    refused = models.JSONField(default=dict)
    # Caigunn said yes: what it does not report was taken then, whatever it reports of the rest.
    was_accepted = models.BooleanField(default=False)
    # Why the member asked for it, in their own words.
    reason = models.CharField(max_length=300, blank=True)
    # The Change whose earlier values this one wrote back.
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="undone_by"
    )
    request_id = models.CharField(max_length=32, blank=True)
    # The one-time key of the form that asked: a form writes once, however often it is sent.
    # NULL, not empty, where no form asked: any number of those may stand beside each other.
    form_key = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["chatbot_id", "-created_at"], name="change_of_chatbot"),
            models.Index(fields=["-created_at"], name="change_newest"),
            # What is open is a handful among all there ever was, and looked for on most pages.
            models.Index(
                fields=["created_at"],
                condition=models.Q(outcome="pending"),
                name="change_pending",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.chatbot_id} {self.outcome}"

    @property
    def said(self) -> str:
        """The detail in the language of whoever reads it."""
        return stored.read(self.detail)


class LeftValue(models.Model):
    """What the last Change that was done here left in one field of a chatbot: where Caigunn
    reports something else afterwards, it was changed outside."""

    chatbot_id = models.CharField(max_length=64)
    field = models.CharField(max_length=40)
    value = models.JSONField(null=True)
    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["chatbot_id", "field"], name="one_value_left_in_a_field"
            ),
        )

    def __str__(self) -> str:
        return f"{self.chatbot_id} {self.field}"


class EventKind(models.TextChoices):
    """What happened to who may sign in, or to what only some may see."""

    SIGNED_IN = "signed_in", _("Signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
    SIGNED_OUT = "signed_out", _("Signed out")
    PROVED = "proved", _("Confirmed who they are")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    EMAIL_CHANGED = "email_changed", _("Email address changed")
    TWO_FACTOR_ADDED = "two_factor_added", _("Two-factor sign-in added")
    TWO_FACTOR_REMOVED = "two_factor_removed", _("Two-factor sign-in removed")
    CODES_MADE = "codes_made", _("Recovery codes made anew")
    SESSIONS_ENDED = "sessions_ended", _("Sessions ended")
    INVITED = "invited", _("Invited")
    INVITATION_CANCELLED = "invitation_cancelled", _("Invitation cancelled")
    JOINED = "joined", _("Joined")
    ROLE_CHANGED = "role_changed", _("Role changed")
    DEACTIVATED = "deactivated", _("Deactivated")
    REACTIVATED = "reactivated", _("Reactivated")
    RESET_LINK_MADE = "reset_link_made", _("Link for a new password made")
    SECRET_REVEALED = "secret_revealed", _("Secret revealed")


class Event(models.Model):
    """Something of the record of sign-ins, the team and revealed secrets. Holds no secret."""

    kind = models.CharField(max_length=24, choices=EventKind.choices)
    # Whom it is about; their address as it was then stays when they are gone.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="events"
    )
    member_email = models.EmailField(blank=True)
    # Who did it, where that was somebody else.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    by_email = models.EmailField(blank=True)
    detail = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (
            models.Index(fields=["-created_at"], name="event_newest"),
            models.Index(fields=["member", "-created_at"], name="event_of_member"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.member_email}"

    @property
    def said(self) -> str:
        """The detail in the language of whoever reads it; roles stand there as from → to."""
        if self.kind in {EventKind.SECRET_REVEALED, EventKind.EMAIL_CHANGED}:
            return self.detail
        return " → ".join(stored.read(part) for part in self.detail.split(" → "))
