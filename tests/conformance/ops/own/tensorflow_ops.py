"""Ops that TensorFlow alone spells so, by their raw names, with the indices that they read."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ..case import grid

R = tf.raw_ops
Entry = tuple[Any, tuple[int, ...], dict[Any, Any]]
BOARD = (3, 4)
ALL = grid(range(3), range(4))
ROW = grid((1,), range(4))
COLUMN = grid(range(3), (2,))
IMAGE = (1, 5, 6, 2)


def at(*place: int) -> set[tuple[int, ...]]:
    """One element."""
    return {place}


def ones(*shape: int) -> Any:
    """Weights that are all different."""
    return tf.constant(1 + np.arange(np.prod(shape)).reshape(shape) % 7 / 8, tf.float32)


def complex_(x: Any) -> Any:
    """Complex numbers of which neither part is zero."""
    return tf.complex(x, x * 2)


EXACT: dict[str, Entry] = {
    "EuclideanNorm": (lambda x: R.EuclideanNorm(input=x, axis=[-1]), BOARD, {1: ROW}),
    "LogMatrixDeterminant": (
        lambda x: R.LogMatrixDeterminant(input=tf.reshape(x, (3, 2, 2)))[1], BOARD, {1: ROW},
    ),
    "Cholesky": (
        lambda x: R.Cholesky(input=x + 40 * tf.eye(3)), (2, 3, 3),
        {(1, 1, 1): {(1, 0, 0), (1, 1, 0), (1, 1, 1)}, (1, 0, 2): set()},
    ),
    "All": (lambda x: tf.cast(R.All(input=x > 1, axis=[0]), tf.float32), BOARD, {2: COLUMN}),
    "Any": (lambda x: tf.cast(R.Any(input=x > 1, axis=[1]), tf.float32), BOARD, {1: ROW}),
    "Sum over no axis": (lambda x: R.Sum(input=x, axis=[]), BOARD, {(1, 2): at(1, 2)}),
    "ArgMax": (lambda x: tf.cast(R.ArgMax(input=x, dimension=-1), tf.float32), BOARD, {1: ROW}),
    "ArgMin": (lambda x: tf.cast(R.ArgMin(input=x, dimension=0), tf.float32), BOARD, {2: COLUMN}),
    "LogSoftmax": (lambda x: R.LogSoftmax(logits=x), BOARD, {(1, 2): ROW}),
    "L2Loss": (lambda x: R.L2Loss(t=x), BOARD, {(): ALL}),
    "SoftmaxCrossEntropyWithLogits": (
        lambda x: R.SoftmaxCrossEntropyWithLogits(features=x, labels=ones(3, 4) / 4)[0], BOARD,
        {1: ROW},
    ),
    "SoftmaxCrossEntropyWithLogits, its gradient": (
        lambda x: R.SoftmaxCrossEntropyWithLogits(features=x, labels=ones(3, 4) / 4)[1], BOARD,
        {(1, 2): ROW},
    ),
    "SparseSoftmaxCrossEntropyWithLogits": (
        lambda x: R.SparseSoftmaxCrossEntropyWithLogits(features=x,
            labels=tf.constant([0, 3, 1]))[0],
        BOARD, {1: ROW},
    ),
    "BatchMatMul": (
        lambda x: R.BatchMatMul(x=x, y=ones(2, 5, 4), adj_y=True), (2, 3, 4),
        {(1, 2, 0): grid((1,), (2,), range(4))},
    ),
    "BatchMatMulV3": (
        lambda x: R.BatchMatMulV3(x=x, y=ones(3, 5), Tout=tf.float32, adj_x=True), (2, 3, 4),
        {(1, 2, 0): grid((1,), range(3), (2,))},
    ),
    "Cumprod": (
        lambda x: R.Cumprod(x=x, axis=-1, exclusive=True, reverse=True), BOARD,
        {(1, 1): grid((1,), (2, 3)), (1, 3): set()},
    ),
    "CumulativeLogsumexp": (
        lambda x: R.CumulativeLogsumexp(x=x, axis=0), BOARD, {(1, 2): grid(range(2), (2,))},
    ),
    "FFT": (lambda x: tf.abs(R.FFT(input=complex_(x))), BOARD, {(1, 2): ROW}),
    "IFFT": (lambda x: tf.abs(R.IFFT(input=complex_(x))), BOARD, {(1, 2): ROW}),
    "FFT2D": (lambda x: tf.abs(R.FFT2D(input=complex_(x))), (2, 3, 4),
        {(1, 2, 0): grid((1,), range(3), range(4))}),
    "IFFT2D": (lambda x: tf.abs(R.IFFT2D(input=complex_(x))), BOARD, {(1, 2): ALL}),
    "FFT3D": (lambda x: tf.abs(R.FFT3D(input=complex_(x))), (2, 2, 3),
        {(1, 0, 2): grid(range(2), range(2), range(3))}),
    "IFFT3D": (lambda x: tf.abs(R.IFFT3D(input=complex_(x))), (2, 2, 3),
        {(1, 0, 2): grid(range(2), range(2), range(3))}),
    "RFFT": (lambda x: tf.abs(R.RFFT(input=x, fft_length=[4])), BOARD, {(1, 2): ROW}),
    "RFFT of fewer": (
        lambda x: tf.abs(R.RFFT(input=x, fft_length=[3])), BOARD, {(1, 1): grid((1,), range(3))},
    ),
    "RFFT2D of fewer": (
        lambda x: tf.abs(R.RFFT2D(input=x, fft_length=[2, 3])), BOARD,
            {(1, 1): grid(range(2), range(3))},
    ),
    "RFFT3D": (
        lambda x: tf.abs(R.RFFT3D(input=x, fft_length=[2, 2, 3])), (2, 2, 3),
        {(1, 0, 1): grid(range(2), range(2), range(3))},
    ),
    "IRFFT": (
        lambda x: R.IRFFT(input=complex_(x), fft_length=[5]), BOARD, {(1, 2): grid((1,), range(3))},
    ),
    "IRFFT2D": (
        lambda x: R.IRFFT2D(input=complex_(x), fft_length=[2, 7]), BOARD,
            {(1, 6): grid(range(2), range(4))},
    ),
    "IRFFT3D": (
        lambda x: R.IRFFT3D(input=complex_(x), fft_length=[2, 2, 4]), (2, 2, 3),
        {(1, 0, 3): grid(range(2), range(2), range(3))},
    ),
    "ScatterNd": (
        lambda x: R.ScatterNd(indices=[[4], [0], [4]], updates=x, shape=[5, 4]), BOARD,
        {(4, 2): {(0, 2), (2, 2)}, (0, 1): at(1, 1), (1, 3): set()},
    ),
    "SparseToDense": (
        lambda x: R.SparseToDense(sparse_indices=[[1], [3]], output_shape=[5], sparse_values=x,
            default_value=0.0),
        (2,), {3: {(1,)}, 0: set()},
    ),
    "MatrixDiagV3": (
        lambda x: R.MatrixDiagV3(diagonal=x, k=1, num_rows=-1, num_cols=-1, padding_value=0.0),
        BOARD, {(1, 2, 3): at(1, 2)},
    ),
    "MatrixDiagV2": (
        lambda x: R.MatrixDiagV2(diagonal=x, k=-1, num_rows=-1, num_cols=-1, padding_value=0.0),
        BOARD, {(1, 3, 2): at(1, 2)},
    ),
    "MatrixDiag": (lambda x: R.MatrixDiag(diagonal=x), BOARD, {(1, 2, 2): at(1, 2)}),
    "MatrixDiagPart": (lambda x: R.MatrixDiagPart(input=x), BOARD, {2: at(2, 2)}),
    "MatrixDiagPartV2": (
        lambda x: R.MatrixDiagPartV2(input=x, k=1, padding_value=0.0), BOARD, {1: at(1, 2)},
    ),
    "MatrixDiagPartV3": (
        lambda x: R.MatrixDiagPartV3(input=x, k=-1, padding_value=0.0), BOARD, {1: at(2, 1)},
    ),
    "MatrixSetDiag": (
        lambda x: R.MatrixSetDiag(input=x, diagonal=ones(3)), BOARD,
            {(1, 2): at(1, 2), (2, 2): set()},
    ),
    "MatrixSetDiag, the diagonal": (
        lambda x: R.MatrixSetDiag(input=ones(3, 4), diagonal=x), (3,), {(1, 1): {(1,)}},
    ),
    "MatrixSetDiagV2": (
        lambda x: R.MatrixSetDiagV2(input=x, diagonal=x[0, :3], k=1), BOARD,
        {(1, 2): {(0, 1)}, (0, 2): {(0, 2)}},
    ),
    "MatrixSetDiagV3": (
        lambda x: R.MatrixSetDiagV3(input=x, diagonal=ones(2), k=-1), BOARD,
            {(1, 0): set(), (1, 1): at(1, 1)},
    ),
    "ZerosLike": (lambda x: x + R.ZerosLike(x=tf.reverse(x, [0])), BOARD, {(1, 2): at(1, 2)}),
    "OnesLike": (lambda x: x * R.OnesLike(x=tf.reverse(x, [0])), BOARD, {(1, 2): at(1, 2)}),
    "Rank": (lambda x: x * tf.cast(R.Rank(input=x), tf.float32), BOARD, {(1, 2): at(1, 2)}),
    "Size": (lambda x: tf.gather(x, R.Size(input=x) - 10, axis=1), BOARD, {1: at(1, 2)}),
    "ShapeN": (
        lambda x: tf.reshape(x, tf.reverse(R.ShapeN(input=[x, x])[1], [0])), BOARD,
            {(2, 1): at(1, 3)},
    ),
    "ConjugateTranspose": (
        lambda x: tf.abs(R.ConjugateTranspose(x=complex_(x), perm=[1, 0])), BOARD,
            {(3, 1): at(1, 3)},
    ),
    "PadV2": (
        lambda x: R.PadV2(input=x, paddings=[[1, 0], [0, 2]], constant_values=0.5), BOARD,
        {(2, 3): at(1, 3), (0, 0): set(), (1, 5): set()},
    ),
    "Concat": (lambda x: R.Concat(concat_dim=1, values=[x, x]), BOARD, {(1, 6): at(1, 2)}),
    "Fill by data": (lambda x: R.Fill(dims=[2, 3], value=x[1, 2]), BOARD, {(1, 1): at(1, 2)}),
    "Fill": (lambda x: x + R.Fill(dims=tf.shape(x), value=0.5), BOARD, {(1, 2): at(1, 2)}),
    "Gather": (lambda x: R.Gather(params=x, indices=[2, 0]), BOARD, {(0, 3): at(2, 3)}),
    "GatherNd": (
        lambda x: R.GatherNd(params=x, indices=[[2, 1], [0, 3]]), BOARD, {1: at(0, 3)},
    ),
    "ReverseSequence": (
        lambda x: R.ReverseSequence(input=x, seq_lengths=[3, 1, 4], seq_dim=1, batch_dim=0), BOARD,
        {(0, 0): at(0, 2), (0, 3): at(0, 3), (1, 2): at(1, 2), (2, 0): at(2, 3)},
    ),
    "OneHot": (
        lambda x: R.OneHot(indices=tf.cast(x, tf.int32), depth=4, on_value=1.0, off_value=0.0,
            axis=0),
        BOARD, {(3, 1, 2): at(1, 2)},
    ),
    "Select": (
        lambda x: R.Select(condition=[True, False, True], x=x, y=tf.reverse(x, [1])), BOARD,
        {(0, 1): at(0, 1), (1, 1): at(1, 2)},
    ),
    "Select by data": (
        lambda x: R.Select(condition=x > 1, x=x * 2, y=tf.reverse(x, [1])), BOARD,
            {(0, 1): {(0, 1), (0, 2)}},
    ),
    "IdentityN": (lambda x: R.IdentityN(input=[x, x + 1])[1], BOARD, {(1, 2): at(1, 2)}),
    "BiasAdd": (lambda x: R.BiasAdd(value=x, bias=ones(4)), BOARD, {(1, 2): at(1, 2)}),
    "BiasAdd, the bias": (
        lambda x: R.BiasAdd(value=ones(1, 2, 3, 4), bias=x[1]), BOARD, {(0, 1, 2, 3): at(1, 3)},
    ),
    "BiasAddV1": (lambda x: R.BiasAddV1(value=x, bias=ones(4)), BOARD, {(1, 2): at(1, 2)}),
    "Bitcast to more": (
        lambda x: tf.cast(R.Bitcast(input=x, type=tf.uint8), tf.float32), BOARD,
        {(1, 2, 3): at(1, 2)},
    ),
    "Bitcast to fewer": (
        lambda x: tf.cast(R.Bitcast(input=tf.cast(x, tf.uint8), type=tf.int32), tf.float32), BOARD,
            {1: ROW},
    ),
    "QuantizeAndDequantizeV2 of a range": (
        lambda x: R.QuantizeAndDequantizeV2(input=x, input_min=0.0, input_max=20.0,
            range_given=True),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "QuantizeAndDequantizeV2": (
        lambda x: R.QuantizeAndDequantizeV2(input=x, input_min=0.0, input_max=0.0), BOARD,
            {(1, 2): ALL},
    ),
    "QuantizeAndDequantizeV2 of an axis": (
        lambda x: R.QuantizeAndDequantizeV2(input=x, input_min=[0.0] * 4, input_max=[0.0] * 4,
            axis=1),
        BOARD, {(1, 2): COLUMN},
    ),
    "QuantizeAndDequantizeV3": (
        lambda x: R.QuantizeAndDequantizeV3(input=x, input_min=0.0, input_max=20.0, num_bits=8),
            BOARD,
        {(1, 2): at(1, 2)},
    ),
    "QuantizeAndDequantizeV4": (
        lambda x: R.QuantizeAndDequantizeV4(input=x, input_min=0.0, input_max=0.0), BOARD,
            {(1, 2): ALL},
    ),
    "FakeQuantWithMinMaxVars": (
        lambda x: R.FakeQuantWithMinMaxVars(inputs=x, min=0.0, max=20.0), BOARD, {(1, 2): at(1, 2)},
    ),
    "FakeQuantWithMinMaxVarsPerChannel": (
        lambda x: R.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=[0.0] * 4, max=[20.0] * 4),
            BOARD,
        {(1, 2): at(1, 2)},
    ),
    "LowerBound": (
        lambda x: tf.cast(R.LowerBound(sorted_inputs=ones(3, 2), values=x), tf.float32), BOARD,
        {(1, 2): at(1, 2)},
    ),
    "UpperBound": (
        lambda x: tf.cast(R.UpperBound(sorted_inputs=x, values=ones(3, 2)), tf.float32), BOARD,
        {(1, 0): ROW},
    ),
    "Bucketize": (
        lambda x: tf.cast(R.Bucketize(input=x, boundaries=[0.0, 5.0]), tf.float32), BOARD,
            {(1, 2): at(1, 2)},
    ),
    "FusedBatchNorm": (
        lambda x: R.FusedBatchNorm(x=x, scale=ones(2), offset=ones(2), mean=ones(2),
            variance=ones(2), is_training=False)[0],
        IMAGE, {(0, 1, 2, 1): at(0, 1, 2, 1)},
    ),
    "FusedBatchNormV2 of the batch": (
        lambda x: R.FusedBatchNormV2(x=x, scale=ones(2), offset=ones(2), mean=[], variance=[])[0],
        IMAGE, {(0, 1, 2, 1): grid((0,), range(5), range(6), (1,))},
    ),
    "FusedBatchNormV3, the mean": (
        lambda x: R.FusedBatchNormV3(x=x, scale=ones(2), offset=ones(2), mean=[], variance=[])[1],
        IMAGE, {1: grid((0,), range(5), range(6), (1,))},
    ),
    "LRN": (
        lambda x: R.LRN(input=x, depth_radius=1), (1, 2, 3, 5),
        {(0, 1, 2, 3): grid((0,), (1,), (2,), (2, 3, 4)),
            (0, 0, 0, 0): grid((0,), (0,), (0,), (0, 1))},
    ),
    "MaxPoolV2": (
        lambda x: R.MaxPoolV2(input=x, ksize=[1, 2, 3, 1], strides=[1, 2, 1, 1], padding="SAME"),
            IMAGE,
        {(0, 2, 0, 1): grid((0,), (4,), (0, 1), (1,)),
            (0, 1, 2, 0): grid((0,), (2, 3), (1, 2, 3), (0,))},
    ),
    "MaxPoolWithArgmax": (
        lambda x: R.MaxPoolWithArgmax(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1],
            padding="VALID")[0], IMAGE,
        {(0, 1, 2, 1): grid((0,), (2, 3), (4, 5), (1,))},
    ),
    "SpaceToBatch and back": (
        lambda x: R.BatchToSpace(
            input=R.SpaceToBatch(input=x, paddings=[[1, 0], [0, 0]], block_size=2),
                crops=[[0, 1], [1, 0]], block_size=2
        ),
        IMAGE, {(0, 1, 2, 1): at(0, 0, 3, 1), (0, 0, 0, 0): set()},
    ),
    "SpaceToBatch": (
        lambda x: R.SpaceToBatch(input=x, paddings=[[1, 0], [0, 0]], block_size=2), IMAGE,
        {(1, 1, 2, 0): at(0, 1, 5, 0), (0, 0, 0, 1): set()},
    ),
    "BatchToSpace": (
        lambda x: R.BatchToSpace(input=x, crops=[[0, 1], [1, 0]], block_size=2), (4, 2, 2, 1),
        {(0, 1, 1, 0): at(2, 0, 1, 0)},
    ),
    "DepthwiseConv2dNativeBackpropInput": (
        lambda x: R.DepthwiseConv2dNativeBackpropInput(
            input_sizes=[1, 9, 6, 2], filter=ones(3, 2, 2, 1), out_backprop=x, strides=[1, 2, 2, 1],
                padding="SAME"
        ),
        (1, 5, 3, 2), {(0, 3, 1, 1): grid((0,), (1, 2), (0,), (1,)),
            (0, 4, 2, 0): grid((0,), (2,), (1,), (0,))},
    ),
    "Conv": (
        lambda x: R.Conv(input=x, filter=ones(3, 2, 2, 3), strides=[1, 2, 1, 1], padding="VALID"),
            IMAGE,
        {(0, 1, 2, 0): grid((0,), (2, 3, 4), (2, 3), range(2))},
    ),
    "Conv3DBackpropInputV2": (
        lambda x: R.Conv3DBackpropInputV2(
            input_sizes=[1, 3, 4, 2, 1], filter=ones(1, 3, 2, 1, 2), out_backprop=x,
                strides=[1, 1, 1, 1, 1], padding="VALID"
        ),
        (1, 3, 2, 1, 2), {(0, 2, 1, 1, 0): grid((0,), (2,), (0, 1), (0,), range(2))},
    ),
    "StatelessRandomUniform": (
        lambda x: x + R.StatelessRandomUniform(shape=[4], seed=[1, 2]), BOARD, {(1, 2): at(1, 2)},
    ),
    "CheckNumericsV2": (lambda x: R.CheckNumericsV2(tensor=x, message="")*2, BOARD,
        {(1, 2): at(1, 2)}),
    "PartitionedCall": (
        tf.function(tf.transpose, autograph=False), BOARD,
            {(3, 1): at(1, 3)},
    ),
    "If of a constant": (
        lambda x: tf.cond(tf.constant(False), lambda: x, lambda: tf.reverse(x, [1])), BOARD,
            {(1, 0): at(1, 3)},
    ),
    "Case of a constant": (
        lambda x: tf.switch_case(tf.constant(1),
            [lambda: x, lambda: tf.reverse(x, [1]), lambda: -x]), BOARD,
        {(1, 0): at(1, 3)},
    ),
    "While of three turns": (
        lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.roll(y, 1, 1)),
            [tf.constant(0), x])[1], BOARD,
        {(1, 0): at(1, 1)},
    ),
    "TensorList": (
        lambda x: R.TensorListStack(
            input_handle=R.TensorListSetItem(
                input_handle=R.TensorListFromTensor(tensor=x, element_shape=[4]), index=0, item=x[2]
            ), element_shape=[4], element_dtype=tf.float32),
        BOARD, {(0, 1): at(2, 1), (1, 1): at(1, 1)},
    ),
    "TensorListGetItem": (
        lambda x: R.TensorListGetItem(
            input_handle=R.TensorListPushBack(
                input_handle=R.EmptyTensorList(element_shape=[4], max_num_elements=3,
                    element_dtype=tf.float32), tensor=x[1]
            ), index=0, element_shape=[4], element_dtype=tf.float32),
        BOARD, {2: at(1, 2)},
    ),
    "TensorListReserve": (
        lambda x: R.TensorListStack(
            input_handle=R.TensorListSetItem(
                input_handle=R.TensorListReserve(element_shape=[4], num_elements=2,
                    element_dtype=tf.float32), index=1, item=x[2]
            ), element_shape=[4], element_dtype=tf.float32),
        BOARD, {(1, 3): at(2, 3), (0, 3): set()},
    ),
    "TensorListLength": (
        lambda x: x[:,
            R.TensorListLength(input_handle=R.TensorListFromTensor(tensor=x, element_shape=[4]))],
                BOARD,
        {1: at(1, 3)},
    ),
}  # fmt: skip


def numbered(op: Any, *numbers: int, **more: Any) -> Any:
    """Rows by the numbers of their segments."""
    return lambda x: op(data=x, segment_ids=list(numbers), **more)


for kind in ("Mean", "SqrtN", "Sum"):
    EXACT[f"SparseSegment{kind}"] = (
        numbered(getattr(R, f"SparseSegment{kind}"), 0, 0, 2, indices=[2, 0, 1]), BOARD,
        {(0, 1): {(0, 1), (2, 1)}, (2, 1): at(1, 1), (1, 1): set()},
    )  # fmt: skip


def solved(op: Any, **more: Any) -> Any:
    """A linear system of three rows, of which the matrix is a constant."""
    matrix = [[3.0, 1, 1], [1, 4, 1], [1, 1, 5]]
    return lambda x: op(matrix=tf.constant(matrix, x.dtype), rhs=x, **more)


EXACT["MatrixSolve"] = (solved(R.MatrixSolve), BOARD, {(1, 2): {(0, 2), (1, 2), (2, 2)}})
EXACT["MatrixTriangularSolve"] = (
    solved(R.MatrixTriangularSolve, lower=False), BOARD, {(1, 2): {(1, 2), (2, 2)}},
)  # fmt: skip
for kind in ("Max", "Mean", "Min", "Prod", "Sum"):
    EXACT[f"Segment{kind}"] = (
        numbered(getattr(R, f"Segment{kind}"), 0, 0, 2), BOARD,
        {(0, 1): {(0, 1), (1, 1)}, (2, 1): at(2, 1), (1, 1): set()},
    )  # fmt: skip
    if hasattr(R, f"UnsortedSegment{kind}"):
        EXACT[f"UnsortedSegment{kind}"] = (
            numbered(getattr(R, f"UnsortedSegment{kind}"), 3, 0, 3, num_segments=4), BOARD,
            {(3, 1): {(0, 1), (2, 1)}, (0, 1): at(1, 1), (2, 1): set()},
        )  # fmt: skip
