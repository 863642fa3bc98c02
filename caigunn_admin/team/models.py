"""The people who sign in."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member may do; each role may do what the one before it may."""

    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    ADMIN = "admin", _("Admin")


def in_english(role: str) -> str:
    """The name of a role as the record keeps it."""
    with translation.override("en"):
        return str(Role(role).label)


class Theme(models.TextChoices):
    """Colours, where a member does not leave them to their system."""

    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class MemberManager(BaseUserManager["Member"]):
    """Makes members; addresses are kept in lower case, so that one person has one record."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Member":
        member = self.model(email=email.strip().lower(), **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member

    def get_by_natural_key(self, username: str | None) -> "Member":
        return self.get(email=(username or "").strip().lower())


class Member(AbstractBaseUser):
    """A person who signs in with an email address."""

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    is_active = models.BooleanField(_("may sign in"), default=True)
    page_size = models.PositiveSmallIntegerField(_("rows on a page"), default=30)
    # Empty: as the browser has it.
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("colours"), max_length=5, choices=Theme.choices, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    uses_shortcuts = models.BooleanField(_("Keyboard shortcuts"), default=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)

    objects = MemberManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        verbose_name = _("member")
        verbose_name_plural = _("members")

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)


class Invitation(models.Model):
    """An address that may become a member, until it has or the invitation ends."""

    email = models.EmailField(_("email address"), unique=True)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(
        Member, null=True, on_delete=models.SET_NULL, related_name="invitations"
    )
    # The link holds the key itself, and nothing here does.
    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.email

    @property
    def has_ended(self) -> bool:
        return self.expires_at <= timezone.now()
