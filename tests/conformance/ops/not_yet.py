"""What no entry of the list reaches yet, by front end. These tables only shrink.

A rule or name that is missing here and reached by no entry fails a test; so does one that is here
and reached.
"""

from __future__ import annotations

RULES: dict[str, str] = {
    "onnx": """
        attention.group_query attention.linear_attention attention.ms_attention
        attention.multi_head contraction.determinant contraction.fused_matmul
        contraction.matmul_of_bits contraction.one_hot contraction.qlinear_matmul
        contraction.qlinear_softmax convolution.causal_conv convolution.deform_conv
        convolution.fused_conv convolution.nhwc_conv convolution.qlinear_conv
        gathering.array_feature gathering.non_max_suppression gathering.tensor_scatter
        gathering.unique layout.expand_dims layout.made_from_shape
        layout.nhwc_space_to_depth layout.range_ layout.regions
        normalization.embed_layer_norm normalization.local_response_norm normalization.loss
        normalization.mean_variance normalization.ms_group_norm normalization.rotary
        normalization.skip_group_norm normalization.skip_layer_norm pointwise.bias_dropout
        pointwise.bias_split_gelu pointwise.constant pointwise.dropout pointwise.identity
        pointwise.shape_only pooling.max_unpool pooling.ms_pool
        quantization.dynamic_quantize quantization.qlinear_binary quantization.qlinear_unary
        quantization.qlinear_where quantization.quantize resize.affine_grid
        resize.grid_sample sequences.at sequences.concat_from_sequence sequences.construct
        sequences.empty sequences.erase sequences.insert sequences.length
        sequences.split_to_sequence signal.mel_weights signal.window_function
    """,
    "tensorflow": """
        blocks.old_batch_to_space blocks.old_space_to_batch contraction.arg_reduce
        contraction.cross_entropy contraction.fourier contraction.l2_loss
        contraction.real_fourier contraction.scattered contraction.segments
        contraction.unsorted_segments control.call control.case control.if_ control.merge
        control.switch control.while_ convolution.transposed_depthwise layout.fill
        layout.gather_nd layout.like layout.one_hot layout.reverse_sequence
        layout.set_diagonal lists.array lists.array_close lists.array_gather
        lists.array_read lists.array_scatter lists.array_size lists.array_write
        lists.from_tensor lists.get_item lists.length lists.push_back lists.reserve
        lists.set_item lists.stack normalization.fused_batch_norm normalization.layer_norm
        normalization.local_response pointwise.bias_add pointwise.passing_all
        pointwise.select pointwise.weighted pooling.pool_with_argmax resize.crop_and_resize
        sources.aside sources.constant sources.gradient_axes sources.is_initialized
        sources.placeholder sources.random sources.read_variable sources.variable
    """,
    "keras": """
        contraction.dot contraction.moments contraction.multi_head contraction.normalize
        convolution.embedding layout.flatten layout.like layout.repeat_vector layout.swap
        normalization.group_norm normalization.spectral_norm pooling.adaptive_pool
        recurrent.bidirectional
    """,
}
"""Rule functions, by family."""

