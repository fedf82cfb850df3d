namespace OpposingSignals.Devices.Cuda;

/// <summary>The table of operations of CUDA devices: a launcher for every operation that the CPU library has.</summary>
internal sealed class CudaOperations
{
    private static readonly CudaOperations Table = new();

    private readonly Dictionary<string, Delegate> _launchers = [];

    private CudaOperations()
    {
        VectorLaunchers.AddTo(this);
        LayoutLaunchers.AddTo(this);
        ActivationLaunchers.AddTo(this);
        LossLaunchers.AddTo(this);
        PoolingLaunchers.AddTo(this);
        ShortcutLaunchers.AddTo(this);
        ProductLaunchers.AddTo(this);
        ConvolutionLaunchers.AddTo(this);
        NormalizationLaunchers.AddTo(this);
        RowLaunchers.AddTo(this);
        EmbeddingLaunchers.AddTo(this);
        DropoutLaunchers.AddTo(this);
        AttentionLaunchers.AddTo(this);
        OptimizerLaunchers.AddTo(this);
        CeilingLaunchers.AddTo(this);
    }

    /// <summary>Names of all operations.</summary>
    public static IReadOnlyCollection<string> Names => Table._launchers.Keys;

    /// <summary>The launcher of an operation.</summary>
    /// <exception cref="NotSupportedException">The operation has no kernels.</exception>
    public static CudaLauncher<TArguments> Find<TArguments>(Operation<TArguments> operation)
        where TArguments : unmanaged =>
        Table._launchers.TryGetValue(operation.Name, out Delegate? launcher)
            ? (CudaLauncher<TArguments>)launcher
            : throw new NotSupportedException(
                $"The operation '{operation.Name}' has no CUDA kernels. Use --device cpu.");

    public void Add<TArguments>(string name, CudaLauncher<TArguments> launcher)
        where TArguments : unmanaged => _launchers.Add(name, launcher);
}
