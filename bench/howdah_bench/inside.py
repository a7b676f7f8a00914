"""bench/malloc-count and bench/routing-share: what one Howdah does inside."""

import argparse
import re
from pathlib import Path

from . import mallocs, profile
from .cluster import Cluster
from .process import BenchError
from .session import within
from .tables import aligned
from .targets import Proxy, all_targets

KEYS = ("howdah", "howdah-io_uring", "howdah-epoll")


def count_mallocs() -> int:
    parser = argparse.ArgumentParser(prog="bench/malloc-count", description="Heap allocations of Howdah by transaction"
                                     " in the steady state, in each mode.")
    _target_option(parser)
    options = parser.parse_args()

    def body(cluster: Cluster, scratch: Path) -> int:
        shim = mallocs.Shim(scratch)
        counts = mallocs.measure(mallocs.counted(_target(options, cluster, scratch), shim), shim)
        print(mallocs.table(counts))
        return 0

    return within(body)


def routing_share() -> int:
    parser = argparse.ArgumentParser(prog="bench/routing-share", description="Routing's share of Howdah's processor"
                                     " time under select-only, by perf.")
    _target_option(parser)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--pattern", type=re.compile, default=profile.ROUTING,
                        help="regular expression of the symbols that are routing")
    options = parser.parse_args()

    def body(cluster: Cluster, scratch: Path) -> int:
        if reason := profile.unavailable():
            print(f"not available: {reason}")
            return 0
        for mode in ("prepared", "simple"):
            share = profile.measure(_target(options, cluster, scratch), mode, options.clients, options.seconds,
                                    scratch, options.pattern)
            print(f"{mode}: routing {share.percent:.1f} % of {share.samples} samples")
            print(aligned(("innermost routing frame", "samples"),
                          [(symbol, str(count)) for symbol, count in share.top], left=1), end="\n\n")
        return 0

    return within(body)


def _target_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target", choices=KEYS, default="howdah")


def _target(options: argparse.Namespace, cluster: Cluster, scratch: Path) -> Proxy:
    target = all_targets(cluster, scratch)[options.target]
    if reason := target.missing():
        raise BenchError(reason)
    return target
