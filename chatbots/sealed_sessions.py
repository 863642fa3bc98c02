"""Sessions at rest: sealed, since a two-factor secret stands in one while it is being set up."""

import json
from typing import Any

from caigunn_admin.team import sessions
from chatbots import vault


class SessionStore(sessions.SessionStore):
    """The store of sessions, each sealed for its own row. One that no key opens is an empty one."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return vault.ring().seal(json.dumps(session_dict, separators=(",", ":")), self._context())

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            text = vault.ring().open(str(session_data), self._context())
        except vault.SealError:
            return {}
        data: dict[str, Any] = json.loads(text)
        return data

    def _context(self) -> str:
        return f"session|{self.session_key}"
