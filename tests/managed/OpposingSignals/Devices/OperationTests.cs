using System.Reflection;
using System.Runtime.CompilerServices;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Devices;

public sealed class OperationTests
{
    [Fact]
    public void EveryManagedOperationIsInTheNativeTableWithItsSizeAndNoOtherIs()
    {
        IReadOnlyDictionary<string, CpuLibrary.NativeOperation> table = CpuLibrary.Instance.Operations;
        var used = new HashSet<string>();
        foreach ((string name, int size) in Declared())
        {
            Assert.True(table.TryGetValue(name, out CpuLibrary.NativeOperation operation), $"no operation {name}");
            Assert.True(operation.ArgumentSize == size, $"{name}: {operation.ArgumentSize} bytes there, {size} here");
            used.Add(name);
        }

        Assert.Equal(table.Keys.Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void APrecisionThatDoesNotExistIsRefused()
    {
        using var device = new CpuDevice();
        using var block = new VectorBlock(device, (Precision)7, 1, 4);
        NativeException refusal = Assert.Throws<NativeException>(() => block.InnerProducts(block));
        Assert.Equal(NativeStatus.InvalidArgument, refusal.Status);
        Assert.Contains("inner_products: unknown precision 7", refusal.Message, StringComparison.Ordinal);
    }

    // Operations are static fields; those of a loss are fields of each loss.
    private static IEnumerable<(string Name, int Size)> Declared()
    {
        const BindingFlags any = BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;
        object[] losses = [new CrossEntropy(), new SquaredError()];
        var fields =
            from type in typeof(Device).Assembly.GetTypes()
            where !type.ContainsGenericParameters
            from field in type.GetFields(any | BindingFlags.Static)
            select (field, (object?)null);
        var ofLosses =
            from loss in losses
            from field in typeof(Loss).GetFields(any | BindingFlags.Instance)
            select (field, (object?)loss);
        foreach ((FieldInfo field, object? owner) in fields.Concat(ofLosses))
        {
            if (field.FieldType.IsGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(Operation<>))
            {
                object operation = field.GetValue(owner)!;
                Type arguments = field.FieldType.GetGenericArguments()[0];
                int size = (int)typeof(Unsafe)
                    .GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(arguments).Invoke(null, null)!;
                yield return ((string)field.FieldType.GetProperty("Name")!.GetValue(operation)!, size);
            }
        }
    }
}
