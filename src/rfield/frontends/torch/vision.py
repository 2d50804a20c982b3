"""``torchvision.ops``: boxes and offsets made from the data may lie anywhere."""

from __future__ import annotations

from ...core import ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from .rulebook import Arguments, rule


@rule("torchvision::deform_conv2d")
def deform_conv2d(arg: Arguments) -> Op:
    """Samples lie where the offsets say: all of the image, an upper bound; offsets are local."""
    image, result = tuple(arg.input.shape), tuple(arg.result.shape)
    mixed = Link([Read(0, IDENTITY), Read(None, WHOLE), Read(2, WHOLE), Read(3, WHOLE)])
    local = Link([Read(0, IDENTITY), Read(None, WHOLE), Read(2, IDENTITY), Read(3, IDENTITY)])
    links = [mixed]
    for tensor in arg.operands[1:]:
        shape = tuple(tensor.shape)
        if tensor is arg.offset or (tensor is arg.mask and len(shape) == 4):
            links.append(local)
        elif arg.depends(tensor):
            links.append(Link([Read(None, WHOLE)] * len(shape)))
        else:
            links.append(Link([Read(None, WHOLE)] * len(shape)))
    del image
    return Op("deform_conv", result, tuple(links), exact=False)


@rule("torchvision::roi_align", "torchvision::ps_roi_align", "torchvision::roi_pool",
      "torchvision::ps_roi_pool")  # fmt: skip
def region_pool(arg: Arguments) -> tuple[Op, ...] | Op:
    """Windows given by boxes: any place of any image."""
    shapes = [tuple(t.shape) for t in arg.operands]
    if isinstance(arg.result, (tuple, list)):
        return tuple(ops.opaque(shapes, tuple(part.shape), kind="roi") for part in arg.result)
    return ops.opaque(shapes, tuple(arg.result.shape), kind="roi")


@rule("torchvision::nms")
def nms(arg: Arguments) -> Op:
    """Which boxes stay depends on all of them."""
    shapes = [tuple(t.shape) for t in arg.operands]
    return ops.opaque(shapes, tuple(arg.result.shape), kind="nms")
