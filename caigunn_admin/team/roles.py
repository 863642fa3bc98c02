"""The table of who may do what. Every guard and every template asks it, and nothing else."""

from enum import StrEnum

from caigunn_admin.team.models import Member, Role


class Action(StrEnum):
    """Something a page lets a member do."""

    READ = "read"
    EDIT_WEBHOOK = "edit_webhook"
    EDIT_SETTINGS = "edit_settings"
    REVEAL_SECRET = "reveal_secret"  # noqa: S105 - the name of an action
    CREATE_CHATBOT = "create_chatbot"
    DELETE_CHATBOT = "delete_chatbot"
    REFRESH_ANY_TOKEN = "refresh_any_token"  # noqa: S105 - the name of an action
    SEE_ALL_ACTIVITY = "see_all_activity"
    MANAGE_TEAM = "manage_team"


LEAST_ROLE: dict[Action, Role] = {
    Action.READ: Role.VIEWER,
    Action.EDIT_WEBHOOK: Role.EDITOR,
    Action.EDIT_SETTINGS: Role.EDITOR,
    Action.REVEAL_SECRET: Role.EDITOR,
    Action.CREATE_CHATBOT: Role.ADMIN,
    Action.DELETE_CHATBOT: Role.ADMIN,
    Action.REFRESH_ANY_TOKEN: Role.ADMIN,
    Action.SEE_ALL_ACTIVITY: Role.ADMIN,
    Action.MANAGE_TEAM: Role.ADMIN,
}

_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.ADMIN: 2}


def may(member: Member, action: Action) -> bool:
    """Whether the member's role allows the action. An unknown role may do nothing."""
    if member.role not in _RANK:
        return False
    return _RANK[Role(member.role)] >= _RANK[LEAST_ROLE[action]]
