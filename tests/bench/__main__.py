"""`python -m tests.bench`: what the pages cost beside the calls and a bare page, in one run.

Times are medians of measurements made in turn, and shown as ratios: on another machine the raw
numbers differ, the ratios hardly. Exits with 1 if a count or a size is wrong, never for a time.
"""

import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from pydantic import SecretStr

from chatbots.caigunn import Call, Deadline, Transport, TransportSettings
from tests.browser.dashboard import PASSWORD, Dashboard, Gunicorn, collect_static

from .report import Report
from .servers import SandboxProcess, bare_page, cpu_seconds
from .visitor import Visitor, first_chatbot, parts_of, value_of

LATENCY = 0.1
CHATBOTS = 30
CONCURRENCY = 16
ROUNDS = 15
CPU_BLOCKS = 5
CPU_REQUESTS = 80
LIST = "/chatbots/"
_CALL = Call("GET", "/api/external/user/chatbot", query={"offset": 0, "limit": CHATBOTS})


def in_turn(*measured: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """The median of each, measured one after the other in every round."""
    times = [[measure() for measure in measured] for _ in range(rounds)]
    return [median(column) for column in zip(*times, strict=True)]


def warm(visitor: Visitor) -> None:
    """Let every worker have met the page."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visitor.get, [LIST] * 48))


def sign_in(dashboard: Dashboard, token: str) -> Visitor:
    """An Editor, signed in and connected."""
    dashboard.add_member("editor@example.com", "editor")
    visitor = Visitor(dashboard.url)
    visitor.get("/account/login/")
    visitor.post("/account/login/", {"login": "editor@example.com", "password": PASSWORD})
    visitor.get("/token/")
    visitor.post("/token/", {"access_token": token})
    page = visitor.get(LIST)
    if page.status != 200:
        raise RuntimeError(f"The list answered {page.status}.")
    return visitor


def list_page(
    report: Report, sandbox: SandboxProcess, visitor: Visitor, bare: Visitor, token: SecretStr
) -> None:
    """The list beside the one call it needs, and beside the bare page."""
    transport = Transport(TransportSettings(sandbox.url))

    def call() -> float:
        started = time.perf_counter()
        transport.send(_CALL, token, Deadline.after(20))
        return time.perf_counter() - started

    call()
    bare_call, page, plain = in_turn(
        call, lambda: visitor.get(LIST).seconds, lambda: bare.get(LIST).seconds
    )
    transport.close()
    raw = f"call {bare_call * 1000:.1f} ms, page {page * 1000:.1f} ms"
    report.ratio("list page / its call", page / bare_call, 1.1, raw)
    raw = f"bare page {plain * 1000:.1f} ms"
    report.ratio("  bare page / the same call", plain / bare_call, None, raw)
    sandbox.take_calls()
    visitor.get(LIST)
    report.calls("calls of the list page", sandbox.take_calls(), ["GET"])


def cpu(report: Report, servers: list[Gunicorn], visitors: list[Visitor]) -> None:
    """CPU of gunicorn's workers for each page, user and system, from /proc, in turn."""
    used: list[list[float]] = []
    with ThreadPoolExecutor(4) as pool:
        for _ in range(CPU_BLOCKS):
            block = []
            for server, visitor in zip(servers, visitors, strict=True):
                before = cpu_seconds(server.workers)
                list(pool.map(visitor.get, [LIST] * CPU_REQUESTS))
                block.append((cpu_seconds(server.workers) - before) / CPU_REQUESTS)
            used.append(block)
    ours, bare = (median(column) for column in zip(*used, strict=True))
    ratio = median(block[0] / block[1] for block in used)
    raw = f"workers: list {ours * 1000:.2f} ms, bare {bare * 1000:.2f} ms"
    report.ratio("CPU of the list / of the bare page", ratio, 1.3, raw)


def fragment(
    report: Report, dashboard: Dashboard, sandbox: SandboxProcess, visitor: Visitor
) -> None:
    """The webhook URLs of 30 chatbots: unknown, then known."""
    head = visitor.fragment("webhooks")

    def cold() -> float:
        dashboard.forget()
        visitor.get(LIST)
        sandbox.take_calls()
        return visitor.get(LIST, **head).seconds

    unknown, known = in_turn(cold, lambda: visitor.get(LIST, **head).seconds, rounds=9)
    ideal = math.ceil(CHATBOTS / CONCURRENCY) * LATENCY
    raw = f"{unknown * 1000:.0f} ms, ideal {ideal * 1000:.0f} ms; known {known * 1000:.1f} ms"
    report.ratio("webhook fragment of 30 / ideal", unknown / ideal, 1.3, raw)
    report.calls("calls of the fragment", sandbox.take_calls(), ["GET"] * CHATBOTS)
    visitor.get(LIST, **head)
    report.calls("calls of the fragment, known", sandbox.take_calls(), [])


def submit(report: Report, sandbox: SandboxProcess, visitor: Visitor) -> None:
    """A webhook edit as htmx sends it."""
    chatbot_id = first_chatbot(visitor.get(LIST).text)
    path = f"{LIST}{chatbot_id}/webhook/"
    head = visitor.fragment(f"webhook-{chatbot_id}")
    times, calls = [], []
    for number in range(8):
        form = visitor.get(path, **head).text
        sandbox.take_calls()
        url = f"https://hooks.example.com/bench/{time.time_ns()}"
        answer = visitor.post(path, {"state": value_of(form, "state"), "webhook_url": url}, **head)
        calls = sandbox.take_calls()
        if answer.status != 200 or url.rpartition("/")[2] not in answer.text:
            raise RuntimeError(f"The edit answered {answer.status}.")
        # The first one finds out which route works.
        times += [answer.seconds] if number else []
    seconds = median(times)
    raw = f"{seconds * 1000:.0f} ms, 3 calls {3 * LATENCY * 1000:.0f} ms"
    report.ratio("webhook submit / 3 × latency", seconds / (3 * LATENCY), None, raw)
    report.calls("calls of a submit", calls, ["GET", "PUT", "GET"])
    visitor.get(LIST, **visitor.fragment("webhooks"))
    report.calls("calls of the fragment after a write", sandbox.take_calls()[-1:], ["GET"])


def cold_visit(report: Report, dashboard: Dashboard, visitor: Visitor) -> None:
    """The bytes of a first visit: bodies as they travel, and 300 for each head."""
    head = 300
    page = visitor.get(LIST)
    sizes = {LIST: len(page.packed)}
    for part in parts_of(page.text):
        # What a browser accepts over https; over plain http it asks for gzip alone.
        found = visitor.get(part, accept="gzip, deflate, br")
        plain = visitor.get(part, accept="gzip")
        sizes[f"{part} ({found.headers.get('content-encoding', 'plain')})"] = len(found.packed)
        report.note(
            f"  {part.rpartition('/')[2]}", f"{len(found.packed)}, gzip {len(plain.packed)}"
        )
    drawn = visitor.get(LIST, **visitor.fragment("webhooks"))
    report.note("  page", f"{len(page.packed)}, plain {len(page.text.encode())}")
    report.note("  fragment", f"{len(drawn.packed)}, plain {len(drawn.text.encode())}")
    total = sum(sizes.values()) + len(drawn.packed) + head * (len(sizes) + 1)
    report.size("bytes of a cold visit, heads included", total, 40_000, f"{len(sizes)} + fragment")
    report.size("requests of a cold visit", len(sizes), 5, "without the fragment")


def sandbox_rate(report: Report) -> None:
    """Requests a second of a sandbox without latency, over 8 kept connections."""
    seconds = 2.0
    with SandboxProcess(0) as sandbox:
        host = urlsplit(sandbox.url).netloc
        counts: list[int] = []
        lock = threading.Lock()

        def ask() -> None:
            connection, count = HTTPConnection(host, timeout=10), 0
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                connection.request(
                    "GET",
                    "/api/external/user/chatbot?limit=30",
                    headers={"caigunn-access-token": sandbox.token},
                )
                connection.getresponse().read()
                count += 1
            connection.close()
            with lock:
                counts.append(count)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    report.at_least("requests/s of the sandbox", sum(counts) / seconds, 200, "8 connections")


def main() -> int:
    """Measure and print. 1 if a count was wrong."""
    report = Report()
    with tempfile.TemporaryDirectory() as name, SandboxProcess(int(LATENCY * 1000)) as sandbox:
        folder = Path(name)
        collect_static(folder)
        dashboard = Dashboard(folder, sandbox.url)
        dashboard.release()
        bare_server, session = bare_page(folder / "bare", sandbox.url, sandbox.token)
        with dashboard, bare_server:
            visitor = sign_in(dashboard, sandbox.token)
            bare = Visitor(bare_server.url, sessionid=session)
            warm(visitor)
            warm(bare)
            report.head()
            list_page(report, sandbox, visitor, bare, SecretStr(sandbox.token))
            cpu(report, [dashboard, bare_server], [visitor, bare])
            fragment(report, dashboard, sandbox, visitor)
            submit(report, sandbox, visitor)
            cold_visit(report, dashboard, visitor)
    sandbox_rate(report)
    for failure in report.failures:
        sys.stderr.write(f"wrong: {failure}\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
