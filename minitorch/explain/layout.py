"""A layered drawing of an acyclic graph: who stands on which row, in which order, and where.

The method is Sugiyama's. Rows by the longest way to the end; a stand-in on every
row that a link passes; sweeps that order each row by its neighbours' positions;
then sweeps that move each row as near to its neighbours as the gaps allow, which is
a least-squares problem with an order to keep and is solved exactly (isotonic
regression by pooling adjacent violators).

References
----------
Sugiyama, Tagawa, Toda: Methods for visual understanding of hierarchical system
structures, 1981.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

__all__ = ["CORNER", "PORT_GAP", "Box", "Layout", "lay_out"]

GAP = 26.0  # between boxes of a row
ROW_GAP = 46.0  # between rows
_STAND_IN = 10.0  # width that a passing link takes
PORT_GAP = 44.0  # between the ends of two links
CORNER = 18.0  # from a box's corner to the first end
_ORDER_SWEEPS = 12
_MOVE_SWEEPS = 60


@dataclass(slots=True, eq=False)
class Box:
    """A rectangle to place; ``x``, ``y`` become its centre and top."""

    key: str
    width: float
    height: float
    row: int = 0
    x: float = 0.0
    y: float = 0.0
    stand_in: bool = False


@dataclass(eq=False)
class Layout:
    """Placed boxes, and for each link the points that it passes from box to box."""

    boxes: dict[str, Box] = field(default_factory=dict)
    ways: list[list[tuple[float, float]]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def lay_out(
    sizes: dict[str, tuple[float, float]],
    links: Sequence[tuple[str, str]],
    trunk: Collection[str] = (),
    rooms: Sequence[float] = (),
) -> Layout:
    """Place boxes of the given sizes so that every link points down.

    Parameters
    ----------
    sizes : dict of key to (width, height)
    links : sequence of (key, key)
        From the upper to the lower box; no cycles.
    trunk : collection of key
        Boxes that should stand in line below each other; the others give way.
    rooms : sequence of float
        Per link, how far from its end the next may be (for a label there).

    Returns
    -------
    Layout
        No two boxes overlap. ``ways`` are in the order of ``links``: from the
        bottom of the source, past the stand-ins, to the top of the target, whose
        links arrive side by side in the order given.

    Examples
    --------
    >>> placed = lay_out({"a": (40, 20), "b": (40, 20), "y": (40, 20)}, [("a", "y"), ("b", "y")])
    >>> [placed.boxes[key].row for key in "aby"]
    [0, 0, 1]
    """
    result = Layout({key: Box(key, *size) for key, size in sizes.items()})
    _choose_rows(result.boxes, links)
    boxes = dict(result.boxes)
    chains = [_stand_ins(boxes, i, source, target) for i, (source, target) in enumerate(links)]
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for upper, lower in pairwise(chain):
            below[upper].append(lower)
            above[lower].append(upper)
    rows = _order(boxes, above, below)
    _move(rows, boxes, above, below, frozenset(trunk))
    _set_heights(rows, boxes)
    left = min((b.x - b.width / 2 for b in boxes.values()), default=0.0)
    for box in boxes.values():
        box.x -= left
    result.width = max((b.x + b.width / 2 for b in boxes.values()), default=0.0)
    result.height = max((b.y + b.height for b in boxes.values()), default=0.0)
    arrivals = _arrivals(links, rooms or [PORT_GAP] * len(links), chains, boxes)
    result.ways = [_way(chain, boxes, x) for chain, x in zip(chains, arrivals, strict=True)]
    return result


def _choose_rows(boxes: dict[str, Box], links: Sequence[tuple[str, str]]) -> None:
    """Rows counted from the end, so that leaves stand just above their first user."""
    users: dict[str, list[str]] = defaultdict(list)
    waiting: dict[str, int] = dict.fromkeys(boxes, 0)
    sources: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        users[source].append(target)
        sources[target].append(source)
        waiting[source] += 1
    ready = [key for key, count in waiting.items() if count == 0]
    depth: dict[str, int] = {}
    while ready:
        key = ready.pop()
        depth[key] = max((depth[user] + 1 for user in users[key]), default=0)
        for source in sources[key]:
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    deepest = max(depth.values(), default=0)
    for key, box in boxes.items():
        box.row = deepest - depth[key]


def _stand_ins(boxes: dict[str, Box], index: int, source: str, target: str) -> list[str]:
    """The keys that a link passes, row by row, ends included."""
    chain = [source]
    for row in range(boxes[source].row + 1, boxes[target].row):
        key = f"{index}|{row}"
        boxes[key] = Box(key, _STAND_IN, 0.0, row, stand_in=True)
        chain.append(key)
    return [*chain, target]


def _order(
    boxes: dict[str, Box], above: dict[str, list[str]], below: dict[str, list[str]]
) -> list[list[str]]:
    """The rows, ordered so that few links cross."""
    count = 1 + max((box.row for box in boxes.values()), default=0)
    rows: list[list[str]] = [[] for _ in range(count)]
    for key, box in boxes.items():
        rows[box.row].append(key)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_ORDER_SWEEPS):
        down = sweep % 2 == 0
        neighbours = above if down else below
        position = {key: float(i) for row in rows for i, key in enumerate(row)}
        for row in rows if down else reversed(rows):
            rank = {
                key: sum(position[n] for n in neighbours[key]) / len(neighbours[key])
                if neighbours[key]
                else position[key]
                for key in row
            }
            row.sort(key=rank.__getitem__)
            position.update((key, float(i)) for i, key in enumerate(row))
        found = _crossings(rows, below)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    return best


def _crossings(rows: list[list[str]], below: dict[str, list[str]]) -> int:
    """How many pairs of links between neighbouring rows cross."""
    total = 0
    for upper, lower in pairwise(rows):
        position = {key: i for i, key in enumerate(lower)}
        ends = [
            t for key in upper for t in sorted(position[k] for k in below[key] if k in position)
        ]
        seen: list[int] = []
        for end in ends:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total


def _move(
    rows: list[list[str]],
    boxes: dict[str, Box],
    above: dict[str, list[str]],
    below: dict[str, list[str]],
    trunk: frozenset[str],
) -> None:
    """Bring every box near the mean of its neighbours, keeping order and gaps."""
    pull = {k: 1.0 if k in trunk else 0.2 if b.stand_in else 0.02 for k, b in boxes.items()}
    for row in rows:
        x = 0.0
        for key in row:
            boxes[key].x = x + boxes[key].width / 2
            x += boxes[key].width + GAP
    everywhere = {key: above[key] + below[key] for key in boxes}
    for sweep in range(_MOVE_SWEEPS):
        down = sweep % 2 == 0
        one_side = above if down else below
        near = one_side if sweep < _MOVE_SWEEPS // 3 else everywhere
        for row in rows if down else reversed(rows):
            _move_row(row, boxes, near, pull)
    # Last, straight down from what is above; twice, so that leaves can follow their users.
    lines = {key: [k for k in above[key] if pull[k] > 0.1] or everywhere[key] for key in boxes}
    for row in (*rows, *rows):
        _move_row(row, boxes, lines, pull)


def _move_row(
    row: list[str], boxes: dict[str, Box], near: Mapping[str, list[str]], pull: dict[str, float]
) -> None:
    """Place one row by the neighbours that count."""
    wishes, weights = [], []
    for key in row:
        total = sum(pull[k] for k in near[key])
        at = sum(pull[k] * boxes[k].x for k in near[key]) / total if total else boxes[key].x
        wishes.append(at)
        weights.append(pull[key] if total and pull[key] > 0.1 else 1e-4)
    for key, x in zip(row, _spread(row, boxes, wishes, weights), strict=True):
        boxes[key].x = x


def _spread(
    row: list[str], boxes: dict[str, Box], wishes: list[float], weights: list[float]
) -> list[float]:
    """The positions nearest to the wishes that keep the order and the gaps."""
    shift, shifts = 0.0, []
    for i, key in enumerate(row):
        if i:
            shift += (boxes[row[i - 1]].width + boxes[key].width) / 2 + GAP
        shifts.append(shift)
    return _keep_apart(wishes, weights, shifts)


def _keep_apart(wishes: list[float], weights: list[float], shifts: list[float]) -> list[float]:
    """The x nearest to the wishes with x[i] - x[i-1] >= shifts[i] - shifts[i-1]."""
    blocks: list[list[float]] = []  # weight, mean, count
    for wish, weight, offset in zip(wishes, weights, shifts, strict=True):
        blocks.append([weight, wish - offset, 1])
        while len(blocks) > 1 and blocks[-2][1] > blocks[-1][1]:
            w, mean, n = blocks.pop()
            total = blocks[-1][0] + w
            blocks[-1][1] = (blocks[-1][0] * blocks[-1][1] + w * mean) / total
            blocks[-1][0] = total
            blocks[-1][2] += n
    placed = [mean for _, mean, n in blocks for _ in range(int(n))]
    return [x + offset for x, offset in zip(placed, shifts, strict=True)]


def _set_heights(rows: list[list[str]], boxes: dict[str, Box]) -> None:
    """Boxes of a row stand on its lower edge, near what takes them."""
    y = 0.0
    for row in rows:
        tall = max((boxes[key].height for key in row), default=0.0)
        for key in row:
            box = boxes[key]
            if box.stand_in:
                box.height = tall
            box.y = y + tall - box.height
        y += tall + ROW_GAP


def _arrivals(
    links: Sequence[tuple[str, str]],
    rooms: Sequence[float],
    chains: list[list[str]],
    boxes: dict[str, Box],
) -> list[float]:
    """Where on its target's top each link ends: straight below its origin where that fits."""
    by_target: dict[str, list[int]] = defaultdict(list)
    for i, (_, target) in enumerate(links):
        by_target[target].append(i)
    x = [0.0] * len(links)
    for target, indices in by_target.items():
        indices.sort(key=lambda i: boxes[chains[i][-2]].x)
        box = boxes[target]
        width = box.width - 2 * CORNER
        shifts = [0.0, *accumulate(rooms[i] for i in indices[:-1])]
        squeeze = min(1.0, width / shifts[-1]) if shifts[-1] else 1.0
        shifts = [shift * squeeze for shift in shifts]
        wishes = [boxes[chains[i][-2]].x for i in indices]
        spots = _keep_apart(wishes, [1.0] * len(indices), shifts)
        low, high = box.x - width / 2, box.x + width / 2
        for i, spot, shift in zip(indices, spots, shifts, strict=True):
            x[i] = min(max(spot, low + shift), high - shifts[-1] + shift)
    return x


def _way(chain: list[str], boxes: dict[str, Box], arrival: float) -> list[tuple[float, float]]:
    """From the source's bottom past both edges of every stand-in to the target's top."""
    source, target = boxes[chain[0]], boxes[chain[-1]]
    points = [(source.x, source.y + source.height)]
    for key in chain[1:-1]:
        points += [(boxes[key].x, boxes[key].y), (boxes[key].x, boxes[key].y + boxes[key].height)]
    return [*points, (arrival, target.y)]
