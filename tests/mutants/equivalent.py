"""Mutants that mean the same program, with the reason. A key that no longer fits fails a test."""

from __future__ import annotations

ONLY_ONE = "the sequence has one element"
SLOWER = "only a short cut or a shorter form is not taken; the long way gives the same answer"
MEMORY = "only states that nobody reads any more are kept"
OTHER_WAY = "both ways of adding give the same sums"
LIMIT = "where exactly a limit of size lies"
FARTHER = "any stream that is longer than a few fields shows the same"
SENTINEL = "any number beyond LARGEST stands for nothing"

EQUIVALENT: dict[str, str] = {
    "core/relation.py _ends_in_order: after = [*ends[1:], (ends[0][0] + relation.advance,"
    " ends[0][1] + relation.advance)] -> after = [*ends[1:], (ends[0][0] + relation.advance,"
    " ends[0][0] + relation.advance)]": SLOWER,
    "core/stitched.py _start: return -relation.taps[0].first if isinstance(relation, Sliding)"
    " else 0 -> return -relation.taps[-1].first if isinstance(relation, Sliding) else 0":
        ONLY_ONE,
    "core/node.py disorder: not 0 <= operand < len(nodes) -> not 1 <= operand < len(nodes)":
        "value 0 is computed before all others, and reading itself is told before",
    "analysis/engines/through.py _place: [(read.axis, axis) for axis, read in"
    " enumerate(link.reads) if read.axis is not None] -> [(read.axis, axis) for axis, read in"
    " enumerate(link.reads) if read.axis is None]": SLOWER,
    "core/windows.py _pool: link = _window_link(len(shape), axes, kernel, stride, pads, dilation,"
    " None, (1, 1, 1)) -> link = _window_link(len(shape), axes, kernel, stride, pads, dilation,"
    " None, (1, 1, 0))": "without a channel axis nothing is mixed",
    "analysis/engines/passing.py _stitched: return Terms((Term(low, high, parts[0].axis,"
    " parts[0].advance),)) -> return Terms((Term(low, high, parts[0].axis, parts[1].advance),))":
        "the parts were found to go along together: all have one advance",
    "analysis/engines/clipped.py _span: len(ends) > 2 * relation.period"
    " -> len(ends) >= 2 * relation.period": "two periods are their own first and last one",
    "analysis/engines/clipped.py _span: if high - low >= CELL_LIMIT: -> if True:": SLOWER,
    "analysis/engines/clipped.py _axis: low.shape[-1] > 1 and (low == low[..., :1]).all()"
    " and (high == high[..., :1]).all() -> low.shape[-2] > 1 and (low == low[..., :1]).all()"
    " and (high == high[..., :1]).all()": SLOWER,
    "analysis/engines/reverse.py PulledBack.states: if any((not isinstance(reads[axis].relation,"
    " Sliding) for axis in axes)): -> if True:": SLOWER,
    "analysis/engines/footprint.py _lay: values = next((b for b in whole.blocks if axes[0] in"
    " b.axes)).values -> values = next((b for b in whole.blocks if axes[-1] in b.axes)).values":
        "the axes were merged: one block holds all of them",
    "analysis/engines/backward.py _pulled: count > 1 -> count >= 1": "a share of one is the whole",
    "analysis/engines/through.py _outgrows: sizes = [link.after[a] for a in group.after if"
    " link.after[a] > 1] or [1] -> sizes = [link.after[a] for a in group.after if link.after[a]"
    " >= 1] or [1]": "no group of several axes begins with an axis of size 1",
    "analysis/engines/bounds.py _folded: axis not in positions and low.shape[axis] > 1"
    " -> axis not in positions and low.shape[axis] > 0": SLOWER,
    "analysis/engines/bounds.py phase_grid: fields[0].positions -> fields[-1].positions":
        "the fields of a value have the same positions",
    "core/indices.py _clip_comb: comb.count == 1 or comb.last < first or comb.start > last"
    " -> comb.count == 1 or comb.last < first or comb.start >= last":
        "a comb that begins at the last index keeps only that one either way",
    "core/indices.py union: if len(longest.combs) == 1: -> if True:":
        "what lies inside the first comb of a set lies inside the set",
    "core/link.py Reshaped.__init__: affine[group.before[0]] = Span(group.after[0], 1, 0, 0)"
    " -> affine[group.before[-1]] = Span(group.after[0], 1, 0, 0)": ONLY_ONE,
    "analysis/engines/footprint.py contains: not (mine | ~theirs).all()"
    " -> not (mine & ~theirs).all()": SLOWER,
    "analysis/engines/clipped.py _covers: continue -> pass": SLOWER,
    "analysis/engines/clipped.py _axis: if low.shape[-1] > 1 and (low == low[..., :1]).all()"
    " and (high == high[..., :1]).all(): -> if False:": SLOWER,
    "analysis/engines/reverse.py _state: high = [t.last if t else -4 * LARGEST for t in"
    " relation.taps] -> high = [t.last if t else -5 * LARGEST for t in relation.taps]": SENTINEL,
    "analysis/engines/scatter.py _spread: if len(taps) <= MOST_TAPS_ONE_BY_ONE: -> if False:":
        OTHER_WAY,
    "analysis/engines/backward.py _cut: windows = (*foot.windows[:axis], (0, relation.period),"
    " *foot.windows[axis + 1:]) -> windows = (*foot.windows[:axis], (-1, relation.period),"
    " *foot.windows[axis + 1:])": "one output more of a pattern in which all that read, read one",
    "analysis/engines/passing.py _stitched: return Terms((Term(low, high, parts[0].axis,"
    " parts[0].advance),)) -> return Terms((Term(low, high, parts[0].axis, parts[-1].advance),))":
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
    "analysis/pixels/claims.py chosen_positions: range(1, min(periods, 4)) -> range(0,"
    " min(periods, 4))": "the middle itself is listed already",
    "analysis/pixels/evidence.py Check.noise: gap <= rounding and self._gap(claim, row,"
    " np.where(spread, x, fresh * 1000.0)) <= rounding -> gap <= rounding and"
    " self._gap(claim, row, np.where(spread, x, fresh + 1000.0)) <= rounding":
        "other noise, as large",
    "analysis/pixels/gaussian.py _slopes: height = values[0] if abs(values[0]) > 1e-300 else"
    " 1e-300 -> height = values[0] if abs(values[0]) >= 1e-300 else 1e-300":
        "only a height of exactly 1e-300 is another",
    "analysis/pixels/gaussian.py _slopes: height = values[0] if abs(values[0]) > 1e-300 else"
    " 1e-300 -> height = values[0] if abs(values[1]) > 1e-300 else 1e-300":
        "a height and a mean of 0 are those of no profile",
    "analysis/pixels/gaussian.py fit: done = error - after <= 1e-14 * error -> done = error +"
    " after <= 1e-14 * error": SLOWER,
    "analysis/pixels/units.py _theory: lengths = [size if moving else 1 for size, moving in"
    " zip(shape, moves, strict=True)] -> lengths = [size if moving else 2 for size, moving in"
    " zip(shape, moves, strict=True)]":
        "what does not change along an axis is cut to size 1 along it",
    "analysis/pixels/influence.py influence_of: tuple(rows[0].tolist()) ->"
    " tuple(rows[-1].tolist())": ONLY_ONE,
    "analysis/pixels/support.py Question.box: cells == 0 or cells > MASK_LIMIT >> 8 -> cells"
    " == 0 or cells > MASK_LIMIT >> 7": LIMIT,
    "analysis/pixels/support.py dense: cells * np.dtype(domain.dtype).itemsize > MASK_LIMIT"
    " -> cells + np.dtype(domain.dtype).itemsize > MASK_LIMIT": LIMIT,
    "analysis/pixels/support.py dense: scale = scale * domain.collect(block.values[0],"
    " tuple(range(block.values[0].ndim))) -> scale = scale * domain.collect(block.values[0],"
    " tuple(range(block.values[-1].ndim)))": "all entries of a block have the same axes",
    "analysis/pieces/comparing/sliding.py _moved: if alike and mine.taps == other.taps and (shift"
    " % step"
    " == 0): -> if False:": SLOWER,
    "analysis/pieces/comparing/sliding.py _known: step > 0 -> step > -1":
        "an advance of 0 was placed before",
    "analysis/pieces/streams/overlap.py _Buffer._joined: return self.parts[0] -> return"
    " self.parts[-1]": ONLY_ONE,
    "analysis/pieces/streams/overlap.py _Buffer.run: end = None if found.length is None else"
    " found.stop - found.shift -> end = None if False else found.stop - found.shift":
        "where no length is known the end lies beyond every result",
    "analysis/pieces/streams/lengths.py Lengths.__init__: self._field, self._left ="
    " (max(0, last) + past + 2 * self.grid, self._cut_off(graph)) -> self._field, self._left ="
    " (max(0, last) + past + 3 * self.grid, self._cut_off(graph))": FARTHER,
    "analysis/pieces/streams/lengths.py Lengths.__init__: self._field, self._left ="
    " (max(0, last) + past + 2 * self.grid, self._cut_off(graph)) -> self._field, self._left ="
    " (max(1, last) + past + 2 * self.grid, self._cut_off(graph))": FARTHER,
    "analysis/pieces/streams/lengths.py Lengths.__init__: self._field, self._left ="
    " (max(0, last) + past + 2 * self.grid, self._cut_off(graph)) -> self._field, self._left ="
    " (max(-1, last) + past + 2 * self.grid, self._cut_off(graph))": FARTHER,
    "analysis/pieces/streams/lengths.py Lengths.ways: numbers[index] = reads[0][0] ->"
    " numbers[index] ="
    " reads[-1][0]": ONLY_ONE,
    "analysis/pieces/streams/lengths.py Lengths.obstacle: rest = (length or 0) % grid -> rest ="
    " (length or"
    " -1) % grid": "without a length the others are looked at as well, and any may come first",
    "analysis/pieces/streams/lengths.py Lengths.obstacle: base, grid = (2 * self.far, self.grid) -"
    "> base, grid = (3 * self.far, self.grid)": FARTHER,
    "analysis/pieces/streams/overlap.py _Windows.__init__: size = 2 * self.far + residue -> size"
    " = 3 *"
    " self.far + residue": FARTHER,
    "analysis/pieces/streams/plan.py StreamPlan._convert: return self.seconds(value) *"
    " float(UNITS[unit] or 1) -> return self.seconds(value) * float(UNITS[unit] or 0)":
        "every unit but samples has a number",
    "analysis/pieces/tiles/check.py compare: float(apart.max(initial=0)) ->"
    " float(apart.max(initial=-1))":
        "only an output without elements has no largest difference",
    "analysis/pieces/streams/timed.py TimePath.__init__: self.graph, self.states, self.globals_ ="
    " (graph, swept.states[0], swept.globals_[0]) -> self.graph, self.states, self.globals_ ="
    " (graph, swept.states[0], swept.globals_[-1])": ONLY_ONE,
    "analysis/pieces/tiles/planning.py Planner.reference: found = fitting(size, step, max(least,"
    " 2 * known)) -> found = fitting(size, step, max(least, 3 * known))":
        "any tile that is longer than its fields shows the same",
    "analysis/pieces/comparing/unfolding.py unfolded: if not like and (not any((_merges(link) for"
    " node in"
    " graph.nodes for link in node.links))): -> if False:": SLOWER,
    "analysis/pieces/streams/overlap.py _Windows._itself: return Final(0, length, 0, length) ->"
    " return"
    " Final(-1, length, 0, length)":
        "it is only held against how many outputs were handed on, which is 0 or more",
    "analysis/pieces/streams/overlap.py _Windows._compare: return Final(cut.first, cut.stop, 0,"
    " shape[time]) -> return Final(cut.first, cut.stop, -1, shape[time])":
        "where a window lies is put in its place by all who read it",
    "analysis/pieces/comparing/unwrapping.py _joined: if not isinstance(read, Sliding) or"
    " read.period != 1 or"
    " read.advance != 1: -> if False:": "parts that are laid end to end are moved and nothing else",
    "analysis/pieces/comparing/sliding.py _reads: return (min(found, default=0), max(found,"
    " default=0)) ->"
    " return (min(found, default=-1), max(found, default=0))":
        "outputs that read nothing are found to be known one by one",
    "analysis/pieces/comparing/sliding.py slide: few = range(0 if _meets(mine, side, min(outputs,"
    " FEW)) else"
    " min(outputs, FEW)) -> few = range(1 if _meets(mine, side, min(outputs, FEW)) else"
    " min(outputs, FEW))": SLOWER,
    "analysis/pieces/streams/planning.py _time_axis: if len(names) == 1: -> if False:":
        "a single axis is called t",
    "analysis/resizing/edges.py _Ends._enter: if lead or trail: -> if True:":
        "no padding on either side is what is taken where nothing is noted",
    "analysis/resizing/scan.py Scan.moves: any((read.output[self.axis] is not None for read in"
    " some or self.accepted.values())) -> all((read.output[self.axis] is not None for read in"
    " some or self.accepted.values()))": "an axis moves at every size or at none",
    "analysis/resizing/sizeset.py SizeSet.below: (n for n in range(size, max(self.start, size"
    " - self.step + 1) - 1, -1) if n in self) -> (n for n in range(size, max(self.start, size"
    " - self.step - 1) - 1, -1) if n in self)":
        "the first is taken, and it is among the next step",
    "analysis/resizing/sizeset.py SizeSet.below: found = [n for n in self.early if n <= size]"
    " + list(islice(late, 1)) -> found = [n for n in self.early if n <= size] +"
    " list(islice(late, 2))": "the largest is taken",
    "core/known/carry.py _reshaped: if np.prod(shape, dtype=np.int64) > MOST_CODES: -> if"
    " False:": LIMIT,
    "core/known/carry.py _reshaped: not any((codes.shape[axis] > 1 for axis in group.before))"
    " -> not any((codes.shape[axis] > 0 for axis in group.before))": SLOWER,
    "core/known/carry.py moved: if relation == IDENTITY: -> if False:": SLOWER,
    "core/known/carry.py moved: if _count(link, elements.shape, after) > MOST_CODES: -> if"
    " False:": LIMIT,
    "core/known/carry.py moved: places = np.where(single >= 0, single, 0) % own -> places ="
    " np.where(single >= 0, single, 1) % own": "what lies outside is overwritten",
    "core/known/carry.py moved: return found if inside.all() else np.where(inside, found,"
    " outside) -> return found if False else np.where(inside, found, outside)": SLOWER,
    "core/known/narrow.py narrowed: return _pointwise(op, codes, operands, [~wide & wide,"
    " wide, ~wide]) -> return _pointwise(op, codes, operands, [~wide | wide, wide, ~wide])":
        "the condition is a constant and reads nothing",
    "analysis/pixels/claims.py _faces: if rest is not None: -> if True:":
        "each side of a bounding box holds an element",
    "analysis/pixels/support.py Question.union: foot is not None and foot.batch > 1 -> foot"
    " is not None and foot.batch > 0": SLOWER,
    "analysis/pixels/support.py _collected: block = whole.blocks[0] -> block ="
    " whole.blocks[-1]": ONLY_ONE,
    "analysis/pixels/support.py Question.pull: if any((ENDLESS in foot.windows for foot in"
    " feet)): -> if False:": "what has no end was refused before",
    "analysis/engines/through.py _reshape: times = rest // gcd(rest, length) -> times = rest *"
    " gcd(rest, length)": "a longer period of the same pattern, which is then made compact",
    "core/graph.py Draft.add: self.known and any((operand in self.known for operand in operands))"
    " -> self.known or any((operand in self.known for operand in operands))": SLOWER,
    "analysis/geometry/field.py ReceptiveField.size: if len(plain) == len(self.states) and (not"
    " self.is_crossed): -> if False:": SLOWER,
    "analysis/geometry/field.py ReceptiveField.sizes: ((span.size,) if span else"
    " self._fields[k].sizes for k, span in enumerate(self._spans)) -> ((span.size,) if False else"
    " self._fields[k].sizes for k, span in enumerate(self._spans))": SLOWER,
    "analysis/geometry/field.py ReceptiveField.stride: halves(2 * span.advance) if span else"
    " self._fields[k].stride -> halves(2 * span.advance) if False else self._fields[k].stride":
        SLOWER,
    "analysis/geometry/fields.py Fields.check_names: layers if self._whole_reads.values else () ->"
    " layers if True else ()": SLOWER,
    "analysis/geometry/path.py Paths._anchor: if isinstance(state, Span): -> if False:": SLOWER,
    "analysis/geometry/path.py Paths._read: at = 0 if read.axis is None else element[read.axis] ->"
    " at = 1 if read.axis is None else element[read.axis]":
        "a reading that no axis drives looks at no position",
    "analysis/geometry/path.py _reshaped: result = [0] * len(link.before) -> result = [-1] *"
    " len(link.before)": "every axis lies in a group, and is set",
    "analysis/geometry/paths.py _Walk._enter: side == 0 and size < least -> side == 0 and size <="
    " least": "two paths of one pace and size grow alike",
    "core/arrays/indexing.py _Spread.reading: relation = _table(rows.reshape(-1), size) ->"
    " relation = _table(rows.reshape(-2), size)":
        "to NumPy any negative size is the one that is left over",
    "analysis/pieces/comparing/through.py _reshape: found += [(axis, Cut(0, 0, mine.after[axis]))"
    " for axis"
    " in group.after] -> pass": "an axis of which nothing is said agrees where its size does",
    "analysis/engines/scatter.py scatter: cells = (high - low + 1) * (values.size // max(1,"
    " values.shape[-1])) -> cells = (high - low + 1) * (values.size // max(2,"
    " values.shape[-1]))": LIMIT,
    "analysis/engines/diagonal.py spread: times == 1 or size == 1 -> times == 0 or size == 1":
        SLOWER,
    "analysis/engines/projective.py _link: values = np.take(values, relation.index -"
    " foot.windows[axis][0], where) -> values = np.take(values, relation.index -"
    " foot.windows[axis][-1], where)": "the same place, counted from the end",
    "analysis/engines/terms.py union: merged = [t for t in merged if not t.is_global] + [whole] ->"
    " merged = [t for t in merged] + [whole]": "a term without an end holds the others",
    "analysis/engines/clipped.py _span: low >= 0 and high < size -> low > 0 and high < size":
        SLOWER,
    "analysis/engines/forward.py _sweep_axis: if type(state) is not Span: -> if True:": SLOWER,
    "analysis/geometry/halo.py _phases: if prod(spans) > MOST_PHASES: -> if False:": LIMIT,
    "analysis/geometry/halo.py _phases: spans = [n if axis == k else 1 for axis, n in"
    " enumerate(spans)] -> spans = [n if axis == k else 2 for axis, n in enumerate(spans)]":
        "more positions of the other axes show the same",
    "analysis/geometry/centers.py _grid: return (stride, mean, deviations if any(deviations) else"
    " (Fraction(0),), '') -> return (stride, mean, deviations if True else (Fraction(0),), '')":
        "of one phase the deviation is 0, and of several that are alike there is one",
    "analysis/cost.py peak_elements: range(value + 1) -> range(value + 2)":
        "what comes after a value is not needed for it",
    "analysis/cost.py peak_elements: range(value, -1, -1) -> range(value, -0, -1)":
        "the first value has no operands",
    "analysis/cost.py peak_elements: range(value, -1, -1) -> range(value, -2, -1)":
        "no value has the number -1",
    "core/taps.py with_taps: many = many or (len(kinds) > 1 and sum(map(len, parts)) > MOST_KINDS)"
    " -> many = many and (len(kinds) > 1 and sum(map(len, parts)) > MOST_KINDS)": LIMIT,
    "analysis/engines/boxes.py all_boxes: states.pop(operand, None) -> pass": MEMORY,
    "analysis/engines/solid.py _fill: int((high.max(axis=1, keepdims=True) - first).max()) + 2 ->"
    " int((high.max(axis=1, keepdims=True) - first).max()) + 3": "a cell more that stays unpainted",
    "analysis/pixels/gaussian.py fit: done = error - after <= 1e-14 * error -> done = error - after"
    " < 1e-14 * error": "a fit without any error stays as it is",
    "analysis/pieces/tiles/marks.py Marks.check: step = -(-len(marked) // LOOKED_AT) or 1 -> step ="
    " -(-len(marked) // LOOKED_AT) or 2": "of no mark every second one is none",
    "analysis/pieces/comparing/sliding.py _known: if not free_before: -> if True:": SLOWER,
    "analysis/pieces/comparing/sliding.py _open_ends: right = right and side.part - 1 - far(high"
    " - side.part"
    " + 1) >= side.cut.first -> right = right and side.part - 1 - far(high - side.part + 2) >="
    " side.cut.first": SLOWER,
    "analysis/pieces/comparing/sliding.py _reads: last = mine.advance * ((outputs - 1 - phase) //"
    " mine.period) -> last = mine.advance * ((outputs - 1 + phase) // mine.period)": SLOWER,
    "analysis/resizing/sizeset.py SizeSet.of: start > 0 and (start in held) == (start % step in"
    " residues) -> start >= 0 and (start in held) == (start % step in residues)":
        "0 is no size, and the class of 0 begins above it",
    "analysis/resizing/steps.py steps_of: plain = lcm(plain, abs(state.advance) or 1) -> plain ="
    " lcm(plain, abs(state.advance) or 2)": "sizes repeat after two steps as well",
}  # fmt: skip
