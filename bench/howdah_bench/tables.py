"""Tables for people and files for programs."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from .memory import Footprint
from .rounds import Median, Sample

HEADINGS = ("workload", "mode", "clients", "target", "tps", "p50 ms", "p95 ms", "p99 ms", "cpu µs", "cpu ×", "tps ×",
            "failed")


def reference(rows: list[Median]) -> Median | None:
    """PgBouncer's row among those of one workload, which the ratio columns are against; the Debian one first."""
    by_key = {row.target: row for row in rows}
    return by_key.get("pgbouncer") or by_key.get("pgbouncer-1.25")


def by_workload(rows: list[Median]) -> list[list[Median]]:
    groups: dict[tuple[str, str, int], list[Median]] = {}
    for row in rows:
        groups.setdefault(row.workload, []).append(row)
    return list(groups.values())


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def results(rows: list[Median]) -> str:
    """The main table: a block for each workload, ratios against pgbouncer in the same block."""
    cells: list[Sequence[str]] = []
    for group in by_workload(rows):
        base = reference(group)
        for row in group:
            name, mode, clients = row.workload
            cells.append((
                name, mode, str(clients), row.label, _number(row.tps, 0), *(_milliseconds(value) for value in
                                                                         (row.p50, row.p95, row.p99)),
                _number(row.processor, 1), _number(ratio(row.processor, base and base.processor), 2),
                _number(ratio(row.tps, base and base.tps), 2), str(row.failures)))
        cells.append(())
    return aligned(HEADINGS, cells[:-1], left=4)


def footprints(rows: list[Footprint]) -> str:
    headings = ("target", "clients", "empty MB", "KB idle", "KB queried", "KB prepared", "")
    return aligned(headings, [
        (row.label, str(row.clients), _number(row.empty / 2**20, 1), *(_kilobytes(value) for value in
                                                                      (row.idle, row.queried, row.prepared)), row.error)
        for row in rows], left=1)


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Columns as wide as their widest cell, the first `left` of them (and the last) to the left."""
    widths = [max(len(heading), *(len(row[index]) for row in rows if row)) if any(rows) else len(heading)
              for index, heading in enumerate(headings)]

    def line(cells: Sequence[str]) -> str:
        last = len(headings) - 1
        placed = [cell.ljust(width) if index < left or (index == last and not headings[last]) else cell.rjust(width)
                  for index, (cell, width) in enumerate(zip(cells, widths, strict=False))]
        return "  ".join(placed).rstrip()

    return "\n".join([line(headings), "  ".join("-" * width for width in widths).rstrip(), *map(line, rows)])


def write_samples(path: Path, rows: Sequence[Sample | Median]) -> None:
    """One line a row; the workload takes three columns, what is not known stays empty."""
    if not rows:
        return
    names = [field.name for field in fields(rows[0]) if field.name != "workload"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["workload", "mode", "clients", *names])
        for row in rows:
            values = asdict(row)
            writer.writerow([*row.workload, *(_plain(values[name]) for name in names)])


def write_rows(path: Path, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows([_plain(value) for value in row] for row in rows)


def _plain(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else "" if value is None else value


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _milliseconds(value: float | None) -> str:
    return _number(None if value is None else value / 1000, 2)


def _kilobytes(value: float | None) -> str:
    return _number(None if value is None else value / 1024, 1)
