"""One-op models with many attributes and odd sizes: ``(title, model, feeds, options)``.

Every case is read by rfield and run by ONNX Runtime, which is asked position by position what it
reads; the two must agree. Cases that ONNX Runtime refuses are left out when they are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from tests.onnx.samples import integers
from tests.onnx.small import model, node, one, weights

Case = tuple[str, Any, dict[str, Any], dict[str, Any]]
PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
_RANDOM = np.random.default_rng(0)


def feed(*shape: int, kind: str = "float32") -> Any:
    """Random contents."""
    if kind.startswith("float"):
        return _RANDOM.normal(size=shape).astype(kind)
    return _RANDOM.integers(0, 3, size=shape).astype(kind)


def simple(title: str, op: str, shape: tuple[int, ...], *rest: Any, **attributes: Any) -> Case:
    """One op on ``x``."""
    return f"{op} {title}", one(op, shape, *rest, **attributes), {"x": feed(*shape)}, {}


def convolutions() -> Iterator[Case]:
    """Sizes, kernels, strides, dilations and every way to pad, in one dimension and two."""
    for size, k, s, d, word in product((5, 8, 9), (1, 2, 3, 4), (1, 2, 3), (1, 2), PADS):
        if word == "VALID" and d * (k - 1) + 1 > size:
            continue
        if word.startswith("SAME") and d > 1:
            continue
        pads: Any = {"pads": [1, 2] if k > 2 else [0, 1]} if word == "NOTSET" else {}
        title = f"{size} k{k} s{s} d{d} {word}"
        yield simple(
            title, "Conv", (1, 2, size), weights(2, 2, k), auto_pad=word, strides=[s],
            dilations=[d], **pads,
        )  # fmt: skip
        if d == 1 and k > 1:
            pads = {"pads": [1, 1] if k > 2 else [0, 1]} if word == "NOTSET" else {}
            op = "MaxPool" if size % 2 else "AveragePool"
            for ceil in (0, 1):
                yield simple(
                    f"{title} ceil{ceil}", op, (1, 2, size), auto_pad=word, kernel_shape=[k],
                    strides=[s], ceil_mode=ceil, **pads,
                )  # fmt: skip
    for groups in (1, 2, 4):
        shape = (1, 4, 6, 7)
        made = one(
            "Conv", shape, weights(8, 4 // groups, 3, 2), group=groups, pads=[1, 0, 0, 1],
            strides=[2, 1], dilations=[1, 2],
        )  # fmt: skip
        yield f"Conv groups {groups}", made, {"x": feed(*shape)}, {"axes": (1, 2, 3)}


def transposed() -> Iterator[Case]:
    """Transposed convolutions with output padding and output shape."""
    for size, k, s, d, word in product((3, 6), (1, 2, 3, 4), (1, 2, 3), (1, 2), PADS):
        pads: Any = {"pads": [1, 0] if k > 2 else [0, 0]} if word == "NOTSET" else {}
        shape, title = (1, 2, size), f"{size} k{k} s{s} d{d} {word}"
        common: Any = {"auto_pad": word, "strides": [s], "dilations": [d]}
        yield simple(title, "ConvTranspose", shape, weights(2, 2, k), **common, **pads)
        if s > 1:
            extra = {"output_padding": [1], **pads}
            yield simple(f"{title} op", "ConvTranspose", shape, weights(2, 2, k), **common, **extra)
        for wanted in (s * size - 1, s * size + 1):
            yield simple(
                f"{title} to {wanted}", "ConvTranspose", shape, weights(2, 2, k),
                output_shape=[wanted], **common,
            )  # fmt: skip


def resizes() -> Iterator[Case]:
    """Every coordinate mode, by size and by scale; old opsets."""
    modes = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
             "asymmetric", "tf_half_pixel_for_nn")  # fmt: skip
    roundings = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
    for size, out, mode in product((4, 7), (2, 5, 8, 9, 14), modes):
        for word in roundings:
            yield simple(
                f"{size} to {out} {mode} {word}", "Resize", (1, 1, size), None, None,
                integers(1, 1, out), mode="nearest", coordinate_transformation_mode=mode,
                nearest_mode=word,
            )  # fmt: skip
        yield simple(
            f"{size} to {out} {mode} linear", "Resize", (1, 1, size), None, None,
            integers(1, 1, out), mode="linear", coordinate_transformation_mode=mode,
        )  # fmt: skip
    for size, scale, mode in product((4, 7), (0.5, 0.75, 1.5, 2.0, 2.5), modes):
        yield simple(
            f"{size} by {scale} {mode}", "Resize", (1, 1, size), None,
            np.array([1, 1, scale], np.float32), mode="linear",
            coordinate_transformation_mode=mode,
        )  # fmt: skip
    for size, out, outside in product((4, 7), (3, 8), (0, 1)):
        yield simple(
            f"cubic {size} to {out} {outside}", "Resize", (1, 1, 3, size), None, None,
            integers(1, 1, 3, out), mode="cubic", exclude_outside=outside,
        )  # fmt: skip
        yield simple(
            f"antialias {size} to {out}", "Resize", (1, 1, 6, size), None, None,
            integers(1, 1, 6, out), mode="linear", antialias=1,
        )  # fmt: skip
        yield simple(
            f"cubic antialias {size} to {out} {outside}", "Resize", (1, 1, 6, size), None, None,
            integers(1, 1, 6, out), mode="cubic", antialias=1, exclude_outside=outside,
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip
    for a, b in ((0, 1), (0.25, 0.75), (-0.25, 0.5)):
        box = np.array([0, 0, a, 1, 1, b], np.float32)
        for out in (5, 7):
            yield simple(
                f"crop {a} {b} to {out}", "Resize", (1, 1, 7), box, None, integers(1, 1, out),
                mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
            )  # fmt: skip
    yield simple(
        "crop from a fifth outside", "Resize", (1, 1, 10),
        np.array([0, 0, -0.2, 1, 1, 0.6], np.float32), np.array([1, 1, 2.5], np.float32),
        mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
    )  # fmt: skip
    for size, opset, mode in product((2, 3), (9, 13), ("nearest", "linear")):  # copied as it is
        yield simple(
            f"{opset} {size} to {size} {mode}", "Upsample" if opset == 9 else "Resize",
            (1, 1, size), *([None] * (opset > 9)), np.array([1, 1, 1.25], np.float32), opset=opset,
            mode=mode,
        )  # fmt: skip
    for opset, scale, mode in product((9, 10), (1.5, 2.0, 3.0), ("nearest", "linear")):
        yield simple(
            f"{opset} {scale} {mode}", "Upsample" if opset == 9 else "Resize", (1, 1, 3, 5),
            np.array([1, 1, 2, scale], np.float32), opset=opset, mode=mode,
        )  # fmt: skip
    yield simple(
        "7", "Upsample", (1, 1, 3, 5), opset=7, mode="nearest", scales=[1.0, 1.0, 2.0, 1.5]
    )
    yield simple(
        "down 10", "Resize", (1, 1, 3, 5), np.array([1, 1, 1, 0.5], np.float32), opset=10,
        mode="nearest",
    )  # fmt: skip


def layouts() -> Iterator[Case]:
    """Ops that move elements."""
    for start, stop, axis, step in (
        ((1,), (5,), (2,), (1,)), ((-1,), (-(2**63),), (2,), (-1,)), ((5,), (0,), (2,), (-2,)),
        ((0, 1), (3, 100), (1, 2), (2, 3)), ((-4,), (-1,), (-1,), (1,)), ((9,), (-9,), (2,), (-3,)),
    ):  # fmt: skip
        yield simple(
            f"{start} {stop} {step}", "Slice", (1, 3, 7), integers(*start), integers(*stop),
            integers(*axis), integers(*step),
        )  # fmt: skip
    for mode in ("constant", "reflect", "edge", "wrap"):
        for pads in ((0, 0, 2, 0, 0, 1), (0, 0, -1, 0, 0, 2), (0, 1, 1, 0, 0, -1)):
            yield simple(f"{mode} {pads}", "Pad", (1, 2, 5), integers(*pads), mode=mode)
    yield simple("axes", "Pad", (1, 2, 5), integers(2, 1), None, integers(-1))
    yield simple("10", "Pad", (1, 2, 5), opset=10, mode="edge", pads=[0, 0, 1, 0, 0, 2])
    yield simple("0 -1", "Reshape", (2, 3, 4), integers(0, -1, 2))
    yield simple("swap", "Reshape", (1, 4, 6), integers(1, 6, 4))
    for axis in (0, 2, -1):
        yield simple(str(axis), "Flatten", (2, 3, 4), axis=axis)
    yield simple("", "Squeeze", (1, 3, 1, 4), integers(0, -2))
    yield simple("", "Unsqueeze", (3, 1, 4), integers(0, -1))
    yield simple("11", "Unsqueeze", (3, 1, 4), opset=11, axes=[0, 4])
    yield simple("", "Transpose", (1, 3, 4, 5), perm=[0, 3, 1, 2])
    yield simple("default", "Transpose", (1, 3, 4))
    yield simple("sizes", "Split", (1, 3, 7), integers(2, 4, 1), outputs=("a", "b", "c"), axis=2)
    yield simple("equal", "Split", (1, 3, 7), outputs=("a", "b", "c"), axis=-1, num_outputs=3)
    yield simple("3", "Tile", (1, 2, 4), integers(1, 1, 3))
    yield simple("all", "Tile", (1, 2, 3), integers(2, 2, 2))
    yield simple("", "Expand", (1, 3, 1), integers(2, 1, 3, 5))
    for mode in ("DCR", "CRD"):
        yield simple(mode, "DepthToSpace", (1, 8, 2, 3), blocksize=2, mode=mode)
    yield simple("", "SpaceToDepth", (1, 2, 4, 6), blocksize=2)
    for lengths in ((4, 4), (2, 4)):
        yield simple(
            str(lengths), "ReverseSequence", (4, 2, 3), integers(*lengths), time_axis=0,
            batch_axis=1,
        )  # fmt: skip
    yield simple("cut", "CenterCropPad", (1, 5, 5), integers(2, 2), axes=[1, 2])
    yield simple("both", "CenterCropPad", (1, 4, 5), integers(7, 2), axes=[1, 2])
    yield simple("", "Col2Im", (1, 4, 9), integers(4, 4), integers(2, 2))
    yield simple("", "Concat", (1, 2, 3), np.ones((1, 2, 2), np.float32), axis=2)


def gathers() -> Iterator[Case]:
    """Known indices, computed indices, and where data is written."""
    yield simple("scalar", "Gather", (1, 3, 5), np.array(2), axis=2)
    yield simple("list", "Gather", (1, 3, 5), integers(4, 0, 0, -2), axis=2)
    yield simple("table", "Gather", (1, 3, 5), np.array([[1, 2], [3, 4]]), axis=2)
    yield simple("rows", "GatherElements", (1, 2, 5), np.array([[[0, 3], [0, 3]]]), axis=2)
    yield simple("mixed", "GatherElements", (1, 2, 5), np.array([[[0, 3], [1, 2]]]), axis=2)
    yield simple("one", "GatherND", (2, 3, 5), np.array([[1], [0], [1]]))
    yield simple("two", "GatherND", (2, 3, 5), np.array([[0, 1], [1, 2]]))
    grid = np.stack(np.meshgrid([0], [0, 1, 2], [1, 3], indexing="ij"), -1)
    yield simple("grid", "GatherND", (1, 3, 5), grid)
    for picked in ([0, 2, 4], [2, 3, 4]):
        places = np.stack(np.meshgrid([0], [0, 1], picked, indexing="ij"), -1)
        made = model(
            [node("ScatterND", ["d", "i", "x"])], {"x": (1, 2, 3), "d": (1, 2, 6)}, ["y"],
            {"i": places},
        )  # fmt: skip
        feeds = {"x": feed(1, 2, 3), "d": feed(1, 2, 6)}
        yield f"ScatterND {picked} updates", made, feeds, {}
        yield f"ScatterND {picked} data", made, feeds, {"name": "d"}
    made = model(
        [node("ScatterElements", ["d", "i", "x"], axis=2)], {"x": (1, 2, 3), "d": (1, 2, 6)}, ["y"],
        {"i": np.array([[[1, 2, 3], [4, 5, 0]]])},
    )  # fmt: skip
    feeds = {"x": feed(1, 2, 3), "d": feed(1, 2, 6)}
    yield "ScatterElements updates", made, feeds, {}
    yield "ScatterElements data", made, feeds, {"name": "d"}
    made = model(
        [node("Gather", ["d", "x"], axis=1)], {"x": (1, 4), "d": (1, 6, 3)}, ["y"], kinds={"x": 7}
    )
    feeds = {"x": integers(1, 0, 3, 2)[None], "d": feed(1, 6, 3)}
    yield "Gather by data", made, feeds, {"name": "d"}
    flags = np.array([1, 0, 1, 0, 1], bool)
    yield simple("", "Compress", (1, 3, 5), flags, axis=2)
    yield simple("", "NonZero", (1, 3))


def contractions() -> Iterator[Case]:
    """Products, sums, softmax, norms, spectra."""
    for a, b in (
        ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((1, 3, 4), (2, 4, 5)), ((4,), (2, 4, 5)),
        ((2, 3, 4), (4,)),
    ):  # fmt: skip
        made = model([node("MatMul", ["x", "z"])], {"x": a, "z": b}, ["y"])
        axes = {"x": tuple(range(len(a))), "z": tuple(range(len(b)))}
        for name in "xz":
            feeds = {"x": feed(*a), "z": feed(*b)}
            yield f"MatMul {a} {b} {name}", made, feeds, {"name": name, "axes": axes}
    for a, b, turned in (
        ((3, 2, 4), (2, 4, 5), {"transBatchA": 1}), ((2, 3, 4), (4, 2, 5), {"transBatchB": 1}),
        ((4, 2, 3), (2, 5, 4), {"transBatchA": 1, "transA": 1, "transB": 1}),
        ((2, 4, 3), (4, 2, 5), {"transBatchB": 1, "transA": 1}),
    ):  # fmt: skip
        op = node("com.microsoft::FusedMatMul", ["x", "z"], **turned)
        made = model([op], {"x": a, "z": b}, ["y"])
        for name in "xz":
            feeds = {"x": feed(*a), "z": feed(*b)}
            options = {"name": name, "axes": {"x": (0, 1, 2), "z": (0, 1, 2)}}
            yield f"FusedMatMul {turned} {name}", made, feeds, options
    for ta, tb in product((0, 1), (0, 1)):
        inner = 4 if ta else 5
        made = one(
            "Gemm", (4, 5), weights(*((3, inner) if tb else (inner, 3))), weights(3), transA=ta,
            transB=tb,
        )  # fmt: skip
        yield f"Gemm {ta} {tb}", made, {"x": feed(4, 5)}, {"axes": (0, 1)}
    for text, a, b in (
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("...ij,jk->...ik", (2, 3, 4), (4, 5)),
        ("bij,bj", (2, 3, 4), (2, 4)), ("ij,kl->ijkl", (2, 3), (2, 3)),
    ):  # fmt: skip
        made = model([node("Einsum", ["x", "z"], equation=text)], {"x": a, "z": b}, ["y"])
        axes = {"x": tuple(range(len(a))), "z": tuple(range(len(b)))}
        for name in "xz":
            feeds = {"x": feed(*a), "z": feed(*b)}
            yield f"Einsum {text} {name}", made, feeds, {"name": name, "axes": axes}
    diagonal = one("Einsum", (3, 3), equation="ii->i")
    yield "Einsum ii->i", diagonal, {"x": feed(3, 3)}, {"axes": (0, 1)}
    for op, kept in product(("ReduceMean", "ReduceMax", "ReduceL2"), (0, 1)):
        yield simple(str(kept), op, (1, 3, 4, 5), integers(3), keepdims=kept)
    yield simple("nothing", "ReduceSum", (1, 3, 4), integers(), noop_with_empty_axes=1)
    yield simple("", "ArgMax", (1, 3, 4, 4), axis=2, keepdims=0)
    yield simple("", "TopK", (1, 3, 6), integers(2), outputs=("v", "i"), axis=2)
    for own, back in product((0, 1), (0, 1)):
        yield simple(f"{own}{back}", "CumSum", (1, 2, 5), np.array(2), exclusive=own, reverse=back)
    for opset in (11, 13):
        yield simple(str(opset), "Softmax", (1, 3, 4, 4), opset=opset, axis=2)
    yield simple("", "BatchNormalization", (1, 3, 4), *(weights(3) for _ in range(4)))
    yield simple("", "InstanceNormalization", (1, 3, 4, 3), weights(3), weights(3))
    yield simple("", "LayerNormalization", (1, 3, 4, 2), weights(4, 2), weights(4, 2), axis=2)
    yield simple(
        "", "GroupNormalization", (1, 4, 3, 3), weights(4), weights(4), num_groups=2, opset=21
    )
    yield simple("", "LpNormalization", (1, 3, 4), axis=2)
    yield simple("", "GlobalAveragePool", (1, 2, 4, 3))
    yield simple("", "DFT", (1, 6, 1), axis=1, opset=17)
    made = one("STFT", (1, 12, 1), np.array(3), weights(4), np.array(4), opset=17)
    yield "STFT", made, {"x": feed(1, 12, 1)}, {"axes": (1,)}
    yield simple("", "PRelu", (1, 3, 4), weights(3, 1))
    yield simple("", "Trilu", (1, 4, 4))


def recurrent() -> Iterator[Case]:
    """All directions; attention, causal and not."""
    for (op, gates), word in product(
        (("LSTM", 4), ("GRU", 3), ("RNN", 1)), ("forward", "reverse", "bidirectional")
    ):
        count = 2 if word == "bidirectional" else 1
        made = model(
            [node(op, ["x", "w", "r"], ["y", "h"], hidden_size=2, direction=word)],
            {"x": (5, 1, 3)}, ["y", "h"],
            {"w": weights(count, gates * 2, 3) / 8, "r": weights(count, gates * 2, 2) / 8},
        )  # fmt: skip
        yield f"{op} {word}", made, {"x": feed(5, 1, 3)}, {"axes": (0,)}
    made = model(
        [node("Attention", ["x", "k", "v"], q_num_heads=2, kv_num_heads=2)],
        {"x": (1, 4, 8), "k": (1, 5, 8), "v": (1, 5, 8)}, ["y"], opset=23,
    )  # fmt: skip
    feeds = {"x": feed(1, 4, 8), "k": feed(1, 5, 8), "v": feed(1, 5, 8)}
    for name in "xkv":
        options = {"name": name, "axes": dict.fromkeys("xkv", (1,))}
        yield f"Attention {name}", made, feeds, options
    made = model(
        [node("com.microsoft::Attention", ["x", "w", "b"], num_heads=2, unidirectional=1)],
        {"x": (1, 4, 8)}, ["y"], {"w": feed(8, 24), "b": weights(24)},
    )  # fmt: skip
    yield "com.microsoft::Attention causal", made, {"x": feed(1, 4, 8)}, {"axes": (1,)}


FAMILIES = {
    "convolutions": convolutions, "transposed": transposed, "resizes": resizes,
    "layouts": layouts, "gathers": gathers, "contractions": contractions, "recurrent": recurrent,
}  # fmt: skip
