"""The rest of the models: detection, restoration, sound, signals, attention of many kinds."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import nn

from .catalogue import IMAGE, add
from .measuring import First


def _of(package: str, path: str, *given: Any, shape: tuple[int, ...], call: Any = None,
        name: str = "", how: dict[str, Any] | None = None, **config: Any) -> None:  # fmt: skip
    """``path``: ``module:class`` in ``package``; ``call``: how the model is called."""
    module, _, kind = path.partition(":")

    def make() -> nn.Module:
        home = import_module(f"{package}.{module}" if module else package)
        model = getattr(home, kind)(*given, **config)
        return model if call is None else First(model, call)

    add(package, name or kind, make, shape, **(how or {}))


# --- detection, features

for yolo in ("yolov8n", "yolo11n", "yolov5n", "yolov8n-seg"):
    _of("ultralytics", "nn.tasks:SegmentationModel" if "seg" in yolo else "nn.tasks:DetectionModel",
        f"{yolo}.yaml", verbose=False, name=yolo, shape=IMAGE, how={"positions": 6})  # fmt: skip
_of("kornia", "feature:HardNet", pretrained=False, shape=(1, 1, 32, 32))
_of("kornia", "feature:DISK", shape=IMAGE, call=lambda m, x: m.heatmap_and_dense_descriptors(x),
    how={"positions": 6})  # fmt: skip
_of("pretrainedmodels", "models:bninception", 10, None, shape=(1, 3, 96, 96),
    call=lambda m, x: m.features(x), how={"positions": 4})  # fmt: skip
_of("pretrainedmodels", "models:xception", 10, None, shape=(1, 3, 96, 96),
    call=lambda m, x: m.features(x), how={"positions": 4})  # fmt: skip

# --- restoration, compression

_of("spandrel", "architectures.SwinIR.__arch.SwinIR:SwinIR", shape=(1, 3, 16, 16), img_size=16,
    window_size=4, depths=[2, 2], embed_dim=12, num_heads=[2, 2], upscale=2,
    upsampler="pixelshuffledirect", name="SwinIR", how={"positions": 8})  # fmt: skip
_of("spandrel", "architectures.SwinIR.__arch.SwinIR:SwinIR", shape=(1, 3, 16, 16), img_size=16,
    window_size=4, depths=[2, 2], embed_dim=12, num_heads=[2, 2], upscale=2,
    upsampler="pixelshuffledirect", name="SwinIR, masks cut",
    how={"positions": 8, "options": {"soft_masks": "cut"}})  # fmt: skip
_of("spandrel", "architectures.SwinIR.__arch.SwinIR:SwinIR", shape=(1, 3, 16, 16), img_size=16,
    window_size=4, depths=[1, 1], embed_dim=12, num_heads=[2, 2], upscale=2,
    upsampler="pixelshuffledirect", name="SwinIR, windows in place",
    how={"positions": 8})  # fmt: skip
_of("spandrel", "architectures.Swin2SR.__arch.Swin2SR:Swin2SR", shape=(1, 3, 16, 16),
    img_size=16, window_size=4, depths=[1, 1], embed_dim=12, num_heads=[2, 2], upscale=2,
    upsampler="pixelshuffledirect", name="Swin2SR, windows in place",
    how={"positions": 8})  # fmt: skip
_of("spandrel", "architectures.ESRGAN.__arch.RRDB:RRDBNet", num_filters=4, num_blocks=1,
    shape=(1, 3, 16, 16), how={"positions": 6})  # fmt: skip
_of("spandrel", "architectures.Compact.__arch.SRVGG:SRVGGNetCompact", num_feat=8, num_conv=3,
    shape=(1, 3, 16, 16))  # fmt: skip
_of("spandrel", "architectures.SPAN.__arch.span:SPAN", num_in_ch=3, num_out_ch=3,
    feature_channels=8, shape=(1, 3, 16, 16))  # fmt: skip
_of("compressai", "models:FactorizedPrior", 8, 8, shape=IMAGE, call=lambda m, x: m.g_a(x))
_of("compressai", "models:ScaleHyperprior", 8, 8, shape=IMAGE, call=lambda m, x: m.h_a(m.g_a(x)))

# --- sound

_of("asteroid", "models:ConvTasNet", n_src=2, n_filters=8, n_blocks=2, n_repeats=1, bn_chan=8,
    hid_chan=8, skip_chan=8, norm_type="cgLN", shape=(1, 1, 800))  # fmt: skip
_of("torchaudio", "models:ConvTasNet", num_sources=2, enc_num_feats=8, msk_num_feats=8,
    msk_num_hidden_feats=8, msk_num_layers=2, msk_num_stacks=1, shape=(1, 1, 800))  # fmt: skip
_of("torchaudio", "models:Wav2Letter", num_classes=8, input_type="mfcc", num_features=8,
    shape=(1, 8, 100))  # fmt: skip
_of("torchaudio", "models:Conformer", 16, 2, 32, 1, 3, shape=(1, 20, 16), how={"axes": (1,)},
    call=lambda m, x: m(x, import_module("torch").tensor([20])))  # fmt: skip
_of("torchaudio", "models:WaveRNN", upsample_scales=[2, 2], n_classes=8, hop_length=4,
    n_res_block=1, n_rnn=8, n_fc=8, n_freq=8, n_hidden=8, n_output=8, shape=(1, 8, 12),
    name="WaveRNN.upsample", call=lambda m, x: m.upsample(x))  # fmt: skip
_of("encodec", "modules:SEANetEncoder", n_filters=4, dimension=8, shape=(1, 1, 2048))
_of("encodec", "modules:SEANetDecoder", n_filters=4, dimension=8, shape=(1, 8, 12))
_of("pytorch_tcn", ":TCN", 4, [8, 8, 8], kernel_size=3, shape=(1, 4, 60))
_of("pytorch_tcn", ":TCN", 4, [8, 8], kernel_size=3, causal=False, shape=(1, 4, 60),
    name="TCN, not causal")  # fmt: skip
_of("speechbrain", "lobes.models.ECAPA_TDNN:TDNNBlock", 8, 8, 3, 2, shape=(1, 8, 40))
_of("speechbrain", "lobes.models.convolution:ConvolutionFrontEnd", (1, 40, 8), num_blocks=2,
    num_layers_per_block=1, out_channels=(4, 8), kernel_sizes=(3, 3), strides=(2, 2),
    residuals=(False, False), shape=(1, 40, 8), how={"axes": (1,)})  # fmt: skip
_of("conformer", ":ConformerBlock", dim=16, dim_head=8, heads=2, conv_kernel_size=5,
    shape=(1, 20, 16), how={"axes": (1,)})  # fmt: skip

# --- signals of the brain

_of("braindecode", "models:EEGNet", 4, 2, n_times=128, shape=(1, 4, 128), how={"axes": (2,)})
_of("braindecode", "models:Deep4Net", 4, 2, n_times=600, shape=(1, 4, 600), how={"axes": (2,)})
_of("braindecode", "models:ShallowFBCSPNet", 4, 2, n_times=300, shape=(1, 4, 300),
    how={"axes": (2,)})  # fmt: skip

# --- attention, diffusion, flows

_of("x_transformers", ":Decoder", dim=16, depth=2, heads=2, attn_dim_head=8, shape=(1, 12, 16),
    how={"axes": (1,)})  # fmt: skip
_of("x_transformers", ":Encoder", dim=16, depth=1, heads=2, attn_dim_head=8, shape=(1, 12, 16),
    how={"axes": (1,)})  # fmt: skip
_of("local_attention", ":LocalMHA", dim=16, window_size=4, heads=2, dim_head=8, causal=True,
    shape=(1, 16, 16), how={"axes": (1,)})  # fmt: skip
_of("local_attention", ":LocalMHA", dim=16, window_size=4, heads=2, dim_head=8, causal=False,
    shape=(1, 16, 16), how={"axes": (1,)}, name="LocalMHA, both ways")  # fmt: skip
_of("linformer", ":Linformer", dim=16, seq_len=12, depth=1, heads=2, k=4, shape=(1, 12, 16),
    how={"axes": (1,)})  # fmt: skip
_of("vit_pytorch", "vit:ViT", image_size=32, patch_size=8, num_classes=4, dim=16, depth=1, heads=2,
    mlp_dim=16, shape=(1, 3, 32, 32))  # fmt: skip
_of("vit_pytorch", "max_vit:MaxViT", num_classes=4, dim=8, depth=(1, 1), dim_head=8, window_size=4,
    shape=IMAGE)  # fmt: skip
_of("vector_quantize_pytorch", ":FSQ", [4, 4, 4], shape=(1, 10, 3), how={"axes": (1,)})
_of("vector_quantize_pytorch", ":VectorQuantize", 8, codebook_size=16, shape=(1, 10, 8),
    how={"axes": (1,)})  # fmt: skip
_of("nflows", "nn.nets:ConvResidualNet", 3, 4, 8, num_blocks=2, shape=(1, 3, 16, 16))
_of("nflows", "transforms.made:MADE", 8, 16, num_blocks=1, shape=(1, 8), how={"axes": (1,)})
_of("neuralop", "models:FNO", n_modes=(4, 4), in_channels=1, out_channels=1, hidden_channels=8,
    n_layers=2, shape=(1, 1, 16, 16), how={"positions": 6})  # fmt: skip
_of("segment_anything", "modeling:ImageEncoderViT", img_size=64, patch_size=8, embed_dim=16,
    depth=2, num_heads=2, window_size=3, global_attn_indexes=(1,), use_rel_pos=True, out_chans=8,
    shape=IMAGE, how={"positions": 8})  # fmt: skip
