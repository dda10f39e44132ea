"""Spans of OpenTelemetry, when the variables OTEL_* name a receiver and the extra stanchion[otel] is installed.

Otherwise nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_ENDLESS = ("worker run", "watch")  # commands whose jobs and loads are traces of their own


def open_traces(command: str) -> Traces | None:
    """Return the traces of a command, or None when nothing asks for them."""
    is_off = (
        os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if is_off or not any(os.environ.get(name) for name in _ENDPOINTS):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:  # other programs of the machine may be the ones that the variables are for
        return None
    name = os.environ.get("OTEL_SERVICE_NAME") or "stanchion"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider, command)


class Traces:
    """The span of a command, and the spans of its events."""

    def __init__(self, provider: TracerProvider, command: str) -> None:
        from opentelemetry import trace

        self._provider, self._tracer = provider, provider.get_tracer("stanchion")
        self._root = None if command in _ENDLESS else self._tracer.start_span(f"stanchion {command}")
        self._context: Context | None = trace.set_span_in_context(self._root) if self._root else None

    def event(self, name: str, level: str, facts: Mapping[str, Any]) -> None:  # noqa: ARG002 - as the log of JSON
        """Record a span that ends now, for an event that has a duration."""
        if (duration := facts.get("duration_ms")) is None:
            return
        ended = time.time_ns()
        span = self._tracer.start_span(name, context=self._context, start_time=ended - int(duration * 1e6))
        attributes = {f"stanchion.{key}": count for key, count in (facts.get("counts") or {}).items()}
        attributes |= {f"stanchion.{key}": facts[key] for key in ("tenant", "message") if facts.get(key)}
        span.set_attributes(attributes)
        self._close(span, facts.get("error"), ended)

    def end(self, exit_code: int, error: str | None) -> None:
        """End the span of the command, and send what is left."""
        if self._root:
            self._root.set_attribute("stanchion.exit_code", exit_code)
            self._close(self._root, error or (f"exit code {exit_code}" if exit_code else None), time.time_ns())
        self._provider.shutdown()

    @staticmethod
    def _close(span: Any, error: str | None, ended: int) -> None:
        from opentelemetry.trace import Status, StatusCode

        if error:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(ended)
