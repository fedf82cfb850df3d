using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// Directions and products at addresses that stay the same, for products that are recorded: an eigensolver hands in
/// other rows at every step. Copying a vector costs little beside pushing it through a network.
/// </summary>
internal sealed class StagedProducts(Device device, Precision precision, int vectors, long length) : IDisposable
{
    private readonly VectorBlock _directions = new(device, precision, vectors, length);
    private readonly VectorBlock _products = new(device, precision, vectors, length);

    /// <summary>
    /// products = A directions, where <paramref name="multiply"/> does so for the blocks that it is given.
    /// </summary>
    public void Run(VectorBlock directions, VectorBlock products, Action<VectorBlock, VectorBlock> multiply)
    {
        VectorBlock stagedDirections = _directions.Rows(0, directions.Count), stagedProducts = _products.Rows(0, directions.Count);
        stagedDirections.CopyFrom(directions);
        multiply(stagedDirections, stagedProducts);
        products.CopyFrom(stagedProducts);
    }

    public void Dispose()
    {
        _directions.Dispose();
        _products.Dispose();
    }
}
