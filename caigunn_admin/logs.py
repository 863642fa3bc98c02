"""How the log is written, and what must not stand in it."""

import logging
import re
from typing import Any

# Links that let somebody in: whoever reads the log must not be able to follow them.
_LINK = re.compile(r"(/account/(?:invitation|password/reset/key|confirm-email)/)[^\s/?\"']+")


class NoLinks(logging.Filter):
    """Cuts the key out of every such link."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        cut = _LINK.sub(r"\1…", text)
        if cut != text:
            record.msg, record.args = cut, None
        # Django hands the request over as well, and JSON writes it out, address included.
        if hasattr(record, "request"):
            record.request = _LINK.sub(r"\1…", repr(record.request))
        return True


def config(log_format: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error, as `plain` text or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
            },
        },
        "filters": {"no_links": {"()": "caigunn_admin.logs.NoLinks"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": log_format,
                "filters": ["no_links"],
            }
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # In place of gunicorn's own handler, which would write links out.
            "gunicorn.access": {"handlers": ["console"]},
            # urllib3's debug lines name whole URLs; ours name what may be named.
            "urllib3": {"level": "WARNING"},
        },
    }
