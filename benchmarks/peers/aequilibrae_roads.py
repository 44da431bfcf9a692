"""AequilibraE's bi-conjugate Frank-Wolfe on a TNTP network: set up once, run to a gap or a time limit."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

import numpy as np

__all__ = ["Roads"]

os.environ["AEQ_SHOW_PROGRESS"] = "FALSE"  # its bars cost it time


class Roads:
    """A network as AequilibraE takes it. ``a``: a keruen Assignment with BPR curves and no free cost of 0; ``zones``: how many there are.

    Zones keep their numbers, from 1. Links without growth get power 1, as it refuses powers below.
    """

    def __init__(self, a: Any, zones: int, cores: int) -> None:
        import pandas as pd
        from aequilibrae.matrix import AequilibraeMatrix
        from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

        logging.getLogger("aequilibrae").setLevel(logging.CRITICAL)
        d = a.delays
        grows = d.kind == 1
        table = pd.DataFrame(
            {
                "link_id": np.arange(1, len(a.tail) + 1),
                "a_node": a.tail.astype(np.int64) + 1,
                "b_node": a.head.astype(np.int64) + 1,
                "direction": np.ones(len(a.tail), np.int8),
                "free_flow_time": d.free,
                "capacity": np.where(grows, d.capacity, 1.0),
                "b": np.where(grows, d.scale / d.free, 0.0),
                "power": np.where(grows, np.maximum(d.power, 1.0), 1.0),
                "fixed": a.fixed,
            }
        )
        graph = Graph()
        graph.cost = table["free_flow_time"].to_numpy()
        graph.network = table
        graph.prepare_graph(np.arange(1, zones + 1))
        graph.set_graph("free_flow_time")
        graph.set_blocked_centroid_flows(a.first_thru > 0)
        matrix = AequilibraeMatrix()
        matrix.create_empty(zones=zones, matrix_names=["trips"], memory_only=True)
        matrix.index[:] = np.arange(1, zones + 1)
        trips = np.zeros((zones, zones))
        np.add.at(trips, (a.origin, a.destination), a.demand)
        matrix.matrix["trips"][:, :] = trips
        matrix.computational_view(["trips"])
        self.traffic = TrafficClass("car", graph, matrix)
        if a.fixed.any():
            self.traffic.set_fixed_cost("fixed")
        self.assignment = TrafficAssignment()
        self.assignment.set_classes([self.traffic])
        self.assignment.set_vdf("BPR")
        self.assignment.set_vdf_parameters({"alpha": "b", "beta": "power"})
        self.assignment.set_capacity_field("capacity")
        self.assignment.set_time_field("free_flow_time")
        self.assignment.set_cores(cores)
        self.assignment.set_algorithm("bfw")
        self.arcs = len(a.tail)

    def run(self, gap: float, limit: float) -> tuple[list[float], list[float], Any]:
        """(seconds, gap) by iteration, as AequilibraE keeps them, and the load by arc at the end."""
        self.assignment.max_iter = 10_000_000
        self.assignment.rgap_target = gap
        algorithm = self.assignment.assignment
        ends, plain = time.perf_counter() + limit, algorithm.check_convergence
        algorithm.check_convergence = lambda: plain() or time.perf_counter() > ends
        algorithm.execute()
        report = algorithm.convergence_report
        load = self.assignment.results()["trips_ab"].reindex(np.arange(1, self.arcs + 1)).fillna(0.0).to_numpy()
        return list(map(float, report["time"])), list(map(float, report["rgap"])), load
