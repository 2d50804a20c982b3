"""The ops of torchvision: where it is not installed, their names and shapes, so that they are read.

Then nothing is measured; with torchvision everything is.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch

INSTALLED = find_spec("torchvision") is not None

SCHEMAS = (
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor",
    "ps_roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, int sampling_ratio) -> (Tensor, Tensor)",
    "roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width) -> (Tensor, Tensor)",
    "ps_roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width) -> (Tensor, Tensor)",
    "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
    "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, "
    "SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor",
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def declare() -> None:
    """Import torchvision, or declare its ops; the namespace lives as long as the process."""
    if INSTALLED:
        import torchvision  # noqa: F401 - it registers its ops

        return
    if hasattr(torch.ops.torchvision, "nms"):
        return
    for schema in SCHEMAS:
        torch.library.define(f"torchvision::{schema.partition('(')[0]}", schema[schema.index("(") :])

    def pooled(x: torch.Tensor, rois: torch.Tensor, scale: float, *more: int) -> torch.Tensor:
        return x.new_empty(len(rois), x.shape[1], *more[:2])

    def pair(x: torch.Tensor, rois: torch.Tensor, scale: float, *more: int) -> tuple[torch.Tensor, torch.Tensor]:
        made = pooled(x, rois, scale, *more)
        return made, made.clone()

    def in_groups(x: torch.Tensor, rois: torch.Tensor, scale: float, *more: int) -> tuple[torch.Tensor, torch.Tensor]:
        made = x.new_empty(len(rois), x.shape[1] // (more[0] * more[1]), *more[:2])
        return made, made.clone()

    def convolved(x: torch.Tensor, weight: torch.Tensor, offset: torch.Tensor, *_: object) -> torch.Tensor:
        return x.new_empty(len(x), len(weight), *offset.shape[2:])

    def kept(dets: torch.Tensor, scores: torch.Tensor, limit: float) -> torch.Tensor:
        return torch.arange(len(dets))

    torch.library.register_fake("torchvision::roi_align", pooled)
    torch.library.register_fake("torchvision::roi_pool", pair)
    torch.library.register_fake("torchvision::ps_roi_align", in_groups)
    torch.library.register_fake("torchvision::ps_roi_pool", in_groups)
    torch.library.register_fake("torchvision::deform_conv2d", convolved)
    torch.library.impl("torchvision::nms", "CPU", kept)
