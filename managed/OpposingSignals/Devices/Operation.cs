namespace OpposingSignals.Devices;

/// <summary>
/// A native operation: a name that every back end knows and the blittable struct of its arguments. The struct mirrors
/// the one in <c>native/include/opsig</c>; its size is checked against the library's when the operation is first looked
/// up.
/// </summary>
/// <typeparam name="TArguments">The argument struct.</typeparam>
internal sealed class Operation<TArguments>(string name)
    where TArguments : unmanaged
{
    /// <summary>The operation's name in the table of the native library.</summary>
    public string Name { get; } = name;
}
