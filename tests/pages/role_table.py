"""Every address of the URL conf, by method, for everyone who may come."""

from dataclasses import dataclass

from caigunn_admin.team.roles import Action

WHO = ("anonymous", "viewer", "editor", "admin", "stranger")
CHANGE = "00000000-0000-4000-8000-000000000001"
Statuses = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Entry:
    """Statuses for anonymous, Viewer, Editor, Admin, and an Admin with another access token.

    `action` is the one whose role guards the address, None where none does.
    """

    path: str
    get: Statuses
    post: Statuses
    action: Action | None = None
    other: int = 405
    """For PUT, PATCH and DELETE of whoever is signed in."""


def everyone(status: int, anonymous: int = 302) -> Statuses:
    return (anonymous, status, status, status, status)


BOT = "/chatbots/<id>/"
OF_ADMINS = (302, 403, 403, 200, 200)
TABLE = {
    "home": Entry("/", everyone(302), everyone(302), other=302),
    "token": Entry("/token/", everyone(200), everyone(422)),
    "token_refresh": Entry("/token/refresh/", everyone(405), everyone(302)),
    "token_disconnect": Entry("/token/disconnect/", everyone(405), everyone(302)),
    "plans": Entry("/plans/", everyone(200), everyone(405), Action.READ),
    "chatbots": Entry("/chatbots/", everyone(200), everyone(405), Action.READ),
    "chatbot_new": Entry(
        "/chatbots/new/",
        (302, 403, 403, 200, 200),
        (302, 403, 403, 422, 422),
        Action.CREATE_CHATBOT,
    ),
    "chatbot_edit": Entry(
        f"{BOT}edit/", (302, 403, 200, 200, 404), (302, 403, 422, 422, 404), Action.EDIT_SETTINGS
    ),
    "chatbot_delete": Entry(
        f"{BOT}delete/", (302, 403, 403, 200, 404), (302, 403, 403, 422, 404), Action.DELETE_CHATBOT
    ),
    "chatbot": Entry(BOT, (302, 200, 200, 200, 404), everyone(405), Action.READ),
    "chatbot_reveal": Entry(
        f"{BOT}reveal/", everyone(405), (302, 403, 200, 200, 404), Action.REVEAL_SECRET
    ),
    "webhook": Entry(
        f"{BOT}webhook/", (302, 403, 200, 200, 404), (302, 403, 422, 422, 404), Action.EDIT_WEBHOOK
    ),
    "chatbot_history": Entry(
        f"{BOT}history/", (302, 200, 200, 200, 404), everyone(405), Action.READ
    ),
    # Without a form that was drawn for it, it leads back to the chatbot.
    "chatbot_outside": Entry(
        f"{BOT}outside/", everyone(405), (302, 403, 302, 302, 302), Action.EDIT_SETTINGS
    ),
    "activity": Entry("/activity/", everyone(200), everyone(405), Action.READ),
    "record": Entry("/activity/sign-ins/", everyone(200), everyone(405), Action.READ),
    "team": Entry("/team/", OF_ADMINS, (302, 403, 403, 422, 422), Action.MANAGE_TEAM),
    "team_member": Entry("/team/<member>/", OF_ADMINS, everyone(405), Action.MANAGE_TEAM),
    "team_role": Entry(
        "/team/<member>/role/", everyone(405), (302, 403, 403, 422, 422), Action.MANAGE_TEAM
    ),
    **{
        name: Entry(f"/team/{path}/", everyone(405), (302, 403, 403, 302, 302), Action.MANAGE_TEAM)
        for name, path in {
            "team_deactivate": "<member>/deactivate",
            "team_reactivate": "<member>/reactivate",
            "team_sessions": "<member>/sessions",
            "team_two_factor": "<member>/two-factor",
        }.items()
    },
    "team_password_link": Entry(
        "/team/<member>/password-link/", everyone(405), OF_ADMINS, Action.MANAGE_TEAM
    ),
    "invitation_resend": Entry(
        "/team/invitations/<invitation>/resend/", everyone(405), OF_ADMINS, Action.MANAGE_TEAM
    ),
    # The Admin takes it back; the one who comes after finds nothing.
    "invitation_cancel": Entry(
        "/team/invitations/<invitation>/cancel/",
        everyone(405),
        (302, 403, 403, 302, 404),
        Action.MANAGE_TEAM,
    ),
    "keyboard": Entry("/account/keyboard/", everyone(200), everyone(405)),
    "preferences": Entry("/account/preferences/", everyone(200), everyone(422)),
    "sessions": Entry("/account/sessions/", everyone(200), everyone(302)),
    "change_undo": Entry(
        f"/changes/{CHANGE}/undo/",
        (302, 403, 200, 200, 404),
        (302, 403, 422, 422, 404),
        Action.EDIT_SETTINGS,
    ),
    "change_check": Entry(
        f"/changes/{CHANGE}/check/", everyone(405), (302, 403, 302, 302, 404), Action.EDIT_WEBHOOK
    ),
    # Of the Admin's own creation; nobody else's is found.
    "change_adopt": Entry(
        f"/changes/{CHANGE}/adopt/", everyone(405), (302, 403, 403, 302, 404), Action.CREATE_CHATBOT
    ),
}
# What anybody may open, and why.
PUBLIC = {
    "healthz": "asked by whatever runs this process",
    "readyz": "asked by whatever runs this process",
    "account_login": "the way in",
    "account_logout": "leads to the way in",
    "account_inactive": "says why somebody cannot sign in",
    "account_signup": "says that it is closed",
    "account_email_verification_sent": "part of confirming an address",
    "account_confirm_email": "part of confirming an address",
    "account_reset_password": "for whoever forgot the password",
    "account_reset_password_done": "for whoever forgot the password",
    "account_reset_password_from_key": "for whoever forgot the password",
    "account_reset_password_from_key_done": "for whoever forgot the password",
    "account_confirm_login_code": "leads to the way in",
    "mfa_authenticate": "the second half of the way in",
    "mfa_login_webauthn": "the way in with a passkey",
    "invitation": "for whoever has the link, who is no member yet",
}
# The member's own account: each role alike.
OWN = {
    "account_email",
    "account_change_password",
    "account_set_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}
# Of these a member who has no second factor finds nothing.
NOT_SET_UP = {
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}
