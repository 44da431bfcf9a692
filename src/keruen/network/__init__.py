"""case x scenario x year -> Network: the expanded network and its flow groups, ready to be solved.

A vertex is a place and a track (a mode, or one gauge of rail). An edge is a link in one direction or a
transfer inside a place. A group is a set of flows of one commodity, from some origins to some
destinations, that the same rules look at: they share the edges they may use and what they pay there.
"""

from keruen.network.build import build
from keruen.network.parts import Bound, Consigned, Edge, Group, Limit, Network, Offer, Ships, Want, Works

__all__ = ["Bound", "Consigned", "Edge", "Group", "Limit", "Network", "Offer", "Ships", "Want", "Works", "build"]
