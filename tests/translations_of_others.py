"""Texts of Django and allauth that members see, whose own translation is missing or not Taiwan's.

The catalogue of this project wins over theirs, so they are translated in it. A test looks each of
them up in the package it is said to come from.
"""

from typing import NamedTuple


class Text(NamedTuple):
    """A message of another package, in English."""

    singular: str
    plural: str = ""
    context: str = ""


OTHERS: dict[str, tuple[Text, ...]] = {
    "allauth": (
        Text("A user is already registered with this email address."),
        Text("This account is currently inactive."),
        Text("You cannot remove your primary email address."),
        Text("This email address is already associated with this account."),
        Text("The email address and/or password you specified are not correct."),
        Text("Please type your current password."),
        Text("Incorrect code."),
        Text("Incorrect password."),
        Text("Invalid or expired key."),
        Text("Invalid login."),
        Text("The password reset token was invalid."),
        Text("You cannot add more than %d email addresses."),
        Text("Too many failed login attempts. Try again later."),
        Text("The email address is not assigned to any user account."),
        Text("Your primary email address must be verified."),
        Text("The new value must be different from the current one."),
        Text("Be patient, you are sending too many requests."),
        Text("Use your password"),
        Text("Use authenticator app or code"),
        Text("Use a security key"),
        Text("You must type the same password each time."),
        Text(
            "You cannot add an email address to an account protected by two-factor authentication.",
        ),
        Text(
            "You cannot generate recovery codes without having two-factor authentication enabled.",
        ),
        Text(
            "You cannot activate two-factor authentication until you have verified your email "
            "address.",
        ),
        Text("Recovery codes"),
        Text("TOTP Authenticator"),
        Text("WebAuthn"),
        Text("Unable to confirm %(email)s because it is already confirmed by a different account."),
        Text("You cannot remove your primary email address (%(email)s)."),
        Text("Confirmation email sent to %(email)s."),
        Text("You have confirmed %(email)s."),
        Text("Removed email address %(email)s."),
        Text("Primary email address set."),
        Text("You have signed out."),
        Text("Password successfully changed."),
        Text("Password successfully set."),
        Text("Hello from %(site_name)s!"),
        Text("Thank you for using %(site_name)s!\n%(site_domain)s"),
        Text(
            "You're receiving this email because you or someone else has requested a password "
            "reset for your user account.\nIt can be safely ignored if you did not request a "
            "password reset. Click the link below to reset your password.",
        ),
        Text("Password Reset Email"),
        Text(
            "You're receiving this email because user %(user_display)s has given your email "
            "address to register an account on %(site_domain)s.",
        ),
        Text("To confirm this is correct, go to %(activate_url)s"),
        Text("Please Confirm Your Email Address"),
    ),
    "django": (
        Text("Enter a number."),
        Text("Enter a whole number."),
        Text("Enter a valid date."),
        Text("Enter a valid email address."),
        Text("This field is required."),
        Text("Null characters are not allowed."),
        Text("No file was submitted. Check the encoding type on the form."),
        Text("No file was submitted."),
        Text("The submitted file is empty."),
        Text("Select a valid choice. %(value)s is not one of the available choices."),
        Text(
            "Ensure this value has at least %(limit_value)d character (it has %(show_value)d).",
            "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d).",
        ),
        Text(
            "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
            "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
        ),
        Text(
            "Ensure this filename has at most %(max)d character (it has %(length)d).",
            "Ensure this filename has at most %(max)d characters (it has %(length)d).",
        ),
        Text(
            "This password is too short. It must contain at least %d character.",
            "This password is too short. It must contain at least %d characters.",
        ),
        Text(
            "Your password must contain at least %(min_length)d character.",
            "Your password must contain at least %(min_length)d characters.",
        ),
        Text("The password is too similar to the %(verbose_name)s."),
        Text("Your password can’t be too similar to your other personal information."),
        Text("This password is too common."),
        Text("Your password can’t be a commonly used password."),
        Text("This password is entirely numeric."),
        Text("Your password can’t be entirely numeric."),
        Text("%(delta)s ago"),
        Text("%(delta)s from now"),
        Text("now"),
        Text("%(num)d year", "%(num)d years", "naturaltime-past"),
        Text("%(num)d month", "%(num)d months", "naturaltime-past"),
        Text("%(num)d week", "%(num)d weeks", "naturaltime-past"),
        Text("%(num)d day", "%(num)d days", "naturaltime-past"),
        Text("%(num)d hour", "%(num)d hours", "naturaltime-past"),
        Text("%(num)d minute", "%(num)d minutes", "naturaltime-past"),
        Text("%(num)d year", "%(num)d years", "naturaltime-future"),
        Text("%(num)d month", "%(num)d months", "naturaltime-future"),
        Text("%(num)d week", "%(num)d weeks", "naturaltime-future"),
        Text("%(num)d day", "%(num)d days", "naturaltime-future"),
        Text("%(num)d hour", "%(num)d hours", "naturaltime-future"),
        Text("%(num)d minute", "%(num)d minutes", "naturaltime-future"),
        Text(", "),
    ),
}
