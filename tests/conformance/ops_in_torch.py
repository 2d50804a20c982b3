"""The ops of the list in PyTorch: modules, functions and tensor methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import nn

import rfield
from rfield.frontends.torch.rulebook import RULES

from .ops.case import Case
from .ops.own.torch import Exported, WithValues
from .ops.own.torch import entries as OWN  # noqa: N812 - the name that every front end gives it

__all__ = ["BUILDERS", "CHANNEL", "OWN", "REFUSALS", "RULES", "read", "run"]

CHANNEL = 1
REFUSALS = (RuntimeError, ValueError, NotImplementedError)


class Function(nn.Module):
    """A function of the input, and the modules that it needs."""

    def __init__(self, function: Callable[[torch.Tensor], Any], *modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(modules)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x)


def read(model: Any, shape: Any, axes: Any) -> rfield.Graph:
    """The graph of a function or module."""
    if isinstance(model, WithValues):
        given = torch.rand(shape, generator=torch.Generator().manual_seed(0))
        return rfield.load(of(model.model), example_inputs=(given,), values=True, axes=axes)
    if isinstance(model, Exported):
        return rfield.load(model.program(shape), axes=axes)
    return rfield.load(of(model), shape, axes=axes)


def of(model: Any) -> nn.Module:
    """A function as a module; positive weights, so that nothing cancels."""
    made = model if isinstance(model, nn.Module) else Function(model)
    with torch.no_grad():
        for number, parameter in enumerate(made.parameters()):
            parameter.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(number))
    return made.eval()


def run(model: Any) -> Any:
    """The same in double precision, over arrays."""
    made = of(model.model if isinstance(model, Exported) else model).double()

    def call(x: Any) -> Any:
        torch.set_default_dtype(torch.float64)
        torch.default_generator.manual_seed(0)
        try:
            with torch.no_grad():
                return made(torch.as_tensor(x)).resolve_conj().resolve_neg().numpy()
        finally:
            torch.set_default_dtype(torch.float32)

    return call


def pads(args: dict[str, Any], rank: int) -> Any:
    """Padding as torch takes it, or None where it has no such padding."""
    padding = args.get("padding", ((0, 0),) * rank)
    if padding == "same":
        return None if any(s != 1 for s in args.get("stride", (1,))) else "same"
    return tuple(a for a, _ in padding) if all(a == b for a, b in padding) else None


def conv(case: Case, *, depthwise: bool = False, functional: bool = False) -> Any:
    rank, a = len(case.shape), case.args
    padding = pads(a, rank)
    if padding is None:
        if a["padding"] == "same":
            return None
        flat = [n for pair in reversed(a["padding"]) for n in pair]
        inner = getattr(nn, f"Conv{rank}d")(1, 1, a["kernel"], a.get("stride", 1))
        return Function(lambda x: inner(F.pad(x, flat)), inner)
    options = (a.get("stride", 1), padding, a.get("dilation", 1))
    if not functional:
        return getattr(nn, f"Conv{rank}d")(1, 1, a["kernel"], *options)
    weight = torch.ones(1, 1, *a["kernel"])
    return lambda x: getattr(F, f"conv{rank}d")(x, weight.to(x), None, *options)


def conv_transpose(case: Case) -> Any:
    a, rank = case.args, len(case.shape)
    return getattr(nn, f"ConvTranspose{rank}d")(1, 1, a["kernel"], a["stride"], pads(a, rank))


def pool(case: Case, *, functional: bool = False) -> Any:
    a, rank, kind = case.args, len(case.shape), case.op[:3]
    padding = pads(a, rank)
    if padding in (None, "same"):
        return None
    options: dict[str, Any] = {"padding": padding, "ceil_mode": a.get("ceil", False)}
    if "dilation" in a:
        options["dilation"] = a["dilation"]
    if functional:
        return lambda x: getattr(F, f"{kind}_pool{rank}d")(
            x, a["kernel"], a.get("stride"), **options
        )
    return getattr(nn, f"{kind.title()}Pool{rank}d")(a["kernel"], a.get("stride"), **options)


def pad(case: Case) -> Any:
    mode = case.args["mode"]
    names = {"edge": "replicate", "wrap": "circular"}
    if mode == "symmetric" or case.error:
        return None  # torch itself refuses it before there is anything to read
    return lambda x: F.pad(x[None], case.args["pads"], mode=names.get(mode, mode))[0]


def resize(case: Case) -> Any:
    a, rank = case.args, len(case.shape)
    mode = {"linear": ("linear", "bilinear", "trilinear")[rank - 1]}.get(a["mode"], a["mode"])
    if a.get("coordinates") == "asymmetric":
        return None
    options: dict[str, Any] = {"mode": mode}
    if "coordinates" in a:
        options["align_corners"] = True
    if a.get("antialias"):
        options["antialias"] = True
    if rank == 1 and a["mode"] == "cubic":
        options["mode"] = "bicubic"
        return lambda x: F.interpolate(x[..., None], (*a["size"], 1), **options)[..., 0]
    return lambda x: F.interpolate(x, a["size"], **options)


def squared(case: Case) -> Any:
    return lambda x: x @ x.transpose(1, 2)


def mask(case: Case) -> torch.Tensor:
    return torch.ones(case.shape).tril()


def roll(case: Case) -> Any:
    a = case.args
    return lambda x: torch.roll(x, a["shifts"], () if a["axes"] is None else a["axes"])


def roll_positional(case: Case) -> Any:
    a = case.args
    return lambda x: x.roll(a["shifts"]) if a["axes"] is None else x.roll(a["shifts"], a["axes"])


def cumsum(case: Case) -> Any:
    a = case.args
    if a["exclusive"]:
        return None
    if a["reverse"]:
        return lambda x: x.flip(a["axis"]).cumsum(a["axis"]).flip(a["axis"])
    return lambda x: x.cumsum(a["axis"])


def sliced(case: Case) -> Any:
    a = case.args
    return lambda x: x[:, a["start"] : a["stop"] : a["step"]]


def reducer(kind: str) -> Callable[[Case], Any]:
    def build(case: Case) -> Any:
        axes, keep = case.args["axes"], case.args["keepdims"]
        if kind == "prod":
            return lambda x: x.prod(axes[0], keepdim=keep)
        return lambda x: getattr(torch, kind)(x, dim=axes, keepdim=keep)

    return build


def einsum(case: Case) -> Any:
    equation = case.args["equation"]
    return lambda x: torch.einsum(equation, *[x] * (equation.count(",") + 1))


def take_along(case: Case) -> Any:
    return lambda x: x.gather(1, x.long().clamp(0, 2))


def take_by_data(case: Case) -> Any:
    return lambda x: x.index_select(1, x[0, :, 0].long().clamp(0, 2))


def attention(causal: bool) -> Callable[[Case], Any]:
    return lambda _case: (
        lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=causal)
    )  # fmt: skip


def function(of_case: Callable[..., Any]) -> Callable[[Case], Any]:
    """A builder from a function of the input and the arguments in their order."""
    return lambda case: lambda x: of_case(x, *case.args.values())


def loop(case: Case) -> Any:
    def turned(x: torch.Tensor) -> torch.Tensor:
        for _ in range(case.args["turns"]):
            x = torch.cat([x[:, 1:], x[:, :1]], 1)
        return x

    return turned


BUILDERS: dict[str, dict[str, Callable[[Case], Any]]] = {
    "loop": {"Python": loop},
    "conv": {"module": conv, "functional": lambda case: conv(case, functional=True)},
    "depthwise_conv": {"module": conv},
    "conv_transpose": {"module": conv_transpose},
    "max_pool": {"module": pool, "functional": lambda case: pool(case, functional=True)},
    "avg_pool": {"module": pool, "functional": lambda case: pool(case, functional=True)},
    "adaptive_pool": {"module": lambda case: nn.AdaptiveAvgPool1d(case.args["size"][0]),
                      "max": lambda case: nn.AdaptiveMaxPool1d(case.args["size"][0])},
    "global_pool": {"module": lambda case: nn.AdaptiveAvgPool2d(1)},
    "pad": {"functional": pad},
    "resize": {"interpolate": resize},
    "roll": {"torch.roll": roll, "method": roll_positional},
    "flip": {"torch.flip": lambda case: lambda x: torch.flip(x, case.args["axes"])},
    "transpose": {"permute": function(lambda x, order: x.permute(order))},
    "reshape": {"reshape": function(lambda x, shape: x.reshape(shape)),
                "view": function(lambda x, shape: x.view(shape))},
    "slice": {"getitem": sliced},
    "concat": {"cat": function(lambda x, axis: torch.cat([x, x], axis))},
    "stack": {"stack": function(lambda x, axis: torch.stack([x, 2 * x], axis))},
    "split": {
        "chunk": function(lambda x, axis, parts, part: x.chunk(parts, axis)[part]),
        "split": function(lambda x, axis, parts, part: x.split(x.shape[axis] // parts, axis)[part]),
    },
    "tile": {"repeat": function(lambda x, repeats: x.repeat(repeats)),
             "tile": function(lambda x, repeats: x.tile(repeats))},
    "expand_dims": {"unsqueeze": function(lambda x, axis: x.unsqueeze(axis))},
    "squeeze": {"squeeze": function(lambda x, axis: x.squeeze(axis))},
    "broadcast": {"expand": function(lambda x, shape: x.expand(shape))},
    "take": {
        "index_select": function(lambda x, axis, at: x.index_select(axis, torch.tensor(at))),
        "getitem": function(lambda x, axis, indices: x[:, torch.tensor(indices)]),
    },
    "take_along_by_data": {"gather": take_along},
    "take_by_data": {"index_select": take_by_data},
    "tril": {"tril": function(lambda x, k: x.tril(k))},
    "triu": {"triu": function(lambda x, k: x.triu(k))},
    "band": {"two": function(lambda x, lower, upper: x.tril(upper).triu(-lower))},
    "times_mask": {"mul": lambda case: lambda x: x * mask(case).to(x)},
    "where": {"where": lambda case: lambda x: torch.where(mask(case).bool(), x, 0.0),
              "masked_fill": lambda case: lambda x: x.masked_fill(~mask(case).bool(), 0.0)},
    "cumsum": {"cumsum": cumsum},
    "sum": {"sum": reducer("sum")},
    "mean": {"mean": reducer("mean")},
    "max": {"amax": reducer("amax")},
    "min": {"amin": reducer("amin")},
    "prod": {"prod": reducer("prod")},
    "softmax": {"method": function(lambda x, axis: x.softmax(axis))},
    "layer_norm": {"functional": lambda case: lambda x: F.layer_norm(x, case.shape[-1:])},
    "sort": {"sort": function(lambda x, axis: x.sort(axis)[0])},
    "matmul_constant": {"matmul": lambda case: lambda x: x @ torch.ones(4, 2).to(x)},
    "constant_matmul": {"matmul": lambda case: lambda x: torch.ones(2, 3).to(x) @ x},
    "cholesky": {
        "linalg": lambda _c: lambda x: torch.linalg.cholesky(x + 40 * torch.eye(4).to(x)),
    },
    "gram": {"matmul": squared, "bmm": lambda case: lambda x: torch.bmm(x, x.mT)},
    "einsum": {"einsum": einsum},
    "attention": {"sdpa": attention(False)},
    "causal_attention": {"sdpa": attention(True)},
    "diagonal": {"diagonal": lambda _c: lambda x: x.diagonal(0, 1, 2)},
    "rot90": {"rot90": lambda c: lambda x: torch.rot90(x, c.args["k"], (1, 2))},
    "movedim": {"movedim": lambda _c: lambda x: x.movedim(1, 2)},
    "unbind": {"unbind": lambda _c: lambda x: x.unbind(2)[1]},
    "repeat": {"repeat_interleave": lambda _c: lambda x: x.repeat_interleave(2, 2)},
    "diff": {"diff": lambda _c: lambda x: x.diff(dim=2)},
    "top": {"topk": lambda _c: lambda x: x.topk(2, 2)[0]},
    "cdist": {"cdist": lambda _c: lambda x: torch.cdist(x, x)},
    "outer": {"outer": lambda _c: lambda x: torch.outer(x[0, 0], x[0, 1])[None]},
    "fft": {"rfft": lambda _c: lambda x: torch.fft.rfft(x, dim=2).abs()},
    "instance_norm": {"functional": lambda _c: F.instance_norm},
    "batch_norm": {"module": lambda _c: nn.BatchNorm1d(3)},
    "dense": {"module": lambda case: nn.Linear(4, 2)},
    **{name: {"method": lambda case: lambda x: getattr(x, case.op)()}
       for name in ("relu", "sigmoid", "tanh", "exp", "abs")},
}  # fmt: skip
