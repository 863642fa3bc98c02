"""What becomes of the connection of a member who is thrown out."""

from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest

from caigunn_admin.activity.record import Request
from caigunn_admin.team.members import deactivated
from caigunn_admin.team.models import Member
from chatbots.services import token


@receiver(deactivated)
def disconnect(request: HttpRequest, member: Member, **_rest: Any) -> None:
    """End it, within the same transaction: nobody's token stays in the hands of nobody."""
    token.disconnect(Request(member, getattr(request, "request_id", "")))
