using System.Collections.Immutable;

namespace OpposingSignals.Networks;

/// <summary>What a parameter does, which decides how it is initialised.</summary>
public enum ParameterRole
{
    /// <summary>A weight of a linear or convolution layer.</summary>
    Weight,

    /// <summary>A bias.</summary>
    Bias,

    /// <summary>A factor of a normalised channel: starts at 1.</summary>
    Scale,

    /// <summary>A number added to a normalised channel: starts at 0.</summary>
    Shift,

    /// <summary>What stands for a token or a position: a row of a table, a class token.</summary>
    Embedding,
}

/// <summary>A parameter as its layer declares it.</summary>
/// <param name="Name">Name within the layer, as PyTorch's module has it: <c>weight</c>, <c>bias</c>.</param>
/// <param name="Shape">Extents in PyTorch's layout: Linear [out, in], Conv [out, in, kh, kw].</param>
/// <param name="Role">What it does.</param>
/// <param name="FanIn">Inputs that one output of the layer sums over; also for the bias.</param>
/// <param name="FanOut">Outputs that one input of the layer reaches.</param>
public sealed record ParameterSpecification(
    string Name, ImmutableArray<int> Shape, ParameterRole Role, int FanIn, int FanOut)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, extent) => checked(product * extent));
}

/// <summary>A parameter in its place in the flat vector θ.</summary>
/// <param name="Name">Full name as in a PyTorch state dict, for example <c>0.weight</c>.</param>
/// <param name="Specification">Shape and role.</param>
/// <param name="Offset">Index of its first element in θ.</param>
/// <param name="IsFrozen">
/// Whether it is a constant: its elements of gradients and products are zero, and those of directions count as zero.
/// </param>
public sealed record Parameter(string Name, ParameterSpecification Specification, long Offset, bool IsFrozen = false)
{
    /// <summary>Number of elements.</summary>
    public long Count => Specification.Count;

    /// <summary>Extents in PyTorch's layout.</summary>
    public ImmutableArray<int> Shape => Specification.Shape;
}