NAMES: dict[str, str] = {
    "onnx": """
        Acos Acosh Add Affine AffineGrid And ArgMin Asin Asinh Atan Atanh Bernoulli BitCast
        BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow CastLike
        CausalConvWithState Ceil Celu ConcatFromSequence Constant ConstantOfShape
        ConvInteger Cos Cosh CumProd DeformConv DequantizeLinear Det Div Dropout
        DynamicQuantizeLinear Elu Equal Erf EyeLike Floor Gelu GlobalLpPool Greater
        GreaterOrEqual GridSample HammingWindow HannWindow HardSigmoid HardSwish Hardmax
        Identity ImageScaler IsInf IsNaN LRN LeakyRelu Less LessOrEqual LinearAttention Log
        LogSoftmax LpPool MatMulInteger Max MaxRoiPool MaxUnpool Mean
        MeanVarianceNormalization MelWeightMatrix Min Mish Mod Neg NegativeLogLikelihoodLoss
        NonMaxSuppression Not OneHot Optional OptionalGetElement OptionalHasElement Or
        ParametricSoftplus Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization
        RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal
        ReduceL1 ReduceLogSum ReduceLogSumExp ReduceSumSquare RoiAlign RotaryEmbedding Round
        Scale ScaledTanh Scatter Selu SequenceAt SequenceConstruct SequenceEmpty
        SequenceErase SequenceInsert SequenceLength Shape Shrink Sign
        SimplifiedLayerNormalization Sin Sinh Size SoftmaxCrossEntropyLoss Softplus Softsign
        SplitToSequence Sqrt Sub Sum SwiGLU Swish Tan TensorScatter ThresholdedRelu Unique
        Xor ai.onnx.ml::ArrayFeatureExtractor ai.onnx.ml::Binarizer ai.onnx.ml::Scaler
        com.microsoft::Attention com.microsoft::BiasAdd com.microsoft::BiasDropout
        com.microsoft::BiasGelu com.microsoft::BiasSplitGelu com.microsoft::BitmaskDropout
        com.microsoft::ConvTransposeWithDynamicPads com.microsoft::CropAndResize
        com.microsoft::DecoderMaskedMultiHeadAttention com.microsoft::DequantizeLinear
        com.microsoft::DynamicQuantizeLSTM com.microsoft::DynamicQuantizeMatMul
        com.microsoft::EmbedLayerNormalization com.microsoft::ExpandDims
        com.microsoft::FastGelu com.microsoft::FusedConv com.microsoft::FusedGemm
        com.microsoft::FusedMatMul com.microsoft::FusedMatMulActivation
        com.microsoft::GatherBlockQuantized com.microsoft::Gelu com.microsoft::GridSample
        com.microsoft::GroupNorm com.microsoft::GroupQueryAttention
        com.microsoft::LayerNormalization com.microsoft::MatMulBnb4
        com.microsoft::MatMulFpQ4 com.microsoft::MatMulIntegerToFloat
        com.microsoft::MatMulNBits com.microsoft::MaxpoolWithMask
        com.microsoft::MultiHeadAttention com.microsoft::NhwcAveragePool
        com.microsoft::NhwcConv com.microsoft::NhwcFusedConv com.microsoft::NhwcMaxPool
        com.microsoft::NhwcSpaceToDepth com.microsoft::Pad com.microsoft::QAttention
        com.microsoft::QGemm com.microsoft::QLinearAdd com.microsoft::QLinearAveragePool
        com.microsoft::QLinearConcat com.microsoft::QLinearConv
        com.microsoft::QLinearGlobalAveragePool com.microsoft::QLinearLeakyRelu
        com.microsoft::QLinearMatMul com.microsoft::QLinearMul
        com.microsoft::QLinearReduceMean com.microsoft::QLinearSigmoid
        com.microsoft::QLinearSoftmax com.microsoft::QLinearWhere
        com.microsoft::QuantizeLinear com.microsoft::QuickGelu com.microsoft::Range
        com.microsoft::ReduceSumInteger com.microsoft::RotaryEmbedding
        com.microsoft::SimplifiedLayerNormalization com.microsoft::SkipGroupNorm
        com.microsoft::SkipLayerNormalization
        com.microsoft::SkipSimplifiedLayerNormalization com.microsoft::SpaceToDepth
        com.microsoft::TransposeMatMul com.microsoft::Trilu
    """,
    "tensorflow": """
        All Any ApplyAdadelta ApplyAdagrad ApplyAdam ApplyCenteredRMSProp ApplyFtrl
        ApplyGradientDescent ApplyMomentum ApplyRMSProp ArgMax ArgMin AsString Assert Assign
        AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp
        AudioSummary AudioSummaryV2 AutoReloadVariable AvgPool3DGrad AvgPoolGrad BatchMatMul
        BatchMatMulV3 BatchToSpace BiasAdd BiasAddGrad BiasAddV1 Bitcast
        BroadcastGradientArgs Bucketize Case CheckNumerics CheckNumericsV2 Concat
        ConjugateTranspose Const ControlTrigger Conv Conv2DBackpropFilter
        Conv3DBackpropFilter Conv3DBackpropFilterV2 Conv3DBackpropInput CropAndResize
        Cumprod CumulativeLogsumexp DebugIdentity DebugIdentityV3
        DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput
        DestroyResourceOp EluGrad Empty EmptyTensorList Enter EuclideanNorm Exit FFT FFT2D
        FFT3D FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill FusedBatchNorm
        FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2
        FusedBatchNormV3 Gather GatherNd HistogramSummary IFFT IFFT2D IFFT3D IRFFT IRFFT2D
        IRFFT3D IdentityN If ImageSummary InvGrad IsVariableInitialized L2Loss LRN LRNGrad
        LayerNorm LeakyReluGrad LogSoftmax LogSumExp LoopCond MatrixDiagPart
        MatrixDiagPartV2 MatrixSetDiag MatrixSetDiagV3 MaxPool3DGrad MaxPoolGrad
        MaxPoolGradV2 MaxPoolV2 MaxPoolWithArgmax Merge MergeSummary MergeV2Checkpoints
        MirrorPadGrad NoOp OneHot OnesLike OptimizationBarrier PadV2 ParallelConcat
        ParameterizedTruncatedNormal PartitionedCall Placeholder PlaceholderV2 PrintV2
        QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
        QuantizeAndDequantizeV4 RFFT RFFT2D RFFT3D RandomStandardNormal RandomUniform
        RandomUniformInt Rank ReadVariableOp ReciprocalGrad ReduceJoin RefEnter RefExit
        RefIdentity RefMerge RefNextIteration RefSwitch Relu6Grad ReluGrad RemoteCall
        ResizeBicubicGrad ResizeBilinearGrad ResizeNearestNeighborGrad ResourceApplyAdaMax
        ResourceApplyAdadelta ResourceApplyAdagrad ResourceApplyAdagradV2 ResourceApplyAdam
        ResourceApplyAdamWithAmsgrad ResourceApplyCenteredRMSProp ResourceApplyFtrl
        ResourceApplyGradientDescent ResourceApplyKerasMomentum ResourceApplyMomentum
        ResourceApplyRMSProp ResourceGather ResourceGatherNd ReverseSequence RsqrtGrad Save
        SaveSlices SaveV2 ScalarSummary ScatterNd SegmentMax SegmentMaxV2 SegmentMean
        SegmentMeanV2 SegmentMin SegmentMinV2 SegmentProd SegmentProdV2 SegmentSum
        SegmentSumV2 Select SeluGrad ShapeN ShardedFilename SigmoidGrad Size
        SoftmaxCrossEntropyWithLogits SoftplusGrad SoftsignGrad SpaceToBatch
        SparseSoftmaxCrossEntropyWithLogits SparseToDense SqrtGrad StatefulPartitionedCall
        StatelessCase StatelessIf StatelessRandomNormal StatelessRandomNormalV2
        StatelessRandomUniform StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2
        StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2
        StatelessTruncatedNormal StatelessTruncatedNormalV2 StatelessWhile StridedSliceGrad
        Switch SymbolicGradient TanhGrad TemporaryVariable TensorArrayCloseV3
        TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
        TensorArrayV3 TensorArrayWriteV3 TensorListFromTensor TensorListGetItem
        TensorListLength TensorListPushBack TensorListReserve TensorListSetItem
        TensorListStack TensorSummary TensorSummaryV2 TopK TruncatedNormal
        UnsortedSegmentMax UnsortedSegmentMean UnsortedSegmentMin UnsortedSegmentProd
        UnsortedSegmentSum VarHandleOp VarIsInitializedOp Variable VariableV2 While
        WriteFile WriteHistogramSummary WriteImageSummary WriteScalarSummary WriteSummary
        XlaSharding ZerosLike _MklLayerNorm _Retval
    """,
    "keras": """
        Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
        AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
        AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Average Bidirectional
        Conv3DTranspose Cropping1D Cropping3D CustomScaleLayer DepthwiseConv1D Dot Dropout
        ELU Embedding Flatten GRU GaussianDropout GaussianNoise GlobalAveragePooling1D
        GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling3D GroupNormalization
        GroupQueryAttention GroupedQueryAttention Identity LSTM LayerScale LeakyReLU Masking
        Maximum Minimum MultiHeadAttention Multiply Normalization PReLU RMSNormalization
        RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast
        RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
        RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
        RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom
        RepeatVector Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
        SpectralNormalization StochasticDepth Subtract UnitNormalization UpSampling3D
        ZeroPadding3D ops.Add ops.All ops.Amax ops.Amin ops.Angle ops.Any ops.Arccos
        ops.Arccosh ops.Arcsin ops.Arcsinh ops.Arctan ops.Arctan2 ops.Arctanh ops.Argmax
        ops.Argmin ops.BitwiseAnd ops.BitwiseOr ops.Ceil ops.Celu ops.Conj ops.Conjugate
        ops.Cos ops.Cosh ops.CountNonzero ops.Cumprod ops.Divide ops.DivideNoNan ops.Elu
        ops.Equal ops.Erf ops.Erfinv ops.Exp2 ops.Expm1 ops.Floor ops.FloorDivide
        ops.FullLike ops.Gelu ops.Greater ops.GreaterEqual ops.HardShrink ops.HardSigmoid
        ops.HardSilu ops.HardTanh ops.Hypot ops.Identity ops.Imag ops.Isfinite ops.Isinf
        ops.Isnan ops.LeakyRelu ops.Less ops.LessEqual ops.Log ops.Log10 ops.Log1p ops.Log2
        ops.LogSigmoid ops.LogSoftmax ops.Logaddexp ops.LogicalAnd ops.LogicalNot
        ops.LogicalOr ops.LogicalXor ops.Logsumexp ops.Maximum ops.Median ops.Minimum
        ops.Mod ops.Moments ops.NanToNum ops.Negative ops.Norm ops.Normalize ops.NotEqual
        ops.OnesLike ops.Power ops.Real ops.Reciprocal ops.Relu6 ops.Round ops.Rsqrt
        ops.Selu ops.Sign ops.Signbit ops.Silu ops.Sin ops.Sinh ops.SoftShrink ops.Softplus
        ops.Softsign ops.SparsePlus ops.Sqrt ops.Square ops.SquarePlus ops.Std
        ops.StopGradient ops.Subtract ops.Swapaxes ops.Tan ops.TanhShrink ops.Threshold
        ops.TrueDivide ops.Trunc ops.Var ops.ZerosLike
    """,
}
"""Names of ops."""
