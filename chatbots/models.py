"""What this dashboard keeps of its own. Caigunn's data is not mirrored here."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chatbots import vault


class EndSource(models.TextChoices):
    """Where the end of an access token is known from."""

    TOKEN = "token", _("the token says so itself")
    ASKED = "asked", _("the date asked for at the last refresh")
    UNKNOWN = "unknown", _("unknown")


class AccessToken(models.Model):
    """A `caigunn-access-token`, sealed. Members who connect the same one share this record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The address it was connected for: a token is never sent to another one.
    api_base_url = models.URLField(max_length=300)
    fingerprint = models.CharField(max_length=64)
    sealed = models.TextField()
    # The token before the last refresh, kept until the new one has answered a read.
    sealed_previous = models.TextField(blank=True)
    last4 = models.CharField(max_length=4)
    label = models.CharField(max_length=80, blank=True)
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    connected_at = models.DateTimeField(default=timezone.now)
    refreshed_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    end_source = models.CharField(
        max_length=10, choices=EndSource.choices, default=EndSource.UNKNOWN
    )
    last_worked_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    # The refresh under way: written before the call, so that one that died leaves evidence.
    refresh_holder = models.UUIDField(null=True)
    refresh_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["api_base_url", "fingerprint"], name="one_record_for_each_token"
            ),
        )

    def __str__(self) -> str:
        return f"…{self.last4}"

    def open(self) -> str:
        """The token. Raises vault.SealError."""
        return vault.ring().open(self.sealed, self.context("sealed"))

    def open_previous(self) -> str:
        """The token before the last refresh. Raises vault.SealError."""
        return vault.ring().open(self.sealed_previous, self.context("sealed_previous"))

    def context(self, field: str) -> str:
        """What a seal of this record is bound to."""
        return f"access_token|{self.id}|{field}"

    def refresh_died(self, now: datetime) -> bool:
        """Whether a refresh began and never reported back: its outcome is unknown."""
        return self.refresh_until is not None and self.refresh_until < now


class Connection(models.Model):
    """A member's connection to Caigunn: at most one."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connection"
    )
    access_token = models.ForeignKey(
        AccessToken, on_delete=models.CASCADE, related_name="connections"
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.member} {self.access_token}"


class WriteLease(models.Model):
    """Held while one chatbot is being written, so that writes to it come one after the other."""

    name = models.CharField(max_length=400, primary_key=True)
    holder = models.UUIDField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class KeptInput(models.Model):
    """The input of a form that could not be taken, sealed, for the member it was drawn for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=300)
    sealed = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.path

    @property
    def context(self) -> str:
        """What the seal of this record is bound to."""
        return f"kept_input|{self.id}|{self.member_id}"


class Canary(models.Model):
    """One sealed row that tells whether TOKEN_KEYS belongs to this database."""

    sealed = models.TextField()

    def __str__(self) -> str:
        return "canary"


class Reminder(models.Model):
    """The claim to mail a member that their access token ends: one for each step before an end.

    It names the end and not the token: with another end the steps begin anew, and the same token
    connected again is no reason to write again. Claimed first, then sent: see `services.reminders`.
    """

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    ends_at = models.DateTimeField()
    days_before = models.PositiveSmallIntegerField()
    claimed_at = models.DateTimeField(default=timezone.now)
    # Empty while it is being sent, and for ever where the process was stopped in between.
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["member", "ends_at", "days_before"], name="one_reminder_for_each_step"
            ),
        )

    def __str__(self) -> str:
        return f"{self.member_id} {self.ends_at:%Y-%m-%d} {self.days_before}"
