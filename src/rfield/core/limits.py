"""Every bound of core and analysis, each with its reason: what would go beyond is refused.

A bound keeps an answer within seconds and about a gigabyte. None changes an answer; where one is
passed the error names what was too large, and what can be asked for instead. (What is only printed
in part, and the bounds of a front end on what a file may state, are beside what they bound.)
"""

RUN_LIMIT = 1 << 18
"""Runs of an irregular set of indices: each is an object, and pairs of sets are gone through."""

PERIOD_LIMIT = 1 << 20
"""Phases of one relation, and entries of a table: each holds a set."""

RESIZE_LIMIT = 1 << 16
"""Phases of a resize: each is worked out on its own, and models are read at hundreds of sizes."""

LISTED = 1024
"""Phases that are listed one by one, so that equal ones are found equal; more are computed."""

KEPT_OPS = 4096
"""Different ops, and links, that are kept: those of the largest networks known."""

KEPT_BYTES = 1 << 23
"""Bytes of the arrays in answers that are kept: the masks of some images in windows."""

CELL_LIMIT = 1 << 25
"""Cells of an integer array in a sweep: 256 MB, a few of which are alive at once."""

DENSE_LIMIT = 1 << 27
"""Marks of a footprint that is pulled back: 128 MB."""

MASS_LIMIT = 1 << 24
"""Weights of what an output of an approximate plan reads: 128 MB, an image of 4096²."""

MASK_LIMIT = 1 << 31
"""Bytes of the mask, or of the weights, that is handed out."""

PHASE_LIMIT = 1 << 16
"""Phases of a field that are looked at one by one."""

AT_ONCE = 1 << 20
"""Positions of a field that are looked at together: of all of them, some arrays of 8 MB."""

RESIDUE_LIMIT = 512
"""Free sizes that are read, one for each remainder; what repeats later is said to be unknown."""

BATCH = 256
"""Output positions that are pulled back together: more are no faster, and take more memory."""

MOST_TAPS_ONE_BY_ONE = 12
"""Taps that are added one by one; more are faster by cumulative sums."""

MOST_ELEMENTS = 1 << 16
"""Elements of one op among which a path is continued; of more, the outermost."""

MOST_TRIED = 64
"""Output positions from which a path to the bound is looked for."""

PLACEMENTS = 1 << 16
"""Places of an object that are tried one by one."""

MOST_PHASES = 1 << 16
"""Combinations of phases along all axes, for a halo."""

STEP_LIMIT = 1 << 12
"""Sizes of one step that are read one by one."""

MOST_READ = 1 << 22
"""Values and operands that are laid out again at other sizes: two to five microseconds each."""

READ_WHOLE = 16
"""Sizes of one step whose fields are counted on: of a long step a model refuses most."""

MOST_SWEPT = 1 << 21
"""Values that are swept for fields that need a sweep each."""

GENERAL = 24
"""Plain values, of one moving window each, whose sweep takes as long as that of another one."""

MOST_WEIGHED = 1 << 19
"""Readings through which weights are pulled back; every one adds two arrays."""

MOST_NAMES = 1 << 23
"""Names of whole-axis reads in one table, which has for each layer all that come before it."""

RESIDUES = 16
"""Up to so many lengths of a stream modulo the grid are all looked at; of more, a choice."""

CANDIDATES = 1 << 20
"""Combinations of tile sizes that are weighed."""

MOST_CODES = 1 << 24
"""Elements of which it is written out whether they are known: the mask of an attention over 4,096
positions."""

MOST_KINDS = 16
"""Kinds of windows, or of heads, whose masks differ: corner, sides, middle of a shifted image."""

ROW_PHASES = 64
"""Rows after which the pattern of a mask may repeat: the chunks and windows of local attention."""

MOST_UNITS = 1 << 22
"""Units of one layer that are listed one by one, where no table along single axes gives them."""

MOST_LISTED = 1 << 16
"""Units of one layer that are asked for one by one."""
