"""Random writes until so many were asked for; what became of them is printed.

    python -m tests.faults.random_writes [WRITES [SEED]]

1,000 where no number is given. Every seed is a member's day of its own, the same each time.
"""

import logging
import os
import sys

from tests import environment  # noqa: F401 - sets the environment that the settings read

os.environ["DJANGO_SETTINGS_MODULE"] = "caigunn_admin.settings"

STEPS = 40
# As the tests have them: no manifest of the files, and a hash that costs nothing.
_SETTINGS = {
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "WHITENOISE_AUTOREFRESH": True,
}


def main(most: int, seed: int) -> None:
    """Print what was written, seed by seed. Raises AssertionError, with the steps that lead to it,
    where something does not hold."""
    import django  # noqa: PLC0415 - after the environment

    django.setup()
    logging.disable(logging.ERROR)
    from django.core.management import call_command  # noqa: PLC0415
    from django.test.utils import override_settings  # noqa: PLC0415

    from .random_machine import RandomWrites, asked_for, play  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    with override_settings(**_SETTINGS):
        while (count := asked_for()) < most:
            print(f"seed {seed}: {count} writes so far", flush=True)  # noqa: T201
            play(seed, examples=2, steps=STEPS, shrinks=False)
            seed += 1
    print(f"{asked_for()} writes were asked for, up to seed {seed}:")  # noqa: T201
    for what, times in sorted(RandomWrites.written.items()):
        print(f"{times:6} {what}")  # noqa: T201


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [1000, 0][len(numbers) :]))
