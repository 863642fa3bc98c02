"""The rows that hold something sealed, each kind with how it is read, exchanged and deleted."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from caigunn_admin.team.two_factor import SECOND_FACTORS
from chatbots import checks, sealed_mfa, vault
from chatbots.models import AccessToken, Canary, Connection, KeptInput
from chatbots.vault import KeyRing, SealError


@dataclass(frozen=True)
class Value:
    """One sealed value, and what it is bound to."""

    sealed: str
    context: str

    def text(self, ring: KeyRing) -> str | None:
        """What was sealed; None if no key of the ring opens it."""
        try:
            return ring.open(self.sealed, self.context)
        except SealError:
            return None

    def anew(self, ring: KeyRing) -> str:
        """The value sealed with the first key; as it is where that has sealed it, or where no key
        opens it."""
        if vault.key_id_of(self.sealed) == ring.first:
            return self.sealed
        text = self.text(ring)
        return self.sealed if text is None else ring.seal(text, self.context)


class Kind(ABC):
    """One kind of row."""

    noun: str

    @abstractmethod
    def rows(self) -> "QuerySet[Any]":
        """All of them."""

    @abstractmethod
    def values(self, row: Any) -> list[Value]:
        """What it holds sealed."""

    def is_behind(self, row: Any, ring: KeyRing) -> bool:
        """Whether something in it opens, and rests on another key than the first."""
        return any(value.anew(ring) != value.sealed for value in self.values(row))

    @abstractmethod
    def exchange(self, row: Any, ring: KeyRing) -> bool:
        """Write what is sealed anew, if the row still holds what was read; whether it did."""

    @abstractmethod
    def forget(self, row: Any, ring: KeyRing) -> dict[str, int]:
        """Delete what no key opens, if the row still holds what was read, with what is worth
        nothing without it. What was deleted, counted by its noun."""

    def is_shut(self, row: Any, ring: KeyRing) -> bool:
        """Whether no key opens something in it."""
        return any(value.text(ring) is None for value in self.values(row))


class AccessTokens(Kind):
    """Seal, the seal of the token before, and fingerprint: always written together."""

    noun = "access tokens"

    def rows(self) -> "QuerySet[AccessToken]":
        return AccessToken.objects.order_by("pk")

    def values(self, row: AccessToken) -> list[Value]:
        fields = ["sealed", "sealed_previous"] if row.sealed_previous else ["sealed"]
        return [Value(getattr(row, name), row.context(name)) for name in fields]

    def is_behind(self, row: AccessToken, ring: KeyRing) -> bool:
        return row.fingerprint != self._fingerprint(row, ring) or super().is_behind(row, ring)

    def _fingerprint(self, row: AccessToken, ring: KeyRing) -> str:
        text = self.values(row)[0].text(ring)
        return row.fingerprint if text is None else ring.fingerprint(text)

    def exchange(self, row: AccessToken, ring: KeyRing) -> bool:
        fresh = [value.anew(ring) for value in self.values(row)]
        fingerprint = self._fingerprint(row, ring)
        try:
            with transaction.atomic():
                return bool(
                    self._same(row).update(
                        sealed=fresh[0],
                        sealed_previous=fresh[1] if len(fresh) > 1 else "",
                        fingerprint=fingerprint,
                    )
                )
        except IntegrityError:
            # Connected a second time, by a process whose keys could not find this record.
            return self._join(row, fingerprint)

    def _same(self, row: AccessToken) -> "QuerySet[AccessToken]":
        return AccessToken.objects.filter(
            pk=row.pk, sealed=row.sealed, sealed_previous=row.sealed_previous
        )

    def _join(self, row: AccessToken, fingerprint: str) -> bool:
        """Have the members of this record share the one that holds the same token; neither may
        be in the middle of a refresh."""
        with transaction.atomic():
            free = AccessToken.objects.select_for_update().filter(refresh_holder=None)
            mine = self._same(row).select_for_update().filter(refresh_holder=None).first()
            other = free.filter(api_base_url=row.api_base_url, fingerprint=fingerprint).first()
            if mine is None or other is None:
                return False
            Connection.objects.filter(access_token=mine).update(access_token=other)
            mine.delete()
        return True

    def forget(self, row: AccessToken, ring: KeyRing) -> dict[str, int]:
        if self.values(row)[0].text(ring) is not None:
            # Only the token before the last refresh: the present one has answered, or will.
            return {"earlier access tokens": self._same(row).update(sealed_previous="")}
        with transaction.atomic():
            found = self._same(row).select_for_update().first()
            if found is None:
                return {}
            connections = found.connections.count()
            found.delete()
        return {self.noun: 1, "connections": connections}


class SecondFactors(Kind):
    """The TOTP secrets and the seeds of recovery codes that django-allauth keeps."""

    noun = "two-factor secrets"
    _NAMES = ("secret", "seed")

    def rows(self) -> "QuerySet[Authenticator]":
        kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
        found: QuerySet[Authenticator] = Authenticator.objects.filter(type__in=kinds)
        return found.order_by("pk")

    def values(self, row: Authenticator) -> list[Value]:
        return [
            Value(str(row.data[name]), sealed_mfa.context_of(row, name))
            for name in self._NAMES
            if name in row.data
        ]

    def exchange(self, row: Authenticator, ring: KeyRing) -> bool:
        # Under a lock, for the row counts the codes that were used beside its secret.
        with transaction.atomic():
            found = self._same(row)
            if found is None:
                return False
            names = [name for name in self._NAMES if name in row.data]
            fresh = [value.anew(ring) for value in self.values(row)]
            found.data |= dict(zip(names, fresh, strict=True))
            found.save(update_fields=["data"])
        return True

    def _same(self, row: Authenticator) -> Authenticator | None:
        found = self.rows().select_for_update().filter(pk=row.pk).first()
        return found if found is not None and self.values(found) == self.values(row) else None

    def forget(self, row: Authenticator, _ring: KeyRing) -> dict[str, int]:
        with transaction.atomic():
            found = self._same(row)
            if found is None:
                return {}
            found.delete()
            # Recovery codes without anything to recover are of no use, and would stay unseen.
            others = Authenticator.objects.filter(user_id=row.user_id)
            if not others.filter(type__in=SECOND_FACTORS).exists():
                return {self.noun: 1 + others.delete()[0]}
        return {self.noun: 1}


class KeptInputs(Kind):
    """What was typed into forms that could not be taken."""

    noun = "kept input"

    def rows(self) -> "QuerySet[KeptInput]":
        return KeptInput.objects.order_by("pk")

    def values(self, row: KeptInput) -> list[Value]:
        return [Value(row.sealed, row.context)]

    def exchange(self, row: KeptInput, ring: KeyRing) -> bool:
        return bool(self._same(row).update(sealed=self.values(row)[0].anew(ring)))

    def _same(self, row: KeptInput) -> "QuerySet[KeptInput]":
        return KeptInput.objects.filter(pk=row.pk, sealed=row.sealed)

    def forget(self, row: KeptInput, _ring: KeyRing) -> dict[str, int]:
        return {self.noun: self._same(row).delete()[0]}


class Canaries(Kind):
    """The row that tells whether the keys belong to the database."""

    noun = "canary"

    def rows(self) -> "QuerySet[Canary]":
        return Canary.objects.order_by("pk")

    def values(self, row: Canary) -> list[Value]:
        return [Value(row.sealed, checks.CONTEXT)]

    def exchange(self, row: Canary, ring: KeyRing) -> bool:
        return bool(self._same(row).update(sealed=self.values(row)[0].anew(ring)))

    def _same(self, row: Canary) -> "QuerySet[Canary]":
        return Canary.objects.filter(pk=row.pk, sealed=row.sealed)

    def forget(self, row: Canary, ring: KeyRing) -> dict[str, int]:
        """It is sealed anew in its place: without one, nothing would be served meanwhile."""
        sealed = ring.seal(checks.CANARY, checks.CONTEXT)
        return {self.noun: self._same(row).update(sealed=sealed)}


# The canary comes last: while it is sealed with an earlier key, that one is not missed unnoticed.
KINDS: tuple[Kind, ...] = (AccessTokens(), SecondFactors(), KeptInputs(), Canaries())
