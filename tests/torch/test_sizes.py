"""Sizes and shifts against PyTorch: models run at hundreds of sizes, and on moved images."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.versions import since  # noqa: E402

F = nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def twice(inputs: int, outputs: int, padding: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=padding), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=padding), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    """With padding the usual one; without the one of Ronneberger et al. 2015, which crops."""

    def __init__(self, padding: int, depth: int = 4, bilinear: bool = False):
        super().__init__()
        self.padding = padding
        self.down = nn.ModuleList(twice(1 if d == 0 else 2, 2, padding) for d in range(depth))
        self.bottom = twice(2, 2, padding)
        self.up = nn.ModuleList(
            nn.Upsample(scale_factor=2, mode="bilinear")
            if bilinear
            else nn.ConvTranspose2d(2, 2, 2, 2)
            for _ in range(depth)
        )
        self.join = nn.ModuleList(twice(4, 2, padding) for _ in range(depth))
        self.head = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            skips.append(block(x))
            if not self.padding and (skips[-1].shape[-1] % 2 or skips[-1].shape[-2] % 2):
                raise ValueError("an odd map before pooling")
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottom(x)
        for up, join, skip in zip(self.up, self.join, reversed(skips), strict=True):
            x = up(x)
            if not self.padding:
                y, z = ((a - b) // 2 for a, b in zip(skip.shape[-2:], x.shape[-2:], strict=True))
                skip = skip[..., y : y + x.shape[-2], z : z + x.shape[-1]]  # noqa: PLW2901
            x = join(torch.cat([skip, x], 1))
        return self.head(x)


class Residual(nn.Module):
    """A ResNet-like encoder: 7x7 and pooling with padding, blocks with a strided shortcut."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 7, 2, 3)
        self.body = nn.ModuleList(nn.Conv2d(2, 2, 3, 2, 1) for _ in range(3))
        self.short = nn.ModuleList(nn.Conv2d(2, 2, 1, 2) for _ in range(3))

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 3, 2, 1)
        for body, short in zip(self.body, self.short, strict=True):
            x = F.relu(body(x) + short(x))
        return x


class Same(nn.Module):
    """TensorFlow's SAME, computed in forward as timm does."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(1, 1, k, 2) for k in (3, 5, 3, 3))

    def forward(self, x):
        for conv in self.convs:
            sides = []
            for size in (x.shape[-1], x.shape[-2]):
                total = max(0, (-(-size // 2) - 1) * 2 + conv.kernel_size[0] - size)
                sides += [total // 2, total - total // 2]
            x = conv(F.pad(x, sides))
        return x


MODELS = {
    "unet": lambda: UNet(1, depth=2),
    "bilinear unet": lambda: UNet(1, depth=2, bilinear=True),
    "valid unet": lambda: UNet(0),
    "residual": Residual,
    "same": Same,
    "ceil": lambda: nn.Sequential(
        nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(1, 1, 3, dilation=2), nn.AvgPool2d(2, 3, 1)
    ),
    "reflect": lambda: nn.Sequential(nn.ReflectionPad2d(9), nn.Conv2d(1, 1, 5, 3)),
    "shuffle": lambda: nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(16, 9, 3), nn.PixelShuffle(3)),
}
LOADED = {"valid unet": 572, "unet": 64, "bilinear unet": 64}


def run(model: nn.Module, size: tuple[int, int]) -> tuple[int, ...] | None:
    """The output's size by running the model, None where it raises; numbers are not needed."""
    try:
        with torch.no_grad():
            return tuple(model(torch.empty(1, 1, *size, device="meta")).shape[2:])
    except (RuntimeError, ValueError):
        return None


