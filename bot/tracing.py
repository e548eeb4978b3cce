"""Traces (OpenTelemetry) of what enters the house and of the calls it makes, for whoever runs a collector."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.settings import Settings
from handlers import trail

SERVICE = "kakehashi"
EXPORT_SECONDS = 2.0
"""How long the collector has to take what it is sent, tries repeated included; what it does not take is gone."""
FAREWELL_SECONDS = 2 * EXPORT_SECONDS


@asynccontextmanager
async def tracing(settings: Settings) -> AsyncIterator[None]:
    """Spans go to the collector that the settings name, over OTLP, until the block ends. Without one there are none.

    The tracer is ours alone, not that of the whole process: what libraries would tell of their work may hold addresses
    that somebody typed.
    """
    if not settings.otel_exporter_otlp_endpoint:
        yield
        return
    # Only who has a collector waits for these modules at every start.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    roles = ",".join(sorted(settings.roles))
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: SERVICE, f"{SERVICE}.roles": roles}), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.otel_exporter_otlp_endpoint}v1/traces",
        headers=_headers(settings),
        timeout=EXPORT_SECONDS,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        with trail.traced_by(provider.get_tracer(SERVICE)):
            yield
    finally:
        # What is left is sent, from a thread: the collector may be slow. Without it the process ends all the same.
        farewell = asyncio.ensure_future(asyncio.to_thread(provider.shutdown))
        await asyncio.wait((farewell,), timeout=FAREWELL_SECONDS)


def _headers(settings: Settings) -> dict[str, str]:
    """`name=value,name=value`, as the standard writes them."""
    given = settings.otel_exporter_otlp_headers
    pairs = given.get_secret_value().split(",") if given is not None else []
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs) if name.strip()}
