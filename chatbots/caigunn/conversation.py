"""Calls made with one member's token, and what their answers mean."""

from pydantic import SecretStr

from .answers import NotJSONError, error_text, parse_json, parse_retry_after, plain_text
from .deadline import Deadline
from .errors import (
    AUTH_STATUSES,
    CaigunnError,
    OutcomeUnknown,
    TokenRejected,
    Unavailable,
    UnexpectedAnswer,
    error_for_status,
)
from .secret import usable_secret
from .transport import Answer, Call, Transport

_LONG_ENOUGH = 16
PLANS = "/api/external/user/plan"


class Conversation:
    """Knows one token, one deadline and one request id. Interprets answers, knows no operation."""

    def __init__(
        self, token: str, transport: Transport, deadline: Deadline, request_id: str
    ) -> None:
        self._token = usable_secret(token, "access token")
        self._transport = transport
        self._deadline = deadline
        self._request_id = request_id
        self._hidden: tuple[SecretStr, ...] = ()

    def hide(self, *secrets: SecretStr | None) -> None:
        """Cut these, too, out of whatever Caigunn says from here on: it may quote a key that was
        not sent with the call."""
        found = (one for one in secrets if one is not None and one not in self._hidden)
        # A short one could be part of any word.
        self._hidden += tuple(one for one in found if len(one) >= _LONG_ENOUGH)

    def json(self, call: Call) -> dict[str, object]:
        """The JSON object of a successful answer."""
        document = self._document(call, self._success(call))
        if isinstance(document, dict):
            return document
        raise self.unusable(call)

    def detail(self, call: Call) -> str:
        """What Caigunn says about a successful write, as one line; empty where it says nothing."""
        answer = self._success(call)
        if answer.status in {204, 205}:
            return ""
        document = self._document(call, answer)
        detail = document.get("detail", "") if isinstance(document, dict) else None
        if not isinstance(detail, str):
            raise self.unusable(call, answer.status)
        return plain_text(detail, self._secrets(call))

    def unusable(self, call: Call, status: int = 200) -> CaigunnError:
        """The exception for a success whose body is not what was documented."""
        kind = UnexpectedAnswer if call.kind == "read" else OutcomeUnknown
        return kind(status=status, request_id=self._request_id)

    def _document(self, call: Call, answer: Answer) -> object:
        if not answer.damage:
            try:
                return parse_json(answer.body)
            except NotJSONError:
                pass
        raise self.unusable(call, answer.status)

    def _success(self, call: Call) -> Answer:
        answer = self._transport.send(call, self._token, self._deadline, self._request_id)
        if 200 <= answer.status < 300:
            return answer
        raise self._error(call, answer)

    def _error(self, call: Call, answer: Answer) -> CaigunnError:
        detail, fields = error_text(answer.body, self._secrets(call))
        error = error_for_status(
            answer.status,
            kind=call.kind,
            collection=call.collection,
            detail=detail,
            fields=fields,
            retry_after=parse_retry_after(answer.headers.get("retry-after")),
            request_id=self._request_id,
        )
        if error is None:
            return self.unusable(call, answer.status)
        return self._refusal(call, error) if answer.status in AUTH_STATUSES else error

    def _refusal(self, call: Call, refused: CaigunnError) -> CaigunnError:
        """Tells a refused token from a refused call by one read of the plans (design §10)."""
        rejected = TokenRejected(
            detail=refused.detail, status=refused.status, request_id=self._request_id
        )
        if call.path == PLANS:
            return rejected
        try:
            self.json(Call("GET", PLANS, query={"offset": 0, "limit": 1}, collection=True))
        except TokenRejected:
            return rejected
        except CaigunnError as unclear:
            if call.kind == "read":
                return Unavailable(
                    detail=refused.detail,
                    status=refused.status,
                    request_id=self._request_id,
                    timed_out=isinstance(unclear, Unavailable) and unclear.timed_out,
                )
        return refused

    def _secrets(self, call: Call) -> tuple[SecretStr, ...]:
        sent = (self._token,) if call.api_key is None else (self._token, call.api_key)
        return sent + self._hidden
