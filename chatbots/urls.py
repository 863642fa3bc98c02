"""The addresses of design §6."""

from django.urls import path, register_converter
from django.views.generic import RedirectView

from chatbots.views import (
    changes,
    chatbots,
    deletion,
    history,
    lifecycle,
    plans,
    record,
    settings,
    team,
    token,
    webhooks,
)


class ChatbotIdConverter:
    """The id of a chatbot, sent on unchanged."""

    regex = "[A-Za-z0-9_-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ChatbotIdConverter, "chatbot")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="chatbots"), name="home"),
    path("token/", token.token, name="token"),
    path("token/refresh/", token.refresh, name="token_refresh"),
    path("token/disconnect/", token.disconnect, name="token_disconnect"),
    path("plans/", plans.plans, name="plans"),
    path("chatbots/", chatbots.chatbots, name="chatbots"),
    path("chatbots/new/", lifecycle.new, name="chatbot_new"),
    path("chatbots/<chatbot:chatbot_id>/", chatbots.chatbot, name="chatbot"),
    path("chatbots/<chatbot:chatbot_id>/reveal/", chatbots.reveal, name="chatbot_reveal"),
    path("chatbots/<chatbot:chatbot_id>/edit/", settings.edit, name="chatbot_edit"),
    path("chatbots/<chatbot:chatbot_id>/delete/", deletion.delete, name="chatbot_delete"),
    path("chatbots/<chatbot:chatbot_id>/webhook/", webhooks.webhook, name="webhook"),
    path("chatbots/<chatbot:chatbot_id>/history/", history.history, name="chatbot_history"),
    path("chatbots/<chatbot:chatbot_id>/outside/", changes.outside, name="chatbot_outside"),
    path("activity/", history.activity, name="activity"),
    path("activity/sign-ins/", record.record, name="record"),
    path("team/", team.team, name="team"),
    path("team/<int:member_id>/", team.member, name="team_member"),
    path("team/<int:member_id>/role/", team.change_role, name="team_role"),
    path("team/<int:member_id>/deactivate/", team.deactivate, name="team_deactivate"),
    path("team/<int:member_id>/reactivate/", team.reactivate, name="team_reactivate"),
    path("team/<int:member_id>/sessions/", team.end_sessions, name="team_sessions"),
    path("team/<int:member_id>/two-factor/", team.remove_two_factor, name="team_two_factor"),
    path("team/<int:member_id>/password-link/", team.password_link, name="team_password_link"),
    path("team/invitations/<int:invitation_id>/resend/", team.resend, name="invitation_resend"),
    path("team/invitations/<int:invitation_id>/cancel/", team.cancel, name="invitation_cancel"),
    path("changes/<uuid:change_id>/undo/", changes.undo, name="change_undo"),
    path("changes/<uuid:change_id>/check/", changes.check, name="change_check"),
    path("changes/<uuid:change_id>/adopt/", lifecycle.adopt, name="change_adopt"),
]
