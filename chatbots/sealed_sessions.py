"""Sessions at rest: sealed, since a two-factor secret stands in one while it is being set up."""

import json
from typing import Any

from chatbots import vault

_CONTEXT = "session"


class SealedSerializer:
    """What Django's sessions are written with. A session that no key opens is an empty one."""

    def dumps(self, obj: Any) -> bytes:
        return vault.ring().seal(json.dumps(obj, separators=(",", ":")), _CONTEXT).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(vault.ring().open(data.decode(), _CONTEXT))
