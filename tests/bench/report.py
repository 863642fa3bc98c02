"""What the benchmark prints."""

import sys
from dataclasses import dataclass, field


@dataclass
class Report:
    """Lines of measure, ratio, bar, raw numbers. A wrong count fails the run, a time does not."""

    failures: list[str] = field(default_factory=list)

    def head(self) -> None:
        """The first line."""
        self._line("measure", "ratio", "bar", "", "raw")

    def ratio(self, name: str, ratio: float, bar: float | None, raw: str) -> None:
        """A time or CPU as a ratio; at most `bar`, where there is one."""
        said = "" if bar is None else "ok" if ratio <= bar else "over"
        self._line(name, f"{ratio:.2f}", "" if bar is None else f"≤ {bar:g}", said, raw)

    def at_least(self, name: str, number: float, bar: float, raw: str) -> None:
        """A rate."""
        said = "ok" if number >= bar else "under"
        self._line(name, f"{number:.0f}", f"≥ {bar:g}", said, raw)

    def size(self, name: str, number: int, bar: int, raw: str) -> None:
        """A number of bytes or requests that must not be exceeded."""
        self._counted(name, number <= bar, f"{number}", f"≤ {bar}", raw)

    def calls(self, name: str, calls: list[str], expected: list[str]) -> None:
        """The calls that something cost."""
        raw = f"{len(calls)} calls: {' '.join(dict.fromkeys(calls)) or 'none'}"
        self._counted(name, calls == expected, str(len(calls)), f"= {len(expected)}", raw)

    def note(self, name: str, raw: str) -> None:
        """Numbers without a bar."""
        self._line(name, "", "", "", raw)

    def _counted(self, name: str, holds: bool, number: str, bar: str, raw: str) -> None:
        if not holds:
            self.failures.append(name)
        self._line(name, number, bar, "ok" if holds else "WRONG", raw)

    @staticmethod
    def _line(name: str, number: str, bar: str, said: str, raw: str) -> None:
        sys.stdout.write(f"{name:44} {number:>7}  {bar:8} {said:6} {raw}\n")
        sys.stdout.flush()