@since(2, 13, "empty tensors are pooled")
@pytest.mark.parametrize("name", MODELS)
def test_sizes_are_those_that_the_running_model_takes(name):
    model = MODELS[name]().eval()
    graph = rfield.load(model, (1, 1, LOADED.get(name, 60), LOADED.get(name, 60)))
    legal = rfield.valid_sizes(graph)
    twin = MODELS[name]().to("meta")
    ends = range(1, 80 if "bilinear" in name else 300)  # slow on the meta device
    outputs = {size: run(twin, (size, size)) for size in ends}
    assert {size for size in outputs if size in legal} == {n for n, out in outputs.items() if out}
    wanted = next(out for out in reversed(outputs.values()) if out)
    found = rfield.input_size(graph, wanted)
    assert [n for n in found.sets[0].early if n in ends] == [
        n for n, out in outputs.items() if out == wanted
    ]
    for size in [n for n, out in outputs.items() if out][::7]:
        assert rfield.output_size(graph, size) == outputs[size]


@pytest.mark.parametrize("name", ["residual", "valid unet", "reflect"])
def test_the_meta_device_refuses_what_the_cpu_refuses(name):
    """What stands in for numbers in these tests is itself held against real ones."""
    model = MODELS[name]().eval()
    twin = MODELS[name]().to("meta")
    for size in (*range(1, 40, 3), 187, 188, 204):
        try:
            with torch.no_grad():
                real = tuple(model(torch.zeros(1, 1, size, size)).shape[2:])
        except (RuntimeError, ValueError):
            real = None
        assert run(twin, (size, size)) == real


def test_an_output_of_one_position_still_has_its_axis():
    """Loaded at a size that leaves one position; along which axis, only larger sizes show."""
    model = nn.Sequential(
        nn.Conv1d(1, 1, 2, 3, 1), nn.MaxPool1d(2, 1, ceil_mode=True),
        nn.Conv1d(1, 1, 5, 3, 2, dilation=2), nn.MaxPool1d(2, 2, 1), nn.MaxPool1d(1, 3),
    )  # fmt: skip
    found = rfield.input_size(model, 3, input_shape=(1, 1, 49))
    takes = [n for n in range(15, 240) if model(torch.zeros(1, 1, n)).shape[-1] == 3]
    assert list(found.sets[0].early) == takes
    assert found.smallest == (takes[0],)


def test_mirrored_padding_needs_enough_to_mirror():
    graph = rfield.load(MODELS["reflect"](), (1, 1, 60, 60))
    with pytest.raises(rfield.RFieldError) as told:
        rfield.output_size(graph, 9)
    message = str(told.value)
    assert message.startswith(
        "the model does not take an input of 9x9: 0/pad: reflect padding of 9"
    )
    assert message.endswith(
        "\n  along y: nearest 10; smallest 10\n  along x: nearest 10; smallest 10"
    )


@pytest.mark.parametrize(
    ("layer", "op", "what"),
    [
        (torch.nn.Conv1d(1, 1, 1), "conv1d", "convolve"),
        (torch.nn.ConvTranspose1d(1, 1, 1), "conv_transpose1d", "convolve"),
        (torch.nn.Upsample(scale_factor=2.0), "upsample_nearest1d", "resize"),
        (torch.nn.Upsample(scale_factor=2.0, mode="linear"), "upsample_linear1d", "resize"),
    ],
)
def test_nothing_is_no_input_of_a_convolution_or_a_resize(layer, op, what):
    model = torch.nn.Sequential(torch.nn.ConstantPad1d(-2, 0.0), layer)
    with pytest.raises(rfield.RFieldError) as told:
        rfield.output_size(model, 4, input_shape=(1, 1, 9))
    assert str(told.value) == (
        f"the model does not take an input of 4: 1/{op}: (1, 1, 0) has no positions to {what}\n"
        "  along t: nearest 5; smallest 5"
    )
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 1, 4))


def test_the_original_unet():
    graph = rfield.load(UNet(0), (1, 1, 572, 572))
    assert rfield.output_size(graph, 572) == (388, 388)
    assert str(rfield.valid_sizes(graph)) == "y, x: n ≡ 12 mod 16, from 188"
    assert rfield.input_size(graph, 388).smallest == (572, 572)
    with pytest.raises(rfield.RFieldError) as told:
        rfield.output_size(graph, 570)
    message = str(told.value)
    assert "an odd map before pooling" in message
    assert message.endswith("  along x: nearest 556 and 572; smallest 188")


