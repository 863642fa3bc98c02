"""Liveness and readiness. Neither calls Caigunn."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

Probe = Callable[[], str | None]

# Apps add their own probe: it answers a cause that may be shown, or None.
probes: dict[str, Probe] = {}


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 as long as the process answers; no I/O."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200 when requests can be served, else 503 with one line for each cause."""
    causes = [cause for cause in (_database(), _cache_tables()) if cause]
    if not causes:
        causes = [cause for probe in probes.values() if (cause := probe())]
    if causes:
        return HttpResponse("\n".join(causes) + "\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


def _database() -> str | None:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "database: no answer"
    return f"migrations: {len(waiting)} not applied" if waiting else None


def _cache_tables() -> str | None:
    try:
        for alias in ("default", "reads"):
            caches[alias].get("readyz")
    except Exception:  # noqa: BLE001 - each cache backend has errors of its own; any of them is the answer
        return "cache: no answer (has createcachetable been run?)"
    return None
