"""Prometheus' text format of the metrics of this process."""

from collections.abc import Collection

from prometheus_client import REGISTRY, generate_latest


def metrics_text(names: Collection[str] = ()) -> bytes:
    """Return all metrics, or those of these names: to format hundreds takes the processor many times as long."""
    return generate_latest(REGISTRY.restricted_registry(names) if names else REGISTRY)