def test_a_resnet_pads_evenly_at_225_and_not_at_224():
    graph = rfield.load(Residual(), (1, 1, 224, 224))
    assert str(rfield.valid_sizes(graph, "even")) == "y, x: n ≡ 1 mod 32, from 1"
    assert [str(f) for _, f in rfield.check_size(graph, 224).findings][:2] == [
        "stem pads 3 before and 2 after along y",
        "max_pool2d_with_indices pads 1 before and 0 after along y",
    ]
    assert rfield.check_size(graph, 225)


def test_a_model_read_by_example_inputs_cannot_be_asked():
    graph = rfield.load(Residual(), example_inputs=(torch.zeros(1, 1, 64, 64),))
    with pytest.raises(rfield.RFieldError) as told:
        rfield.output_size(graph, 65)
    assert str(told.value).startswith("this model cannot be read again at other input sizes.\n")


def moves(model: nn.Module, step: int, moved: int, margin: int, size: int = 224) -> bool:
    """Whether the output of the moved image is the moved output, away from the borders."""
    torch.manual_seed(0)
    model = model.double().eval()
    for parameter in model.parameters():  # nothing that a ReLU could hide
        nn.init.uniform_(parameter, 0.1, 1)
    image = torch.rand(1, 1, size, 32, dtype=torch.float64)
    other = torch.roll(image, step, 2)
    with torch.no_grad():
        here, there = model(image), model(other)
    there = torch.roll(there, -moved, 2)
    inner = slice(margin, here.shape[2] - margin)
    return bool(torch.allclose(here[:, :, inner], there[:, :, inner], rtol=1e-9))


