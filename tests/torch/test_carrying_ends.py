"""Carried state where a stream ends between two blocks, and where chunks are shorter than a hop."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::FutureWarning:copyreg"),  # torch.export's own trees
]
nn = torch.nn


class Blocks(nn.Module):
    """Whole blocks of ``size`` samples; what is left over at the end is left out."""

    def __init__(self, change, size):
        super().__init__()
        self.change, self.size = change, size
        self.conv = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x):
        x = self.conv(x)
        x = x[..., : x.shape[-1] // self.size * self.size]
        return self.change(x.reshape(1, 1, -1, self.size))


BLOCKS = {
    "mean": lambda y: y.mean(-1),
    "less its mean": lambda y: (y - y.mean(-1, keepdim=True)).flatten(2),
    "attention": lambda y: ((y[..., None] * y[..., None, :]).softmax(-1) @ y[..., None]).flatten(2),
    "spectrum": lambda y: torch.fft.ifft(torch.fft.fft(y)).real.flatten(2),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("length", [30, 96, 99])
def test_what_is_left_over_of_a_block(name, length):
    torch.manual_seed(0)
    model = Blocks(BLOCKS[name], 4).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 96))
    x = torch.randn(1, 1, length).double()
    with torch.no_grad():
        for chunk in (5, 100):
            parts = list(rfield.run_streaming(model, x.split(chunk, 2), plan, state="carry"))
            torch.testing.assert_close(torch.cat(parts, 2), model(x))


@pytest.mark.parametrize(("window", "hop"), [(8, 4), (16, 8), (16, 4), (512, 256)])
def test_chunks_below_the_hop_of_a_spectrum(window, hop):
    class There(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("window", torch.hann_window(window))

        def forward(self, x):
            y = torch.stft(x, window, hop, window=self.window, return_complex=True)
            return torch.istft(y, window, hop, window=self.window)

    model = There().double()
    plan = rfield.stream_plan(model, input_shape=(1, 8 * window), axes=(1,))
    x = torch.randn(1, 6 * window).double()
    for chunk in (max(1, hop // 5), hop):
        parts = list(rfield.run_streaming(model, x.split(chunk, 1), plan, state="carry"))
        torch.testing.assert_close(torch.cat(parts, 1), model(x))


class Doubled(nn.Module):
    """All but the first three samples are written over: of a short stream nothing is."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x):
        y = self.conv(x).clone()
        y[..., 3:] = 2 * y[..., 3:]
        return y


class Windows(nn.Module):
    """Windows of eight every four, of what is padded to fours: five samples are one window."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 1)

    def forward(self, x):
        y = nn.functional.pad(self.conv(x), (0, -x.shape[-1] % 4))
        return y.unfold(-1, 8, 4).mean(-1)


@pytest.mark.parametrize(("kind", "short", "long"), [(Doubled, 2, 7), (Windows, 6, 12)])
def test_a_stream_shorter_than_the_pieces_of_a_model(kind, short, long):
    model = kind()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 72))
    for length in (short, long):
        x = torch.randn(1, 1, length)
        with torch.no_grad():
            whole = model(x)
        parts = list(rfield.run_streaming(model, x.split(3, -1), plan, state="overlap"))
        torch.testing.assert_close(torch.cat(parts, -1), whole)
        carried = rfield.run_streaming(model, x.split(3, -1), plan, state="carry")
        if length == short:
            with pytest.raises(rfield.NotStreamableError, match='state="overlap" gives all'):
                list(carried)
        else:
            torch.testing.assert_close(torch.cat(list(carried), -1), whole)


class Written(nn.Module):
    """One sample, counted from the end, is written over between two convolutions."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x):
        y = self.conv(x).clone()
        y[..., -3] = 7
        return self.conv(y)


def test_a_sample_that_is_written_near_the_end():
    model, x = Written(), torch.randn(1, 1, 61)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 72))
    assert plan.states == ("overlap", "carry")
    with torch.no_grad():
        for state in plan.states:
            parts = list(rfield.run_streaming(model, x.split(7, -1), plan, state=state))
            torch.testing.assert_close(torch.cat(parts, -1), model(x))
