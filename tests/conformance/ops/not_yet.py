"""What no entry of the list reaches yet, by front end. These tables only shrink.

A rule or name that is missing here and reached by no entry fails a test; so does one that is here
and reached.
"""

from __future__ import annotations

RULES: dict[str, str] = {
    "torch": """
        contraction.add_outer contraction.add_summed_product contraction.chain_matmul
        contraction.cross contraction.einsum contraction.fused_attention contraction.kron
        contraction.matrix_function contraction.outer contraction.similarity
        convolution.conv_depthwise convolution.conv_tbc convolution.convolution
        indexing.anywhere indexing.embedding indexing.embedding_bag indexing.one_hot
        layout.circular_pad layout.matrix_transpose layout.movedim layout.narrow
        layout.reflection_pad layout.repeat_interleave layout.replication_pad
        normalization.batch_norm_fixed normalization.batch_norm_of_batch
        normalization.native_batch_norm normalization.native_group_norm
        normalization.native_layer_norm normalization.weight_norm pointwise.fill
        pointwise.frexp pointwise.native_dropout pointwise.part_of_complex
        pooling.adaptive_max_pool1d pooling.adaptive_max_pool3d pooling.adaptive_pool1d
        pooling.adaptive_pool3d pooling.max_pool1d_with_indices pooling.max_pool2d
        pooling.max_pool3d pooling.pool1d recurrent.fused_lstm_cell recurrent.gru
        recurrent.gru_cell recurrent.lstm recurrent.lstm_cell recurrent.packed
        reduction.argsort reduction.diff reduction.dist reduction.fftshift
        reduction.histogram reduction.ifftshift reduction.istft reduction.mixing
        reduction.searchsorted resize.bicubic2d_antialias resize.lanczos2d_antialias
        resize.nearest2d resize.nearest3d resize.nearest_exact2d resize.nearest_exact3d
        resize.trilinear3d vision.deform_conv2d vision.nms vision.region_pool
    """,
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
    "torch": """
        aten::_adaptive_avg_pool3d aten::_addmm_activation aten::_aminmax
        aten::_batch_norm_no_update aten::_batch_norm_with_update aten::_cdist_forward
        aten::_conv_depthwise2d aten::_convolution aten::_copy_from aten::_embedding_bag
        aten::_embedding_bag_forward_only aten::_euclidean_dist
        aten::_fake_quantize_per_tensor_affine_cachemask_tensor_qparams aten::_fft_c2r
        aten::_fused_rms_norm aten::_index_put_impl aten::_linalg_det aten::_linalg_eigh
        aten::_linalg_svd aten::_log_softmax aten::_logcumsumexp aten::_masked_softmax
        aten::_native_batch_norm_legit aten::_native_batch_norm_legit.no_stats
        aten::_native_batch_norm_legit_functional aten::_native_batch_norm_legit_no_training
        aten::_pad_circular aten::_reshape_alias aten::_reshape_copy
        aten::_scaled_dot_product_attention_math aten::_scaled_dot_product_cudnn_attention
        aten::_scaled_dot_product_efficient_attention
        aten::_scaled_dot_product_flash_attention
        aten::_scaled_dot_product_flash_attention_for_cpu
        aten::_scaled_dot_product_fused_attention_overrideable aten::_thnn_fused_lstm_cell
        aten::_unsafe_index.Tensor aten::_unsafe_index_put aten::_unsafe_masked_index
        aten::_upsample_bicubic2d_aa aten::_upsample_lanczos2d_aa
        aten::_upsample_nearest_exact2d aten::_upsample_nearest_exact3d
        aten::_weight_norm_interface aten::adaptive_avg_pool1d aten::adaptive_avg_pool2d
        aten::adaptive_avg_pool3d aten::adaptive_max_pool1d aten::adaptive_max_pool3d
        aten::addbmm aten::addmv aten::addr aten::adjoint aten::all aten::aminmax aten::any
        aten::argmax aten::argmin aten::argsort aten::as_strided_copy aten::avg_pool1d
        aten::baddbmm aten::bincount aten::broadcast_to aten::bucketize aten::chain_matmul
        aten::chunk aten::concat aten::concatenate aten::conv_depthwise3d aten::conv_tbc
        aten::conv_transpose3d aten::convolution aten::convolution_overrideable
        aten::cosine_similarity aten::count_nonzero aten::cross aten::cudnn_batch_norm
        aten::cummin aten::cumprod aten::dequantize aten::diagonal_copy aten::diff
        aten::dist aten::dot aten::einsum aten::embedding aten::embedding_bag
        aten::expand_as aten::expand_copy aten::exponential
        aten::fake_quantize_per_channel_affine
        aten::fake_quantize_per_channel_affine_cachemask
        aten::fake_quantize_per_tensor_affine aten::fft_fft aten::fft_fft2 aten::fft_fftn
        aten::fft_fftshift aten::fft_hfft aten::fft_ifft aten::fft_ifft2 aten::fft_ifftn
        aten::fft_ifftshift aten::fft_ihfft aten::fft_irfft aten::fft_irfft2
        aten::fft_irfftn aten::fft_rfft aten::fft_rfft2 aten::fft_rfftn aten::fill
        aten::flatten aten::fractional_max_pool3d aten::frexp aten::frobenius_norm aten::ger
        aten::grid_sampler aten::grid_sampler_3d aten::gru.data aten::gru.input
        aten::gru_cell aten::histc aten::histogram aten::imag aten::index_add
        aten::index_fill aten::index_reduce aten::inverse aten::istft aten::kron
        aten::kthvalue aten::linalg_cholesky_ex aten::linalg_cross aten::linalg_eigh
        aten::linalg_inv aten::linalg_inv_ex aten::linalg_lu aten::linalg_matrix_exp
        aten::linalg_multi_dot aten::linalg_pinv aten::linalg_qr aten::linalg_svd
        aten::log_softmax aten::logsumexp aten::lstm.data aten::lstm.input aten::lstm_cell
        aten::mT aten::masked_scatter aten::masked_select aten::matrix_exp aten::max
        aten::max_pool1d aten::max_pool1d_with_indices aten::max_pool2d aten::max_pool3d
        aten::max_unpool3d aten::median aten::median.dim aten::min aten::min.dim
        aten::miopen_batch_norm aten::mkldnn_max_pool2d aten::mm aten::mode
        aten::moveaxis.int aten::moveaxis.intlist aten::movedim.int aten::movedim.intlist
        aten::msort aten::mv aten::nanmean aten::nanmedian aten::nanmedian.dim
        aten::nanquantile aten::nansum aten::narrow aten::narrow_copy
        aten::native_batch_norm aten::native_channel_shuffle aten::native_dropout
        aten::native_group_norm aten::native_layer_norm aten::nonzero aten::norm
        aten::normal aten::nuclear_norm aten::numpy_T aten::one_hot aten::outer
        aten::pairwise_distance aten::permute_copy aten::polygamma aten::quantile
        aten::quantize_per_channel aten::quantize_per_tensor aten::quantized_max_pool2d
        aten::random aten::real aten::reflection_pad1d aten::reflection_pad2d
        aten::reflection_pad3d aten::renorm aten::repeat_interleave.self_int
        aten::replication_pad1d aten::replication_pad2d aten::replication_pad3d
        aten::reshape aten::reshape_as aten::rms_norm aten::rnn_relu.data
        aten::rnn_relu.input aten::rnn_relu_cell aten::rnn_tanh.data aten::rnn_tanh.input
        aten::rnn_tanh_cell aten::scatter_add aten::scatter_reduce aten::searchsorted
        aten::select_copy.int aten::slice_copy.Tensor aten::softmax aten::special_logsumexp
        aten::split.sizes aten::split_copy aten::split_with_sizes
        aten::split_with_sizes_copy aten::squeeze_copy aten::std aten::swapaxes
        aten::swapdims aten::t aten::t_copy aten::take aten::take_along_dim
        aten::tensor_split aten::tile aten::trace aten::transpose_ aten::transpose_copy.int
        aten::unbind_copy.int aten::unflatten aten::uniform aten::unsafe_chunk
        aten::unsafe_split_with_sizes aten::unsqueeze_copy aten::upsample_nearest2d
        aten::upsample_nearest3d aten::upsample_trilinear3d aten::var_mean aten::vdot
        aten::view_as aten::view_as_complex_copy aten::view_as_real_copy aten::view_copy
        aten::zero torchvision::deform_conv2d torchvision::nms torchvision::ps_roi_align
        torchvision::ps_roi_pool torchvision::roi_align torchvision::roi_pool
    """,
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
        AccumulateNV2 All Any ApplyAdadelta ApplyAdagrad ApplyAdam ApplyCenteredRMSProp
        ApplyFtrl ApplyGradientDescent ApplyMomentum ApplyRMSProp ArgMax ArgMin AsString
        Assert Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp
        AssignVariableOp AudioSummary AudioSummaryV2 AutoReloadVariable AvgPool3DGrad
        AvgPoolGrad BatchMatMul BatchMatMulV3 BatchToSpace BiasAdd BiasAddGrad BiasAddV1
        Bitcast BroadcastGradientArgs Bucketize Case CheckNumerics CheckNumericsV2 Concat
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
