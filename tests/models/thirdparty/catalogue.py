"""Which models of which packages are looked at: each entry builds one, small and without weights.

A package is imported when its first model is built; one that is not installed is told as such.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from .measuring import Entry, First

MODELS: list[Entry] = []


def add(
    package: str, name: str, make: Callable[[], nn.Module], shape: tuple[int, ...], **how: Any
) -> None:
    """One more model."""
    MODELS.append(Entry(package, name, make, shape, **how))


# --- transformers


def _hugging(
    name: str, shape: tuple[int, ...], axes: tuple[int, ...] | None,
    options: dict[str, Any] | None = None, **config: Any,
) -> None:  # fmt: skip
    def make() -> nn.Module:
        import transformers

        kind = getattr(transformers, f"{name}Config")(**config)
        return getattr(transformers, f"{name}Model")(kind)

    shown = f"{name}, masks cut" if options else name
    add("transformers", shown, make, shape, axes=axes, options=options or {})


def _tokens(name: str, **config: Any) -> None:
    """A text model on embeddings, so that what it reads can be changed by a little."""

    def make() -> nn.Module:
        import transformers

        kind = getattr(transformers, f"{name}Config")(**config)
        model = getattr(transformers, f"{name}Model")(kind)
        return First(model, lambda m, x: m(inputs_embeds=x, use_cache=False))

    add("transformers", name, make, (1, 10, 16), axes=(1,))


IMAGE, SMALL = (1, 3, 64, 64), {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
for text in ("GPT2", "GPTNeo"):
    depth = {"n_embd": 16, "n_layer": 2, "n_head": 2} if text == "GPT2" else {
        "hidden_size": 16, "num_layers": 2, "num_heads": 2, "window_size": 3,
        "attention_types": [[["global", "local"], 1]],
    }  # fmt: skip
    _tokens(text, vocab_size=30, **depth)
_tokens("Llama", vocab_size=30, intermediate_size=32, **SMALL)
_tokens("Mistral", vocab_size=30, intermediate_size=32, sliding_window=3, num_key_value_heads=2,
        **SMALL)  # fmt: skip
_tokens("Gemma2", vocab_size=30, intermediate_size=32, sliding_window=3, num_key_value_heads=2,
        head_dim=8, **SMALL)  # fmt: skip
_tokens("Mamba", vocab_size=30, hidden_size=16, num_hidden_layers=2, state_size=4)
for swin in ("Swin", "Swinv2", "DonutSwin"):
    for choice in (None, {"soft_masks": "cut"}):
        _hugging(swin, IMAGE, None, choice, image_size=64, patch_size=4, embed_dim=12,
                 depths=[2, 2], num_heads=[2, 2], window_size=4)  # fmt: skip
_hugging("ConvNext", IMAGE, None, hidden_sizes=[4, 8, 8, 8], depths=[1, 1, 1, 1])
_hugging("Segformer", IMAGE, None, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1])
_hugging("MobileNetV2", IMAGE, None, depth_multiplier=0.35)
_hugging("Dinov2", IMAGE, None, image_size=64, patch_size=8, **SMALL)
_hugging("Wav2Vec2", (1, 4000), (1,), intermediate_size=32, conv_dim=[8] * 7, layers=1,
         num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, **SMALL)  # fmt: skip
_hugging("Encodec", (1, 1, 2048), None, num_filters=4, hidden_size=8, codebook_dim=8,
         num_lstm_layers=1)  # fmt: skip

# --- diffusers


def _diffusers(name: str, shape: tuple[int, ...], call: Any, **config: Any) -> None:
    def make() -> nn.Module:
        import diffusers

        return First(getattr(diffusers, name)(**config), call)

    add("diffusers", name, make, shape, positions=6)


def _at_time(model: nn.Module, x: Any) -> Any:
    return model(x, 3).sample


BLOCKS = {"block_out_channels": (8, 8), "norm_num_groups": 2}
_diffusers("UNet2DModel", (1, 3, 32, 32), _at_time, sample_size=32, layers_per_block=1,
           down_block_types=("DownBlock2D", "DownBlock2D"), add_attention=False,
           up_block_types=("UpBlock2D", "UpBlock2D"), **BLOCKS)  # fmt: skip
_diffusers("AutoencoderKL", (1, 3, 32, 32), lambda m, x: m.encode(x).latent_dist.mean,
           down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
           mid_block_add_attention=False, **BLOCKS)  # fmt: skip
_diffusers("VQModel", (1, 3, 32, 32), lambda m, x: m.encode(x).latents,
           down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
           mid_block_add_attention=False, **BLOCKS)  # fmt: skip

# --- segmentation


def _smp(name: str, encoder: str = "resnet18", **config: Any) -> None:
    def make() -> nn.Module:
        import segmentation_models_pytorch as smp

        return getattr(smp, name)(encoder, encoder_weights=None, classes=2, **config)

    add("segmentation_models_pytorch", f"{name}/{encoder}", make, IMAGE, positions=6)


for decoder in ("Unet", "UnetPlusPlus", "Linknet", "FPN", "DeepLabV3Plus", "MAnet"):
    _smp(decoder)
_smp("Unet", "mobilenet_v2")
_smp("Unet", "mit_b0")


def _monai(name: str, *given: Any, shape: tuple[int, ...] = (1, 1, 32, 32), **config: Any) -> None:
    def make() -> nn.Module:
        from monai.networks import nets

        return getattr(nets, name)(*given, **config)

    add("monai", name, make, shape, positions=6)


_monai("UNet", 2, 1, 1, (4, 8, 16), (2, 2), num_res_units=2, norm="batch")
_monai("BasicUNet", 2, 1, 1, features=(4, 4, 8, 8, 8, 4), norm="batch", shape=(1, 1, 45, 39))
_monai("AttentionUnet", 2, 1, 1, (4, 8, 16), (2, 2))
_monai("DynUNet", 2, 1, 1, [3, 3, 3], [1, 2, 2], [2, 2], filters=[4, 8, 8], norm_name="batch")
_monai("SegResNet", 2, 8, 1, 1)
_monai("VNet", 2, 1, 1)
_monai("HighResNet", 2, 1, 1, norm_type="batch", shape=(1, 1, 24, 24))
_monai("SwinUNETR", in_channels=1, out_channels=1, spatial_dims=2, feature_size=12,
       depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 4), shape=(1, 1, 64, 64))  # fmt: skip
_monai("MedNeXt", spatial_dims=2, in_channels=1, out_channels=1, init_filters=4,
       encoder_expansion_ratio=2, decoder_expansion_ratio=2, bottleneck_expansion_ratio=2,
       blocks_down=(1, 1), blocks_bottleneck=1, blocks_up=(1, 1))  # fmt: skip


def _unet(name: str, **more: Any) -> None:
    def make() -> nn.Module:
        import dynamic_network_architectures.architectures.unet as unets

        return getattr(unets, name)(
            input_channels=1, n_stages=3, features_per_stage=[4, 8, 8], conv_op=nn.Conv2d,
            kernel_sizes=3, strides=[1, 2, 2], num_classes=2, n_conv_per_stage_decoder=1,
            conv_bias=True, norm_op=nn.BatchNorm2d, nonlin=nn.LeakyReLU, **more,
        )  # fmt: skip

    add("dynamic_network_architectures", name, make, (1, 1, 32, 32))


_unet("PlainConvUNet", n_conv_per_stage=2)
_unet("ResidualEncoderUNet", n_blocks_per_stage=2)


def _torchseg(name: str) -> None:
    def make() -> nn.Module:
        import torchseg

        return getattr(torchseg, name)("resnet18", encoder_weights=None, classes=2)

    add("torchseg", name, make, IMAGE, positions=6)


_torchseg("Unet")
_torchseg("FPN")
