"""What must not stand in the log."""

import logging
import re

# Links that let somebody in: whoever reads the log must not be able to follow them.
_LINK = re.compile(r"(/account/(?:invitation|password/reset/key|confirm-email)/)[^\s/?\"']+")


class NoLinks(logging.Filter):
    """Cuts the key out of every such link."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        cut = _LINK.sub(r"\1…", text)
        if cut != text:
            record.msg, record.args = cut, None
        return True
