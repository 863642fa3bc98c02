"""What the settings are made of: the environment, `.env`, and files that hold secrets."""

import sys
from pathlib import Path
from typing import NoReturn

import environ

env = environ.FileAwareEnv()
_dotenv = Path(__file__).resolve().parent.parent / ".env"
if _dotenv.exists():
    env.read_env(_dotenv)


def stop(message: str) -> NoReturn:
    """End the start with one line. On exit code 3 gunicorn gives up instead of trying again."""
    print(f"caigunn-admin cannot start: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(3)


def secret(name: str) -> str:
    """The stripped value of NAME, or of the file that NAME_FILE points to, which goes before it;
    empty without either. Stops the start if the file cannot be read or holds nothing."""
    try:
        # Not env.str: that takes a value with $ in front for the name of another variable.
        text = str(env.ENVIRON.get(name, "")).strip()
    except OSError as error:
        stop(f"{name}_FILE cannot be read ({error.strerror}).")
    except UnicodeDecodeError:
        stop(f"{name}_FILE cannot be read (it is no text).")
    if not text and env.ENVIRON.get(f"{name}_FILE"):
        stop(f"{name}_FILE names a file that holds nothing.")
    return text


def number(name: str, default: float) -> float:
    """The number in NAME, `default` where it is empty. Stops the start if it is no number."""
    try:
        return float(env.str(name, default="").strip() or default)
    except ValueError:
        stop(f"{name} is a number, such as {default:g}.")
