"""Real models: published numbers, and the running model itself, element by element."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from tests.torch import oracle  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

TORCHVISION = {
    "alexnet": 96, "vgg11_bn": 64, "resnet18": 96, "resnext50_32x4d": 96, "wide_resnet50_2": 96,
    "inception_v3": 128, "googlenet": 96, "densenet121": 96, "mobilenet_v2": 96,
    "mobilenet_v3_small": 96, "efficientnet_b0": 96, "efficientnet_v2_s": 96, "mnasnet0_5": 96,
    "shufflenet_v2_x1_0": 96, "squeezenet1_0": 96, "regnet_y_400mf": 96, "convnext_tiny": 96,
    "swin_t": 224, "swin_v2_t": 224, "maxvit_t": 224, "vit_b_16": 224,
}  # fmt: skip

TIMM = {
    "resnet50d": 96, "mobilevit_s": 256, "mixer_s16_224": 224, "res2net50_26w_4s": 96,
    "hrnet_w18_small": 96, "dla34": 96, "volo_d1_224": 224, "nfnet_l0": 96, "ghostnet_100": 96,
    "tf_efficientnet_b0": 96, "crossvit_tiny_240": 240, "levit_128s": 224, "convit_tiny": 224,
    "xcit_nano_12_p8_224": 224, "pvt_v2_b0": 224, "botnet26t_256": 256, "edgenext_xx_small": 96,
    "repvgg_a0": 96, "selecsls42": 96, "skresnet18": 96, "cspresnet50": 96, "coatnet_0_224": 224,
    "inception_resnet_v2": 160, "focalnet_tiny_srf": 224,
}  # fmt: skip


def probes(shape, count=3):
    rng = np.random.default_rng(0)
    inside = [tuple(int(rng.integers(size)) for size in shape[2:]) for _ in range(count)]
    return [*inside, tuple(0 for _ in shape[2:])]


def agrees(model, size):
    torch.manual_seed(0)
    shape = (1, 3, size, size)
    model = model.eval()
    graph = rfield.load(model, shape)
    equal, _, problems = oracle.compare(model, graph, shape, probes(shape))
    assert problems == []
    assert equal > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_models_read_what_the_graph_says(name):
    zoo = pytest.importorskip("torchvision", reason="torchvision is not installed")
    agrees(zoo.models.get_model(name, weights=None), TORCHVISION[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMM)
def test_timm_models_read_what_the_graph_says(name):
    zoo = pytest.importorskip("timm", reason="timm is not installed")
    agrees(zoo.create_model(name), TIMM[name])


PUBLISHED = [
    ("torchvision:vgg16", "features", 212, 32, 90),
    ("torchvision:resnet50", "layer4", 427, 32, 213),
    ("torchvision:inception_v3", "Mixed_7c", 1311, 32, 618),
]


@pytest.mark.parametrize(("spec", "layer", "size", "stride", "padding"), PUBLISHED)
def test_published_numbers(spec, layer, size, stride, padding):
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    rf = rfield.receptive_field(spec, layer)
    assert (rf.size, rf.stride, rf.padding) == ((size,) * 2, (stride,) * 2, (padding,) * 2)


def test_efficientnet_is_global_through_its_sixteen_gates():
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    rf = rfield.receptive_field("torchvision:efficientnet_b0", "features")
    assert rf.size == (rfield.UNBOUNDED,) * 2
    assert (rf.local.size, rf.local.stride, rf.local.padding) == ((851,) * 2, (32,) * 2, (425,) * 2)
    assert len(rf.global_reads) == 16
    assert all("avgpool" in name for name in rf.global_reads)


class Vgg(torch.nn.Module):
    """VGG-16's features and ResNet-50's first stage need no zoo."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        channels = 3
        for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU(True)]
                channels = width
            layers.append(torch.nn.MaxPool2d(2, 2))
        self.features = torch.nn.Sequential(*layers)

    def forward(self, x):
        return self.features(x)


def test_vgg16_written_down_here():
    rf = rfield.receptive_field(Vgg(), input_shape=(1, 3, 224, 224))
    assert (rf.size, rf.stride, rf.padding) == ((212, 212), (32, 32), (90, 90))


def test_a_transformer_block_of_torch_itself():
    model = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2
    ).eval()
    graph = rfield.load(model, (1, 5, 8))
    _, _, problems = oracle.compare(model, graph, (1, 5, 8), [(0,), (3,)])
    assert problems == []


def test_exported_programs_and_live_models_give_the_same_fields():
    model = Vgg().eval()
    program = torch.export.export(model, (torch.zeros(1, 3, 32, 32),))
    live = rfield.receptive_fields(model, input_shape=(1, 3, 32, 32))
    exported = rfield.receptive_fields(program)
    assert list(live) == list(exported)
    for name, field in live.items():
        assert (field.size, field.stride, field.padding) == (
            exported[name].size, exported[name].stride, exported[name].padding,
        )  # fmt: skip


def test_unknown_zoo_names_get_near_matches():
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    with pytest.raises(
        rfield.RFieldError, match=r"unknown torchvision model 'resnet5'. Did you mean"
    ):
        rfield.load("torchvision:resnet5")
