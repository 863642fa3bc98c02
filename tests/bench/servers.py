"""What is measured, each in a process of its own: the sandbox and the bare page."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.browser.dashboard import ROOT, Gunicorn


class SandboxProcess:
    """`manage.py sandbox` for as long as the `with` block lasts. `token` is its first user's."""

    def __init__(self, latency_ms: int, chatbots: int = 30) -> None:
        command = [sys.executable, "manage.py", "sandbox", f"--latency={latency_ms}"]
        self._process = subprocess.Popen(
            [*command, f"--chatbots={chatbots}"],
            cwd=ROOT,
            env={**os.environ, "DEBUG": "on"},
            stdout=subprocess.PIPE,
            text=True,
        )
        output = self._process.stdout
        first, second = (output.readline(), output.readline()) if output else ("", "")
        if " at " not in first:
            self.close()
            raise RuntimeError("The sandbox did not start.")
        self.url = first.rpartition(" at ")[2].strip()
        self.token = second.rpartition(": ")[2].strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it by its process id."""
        self._process.terminate()
        self._process.wait(30)
        if self._process.stdout:
            self._process.stdout.close()

    def take_calls(self) -> list[str]:
        """The methods of the calls since this was last asked, in order of arrival."""
        answer = self._control("GET", "requests")
        self._control("DELETE", "requests")
        if answer["refusals"]:
            raise RuntimeError(f"The sandbox refused: {answer['refusals']}")
        return [entry["method"] for entry in answer["requests"]]

    def _control(self, method: str, name: str) -> Any:
        request = urllib.request.Request(f"{self.url}/__sandbox__/{name}", method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


def bare_page(folder: Path, caigunn: str, token: str) -> tuple[Gunicorn, str]:
    """The bare page under gunicorn with the same options, and the key of a session in it."""
    folder.mkdir()
    environment = {
        "BARE_DATABASE": str(folder / "bare.sqlite3"),
        "BARE_CAIGUNN": caigunn,
        "BARE_TOKEN": token,
    }
    server = Gunicorn(folder, "tests.bench.bare", environment)
    prepared = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare"],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return server, prepared.stdout.strip()


def cpu_seconds(pids: list[int]) -> float:
    """The CPU that processes have used so far, all their threads together."""
    ticks = 0
    for pid in pids:
        # The name of the program stands in brackets and may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
