"""Whole Keras models: published fields, names, nesting, tracing, files."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the models are built by Keras")

import rfield  # noqa: E402
from rfield.errors import NotTileableError, UnknownNameError, UnreadableModelError  # noqa: E402

pytestmark = pytest.mark.keras
L = keras.layers
TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="traced by the TensorFlow backend"
)

SAVING = pytest.mark.filterwarnings(
    # Keras's TensorFlow backend turns variables into arrays in NumPy 1's way.
    "ignore:__array__ implementation:DeprecationWarning"
)

# size, stride, padding at the application's own input size. Sizes and strides: Araujo et al. 2019
# where the network is in the article; Keras pads its ResNets explicitly, so P is 241, not 239.
PUBLISHED = {
    "VGG16": ("block5_pool", 212, 32, 90),
    "VGG19": ("block5_pool", 268, 32, 118),
    "ResNet50": ("conv5_block3_out", 483, 32, 241),
    "ResNet101": ("conv5_block3_out", 1027, 32, 513),
    "ResNet152": ("conv5_block3_out", 1507, 32, 753),
    "InceptionV3": ("mixed10", 1311, 32, 618),
    "InceptionResNetV2": ("conv_7b_ac", 3039, 32, 1482),
    "MobileNet": ("conv_pw_13_relu", 315, 32, 126),
    "MobileNetV2": ("out_relu", 491, 32, 214),
    "DenseNet121": ("relu", 2071, 32, 1021),
    "Xception": ("block14_sepconv2_act", 1083, 32, 534),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(name):
    layer, size, stride, padding = PUBLISHED[name]
    rf = rfield.receptive_field(f"keras:{name}", layer)
    assert (rf.size, rf.stride, rf.padding) == ((size,) * 2, (stride,) * 2, (padding,) * 2)
    assert rf.fidelity is rfield.Fidelity.EXACT


def test_efficientnet_is_local_beside_its_gates():
    rf = rfield.receptive_field("keras:EfficientNetB0", "top_activation")
    assert rf.size == (rfield.UNBOUNDED,) * 2
    assert rf.local.size == (851, 851)
    assert rf.local.stride == (32, 32)
    assert len(rf.global_reads) == 16


def test_an_unknown_application():
    with pytest.raises(UnknownNameError, match="'ResNet50'"):
        rfield.load("keras:ResNet5")


def test_names_nesting_and_shared_layers():
    keras.utils.clear_session()  # ops are numbered in the order in which this process makes them
    inner_in = keras.Input((None, None, 4))
    inner = keras.Model(inner_in, L.Conv2D(4, 3, name="conv")(inner_in), name="inner")
    inputs = keras.Input((None, None, 3), name="picture")
    shared = L.Conv2D(4, 3, name="shared", padding="same")
    x = L.Conv2D(4, 1, name="stem")(inputs)
    x = shared(shared(x))
    x = inner(inner(x))
    sequence = keras.Sequential([L.Conv2D(4, 3, name="a"), L.MaxPooling2D(2, name="b")], name="seq")
    model = keras.Model(inputs, sequence(x) * 2.0)
    graph = rfield.load(model)
    assert graph.inputs == ("picture",)
    assert graph.layers == (
        "stem", "shared", "shared#2", "inner/conv", "inner/conv#2", "seq/a", "seq/b", "multiply",
    )  # fmt: skip
    assert rfield.receptive_field(graph, "inner/conv#2").size == (9, 9)
    assert rfield.receptive_field(graph, "seq/b").size == (12, 12)
    assert graph.shape(graph.index("stem")) == (None, None, None, 4)


def test_two_inputs():
    a, b = keras.Input((32, 32, 3), name="a"), keras.Input((16, 16, 3), name="b")
    x = L.Add(name="sum")([L.Conv2D(4, 3, strides=2, padding="same")(a), L.Conv2D(4, 1)(b)])
    graph = rfield.load(keras.Model([a, b], x))
    assert rfield.receptive_field(graph, wrt="a").size == (3, 3)
    assert rfield.receptive_field(graph, wrt="b").size == (1, 1)


def test_a_sequential_model_that_is_not_built():
    model = keras.Sequential([L.Conv2D(4, 3), L.Conv2D(4, 3)], name="seq")
    rf = rfield.receptive_field(model, input_shape=(1, 32, 32, 3))
    assert rf.size == (5, 5)
    assert not model.built
    with pytest.raises(rfield.RFieldError, match="has no input shape yet"):
        rfield.load(model)


def test_channels_first():
    inputs = keras.Input((3, 33, 33))
    x = L.Conv2D(4, 3, strides=2, padding="same", data_format="channels_first")
    # The TensorFlow backend cannot run it, and does not need to: nothing is run.
    model = keras.Model(inputs, x(inputs))
    rf = rfield.receptive_field(model)
    assert (rf.size, rf.padding) == ((3, 3), (1, 1))


def test_training_reads_whole_batches():
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, L.BatchNormalization()(inputs))
    assert rfield.receptive_field(model).size == (1, 1)
    assert rfield.receptive_field(model, training=True).size == (rfield.UNBOUNDED,) * 2


def test_a_layer_called_in_training_is_read_as_the_model_runs_it():
    """The modes as Keras has them: of an outer call, then of the layer's own, then inference."""
    x = keras.Input((8, 8, 2))
    called = keras.Model(x, keras.layers.BatchNormalization()(x, training=True))
    models = {
        "own": called, "nested": keras.Model(x, called(x)),
        "overruled": keras.Model(x, called(x, training=False)),
        "frozen": keras.Model(x, keras.layers.BatchNormalization()(x, training=False)),
    }  # fmt: skip
    image = np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype("float32")
    other = image.copy()
    other[0, 7, 7] += 5
    for name, model in models.items():
        one, two = (keras.ops.convert_to_numpy(model(given)) for given in (image, other))
        changes = bool((one[0, 0, 0] != two[0, 0, 0]).any())
        assert changes == (name in ("own", "nested"))
        size = rfield.receptive_field(model).size
        assert size == ((rfield.UNBOUNDED,) * 2 if changes else (1, 1)), name
    frozen = rfield.receptive_field(models["frozen"], training=True)
    assert frozen.size == (rfield.UNBOUNDED,) * 2


