"""`manage.py send_reminders`"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from chatbots.services.reminders import Outcome, send_reminders


class Command(BaseCommand):
    """Mail the members whose access token ends soon. Run it once a day; more often does no harm.

    Ends with an error where a mail could not be sent, so that the scheduler tells.
    """

    help = "Mail whoever connected an access token that ends in 14, 3 or 0 days. Run it daily."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        if not settings.MAIL_IS_SENT:
            self.stdout.write("Mail is not set up (EMAIL_URL is empty): nothing was sent.")
            return
        try:
            found = send_reminders()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Reminders sent: {found[Outcome.SENT]}.")
        if unclear := found[Outcome.UNCLEAR]:
            self.stdout.write(f"Perhaps sent, and therefore not sent again: {unclear}.")
        if failed := found[Outcome.FAILED]:
            raise CommandError(f"Not sent: {failed}. The next run tries again.")
