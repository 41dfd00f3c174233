"""torchmetrics: metrics."""

from __future__ import annotations

import torchmetrics

from tests.unit.probe.looking import digest, moved, read


def updated(*values: float) -> torchmetrics.MeanMetric:
    """A metric that has met some values."""
    metric = torchmetrics.MeanMetric()
    for value in values:
        metric.update(value)
    return metric


def test_a_metric_is_what_it_has_been_updated_with() -> None:
    """The same values are equal, another one is a change."""
    assert not read(updated(1.0)).opaque
    assert digest(updated(1.0, 2.0)) == digest(updated(1.0, 2.0)) != digest(updated(1.0, 3.0))
    assert "x.mean_value" in moved(updated(1.0), updated(1.0, 2.0))


def test_to_ask_for_the_result_changes_nothing() -> None:
    """It is kept until the next update."""
    metric = updated(1.0)
    before = digest(metric)
    assert float(metric.compute()) == 1.0
    assert digest(metric) == before
