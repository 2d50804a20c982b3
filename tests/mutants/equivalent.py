"""Mutants that mean the same program, with the reason. A key that no longer fits fails a test."""

from __future__ import annotations

ONLY_ONE = "the sequence has one element"
SLOWER = "only a short cut or a shorter form is not taken; the long way gives the same answer"
MEMORY = "only states that nobody reads any more are kept"
OTHER_WAY = "both ways of adding give the same sums"
SENTINEL = "any number beyond LARGEST stands for nothing"

EQUIVALENT: dict[str, str] = {
    "core/indices.py _clip_comb: comb.count == 1 or comb.last < first or comb.start > last"
    " -> comb.count == 1 or comb.last < first or comb.start >= last":
        "a comb that begins at the last index keeps only that one either way",
    "core/indices.py union: if len(longest.combs) == 1: -> if True:":
        "what lies inside the first comb of a set lies inside the set",
    "core/link.py Reshaped.__init__: affine[group.before[0]] = Affine(group.after[0], 1, 0, 0)"
    " -> affine[group.before[-1]] = Affine(group.after[0], 1, 0, 0)": ONLY_ONE,
    "analysis/engines/footprint.py _contains: not (mine | ~theirs).all()"
    " -> not (mine & ~theirs).all()": SLOWER,
    "analysis/engines/clipped.py _covers: continue -> pass": SLOWER,
    "analysis/engines/clipped.py _axis: if low.shape[-1] > 1 and (low == low[..., :1]).all()"
    " and (high == high[..., :1]).all(): -> if False:": SLOWER,
    "analysis/engines/clipped.py _sweep: last_use.get(operand) == index and operand != value"
    " -> last_use.get(operand) == index and operand == value": MEMORY,
    "analysis/engines/reverse.py _state: high = [t.last if t else -4 * LARGEST for t in"
    " relation.taps] -> high = [t.last if t else -5 * LARGEST for t in relation.taps]": SENTINEL,
    "analysis/engines/scatter.py _pieces: (0, 0, 1, relation.taps[i], slice(i - start, i - start"
    " + 1)) -> (0, 0, 0, relation.taps[i], slice(i - start, i - start + 1))":
        "where the advance is 0 the count is not used",
    "analysis/engines/scatter.py _spread: if len(taps) <= MOST_TAPS_ONE_BY_ONE: -> if False:":
        OTHER_WAY,
    "analysis/engines/backward.py _cut: windows = (*foot.windows[:axis], (0, relation.period),"
    " *foot.windows[axis + 1:]) -> windows = (*foot.windows[:axis], (-1, relation.period),"
    " *foot.windows[axis + 1:])": "one output more of a pattern in which all that read, read one",
    "analysis/engines/forward.py _stitched: return Terms((Term(low, high, parts[0][0],"
    " parts[0][1]),)) -> return Terms((Term(low, high, parts[0][0], parts[-1][1]),))":
        "the parts were found to go along together: all have one advance",
    "analysis/engines/through.py _shortcut: term.low.size == 1 -> term.low.size == 0": SLOWER,
    "analysis/engines/terms.py rebuild: place = -1 if carrier is None else carrier"
    " -> place = -1 if False else carrier": "no caller leaves the carrier out",
    "analysis/engines/pull.py _ends: count <= 2 * keep -> count <= 2 + keep":
        "a tap listed twice, or one between the ends, decides nothing",
    "analysis/pixels/gaussian.py fit: damping *= 8 -> damping *= 7":
        "the way to the least error is another, the end the same",
    "analysis/pixels/gaussian.py _slopes: [curve / height, curve * away / values[2] ** 2, curve *"
    " away ** 2 / values[2] ** 3] -> [curve / height, curve * away / (values[2] * 2), curve *"
    " away ** 2 / values[2] ** 3]": "a column of the slopes is scaled: they vanish where they did",
    "analysis/pixels/support.py _collected: return Footprint(foot.windows, blocks,"
    " marks.collect(foot.scale, 0)[None]) -> return Footprint(foot.windows, blocks,"
    " marks.collect(foot.scale, -1)[None])": "the scale has one axis",
    "analysis/pixels/evidence.py Check._fresh: return"
    " self.running.inputs(int(self.draw.integers(1, 2 ** 31)))[self.name] -> return"
    " self.running.inputs(int(self.draw.integers(0, 2 ** 31)))[self.name]":
        "another random seed",
    "analysis/pixels/influence.py Influence.spans: sums = np.pad(sums, [(1, 0)] * sums.ndim)"
    " -> sums = np.pad(sums, [(1, 1)] * sums.ndim)": "no window reads the row behind the last",
    "analysis/pixels/support.py dense: scale = whole.scale[0] -> scale = whole.scale[-1]": ONLY_ONE,
    "analysis/pixels/support.py Support._cut: slice(windows[axis][0] - foot.windows[axis][0],"
    " windows[axis][1] - foot.windows[axis][0]) -> slice(windows[axis][0] - foot.windows[axis][1],"
    " windows[axis][1] - foot.windows[axis][0])": "the same place, counted from the end",
    "analysis/pixels/evidence.py Check._with: x[tuple(where)] = part + scale *"
    " self.draw.standard_normal(part.shape) -> x[tuple(where)] = part - scale *"
    " self.draw.standard_normal(part.shape)": "the noise is symmetric",
}  # fmt: skip
