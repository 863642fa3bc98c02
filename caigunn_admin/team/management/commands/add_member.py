"""`manage.py add_member EMAIL --role admin|editor|viewer [--password-stdin]`"""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from caigunn_admin.team.models import Member, Role


class Command(BaseCommand):
    """Add a member with a verified address, without a mail server."""

    help = "Add a member with a verified address. No mail is sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        email = options["email"].strip().lower()
        member = Member(email=email, name=options["name"].strip(), role=options["role"])
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email}: {' '.join(error.messages)}") from error
        if Member.objects.filter(email=email).exists():
            raise CommandError(f"{email} is a member already.")
        password = self._password(from_stdin=options["password_stdin"])
        try:
            validate_password(password, member)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        with transaction.atomic():
            member.set_password(password)
            member.save()
            EmailAddress.objects.create(user=member, email=email, verified=True, primary=True)
        self.stdout.write(f"{email} can sign in now ({Role(member.role).value}).")

    def _password(self, *, from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Once more: "):
            raise CommandError("The two passwords differ.")
        return first
