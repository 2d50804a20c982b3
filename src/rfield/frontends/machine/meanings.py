"""What becomes of zeros and of minus infinity in ops that act element by element, by their names.

Frameworks call the same functions by nearly the same names: ``aten::leaky_relu``, ``LeakyRelu``,
``keras.ops.leaky_relu``. One table tells of all of them (see ``core.algebra`` for the words).
"""

from __future__ import annotations

from ...core.algebra import Algebra, Contraction, Elementwise, Softmax, Zeros

_NAMES: dict[Elementwise, str] = {
    "add": "add addany addv2 biasadd biasaddv1 sum",
    "multiply": "and bitwiseand logicaland mul mulnonan multiply",
    "maximum": "fmax max maximum",
    "subtract": "sub subtract",
    "divide": "div divide dividenonan divnonan realdiv truedivide xdivy",
    "where": "select selectv2 where",
    "rectify": "relu relu6",
    "exp": "exp exp2 hardsigmoid logistic sigmoid softplus specialexpit",
    "scale": "convertelementtype reduceprecision",
    "veil": """
        addcdiv addcmul arctan2 atan2 bitshift bitwiseleftshift bitwiseor bitwiserightshift copysign
        floatpower floordiv floordivide floormod fmod heaviside igamma igammac ldexp leftshift lerp
        logicalor lshift mod or polar pow power rem remainder rightshift rshift shiftleft
        shiftrightarithmetic shiftrightlogical specialxlog1py truncatediv truncatemod xlog1py xlogy
    """,
    "compare": """
        bitwisexor clamp clampmax clampmin clip clipbyvalue eq equal fmin ge greater greaterequal
        greaterorequal gt hypot le less lessequal lessorequal logaddexp logaddexp2 logicalxor lt
        maxother mean min minimum minother ne nextafter notequal squareddifference xor
    """,
    "keep": """
        abs absolute arcsin arcsinh arctan arctanh asin asinh atan atanh cast cbrt ceil celu conj
        conjugate converttotensor copy deg2rad elu erf erfinv expm1 fabs
        fakequantizeperchannelaffine fakequantizeperchannelaffinecachemask
        fakequantizepertensoraffine fakequantizepertensoraffinecachemask
        fakequantizepertensoraffinecachemasktensorqparams fix floor frac fusedmovingavgobsfqhelper
        gelu hardshrink hardsilu hardswish imag isinf isnan leakyrelu log1p mish neg negative
        rad2deg real rint round
        selu sgn sign silu sin sinh softshrink softsign sqrt square stopgradient swish tan tanh
        tanhshrink trunc
    """,
}
_MEANINGS: dict[str, Elementwise] = {
    name: meaning for meaning, names in _NAMES.items() for name in names.split()
}

_VANISHING = """
    cast castlike ceil convertelementtype fakequantizeperchannelaffine
    fakequantizeperchannelaffinecachemask fakequantizepertensoraffine
    fakequantizepertensoraffinecachemask fakequantizepertensoraffinecachemasktensorqparams fix floor
    floordivide frac fusedmovingavgobsfqhelper hardshrink hardsigmoid hardsilu hardswish imag isinf
    isnan real rint round rounddecimals softshrink trunc truncatedivide
"""
"""Functions that keep a zero, or make one of minus infinity alone, and make zeros of others too."""


_REDUCTIONS: dict[Zeros, str] = {
    "keep": """
        all amax amin and any countnonzero euclideannorm frobeniusnorm l1 l2 linalgvectornorm max
        mean median min nanmax nanmean nanmedian nanmin nanstd nansum nanvar norm nuclearnorm or
        ptp std sum suminteger sumsquare var xor
    """,
    "absorb": "nanprod prod",
}
_ZEROS: dict[str, Zeros] = {
    name: zeros for zeros, names in _REDUCTIONS.items() for name in names.split()
}


def zeros_of(op: str) -> Zeros:
    """What a reduction of this name makes of known zeros.

    >>> zeros_of("aten::amax"), zeros_of("reduce_prod"), zeros_of("LogSumExp")
    ('keep', 'absorb', 'lose')
    """
    name = op.rpartition("::")[2].lower().replace("_", "").removeprefix("ops.")
    return _ZEROS.get(name.removeprefix("reduce"), "lose")


def may_vanish(op: str, algebra: Algebra | None) -> bool:
    """Whether an op may make zero of numbers of which none is zero.

    >>> may_vanish("leaky_relu", "keep"), may_vanish("round", "keep"), may_vanish("relu", "rectify")
    (False, True, True)
    """
    if isinstance(algebra, Softmax):
        return algebra.logarithm
    if isinstance(algebra, Contraction):
        return algebra.zeros != "absorb"
    name = op.rpartition("::")[2].lower().replace("_", "")
    return algebra not in _FAITHFUL or name in _VANISHING.split()


_FAITHFUL = frozenset({"multiply", "divide", "scale", "exp", "keep", "move"})


def combined(name: str) -> bool | Elementwise:
    """How a write of this name combines what it writes with what stands there.

    >>> combined("none"), combined("ScatterNdAdd"), combined("mul"), combined("amax")
    (False, 'add', 'multiply', 'compare')
    """
    for ends, meaning in _WRITES.items():
        if name.lower().endswith(tuple(ends.split())):
            return meaning
    return "compare"


_WRITES: dict[str, bool | Elementwise] = {
    "none update": False, "add sum": "add", "mul multiply prod": "multiply",
}  # fmt: skip

_SAID = {
    "activation": "pointwise", "add_any": "add", "addv2": "add", "biasadd": "add",
    "bias_add": "add", "div": "divide", "dot_general": "matmul", "erf_inv": "erfinv",
    "expand_dims": "reshape", "gemm": "dense", "gather_nd": "gather", "leakyrelu": "leaky_relu",
    "leaky_re_lu": "leaky_relu", "logistic": "sigmoid", "max": "maximum", "min": "minimum",
    "mul": "multiply", "neg": "negative", "pow": "power", "re_lu": "relu", "real_div": "divide",
    "realdiv": "divide", "gru": "recurrent", "lstm": "recurrent", "rnn_state": "recurrent",
    "reduce_sum": "sum", "reduce_window_max": "max_pool", "reduce_window_min": "min_pool",
    "reducemean": "mean", "reducesum": "sum",
    "sub": "subtract", "swish": "silu", "transpose": "permute", "truediv": "divide",
}  # fmt: skip
"""What ops are called in tables, where their framework calls them otherwise."""


def name_of(kind: str, *, alone: bool) -> str:
    """What an op is called in every front end; ``alone``: it reads one value, and weights.

    >>> name_of("gemm", alone=True), name_of("matmul", alone=True), name_of("matmul", alone=False)
    ('dense', 'dense', 'matmul')
    """
    said = _SAID.get(kind, kind)
    return "dense" if said == "matmul" and alone else said


def algebra_of(op: str) -> Elementwise | None:
    """How known elements go through an op of this name; None where nothing is known of them.

    >>> algebra_of("aten::leaky_relu"), algebra_of("LeakyRelu"), algebra_of("Cos")
    ('keep', 'keep', None)
    """
    return _MEANINGS.get(op.rpartition("::")[2].lower().replace("_", ""))
