"""Models of sound and of sequences that are read as they arrive."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import nn

from .catalogue import add
from .measuring import First
from .others import _of

# --- transformers


def _part(name: str, config: dict[str, Any], shape: tuple[int, ...], call: Any, title: str,
          **how: Any) -> None:  # fmt: skip
    def make() -> nn.Module:
        import transformers

        made = getattr(transformers, f"{name}Config")(**config)
        return First(getattr(transformers, f"{name}Model")(made), call)

    add("transformers", title, make, shape, **how)


FRONT = {"conv_dim": [8] * 3, "conv_stride": [5, 2, 2], "conv_kernel": [10, 3, 2],
         "feat_extract_norm": "layer", "hidden_size": 16, "num_hidden_layers": 1,
         "num_attention_heads": 2, "intermediate_size": 16, "num_feat_extract_layers": 3,
         "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}  # fmt: skip
for front in ("Wav2Vec2", "Hubert", "UniSpeech", "UniSpeechSat", "WavLM", "Data2VecAudio"):
    _part(front, FRONT, (1, 600), lambda m, x: m.feature_extractor(x), f"{front}, features",
          axes=(1,))  # fmt: skip
CODEC = {"num_filters": 4, "hidden_size": 8, "codebook_dim": 8, "num_lstm_layers": 1,
         "upsampling_ratios": [4, 2]}  # fmt: skip
_part("Encodec", CODEC | {"pad_mode": "constant"}, (1, 1, 256), lambda m, x: m.encoder(x),
      "Encodec, encoder with LSTM")  # fmt: skip
_part("Encodec", CODEC, (1, 8, 32), lambda m, x: m.decoder(x), "Encodec, decoder with LSTM")
MIMI = {"num_filters": 4, "hidden_size": 8, "upsampling_ratios": [4, 2], "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 8,
        "vector_quantization_hidden_dimension": 8, "codebook_dim": 8,
        "upsample_groups": 8}  # fmt: skip
_part("Mimi", MIMI, (1, 1, 256), lambda m, x: m.encoder(x), "Mimi, encoder")
_part("Mimi", MIMI, (1, 8, 32), lambda m, x: m.decoder(x), "Mimi, decoder")
DAC = {"encoder_hidden_size": 4, "downsampling_ratios": [2, 4], "decoder_hidden_size": 16,
       "n_codebooks": 1, "codebook_dim": 4}  # fmt: skip
_part("Dac", DAC, (1, 1, 512), lambda m, x: m.encoder(x), "Dac, encoder")
_part("Dac", DAC, (1, 16, 64), lambda m, x: m.decoder(x), "Dac, decoder")


def _vocoder(name: str, **config: Any) -> None:
    def make() -> nn.Module:
        import transformers

        made = getattr(transformers, f"{name}Config")(**config)
        net = getattr(transformers, name)(made)
        return First(net, lambda m, x: m(x.transpose(1, 2)))

    add("transformers", name, make, (1, 8, 40))


_vocoder("SpeechT5HifiGan", model_in_dim=8, upsample_initial_channel=8, upsample_rates=[4, 2],
         upsample_kernel_sizes=[8, 4], resblock_kernel_sizes=[3],
         resblock_dilation_sizes=[[1, 3]])  # fmt: skip
_vocoder("FastSpeech2ConformerHifiGan", model_in_dim=8, upsample_initial_channel=8,
         upsample_rates=[4, 2], upsample_kernel_sizes=[8, 4], resblock_kernel_sizes=[3],
         resblock_dilation_sizes=[[1, 3]])  # fmt: skip

# --- asteroid, torchaudio, pytorch_tcn, speechbrain

_of("asteroid", "masknn.convolutional:TDConvNet", 8, 2, n_blocks=2, n_repeats=1, bn_chan=8,
    hid_chan=8, skip_chan=8, norm_type="cgLN", causal=True, shape=(1, 8, 120),
    name="TDConvNet, causal")  # fmt: skip
_of("asteroid", "masknn.convolutional:TDConvNet", 8, 2, n_blocks=2, n_repeats=1, bn_chan=8,
    hid_chan=8, skip_chan=8, norm_type="BN", shape=(1, 8, 120),
    name="TDConvNet, batch norm")  # fmt: skip
_of("asteroid", "masknn.recurrent:StackedResidualRNN", "gru", 8, n_layers=2, bidirectional=False,
    shape=(1, 40, 8), how={"axes": (1,)})  # fmt: skip
_of("asteroid", "masknn.recurrent:MulCatRNN", "lstm", 8, 8, n_layers=1, bidirectional=False,
    shape=(1, 40, 8), how={"axes": (1,)})  # fmt: skip
_of("asteroid", "masknn.recurrent:DPRNNBlock", 8, 8, bidirectional=False, norm_type="cLN",
    shape=(1, 8, 6, 40), how={"axes": (3,)}, name="DPRNNBlock, one way")  # fmt: skip
_of("torchaudio", "models.tacotron2:_Postnet", 8, 8, 5, 3, shape=(1, 8, 60), name="Postnet")
_of("torchaudio", "models.conformer:_ConvolutionModule", 8, 8, 5, use_group_norm=False,
    shape=(1, 40, 8), how={"axes": (1,)}, name="convolution of a Conformer")  # fmt: skip
_of("torchaudio", "models.wavernn:UpsampleNetwork", [2, 2], n_res_block=1, n_freq=8, n_hidden=8,
    n_output=8, shape=(1, 8, 20), call=lambda m, x: m(x)[0])  # fmt: skip
_of("torchaudio", "models.rnnt:_TimeReduction", 4, shape=(1, 40, 8), how={"axes": (1,)},
    call=lambda m, x: m(x, import_module("torch").tensor([40]))[0],
    name="time reduction of an RNN-T")  # fmt: skip
_of("torchaudio", "transforms:MelSpectrogram", n_fft=64, hop_length=16, center=False, n_mels=8,
    shape=(1, 640), how={"axes": (1,)})  # fmt: skip
_of("torchaudio", "models.wavernn:MelResNet", n_res_block=1, n_freq=8, n_hidden=8, n_output=8,
    shape=(1, 8, 60))  # fmt: skip
for kernel in (2, 5):
    _of("pytorch_tcn", ":TCN", 4, [8, 8], kernel_size=kernel, use_skip_connections=True,
        shape=(1, 4, 60), name=f"TCN, kernel {kernel}, skips")  # fmt: skip
_of("pytorch_tcn", ":TCN", 4, [8, 8], kernel_size=3, use_gate=True, shape=(1, 4, 60),
    name="TCN, gates")  # fmt: skip
_of("pytorch_tcn", ":TemporalConvTranspose1d", 4, 4, 4, stride=2, causal=True, shape=(1, 4, 60))
_of("speechbrain", "lobes.models.ECAPA_TDNN:TDNNBlock", 8, 8, 5, 1, shape=(1, 8, 60),
    name="TDNNBlock of 5")  # fmt: skip
_of("speechbrain", "lobes.models.dual_path:SBRNNBlock", 8, 8, 1, rnn_type="LSTM",
    bidirectional=False, shape=(1, 40, 8), how={"axes": (1,)})  # fmt: skip
for run in ("LSTM", "GRU", "RNN", "LiGRU"):
    _of("speechbrain", f"nnet.RNN:{run}", 8, input_shape=(None, None, 6), num_layers=2,
        shape=(1, 40, 6), call=lambda m, x: m(x)[0], how={"axes": (1,)}, name=run)  # fmt: skip
_of("local_attention", ":LocalMHA", dim=16, window_size=4, heads=2, dim_head=8, causal=True,
    exact_windowsize=True, use_rotary_pos_emb=False, shape=(1, 32, 16), how={"axes": (1,)},
    name="LocalMHA, exact window")  # fmt: skip
_of("julius", ":LowPassFilter", 0.1, shape=(1, 1, 300))
_of("julius", ":HighPassFilter", 0.2, shape=(1, 1, 300))


def _bands() -> nn.Module:
    return import_module("julius").SplitBands(sample_rate=100, n_bands=3)


add("julius", "SplitBands", _bands, (1, 1, 300))