class Hidden(nn.Module):
    """A pooled branch inside a wider one: the field of the sum shows no phases."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(1, 1, 21, padding=10)

    def forward(self, x):
        return self.wide(x) + F.interpolate(F.max_pool2d(x, 4), scale_factor=4)


class TwoAndThree(nn.Module):
    """Branches that are pooled by 2 and by 3."""

    def forward(self, x):
        pooled = [
            F.interpolate(F.avg_pool2d(x[:, :, :222], (n, 1)), scale_factor=(n, 1)) for n in (2, 3)
        ]
        return pooled[0] + pooled[1]


class Windows(nn.Module):
    """Each window of 8 rows minus its own mean."""

    def forward(self, x):
        batch, channels, height, width = x.shape
        tiles = x.reshape(batch, channels, height // 8, 8, width)
        return (tiles - tiles.mean(3, keepdim=True)).reshape(x.shape)


SHIFTS = {
    "unet": (lambda: UNet(1, depth=2), 4),
    "bilinear": (lambda: UNet(1, depth=2, bilinear=True), 4),
    "hidden": (Hidden, 4),
    "windows": (Windows, 8),
    "two and three": (TwoAndThree, 6),
    "rates": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 1, (4, 1), (4, 1)), nn.ConvTranspose2d(1, 1, (3, 1), (3, 1)),
            nn.Conv2d(1, 1, (2, 1), (2, 1)),
        ),
        8,
    ),
    "shuffle": (MODELS["shuffle"], 4),
}  # fmt: skip


@pytest.mark.parametrize("name", SHIFTS)
def test_the_output_moves_with_the_input_by_the_step_and_by_nothing_less(name):
    build, step = SHIFTS[name]
    model = build()
    found = rfield.shift_equivariance(model, input_shape=(1, 1, 224, 32))
    assert found.step[0] == step
    moved = found.moves[0]
    assert moved is not None
    margin = 80 * moved // step
    assert moves(model, step, moved, margin)
    for less in range(1, step):
        if less * moved % step == 0:
            assert not moves(model, less, less * moved // step, margin), less


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "smallest"),
    [("alexnet", 63), ("vgg16", 32), ("inception_v3", 75), ("squeezenet1_0", 21),
     ("densenet121", 29), ("resnet50", 1), ("mobilenet_v2", 1)],
)  # fmt: skip
def test_the_smallest_image_of_torchvision_models(name, smallest):
    zoo = pytest.importorskip("torchvision", reason="torchvision is not installed")
    extra = {"init_weights": False} if name == "inception_v3" else {}
    model = zoo.models.get_model(name, weights=None, **extra).eval()
    legal = rfield.valid_sizes(model, input_shape=(1, 3, 224, 224))
    assert str(legal) == f"y, x: every size from {smallest}"
    assert [runs(model, smallest + less) for less in (-1, 0, 1)] == [False, True, True]


def runs(model: nn.Module, size: int) -> bool:
    """Whether the model takes an image of this size, with numbers."""
    try:
        with torch.no_grad():
            model(torch.zeros(1, 3, size, size))
    except RuntimeError:
        return False
    return True


def test_timm_resnet_centres_are_at_multiples_of_32():
    zoo = pytest.importorskip("timm", reason="timm is not installed")
    graph = rfield.load(zoo.create_model("resnet50"), (1, 3, 224, 224))
    grid = rfield.centers(graph, "layer4")
    assert (grid.offset, grid.stride, grid.to_half_step) == ((0, 0), (32, 32), (-15.5, -15.5))


def test_torchvision_resnet_centres_are_at_multiples_of_32():
    zoo = pytest.importorskip("torchvision", reason="torchvision is not installed")
    model = zoo.models.resnet50(weights=None)
    grid = rfield.centers(model, "layer4", input_shape=(1, 3, 224, 224))
    assert (grid.offset, grid.stride, grid.shape) == ((0, 0), (32, 32), (7, 7))
    assert grid.to_multiples == (0.5, 0.5)
    assert str(rfield.valid_sizes(model, "even", input_shape=(1, 3, 224, 224))) == (
        "y, x: n ≡ 1 mod 32, from 1"
    )
    found = rfield.path_fields(model, input_shape=(1, 3, 224, 224))
    assert found.feasible == ((11, 427), (11, 427))


def test_torchvision_ssd300_centres_are_not_where_its_anchors_are():
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    graph = rfield.load("torchvision:ssd300_vgg16", (1, 3, 300, 300))
    grids = [rfield.centers(graph, name) for name in graph.outputs]
    assert [grid.shape[0] for grid in grids] == [38, 19, 10, 5, 3, 1]
    assert [grid.offset[0] for grid in grids] == [3.5, 7.5, 7.5, 7.5, 71.5, 135.5]
    assert [grid.to_half_step[0] for grid in grids][:4] == [0, 0, -8, -24]


class Positioned(nn.Module):
    """A table of positions is added, as far as it goes."""

    def __init__(self, count):
        super().__init__()
        self.table = nn.Parameter(torch.rand(1, 1, count))
        self.conv = nn.Conv1d(1, 1, 2, stride=2)

    def forward(self, x):
        y = self.conv(x)
        return y + self.table[..., : y.shape[-1]]


@pytest.mark.parametrize("count", [40, 50, 1000])
def test_sizes_end_where_a_table_of_positions_ends(count):
    model = Positioned(count)
    (found,) = rfield.valid_sizes(model, input_shape=(1, 1, 64)).sets
    assert str(found) == f"2–{2 * count + 1} only"
    model(torch.rand(1, 1, 2 * count + 1))
    with pytest.raises(RuntimeError):
        model(torch.rand(1, 1, 2 * count + 2))


def test_one_position_axis_that_is_normalised_keeps_its_place():
    graph = rfield.load(nn.Sequential(nn.Conv1d(2, 4, 3), nn.InstanceNorm1d(4)), (1, 2, 24))
    field = rfield.receptive_field(graph)
    assert field.size == (rfield.UNBOUNDED,)
    assert (field.local.size, field.stride, field.global_reads) == ((3,), (1,), ("1",))
    assert rfield.output_size(graph, 24) == (22,)


def test_a_stride_that_rounding_changes_is_no_number() -> None:
    """0.3 and then 3.3 of a size: 8 gives 2 and then 6, and every size another ratio."""

    class Twice(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = nn.functional.interpolate(x, scale_factor=0.3)
            return nn.functional.interpolate(x, scale_factor=3.3, recompute_scale_factor=True)

    graph = rfield.load(Twice(), (1, 2, None))
    assert "stride ?" in str(rfield.receptive_field(graph))
