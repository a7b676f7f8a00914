"""The picture of a run: throughput and processor time in bars."""

from pathlib import Path

from .rounds import Median
from .tables import by_workload


def draw(rows: list[Median], path: Path) -> str:
    """Draws into a PNG; the answer tells where it is, or why there is none."""
    try:
        import matplotlib
    except ImportError:
        return "no plot: matplotlib is not installed (apt-get install python3-matplotlib)"
    matplotlib.use("Agg")
    from matplotlib import pyplot

    groups = by_workload(rows)
    targets = list(dict.fromkeys(row.target for row in rows))
    colours = {target: f"C{index}" for index, target in enumerate(targets)}
    figure, axes = pyplot.subplots(2, len(groups), figsize=(max(8, 2.2 * len(groups)), 7), squeeze=False)
    for column, group in enumerate(groups):
        name, mode, clients = group[0].workload
        shown = {row.target: row for row in group}
        for line, (attribute, scale, unit) in enumerate((("tps", 1000, "thousand transactions/s"),
                                                         ("processor", 1, "proxy's µs by transaction"))):
            axis = axes[line][column]
            for place, target in enumerate(targets):
                value = getattr(shown[target], attribute) if target in shown else None
                if value is not None:
                    axis.bar(place, value / scale, color=colours[target])
            axis.set_xticks([])
            axis.tick_params(labelsize=7)
            if column == 0:
                axis.set_ylabel(unit, fontsize=8)
            if line == 0:
                axis.set_title(f"{name}\n{mode}, {clients}", fontsize=8)
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=colours[target]) for target in targets]
    figure.legend(handles, targets, loc="lower center", ncols=min(8, len(targets)), fontsize=8)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return f"plot: {path}"
