"""Draws the curves: cost relative to the size that a limit compares with, so that flat is a line at 1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib import pyplot
from matplotlib.axes import Axes

from tests.benchmarks.curves import DRAWN
from tests.benchmarks.figures import Figure
from tests.benchmarks.growing import Curve

pyplot.switch_backend("svg")
matplotlib.rcParams["svg.hashsalt"] = "procession"  # the same figures give the same file

COLOURS = ("#1b6ca8", "#c8553d", "#5b8c5a")
ACROSS = 3

Costs = Mapping[str, Mapping[str, Figure]]
"""Of one curve: by database, by size."""


def draw(found: Mapping[str, Costs], folder: Path) -> list[str]:
    """Writes a picture for each group of curves that was measured; the names of the files."""
    written = []
    for name, curves in DRAWN.items():
        shown = [curve for curve in curves if curve.id in found]
        if not shown:
            continue
        down = -(-len(shown) // ACROSS)
        figure, places = pyplot.subplots(down, ACROSS, figsize=(4 * ACROSS, 2.8 * down), squeeze=False)
        for axes in places.flat[len(shown) :]:
            axes.set_visible(False)
        for axes, curve in zip(places.flat, shown, strict=False):
            _draw(axes, curve, found[curve.id])
        figure.tight_layout()
        file = f"curves-{name}.svg"
        figure.savefig(folder / file, metadata={"Date": None})
        pyplot.close(figure)
        written.append(file)
    return written


def _draw(axes: Axes, curve: Curve, costs: Costs) -> None:
    for colour, (place, by_size) in zip(COLOURS, costs.items(), strict=False):
        base = by_size[curve.base(by_size)].median
        sizes = [int(size) for size in by_size]
        drawn: list[tuple[float, float, float]] = [
            (cost.median / base, cost.least / base, cost.most / base) for cost in by_size.values()
        ]
        axes.plot(sizes, [middle for middle, _, _ in drawn], "o-", color=colour, label=place, markersize=3)
        axes.fill_between(sizes, [low for _, low, _ in drawn], [high for _, _, high in drawn], color=colour, alpha=0.15)
    axes.axhline(curve.limit, color="#888888", linestyle="--", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(0, max(2.0, axes.get_ylim()[1]))
    axes.set_title(f"{curve.grows}", fontsize=8)
    axes.set_ylabel(f"cost per {curve.unit}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, loc="lower right")