class ByDefault(keras.Model):
    """Runs as in training where nothing is said."""

    def __init__(self, layer):
        super().__init__()
        self.conv, self.layer = L.Conv2D(2, 3), layer

    def call(self, x, training=True):
        return self.layer(self.conv(x), training=training)


def test_a_model_that_trains_by_default_is_read_as_it_runs():
    model = ByDefault(L.BatchNormalization())
    image = np.random.default_rng(0).normal(size=(1, 32, 32, 1)).astype("float32")
    other = image.copy()
    other[0, 31, 31] += 5
    one, two = (keras.ops.convert_to_numpy(model(given)) for given in (image, other))
    assert (one[0, 0, 0] != two[0, 0, 0]).any()
    rf = rfield.receptive_field(model, input_shape=(1, 32, 32, 1))
    assert rf.size == (rfield.UNBOUNDED,) * 2


def test_no_tiles_of_a_dropout_in_training():
    x = keras.Input((64, 64, 1))

    def planned(layer, training):
        model = keras.Model(x, layer(L.Conv2D(2, 3)(x), training=training))
        return rfield.tile_plan(model, (64, 64), tile=32)

    for layer in (L.Dropout(0.5), L.SpatialDropout2D(0.5), L.GaussianNoise(1.0)):
        with pytest.raises(
            NotTileableError, match="draws random numbers, others in each run or for each size"
        ):
            planned(layer, training=True)
        assert planned(layer, training=False).exact
    assert planned(L.Dropout(0.0), training=True).exact


def test_a_class_that_shares_a_name_with_a_layer_is_not_taken_for_it():
    class Dropout(L.Layer):
        def call(self, x):
            return keras.ops.flip(x, 1)

    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, Dropout()(inputs))
    assert rfield.receptive_field(model).region((0, 0)).start == (7, 0)  # the flip is seen


def test_a_rule_of_ones_own():
    from rfield.core import ops
    from rfield.frontends import keras as front_end

    class Blur(L.Layer):
        def call(self, x):
            return keras.ops.average_pool(x, 5, 1, "same")

    @front_end.rule("Blur", replace=True)
    def blur(arg):
        return ops.pool(arg.shape(0), kernel=(5, 5), stride=1, padding="same", axes=arg.space()[0])

    inputs = keras.Input((32, 32, 3))
    assert rfield.receptive_field(keras.Model(inputs, Blur()(inputs))).size == (5, 5)


class Small(keras.Model):
    def __init__(self):
        super().__init__(name="small")
        self.a = L.Conv2D(4, 3, strides=2, padding="same")
        self.b = L.Conv2D(4, 3, dilation_rate=2)

    def call(self, x, training=False):
        return self.b(keras.ops.relu(self.a(x)))


@TENSORFLOW
def test_a_subclassed_model_is_traced():
    model = Small()
    model(np.zeros((1, 33, 33, 3), "float32"))
    before = [float(keras.ops.sum(w)) for w in model.weights]
    rf = rfield.receptive_field(model, input_shape=(1, 33, 33, 3))
    assert (rf.size, rf.stride, rf.padding) == ((11, 11), (2, 2), (1, 1))
    assert [float(keras.ops.sum(w)) for w in model.weights] == before


def test_a_subclassed_model_without_a_shape():
    model = Small()
    with pytest.raises(UnreadableModelError, match="not all of its layers are built"):
        rfield.load(model, (1, 33, 33, 3))
    model(np.zeros((1, 33, 33, 3), "float32"))
    with pytest.raises(UnreadableModelError, match="Give a shape"):
        rfield.load(model)


@TENSORFLOW
def test_a_lambda_layer_is_traced():
    inputs = keras.Input((32, 32, 3))
    x = L.Conv2D(4, 3, name="conv")(inputs)
    x = L.Lambda(lambda t: keras.ops.max_pool(t, 2, 2), name="pool")(x)
    model = keras.Model(inputs, L.Conv2D(4, 3, name="last")(x))
    assert rfield.receptive_field(model).size == (8, 8)


@SAVING
def test_a_keras_file(tmp_path):
    path = tmp_path / "model.keras"
    inputs = keras.Input((32, 32, 3))
    keras.Model(inputs, L.Conv2D(4, 3, name="conv")(inputs)).save(path)
    assert rfield.receptive_field(path, "conv").size == (3, 3)


@SAVING
def test_code_in_a_keras_file_never_runs(tmp_path):
    path = tmp_path / "model.keras"
    inputs = keras.Input((32, 32, 3))
    keras.Model(inputs, L.Lambda(lambda t: t * 2)(inputs)).save(path)
    with pytest.raises(UnreadableModelError, match="cannot load it without running its code"):
        rfield.load(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04broken"])
def test_a_keras_file_that_is_none(tmp_path, content):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(UnreadableModelError):
        rfield.load(path)


def test_a_keras_file_without_a_model(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(UnreadableModelError):
        rfield.load(path)
